//! Which records were seen, and deleting those that were not.
//!
//! A window begins after a time of its set. A record was seen in it where it changed later than that, or where its bit is
//! set among the window's sightings: saving a record that is stored just so changes no row, but leaves the bit. So a
//! window costs a few kilobytes per batch however large the records are, it may stay open for as long as it takes, over
//! any number of runs, and whatever saves counts.
//!
//! A window that is open for a set is kept in the database; the one of a single run in the run's memory.

use super::{RecordSet, Writer, write};
use crate::{
    Store,
    db::{Tx, Value, params},
    error::Result,
};
use bespoke_core::{
    id::{ConnectionId, EnvironmentId, RecordSetId},
    record::{Cursor, Sightings},
    time::Timestamp,
};
use std::collections::HashMap;
use uuid::Uuid;

/// Records that are looked at in one piece.
const PAGE: i64 = 10_000;

/// What counts as seen.
#[derive(Clone, Debug)]
pub enum Window {
    /// The window that is open for the set; deleting closes it.
    Open,
    /// The same, unless the function itself tracks what is gone.
    Resync,
    /// What changed after this time, and what has these numbers.
    Run(Timestamp, Sightings),
}

/// A record that may not have been seen.
struct Candidate {
    external_id: String,
    ordinal: u64,
}

impl Store {
    /// Opens a window; where one is open it stays as it is, and that of a re-sync becomes the function's own. `by` is the
    /// checkpoint key of the function that asks.
    pub async fn open_window(&self, set: RecordSet, by: &str) -> Result<()> {
        let (now, by) = (self.now(), by.to_owned());
        self.db
            .write(move |tx| {
                write::check_fence(tx, set)?;
                tx.execute(
                    &format!("{OPEN} WHERE id = $3 AND tracked_since IS NULL"),
                    params![now, &by, set.id],
                )?;
                tx.execute(
                    "UPDATE record_sets SET tracked_by = $2 WHERE id = $1 AND tracked_by = $3",
                    params![set.id, &by, resync(&by)],
                )?;
                Ok(())
            })
            .await
    }

    /// The time of the last change of each of a connection's models: where a run's own window begins.
    pub async fn last_changes(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
        variant: &str,
    ) -> Result<HashMap<String, Timestamp>> {
        let variant = variant.to_owned();
        self.db
            .read(move |tx| {
                let rows = tx.query(
                    "SELECT model, last_change FROM record_sets
                     WHERE connection_id = $2 AND variant = $3 AND environment_id = $1",
                    params![environment, connection, &variant],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?;
                Ok(rows.into_iter().collect())
            })
            .await
    }

    /// Marks every live record that was not seen as deleted, all at once, and closes the window. Their ids, the oldest
    /// change first; `None` where there is no window.
    ///
    /// The looking is done beside other work, a page at a time; only what was found is looked at again under the lock.
    pub async fn delete_unseen(
        &self,
        set: RecordSet,
        window: Window,
        writer: Writer,
    ) -> Result<Option<Vec<String>>> {
        let now = self.now();
        loop {
            let Some((since, seen)) = self.window(set, &window).await? else { return Ok(None) };
            let candidates = self.unseen(set, since, seen).await?;
            let window = window.clone();
            let deleted = self
                .db
                .write(move |tx| {
                    let begun = write::begin_change(tx, set, now, 0)?;
                    let is_stored = !matches!(window, Window::Run(..));
                    if is_stored && begun.tracked_since != Some(since) {
                        return Ok(None);
                    }
                    let seen = match &window {
                        Window::Open | Window::Resync => stored_sightings(tx, set.id)?,
                        Window::Run(_, seen) => seen.clone(),
                    };
                    let deleted = still_unseen(tx, set, candidates, since, &seen)?;
                    write::mark_deleted(tx, set, &deleted, writer, begun.time)?;
                    write::add_live(tx, set.id, 0, deleted.len() as u64)?;
                    if is_stored {
                        close_window(tx, set.id)?;
                    }
                    Ok(Some(deleted))
                })
                .await?;
            if deleted.is_some() {
                return Ok(deleted);
            }
            // The window was closed, and perhaps another opened, while we looked.
        }
    }

    /// The ids of the live records that [`Store::delete_unseen`] would delete now; `None` where there is no window.
    pub async fn unseen_records(&self, set: RecordSet, window: Window) -> Result<Option<Vec<String>>> {
        let Some((since, seen)) = self.window(set, &window).await? else { return Ok(None) };
        let unseen = self.unseen(set, since, seen).await?;
        Ok(Some(unseen.into_iter().map(|candidate| candidate.external_id).collect()))
    }

    async fn window(&self, set: RecordSet, window: &Window) -> Result<Option<(Timestamp, Sightings)>> {
        match window {
            Window::Run(since, seen) => Ok(Some((*since, seen.clone()))),
            Window::Open | Window::Resync => {
                let only_resync = matches!(window, Window::Resync);
                self.db
                    .read(move |tx| {
                        let Some(since) = write::state(tx, set.id)?.tracked_since else { return Ok(None) };
                        let sql = "SELECT tracked_by FROM record_sets WHERE id = $1";
                        let by: Option<String> = tx.query_one(sql, params![set.id], |row| row.get(0))?;
                        if only_resync && by.is_none_or(|by| !by.starts_with(RESYNC)) {
                            return Ok(None);
                        }
                        Ok(Some((since, stored_sightings(tx, set.id)?)))
                    })
                    .await
            }
        }
    }

    /// The live records that were not seen, by the time of their last change.
    async fn unseen(&self, set: RecordSet, since: Timestamp, seen: Sightings) -> Result<Vec<Candidate>> {
        let mut after = Cursor { updated_at: Timestamp(i64::MIN), id: Uuid::nil() };
        let mut seen = seen;
        let mut found = Vec::new();
        loop {
            let page = self
                .db
                .read(move |tx| {
                    let mut unseen = Vec::new();
                    let (mut rows, mut last) = (0, after);
                    tx.for_each(
                        "SELECT external_id, ordinal, updated_at, id, deleted_at FROM records
                         WHERE set_id = $1 AND (updated_at, id) > ($2, $3) AND updated_at <= $4
                         ORDER BY updated_at, id LIMIT $5",
                        params![set.id, after.updated_at, after.id.as_bytes(), since, PAGE],
                        |row| {
                            rows += 1;
                            last = Cursor { updated_at: row.get(2)?, id: super::uuid(row, 3)? };
                            let ordinal = row.get::<i64>(1)?.cast_unsigned();
                            let live = row.get::<Option<i64>>(4)?.is_none();
                            if live && !seen.contains(ordinal) {
                                unseen.push(Candidate { external_id: row.get(0)?, ordinal });
                            }
                            Ok(())
                        },
                    )?;
                    Ok((unseen, (rows == PAGE).then_some(last), seen))
                })
                .await?;
            found.extend(page.0);
            seen = page.2;
            match page.1 {
                Some(last) => after = last,
                None => return Ok(found),
            }
        }
    }
}

/// Opens the window of a set now, for `$2`.
const OPEN: &str = "UPDATE record_sets
     SET tracked_since = CASE WHEN last_change < $1 THEN $1 ELSE last_change + 1 END,
         last_change = CASE WHEN last_change < $1 THEN $1 ELSE last_change + 1 END,
         tracked_by = $2";

/// Begins the `tracked_by` of a window that a re-sync has opened.
const RESYNC: &str = "resync:";

fn resync(by: &str) -> String {
    format!("{RESYNC}{by}")
}

/// Sets the bits of these records in the open window. The set must be locked.
pub(super) fn mark_seen(tx: &mut Tx, set: RecordSetId, ordinals: &[u64]) -> Result<()> {
    let mut seen = Sightings::default();
    seen.extend(ordinals.iter().copied());
    let chunks: Vec<i64> = seen.chunks().map(|(number, _)| number).collect();
    for chunk in chunks {
        let stored: Option<Vec<u8>> = tx.value_opt(
            "SELECT bits FROM record_sightings WHERE set_id = $1 AND chunk = $2",
            params![set, chunk],
        )?;
        if stored.is_some_and(|stored| seen.merge(chunk, &stored)) {
            continue;
        }
        let bits = seen.chunks().find(|(number, _)| *number == chunk).map(|(_, bits)| bits);
        tx.execute(
            "INSERT INTO record_sightings (set_id, chunk, bits) VALUES ($1, $2, $3)
             ON CONFLICT (set_id, chunk) DO UPDATE SET bits = excluded.bits",
            params![set, chunk, bits.unwrap_or_default()],
        )?;
    }
    Ok(())
}

/// Opens the window of a re-sync for a model and variant; `by` is the sync's checkpoint key. Of what was never saved there is
/// nothing to delete.
pub(crate) fn open_resync_window(
    tx: &mut Tx,
    connection: ConnectionId,
    (model, variant): (&str, &str),
    by: &str,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        &format!("{OPEN} WHERE connection_id = $3 AND model = $4 AND variant = $5 AND tracked_since IS NULL"),
        params![now, resync(by), connection, model, variant],
    )?;
    Ok(())
}

/// Closes the windows that a function, or a re-sync of it, has open at a connection.
pub(crate) fn close_windows(tx: &mut Tx, connection: ConnectionId, by: &str) -> Result<()> {
    let mut sets: Vec<RecordSetId> = tx.query(
        "SELECT id FROM record_sets WHERE connection_id = $1 AND tracked_by IN ($2, $3)",
        params![connection, by, resync(by)],
        |row| row.get(0),
    )?;
    // Everybody locks them in this order.
    sets.sort_unstable();
    sets.into_iter().try_for_each(|set| close_window(tx, set))
}

fn close_window(tx: &mut Tx, set: RecordSetId) -> Result<()> {
    tx.execute("UPDATE record_sets SET tracked_since = NULL, tracked_by = NULL WHERE id = $1", params![set])?;
    forget_sightings(tx, set)
}

/// Removes the bits of a set.
pub(super) fn forget_sightings(tx: &mut Tx, set: RecordSetId) -> Result<()> {
    tx.execute("DELETE FROM record_sightings WHERE set_id = $1", params![set])?;
    Ok(())
}

fn stored_sightings(tx: &mut Tx, set: RecordSetId) -> Result<Sightings> {
    let chunks =
        tx.query("SELECT chunk, bits FROM record_sightings WHERE set_id = $1", params![set], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(Sightings::from_chunks(chunks))
}

/// Those that nobody has seen, deleted or changed meanwhile, in their order.
fn still_unseen(
    tx: &mut Tx,
    set: RecordSet,
    mut candidates: Vec<Candidate>,
    since: Timestamp,
    seen: &Sightings,
) -> Result<Vec<String>> {
    candidates.retain(|candidate| !seen.contains(candidate.ordinal));
    let mut left = std::collections::HashSet::with_capacity(candidates.len());
    let from = tx.by_keys(2, "records", "r.set_id = $1 AND r.external_id = k.value");
    let sql = format!("SELECT r.external_id {from} WHERE r.deleted_at IS NULL AND r.updated_at <= $3");
    for chunk in candidates.chunks(PAGE as usize) {
        let ids: Vec<&str> = chunk.iter().map(|candidate| candidate.external_id.as_str()).collect();
        tx.for_each(&sql, params![set.id, Value::json(&ids)?, since], |row| {
            left.insert(row.get::<String>(0)?);
            Ok(())
        })?;
    }
    Ok(candidates.into_iter().map(|candidate| candidate.external_id).filter(|id| left.contains(id)).collect())
}
