//! A connection's metadata with its history: versions, patches, revisions, restore, and proof that nothing was changed
//! afterwards.

use crate::fixtures::{connections, metadata, metadata_text};
use bespoke_core::document::{Document, Write};
use bespoke_testkit::{
    app::{Client, TestApp},
    both,
};
use serde_json::{Value, json};
use std::sync::Arc;

const AT: &str = "provider_config_key=none";

async fn revisions(client: &Client, query: &str) -> Value {
    client.get(&format!("/connections/a/metadata/revisions?{AT}{query}")).await.expect(200)
}

both! {
    async fn every_way_to_write_leaves_a_revision_that_says_who_and_why(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let body = json!({"connection_id": "a", "provider_config_key": "none", "metadata": {"k": 1, "filter": "all"}});
        let post = dev.post("/connections/metadata", body).header("Bespoke-Reason", "ticket 42 – für Acme");
        post.header("X-Request-Id", "r-1").await.expect(201);
        dev.patch("/connection/a/metadata?provider_config_key=none", json!({"filter": "active"})).await.expect(200);
        let path = format!("/connections/a/metadata?{AT}");
        dev.put(&path, json!({"k": 2})).header("Bespoke-Source", "cli").await.expect(200);

        let page = revisions(&dev, "").await;
        let all = page["revisions"].as_array().unwrap();
        let told: Vec<_> = all.iter().map(|one| (one["revision"].as_i64().unwrap(), one["source"].as_str().unwrap())).collect();
        assert_eq!(told, [(4, "cli"), (3, "api"), (2, "api"), (1, "import")]);
        assert_eq!(page["next_cursor"], Value::Null);
        assert_eq!(all[2]["reason"], "ticket 42 – für Acme");
        assert_eq!(all[2]["request_id"], "r-1");
        assert_eq!(all[2]["actor"]["type"], "api_key");
        assert!(all[1]["request_id"].as_str().unwrap().len() == 36 && all[1]["reason"].is_null());
        assert_eq!(all[1]["patch"], json!([{"op": "replace", "path": "/filter", "value": "active"}]));
        assert!(all[0].get("metadata").is_none());

        let one = dev.get(&format!("/connections/a/metadata/revisions/2?{AT}")).await.expect(200);
        assert_eq!(one["metadata"], json!({"k": 1, "filter": "all"}));
        dev.get(&format!("/connections/a/metadata/revisions/5?{AT}")).await.refused(404, "unknown_revision");
        dev.get(&format!("/connections/b/metadata/revisions/1?{AT}")).await.refused(404, "unknown_connection");

        let first = revisions(&dev, "&limit=3").await;
        assert_eq!((first["revisions"].as_array().unwrap().len(), &first["next_cursor"]), (3, &json!("2")));
        let rest = revisions(&dev, "&limit=3&cursor=2").await;
        assert_eq!((rest["revisions"][0]["revision"].as_i64(), &rest["next_cursor"]), (Some(1), &Value::Null));
        dev.get(&format!("/connections/a/metadata/revisions?{AT}&limit=101")).await.refused_at(400, "invalid_query_params", "limit");
        dev.put(&path, json!({})).header("Bespoke-Reason", &"x".repeat(501)).await.refused_at(400, "invalid_headers", "bespoke-reason");
    }

    async fn a_write_that_changes_nothing_makes_no_revision(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let path = format!("/connections/a/metadata?{AT}");
        assert_eq!(dev.put(&path, json!({"a": 1, "b": null})).await.expect(200)["revision"], 2);
        let again = dev.put(&path, json!({"a": 1, "b": null})).await;
        assert_eq!((again.expect(200)["revision"].as_i64(), again.header("etag")), (Some(2), "\"2\""));
        assert_eq!(dev.patch(&path, json!({"b": null})).await.expect(200)["revision"], 2);
        // The order of keys is a change: a restore brings it back.
        assert_eq!(dev.put(&path, json!({"b": null, "a": 1})).await.expect(200)["revision"], 3);
        assert_eq!(revisions(&dev, "").await["revisions"][0]["patch"], json!([]));
        assert_eq!(metadata_text(&app, "a").await, r#"{"b":null,"a":1}"#);
    }

    async fn a_patch_is_meant_as_its_content_type_says(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let path = format!("/connections/a/metadata?{AT}");
        let patch = |kind: &str, body: Value| dev.call("PATCH", &path).text(kind, body.to_string());
        let (merge, operations) = ("application/merge-patch+json", "application/json-patch+json");
        dev.put(&path, json!({"map": {"a": 1, "b": 2}, "list": [1, 2], "x": true})).await.expect(200);

        patch(merge, json!({"map": {"a": null, "c": 3}, "x": null})).await.expect(200);
        assert_eq!(metadata_text(&app, "a").await, r#"{"map":{"b":2,"c":3},"list":[1,2]}"#);
        patch("application/json", json!({"map": {"only": 1}})).await.expect(200);
        assert_eq!(metadata(&dev, "a").await, json!({"map": {"only": 1}, "list": [1, 2]}));
        let both = json!([{"op": "test", "path": "/list/0", "value": 1}, {"op": "add", "path": "/list/-", "value": 3}]);
        let answer = patch(operations, both.clone()).await;
        assert_eq!(answer.expect(200)["metadata"]["list"], json!([1, 2, 3]));

        let failing = json!([{"op": "remove", "path": "/map"}, {"op": "test", "path": "/list/0", "value": 9}]);
        patch(operations, failing).await.refused(409, "patch_failed");
        patch(operations, json!([{"op": "replace", "path": "", "value": 1}])).await.refused(400, "invalid_body");
        patch(operations, json!([{"op": "turn"}])).await.refused(400, "invalid_body");
        patch(merge, json!([1])).await.refused(400, "invalid_body");
        patch("text/plain", json!({})).await.refused(415, "invalid_content_type");
        assert_eq!(metadata(&dev, "a").await, json!({"map": {"only": 1}, "list": [1, 2, 3]}));
    }

    async fn a_writer_who_did_not_know_the_newest_revision_learns_what_changed(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let path = format!("/connections/a/metadata?{AT}");
        dev.put(&path, json!({"k": 1})).await.expect(200);
        let read = dev.get(&path).await;
        assert_eq!((read.expect(200), read.header("etag")), (json!({"metadata": {"k": 1}, "effective": {"k": 1}, "revision": 2, "schema_version": null, "problems": []}), "\"2\""));
        dev.put(&path, json!({"k": 2})).header("If-Match", "\"2\"").await.expect(200);

        let stale = dev.put(&path, json!({"k": 9})).header("If-Match", "\"2\"").await;
        stale.refused(412, "metadata_conflict");
        assert_eq!(stale.header("etag"), "\"3\"");
        let payload = &stale.json()["error"]["payload"];
        assert_eq!(*payload, json!({"revision": 3, "diff": [{"op": "replace", "path": "/k", "value": 2}]}));
        dev.put(&path, json!({})).header("If-Match", "soon").await.refused_at(400, "invalid_headers", "if-match");

        let only = format!("{path}&validate_only=true");
        assert_eq!(dev.patch(&only, json!({"n": 1})).await.expect(200), json!({"metadata": {"k": 2, "n": 1}, "effective": {"k": 2, "n": 1}, "revision": 4, "schema_version": null, "problems": [], "applied": {"effect": "none", "syncs": []}}));
        dev.patch(&only, json!({})).header("If-Match", "\"1\"").await.refused(412, "metadata_conflict");
        assert_eq!(metadata(&dev, "a").await, json!({"k": 2}));
    }

    async fn a_restored_revision_is_the_same_to_the_byte(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let path = format!("/connections/a/metadata?{AT}");
        let sent = r#"{"z":1.50,"a":{"ü":[null,"\u0001"]},"m":{}}"#;
        dev.call("PUT", &path).text("application/json", sent).await.expect(200);
        let stored = metadata_text(&app, "a").await;
        dev.put(&path, json!({"other": true})).await.expect(200);
        let diff = dev.get(&format!("/connections/a/metadata/diff?{AT}&from=3&to=0")).await.expect(200);
        assert_eq!(diff["patch"], json!([{"op": "remove", "path": "/other"}]));

        let restore = |number: i64| format!("/connections/a/metadata/revisions/{number}/restore?{AT}");
        dev.post(&restore(2), json!({})).header("If-Match", "\"2\"").await.refused(412, "metadata_conflict");
        let restored = dev.post(&restore(2), json!({"reason": "the mapping was right"})).await.expect(200);
        assert_eq!(restored["revision"], 4);
        assert_eq!(metadata_text(&app, "a").await, stored);
        let newest = &revisions(&dev, "&limit=1").await["revisions"][0];
        assert_eq!((&newest["source"], &newest["reason"]), (&json!("restore"), &json!("the mapping was right")));
        dev.post(&restore(9), json!({})).await.refused(404, "unknown_revision");
        let environment = app.engine.environment("dev").await.unwrap().id;
        let verified = app.engine.verify_metadata_revisions(environment).await.unwrap();
        assert_eq!((verified.checked, verified.broken), (4, Vec::new()));
    }

    async fn writers_by_every_path_lose_nothing_and_leave_a_chain_without_gaps(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let path = format!("/connections/a/metadata?{AT}");
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..100 {
            let (dev, path) = (dev.clone(), path.clone());
            tasks.spawn(async move {
                let key = format!("k{number}");
                let one = json!({&key: number});
                let text = |kind: &str, body: Value| dev.call("PATCH", &path).text(kind, body.to_string());
                let call = match number % 5 {
                    0 => dev.patch("/connections/metadata", json!({"connection_id": ["a"], "provider_config_key": "none", "metadata": one})),
                    1 => dev.patch(&format!("/connection/a/metadata?{AT}"), one),
                    2 => text("application/json", one),
                    3 => text("application/merge-patch+json", one),
                    _ => text("application/json-patch+json", json!([{"op": "add", "path": format!("/{key}"), "value": number}])),
                };
                call.await.expect(200);
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        let stored = metadata(&dev, "a").await;
        assert!((0..100).all(|number| stored[format!("k{number}")] == json!(number)));
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = revisions(&dev, &format!("&limit=30{cursor}")).await;
            all.extend(page["revisions"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        all.reverse();
        let numbers: Vec<_> = all.iter().map(|one| one["revision"].as_i64().unwrap()).collect();
        assert_eq!(numbers, (1..=101).collect::<Vec<_>>());
        // What the patches make of nothing is what is stored.
        let mut replayed = Document::empty();
        for one in &all {
            let patch = serde_json::from_value(one["patch"].clone()).unwrap();
            replayed = Write::Patch(Arc::new(patch)).apply(Some(&replayed)).unwrap();
        }
        assert_eq!(serde_json::to_value(&replayed).unwrap(), stored);
        let environment = app.engine.environment("dev").await.unwrap().id;
        let verified = app.engine.verify_metadata_revisions(environment).await.unwrap();
        assert_eq!((verified.checked, verified.broken), (101, Vec::new()));
    }

    async fn what_was_changed_behind_the_back_of_the_server_is_found(database) {
        let app = TestApp::start(database).await;
        let (dev, prod) = (app.dev(), app.prod());
        connections(&dev, &["a", "b"]).await;
        let path = format!("/connections/a/metadata?{AT}");
        for k in 1..=4 {
            dev.put(&path, json!({"k": k})).header("Bespoke-Reason", "agreed").await.expect(200);
        }
        let broken = async || -> Vec<(i64, String)> {
            let answer = dev.get("/metadata/revisions/verify").await.expect(200);
            assert!(answer["checked"].as_i64().unwrap() >= 4, "{answer}");
            let all = answer["broken"].as_array().unwrap().iter();
            all.map(|one| {
                assert_eq!((&one["connection_id"], &one["provider_config_key"]), (&json!("a"), &json!("none")));
                (one["revision"].as_i64().unwrap(), one["problem"].as_str().unwrap().to_owned())
            }).collect()
        };
        let changed = |revision| vec![(revision, "it was changed after it was written".to_owned())];
        assert_eq!(broken().await, []);
        let set = |what: &str, revision: i64| {
            app.administer(&format!("UPDATE metadata_revisions SET {what} WHERE revision = {revision}"));
        };
        for (bad, good) in [
            ("document = '{\"k\":9}'", "document = '{\"k\":2}'"),
            ("reason = 'never said'", "reason = 'agreed'"),
            ("source = 'cli'", "source = 'api'"),
            ("created_at = created_at + 1", "created_at = created_at - 1"),
        ] {
            set(bad, 3);
            assert_eq!(broken().await, changed(3), "{bad}");
            set(good, 3);
        }
        assert_eq!(broken().await, []);
        assert_eq!(prod.get("/metadata/revisions/verify").await.expect(200), json!({"checked": 0, "broken": []}));

        app.administer("UPDATE connections SET metadata = '{\"k\":7}' WHERE metadata_revision = 5");
        assert_eq!(broken().await, [(5, "the connection's metadata is another".to_owned())]);
        app.administer("UPDATE connections SET metadata = '{\"k\":4}' WHERE metadata_revision = 5");
        app.administer("DELETE FROM metadata_revisions WHERE revision = 5");
        assert_eq!(broken().await, [(4, "the revisions after it are missing".to_owned())]);
        app.administer("DELETE FROM metadata_revisions WHERE revision = 3");
        let problems = [(4, "revisions before it are missing".to_owned()), (4, "the revisions after it are missing".to_owned())];
        assert_eq!(broken().await, problems);
    }
}
