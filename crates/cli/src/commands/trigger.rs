//! `bespoke trigger`: runs a sync or an action for a connection, and waits for its end.

use super::{
    block_on, connect,
    deployed::{self, Deployed, Wanted},
    json_argument, logs, runs,
};
use crate::{
    args::{Kind, LogFilters, RunFilters, TriggerArgs},
    client::{Client, Refusal},
    failure::{Failure, Result},
    output,
};
use reqwest::Method;
use serde_json::{Value, json, value::RawValue};
use std::{collections::HashSet, time::Duration};
use uuid::Uuid;

/// How often is looked whether a sync has ended.
const POLL: Duration = Duration::from_millis(300);

/// Runs the function of `args`.
pub(crate) fn run(mut args: TriggerArgs) -> Result {
    let input = args.input.as_deref().map(|text| json_argument("--input", text)).transpose()?;
    let client = connect(&args.server)?;
    block_on(trigger(&mut args, &client, input))?
}

async fn trigger(args: &mut TriggerArgs, client: &Client, input: Option<Box<RawValue>>) -> Result {
    let wanted = Wanted::new(&args.function, args.integration.as_deref(), args.kind);
    let Deployed { integration, kind, name } = deployed::find(client, &wanted, &args.server.env).await?;
    args.function = name;
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
        runs::print_head(&detail.run, detail.configuration.as_ref());
    }
    if detail.run.status == "succeeded" { Ok(()) } else { Err(Failure::Shown) }
}
