//! The arguments of `bespoke config`.

use super::ServerArgs;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

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
  bespoke config restore acme 3 --apply resync  and make its records anew
  bespoke config export ./config               one file for each connection, to keep with the code
  bespoke config plan ./config                 what the files would change
  bespoke config apply ./config --reason 'release 12'
  bespoke config infer hubspot > hubspot/config.ts
  bespoke config promote --from dev --to prod  the schema and the defaults

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
        /// Only show what would change.
        #[arg(long)]
        dry_run: bool,
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
        /// Only show what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Change the configuration in an editor: $VISUAL, else $EDITOR, else vi.
    ///
    /// What the server does not take is shown in the editor again. Where somebody else has written meanwhile, nothing is
    /// overwritten: the draft is kept in a file.
    Edit {
        #[command(flatten)]
        place: ConfigPlace,
        #[command(flatten)]
        write: ConfigWrite,
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
        #[command(flatten)]
        write: ConfigWrite,
    },
    /// Write the configuration of each connection into a file: `<folder>/<integration>/<connection>.json`.
    ///
    /// A file with changes that are not on the server is kept as it is, unless --force is given. Exit code 1: some were
    /// kept, and which.
    Export {
        #[command(flatten)]
        files: ConfigFiles,
        /// Only these connections; can be repeated.
        #[arg(long, short, value_name = "ID")]
        connection: Vec<String>,
        /// Overwrite files with changes that are not on the server.
        #[arg(long)]
        force: bool,
    },
    /// Show what the files of `export` would change on the server.
    ///
    /// Exit code 1: `apply` would refuse them, and why.
    Plan {
        #[command(flatten)]
        files: ConfigFiles,
    },
    /// Write what was changed in the files of `export` to the server.
    ///
    /// Where somebody else has changed a configuration since its file was written, and where the server would refuse
    /// any of them, nothing is written at all.
    Apply {
        #[command(flatten)]
        files: ConfigFiles,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
        #[command(flatten)]
        write: ConfigWrite,
    },
    /// Copy the schema and the defaults of integrations from one environment to another, never a customer's values.
    ///
    /// A schema that deployed code declares comes with the code: `bespoke deploy` brings it. The mode stays what it is, and
    /// so do secrets.
    Promote {
        /// Where they are.
        #[arg(long, value_name = "NAME")]
        from: String,
        /// Where they are to be.
        #[arg(long, value_name = "NAME")]
        to: String,
        /// Only this integration; can be repeated. All that both environments have unless given.
        #[arg(long, short, value_name = "KEY")]
        integration: Vec<String>,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
        /// The server's address.
        #[arg(long, value_name = "URL")]
        host: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Draft an integration's `config.ts` from the configurations that its customers have now.
    ///
    /// All of them fit the draft: what all have is required, and a text is a choice where a few are all there are. Read it
    /// before you deploy it.
    Infer {
        /// The integration's key.
        integration: String,
        #[command(flatten)]
        server: ServerArgs,
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

/// The files of an environment's configurations.
#[derive(Debug, Args)]
pub(crate) struct ConfigFiles {
    /// The folder of the files.
    #[arg(default_value = "config")]
    pub(crate) folder: PathBuf,
    /// Only the connections of this integration.
    #[arg(long, short, value_name = "KEY")]
    pub(crate) integration: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
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
#[derive(Debug, Default, Args)]
pub(crate) struct ConfigWrite {
    /// Why, for the history.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// What the change does to the connection's data; what the integration says unless given.
    #[arg(long, value_name = "EFFECT")]
    pub(crate) apply: Option<Apply>,
}

/// What a change of configuration does to data.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Apply {
    /// Nothing: the next run sees it.
    None,
    /// The connection's syncs run at once.
    Run,
    /// They read everything anew, and what they do not save again is deleted.
    Resync,
}

impl Apply {
    /// The word of the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Run => "run",
            Self::Resync => "resync",
        }
    }
}
