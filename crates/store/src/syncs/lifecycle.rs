//! Syncs come with a connection or with a function, and go with either.
//!
//! All of this happens inside the transaction that makes or deletes the other thing. Records stay when a function goes:
//! a sync that is deployed again finds them.

use super::{schedule::SCHEDULED, variants::definitions};
use crate::{
    db::{Tx, Value, multi_row, params},
    error::{Error, Result},
    runs,
};
use bespoke_core::{
    function::{Definition, Function},
    id::{ConnectionId, EnvironmentId, IntegrationId},
    schedule::Frequency,
    sync::{BASE_VARIANT, DEFAULT_FREQUENCY, id_of},
    time::Timestamp,
};
use std::time::Duration;

/// Rows per statement, largest first: a few sizes, so that few statements have to be prepared.
const CHUNKS: [usize; 3] = [200, 20, 1];

/// Makes the syncs of a new connection: one for each sync function of its integration. Those that start by themselves
/// run at once.
pub(crate) fn create_for_connection(
    tx: &mut Tx,
    environment: EnvironmentId,
    integration: IntegrationId,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<()> {
    for definition in &definitions(tx, environment, integration)? {
        let planned = Planned { environment, integration, definition, variant: BASE_VARIANT };
        insert(tx, planned, &[connection], now)?;
    }
    Ok(())
}

/// Makes the syncs of a new function: one for each connection of its integration that has none.
pub(crate) fn create_for_function(
    tx: &mut Tx,
    integration: IntegrationId,
    function: &Function,
    now: Timestamp,
) -> Result<()> {
    // Waits for connections that are just being made, and makes new ones wait: each then sees the other.
    let lock = format!("SELECT id FROM integrations WHERE id = $1{}", tx.for_update());
    tx.value_opt::<IntegrationId>(&lock, params![integration])?;
    let connections: Vec<ConnectionId> = tx.query(
        "SELECT id FROM connections WHERE +environment_id = $1 AND integration_id = $2 ORDER BY id",
        params![function.environment, integration],
        |row| row.get(0),
    )?;
    let environment = function.environment;
    let planned =
        Planned { environment, integration, definition: &function.definition, variant: BASE_VARIANT };
    insert(tx, planned, &connections, now)
}

/// Gives the syncs of a function its new frequency. Runs that are queued or go on are left alone; which version a run
/// executes is decided when it starts.
pub(crate) fn function_changed(
    tx: &mut Tx,
    integration: IntegrationId,
    function: &Function,
    now: Timestamp,
) -> Result<()> {
    let (frequency, interval) = default_frequency(&function.definition)?;
    let step = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
    // The slots are those of `Frequency::next_after`.
    let changed = tx.execute(
        "UPDATE syncs
         SET default_frequency = $4,
             next_run_at = CASE WHEN frequency IS NULL AND next_run_at > $5
                                THEN anchor + (($5 - anchor) / $6 + 1) * $6 ELSE next_run_at END
         WHERE environment_id = $1 AND integration_id = $2 AND name = $3 AND default_frequency <> $4",
        params![function.environment, integration, &function.definition.name, frequency, now, step],
    )?;
    if changed > 0 {
        tx.wake(SCHEDULED);
    }
    Ok(())
}

/// Deletes the syncs of a function, with their runs; what runs is stopped.
pub(crate) fn delete_for_function(
    tx: &mut Tx,
    environment: EnvironmentId,
    integration: IntegrationId,
    name: &str,
    _now: Timestamp,
) -> Result<()> {
    let deleted = tx.execute(
        "DELETE FROM syncs WHERE environment_id = $1 AND integration_id = $2 AND name = $3",
        params![environment, integration, name],
    )?;
    if deleted > 0 {
        tx.wake(runs::CANCELLED);
    }
    Ok(())
}

/// Deletes the syncs of a connection, with their runs; what runs is stopped. Its records go when the connection does
/// ([`crate::Store::remove_orphaned_records`]).
pub(crate) fn delete_for_connection(tx: &mut Tx, connection: ConnectionId, _now: Timestamp) -> Result<()> {
    if tx.execute("DELETE FROM syncs WHERE connection_id = $1", params![connection])? > 0 {
        tx.wake(runs::CANCELLED);
    }
    Ok(())
}

/// The function's frequency, as text and as time. [`Error::Refused`] where it is none.
fn default_frequency(definition: &Definition) -> Result<(&str, Duration)> {
    let text = definition.frequency.as_deref().unwrap_or(DEFAULT_FREQUENCY);
    match Frequency::parse(text) {
        Ok(frequency) => Ok((text, frequency.interval)),
        Err(error) => Err(Error::Refused(error.to_string())),
    }
}

/// Which sync connections get.
#[derive(Clone, Copy)]
pub(super) struct Planned<'a> {
    pub(super) environment: EnvironmentId,
    pub(super) integration: IntegrationId,
    pub(super) definition: &'a Definition,
    pub(super) variant: &'a str,
}

/// Makes a sync for each of the connections that has none of this name and variant.
pub(super) fn insert(
    tx: &mut Tx,
    planned: Planned<'_>,
    connections: &[ConnectionId],
    now: Timestamp,
) -> Result<()> {
    let Planned { environment, integration, definition, variant } = planned;
    let (frequency, _) = default_frequency(definition)?;
    let started = definition.auto_start;
    let next_run_at = started.then_some(now);
    let mut rest = connections;
    for size in CHUNKS {
        let whole = rest.len() - rest.len() % size;
        let (chunks, remainder) = rest.split_at(whole);
        rest = remainder;
        if chunks.is_empty() {
            continue;
        }
        let sql = multi_row(
            "INSERT INTO syncs (id, environment_id, connection_id, integration_id, name, variant, started,
                                default_frequency, anchor, next_run_at) VALUES ",
            "(?, $1, ?, $2, $3, $4, $5, $6, $7, $8)",
            " ON CONFLICT (connection_id, name, variant) DO NOTHING",
            8,
            size,
        );
        for chunk in chunks.chunks_exact(size) {
            let mut values: Vec<Value<'_>> = params![
                environment,
                integration,
                &definition.name,
                variant,
                started,
                frequency,
                now,
                next_run_at
            ]
            .to_vec();
            for connection in chunk {
                values.push(Value::from(id_of(*connection, &definition.name, variant)));
                values.push(Value::from(*connection));
            }
            tx.execute(&sql, &values)?;
        }
    }
    if started && !connections.is_empty() {
        tx.wake(SCHEDULED);
    }
    Ok(())
}
