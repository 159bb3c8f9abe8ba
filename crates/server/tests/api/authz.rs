//! Every operation of the API against every wrong key. An operation that is missing from [`OPERATIONS`] fails the test.

use crate::{fixtures::connections, people};
use bespoke_core::role::Role;
use bespoke_testkit::{
    app::{Answer, Client, TestApp, UNKNOWN_KEY},
    both,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Is in everything that `dev` keeps, and must be in nothing that `prod` is told.
const MARKER: &str = "for-dev-only";

/// What the key of `prod` is told about things of `dev`.
enum Other {
    /// Anybody may call it.
    Public,
    /// Anybody may call it; there is nothing at this address.
    Nothing(u16, &'static str),
    /// Anybody may call it; it sends a browser to the page to sign in.
    Elsewhere,
    /// It is for people with a session; a key does not help.
    Session,
    /// It is for end customers, with the token of their session; a key does not help.
    Customer,
    /// It succeeds, and shows what `prod` has.
    Own,
    /// It is refused as if there were no such thing.
    Refused(u16, &'static str),
}
use Other::{Customer, Elsewhere, Nothing, Own, Public, Refused, Session};

/// Operation, concrete path and query, body, and what another environment's key gets. Requests carry the headers of the
/// connection `a` at `none`.
const OPERATIONS: &[(&str, &str, &str, Other)] = &[
    ("GET /health", "/health", "", Public),
    ("GET /ready", "/ready", "", Public),
    ("POST /action/trigger", "/action/trigger", r#"{"action_name":"x"}"#, Refused(400, "unknown_connection")),
    ("GET /activity", "/activity", "", Own),
    ("GET /action/{id}", "/action/11111111-1111-4111-8111-111111111111", "", Refused(404, "not_found")),
    (
        "POST /configure/sessions",
        "/configure/sessions",
        r#"{"provider_config_key":"none","connection_id":"a","allow":["/k"]}"#,
        Refused(404, "unknown_connection"),
    ),
    ("GET /configure/session", "/configure/session", "", Customer),
    ("GET /configure/options", "/configure/options?path=/k", "", Customer),
    ("POST /configure/preview", "/configure/preview", r#"{"changes":{}}"#, Customer),
    ("PATCH /configure/metadata", "/configure/metadata", r#"{"k":"changed"}"#, Customer),
    (
        "GET /connections/{connection_id}/metadata/options",
        "/connections/a/metadata/options?provider_config_key=none&path=/k",
        "",
        Refused(404, "unknown_connection"),
    ),
    ("GET /connection", "/connection", "", Own),
    (
        "POST /connection",
        "/connection",
        r#"{"provider_config_key":"none"}"#,
        Refused(400, "unknown_provider_config"),
    ),
    ("POST /connection/metadata", "/connection/metadata", WRITE, Refused(404, "unknown_connection")),
    ("PATCH /connection/metadata", "/connection/metadata", WRITE, Refused(404, "unknown_connection")),
    (
        "GET /connection/{connection_id}",
        "/connection/a?provider_config_key=none",
        "",
        Refused(400, "unknown_provider_config"),
    ),
    (
        "DELETE /connection/{connection_id}",
        "/connection/a?provider_config_key=none",
        "",
        Refused(400, "unknown_connection"),
    ),
    (
        "POST /connection/{connection_id}/metadata",
        "/connection/a/metadata",
        "{}",
        Refused(404, "unknown_connection"),
    ),
    (
        "PATCH /connection/{connection_id}/metadata",
        "/connection/a/metadata",
        "{}",
        Refused(404, "unknown_connection"),
    ),
    ("GET /connections", "/connections", "", Own),
    ("POST /connections", "/connections", IMPORT, Refused(404, "not_found")),
    ("POST /connections/metadata", "/connections/metadata", WRITE, Refused(404, "unknown_connection")),
    ("PATCH /connections/metadata", "/connections/metadata", WRITE, Refused(404, "unknown_connection")),
    (
        "GET /connections/{connection_id}/metadata",
        "/connections/a/metadata?provider_config_key=none",
        "",
        Refused(404, "unknown_connection"),
    ),
    (
        "PUT /connections/{connection_id}/metadata",
        "/connections/a/metadata?provider_config_key=none",
        "{}",
        Refused(404, "unknown_connection"),
    ),
    (
        "PATCH /connections/{connection_id}/metadata",
        "/connections/a/metadata?provider_config_key=none",
        "{}",
        Refused(404, "unknown_connection"),
    ),
    (
        "GET /connections/{connection_id}/metadata/revisions",
        "/connections/a/metadata/revisions?provider_config_key=none",
        "",
        Refused(404, "unknown_connection"),
    ),
    (
        "GET /connections/{connection_id}/metadata/revisions/{revision}",
        "/connections/a/metadata/revisions/1?provider_config_key=none",
        "",
        Refused(404, "unknown_connection"),
    ),
    (
        "POST /connections/{connection_id}/metadata/preview",
        "/connections/a/metadata/preview?provider_config_key=none",
        r#"{"sync":"contacts"}"#,
        Refused(404, "unknown_connection"),
    ),
    (
        "GET /connections/{connection_id}/metadata/diff",
        "/connections/a/metadata/diff?provider_config_key=none&from=1&to=1",
        "",
        Refused(404, "unknown_connection"),
    ),
    (
        "POST /connections/{connection_id}/metadata/revisions/{revision}/restore",
        "/connections/a/metadata/revisions/1/restore?provider_config_key=none",
        "{}",
        Refused(404, "unknown_connection"),
    ),
    (
        "GET /connections/{connection_id}",
        "/connections/a?provider_config_key=none",
        "",
        Refused(400, "unknown_provider_config"),
    ),
    (
        "PATCH /connections/{connection_id}",
        "/connections/a?provider_config_key=none",
        "{}",
        Refused(400, "unknown_provider_config"),
    ),
    (
        "DELETE /connections/{connection_id}",
        "/connections/a?provider_config_key=none",
        "",
        Refused(400, "unknown_connection"),
    ),
    ("POST /deployments", "/deployments", r#"{"functions":[],"modules":{}}"#, Own),
    ("POST /deployments/plan", "/deployments/plan", r#"{"functions":[],"modules":{}}"#, Own),
    (
        "POST /dry-runs",
        "/dry-runs",
        r#"{"function":{"integration":"none","kind":"action","name":"x"},"connection_id":"a"}"#,
        Refused(404, "not_found"),
    ),
    ("GET /environment-variables", "/environment-variables", "", Own),
    ("PUT /environment-variables/{name}", "/environment-variables/PROD", r#"{"value":"x"}"#, Own),
    ("DELETE /environment-variables/{name}", "/environment-variables/DEV", "", Refused(404, "not_found")),
    ("GET /environment/configure", "/environment/configure", "", Own),
    ("PATCH /environment/configure", "/environment/configure", r#"{"allowed_origins":[]}"#, Own),
    ("GET /environment/webhooks", "/environment/webhooks", "", Own),
    ("PATCH /environment/webhooks", "/environment/webhooks", "{}", Own),
    ("GET /environment/webhooks/deliveries", "/environment/webhooks/deliveries", "", Own),
    (
        "GET /environment/webhooks/deliveries/{id}",
        "/environment/webhooks/deliveries/1",
        "",
        Refused(404, "not_found"),
    ),
    (
        "POST /environment/webhooks/deliveries/{id}/replay",
        "/environment/webhooks/deliveries/1/replay",
        "",
        Refused(404, "not_found"),
    ),
    ("GET /environment/retention", "/environment/retention", "", Own),
    ("POST /environment/webhook-signing-key/rotate", "/environment/webhook-signing-key/rotate", "", Own),
    ("GET /fleet/connections", "/fleet/connections", "", Own),
    ("GET /integrations", "/integrations", "", Own),
    ("POST /integrations", "/integrations", r#"{"provider":"test-none","unique_key":"p1"}"#, Own),
    (
        "POST /integrations/quickstart",
        "/integrations/quickstart",
        r#"{"provider":"test-none","unique_key":"p2"}"#,
        Own,
    ),
    (
        "GET /integrations/{unique_key}/metadata/fleet",
        "/integrations/none/metadata/fleet",
        "",
        Refused(400, "unknown_provider_config"),
    ),
    (
        "POST /integrations/{unique_key}/metadata/bulk",
        "/integrations/none/metadata/bulk",
        BULK,
        Refused(400, "unknown_provider_config"),
    ),
    (
        "POST /integrations/{unique_key}/metadata/promote",
        "/integrations/none/metadata/promote",
        r#"{"path":"/a","value":1}"#,
        Refused(400, "unknown_provider_config"),
    ),
    (
        "GET /integrations/{unique_key}/functions",
        "/integrations/none/functions",
        "",
        Refused(404, "not_found"),
    ),
    (
        "GET /integrations/{unique_key}/functions/{name}",
        "/integrations/none/functions/x",
        "",
        Refused(404, "not_found"),
    ),
    (
        "GET /integrations/{unique_key}/metadata/schema/draft",
        "/integrations/none/metadata/schema/draft",
        "",
        Refused(404, "not_found"),
    ),
    (
        "GET /integrations/{unique_key}/metadata/defaults",
        "/integrations/none/metadata/defaults",
        "",
        Refused(404, "not_found"),
    ),
    (
        "PUT /integrations/{unique_key}/metadata/defaults",
        "/integrations/none/metadata/defaults",
        "{}",
        Refused(404, "not_found"),
    ),
    (
        "PATCH /integrations/{unique_key}/metadata/defaults",
        "/integrations/none/metadata/defaults",
        "{}",
        Refused(404, "not_found"),
    ),
    (
        "POST /integrations/{unique_key}/metadata/migrate",
        "/integrations/none/metadata/migrate",
        "{}",
        Refused(404, "not_found"),
    ),
    (
        "GET /integrations/{unique_key}/metadata/schema",
        "/integrations/none/metadata/schema",
        "",
        Refused(404, "not_found"),
    ),
    (
        "PUT /integrations/{unique_key}/metadata/schema",
        "/integrations/none/metadata/schema",
        "{}",
        Refused(404, "not_found"),
    ),
    (
        "PATCH /integrations/{unique_key}/functions/{name}",
        "/integrations/none/functions/x?type=sync",
        r#"{"enabled":true}"#,
        Refused(404, "not_found"),
    ),
    (
        "DELETE /integrations/{unique_key}/functions/{name}",
        "/integrations/none/functions/x?type=sync",
        "",
        Refused(404, "not_found"),
    ),
    (
        "GET /integrations/{unique_key}/functions/{name}/code",
        "/integrations/none/functions/x/code",
        "",
        Refused(404, "not_found"),
    ),
    (
        "GET /integrations/{unique_key}/functions/{name}/versions",
        "/integrations/none/functions/x/versions",
        "",
        Refused(404, "not_found"),
    ),
    ("GET /integrations/{unique_key}", "/integrations/none", "", Refused(404, "not_found")),
    ("PATCH /integrations/{unique_key}", "/integrations/none", "{}", Refused(404, "not_found")),
    ("DELETE /integrations/{unique_key}", "/integrations/none", "", Refused(404, "not_found")),
    ("GET /keys", "/keys", "", Refused(403, "forbidden")),
    ("POST /keys", "/keys", r#"{"display_name":"x","scopes":["environment:*"]}"#, Refused(403, "forbidden")),
    ("DELETE /keys/{id}", "/keys/1", "", Refused(403, "forbidden")),
    ("GET /members", "/members", "", Refused(403, "forbidden")),
    ("POST /members", "/members", r#"{"email":"eve@example.com","role":"admin"}"#, Refused(403, "forbidden")),
    ("PATCH /members/{id}", MEMBER, r#"{"role":"admin"}"#, Refused(403, "forbidden")),
    ("DELETE /members/{id}", MEMBER, "", Refused(403, "forbidden")),
    ("GET /session/options", "/session/options", "", Public),
    ("GET /session", "/session", "", Session),
    (
        "POST /session",
        "/session",
        r#"{"email":"eve@example.com","password":"guessed it"}"#,
        Nothing(401, "wrong_credentials"),
    ),
    ("DELETE /session", "/session", "", Session),
    ("GET /session/oidc", "/session/oidc", "", Elsewhere),
    ("GET /session/oidc/callback", "/session/oidc/callback?code=x&state=y", "", Elsewhere),
    ("GET /session/list", "/session/list", "", Session),
    ("DELETE /session/list/{id}", "/session/list/11111111-1111-4111-8111-111111111111", "", Session),
    ("PUT /session/password", "/session/password", r#"{"current":"x","new":"0123456789"}"#, Session),
    (
        "POST /session/setup",
        "/session/setup",
        r#"{"token":"x","email":"eve@example.com","name":"Eve","password":"0123456789"}"#,
        Nothing(404, "invalid_link"),
    ),
    ("GET /session/invites/{token}", "/session/invites/x", "", Nothing(404, "invalid_link")),
    (
        "POST /session/invites/{token}",
        "/session/invites/x",
        r#"{"name":"Eve","password":"0123456789"}"#,
        Nothing(404, "invalid_link"),
    ),
    ("GET /logs", "/logs", "", Own),
    ("GET /metadata/revisions/verify", "/metadata/revisions/verify", "", Own),
    ("GET /providers", "/providers", "", Own),
    ("GET /providers/{provider}", "/providers/test-none", "", Own),
    ("GET /proxy/{endpoint}", "/proxy/x", "", Refused(404, "unknown_provider_config")),
    ("POST /proxy/{endpoint}", "/proxy/x", "{}", Refused(404, "unknown_provider_config")),
    ("PUT /proxy/{endpoint}", "/proxy/x", "{}", Refused(404, "unknown_provider_config")),
    ("PATCH /proxy/{endpoint}", "/proxy/x", "{}", Refused(404, "unknown_provider_config")),
    ("DELETE /proxy/{endpoint}", "/proxy/x", "", Refused(404, "unknown_provider_config")),
    ("HEAD /proxy/{endpoint}", "/proxy/x", "", Refused(404, "unknown_provider_config")),
    ("GET /records", "/records?model=Contact", "", Refused(400, "unknown_connection")),
    (
        "GET /records/models",
        "/records/models?provider_config_key=none&connection_id=a",
        "",
        Refused(400, "unknown_connection"),
    ),
    ("GET /records/versions", "/records/versions?model=Contact&id=1", "", Refused(400, "unknown_connection")),
    ("PATCH /records/prune", "/records/prune", PRUNE, Refused(400, "unknown_connection")),
    ("GET /runs", "/runs", "", Own),
    ("GET /runs/{id}", "/runs/11111111-1111-4111-8111-111111111111", "", Refused(404, "not_found")),
    (
        "POST /runs/{id}/cancel",
        "/runs/11111111-1111-4111-8111-111111111111/cancel",
        "",
        Refused(404, "not_found"),
    ),
    ("GET /scripts/config", "/scripts/config", "", Own),
    ("POST /sync/pause", "/sync/pause", SYNCS, Refused(400, "unknown_provider_config")),
    ("POST /sync/start", "/sync/start", SYNCS, Refused(400, "unknown_provider_config")),
    ("POST /sync/trigger", "/sync/trigger", SYNCS, Refused(400, "unknown_provider_config")),
    ("POST /sync/deploy", "/sync/deploy", OFFICIAL_DEPLOY, Own),
    ("POST /sync/deploy/confirmation", "/sync/deploy/confirmation", OFFICIAL_CONFIRMATION, Own),
    (
        "POST /sync/{name}/variant/{variant}",
        "/sync/x/variant/eu",
        VARIANT,
        Refused(400, "unknown_connection"),
    ),
    (
        "DELETE /sync/{name}/variant/{variant}",
        "/sync/x/variant/eu",
        VARIANT,
        Refused(400, "unknown_connection"),
    ),
    (
        "GET /sync/status",
        "/sync/status?provider_config_key=none&syncs=*&connection_id=a",
        "",
        Refused(400, "unknown_provider_config"),
    ),
    (
        "PUT /sync/update-connection-frequency",
        "/sync/update-connection-frequency",
        FREQUENCY,
        Refused(400, "unknown_connection"),
    ),
    (
        "POST /webhook/{environment}/{unique_key}",
        "/webhook/11111111-1111-4111-8111-111111111111/none",
        "{}",
        Nothing(404, "unknown_environment"),
    ),
];

const MEMBER: &str = "/members/11111111-1111-4111-8111-111111111111";
const BULK: &str = r#"{"connection_ids":["a"],"merge_patch":{}}"#;
const WRITE: &str = r#"{"connection_id":"a","provider_config_key":"none","metadata":{}}"#;
const IMPORT: &str = r#"{"connection_id":"a","provider_config_key":"none","credentials":{"type":"NONE"}}"#;
const SYNCS: &str = r#"{"provider_config_key":"none","connection_id":"a","syncs":["x"]}"#;
const OFFICIAL_CONFIRMATION: &str = r#"{"flowConfigs":[],"reconcile":false,"debug":false}"#;
const OFFICIAL_DEPLOY: &str = r#"{"flowConfigs":[],"reconcile":true,"debug":false,"nangoYamlBody":""}"#;
const PRUNE: &str = r#"{"model":"Contact","until_cursor":"MjAyNi0wMS0wMVQwMDowMDowMC4wMDAwMDArMDA6MDB8fDExMTExMTExLTExMTEtNDExMS04MTExLTExMTExMTExMTExMQ=="}"#;
const VARIANT: &str = r#"{"provider_config_key":"none","connection_id":"a"}"#;
const FREQUENCY: &str =
    r#"{"provider_config_key":"none","connection_id":"a","sync_name":"x","frequency":"every hour"}"#;

/// Scopes that do not help; those who need none are named.
const ANY_KEY: &[&str] = &["GET /providers", "GET /providers/{provider}"];

both! {
    async fn no_operation_answers_a_wrong_key(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        dev.patch("/integrations/none", json!({"display_name": MARKER})).await.expect(200);
        let metadata = json!({"connection_id": "a", "provider_config_key": "none", "metadata": {"k": MARKER}});
        dev.post("/connections/metadata", metadata).await.expect(201);
        dev.put("/environment-variables/DEV", json!({"value": MARKER})).await.expect(200);
        let useless = app.with_scopes(&["environment:nothing"]).await;

        let made = json!({"provider_config_key": "none", "connection_id": "a", "allow": ["/k"]});
        let made = dev.post("/configure/sessions", made).await.expect(201);
        let token = made["data"]["token"].as_str().unwrap().to_owned();

        for (operation, path, body, other) in OPERATIONS {
            let method = operation.split(' ').next().unwrap();
            let call = async |client: Client| -> Answer {
                let call = client.call(method, path).header("provider-config-key", "none").header("connection-id", "a");
                if body.is_empty() { call.await } else { call.text("application/json", *body).await }
            };
            let refused = |answer: Answer, status: u16, code: &str| {
                let found = match method {
                    // Its answers have no body to tell.
                    "HEAD" => json!(code),
                    _ => serde_json::from_slice::<Value>(&answer.body).unwrap_or_default()["error"]["code"].clone(),
                };
                assert_eq!((answer.status, found), (status, json!(code)), "{operation}: {}", answer.text());
            };
            if matches!(other, Public) {
                assert_eq!(call(app.anonymous()).await.status, 200, "{operation}");
                continue;
            }
            if let Nothing(status, code) = other {
                refused(call(app.anonymous()).await, *status, code);
                continue;
            }
            if matches!(other, Elsewhere) {
                let answer = call(app.anonymous()).await;
                assert_eq!((answer.status, answer.header("location")), (302, "/sign-in?reason=oidc"), "{operation}");
                continue;
            }
            if matches!(other, Session) {
                refused(call(app.anonymous()).await, 401, "not_signed_in");
                refused(call(app.dev()).await, 401, "not_signed_in");
                refused(call(app.with_key(&token)).await, 401, "not_signed_in");
                continue;
            }
            refused(call(app.anonymous()).await, 401, "missing_auth_header");
            refused(call(app.with_authorization("Bearer ")).await, 401, "malformed_auth_header");
            if matches!(other, Customer) {
                for client in [app.prod(), dev.clone(), app.with_key("nonsense"), app.with_key(&token[..token.len() - 1])] {
                    refused(call(client).await, 401, "configure_session_ended");
                }
                continue;
            }
            // The token of a customer's session is no key, whatever it is used for.
            refused(call(app.with_key(&token)).await, 401, "invalid_secret_key_format");
            refused(call(app.with_key("nonsense")).await, 401, "invalid_secret_key_format");
            refused(call(app.with_key(UNKNOWN_KEY)).await, 401, "unknown_account");
            if !ANY_KEY.contains(operation) {
                refused(call(useless.clone()).await, 403, "forbidden");
            }
            let answer = call(app.prod()).await;
            assert!(!answer.text().contains(MARKER), "{operation}: {}", answer.text());
            match other {
                Refused(status, code) => refused(answer, *status, code),
                _ => assert_eq!(answer.status, 200, "{operation}: {}", answer.text()),
            }
        }
        let integration = dev.get("/integrations/none").await.expect(200);
        assert_eq!(integration["data"]["display_name"], MARKER);
        assert_eq!(crate::fixtures::metadata(&dev, "a").await, json!({"k": MARKER}));
        let variables = dev.get("/environment-variables").await.expect(200);
        assert_eq!(variables, json!([{"name": "DEV", "value": MARKER}]));
    }
}

#[test]
fn every_operation_is_in_the_table() {
    let table: BTreeSet<String> = OPERATIONS.iter().map(|(operation, ..)| (*operation).to_owned()).collect();
    assert_eq!(table, documented());
}

/// The operations of the OpenAPI document, as `GET /path`.
fn documented() -> BTreeSet<String> {
    let document = serde_json::to_value(bespoke_server::router::openapi_document()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect()
}

/// What a viewer may call.
const FOR_VIEWERS: &[&str] = &[
    "GET /activity",
    "GET /connection",
    "GET /connection/{connection_id}",
    "GET /connections",
    "GET /connections/{connection_id}",
    "GET /connections/{connection_id}/metadata",
    "GET /connections/{connection_id}/metadata/diff",
    "GET /connections/{connection_id}/metadata/revisions",
    "GET /connections/{connection_id}/metadata/revisions/{revision}",
    "GET /environment/configure",
    "GET /environment/retention",
    "GET /fleet/connections",
    "GET /integrations",
    "GET /integrations/{unique_key}",
    "GET /integrations/{unique_key}/functions",
    "GET /integrations/{unique_key}/functions/{name}",
    "GET /integrations/{unique_key}/functions/{name}/code",
    "GET /integrations/{unique_key}/functions/{name}/versions",
    "GET /integrations/{unique_key}/metadata/defaults",
    "GET /integrations/{unique_key}/metadata/fleet",
    "GET /integrations/{unique_key}/metadata/schema",
    "GET /integrations/{unique_key}/metadata/schema/draft",
    "GET /logs",
    "GET /metadata/revisions/verify",
    "GET /providers",
    "GET /providers/{provider}",
    "GET /records",
    "GET /records/models",
    "GET /records/versions",
    "GET /runs",
    "GET /runs/{id}",
    "GET /scripts/config",
    "GET /sync/status",
];

/// What a supporter may call besides.
const FOR_SUPPORT: &[&str] = &[
    "GET /action/{id}",
    "GET /connections/{connection_id}/metadata/options",
    "PATCH /connection/metadata",
    "PATCH /connection/{connection_id}/metadata",
    "PATCH /connections/metadata",
    "PATCH /connections/{connection_id}",
    "PATCH /connections/{connection_id}/metadata",
    "POST /action/trigger",
    "POST /configure/sessions",
    "POST /connection/metadata",
    "POST /connection/{connection_id}/metadata",
    "POST /connections/metadata",
    "POST /connections/{connection_id}/metadata/preview",
    "POST /connections/{connection_id}/metadata/revisions/{revision}/restore",
    "POST /integrations/{unique_key}/metadata/bulk",
    "POST /runs/{id}/cancel",
    "POST /sync/pause",
    "POST /sync/start",
    "POST /sync/trigger",
    "POST /sync/{name}/variant/{variant}",
    "DELETE /sync/{name}/variant/{variant}",
    "PUT /connections/{connection_id}/metadata",
    "PUT /sync/update-connection-frequency",
];

/// What only an administrator may call.
const FOR_ADMINS: &[&str] = &[
    "DELETE /keys/{id}",
    "DELETE /members/{id}",
    "GET /keys",
    "GET /members",
    "PATCH /members/{id}",
    "POST /environment/webhook-signing-key/rotate",
    "POST /keys",
    "POST /members",
];

/// The weakest role that may call an operation.
fn least(operation: &str) -> Role {
    match operation {
        _ if FOR_VIEWERS.contains(&operation) => Role::Viewer,
        _ if FOR_SUPPORT.contains(&operation) => Role::Support,
        _ if FOR_ADMINS.contains(&operation) => Role::Admin,
        _ => Role::Developer,
    }
}

both! {
    async fn every_operation_asks_for_its_role(database) {
        let app = TestApp::start(database).await;
        people::admin(&app).await;
        for role in Role::ALL {
            let email = format!("{}@example.com", role.as_str());
            let browser = people::member(&app, &email, role, &["dev"]).await;
            for (operation, path, body, other) in OPERATIONS {
                if !matches!(other, Own | Refused(..)) {
                    continue;
                }
                let method = operation.split(' ').next().unwrap();
                let call = browser.call(&app, method, path);
                let call = call.header("provider-config-key", "none").header("connection-id", "a");
                let answer = if body.is_empty() { call.await } else { call.text("application/json", *body).await };
                let is_refused = answer.status == 403;
                assert_eq!(is_refused, role < least(operation), "{role:?} {operation}: {}", answer.text());
                assert_ne!(answer.status, 401, "{role:?} {operation}");
            }
        }
    }
}
