//! `bespoke webhooks`: where an environment's webhooks go and what they tell.

use super::block_on;
use crate::{
    args::{ServerArgs, WebhookChanges, WebhooksArgs, WebhooksCommand},
    client::Client,
    failure::Result,
    output,
    settings::ClientSettings,
};
use reqwest::Method;
use serde_json::{Map, Value};
use std::path::Path;

const ADDRESS: &str = "/environment/webhooks";

/// Runs one of the sub-commands.
pub(crate) fn run(args: WebhooksArgs) -> Result {
    match args.command {
        WebhooksCommand::Set { server, changes } => block_on(set(server, changes))?,
        WebhooksCommand::Show { server } => block_on(ask(server, Method::GET, ADDRESS))?,
        WebhooksCommand::RotateKey { server } => {
            block_on(ask(server, Method::POST, "/environment/webhook-signing-key/rotate"))?
        }
    }
}

async fn set(server: ServerArgs, changes: WebhookChanges) -> Result {
    let answer: Value = connect(&server)?.ask_with(Method::PATCH, ADDRESS, &changes).await?;
    show(&server, &answer);
    Ok(())
}

async fn ask(server: ServerArgs, method: Method, path: &str) -> Result {
    let answer: Value = connect(&server)?.ask(method, path).await?;
    show(&server, &answer);
    Ok(())
}

fn connect(server: &ServerArgs) -> Result<Client> {
    Ok(Client::new(ClientSettings::load(server, Path::new("."))?)?)
}

fn show(server: &ServerArgs, answer: &Value) {
    let settings: Map<String, Value> = answer["data"].as_object().cloned().unwrap_or_default();
    if server.json {
        output::json(&settings);
    } else {
        let text = |value: Value| match value {
            Value::Null => "-".to_owned(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        output::table(
            ["setting", "value"],
            settings.into_iter().map(|(name, value)| [name, text(value)]),
            &[],
        );
    }
}
