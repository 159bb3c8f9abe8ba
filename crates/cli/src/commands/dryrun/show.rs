//! A dry run for people: what happens while it happens, and what it would have changed.

use crate::{
    args::DryRunArgs,
    output::{self, BAD, CHANGED, DELETED, NEW, QUIET, count, short, styled},
};
use bespoke_core::record::ChangeKind;
use bespoke_engine::dry_runs::report::{
    BlockedCall, DryRunReport, HttpCall, LogLine, ModelChanges, RecordChange, Written,
};
use serde_json::{Map, Value, value::RawValue};
use std::time::Duration;

pub(super) fn begin(function: &str, args: &DryRunArgs, host: &str) {
    let writes = if args.allow_writes { "requests that write ARE sent" } else { "nothing is written" };
    output::line(format!("{function} for {} in {} at {host}; {writes}", args.connection, args.server.env));
}

/// One event of the server.
pub(super) fn event(name: &str, data: &str) {
    match name {
        "log" => show(data, log),
        "call" => show(data, call),
        "blocked_call" => show(data, blocked),
        // Batches are in the report, and whatever a newer server tells is not for us.
        _ => {}
    }
}

fn show<'a, T: serde::Deserialize<'a>>(data: &'a str, line: impl Fn(&T) -> String) {
    if let Ok(value) = serde_json::from_str(data) {
        output::line(format!("  {}", line(&value)));
    }
}

fn log(LogLine { level, message, meta, .. }: &LogLine) -> String {
    let style = match level.as_str() {
        "error" => BAD,
        "warn" => CHANGED,
        _ => QUIET,
    };
    let meta = meta.as_ref().map(|meta| format!(" {}", styled(QUIET, short(meta.get())))).unwrap_or_default();
    format!("{} {message}{meta}", styled(style, format!("{level:<5}")))
}

fn call(HttpCall { method, url, status, error, duration_ms, received_bytes, .. }: &HttpCall) -> String {
    let answer = match (status, error) {
        (Some(status), _) if *status < 400 => styled(NEW, status),
        (Some(status), _) => styled(BAD, status),
        (None, error) => styled(BAD, error.as_deref().unwrap_or("no answer")),
    };
    let size = styled(QUIET, format!("{duration_ms} ms, {}", bytes(*received_bytes)));
    format!("{} {method} {url} {answer} {size}", styled(QUIET, "http "))
}

fn blocked(BlockedCall { method, url, body_bytes }: &BlockedCall) -> String {
    let what = styled(CHANGED, "not sent");
    format!("{} {method} {url} {what} {}", styled(QUIET, "http "), styled(QUIET, bytes(*body_bytes)))
}

/// What the server tells at the end; `limit` records of each model.
pub(super) fn report(report: &DryRunReport, limit: usize) {
    for model in &report.records {
        model_changes(model, limit);
    }
    for (what, written) in [("Metadata", &report.metadata), ("Checkpoint", &report.checkpoint)] {
        if let Some(Written { before, after }) = written {
            output::line(format!("\n{}", styled(CHANGED, format!("{what} would become"))));
            difference(before.as_deref(), after.as_deref());
        }
    }
    if !report.warnings.is_empty() {
        output::line(format!("\n{}", styled(CHANGED, "Does not fit the declared schemas")));
        for warning in &report.warnings {
            output::line(format!("  {warning}"));
        }
    }
    for refused in &report.refused {
        let whom = refused.connection_id.as_deref().unwrap_or("all connections");
        let what = refused.what.replace('_', " ");
        output::line(format!(
            "\nNot done: {what} {} of {} for {whom}",
            refused.names.join(", "),
            refused.integration
        ));
    }
    if let Some(output) = report
        .output
        .as_ref()
        .filter(|_| report.function.kind == bespoke_core::function::FunctionKind::Action)
    {
        output::line("\nOutput");
        output::line(pretty(output));
    }
    if report.left_out > 0 {
        output::line(format!("\n{} more lines and requests were not kept", report.left_out));
    }
    if let Some(error) = &report.error {
        output::line(format!("\n{} {} ({})", styled(BAD, "Failed:"), error.message, error.code));
        for frame in error.stack.iter().flat_map(|stack| stack.lines()).take(5) {
            output::line(styled(QUIET, frame));
        }
        if let Some(upstream) = &error.upstream {
            output::line(format!("  the provider said {}", short(upstream.get())));
        }
    }
    end(report);
}

fn model_changes(ModelChanges { model, counts, changes, left_out }: &ModelChanges, limit: usize) {
    output::line(format!(
        "\n{model}: {}, {}, {}, {} unchanged",
        number(NEW, counts.added, "added"),
        number(CHANGED, counts.changed, "changed"),
        number(DELETED, counts.removed, "removed"),
        counts.unchanged
    ));
    for change in changes.iter().take(limit) {
        record(change);
    }
    let more = changes.len().saturating_sub(limit) as u64 + left_out;
    if more > 0 {
        output::line(styled(
            QUIET,
            format!("  … {more} more; --limit shows more of them, --json up to 1,000"),
        ));
    }
}

fn record(RecordChange { id, change, before, after }: &RecordChange) {
    match change {
        ChangeKind::Added => {
            let content = after.as_ref().map(|json| short(json.get())).unwrap_or_default();
            output::line(format!("  {} {content}", styled(NEW, format!("+ {id}"))));
        }
        ChangeKind::Removed => output::line(format!("  {}", styled(DELETED, format!("- {id}")))),
        ChangeKind::Changed => {
            output::line(format!("  {}", styled(CHANGED, format!("~ {id}"))));
            difference(before.as_deref(), after.as_deref());
        }
    }
}

/// The top-level keys that differ, each with its value before and after.
fn difference(before: Option<&RawValue>, after: Option<&RawValue>) {
    let object = |json: Option<&RawValue>| -> Map<String, Value> {
        json.and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default()
    };
    let (before, after) = (object(before), object(after));
    let added = after.keys().filter(|key| !before.contains_key(*key));
    for key in before.keys().chain(added) {
        let (old, new) = (before.get(key), after.get(key));
        if old == new {
            continue;
        }
        let text = |value: Option<&Value>| {
            value.map_or_else(|| "(none)".to_owned(), |value| short(&value.to_string()))
        };
        output::line(format!("      {key}: {} → {}", styled(DELETED, text(old)), styled(NEW, text(new))));
    }
}

fn end(report: &DryRunReport) {
    let seconds = Duration::from_millis(report.duration_ms).as_secs_f64();
    let word = if report.succeeded { styled(NEW, "Succeeded") } else { styled(BAD, "Failed") };
    let requests = output::count(report.calls.len(), "request", "requests");
    output::line(format!("\n{word} after {seconds:.2} s and {requests}; nothing was stored."));
    let mut hints: Vec<_> =
        report.blocked_calls.iter().map(|call| format!("--allow '{} {}'", call.method, call.url)).collect();
    hints.sort();
    hints.dedup();
    if let Some(first) = hints.first() {
        let blocked =
            count(report.blocked_calls.len(), "request that may write was", "requests that may write were");
        output::line(format!("{blocked} not sent. {first} sends it, --allow-writes sends all."));
    }
}

fn number(style: anstyle::Style, count: u64, word: &str) -> String {
    let text = format!("{count} {word}");
    if count == 0 { text } else { styled(style, text) }
}

fn pretty(json: &RawValue) -> String {
    serde_json::from_str::<Value>(json.get())
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| json.get().to_owned())
}

fn bytes(count: usize) -> String {
    indicatif::HumanBytes(count as u64).to_string()
}
