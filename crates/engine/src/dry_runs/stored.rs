//! What a dry run reads of the stored records, with what it has done to them, and what it would delete of them.

use super::records::{DryRecords, DrySet, json_reply, unreadable};
use crate::run::{Answer, head};
use bespoke_core::{
    record::{Cursor, Record, StoredRecord, row_id, row_namespace},
    time::Timestamp,
};
use bespoke_runtime::host::{ListRecords, Refusal, Reply};
use bespoke_store::{RecordsQuery, Window};
use bytes::Bytes;
use serde_json::json;

/// Records of one page.
const PAGE: u32 = 500;
/// Records that are read at once to be deleted.
const CHUNK: usize = 1_000;

impl DryRecords {
    /// The records of these ids, deleted ones too.
    pub(super) async fn by_ids(&self, model: &str, ids: Vec<String>) -> Answer {
        let mut models = self.models.lock().await;
        let set = self.set(&mut models, model).await?;
        let query = RecordsQuery { external_ids: ids.clone(), ..everything(ids.len().max(1) as u32) };
        let (mut stored, _) = self.page(set, query).await?;
        stored.retain(|record| !is_touched(set, &record.external_id));
        let touched = ids.iter().filter(|id| is_touched(set, id)).filter_map(|id| set.overlay.get(id)?);
        stored.extend(touched.map(|record| self.shown(model, record)));
        Ok(json_reply(&stored))
    }

    /// A page of records: those that are as they were stored first, then those that this run has touched.
    pub(super) async fn list(&self, asked: &ListRecords) -> Answer {
        let after = asked.cursor.as_deref().map(|text| {
            Cursor::decode(text)
                .ok_or_else(|| Refusal::new("invalid_cursor", "The cursor is not one of a record."))
        });
        let mut models = self.models.lock().await;
        let set = self.set(&mut models, &asked.model).await?;
        let query = RecordsQuery { after: after.transpose()?, ..everything(PAGE) };
        let (mut records, has_more) = self.page(set, query).await?;
        let next = records.last().filter(|_| has_more).map(|last| last.cursor().encode());
        records.retain(|record| !is_touched(set, &record.external_id));
        if next.is_none() {
            let touched = set.overlay.records().filter(|record| set.overlay.has_seen(&record.external_id));
            records.extend(touched.map(|record| self.shown(&asked.model, record)));
        }
        let Reply { head, .. } = head(&json!({ "next_cursor": next }))?;
        Ok(Reply { head, ..json_reply(&records) })
    }

    /// From here on it counts what is saved.
    pub(super) async fn track_deletes_start(&self, model: &str) -> Answer {
        let mut models = self.models.lock().await;
        let set = self.set(&mut models, model).await?;
        let stored = match set.stored {
            Some(stored) => {
                self.engine.store.unseen_records(stored, Window::Open).await.map_err(unreadable)?
            }
            None => None,
        };
        // One that an earlier run has left open stays open.
        if stored.is_none() {
            set.window.get_or_insert(set.overlay.mark());
        }
        Ok(Reply::default())
    }

    /// What the end of the window would delete.
    pub(super) async fn track_deletes_end(&self, model: &str) -> Answer {
        let mut models = self.models.lock().await;
        let set = self.set(&mut models, model).await?;
        match (set.window.take(), set.stored) {
            (Some(mark), _) => self.delete_unseen(set, Window::Run(END, Default::default()), mark).await,
            (None, Some(_)) => self.delete_unseen(set, Window::Open, 0).await,
            (None, None) => Err(not_started(model)),
        }
        .map_err(|refusal| if refusal.code == NOT_STARTED { not_started(model) } else { refusal })
    }

    /// What this run has not saved would be deleted.
    pub(super) async fn delete_unsaved(&self, model: &str) -> Answer {
        let mut models = self.models.lock().await;
        let set = self.set(&mut models, model).await?;
        self.delete_unseen(set, Window::Run(END, Default::default()), 0).await
    }

    /// Deletes what the stored `window` has not seen, nor this run since `mark`.
    async fn delete_unseen(&self, set: &mut DrySet, window: Window, mark: u64) -> Answer {
        let mut ids = match set.stored {
            Some(stored) => {
                let unseen = self.engine.store.unseen_records(stored, window).await.map_err(unreadable)?;
                unseen.ok_or_else(|| not_started(""))?
            }
            None => Vec::new(),
        };
        // What this run has added before the window is not stored, and not seen either.
        let added = set.overlay.records().filter(|record| !record.deleted).map(|record| &record.external_id);
        let added: Vec<String> = added.filter(|id| !set.overlay.was_stored(id)).cloned().collect();
        ids.extend(added);
        ids.retain(|id| !set.overlay.has_seen_since(id, mark));
        for chunk in ids.chunks(CHUNK) {
            self.learn(set, chunk.iter().map(String::as_str)).await?;
        }
        ids.retain(|id| set.overlay.get(id).flatten().is_some_and(|record| !record.deleted));
        let counts = set.overlay.delete(ids.iter().map(String::as_str));
        set.counts += counts;
        let body = serde_json::to_vec(&ids).map_err(|_| Refusal::new("server_error", "ids are no JSON"))?;
        Ok(Reply { head: None, body: Bytes::from(body) })
    }

    async fn page(&self, set: &DrySet, query: RecordsQuery) -> Result<(Vec<Record>, bool), Refusal> {
        let Some(stored) = set.stored else { return Ok((Vec::new(), false)) };
        let page = self.engine.store.records_page(stored, query).await.map_err(unreadable)?;
        Ok((page.records, page.has_more))
    }

    /// A record that this run has touched, as readers would get it.
    fn shown(&self, model: &str, record: &StoredRecord) -> Record {
        let now = self.engine.now();
        let namespace = row_namespace(self.connection.id, model, &self.variant);
        Record {
            id: row_id(namespace, &record.external_id),
            external_id: record.external_id.clone(),
            payload: record.payload.clone(),
            created_at: now,
            updated_at: now,
            deleted_at: record.deleted.then_some(now),
            pruned_at: None,
            metadata_revision: None,
        }
    }
}

/// Later than every change.
const END: Timestamp = Timestamp(i64::MAX);
const NOT_STARTED: &str = "track_deletes_not_started";

fn not_started(model: &str) -> Refusal {
    Refusal::new(NOT_STARTED, format!("trackDeletesStart was not called for `{model}`"))
}

fn is_touched(set: &DrySet, id: &str) -> bool {
    set.overlay.has_seen(id)
}

fn everything(limit: u32) -> RecordsQuery {
    RecordsQuery {
        after: None,
        modified_since: None,
        actions: Vec::new(),
        external_ids: Vec::new(),
        metadata_revision: None,
        with_revision: false,
        limit,
    }
}
