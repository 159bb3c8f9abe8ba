//! Actions: run at once for a caller who waits, or queued for one who asks later.

use crate::{Engine, Error, Failure, Resource, Result, run::Execution};
use bespoke_core::{
    environment::Environment,
    function::FunctionKind,
    id::EnvironmentId,
    run::{RunKind, RunState},
    sync::TriggerOptions,
};
use bespoke_store::{DirectRun, Finish, NewRun};
use bytes::Bytes;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often an action is run again whose process was lost through another run's fault.
const LOST_TRIES: u32 = 3;

/// An action, called for a customer.
#[derive(Clone, Debug)]
pub struct ActionCall {
    /// The caller's environment.
    pub environment: Environment,
    /// The integration's `unique_key`.
    pub provider_config_key: String,
    /// The connection.
    pub connection_id: String,
    /// The action's name.
    pub name: String,
    /// Its input as JSON; empty where none was given.
    pub input: Bytes,
}

/// What became of a queued action.
#[derive(Debug)]
pub enum ActionResult {
    /// It did not end yet.
    Pending,
    /// Its output as JSON.
    Done(String),
    /// How it failed, for good.
    Failed(Box<Failure>),
}

impl Engine {
    /// Runs an action and waits for its output (JSON).
    ///
    /// A caller who goes away does not stop it: half an action can be worse than all of it.
    /// Fails with [`Error::NotFound`] (connection, integration, function), [`Error::Disabled`], [`Error::Failed`].
    pub async fn trigger_action(self: &Arc<Self>, call: ActionCall) -> Result<Bytes> {
        let engine = Arc::clone(self);
        self.actions
            .spawn(async move { engine.run_action(call, 0).await })
            .await
            .map_err(|_| Error::Stopping)?
    }

    pub(crate) async fn run_action(self: &Arc<Self>, call: ActionCall, depth: u8) -> Result<Bytes> {
        let ActionCall { environment, provider_config_key, connection_id, name, input } = call;
        let connection = self.connection(environment.id, &provider_config_key, &connection_id).await?;
        let function = self.action(environment.id, &provider_config_key, &name).await?;
        let function = self.loaded_function(&function).await?;
        let (id, started_at) = (self.ids.next(), self.now());
        let cancel = CancellationToken::new();
        // An action that calls this one and is stopped takes it along.
        let _stop = cancel.clone().drop_guard();
        let mut tries = 0;
        let ended = loop {
            tries += 1;
            let execution = Execution {
                id,
                environment: environment.clone(),
                kind: RunKind::Action,
                connection: connection.clone(),
                function: Arc::clone(&function),
                input: input.clone(),
                sync: None,
                options: TriggerOptions::default(),
                depth,
                cancel: cancel.clone(),
            };
            let ended = self.execute(execution).await;
            let lost =
                matches!(&ended.result, Err(failure) if failure.code == bespoke_runtime::code::RUNNER_LOST);
            if !lost || tries >= LOST_TRIES {
                break ended;
            }
        };
        let result = ended.result.map_err(final_failure);
        let finish = match &result {
            Ok(_) => Finish::succeeded(None, ended.counts),
            Err(failure) => Finish::failed(serde_json::to_string(failure).unwrap_or_default()),
        };
        let run = NewRun {
            id,
            environment: environment.id,
            kind: RunKind::Action,
            connection: connection.id,
            function_name: name,
            sync: None,
            run_at: started_at,
            max_attempts: 1,
            input: None,
            now: started_at,
        };
        self.history.add(DirectRun {
            run,
            function: function.function.id,
            finish,
            metadata_revision: connection.metadata_revision,
            finished_at: self.now(),
        });
        result.map_err(|failure| Error::Failed(Box::new(failure)))
    }

    /// Queues an action, to be tried up to `1 + retries` times; the id to ask for its result with.
    pub async fn enqueue_action(&self, call: ActionCall, retries: u32) -> Result<Uuid> {
        let connection =
            self.connection(call.environment.id, &call.provider_config_key, &call.connection_id).await?;
        self.action(call.environment.id, &call.provider_config_key, &call.name).await?;
        let (id, now) = (self.ids.next(), self.now());
        let input = (!call.input.is_empty()).then(|| String::from_utf8_lossy(&call.input).into_owned());
        let run = NewRun {
            id,
            environment: call.environment.id,
            kind: RunKind::Action,
            connection: connection.id,
            function_name: call.name,
            sync: None,
            run_at: now,
            max_attempts: 1 + retries,
            input,
            now,
        };
        self.store.enqueue_run(run).await?;
        Ok(id)
    }

    /// What became of a queued action. [`Error::NotFound`] where this environment has none of that id.
    pub async fn action_result(&self, environment: EnvironmentId, id: Uuid) -> Result<ActionResult> {
        let run = self.store.run(environment, id).await?.filter(|run| run.kind == RunKind::Action);
        let run = run.ok_or(Error::NotFound(Resource::Run))?;
        Ok(match run.state {
            RunState::Queued | RunState::Running => ActionResult::Pending,
            RunState::Succeeded => ActionResult::Done(run.output.unwrap_or_else(|| "null".to_owned())),
            RunState::Failed | RunState::Cancelled => {
                let failure = run.error.as_deref().and_then(|error| serde_json::from_str(error).ok());
                ActionResult::Failed(Box::new(failure.unwrap_or_else(cancelled)))
            }
        })
    }

    async fn action(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        name: &str,
    ) -> Result<bespoke_core::function::Function> {
        let function =
            self.store.function(environment, provider_config_key, FunctionKind::Action, name).await?;
        let function = function.ok_or(Error::NotFound(Resource::Function))?;
        if function.enabled { Ok(function) } else { Err(Error::Disabled(Resource::Function)) }
    }
}

/// A failure as callers see it: `runner_lost` is a word between us and the runtime.
pub(crate) fn final_failure(failure: Failure) -> Failure {
    if failure.code != bespoke_runtime::code::RUNNER_LOST {
        return failure;
    }
    Failure {
        code: "function_runtime_other".to_owned(),
        message: "The process that ran the function was lost several times.".to_owned(),
        ..failure
    }
}

fn cancelled() -> Failure {
    Failure {
        code: bespoke_runtime::code::ABORTED.to_owned(),
        status: 410,
        message: "The run was cancelled.".to_owned(),
        payload: serde_json::value::RawValue::NULL.to_owned(),
        upstream: None,
        stack: None,
    }
}
