//! functions.md §6 with real functions: on-event functions around a connection's life, and `onWebhook` tried again.

use crate::{backend::Backend, fixtures::integration};
use bespoke_engine::worker::Worker;
use bespoke_testkit::{
    app::{Answer, Options, TestApp},
    both,
    clock::ManualClock,
    database::Database,
};
use serde_json::{Map, Value, json};
use std::{sync::Arc, time::Duration};

/// A server that runs functions, with the integration `crm` whose API the backend plays.
struct Watched {
    app: TestApp,
    clock: ManualClock,
    worker: Arc<Worker>,
    backend: Backend,
}

impl Watched {
    async fn new(database: Database, functions: &[(&str, &str, Value, &str)]) -> Self {
        let clock = ManualClock::default();
        let options = Options { clock: Some(clock.clone()), functions: true, ..Options::default() };
        let app = TestApp::with(database, options).await;
        integration(&app.dev(), "crm", "test-api-key").await;
        let mut modules = Map::new();
        let mut deployed = Vec::new();
        for (kind, name, definition, body) in functions {
            let member = if *kind == "sync" { "onWebhook" } else { "exec" };
            let code = format!("export default {{ {member}: async (nango, payload) => {{ {body} }} }};");
            let module = format!("{name}.js");
            let mut function = json!({
                "integration": "crm", "kind": kind, "name": name, "modules": [module],
                "source": { "path": format!("crm/{kind}s/{name}.ts"), "code": code },
            });
            function.as_object_mut().unwrap().extend(definition.as_object().unwrap().clone());
            deployed.push(function);
            modules.insert(module, json!({ "code": code }));
        }
        app.dev()
            .post("/deployments", json!({ "functions": deployed, "modules": modules }))
            .await
            .expect(200);
        let worker = Worker::new(Arc::clone(&app.engine));
        Self { app, clock, worker, backend: Backend::start().await }
    }

    async fn connect(&self, key: &str, more: Value) -> Answer {
        let mut body = json!({
            "provider_config_key": "crm", "connection_id": "acme",
            "credentials": {"type": "API_KEY", "apiKey": key}, "connection_config": {"base_url": self.backend.url},
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.app.dev().post("/connections", body).await
    }

    async fn connection(&self) -> Answer {
        self.app.dev().get("/connections/acme?provider_config_key=crm").await
    }

    /// Lets everything that is due run to its end.
    async fn work(&self) {
        self.worker.run_due().await.unwrap();
        self.worker.idle().await;
    }
}

fn event(name: &str) -> Value {
    json!({ "event": name })
}

both! {
    async fn functions_follow_the_creation_of_a_connection(database) {
        let body = "await nango.updateMetadata({ greeted: ((await nango.getMetadata())?.greeted ?? 0) + 1 });";
        let greet = ("on-event", "greet", event("post-connection-creation"), body);
        let watched = Watched::new(database, &[greet]).await;
        watched.connect("k", json!({})).await.expect(201);
        assert_eq!(watched.connection().await.expect(200)["metadata"].get("greeted"), None, "not before the answer");
        watched.work().await;
        assert_eq!(watched.connection().await.expect(200)["metadata"]["greeted"], 1);
        watched.connect("other", json!({})).await.expect(201);
        watched.work().await;
        assert_eq!(watched.connection().await.expect(200)["metadata"]["greeted"], 1, "it was there already");
    }

    async fn functions_judge_credentials(database) {
        let body = "const { credentials } = await nango.getConnection();
                    if (credentials.apiKey === 'bad') throw new nango.ActionError({ message: 'no such account' });
                    if (credentials.apiKey === 'broken') throw new Error('it broke');";
        let judge = ("on-event", "judge", event("validate-connection"), body);
        let greet = ("on-event", "greet", event("post-connection-creation"), "await nango.updateMetadata({ greeted: true });");
        let watched = Watched::new(database, &[judge, greet]).await;
        let settings = json!({"primary_url": watched.backend.url});
        watched.app.dev().patch("/environment/webhooks", settings).await.expect(200);
        let rejected = watched.connect("bad", json!({})).await;
        rejected.refused(400, "connection_validation_failed");
        let error = rejected.json()["error"].take();
        assert_eq!((&error["message"], &error["payload"]["function"]), (&json!("no such account"), &json!("judge")));
        watched.connect("broken", json!({})).await.refused(400, "connection_validation_failed");
        watched.connection().await.refused(404, "not_found");
        watched.work().await;
        assert_eq!(watched.app.engine.deliver_due().await.unwrap(), 0, "nobody hears of it");

        watched.connect("good", json!({"metadata": {"a": 1}, "tags": {"plan": "pro"}})).await.expect(201);
        watched.work().await;
        assert_eq!(watched.app.engine.deliver_due().await.unwrap(), 1);
        assert_eq!(watched.backend.take()[0].json()["operation"], "creation");
        // New credentials that are rejected leave everything as it was.
        let more = json!({"metadata": {"a": 2}, "tags": {"plan": "free"}, "connection_config": {"base_url": "http://127.0.0.1:1"}});
        watched.connect("bad", more).await.refused(400, "connection_validation_failed");
        let kept = watched.connection().await.expect(200);
        assert_eq!((&kept["credentials"]["apiKey"], &kept["metadata"]), (&json!("good"), &json!({"a": 1, "greeted": true})));
        assert_eq!((&kept["tags"]["plan"], &kept["connection_config"]["base_url"]), (&json!("pro"), &json!(watched.backend.url)));
        watched.connect("better", json!({"metadata": {"a": 3}})).await.expect(201);
        let replaced = watched.connection().await.expect(200);
        assert_eq!((&replaced["credentials"]["apiKey"], &replaced["metadata"]), (&json!("better"), &json!({"a": 3})));
        watched.app.engine.deliver_due().await.unwrap();
        assert_eq!(watched.backend.take()[0].json()["operation"], "override");
    }

    async fn credentials_that_nobody_finished_judging_are_taken_back(database) {
        // Ends when the metadata says so.
        let body = "for (;;) { const { metadata, credentials } = await nango.getConnection(undefined, undefined, { forceRefresh: true });
                    if (credentials.apiKey === 'good' || metadata?.go) return;
                    if (!metadata?.began) await nango.updateMetadata({ began: true });
                    await new Promise((next) => setTimeout(next, 5)); }";
        let watched = Arc::new(Watched::new(database, &[("on-event", "judge", event("validate-connection"), body)]).await);
        let connect = |key: &'static str| {
            let watched = Arc::clone(&watched);
            tokio::spawn(async move { watched.connect(key, json!({})).await })
        };
        // As after a crash: what the node has on trial is not its any more.
        let crash = async || {
            while watched.connection().await.json()["metadata"]["began"] != true {
                tokio::task::yield_now().await;
            }
            watched.app.engine.rescue_all_runs().await.unwrap();
        };
        // A new connection is gone, and the judge with it.
        let judged = connect("slow");
        crash().await;
        watched.connection().await.refused(404, "not_found");
        assert_ne!(judged.await.unwrap().status, 201);
        watched.connection().await.refused(404, "not_found");
        // One that was there has its old credentials, and a verdict that comes too late changes nothing.
        watched.connect("good", json!({})).await.expect(201);
        let judged = connect("slow");
        crash().await;
        assert_eq!(watched.connection().await.expect(200)["credentials"]["apiKey"], "good");
        let go = json!({ "provider_config_key": "crm", "connection_id": "acme", "metadata": { "go": true } });
        watched.app.dev().patch("/connections/metadata", go).await.expect(200);
        judged.await.unwrap().refused(409, "conflict");
        assert_eq!(watched.connection().await.expect(200)["credentials"]["apiKey"], "good");
    }

    async fn functions_clean_up_before_a_deletion(database) {
        let clean = ("on-event", "clean", event("pre-connection-deletion"), "await nango.post({ endpoint: '/goodbye', data: { from: nango.connectionId } });");
        let watched = Watched::new(database, &[clean]).await;
        let delete = || watched.app.dev().delete("/connections/acme?provider_config_key=crm");
        delete().await.refused(400, "unknown_connection");
        watched.connect("k", json!({})).await.expect(201);
        assert_eq!(delete().await.expect(200), json!({"success": true}));
        assert_eq!(watched.backend.take()[0].body, r#"{"from":"acme"}"#);
        watched.connection().await.refused(404, "not_found");
        // A function that fails does not stop it, and is named.
        watched.connect("k", json!({})).await.expect(201);
        watched.backend.answer(&[410]);
        let deleted = delete().await.expect(200);
        assert_eq!((&deleted["success"], &deleted["warnings"][0]["function"]), (&json!(true), &json!("clean")));
        assert!(deleted["warnings"][0]["message"].as_str().unwrap().contains("410"), "{deleted}");
        watched.connection().await.refused(404, "not_found");
    }

    async fn a_webhook_function_is_tried_again_before_the_next_webhook(database) {
        let body = "const before = (await nango.getMetadata()) ?? {};
                    await nango.updateMetadata({ seen: [...(before.seen ?? []), payload.n] });
                    if (payload.n === 1 && !before.seen) throw new Error('the first time');
                    await nango.batchSave([{ id: String(payload.n) }], 'Contact');";
        let subscribed = json!({ "frequency": "every day", "models": ["Contact"], "webhook_subscriptions": ["*"] });
        let watched = Watched::new(database, &[("sync", "contacts", subscribed, body)]).await;
        watched.connect("k", json!({})).await.expect(201);
        let environment = watched.app.engine.environment("dev").await.unwrap().uuid;
        for number in [1, 2] {
            let webhook = json!({"type": "x", "connectionId": "acme", "n": number});
            watched.app.anonymous().post(&format!("/webhook/{environment}/crm"), webhook).await.expect(200);
        }
        watched.app.engine.route_webhooks().await.unwrap();
        watched.work().await;
        watched.work().await;
        assert_eq!(watched.connection().await.expect(200)["metadata"]["seen"], json!([1]));
        watched.clock.advance(Duration::from_secs(3));
        watched.work().await;
        watched.work().await;
        assert_eq!(watched.connection().await.expect(200)["metadata"]["seen"], json!([1, 1, 2]));
        let records = watched.app.dev().get("/records?model=Contact").header("connection-id", "acme").header("provider-config-key", "crm");
        assert_eq!(records.await.expect(200)["records"].as_array().unwrap().len(), 2);
    }
}
