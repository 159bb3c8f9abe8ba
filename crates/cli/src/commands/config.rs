//! `bespoke config`: a customer's configuration, read and changed with its history.

pub(crate) mod changes;
mod edit;
mod export;
mod files;
mod history;
mod infer;
mod outline;
pub(crate) mod path;
mod plan;
mod promote;
pub(crate) mod server;
mod zod;

use super::{block_on, connect};
use crate::{
    args::{
        ServerArgs,
        config::{ConfigArgs, ConfigCommand, ConfigPlace, ConfigWrite},
    },
    failure::{Failure, Result},
    output::{self, BAD, NEW, styled},
};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use server::{Current, Place};

/// Runs one of the sub-commands.
pub(crate) fn run(args: ConfigArgs) -> Result {
    block_on(async {
        match args.command {
            ConfigCommand::Get { place, path } => get(&place, path.as_deref()).await,
            ConfigCommand::Set { place, values, string, write, dry_run } => {
                set(&place, &values, string, (&write, dry_run)).await
            }
            ConfigCommand::Unset { place, paths, write, dry_run } => {
                unset(&place, &paths, (&write, dry_run)).await
            }
            ConfigCommand::Edit { place, write } => edit(&place, &write).await,
            ConfigCommand::Diff { place, from, to } => diff(&place, from, to).await,
            ConfigCommand::History { place, limit } => history(&place, limit).await,
            ConfigCommand::Restore { place, revision, write } => restore(&place, revision, &write).await,
            ConfigCommand::Export { files, connection, force } => {
                export::run(&files, &connection, force).await
            }
            ConfigCommand::Plan { files } => plan::show(&files).await,
            ConfigCommand::Apply { files, yes, write } => plan::apply(&files, yes, &write).await,
            ConfigCommand::Promote { from, to, integration, yes, host, json } => {
                promote::run(&promote::Promote { from, to, integrations: integration, yes, host, json }).await
            }
            ConfigCommand::Infer { integration, server } => infer::run(&integration, &server).await,
            ConfigCommand::Verify { server } => verify(&server).await,
        }
    })?
}

async fn get(args: &ConfigPlace, path: Option<&str>) -> Result {
    let place = Place::find(args).await?;
    let current = place.read().await?;
    let Some(path) = path else {
        if args.server.json {
            output::json(&current);
        } else {
            output::json(&current.metadata);
            output::note(if current.metadata.is_null() {
                format!("{} has no configuration yet", place.name())
            } else {
                format!("{}, revision {}", place.name(), current.revision)
            });
            current.note_problems();
        }
        return Ok(());
    };
    let document = current.document();
    let value = path::get(&document, &path::parse(path)?);
    let value = value.ok_or_else(|| anyhow::anyhow!("`{path}` is not set for {}", place.name()))?;
    match value {
        // As shells want it.
        Value::String(text) if !args.server.json => output::line(text),
        value => output::json(value),
    }
    Ok(())
}

async fn set(
    args: &ConfigPlace,
    values: &[String],
    as_text: bool,
    (write, dry_run): (&ConfigWrite, bool),
) -> Result {
    let values: Vec<_> = values.iter().map(|text| path::assignment(text, as_text)).collect::<Result<_>>()?;
    let place = Place::find(args).await?;
    let (before, after) = place
        .change(write, dry_run, |document| {
            values.iter().try_for_each(|(keys, value)| path::set(document, keys, value.clone()))
        })
        .await?;
    written(args, &place, &before, &after, dry_run);
    Ok(())
}

async fn unset(args: &ConfigPlace, paths: &[String], (write, dry_run): (&ConfigWrite, bool)) -> Result {
    let paths: Vec<_> = paths.iter().map(|text| path::parse(text)).collect::<Result<_>>()?;
    let place = Place::find(args).await?;
    let (before, after) = place
        .change(write, dry_run, |document| {
            for keys in &paths {
                path::unset(document, keys);
            }
            Ok(())
        })
        .await?;
    let document = before.document();
    for keys in paths.iter().filter(|keys| path::get(&document, keys).is_none()) {
        output::note(format!("`{}` was not set", path::show(keys)));
    }
    written(args, &place, &before, &after, dry_run);
    Ok(())
}

async fn edit(args: &ConfigPlace, write: &ConfigWrite) -> Result {
    let place = Place::find(args).await?;
    match edit::edit(&place, write).await? {
        Some((before, after)) => written(args, &place, &before, &after, false),
        None => output::note("Nothing was changed."),
    }
    Ok(())
}

async fn diff(args: &ConfigPlace, from: Option<i64>, to: Option<i64>) -> Result {
    let place = Place::find(args).await?;
    let newest = match to {
        Some(to) => to,
        None => place.read().await?.revision,
    };
    let from = from.unwrap_or_else(|| (newest - 1).max(0));
    if args.server.json {
        let query = [("from", Some(from.to_string())), ("to", Some(newest.to_string()))];
        let answer: Value = place.ask("/diff", &query).await?;
        output::json(&answer);
        return Ok(());
    }
    let mut documents = Vec::with_capacity(2);
    for number in [from, newest] {
        documents.push(if number == 0 { json!({}) } else { place.revision(number).await?.metadata });
    }
    output::line(format!("{}, revision {from} → {newest}", place.name()));
    if from == newest {
        output::note("A revision does not differ from itself.");
    } else {
        changes::print(&documents[0], &documents[1]);
    }
    Ok(())
}

async fn history(args: &ConfigPlace, limit: usize) -> Result {
    let place = Place::find(args).await?;
    let revisions = history::read(&place, limit).await?;
    if args.server.json {
        output::json(&revisions);
    } else if revisions.is_empty() {
        output::note(format!("{} has no revision yet", place.name()));
    } else {
        history::print(&revisions);
    }
    Ok(())
}

async fn restore(args: &ConfigPlace, revision: i64, write: &ConfigWrite) -> Result {
    let place = Place::find(args).await?;
    let before = place.read().await?;
    let after = place.restore(revision, &before, write).await?;
    written(args, &place, &before, &after, false);
    Ok(())
}

/// Says what a write has changed.
fn written(args: &ConfigPlace, place: &Place, before: &Current, after: &Current, dry_run: bool) {
    if args.server.json {
        output::json(after);
        return;
    }
    if before.revision == after.revision {
        output::line(format!("{} is so already: revision {}", place.name(), before.revision));
    } else {
        changes::print(&before.document(), &after.document());
        let name = place.name();
        output::line(if dry_run {
            format!("{name} would have revision {}; nothing was written", after.revision)
        } else {
            format!("{name} has {}", styled(NEW, format!("revision {}", after.revision)))
        });
    }
    after.print_applied(dry_run);
    after.note_problems();
}

/// What the check of an environment's revisions has found.
#[derive(Deserialize, Serialize)]
struct Verified {
    checked: u64,
    broken: Vec<Broken>,
}

#[derive(Deserialize, Serialize)]
struct Broken {
    provider_config_key: String,
    connection_id: String,
    revision: i64,
    problem: String,
}

async fn verify(server: &ServerArgs) -> Result {
    let client = connect(server)?;
    let verified: Verified = {
        let _busy = output::busy("Checking revisions");
        client.ask(Method::GET, "/metadata/revisions/verify").await?
    };
    if server.json {
        output::json(&verified);
    } else {
        for Broken { provider_config_key, connection_id, revision, problem } in &verified.broken {
            let place = format!("{connection_id} ({provider_config_key}) revision {revision}:");
            output::line(format!("{} {problem}", styled(BAD, place)));
        }
        let all = output::count(verified.checked as usize, "revision", "revisions");
        output::line(match verified.broken.len() {
            0 => styled(NEW, format!("{all} of {}: all as they were written", server.env)),
            broken => styled(BAD, format!("{all} of {}: {broken} broken", server.env)),
        });
    }
    if verified.broken.is_empty() { Ok(()) } else { Err(Failure::Broken) }
}
