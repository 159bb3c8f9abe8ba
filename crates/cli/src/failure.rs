//! How a command can end badly, which decides the exit code.

use bespoke_bundler::Diagnostic;
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
    },
    /// The deployment was refused or not confirmed.
    Deploy(anyhow::Error),
    /// Something else failed.
    Other(anyhow::Error),
}

impl Failure {
    /// A wrong command line or setting, in words.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(anyhow::Error::msg(message.into()))
    }

    /// The code that tells scripts what happened; `main.rs` has the table.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Project { .. } => 10,
            Self::Deploy(_) => 11,
        })
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}
