//! A connection as it is shown: by the API, and to functions by `getConnection()`.

use bespoke_core::{
    auth::Credentials,
    connection::{Connection, EndUser},
    document::Document,
    time::Timestamp,
};
use serde::Serialize;
use serde_json::{Map, Value};

/// How times are written (http-api.md §18.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeStyle {
    /// `…+00:00`, when a connection is read.
    Offset,
    /// `…Z`, when it was just made.
    Zulu,
}

impl TimeStyle {
    fn write(self, time: Timestamp) -> String {
        match self {
            Self::Offset => time.millis_offset(),
            Self::Zulu => time.millis_zulu(),
        }
    }
}

/// A connection as http-api.md §4.2 shows it. `Debug` is not there: it may hold secrets.
#[derive(Serialize)]
pub struct ConnectionShape {
    id: i64,
    connection_id: String,
    provider_config_key: String,
    provider: String,
    errors: [(); 0],
    end_user: Option<EndUser>,
    tags: Map<String, Value>,
    metadata: Option<Document>,
    connection_config: Map<String, Value>,
    webhook_url_override: Option<String>,
    created_at: String,
    updated_at: String,
    last_fetched_at: Option<String>,
    credentials: Map<String, Value>,
}

impl ConnectionShape {
    /// The credentials that it shows.
    pub(crate) fn credentials(&self) -> &Map<String, Value> {
        &self.credentials
    }

    /// The same with another document as its metadata, where it has any.
    pub(crate) fn map_metadata(mut self, change: impl FnOnce(&Document) -> Document) -> Self {
        self.metadata = self.metadata.as_ref().map(change);
        self
    }

    /// The shape of a connection with these credentials, which may be empty.
    pub fn new(connection: Connection, credentials: Map<String, Value>, times: TimeStyle) -> Self {
        Self {
            id: connection.id.0,
            connection_id: connection.connection_id,
            provider_config_key: connection.provider_config_key,
            provider: connection.provider,
            errors: [],
            end_user: connection.end_user,
            tags: connection.tags,
            metadata: connection.metadata,
            connection_config: connection.connection_config,
            webhook_url_override: connection.webhook_url_override,
            created_at: times.write(connection.created_at),
            updated_at: times.write(connection.updated_at),
            last_fetched_at: connection.last_fetched_at.map(|time| times.write(time)),
            credentials,
        }
    }
}

/// The credentials as they are shown, without refresh tokens unless they are asked for.
pub(super) fn shown_credentials(credentials: &Credentials, refresh_token: bool) -> Map<String, Value> {
    if matches!(credentials, Credentials::Unauthenticated(_)) {
        return Map::new();
    }
    let mut shown = credentials.to_json();
    if !refresh_token {
        remove_refresh_tokens(&mut shown);
    }
    shown
}

/// Removes every field called `refresh_token`, however it is spelt and however deep it is.
fn remove_refresh_tokens(object: &mut Map<String, Value>) {
    object.retain(|name, _| {
        let letters =
            name.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase());
        !letters.eq("refreshtoken".chars())
    });
    object.values_mut().for_each(remove_below);
}

fn remove_below(value: &mut Value) {
    match value {
        Value::Object(object) => remove_refresh_tokens(object),
        Value::Array(items) => items.iter_mut().for_each(remove_below),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refresh_tokens_are_removed_however_deep() {
        let credentials = Credentials::from_json(json!({
            "type": "OAUTH2", "access_token": "a", "refresh_token": "r",
            "raw": {"refreshToken": "r", "REFRESH-TOKEN": "r", "list": [{"refresh_token_2": "r", "x": 1}], "kept": "k"},
        }))
        .unwrap();
        assert_eq!(
            Value::Object(shown_credentials(&credentials, false)),
            json!({"type": "OAUTH2", "access_token": "a", "raw": {"list": [{"x": 1}], "kept": "k"}})
        );
        assert_eq!(shown_credentials(&credentials, true), credentials.to_json());
        assert!(shown_credentials(&Credentials::none(), true).is_empty());
    }
}
