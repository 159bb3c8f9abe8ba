//! The arguments of `bespoke preview`.

use super::{Kind, ServerArgs};
use clap::Args;

/// What `bespoke preview --help` adds.
pub(crate) const HELP: &str = "\
The deployed function runs on the server with the configuration that you describe. Requests that read go to the provider; \
others are refused and listed, unless the function declares them in `previewReads`. What it would save is compared with \
what is stored. Ctrl-C stops it.

Examples:
  bespoke preview contacts acme --set fieldMapping.internal_id=custom_field_9
  bespoke preview contacts acme --unset filterStatus --limit 50
  bespoke preview contacts acme --revision 3           as it was in revision 3
  bespoke preview contacts acme                        as it is now: what the next full run would change
  bespoke preview create-contact acme --input @contact.json --set region=EMEA

Exit code 12: the function failed.

The server is --host, else BESPOKE_HOST, else NANGO_HOSTPORT, else http://127.0.0.1:3003.
The key is BESPOKE_SECRET_KEY_<ENV>, else NANGO_SECRET_KEY_<ENV>; both may be in a file `.env`.";

#[derive(Debug, Args)]
pub(crate) struct PreviewArgs {
    /// The sync or action: `contacts`, `hubspot/contacts` or `hubspot/syncs/contacts`.
    pub(crate) function: String,
    /// The connection.
    pub(crate) connection: String,
    #[command(flatten)]
    pub(crate) candidate: CandidateArgs,
    /// The action's input: JSON, a file behind an @, or @- for the standard input.
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) input: Option<String>,
    /// The integration, where several have a function of this name.
    #[arg(long, short, value_name = "KEY")]
    pub(crate) integration: Option<String>,
    /// What it is, where a sync and an action have this name.
    #[arg(long)]
    pub(crate) kind: Option<Kind>,
    /// How many records to show.
    #[arg(long, default_value_t = 10, value_name = "NUMBER")]
    pub(crate) limit: usize,
    /// Stop after so many records; 10000 unless given.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) max_records: Option<u64>,
    /// Stop after so many requests to the provider; 500 unless given.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) max_calls: Option<u64>,
    /// Stop after so many seconds; 120 unless given.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) max_seconds: Option<u64>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// The configuration to run with.
#[derive(Debug, Args)]
pub(crate) struct CandidateArgs {
    /// The connection's own with this value: JSON, or else a text; can be repeated.
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// The connection's own without this value; can be repeated.
    #[arg(long, value_name = "PATH")]
    pub(crate) unset: Vec<String>,
    /// Take every value as a text, also those that are JSON.
    #[arg(long)]
    pub(crate) string: bool,
    /// A whole configuration instead of the connection's own.
    #[arg(long, short, value_name = "JSON|@FILE", conflicts_with_all = ["set", "unset"])]
    pub(crate) metadata: Option<String>,
    /// An earlier revision instead of the connection's own.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["set", "unset", "metadata"])]
    pub(crate) revision: Option<i64>,
}
