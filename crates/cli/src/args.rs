//! The command line.

pub(crate) mod config;
pub(crate) mod preview;

use crate::failure::EXIT_CODES;
use bespoke_core::function::FunctionKind;
use bespoke_server::config::SETTINGS;
use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use std::{num::NonZero, path::PathBuf};

/// Self-hosted integrations that adapt to each customer.
#[derive(Debug, Parser)]
#[command(name = "bespoke", version, propagate_version = true, after_help = exit_codes_help())]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Reads the command line, and whether it has `--json` anywhere. What is wrong with it ends the process with code 2.
pub(crate) fn parse() -> (Arguments, bool) {
    let matches = Arguments::command().get_matches();
    let as_json = wants_json(&matches);
    (Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()), as_json)
}

fn wants_json(matches: &ArgMatches) -> bool {
    matches.try_get_one("json").is_ok_and(|json| json == Some(&true))
        || matches.subcommand().is_some_and(|(_, matches)| wants_json(matches))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server.
    #[command(after_help = settings_help())]
    Serve(ServeArgs),
    /// Make a project that compiles and deploys at once.
    Init(InitArgs),
    /// Add a function to a project.
    Create(CreateArgs),
    /// Bundle a project's functions, read their definitions and check their types; needs no server.
    Compile(CompileArgs),
    /// Run a function of the project for a real connection, with nothing written anywhere.
    #[command(after_help = DRY_RUN_HELP)]
    Dryrun(DryRunArgs),
    /// Deploy what changed on every save, and show the log.
    #[command(after_help = CLIENT_HELP)]
    Dev(DevArgs),
    /// Bundle the functions of a project and deploy them.
    #[command(after_help = CLIENT_HELP)]
    Deploy(DeployArgs),
    /// Read and change a customer's configuration, with its history.
    #[command(after_help = config::HELP)]
    Config(config::ConfigArgs),
    /// Show what a sync or action would do with another configuration, with nothing written anywhere.
    #[command(after_help = preview::HELP)]
    Preview(preview::PreviewArgs),
    /// Make, list and revoke the secret keys of an environment, directly in the database.
    Keys(KeysArgs),
    /// List who may sign in to the dashboard, let somebody in, and help one who is locked out, directly in the database.
    Members(MembersArgs),
    /// Set, unset and list the environment variables that functions read.
    #[command(after_help = CLIENT_HELP)]
    Env(EnvArgs),
    /// Say where webhooks go and what they tell, and show it.
    #[command(after_help = CLIENT_HELP)]
    Webhooks(WebhooksArgs),
    /// Search the log of runs, requests and events, or follow it.
    #[command(after_help = LOGS_HELP)]
    Logs(LogsArgs),
    /// List what ran, or show one run with its log.
    #[command(after_help = CLIENT_HELP, args_conflicts_with_subcommands = true)]
    Runs(RunsArgs),
    /// Run a sync or an action for a connection, and wait for its end.
    #[command(after_help = TRIGGER_HELP)]
    Trigger(TriggerArgs),
    /// Print the script that lets a shell complete these commands.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Test the functions of a project with their recorded fixtures, `<integration>/tests/<function>.test.json`.
    Test(TestArgs),
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
    /// Print a page of the reference documentation, as Markdown.
    Reference(ReferenceArgs),
    /// Run functions for a server; servers start it themselves.
    #[command(hide = true)]
    Runner(RunnerArgs),
}

const CLIENT_HELP: &str = "\
The server is --host, else BESPOKE_HOST, else NANGO_HOSTPORT, else http://127.0.0.1:3003.
The key is BESPOKE_SECRET_KEY_<ENV>, else NANGO_SECRET_KEY_<ENV>, e.g. BESPOKE_SECRET_KEY_DEV.
Both may be in a file `.env` in the project's folder or in the current one.";

const DRY_RUN_HELP: &str = "\
The function runs on the server, as in production: the same runtime and limits, and the connection's credentials, which \
stay there. Records, metadata and checkpoints are kept in memory and compared with what is stored. Requests that can \
write (all but GET, HEAD and OPTIONS) are refused and listed unless --allow or --allow-writes lets them through.

Examples:
  bespoke dryrun contacts customer-1
  bespoke dryrun hubspot/syncs/contacts customer-1 --metadata '{\"field\":\"cf_1\"}' --allow 'POST /crm/v3/objects/*/search'
  bespoke dryrun create-contact customer-1 --input @contact.json --allow-writes
  bespoke dryrun contacts customer-1 --payload @webhook.json
  bespoke dryrun contacts customer-1 --save              then `bespoke test contacts` plays it, without a server

The server is --host, else BESPOKE_HOST, else NANGO_HOSTPORT, else http://127.0.0.1:3003.
The key is BESPOKE_SECRET_KEY_<ENV>, else NANGO_SECRET_KEY_<ENV>, e.g. BESPOKE_SECRET_KEY_DEV.
Both may be in a file `.env` in the project's folder or in the current one.";

const LOGS_HELP: &str = "\
Examples:
  bespoke logs --follow                        everything, as it happens
  bespoke logs --since 1h --level warn         what went wrong in the last hour
  bespoke logs -c acme --status 4xx            refused requests of one customer
  bespoke logs rate limit --function contacts  lines with words that begin so, of one function

The server is --host, else BESPOKE_HOST, else NANGO_HOSTPORT, else http://127.0.0.1:3003.
The key is BESPOKE_SECRET_KEY_<ENV>, else NANGO_SECRET_KEY_<ENV>; both may be in a file `.env`.";

const TRIGGER_HELP: &str = "\
Examples:
  bespoke trigger contacts acme                runs the sync and shows its log
  bespoke trigger create-contact acme --input '{\"name\":\"Ada\"}'
  bespoke trigger create-contact acme --input @contact.json --json | jq .id

Exit code 12: the function failed or was cancelled.

The server is --host, else BESPOKE_HOST, else NANGO_HOSTPORT, else http://127.0.0.1:3003.
The key is BESPOKE_SECRET_KEY_<ENV>, else NANGO_SECRET_KEY_<ENV>; both may be in a file `.env`.";

fn exit_codes_help() -> String {
    let lines = EXIT_CODES.iter().map(|(code, meaning)| format!("  {code:<4}{meaning}"));
    format!("Exit codes:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

fn settings_help() -> String {
    let lines = SETTINGS.iter().map(|setting| {
        format!("  {}\n          {} [default: {}]", setting.name, setting.meaning, setting.default)
    });
    let lines: Vec<_> = lines.collect();
    format!(
        "Settings (environment variables):\n{}\n  BESPOKE_SECRET_KEY_<ENV>\n          A secret key (UUID v4) to have from the start, e.g. BESPOKE_SECRET_KEY_DEV.",
        lines.join("\n")
    )
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address and port to listen on; overrides `BESPOKE_LISTEN`.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Folder for the database and the key file; overrides `BESPOKE_DATA`.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<String>,
    /// `text` for people or `json` for machines; overrides `BESPOKE_LOG_FORMAT`.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
}

/// Which server, as which environment.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// The environment.
    #[arg(long, short, default_value = "dev", value_name = "NAME")]
    pub(crate) env: String,
    /// The server's address.
    #[arg(long, value_name = "URL")]
    pub(crate) host: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The new project's folder.
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Do not run `npm install`.
    #[arg(long)]
    pub(crate) no_install: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// What kind of function; `webhook` is a sync with `onWebhook`.
    pub(crate) kind: NewKind,
    /// Its integration's key and its name.
    #[arg(value_name = "INTEGRATION/NAME")]
    pub(crate) function: String,
    /// The project's folder.
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    pub(crate) project: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A kind of function to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NewKind {
    /// Runs on a schedule and saves records.
    Sync,
    /// Runs when called and answers.
    Action,
    /// Runs when something happens to a connection.
    OnEvent,
    /// A sync that also runs when the provider tells something.
    Webhook,
}

/// A kind of function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Runs on a schedule and saves records.
    Sync,
    /// Runs when called and answers.
    Action,
    /// Runs when something happens to a connection.
    OnEvent,
}

impl From<Kind> for FunctionKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Sync => Self::Sync,
            Kind::Action => Self::Action,
            Kind::OnEvent => Self::OnEvent,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// The project: a folder with an `index.ts` that imports every function.
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Only the functions of this integration.
    #[arg(long, short, value_name = "KEY")]
    pub(crate) integration: Option<String>,
    /// Do not check types.
    #[arg(long)]
    pub(crate) no_types: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// The project: a folder with an `index.ts` that imports every function.
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Do not show the environment's log.
    #[arg(long)]
    pub(crate) no_logs: bool,
    /// Do not check types after each deployment.
    #[arg(long)]
    pub(crate) no_types: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DryRunArgs {
    /// The function: `contacts`, `hubspot/contacts`, `hubspot/syncs/contacts`, or its file.
    pub(crate) function: String,
    /// The connection's id.
    pub(crate) connection: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// The project's folder.
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    pub(crate) project: PathBuf,
    /// The integration, where several have a function of this name.
    #[arg(long, value_name = "KEY")]
    pub(crate) integration: Option<String>,
    /// An action's input: JSON, a file behind an @, or @- for the standard input; so the next three.
    #[arg(long, short, value_name = "JSON|@FILE")]
    pub(crate) input: Option<String>,
    /// A webhook's payload: runs the sync's `onWebhook`.
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) payload: Option<String>,
    /// A configuration to run with instead of the connection's metadata.
    #[arg(long, short, value_name = "JSON|@FILE")]
    pub(crate) metadata: Option<String>,
    /// A checkpoint to begin with instead of the stored one.
    #[arg(long, short, value_name = "JSON|@FILE")]
    pub(crate) checkpoint: Option<String>,
    /// The variant of a sync.
    #[arg(long, value_name = "NAME")]
    pub(crate) variant: Option<String>,
    /// Send requests that write to the provider.
    #[arg(long)]
    pub(crate) allow_writes: bool,
    /// Send requests that fit, e.g. `POST /crm/v3/objects/*/search`; can be repeated.
    #[arg(long, value_name = "METHOD PATH")]
    pub(crate) allow: Vec<String>,
    /// Save the run as a fixture for `bespoke test`, without secrets: `<integration>/tests/<function>.test.json`, or
    /// `<function>.<CASE>.test.json`.
    #[arg(long, value_name = "CASE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) save: Option<String>,
    /// How many records of each model to show.
    #[arg(long, default_value_t = 10, value_name = "NUMBER")]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    /// The project: a folder with an `index.ts` that imports every function.
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Only the functions of this integration.
    #[arg(long, short, value_name = "KEY")]
    pub(crate) integration: Option<String>,
    /// Only the functions of this name; nothing is deleted.
    #[arg(long, short, value_name = "NAME")]
    pub(crate) function: Option<String>,
    /// With --yes: also delete deployed functions that the project lacks.
    #[arg(long)]
    pub(crate) allow_deletes: bool,
    /// Also deploy a `config.ts` that connections would no longer fit whose integration enforces it
    #[arg(long)]
    pub(crate) allow_invalid: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MembersArgs {
    #[command(subcommand)]
    pub(crate) command: MembersCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MembersCommand {
    /// List the members of an environment, and those who are invited.
    List {
        #[command(flatten)]
        place: KeysPlace,
    },
    /// Let somebody in: prints the link to give them, or changes the role of one who is a member.
    Invite {
        /// Their e-mail address.
        email: String,
        /// What they will be.
        #[arg(long, default_value = "admin", value_parser = ["viewer", "support", "developer", "admin"])]
        role: String,
        /// The environment; all of them by default.
        #[arg(long, short, value_name = "NAME")]
        env: Vec<String>,
        /// Folder of the database; overrides `BESPOKE_DATA`.
        #[arg(long, value_name = "FOLDER")]
        data: Option<String>,
    },
    /// Print the link by which a member chooses another password.
    ResetPassword {
        /// Their e-mail address.
        email: String,
        /// Folder of the database; overrides `BESPOKE_DATA`.
        #[arg(long, value_name = "FOLDER")]
        data: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key. Its secret is shown once.
    Create {
        #[command(flatten)]
        place: KeysPlace,
        /// A name for people.
        #[arg(long, default_value = "default")]
        name: String,
    },
    /// List the keys, without their secrets.
    List {
        #[command(flatten)]
        place: KeysPlace,
    },
    /// Revoke a key: it opens nothing any more.
    Revoke {
        #[command(flatten)]
        place: KeysPlace,
        /// The key's id, as `list` shows it.
        id: i64,
    },
}

/// Which environment of which database.
#[derive(Debug, Args)]
pub(crate) struct KeysPlace {
    /// The environment.
    #[arg(long, short, default_value = "dev", value_name = "NAME")]
    pub(crate) env: String,
    /// Folder of the database; overrides `BESPOKE_DATA`.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EnvArgs {
    #[command(subcommand)]
    pub(crate) command: EnvCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EnvCommand {
    /// Set variables.
    Set {
        #[command(flatten)]
        server: ServerArgs,
        /// Name and value.
        #[arg(required = true, value_name = "NAME=VALUE")]
        variables: Vec<String>,
    },
    /// Unset variables.
    Unset {
        #[command(flatten)]
        server: ServerArgs,
        /// Names.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// List the variables.
    List {
        #[command(flatten)]
        server: ServerArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct WebhooksArgs {
    #[command(subcommand)]
    pub(crate) command: WebhooksCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhooksCommand {
    /// Change what is given; the rest stays.
    Set {
        #[command(flatten)]
        server: ServerArgs,
        #[command(flatten)]
        changes: WebhookChanges,
    },
    /// Show the settings and the signing key.
    Show {
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Replace the signing key.
    RotateKey {
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// What to change of the webhook settings.
#[derive(Debug, Args, serde::Serialize)]
#[group(required = true, multiple = true)]
pub(crate) struct WebhookChanges {
    /// Where webhooks go; an empty text takes it back.
    #[arg(long = "url", value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) primary_url: Option<String>,
    /// Where they go as well; an empty text takes it back.
    #[arg(long = "secondary", value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secondary_url: Option<String>,
    /// Tell of new connections.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_auth_creation: Option<bool>,
    /// Tell of credentials that could not be renewed.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_auth_refresh_error: Option<bool>,
    /// Tell of syncs that changed nothing, too.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_sync_completion_always: Option<bool>,
    /// Tell of failed syncs.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_sync_error: Option<bool>,
    /// Tell of ended async actions.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_async_action_completion: Option<bool>,
    /// Tell of changed metadata.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_metadata_change: Option<bool>,
}

/// What lines and runs are narrowed by.
#[derive(Debug, Default, Args)]
pub(crate) struct LogFilters {
    /// Only of this integration.
    #[arg(long, short, value_name = "KEY")]
    pub(crate) integration: Option<String>,
    /// Only of this connection.
    #[arg(long, short, value_name = "ID")]
    pub(crate) connection: Option<String>,
    /// Only of this function.
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
    /// Not older than this: a duration such as 15m or 7d, or a time.
    #[arg(long, value_name = "AGO|TIME")]
    pub(crate) since: Option<String>,
    /// Older than this: a duration such as 15m or 7d, or a time.
    #[arg(long, value_name = "AGO|TIME")]
    pub(crate) until: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Words that lines have, by their beginnings.
    #[arg(value_name = "WORD")]
    pub(crate) query: Vec<String>,
    /// Go on with each line that is written.
    #[arg(long, short)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) filters: LogFilters,
    /// Only of this run.
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<uuid::Uuid>,
    /// Only this kind: log (functions), http (requests), run (begin and end), event (the platform).
    #[arg(long, value_parser = ["log", "http", "run", "event"])]
    pub(crate) kind: Option<String>,
    /// Only this level and worse.
    #[arg(long, value_parser = ["debug", "info", "warn", "error"])]
    pub(crate) level: Option<String>,
    /// Only requests answered so: a status such as 404, or a class such as 4xx.
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Option<String>,
    /// How many lines, at most 1000 [default: 100, with --follow 20]
    #[arg(long, short = 'n', value_name = "COUNT")]
    pub(crate) limit: Option<u32>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Which runs.
#[derive(Debug, Default, Args)]
pub(crate) struct RunFilters {
    /// Words that lines of the run have, by their beginnings.
    #[arg(long, value_name = "WORD", num_args = 1..)]
    pub(crate) query: Vec<String>,
    #[command(flatten)]
    pub(crate) filters: LogFilters,
    /// Only this kind.
    #[arg(long, value_parser = ["sync", "action", "on-event", "webhook"])]
    pub(crate) kind: Option<String>,
    /// Only in these states, commas between: queued, running, succeeded, failed, cancelled.
    #[arg(long, value_name = "STATES")]
    pub(crate) status: Option<String>,
    /// How many, at most 500 [default: 50]
    #[arg(long, short = 'n', value_name = "COUNT")]
    pub(crate) limit: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(flatten)]
    pub(crate) filters: RunFilters,
    #[command(subcommand)]
    pub(crate) command: Option<RunsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List runs, newest first; what `bespoke runs` alone does.
    List {
        #[command(flatten)]
        server: ServerArgs,
        #[command(flatten)]
        filters: RunFilters,
    },
    /// Show a run: how it went, its log, and where its function failed.
    Show {
        #[command(flatten)]
        server: ServerArgs,
        /// The id, the beginning of one, or `last`.
        id: String,
    },
    /// Cancel a run that is queued or goes on.
    Cancel {
        #[command(flatten)]
        server: ServerArgs,
        /// The id, the beginning of one, or `last`.
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TriggerArgs {
    /// The sync or action: `contacts`, `hubspot/contacts` or `hubspot/syncs/contacts`.
    pub(crate) function: String,
    /// The connection.
    pub(crate) connection: String,
    /// The integration, where several have a function of this name.
    #[arg(long, short, value_name = "KEY")]
    pub(crate) integration: Option<String>,
    /// What it is, where a sync and an action have this name.
    #[arg(long)]
    pub(crate) kind: Option<Kind>,
    /// The action's input: JSON, a file behind an @, or @- for the standard input.
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) input: Option<String>,
    /// Do not wait: print the id of the run.
    #[arg(long = "async")]
    pub(crate) no_wait: bool,
    /// The sync begins anew: its checkpoint and its last run are forgotten.
    #[arg(long)]
    pub(crate) reset: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// What to test: the project's folder, folders and files in it, integrations, functions (`contacts`,
    /// `hubspot/contacts`). By default the project that the current folder is in.
    #[arg(value_name = "FOLDER|FUNCTION")]
    pub(crate) targets: Vec<String>,
    /// Write the result to this file too, as `JUnit` XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Where only the result differs, write it to the fixture as the expected one.
    #[arg(long)]
    pub(crate) update: bool,
    /// How much to do at once; by default as many as there are processors.
    #[arg(long, short, value_name = "COUNT")]
    pub(crate) jobs: Option<NonZero<usize>>,
}

#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    /// Which page.
    pub(crate) page: Page,
}

/// A page of the reference documentation.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Page {
    /// The commands of this program.
    Cli,
    /// The settings of the server.
    Settings,
    /// The errors of the HTTP API.
    Errors,
    /// The providers that come with the binary.
    Providers,
}

#[derive(Debug, Args)]
pub(crate) struct RunnerArgs {
    /// Enter the sandbox and say what works there.
    #[arg(long)]
    self_test: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
