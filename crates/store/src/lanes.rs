//! Lanes: runs of one connection that must not all go on at once, and in which order they do. Queued actions have them, and
//! what providers' webhooks start.
//!
//! A queued run in a lane is *parked* while as many as the lane is wide go on or are about to; whenever one of those
//! ends, however it ends, the one that comes first is let go on: that of the earliest event, or where there are none the
//! one that has waited longest. So the queue itself never looks at a run that may not start, and no number of waiting runs
//! makes it slow. A run that waits for its next try keeps its place: the order stays.
//!
//! Whoever counts a lane's runs locks the connection first, and the connection before any run: two nodes never take the
//! same place.

use crate::{
    Store,
    db::{Tx, params},
    error::Result,
    runs::QUEUED,
};
use bespoke_core::{id::ConnectionId, time::Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// Woken when a place in a lane became free.
pub const FREED: &str = "lanes.freed";

/// Runs of one connection of which only some go on at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Its name; it holds the connection's row id, so that lanes of two connections are two.
    pub name: String,
    /// How many go on at once, at least 1.
    pub width: u32,
}

impl Lane {
    /// The lane that all queued actions of a connection share: one after the other.
    pub fn of_connection(connection: ConnectionId) -> Self {
        Self { name: connection.to_string(), width: 1 }
    }

    /// The lane of everything that webhooks start for a connection: one after the other, in the order of their events.
    pub fn of_webhooks(connection: ConnectionId) -> Self {
        // No action has a colon in its name.
        Self { name: format!("{connection}:webhooks"), width: 1 }
    }

    /// The lane of one action of a connection.
    pub fn of_action(connection: ConnectionId, action: &str, width: u32) -> Self {
        Self { name: format!("{connection}/{action}"), width }
    }
}

/// Locks what decides about the lanes of a connection; false where the connection is gone.
pub(crate) fn lock(tx: &mut Tx, connection: ConnectionId) -> Result<bool> {
    let sql = format!("SELECT id FROM connections WHERE id = $1{}", tx.for_update());
    Ok(tx.value_opt::<ConnectionId>(&sql, params![connection])?.is_some())
}

/// Whether another run may go on in the lane now; holds it so until the end of the transaction.
pub(crate) fn has_room(tx: &mut Tx, connection: ConnectionId, lane: &Lane, now: Timestamp) -> Result<bool> {
    lock(tx, connection)?;
    let waiting: Option<i64> = tx.value_opt(
        "SELECT 1 FROM runs WHERE lane = $1 AND state = 'queued' AND parked LIMIT 1",
        params![&lane.name],
    )?;
    Ok(waiting.is_none() && taken(tx, &lane.name, now)? < i64::from(lane.width))
}

/// How many go on in the lane, or may at any moment.
fn taken(tx: &mut Tx, lane: &str, now: Timestamp) -> Result<i64> {
    tx.query_one(
        "SELECT (SELECT count(*) FROM runs WHERE lane = $1 AND NOT parked AND state IN ('queued', 'running'))
              + (SELECT count(*) FROM lane_guests WHERE lane = $1 AND leased_until > $2)",
        params![lane, now],
        |row| row.get(0),
    )
}

/// Lets parked runs go on while there is room, in their order. The connection must be locked.
pub(crate) fn admit(tx: &mut Tx, lane: &str, now: Timestamp) -> Result<()> {
    let mut taken = taken(tx, lane, now)?;
    loop {
        let next: Option<(Uuid, i64)> = tx.query_opt(
            "SELECT id, lane_width FROM runs WHERE lane = $1 AND state = 'queued' AND parked
             ORDER BY event_id, event_item, run_at, function_name, id LIMIT 1",
            params![lane],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let Some((id, _)) = next.filter(|(_, width)| taken < *width) else { break };
        tx.execute("UPDATE runs SET parked = $2 WHERE id = $1", params![id, false])?;
        tx.wake(QUEUED);
        taken += 1;
    }
    tx.wake(FREED);
    Ok(())
}

impl Store {
    /// Takes a place in a lane for a run that is in no queue, for the time of `lease`. False where there is none.
    pub async fn enter_lane(
        &self,
        run: Uuid,
        connection: ConnectionId,
        lane: Lane,
        lease: Duration,
    ) -> Result<bool> {
        let now = self.now();
        self.db
            .write(move |tx| {
                if !has_room(tx, connection, &lane, now)? {
                    return Ok(false);
                }
                tx.execute(
                    "INSERT INTO lane_guests (run_id, connection_id, lane, leased_until)
                     SELECT $1, id, $3, $4 FROM connections WHERE id = $2",
                    params![run, connection, &lane.name, now.after(lease)],
                )?;
                Ok(true)
            })
            .await
    }

    /// Keeps places that [`Store::enter_lane`] gave for the time of `lease` from now on.
    pub async fn stay_in_lanes(&self, runs: Vec<Uuid>, lease: Duration) -> Result<()> {
        let until = self.now().after(lease);
        self.db
            .write(move |tx| {
                for run in &runs {
                    tx.execute(
                        "UPDATE lane_guests SET leased_until = $2 WHERE run_id = $1",
                        params![*run, until],
                    )?;
                }
                Ok(())
            })
            .await
    }

    /// Gives such a place back.
    pub async fn leave_lane(&self, run: Uuid) -> Result<()> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let connection: Option<ConnectionId> =
                    tx.value_opt("SELECT connection_id FROM lane_guests WHERE run_id = $1", params![run])?;
                let Some(connection) = connection else { return Ok(()) };
                leave(tx, connection, run, now)
            })
            .await
    }

    /// Gives back the places that nobody keeps any more: their nodes are gone. Some at a time; how many it were.
    pub async fn free_lanes(&self) -> Result<usize> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let mut lapsed: Vec<(ConnectionId, Uuid)> = tx.query(
                    "SELECT connection_id, run_id FROM lane_guests WHERE leased_until <= $1
                     ORDER BY leased_until LIMIT 100",
                    params![now],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?;
                lapsed.sort_unstable();
                for (connection, run) in &lapsed {
                    leave(tx, *connection, *run, now)?;
                }
                Ok(lapsed.len())
            })
            .await
    }
}

fn leave(tx: &mut Tx, connection: ConnectionId, run: Uuid, now: Timestamp) -> Result<()> {
    lock(tx, connection)?;
    let lane: Option<String> =
        tx.query_opt("DELETE FROM lane_guests WHERE run_id = $1 RETURNING lane", params![run], |row| {
            row.get(0)
        })?;
    match lane {
        Some(lane) => admit(tx, &lane, now),
        None => Ok(()),
    }
}
