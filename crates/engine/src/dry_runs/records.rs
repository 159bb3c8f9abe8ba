//! The records of a dry run: what is stored, read as far as batches touch it, and what the batches make of it.

use super::report::{ChangeCounts, ModelChanges, RecordChange, RunCounts};
use crate::{Engine, run::json_list};
use bespoke_core::{
    connection::Connection,
    record::{NewRecord, Overlay, Record},
    sync::Counts,
};
use bespoke_runtime::host::{Refusal, Reply};
use bespoke_store::RecordSet;
use serde_json::value::RawValue;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::Mutex;

/// Bytes of records that a dry run keeps in memory, the stored ones and the new ones together.
const MAX_BYTES: usize = 64 << 20;
/// Records that differ and are told of, for each model.
const MAX_CHANGES: usize = 1_000;

/// What a batch does.
#[derive(Clone, Copy)]
pub(super) enum BatchKind {
    Save,
    Update,
    Delete,
}

/// The records that a dry run has touched, by model.
pub(super) struct DryRecords {
    pub(super) engine: Arc<Engine>,
    pub(super) connection: Connection,
    pub(super) variant: String,
    /// Locked over a whole batch, as the rows of a set are.
    pub(super) models: Mutex<BTreeMap<String, DrySet>>,
}

/// The records of one model.
pub(super) struct DrySet {
    /// `None` where nothing was ever saved.
    pub(super) stored: Option<RecordSet>,
    pub(super) overlay: Overlay,
    pub(super) counts: Counts,
    /// Where among the touches this run has begun to track deletions.
    pub(super) window: Option<u64>,
    /// Whether a merging strategy was chosen.
    pub(super) merging: bool,
}

impl DryRecords {
    pub(super) fn new(engine: Arc<Engine>, connection: Connection, variant: String) -> Self {
        Self { engine, connection, variant, models: Mutex::default() }
    }

    /// What the batch would do.
    pub(super) async fn apply(
        &self,
        change: BatchKind,
        model: &str,
        records: Vec<NewRecord>,
    ) -> Result<Counts, Refusal> {
        let mut models = self.models.lock().await;
        let held: usize = models.values().map(|set| set.overlay.bytes()).sum();
        if held > MAX_BYTES {
            return Err(Refusal::new(
                "dry_run_too_large",
                format!("A dry run keeps its records in memory, {} MiB at most.", MAX_BYTES >> 20),
            ));
        }
        let set = self.set(&mut models, model).await?;
        self.learn(set, records.iter().map(|record| record.external_id.as_str())).await?;
        let counts = match change {
            BatchKind::Save => set.overlay.save(records),
            BatchKind::Update => set.overlay.update(&records),
            BatchKind::Delete => set.overlay.delete(records.iter().map(|record| record.external_id.as_str())),
        };
        set.counts += counts;
        Ok(counts)
    }

    /// The records of a model; nothing is made where none was ever saved.
    pub(super) async fn set<'a>(
        &self,
        models: &'a mut BTreeMap<String, DrySet>,
        model: &str,
    ) -> Result<&'a mut DrySet, Refusal> {
        if !models.contains_key(model) {
            let (environment, connection) = (self.connection.environment, self.connection.id);
            let found =
                self.engine.store.find_record_set(environment, connection, model, &self.variant).await;
            let set = DrySet {
                stored: found.map_err(unreadable)?,
                overlay: Overlay::default(),
                counts: Counts::default(),
                window: None,
                merging: false,
            };
            models.insert(model.to_owned(), set);
        }
        models.get_mut(model).ok_or_else(|| Refusal::new("server_error", "The model is not known."))
    }

    /// Reads how the records with these ids are stored.
    pub(super) async fn learn(
        &self,
        set: &mut DrySet,
        ids: impl Iterator<Item = &str>,
    ) -> Result<(), Refusal> {
        let unknown = set.overlay.unknown(ids);
        let stored = match set.stored {
            Some(stored) if !unknown.is_empty() => {
                self.engine.store.stored_records(stored, unknown.clone()).await.map_err(unreadable)?
            }
            _ => Vec::new(),
        };
        set.overlay.learn(unknown, stored);
        Ok(())
    }

    /// The first choice for a model stays; nothing else writes meanwhile, so both have the same effect. Whether it is the
    /// first.
    pub(super) async fn set_merging(&self, model: &str) -> Result<bool, Refusal> {
        let mut models = self.models.lock().await;
        let set = self.set(&mut models, model).await?;
        Ok(!std::mem::replace(&mut set.merging, true))
    }

    /// What a real run would count, and what would differ from what is stored. Nothing is left afterwards.
    pub(super) fn take(&self) -> (BTreeMap<String, RunCounts>, Vec<ModelChanges>) {
        // Nobody else is there any more: the run has ended.
        let models =
            self.models.try_lock().map(|mut models| std::mem::take(&mut *models)).unwrap_or_default();
        let counts = models.iter().map(|(model, set)| (model.clone(), set.counts.into())).collect();
        let changes = models.into_iter().map(|(model, set)| changes(model, &set.overlay)).collect();
        (counts, changes)
    }
}

fn changes(model: String, overlay: &Overlay) -> ModelChanges {
    let mut counts = ChangeCounts::default();
    let mut changes = Vec::new();
    for change in overlay.changes() {
        counts.count(change.kind);
        if changes.len() < MAX_CHANGES {
            changes.push(RecordChange {
                id: change.external_id.to_owned(),
                change: change.kind,
                before: change.before.and_then(raw),
                after: change.after.and_then(raw),
            });
        }
    }
    let live = overlay.records().filter(|record| !record.deleted && overlay.has_seen(&record.external_id));
    counts.unchanged = (live.count() as u64).saturating_sub(counts.added + counts.changed);
    let left_out = counts.differing() - changes.len() as u64;
    ModelChanges { model, counts, changes, left_out }
}

/// An answer with these records as its body.
pub(super) fn json_reply(records: &[Record]) -> Reply {
    Reply { head: None, body: json_list(records) }
}

/// JSON text as it is.
pub(super) fn raw(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(text.to_owned()).ok()
}

/// What a function sees of a database that fails.
pub(super) fn unreadable(error: bespoke_store::Error) -> Refusal {
    tracing::error!(error = crate::error::chain(&error), "a dry run could not read records");
    Refusal::new("server_error", "The server could not do this.")
}
