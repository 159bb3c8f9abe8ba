//! What one run may use.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The stack that a worker thread is made with. A run's stack limit stays below it, so that the engine notices the end
/// before the thread does.
pub(crate) const THREAD_STACK: usize = 8 << 20;

/// The largest stack limit that a run can have.
pub(crate) const MAX_STACK: usize = THREAD_STACK - (2 << 20);

/// How long a run may go beyond a limit before someone else than the run enforces it.
pub(crate) const GRACE: Duration = Duration::from_millis(250);

/// What one run may use. A run that goes beyond fails; others do not notice.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of the engine's heap.
    pub memory: usize,
    /// Bytes of stack, 6 MiB at most.
    pub stack: usize,
    /// CPU time of the run's thread. Waiting for the host does not count.
    pub cpu: Duration,
    /// Time from start to end.
    pub wall: Duration,
    /// Bytes of the output's JSON text.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 128 << 20,
            stack: 1 << 20,
            cpu: Duration::from_mins(1),
            wall: Duration::from_mins(15),
            output: 2 << 20,
        }
    }
}
