//! A runtime with the test runner, and a host that answers from a closure.

use bespoke_core::id::EnvironmentId;
use bespoke_runtime::host::{Call, Refusal, Reply, Request};
use bespoke_runtime::{Host, Kind, Limits, Module, Options, Outcome, Run, Runtime, SourceModule};
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) const TENANT: EnvironmentId = EnvironmentId(1);

pub(crate) const RUNNER: &str = env!("CARGO_BIN_EXE_bespoke-runner");

type Answer = BoxFuture<'static, Result<Reply, Refusal>>;

/// Answers calls by a closure and keeps the log.
pub(crate) struct TestHost {
    answer: Box<dyn Fn(Call) -> Answer + Send + Sync>,
    pub(crate) log: Mutex<Vec<String>>,
}

impl TestHost {
    pub(crate) fn new(answer: impl Fn(Call) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answer: Box::new(answer), log: Mutex::default() })
    }

    /// A host that refuses everything but log lines.
    pub(crate) fn silent() -> Arc<Self> {
        Self::new(|_| async { Err(Refusal::new("refused", "this host answers nothing")) }.boxed())
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

impl Host for TestHost {
    fn call(&self, call: Call) -> Answer {
        if let Request::Log(line) = &call.request {
            self.log.lock().unwrap().push(format!("{}: {}", line.level, line.message));
            return async { Ok(Reply::default()) }.boxed();
        }
        (self.answer)(call)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a host answers")]
pub(crate) fn reply(head: Value, body: impl Into<Bytes>) -> Result<Reply, Refusal> {
    Ok(Reply { head: Some(serde_json::value::to_raw_value(&head).unwrap()), body: body.into() })
}

pub(crate) fn options() -> Options {
    Options {
        program: RUNNER.into(),
        arguments: Vec::new(),
        max_runners: 4,
        runs_per_runner: 32,
        idle: Duration::from_secs(30),
    }
}

/// A runtime and the ways to run something in it that tests need.
pub(crate) struct Bench {
    pub(crate) runtime: Runtime,
    pub(crate) limits: Limits,
    pub(crate) tenant: EnvironmentId,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(options())
    }

    pub(crate) fn with(options: Options) -> Self {
        let limits = Limits {
            memory: 64 << 20,
            cpu: Duration::from_secs(10),
            wall: Duration::from_secs(30),
            ..Limits::default()
        };
        Self { runtime: Runtime::new(options), limits, tenant: TENANT }
    }

    pub(crate) fn cpu_ms(mut self, cpu: u64) -> Self {
        self.limits.cpu = Duration::from_millis(cpu);
        self
    }

    pub(crate) fn wall_ms(mut self, wall: u64) -> Self {
        self.limits.wall = Duration::from_millis(wall);
        self
    }

    pub(crate) async fn compile(&self, modules: &[(&str, &str)]) -> Arc<[Module]> {
        let source =
            |(name, code): &(&str, &str)| SourceModule { name: (*name).into(), code: (*code).into() };
        let compiled = self.runtime.compile(self.tenant, modules.iter().map(source).collect()).await.unwrap();
        compiled.into_iter().map(|module| Module { name: module.name, bytecode: module.bytecode }).collect()
    }

    pub(crate) fn prepare(&self, kind: Kind, modules: Arc<[Module]>, input: &Value) -> Run {
        let context = json!({
            "kind": kind.as_str(), "name": "test", "integration": "github", "connection_id": "c1",
            "provider_config_key": "github", "provider": "github", "environment_name": "dev",
            "environment_id": 1, "run_id": "r1", "metadata": null, "paginate": null, "models": ["Issue"],
            "logger_level": "debug",
        });
        Run {
            id: Uuid::nil(),
            kind,
            modules,
            input: input.to_string().into(),
            context: context.to_string().into(),
            limits: self.limits,
            cancel: CancellationToken::new(),
            now: None,
        }
    }

    /// Runs the body of an async function of `nango` and `input` as an action.
    pub(crate) async fn action(&self, body: &str, input: Value, host: &Arc<TestHost>) -> Outcome {
        let code =
            format!("export default {{ type: 'action', exec: async (nango, input) => {{ {body} }} }};");
        let modules = self.compile(&[("action.js", &code)]).await;
        self.runtime.run(self.tenant, self.prepare(Kind::Action, modules, &input), host.clone()).await
    }

    /// Runs the body of an async function of `input`.
    pub(crate) async fn script(&self, body: &str, input: Value) -> Outcome {
        let code = format!("export default async (input) => {{ {body} }};");
        let modules = self.compile(&[("script.js", &code)]).await;
        self.runtime.run(self.tenant, self.prepare(Kind::Script, modules, &input), TestHost::silent()).await
    }
}

/// The output of a run that must have succeeded.
pub(crate) fn output(outcome: Outcome) -> Value {
    serde_json::from_slice(&outcome.result.unwrap()).unwrap()
}

/// The code of a run that must have failed.
pub(crate) fn code(outcome: &Outcome) -> &str {
    match &outcome.result {
        Ok(output) => panic!("the run succeeded: {}", String::from_utf8_lossy(output)),
        Err(failure) => &failure.code,
    }
}
