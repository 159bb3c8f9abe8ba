//! A preview for people: what would differ, as a table.

use super::{
    super::config::{
        changes,
        server::{self, Current, Place},
    },
    Deployed,
};
use crate::{
    args::{Kind, preview::CandidateArgs},
    output::{self, BAD, CHANGED, DELETED, NEW, QUIET, count, short, styled},
};
use bespoke_core::{function::FunctionKind, record::ChangeKind};
use bespoke_engine::{
    dry_runs::report::BlockedCall,
    preview::{PreviewRecord, PreviewReport},
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use std::{collections::BTreeMap, time::Duration};

/// A value in a table, in characters.
const CELL: usize = 40;

/// Says what is about to run, and with what.
pub(super) fn begin(function: &Deployed, place: &Place, current: &Current, document: Option<&Value>) {
    let Deployed { integration, kind, name } = function;
    let kind = FunctionKind::from(*kind);
    let with = if document.is_some() { "with" } else { "as it is" };
    let (connection, revision) = (&place.connection, current.revision);
    output::line(format!("{kind} {integration}/{name} for {connection}, revision {revision}, {with}"));
    if let Some(document) = document {
        changes::print(&current.document(), document);
    }
}

/// The answer of a `kind`; `limit` records of it. `text` is its JSON.
pub(super) fn report(kind: Kind, report: &PreviewReport, text: &str, limit: usize) {
    records(report, limit);
    if let Some(output) = report.output.as_ref().filter(|_| kind == Kind::Action) {
        let pretty = serde_json::from_str::<Value>(output.get()).map(|value| format!("{value:#}"));
        output::line(format!("\nOutput\n{}", pretty.unwrap_or_else(|_| output.get().to_owned())));
    }
    problems(report, text);
    if let Some(error) = &report.error {
        output::line(format!("\n{} {} ({})", styled(BAD, "Failed:"), error.message, error.code));
        for frame in error.stack.iter().flat_map(|stack| stack.lines()).take(5) {
            output::line(styled(QUIET, frame));
        }
    }
    end(kind, report);
}

fn records(report: &PreviewReport, limit: usize) {
    let several = report.records.iter().any(|record| record.model != report.records[0].model);
    let shown = report.records.iter().take(limit);
    let rows: Vec<[String; 5]> = shown.flat_map(|record| rows(record, several)).collect();
    if !rows.is_empty() {
        output::line("");
        output::table(["", "record", "field", "now", "would be"], rows, &[]);
    }
    let more = report.records.len().saturating_sub(limit) as u64 + report.records_left_out;
    if more > 0 {
        output::line(styled(QUIET, format!("… {more} more records differ; --limit shows more of them")));
    }
}

/// A line for each field that differs.
fn rows(record: &PreviewRecord, with_model: bool) -> Vec<[String; 5]> {
    let PreviewRecord { model, id, change, before, after } = record;
    let (sign, style) = match change {
        ChangeKind::Added => ("+", NEW),
        ChangeKind::Removed => ("-", DELETED),
        ChangeKind::Changed => ("~", CHANGED),
    };
    let mut name = styled(style, if with_model { format!("{model} {id}") } else { id.clone() });
    let mut sign = styled(style, sign);
    let (before, after) = (object(before.as_deref()), object(after.as_deref()));
    let fields: Vec<&String> =
        before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))).collect();
    let differing = fields.into_iter().filter(|key| before.get(*key) != after.get(*key));
    let mut rows = Vec::new();
    for key in differing {
        let (now, then) = (styled(DELETED, cell(before.get(key))), styled(NEW, cell(after.get(key))));
        // The record is named once.
        rows.push([std::mem::take(&mut sign), std::mem::take(&mut name), key.clone(), now, then]);
    }
    if rows.is_empty() {
        rows.push([sign, name, String::new(), String::new(), String::new()]);
    }
    rows
}

fn object(json: Option<&RawValue>) -> Map<String, Value> {
    json.and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default()
}

fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None => return String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    if text.chars().count() <= CELL { text } else { text.chars().take(CELL - 1).chain(['…']).collect() }
}

fn problems(report: &PreviewReport, text: &str) {
    #[derive(Deserialize)]
    struct Told {
        #[serde(default)]
        problems: Vec<Value>,
    }
    let Told { problems } = serde_json::from_str(text).unwrap_or(Told { problems: Vec::new() });
    server::note_problems(&problems);
    if !report.warnings.is_empty() {
        output::line(format!("\n{}", styled(CHANGED, "Does not fit the declared schemas")));
        report.warnings.iter().for_each(|warning| output::line(format!("  {warning}")));
    }
}

fn end(kind: Kind, report: &PreviewReport) {
    let counts = &report.counts;
    let part = |style, number: u64, word: &str| {
        let text = format!("{number} {word}");
        if number == 0 { text } else { styled(style, text) }
    };
    output::line("");
    if kind == Kind::Sync || counts.differing() > 0 {
        output::line(format!(
            "Records: {}, {}, {}, {} unchanged",
            part(NEW, counts.added, "added"),
            part(CHANGED, counts.changed, "changed"),
            part(DELETED, counts.removed, "removed"),
            counts.unchanged
        ));
    }
    let mut blocked: BTreeMap<String, usize> = BTreeMap::new();
    for BlockedCall { method, url, .. } in &report.blocked_calls {
        *blocked.entry(format!("{method} {}", short(url))).or_default() += 1;
    }
    for (call, times) in &blocked {
        let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
        output::line(format!("{} {call}{times}", styled(CHANGED, "Not sent, as it may write:")));
    }
    let seconds = Duration::from_millis(report.duration_ms).as_secs_f64();
    let requests = count(report.calls.len(), "request", "requests");
    output::line(format!("{requests} in {seconds:.2} s; nothing was written."));
}

/// How to do it, where it was shown what it does.
pub(super) fn hint(function: &Deployed, connection: &str, args: &CandidateArgs, report: &PreviewReport) {
    if !report.succeeded {
        return;
    }
    let quoted = |text: &String| format!(" '{}'", text.replace('\'', r"'\''"));
    let all = |texts: &[String]| texts.iter().map(quoted).collect::<String>();
    let string = if args.string { " --string" } else { "" };
    let Deployed { integration, kind, .. } = function;
    let place = format!("{connection} -i {integration}");
    let command = match (args.set.as_slice(), args.unset.as_slice(), args.revision) {
        ([], [], Some(number)) => format!("restore {place} {number}"),
        (set, [], None) if !set.is_empty() => format!("set {place}{}{string}", all(set)),
        ([], unset, None) if !unset.is_empty() => format!("unset {place}{}", all(unset)),
        _ => return,
    };
    let apply = if *kind == Kind::Sync { " --apply resync" } else { "" };
    output::note(styled(QUIET, format!("To do it: bespoke config {command}{apply}")));
}
