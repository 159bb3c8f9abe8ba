//! How running can fail: [`Error`] before there is a run, [`Failure`] as a run's result.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The codes of failures that the runtime itself decides on. Others (`action_script_runtime_error`,
/// `script_http_error`, …) come from the prelude, which knows what was thrown.
pub mod code {
    /// The function threw something, or waited for what can never happen.
    pub const INTERNAL: &str = "script_internal_error";
    /// The function used more CPU time or took longer than it may.
    pub const TIMEOUT: &str = "execution_timeout";
    /// The run was cancelled.
    pub const ABORTED: &str = "script_aborted";
    /// The function used more memory than it may.
    pub const OUT_OF_MEMORY: &str = "function_runtime_out_of_memory";
    /// The function's output is larger than it may be.
    pub const OUTPUT_TOO_LARGE: &str = "script_output_too_large";
    /// The runner process went away through no proven fault of this run: run it again, a limited number of times.
    pub const RUNNER_LOST: &str = "runner_lost";
}

/// Why the runtime could not do its part, before or beside any run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A module does not compile. The author can repair it.
    #[error("a module does not compile")]
    Compile(#[source] CompileError),
    /// No runner process could be started.
    #[error("a runner process could not be started")]
    Start(#[source] std::io::Error),
    /// The runner process went away, or took too long, while it compiled.
    #[error("the runner process was lost")]
    RunnerLost,
    /// The runtime was shut down.
    #[error("the runtime is shut down")]
    Closed,
}

/// What is wrong in a module, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{module}:{line}:{column}: {message}")]
pub struct CompileError {
    /// The module's name.
    pub module: String,
    /// Line, from 1; 0 when the engine did not say.
    pub line: u32,
    /// Column, from 1; 0 when the engine did not say.
    pub column: u32,
    /// The engine's words.
    pub message: String,
}

/// How a run failed, as data for the caller of the function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure, in the words of the wire contract, or [`code::RUNNER_LOST`].
    pub code: String,
    /// The HTTP status that an action's caller gets.
    pub status: u16,
    /// One sentence for people.
    #[serde(default)]
    pub message: String,
    /// Details; `null` when there are none.
    #[serde(default = "null")]
    pub payload: Box<RawValue>,
    /// What the provider answered, when that was the reason.
    #[serde(default)]
    pub upstream: Option<Box<RawValue>>,
    /// The engine's stack, one frame a line; [`crate::SourceMaps::apply`] makes it speak of the author's files.
    #[serde(default)]
    pub stack: Option<String>,
}

impl Failure {
    /// A failure with this code and no payload.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        let status = if code == code::OUTPUT_TOO_LARGE { 400 } else { 500 };
        Self {
            code: code.to_owned(),
            status,
            message: message.into(),
            payload: null(),
            upstream: None,
            stack: None,
        }
    }

    /// The process that ran it is gone, and nothing says that this run was the reason.
    pub(crate) fn runner_lost() -> Self {
        Self::new(code::RUNNER_LOST, "The process that ran the function was lost.")
    }

    pub(crate) fn aborted() -> Self {
        Self::new(code::ABORTED, "The run was cancelled.")
    }

    pub(crate) fn cpu_time() -> Self {
        Self::new(code::TIMEOUT, "The function used more CPU time than it may.")
    }

    pub(crate) fn wall_time() -> Self {
        Self::new(code::TIMEOUT, "The function took longer than it may.")
    }

    pub(crate) fn out_of_memory() -> Self {
        Self::new(code::OUT_OF_MEMORY, "The function used more memory than it may (or it threw null).")
    }
}

fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}
