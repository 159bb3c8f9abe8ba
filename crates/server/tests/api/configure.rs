//! The end customers' configuration page: what a session shows, what it may set, and that it can do nothing else.

use crate::{
    fixtures::{connection, connections},
    policies::{app, function, work},
    schema_versions::{config, deployment},
};
use bespoke_testkit::{
    app::{Client, Options, TestApp},
    both,
    clock::ManualClock,
    database::Database,
};
use serde_json::{Value, json};
use std::time::Duration;

const FIELDS: &str = "return { fields: [{ name: 'cf_1', label: 'Stage', type: 'enumeration', custom: true, samples: ['won'] }, 'plain'] };";
const THINGS: &str = "const { map } = await nango.getMetadata();
    await nango.batchSave([{ id: '1', stage: map?.stage ?? null }], 'Thing');";

struct Page {
    app: TestApp,
    dev: Client,
}

/// Two connections, `a` and `b`, whose `config.ts` has a mapping, a limit, a key and what only operators see.
async fn page(database: Database) -> Page {
    let (app, worker) = app(database, &["a"]).await;
    let dev = app.dev();
    connection(&dev, "b").await;
    let schema = json!({"type": "object", "additionalProperties": false, "properties": {
        "map": {"type": "object", "properties": {"stage": {"type": "string", "minLength": 2}, "inner": {"type": "string"}}},
        "limit": {"type": "integer", "default": 50, "maximum": 100},
        "key": {"type": "string", "writeOnly": true},
        "internal": {"type": "object", "properties": {"shard": {"type": "string"}}, "default": {"shard": "operators-only"}},
    }});
    let ui = json!({"map": {"optionsFrom": "list-fields"}, "map.inner": {"hidden": true}, "internal": {"endCustomer": false},
        "$preview": ["things", "gone"], "$productName": "Acme Reports"});
    let more = json!({"models": ["Thing"], "frequency": "every day", "auto_start": true});
    let functions = [
        config(1, schema, "", json!({"ui": ui})),
        function("action", "list-fields", FIELDS, json!({})),
        function("sync", "things", THINGS, more),
    ];
    dev.post("/deployments", deployment(&functions)).await.expect(200);
    app.engine.enqueue_due_syncs().await.unwrap();
    work(&worker).await;
    let own = json!({"map": {"stage": "old", "inner": "not-for-customers"}, "key": "very-secret", "note": "not-for-customers"});
    dev.put("/connections/a/metadata?provider_config_key=none", own).await.expect(200);
    Page { app, dev }
}

impl Page {
    async fn token(&self, id: &str, more: Value) -> String {
        let mut body = json!({"provider_config_key": "none", "connection_id": id});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self.dev.post("/configure/sessions", body).await.expect(201);
        let token = made["data"]["token"].as_str().unwrap().to_owned();
        assert!(
            token.starts_with("bcs_")
                && made["data"]["configure_link"].as_str().unwrap().ends_with(&format!("#token={token}"))
        );
        token
    }

    async fn session(&self, more: Value) -> Client {
        self.app.with_key(&self.token("a", more).await)
    }

    async fn own(&self) -> Value {
        self.dev.get("/connections/a/metadata?provider_config_key=none").await.expect(200)["metadata"].clone()
    }
}

both! {
    async fn a_session_shows_what_the_schema_declares_and_ui_does_not_hide(database) {
        let page = page(database).await;
        let session = page.session(json!({"locale": "de", "theme": {"--bespoke-accent": "#0a7"}})).await;
        let answer = session.get("/configure/session").await;
        for hidden in ["not-for-customers", "very-secret", "operators-only", "shard", "inner\":"] {
            assert!(!answer.text().contains(hidden), "{hidden}: {}", answer.text());
        }
        let shown = answer.expect(200);
        assert_eq!(shown["allow"], json!(["/map", "/limit", "/key"]));
        assert_eq!(shown["values"], json!({"map": {"stage": "old"}, "key": "********"}));
        assert_eq!(shown["inherited"], json!({"limit": 50}));
        assert_eq!((&shown["locale"], &shown["product_name"]), (&json!("de"), &json!("Acme Reports")));
        assert_eq!(shown["preview"], json!({"functions": ["things"]}));
        assert_eq!(shown["schema"]["properties"]["map"], json!({"type": "object", "properties": {"stage": {"type": "string", "minLength": 2}}}));
        assert_eq!(shown["ui"]["map"], json!({"optionsFrom": "list-fields"}));

        let narrow = page.session(json!({"allow": ["/map/stage"]})).await;
        let shown = narrow.get("/configure/session").await.expect(200);
        assert_eq!((&shown["values"], &shown["inherited"]), (&json!({"map": {"stage": "old"}}), &json!({})));
        narrow.patch("/configure/metadata", json!({"limit": 5})).await.refused(403, "path_not_allowed");
        narrow.get("/configure/options?path=/limit").await.refused(403, "path_not_allowed");
    }

    async fn a_customer_sets_what_is_allowed_as_a_revision_of_their_own(database) {
        let page = page(database).await;
        let session = page.session(json!({})).await;
        let revision = session.get("/configure/session").await.expect(200)["revision"].as_i64().unwrap();
        for (patch, path) in [
            (json!({"note": 1}), "/note"), (json!({"internal": {"shard": "x"}}), "/internal"),
            (json!({"map": {"inner": "x"}}), "/map/inner"), (json!({"map": null}), "/map"),
        ] {
            let refused = session.patch("/configure/metadata", patch).await;
            refused.refused(403, "path_not_allowed");
            assert_eq!(refused.json()["error"]["payload"]["path"], path);
        }
        // The integration only warns; a customer's own mistake is refused all the same.
        let refused = session.patch("/configure/metadata", json!({"limit": 500})).await;
        refused.refused(400, "invalid_metadata");
        assert_eq!(refused.json()["error"]["payload"]["problems"][0]["path"], "/limit");
        let written = session.patch("/configure/metadata", json!({"map": {"stage": "cf_1"}, "limit": 7})).await.expect(200);
        assert_eq!(written["values"], json!({"map": {"stage": "cf_1"}, "key": "********", "limit": 7}));
        assert_eq!(written["revision"], revision + 1);
        assert_eq!(page.own().await, json!({"map": {"stage": "cf_1", "inner": "not-for-customers"}, "key": "********",
            "note": "not-for-customers", "limit": 7}));
        let revisions = page.dev.get("/connections/a/metadata/revisions?provider_config_key=none&limit=1").await.expect(200);
        let newest = &revisions["revisions"][0];
        assert_eq!((&newest["source"], &newest["actor"]["type"]), (&json!("configure"), &json!("end_customer")));
        let stale = session.patch("/configure/metadata", json!({"limit": 8})).header("If-Match", &format!("\"{revision}\"")).await;
        stale.refused(412, "metadata_conflict");
        assert_eq!(stale.json()["error"]["payload"], json!({"revision": revision + 1}));
        session.patch("/configure/metadata", json!({"limit": null})).await.expect(200);
        assert!(page.own().await.get("limit").is_none());
    }

    async fn choices_come_from_the_action_that_ui_names_and_previews_write_nothing(database) {
        let page = page(database).await;
        let session = page.session(json!({})).await;
        let choices = json!([{"value": "cf_1", "label": "Stage", "type": "enumeration", "custom": true, "samples": ["won"]},
            {"value": "plain", "label": "plain"}]);
        assert_eq!(session.get("/configure/options?path=/map/stage").await.expect(200)["data"], choices);
        session.get("/configure/options?path=/limit").await.refused(400, "invalid_body");
        let same = page.dev.get("/connections/a/metadata/options?provider_config_key=none&path=/map").await.expect(200);
        assert_eq!(same["data"], choices);
        let report = session.post("/configure/preview", json!({"changes": {"map": {"stage": "new"}}})).await.expect(200);
        assert_eq!(report["counts"]["changed"], 1, "{report}");
        assert_eq!(report["records"][0]["after"]["stage"], "new");
        assert!(report.get("calls").is_none());
        assert_eq!(page.own().await["map"]["stage"], "old");
        session.post("/configure/preview", json!({"changes": {"note": 1}})).await.refused(403, "path_not_allowed");
        session.post("/configure/preview", json!({"function": "list-fields"})).await.refused(404, "not_found");
    }

    async fn a_session_ends_with_its_time_and_with_its_connection(database) {
        let clock = ManualClock::default();
        let app = TestApp::with(database, Options { clock: Some(clock.clone()), ..Options::default() }).await;
        connections(&app.dev(), &["a", "b"]).await;
        let page = Page { dev: app.dev(), app };
        page.dev.put("/connections/a/metadata?provider_config_key=none", json!({"k": "of-a"})).await.expect(200);
        let allow = |seconds: u64| json!({"allow": ["/k"], "expires_in": seconds});
        let (short, other) = (page.session(allow(60)).await, page.app.with_key(&page.token("b", allow(600)).await));
        assert_eq!(short.get("/configure/session").await.expect(200)["values"], json!({"k": "of-a"}));
        assert_eq!(other.get("/configure/session").await.expect(200)["values"], json!({}));
        clock.advance(Duration::from_secs(61));
        short.get("/configure/session").await.refused(401, "configure_session_ended");
        page.dev.delete("/connections/b?provider_config_key=none").await.expect(200);
        other.get("/configure/session").await.refused(401, "configure_session_ended");
        let new = |more: Value| {
            let mut body = json!({"provider_config_key": "none", "connection_id": "a"});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            page.dev.post("/configure/sessions", body)
        };
        new(json!({"expires_in": 90_000})).await.refused_at(400, "invalid_body", "expires_in");
        new(json!({"allow": ["map"]})).await.refused_at(400, "invalid_body", "allow.0");
        new(json!({})).await.refused_at(400, "invalid_body", "allow");
    }
}
