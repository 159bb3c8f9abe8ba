//! The names that templates of a request can use.

use bespoke_core::{auth::Credentials, connection::Connection, provider::Provider};
use serde_json::{Map, Value};
use std::cell::OnceCell;

/// Finds the value of a name in a connection, its credentials and the provider's defaults.
pub(crate) struct Lookup<'a> {
    provider: &'a Provider,
    connection: &'a Connection,
    credentials: &'a Credentials,
    /// Parsed when a template asks for it, which few do.
    metadata: OnceCell<Map<String, Value>>,
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(
        provider: &'a Provider,
        connection: &'a Connection,
        credentials: &'a Credentials,
    ) -> Self {
        Self { provider, connection, credentials, metadata: OnceCell::new() }
    }

    /// The value of `connectionConfig.x`, `metadata.x.y`, `credentials.x`, `connectionId`, `providerConfigKey`, or a plain field of
    /// the credentials. Empty connection config counts as missing: forms send what was left blank so.
    pub(crate) fn find(&self, name: &str) -> Option<String> {
        match name.split_once('.') {
            Some(("connectionConfig" | "connection_config", path)) => self.connection_config(path),
            Some(("metadata", path)) => text(at(self.metadata(), path)?),
            Some(("credentials", path)) => self.credentials.text(path),
            Some(_) => None,
            None => match name {
                "connectionId" | "connection_id" => Some(self.connection.connection_id.clone()),
                "providerConfigKey" | "provider_config_key" => {
                    Some(self.connection.provider_config_key.clone())
                }
                field => self.credentials.text(field),
            },
        }
    }

    /// Whether a name is one of the credentials'.
    pub(super) fn is_credential(name: &str) -> bool {
        !["connectionConfig.", "connection_config.", "metadata."]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            && !["connectionId", "connection_id", "providerConfigKey", "provider_config_key"].contains(&name)
    }

    fn connection_config(&self, path: &str) -> Option<String> {
        let own = at(&self.connection.connection_config, path).and_then(text).filter(|text| !text.is_empty());
        own.or_else(|| text(self.provider.definition.connection_config.get(path)?.default_value.as_ref()?))
    }

    fn metadata(&self) -> &Map<String, Value> {
        self.metadata.get_or_init(|| {
            self.connection
                .metadata
                .as_ref()
                .map(bespoke_core::document::Document::to_object)
                .unwrap_or_default()
        })
    }
}

fn at<'v>(map: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    let mut keys = path.split('.');
    let first = map.get(keys.next()?)?;
    keys.try_fold(first, |value, key| value.get(key))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
