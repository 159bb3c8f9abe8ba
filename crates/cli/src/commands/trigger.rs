//! `bespoke trigger`: runs a sync or an action for a connection, and waits for its end.

use super::{block_on, connect, json_argument, logs, runs};
use crate::{
    args::{Kind, LogFilters, RunFilters, TriggerArgs},
    client::{Client, Refusal},
    failure::{Failure, Result},
    output,
};
use bespoke_core::function::FunctionKind;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use std::{collections::HashSet, time::Duration};
use uuid::Uuid;

/// How often is looked whether a sync has ended.
const POLL: Duration = Duration::from_millis(300);

/// The functions of an integration, as `GET /scripts/config` shows them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Scripts {
    provider_config_key: String,
    #[serde(default)]
    syncs: Vec<Script>,
    #[serde(default)]
    actions: Vec<Script>,
    #[serde(default, rename = "on-events")]
    on_events: Vec<Script>,
}

#[derive(Deserialize)]
struct Script {
    name: String,
}

/// Runs the function of `args`.
pub(crate) fn run(mut args: TriggerArgs) -> Result {
    name(&mut args);
    let input = args.input.as_deref().map(|text| json_argument("--input", text)).transpose()?;
    let client = connect(&args.server)?;
    block_on(trigger(&args, &client, input))?
}

/// Takes `hubspot/contacts` and `hubspot/syncs/contacts` apart: so functions are called everywhere else.
fn name(args: &mut TriggerArgs) {
    let whole = args.function.trim_end_matches(".ts").to_owned();
    let parts: Vec<&str> = whole.split('/').collect();
    let (integration, kind, name) = match parts.as_slice() {
        [integration, name] => (integration, None, name),
        [integration, folder, name] => {
            let kinds = [Kind::Sync, Kind::Action, Kind::OnEvent];
            (integration, kinds.into_iter().find(|kind| FunctionKind::from(*kind).folder() == *folder), name)
        }
        _ => return,
    };
    args.integration.get_or_insert_with(|| (*integration).to_owned());
    args.kind = args.kind.or(kind);
    (*name).clone_into(&mut args.function);
}

async fn trigger(args: &TriggerArgs, client: &Client, input: Option<Box<RawValue>>) -> Result {
    let (integration, kind) = find(args, client).await?;
    match kind {
        Kind::Action if args.reset => Err(Failure::usage("--reset is for syncs")),
        Kind::Action => action(args, client, &integration, input).await,
        Kind::Sync if input.is_some() => Err(Failure::usage("--input is for actions: a sync takes none")),
        Kind::Sync => sync(args, client, &integration).await,
        Kind::OnEvent => Err(Failure::usage(format!(
            "`{name}` is an on-event function: it runs when its event happens; `bespoke dryrun {name} {}` tries it out",
            args.connection,
            name = args.function
        ))),
    }
}

/// Which integration has the function, and what it is.
async fn find(args: &TriggerArgs, client: &Client) -> Result<(String, Kind)> {
    let all: Vec<Scripts> = client.ask(Method::GET, "/scripts/config").await?;
    let mut found = Vec::new();
    for scripts in &all {
        if args.integration.as_ref().is_some_and(|wanted| *wanted != scripts.provider_config_key) {
            continue;
        }
        let kinds = [
            (Kind::Sync, &scripts.syncs),
            (Kind::Action, &scripts.actions),
            (Kind::OnEvent, &scripts.on_events),
        ];
        for (kind, list) in kinds {
            let is_wanted = args.kind.is_none_or(|wanted| wanted == kind);
            if is_wanted && list.iter().any(|script| script.name == args.function) {
                found.push((scripts.provider_config_key.clone(), kind));
            }
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Failure::usage(not_found(args, &all))),
        _ => {
            let names: Vec<_> =
                found.iter().map(|(key, kind)| format!("{key} ({})", FunctionKind::from(*kind))).collect();
            Err(Failure::usage(format!(
                "several functions are called `{}`: {}; add --integration or --kind",
                args.function,
                names.join(", ")
            )))
        }
    }
}

fn not_found(args: &TriggerArgs, all: &[Scripts]) -> String {
    let names: Vec<String> = all
        .iter()
        .flat_map(|scripts| {
            scripts
                .syncs
                .iter()
                .chain(&scripts.actions)
                .map(|script| format!("{}/{}", scripts.provider_config_key, script.name))
        })
        .collect();
    let deployed = if names.is_empty() {
        format!("nothing is deployed to {}: `bespoke deploy` does that", args.server.env)
    } else {
        format!("deployed are {}", names.join(", "))
    };
    format!("no sync or action `{}` is deployed to {}; {deployed}", args.function, args.server.env)
}

async fn action(
    args: &TriggerArgs,
    client: &Client,
    integration: &str,
    input: Option<Box<RawValue>>,
) -> Result {
    let body = json!({ "action_name": args.function, "input": input });
    let mut headers = vec![("provider-config-key", integration), ("connection-id", &args.connection)];
    if args.no_wait {
        headers.push(("x-async", "true"));
    }
    let answer: Value = client.ask_for(Method::POST, "/action/trigger", &headers, &body).await.map_err(
        |error| match error.downcast_ref::<Refusal>() {
            Some(refusal) if refusal.is_of_function() => Failure::Function(error),
            _ => Failure::Other(error),
        },
    )?;
    match answer["id"].as_str() {
        Some(id) if args.no_wait && !args.server.json => {
            output::line(id);
            output::note(format!("queued; `bespoke runs show {id}` tells how it went"));
        }
        _ => output::json(&answer),
    }
    Ok(())
}

async fn sync(args: &TriggerArgs, client: &Client, integration: &str) -> Result {
    let before = newest(args, client, integration).await?;
    let mut body = json!({
        "syncs": [args.function], "provider_config_key": integration, "connection_id": args.connection,
    });
    if args.reset {
        body["opts"] = json!({ "reset": true });
    }
    let _: Value = client.ask_with(Method::POST, "/sync/trigger", &body).await?;
    let run = newest(args, client, integration).await?;
    // One that ran already goes on instead of another.
    let Some(run) =
        run.filter(|run| !run.has_ended() || before.as_ref().is_none_or(|before| before.id != run.id))
    else {
        return Err(anyhow::Error::msg("the sync was triggered, and no run of it is to be seen").into());
    };
    if args.no_wait {
        if args.server.json {
            output::json(&json!({ "id": run.id }));
        } else {
            output::line(run.id);
            output::note(format!("queued; `bespoke runs show {}` tells how it went", run.id));
        }
        return Ok(());
    }
    wait(args, client, run.id).await
}

async fn newest(args: &TriggerArgs, client: &Client, integration: &str) -> Result<Option<runs::Run>> {
    let filters = LogFilters {
        integration: Some(integration.to_owned()),
        connection: Some(args.connection.clone()),
        function: Some(args.function.clone()),
        ..LogFilters::default()
    };
    let filters =
        RunFilters { filters, kind: Some("sync".to_owned()), limit: Some(1), ..RunFilters::default() };
    Ok(runs::find(client, &filters).await?.into_iter().next())
}

/// Shows the run's log as it grows, and at its end how it went.
async fn wait(args: &TriggerArgs, client: &Client, id: Uuid) -> Result {
    let (mut shown, mut day) = (HashSet::new(), logs::Day::default());
    let detail = loop {
        let detail = runs::read(client, id).await?;
        if !args.server.json {
            let new: Vec<_> =
                detail.logs.iter().filter(|line| shown.insert(line.id.clone())).cloned().collect();
            logs::print(&new, &mut day);
        }
        if detail.run.has_ended() {
            break detail;
        }
        tokio::time::sleep(POLL).await;
    };
    if args.server.json {
        output::json(&detail);
    } else {
        runs::print_head(&detail.run);
    }
    if detail.run.status == "succeeded" { Ok(()) } else { Err(Failure::Shown) }
}
