//! `bespoke logs`: searches the log, or follows it.

use super::{block_on, connect, query_string, since};
use crate::{
    args::{LogFilters, LogsArgs},
    client::Client,
    failure::Result,
    output::{self, CHANGED, DELETED, QUIET, styled},
};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::VecDeque;
use uuid::Uuid;

/// How many lines a broken connection may repeat.
const REMEMBERED: usize = 2_000;
/// Characters that are shown of what is beside a message.
const BESIDE: usize = 300;

/// A line, as the API shows it.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Line {
    pub(super) id: String,
    time: String,
    kind: String,
    level: String,
    message: String,
    provider_config_key: Option<String>,
    connection_id: Option<String>,
    function: Option<String>,
    run_id: Option<Uuid>,
    meta: Option<Value>,
    http: Option<Request>,
}

#[derive(Clone, Deserialize, Serialize)]
#[expect(clippy::struct_field_names, reason = "the API's words")]
struct Request {
    method: String,
    url: String,
    status: Option<u16>,
    duration_ms: u64,
    attempts: u32,
    request_bytes: Option<u64>,
    response_bytes: Option<u64>,
    error_code: Option<String>,
    error_body: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    logs: Vec<Line>,
}

/// Prints the lines that `args` asks for.
pub(crate) fn run(args: LogsArgs) -> Result {
    let client = connect(&args.server)?;
    let query = query(&args)?;
    if args.follow {
        return block_on(follow(&client, args.server.json, &query))?;
    }
    let page: Page = block_on(client.ask(Method::GET, &format!("/logs?{query}")))??;
    // As a file would have them: the newest at the end, where the eye is.
    let lines: Vec<Line> = page.logs.into_iter().rev().collect();
    if args.server.json {
        output::json(&lines);
    } else if lines.is_empty() {
        output::note(nothing(&args));
    } else {
        print(&lines, &mut Day::default());
    }
    Ok(())
}

fn query(args: &LogsArgs) -> Result<String> {
    let LogFilters { integration, connection, function, since: from, until } = &args.filters;
    let words = args.query.join(" ");
    Ok(query_string(&[
        ("provider_config_key", integration.clone()),
        ("connection_id", connection.clone()),
        ("function", function.clone()),
        ("run_id", args.run.map(|id| id.to_string())),
        ("kind", args.kind.clone()),
        ("level", args.level.clone()),
        ("status", args.status.clone()),
        ("from", since(from.as_deref())?),
        ("to", since(until.as_deref())?),
        ("query", (!words.is_empty()).then_some(words)),
        ("limit", args.limit.map(|limit| limit.to_string())),
    ]))
}

fn nothing(args: &LogsArgs) -> String {
    let is_narrowed = query(args).is_ok_and(|query| !query.is_empty());
    if is_narrowed {
        "No line matches. Words are found by their beginnings; `--level` means this level and worse."
            .to_owned()
    } else {
        format!(
            "The log of {} is empty: no function has run and no request was made. `bespoke trigger` runs one.",
            args.server.env
        )
    }
}

impl Line {
    /// Whether it is of the platform and begins so.
    pub(super) fn is_event(&self, beginning: &str) -> bool {
        self.kind == "event" && self.message.starts_with(beginning)
    }
}

/// Prints lines for people but those that `leaves_out` names, as [`follow`] does.
pub(super) async fn follow_but(client: &Client, query: &str, leaves_out: fn(&Line) -> bool) -> Result {
    let mut day = Day::default();
    hear(client, query, |line, _| {
        if !leaves_out(&line) {
            print(&[line], &mut day);
        }
    })
    .await
}

/// Prints lines as they are written, until somebody stops it; connects again where the connection breaks. Fails where the
/// first connection does.
async fn follow(client: &Client, json: bool, query: &str) -> Result {
    let mut day = Day::default();
    hear(client, query, |line, data| if json { output::line(data) } else { print(&[line], &mut day) }).await
}

/// Gives each line, and its JSON, to `tell`.
async fn hear(client: &Client, query: &str, mut tell: impl FnMut(Line, &str)) -> Result {
    let mut seen: VecDeque<String> = VecDeque::new();
    let mut was_connected = false;
    loop {
        let path = format!("/logs?follow=true&{query}");
        let ended = client
            .follow(&path, |data| {
                was_connected = true;
                let Ok(line) = serde_json::from_str::<Line>(data) else { return };
                if seen.contains(&line.id) {
                    return;
                }
                seen.push_back(line.id.clone());
                if seen.len() > REMEMBERED {
                    seen.pop_front();
                }
                tell(line, data);
            })
            .await;
        match ended {
            Ok(()) => output::note("the server ended the connection; connecting again"),
            // The first time it may be the address or the key.
            Err(error) if seen.is_empty() && !was_connected => return Err(error.into()),
            Err(error) => output::note(format!("{error:#}; connecting again")),
        }
        was_connected = true;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

/// The day of the last line that was printed: times are printed without it.
#[derive(Default)]
pub(super) struct Day(String);

/// Prints lines for people.
pub(super) fn print(lines: &[Line], day: &mut Day) {
    for line in lines {
        let (date, time) = line.time.split_once('T').unwrap_or(("", &line.time));
        if date != day.0 {
            date.clone_into(&mut day.0);
            output::line(styled(QUIET, format!("── {date} UTC ──")));
        }
        output::line(text(line, time.trim_end_matches('Z')));
        if let Some(beside) = beside(line) {
            output::line(styled(QUIET, format!("             {}", shortened(&beside))));
        }
    }
}

fn text(line: &Line, time: &str) -> String {
    let word = if line.kind == "http" && line.level == "info" { "http" } else { line.level.as_str() };
    let style = match line.level.as_str() {
        "error" => DELETED,
        "warn" => CHANGED,
        _ => QUIET,
    };
    let place = [&line.provider_config_key, &line.function, &line.connection_id];
    let place: Vec<&str> = place.into_iter().flatten().map(String::as_str).collect();
    let message = match &line.http {
        None => line.message.clone(),
        Some(Request { method, url, status, duration_ms, attempts, error_code, .. }) => {
            let result = status.map(|status| status.to_string()).or(error_code.clone()).unwrap_or_default();
            let tries = if *attempts > 1 { format!(", {attempts} attempts") } else { String::new() };
            format!("{method} {url} → {result} {}", styled(QUIET, format!("({duration_ms} ms{tries})")))
        }
    };
    // Padded here: the codes of a colour would count.
    format!(
        "{} {} {}{message}",
        styled(QUIET, time),
        styled(style, format!("{word:<5}")),
        if place.is_empty() { String::new() } else { format!("{} ", styled(QUIET, place.join("/"))) }
    )
}

/// What stands below a line.
fn beside(line: &Line) -> Option<String> {
    let beside = if let Some(http) = &line.http { http.error_body.clone() } else { meta(line) };
    beside.filter(|text| !text.trim().is_empty())
}

fn meta(line: &Line) -> Option<String> {
    match (&line.meta, line.kind.as_str()) {
        (None | Some(Value::Null), _) => None,
        (Some(meta), "run") => {
            let stack = meta["error"]["stack"].as_str().map(str::trim);
            let counts = meta.get("counts").map(Value::to_string);
            stack.map(str::to_owned).or(counts)
        }
        (Some(meta), _) => Some(meta.to_string()),
    }
}

fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(BESIDE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
