//! Everything that a function can do, each in a few lines. The connection, its environment and the function's models
//! are the run's own: a function names nothing that it may not reach.

use super::Execution;
use crate::{Engine, Error, Resource};
use bespoke_core::{
    connection::Connection,
    document::{Document, Write},
    record::{self, NewRecord},
    sync::{BASE_VARIANT, Counts},
};
use bespoke_runtime::host::{Call, GetConnection, Host, Http, Log, Refusal, Reply, Request, TriggerAction};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// How deep actions may call actions.
const MAX_DEPTH: u8 = 8;

/// Answers the calls of one run.
#[derive(Clone)]
pub(super) struct RunHost(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    execution: Execution,
    counts: Mutex<BTreeMap<String, Counts>>,
}

type Answer = Result<Reply, Refusal>;

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
                Request::TriggerAction(action) => run.trigger_action(action, body).await,
                Request::Log(line) => Ok(run.log(&line)),
            }
        })
    }
}

#[derive(Clone, Copy)]
enum RecordChange {
    Save,
    Update,
    Delete,
}

impl RunHost {
    pub(super) fn new(engine: Arc<Engine>, execution: Execution) -> Self {
        Self(Arc::new(Inner { engine, execution, counts: Mutex::default() }))
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

    async fn http(&self, request: Http, body: Bytes) -> Answer {
        let connection =
            self.connection_named(request.provider_config_key.clone(), request.connection_id.clone()).await?;
        self.0.engine.request_for_run(&connection, &self.connection().provider, request, body).await
    }

    async fn get_connection(&self, which: GetConnection) -> Answer {
        let own = self.connection();
        let key = which.provider_config_key.unwrap_or_else(|| own.provider_config_key.clone());
        let id = which.connection_id.unwrap_or_else(|| own.connection_id.clone());
        let engine = &self.0.engine;
        let connection = engine
            .connection_json(own.environment, &key, &id, which.force_refresh, which.refresh_token)
            .await
            .map_err(refusal)?;
        head(&connection)
    }

    async fn write_metadata(&self, body: Bytes, write: fn(Document) -> Write) -> Answer {
        let own = self.connection();
        let text = std::str::from_utf8(&body).unwrap_or_default();
        let document = Document::parse(text)
            .map_err(|error| Refusal::new("invalid_body", format!("metadata {error}")))?;
        let written = self
            .0
            .engine
            .write_metadata(
                own.environment,
                &own.provider_config_key,
                vec![own.connection_id.clone()],
                write(document),
            )
            .await
            .map_err(refusal)?;
        match written.into_iter().next() {
            Some(written) => head(&written.document),
            None => Err(refusal(Error::NotFound(Resource::Connection))),
        }
    }

    async fn environment_variables(&self) -> Answer {
        let variables =
            self.0.engine.environment_variables(self.connection().environment).await.map_err(refusal)?;
        let list: Vec<_> = variables
            .iter()
            .map(|(name, value)| serde_json::json!({ "name": name, "value": value.expose() }))
            .collect();
        head(&list)
    }

    async fn records(&self, change: RecordChange, model: &str, body: Bytes) -> Answer {
        let Execution { function, id, sync, connection, .. } = &self.0.execution;
        let models = &function.function.definition.models;
        if !models.iter().any(|declared| declared == model) {
            let message =
                format!("The model `{model}` is not among the function's models: {}", models.join(", "));
            return Err(Refusal::new("invalid_model", message));
        }
        let variant = sync.as_ref().map_or(BASE_VARIANT, |sync| &sync.variant);
        let records: Vec<NewRecord> =
            record::read_batch(&body).map_err(|error| Refusal::new("invalid_records", error.to_string()))?;
        let store = &self.0.engine.store;
        let set = store
            .record_set(connection.environment, connection.id, model, variant)
            .await
            .map_err(|error| refusal(error.into()))?;
        let counts = match change {
            RecordChange::Save => store.save_records(set, records, *id, connection.metadata_revision).await,
            RecordChange::Update => {
                store.update_records(set, records, *id, connection.metadata_revision).await
            }
            RecordChange::Delete => store.delete_records(set, records, *id).await,
        }
        .map_err(|error| refusal(error.into()))?;
        *self.0.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(model.to_owned()).or_default() +=
            counts;
        let Counts { added, updated, deleted, unchanged } = counts;
        head(
            &serde_json::json!({ "added": added, "updated": updated, "deleted": deleted, "unchanged": unchanged }),
        )
    }

    async fn trigger_action(&self, action: TriggerAction, input: Bytes) -> Answer {
        let Execution { environment, depth, .. } = &self.0.execution;
        if *depth >= MAX_DEPTH {
            return Err(Refusal::new(
                "action_failure",
                format!("Actions called each other {MAX_DEPTH} deep."),
            ));
        }
        let engine = Arc::clone(&self.0.engine);
        let called = crate::actions::ActionCall {
            environment: environment.clone(),
            provider_config_key: action.provider_config_key,
            connection_id: action.connection_id,
            name: action.action_name,
            input,
        };
        let depth = depth + 1;
        // Boxed: an action that calls an action is a future inside itself.
        let output = Box::pin(engine.run_action(called, depth)).await.map_err(refusal)?;
        Ok(Reply { head: None, body: output })
    }

    fn log(&self, line: &Log) -> Reply {
        let Execution { id, environment, connection, function, .. } = &self.0.execution;
        let meta = line.meta.as_deref().map(RawValue::get).unwrap_or_default();
        let function = &function.function.definition.name;
        let (environment, connection) = (&environment.name, &connection.connection_id);
        match line.level.as_str() {
            "error" => {
                tracing::error!(run = %id, environment, connection, function, meta, "{}", line.message);
            }
            "warn" => tracing::warn!(run = %id, environment, connection, function, meta, "{}", line.message),
            "debug" => {
                tracing::debug!(run = %id, environment, connection, function, meta, "{}", line.message);
            }
            _ => tracing::info!(run = %id, environment, connection, function, meta, "{}", line.message),
        }
        Reply::default()
    }
}

fn head(value: &impl Serialize) -> Answer {
    let head = to_raw_value(value)
        .map_err(|_| Refusal::new("server_error", "The answer cannot be written as JSON."))?;
    Ok(Reply { head: Some(head), body: Bytes::new() })
}

/// What a function sees of a use case's failure.
fn refusal(error: Error) -> Refusal {
    match error {
        Error::NotFound(Resource::Connection) => {
            Refusal::new("unknown_connection", "The connection does not exist.")
        }
        Error::NotFound(resource) => Refusal::new("not_found", format!("{resource} does not exist.")),
        Error::Failed(failure) => Refusal {
            code: failure.code.clone(),
            message: failure.message.clone(),
            payload: Some(failure.payload.clone()),
        },
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
