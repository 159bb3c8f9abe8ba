//! http-api.md §10: triggering, starting and pausing syncs, their state and their frequency.

use crate::fixtures::connections;
use bespoke_core::{
    function::{Definition, Hash, Origin, Source},
    record::read_batch,
    sync::Counts,
};
use bespoke_store::{Claim, DeployChanges, Finish, NewFunction, Writer};
use bespoke_testkit::{
    app::{Answer, Client, Options, TestApp},
    both,
    clock::ManualClock,
    database::Database,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

/// A server with the syncs `contacts` (every hour, started by itself) and `deals` of two connections. Nothing works by
/// itself: the test queues, claims and finishes runs.
struct Synced {
    app: TestApp,
    clock: ManualClock,
}

impl Synced {
    async fn new(database: Database) -> Self {
        let clock = ManualClock::default();
        let options = Options { clock: Some(clock.clone()), ..Options::default() };
        let app = TestApp::with(database, options).await;
        connections(&app.dev(), &["acme", "other"]).await;
        let synced = Self { app, clock };
        let functions =
            vec![function("contacts", "every hour", true), function("deals", "every 2 days", false)];
        let changes = DeployChanges {
            holder: Uuid::from_u128(1),
            origin: Origin::Repo,
            modules: Vec::new(),
            engine_version: "1",
            bytecode: Vec::new(),
            functions,
            deleted: Vec::new(),
        };
        let environment = synced.app.engine.environment("dev").await.unwrap().id;
        let store = &synced.app.store;
        assert!(store.begin_deployment(environment, changes.holder, Duration::from_secs(60)).await.unwrap());
        store.commit_deployment(environment, changes).await.unwrap();
        synced
    }

    fn dev(&self) -> Client {
        self.app.dev()
    }

    async fn claim(&self) -> Vec<Claim> {
        self.app.store.claim_runs(Uuid::from_u128(7), 100, Duration::from_secs(60)).await.unwrap()
    }

    /// Claims what is queued and lets it succeed; the names of what ran.
    async fn work(&self) -> Vec<String> {
        self.app.engine.enqueue_due_syncs().await.unwrap();
        let mut names = Vec::new();
        for claim in self.claim().await {
            let result = BTreeMap::from([(
                "Contact".to_owned(),
                Counts { added: 3, unchanged: 9, ..Counts::default() },
            )]);
            assert!(self.app.store.finish_run(&claim, Finish::succeeded(None, result)).await.unwrap());
            names.push(claim.run.function_name);
        }
        names.sort_unstable();
        names
    }

    async fn status(&self, syncs: &str) -> Vec<Value> {
        let path = format!("/sync/status?syncs={syncs}&provider_config_key=none&connection_id=acme");
        self.dev().get(&path).await.expect(200)["syncs"].as_array().unwrap().clone()
    }

    async fn contacts(&self) -> Value {
        self.status("contacts").await.remove(0)
    }

    async fn post(&self, command: &str, body: Value) -> Answer {
        self.dev().post(&format!("/sync/{command}"), body).await
    }

    async fn command(&self, command: &str, syncs: Value) {
        let body = json!({ "syncs": syncs, "provider_config_key": "none", "connection_id": "acme" });
        assert_eq!(self.post(command, body).await.expect(200), json!({ "success": true }));
    }
}

fn function(name: &str, frequency: &str, auto_start: bool) -> NewFunction {
    let definition = json!({
        "integration": "none", "kind": "sync", "name": name, "frequency": frequency, "auto_start": auto_start,
        "models": if name == "contacts" { json!(["Contact", "Company"]) } else { json!(["Deal"]) },
    });
    let definition: Definition = serde_json::from_value(definition).unwrap();
    let source = Source { path: format!("none/syncs/{name}.ts"), code: String::new() };
    NewFunction {
        definition,
        version: "1".to_owned(),
        modules: Vec::new(),
        source,
        fingerprint: Hash([0; 32]),
    }
}

both! {
    async fn the_state_of_a_sync_tells_its_story(database) {
        let synced = Synced::new(database).await;
        let first = synced.contacts().await;
        assert_eq!((&first["status"], &first["type"], &first["frequency"]), (&json!("RUNNING"), &json!("INITIAL"), &json!("1h")));
        assert_eq!(first["recordCount"], json!({ "Contact": 0, "Company": 0 }));
        assert_eq!((first.get("finishedAt"), first.get("latestResult")), (None, None));

        assert_eq!(synced.work().await, ["contacts", "contacts"]);
        let environment = synced.app.engine.environment("dev").await.unwrap().id;
        let connection = synced.app.engine.connection(environment, "none", "acme").await.unwrap();
        let store = &synced.app.store;
        let set = store.record_set(environment, connection.id, "Contact", "base").await.unwrap();
        let records = read_batch(br#"[{"id":1},{"id":2},{"id":3}]"#).unwrap();
        store.save_records(set, records.clone(), Writer::new(Uuid::from_u128(9), 0)).await.unwrap();
        store.delete_records(set, records[..1].to_vec(), Writer::new(Uuid::from_u128(9), 0)).await.unwrap();
        let done = synced.contacts().await;
        assert_eq!(
            done,
            json!({
                "id": first["id"], "connection_id": "acme", "name": "contacts", "variant": "base",
                "type": "INCREMENTAL", "status": "SUCCESS", "frequency": "1h",
                "finishedAt": "2026-01-01T00:00:00.000Z", "nextScheduledSyncAt": "2026-01-01T01:00:00.000Z",
                "latestResult": { "Contact": { "added": 3, "updated": 0, "deleted": 0 } },
                "latestExecutionStatus": "SUCCESS", "recordCount": { "Contact": 2, "Company": 0 }, "checkpoint": null,
            })
        );

        synced.clock.advance(Duration::from_secs(3_600));
        synced.app.engine.enqueue_due_syncs().await.unwrap();
        let claims = synced.claim().await;
        assert_eq!(synced.contacts().await["status"], "RUNNING");
        for claim in claims {
            store.finish_run(&claim, Finish::failed("{}".to_owned())).await.unwrap();
        }
        let failed = synced.contacts().await;
        assert_eq!((&failed["status"], &failed["latestExecutionStatus"]), (&json!("ERROR"), &json!("STOPPED")));

        let names = |syncs: &[Value]| syncs.iter().map(|sync| sync["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&synced.status("*").await), ["contacts", "deals"]);
        assert_eq!(names(&synced.status("deals::base,unknown,contacts::v").await), ["deals"]);
        let deals = synced.status("deals").await.remove(0);
        assert_eq!((&deals["status"], &deals["nextScheduledSyncAt"], &deals["frequency"]), (&json!("PAUSED"), &Value::Null, &json!("2 days")));
        let everybody = synced.dev().get("/sync/status?syncs=*&provider_config_key=none").await.expect(200);
        assert_eq!(everybody["syncs"].as_array().unwrap().len(), 4);
    }

    async fn a_trigger_runs_what_it_names(database) {
        let synced = Synced::new(database).await;
        synced.work().await;
        synced.command("trigger", json!(["deals"])).await;
        synced.command("trigger", json!([{ "name": "deals", "variant": "base" }])).await;
        assert_eq!(synced.work().await, ["deals"], "a second trigger while it waits is no second run");
        synced.command("trigger", json!([])).await;
        assert_eq!(synced.work().await, ["contacts", "deals"]);
        let body = json!({ "syncs": ["contacts::base"], "provider_config_key": "none" });
        synced.post("trigger", body).await.expect(200);
        assert_eq!(synced.work().await, ["contacts", "contacts"], "of every connection");
        let headers = synced.dev().post("/sync/trigger", json!({ "syncs": ["deals"] }));
        headers.header("Provider-Config-Key", "none").header("Connection-Id", "other").await.expect(200);
        assert_eq!(synced.work().await, ["deals"]);
    }

    async fn starting_over_forgets_the_last_run(database) {
        let synced = Synced::new(database).await;
        synced.work().await;
        for (more, input) in [
            (json!({ "opts": { "reset": true, "emptyCache": true } }), r#"{"reset":true,"emptyCache":true}"#),
            (json!({ "sync_mode": "full_refresh" }), r#"{"reset":true,"emptyCache":false}"#),
            (json!({ "full_resync": true }), r#"{"reset":true,"emptyCache":false}"#),
        ] {
            let mut body = json!({ "syncs": ["contacts"], "provider_config_key": "none", "connection_id": "acme" });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            synced.post("trigger", body).await.expect(200);
            assert_eq!(synced.contacts().await["type"], "INITIAL");
            let claims = synced.claim().await;
            assert_eq!(claims.len(), 1);
            assert_eq!(claims[0].run.input.as_deref(), Some(input));
            synced.app.store.finish_run(&claims[0], Finish::succeeded(None, BTreeMap::new())).await.unwrap();
            assert_eq!(synced.contacts().await["type"], "INCREMENTAL");
        }
    }

    async fn a_pause_holds_until_the_start(database) {
        let synced = Synced::new(database).await;
        synced.work().await;
        synced.command("trigger", json!(["contacts"])).await;
        synced.command("pause", json!(["contacts"])).await;
        synced.command("pause", json!(["contacts"])).await;
        let paused = synced.contacts().await;
        assert_eq!((&paused["status"], &paused["nextScheduledSyncAt"]), (&json!("PAUSED"), &Value::Null));
        synced.clock.advance(Duration::from_secs(7_200));
        assert_eq!(synced.work().await, ["contacts"], "the other connection's");
        synced.command("start", json!(["contacts"])).await;
        assert_eq!(synced.work().await, ["contacts"]);
        synced.command("start", json!([])).await;
        assert_eq!(synced.work().await, ["deals"], "contacts was on already");
        assert_eq!(synced.contacts().await["status"], "SUCCESS");
    }

    async fn a_connection_gets_its_own_frequency(database) {
        let synced = Synced::new(database).await;
        synced.work().await;
        let update = async |frequency: Value| {
            let body = json!({
                "sync_name": "contacts", "provider_config_key": "none", "connection_id": "acme", "frequency": frequency,
            });
            synced.dev().put("/sync/update-connection-frequency", body).await
        };
        assert_eq!(update(json!("every half day")).await.expect(200), json!({ "frequency": "12h" }));
        let sync = synced.contacts().await;
        assert_eq!((&sync["frequency"], &sync["nextScheduledSyncAt"]), (&json!("12h"), &json!("2026-01-01T12:00:00.000Z")));
        assert_eq!(update(Value::Null).await.expect(200), json!({ "frequency": "every hour" }));
        assert_eq!(synced.contacts().await["frequency"], "1h");
        update(json!("every 10 seconds")).await.refused_at(400, "invalid_body", "frequency");
        update(json!("now and then")).await.refused_at(400, "invalid_body", "frequency");
        let put = async |body: Value| synced.dev().put("/sync/update-connection-frequency", body).await;
        let unknown = json!({ "sync_name": "x", "provider_config_key": "none", "connection_id": "acme", "frequency": null });
        put(unknown).await.refused(400, "unknown_sync");
        let unknown = json!({ "sync_name": "x", "provider_config_key": "none", "connection_id": "x", "frequency": null });
        put(unknown).await.refused(400, "unknown_connection");
        let missing = json!({ "sync_name": "x", "provider_config_key": "none", "connection_id": "x" });
        put(missing).await.refused_at(400, "invalid_body", "frequency");
    }

    async fn each_command_says_what_it_does_not_know(database) {
        let synced = Synced::new(database).await;
        synced.work().await;
        for command in ["trigger", "start", "pause"] {
            let post = async |syncs: Value, key: &str, connection: &str| {
                let body = json!({ "syncs": syncs, "provider_config_key": key, "connection_id": connection });
                synced.post(command, body).await
            };
            post(json!([]), "unknown", "acme").await.refused(400, "unknown_provider_config");
            let answer = post(json!([]), "none", "unknown").await;
            answer.refused(404, "unknown_connection");
            let payload = json!({ "connectionId": "unknown", "providerConfigKey": "none" });
            assert_eq!(answer.json()["error"]["payload"], payload);
            post(json!(["deals", "unknown"]), "none", "acme").await.refused(400, "no_syncs_found");
            post(json!(["a b"]), "none", "acme").await.refused_at(400, "invalid_body", "syncs.0");
            let strict = json!({ "syncs": [], "provider_config_key": "none", "unknown": 1 });
            synced.post(command, strict).await.refused(400, "invalid_body");
            let everybody = json!({ "syncs": ["unknown"], "provider_config_key": "none" });
            synced.post(command, everybody).await.refused(400, "no_syncs_found");
        }
        assert!(synced.work().await.is_empty(), "nothing was triggered on the way to an error");
        synced.post("trigger", json!({ "syncs": [] })).await.refused(400, "missing_provider_config_key");
        synced.post("start", json!({ "syncs": [] })).await.refused_at(400, "invalid_body", "provider_config_key");
        let both = json!({ "syncs": [], "provider_config_key": "none", "opts": {}, "sync_mode": "incremental" });
        synced.post("trigger", both).await.refused(400, "invalid_body");
        let status = async |query: &str| synced.dev().get(&format!("/sync/status?{query}")).await;
        status("syncs=*&provider_config_key=unknown").await.refused(400, "unknown_provider_config");
        status("syncs=*&provider_config_key=none&connection_id=unknown").await.refused(400, "invalid_body");
        status("provider_config_key=none").await.refused_at(400, "invalid_query_params", "syncs");
        let prod = synced.app.prod().post("/sync/trigger", json!({ "syncs": [], "provider_config_key": "none" }));
        prod.await.refused(400, "unknown_provider_config");
    }
}
