//! What functions do with their records.

use super::{Answer, RunHost, head, refusal};
use crate::run::{Execution, validate};
use bespoke_core::{
    record::{self, NewRecord},
    sync::{BASE_VARIANT, Counts},
};
use bespoke_runtime::host::Refusal;
use bytes::Bytes;
use std::sync::PoisonError;

/// What a batch does.
#[derive(Clone, Copy)]
pub(super) enum RecordChange {
    Save,
    Update,
    Delete,
}

impl RunHost {
    pub(super) async fn records(&self, change: RecordChange, model: &str, body: Bytes) -> Answer {
        let Execution { function, id, sync, connection, fence, .. } = &self.0.execution;
        check_model(&function.function.definition.models, model)?;
        let variant = sync.as_ref().map_or(BASE_VARIANT, |sync| &sync.variant);
        let records: Vec<NewRecord> =
            record::read_batch(&body).map_err(|error| Refusal::new("invalid_records", error.to_string()))?;
        let store = &self.0.engine.store;
        let set = store
            .record_set(connection.environment, connection.id, model, variant)
            .await
            .map_err(|error| refusal(error.into()))?
            .fenced(*fence);
        if matches!(change, RecordChange::Save) {
            self.judge(validate::records(&self.0.execution, model, &records))?;
        }
        let counts = match change {
            RecordChange::Save => store.save_records(set, records, *id, connection.metadata_revision).await,
            RecordChange::Update => {
                store.update_records(set, records, *id, connection.metadata_revision).await
            }
            RecordChange::Delete => store.delete_records(set, records, *id).await,
        }
        .map_err(|error| match error {
            bespoke_store::Error::Conflict(_) => {
                Refusal::new(bespoke_runtime::code::ABORTED, "The run was cancelled.")
            }
            error => refusal(error.into()),
        })?;
        *self.0.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(model.to_owned()).or_default() +=
            counts;
        let Counts { added, updated, deleted, unchanged } = counts;
        head(
            &serde_json::json!({ "added": added, "updated": updated, "deleted": deleted, "unchanged": unchanged }),
        )
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
