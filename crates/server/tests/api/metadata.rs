//! http-api.md §3: every way to write metadata.

use crate::fixtures::{connections, metadata, metadata_text};
use bespoke_testkit::{app::TestApp, both};
use serde_json::json;

const MEBIBYTE: usize = 1024 * 1024;

both! {
    async fn post_replaces_and_patch_merges_and_both_echo_what_was_sent(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        for path in ["/connections/metadata", "/connection/metadata"] {
            let sent = r#"{ "provider_config_key":"none", "metadata":{"z":1,"a":{"x":1,"y":[1,2]},"n":null}, "connection_id":"a" }"#;
            let answer = dev.call("POST", path).text("application/json", sent).await;
            assert_eq!((answer.status, answer.text().as_str()), (201, sent));
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(metadata_text(&app, "a").await, r#"{"z":1,"a":{"x":1,"y":[1,2]},"n":null}"#);

            let sent = r#"{"connection_id":["a"],"provider_config_key":"none","metadata":{"b":null,"a":{"x":2},"z":[]}}"#;
            let answer = dev.call("PATCH", path).text("application/json", sent).await;
            assert_eq!((answer.status, answer.text().as_str()), (200, sent));
            assert_eq!(metadata_text(&app, "a").await, r#"{"z":[],"a":{"x":2},"n":null,"b":null}"#);
        }
        let body = json!({"connection_id": "a", "provider_config_key": "none", "metadata": {}});
        dev.post("/connections/metadata", body).await.expect(201);
        assert_eq!(metadata(&dev, "a").await, json!({}));
    }

    async fn the_oldest_endpoints_take_the_document_itself(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let path = "/connection/a/metadata";
        let sent = r#"{"b": 1, "a": {"x": 1}}"#;
        let answer = dev.call("POST", path).header("Provider-Config-Key", "none").text("application/json", sent).await;
        assert_eq!((answer.status, answer.text().as_str()), (201, sent));
        assert_eq!(metadata_text(&app, "a").await, r#"{"b":1,"a":{"x":1}}"#);

        // The query wins over the header.
        let query = format!("{path}?provider_config_key=none");
        let answer = dev.patch(&query, json!({"a": null})).header("Provider-Config-Key", "other").await;
        assert_eq!(answer.expect(200), json!({"a": null}));
        assert_eq!(metadata(&dev, "a").await, json!({"b": 1, "a": null}));

        for method in ["POST", "PATCH"] {
            let call = |path: &str| dev.call(method, path).json(&json!({}));
            call(path).await.refused(400, "missing_provider_config_key");
            let answer = call("/connection/nobody/metadata?provider_config_key=none").await;
            answer.refused(404, "unknown_connection");
            assert_eq!(answer.json()["error"]["payload"], json!({"connectionId": "nobody", "providerConfigKey": "none"}));
            let answer = dev.call(method, &query).json(&json!([1]));
            answer.await.refused(400, "invalid_body");
        }
    }

    async fn many_connections_are_written_all_or_none(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a", "b", "c"]).await;
        let write = |ids: serde_json::Value, metadata: serde_json::Value| {
            dev.patch("/connections/metadata", json!({"connection_id": ids, "provider_config_key": "none", "metadata": metadata}))
        };
        write(json!(["a", "b", "a"]), json!({"k": 1})).await.expect(200);
        write(json!([]), json!({"k": 2})).await.expect(200);
        let answer = write(json!(["a", "nobody", "b"]), json!({"k": 3})).await;
        answer.refused(404, "unknown_connection");
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains("nothing was applied"));

        let half = "x".repeat(MEBIBYTE / 2);
        write(json!("b"), json!({"half": half})).await.expect(200);
        write(json!(["a", "b", "c"]), json!({"k": 4, "other_half": half})).await.refused(413, "metadata_too_large");

        assert_eq!(metadata(&dev, "a").await, json!({"k": 1}));
        assert_eq!(metadata(&dev, "b").await, json!({"k": 1, "half": half}));
        assert_eq!(metadata(&dev, "c").await, json!({}));
    }

    async fn a_thousand_concurrent_merges_lose_nothing(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a", "b"]).await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..1000 {
            let dev = dev.clone();
            tasks.spawn(async move {
                // Both orders at once: they must not wait for each other for ever.
                let ids = if number % 2 == 0 { json!(["a", "b"]) } else { json!(["b", "a"]) };
                let body = json!({"connection_id": ids, "provider_config_key": "none", "metadata": {format!("k{number}"): number}});
                dev.patch("/connections/metadata", body).await.expect(200);
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        for id in ["a", "b"] {
            let stored = metadata(&dev, id).await;
            assert_eq!(stored.as_object().unwrap().len(), 1000);
            assert!((0..1000).all(|number| stored[format!("k{number}")] == json!(number)));
        }
        let environment = app.engine.environment("dev").await.unwrap();
        let connection = app.engine.connection(environment.id, "none", "a").await.unwrap();
        assert_eq!(connection.metadata_revision, 1001, "the import and a thousand merges");
    }

    async fn bodies_are_strict(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let good = json!({"connection_id": "a", "provider_config_key": "none", "metadata": {"k": 1}});
        let with = |key: &str, value: serde_json::Value| {
            let mut body = good.clone();
            body[key] = value;
            body
        };
        let without = |key: &str| {
            let mut body = good.clone();
            body.as_object_mut().unwrap().remove(key);
            body
        };
        for (method, path) in [("POST", "/connections/metadata"), ("PATCH", "/connection/metadata")] {
            let call = |body: serde_json::Value| dev.call(method, path).json(&body);
            for metadata in [json!(null), json!([1]), json!("text"), json!(1)] {
                call(with("metadata", metadata)).await.refused_at(400, "invalid_body", "metadata");
            }
            call(without("metadata")).await.refused_at(400, "invalid_body", "metadata");
            call(without("connection_id")).await.refused_at(400, "invalid_body", "connection_id");
            call(without("provider_config_key")).await.refused_at(400, "invalid_body", "provider_config_key");
            call(with("connection_id", json!(1))).await.refused_at(400, "invalid_body", "connection_id");
            call(with("connection_id", json!(""))).await.refused_at(400, "invalid_body", "connection_id");
            call(with("connection_id", json!("a#b"))).await.refused_at(400, "invalid_body", "connection_id");
            call(with("connection_id", json!(["a", "é"]))).await.refused_at(400, "invalid_body", "connection_id.1");
            call(with("provider_config_key", json!("a/b"))).await.refused_at(400, "invalid_body", "provider_config_key");
            let answer = call(with("reason", json!("x"))).await;
            answer.refused(400, "invalid_body");
            assert_eq!(answer.json()["error"]["errors"][0]["code"], "unrecognized_keys");
            dev.call(method, &format!("{path}?x=1")).json(&good).await.refused(400, "invalid_query_params");
            call(with("connection_id", json!("nobody"))).await.refused(404, "unknown_connection");
            call(with("provider_config_key", json!("nobody"))).await.refused(404, "unknown_connection");
        }
        assert_eq!(metadata(&dev, "a").await, json!({}), "nothing was written");
        let nested = (0..100).fold(json!(1), |inner, _| json!({ "n": inner }));
        dev.post("/connections/metadata", with("metadata", nested.clone())).await.expect(201);
        assert_eq!(metadata(&dev, "a").await, nested);
    }

    async fn a_mebibyte_fits_and_a_byte_more_does_not(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let body = |length: usize| json!({"connection_id": "a", "provider_config_key": "none", "metadata": {"k": "x".repeat(length)}});
        let fits = MEBIBYTE - r#"{"k":""}"#.len();
        dev.post("/connections/metadata", body(fits)).await.expect(201);
        assert_eq!(metadata_text(&app, "a").await.len(), MEBIBYTE);
        dev.post("/connections/metadata", body(fits + 1)).await.refused(413, "metadata_too_large");
        let more = json!({"connection_id": "a", "provider_config_key": "none", "metadata": {"more": 1}});
        dev.patch("/connections/metadata", more).await.refused(413, "metadata_too_large");
        assert_eq!(metadata_text(&app, "a").await.len(), MEBIBYTE);
    }

    async fn environments_do_not_see_each_others_connections(database) {
        let app = TestApp::start(database).await;
        connections(&app.dev(), &["a"]).await;
        connections(&app.prod(), &["b"]).await;
        let body = |id: &str| json!({"connection_id": id, "provider_config_key": "none", "metadata": {"k": 1}});
        app.prod().post("/connections/metadata", body("a")).await.refused(404, "unknown_connection");
        app.prod().patch("/connections/metadata", body("a")).await.refused(404, "unknown_connection");
        app.prod().post("/connection/a/metadata?provider_config_key=none", json!({})).await.refused(404, "unknown_connection");
        assert_eq!(metadata(&app.dev(), "a").await, json!({}));
        app.with_scopes(&["environment:connections:read"]).await
            .post("/connections/metadata", body("a")).await.refused(403, "forbidden");
    }
}
