//! The records of a dry run: what is stored, read as far as batches touch it, and what the batches make of it.

use super::report::{ChangeCounts, ModelChanges, RecordChange, RunCounts};
use crate::Engine;
use bespoke_core::{
    connection::Connection,
    record::{NewRecord, Overlay},
    sync::Counts,
};
use bespoke_runtime::host::Refusal;
use bespoke_store::{RecordSet, Window};
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
    engine: Arc<Engine>,
    connection: Connection,
    variant: String,
    /// Locked over a whole batch, as the rows of a set are.
    models: Mutex<BTreeMap<String, DrySet>>,
}

struct DrySet {
    /// `None` where nothing was ever saved.
    stored: Option<RecordSet>,
    overlay: Overlay,
    counts: Counts,
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
        if !models.contains_key(model) {
            let set = self.engine.store.find_record_set(
                self.connection.environment,
                self.connection.id,
                model,
                &self.variant,
            );
            let stored = set.await.map_err(unreadable)?;
            models.insert(
                model.to_owned(),
                DrySet { stored, overlay: Overlay::default(), counts: Counts::default() },
            );
        }
        let held: usize = models.values().map(|set| set.overlay.bytes()).sum();
        if held > MAX_BYTES {
            return Err(Refusal::new(
                "dry_run_too_large",
                format!("A dry run keeps its records in memory, {} MiB at most.", MAX_BYTES >> 20),
            ));
        }
        let Some(set) = models.get_mut(model) else {
            return Err(Refusal::new("server_error", "The model is not known."));
        };
        self.learn(set, &records).await?;
        let counts = match change {
            BatchKind::Save => set.overlay.save(records),
            BatchKind::Update => set.overlay.update(&records),
            BatchKind::Delete => set.overlay.delete(records.iter().map(|record| record.external_id.as_str())),
        };
        set.counts += counts;
        Ok(counts)
    }

    /// The ids of live records that neither the window nor a batch of this run has seen. `None` where there is no window.
    pub(super) async fn unseen(&self, model: &str, window: Window) -> Result<Option<Vec<String>>, Refusal> {
        let Connection { environment, id, .. } = &self.connection;
        let store = &self.engine.store;
        let set = store.find_record_set(*environment, *id, model, &self.variant).await.map_err(unreadable)?;
        let Some(set) = set else { return Ok(matches!(window, Window::Run(..)).then(Vec::new)) };
        let Some(mut unseen) = store.unseen_records(set, window).await.map_err(unreadable)? else {
            return Ok(None);
        };
        if let Some(set) = self.models.lock().await.get(model) {
            unseen.retain(|id| !set.overlay.has_seen(id));
        }
        Ok(Some(unseen))
    }

    async fn learn(&self, set: &mut DrySet, records: &[NewRecord]) -> Result<(), Refusal> {
        let unknown = set.overlay.unknown(records.iter().map(|record| record.external_id.as_str()));
        let stored = match set.stored {
            Some(stored) if !unknown.is_empty() => {
                self.engine.store.stored_records(stored, unknown.clone()).await.map_err(unreadable)?
            }
            _ => Vec::new(),
        };
        set.overlay.learn(unknown, stored);
        Ok(())
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

/// JSON text as it is.
pub(super) fn raw(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(text.to_owned()).ok()
}

fn unreadable(error: bespoke_store::Error) -> Refusal {
    tracing::error!(error = crate::error::chain(&error), "a dry run could not read records");
    Refusal::new("server_error", "The server could not do this.")
}
