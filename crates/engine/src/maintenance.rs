//! What has to happen by the clock: due syncs are queued, lost runs are put back, old runs go away.
//!
//! Each chore is one function that a test can call; the loops only wait. Waiting costs nothing per connection: the
//! scheduler sleeps until the earliest slot, or until a wake-up says that slots have changed.

use crate::{Engine, Result, error::chain, worker::failure_json};
use bespoke_store::SCHEDULED;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// The scheduler looks at least this often, in case a wake-up was lost.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How many due syncs one transaction queues.
const BATCH: u32 = 500;
/// How often old runs are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(600);

impl Engine {
    /// Queues the runs of all due syncs. How long there will be none by the clock.
    pub async fn enqueue_due_syncs(&self) -> Result<Duration> {
        while self.store.enqueue_due_syncs(&self.ids, BATCH).await? >= BATCH {}
        let next = self.store.next_due_sync().await?;
        Ok(next.map_or(LONGEST_SLEEP, |at| at.since(self.now()).min(LONGEST_SLEEP)))
    }

    /// Puts back the runs of nodes that stopped answering.
    pub async fn rescue_runs(&self) -> Result<usize> {
        let lost = failure_json("function_runtime_other", "The run was lost with its node several times.");
        let rescued = self.store.rescue_runs(lost).await?;
        if rescued > 0 {
            tracing::warn!(runs = rescued, "runs of a lost node were put back");
        }
        Ok(rescued)
    }

    /// Deletes runs that ended longer ago than they are kept.
    pub async fn prune_runs(&self) -> Result<()> {
        while self.store.prune_runs(self.settings.run_retention).await? > 0 {}
        Ok(())
    }

    /// Does the chores until `stop`.
    pub async fn maintain(self: Arc<Self>, stop: CancellationToken) {
        tokio::join!(self.schedule(&stop), self.rescue(&stop), self.prune(&stop));
    }

    async fn schedule(&self, stop: &CancellationToken) {
        let mut scheduled = self.store.listen(SCHEDULED);
        while !stop.is_cancelled() {
            let wait = self.enqueue_due_syncs().await.unwrap_or_else(|error| {
                tracing::error!(error = chain(&error), "due syncs could not be queued");
                Duration::from_secs(1)
            });
            tokio::select! {
                () = stop.cancelled() => {}
                () = scheduled.woken() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn rescue(&self, stop: &CancellationToken) {
        every(self.settings.lease / 2, stop, async || self.rescue_runs().await.map(drop)).await;
    }

    async fn prune(&self, stop: &CancellationToken) {
        every(PRUNE_EVERY, stop, async || self.prune_runs().await).await;
    }
}

async fn every(interval: Duration, stop: &CancellationToken, chore: impl AsyncFn() -> Result<()>) {
    while !stop.is_cancelled() {
        if let Err(error) = chore().await {
            tracing::error!(error = chain(&error), "a chore failed");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(interval) => {}
        }
    }
}
