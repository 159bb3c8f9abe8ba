//! A sync of one connection: a deployed sync function, applied to one customer, on a schedule.

use crate::{
    id::{ConnectionId, EnvironmentId, IntegrationId},
    run::RunState,
    schedule::{self, Frequency},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The variant that every sync has.
pub const BASE_VARIANT: &str = "base";

/// A sync of one connection.
#[derive(Clone, Debug)]
pub struct Sync {
    /// Its id, shown by the API.
    pub id: Uuid,
    /// The environment that it belongs to.
    pub environment: EnvironmentId,
    /// The connection that it reads for.
    pub connection: ConnectionId,
    /// The connection's id as the backend knows it.
    pub connection_id: String,
    /// The integration that the connection is at.
    pub integration: IntegrationId,
    /// The integration's `unique_key`.
    pub provider_config_key: String,
    /// The function's name.
    pub name: String,
    /// The variant, `base` unless made by the variant endpoints.
    pub variant: String,
    /// Whether its schedule is on. A sync that is off still runs when triggered.
    pub started: bool,
    /// The function's frequency.
    pub default_frequency: String,
    /// This connection's own frequency; `None` follows the function.
    pub frequency: Option<String>,
    /// The start of the grid that its slots lie on.
    pub anchor: Timestamp,
    /// When it runs next by schedule; `None` while off or while a run is queued or running.
    pub next_run_at: Option<Timestamp>,
    /// The start of its last successful run.
    pub last_success_started_at: Option<Timestamp>,
    /// Its last run that ended, or the one that goes on.
    pub last_run: Option<LastRun>,
    /// Its progress object, if it keeps one.
    pub checkpoint: Option<Value>,
    /// It owes a re-sync: the next run that succeeds has read everything, and what nothing saved since is deleted.
    pub resync: bool,
}

/// How often a sync runs whose function does not say it.
pub const DEFAULT_FREQUENCY: &str = "every day";

/// The id of a sync: the same when it is deleted and made again.
pub fn id_of(connection: ConnectionId, name: &str, variant: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("sync:{connection}:{name}:{variant}").as_bytes())
}

impl Sync {
    /// How often it runs.
    pub fn frequency(&self) -> Result<Frequency, schedule::Error> {
        Frequency::parse(self.frequency.as_ref().unwrap_or(&self.default_frequency))
    }

    /// When its schedule runs it next: after the run that goes on, if one does. `None` while it is off.
    pub fn next_slot(&self, now: Timestamp) -> Option<Timestamp> {
        let slot = || self.frequency().ok().map(|frequency| frequency.next_after(self.anchor, now));
        if self.started { self.next_run_at.or_else(slot) } else { None }
    }

    /// Its state at `now`, for people and for those who wait for it.
    ///
    /// A run that is queued counts as running, and so does one that the schedule is about to queue: whoever has just
    /// triggered it and waits until it no longer runs has then waited for that run.
    pub fn status(&self, now: Timestamp) -> Status {
        let is_due = self.next_run_at.is_some_and(|at| at <= now);
        match self.last_run.as_ref().map(|run| run.state) {
            Some(RunState::Queued | RunState::Running) => Status::Running,
            _ if is_due => Status::Running,
            _ if !self.started => Status::Paused,
            None | Some(RunState::Succeeded) => Status::Success,
            Some(RunState::Failed | RunState::Cancelled) => Status::Error,
        }
    }
}

/// The state of a sync (http-api.md §10.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// A run goes on, or is about to.
    Running,
    /// Its schedule is off.
    Paused,
    /// Its schedule is on and the last run ended well, or there was none yet.
    Success,
    /// Its schedule is on and the last run did not end well.
    Error,
    /// Of a run: it was stopped, by itself or by someone.
    Stopped,
}

impl Status {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::Success => "SUCCESS",
            Self::Error => "ERROR",
            Self::Stopped => "STOPPED",
        }
    }

    /// The state of a run in these words.
    pub const fn of_run(state: RunState) -> Self {
        match state {
            RunState::Queued | RunState::Running => Self::Running,
            RunState::Succeeded => Self::Success,
            RunState::Failed | RunState::Cancelled => Self::Stopped,
        }
    }
}

/// How a triggered run differs from one by schedule; the input of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TriggerOptions {
    /// Start over: forget the last run and the checkpoint.
    pub reset: bool,
    /// Remove the stored records first.
    pub empty_cache: bool,
}

/// What is shown of a sync's most recent run.
#[derive(Clone, Debug)]
pub struct LastRun {
    /// The run.
    pub id: Uuid,
    /// Its state.
    pub state: RunState,
    /// When it ended; `None` while it goes on.
    pub finished_at: Option<Timestamp>,
    /// What it did to the records, by model.
    pub result: BTreeMap<String, Counts>,
}

/// What a run did to the records of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records that were not there before (or were deleted).
    pub added: u64,
    /// Records whose content changed.
    pub updated: u64,
    /// Records that are now deleted.
    pub deleted: u64,
    /// Records that were saved as they already were.
    #[serde(default, skip_serializing)]
    pub unchanged: u64,
}

impl Counts {
    /// How many records are not what they were.
    pub fn changed(self) -> u64 {
        self.added + self.updated + self.deleted
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.unchanged += other.unchanged;
    }
}

/// A sync named in a request: `name`, `name::variant` or `{name, variant}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncName {
    /// The function's name.
    pub name: String,
    /// The variant, `base` unless given.
    pub variant: String,
}

impl SyncName {
    /// Reads `name` or `name::variant`.
    pub fn parse(text: &str) -> Self {
        let (name, variant) = text.split_once("::").unwrap_or((text, BASE_VARIANT));
        Self { name: name.to_owned(), variant: variant.to_owned() }
    }

    /// Whether it names `sync`.
    pub fn is(&self, sync: &Sync) -> bool {
        self.name == sync.name && self.variant == sync.variant
    }
}
