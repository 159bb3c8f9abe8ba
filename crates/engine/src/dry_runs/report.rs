//! What a dry run tells: at the end in one [`DryRunReport`], and in [`Event`]s while it happens.

use crate::configuration::Problem;
use bespoke_core::{
    function::{Definition, FunctionKind},
    record::ChangeKind,
    sync::Counts,
};
use bespoke_runtime::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What a dry run did, and would have done.
#[derive(Debug, Serialize, Deserialize)]
pub struct DryRunReport {
    /// What ran.
    pub function: RanFunction,
    /// For which connection.
    pub connection_id: String,
    /// Whether it came to its end without a failure.
    pub succeeded: bool,
    /// What an action answered.
    pub output: Option<Box<RawValue>>,
    /// How it failed.
    pub error: Option<Failure>,
    /// From start to end, compiling included, in milliseconds.
    pub duration_ms: u64,
    /// What a real run would count, by model.
    pub counts: BTreeMap<String, RunCounts>,
    /// What would differ from what is stored, by model.
    pub records: Vec<ModelChanges>,
    /// What the function would write as the connection's metadata; absent where it writes none.
    pub metadata: Option<Written>,
    /// What would become of the function's checkpoint; absent where it stays as it is.
    pub checkpoint: Option<Written>,
    /// What does not fit the declared schemas where the integration only warns: lines of a real run's log.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What is wrong with the configuration that it ran with, or because of which it did not start.
    #[serde(default)]
    pub problems: Vec<Problem>,
    /// Syncs and actions that it wanted started; none was.
    pub refused: Vec<RefusedTrigger>,
    /// The requests that were sent, in the order in which they ended.
    pub calls: Vec<HttpCall>,
    /// The requests that were not sent because they could write.
    pub blocked_calls: Vec<BlockedCall>,
    /// What it logged.
    pub logs: Vec<LogLine>,
    /// Lines and calls that were too many to be kept.
    pub left_out: u64,
    /// The run as a fixture without secrets (a `.test.json` file), where it was asked for and the run succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixture: Option<Value>,
}

/// Which function ran.
#[derive(Debug, Serialize, Deserialize)]
pub struct RanFunction {
    /// The integration's `unique_key`.
    pub integration: String,
    /// Sync, action or on-event.
    pub kind: FunctionKind,
    /// Its name.
    pub name: String,
    /// The variant of a sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl RanFunction {
    pub(super) fn new(definition: &Definition, variant: Option<&str>) -> Self {
        Self {
            integration: definition.integration.clone(),
            kind: definition.kind,
            name: definition.name.clone(),
            variant: variant.map(str::to_owned),
        }
    }
}

/// What a real run would count for a model: every batch by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    /// Records that were not there before, or were deleted.
    pub added: u64,
    /// Records whose content changed.
    pub updated: u64,
    /// Records that are now deleted.
    pub deleted: u64,
    /// Records that were saved as they already were.
    pub unchanged: u64,
}

impl From<Counts> for RunCounts {
    fn from(Counts { added, updated, deleted, unchanged }: Counts) -> Self {
        Self { added, updated, deleted, unchanged }
    }
}

/// How the records of a model would differ from what is stored, all batches together.
#[derive(Debug, Serialize, Deserialize)]
pub struct ModelChanges {
    /// The model.
    pub model: String,
    /// How many records differ, and how many were touched and do not.
    pub counts: ChangeCounts,
    /// The first of them that differ.
    pub changes: Vec<RecordChange>,
    /// How many more differ.
    pub left_out: u64,
}

/// How many records differ from what is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeCounts {
    /// Not there, or deleted, before.
    pub added: u64,
    /// With another content.
    pub changed: u64,
    /// There before, and deleted now.
    pub removed: u64,
    /// Saved, and as they were.
    pub unchanged: u64,
}

impl ChangeCounts {
    pub(super) fn count(&mut self, kind: ChangeKind) {
        *match kind {
            ChangeKind::Added => &mut self.added,
            ChangeKind::Changed => &mut self.changed,
            ChangeKind::Removed => &mut self.removed,
        } += 1;
    }

    /// How many differ.
    pub fn differing(self) -> u64 {
        self.added + self.changed + self.removed
    }
}

/// A record that differs.
#[derive(Debug, Serialize, Deserialize)]
pub struct RecordChange {
    /// Its id.
    pub id: String,
    /// What became of it.
    pub change: ChangeKind,
    /// The stored content; null where there is none.
    pub before: Option<Box<RawValue>>,
    /// The new content; null where it is removed.
    pub after: Option<Box<RawValue>>,
}

/// A document before and after.
#[derive(Debug, Serialize, Deserialize)]
pub struct Written {
    /// As it is stored.
    pub before: Option<Box<RawValue>>,
    /// As it would be.
    pub after: Option<Box<RawValue>>,
}

/// A sync or an action that the function wanted started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefusedTrigger {
    /// `trigger_action`, ….
    pub what: String,
    /// The integration's `unique_key`.
    pub integration: String,
    /// The connection; null where all are meant.
    pub connection_id: Option<String>,
    /// Names of the syncs, or of the action.
    pub names: Vec<String>,
}

/// A request that was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HttpCall {
    /// When it was sent, in milliseconds from the start.
    pub at_ms: u64,
    /// The method.
    pub method: String,
    /// The URL, without secrets.
    pub url: String,
    /// The answer's status; null where there was none.
    pub status: Option<u16>,
    /// Why there was none.
    pub error: Option<String>,
    /// Until the answer was whole, retries included, in milliseconds.
    pub duration_ms: u64,
    /// Bytes of the request's body.
    pub sent_bytes: usize,
    /// Bytes of the answer's body, decompressed.
    pub received_bytes: usize,
}

/// A request that was not sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BlockedCall {
    /// The method.
    pub method: String,
    /// Where to, as the function named it, without a query.
    pub url: String,
    /// Bytes of the request's body.
    pub body_bytes: usize,
}

/// A line of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogLine {
    /// When, in milliseconds from the start.
    pub at_ms: u64,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The text.
    pub message: String,
    /// What was logged beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Arc<RawValue>>,
}

/// A batch that the function saved, updated or deleted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Batch {
    /// The model.
    pub model: String,
    /// What a real run would count for it.
    pub counts: RunCounts,
}

/// Something that happened in a dry run.
#[derive(Clone, Debug)]
pub enum Event {
    /// It logged a line.
    Log(LogLine),
    /// A request was answered.
    Call(HttpCall),
    /// A request was not sent.
    BlockedCall(BlockedCall),
    /// It gave records.
    Batch(Batch),
}

/// Whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
