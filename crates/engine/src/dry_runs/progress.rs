//! Checkpoints and locks of a dry run: as a function sees them, and gone afterwards.

use super::host::DryHost;
use crate::run::{Answer, head, refusal};
use bespoke_core::checkpoint;
use bespoke_runtime::host::{Refusal, Reply};
use bespoke_store::CheckpointRange;
use serde_json::{Value, value::RawValue};
use std::collections::HashSet;
use tokio::sync::Mutex;

/// What a dry run keeps between calls.
#[derive(Default)]
pub(super) struct Progress {
    checkpoint: Mutex<Option<CheckpointRange>>,
    locks: std::sync::Mutex<HashSet<String>>,
}

impl Progress {
    /// The run begins with this checkpoint instead of the stored one, or with none.
    pub(super) fn beginning_with(checkpoint: Option<String>, afresh: bool) -> Self {
        let none = afresh.then(CheckpointRange::default);
        let given = checkpoint.map(|value| CheckpointRange { from: Some(value.clone()), to: Some(value) });
        Self { checkpoint: Mutex::new(given.or(none)), locks: std::sync::Mutex::default() }
    }

    /// What the checkpoint was and has become, where the function asked for it or wrote it.
    pub(super) fn take_checkpoint(&self) -> Option<CheckpointRange> {
        self.checkpoint.try_lock().ok().and_then(|mut range| range.take())
    }

    fn locks(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.locks.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl DryHost {
    pub(super) async fn get_checkpoint(&self) -> Answer {
        match self.checkpoint(|range| range.to.clone()).await? {
            Some(value) => {
                let damaged = |_| Refusal::new("server_error", "The checkpoint cannot be read.");
                Ok(Reply { head: Some(RawValue::from_string(value).map_err(damaged)?), ..Reply::default() })
            }
            None => head(&()),
        }
    }

    pub(super) async fn save_checkpoint(&self, body: &[u8]) -> Answer {
        let invalid = |message: String| Refusal::new("invalid_checkpoint", message);
        let fields = checkpoint::read(body).map_err(|error| invalid(error.to_string()))?;
        let fields = Value::Object(fields);
        self.check_checkpoint(&fields)?;
        self.checkpoint(|range| range.to = Some(fields.to_string())).await?;
        Ok(Reply::default())
    }

    pub(super) async fn clear_checkpoint(&self) -> Answer {
        self.checkpoint(|range| range.to = None).await?;
        Ok(Reply::default())
    }

    /// Uses the checkpoint, which is read when it is first needed.
    async fn checkpoint<T>(&self, with: impl FnOnce(&mut CheckpointRange) -> T) -> Result<T, Refusal> {
        let mut range = self.0.progress.checkpoint.lock().await;
        if range.is_none() {
            let connection = &self.0.connection;
            let store = &self.0.engine.store;
            let key = &self.0.checkpoint_key;
            let stored = store.checkpoint(connection.environment, connection.id, key).await;
            let value = stored.map_err(|error| refusal(error.into()))?.value;
            *range = Some(CheckpointRange { from: value.clone(), to: value });
        }
        Ok(with(range.get_or_insert_default()))
    }

    /// A dry run keeps nobody away and is kept away by nobody.
    pub(super) fn acquire_lock(&self, key: &str) -> Answer {
        self.0.progress.locks().insert(key.to_owned());
        head(&true)
    }

    pub(super) fn release_lock(&self, key: &str) -> Answer {
        head(&self.0.progress.locks().remove(key))
    }

    pub(super) fn release_locks(&self) -> Reply {
        self.0.progress.locks().clear();
        Reply::default()
    }
}
