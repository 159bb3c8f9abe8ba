//! When syncs run: by schedule, and when someone asks for it.

use super::effects::forget_progress;
use crate::{
    Store,
    db::{Tx, params},
    error::{Error, Result},
    runs::{self, NewRun},
};
use bespoke_core::{
    id::{ConnectionId, EnvironmentId, IdSource, IntegrationId},
    run::{RunKind, RunState},
    schedule::Frequency,
    sync::TriggerOptions,
    time::Timestamp,
};
use std::collections::HashMap;
use uuid::Uuid;

/// Woken when the next slot of a sync may have become an earlier one.
pub const SCHEDULED: &str = "syncs.scheduled";

/// What is needed to queue a run of a sync.
#[derive(Clone)]
pub(super) struct Runnable {
    pub(super) id: Uuid,
    pub(super) environment: EnvironmentId,
    pub(super) connection: ConnectionId,
    pub(super) integration: IntegrationId,
    pub(super) name: String,
    pub(super) variant: String,
    /// Its schedule is on.
    pub(super) started: bool,
    /// It owes a re-sync.
    pub(super) resync: bool,
}

/// A sync function, as many syncs have it.
pub(super) type OfFunction = (EnvironmentId, IntegrationId, String);

impl Store {
    /// Queues the runs of up to `limit` syncs that are due, longest due first. How many were due.
    pub async fn enqueue_due_syncs(&self, ids: &IdSource, limit: u32) -> Result<u32> {
        let (now, ids) = (self.now(), ids.clone());
        self.db
            .write(move |tx| {
                let due = tx.one_of(&format!(
                    "SELECT id FROM syncs WHERE next_run_at <= $1 ORDER BY next_run_at, id LIMIT $2{}",
                    tx.skip_locked()
                ));
                let sql = format!(
                    "UPDATE syncs SET next_run_at = NULL WHERE id {due}
                     RETURNING id, environment_id, connection_id, name, integration_id, variant, started, resync"
                );
                let due = tx.query(&sql, params![now, limit], |row| {
                    let sync = Runnable {
                        id: row.get(0)?,
                        environment: row.get(1)?,
                        connection: row.get(2)?,
                        name: row.get(3)?,
                        integration: row.get(4)?,
                        variant: row.get(5)?,
                        started: row.get(6)?,
                        resync: row.get(7)?,
                    };
                    Ok(sync)
                })?;
                let mut enabled: HashMap<OfFunction, bool> = HashMap::new();
                for sync in &due {
                    let function = (sync.environment, sync.integration, sync.name.clone());
                    let is_enabled = match enabled.get(&function) {
                        Some(known) => *known,
                        None => is_enabled(tx, &function)?,
                    };
                    enabled.insert(function, is_enabled);
                    // That of a disabled function stays off the schedule until the function is enabled.
                    if is_enabled {
                        runs::enqueue(tx, &sync.run(ids.next(), None, now))?;
                    }
                }
                Ok(u32::try_from(due.len()).unwrap_or(u32::MAX))
            })
            .await
    }

    /// When the next sync is due; `None` where none is scheduled.
    pub async fn next_due_sync(&self) -> Result<Option<Timestamp>> {
        self.db
            .read(|tx| {
                tx.value_opt(
                    "SELECT next_run_at FROM syncs WHERE next_run_at IS NOT NULL ORDER BY next_run_at, id LIMIT 1",
                    &[],
                )
            })
            .await
    }

    /// Queues a run of each of these syncs, where none is queued or running. Those that do not exist are skipped.
    ///
    /// With an option that starts over, a run that is under way is cancelled for the new one.
    pub async fn trigger_syncs(
        &self,
        environment: EnvironmentId,
        syncs: Vec<Uuid>,
        options: TriggerOptions,
        ids: &IdSource,
    ) -> Result<()> {
        let (now, ids) = (self.now(), ids.clone());
        self.db
            .write(move |tx| {
                for sync in runnable(tx, environment, &syncs)? {
                    let afresh = options.reset || options.empty_cache;
                    if afresh {
                        runs::cancel_for_sync(tx, sync.id, now)?;
                    }
                    enqueue(tx, &sync, ids.next(), afresh.then_some(options), now)?;
                    if options.reset {
                        forget_progress(tx, &sync, now)?;
                    }
                }
                Ok(())
            })
            .await
    }

    /// Turns the schedules of these syncs on. Those that were off run at once, unless their function is disabled.
    pub async fn start_syncs(
        &self,
        environment: EnvironmentId,
        syncs: Vec<Uuid>,
        ids: &IdSource,
    ) -> Result<()> {
        let (now, ids) = (self.now(), ids.clone());
        self.db
            .write(move |tx| {
                for sync in runnable(tx, environment, &syncs)? {
                    let sql = "UPDATE syncs SET started = TRUE WHERE id = $1 AND NOT started";
                    let was_off = tx.execute(sql, params![sync.id])? > 0;
                    // That of a disabled function is due when the function is enabled.
                    if was_off && is_enabled(tx, &(environment, sync.integration, sync.name.clone()))? {
                        enqueue(tx, &sync, ids.next(), None, now)?;
                    }
                }
                Ok(())
            })
            .await
    }

    /// Turns the schedules of these syncs off, and cancels their runs.
    pub async fn pause_syncs(&self, environment: EnvironmentId, syncs: Vec<Uuid>) -> Result<()> {
        let now = self.now();
        self.db
            .write(move |tx| {
                for sync in runnable(tx, environment, &syncs)? {
                    let sql =
                        "UPDATE syncs SET started = FALSE, run_again = FALSE, next_run_at = NULL WHERE id = $1";
                    tx.execute(sql, params![sync.id])?;
                    runs::cancel_for_sync(tx, sync.id, now)?;
                }
                Ok(())
            })
            .await
    }

    /// Gives a sync its own frequency, or none. The text must be a [`Frequency`]. False where there is no such sync.
    pub async fn set_sync_frequency(
        &self,
        environment: EnvironmentId,
        sync: Uuid,
        frequency: Option<String>,
    ) -> Result<bool> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let changed = tx.execute(
                    "UPDATE syncs SET frequency = $3 WHERE id = $2 AND environment_id = $1",
                    params![environment, sync, frequency.as_deref()],
                )?;
                // A run that is due already stays so.
                if let Some(next) = next_slot(tx, sync, now)? {
                    tx.execute(
                        "UPDATE syncs SET next_run_at = $2 WHERE id = $1 AND next_run_at > $3",
                        params![sync, next, now],
                    )?;
                    tx.wake(SCHEDULED);
                }
                Ok(changed > 0)
            })
            .await
    }
}

pub(super) fn is_enabled(tx: &mut Tx, (environment, integration, name): &OfFunction) -> Result<bool> {
    let enabled = tx.value_opt(
        "SELECT enabled FROM functions
         WHERE environment_id = $1 AND integration_id = $2 AND kind = 'sync' AND name = $3 AND is_current",
        params![*environment, *integration, name],
    )?;
    Ok(enabled.unwrap_or(true))
}

/// A sync function was enabled: its syncs that are on and wait for nothing are due.
pub(crate) fn function_enabled(
    tx: &mut Tx,
    environment: EnvironmentId,
    integration: IntegrationId,
    name: &str,
    now: Timestamp,
) -> Result<()> {
    // Where a run is queued or running, the slot finds it there and makes no second one.
    tx.execute(
        "UPDATE syncs SET next_run_at = $4
         WHERE environment_id = $1 AND integration_id = $2 AND name = $3 AND started AND next_run_at IS NULL",
        params![environment, integration, name, now],
    )?;
    tx.wake(SCHEDULED);
    Ok(())
}

/// A run of the sync, which began at `started_at`, has ended in this state: the next one is scheduled. A cancelled run says
/// nothing about whether the sync works.
pub(crate) fn run_finished(
    tx: &mut Tx,
    sync: Uuid,
    started_at: Timestamp,
    state: RunState,
    now: Timestamp,
) -> Result<()> {
    let succeeded = state == RunState::Succeeded;
    let next = next_slot(tx, sync, now)?;
    tx.execute(
        "UPDATE syncs SET next_run_at = CASE WHEN run_again THEN CAST($4 AS BIGINT) ELSE $2 END, run_again = FALSE,
                          last_success_started_at = coalesce($3, last_success_started_at),
                          resync = CASE WHEN $3 IS NULL THEN resync ELSE FALSE END,
                          failed_at = CASE WHEN $5 THEN failed_at ELSE $6 END
         WHERE id = $1",
        params![
            sync,
            next,
            succeeded.then_some(started_at),
            now,
            state == RunState::Cancelled,
            (!succeeded).then_some(now)
        ],
    )?;
    tx.wake(SCHEDULED);
    Ok(())
}

/// Locks a sync. Whoever changes a sync and its runs locks the sync first, so that two of them never wait for each other.
pub(crate) fn lock(tx: &mut Tx, sync: Uuid) -> Result<()> {
    let sql = format!("SELECT id FROM syncs WHERE id = $1{}", tx.for_update());
    tx.value_opt::<Uuid>(&sql, params![sync]).map(drop)
}

/// The next slot after `now`; `None` while the schedule is off. Locks the sync.
fn next_slot(tx: &mut Tx, sync: Uuid, now: Timestamp) -> Result<Option<Timestamp>> {
    let sql = format!(
        "SELECT coalesce(frequency, default_frequency), anchor FROM syncs WHERE id = $1 AND started{}",
        tx.for_update()
    );
    let schedule: Option<(String, Timestamp)> =
        tx.query_opt(&sql, params![sync], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some((frequency, anchor)) = schedule else { return Ok(None) };
    match Frequency::parse(&frequency) {
        Ok(frequency) => Ok(Some(frequency.next_after(anchor, now))),
        Err(error) => Err(Error::Corrupt(error.to_string())),
    }
}

/// Those of `syncs` that exist, locked in the order of their ids so that two callers never wait for each other.
fn runnable(tx: &mut Tx, environment: EnvironmentId, syncs: &[Uuid]) -> Result<Vec<Runnable>> {
    let mut ids = syncs.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(lock_runnable(tx, environment, id)?);
    }
    Ok(found)
}

/// The sync with this id, locked.
pub(super) fn lock_runnable(tx: &mut Tx, environment: EnvironmentId, id: Uuid) -> Result<Option<Runnable>> {
    let sql = format!(
        "SELECT connection_id, integration_id, name, variant, started, resync FROM syncs
         WHERE id = $2 AND environment_id = $1{}",
        tx.for_update()
    );
    tx.query_opt(&sql, params![environment, id], |row| {
        Ok(Runnable {
            id,
            environment,
            connection: row.get(0)?,
            integration: row.get(1)?,
            name: row.get(2)?,
            variant: row.get(3)?,
            started: row.get(4)?,
            resync: row.get(5)?,
        })
    })
}

/// Queues a run and takes the sync off the schedule until it has ended.
pub(super) fn enqueue(
    tx: &mut Tx,
    sync: &Runnable,
    run: Uuid,
    options: Option<TriggerOptions>,
    now: Timestamp,
) -> Result<()> {
    let input = options.map(|options| serde_json::to_string(&options).expect("two booleans are JSON"));
    runs::enqueue(tx, &sync.run(run, input, now))?;
    tx.execute("UPDATE syncs SET next_run_at = NULL WHERE id = $1", params![sync.id])?;
    Ok(())
}

impl Runnable {
    fn run(&self, id: Uuid, input: Option<String>, now: Timestamp) -> NewRun {
        NewRun {
            id,
            environment: self.environment,
            kind: RunKind::Sync,
            connection: self.connection,
            function_name: self.name.clone(),
            sync: Some(self.id),
            run_at: now,
            max_attempts: 1,
            input,
            lane: None,
            now,
        }
    }
}
