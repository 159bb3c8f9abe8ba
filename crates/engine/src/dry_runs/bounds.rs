//! What a dry run may use at most. One that reaches it stops: what it would go on to do is not told as if it were all.

use super::host::DryHost;
use crate::Failure;
use bespoke_runtime::host::Refusal;
use std::time::Duration;

/// What a function learns, and its caller, when it has used up what it may.
const REACHED: &str = "preview_limit_reached";

/// What a dry run may use at most; `None` is no bound of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds {
    /// Records that it saves, updates and deletes.
    pub records: Option<u64>,
    /// Requests to providers.
    pub calls: Option<u64>,
    /// Time from its start; a function's own limit may be shorter.
    pub time: Option<Duration>,
}

/// What was used so far.
#[derive(Debug, Default)]
pub(super) struct Used {
    records: u64,
    calls: u64,
    /// The bound that was reached, in words.
    reached: Option<String>,
}

impl DryHost {
    /// Refuses everything once a bound was reached: a function that catches the first refusal does not go on to delete
    /// what it has not seen.
    pub(super) fn within_bounds(&self) -> Result<(), Refusal> {
        match &self.seen().used.reached {
            Some(message) => Err(Refusal::new(REACHED, message.clone())),
            None => Ok(()),
        }
    }

    pub(super) fn use_records(&self, count: u64) -> Result<(), Refusal> {
        let most = self.0.options.bounds.records;
        self.take(|used| &mut used.records, count, most, "records")
    }

    pub(super) fn use_call(&self) -> Result<(), Refusal> {
        let most = self.0.options.bounds.calls;
        self.take(|used| &mut used.calls, 1, most, "requests")
    }

    fn take(
        &self,
        of: fn(&mut Used) -> &mut u64,
        count: u64,
        most: Option<u64>,
        what: &str,
    ) -> Result<(), Refusal> {
        let used = &mut self.seen().used;
        let so_far = of(used);
        *so_far += count;
        let Some(most) = most.filter(|most| *so_far > *most) else { return Ok(()) };
        let message =
            format!("It was stopped at its limit of {most} {what}; the counts are those until then.");
        used.reached = Some(message.clone());
        Err(Refusal::new(REACHED, message))
    }

    /// How the run ended where it reached a bound, whatever the function made of it.
    pub(super) fn end_of_bounds(&self) -> Result<(), Failure> {
        self.within_bounds().map_err(|refusal| Failure::new(REACHED, refusal.message))
    }
}
