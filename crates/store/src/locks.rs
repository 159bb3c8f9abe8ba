//! Locks that functions take, by name in an environment. A run holds them until it lets go, ends, or their time is over.

use crate::{Store, db::params, error::Result};
use bespoke_core::id::EnvironmentId;
use std::time::Duration;
use uuid::Uuid;

impl Store {
    /// Takes a lock for the run `owner`, or extends the one that it has. False where another run has it.
    pub async fn acquire_lock(
        &self,
        environment: EnvironmentId,
        key: &str,
        owner: Uuid,
        ttl: Duration,
    ) -> Result<bool> {
        let (key, now) = (key.to_owned(), self.now());
        self.db
            .write(move |tx| {
                let taken = tx.execute(
                    "INSERT INTO locks (environment_id, key, owner, expires_at) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (environment_id, key) DO UPDATE SET owner = $3, expires_at = $4
                     WHERE locks.owner = $3 OR locks.expires_at <= $5",
                    params![environment, &key, owner, now.after(ttl), now],
                )?;
                Ok(taken > 0)
            })
            .await
    }

    /// Lets a lock go. False where the run `owner` does not have it.
    pub async fn release_lock(&self, environment: EnvironmentId, key: &str, owner: Uuid) -> Result<bool> {
        let (key, now) = (key.to_owned(), self.now());
        self.db
            .write(move |tx| {
                let released = tx.execute(
                    "DELETE FROM locks WHERE environment_id = $1 AND key = $2 AND owner = $3 AND expires_at > $4",
                    params![environment, &key, owner, now],
                )?;
                Ok(released > 0)
            })
            .await
    }

    /// Lets every lock of a run go.
    pub async fn release_locks(&self, environment: EnvironmentId, owner: Uuid) -> Result<()> {
        self.db
            .write(move |tx| {
                tx.execute(
                    "DELETE FROM locks WHERE owner = $2 AND environment_id = $1",
                    params![environment, owner],
                )?;
                Ok(())
            })
            .await
    }

    /// Removes locks whose time is over: nobody asked for them since. How many it were.
    pub async fn remove_old_locks(&self) -> Result<u64> {
        let now = self.now();
        self.db.write(move |tx| tx.execute("DELETE FROM locks WHERE expires_at <= $1", params![now])).await
    }
}
