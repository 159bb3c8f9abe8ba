//! `bespoke env`: the environment variables that functions read.

use super::block_on;
use crate::{
    args::{EnvArgs, EnvCommand, ServerArgs},
    client::Client,
    failure::{Failure, Result},
    output,
    settings::ClientSettings,
};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;

/// A variable, as the API shows it.
#[derive(Deserialize, Serialize)]
struct Variable {
    name: String,
    value: String,
}

/// Runs one of the sub-commands.
pub(crate) fn run(args: EnvArgs) -> Result {
    match args.command {
        EnvCommand::Set { server, variables } => block_on(set(server, variables))?,
        EnvCommand::Unset { server, names } => block_on(unset(server, names))?,
        EnvCommand::List { server } => block_on(list(server))?,
    }
}

async fn set(server: ServerArgs, variables: Vec<String>) -> Result {
    // All are read before one is set.
    let pairs = variables.iter().map(|text| {
        let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
        pair.ok_or_else(|| Failure::usage(format!("`{text}` is not NAME=VALUE")))
    });
    let pairs = pairs.collect::<Result<Vec<_>>>()?;
    let client = connect(&server)?;
    for (name, value) in &pairs {
        let _: Value = client.ask_with(Method::PUT, &path(name), &json!({ "value": value })).await?;
    }
    done(&server, "set", pairs.iter().map(|(name, _)| *name));
    Ok(())
}

async fn unset(server: ServerArgs, names: Vec<String>) -> Result {
    let client = connect(&server)?;
    for name in &names {
        let _: Value = client.ask(Method::DELETE, &path(name)).await?;
    }
    done(&server, "unset", names.iter().map(String::as_str));
    Ok(())
}

async fn list(server: ServerArgs) -> Result {
    let variables: Vec<Variable> = connect(&server)?.ask(Method::GET, "/environment-variables").await?;
    if server.json {
        output::json(&variables);
    } else {
        output::table(
            ["name", "value"],
            variables.into_iter().map(|Variable { name, value }| [name, value]),
            &[],
        );
    }
    Ok(())
}

fn connect(server: &ServerArgs) -> Result<Client> {
    Ok(Client::new(ClientSettings::load(server, Path::new("."))?)?)
}

fn path(name: &str) -> String {
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("/environment-variables/{}", name.replace('+', "%20"))
}

fn done<'a>(server: &ServerArgs, what: &str, names: impl Iterator<Item = &'a str>) {
    let names: Vec<_> = names.collect();
    if server.json {
        output::json(&json!({ what: names }));
    } else {
        output::line(format!("{what} {} in {}", names.join(", "), server.env));
    }
}
