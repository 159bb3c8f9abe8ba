//! Executing a function for a customer: what syncs, actions and events share.
//!
//! A run sees one snapshot of the customer's configuration, taken when it starts; what the function itself writes it
//! sees at once. Everything that a function does goes through [`host`].

mod context;
mod direct;
mod host;
mod log;
pub(crate) mod validate;

pub(crate) use host::{Answer, RunHost, check_model, head, json_list, refusal};

use crate::{
    Engine, Failure,
    configuration::{Configuration, Problem, is_invalid},
    error::chain,
    failures,
    functions::LoadedFunction,
    logs::LogScope,
};
use bespoke_core::{
    connection::Connection,
    environment::Environment,
    function::Definition,
    id::EnvironmentId,
    paths_read::PathsRead,
    run::{RunKind, UNCONFIGURED},
    sync::{Counts, Sync, TriggerOptions},
    validation::Mode,
};
use bespoke_runtime::{Host, Kind, Limits, Outcome, Run, code};
use bespoke_store::{CheckpointRange, Fence};
use bytes::Bytes;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Time that a sync's `onWebhook` may take at most.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// One execution, with everything it needs already loaded.
#[derive(Clone)]
pub(crate) struct Execution {
    /// The run's id.
    pub(crate) id: Uuid,
    /// The environment that it belongs to.
    pub(crate) environment: Environment,
    /// What is executed.
    pub(crate) kind: RunKind,
    /// The customer's connection; its metadata belongs to the snapshot that the run sees.
    pub(crate) connection: Connection,
    /// What lies below that metadata: the other part of the snapshot.
    pub(crate) configuration: Arc<Configuration>,
    /// The function, ready to run.
    pub(crate) function: Arc<LoadedFunction>,
    /// What it gets, as JSON.
    pub(crate) input: Bytes,
    /// The sync that it belongs to.
    pub(crate) sync: Option<Sync>,
    /// How it differs from a run by schedule.
    pub(crate) options: TriggerOptions,
    /// How many actions called each other to get here.
    pub(crate) depth: u8,
    /// Stops it.
    pub(crate) cancel: CancellationToken,
    /// Proves that it still may change records, where it can lose that right.
    pub(crate) fence: Option<Fence>,
}

impl Execution {
    /// Fails where it must not start with a configuration that has these problems: where the integration enforces its
    /// schema, a run would fail half-way.
    pub(crate) fn check_problems(&self, problems: &[Problem]) -> Result<(), Failure> {
        let is_refused = self.configuration.mode() == Mode::Enforce && is_invalid(problems);
        if is_refused && !self.runs_unconfigured() { Err(unconfigured(problems)) } else { Ok(()) }
    }

    /// Whether it may run with a configuration that does not fit. What runs when a connection comes or goes may be what sets
    /// the configuration up, and so may an action that says so, or that shows by declaring nothing that it does not care.
    fn runs_unconfigured(&self) -> bool {
        let definition = &self.function.function.definition;
        match self.kind {
            RunKind::OnEvent => true,
            RunKind::Action => {
                let is_careless = definition.metadata.is_none() && self.configuration.file().is_none();
                definition.runs_unconfigured || is_careless
            }
            RunKind::Sync | RunKind::Webhook => false,
        }
    }
}

/// How an execution ended.
pub(crate) struct Ended {
    /// What it answered (JSON), or how it failed.
    pub(crate) result: Result<Bytes, Failure>,
    /// What it did to the records, by model.
    pub(crate) counts: BTreeMap<String, Counts>,
    /// Its log, which knows the secrets that are not to be kept.
    pub(crate) log: Arc<LogScope>,
    /// What became of its checkpoint.
    pub(crate) checkpoint: CheckpointRange,
    /// What it read of its configuration; `None` where it did not start.
    pub(crate) reads: Option<PathsRead>,
}

/// An execution as the runtime takes it.
pub(crate) struct Prepared {
    environment: EnvironmentId,
    run: Run,
    function: Arc<LoadedFunction>,
}

impl Prepared {
    /// Ends the run after `time` at the latest.
    pub(crate) fn limit_time(&mut self, time: Duration) {
        self.run.limits.wall = self.run.limits.wall.min(time);
    }
}

impl Engine {
    /// Executes a function. Never fails itself: what goes wrong is the execution's result.
    pub(crate) async fn execute(self: &Arc<Self>, execution: Execution) -> Ended {
        let prepared = self.prepare(&execution);
        let log = Arc::new(log::begin(self, &execution));
        let begun = (execution.kind, self.now());
        let connection = execution.connection.clone();
        let configured = self.configured(&execution).await;
        let host = Arc::new(host::RunHost::new(Arc::clone(self), execution, Arc::clone(&log)));
        let ready = configured.and(host.check_input()).and(host.begin().await);
        let (result, reads) = if let Err(failure) = ready {
            (Err(failure), None)
        } else {
            let (result, reads) = self.run_prepared(prepared, Arc::clone(&host) as Arc<dyn Host>).await;
            (result, Some(reads))
        };
        let mut result = result.and_then(|output| host.check_output(&output).map(|()| output));
        if let Err(refusal) = host.end(result.is_ok()).await {
            result = Err(Failure::new(code::INTERNAL, refusal.message));
        }
        let counts = host.counts();
        if result.is_err() {
            log.know_connection(self, &connection).await;
        }
        log::end(&log, begun, self.now(), &result, &counts);
        Ended { result, counts, log, checkpoint: host.checkpoint_range().await, reads }
    }

    async fn configured(&self, execution: &Execution) -> Result<(), Failure> {
        let Execution { configuration, connection, .. } = execution;
        if configuration.mode() != Mode::Enforce || execution.runs_unconfigured() {
            return Ok(());
        }
        let own = connection.metadata.as_ref();
        // What the code said of this document when it was written it would say again.
        let is_known = configuration.schema_version() == Some(connection.metadata_schema_version);
        let problems = if is_known {
            configuration.problems(own)
        } else {
            let problems = self.metadata_problems(configuration, own).await;
            problems.map_err(|error| Failure::new(code::INTERNAL, chain(&error)))?
        };
        execution.check_problems(&problems)
    }

    /// What the runtime needs to know of an execution.
    pub(crate) fn prepare(&self, execution: &Execution) -> Prepared {
        let function = Arc::clone(&execution.function);
        let run = Run {
            id: execution.id,
            kind: runtime_kind(execution.kind),
            modules: Arc::clone(&function.modules),
            input: execution.input.clone(),
            context: context::build(self, execution),
            limits: self.limits(execution.kind, &function.function.definition),
            cancel: execution.cancel.clone(),
            now: None,
        };
        Prepared { environment: execution.environment.id, run, function }
    }

    /// Runs what [`Engine::prepare`] gave, with `host` to answer its calls. The output's JSON, or the failure in words of
    /// the author's source; and what it read of its configuration.
    pub(crate) async fn run_prepared(
        &self,
        prepared: Prepared,
        host: Arc<dyn Host>,
    ) -> (Result<Bytes, Failure>, PathsRead) {
        let Prepared { environment, run, function } = prepared;
        let Outcome { result, reads, .. } = self.runtime.run(environment, run, host).await;
        let result = result.map_err(|failure| {
            let failure = failures::of_own_api(failure, self.public_url());
            speak_of_the_source(failure, &function)
        });
        (result, reads)
    }

    /// What a run of the function may use: what it declares, else what the server's settings say.
    pub(crate) fn limits(&self, kind: RunKind, definition: &Definition) -> Limits {
        let declared = definition.limits();
        let wall = match kind {
            RunKind::Action => declared.timeout.unwrap_or(self.settings.action_timeout),
            RunKind::Sync => declared.timeout.unwrap_or(self.settings.sync_timeout),
            RunKind::OnEvent => declared.timeout.unwrap_or(self.settings.on_event_timeout),
            RunKind::Webhook => declared.timeout.unwrap_or(WEBHOOK_TIMEOUT).min(WEBHOOK_TIMEOUT),
        };
        let memory = declared.memory.and_then(|bytes| usize::try_from(bytes).ok());
        let memory = memory.unwrap_or(self.settings.run_memory);
        Limits { memory, cpu: self.settings.run_cpu, wall, ..Limits::default() }
    }
}

/// The failure of a run that does not start for these problems.
fn unconfigured(problems: &[Problem]) -> Failure {
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
    let message =
        format!("The run did not start, because the configuration is not valid: {}", lines.join(" "));
    let payload = serde_json::value::to_raw_value(&serde_json::json!({ "problems": problems }));
    let mut failure = Failure { status: 400, ..Failure::new(UNCONFIGURED, message) };
    if let Ok(payload) = payload {
        failure.payload = payload;
    }
    failure
}

fn runtime_kind(kind: RunKind) -> Kind {
    match kind {
        RunKind::Sync => Kind::Sync,
        RunKind::Action => Kind::Action,
        RunKind::OnEvent => Kind::OnEvent,
        RunKind::Webhook => Kind::Webhook,
    }
}

/// The failure with its stack, and the copy of it in the payload, in the author's files and lines.
fn speak_of_the_source(mut failure: Failure, function: &LoadedFunction) -> Failure {
    failure.stack = failure.stack.map(|stack| function.maps.apply(&stack));
    let payload = serde_json::from_str::<serde_json::Value>(failure.payload.get()).ok();
    if let Some(mut payload) = payload.filter(|payload| payload.get("stacktrace").is_some()) {
        for line in payload["stacktrace"].as_array_mut().into_iter().flatten() {
            if let Some(text) = line.as_str() {
                // The map knows frames by their indent and `at`, which the list may have lost.
                let mapped = function.maps.apply(&format!("    {}", text.trim_start()));
                *line = mapped.trim_start().into();
            }
        }
        if let Ok(payload) = serde_json::value::to_raw_value(&payload) {
            failure.payload = payload;
        }
    }
    failure
}
