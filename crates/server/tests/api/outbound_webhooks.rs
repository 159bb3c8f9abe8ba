//! http-api.md §15: what the backend is told, how it is signed, and how often it is tried.

use crate::{
    backend::{Backend, Received, deploy, hex},
    fixtures::{connection, integration},
};
use bespoke_core::{auth::oauth2::Failures, id::EnvironmentId, run::RunKind, sync::Counts};
use bespoke_store::{CheckpointRange, Finish, NewRun, RefreshOutcome};
use bespoke_testkit::{
    app::{Options, TestApp},
    both,
    clock::ManualClock,
    database::Database,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

const MINUTE: Duration = Duration::from_mins(1);

/// A server whose environment dev has a backend, the integration `none`, and the sync `contacts` of two models.
struct Told {
    app: TestApp,
    clock: ManualClock,
    backend: Backend,
}

impl Told {
    async fn new(database: Database) -> Self {
        let clock = ManualClock::default();
        let app = TestApp::with(database, Options { clock: Some(clock.clone()), ..Options::default() }).await;
        let backend = Backend::start().await;
        let told = Self { app, clock, backend };
        told.set(json!({ "primary_url": format!("{}/first", told.backend.url) })).await;
        integration(&told.app.dev(), "none", "test-none").await;
        let sync = json!({ "integration": "none", "kind": "sync", "name": "contacts", "frequency": "every hour",
                           "auto_start": true, "models": ["Contact", "Company"] });
        deploy(&told.app, &[sync]).await;
        told
    }

    async fn set(&self, change: Value) -> Value {
        self.app.dev().patch("/environment/webhooks", change).await.expect(200)["data"].take()
    }

    async fn environment(&self) -> EnvironmentId {
        self.app.engine.environment("dev").await.unwrap().id
    }

    /// Sends what is due; what the backend got.
    async fn told(&self) -> Vec<Received> {
        self.app.engine.deliver_due().await.unwrap();
        self.backend.take()
    }

    /// The messages that came, without those about connections.
    async fn messages(&self) -> Vec<Value> {
        let all = self.told().await.iter().map(Received::json).collect::<Vec<_>>();
        all.into_iter().filter(|message| message["type"] != "auth").collect()
    }

    /// Runs what is queued and lets it end so.
    async fn work(&self, finish: Finish) {
        self.app.engine.enqueue_due_syncs().await.unwrap();
        for claim in self.app.store.claim_runs(Uuid::from_u128(7), 100, MINUTE).await.unwrap() {
            assert!(self.app.store.finish_run(&claim, finish.clone()).await.unwrap());
        }
    }
}

fn added(model: &str) -> Finish {
    let counts = Counts { added: 2, unchanged: 5, ..Counts::default() };
    Finish::succeeded(None, BTreeMap::from([(model.to_owned(), counts)]))
}

both! {
    async fn a_new_connection_and_a_replaced_one_are_told_signed(database) {
        let told = Told::new(database).await;
        let key = told.set(json!({})).await["webhook_signing_key"].as_str().unwrap().to_owned();
        let body = json!({
            "provider_config_key": "none", "connection_id": "acme", "credentials": {"type": "NONE"},
            "tags": {"plan": "pro"}, "end_user": {"id": "u1", "email": "a@example.com"},
        });
        told.app.dev().post("/connections", body).await.expect(201);
        let received = told.told().await;
        let message = received[0].json();
        assert_eq!(message["operation"], "creation");
        assert_eq!(
            (&message["from"], &message["type"], &message["authMode"], &message["environment"], &message["success"]),
            (&json!("nango"), &json!("auth"), &json!("NONE"), &json!("dev"), &json!(true))
        );
        assert_eq!((&message["connectionId"], &message["provider"]), (&json!("acme"), &json!("test-none")));
        assert_eq!((&message["endUser"]["endUserId"], &message["tags"]["plan"]), (&json!("u1"), &json!("pro")));
        assert_eq!(received[0].body, bespoke_core::webhook::sorted(message), "the keys are sorted");
        let hmac_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.as_bytes());
        let mac = hex(ring::hmac::sign(&hmac_key, received[0].body.as_bytes()));
        assert_eq!(received[0].headers["x-nango-hmac-sha256"], mac.as_str());
        let legacy = ring::digest::digest(&ring::digest::SHA256, format!("{key}{}", received[0].body).as_bytes());
        assert_eq!(received[0].headers["x-nango-signature"], hex(legacy).as_str());

        connection(&told.app.dev(), "acme").await;
        assert_eq!(told.told().await[0].json()["operation"], "override");
        told.set(json!({ "on_auth_creation": false })).await;
        connection(&told.app.dev(), "quiet").await;
        assert!(told.told().await.is_empty());
    }

    async fn a_sync_tells_each_model_that_changed_and_its_failure_once(database) {
        let told = Told::new(database).await;
        connection(&told.app.dev(), "acme").await;
        let range = CheckpointRange { from: None, to: Some(r#"{"page":2}"#.to_owned()) };
        told.work(Finish { checkpoint: range, ..added("Contact") }).await;
        let messages = told.messages().await;
        assert_eq!(messages, [json!({
            "from": "nango", "type": "sync", "connectionId": "acme", "providerConfigKey": "none", "syncName": "contacts",
            "syncVariant": "base", "model": "Contact", "syncType": "INITIAL", "success": true,
            "responseResults": {"added": 2, "updated": 0, "deleted": 0},
            "modifiedAfter": "2026-01-01T00:00:00.000Z", "queryTimeStamp": null,
            "checkpoints": {"from": null, "to": {"page": 2}},
        })]);
        told.set(json!({ "on_sync_completion_always": true })).await;
        told.clock.advance(Duration::from_secs(3_600));
        told.work(Finish::succeeded(None, BTreeMap::new())).await;
        let mut models: Vec<_> = told.messages().await.iter().map(|message| message["model"].to_string()).collect();
        models.sort();
        assert_eq!(models, [r#""Company""#, r#""Contact""#]);

        told.clock.advance(Duration::from_secs(3_600));
        let failure = r#"{"code":"script_internal_error","message":"it broke","payload":{"at":1}}"#;
        told.work(Finish::failed(failure.to_owned())).await;
        let messages = told.messages().await;
        assert_eq!((messages.len(), &messages[0]["model"]), (1, &json!("Contact,Company")));
        let error = json!({"type": "script_error", "description": "it broke", "payload": {"at": 1}});
        assert_eq!((&messages[0]["success"], &messages[0]["error"]), (&json!(false), &error));
        assert_eq!(messages[0]["failedAt"], "2026-01-01T02:00:00.000Z");
        told.set(json!({ "on_sync_error": false })).await;
        told.clock.advance(Duration::from_secs(3_600));
        told.work(Finish::failed(failure.to_owned())).await;
        assert!(told.messages().await.is_empty());
    }

    async fn credentials_that_cannot_be_renewed_are_told_once_a_day(database) {
        let told = Told::new(database).await;
        connection(&told.app.dev(), "acme").await;
        told.told().await;
        let environment = told.environment().await;
        let connection = told.app.engine.connection(environment, "none", "acme").await.unwrap().id;
        let store = &told.app.store;
        let lease = Uuid::from_u128(9);
        for (days, messages) in [(1, 1), (1, 0), (2, 1)] {
            store.lease_refresh(environment, connection, lease, MINUTE).await.unwrap().unwrap();
            let failures = Failures { last: Some(told.app.engine.now()), days };
            store.finish_refresh(environment, connection, lease, RefreshOutcome::Failed(failures)).await.unwrap();
            let received = told.told().await;
            assert_eq!(received.len(), messages, "day {days}");
            let bodies = received.iter().map(Received::json);
            assert!(bodies.clone().all(|told| told["operation"] == "refresh" && told["success"] == false && told["error"]["type"] == "refresh_token_external_error"));
        }
    }

    async fn an_async_action_tells_where_its_result_is(database) {
        let told = Told::new(database).await;
        connection(&told.app.dev(), "acme").await;
        told.work(Finish::succeeded(None, BTreeMap::new())).await;
        let environment = told.environment().await;
        let connection = told.app.engine.connection(environment, "none", "acme").await.unwrap().id;
        let now = told.app.engine.now();
        let id = Uuid::from_u128(42);
        let run = NewRun {
            id, environment, kind: RunKind::Action, connection, function_name: "send".to_owned(), sync: None,
            run_at: now, max_attempts: 2, input: None, lane: None, now,
        };
        told.app.store.enqueue_run(run).await.unwrap();
        told.work(Finish::again(now)).await;
        assert!(told.messages().await.is_empty(), "it has not ended yet");
        told.work(Finish::failed("{}".to_owned())).await;
        assert_eq!(told.messages().await, [json!({
            "from": "nango", "type": "async_action", "connectionId": "acme", "providerConfigKey": "none",
            "payload": {"id": id, "statusUrl": format!("/action/{id}")},
        })]);
    }

    async fn changed_metadata_is_told_by_its_paths_to_those_who_asked(database) {
        let told = Told::new(database).await;
        let dev = told.app.dev();
        connection(&dev, "acme").await;
        let path = "/connections/acme/metadata?provider_config_key=none";
        dev.put(path, json!({"map": {"a": "secret"}, "filter": 1})).await.expect(200);
        assert!(told.messages().await.is_empty(), "nobody asked");
        assert_eq!(told.set(json!({ "on_metadata_change": true })).await["on_metadata_change"], true);
        dev.patch(path, json!({"filter": 2, "map": {"b": "secret"}})).header("Bespoke-Reason", "ticket 42").header("X-Request-Id", "r").await.expect(200);
        dev.patch(path, json!({"filter": 2})).await.expect(200);
        let messages = told.messages().await;
        let [message] = &messages[..] else { panic!("{messages:?}") };
        let revision = dev.get("/connections/acme/metadata/revisions/3?provider_config_key=none").await.expect(200);
        assert_eq!(*message, json!({
            "from": "nango", "type": "metadata", "connectionId": "acme", "providerConfigKey": "none", "environment": "dev",
            "revision": 3, "createdAt": revision["created_at"], "changedPaths": ["/filter", "/map/a", "/map/b"],
            "actor": revision["actor"], "source": "api", "reason": "ticket 42", "requestId": "r",
        }));
    }

    async fn a_backend_that_fails_is_told_again_and_one_that_refuses_is_not(database) {
        let told = Told::new(database).await;
        told.backend.answer(&[503, 429, 200]);
        connection(&told.app.dev(), "acme").await;
        assert_eq!(told.told().await.len(), 1);
        assert!(told.told().await.is_empty(), "not before its time");
        told.clock.advance(Duration::from_secs(1));
        assert_eq!(told.told().await.len(), 1);
        told.clock.advance(Duration::from_secs(10));
        assert_eq!(told.told().await.len(), 1);
        told.clock.advance(Duration::from_secs(100_000));
        assert!(told.told().await.is_empty(), "it has it");

        told.backend.answer(&[404]);
        connection(&told.app.dev(), "other").await;
        told.told().await;
        told.clock.advance(Duration::from_secs(100_000));
        assert!(told.told().await.is_empty(), "asking again does not help");

        told.backend.answer(&[500; 9]);
        connection(&told.app.dev(), "third").await;
        let mut attempts = 0;
        for _ in 0..9 {
            attempts += told.told().await.len();
            told.clock.advance(Duration::from_secs(100_000));
        }
        assert_eq!(attempts, 7);
    }

    async fn what_the_backend_was_told_can_be_looked_up_and_sent_again(database) {
        let told = Told::new(database).await;
        let dev = told.app.dev();
        told.backend.answer(&[200, 503, 404]);
        for id in ["delivered", "deferred", "refused"] {
            connection(&dev, id).await;
            told.told().await;
        }
        let page = dev.get("/environment/webhooks/deliveries?limit=2").await.expect(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        let rest = dev.get(&format!("/environment/webhooks/deliveries?cursor={cursor}")).await.expect(200);
        assert_eq!(rest["next_cursor"], Value::Null);
        let all = [page["data"].as_array().unwrap().as_slice(), rest["data"].as_array().unwrap()].concat();
        let shown = |delivery: &Value| {
            ["connection_id", "kind", "state", "attempts", "response_status"].map(|name| delivery[name].clone())
        };
        assert_eq!(all.iter().map(shown).collect::<Vec<_>>(), [
            [json!("refused"), json!("auth"), json!("failed"), json!(1), json!(404)],
            [json!("deferred"), json!("auth"), json!("pending"), json!(1), json!(503)],
            [json!("delivered"), json!("auth"), json!("delivered"), json!(1), json!(200)],
        ]);
        assert_eq!(all[1]["next_attempt_at"], json!("2026-01-01T00:00:01.000Z"));
        assert_eq!((&all[0]["error"], &all[2]["error"]), (&json!("it answered 404"), &Value::Null));
        let failed = dev.get("/environment/webhooks/deliveries?state=failed").await.expect(200);
        assert_eq!(failed["data"].as_array().unwrap().len(), 1);
        dev.get("/environment/webhooks/deliveries?state=lost").await.refused_at(400, "invalid_query_params", "state");

        let path = format!("/environment/webhooks/deliveries/{}", all[0]["id"]);
        let whole = dev.get(&path).await.expect(200)["data"].take();
        assert_eq!((&whole["body"]["connectionId"], &whole["body"]["type"]), (&json!("refused"), &json!("auth")));
        told.app.prod().get(&path).await.refused(404, "not_found");
        told.app.prod().call("POST", &format!("{path}/replay")).await.refused(404, "not_found");

        // The address was wrong: it goes to the new one.
        let other = Backend::start().await;
        told.set(json!({ "primary_url": other.url })).await;
        let again = dev.call("POST", &format!("{path}/replay")).await.expect(202)["data"].take();
        assert_eq!((&again["state"], &again["url"]), (&json!("pending"), &json!(other.url)));
        assert!(told.told().await.is_empty());
        assert_eq!(other.take()[0].json()["connectionId"], "refused");
        assert_eq!(dev.get(&path).await.expect(200)["data"]["state"], "delivered");

        told.set(json!({ "primary_url": "" })).await;
        dev.call("POST", &format!("{path}/replay")).await.refused_at(400, "invalid_body", "primary_url");

        told.clock.advance(Duration::from_hours(24 * 15));
        told.app.engine.tidy().await.unwrap();
        let left = dev.get("/environment/webhooks/deliveries").await.expect(200)["data"].take();
        assert_eq!(left.as_array().unwrap().iter().map(|one| &one["state"]).collect::<Vec<_>>(), ["pending"]);
    }

    async fn what_was_not_sent_outlives_the_node(database) {
        let told = Told::new(database).await;
        connection(&told.app.dev(), "acme").await;
        // Taken up by a node that dies.
        assert_eq!(told.app.store.claim_deliveries(10, MINUTE).await.unwrap().len(), 1);
        assert!(told.told().await.is_empty());
        told.clock.advance(Duration::from_secs(61));
        assert_eq!(told.told().await.len(), 1);
    }

    async fn both_urls_are_told_and_a_connections_own_url_replaces_them(database) {
        let told = Told::new(database).await;
        let other = Backend::start().await;
        let settings = told.set(json!({ "secondary_url": other.url })).await;
        assert_eq!(settings["secondary_url"], json!(other.url));
        connection(&told.app.dev(), "acme").await;
        assert_eq!((told.told().await.len(), other.take().len()), (1, 1));
        let own = Backend::start().await;
        let body = json!({
            "provider_config_key": "none", "connection_id": "own", "credentials": {"type": "NONE"},
            "webhook_url_override": own.url,
        });
        told.app.dev().post("/connections", body).await.expect(201);
        assert_eq!((told.told().await.len(), other.take().len(), own.take().len()), (0, 0, 1));
        told.set(json!({ "primary_url": "", "secondary_url": "" })).await;
        connection(&told.app.dev(), "nobody").await;
        assert!(told.told().await.is_empty());
    }

    async fn the_settings_are_the_environments_own(database) {
        let told = Told::new(database).await;
        let dev = told.app.dev();
        dev.patch("/environment/webhooks", json!({ "primary_url": "ftp://x" })).await
            .refused_at(400, "invalid_body", "primary_url");
        dev.patch("/environment/webhooks", json!({ "url": "http://x" })).await.refused(400, "invalid_body");
        let first = dev.get("/environment/webhooks").await.expect(200)["data"]["webhook_signing_key"].take();
        let made = dev.call("POST", "/environment/webhook-signing-key/rotate").await.expect(200)["data"].take();
        assert_ne!(made["webhook_signing_key"], first);
        let settings = dev.get("/environment/webhooks").await.expect(200)["data"].take();
        assert_eq!(settings["webhook_signing_key"], made["webhook_signing_key"]);
        let prod = told.app.prod().get("/environment/webhooks").await.expect(200)["data"].take();
        assert_eq!(prod["primary_url"], Value::Null);
        assert_ne!(prod["webhook_signing_key"], made["webhook_signing_key"]);
    }
}
