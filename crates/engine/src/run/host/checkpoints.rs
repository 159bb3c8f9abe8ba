//! The function's progress object at its connection.
//!
//! A run reads the version once and counts on from there, so that it notices when another run has written meanwhile.

use super::{Answer, RunHost, head, refusal};
use crate::run::{Execution, validate};
use bespoke_core::{checkpoint, sync::BASE_VARIANT};
use bespoke_runtime::host::{Refusal, Reply};
use bespoke_store::{CheckpointRange, StoredCheckpoint};
use serde_json::{Value, value::RawValue};
use tokio::sync::{Mutex, MutexGuard};

/// What the run knows of its checkpoint.
#[derive(Default)]
pub(super) struct Progress(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// As the run last read or wrote it; `None` before the first time.
    now: Option<StoredCheckpoint>,
    /// What it began with.
    from: Option<String>,
}

impl RunHost {
    /// The checkpoint at the run's start and end, as far as the function asked for it.
    pub(in crate::run) async fn checkpoint_range(&self) -> CheckpointRange {
        let known = self.0.progress.0.lock().await;
        CheckpointRange { from: known.from.clone(), to: known.now.as_ref().and_then(|now| now.value.clone()) }
    }

    /// The name of the function's checkpoint.
    pub(super) fn checkpoint_key(&self) -> String {
        let Execution { kind, function, sync, .. } = &self.0.execution;
        let variant = sync.as_ref().map_or(BASE_VARIANT, |sync| &sync.variant);
        checkpoint::key(*kind, &function.function.definition.name, variant)
    }

    pub(super) async fn get_checkpoint(&self) -> Answer {
        let mut known = self.0.progress.0.lock().await;
        self.read_checkpoint(&mut known).await?;
        match known.now.as_ref().and_then(|now| now.value.clone()) {
            Some(value) => {
                let damaged = |_| Refusal::new("server_error", "The stored checkpoint cannot be read.");
                Ok(Reply { head: Some(RawValue::from_string(value).map_err(damaged)?), ..Reply::default() })
            }
            None => head(&()),
        }
    }

    pub(super) async fn save_checkpoint(&self, body: &[u8]) -> Answer {
        let invalid = |error: checkpoint::Error| Refusal::new("invalid_checkpoint", error.to_string());
        let fields = checkpoint::read(body).map_err(invalid)?;
        let fields = Value::Object(fields);
        self.judge(validate::checkpoint(&self.0.execution, &fields))?;
        self.write_checkpoint(Some(fields.to_string())).await
    }

    /// Without a checkpoint there is nothing to do.
    pub(super) async fn clear_checkpoint(&self) -> Answer {
        self.write_checkpoint(None).await
    }

    async fn write_checkpoint(&self, value: Option<String>) -> Answer {
        let mut known = self.0.progress.0.lock().await;
        if known.now.is_none() {
            self.read_checkpoint(&mut known).await?;
        }
        let StoredCheckpoint { version, value: stored } = known.now.clone().unwrap_or_default();
        if stored == value {
            return Ok(Reply::default());
        }
        let (connection, key) = (self.connection(), self.checkpoint_key());
        let store = &self.0.engine.store;
        let written =
            store.write_checkpoint(connection.environment, connection.id, &key, version, value.clone());
        if !written.await.map_err(|error| refusal(error.into()))? {
            let message = "Another run has changed the checkpoint since this one has read it.";
            return Err(Refusal::new("checkpoint_conflict", message));
        }
        known.now = Some(StoredCheckpoint { version: version + 1, value });
        Ok(Reply::default())
    }

    async fn read_checkpoint(&self, known: &mut MutexGuard<'_, Known>) -> Result<(), Refusal> {
        let connection = self.connection();
        let key = self.checkpoint_key();
        let stored = self.0.engine.store.checkpoint(connection.environment, connection.id, &key).await;
        let stored = stored.map_err(|error| refusal(error.into()))?;
        if known.now.is_none() {
            known.from.clone_from(&stored.value);
        }
        known.now = Some(stored);
        Ok(())
    }
}
