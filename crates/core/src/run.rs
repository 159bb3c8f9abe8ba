//! One execution of a function, and the states it goes through.

use crate::{
    id::{ConnectionId, EnvironmentId, FunctionId},
    sync::Counts,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};
use uuid::Uuid;

/// The state of a run.
///
/// ```text
/// queued → running → succeeded | failed | cancelled
///    ↑________│ (its node died, or it is tried again)
/// queued → cancelled
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Waits for a worker.
    Queued,
    /// A worker holds its lease.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Was stopped by someone.
    Cancelled,
}

impl RunState {
    /// Every state; the database's CHECK repeats this list.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// The word in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing follows this state.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// Whether a run in this state may go to `next`.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Queued, Self::Running | Self::Cancelled)
                | (Self::Running, Self::Queued | Self::Succeeded | Self::Failed | Self::Cancelled)
        )
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RunState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// The code of the failure of a run that did not start, because the configuration does not fit. Such runs are `failed`, and
/// people are shown this word in place of it.
pub const UNCONFIGURED: &str = "invalid_configuration";

/// What a run executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// A sync's `exec`.
    Sync,
    /// An action's `exec`.
    Action,
    /// An on-event function.
    OnEvent,
    /// A sync's `onWebhook`.
    Webhook,
}

impl RunKind {
    /// Every kind; the database's CHECK repeats this list.
    pub const ALL: [Self; 4] = [Self::Sync, Self::Action, Self::OnEvent, Self::Webhook];

    /// The word in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Action => "action",
            Self::OnEvent => "on-event",
            Self::Webhook => "webhook",
        }
    }
}

impl fmt::Display for RunKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RunKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// One execution of a function.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id; the id of an async action on the wire.
    pub id: Uuid,
    /// The environment that it belongs to.
    pub environment: EnvironmentId,
    /// What it executes.
    pub kind: RunKind,
    /// The connection that it runs for.
    pub connection: ConnectionId,
    /// The function's name; which version runs is decided when it starts.
    pub function_name: String,
    /// The version that ran, once it has started.
    pub function: Option<FunctionId>,
    /// The sync that it belongs to.
    pub sync: Option<Uuid>,
    /// Its state.
    pub state: RunState,
    /// When it may start.
    pub run_at: Timestamp,
    /// How often it was taken up: 1 at the first.
    pub attempt: u32,
    /// How often it may be taken up after failing by itself.
    pub max_attempts: u32,
    /// What it gets, as JSON text.
    pub input: Option<String>,
    /// What it answered, as JSON text.
    pub output: Option<String>,
    /// Why it failed, as the JSON of an `engine` failure.
    pub error: Option<String>,
    /// What it did to the records, by model.
    pub result: BTreeMap<String, Counts>,
    /// The metadata revision that it ran with.
    pub metadata_revision: Option<i64>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was last taken up.
    pub started_at: Option<Timestamp>,
    /// When it ended; set exactly when the state is final.
    pub finished_at: Option<Timestamp>,
}
