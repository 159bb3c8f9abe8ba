//! Webhook runs of one connection go one after the other, in the order of their events: its *lane*. A later one waits
//! while an earlier one is queued, runs, or is to be tried again; other connections are not held up.
//!
//! Those that wait are queued for a time that never comes, so claiming costs nothing for them. Whoever adds to a lane or
//! ends its first run locks the connection before ([`crate::lanes::lock`]), so that none is overlooked.

use crate::{
    db::{Tx, params},
    error::Result,
    runs::QUEUED,
};
use bespoke_core::{
    id::{ConnectionId, EnvironmentId},
    time::Timestamp,
};
use uuid::Uuid;

/// The year 9000: no run starts then.
const NEVER: Timestamp = Timestamp(221_845_392_000_000_000);
/// How often a webhook function is tried.
const MAX_ATTEMPTS: u32 = 5;

/// A run of a sync's `onWebhook` for one event.
pub(crate) struct WebhookRun<'a> {
    pub(crate) environment: EnvironmentId,
    pub(crate) connection: ConnectionId,
    pub(crate) function_name: &'a str,
    pub(crate) sync: Uuid,
    pub(crate) event: i64,
    /// Which element of the event it is for.
    pub(crate) item: i64,
    pub(crate) now: Timestamp,
}

/// Adds a run to the lane, which must be locked; [`release`] follows. False where the sync is not there.
pub(crate) fn enqueue(tx: &mut Tx, run: &WebhookRun<'_>) -> Result<bool> {
    let name = format!("webhook:{}:{}:{}:{}", run.event, run.item, run.connection, run.function_name);
    let added = tx.execute(
        "INSERT INTO runs (id, environment_id, kind, connection_id, integration_id, function_name, state, run_at,
                           take_ups, attempt, max_attempts, created_at, event_id, event_item)
         SELECT $1, $2, 'webhook', id, integration_id, $4, 'queued', $5, 0, 0, $6, $7, $8, $9
         FROM connections
         WHERE id = $3 AND EXISTS (SELECT 1 FROM syncs WHERE id = $10) ON CONFLICT DO NOTHING",
        params![
            Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
            run.environment,
            run.connection,
            run.function_name,
            NEVER,
            MAX_ATTEMPTS,
            run.now,
            run.event,
            run.item,
            run.sync
        ],
    )?;
    Ok(added > 0)
}

/// Lets the first run of the lane start, where it waits. The lane must be locked.
pub(crate) fn release(tx: &mut Tx, connection: ConnectionId, now: Timestamp) -> Result<()> {
    let released = tx.execute(
        "UPDATE runs SET run_at = $2
         WHERE id = (SELECT id FROM runs
                     WHERE connection_id = $1 AND kind = 'webhook' AND state IN ('queued', 'running')
                     ORDER BY event_id, event_item, function_name LIMIT 1)
           AND state = 'queued' AND run_at = $3",
        params![connection, now, NEVER],
    )?;
    if released > 0 {
        tx.wake(QUEUED);
    }
    Ok(())
}
