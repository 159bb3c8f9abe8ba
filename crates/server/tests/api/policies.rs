//! Limits, lanes, idempotency keys, cancellation: what only shows while functions run.

use crate::fixtures::connections;
use bespoke_engine::{Settings, worker::Worker};
use bespoke_testkit::{
    app::{Answer, Client, Options, PROD_KEY, TestApp},
    both,
    clock::ManualClock,
    database::Database,
};
use serde_json::{Map, Value, json};
use std::{sync::Arc, time::Duration};

/// A server that runs functions, with these connections; its worker is the test's.
pub(crate) async fn app(database: Database, connection_ids: &[&str]) -> (TestApp, Arc<Worker>) {
    let engine = Settings { start_timeout: Duration::from_millis(300), ..Settings::default() };
    let options = Options { functions: true, engine: Some(engine), ..Options::default() };
    let app = TestApp::with(database, options).await;
    connections(&app.dev(), connection_ids).await;
    let worker = Worker::new(Arc::clone(&app.engine));
    (app, worker)
}

pub(crate) fn function(kind: &str, name: &str, exec: &str, more: Value) -> (Value, String) {
    let code = format!("export default {{ type: '{kind}', exec: async (nango, input) => {{ {exec} }} }};");
    let mut function = json!({
        "integration": "none", "kind": kind, "name": name, "modules": [format!("{name}.js")],
        "source": { "path": format!("none/{kind}s/{name}.ts"), "code": code },
    });
    function.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    (function, code)
}

pub(crate) async fn deploy(client: &Client, functions: Vec<(Value, String)>) -> Answer {
    let modules: Map<String, Value> = functions
        .iter()
        .map(|(function, code)| {
            (format!("{}.js", function["name"].as_str().unwrap()), json!({ "code": code }))
        })
        .collect();
    let functions: Vec<Value> = functions.into_iter().map(|(function, _)| function).collect();
    client.post("/deployments", json!({ "functions": functions, "modules": modules })).await
}

/// Calls an action for the connection `a` with these further headers.
pub(crate) async fn act(client: &Client, name: &str, input: Value, headers: &[(&str, &str)]) -> Answer {
    let body = json!({ "action_name": name, "input": input });
    let call = client.post("/action/trigger", body).header("Provider-Config-Key", "none");
    let is_named = headers.iter().any(|(name, _)| *name == "Connection-Id");
    let call = if is_named { call } else { call.header("Connection-Id", "a") };
    headers.iter().fold(call, |call, (name, value)| call.header(name, value)).await
}

/// Queues an action; its id.
async fn queue(client: &Client, name: &str, input: Value, headers: &[(&str, &str)]) -> String {
    let headers = [&[("X-Async", "true")], headers].concat();
    act(client, name, input, &headers).await.expect(202)["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn work(worker: &Arc<Worker>) {
    worker.run_due().await.unwrap();
    worker.idle().await;
}

/// Notes in the metadata that it began, waits until the metadata says `go`, and answers.
const GATE: &str = "await nango.updateMetadata({ [input]: 'began' });
    for (;;) { const { metadata } = await nango.getConnection(undefined, undefined, { forceRefresh: true }); if (metadata.go === input) return input; await new Promise((next) => setTimeout(next, 5)); }";

async fn metadata(client: &Client, id: &str) -> Value {
    crate::fixtures::metadata(client, id).await
}

async fn let_go(client: &Client, which: &str) {
    let body = json!({ "provider_config_key": "none", "connection_id": "a", "metadata": { "go": which } });
    client.patch("/connections/metadata", body).await.expect(200);
}

/// Waits until the function has said that it began.
async fn began(client: &Client, id: &str, which: &str) {
    while metadata(client, id).await[which] != "began" {
        tokio::task::yield_now().await;
    }
}

both! {
    async fn limits_are_refused_by_their_field_and_kept_by_runs(database) {
        let (app, _) = app(database, &["a"]).await;
        let dev = app.dev();
        let with = |limits: Value| vec![function("action", "spin", "for (;;);", json!({ "limits": limits }))];
        for (limits, place, message) in [
            (json!({ "timeout": "2h" }), "functions.0.limits.timeout", "from 1s to 1h"),
            (json!({ "memory": "4096MB" }), "functions.0.limits.memory", "from 16MB to 1024MB"),
            (json!({ "concurrency": 0 }), "functions.0.limits.concurrency", "from 1 to 100"),
            (json!({ "retries": { "attempts": 11 } }), "functions.0.limits.retries.attempts", "from 0 to 10"),
            (json!({ "cpu": "1s" }), "functions.0.limits", "`cpu` is not known"),
        ] {
            let answer = deploy(&dev, with(limits)).await;
            answer.refused_at(400, "invalid_body", place);
            assert!(answer.text().contains(message), "{}", answer.text());
        }
        deploy(&dev, vec![
            function("action", "spin", "for (;;);", json!({ "limits": { "timeout": "1s" } })),
            function("action", "wait", "await new Promise(() => setTimeout(() => {}, 60_000));", json!({ "limits": { "timeout": "1s" } })),
            function("action", "fill", "const all = []; for (;;) all.push(new Array(1000).fill(all.length));", json!({ "limits": { "memory": "16MB" } })),
        ]).await.expect(200);
        let (spin, wait, fill) = tokio::join!(
            act(&dev, "spin", Value::Null, &[]), act(&dev, "wait", Value::Null, &[]), act(&dev, "fill", Value::Null, &[]));
        spin.refused(500, "execution_timeout");
        wait.refused(500, "execution_timeout");
        fill.refused(500, "function_runtime_out_of_memory");
    }

    async fn an_action_goes_on_only_so_often_at_once_for_a_connection(database) {
        let (app, worker) = app(database, &["a", "b"]).await;
        let dev = app.dev();
        deploy(&dev, vec![
            function("action", "one", GATE, json!({ "limits": { "concurrency": 1 } })),
            function("action", "free", GATE, json!({})),
        ]).await.expect(200);
        let first = tokio::spawn({ let dev = dev.clone(); async move { act(&dev, "one", json!("x"), &[]).await } });
        began(&dev, "a", "x").await;
        // The second waits for its turn, and not for ever. A queued one waits as long as it takes.
        let late = act(&dev, "one", json!("y"), &[]).await;
        late.refused(500, "action_script_failure");
        assert!(late.text().contains("did not start within 0.3 seconds"), "{}", late.text());
        let queued = queue(&dev, "one", json!("z"), &[]).await;
        worker.run_due().await.unwrap();
        assert_eq!(metadata(&dev, "a").await["z"], Value::Null);
        // Another connection is another matter, and so is another action.
        let elsewhere = tokio::spawn({ let dev = dev.clone(); async move { act(&dev, "one", json!("b"), &[("Connection-Id", "b")]).await } });
        began(&dev, "b", "b").await;
        elsewhere.abort();
        let beside = tokio::spawn({ let dev = dev.clone(); async move { act(&dev, "free", json!("w"), &[]).await } });
        began(&dev, "a", "w").await;
        let_go(&dev, "x").await;
        assert_eq!(first.await.unwrap().expect(200), "x");
        // The place is given back a moment after the answer.
        while metadata(&dev, "a").await["z"] != "began" {
            worker.run_due().await.unwrap();
        }
        let_go(&dev, "z").await;
        worker.idle().await;
        assert_eq!(dev.get(&format!("/action/{queued}")).await.expect(200), "z");
        let_go(&dev, "w").await;
        assert_eq!(beside.await.unwrap().expect(200), "w");
    }

    async fn queued_actions_of_a_connection_go_on_in_their_order(database) {
        let (app, worker) = app(database, &["a", "b"]).await;
        let dev = app.dev();
        deploy(&dev, vec![
            function("action", "one", GATE, json!({})),
            function("action", "two", "await nango.updateMetadata({ two: 'began' }); return null;", json!({})),
        ]).await.expect(200);
        let first = queue(&dev, "one", json!("x"), &[]).await;
        let second = queue(&dev, "two", Value::Null, &[]).await;
        let elsewhere = queue(&dev, "two", Value::Null, &[("Connection-Id", "b")]).await;
        let answer = dev.get(&format!("/action/{first}")).await;
        answer.refused(404, "not_found");
        assert_eq!((answer.header("x-action-state"), &answer.json()["error"]["payload"]["state"]), ("queued", &json!("queued")));
        worker.run_due().await.unwrap();
        began(&dev, "a", "x").await;
        began(&dev, "b", "two").await;
        let answer = dev.get(&format!("/action/{first}")).await;
        assert_eq!((answer.status, answer.header("x-action-state")), (404, "running"));
        let unknown = dev.get("/action/11111111-1111-4111-8111-111111111111").await;
        assert_eq!((unknown.status, unknown.header("x-action-state")), (404, ""));
        assert_eq!(metadata(&dev, "a").await["two"], Value::Null, "it waits for the one before it");
        let_go(&dev, "x").await;
        worker.idle().await;
        work(&worker).await;
        assert_eq!(dev.get(&format!("/action/{first}")).await.expect(200), "x");
        for id in [second, elsewhere] {
            assert_eq!(dev.get(&format!("/action/{id}")).await.expect(200), Value::Null, "null is an output");
        }
    }

    async fn a_failed_run_is_tried_again_as_often_as_was_said(database) {
        let clock = ManualClock::default();
        let options = Options { functions: true, clock: Some(clock.clone()), ..Options::default() };
        let app = TestApp::with(database, options).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let worker = Worker::new(Arc::clone(&app.engine));
        let count = "const { tries = 0 } = await nango.getMetadata() ?? {}; await nango.updateMetadata({ tries: tries + 1 }); if (tries < 2) throw new Error('not yet'); return tries;";
        let retries = json!({ "limits": { "retries": { "attempts": 2, "backoff": "10s" } } });
        let mut sync = json!({ "frequency": "every day", "models": [] });
        sync.as_object_mut().unwrap().extend(retries.as_object().unwrap().clone());
        deploy(&dev, vec![
            function("action", "own", count, retries),
            function("action", "plain", count, json!({})),
            function("sync", "sync", count, sync),
        ]).await.expect(200);
        let reset = async || {
            let body = json!({ "provider_config_key": "none", "connection_id": "a", "metadata": { "tries": 0 } });
            dev.patch("/connections/metadata", body).await.expect(200);
        };
        let tries = async || metadata(&dev, "a").await["tries"].clone();
        // The function's own number, with its waits: 10 and 20 seconds.
        let id = queue(&dev, "own", Value::Null, &[]).await;
        work(&worker).await;
        for (wait, before, after) in [(10, 1, 2), (20, 2, 3)] {
            clock.advance(Duration::from_secs(wait - 1));
            work(&worker).await;
            assert_eq!(tries().await, before);
            clock.advance(Duration::from_secs(1));
            work(&worker).await;
            assert_eq!(tries().await, after);
        }
        assert_eq!(dev.get(&format!("/action/{id}")).await.expect(200), 2);
        // The caller's number counts more, also where it is 0.
        reset().await;
        let id = queue(&dev, "own", Value::Null, &[("X-Max-Retries", "0")]).await;
        work(&worker).await;
        dev.get(&format!("/action/{id}")).await.refused(500, "script_internal_error");
        reset().await;
        let id = queue(&dev, "plain", Value::Null, &[("X-Max-Retries", "1")]).await;
        for _ in 0..3 {
            work(&worker).await;
            clock.advance(Duration::from_secs(600));
        }
        assert_eq!(tries().await, 2);
        dev.get(&format!("/action/{id}")).await.refused(500, "script_internal_error");
        // A sync is tried again too.
        reset().await;
        dev.post("/sync/trigger", json!({ "syncs": ["sync"], "provider_config_key": "none", "connection_id": "a" })).await.expect(200);
        for _ in 0..3 {
            work(&worker).await;
            clock.advance(Duration::from_secs(60));
        }
        let status = dev.get("/sync/status?syncs=*&provider_config_key=none&connection_id=a").await.expect(200);
        assert_eq!((tries().await, &status["syncs"][0]["latestExecutionStatus"]), (json!(3), &json!("SUCCESS")));
    }

    async fn a_request_with_a_key_is_made_once(database) {
        let (app, worker) = app(database, &["a"]).await;
        let dev = app.dev();
        let count = "const { tries = 0 } = await nango.getMetadata() ?? {}; await nango.updateMetadata({ tries: tries + 1 }); if (input === 'fail') throw new nango.ActionError({ tries }); return { tries };";
        deploy(&dev, vec![
            function("action", "count", count, json!({})),
            function("action", "gate", GATE, json!({})),
            function("sync", "sync", count, json!({ "frequency": "every day", "models": [] })),
        ]).await.expect(200);
        fn key(key: &str) -> (&str, &str) {
            ("Idempotency-Key", key)
        }
        // An action that is waited for: output and failure come again, and nothing runs again.
        let first = act(&dev, "count", json!(1), &[key("k-1")]).await;
        assert_eq!((first.header("idempotent-replayed"), first.expect(200)), ("", json!({ "tries": 0 })));
        let again = act(&dev, "count", json!(1), &[key("k-1")]).await;
        assert_eq!((again.header("idempotent-replayed"), again.expect(200)), ("true", json!({ "tries": 0 })));
        act(&dev, "count", json!(2), &[key("k-1")]).await.refused(422, "idempotency_key_reused");
        act(&dev, "count", json!(1), &[key("k-1"), ("X-Async", "true")]).await.refused(422, "idempotency_key_reused");
        for _ in 0..2 {
            let failed = act(&dev, "count", json!("fail"), &[key("k-2")]).await;
            failed.refused(500, "action_script_runtime_error");
            assert_eq!(failed.json()["error"]["payload"], json!({ "tries": 1 }));
        }
        assert_eq!(act(&dev, "count", json!(1), &[]).await.expect(200), json!({ "tries": 2 }));
        // What never ran leaves its key free.
        act(&dev, "unknown", json!(1), &[key("k-3")]).await.refused(404, "not_found");
        act(&dev, "count", json!(1), &[key("k-3"), ("Connection-Id", "nobody")]).await.refused(400, "unknown_connection");
        act(&dev, "count", json!(1), &[key("k-3")]).await.expect(200);
        for bad in ["", "a b", &"x".repeat(256), "é"] {
            act(&dev, "count", json!(1), &[key(bad)]).await.refused_at(400, "invalid_headers", "idempotency-key");
        }
        // While the first goes on, the second is told so.
        let going = tokio::spawn({ let dev = dev.clone(); async move { act(&dev, "gate", json!("x"), &[("Idempotency-Key", "k-4")]).await } });
        began(&dev, "a", "x").await;
        act(&dev, "gate", json!("x"), &[key("k-4")]).await.refused(409, "idempotency_key_in_use");
        let_go(&dev, "x").await;
        assert_eq!(going.await.unwrap().expect(200), "x");
        assert_eq!(act(&dev, "gate", json!("x"), &[key("k-4")]).await.expect(200), "x");
        // Queued ones get the same id.
        let one = queue(&dev, "count", json!(7), &[key("k-5")]).await;
        assert_eq!(queue(&dev, "count", json!(7), &[key("k-5")]).await, one);
        work(&worker).await;
        assert_eq!(queue(&dev, "count", json!(7), &[key("k-5")]).await, one);
        work(&worker).await;
        assert_eq!(dev.get(&format!("/action/{one}")).await.expect(200), json!({ "tries": 4 }));
        assert_eq!(metadata(&dev, "a").await["tries"], 5);
        // Syncs have keys of their own.
        let trigger = async |more: Value, key: &str| {
            let mut body = json!({ "syncs": ["sync"], "provider_config_key": "none", "connection_id": "a" });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let answer = dev.post("/sync/trigger", body).header("Idempotency-Key", key).await;
            work(&worker).await;
            answer
        };
        for replayed in ["", "true", "true"] {
            let answer = trigger(json!({}), "k-1").await;
            assert_eq!((answer.header("idempotent-replayed"), answer.expect(200)), (replayed, json!({ "success": true })));
        }
        assert_eq!(metadata(&dev, "a").await["tries"], 6);
        trigger(json!({ "opts": { "reset": true } }), "k-1").await.refused(422, "idempotency_key_reused");
        trigger(json!({ "syncs": ["unknown"] }), "k-6").await.refused(400, "no_syncs_found");
        trigger(json!({}), "k-6").await.expect(200);
        // Another environment knows none of these keys.
        let prod = app.prod();
        connections(&prod, &["a"]).await;
        act(&prod, "count", json!(1), &[key("k-1")]).await.refused(404, "not_found");
    }

    async fn a_function_that_asks_our_own_api_too_often_is_told_so(database) {
        let options = Options { functions: true, settings: vec![("BESPOKE_RATE_LIMIT", "20".to_owned())], clock: Some(ManualClock::default()), ..Options::default() };
        let app = TestApp::with(database, options).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let ask = format!(
            "return nango.get({{ baseUrlOverride: '{}', endpoint: '/providers', headers: {{ authorization: 'Bearer {PROD_KEY}' }} }});",
            app.url()
        );
        deploy(&dev, vec![function("action", "ask", &ask, json!({}))]).await.expect(200);
        while app.prod().get("/providers").await.status != 429 {}
        let refused = act(&dev, "ask", Value::Null, &[]).await;
        refused.refused(424, "script_api_rate_limit_error");
        assert_eq!(refused.json()["error"]["upstream"]["status"], 429, "{}", refused.text());
    }

    async fn pausing_stops_a_sync_at_once_and_it_saves_nothing_more(database) {
        let (app, worker) = app(database, &["a"]).await;
        let dev = app.dev();
        let model = |model: &str| json!({ "frequency": "every day", "models": [model] });
        deploy(&dev, vec![
            function("sync", "spin", "await nango.updateMetadata({ spin: 'began' }); for (;;);", model("Contact")),
            function("sync", "save", "await nango.updateMetadata({ save: 'began' }); for (let id = 1; ; id += 1) await nango.batchSave([{ id: `${id}` }], 'Deal');", model("Deal")),
        ]).await.expect(200);
        let steer = async |path: &str, sync: &str| {
            let body = json!({ "syncs": [sync], "provider_config_key": "none", "connection_id": "a" });
            dev.post(path, body).await.expect(200);
        };
        let count = async || {
            let path = "/sync/status?syncs=save&provider_config_key=none&connection_id=a";
            dev.get(path).await.expect(200)["syncs"][0]["recordCount"]["Deal"].clone()
        };
        // Long before the limits of time: five minutes of processor, a day on the clock.
        let ends = async || tokio::time::timeout(Duration::from_secs(20), worker.idle()).await.expect("the run ends");
        steer("/sync/trigger", "spin").await;
        worker.run_due().await.unwrap();
        began(&dev, "a", "spin").await;
        steer("/sync/pause", "spin").await;
        worker.beat().await.unwrap();
        ends().await;
        // Here the node hears nothing of it: the store alone keeps the run from saving.
        steer("/sync/trigger", "save").await;
        worker.run_due().await.unwrap();
        began(&dev, "a", "save").await;
        steer("/sync/pause", "save").await;
        let before = count().await;
        ends().await;
        assert_eq!(count().await, before, "what was cancelled saved something more");
        let status = dev.get("/sync/status?syncs=*&provider_config_key=none&connection_id=a").await.expect(200);
        for sync in status["syncs"].as_array().unwrap() {
            assert_eq!((&sync["status"], &sync["latestExecutionStatus"]), (&json!("PAUSED"), &json!("STOPPED")), "{sync}");
        }
    }
}
