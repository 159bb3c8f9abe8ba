//! Requests that carry an idempotency key: the same one again gets the same answer, for a day.

use crate::{
    Store,
    db::params,
    error::{Error, Result},
};
use bespoke_core::{id::EnvironmentId, time::Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// A request with an idempotency key.
#[derive(Clone, Debug)]
pub struct KeyedRequest {
    /// What it asks for, e.g. `action`: the same key may be used for another thing.
    pub operation: &'static str,
    /// The caller's key.
    pub key: String,
    /// Hash of everything that makes the request what it is.
    pub fingerprint: [u8; 32],
    /// The run that it asks for, if it is the first with this key.
    pub run: Uuid,
    /// How long it takes at most until [`Store::keep_outcome`].
    pub busy: Duration,
    /// How long keys are kept; an older one is as good as new.
    pub keep: Duration,
}

/// What is known of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keyed {
    /// Nothing: this request is the first.
    First,
    /// It was used for another request.
    Reused,
    /// The same request was made before.
    Again {
        /// The run that it asked for.
        run: Uuid,
        /// What came of it, as JSON text; `None` while that is not known.
        outcome: Option<String>,
        /// Whether it may still be going on.
        busy: bool,
    },
}

impl Store {
    /// Notes a request under its key, unless the key is known.
    pub async fn begin_keyed(&self, environment: EnvironmentId, request: KeyedRequest) -> Result<Keyed> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let first = tx.execute(
                    "INSERT INTO idempotency_keys (environment_id, operation, key, fingerprint, run_id, created_at, busy_until)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)
                     ON CONFLICT (environment_id, operation, key) DO UPDATE
                     SET fingerprint = excluded.fingerprint, run_id = excluded.run_id, created_at = excluded.created_at,
                         busy_until = excluded.busy_until, outcome = NULL
                     WHERE idempotency_keys.created_at < $8",
                    params![
                        environment,
                        request.operation,
                        &request.key,
                        &request.fingerprint[..],
                        request.run,
                        now,
                        now.after(request.busy),
                        now.before(request.keep)
                    ],
                )?;
                if first > 0 {
                    return Ok(Keyed::First);
                }
                let known = tx.query_opt(
                    "SELECT fingerprint, run_id, outcome, busy_until FROM idempotency_keys
                     WHERE environment_id = $1 AND operation = $2 AND key = $3",
                    params![environment, request.operation, &request.key],
                    |row| {
                        let same = row.get::<Vec<u8>>(0)? == request.fingerprint;
                        let busy = row.get::<Timestamp>(3)? > now;
                        let again = Keyed::Again { run: row.get(1)?, outcome: row.get(2)?, busy };
                        Ok(if same { again } else { Keyed::Reused })
                    },
                )?;
                known.ok_or(Error::NotFound("the idempotency key"))
            })
            .await
    }

    /// Keeps what came of a request, as JSON text.
    pub async fn keep_outcome(
        &self,
        environment: EnvironmentId,
        operation: &'static str,
        key: &str,
        outcome: String,
    ) -> Result<()> {
        let key = key.to_owned();
        self.db
            .write(move |tx| {
                tx.execute(
                    "UPDATE idempotency_keys SET outcome = $4
                     WHERE environment_id = $1 AND operation = $2 AND key = $3",
                    params![environment, operation, &key, &outcome],
                )
                .map(drop)
            })
            .await
    }

    /// Forgets a request that changed nothing, so that the same key can be used once it is put right.
    pub async fn forget_keyed(
        &self,
        environment: EnvironmentId,
        operation: &'static str,
        key: &str,
    ) -> Result<()> {
        let key = key.to_owned();
        self.db
            .write(move |tx| {
                tx.execute(
                    "DELETE FROM idempotency_keys WHERE environment_id = $1 AND operation = $2 AND key = $3",
                    params![environment, operation, &key],
                )
                .map(drop)
            })
            .await
    }

    /// Deletes keys older than `keep`, a thousand at a time. How many it were.
    pub async fn prune_idempotency_keys(&self, keep: Duration) -> Result<u64> {
        let before = self.now().before(keep);
        self.db
            .write(move |tx| {
                tx.execute(
                    "DELETE FROM idempotency_keys WHERE created_at < $1
                     AND created_at <= coalesce((SELECT created_at FROM idempotency_keys WHERE created_at < $1
                                                 ORDER BY created_at LIMIT 1 OFFSET 999), $1)",
                    params![before],
                )
            })
            .await
    }
}
