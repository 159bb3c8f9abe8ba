//! How a command can end badly, which decides the exit code.

use crate::client::Refusal;
use bespoke_bundler::Diagnostic;
use serde_json::{Value, json};
use std::{path::PathBuf, process::ExitCode};

/// A command's result.
pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// How a command ended badly.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line or a setting is wrong.
    Usage(anyhow::Error),
    /// The project has errors.
    Project {
        /// Where its files are, to show their lines.
        root: PathBuf,
        /// The errors.
        diagnostics: Vec<Diagnostic>,
        /// What did not happen because of them: `nothing was deployed`.
        consequence: &'static str,
    },
    /// The deployment was refused or not confirmed.
    Deploy(anyhow::Error),
    /// The function failed, and how was shown.
    Shown,
    /// Revisions are not what was written, and which was shown.
    Broken,
    /// So many tests failed. The report has said which.
    Tests,
    /// The function that was triggered failed.
    Function(anyhow::Error),
    /// Something else failed.
    Other(anyhow::Error),
}

/// The exit codes of all commands. `docs/reference/cli.md` is made from this table.
pub(crate) const EXIT_CODES: [(u8, &str); 7] = [
    (0, "Done."),
    (1, "Something failed: the server, the database, the network, a check."),
    (2, "The command line or a setting is wrong; nothing was done."),
    (10, "The project has errors; nothing was deployed or run."),
    (11, "The deployment was refused or not confirmed; nothing was deployed."),
    (12, "The function failed, in a dry run or triggered, or was cancelled."),
    (13, "Tests failed."),
];

impl Failure {
    /// A wrong command line or setting, in words.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(anyhow::Error::msg(message.into()))
    }

    /// The code that tells scripts what happened: one of [`EXIT_CODES`].
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Broken | Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Project { .. } => 10,
            Self::Deploy(_) => 11,
            Self::Shown | Self::Function(_) => 12,
            Self::Tests => 13,
        }
    }

    /// The code as the process ends with it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// What `--json` prints of it; nothing where the report has said it already.
    pub(crate) fn to_json(&self) -> Option<Value> {
        let mut error = match self {
            Self::Shown | Self::Broken | Self::Tests => return None,
            Self::Project { diagnostics, consequence, .. } => {
                let places = diagnostics.iter().map(|Diagnostic { file, line, column, kind, message }| {
                    json!({ "file": file, "line": line, "column": column, "kind": kind, "message": message })
                });
                json!({ "message": consequence, "diagnostics": places.collect::<Vec<_>>() })
            }
            Self::Usage(error) | Self::Deploy(error) | Self::Function(error) | Self::Other(error) => {
                let refusal = error.downcast_ref::<Refusal>();
                refusal.map_or_else(|| json!({ "message": chain(error) }), |refusal| json!(refusal))
            }
        };
        error["exit_code"] = json!(self.code());
        Some(json!({ "error": error }))
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}
