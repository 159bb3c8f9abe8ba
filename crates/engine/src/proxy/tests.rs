//! What the unit tests of this module share.

use bespoke_core::{
    connection::Connection,
    document::Document,
    id::{ConnectionId, EnvironmentId, IntegrationId},
    provider::{Provider, file},
    time::Timestamp,
};
use serde_json::{Value, json};

/// A provider with this `proxy` section.
pub(super) fn provider(proxy: Value) -> Provider {
    let definition = json!({"display_name": "Acme", "auth_mode": "API_KEY", "proxy": proxy}).to_string();
    let entries = file::read("acme.yaml", &definition).unwrap();
    file::resolve(entries).unwrap().remove("acme").unwrap()
}

/// A connection with this connection config, and the metadata `{"region":{"code":"eu-1"}}`.
pub(super) fn connection(connection_config: Value) -> Connection {
    let Value::Object(connection_config) = connection_config else { panic!("an object is needed") };
    Connection {
        id: ConnectionId(1),
        environment: EnvironmentId(1),
        integration: IntegrationId(1),
        provider_config_key: "acme".to_owned(),
        provider: "acme".to_owned(),
        data_validation: Default::default(),
        connection_id: "customer-a".to_owned(),
        metadata: Some(Document::parse(r#"{"region":{"code":"eu-1"}}"#).unwrap()),
        metadata_revision: 1,
        metadata_schema_version: 0,
        connection_config,
        tags: serde_json::Map::new(),
        end_user: None,
        webhook_url_override: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
        last_fetched_at: None,
    }
}
