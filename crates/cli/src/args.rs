//! The command line.

use bespoke_server::config::SETTINGS;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Self-hosted integrations that adapt to each customer.
#[derive(Debug, Parser)]
#[command(name = "bespoke", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server.
    #[command(after_help = settings_help())]
    Serve(ServeArgs),
    /// Bundle the functions of a project and deploy them.
    #[command(after_help = CLIENT_HELP)]
    Deploy(DeployArgs),
    /// Make, list and revoke the secret keys of an environment, directly in the database.
    Keys(KeysArgs),
    /// Set, unset and list the environment variables that functions read.
    #[command(after_help = CLIENT_HELP)]
    Env(EnvArgs),
    /// Say where webhooks go and what they tell, and show it.
    #[command(after_help = CLIENT_HELP)]
    Webhooks(WebhooksArgs),
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
}

#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    /// Which page.
    pub(crate) page: Page,
}

/// A page of the reference documentation.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Page {
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
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
