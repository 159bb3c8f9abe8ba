//! What a write of metadata does to the data of its connection: the syncs run, or read everything anew.
//!
//! A re-sync takes nothing away before it has something better. A window opens for each of the sync's models, and the next
//! run that succeeds deletes what nothing has saved since. Until one succeeds the sync owes it, whatever happens to the
//! server, to runs and to the schedule.

use super::{
    schedule::{self, Runnable},
    variants,
};
use crate::{
    checkpoints,
    db::{Tx, params},
    error::Result,
    records, runs,
};
use bespoke_core::{
    checkpoint::key_of_sync,
    effect::{AppliedSync, Effect, When},
    id::{ConnectionId, EnvironmentId},
    run::RunState,
    time::Timestamp,
};
use uuid::Uuid;

/// A connection whose metadata was written, and what that does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affected {
    /// Its environment.
    pub(crate) environment: EnvironmentId,
    /// The connection.
    pub(crate) connection: ConnectionId,
    /// The revision that was written.
    pub(crate) revision: i64,
    /// What is to happen.
    pub(crate) effect: Effect,
    /// Whether the writer asked for it: then syncs run whose schedule is off, too, as when they are triggered.
    pub(crate) is_asked: bool,
}

/// Does to the syncs of these connections what the writes of their metadata want. Each sync that is concerned, by name and
/// variant, with its connection.
///
/// The syncs of all connections are locked in the order of their ids, as everywhere.
pub(crate) fn apply(
    tx: &mut Tx,
    affected: &[Affected],
    now: Timestamp,
) -> Result<Vec<(ConnectionId, AppliedSync)>> {
    let mut found: Vec<(Uuid, Affected)> = Vec::new();
    for of in affected {
        let sql = "SELECT id FROM syncs WHERE connection_id = $1";
        let syncs: Vec<Uuid> = tx.query(sql, params![of.connection], |row| row.get(0))?;
        found.extend(syncs.into_iter().map(|sync| (sync, *of)));
    }
    found.sort_unstable_by_key(|(sync, _)| *sync);
    let mut applied = Vec::new();
    for (sync, of) in found {
        if let Some(sync) = schedule::lock_runnable(tx, of.environment, sync)? {
            applied.extend(apply_to(tx, &sync, of, now)?.map(|done| (of.connection, done)));
        }
    }
    applied.sort_by(|(_, one), (_, other)| (&one.name, &one.variant).cmp(&(&other.name, &other.variant)));
    Ok(applied)
}

fn apply_to(tx: &mut Tx, sync: &Runnable, affected: Affected, now: Timestamp) -> Result<Option<AppliedSync>> {
    let Affected { revision, effect, is_asked, .. } = affected;
    let function = (sync.environment, sync.integration, sync.name.clone());
    let is_on = (sync.started || is_asked) && schedule::is_enabled(tx, &function)?;
    let active = runs::active_of_sync(tx, sync.id)?;
    let Some(when) = When::of(effect, is_on, active.map(|(_, state)| state)) else { return Ok(None) };
    let mut run = active.filter(|(_, state)| *state == RunState::Queued).map(|(id, _)| id);
    if effect == Effect::Resync {
        runs::cancel_for_sync(tx, sync.id, now)?;
        tx.execute("UPDATE syncs SET resync = TRUE, run_again = FALSE WHERE id = $1", params![sync.id])?;
        forget_progress(tx, &Runnable { resync: true, ..sync.clone() }, now)?;
        run = None;
    }
    if when == When::AfterCurrentRun {
        tx.execute("UPDATE syncs SET run_again = TRUE WHERE id = $1", params![sync.id])?;
    }
    if when == When::Now && run.is_none() {
        // The same for the same revision, of which there is one.
        let id = Uuid::new_v5(&sync.id, format!("revision:{revision}").as_bytes());
        schedule::enqueue(tx, sync, id, None, now)?;
        run = Some(id);
    }
    Ok(Some(AppliedSync { name: sync.name.clone(), variant: sync.variant.clone(), when, run }))
}

/// The sync's next run begins as its first one did. Where the sync owes a re-sync, what is there now is looked at again when
/// it has succeeded.
pub(super) fn forget_progress(tx: &mut Tx, sync: &Runnable, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE syncs SET last_success_started_at = NULL WHERE id = $1", params![sync.id])?;
    checkpoints::clear_for_sync(tx, sync.connection, &sync.name, &sync.variant)?;
    if !sync.resync {
        return Ok(());
    }
    let definitions = variants::definitions(tx, sync.environment, sync.integration)?;
    let by = key_of_sync(&sync.name, Some(&sync.variant));
    for definition in definitions.iter().filter(|definition| definition.name == sync.name) {
        for model in &definition.models {
            records::open_resync_window(tx, sync.connection, (model, &sync.variant), &by, now)?;
        }
    }
    Ok(())
}
