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
        /// What did not happen because of them: `nothing was deployed`.
        consequence: &'static str,
    },
    /// The deployment was refused or not confirmed.
    Deploy(anyhow::Error),
    /// The function failed in a dry run, and was shown.
    DryRun,
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
    (1, "Something failed: the server, the database, the network."),
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
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Project { .. } => 10,
            Self::Deploy(_) => 11,
            Self::DryRun => 12,
            Self::Tests => 13,
            Self::Function(_) => 12,
        })
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}
