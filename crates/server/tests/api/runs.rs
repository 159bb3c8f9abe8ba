//! `GET /runs` and `GET /runs/{id}`: the history of executions.

use crate::fixtures::{connections, integration};
use bespoke_core::{
    id::{ConnectionId, EnvironmentId, FunctionId},
    log::{Level, LogId, LogKind, LogLine, LogOrigin},
    run::RunKind,
    sync::Counts,
};
use bespoke_store::{Finish, NewRun};
use bespoke_testkit::{
    app::{Client, Options, TestApp},
    both,
    clock::ManualClock,
    database::Database,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use uuid::Uuid;

struct Ran {
    app: TestApp,
    clock: ManualClock,
    environment: EnvironmentId,
}

impl Ran {
    async fn new(database: Database) -> Self {
        let clock = ManualClock::default();
        let engine =
            bespoke_engine::Settings { run_retention: Duration::from_secs(3_600), ..Default::default() };
        let options = Options { clock: Some(clock.clone()), engine: Some(engine), ..Options::default() };
        let app = TestApp::with(database, options).await;
        let dev = app.dev();
        connections(&dev, &["a", "b"]).await;
        integration(&dev, "other", "test-none").await;
        let body = json!({ "provider_config_key": "other", "connection_id": "a", "credentials": { "type": "NONE" } });
        dev.post("/connections", body).await.expect(201);
        let environment = app.engine.environment("dev").await.unwrap().id;
        Self { app, clock, environment }
    }

    async fn connection(&self, key: &str, id: &str) -> ConnectionId {
        self.app.engine.connection(self.environment, key, id).await.unwrap().id
    }

    async fn queue(&self, id: u128, kind: RunKind, connection: ConnectionId, function: &str) {
        let now = self.app.engine.now();
        let run = NewRun {
            id: Uuid::from_u128(id),
            environment: self.environment,
            kind,
            connection,
            function_name: function.to_owned(),
            sync: None,
            run_at: now,
            lane: None,
            max_attempts: 1,
            input: None,
            now,
        };
        assert!(self.app.store.enqueue_run(run).await.unwrap());
    }

    /// Claims all that is queued and ends it.
    async fn finish(&self, finish: Finish) {
        let claims =
            self.app.store.claim_runs(Uuid::from_u128(1), 100, Duration::from_secs(60)).await.unwrap();
        for claim in claims {
            self.clock.advance(Duration::from_millis(1_500));
            assert!(self.app.store.finish_run(&claim, finish.clone()).await.unwrap());
        }
    }
}

async fn list(client: &Client, query: &str) -> Vec<Value> {
    client.get(&format!("/runs?{query}")).await.expect(200)["runs"].as_array().unwrap().clone()
}

both! {
    async fn every_filter_finds_its_runs_and_pages_have_no_gaps(database) {
        let ran = Ran::new(database).await;
        let (a, b, other) =
            (ran.connection("none", "a").await, ran.connection("none", "b").await, ran.connection("other", "a").await);
        let start = ran.app.engine.now();
        for number in 0..30 {
            let connection = [a, b, other][(number % 3) as usize];
            let kind = if number % 2 == 0 { RunKind::Action } else { RunKind::OnEvent };
            ran.queue(100 + number, kind, connection, if number % 5 == 0 { "rare" } else { "often" }).await;
            if number == 9 {
                let failure = json!({ "code": "script_internal_error", "message": "broken", "status": 500, "stack": "at f.ts:1:2" });
                ran.finish(Finish::failed(failure.to_string())).await;
            }
            if number == 19 {
                let counts = Counts { added: 3, ..Counts::default() };
                ran.finish(Finish::succeeded(None, BTreeMap::from([("Contact".to_owned(), counts)]))).await;
            }
        }
        let dev = ran.app.dev();
        let count = async |query: &str| list(&dev, query).await.len();
        assert_eq!(count("").await, 30);
        assert_eq!(count("provider_config_key=none").await, 20);
        assert_eq!(count("provider_config_key=unknown").await, 0);
        assert_eq!(count("connection_id=a").await, 20, "at both integrations");
        assert_eq!(count("connection_id=a&provider_config_key=other").await, 10);
        assert_eq!(count("function=rare").await, 6);
        assert_eq!(count("kind=on-event").await, 15);
        assert_eq!(count("status=failed").await, 10);
        assert_eq!(count("status=queued,failed").await, 20);
        assert_eq!(count("status=succeeded&function=rare&connection_id=b").await, 1);
        let after = start.after(Duration::from_secs(1)).millis_zulu();
        assert_eq!((count(&format!("from={after}")).await, count(&format!("to={after}")).await), (20, 10));
        let failed = list(&dev, "status=failed&limit=1").await.remove(0);
        assert_eq!(failed["error"], json!({ "code": "script_internal_error", "message": "broken" }));
        let done = list(&dev, "status=succeeded&limit=1").await.remove(0);
        assert_eq!(done["counts"], json!({ "Contact": { "added": 3, "updated": 0, "deleted": 0 } }));

        for filter in ["", "connection_id=a&", "provider_config_key=none&", "status=queued,succeeded&"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = dev.get(&format!("/runs?{filter}limit=7{cursor}")).await.expect(200);
                seen.extend(page["runs"].as_array().unwrap().iter().map(|run| run["id"].clone()));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            let whole: Vec<_> = list(&dev, filter.trim_end_matches('&')).await.iter().map(|run| run["id"].clone()).collect();
            assert_eq!(seen, whole, "{filter}");
        }
        assert!(list(&ran.app.prod(), "").await.is_empty());
        dev.get("/runs?status=lost").await.refused_at(400, "invalid_query_params", "status");
    }

    async fn what_was_done_under_a_revision_is_told(database) {
        let ran = Ran::new(database).await;
        let (dev, store) = (ran.app.dev(), &ran.app.store);
        let path = "/connections/a/metadata?provider_config_key=none";
        for number in 2..=3 {
            dev.put(path, json!({ "number": number })).await.expect(200);
        }
        let (a, b) = (ran.connection("none", "a").await, ran.connection("none", "b").await);
        for (id, connection, revision, added, deleted) in
            [(1, a, 2, 5, 0), (2, a, 3, 1, 2), (3, a, 3, 1, 2), (4, a, 3, 0, 0), (5, b, 3, 9, 0)]
        {
            ran.queue(id, RunKind::Sync, connection, "contacts").await;
            let claims = store.claim_runs(Uuid::from_u128(1), 1, Duration::from_secs(60)).await.unwrap();
            store.begin_run(&claims[0], FunctionId(1), revision).await.unwrap();
            let counts = Counts { added, deleted, ..Counts::default() };
            let result = BTreeMap::from([("Contact".to_owned(), counts), ("Deal".to_owned(), counts)]);
            let finish = if id == 4 { Finish::failed("{}".to_owned()) } else { Finish::succeeded(None, result) };
            assert!(store.finish_run(&claims[0], finish).await.unwrap());
        }
        assert_eq!(list(&dev, "connection_id=a&metadata_revision=3").await.len(), 3);
        assert_eq!(list(&dev, "connection_id=a&metadata_revision=3&status=failed").await.len(), 1);
        assert_eq!(list(&dev, "connection_id=a&metadata_revision=1").await.len(), 0);
        dev.get("/runs?metadata_revision=3").await.refused_at(400, "invalid_query_params", "metadata_revision");
        dev.get("/runs?connection_id=a&metadata_revision=x").await.refused_at(400, "invalid_query_params", "metadata_revision");

        let page = dev.get("/connections/a/metadata/revisions?provider_config_key=none&include_usage=true&limit=3").await.expect(200);
        let usage: Vec<&Value> = page["revisions"].as_array().unwrap().iter().map(|one| &one["usage"]).collect();
        let none = json!({ "runs": 0, "added": 0, "updated": 0, "deleted": 0 });
        let two = json!({ "runs": 1, "added": 10, "updated": 0, "deleted": 0 });
        let three = json!({ "runs": 3, "added": 4, "updated": 0, "deleted": 8 });
        assert_eq!(usage, [&three, &two, &none]);
        let page = dev.get("/connections/a/metadata/revisions?provider_config_key=none").await.expect(200);
        assert!(page["revisions"][0].get("usage").is_none());
    }

    async fn a_run_is_shown_with_its_lines_and_found_by_them(database) {
        let ran = Ran::new(database).await;
        let id = Uuid::from_u128(100);
        ran.queue(100, RunKind::Action, ran.connection("none", "a").await, "echo").await;
        ran.queue(101, RunKind::Action, ran.connection("none", "b").await, "echo").await;
        let origin = LogOrigin {
            environment: ran.environment,
            provider_config_key: Some("none".to_owned()),
            connection_id: Some("a".to_owned()),
            function: Some("echo".to_owned()),
            run: Some(id),
        };
        let (start, origin) = (LogId::first_at(ran.app.engine.now()).0, Arc::new(origin));
        let line = |number: i64| LogLine {
            id: LogId(start + number),
            origin: Arc::clone(&origin),
            kind: LogKind::Log,
            level: Level::Info,
            status: None,
            message: format!("said {number}"),
            meta: None,
        };
        ran.app.store.write_logs((0..501).map(line).collect(), Vec::new()).await.unwrap();
        let failure = json!({ "code": "x", "message": "m", "status": 500, "stack": "at echo.ts:3:7", "payload": { "a": 1 } });
        ran.finish(Finish::failed(failure.to_string())).await;
        let dev = ran.app.dev();
        let run = dev.get(&format!("/runs/{id}")).await.expect(200);
        assert_eq!((&run["status"], &run["duration_ms"], &run["function"]), (&json!("failed"), &json!(1_500), &json!("echo")));
        assert_eq!((&run["error"]["stack"], &run["error"]["payload"]), (&json!("at echo.ts:3:7"), &json!({ "a": 1 })));
        let lines = run["logs"].as_array().unwrap();
        assert_eq!((lines.len(), &lines[0]["message"], &lines[499]["message"]), (500, &json!("said 1"), &json!("said 500")));
        assert_eq!(run["has_more_logs"], true);

        let found = list(&dev, "query=SAID%20500").await;
        assert_eq!((found.len(), &found[0]["id"]), (1, &json!(id)));
        assert_eq!(list(&dev, "query=said&connection_id=a&status=failed&function=echo").await.len(), 1);
        assert!(list(&dev, "query=said&connection_id=b").await.is_empty());
        assert!(list(&dev, "query=unheard").await.is_empty() && list(&dev, "query=%21%21").await.is_empty());

        ran.app.prod().get(&format!("/runs/{id}")).await.refused(404, "not_found");
        dev.get(&format!("/runs/{}", Uuid::from_u128(5))).await.refused(404, "not_found");
        dev.get("/runs/nonsense").await.refused_at(400, "invalid_uri_params", "id");
        ran.app.with_scopes(&["environment:records:read"]).await.get("/runs").await.refused(403, "forbidden");
        ran.clock.advance(Duration::from_secs(4_000));
        ran.app.engine.tidy().await.unwrap();
        dev.get(&format!("/runs/{id}")).await.refused(404, "not_found");
    }
}
