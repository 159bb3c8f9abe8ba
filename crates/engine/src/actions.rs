//! Actions: run at once for a caller who waits, or queued for one who asks later.

use crate::{
    Engine, Error, Failure, Resource, Result,
    idempotency::{Beginning, Keying, kept, replayed},
    lanes::lane_of_queued,
    run::Execution,
};
use bespoke_core::{
    environment::Environment,
    function::FunctionKind,
    id::EnvironmentId,
    run::{RunKind, RunState},
    sync::TriggerOptions,
};
use bespoke_store::NewRun;
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

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
    /// The same call with the same key is made once.
    pub idempotency_key: Option<String>,
}

/// What became of a queued action.
#[derive(Debug)]
pub enum ActionResult {
    /// It did not end yet: it is queued or running.
    Pending(RunState),
    /// Its output as JSON.
    Done(String),
    /// How it failed, for good.
    Failed(Box<Failure>),
}

/// What became of a call.
#[derive(Debug)]
pub struct Triggered<T> {
    /// The output, or the id of the queued run.
    pub value: T,
    /// Whether it is that of an earlier call with the same idempotency key.
    pub replayed: bool,
}

impl Engine {
    /// Runs an action and waits for its output (JSON).
    ///
    /// A caller who goes away does not stop it: half an action can be worse than all of it.
    /// Fails with [`Error::NotFound`] (connection, integration, function), [`Error::Disabled`], [`Error::Failed`] and, where
    /// the call has a key, [`Error::IdempotencyKey`].
    pub async fn trigger_action(self: &Arc<Self>, call: ActionCall) -> Result<Triggered<Bytes>> {
        let engine = Arc::clone(self);
        self.actions
            .spawn(async move {
                match call.idempotency_key.clone() {
                    None => Ok(Triggered { value: engine.run_action(call, 0).await?, replayed: false }),
                    Some(key) => engine.run_action_once(call, &key).await,
                }
            })
            .await
            .map_err(|_| Error::Stopping)?
    }

    /// Runs an action unless the same call was made before with the same key; then its result is that one's.
    async fn run_action_once(self: &Arc<Self>, call: ActionCall, key: &str) -> Result<Triggered<Bytes>> {
        let timeout = match self.action(call.environment.id, &call.provider_config_key, &call.name).await {
            Ok(function) => self.limits(RunKind::Action, &function.definition).wall,
            // The call itself says what is wrong.
            Err(_) => self.settings.action_timeout,
        };
        let keying = Keying {
            environment: call.environment.id,
            operation: "action",
            key,
            request: &request_of(&call, b"wait", &[]),
            run: self.ids.next(),
            timeout: timeout + self.settings.start_timeout,
        };
        match self.begin_keyed(keying).await? {
            Beginning::Again { outcome, .. } => {
                let outcome = outcome.map_err(Error::IdempotencyKey)?;
                Ok(Triggered { value: replayed(&outcome)?, replayed: true })
            }
            Beginning::First(begun) => {
                let result = self.run_action(call.clone(), 0).await;
                match kept(&result) {
                    Some(outcome) => self.end_keyed(begun, outcome).await?,
                    None => self.forget_keyed(begun).await?,
                }
                Ok(Triggered { value: result?, replayed: false })
            }
        }
    }

    pub(crate) async fn run_action(self: &Arc<Self>, call: ActionCall, depth: u8) -> Result<Bytes> {
        let ActionCall { environment, provider_config_key, connection_id, name, input, .. } = call;
        let connection = self.connection(environment.id, &provider_config_key, &connection_id).await?;
        let function = self.action(environment.id, &provider_config_key, &name).await?;
        let function = self.loaded_function(&function).await?;
        let (id, started_at) = (self.ids.next(), self.now());
        let _place = self.place(id, connection.id, &function.function.definition).await?;
        let (connection, configuration) = self.up_to_date(connection).await?;
        let cancel = CancellationToken::new();
        // An action that calls this one and is stopped takes it along.
        let _stop = cancel.clone().drop_guard();
        let execution = Execution {
            id,
            environment,
            kind: RunKind::Action,
            configuration,
            connection,
            function,
            input,
            sync: None,
            options: TriggerOptions::default(),
            depth,
            cancel,
            fence: None,
        };
        self.run_directly(execution, started_at).await
    }

    /// Queues an action; the id to ask for its result with. `retries` says how often it is tried again after a failure;
    /// the function's own number counts where it is not given.
    ///
    /// Fails like [`Engine::trigger_action`].
    pub async fn enqueue_action(&self, call: ActionCall, retries: Option<u32>) -> Result<Triggered<Uuid>> {
        let connection =
            self.connection(call.environment.id, &call.provider_config_key, &call.connection_id).await?;
        let function = self.action(call.environment.id, &call.provider_config_key, &call.name).await?;
        let definition = &function.definition;
        let own = definition.limits().retries.unwrap_or_default().attempts;
        let (mut id, mut replayed, now) = (self.ids.next(), false, self.now());
        if let Some(key) = &call.idempotency_key {
            let wish = retries.map_or(-1, i64::from).to_le_bytes();
            let keying = Keying {
                environment: call.environment.id,
                operation: "action",
                key,
                request: &request_of(&call, b"queue", &wish),
                run: id,
                timeout: Duration::ZERO,
            };
            // The run has the key's id and can be queued once only: no outcome needs to be kept.
            if let Beginning::Again { run, .. } = self.begin_keyed(keying).await? {
                (id, replayed) = (run, true);
            }
        }
        let input = (!call.input.is_empty()).then(|| String::from_utf8_lossy(&call.input).into_owned());
        let run = NewRun {
            id,
            environment: call.environment.id,
            kind: RunKind::Action,
            connection: connection.id,
            lane: Some(lane_of_queued(definition, connection.id)),
            function_name: call.name,
            sync: None,
            run_at: now,
            max_attempts: 1 + retries.unwrap_or(own),
            input,
            now,
        };
        self.store.enqueue_run(run).await?;
        Ok(Triggered { value: id, replayed })
    }

    /// What became of a queued action. [`Error::NotFound`] where this environment has none of that id.
    pub async fn action_result(&self, environment: EnvironmentId, id: Uuid) -> Result<ActionResult> {
        let run = self.store.run(environment, id).await?.filter(|run| run.kind == RunKind::Action);
        let run = run.ok_or(Error::NotFound(Resource::Run))?;
        Ok(match run.state {
            RunState::Queued | RunState::Running => ActionResult::Pending(run.state),
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
        if function.enabled {
            Ok(function)
        } else {
            Err(Error::Disabled(Resource::Function, name.to_owned()))
        }
    }
}

/// Everything that makes a call what it is.
fn request_of<'a>(call: &'a ActionCall, how: &'a [u8], retries: &'a [u8]) -> [&'a [u8]; 6] {
    let ActionCall { provider_config_key, connection_id, name, input, .. } = call;
    [provider_config_key.as_bytes(), connection_id.as_bytes(), name.as_bytes(), input, how, retries]
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
