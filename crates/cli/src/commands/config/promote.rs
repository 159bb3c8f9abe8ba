//! `bespoke config promote`: the schema and the defaults of integrations, from one environment to another.

use super::changes;
use crate::{
    args::ServerArgs,
    client::Client,
    commands::{connect, url_path},
    failure::{Failure, Result},
    output::{self, CHANGED, NEW, QUIET, count, styled},
};
use bespoke_core::sealed::MASK;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What to copy, and where.
pub(super) struct Promote {
    pub(super) from: String,
    pub(super) to: String,
    /// All that both have where there is none.
    pub(super) integrations: Vec<String>,
    pub(super) yes: bool,
    pub(super) host: Option<String>,
    pub(super) json: bool,
}

/// An integration's schema, as the API shows it.
#[derive(Deserialize)]
struct Declared {
    schema: Option<Value>,
    source: Option<String>,
    version: Option<i64>,
}

impl Declared {
    /// Whether deployed code declares it.
    fn is_of_code(&self) -> bool {
        self.source.as_deref().is_some_and(|source| source != "api")
    }
}

#[derive(Deserialize)]
struct Defaults {
    defaults: Map<String, Value>,
}

/// What is to be changed at one integration.
#[derive(Serialize)]
struct Change {
    integration: String,
    /// The schema and its version, where they are to be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<(Value, i64)>,
    /// The defaults before and after, where they differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    defaults: Option<(Value, Value)>,
    /// What does not come along.
    notes: Vec<String>,
}

impl Change {
    fn is_empty(&self) -> bool {
        self.schema.is_none() && self.defaults.is_none()
    }
}

/// Shows what differs, asks, and copies it.
pub(super) async fn run(promote: &Promote) -> Result {
    let Promote { from, to, .. } = promote;
    if from == to {
        return Err(Failure::usage("--from and --to are the same environment"));
    }
    let server =
        |env: &str| ServerArgs { env: env.to_owned(), host: promote.host.clone(), json: promote.json };
    let (source, target) = (connect(&server(from))?, connect(&server(to))?);
    let keys = keys(promote, &source, &target).await?;
    let mut changes = Vec::new();
    for key in keys {
        changes.push(change(&source, &target, key, to).await?);
    }
    if promote.json {
        output::json(&changes);
    } else {
        changes.iter().for_each(show);
    }
    changes.retain(|change| !change.is_empty());
    if changes.is_empty() {
        output::note(format!("{to} has the schemas and defaults of {from} already."));
        return Ok(());
    }
    if !promote.yes {
        if !output::can_ask() {
            return Err(Failure::usage("nobody can be asked here: add --yes; nothing was written"));
        }
        let what = count(changes.len(), "integration", "integrations");
        if !output::confirm(&format!("Change {what} of {to}?"))? {
            output::note("Nothing was written.");
            return Ok(());
        }
    }
    for change in &changes {
        write(&target, change).await?;
        if !promote.json {
            output::line(format!("{} of {to} is as in {from}", styled(NEW, &change.integration)));
        }
    }
    Ok(())
}

async fn keys(promote: &Promote, source: &Client, target: &Client) -> Result<Vec<String>> {
    let Promote { from, to, integrations, .. } = promote;
    let (of_source, of_target) = (integrations_of(source).await?, integrations_of(target).await?);
    for (env, there) in [(from, &of_source), (to, &of_target)] {
        if let Some(missing) = integrations.iter().find(|key| !there.contains(key)) {
            return Err(Failure::usage(format!("there is no integration `{missing}` in {env}")));
        }
    }
    let is_wanted =
        |key: &String| of_target.contains(key) && (integrations.is_empty() || integrations.contains(key));
    let (wanted, others): (Vec<String>, Vec<String>) = of_source.into_iter().partition(is_wanted);
    if integrations.is_empty() && !others.is_empty() {
        output::note(styled(QUIET, format!("not in {to}: {}", others.join(", "))));
    }
    Ok(wanted)
}

async fn integrations_of(client: &Client) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct List {
        data: Vec<Listed>,
    }
    #[derive(Deserialize)]
    struct Listed {
        unique_key: String,
    }
    let list: List = client.ask(Method::GET, "/integrations").await?;
    let mut keys: Vec<String> = list.data.into_iter().map(|listed| listed.unique_key).collect();
    keys.sort_unstable();
    Ok(keys)
}

fn path(key: &str, what: &str) -> String {
    url_path(&["integrations", key, "metadata", what])
}

async fn change(source: &Client, target: &Client, key: String, to: &str) -> Result<Change> {
    let from: Declared = source.ask(Method::GET, &path(&key, "schema")).await?;
    let there: Declared = target.ask(Method::GET, &path(&key, "schema")).await?;
    let mut notes = Vec::new();
    let mut schema = None;
    if from.schema != there.schema || from.version != there.version {
        match (from.is_of_code() || there.is_of_code(), from.schema.zip(from.version)) {
            (true, _) => {
                notes.push(format!("the schema is declared by code: `bespoke deploy --env {to}` brings it"));
            }
            (false, given) => schema = given,
        }
    }
    let Defaults { defaults: from } = source.ask(Method::GET, &path(&key, "defaults")).await?;
    let Defaults { defaults: there } = target.ask(Method::GET, &path(&key, "defaults")).await?;
    let (mut wanted, there) = (Value::Object(from), Value::Object(there));
    keep_secrets(&mut wanted, Some(&there), &mut String::new(), &mut notes);
    let defaults = (wanted != there).then_some((there, wanted));
    Ok(Change { integration: key, schema, defaults, notes })
}

/// Nobody is shown a secret, so it cannot be copied: what is there stays.
fn keep_secrets(value: &mut Value, there: Option<&Value>, at: &mut String, notes: &mut Vec<String>) {
    let Value::Object(object) = value else { return };
    let mut missing = Vec::new();
    for (key, value) in object.iter_mut() {
        let length = at.len();
        at.push_str(if length == 0 { "" } else { "." });
        at.push_str(key);
        let there = there.and_then(|there| there.get(key));
        if *value == MASK && there.is_none_or(|there| there != MASK) {
            notes.push(format!("the secret `{at}` is not copied: set it there"));
            missing.push(key.clone());
        }
        keep_secrets(value, there, at, notes);
        at.truncate(length);
    }
    for key in missing {
        object.shift_remove(&key);
    }
}

fn show(change: &Change) {
    let Change { integration, schema, defaults, notes } = change;
    if change.is_empty() && notes.is_empty() {
        return;
    }
    output::line(styled(CHANGED, integration));
    if let Some((_, version)) = schema {
        output::line(format!("  {} version {version}", styled(NEW, "schema:")));
    }
    if let Some((before, after)) = defaults {
        output::line("  defaults:");
        changes::print(before, after);
    }
    for note in notes {
        output::line(styled(QUIET, format!("  {note}")));
    }
}

async fn write(target: &Client, change: &Change) -> Result {
    let Change { integration, schema, defaults, .. } = change;
    if let Some((schema, version)) = schema {
        let body = json!({ "schema": schema, "version": version });
        let _: Value = target.ask_with(Method::PUT, &path(integration, "schema"), &body).await?;
    }
    if let Some((_, after)) = defaults {
        let _: Value = target.ask_with(Method::PUT, &path(integration, "defaults"), after).await?;
    }
    Ok(())
}
