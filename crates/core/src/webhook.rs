//! Webhooks to the backend: what it wants to hear, and what it is told (http-api.md §15).
//!
//! The texts have their keys sorted, so that a signature over a parsed and printed copy still holds.

use crate::{
    connection::Connection,
    revision::{Provenance, Revision},
    secret::Secret,
    sync::Counts,
    time::Timestamp,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Where the backend of an environment hears of what happened, and what it wants to hear.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where everything goes.
    pub primary_url: Option<String>,
    /// Where everything goes as well.
    pub secondary_url: Option<String>,
    /// Tell of new connections.
    pub on_auth_creation: bool,
    /// Tell of credentials that could not be renewed.
    pub on_auth_refresh_error: bool,
    /// Tell of syncs that changed nothing, too.
    pub on_sync_completion_always: bool,
    /// Tell of failed syncs.
    pub on_sync_error: bool,
    /// Tell of ended async actions.
    pub on_async_action_completion: bool,
    /// Tell of changed metadata.
    pub on_metadata_change: bool,
    /// Signs what is sent.
    pub signing_key: Secret<String>,
}

impl WebhookSettings {
    /// Settings without any URL that sign with this key.
    pub fn new(signing_key: Secret<String>) -> Self {
        Self {
            primary_url: None,
            secondary_url: None,
            on_auth_creation: true,
            on_auth_refresh_error: true,
            on_sync_completion_always: false,
            on_sync_error: true,
            on_async_action_completion: true,
            on_metadata_change: false,
            signing_key,
        }
    }

    /// Where something about a connection goes: to its own URL where it has one, else to those of the environment.
    pub fn urls<'a>(&'a self, webhook_url_override: Option<&'a str>) -> Vec<&'a str> {
        match webhook_url_override {
            Some(url) => vec![url],
            None => {
                [&self.primary_url, &self.secondary_url].into_iter().flatten().map(String::as_str).collect()
            }
        }
    }
}

/// What became of something that the backend was to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is sent, or will be.
    Pending,
    /// The backend has it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// Every state; the database's CHECK repeats this list.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// The word in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// How a connection came to have its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthOperation {
    /// It is new.
    Creation,
    /// It was there, and was authorised anew.
    Override,
    /// It was there, and its credentials could not be renewed.
    Refresh,
}

impl AuthOperation {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creation => "creation",
            Self::Override => "override",
            Self::Refresh => "refresh",
        }
    }
}

/// What syncs are told to be on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncType {
    /// All records were read.
    Initial,
    /// What changed since the last run was read.
    Incremental,
    /// It handled a webhook.
    Webhook,
}

impl SyncType {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "INITIAL",
            Self::Incremental => "INCREMENTAL",
            Self::Webhook => "WEBHOOK",
        }
    }
}

/// The run of a sync that a message tells of.
#[derive(Clone, Copy, Debug)]
pub struct SyncRun<'a> {
    /// The connection.
    pub connection_id: &'a str,
    /// Its integration's key.
    pub provider_config_key: &'a str,
    /// The sync's name.
    pub name: &'a str,
    /// Its variant.
    pub variant: &'a str,
    /// What kind of run it was.
    pub sync_type: SyncType,
    /// When it began.
    pub started_at: Timestamp,
    /// When the last successful run before it began.
    pub last_success_started_at: Option<Timestamp>,
    /// Its checkpoint before and after, `{from, to}`; `None` where it did not ask for it.
    pub checkpoints: Option<&'a Value>,
}

impl SyncRun<'_> {
    fn message(&self, model: &str, success: bool) -> Value {
        let mut message = json!({
            "from": "nango", "type": "sync", "connectionId": self.connection_id,
            "providerConfigKey": self.provider_config_key, "syncName": self.name, "syncVariant": self.variant,
            "model": model, "syncType": self.sync_type.as_str(), "success": success,
        });
        if let Some(checkpoints) = self.checkpoints {
            message["checkpoints"] = checkpoints.clone();
        }
        message
    }

    /// It succeeded, and did this to the records of one model.
    pub fn succeeded(&self, model: &str, counts: Counts) -> String {
        let mut message = self.message(model, true);
        let Counts { added, updated, deleted, .. } = counts;
        message["responseResults"] = json!({ "added": added, "updated": updated, "deleted": deleted });
        message["modifiedAfter"] = self.started_at.millis_zulu().into();
        message["queryTimeStamp"] = self.last_success_started_at.map(Timestamp::millis_zulu).into();
        sorted(message)
    }

    /// It failed; `error` is the failure as runs keep it.
    pub fn failed(&self, models: &[String], error: &Value, failed_at: Timestamp) -> String {
        let mut message = self.message(&models.join(","), false);
        let mut told = json!({ "type": "script_error", "description": error["message"] });
        if !error["payload"].is_null() {
            told["payload"] = error["payload"].clone();
        }
        message["error"] = told;
        message["startedAt"] = self.started_at.millis_zulu().into();
        message["failedAt"] = failed_at.millis_zulu().into();
        sorted(message)
    }
}

/// A connection has credentials, or they could not be renewed.
pub fn auth(connection: &Connection, operation: AuthOperation, auth_mode: &str, environment: &str) -> String {
    let mut message = json!({
        "from": "nango", "type": "auth", "connectionId": connection.connection_id, "authMode": auth_mode,
        "providerConfigKey": connection.provider_config_key, "provider": connection.provider,
        "environment": environment, "operation": operation.as_str(),
        "success": operation != AuthOperation::Refresh, "tags": connection.tags,
    });
    if let Some(user) = &connection.end_user {
        let mut told = json!({ "endUserId": user.id, "tags": user.tags.clone().unwrap_or_default() });
        if let Some(email) = &user.email {
            told["endUserEmail"] = email.as_str().into();
        }
        if let Some(organization) = &user.organization {
            told["organizationId"] = organization.id.as_str().into();
        }
        message["endUser"] = told;
    }
    if operation == AuthOperation::Refresh {
        let description = "The credentials could not be renewed; the user may have to connect again.";
        message["error"] = json!({ "type": "refresh_token_external_error", "description": description });
    }
    sorted(message)
}

/// A queued action has ended.
pub fn async_action(connection_id: &str, provider_config_key: &str, id: Uuid) -> String {
    sorted(json!({
        "from": "nango", "type": "async_action", "connectionId": connection_id,
        "providerConfigKey": provider_config_key, "payload": { "id": id, "statusUrl": format!("/action/{id}") },
    }))
}

/// The metadata of a connection was changed: where and by whom, never to what.
pub fn metadata_changed(
    connection_id: &str,
    provider_config_key: &str,
    environment: &str,
    revision: &Revision,
    paths: &[String],
) -> String {
    let Revision { number, created_at, provenance, .. } = revision;
    let Provenance { actor, source, reason, request_id } = provenance;
    sorted(json!({
        "from": "nango", "type": "metadata", "connectionId": connection_id, "providerConfigKey": provider_config_key,
        "environment": environment, "revision": number, "createdAt": created_at.millis_zulu(),
        "changedPaths": paths, "actor": actor, "source": source.as_str(), "reason": reason, "requestId": request_id,
    }))
}

/// A provider has sent something for a connection.
pub fn forward(provider: &str, provider_config_key: &str, connection_id: &str, payload: Value) -> String {
    sorted(json!({
        "from": provider, "type": "forward", "providerConfigKey": provider_config_key,
        "connectionId": connection_id, "payload": payload,
    }))
}

/// The JSON text of a value with its keys sorted.
pub fn sorted(mut value: Value) -> String {
    value.sort_all_objects();
    value.to_string()
}

/// The headers of a provider's request that are its own: those of the connection, of clients and of secrets are not
/// (http-api.md §15.4).
pub fn is_forwarded(name: &str) -> bool {
    const NOT: [&str; 14] = [
        "host",
        "authorization",
        "connection",
        "keep-alive",
        "content-length",
        "content-type",
        "content-encoding",
        "cookie",
        "set-cookie",
        "referer",
        "user-agent",
        "sec-",
        "proxy-",
        "www-authenticate",
    ];
    !NOT.iter().chain(&["server", "transfer-encoding", "x-nango-"]).any(|prefix| name.starts_with(prefix))
}

/// Headers or parameters: names in lower case to texts.
pub type Texts = Map<String, Value>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_their_keys_sorted() {
        let run = SyncRun {
            connection_id: "acme",
            provider_config_key: "crm",
            name: "contacts",
            variant: "base",
            sync_type: SyncType::Webhook,
            started_at: Timestamp(0),
            last_success_started_at: None,
            checkpoints: Some(&json!({"to": {"b": 1, "a": 2}, "from": null})),
        };
        let text = run.failed(&["A".into(), "B".into()], &json!({"message": "no"}), Timestamp(1_000_000));
        assert_eq!(
            text,
            r#"{"checkpoints":{"from":null,"to":{"a":2,"b":1}},"connectionId":"acme","error":{"description":"no","type":"script_error"},"failedAt":"1970-01-01T00:00:01.000Z","from":"nango","model":"A,B","providerConfigKey":"crm","startedAt":"1970-01-01T00:00:00.000Z","success":false,"syncName":"contacts","syncType":"WEBHOOK","syncVariant":"base","type":"sync"}"#
        );
    }

    #[test]
    fn secrets_and_hop_headers_are_not_forwarded() {
        for name in
            ["authorization", "cookie", "host", "sec-fetch-mode", "content-length", "x-nango-signature"]
        {
            assert!(!is_forwarded(name), "{name}");
        }
        assert!(is_forwarded("x-github-event"));
    }
}
