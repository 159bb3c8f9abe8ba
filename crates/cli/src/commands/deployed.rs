//! Finds deployed functions by what people call them.

use crate::{
    args::Kind,
    client::Client,
    failure::{Failure, Result},
};
use bespoke_core::function::FunctionKind;
use reqwest::Method;
use serde::Deserialize;

/// What somebody calls a function.
pub(crate) struct Wanted {
    name: String,
    integration: Option<String>,
    kind: Option<Kind>,
}

/// A function that is deployed.
pub(crate) struct Deployed {
    /// The integration's key.
    pub(crate) integration: String,
    pub(crate) kind: Kind,
    pub(crate) name: String,
}

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

impl Wanted {
    /// `contacts`, `hubspot/contacts` or `hubspot/syncs/contacts`; what is given besides counts before what the name says.
    pub(crate) fn new(function: &str, integration: Option<&str>, kind: Option<Kind>) -> Self {
        let whole = function.trim_end_matches(".ts");
        let parts: Vec<&str> = whole.split('/').collect();
        let (of_name, folder, name) = match parts.as_slice() {
            [integration, name] => (Some(*integration), None, *name),
            [integration, folder, name] => (Some(*integration), Some(*folder), *name),
            _ => (None, None, whole),
        };
        let kinds = [Kind::Sync, Kind::Action, Kind::OnEvent];
        let of_folder = kinds.into_iter().find(|kind| Some(FunctionKind::from(*kind).folder()) == folder);
        Self {
            name: name.to_owned(),
            integration: integration.or(of_name).map(str::to_owned),
            kind: kind.or(of_folder),
        }
    }

    fn fits(&self, integration: &str, kind: Kind, name: &str) -> bool {
        name == self.name
            && self.kind.is_none_or(|wanted| wanted == kind)
            && self.integration.as_ref().is_none_or(|wanted| wanted == integration)
    }
}

impl Scripts {
    fn each(&self) -> impl Iterator<Item = (Kind, &str)> {
        let kinds =
            [(Kind::Sync, &self.syncs), (Kind::Action, &self.actions), (Kind::OnEvent, &self.on_events)];
        kinds.into_iter().flat_map(|(kind, scripts)| scripts.iter().map(move |script| (kind, &*script.name)))
    }
}

/// The one function that is meant, in the environment `env`.
pub(crate) async fn find(client: &Client, wanted: &Wanted, env: &str) -> Result<Deployed> {
    let all: Vec<Scripts> = client.ask(Method::GET, "/scripts/config").await?;
    let mut found: Vec<Deployed> = Vec::new();
    for scripts in &all {
        let integration = &scripts.provider_config_key;
        let fitting = scripts.each().filter(|(kind, name)| wanted.fits(integration, *kind, name));
        found.extend(fitting.map(|(kind, name)| Deployed {
            integration: integration.clone(),
            kind,
            name: name.to_owned(),
        }));
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Failure::usage(not_found(&wanted.name, &all, env))),
        _ => {
            let names: Vec<_> = found
                .iter()
                .map(|function| format!("{} ({})", function.integration, FunctionKind::from(function.kind)))
                .collect();
            Err(Failure::usage(format!(
                "several functions are called `{}`: {}; add --integration or --kind",
                wanted.name,
                names.join(", ")
            )))
        }
    }
}

fn not_found(name: &str, all: &[Scripts], env: &str) -> String {
    let runnable = |scripts: &Scripts| -> Vec<String> {
        let names = scripts.each().filter(|(kind, _)| *kind != Kind::OnEvent);
        names.map(|(_, name)| format!("{}/{name}", scripts.provider_config_key)).collect()
    };
    let names: Vec<String> = all.iter().flat_map(runnable).collect();
    let deployed = if names.is_empty() {
        format!("nothing is deployed to {env}: `bespoke deploy` does that")
    } else {
        format!("deployed are {}", names.join(", "))
    };
    format!("no sync or action `{name}` is deployed to {env}; {deployed}")
}
