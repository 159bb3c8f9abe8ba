//! Reading records in the order of their changes.

use super::{RecordSet, uuid};
use crate::{
    Store,
    db::{Row, Tx, Value, params},
    error::Result,
};
use bespoke_core::{
    id::{ConnectionId, EnvironmentId, IntegrationId},
    record::{Action, Cursor, Record, StoredRecord},
    time::Timestamp,
};
use std::time::Duration;
use uuid::Uuid;

/// How far the clocks of two nodes may be from each other.
const SKEW: Duration = Duration::from_secs(60);

/// Which records to read.
#[derive(Clone, Debug)]
pub struct RecordsQuery {
    /// Only changes after this place.
    pub after: Option<Cursor>,
    /// Only changes at this time or later.
    pub modified_since: Option<Timestamp>,
    /// Only records to which one of these happened last; empty means any.
    pub actions: Vec<Action>,
    /// Only records with these ids; empty means any.
    pub external_ids: Vec<String>,
    /// Only records whose last change was made under this revision of the connection's metadata.
    pub metadata_revision: Option<i64>,
    /// Whether to tell the metadata revision of each.
    pub with_revision: bool,
    /// How many at most.
    pub limit: u32,
}

/// A page of records.
#[derive(Clone, Debug, Default)]
pub struct RecordsPage {
    /// The records, oldest change first.
    pub records: Vec<Record>,
    /// Whether there are more of them behind the last one.
    pub has_more: bool,
}

/// How many records a connection has of one model and variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordCount {
    /// The connection.
    pub connection: ConnectionId,
    /// The model.
    pub model: String,
    /// The variant.
    pub variant: String,
    /// Records that are not deleted.
    pub live: u64,
}

/// What a connection has of one model and variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCount {
    /// The model.
    pub model: String,
    /// The variant.
    pub variant: String,
    /// Records that are not deleted.
    pub live: u64,
    /// Records that are deleted.
    pub deleted: u64,
}

const COLUMNS: &str = "r.id, r.external_id, r.created_at, r.updated_at, r.deleted_at, r.pruned_at, r.metadata_revision, \
     r.payload";

impl Store {
    /// Reads a page of records, oldest change first.
    pub async fn records_page(&self, set: RecordSet, query: RecordsQuery) -> Result<RecordsPage> {
        let (limit, with_revision) = (query.limit as usize, query.with_revision);
        let mut records = self
            .db
            .read(move |tx| {
                let since = query.metadata_revision.map(|number| revision_made_at(tx, set, number));
                let after = query.lower_bound(since.transpose()?.flatten());
                let mut filter = filter(&query.actions);
                if query.metadata_revision.is_some() {
                    filter.push_str(" AND r.metadata_revision = $5");
                }
                let rest =
                    format!("(r.updated_at, r.id) > ($2, $3){filter} ORDER BY r.updated_at, r.id LIMIT $4");
                let id = after.id.as_bytes();
                let limit = i64::from(query.limit) + 1;
                let mut values = params![set.id, after.updated_at, id, limit].to_vec();
                values.extend(query.metadata_revision.map(Value::from));
                if query.external_ids.is_empty() {
                    let sql = format!("SELECT {COLUMNS} FROM records r WHERE r.set_id = $1 AND {rest}");
                    return tx.query(&sql, &values, read);
                }
                values.push(Value::json(&query.external_ids)?);
                let from =
                    tx.by_keys(values.len() as u8, "records", "r.set_id = $1 AND r.external_id = k.value");
                let sql = format!("SELECT {COLUMNS} {from} WHERE {rest}");
                tx.query(&sql, &values, read)
            })
            .await?;
        let has_more = records.len() > limit;
        records.truncate(limit);
        if !with_revision {
            for record in &mut records {
                record.metadata_revision = None;
            }
        }
        Ok(RecordsPage { records, has_more })
    }

    /// What is stored of the records with these ids, deleted ones too; those that are not there are left out.
    pub async fn stored_records(
        &self,
        set: RecordSet,
        external_ids: Vec<String>,
    ) -> Result<Vec<StoredRecord>> {
        self.db
            .read(move |tx| {
                let from = tx.by_keys(2, "records", "r.set_id = $1 AND r.external_id = k.value");
                let sql = format!("SELECT r.external_id, r.hash, r.payload, r.deleted_at {from}");
                tx.query(&sql, params![set.id, Value::json(&external_ids)?], |row| {
                    Ok(StoredRecord {
                        external_id: row.get(0)?,
                        hash: row.get(1)?,
                        payload: row.get(2)?,
                        deleted: row.get::<Option<Timestamp>>(3)?.is_some(),
                    })
                })
            })
            .await
    }

    /// Which models a connection has records of, by name, and how many.
    pub async fn record_models(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
    ) -> Result<Vec<ModelCount>> {
        let mut models = self
            .db
            .read(move |tx| {
                tx.query(
                    "SELECT s.model, s.variant, s.live,
                         (SELECT count(*) FROM records r WHERE r.set_id = s.id AND r.deleted_at IS NOT NULL)
                     FROM record_sets s WHERE s.connection_id = $2 AND +s.environment_id = $1",
                    params![environment, connection],
                    |row| {
                        Ok(ModelCount {
                            model: row.get(0)?,
                            variant: row.get(1)?,
                            live: row.get(2)?,
                            deleted: row.get(3)?,
                        })
                    },
                )
            })
            .await?;
        // Here and not in SQL: the databases sort texts differently.
        models.sort_by(|one, other| (&one.model, &one.variant).cmp(&(&other.model, &other.variant)));
        Ok(models)
    }

    /// How many records that are not deleted the connections of an integration have, or one of them. Counts nothing:
    /// the numbers are kept.
    pub async fn record_counts(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
        connection: Option<ConnectionId>,
    ) -> Result<Vec<RecordCount>> {
        let read = |row: &Row<'_>| {
            Ok(RecordCount {
                connection: row.get(0)?,
                model: row.get(1)?,
                variant: row.get(2)?,
                live: row.get(3)?,
            })
        };
        self.db
            .read(move |tx| {
                let sql = "SELECT s.connection_id, s.model, s.variant, s.live
                           FROM connections c JOIN record_sets s ON s.connection_id = c.id
                           WHERE +c.environment_id = $1 AND";
                match connection {
                    Some(id) => tx.query(
                        &format!("{sql} +c.integration_id = $2 AND c.id = $3"),
                        params![environment, integration, id],
                        read,
                    ),
                    None => tx.query(
                        &format!("{sql} c.integration_id = $2"),
                        params![environment, integration],
                        read,
                    ),
                }
            })
            .await
    }
}

impl RecordsQuery {
    /// All bounds as one place, so that one range of the index serves them. Nothing older than `made_at` is asked for.
    fn lower_bound(&self, made_at: Option<Timestamp>) -> Cursor {
        let since = self
            .modified_since
            .max(made_at)
            .map(|time| Cursor { updated_at: Timestamp(time.0.saturating_sub(1)), id: Uuid::max() });
        let start = Cursor { updated_at: Timestamp(i64::MIN), id: Uuid::nil() };
        self.after.max(since).unwrap_or(start)
    }
}

/// A time before which no run had the revision; `None` where it is not known. Nodes may differ by [`SKEW`].
fn revision_made_at(tx: &mut Tx, set: RecordSet, number: i64) -> Result<Option<Timestamp>> {
    let made_at: Option<Timestamp> = tx.value_opt(
        "SELECT v.created_at FROM record_sets s
             JOIN metadata_revisions v ON v.connection = s.connection_id AND v.revision = $2
         WHERE s.id = $1",
        params![set.id, number],
    )?;
    Ok(made_at.map(|time| time.before(SKEW)))
}

/// The condition for `actions`; see [`Record::last_action`].
fn filter(actions: &[Action]) -> String {
    if actions.is_empty() {
        return String::new();
    }
    let conditions: Vec<_> = actions
        .iter()
        .map(|action| match action {
            Action::Added => "(r.deleted_at IS NULL AND r.created_at = r.updated_at)",
            Action::Updated => "(r.deleted_at IS NULL AND r.created_at <> r.updated_at)",
            Action::Deleted => "r.deleted_at IS NOT NULL",
        })
        .collect();
    format!(" AND ({})", conditions.join(" OR "))
}

fn read(row: &Row<'_>) -> Result<Record> {
    Ok(Record {
        id: uuid(row, 0)?,
        external_id: row.get(1)?,
        created_at: row.get(2)?,
        updated_at: row.get(3)?,
        deleted_at: row.get(4)?,
        pruned_at: row.get(5)?,
        metadata_revision: row.get(6)?,
        payload: row.get(7)?,
    })
}
