//! Everything that a function can do, each in a few lines. The connection, its environment and the function's models
//! are the run's own: a function names nothing that it may not reach.

mod checkpoints;
mod connection;
mod functions;
mod locks;
mod log;
mod records;
mod requests;
mod verdicts;

use super::Execution;
use crate::{Engine, Error, Failure, Resource, logs::LogScope};
use bespoke_core::{connection::Connection, document::Write, sync::Counts};
use bespoke_runtime::{
    code,
    host::{Call, Host, Refusal, Reply, Request},
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use records::RecordChange;
pub(crate) use records::{check_model, json_list};
use serde::Serialize;
use serde_json::value::to_raw_value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

/// Answers the calls of one run.
#[derive(Clone)]
pub(crate) struct RunHost(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    execution: Execution,
    log: Arc<LogScope>,
    counts: Mutex<BTreeMap<String, Counts>>,
    progress: checkpoints::Progress,
    saved: records::SavedByRun,
    has_locks: AtomicBool,
}

pub(crate) type Answer = Result<Reply, Refusal>;

impl Host for RunHost {
    fn call(&self, call: Call) -> BoxFuture<'static, Answer> {
        let run = self.clone();
        Box::pin(async move {
            let Call { request, body } = call;
            match request {
                Request::Http(request) => run.http(*request, body).await,
                Request::GetConnection(which) => run.get_connection(which).await,
                Request::SetMetadata {} => run.write_metadata(body, Write::Replace).await,
                Request::UpdateMetadata {} => run.write_metadata(body, Write::Merge).await,
                Request::EnvironmentVariables {} => run.environment_variables().await,
                Request::SaveRecords(records) => run.records(RecordChange::Save, &records.model, body).await,
                Request::UpdateRecords(records) => {
                    run.records(RecordChange::Update, &records.model, body).await
                }
                Request::DeleteRecords(records) => {
                    run.records(RecordChange::Delete, &records.model, body).await
                }
                Request::RecordsByIds(records) => run.records_by_ids(&records.model, &body).await,
                Request::ListRecords(asked) => run.list_records(&asked).await,
                Request::TrackDeletesStart(records) => run.track_deletes_start(&records.model).await,
                Request::TrackDeletesEnd(records) => run.track_deletes_end(&records.model).await,
                Request::DeleteUnsaved(records) => run.delete_unsaved(&records.model).await,
                Request::SetMergingStrategy(asked) => run.set_merging_strategy(&asked).await,
                Request::GetCheckpoint {} => run.get_checkpoint().await,
                Request::SaveCheckpoint {} => run.save_checkpoint(&body).await,
                Request::ClearCheckpoint {} => run.clear_checkpoint().await,
                Request::AcquireLock(lock) => run.acquire_lock(&lock).await,
                Request::ReleaseLock(lock) => run.release_lock(&lock.key).await,
                Request::ReleaseLocks {} => run.release_locks().await,
                Request::TriggerAction(action) => run.trigger_action(action, body).await,
                Request::GetIntegration(asked) => run.get_integration(asked).await,
                Request::TriggerSync(asked) => run.trigger_sync(asked).await,
                Request::StartSync(asked) => run.start_sync(asked).await,
                Request::UncontrolledFetch(request) => run.uncontrolled_fetch(*request, body).await,
                Request::Log(line) => Ok(run.log(&line).await),
            }
        })
    }
}

impl RunHost {
    pub(crate) fn new(engine: Arc<Engine>, execution: Execution, log: Arc<LogScope>) -> Self {
        Self(Arc::new(Inner {
            engine,
            execution,
            log,
            counts: Mutex::default(),
            progress: checkpoints::Progress::default(),
            saved: records::SavedByRun::default(),
            has_locks: AtomicBool::new(false),
        }))
    }

    /// Before the function runs: notes where the run's own window of records begins.
    pub(super) async fn begin(&self) -> Result<(), Failure> {
        self.begin_records().await.map_err(|error| {
            tracing::error!(error = crate::error::chain(&error), "a run could not begin");
            Failure::new(code::INTERNAL, "The server could not begin the run.")
        })
    }

    /// After the function has ended, however it did: does what is promised for the end, and lets its locks go.
    pub(super) async fn end(&self, succeeded: bool) -> Result<(), Refusal> {
        let deleted = if succeeded { self.delete_what_is_gone().await } else { Ok(()) };
        self.let_locks_go().await;
        deleted
    }

    /// What the run did to the records so far, by model.
    pub(super) fn counts(&self) -> BTreeMap<String, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn connection(&self) -> &Connection {
        &self.0.execution.connection
    }

    /// The run's own connection, or another one of the same environment where the function names one.
    async fn connection_named(&self, key: Option<String>, id: Option<String>) -> Result<Connection, Refusal> {
        let own = self.connection();
        let key = key.unwrap_or_else(|| own.provider_config_key.clone());
        let id = id.unwrap_or_else(|| own.connection_id.clone());
        if key == own.provider_config_key && id == own.connection_id {
            return Ok(own.clone());
        }
        self.0.engine.connection(own.environment, &key, &id).await.map_err(refusal)
    }
}

/// An answer without bulk data.
pub(crate) fn head(value: &impl Serialize) -> Answer {
    let head = to_raw_value(value)
        .map_err(|_| Refusal::new("server_error", "The answer cannot be written as JSON."))?;
    Ok(Reply { head: Some(head), body: Bytes::new() })
}

/// What a function sees of a use case's failure.
pub(crate) fn refusal(error: Error) -> Refusal {
    match error {
        Error::NotFound(Resource::Connection) => {
            Refusal::new("unknown_connection", "The connection does not exist.")
        }
        Error::NotFound(Resource::Sync) => Refusal::new("no_syncs_found", "There is no such sync."),
        Error::NotFound(resource) => Refusal::new("not_found", format!("{resource} does not exist.")),
        Error::Disabled(..) => Refusal::new("disabled_resource", format!("{error}.")),
        Error::Failed(failure) => Refusal {
            code: failure.code.clone(),
            message: failure.message.clone(),
            payload: Some(failure.payload.clone()),
        },
        Error::MetadataInvalid(ref problems) => {
            let payload = serde_json::value::to_raw_value(&serde_json::json!({ "problems": problems })).ok();
            Refusal { payload, ..Refusal::new("invalid_metadata", format!("{error}")) }
        }
        Error::CredentialsUnusable(unusable) => {
            Refusal::new(unusable.reason.code(), unusable.reason.to_string())
        }
        Error::Store(_) | Error::Damaged(_) => {
            tracing::error!(error = crate::error::chain(&error), "a function's call failed");
            Refusal::new("server_error", "The server could not do this.")
        }
        other => Refusal::new("server_error", other.to_string()),
    }
}
