//! What records were before their last changes.
//!
//! A change that replaces or deletes a record keeps what it was, in the same transaction, by one statement that copies
//! inside the database. What is new or unchanged costs nothing. The versions of a record have [`KEPT`] slots that are
//! used in turn, so that nobody has to count and delete.

use super::{RecordSet, Writer};
use crate::{
    Store,
    db::{Tx, Value, params},
    error::{Error, Result},
};
use bespoke_core::{
    id::RecordSetId,
    record::{Action, StoredVersion},
    time::Timestamp,
};
use std::{cmp::Reverse, time::Duration};
use uuid::Uuid;

/// Versions that are kept of a record, besides what it is.
const KEPT: i64 = 10;
/// Records whose versions are kept by one statement: SQLite holds as many payloads for a moment.
const AT_ONCE: usize = 250;
/// Versions that are removed in one transaction, roughly.
const REMOVED_AT_ONCE: i64 = 10_000;
/// The same for those that are old: payloads may be large, and there is no hurry.
const PRUNED_AT_ONCE: i64 = 1_000;

/// What happened last to the record `r`; see [`bespoke_core::record::Record::last_action`].
const LAST_ACTION: &str = "CASE WHEN r.deleted_at IS NOT NULL THEN 'DELETED'
     WHEN r.created_at = r.updated_at THEN 'ADDED' ELSE 'UPDATED' END";

/// What a change leaves of a record's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Another comes in its place: it is copied.
    Replaced,
    /// It stays with the record: it need not be copied.
    Stays,
}

impl Store {
    /// What a record was after each of its last changes, newest first; nothing where it is not there.
    pub async fn record_versions(&self, set: RecordSet, external_id: &str) -> Result<Vec<StoredVersion>> {
        let external_id = external_id.to_owned();
        self.db
            .read(move |tx| {
                let now = format!(
                    "SELECT r.updated_at, {LAST_ACTION}, r.run_id, r.metadata_revision, r.payload, 0 FROM records r
                     WHERE r.set_id = $1 AND r.external_id = $2"
                );
                let mut versions = tx.query(&now, params![set.id, &external_id], read)?;
                let Some((newest, _)) = versions.first() else { return Ok(Vec::new()) };
                let newest = newest.changed_at;
                let mut earlier = tx.query(
                    "SELECT changed_at, action, run_id, metadata_revision, payload, number FROM record_versions
                     WHERE set_id = $1 AND external_id = $2",
                    params![set.id, &external_id],
                    read,
                )?;
                // A writer that came too late to change a record may have kept what it still is, and so one version twice.
                earlier.retain(|(version, _)| version.changed_at < newest);
                earlier.sort_unstable_by_key(|(version, number)| Reverse((version.changed_at, *number)));
                earlier.dedup_by_key(|(version, _)| version.changed_at);
                versions.append(&mut earlier);
                Ok(versions.into_iter().map(|(version, _)| version).collect())
            })
            .await
    }

    /// Removes some of the versions that were replaced longer than `keep` ago; how many.
    pub async fn prune_record_versions(&self, keep: Duration) -> Result<u64> {
        let before = self.now().before(keep);
        self.db
            .write(move |tx| {
                // Those that one batch has replaced have the same time, and go together.
                let last: Option<Timestamp> = tx.value_opt(
                    "SELECT replaced_at FROM record_versions WHERE replaced_at < $1
                     ORDER BY replaced_at LIMIT 1 OFFSET $2",
                    params![before, PRUNED_AT_ONCE - 1],
                )?;
                let last = last.unwrap_or(Timestamp(before.0 - 1));
                tx.execute("DELETE FROM record_versions WHERE replaced_at <= $1", params![last])
            })
            .await
    }
}

/// Keeps what the records with these ids are, those that `writer` may change, before it changes them at `time`. What was
/// pruned is not kept. The set must be locked.
pub(super) fn keep<T: AsRef<str>>(
    tx: &mut Tx,
    set: RecordSet,
    external_ids: &[T],
    writer: Writer,
    time: Timestamp,
    content: Content,
) -> Result<()> {
    let from = tx.by_keys(2, "records", "r.set_id = $1 AND r.external_id = k.value");
    let payload = match content {
        Content::Replaced => "r.payload",
        Content::Stays => "NULL",
    };
    // `WHERE TRUE`: else SQLite reads the `ON` as that of a join.
    let sql = format!(
        "INSERT INTO record_versions (set_id, external_id, slot, number, changed_at, replaced_at, action, run_id,
                                      metadata_revision, payload)
         SELECT v.set_id, v.external_id, v.number % {KEPT}, v.number, v.updated_at, CAST($3 AS BIGINT), v.action, v.run_id,
                v.metadata_revision, v.payload
         FROM (SELECT r.set_id, r.external_id, r.updated_at, {LAST_ACTION} AS action, r.run_id, r.metadata_revision,
                      {payload} AS payload,
                      coalesce((SELECT max(o.number) FROM record_versions o
                                WHERE o.set_id = $1 AND o.external_id = r.external_id), -1) + 1 AS number
               {from}
               WHERE r.payload IS NOT NULL AND (r.updated_at <= $4 OR r.run_id = $5)) v
         WHERE TRUE
         ON CONFLICT (set_id, external_id, slot) DO UPDATE SET
             number = excluded.number, changed_at = excluded.changed_at, replaced_at = excluded.replaced_at,
             action = excluded.action, run_id = excluded.run_id, metadata_revision = excluded.metadata_revision,
             payload = excluded.payload"
    );
    for chunk in external_ids.chunks(AT_ONCE) {
        let ids: Vec<&str> = chunk.iter().map(AsRef::as_ref).collect();
        tx.execute(
            &sql,
            params![set.id, Value::json(&ids)?, time, writer.overwrites_until(), writer.run.as_bytes()],
        )?;
    }
    Ok(())
}

/// Removes the versions of the records with these ids.
pub(super) fn remove_of(tx: &mut Tx, set: RecordSetId, external_ids: &[String]) -> Result<()> {
    let ids = tx.one_of("SELECT k.value FROM json_each($2) k");
    tx.execute(
        &format!("DELETE FROM record_versions WHERE set_id = $1 AND external_id {ids}"),
        params![set, Value::json(&external_ids)?],
    )
    .map(drop)
}

/// Removes some versions of a set; true where there may be more of them.
pub(super) fn remove_some(tx: &mut Tx, set: RecordSetId) -> Result<bool> {
    let last: Option<String> = tx.value_opt(
        "SELECT external_id FROM record_versions WHERE set_id = $1 ORDER BY external_id LIMIT 1 OFFSET $2",
        params![set, REMOVED_AT_ONCE - 1],
    )?;
    remove_until(tx, set, last.as_deref())?;
    Ok(last.is_some())
}

/// Removes the versions of all records up to this id, or of all of the set.
pub(super) fn remove_until(tx: &mut Tx, set: RecordSetId, last: Option<&str>) -> Result<()> {
    match last {
        Some(last) => tx.execute(
            "DELETE FROM record_versions WHERE set_id = $1 AND external_id <= $2",
            params![set, last],
        ),
        None => tx.execute("DELETE FROM record_versions WHERE set_id = $1", params![set]),
    }
    .map(drop)
}

/// A version, and its number among those of its record.
fn read(row: &crate::db::Row<'_>) -> Result<(StoredVersion, i64)> {
    let word: String = row.get(1)?;
    let action =
        [Action::Added, Action::Updated, Action::Deleted].into_iter().find(|one| one.as_str() == word);
    let version = StoredVersion {
        changed_at: row.get(0)?,
        action: action
            .ok_or_else(|| Error::Corrupt(format!("{word} is nothing that happens to a record")))?,
        run: row.get::<Option<[u8; 16]>>(2)?.map(Uuid::from_bytes),
        metadata_revision: row.get(3)?,
        payload: row.get(4)?,
    };
    Ok((version, row.get(5)?))
}
