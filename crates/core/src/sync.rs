//! A sync of one connection: a deployed sync function, applied to one customer, on a schedule.

use crate::{
    id::{ConnectionId, EnvironmentId},
    run::RunState,
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
    /// The integration's `unique_key`.
    pub provider_config_key: String,
    /// The function's name.
    pub name: String,
    /// The variant, `base` unless made by the variant endpoints.
    pub variant: String,
    /// Whether its schedule is on. A sync that is off still runs when triggered.
    pub started: bool,
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
}

/// What is shown of a sync's most recent run.
#[derive(Clone, Debug)]
pub struct LastRun {
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
}
