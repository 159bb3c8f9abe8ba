//! `bespoke runs`: what ran, how one run went, and its end.

use super::{block_on, connect, logs, query_string, short_time, since};
use crate::{
    args::{LogFilters, RunFilters, RunsArgs, RunsCommand, ServerArgs},
    client::Client,
    failure::{Failure, Result},
    output::{self, CHANGED, DELETED, NEW, QUIET, styled},
};
use bespoke_core::time::Clock as _;
use bespoke_server::system::SystemClock;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// How many runs are looked through for the beginning of an id.
const LOOKED_THROUGH: u32 = 500;
/// Characters of an id in a table.
const SHORT_ID: usize = 8;

/// A run, as the API shows it.
#[derive(Deserialize, Serialize)]
pub(super) struct Run {
    pub(super) id: Uuid,
    kind: String,
    pub(super) status: String,
    provider_config_key: String,
    connection_id: String,
    function: String,
    version: Option<String>,
    sync_id: Option<Uuid>,
    variant: Option<String>,
    attempts: u32,
    max_attempts: u32,
    created_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    duration_ms: Option<u64>,
    metadata_revision: Option<i64>,
    counts: BTreeMap<String, Counts>,
    pub(super) error: Option<Value>,
}

#[derive(Deserialize, Serialize)]
struct Counts {
    added: u64,
    updated: u64,
    deleted: u64,
}

/// The configuration that a run had, and what it read of it.
#[derive(Deserialize, Serialize)]
pub(super) struct Configuration {
    revision: i64,
    paths_read: Option<Vec<String>>,
    paths_cut: bool,
}

/// A run with its log.
#[derive(Deserialize, Serialize)]
pub(super) struct Detail {
    #[serde(flatten)]
    pub(super) run: Run,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) configuration: Option<Configuration>,
    pub(super) logs: Vec<logs::Line>,
    has_more_logs: bool,
}

#[derive(Deserialize)]
struct Page {
    runs: Vec<Run>,
}

impl Run {
    /// Whether it has ended.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.status.as_str(), "succeeded" | "failed" | "cancelled")
    }
}

/// Runs one of the sub-commands.
pub(crate) fn run(args: RunsArgs) -> Result {
    let RunsArgs { server, filters, command } = args;
    match command {
        None => block_on(list(&server, &filters))?,
        Some(RunsCommand::List { server, filters }) => block_on(list(&server, &filters))?,
        Some(RunsCommand::Show { server, id }) => block_on(show(&server, &id))?,
        Some(RunsCommand::Cancel { server, id }) => block_on(cancel(&server, &id))?,
    }
}

/// The newest runs that match.
pub(super) async fn find(client: &Client, filters: &RunFilters) -> Result<Vec<Run>> {
    let query = query(filters)?;
    let page: Page = client.ask(Method::GET, &format!("/runs?{query}")).await?;
    Ok(page.runs)
}

fn query(filters: &RunFilters) -> Result<String> {
    let LogFilters { integration, connection, function, since: from, until } = &filters.filters;
    let words = filters.query.join(" ");
    Ok(query_string(&[
        ("provider_config_key", integration.clone()),
        ("connection_id", connection.clone()),
        ("function", function.clone()),
        ("kind", filters.kind.clone()),
        ("status", filters.status.clone()),
        ("from", since(from.as_deref())?),
        ("to", since(until.as_deref())?),
        ("query", (!words.is_empty()).then_some(words)),
        ("limit", filters.limit.map(|limit| limit.to_string())),
    ]))
}

async fn list(server: &ServerArgs, filters: &RunFilters) -> Result {
    let runs = find(&connect(server)?, filters).await?;
    if server.json {
        output::json(&runs);
    } else if runs.is_empty() {
        let is_narrowed = !query(filters)?.is_empty();
        output::note(if is_narrowed {
            "No run matches.".to_owned()
        } else {
            format!(
                "Nothing has run in {} yet. `bespoke trigger <function> <connection>` runs a function.",
                server.env
            )
        });
    } else {
        let today = SystemClock.now().millis_zulu();
        let rows = runs.iter().map(|run| {
            [
                run.id.to_string()[..SHORT_ID].to_owned(),
                short_time(run.started_at.as_deref().unwrap_or(&run.created_at), &today),
                run.status.clone(),
                run.kind.clone(),
                format!("{}/{}", run.provider_config_key, run.function),
                run.connection_id.clone(),
                run.duration_ms.map(took).unwrap_or_default(),
                result(run),
            ]
        });
        output::table(
            ["id", "started (UTC)", "status", "kind", "function", "connection", "took", "result"],
            rows,
            &["took", "kind", "connection"],
        );
    }
    Ok(())
}

async fn show(server: &ServerArgs, id: &str) -> Result {
    let client = connect(server)?;
    let detail = read(&client, whole_id(&client, id).await?).await?;
    if server.json {
        output::json(&detail);
        return Ok(());
    }
    print_head(&detail.run, detail.configuration.as_ref());
    if detail.has_more_logs {
        output::line(styled(QUIET, format!("earlier lines: bespoke logs --run {}", detail.run.id)));
    }
    logs::print(&detail.logs, &mut logs::Day::default());
    Ok(())
}

async fn cancel(server: &ServerArgs, id: &str) -> Result {
    let client = connect(server)?;
    let id = whole_id(&client, id).await?;
    let run: Run = client.ask(Method::POST, &format!("/runs/{id}/cancel")).await?;
    if server.json {
        output::json(&run);
    } else {
        print_head(&run, None);
    }
    // One that had ended before stays as it was.
    if run.status == "cancelled" {
        return Ok(());
    }
    Err(anyhow::Error::msg(format!("the run {id} had ended already: it is {}", run.status)).into())
}

/// A run with its log.
pub(super) async fn read(client: &Client, id: Uuid) -> Result<Detail> {
    Ok(client.ask(Method::GET, &format!("/runs/{id}")).await?)
}

/// The id that begins so, or that of the newest run for `last`.
async fn whole_id(client: &Client, text: &str) -> Result<Uuid> {
    if let Ok(id) = Uuid::try_parse(text) {
        return Ok(id);
    }
    let is_last = text == "last";
    let is_beginning = text.len() >= 4 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if !is_last && !is_beginning {
        return Err(Failure::usage(format!("`{text}` is no id of a run, nor its beginning, nor `last`")));
    }
    let filters =
        RunFilters { limit: Some(if is_last { 1 } else { LOOKED_THROUGH }), ..RunFilters::default() };
    let runs = find(client, &filters).await?;
    let mut found = runs.iter().filter(|run| is_last || run.id.to_string().starts_with(&text.to_lowercase()));
    match (found.next(), found.next()) {
        (Some(run), None) => Ok(run.id),
        (Some(_), Some(_)) => {
            Err(Failure::usage(format!("several runs begin with `{text}`: give more of the id")))
        }
        (None, _) if is_last => Err(anyhow::Error::msg("nothing has run yet").into()),
        (None, _) => {
            Err(anyhow::Error::msg(format!("none of the newest {LOOKED_THROUGH} runs begins with `{text}`"))
                .into())
        }
    }
}

/// Prints how a run went, without its log.
pub(super) fn print_head(run: &Run, configuration: Option<&Configuration>) {
    let style = match run.status.as_str() {
        "succeeded" => NEW,
        "failed" => DELETED,
        _ => CHANGED,
    };
    let took = run.duration_ms.map(|millis| format!(" in {}", took(millis))).unwrap_or_default();
    output::line(format!("{} {}{took}", run.kind, styled(style, &run.status)));
    let version = run.version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
    let variant = run.variant.as_ref().filter(|variant| *variant != "base");
    let mut facts = vec![
        ("id", run.id.to_string()),
        ("function", format!("{}/{}{version}", run.provider_config_key, run.function)),
        ("connection", run.connection_id.clone()),
    ];
    facts.extend(variant.map(|variant| ("variant", variant.clone())));
    facts.push(("asked for", run.created_at.clone()));
    facts.extend(run.started_at.clone().map(|time| ("started", time)));
    facts.extend(run.finished_at.clone().map(|time| ("ended", time)));
    if run.attempts > 1 || run.max_attempts > 1 {
        facts.push(("attempts", format!("{} of {}", run.attempts, run.max_attempts)));
    }
    facts.extend(run.metadata_revision.map(|revision| ("metadata", format!("revision {revision}"))));
    if let Some(Configuration { paths_read: Some(paths), paths_cut, .. }) = configuration
        && !paths.is_empty()
    {
        let more = if *paths_cut { ", and more" } else { "" };
        facts.push(("it read", format!("{}{more}", paths.join(", "))));
    }
    for (model, Counts { added, updated, deleted }) in &run.counts {
        facts.push(("records", format!("{model}: {added} added, {updated} updated, {deleted} deleted")));
    }
    for (name, value) in facts {
        output::line(format!("  {} {value}", styled(QUIET, format!("{name:<11}"))));
    }
    if let Some(error) = &run.error {
        print_error(error);
    }
}

/// Prints why a function failed: what it said, and where.
pub(super) fn print_error(error: &Value) {
    let text = |name: &str| error[name].as_str().unwrap_or_default();
    output::line(format!("{} {}", styled(DELETED, text("code")), text("message")));
    for line in text("stack").lines().filter(|line| !line.trim().is_empty()) {
        output::line(styled(QUIET, line));
    }
    for name in ["payload", "upstream"] {
        if !matches!(&error[name], Value::Null) {
            output::line(format!("{} {}", styled(QUIET, format!("{name}:")), error[name]));
        }
    }
}

/// What came out, in a few characters: records added (+), updated (~) and deleted (-), or the error's code.
fn result(run: &Run) -> String {
    if let Some(error) = &run.error {
        return error["code"].as_str().unwrap_or_default().to_owned();
    }
    let sum = |field: fn(&Counts) -> u64| run.counts.values().map(field).sum::<u64>();
    match (sum(|counts| counts.added), sum(|counts| counts.updated), sum(|counts| counts.deleted)) {
        _ if run.counts.is_empty() => String::new(),
        (added, updated, deleted) => format!("+{added} ~{updated} -{deleted}"),
    }
}

fn took(millis: u64) -> String {
    match millis {
        0..10_000 => format!("{millis} ms"),
        10_000..600_000 => format!("{} s", millis / 1_000),
        _ => format!("{} min", millis / 60_000),
    }
}
