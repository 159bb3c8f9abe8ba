//! `bespoke preview`: what a deployed function would do with another configuration.

mod show;

use super::{
    block_on,
    config::{
        path,
        server::{Current, Place},
    },
    connect,
    deployed::{self, Deployed, Wanted},
    json_argument,
};
use crate::{
    args::{
        Kind,
        preview::{CandidateArgs, PreviewArgs},
    },
    failure::{Failure, Result},
    output,
};
use anyhow::Context as _;
use bespoke_engine::{
    dry_runs::report::{Batch, RunCounts},
    preview::PreviewReport,
};
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use std::sync::Arc;

/// What the server is asked.
#[derive(Default, Serialize)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Box<RawValue>>,
    #[serde(flatten)]
    candidate: Candidate,
    limits: Limits,
}

/// The configuration to run with; the connection's own where nothing is given.
#[derive(Default, Serialize)]
struct Candidate {
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
}

#[derive(Default, Serialize)]
struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u64>,
}

/// Runs the preview of `args`.
pub(crate) fn run(args: PreviewArgs) -> Result {
    let input = args.input.as_deref().map(|text| json_argument("--input", text)).transpose()?;
    let metadata =
        args.candidate.metadata.as_deref().map(|text| json_argument("--metadata", text)).transpose()?;
    block_on(preview(&args, input, metadata.as_deref()))?
}

async fn preview(args: &PreviewArgs, input: Option<Box<RawValue>>, metadata: Option<&RawValue>) -> Result {
    let client = Arc::new(connect(&args.server)?);
    let wanted = Wanted::new(&args.function, args.integration.as_deref(), args.kind);
    let function = deployed::find(&client, &wanted, &args.server.env).await?;
    let place =
        Place { client, integration: function.integration.clone(), connection: args.connection.clone() };
    let (sync, action) = match function.kind {
        Kind::Sync if input.is_some() => {
            return Err(Failure::usage("--input is for actions: a sync takes none"));
        }
        Kind::Sync => (Some(function.name.clone()), None),
        Kind::Action => (None, Some(function.name.clone())),
        Kind::OnEvent => {
            return Err(Failure::usage(format!(
                "`{}` is an on-event function: it has no preview",
                function.name
            )));
        }
    };
    let current = place.read().await?;
    let (candidate, document) = candidate(&args.candidate, metadata, &place, &current).await?;
    if !args.server.json {
        show::begin(&function, &place, &current, document.as_ref());
    }
    let limits = Limits { records: args.max_records, calls: args.max_calls, seconds: args.max_seconds };
    let body = Body { sync, action, input, candidate, limits };
    let (report, text) = ask(&place, &body).await?;
    if args.server.json {
        output::line(text);
    } else {
        show::report(function.kind, &report, &text, args.limit);
        show::hint(&function, &args.connection, &args.candidate, &report);
    }
    if report.succeeded { Ok(()) } else { Err(Failure::Shown) }
}

/// The candidate as the server is told of it, and what the connection's own document would be; nothing where it stays.
async fn candidate(
    args: &CandidateArgs,
    metadata: Option<&RawValue>,
    place: &Place,
    current: &Current,
) -> Result<(Candidate, Option<Value>)> {
    if let Some(number) = args.revision {
        let document = place.revision(number).await?.metadata;
        return Ok((Candidate { revision: Some(number), ..Candidate::default() }, Some(document)));
    }
    if let Some(json) = metadata {
        let document: Value = serde_json::from_str(json.get()).context("--metadata is not JSON")?;
        return Ok((Candidate { metadata: Some(document.clone()), ..Candidate::default() }, Some(document)));
    }
    let mut document = current.document();
    for text in &args.set {
        let (keys, value) = path::assignment(text, args.string)?;
        path::set(&mut document, &keys, value)?;
    }
    for text in &args.unset {
        let keys = path::parse(text)?;
        if !path::unset(&mut document, &keys) {
            output::note(format!("`{text}` is not set"));
        }
    }
    if args.set.is_empty() && args.unset.is_empty() {
        return Ok((Candidate::default(), None));
    }
    // What is the same here may be hidden here: only the difference is sent.
    let patch =
        serde_json::to_value(current.patch_to(&document)?).context("the change cannot be written as JSON")?;
    Ok((Candidate { patch: Some(patch), ..Candidate::default() }, Some(document)))
}

fn seen(RunCounts { added, updated, deleted, unchanged }: RunCounts) -> usize {
    usize::try_from(added + updated + deleted + unchanged).unwrap_or(usize::MAX)
}

/// The answer, and its text.
async fn ask(place: &Place, body: &Body) -> Result<(PreviewReport, String)> {
    let busy = output::busy("Running");
    let (mut calls, mut records, mut end) = (0, 0, None);
    let path = place.path("/preview", &[]);
    let heard = place.client.events(&path, body, |name, data| {
        match name {
            "result" => end = Some(data.to_owned()),
            "error" => anyhow::bail!("the server could not go on: {data}"),
            "call" => calls += 1,
            "batch" => records += serde_json::from_str(data).map_or(0, |batch: Batch| seen(batch.counts)),
            _ => {}
        }
        let requests = output::count(calls, "request", "requests");
        busy.say(format!("Running: {requests}, {}", output::count(records, "record", "records")));
        Ok(end.is_none())
    });
    heard.await?;
    drop(busy);
    let host = place.client.host();
    let text = end.ok_or_else(|| anyhow::anyhow!("{host} ended the preview without a result"))?;
    let report = serde_json::from_str(&text);
    Ok((report.with_context(|| format!("the answer of {host} cannot be read"))?, text))
}
