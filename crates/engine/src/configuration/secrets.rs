//! Which parts of a configuration are secret: those that the schema marks with `secret: true`, or with JSON Schema's own
//! `writeOnly: true`. They are so in every mode.

use super::{Configuration, schema};
use crate::{Engine, Result};
use bespoke_core::{
    connection::Connection,
    document::{Document, Write},
    id::EnvironmentId,
    revision::{Actor, Provenance, Source},
    sealed::{self, SecretPaths},
};
use bespoke_store::MetadataChange;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Schemas within each other that are looked through.
const MAX_DEPTH: usize = 16;

/// The secret paths of a schema. A list with a secret in it is secret as a whole: its elements have no lasting place.
pub(super) fn paths(schema: &Value) -> SecretPaths {
    let nothing = Map::new();
    let definitions = schema.get("definitions").and_then(Value::as_object).unwrap_or(&nothing);
    let mut found = SecretPaths::default();
    walk(schema, definitions, &mut Vec::new(), &mut found);
    found
}

fn walk(
    schema: &Value,
    definitions: &Map<String, Value>,
    path: &mut Vec<Option<String>>,
    found: &mut SecretPaths,
) {
    if path.len() > MAX_DEPTH {
        return;
    }
    for part in parts(schema, definitions) {
        if is_marked(part) || part.get("items").is_some_and(|items| holds_secret(items, definitions, 0)) {
            found.insert(path.clone());
            return;
        }
        let properties = part.get("properties").and_then(Value::as_object).into_iter().flatten();
        let any = part.get("additionalProperties").filter(|any| any.is_object());
        let members = properties.map(|(key, schema)| (Some(key.clone()), schema));
        for (key, schema) in members.chain(any.map(|schema| (None, schema))) {
            path.push(key);
            walk(schema, definitions, path, found);
            path.pop();
        }
    }
}

fn is_marked(schema: &Value) -> bool {
    ["secret", "writeOnly"].iter().any(|mark| schema.get(mark) == Some(&Value::Bool(true)))
}

fn holds_secret(schema: &Value, definitions: &Map<String, Value>, depth: usize) -> bool {
    depth <= MAX_DEPTH
        && parts(schema, definitions).into_iter().any(|part| {
            let properties = part.get("properties").and_then(Value::as_object).into_iter().flatten();
            let inside = properties.map(|(_, schema)| schema);
            let inside = inside.chain(part.get("additionalProperties")).chain(part.get("items"));
            is_marked(part) || inside.into_iter().any(|schema| holds_secret(schema, definitions, depth + 1))
        })
}

/// A schema with all that it refers to, requires besides, or allows instead.
fn parts<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> Vec<&'a Value> {
    let mut found = Vec::new();
    let mut open = vec![(schema, 0)];
    while let Some((schema, depth)) = open.pop() {
        for part in schema::parts(schema, definitions) {
            let choices =
                ["anyOf", "oneOf"].into_iter().filter_map(|key| part.get(key)?.as_array()).flatten();
            if depth < MAX_DEPTH {
                open.extend(choices.map(|choice| (choice, depth + 1)));
            }
            found.push(part);
        }
    }
    found
}

/// The JSON pointers to the secrets in a configuration, which nobody looks into.
pub(super) fn places(configuration: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if sealed::may_have_token(&configuration.to_string()) {
        sealed::each_token(&mut configuration.clone(), &mut |path, _| found.push(path.to_owned()));
    }
    found
}

impl Configuration {
    /// Where its secrets are.
    pub fn secrets(&self) -> &SecretPaths {
        &self.stored.secrets
    }
}

impl Engine {
    /// The connection with the secrets of its metadata in the open: for requests that are made for it, and for nobody to see.
    pub(crate) fn with_open_secrets(&self, mut connection: Connection) -> Connection {
        let metadata = connection.metadata.take();
        connection.metadata = metadata.map(|document| self.open_metadata(&connection, &document));
        connection
    }

    /// A document of the connection with its secrets in the open, for a run of it.
    pub(crate) fn open_metadata(&self, connection: &Connection, document: &Document) -> Document {
        self.store.open_metadata(connection.id, connection.integration, document)
    }

    /// The secret values in a document of the connection: what logs must not show.
    pub(crate) fn secret_values(&self, connection: &Connection, document: Option<&Document>) -> Vec<Value> {
        let values = |document| self.store.secret_values(connection.id, connection.integration, document);
        document.map(values).unwrap_or_default()
    }

    /// Finds out anew what is secret in the configurations of these integrations, and seals it: what is deployed may have
    /// marked what is stored in the open.
    pub(crate) async fn seal_secrets_of(
        &self,
        environment: EnvironmentId,
        unique_keys: &[String],
    ) -> Result<()> {
        for unique_key in unique_keys {
            self.configuration(environment, unique_key).await?;
        }
        self.seal_open_secrets().await
    }

    /// Seals what was stored in the open before it was marked as secret, as revisions. What was done stays done where this ends
    /// early; [`Engine::tidy`] goes on.
    pub(crate) async fn seal_open_secrets(&self) -> Result<()> {
        for (environment, integration, unique_key) in self.store.integrations_with_open_secrets().await? {
            let configuration = self.configuration(environment, &unique_key).await?;
            self.seal_open_secrets_of(environment, &unique_key).await?;
            self.store.secrets_are_sealed(integration, configuration.secrets().clone()).await?;
        }
        Ok(())
    }

    async fn seal_open_secrets_of(&self, environment: EnvironmentId, unique_key: &str) -> Result<()> {
        // Nothing is set: what is there is stored anew.
        let write = Write::Merge(Document::empty());
        self.store.write_metadata_defaults(environment, unique_key, write.clone()).await?;
        let provenance = Provenance::of(Actor::System, Source::Seal);
        let mut open = Vec::new();
        self.each_of_fleet(environment, unique_key, |member| {
            if member.metadata.is_some_and(|text| bespoke_store::has_open_secret(&text)) {
                open.push(member.connection_id);
            }
        })
        .await?;
        for connection_id in open {
            let change = MetadataChange::new(write.clone(), provenance.clone());
            match self.store.write_metadata(environment, unique_key, vec![connection_id], change).await {
                // It was deleted meanwhile.
                Err(bespoke_store::Error::NotFound(_)) => {}
                written => drop(written?),
            }
        }
        Ok(())
    }

    /// The configuration with the secret paths that its schema says, which the store is told where it knows others.
    pub(super) async fn with_secrets(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
        mut configuration: Configuration,
    ) -> Result<Arc<Configuration>> {
        let marked = configuration.schema().map(|schema| paths(&schema.schema)).unwrap_or_default();
        if marked != configuration.stored.secrets {
            self.store.set_metadata_secrets(environment, unique_key, marked.clone()).await?;
            configuration.stored.secrets = marked;
        }
        Ok(Arc::new(configuration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn marks_are_found_wherever_a_schema_has_them() {
        let schema = json!({
            "type": "object",
            "allOf": [{ "$ref": "#/definitions/Auth" }],
            "properties": {
                "plain": { "type": "string" },
                "keys": { "type": "object", "additionalProperties": { "type": "string", "writeOnly": true } },
                "list": { "type": "array", "items": { "anyOf": [{ "type": "null" }, { "properties": { "k": { "secret": true } } }] } },
                "either": { "anyOf": [{ "type": "null" }, { "type": "string", "secret": true }] },
            },
            "definitions": { "Auth": { "properties": { "auth": { "properties": { "token": { "secret": true } } } } } },
        });
        let expected: SecretPaths =
            serde_json::from_value(json!([["auth", "token"], ["keys", null], ["list"], ["either"]])).unwrap();
        assert_eq!(paths(&schema), expected);
        assert!(paths(&json!({ "properties": { "a": { "secret": false } } })).is_empty());
    }
}
