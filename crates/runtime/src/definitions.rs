//! Reading what functions say of themselves, and asking configurations: modules are loaded, and may ask for nothing.

use crate::compile::SourceModule;
use crate::error::Error;
use crate::host::{Call, Host, Refusal, Reply};
use crate::limits::Limits;
use crate::process::Module;
use crate::run::{Kind, Outcome, Run};
use crate::supervisor::Runtime;
use bespoke_core::id::EnvironmentId;
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _, ready};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Definitions hold JSON Schemas, and a project may have thousands of functions.
const LIMITS: Limits = Limits {
    memory: 1 << 30,
    stack: 4 << 20,
    cpu: Duration::from_mins(1),
    wall: Duration::from_mins(2),
    output: 256 << 20,
};

/// What the prelude is told of the run.
const CONTEXT: &[u8] = br#"{"kind":"script","name":"definitions"}"#;

/// The same of an integration's `config.ts`.
const CONFIG_CONTEXT: &[u8] = br#"{"kind":"config","name":"config"}"#;

/// What is only asked may ask for nothing.
struct NoHost;

impl Host for NoHost {
    fn call(&self, _: Call) -> BoxFuture<'static, Result<Reply, Refusal>> {
        let refusal = Refusal::new("not_available", "Nothing can be asked of the server here.");
        ready(Err(refusal)).boxed()
    }
}

impl Runtime {
    /// Runs an integration's `config.ts`, which can do nothing but answer: no request, no record, no metadata.
    pub async fn ask_config(
        &self,
        environment: EnvironmentId,
        modules: Arc<[Module]>,
        question: Bytes,
        limits: Limits,
    ) -> Outcome {
        let run = Run {
            id: Uuid::nil(),
            kind: Kind::Config,
            modules,
            input: question,
            context: Bytes::from_static(CONFIG_CONTEXT),
            limits,
            cancel: CancellationToken::new(),
            now: None,
        };
        self.run(environment, run, Arc::new(NoHost)).await
    }

    /// Compiles `program`, whose first module imports the functions and has a function that describes them as its default
    /// export, and runs it. Fails as [`Runtime::compile`] does.
    pub async fn read_definitions(
        &self,
        environment: EnvironmentId,
        program: Vec<SourceModule>,
    ) -> Result<Outcome, Error> {
        let compiled = self.compile(environment, program).await?;
        let modules =
            compiled.into_iter().map(|module| Module { name: module.name, bytecode: module.bytecode });
        let run = Run {
            id: Uuid::nil(),
            kind: Kind::Script,
            modules: modules.collect(),
            input: Bytes::from_static(b"null"),
            context: Bytes::from_static(CONTEXT),
            limits: LIMITS,
            cancel: CancellationToken::new(),
            now: None,
        };
        Ok(self.run(environment, run, Arc::new(NoHost)).await)
    }
}
