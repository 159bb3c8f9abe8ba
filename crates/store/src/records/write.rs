//! Changing records, a batch at a time.

use super::{
    RecordSet,
    tracking::{self, mark_seen},
    uuid,
    versions::{self, Content},
};
use crate::{
    Store,
    db::{Tx, Value, multi_row, params},
    error::{Error, Result},
    runs,
};
use bespoke_core::{
    id::RecordSetId,
    record::{Cursor, NewRecord, content_hash, merge, row_id},
    sync::Counts,
    time::Timestamp,
};
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// Rows per statement, largest first: a few sizes, so that few statements have to be prepared.
const CHUNKS: [usize; 4] = [250, 50, 10, 1];
/// Rows that are removed in one transaction.
const REMOVED_AT_ONCE: u32 = 10_000;

/// What changes records: a run.
#[derive(Clone, Copy, Debug)]
pub struct Writer {
    /// The run.
    pub run: Uuid,
    /// The metadata revision that it has.
    pub metadata_revision: i64,
    /// Records that something else changed after this time stay as they are.
    pub yields_after: Option<Timestamp>,
}

impl Writer {
    /// A run that overwrites what is there.
    pub const fn new(run: Uuid, metadata_revision: i64) -> Self {
        Self { run, metadata_revision, yields_after: None }
    }

    /// The last change that it overwrites.
    pub(super) fn overwrites_until(self) -> Timestamp {
        self.yields_after.unwrap_or(Timestamp(i64::MAX))
    }
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// What it did.
    pub counts: Counts,
    /// The numbers of the records that were there before.
    pub seen: Vec<u64>,
    /// What is known of the set now; `None` where the batch is not stored exactly so, or others came between.
    pub stored: Option<StoredBatch>,
}

/// A batch that is stored exactly so, as long as its set does not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBatch {
    /// The set's last change before the batch.
    pub before: Timestamp,
    /// The set's last change with the batch: the same where it changed nothing.
    pub after: Timestamp,
    /// The numbers of its records.
    pub numbers: Vec<u64>,
}

/// What a batch finds.
struct Look {
    /// What is not stored exactly so.
    changed: Vec<Change>,
    /// The numbers of everything that is stored.
    seen: Vec<u64>,
    /// The set then.
    state: State,
}

/// What a set is at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// Its last change.
    last_change: Timestamp,
    /// Since when it is tracked.
    pub(super) tracked_since: Option<Timestamp>,
}

/// A record to be written, with its number where it has one.
struct Change {
    record: NewRecord,
    ordinal: Option<u64>,
}

/// What [`Store::prune_records`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// How many payloads were emptied.
    pub count: u64,
    /// Whether there are more up to the same place.
    pub has_more: bool,
}

impl Store {
    /// Saves a batch: adds what is new, replaces what differs. A deleted record that comes back counts as added.
    ///
    /// The external ids must be distinct. `writer` is kept with what changes.
    pub async fn save_records(
        &self,
        set: RecordSet,
        records: Vec<NewRecord>,
        writer: Writer,
    ) -> Result<Saved> {
        let total = records.len() as u64;
        let records = Arc::new(records);
        loop {
            // A reader sorts out what is stored already: a batch without changes writes no record, and nothing at all
            // unless someone wants to know what was seen.
            let batch = Arc::clone(&records);
            let look = self.db.read(move |tx| look(tx, set, &batch)).await?;
            let seen = look.seen.clone();
            if look.changed.is_empty() && look.state.tracked_since.is_none() {
                let at = look.state.last_change;
                let stored = StoredBatch { before: at, after: at, numbers: look.seen };
                let counts = Counts { unchanged: total, ..Counts::default() };
                return Ok(Saved { counts, seen, stored: Some(stored) });
            }
            let now = self.now();
            let written = self.db.write(move |tx| write_batch(tx, set, look, writer, now)).await?;
            if let Some((mut counts, stored)) = written {
                counts.unchanged = total - counts.added - counts.updated;
                return Ok(Saved { counts, seen, stored });
            }
        }
    }

    /// The last change of the set; `None` while somebody wants to know which of its records are seen.
    pub async fn last_change(&self, set: RecordSet) -> Result<Option<Timestamp>> {
        let State { last_change, tracked_since } = self.db.look_up(move |tx| state(tx, set.id)).await?;
        Ok(Some(last_change).filter(|_| tracked_since.is_none()))
    }

    /// Merges each of `parts` into the record of its id ([`merge`]). What is not there, is deleted or pruned, is skipped.
    pub async fn update_records(
        &self,
        set: RecordSet,
        parts: Vec<NewRecord>,
        writer: Writer,
    ) -> Result<Saved> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let begun = begin_change(tx, set, now, 0)?;
                let (merged, mut saved) = merged(tx, set, &parts, writer)?;
                saved.counts += upsert(tx, set, &merged, writer, begun)?;
                if begun.tracked_since.is_some() {
                    mark_seen(tx, set.id, &saved.seen)?;
                }
                Ok(saved)
            })
            .await
    }

    /// Marks records as deleted; what was stored of them stays, only their ids are read. What is not there or is deleted already is skipped.
    pub async fn delete_records(
        &self,
        set: RecordSet,
        records: Vec<NewRecord>,
        writer: Writer,
    ) -> Result<Counts> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let time = begin_change(tx, set, now, 0)?.time;
                let from = tx.by_keys(2, "records", "r.set_id = $1 AND r.external_id = k.value");
                let live: Vec<String> = tx.query(
                    &format!(
                        "SELECT r.external_id {from}
                         WHERE r.deleted_at IS NULL AND (r.updated_at <= $3 OR r.run_id = $4)"
                    ),
                    params![set.id, json_ids(&records)?, writer.overwrites_until(), writer.run.as_bytes()],
                    |row| row.get(0),
                )?;
                mark_deleted(tx, set, &live, writer, time)?;
                let deleted = live.len() as u64;
                add_live(tx, set.id, 0, deleted)?;
                Ok(Counts { deleted, ..Counts::default() })
            })
            .await
    }

    /// Removes every record of the set for good, as if nothing had ever been saved. How many it were.
    ///
    /// In several transactions: others can write in between.
    pub async fn clear_records(&self, set: RecordSet) -> Result<u64> {
        let mut total = 0;
        let some_versions = move |tx: &mut Tx| {
            lock(tx, set.id)?;
            versions::remove_some(tx, set.id)
        };
        while self.db.write(some_versions).await? {}
        loop {
            let removed = self
                .db
                .write(move |tx| {
                    lock(tx, set.id)?;
                    note_change(tx, set.id)?;
                    remove_some(tx, set.id)
                })
                .await?;
            total += removed;
            if removed < u64::from(REMOVED_AT_ONCE) {
                return Ok(total);
            }
        }
    }

    /// Removes some of the records whose connection is gone. True where there may be more of them.
    pub async fn remove_orphaned_records(&self) -> Result<bool> {
        self.db
            .write(|tx| {
                let sql = format!(
                    "SELECT id FROM record_sets WHERE connection_id IS NULL LIMIT 1{}",
                    tx.skip_locked()
                );
                let Some(set) = tx.value_opt::<RecordSetId>(&sql, &[])? else { return Ok(false) };
                if versions::remove_some(tx, set)? {
                    return Ok(true);
                }
                if remove_some(tx, set)? < u64::from(REMOVED_AT_ONCE) {
                    tracking::forget_sightings(tx, set)?;
                    tx.execute("DELETE FROM record_sets WHERE id = $1", params![set])?;
                }
                Ok(true)
            })
            .await
    }

    /// Empties the payloads of the oldest changes up to and with `until`, `limit` at most. Places stay as they are; what
    /// the same records were before is removed.
    pub async fn prune_records(&self, set: RecordSet, until: Cursor, limit: u32) -> Result<Pruned> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let pruned_to = lock(tx, set.id)?;
                let mut places = tx.query(
                    "SELECT updated_at, id FROM records
                     WHERE set_id = $1 AND updated_at >= $2 AND (updated_at, id) <= ($3, $4) AND pruned_at IS NULL
                     ORDER BY updated_at, id LIMIT $5",
                    params![set.id, pruned_to, until.updated_at, until.id.as_bytes(), i64::from(limit) + 1],
                    |row| Ok(Cursor { updated_at: row.get(0)?, id: uuid(row, 1)? }),
                )?;
                let has_more = places.len() > limit as usize;
                places.truncate(limit as usize);
                let Some(last) = places.last() else { return Ok(Pruned { count: 0, has_more: false }) };
                let emptied: Vec<String> = tx.query(
                    "UPDATE records SET payload = NULL, pruned_at = $5
                     WHERE set_id = $1 AND updated_at >= $2 AND (updated_at, id) <= ($3, $4) AND pruned_at IS NULL
                     RETURNING external_id",
                    params![set.id, pruned_to, last.updated_at, last.id.as_bytes(), now],
                    |row| row.get(0),
                )?;
                versions::remove_of(tx, set.id, &emptied)?;
                let count = emptied.len() as u64;
                tx.execute(
                    "UPDATE record_sets SET pruned_to = $2 WHERE id = $1",
                    params![set.id, last.updated_at],
                )?;
                note_change(tx, set.id)?;
                Ok(Pruned { count, has_more })
            })
            .await
    }
}

/// A batch of changes that has begun: the set is locked.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    /// The time of its changes: later than all before.
    pub(super) time: Timestamp,
    /// The first of the numbers for new records that were asked for.
    ordinal: u64,
    /// Since when the set is tracked.
    pub(super) tracked_since: Option<Timestamp>,
}

/// [`Error::Conflict`] where the run that changes the set is not held any more.
pub(super) fn check_fence(tx: &mut Tx, set: RecordSet) -> Result<()> {
    set.fence.map_or(Ok(()), |fence| runs::check_fence(tx, fence))
}

/// Locks the set for a batch of changes, of which `new` are records that need a number. Fails like [`check_fence`].
pub(super) fn begin_change(tx: &mut Tx, set: RecordSet, now: Timestamp, new: usize) -> Result<Begun> {
    check_fence(tx, set)?;
    begin(tx, set, now, new)
}

fn begin(tx: &mut Tx, set: RecordSet, now: Timestamp, new: usize) -> Result<Begun> {
    tx.query_opt(
        "UPDATE record_sets
         SET last_change = CASE WHEN last_change < $2 THEN $2 ELSE last_change + 1 END, ordinals = ordinals + $3
         WHERE id = $1 AND connection_id IS NOT NULL RETURNING last_change, ordinals, tracked_since",
        params![set.id, now, new as i64],
        |row| {
            let ordinals: i64 = row.get(1)?;
            let ordinal = ordinals.cast_unsigned() - new as u64;
            Ok(Begun { time: row.get(0)?, ordinal, tracked_since: row.get(2)? })
        },
    )?
    .ok_or(Error::NotFound("the connection"))
}

/// Writes what a look has found. `None` where somebody began or ended to track the set meanwhile: what was unchanged may
/// have been deleted then, so it is to be looked at again.
fn write_batch(
    tx: &mut Tx,
    set: RecordSet,
    look: Look,
    writer: Writer,
    now: Timestamp,
) -> Result<Option<(Counts, Option<StoredBatch>)>> {
    check_fence(tx, set)?;
    let before = locked(tx, set.id)?;
    if look.changed.is_empty() {
        if before.tracked_since != look.state.tracked_since {
            return Ok(None);
        }
        mark_seen(tx, set.id, &look.seen)?;
        return Ok(Some((Counts::default(), None)));
    }
    let new = look.changed.iter().filter(|change| change.ordinal.is_none()).count();
    let begun = begin(tx, set, now, new)?;
    if begun.tracked_since != look.state.tracked_since && !look.seen.is_empty() {
        return Ok(None);
    }
    let counts = upsert(tx, set, &look.changed, writer, begun)?;
    if begun.tracked_since.is_some() {
        mark_seen(tx, set.id, &look.seen)?;
    }
    let is_whole = before == look.state && begun.tracked_since.is_none() && writer.yields_after.is_none();
    let stored = is_whole.then(|| {
        let mut numbers = look.seen;
        numbers.extend(begun.ordinal..begun.ordinal + new as u64);
        StoredBatch { before: before.last_change, after: begun.time, numbers }
    });
    Ok(Some((counts, stored)))
}

/// What the set is now.
pub(super) fn state(tx: &mut Tx, set: RecordSetId) -> Result<State> {
    read_state(tx, set, "")
}

/// The same, and locks the set.
fn locked(tx: &mut Tx, set: RecordSetId) -> Result<State> {
    let lock = tx.for_update();
    read_state(tx, set, lock)
}

fn read_state(tx: &mut Tx, set: RecordSetId, lock: &str) -> Result<State> {
    let sql = format!("SELECT last_change, tracked_since FROM record_sets WHERE id = $1{lock}");
    let state = tx.query_opt(&sql, params![set], |row| {
        Ok(State { last_change: row.get(0)?, tracked_since: row.get(1)? })
    })?;
    state.ok_or(Error::NotFound("the connection"))
}

/// Notes that records of the set are not what they were, where none of them gets a time of change. The set must be locked.
fn note_change(tx: &mut Tx, set: RecordSetId) -> Result<()> {
    tx.execute("UPDATE record_sets SET last_change = last_change + 1 WHERE id = $1", params![set]).map(drop)
}

/// Locks the set. Returns its `pruned_to`.
fn lock(tx: &mut Tx, set: RecordSetId) -> Result<Timestamp> {
    let sql = format!("SELECT pruned_to FROM record_sets WHERE id = $1{}", tx.for_update());
    tx.value_opt(&sql, params![set])?.ok_or(Error::NotFound("the connection"))
}

pub(super) fn add_live(tx: &mut Tx, set: RecordSetId, added: u64, deleted: u64) -> Result<()> {
    let difference = added as i64 - deleted as i64;
    if difference != 0 {
        tx.execute("UPDATE record_sets SET live = live + $2 WHERE id = $1", params![set, difference])?;
    }
    Ok(())
}

fn json_ids(records: &[NewRecord]) -> Result<Value<'static>> {
    let ids: Vec<&str> = records.iter().map(|record| record.external_id.as_str()).collect();
    Value::json(&ids)
}

/// Compares a batch with what is stored.
fn look(tx: &mut Tx, set: RecordSet, records: &[NewRecord]) -> Result<Look> {
    let state = state(tx, set.id)?;
    let from = tx.by_keys(2, "records", "r.set_id = $1 AND r.external_id = k.value");
    let mut stored: HashMap<String, (Option<[u8; 16]>, u64)> = HashMap::with_capacity(records.len());
    let mut seen = Vec::new();
    tx.for_each(
        &format!("SELECT r.external_id, r.hash, r.ordinal, coalesce(r.deleted_at, r.pruned_at) {from}"),
        params![set.id, json_ids(records)?],
        |row| {
            let ordinal = row.get::<i64>(2)?.cast_unsigned();
            let whole = row.get::<Option<i64>>(3)?.is_none();
            let hash = if whole { Some(row.get(1)?) } else { None };
            stored.insert(row.get(0)?, (hash, ordinal));
            seen.push(ordinal);
            Ok(())
        },
    )?;
    let changed = records.iter().filter_map(|record| match stored.get(&record.external_id) {
        Some((hash, _)) if *hash == Some(record.hash) => None,
        found => Some(Change { record: record.clone(), ordinal: found.map(|(_, ordinal)| *ordinal) }),
    });
    Ok(Look { changed: changed.collect(), seen, state })
}

/// The stored records with `parts` merged in, where they differ then; what was found, and how many do not differ or are
/// not for `writer` to change.
fn merged(tx: &mut Tx, set: RecordSet, parts: &[NewRecord], writer: Writer) -> Result<(Vec<Change>, Saved)> {
    let ids = json_ids(parts)?;
    let parts: HashMap<&str, &str> =
        parts.iter().map(|part| (part.external_id.as_str(), part.payload.as_str())).collect();
    let from = tx.by_keys(2, "records", "r.set_id = $1 AND r.external_id = k.value");
    let (mut changed, mut saved) = (Vec::new(), Saved::default());
    tx.for_each(
        &format!(
            "SELECT r.external_id, r.hash, r.payload, r.ordinal, r.updated_at <= $3 OR r.run_id = $4 {from}
             WHERE r.deleted_at IS NULL AND r.payload IS NOT NULL"
        ),
        params![set.id, ids, writer.overwrites_until(), writer.run.as_bytes()],
        |row| {
            let external_id: String = row.get(0)?;
            let Some(part) = parts.get(external_id.as_str()) else { return Ok(()) };
            let ordinal = row.get::<i64>(3)?.cast_unsigned();
            saved.seen.push(ordinal);
            let payload = merge(row.get(2)?, part).ok_or_else(not_an_object)?;
            let hash = content_hash(&payload).ok_or_else(not_an_object)?;
            if hash == row.get::<[u8; 16]>(1)? || row.get::<Option<bool>>(4)? != Some(true) {
                saved.counts.unchanged += 1;
            } else {
                let record = NewRecord { external_id, hash, payload };
                changed.push(Change { record, ordinal: Some(ordinal) });
            }
            Ok(())
        },
    )?;
    Ok((changed, saved))
}

fn not_an_object() -> Error {
    Error::Corrupt("a record is not a JSON object".to_owned())
}

/// Writes `records` with `time`, where they differ from what is stored. What counts as added and updated is told by the
/// times that the rows have afterwards, since no change before had this time.
///
/// A pruned record whose content comes again gets its payload back: nothing has changed for readers, so its time stays.
/// What something else changed later than `writer` overwrites stays as it is.
fn upsert(tx: &mut Tx, set: RecordSet, records: &[Change], writer: Writer, begun: Begun) -> Result<Counts> {
    let Begun { time, mut ordinal, .. } = begun;
    let there: Vec<&str> = records
        .iter()
        .filter(|change| change.ordinal.is_some())
        .map(|change| change.record.external_id.as_str())
        .collect();
    versions::keep(tx, set, &there, writer, time, Content::Replaced)?;
    let mut counts = Counts::default();
    let mut refilled: Option<Timestamp> = None;
    let mut rest = records;
    for size in CHUNKS {
        let whole = rest.len() - rest.len() % size;
        let (chunks, remainder) = rest.split_at(whole);
        rest = remainder;
        if chunks.is_empty() {
            continue;
        }
        let sql = multi_row(
            "INSERT INTO records (set_id, external_id, id, hash, ordinal, payload, created_at, updated_at, run_id,
                                  metadata_revision)
             VALUES ",
            "($1, ?, ?, ?, ?, ?, $2, $2, $3, $4)",
            " ON CONFLICT (set_id, external_id) DO UPDATE SET
                hash = excluded.hash,
                payload = excluded.payload,
                created_at = CASE WHEN records.deleted_at IS NULL THEN records.created_at ELSE excluded.created_at END,
                updated_at = CASE WHEN records.deleted_at IS NULL AND records.hash = excluded.hash
                                  THEN records.updated_at ELSE excluded.updated_at END,
                deleted_at = NULL,
                pruned_at = NULL,
                run_id = excluded.run_id,
                metadata_revision = excluded.metadata_revision
              WHERE (records.hash <> excluded.hash OR records.deleted_at IS NOT NULL OR records.pruned_at IS NOT NULL)
                AND (records.updated_at <= $5 OR records.run_id = $3)
              RETURNING created_at, updated_at",
            5,
            size,
        );
        for chunk in chunks.chunks_exact(size) {
            let ids: Vec<_> =
                chunk.iter().map(|change| row_id(set.namespace, &change.record.external_id)).collect();
            let until = writer.overwrites_until();
            let mut values =
                params![set.id, time, writer.run.as_bytes(), writer.metadata_revision, until].to_vec();
            values.reserve_exact(chunk.len() * 5);
            for (Change { record, ordinal: own }, id) in chunk.iter().zip(&ids) {
                let number = own.unwrap_or_else(|| {
                    ordinal += 1;
                    ordinal - 1
                });
                values.push(Value::from(&record.external_id));
                values.push(Value::from(id.as_bytes()));
                values.push(Value::from(&record.hash));
                values.push(Value::from(number.cast_signed()));
                values.push(Value::from(&record.payload));
            }
            tx.for_each(&sql, &values, |row| {
                let (created_at, updated_at): (Timestamp, Timestamp) = (row.get(0)?, row.get(1)?);
                if created_at == time {
                    counts.added += 1;
                } else if updated_at == time {
                    counts.updated += 1;
                } else {
                    refilled = Some(refilled.map_or(updated_at, |earlier| earlier.min(updated_at)));
                }
                Ok(())
            })?;
        }
    }
    if let Some(earliest) = refilled {
        tx.execute(
            "UPDATE record_sets SET pruned_to = $2 WHERE id = $1 AND pruned_to > $2",
            params![set.id, earliest],
        )?;
    }
    add_live(tx, set.id, counts.added, 0)?;
    Ok(counts)
}

/// Marks records that exist and are not deleted as deleted.
///
/// As an upsert that never inserts: an `UPDATE` of a thousand keys is planned as a scan of the whole set while
/// PostgreSQL has no statistics.
pub(super) fn mark_deleted(
    tx: &mut Tx,
    set: RecordSet,
    external_ids: &[String],
    writer: Writer,
    time: Timestamp,
) -> Result<()> {
    // Who may be changed was looked at already.
    let whoever = Writer { yields_after: None, ..writer };
    versions::keep(tx, set, external_ids, whoever, time, Content::Stays)?;
    let mut rest = external_ids;
    for size in CHUNKS {
        let whole = rest.len() - rest.len() % size;
        let (chunks, remainder) = rest.split_at(whole);
        rest = remainder;
        if chunks.is_empty() {
            continue;
        }
        let sql = multi_row(
            "INSERT INTO records (set_id, external_id, id, hash, ordinal, created_at, updated_at) VALUES ",
            "($1, ?, $5, $5, 0, $2, $2)",
            " ON CONFLICT (set_id, external_id) DO UPDATE SET deleted_at = $2, updated_at = $2, run_id = $3,
                                                              metadata_revision = $4",
            5,
            size,
        );
        let nothing: &[u8] = &[];
        for chunk in chunks.chunks_exact(size) {
            let mut values =
                params![set.id, time, writer.run.as_bytes(), writer.metadata_revision, nothing].to_vec();
            values.extend(chunk.iter().map(Value::from));
            tx.execute(&sql, &values)?;
        }
    }
    Ok(())
}

/// Removes up to [`REMOVED_AT_ONCE`] records; how many it were. The set must be locked.
fn remove_some(tx: &mut Tx, set: RecordSetId) -> Result<u64> {
    let last: Option<String> = tx.value_opt(
        "SELECT external_id FROM records WHERE set_id = $1 ORDER BY external_id LIMIT 1 OFFSET $2",
        params![set, REMOVED_AT_ONCE - 1],
    )?;
    let (mut removed, mut live) = (0, 0);
    let mut count = |row: &crate::db::Row<'_>| {
        removed += 1;
        live += u64::from(row.get::<Option<i64>>(0)?.is_none());
        Ok(())
    };
    versions::remove_until(tx, set, last.as_deref())?;
    match last {
        Some(last) => tx.for_each(
            "DELETE FROM records WHERE set_id = $1 AND external_id <= $2 RETURNING deleted_at",
            params![set, &last],
            &mut count,
        )?,
        None => tx.for_each(
            "DELETE FROM records WHERE set_id = $1 RETURNING deleted_at",
            params![set],
            &mut count,
        )?,
    }
    add_live(tx, set, 0, live)?;
    Ok(removed)
}
