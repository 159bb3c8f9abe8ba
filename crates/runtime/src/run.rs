//! What a run is given, and what comes of it.

use crate::error::Failure;
use crate::limits::Limits;
use crate::process::Module;
use bespoke_core::{paths_read::PathsRead, time::Timestamp};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What kind of function is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Saves records.
    Sync,
    /// Answers.
    Action,
    /// Runs when something happens to a connection.
    OnEvent,
    /// Handles a provider's webhook.
    Webhook,
    /// Checks documents, or brings them to its version: an integration's `config.ts`.
    Config,
    /// A module whose default export is a function of the input. Deployment reads definitions with it.
    Script,
}

impl Kind {
    /// The word that the prelude knows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Action => "action",
            Self::OnEvent => "on-event",
            Self::Webhook => "webhook",
            Self::Config => "config",
            Self::Script => "script",
        }
    }
}

/// One run of a function.
#[derive(Clone, Debug)]
pub struct Run {
    /// The run, for the log.
    pub id: Uuid,
    /// What kind of function it is.
    pub kind: Kind,
    /// Its modules; the first is the entry. Hand in the same `Bytes` for the same function, and a runner that has them
    /// is not sent them again.
    pub modules: Arc<[Module]>,
    /// JSON.
    pub input: Bytes,
    /// What the prelude is told of the run, JSON.
    pub context: Bytes,
    /// What the run may use.
    pub limits: Limits,
    /// Cancelled, the run ends at once with [`crate::code::ABORTED`].
    pub cancel: CancellationToken,
    /// Where the run's clock stands at its start. It goes on only by the timers of the function, which come due at once when
    /// nothing else is left to do. `None` is the time of the system, which passes by itself.
    pub now: Option<Timestamp>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The output's JSON text, or the failure.
    pub result: Result<Bytes, Failure>,
    /// CPU time of the run's thread; zero when its process was lost.
    pub cpu: Duration,
    /// What it read of its configuration; nothing when its process was lost.
    pub reads: PathsRead,
}

impl Outcome {
    /// A run that never had a thread, or whose thread can say nothing any more.
    pub(crate) fn failed(failure: Failure) -> Self {
        Self { result: Err(failure), cpu: Duration::ZERO, reads: PathsRead::default() }
    }
}
