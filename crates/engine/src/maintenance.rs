//! What has to happen by the clock: due syncs are queued, lost runs are put back, what nobody needs goes away.
//!
//! Each chore is one function that a test can call; the loops only wait. Waiting costs nothing per connection: the
//! scheduler sleeps until the earliest slot, or until a wake-up says that slots have changed.

use crate::{Engine, Result, activity, error::chain, idempotency, worker::failure_json};
use bespoke_store::{CONFIGURED, SCHEDULED};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// The scheduler looks at least this often, in case a wake-up was lost.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How many due syncs one transaction queues.
const BATCH: u32 = 500;
/// How often connections that are not of the version of their schema are looked for.
const MIGRATE_EVERY: Duration = Duration::from_hours(1);
/// How often what happened is added to the figures of the overview.
const COUNT_EVERY: Duration = Duration::from_secs(5);
/// How often old runs and records without a connection are looked for.
const TIDY_EVERY: Duration = Duration::from_secs(600);

impl Engine {
    /// Queues the runs of all due syncs. How long there will be none by the clock.
    pub async fn enqueue_due_syncs(&self) -> Result<Duration> {
        while self.store.enqueue_due_syncs(&self.ids, BATCH).await? >= BATCH {}
        let next = self.store.next_due_sync().await?;
        Ok(next.map_or(LONGEST_SLEEP, |at| at.since(self.now()).min(LONGEST_SLEEP)))
    }

    /// Puts back everything that is running: for the start of the only node there is, whose earlier life is over.
    pub async fn rescue_all_runs(&self) -> Result<usize> {
        self.store.expire_leases().await?;
        let mut rescued = 0;
        loop {
            match self.rescue_runs().await? {
                0 => return Ok(rescued),
                some => rescued += some,
            }
        }
    }

    /// Puts back the runs of nodes that stopped answering, and what they had on trial.
    pub async fn rescue_runs(&self) -> Result<usize> {
        while self.store.free_lanes().await? > 0 {}
        while self.store.lapse_trials().await? > 0 {}
        let lost = failure_json("function_runtime_other", "The run was lost with its node several times.");
        let rescued = self.store.rescue_runs(lost).await?;
        if rescued > 0 {
            tracing::warn!(runs = rescued, "runs of a lost node were put back");
        }
        Ok(rescued)
    }

    /// Deletes runs that ended, versions of records that were replaced, and lines that were written longer ago than they are kept, and the records of deleted
    /// connections: some at a time, so that others get their turn. Forgets the fleets that nobody asks for.
    pub async fn tidy(&self) -> Result<()> {
        self.fleets.forget_idle(self.now());
        while self.store.prune_runs(self.settings.run_retention).await? > 0 {}
        while self.store.prune_record_versions(self.settings.run_retention).await? > 0 {}
        while self.store.prune_webhook_events(self.settings.run_retention).await? > 0 {}
        while self.store.prune_idempotency_keys(idempotency::KEEP).await? > 0 {}
        while self.store.prune_deliveries(self.settings.log_retention).await? > 0 {}
        while self.store.prune_logs(self.settings.log_retention).await? > 0 {}
        self.store.prune_activity(activity::KEEP).await?;
        while self.store.remove_orphaned_records().await? {}
        self.store.remove_old_locks().await?;
        self.store.prune_sign_ins().await?;
        self.seal_open_secrets().await?;
        Ok(())
    }

    /// Does the chores until `stop`.
    pub async fn maintain(self: Arc<Self>, stop: CancellationToken) {
        tokio::join!(
            self.schedule(&stop),
            self.rescue(&stop),
            self.tidy_up(&stop),
            self.migrate(&stop),
            self.count(&stop)
        );
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

    /// Migrates at the start, after a deployment, and now and then, in case a wake-up was lost.
    async fn migrate(&self, stop: &CancellationToken) {
        let mut configured = self.store.listen(CONFIGURED);
        while !stop.is_cancelled() {
            report(self.migrate_due().await);
            tokio::select! {
                () = stop.cancelled() => {}
                () = configured.woken() => {}
                () = tokio::time::sleep(MIGRATE_EVERY) => {}
            }
        }
    }

    async fn rescue(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            report(self.rescue_runs().await.map(drop));
            pause(self.settings.lease / 2, stop).await;
        }
    }

    async fn count(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            pause(COUNT_EVERY, stop).await;
            report(self.add_activity().await);
        }
    }

    async fn tidy_up(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            report(self.tidy().await);
            pause(TIDY_EVERY, stop).await;
        }
    }
}

/// A chore that failed is done again at its next turn.
fn report(done: Result<()>) {
    if let Err(error) = done {
        tracing::error!(error = chain(&error), "a chore failed");
    }
}

async fn pause(interval: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(interval) => {}
    }
}
