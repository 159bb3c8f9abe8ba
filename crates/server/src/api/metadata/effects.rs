//! What a write of metadata does to the data of its connection.

use bespoke_core::effect::{Applied, AppliedSync, Effect, When};
use bespoke_engine::metadata::Effects;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a write does to data.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Apply {
    /// Nothing.
    None,
    /// The syncs of the connection run at once.
    Run,
    /// The syncs of the connection read everything anew, and what they do not save again is deleted.
    Resync,
}

impl Apply {
    pub(super) fn effects(self) -> Effects {
        Effects::Asked(match self {
            Self::None => Effect::None,
            Self::Run => Effect::Run,
            Self::Resync => Effect::Resync,
        })
    }
}

/// What a write has done to data, or would do.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"effect": "resync",
    "syncs": [{"name": "contacts", "variant": "base", "when": "now", "run_id": "0198c0de-0000-7000-8000-000000000001"}]}))]
pub struct AppliedReport {
    /// `none`, `run` or `resync`.
    #[schema(value_type = String)]
    effect: Effect,
    /// The syncs that it concerns.
    syncs: Vec<AppliedSyncReport>,
}

/// A sync that a write concerns.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AppliedSyncReport {
    /// Its function's name.
    name: String,
    /// Its variant.
    variant: String,
    /// `now`: its run is queued; `after_current_run`: it follows the run that goes on; `once_started`: its schedule is off or its
    /// function disabled, and it reads everything anew when it next runs.
    #[schema(value_type = String)]
    when: When,
    /// The run that is queued.
    run_id: Option<Uuid>,
}

impl From<Applied> for AppliedReport {
    fn from(Applied { effect, syncs }: Applied) -> Self {
        let syncs = syncs.into_iter().map(|AppliedSync { name, variant, when, run }| AppliedSyncReport {
            name,
            variant,
            when,
            run_id: run,
        });
        Self { effect, syncs: syncs.collect() }
    }
}
