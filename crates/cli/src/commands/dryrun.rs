//! `bespoke dryrun`: runs a function of the project for a real connection, with nothing written anywhere.

mod save;
mod show;

use super::json_argument;
use crate::{
    args::DryRunArgs,
    client::Client,
    failure::{Failure, Result},
    output,
    project::{self, Builder, Built},
    settings::ClientSettings,
};
use anyhow::Context as _;
use bespoke_bundler::{FunctionFile, Selection};
use bespoke_core::function::{DeployScope, Deployment, FunctionKind};
use bespoke_engine::dry_runs::report::DryRunReport;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

const NOTHING: &str = "nothing was run";

/// What the server is asked.
#[derive(Serialize)]
struct Body<'a> {
    draft: &'a Deployment,
    connection_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
    allow_writes: bool,
    allow: &'a [String],
    record: bool,
}

/// Runs the function of `args`.
pub(crate) fn run(args: DryRunArgs) -> Result {
    let client = Client::new(ClientSettings::load(&args.server, &args.project)?)?;
    let given =
        |flag: &str, text: &Option<String>| text.as_deref().map(|text| json_argument(flag, text)).transpose();
    let (input, payload) = (given("--input", &args.input)?, given("--payload", &args.payload)?);
    let metadata = given("--metadata", &args.metadata)?;
    let project = project::read(&args.project, NOTHING)?;
    let file = project::find(&project, &args.function, args.integration.as_deref())?.clone();
    if input.is_some() && file.kind != FunctionKind::Action {
        let instead =
            if file.kind == FunctionKind::Sync { ": `--payload` runs a sync's onWebhook" } else { "" };
        return Err(Failure::usage(format!("--input is for actions{instead}")));
    }
    let builder = Builder::new()?;
    let draft = {
        let _busy = output::busy(format!("Bundling {}", project::shown(&file)));
        draft(&builder, &project, &file)?
    };
    let body = Body {
        draft: &draft,
        connection_id: &args.connection,
        input,
        payload,
        metadata,
        checkpoint: given("--checkpoint", &args.checkpoint)?,
        variant: args.variant.as_deref(),
        allow_writes: args.allow_writes,
        allow: &args.allow,
        record: args.save.is_some(),
    };
    let mut report = builder.block_on(ask(&client, &args, &file, &body))?;
    let fixture = report.fixture.take();
    if args.server.json {
        output::json(&report);
    } else {
        show::report(&report, args.limit);
    }
    if let Some(case) = &args.save {
        save::save(&project, &file, case, fixture, &report)?;
    }
    if report.succeeded { Ok(()) } else { Err(Failure::Shown) }
}

/// A deployment of this function alone.
fn draft(builder: &Builder, project: &bespoke_bundler::Project, file: &FunctionFile) -> Result<Deployment> {
    let files = Some(BTreeSet::from([file.path.clone()]));
    let Built { bundle, definitions } =
        builder.build(project, &Selection { files, ..Selection::default() }, NOTHING)?;
    Ok(bundle.into_deployment(definitions, DeployScope::Named))
}

async fn ask(
    client: &Client,
    args: &DryRunArgs,
    file: &FunctionFile,
    body: &Body<'_>,
) -> Result<DryRunReport> {
    let quiet = args.server.json;
    if !quiet {
        show::begin(&project::shown(file), args, client.host());
    }
    let busy = output::busy("Running");
    let mut end = None;
    let heard = client.events("/dry-runs", body, |name, data| {
        match name {
            "report" => end = Some(serde_json::from_str(data).context("the report cannot be read")?),
            "error" => anyhow::bail!("the server could not go on: {data}"),
            _ if quiet => {}
            name => busy.aside(|| show::event(name, data)),
        }
        Ok(end.is_none())
    });
    heard.await?;
    drop(busy);
    end.ok_or_else(|| anyhow::anyhow!("{} ended the dry run without a report", client.host()).into())
}
