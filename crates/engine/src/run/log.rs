//! The first and the last line of a run.

use super::Execution;
use crate::{Engine, Failure, logs::LogScope};
use bespoke_core::{
    log::{Level, LogKind},
    run::RunKind,
    sync::Counts,
    time::Timestamp,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// The log of a run that begins. Syncs take long enough for a line about it.
pub(super) fn begin(engine: &Engine, execution: &Execution) -> LogScope {
    let Execution { id, kind, connection, function, .. } = execution;
    let is_sync = *kind == RunKind::Sync;
    let keep = if is_sync { engine.settings.log_requests } else { u64::MAX };
    let log = engine.run_log(connection, &function.function.definition.name, *id, keep);
    know_secrets(engine, execution, &log);
    if is_sync {
        log.line(LogKind::Run, Level::Info, "sync started", None);
    }
    log
}

/// Takes the secrets of the configuration out of the log, which a function may write anywhere.
fn know_secrets(engine: &Engine, execution: &Execution, log: &LogScope) {
    let effective = execution.configuration.effective(execution.connection.metadata.as_ref());
    log.secrets.add_values(&engine.secret_values(&execution.connection, effective.as_ref()));
}

/// Says how a run ended. `begun` is its kind and when it began.
pub(super) fn end<T>(
    log: &LogScope,
    begun: (RunKind, Timestamp),
    now: Timestamp,
    result: &Result<T, Failure>,
    counts: &BTreeMap<String, Counts>,
) {
    let (kind, started) = begun;
    let took = now.since(started);
    let mut meta = json!({ "duration_ms": took.as_millis() as u64 });
    if !counts.is_empty() {
        meta["counts"] = counts.iter().map(|(model, counts)| (model.clone(), counts_json(*counts))).collect();
    }
    let (requests, kept) = log.requests();
    if kept < requests {
        meta["http"] = json!({ "succeeded": requests, "kept": kept });
    }
    let (level, message) = match result {
        Ok(_) => (Level::Info, format!("{kind} succeeded in {}", shown(took))),
        Err(failure) if failure.code == bespoke_runtime::code::RUNNER_LOST => {
            (Level::Warn, format!("{kind} was lost with its process after {}", shown(took)))
        }
        Err(failure) => {
            meta["error"] = json!({ "code": failure.code, "stack": failure.stack });
            (
                Level::Error,
                format!("{kind} failed after {}: {}: {}", shown(took), failure.code, failure.message),
            )
        }
    };
    log.line(LogKind::Run, level, &message, Some(meta));
}

fn counts_json(counts: Counts) -> Value {
    let Counts { added, updated, deleted, unchanged } = counts;
    json!({ "added": added, "updated": updated, "deleted": deleted, "unchanged": unchanged })
}

fn shown(time: Duration) -> String {
    match time.as_millis() {
        millis @ 0..10_000 => format!("{millis} ms"),
        millis => format!("{} s", millis / 1_000),
    }
}
