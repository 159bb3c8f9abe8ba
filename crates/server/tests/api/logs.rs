//! `GET /logs`: what is kept of requests and events, how it is found, and what is never in it.

use crate::fixtures::{connections, integration};
use axum::{Router, http::HeaderMap, http::StatusCode, routing::get};
use bespoke_core::{
    log::{Level, LogId, LogKind, LogLine, LogOrigin},
    run::RunState,
    time::{Clock as _, Timestamp},
};
use bespoke_engine::{
    logs::{LogQuery, RunsQuery},
    worker::Worker,
};
use bespoke_testkit::{
    app::{Client, DEV_KEY, Options, TestApp},
    both,
    clock::ManualClock,
    database::Database,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};
use uuid::Uuid;

const TOKEN: &str = "sk-live-0123456789";

/// A provider that answers well at `/good`, and at `/bad` with an error that holds the token which it got.
struct Provider(String, JoinHandle<()>);

impl Drop for Provider {
    fn drop(&mut self) {
        self.1.abort();
    }
}

impl Provider {
    async fn start() -> Self {
        let bad = |headers: HeaderMap| async move {
            let shown = headers["authorization"].to_str().unwrap().to_owned();
            (StatusCode::NOT_FOUND, format!("no such contact for {shown}"))
        };
        let router = Router::new().route("/good", get(|| async { "fine" })).route("/bad", get(bad));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self(url, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
    }

    /// The connection `a` at `crm`, whose requests go there with [`TOKEN`].
    async fn connect(&self, client: &Client) {
        integration(client, "crm", "test-api-key").await;
        let body = json!({
            "provider_config_key": "crm", "connection_id": "a", "connection_config": { "base_url": self.0 },
            "credentials": { "type": "API_KEY", "apiKey": TOKEN },
        });
        client.post("/connections", body).await.expect(201);
    }
}

async fn ask(client: &Client, path: &str) -> u16 {
    let call = client.get(&format!("/proxy{path}"));
    call.header("provider-config-key", "crm").header("connection-id", "a").await.status
}

async fn logs(client: &Client, query: &str) -> Vec<Value> {
    client.get(&format!("/logs?{query}")).await.expect(200)["logs"].as_array().unwrap().clone()
}

fn line(app: &TestApp, environment: bespoke_core::id::EnvironmentId, number: i64) -> LogLine {
    LogLine {
        id: LogId(LogId::first_at(app.engine.now()).0 + number),
        origin: Arc::new(LogOrigin {
            environment,
            provider_config_key: Some(format!("crm-{}", number % 2)),
            connection_id: Some(format!("customer-{}", number % 3)),
            function: Some(format!("f{}", number % 5)),
            run: Some(Uuid::from_u128((number % 7) as u128)),
        }),
        kind: LogKind::Log,
        level: Level::ALL[(number % 4) as usize],
        status: None,
        message: format!("line {number}"),
        meta: Some(json!({ "number": number }).to_string()),
    }
}

both! {
    async fn requests_are_kept_without_their_secrets(database) {
        let (app, provider) = (TestApp::start(database).await, Provider::start().await);
        let dev = app.dev();
        provider.connect(&dev).await;
        assert_eq!(ask(&dev, &format!("/good?page=2&api_key=abc123&q={TOKEN}")).await, 200);
        assert_eq!(ask(&dev, "/bad").await, 404);
        assert_eq!(ask(&dev, "/good").await, 200);
        let http = logs(&dev, "kind=http").await;
        assert_eq!(http.len(), 3);
        let [newest, bad, first] = &http[..] else { panic!("{http:?}") };
        assert_eq!(newest["http"]["url"], format!("{}/good", provider.0));
        assert_eq!((&newest["level"], &newest["http"]["status"], &newest["http"]["attempts"]), (&json!("info"), &json!(200), &json!(1)));
        assert_eq!((&newest["http"]["response_bytes"], &newest["http"]["request_bytes"]), (&json!(4), &json!(0)));
        assert_eq!((&newest["provider_config_key"], &newest["connection_id"]), (&json!("crm"), &json!("a")));
        assert_eq!(first["http"]["url"], format!("{}/good?page=2&api_key=[secret]&q=[secret]", provider.0));
        assert_eq!((&bad["level"], &bad["http"]["method"]), (&json!("error"), &json!("GET")));
        assert_eq!(bad["http"]["error_body"], "no such contact for Bearer [secret]");
        assert!(!json!(http).to_string().contains(TOKEN) && !json!(http).to_string().contains("abc123"));

        assert_eq!(logs(&dev, "status=404").await.len(), 1);
        assert_eq!(logs(&dev, "status=2xx").await.len(), 2);
        assert_eq!(logs(&dev, "query=such%20contact").await, std::slice::from_ref(bad));
        assert_eq!(logs(&dev, &format!("query={TOKEN}")).await.len(), 0);
        assert_eq!(logs(&dev, "connection_id=a&provider_config_key=crm&level=warn").await, std::slice::from_ref(bad));
        assert!(logs(&app.prod(), "").await.is_empty());
        app.with_scopes(&["environment:proxy"]).await.get("/logs").await.refused(403, "forbidden");
    }

    async fn a_request_without_an_answer_says_why(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        let nobody = {
            let provider = Provider::start().await;
            provider.connect(&dev).await;
            provider.1.abort();
            provider.0.clone()
        };
        // Nobody listens there any more once the task has ended.
        while TcpStream::connect(nobody.trim_start_matches("http://")).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert_eq!(ask(&dev, "/good").await, 502);
        let http = logs(&dev, "kind=http&level=error").await;
        assert_eq!((&http[0]["http"]["error_code"], &http[0]["http"]["status"]), (&json!("ECONNREFUSED"), &Value::Null));
        assert_eq!(http[0]["http"]["url"], format!("{nobody}/good"));
    }

    async fn every_filter_finds_its_lines_and_pages_have_no_gaps(database) {
        let clock = ManualClock::default();
        let options = Options { clock: Some(clock.clone()), ..Options::default() };
        let app = TestApp::with(database, options).await;
        let dev = app.dev();
        let environment = app.engine.environment("dev").await.unwrap().id;
        let start = clock.now();
        for batch in 0..3_i64 {
            let lines = (0..70).map(|number| line(&app, environment, batch * 70 + number)).collect();
            app.store.write_logs(lines, Vec::new()).await.unwrap();
            clock.advance(Duration::from_secs(60));
        }
        let count = async |query: &str| logs(&dev, &format!("limit=1000&{query}")).await.len();
        assert_eq!(count("").await, 210);
        assert_eq!(count("provider_config_key=crm-1").await, 105);
        assert_eq!(count("connection_id=customer-0").await, 70);
        assert_eq!(count("function=f4").await, 42);
        assert_eq!(count(&format!("run_id={}", Uuid::from_u128(3))).await, 30);
        assert_eq!(count("level=error").await, 52);
        assert_eq!(count("level=warn&function=f4&connection_id=customer-0").await, 6);
        assert_eq!(count("kind=http").await, 0);
        assert_eq!(count("query=line%20209").await, 1);
        assert_eq!(count("query=number").await, 210, "the names in meta are words too");
        let at = |seconds| start.after(Duration::from_secs(seconds)).millis_zulu();
        assert_eq!(count(&format!("from={}", at(60))).await, 140);
        assert_eq!(count(&format!("from={}&to={}", at(60), at(61))).await, 70);

        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = dev.get(&format!("/logs?limit=40&connection_id=customer-1{cursor}")).await.expect(200);
            seen.extend(page["logs"].as_array().unwrap().iter().map(|line| line["meta"]["number"].as_i64().unwrap()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let expected: Vec<i64> = (0..210).rev().filter(|number| number % 3 == 1).collect();
        assert_eq!(seen, expected);
        dev.get("/logs?level=loud").await.refused_at(400, "invalid_query_params", "level");
        dev.get("/logs?environment=prod").await.refused(400, "invalid_query_params");
    }

    async fn old_lines_go_away(database) {
        let clock = ManualClock::default();
        let engine = bespoke_engine::Settings { log_retention: Duration::from_secs(3_600), ..Default::default() };
        let options = Options { clock: Some(clock.clone()), engine: Some(engine), ..Options::default() };
        let app = TestApp::with(database, options).await;
        let environment = app.engine.environment("dev").await.unwrap().id;
        let day = clock.now();
        app.store.write_logs((0..2_500).map(|number| line(&app, environment, number)).collect(), Vec::new()).await.unwrap();
        clock.set(Timestamp(day.0 + 1_800_000_000));
        app.store.write_logs(vec![line(&app, environment, 9)], Vec::new()).await.unwrap();
        app.engine.tidy().await.unwrap();
        assert_eq!(logs(&app.dev(), "limit=1").await.len(), 1);
        clock.set(Timestamp(day.0 + 3_700_000_000));
        app.engine.tidy().await.unwrap();
        assert_eq!(logs(&app.dev(), "").await.len(), 1);
        assert_eq!(logs(&app.dev(), "query=line").await.len(), 1);
    }

    async fn a_token_that_is_not_renewed_is_an_event(database) {
        let clock = ManualClock::default();
        let options = Options { clock: Some(clock.clone()), ..Options::default() };
        let (app, provider) = (TestApp::with(database, options).await, Provider::start().await);
        let dev = app.dev();
        let body = json!({
            "provider": "test-oauth2", "unique_key": "crm",
            "credentials": { "type": "OAUTH2", "client_id": "id", "client_secret": "client-secret" },
        });
        dev.post("/integrations", body).await.expect(200);
        let body = json!({
            "provider_config_key": "crm", "connection_id": "a", "connection_config": { "base_url": provider.0 },
            "credentials": {
                "type": "OAUTH2", "access_token": "first-token", "refresh_token": "refresh-token",
                "expires_at": clock.now().after(Duration::from_secs(60)).millis_zulu(),
            },
        });
        dev.post("/connections", body).await.expect(201);
        clock.advance(Duration::from_secs(120));
        assert_eq!(ask(&dev, "/good").await, 400);
        let events = logs(&dev, "kind=event").await;
        assert_eq!((events.len(), &events[0]["level"], &events[0]["connection_id"]), (1, &json!("error"), &json!("a")));
        let message = events[0]["message"].as_str().unwrap();
        assert!(message.starts_with("the credentials could not be renewed: ") && !message.contains("refresh-token"), "{message}");
    }

    async fn a_follower_gets_each_line_once_and_the_server_still_stops(database) {
        // The writer works by itself here: nobody searches, so nobody has it write.
        let options = Options { background: true, ..Options::default() };
        let (app, provider) = (TestApp::with(database, options).await, Provider::start().await);
        let dev = app.dev();
        provider.connect(&dev).await;
        ask(&dev, "/good?n=1").await;
        let mut socket = TcpStream::connect(app.address).await.unwrap();
        let request = format!("GET /logs?follow=true&kind=http HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {DEV_KEY}\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        let mut until = async |end: &str| {
            let mut buffer = [0; 4_096];
            while !text.contains(end) {
                let count = tokio::time::timeout(Duration::from_secs(20), socket.read(&mut buffer)).await.unwrap().unwrap();
                assert!(count > 0, "{text}");
                text.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
            text.clone()
        };
        until("n=1").await;
        ask(&dev, "/good?n=2").await;
        until("n=2").await;
        for number in 3..30 {
            ask(&dev, &format!("/good?n={number}")).await;
        }
        let text = until("n=29").await;
        assert!(text.contains("text/event-stream"), "{text}");
        for number in 1..30 {
            // In the message and in the URL.
            assert_eq!(text.matches(&format!("n={number}\"")).count(), 2, "{number}: {text}");
        }
        tokio::time::timeout(Duration::from_secs(20), app.stop()).await.expect("the follower does not keep it");
    }

    async fn nothing_of_another_environment_is_followed_or_found(database) {
        let app = TestApp::start(database).await;
        connections(&app.dev(), &["a"]).await;
        let environment = app.engine.environment("dev").await.unwrap().id;
        app.store.write_logs(vec![line(&app, environment, 1)], Vec::new()).await.unwrap();
        assert_eq!(logs(&app.dev(), "query=line").await.len(), 1);
        for query in ["", "query=line", "connection_id=customer-1", "function=f1", "level=info", "kind=log"] {
            assert!(logs(&app.prod(), query).await.is_empty(), "{query}");
        }
        let run = format!("run_id={}", Uuid::from_u128(1));
        assert_eq!((logs(&app.dev(), &run).await.len(), logs(&app.prod(), &run).await.len()), (1, 0));
    }
}

/// A server with the functions of these bodies at the connection `a` of `crm`, whose clock stands still.
async fn with_functions(
    database: Database,
    provider: &Provider,
    functions: &[(&str, &str, &str)],
) -> TestApp {
    let engine = bespoke_engine::Settings { log_requests: 10, ..Default::default() };
    let options = Options {
        clock: Some(ManualClock::default()),
        functions: true,
        engine: Some(engine),
        ..Options::default()
    };
    let app = TestApp::with(database, options).await;
    provider.connect(&app.dev()).await;
    let mut modules = serde_json::Map::new();
    let mut deployed = Vec::new();
    for (kind, name, body) in functions {
        let code =
            format!("export default {{ type: '{kind}', exec: async (nango, input) => {{\n{body}\n}} }};");
        let mut function = json!({
            "integration": "crm", "kind": kind, "name": name, "modules": [format!("{name}.js")],
            "source": { "path": format!("crm/{kind}s/{name}.ts"), "code": code },
        });
        if *kind == "sync" {
            function["frequency"] = "every day".into();
            function["auto_start"] = false.into();
            function["models"] = json!(["Contact"]);
        }
        deployed.push(function);
        modules.insert(format!("{name}.js"), json!({ "code": code }));
    }
    app.dev().post("/deployments", json!({ "functions": deployed, "modules": modules })).await.expect(200);
    app
}

both! {
    async fn a_function_that_logs_its_token_does_not_get_it_into_the_log(database) {
        let provider = Provider::start().await;
        let tell = "
            await nango.log('before anything: ' + input.token);
            const { credentials } = await nango.getConnection();
            await nango.log('mine is ' + credentials.apiKey, { deep: [credentials.apiKey], apiKey: 'other', n: 1 }, { level: 'warn' });
            await nango.get({ endpoint: '/good', params: { page: 2, q: credentials.apiKey }, headers: { 'x-more': credentials.apiKey } });
            try { await nango.get({ endpoint: '/bad', retries: 0 }); } catch {}
            throw new nango.ActionError({ message: 'failed with ' + credentials.apiKey });";
        let app = with_functions(database, &provider, &[("action", "tell", tell)]).await;
        let dev = app.dev();
        let call = dev.post("/action/trigger", json!({ "action_name": "tell", "input": { "token": TOKEN } }));
        let failed = call.header("provider-config-key", "crm").header("connection-id", "a").await;
        assert!(failed.text().contains(TOKEN), "the caller gets what the function threw: {}", failed.text());

        let runs = dev.get("/runs?function=tell&status=failed").await.expect(200);
        let path = format!("/runs/{}", runs["runs"][0]["id"].as_str().unwrap());
        let run = dev.get(&path).await.expect(200);
        let text = run.to_string();
        assert!(!text.contains(TOKEN), "{text}");
        let lines: Vec<(&str, &str, &str)> = run["logs"].as_array().unwrap().iter().map(|line| {
            let text = |name: &str| line[name].as_str().unwrap();
            (text("kind"), text("level"), text("message"))
        }).collect();
        let url = format!("GET {}/good?page=2&q=[secret]", provider.0);
        let bad = format!("GET {}/bad", provider.0);
        assert_eq!(lines[..4], [
            ("log", "info", "before anything: [secret]"),
            ("log", "warn", "mine is [secret]"),
            ("http", "info", url.as_str()),
            ("http", "error", bad.as_str()),
        ]);
        assert_eq!((lines.len(), lines[4].0, lines[4].1), (5, "run", "error"));
        assert!(lines[4].2.starts_with("action failed after 0 ms: action_script_runtime_error: "), "{}", lines[4].2);
        assert_eq!(run["logs"][1]["meta"], json!({ "deep": ["[secret]"], "apiKey": "[secret]", "n": 1 }));
        assert_eq!(run["logs"][3]["http"]["error_body"], "no such contact for Bearer [secret]");
        assert_eq!(run["error"]["code"], "action_script_runtime_error");
        assert!(run["error"].to_string().contains("failed with [secret]"), "{}", run["error"]);
    }

    async fn a_sync_keeps_a_sample_of_its_requests_and_its_lines_are_there_with_its_end(database) {
        let provider = Provider::start().await;
        let many = "
            for (let i = 0; i < 14; i++) await nango.get({ endpoint: '/good', params: { i } });
            await nango.batchSave([{ id: '1' }, { id: '2' }], 'Contact');
            await nango.log('saved', { level: 'debug' });";
        let app = with_functions(database, &provider, &[("sync", "many", many)]).await;
        let dev = app.dev();
        let body = json!({ "syncs": ["many"], "provider_config_key": "crm", "connection_id": "a" });
        dev.post("/sync/trigger", body).await.expect(200);
        let worker = Worker::new(Arc::clone(&app.engine));
        worker.run_due().await.unwrap();
        worker.idle().await;
        // Straight from the database: nothing waits to be written once the run has ended.
        let environment = app.engine.environment("dev").await.unwrap().id;
        let found = app.store.runs(environment, RunsQuery { limit: 1, ..RunsQuery::default() }).await.unwrap();
        let query = LogQuery { run: Some(found[0].id), ..LogQuery::default() };
        let lines = app.store.logs(environment, query).await.unwrap();
        assert_eq!((found[0].state, lines.len()), (RunState::Succeeded, 11 + 3), "{lines:?}");
        let run = dev.get(&format!("/runs/{}", found[0].id)).await.expect(200);
        assert_eq!(run["counts"], json!({ "Contact": { "added": 2, "updated": 0, "deleted": 0 } }));
        let logs = run["logs"].as_array().unwrap();
        assert_eq!((&logs[0]["message"], &logs[12]["level"]), (&json!("sync started"), &json!("debug")));
        let counts = json!({ "added": 2, "updated": 0, "deleted": 0, "unchanged": 0 });
        let expected = json!({ "duration_ms": 0, "counts": { "Contact": counts }, "http": { "succeeded": 14, "kept": 11 } });
        assert_eq!((&logs[13]["message"], &logs[13]["meta"]), (&json!("sync succeeded in 0 ms"), &expected));
    }
}
