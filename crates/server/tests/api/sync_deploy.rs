//! `/sync/deploy` and `/sync/deploy/confirmation`: what is refused, and where. The real CLI drives both in `tests/node`.

use crate::fixtures::{connections, integration};
use bespoke_testkit::{app::TestApp, both};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const CALLS: [&str; 2] = ["/sync/deploy/confirmation", "/sync/deploy"];

fn sync() -> Value {
    json!({
        "type": "sync", "syncName": "contacts", "providerConfigKey": "none", "models": ["Contact"], "runs": "every hour",
        "auto_start": false, "track_deletes": false, "attributes": {}, "metadata": { "scopes": [], "description": "" },
        "endpoints": [{ "method": "GET", "path": "/contacts", "group": "Contacts" }], "version": "", "sync_type": "full",
        "webhookSubscriptions": [], "features": [], "fileBody": { "js": "", "ts": "" },
        "models_json_schema": { "definitions": { "Contact": { "type": "object" } } },
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut flow = sync();
    flow[field] = value;
    flow
}

fn without(field: &str) -> Value {
    let mut flow = sync();
    flow.as_object_mut().unwrap().remove(field);
    flow
}

/// The body of a call: they differ in one key.
fn request(path: &str, flows: &[Value]) -> Value {
    let mut body =
        json!({ "flowConfigs": flows, "onEventScriptsByProvider": [], "reconcile": false, "debug": false });
    if path == "/sync/deploy" {
        body["nangoYamlBody"] = json!("");
    }
    body
}

both! {
    async fn every_refusal_names_the_place_in_the_request(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        integration(&dev, "none", "test-none").await;
        let mut unknown_model = with("models", json!(["contact"]));
        unknown_model["models_json_schema"] = json!({ "definitions": { "contact": {} } });
        let cases: Vec<(Value, &str)> = vec![
            (without("runs"), "flowConfigs.0.runs"),
            (without("fileBody"), "flowConfigs.0.fileBody"),
            (without("models"), "flowConfigs.0.models"),
            (with("type", json!("webhook")), "flowConfigs.0.type"),
            (with("syncName", json!("a b")), "flowConfigs.0.syncName"),
            (with("syncName", json!("n".repeat(100_000))), "flowConfigs.0.syncName"),
            (with("syncName", json!(7)), "flowConfigs.0.syncName"),
            (with("providerConfigKey", json!("a/b")), "flowConfigs.0.providerConfigKey"),
            (with("runs", json!("now and then")), "flowConfigs.0.runs"),
            (with("runs", json!("every 5 seconds")), "flowConfigs.0.runs"),
            (with("runs", Value::Null), "flowConfigs.0.runs"),
            (with("runs", json!("")), "flowConfigs.0.runs"),
            (unknown_model, "flowConfigs.0.models"),
            (with("models", json!(["", "Contact"])), "flowConfigs.0.models.0"),
            (with("metadata", json!({ "scopes": ["s".repeat(256)] })), "flowConfigs.0.metadata.scopes.0"),
            (with("metadata", json!({ "description": "d".repeat(2_001) })), "flowConfigs.0.metadata.description"),
            (with("metadata", json!({ "owner": "me" })), "flowConfigs.0.metadata"),
            (with("endpoints", json!([{ "method": "BREW", "path": "/" }])), "flowConfigs.0.endpoints.0"),
            (with("endpoints", json!([{ "GET": "/", "POST": "/" }])), "flowConfigs.0.endpoints.0"),
            (with("endpoints", json!([{ "method": "GET", "path": "/", "group": "" }])), "flowConfigs.0.endpoints.0.group"),
            (with("features", json!(["magic"])), "flowConfigs.0.features.0"),
            (with("sync_type", json!("partial")), "flowConfigs.0.sync_type"),
            (with("webhookSubscriptions", json!(["w".repeat(256)])), "flowConfigs.0.webhookSubscriptions.0"),
            (with("fileBody", json!({ "js": "", "ts": "", "map": "" })), "flowConfigs.0.fileBody"),
            (with("fileBody", json!({ "js": "a\u{0}b", "ts": "" })), "flowConfigs.0.fileBody.js"),
            (with("models_json_schema", json!({ "definitions": [] })), "flowConfigs.0.models_json_schema.definitions"),
            (with("colour", json!("red")), "flowConfigs.0"),
        ];
        for path in CALLS {
            let mut wrong = Vec::new();
            for (flow, place) in &cases {
                let answer = dev.post(path, request(path, std::slice::from_ref(flow))).await;
                answer.refused(400, "invalid_body");
                let parts = answer.json()["error"]["errors"][0]["path"].as_array().cloned().unwrap_or_default();
                let found = parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".");
                if found != *place {
                    wrong.push(format!("{found} instead of {place}"));
                }
            }
            assert!(wrong.is_empty(), "{wrong:#?}");
            let mut both = with("sync_type", json!("incremental"));
            both["track_deletes"] = json!(true);
            dev.post(path, request(path, &[both])).await.refused_at(400, "invalid_body", "flowConfigs.0.track_deletes");
            dev.post(path, request(path, &[sync(), sync()])).await.refused_at(400, "invalid_body", "flowConfigs.1.syncName");
            for flow in [with("models", json!(["Contact", "Company"])), with("input", json!("Settings"))] {
                dev.post(path, request(path, &[flow])).await.refused(400, "deploy_missing_json_schema_model");
            }
            let mut script = request(path, &[]);
            script["onEventScriptsByProvider"] = json!([{ "providerConfigKey": "none", "scripts": [
                { "name": "hello", "fileBody": { "js": "", "ts": "" }, "event": "full-moon" },
            ]}]);
            dev.post(path, script).await.refused_at(400, "invalid_body", "onEventScriptsByProvider.0.scripts.0.event");
            let mut version = request(path, &[]);
            version["sdkVersion"] = json!("0.71.4-rusty");
            dev.post(path, version).await.refused_at(400, "invalid_body", "sdkVersion");
            dev.post(&format!("{path}?debug=true"), request(path, &[])).await.refused(400, "invalid_query_params");
        }
    }

    async fn the_calls_differ_in_the_yaml_file(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        let [confirmation, deploy] = CALLS;
        dev.post(deploy, request(confirmation, &[])).await.refused_at(400, "invalid_body", "nangoYamlBody");
        dev.post(confirmation, request(deploy, &[])).await.refused(400, "invalid_body");
        assert_eq!(dev.post(deploy, request(deploy, &[])).await.expect(200), json!([]));
        let told = dev.post(confirmation, request(confirmation, &[])).await.expect(200);
        let lists = told.as_object().unwrap();
        assert_eq!(lists.len(), 10, "the CLI takes every list apart");
        assert!(lists.values().all(|list| *list == json!([])), "{told}");
    }

    async fn an_integration_that_is_not_there_is_named(database) {
        let app = TestApp::start(database).await;
        for path in CALLS {
            let answer = app.dev().post(path, request(path, &[sync()])).await;
            answer.refused(400, "unknown_provider_config");
            assert!(answer.text().contains("none"), "{}", answer.text());
        }
    }

    async fn an_old_cli_is_refused(database) {
        let app = TestApp::start(database).await;
        for path in CALLS {
            for (agent, status) in [("nango-cli/0.39.24 (linux)", 400), ("nango-cli/0.39.25 (linux)", 200), ("curl/8", 200)] {
                let answer = app.dev().post(path, request(path, &[])).header("user-agent", agent).await;
                if status == 200 { answer.expect(200); } else { answer.refused(400, "invalid_cli_version"); }
            }
        }
    }

    async fn nothing_is_deleted_by_sending_nothing(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let environment = app.engine.environment("dev").await.unwrap().id;
        let minute = Duration::from_mins(1);
        assert!(app.store.begin_deployment(environment, Uuid::from_u128(1), minute).await.unwrap());
        dev.post("/sync/deploy", request("/sync/deploy", &[])).await.refused(409, "concurrent_deployment");
        app.store.abandon_deployment(environment, Uuid::from_u128(1)).await.unwrap();
        dev.post("/sync/deploy", request("/sync/deploy", &[])).await.expect(200);
    }
}
