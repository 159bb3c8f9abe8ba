//! One connection's configuration at the server.

use crate::{
    args::config::{ConfigPlace, ConfigWrite},
    client::{Client, Refusal},
    commands::{connect, query_string, url_path},
    failure::{Failure, Result},
    output::{self, CHANGED, styled},
};
use bespoke_core::document::{Document, Patch};
use reqwest::Method;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// How often a change is tried anew where others write at the same time.
const TRIES: usize = 5;

/// A connection, found at its server.
pub(crate) struct Place {
    pub(crate) client: Arc<Client>,
    /// The integration's key.
    pub(crate) integration: String,
    pub(crate) connection: String,
}

/// A configuration, as the API shows it.
#[derive(Deserialize, Serialize)]
pub(crate) struct Current {
    /// Null where none was ever written.
    pub(crate) metadata: Value,
    pub(crate) revision: i64,
    /// What else the server tells of it.
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// A revision, as the API shows it.
#[derive(Deserialize, Serialize)]
pub(crate) struct Revision {
    #[serde(rename = "revision")]
    pub(crate) number: i64,
    pub(crate) created_at: String,
    pub(crate) source: String,
    pub(crate) actor: Value,
    pub(crate) reason: Option<String>,
    pub(crate) patch: Vec<Value>,
    #[serde(default)]
    pub(crate) metadata: Value,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Current {
    /// The document; an empty one where none was ever written.
    pub(crate) fn document(&self) -> Value {
        if self.metadata.is_null() { json!({}) } else { self.metadata.clone() }
    }

    /// Says what the write did to data, or would do.
    pub(crate) fn print_applied(&self, dry_run: bool) {
        let applied = self.more.get("applied").unwrap_or(&Value::Null);
        let what = match (applied["effect"].as_str(), dry_run) {
            (Some("run"), false) => "runs",
            (Some("run"), true) => "would run",
            (Some("resync"), false) => "reads everything anew",
            (Some("resync"), true) => "would read everything anew",
            _ => return,
        };
        let syncs = applied["syncs"].as_array().map(Vec::as_slice).unwrap_or_default();
        if syncs.is_empty() {
            output::note("The connection has no sync that this concerns.");
        }
        for sync in syncs {
            let text = |name: &str| sync[name].as_str().unwrap_or_default();
            let variant = Some(text("variant")).filter(|variant| *variant != "base");
            let name =
                variant.map_or(text("name").to_owned(), |variant| format!("{}::{variant}", text("name")));
            let when = match text("when") {
                "after_current_run" => " after the run that goes on",
                "once_started" => " when it is next started or triggered",
                _ => "",
            };
            let run = sync["run_id"].as_str().map(|id| format!(": bespoke runs show {}", &id[..8]));
            output::line(format!("{} {what}{when}{}", styled(CHANGED, name), run.unwrap_or_default()));
        }
    }

    /// Says what does not fit the schema.
    pub(crate) fn note_problems(&self) {
        note_problems(self.problems());
    }

    /// What does not fit the schema, as the API lists it.
    pub(crate) fn problems(&self) -> &[Value] {
        self.more.get("problems").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// What makes `document` of this one.
    pub(crate) fn patch_to(&self, document: &Value) -> Result<Patch> {
        Ok(text(&self.document())?.diff(&text(document)?))
    }
}

impl Place {
    /// Finds the connection; its integration where it is not given.
    pub(crate) async fn find(place: &ConfigPlace) -> Result<Self> {
        let client = Arc::new(connect(&place.server)?);
        let integration = match &place.integration {
            Some(key) => key.clone(),
            None => integration_of(&client, place).await?,
        };
        Ok(Self { client, integration, connection: place.connection.clone() })
    }

    /// `acme (hubspot)`
    pub(crate) fn name(&self) -> String {
        format!("{} ({})", self.connection, self.integration)
    }

    /// The path of a request below the connection's metadata.
    pub(crate) fn path(&self, below: &str, query: &[(&str, Option<String>)]) -> String {
        let key = ("provider_config_key", Some(self.integration.clone()));
        let query = query_string(&[&[key], query].concat());
        let mut url = url_path(&["connections", &self.connection, "metadata"]);
        url.push_str(below);
        format!("{url}?{query}")
    }

    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        below: &str,
        query: &[(&str, Option<String>)],
    ) -> Result<T> {
        Ok(self.client.ask(Method::GET, &self.path(below, query)).await?)
    }

    pub(crate) async fn read(&self) -> Result<Current> {
        self.ask("", &[]).await
    }

    /// As [`Place::read`]; nothing where there is no such connection.
    pub(crate) async fn read_if_there(&self) -> Result<Option<Current>> {
        match self.read().await {
            Err(failure)
                if refusal(&failure).is_some_and(|refusal| refusal.code() == "unknown_connection") =>
            {
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    /// What the schema says of each value.
    pub(super) async fn outline(&self) -> Result<Vec<String>> {
        let path = url_path(&["integrations", &self.integration, "metadata", "schema"]);
        let schema: Value = match self.client.ask(Method::GET, &path).await {
            Ok(schema) => schema,
            // The key may be allowed to edit, and not to read integrations.
            Err(error) if error.downcast_ref::<Refusal>().is_some() => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        Ok(super::outline::lines(&schema["schema"]))
    }

    pub(crate) async fn revision(&self, number: i64) -> Result<Revision> {
        self.ask(&format!("/revisions/{number}"), &[]).await
    }

    /// Writes `document` over `current`, unless somebody else has written meanwhile.
    ///
    /// What goes to the server is the difference: what is the same here may be hidden here.
    pub(crate) async fn write(
        &self,
        current: &Current,
        document: &Value,
        write: &ConfigWrite,
        dry_run: bool,
    ) -> Result<Current> {
        let patch = current.patch_to(document)?;
        let path = self.path("", &[("validate_only", dry_run.then(|| "true".to_owned())), apply(write)]);
        let if_match = format!("\"{}\"", current.revision);
        let headers =
            with_reason(&[("content-type", "application/json-patch+json"), ("if-match", &if_match)], write);
        Ok(self.client.ask_for(Method::PATCH, &path, &headers, &patch).await?)
    }

    /// Changes the configuration as `change` says. It is changed anew where somebody else has written meanwhile. What it
    /// was, and what it is.
    pub(crate) async fn change(
        &self,
        write: &ConfigWrite,
        dry_run: bool,
        change: impl Fn(&mut Value) -> Result,
    ) -> Result<(Current, Current)> {
        let mut tries = 0;
        loop {
            let current = self.read().await?;
            let mut document = current.document();
            change(&mut document)?;
            tries += 1;
            match self.write(&current, &document, write, dry_run).await {
                Err(failure) if is_conflict(&failure) && tries < TRIES => {}
                written => return Ok((current, written?)),
            }
        }
    }

    /// Brings back revision `number`, unless somebody else has written behind `current`.
    pub(crate) async fn restore(
        &self,
        number: i64,
        current: &Current,
        write: &ConfigWrite,
    ) -> Result<Current> {
        let path = self.path(&format!("/revisions/{number}/restore"), &[apply(write)]);
        let if_match = format!("\"{}\"", current.revision);
        let headers = with_reason(&[("if-match", &if_match)], write);
        Ok(self.client.ask_for(Method::POST, &path, &headers, &json!({})).await?)
    }
}

/// Says what does not fit the schema, as the API lists it.
pub(crate) fn note_problems(problems: &[Value]) {
    for problem in problems {
        let text = |name: &str| problem[name].as_str().unwrap_or_default();
        let path = super::path::of_pointer(text("path"));
        output::note(format!("{} {path}: {}", styled(CHANGED, "problem:"), text("message")));
    }
}

/// Whether somebody else has written meanwhile.
pub(crate) fn is_conflict(failure: &Failure) -> bool {
    refusal(failure).is_some_and(|refusal| refusal.code() == "metadata_conflict")
}

/// What the server said, where it said no.
pub(crate) fn refusal(failure: &Failure) -> Option<&Refusal> {
    match failure {
        Failure::Other(error) => error.downcast_ref(),
        _ => None,
    }
}

/// The parameter that says what a write does to data.
fn apply(write: &ConfigWrite) -> (&'static str, Option<String>) {
    ("apply", write.apply.map(|apply| apply.as_str().to_owned()))
}

fn with_reason<'a>(headers: &[(&'a str, &'a str)], write: &'a ConfigWrite) -> Vec<(&'a str, &'a str)> {
    let reason = write.reason.as_deref().map(|reason| ("bespoke-reason", reason));
    headers.iter().copied().chain([("bespoke-source", "cli")]).chain(reason).collect()
}

fn text(document: &Value) -> Result<Document> {
    let document = Document::parse(&document.to_string());
    document.map_err(|error| Failure::usage(format!("the configuration {error}")))
}

async fn integration_of(client: &Client, place: &ConfigPlace) -> Result<String> {
    #[derive(Deserialize)]
    struct Page {
        connections: Vec<Listed>,
    }
    #[derive(Deserialize)]
    struct Listed {
        provider_config_key: String,
    }
    let query = query_string(&[("connectionId", Some(place.connection.clone()))]);
    let Page { mut connections } = client.ask(Method::GET, &format!("/connections?{query}")).await?;
    match connections.len() {
        1 => Ok(connections.remove(0).provider_config_key),
        0 => Err(Failure::usage(format!(
            "there is no connection `{}` in {}",
            place.connection, place.server.env
        ))),
        _ => {
            let keys: Vec<_> = connections.into_iter().map(|one| one.provider_config_key).collect();
            Err(Failure::usage(format!(
                "several integrations have a connection `{}`: {}; add --integration",
                place.connection,
                keys.join(", ")
            )))
        }
    }
}
