//! Locks by name in the environment. Whatever a run holds is let go at its end.

use super::{Answer, RunHost, head, refusal};
use bespoke_runtime::host::{AcquireLock, Refusal, Reply};
use std::{sync::atomic::Ordering, time::Duration};

/// Most characters of a name.
const MAX_KEY: usize = 255;
/// The longest time; no run takes longer.
const MAX_TTL: Duration = Duration::from_hours(7 * 24);

impl RunHost {
    pub(super) async fn acquire_lock(&self, lock: &AcquireLock) -> Answer {
        check(&lock.key)?;
        let ttl = Duration::from_millis(lock.ttl_ms).min(MAX_TTL);
        if ttl.is_zero() {
            return Err(Refusal::new("invalid_lock", "`ttlMs` must be more than 0."));
        }
        // Before it is taken: a run that is stopped meanwhile lets it go all the same.
        self.0.has_locks.store(true, Ordering::Relaxed);
        let (environment, owner) = (self.connection().environment, self.0.execution.id);
        let taken = self.0.engine.store.acquire_lock(environment, &lock.key, owner, ttl).await;
        head(&taken.map_err(|error| refusal(error.into()))?)
    }

    pub(super) async fn release_lock(&self, key: &str) -> Answer {
        check(key)?;
        let (environment, owner) = (self.connection().environment, self.0.execution.id);
        let released = self.0.engine.store.release_lock(environment, key, owner).await;
        head(&released.map_err(|error| refusal(error.into()))?)
    }

    pub(super) async fn release_locks(&self) -> Answer {
        let (environment, owner) = (self.connection().environment, self.0.execution.id);
        self.0.engine.store.release_locks(environment, owner).await.map_err(|error| refusal(error.into()))?;
        Ok(Reply::default())
    }

    /// At the end of the run. What cannot be let go now ends with its time.
    pub(super) async fn let_locks_go(&self) {
        if self.0.has_locks.load(Ordering::Relaxed)
            && let Err(refusal) = self.release_locks().await
        {
            tracing::warn!(run = %self.0.execution.id, "locks stay until their time is over: {}", refusal.message);
        }
    }
}

fn check(key: &str) -> Result<(), Refusal> {
    if (1..=MAX_KEY).contains(&key.chars().count()) {
        return Ok(());
    }
    Err(Refusal::new("invalid_lock", format!("The name of a lock has 1 to {MAX_KEY} characters.")))
}
