//! The arguments of `bespoke config`.

use super::ServerArgs;
use clap::{Args, Subcommand};

/// What `bespoke config --help` adds.
pub(crate) const HELP: &str = "\
A path is dotted, as in fieldMapping.internal_id, or a JSON pointer, as in /fieldMapping/internal_id; parts of lists are numbers.

Examples:
  bespoke config get acme
  bespoke config set acme fieldMapping.internal_id=custom_field_9 --reason 'ticket 42'
  bespoke config set acme filters='[\"open\",\"won\"]' zip=01067 --string
  bespoke config edit acme                     in $VISUAL or $EDITOR
  bespoke config history acme
  bespoke config diff acme 3                   what changed since revision 3
  bespoke config restore acme 3

The server is --host, else BESPOKE_HOST, else NANGO_HOSTPORT, else http://127.0.0.1:3003.
The key is BESPOKE_SECRET_KEY_<ENV>, else NANGO_SECRET_KEY_<ENV>; both may be in a file `.env`.";

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the configuration, or one value of it.
    Get {
        #[command(flatten)]
        place: ConfigPlace,
        /// Only what is here.
        path: Option<String>,
    },
    /// Set values; what else there is stays.
    Set {
        #[command(flatten)]
        place: ConfigPlace,
        /// Where, and what: JSON, or else a text.
        #[arg(required = true, value_name = "PATH=VALUE")]
        values: Vec<String>,
        /// Take every value as a text, also those that are JSON.
        #[arg(long)]
        string: bool,
        #[command(flatten)]
        write: ConfigWrite,
    },
    /// Remove values.
    Unset {
        #[command(flatten)]
        place: ConfigPlace,
        /// What to remove.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        #[command(flatten)]
        write: ConfigWrite,
    },
    /// Change the configuration in an editor: $VISUAL, else $EDITOR, else vi.
    ///
    /// What the server does not take is shown in the editor again. Where somebody else has written meanwhile, nothing is
    /// overwritten: the draft is kept in a file.
    Edit {
        #[command(flatten)]
        place: ConfigPlace,
        /// Why, for the history.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Show what changed between two revisions; between the last two unless others are given.
    Diff {
        #[command(flatten)]
        place: ConfigPlace,
        /// The older revision; 0 is what was before the first one.
        from: Option<i64>,
        /// The newer revision; what is now unless given.
        to: Option<i64>,
    },
    /// List the revisions, newest first: when, who, why, and what changed.
    History {
        #[command(flatten)]
        place: ConfigPlace,
        /// How many.
        #[arg(long, short = 'n', default_value_t = 20, value_name = "COUNT")]
        limit: usize,
    },
    /// Make an earlier revision the newest again, as a new revision.
    Restore {
        #[command(flatten)]
        place: ConfigPlace,
        /// The revision, as `history` shows it.
        revision: i64,
        /// Why, for the history.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Check that no revision of the environment was changed or removed after it was written.
    ///
    /// Each revision has a hash over its content and the hash of the one before. The server computes all of them anew. Exit
    /// code 1: some are broken, and which.
    Verify {
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// Whose configuration.
#[derive(Debug, Args)]
pub(crate) struct ConfigPlace {
    /// The connection.
    pub(crate) connection: String,
    /// The integration, where connections of several have this id.
    #[arg(long, short, value_name = "KEY")]
    pub(crate) integration: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// How to write.
#[derive(Debug, Args)]
pub(crate) struct ConfigWrite {
    /// Why, for the history.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Only show what would change.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
