//! What most tests begin with.

use bespoke_testkit::app::{Client, TestApp};
use serde_json::{Value, json};

/// Makes an integration `unique_key` of `provider`, with client credentials where its auth mode needs them.
pub(crate) async fn integration(client: &Client, unique_key: &str, provider: &str) {
    let body = json!({ "provider": provider, "unique_key": unique_key });
    client.post("/integrations/quickstart", body).await.expect(200);
}

/// Makes a connection without credentials at the integration `none`, which must be there.
pub(crate) async fn connection(client: &Client, connection_id: &str) {
    let body = json!({ "provider_config_key": "none", "connection_id": connection_id, "credentials": {"type": "NONE"} });
    client.post("/connections", body).await.expect(201);
}

/// The integration `none` with these connections.
pub(crate) async fn connections(client: &Client, connection_ids: &[&str]) {
    integration(client, "none", "test-none").await;
    for id in connection_ids {
        connection(client, id).await;
    }
}

/// The stored metadata of a connection at `none`.
pub(crate) async fn metadata(client: &Client, connection_id: &str) -> Value {
    let path = format!("/connections/{connection_id}?provider_config_key=none");
    client.get(&path).await.expect(200)["metadata"].clone()
}

/// The stored metadata as text: the order of the keys shows.
pub(crate) async fn metadata_text(app: &TestApp, connection_id: &str) -> String {
    let environment = app.engine.environment("dev").await.unwrap();
    let connection = app.engine.connection(environment.id, "none", connection_id).await.unwrap();
    connection.metadata.unwrap().as_str().to_owned()
}
