//! What a write of a configuration does to the data that was made with the one before.

use crate::run::RunState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a change of configuration does to data, from weak to strong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing; the next run sees it.
    #[default]
    None,
    /// The syncs of the connection run at once.
    Run,
    /// The syncs of the connection read everything anew, and what they do not save again is deleted.
    Resync,
}

/// What a write has done to data, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The effect of the write.
    pub effect: Effect,
    /// The syncs that it concerns, by name and variant.
    pub syncs: Vec<AppliedSync>,
}

/// A sync that a write concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedSync {
    /// Its function's name.
    pub name: String,
    /// Its variant.
    pub variant: String,
    /// When it runs with the new configuration.
    pub when: When,
    /// The run that is queued for it.
    pub run: Option<Uuid>,
}

/// When a sync runs with the new configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// At once: its run is queued.
    Now,
    /// When the run has ended that goes on with the configuration before.
    AfterCurrentRun,
    /// When it is triggered or started, and its function enabled: then it reads everything anew.
    OnceStarted,
}

impl When {
    /// When a sync runs that may be run now (`is_on`) or not, and whose run is queued, goes on, or is not there. `None` where it
    /// is not concerned.
    pub fn of(effect: Effect, is_on: bool, active: Option<RunState>) -> Option<Self> {
        match (effect, is_on, active) {
            (Effect::None, ..) | (Effect::Run, false, _) => None,
            (Effect::Run, true, Some(RunState::Running)) => Some(Self::AfterCurrentRun),
            (Effect::Run | Effect::Resync, true, _) => Some(Self::Now),
            (Effect::Resync, false, _) => Some(Self::OnceStarted),
        }
    }
}
