//! What functions do with their records.

use super::{Answer, RunHost, head, refusal};
use crate::run::{Execution, validate};
use bespoke_core::{
    record::{self, Cursor, Record, Sightings},
    run::RunKind,
    sync::{BASE_VARIANT, Counts},
    time::Timestamp,
};
use bespoke_runtime::host::{ListRecords, Refusal, Reply, SetMergingStrategy};
use bespoke_store::{RecordSet, RecordsPage, RecordsQuery, Saved, Window, Writer};
use bytes::Bytes;
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Records of one page.
const PAGE: u32 = 500;
/// Ids that may be asked for at once.
const MAX_IDS: usize = 100;

/// What a batch does.
#[derive(Clone, Copy)]
pub(super) enum RecordChange {
    Save,
    Update,
    Delete,
}

/// What this run has saved, by model.
#[derive(Default)]
pub(super) struct SavedByRun(Mutex<HashMap<String, Model>>);

struct Model {
    /// The model's last change before the run.
    since: Timestamp,
    /// What the run saved as it was, or changed.
    seen: Sightings,
    /// The strategy, once one was chosen.
    merging: Option<Merging>,
}

/// What a save does to records that something else changed.
#[derive(Clone, Copy)]
enum Merging {
    Overwrites,
    /// Leaves those alone that changed after this time.
    YieldsAfter(Timestamp),
}

impl Model {
    /// Nothing saved yet; the last change before the run was at `since`.
    fn new(since: Timestamp) -> Self {
        Self { since, seen: Sightings::default(), merging: None }
    }
}

impl Default for Model {
    /// A model of which nothing was stored before the run.
    fn default() -> Self {
        Self::new(Timestamp(0))
    }
}

impl RunHost {
    /// Notes the last change of each model, so that at the end it is known what came later.
    pub(super) async fn begin_records(&self) -> crate::Result<()> {
        let Execution { kind, connection, .. } = &self.0.execution;
        if !matches!(kind, RunKind::Sync | RunKind::Webhook) {
            return Ok(());
        }
        let (environment, store) = (connection.environment, &self.0.engine.store);
        let changes = store.last_changes(environment, connection.id, self.variant()).await?;
        self.saved().extend(changes.into_iter().map(|(model, since)| (model, Model::new(since))));
        Ok(())
    }

    pub(super) async fn records(&self, change: RecordChange, model: &str, body: Bytes) -> Answer {
        let (set, writer, store) = (self.record_set(model).await?, self.writer(model), &self.0.engine.store);
        let read =
            || record::read_batch(&body).map_err(|error| Refusal::new("invalid_records", error.to_string()));
        let Saved { counts, seen, .. } = match change {
            RecordChange::Save => self.save(set, writer, model, &body).await?,
            RecordChange::Update => store.update_records(set, read()?, writer).await.map_err(not_written)?,
            RecordChange::Delete => {
                let counts = store.delete_records(set, read()?, writer).await.map_err(not_written)?;
                Saved { counts, ..Saved::default() }
            }
        };
        self.saved().entry(model.to_owned()).or_default().seen.extend(seen);
        self.count(model, counts);
        let Counts { added, updated, deleted, unchanged } = counts;
        head(&json!({ "added": added, "updated": updated, "deleted": deleted, "unchanged": unchanged }))
    }

    /// Saves a batch. One that is known to be stored exactly so is not even read.
    async fn save(&self, set: RecordSet, writer: Writer, model: &str, body: &[u8]) -> Result<Saved, Refusal> {
        let Execution { function, connection, .. } = &self.0.execution;
        let (store, known) = (&self.0.engine.store, &self.0.engine.stored_batches);
        let batch = record::batch_hash(function.function.id, connection.data_validation, body);
        if let Some(last_change) = store.last_change(set).await.map_err(not_written)?
            && let Some(seen) = known.get(set, batch, last_change)
        {
            let counts = Counts { unchanged: seen.len() as u64, ..Counts::default() };
            return Ok(Saved { counts, seen, stored: None });
        }
        let records =
            record::read_batch(body).map_err(|error| Refusal::new("invalid_records", error.to_string()))?;
        let verdict = validate::records(&self.0.execution, model, &records);
        let is_good = matches!(verdict, validate::Verdict::Good);
        self.judge(verdict)?;
        let mut saved = store.save_records(set, records, writer).await.map_err(not_written)?;
        if let Some(stored) = saved.stored.take().filter(|_| is_good) {
            known.insert(set, batch, stored, saved.counts.updated == 0);
        }
        Ok(saved)
    }

    /// The records of these ids, deleted ones too.
    pub(super) async fn records_by_ids(&self, model: &str, body: &[u8]) -> Answer {
        let external_ids: Vec<String> = serde_json::from_slice(body)
            .map_err(|_| Refusal::new("invalid_ids", "The ids must be a list of texts."))?;
        if external_ids.len() > MAX_IDS {
            return Err(Refusal::new("invalid_ids", format!("At most {MAX_IDS} ids are allowed.")));
        }
        let query = RecordsQuery {
            after: None,
            modified_since: None,
            actions: Vec::new(),
            metadata_revision: None,
            with_revision: false,
            limit: external_ids.len().max(1) as u32,
            external_ids,
        };
        let page = self.page(model, query).await?;
        Ok(Reply { head: None, body: json_list(&page.records) })
    }

    pub(super) async fn list_records(&self, asked: &ListRecords) -> Answer {
        let after = match &asked.cursor {
            Some(text) => Some(
                Cursor::decode(text)
                    .ok_or_else(|| Refusal::new("invalid_cursor", "The cursor is not one of a record."))?,
            ),
            None => None,
        };
        let query = RecordsQuery {
            after,
            modified_since: None,
            actions: Vec::new(),
            external_ids: Vec::new(),
            metadata_revision: None,
            with_revision: false,
            limit: PAGE,
        };
        let page = self.page(&asked.model, query).await?;
        let next = page.records.last().filter(|_| page.has_more).map(|last| last.cursor().encode());
        let Reply { head, .. } = head(&json!({ "next_cursor": next }))?;
        Ok(Reply { head, body: json_list(&page.records) })
    }

    pub(super) async fn track_deletes_start(&self, model: &str) -> Answer {
        let set = self.record_set(model).await?;
        let opened = self.0.engine.store.open_window(set, &self.checkpoint_key()).await;
        opened.map_err(not_written)?;
        Ok(Reply::default())
    }

    pub(super) async fn track_deletes_end(&self, model: &str) -> Answer {
        self.delete_unseen(model, Window::Open).await
    }

    /// Deletes what neither this run has saved nor anything else has changed since it began.
    pub(super) async fn delete_unsaved(&self, model: &str) -> Answer {
        let window = {
            let mut saved = self.saved();
            let model = saved.entry(model.to_owned()).or_default();
            Window::Run(model.since, model.seen.clone())
        };
        self.delete_unseen(model, window).await
    }

    async fn delete_unseen(&self, model: &str, window: Window) -> Answer {
        let set = self.record_set(model).await?;
        let deleted = self.0.engine.store.delete_unseen(set, window, self.writer(model)).await;
        let Some(ids) = deleted.map_err(not_written)? else {
            let message = format!("trackDeletesStart was not called for `{model}`");
            return Err(Refusal::new("track_deletes_not_started", message));
        };
        self.count(model, Counts { deleted: ids.len() as u64, ..Counts::default() });
        let body = serde_json::to_vec(&ids).map_err(|_| Refusal::new("server_error", "ids are no JSON"))?;
        Ok(Reply { head: None, body: Bytes::from(body) })
    }

    /// The end of a successful run of a sync that owes a re-sync, or that was declared with `trackDeletes: true`.
    pub(super) async fn delete_what_is_gone(&self) -> Result<(), Refusal> {
        let Execution { kind, function, sync, .. } = &self.0.execution;
        let definition = &function.function.definition;
        if *kind != RunKind::Sync {
            return Ok(());
        }
        for model in &definition.models {
            if sync.as_ref().is_some_and(|sync| sync.resync) {
                self.end_resync(model).await?;
            }
            if definition.track_deletes {
                self.delete_unsaved(model).await?;
            }
        }
        Ok(())
    }

    /// Deletes what nothing has saved since the re-sync was asked for. Nothing where that was done by a run that could not say
    /// that it had ended, and where the function itself tracks what is gone, perhaps over several runs.
    async fn end_resync(&self, model: &str) -> Result<(), Refusal> {
        let set = self.record_set(model).await?;
        let store = &self.0.engine.store;
        let deleted = store.delete_unseen(set, Window::Resync, self.writer(model)).await;
        if let Some(ids) = deleted.map_err(not_written)? {
            self.count(model, Counts { deleted: ids.len() as u64, ..Counts::default() });
        }
        Ok(())
    }

    /// The first choice for a model stays. The answer's head is whether this was it.
    pub(super) async fn set_merging_strategy(&self, asked: &SetMergingStrategy) -> Answer {
        let SetMergingStrategy { model, strategy } = asked;
        self.check_model(model)?;
        let is_new = |host: &Self| host.saved().get(model).is_none_or(|model| model.merging.is_none());
        if !is_new(self) {
            return head(&false);
        }
        let merging = match strategy.as_str() {
            "override" => Merging::Overwrites,
            "ignore_if_modified_after" => {
                let connection = self.connection();
                let store = &self.0.engine.store;
                let changes = store.last_changes(connection.environment, connection.id, self.variant()).await;
                let changes = changes.map_err(|error| refusal(error.into()))?;
                Merging::YieldsAfter(changes.get(model).copied().unwrap_or(Timestamp(0)))
            }
            other => {
                let message = format!("There is no merging strategy `{other}`.");
                return Err(Refusal::new("invalid_merging_strategy", message));
            }
        };
        let mut saved = self.saved();
        let model = saved.entry(model.clone()).or_default();
        let chosen = model.merging.is_none();
        model.merging.get_or_insert(merging);
        drop(saved);
        head(&chosen)
    }

    fn writer(&self, model: &str) -> Writer {
        let Execution { id, connection, .. } = &self.0.execution;
        let yields_after = match self.saved().get(model).and_then(|model| model.merging) {
            Some(Merging::YieldsAfter(change)) => Some(change),
            Some(Merging::Overwrites) | None => None,
        };
        Writer { yields_after, ..Writer::new(*id, connection.metadata_revision) }
    }

    fn variant(&self) -> &str {
        self.0.execution.sync.as_ref().map_or(BASE_VARIANT, |sync| &sync.variant)
    }

    fn saved(&self) -> MutexGuard<'_, HashMap<String, Model>> {
        self.0.saved.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, model: &str, counts: Counts) {
        let mut all = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry(model.to_owned()).or_default() += counts;
    }

    async fn page(&self, model: &str, query: RecordsQuery) -> Result<RecordsPage, Refusal> {
        self.check_model(model)?;
        let (connection, store) = (self.connection(), &self.0.engine.store);
        let set = store.find_record_set(connection.environment, connection.id, model, self.variant()).await;
        match set.map_err(|error| refusal(error.into()))? {
            Some(set) => store.records_page(set, query).await.map_err(|error| refusal(error.into())),
            None => Ok(RecordsPage::default()),
        }
    }

    /// The set of a model that the function declares, changed only while the run is held.
    async fn record_set(&self, model: &str) -> Result<RecordSet, Refusal> {
        self.check_model(model)?;
        let Execution { connection, fence, .. } = &self.0.execution;
        let store = &self.0.engine.store;
        let set = store.record_set(connection.environment, connection.id, model, self.variant()).await;
        Ok(set.map_err(|error| refusal(error.into()))?.fenced(*fence))
    }

    fn check_model(&self, model: &str) -> Result<(), Refusal> {
        check_model(&self.0.execution.function.function.definition.models, model)
    }
}

/// Refuses a model that the function did not declare.
pub(crate) fn check_model(models: &[String], model: &str) -> Result<(), Refusal> {
    if models.iter().any(|declared| declared == model) {
        return Ok(());
    }
    let message = format!("The model `{model}` is not among the function's models: {}", models.join(", "));
    Err(Refusal::new("invalid_model", message))
}

/// Why nothing was written: a run that is not held any more was cancelled or taken over.
fn not_written(error: bespoke_store::Error) -> Refusal {
    match error {
        bespoke_store::Error::Conflict(_) => {
            Refusal::new(bespoke_runtime::code::ABORTED, "The run was cancelled.")
        }
        error => refusal(error.into()),
    }
}

/// Records as the body of an answer.
pub(crate) fn json_list(records: &[Record]) -> Bytes {
    let mut json = String::new();
    Record::write_json_list(records, &mut json);
    json.into()
}
