//! A dry run's checkpoint and deletions, in memory: they begin with what is stored.

use super::{host::DryHost, records::BatchKind};
use crate::run::{Answer, check_model, head};
use bespoke_core::{
    checkpoint,
    record::{NewRecord, Sightings},
    time::Timestamp,
};
use bespoke_runtime::host::{Call, Host as _, Refusal, Reply, Request};
use bespoke_store::Window;
use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};

impl DryHost {
    pub(super) async fn get_checkpoint(&self) -> Answer {
        let own = self.seen().checkpoint.clone();
        match own {
            Some(own) => head(&own),
            None => self.0.real.call(Call { request: Request::GetCheckpoint {}, body: Bytes::new() }).await,
        }
    }

    pub(super) fn save_checkpoint(&self, body: &[u8]) -> Answer {
        let invalid = |message: String| Refusal::new("invalid_checkpoint", message);
        let fields = checkpoint::read(body).map_err(|error| invalid(error.to_string()))?;
        let value: Box<RawValue> = to_raw_value(&fields).map_err(|error| invalid(error.to_string()))?;
        self.seen().checkpoint = Some(Some(value));
        Ok(Reply::default())
    }

    pub(super) fn clear_checkpoint(&self) -> Reply {
        self.seen().checkpoint = Some(None);
        Reply::default()
    }

    pub(super) async fn track_deletes_start(&self, model: &str) -> Answer {
        check_model(&self.0.definition.models, model)?;
        // One that earlier runs have left open goes on.
        if self.0.records.unseen(model, Window::Open).await?.is_none() {
            self.seen().tracked.push(model.to_owned());
        }
        Ok(Reply::default())
    }

    pub(super) async fn track_deletes_end(&self, model: &str) -> Answer {
        check_model(&self.0.definition.models, model)?;
        let is_own = self.seen().tracked.iter().any(|tracked| tracked == model);
        if is_own {
            self.seen().tracked.retain(|tracked| tracked != model);
            return self.delete_unseen(model, everything()).await;
        }
        self.delete_unseen(model, Window::Open).await
    }

    pub(super) async fn delete_unsaved(&self, model: &str) -> Answer {
        check_model(&self.0.definition.models, model)?;
        self.delete_unseen(model, everything()).await
    }

    async fn delete_unseen(&self, model: &str, window: Window) -> Answer {
        let Some(unseen) = self.0.records.unseen(model, window).await? else {
            let message = format!("trackDeletesStart was not called for `{model}`");
            return Err(Refusal::new("track_deletes_not_started", message));
        };
        let body =
            serde_json::to_vec(&unseen).map_err(|_| Refusal::new("server_error", "ids are no JSON"))?;
        let gone = unseen.into_iter().map(|external_id| NewRecord {
            external_id,
            hash: [0; 16],
            payload: String::new(),
        });
        self.0.records.apply(BatchKind::Delete, model, gone.collect()).await?;
        Ok(Reply { head: None, body: Bytes::from(body) })
    }
}

/// Everything that is stored, except for what the run itself has touched.
fn everything() -> Window {
    Window::Run(Timestamp(i64::MAX), Sightings::default())
}
