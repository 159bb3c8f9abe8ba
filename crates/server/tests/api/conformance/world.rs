//! The server that cases are played on, and the steps.

use super::case::{
    Begin, CallAction, CallApi, Case, Ended, FunctionOfCase, QueueAction, Records, RunSync, RunWebhook, Step,
};
use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect},
    routing::any,
};
use bespoke_core::{
    id::EnvironmentId,
    run::{Run, RunState},
    time::Clock as _,
};
use bespoke_engine::worker::Worker;
use bespoke_store::{FindConnections, NewWebhookEvent, Routed, WebhookItem};
use bespoke_testkit::{
    app::{Answer, Options, TestApp},
    clock::ManualClock,
    database::Database,
};
use serde_json::{Map, Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

const CONNECTION: &str = "acme";
/// Long before the limits of time; a run that is stopped ends at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that runs functions when it is told to, by a clock that cases move.
pub(super) struct World {
    app: TestApp,
    worker: Arc<Worker>,
    clock: ManualClock,
    played: AtomicUsize,
    /// The address of [`upstream`].
    upstream: String,
    serving: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A server elsewhere: `/echo` answers with the headers and the body that it got, `/over` redirects there, `/loop` to itself
/// and `/away` to what is no web address. `/busy/{name}/{times}/{header}/{value}` answers 429 with this header the first times
/// that it is asked for this name, then how often it was asked.
fn upstream() -> Router {
    let echo = |headers: HeaderMap, body: String| async move {
        let names: Vec<_> = headers.keys().map(ToString::to_string).collect();
        axum::Json(json!({ "headers": names, "body": body }))
    };
    let asked: Arc<Mutex<HashMap<String, u32>>> = Arc::default();
    let busy = move |Path((name, times, header, value)): Path<(String, u32, String, String)>| async move {
        let mut asked = asked.lock().unwrap();
        let count = asked.entry(name).or_default();
        *count += 1;
        if *count > times {
            return axum::Json(json!({ "asked": *count })).into_response();
        }
        (StatusCode::TOO_MANY_REQUESTS, [(header, value)], axum::Json(json!({ "error": "busy" })))
            .into_response()
    };
    Router::new()
        .route("/busy/{name}/{times}/{header}/{value}", any(busy))
        .route("/echo", any(echo))
        .route("/over", any(async || Redirect::temporary("/echo")))
        .route("/loop", any(async || Redirect::temporary("/loop")))
        .route("/away", any(async || Redirect::temporary("ftp://example.com/")))
}

/// What went wrong, with where.
type Outcome = Result<(), String>;

impl World {
    pub(super) async fn new(database: Database) -> Self {
        let clock = ManualClock::default();
        let options = Options {
            clock: Some(clock.clone()),
            waits_by_clock: true,
            functions: true,
            ..Options::default()
        };
        let app = TestApp::with(database, options).await;
        let worker = Worker::new(Arc::clone(&app.engine));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream_url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, upstream()).await.unwrap() });
        Self { app, worker, clock, played: AtomicUsize::new(0), upstream: upstream_url, serving }
    }

    /// Plays a case from its beginning to its end, or to its first problem.
    pub(super) async fn play(&self, case: &Case) -> Outcome {
        let number = self.played.fetch_add(1, Ordering::Relaxed);
        let key = format!("case-{number}");
        let integration = json!({ "provider": "test-api-key", "unique_key": key });
        self.app.dev().post("/integrations/quickstart", integration).await.expect(200);
        self.app
            .dev()
            .post(
                "/connections",
                json!({
                    "provider_config_key": key, "connection_id": CONNECTION,
                    "credentials": { "type": "API_KEY", "apiKey": "secret" },
                    "connection_config": { "base_url": self.app.url(), "upstream": self.upstream },
                }),
            )
            .await
            .expect(201);
        let played = Played { world: self, key, run: Mutex::default() };
        played.deploy(&case.functions).await?;
        for (index, step) in case.steps.iter().enumerate() {
            played.step(step).await.map_err(|problem| format!("step {}: {problem}", index + 1))?;
            // Nothing happens at the same time, unless a case says so.
            self.clock.advance(Duration::from_secs(1));
        }
        Ok(())
    }
}

/// A case that is being played.
struct Played<'a> {
    world: &'a World,
    key: String,
    /// The run that began last.
    run: Mutex<String>,
}

impl Played<'_> {
    fn app(&self) -> &TestApp {
        &self.world.app
    }

    async fn deploy(&self, functions: &[FunctionOfCase]) -> Outcome {
        let mut modules = Map::new();
        let mut deployed = Vec::new();
        for function in functions {
            let FunctionOfCase { kind, name, exec, on_webhook, definition } = function;
            let made = if kind == "on-event" { "onEvent" } else { kind };
            let on_webhook = on_webhook
                .as_ref()
                .map(|body| format!("onWebhook: async (nango, payload) => {{ {body} }},"))
                .unwrap_or_default();
            let code = format!(
                "export default {{ type: '{made}', {on_webhook} exec: async (nango, input) => {{\n{exec}\n}} }};"
            );
            let module = format!("{}-{kind}-{name}.js", self.key);
            let mut sent = json!({
                "integration": self.key, "kind": kind, "name": name, "modules": [module],
                "source": { "path": format!("{}/{kind}s/{name}.ts", self.key), "code": code },
            });
            if kind == "sync" {
                sent["frequency"] = "every day".into();
            }
            if !on_webhook.is_empty() {
                sent["webhook_subscriptions"] = json!([name]);
            }
            sent.as_object_mut().unwrap().extend(definition.clone());
            deployed.push(sent);
            modules.insert(module, json!({ "code": code }));
        }
        let scope = json!({ "kind": "integration", "integration": self.key });
        let body = json!({ "scope": scope, "functions": deployed, "modules": modules });
        let answer = self.app().dev().post("/deployments", body).await;
        if answer.status == 200 { Ok(()) } else { Err(format!("not deployed: {}", answer.text())) }
    }

    async fn step(&self, step: &Step) -> Outcome {
        match step {
            Step::Run(run) => self.run(run).await,
            Step::Webhook(webhook) => self.webhook(webhook).await,
            Step::Action(action) => self.action(action).await,
            Step::Queue(action) => self.queue(action).await,
            Step::Begin(begin) => self.begin(begin).await,
            Step::Work => {
                self.work().await;
                Ok(())
            }
            Step::Stop => {
                self.world.worker.beat().await.unwrap();
                let idle = tokio::time::timeout(PATIENCE, self.world.worker.idle()).await;
                idle.map_err(|_| "something still goes on".to_owned())
            }
            Step::Ended(ended) => self.ended(ended).await,
            Step::Hours(hours) => {
                self.world.clock.advance(Duration::from_hours(*hours));
                Ok(())
            }
            Step::Seconds(seconds) => {
                self.world.clock.advance(Duration::from_secs(*seconds));
                Ok(())
            }
            Step::Records(records) => self.records(records).await,
            Step::Call(call) => self.call(call).await,
        }
    }

    /// Lets everything that is queued run to its end.
    async fn work(&self) {
        self.world.worker.run_due().await.unwrap();
        self.world.worker.idle().await;
    }

    async fn trigger(&self, sync: &str, with: &Map<String, Value>) -> Outcome {
        let mut body =
            json!({ "syncs": [sync], "provider_config_key": self.key, "connection_id": CONNECTION });
        body.as_object_mut().unwrap().extend(with.clone());
        let answer = self.app().dev().post("/sync/trigger", body).await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text()) }
    }

    async fn queue(&self, action: &QueueAction) -> Outcome {
        let body = json!({ "action_name": action.name, "input": action.input });
        let call = self.app().dev().post("/action/trigger", body).header("X-Async", "true");
        let call = match action.retries {
            Some(retries) => call.header("X-Max-Retries", &retries.to_string()),
            None => call,
        };
        let answer = call.header("Provider-Config-Key", &self.key).header("Connection-Id", CONNECTION).await;
        if answer.status != 202 {
            return Err(answer.text());
        }
        self.remember(answer.json()["id"].as_str().unwrap_or_default().to_owned());
        Ok(())
    }

    fn remember(&self, run: String) {
        *self.run.lock().unwrap() = run;
    }

    async fn begin(&self, begin: &Begin) -> Outcome {
        match begin {
            Begin::Sync(sync) => {
                self.trigger(sync, &Map::new()).await?;
                let id = self.state(sync).await["id"].as_str().unwrap_or_default().to_owned();
                self.remember(self.last_run(&id).await.id.to_string());
            }
            Begin::Action(name) => {
                self.queue(&QueueAction { name: name.clone(), input: Value::Null, retries: None }).await?;
            }
            Begin::Webhook(sync) => {
                let (_, id) = self.enqueue_webhook(sync, &Value::Null).await;
                self.remember(id.to_string());
            }
        }
        self.world.worker.run_due().await.unwrap();
        let began = async {
            while self.metadata().await["began"] != true {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, began).await.map_err(|_| "it has not begun".to_owned())
    }

    async fn metadata(&self) -> Value {
        let path = format!("/connections/{CONNECTION}?provider_config_key={}", self.key);
        self.app().dev().get(&path).await.expect(200)["metadata"].clone()
    }

    async fn ended(&self, ended: &Ended) -> Outcome {
        let state = self.state(&ended.sync).await;
        let run = self.last_run(state["id"].as_str().unwrap_or_default()).await;
        same("state", &json!(run.state.as_str()), &json!(ended.state))?;
        if let Some(code) = &ended.fails {
            judge_run(&run, Some(code), None)?;
        }
        match ended.attempts {
            Some(attempts) => same("attempts", &json!(run.attempt), &json!(attempts)),
            None => Ok(()),
        }
    }

    async fn run(&self, run: &RunSync) -> Outcome {
        self.trigger(&run.sync, &run.with).await?;
        if let Some(payload) = &run.webhook {
            self.enqueue_webhook(&run.sync, payload).await;
        }
        self.work().await;
        let state = self.state(&run.sync).await;
        let ended = self.last_run(state["id"].as_str().unwrap_or_default()).await;
        judge_run(&ended, run.fails.as_deref(), run.message.as_deref())?;
        if let Some(expected) = &run.counts {
            same("counts", &serde_json::to_value(&ended.result).unwrap(), expected)?;
        }
        self.range(ended.id, run.range.as_ref()).await?;
        if let Some(expected) = &run.checkpoint {
            same("checkpoint", &state["checkpoint"], expected)?;
        }
        Ok(())
    }

    async fn state(&self, sync: &str) -> Value {
        let path =
            format!("/sync/status?syncs={sync}&provider_config_key={}&connection_id={CONNECTION}", self.key);
        self.app().dev().get(&path).await.expect(200)["syncs"][0].clone()
    }

    async fn last_run(&self, sync: &str) -> Run {
        let environment = self.app().engine.environment("dev").await.unwrap().id;
        let sync = self.app().store.sync(environment, sync.parse().unwrap()).await.unwrap().unwrap();
        self.app().store.run(environment, sync.last_run.unwrap().id).await.unwrap().unwrap()
    }

    async fn webhook(&self, webhook: &RunWebhook) -> Outcome {
        let (environment, id) = self.enqueue_webhook(&webhook.sync, &webhook.payload).await;
        self.work().await;
        judge_run(&self.app().store.run(environment, id).await.unwrap().unwrap(), None, None)?;
        self.range(id, webhook.range.as_ref()).await
    }

    async fn range(&self, run: Uuid, expected: Option<&Value>) -> Outcome {
        let Some(expected) = expected else { return Ok(()) };
        let shown = self.app().dev().get(&format!("/runs/{run}")).await.expect(200);
        same("range", &shown["checkpoints"], expected)
    }

    /// Lets the provider send something that the sync subscribes to. The run that it made.
    async fn enqueue_webhook(&self, sync: &str, payload: &Value) -> (EnvironmentId, Uuid) {
        let (store, dev) = (&self.app().store, self.app().dev());
        let environment = self.app().engine.environment("dev").await.unwrap().id;
        let connection = self.app().engine.connection(environment, &self.key, CONNECTION).await.unwrap();
        let event = NewWebhookEvent {
            environment,
            integration: connection.integration,
            delivery_id: None,
            request: "{}".to_owned(),
            payload: payload.to_string(),
        };
        store.receive_webhook(event).await.unwrap();
        let item = WebhookItem {
            finds: vec![FindConnections::Named(vec![CONNECTION.to_owned()])],
            types: vec![sync.to_owned()],
            payload: payload.clone(),
        };
        let event = store.unrouted_webhooks(1).await.unwrap().remove(0);
        assert_eq!(store.route_webhook(event, vec![item]).await.unwrap(), Routed::Done(1));
        let runs = dev.get(&format!("/runs?kind=webhook&limit=1&provider_config_key={}", self.key)).await;
        let id = runs.expect(200)["runs"][0]["id"].as_str().unwrap().parse().unwrap();
        (environment, id)
    }

    async fn action(&self, action: &CallAction) -> Outcome {
        let body = json!({ "action_name": action.name, "input": action.input });
        let call = self.app().dev().post("/action/trigger", body);
        let before = self.world.clock.now();
        let answer = call.header("Provider-Config-Key", &self.key).header("Connection-Id", CONNECTION).await;
        if let Some(seconds) = action.waits {
            same("seconds", &json!(self.world.clock.now().since(before).as_secs()), &json!(seconds))?;
        }
        match &action.fails {
            None if answer.status != 200 => return Err(answer.text()),
            None => {}
            Some(code) => same("error code", &answer.json()["error"]["code"], &json!(code))?,
        }
        if let Some(status) = action.status {
            same("status", &json!(answer.status), &json!(status))?;
        }
        if let Some(part) = action.lacks.as_ref().filter(|part| answer.text().contains(*part)) {
            return Err(format!("`{part}` is in {}", answer.text()));
        }
        if let Some(part) = &action.message
            && !answer.text().contains(part)
        {
            return Err(format!("`{part}` is not in {}", answer.text()));
        }
        match &action.output {
            Some(expected) => same("output", &answer.json(), expected),
            None => Ok(()),
        }
    }

    async fn records(&self, records: &Records) -> Outcome {
        let variant = records.variant.as_ref().map(|name| format!("&variant={name}")).unwrap_or_default();
        let path = format!("/records?limit=10000&model={}{variant}", records.model);
        let call = self.app().dev().get(&path);
        let answer = call.header("Provider-Config-Key", &self.key).header("Connection-Id", CONNECTION).await;
        let mut found = Map::new();
        for mut record in answer.expect(200)["records"].as_array().unwrap().clone() {
            let metadata = record.as_object_mut().unwrap().remove("_nango_metadata").unwrap();
            let action = metadata["last_action"].as_str().unwrap().to_owned();
            found.entry(action).or_insert_with(|| json!([])).as_array_mut().unwrap().push(record);
        }
        for list in found.values_mut() {
            list.as_array_mut().unwrap().sort_by_key(|record| record["id"].to_string());
        }
        same("records", &Value::Object(found), &records.are)
    }

    async fn call(&self, call: &CallApi) -> Outcome {
        for number in 1..=call.times.unwrap_or(1) {
            self.call_once(call, number).await?;
        }
        Ok(())
    }

    async fn call_once(&self, call: &CallApi, number: u32) -> Outcome {
        let (method, path) = call.request.split_once(' ').ok_or("the request is `METHOD /path`")?;
        let path = path.replace("{key}", &self.key).replace("{number}", &number.to_string());
        let path = path.replace("{run}", &self.run.lock().unwrap());
        let mut request = self.app().dev().call(method, &path);
        if let Some(body) = &call.body {
            let mut body = body.clone();
            body.entry("provider_config_key").or_insert_with(|| self.key.clone().into());
            body.entry("connection_id").or_insert_with(|| CONNECTION.into());
            request = request.json(&Value::Object(body));
        }
        if let Some(body) = &call.raw {
            request = request.json(body);
        }
        let answer: Answer =
            request.header("Provider-Config-Key", &self.key).header("Connection-Id", CONNECTION).await;
        if answer.status != call.status {
            return Err(format!("{} instead of {}: {}", answer.status, call.status, answer.text()));
        }
        if let Some(part) = call.lacks.as_ref().filter(|part| answer.text().contains(*part)) {
            return Err(format!("`{part}` is in {}", answer.text()));
        }
        if holds(&answer.json(), &call.answer) {
            Ok(())
        } else {
            Err(format!("the answer is {}", answer.text()))
        }
    }
}

fn judge_run(run: &Run, fails: Option<&str>, message: Option<&str>) -> Outcome {
    let error: Value =
        run.error.as_deref().map(|text| serde_json::from_str(text).unwrap()).unwrap_or_default();
    match (run.state, fails) {
        (RunState::Succeeded, None) => Ok(()),
        (RunState::Failed, Some(code)) if error["code"] == code => {
            let text = error.to_string();
            message
                .filter(|part| !text.contains(part))
                .map_or(Ok(()), |part| Err(format!("`{part}` is not in {text}")))
        }
        (state, _) => Err(format!("the run is {state}: {error}")),
    }
}

fn same(what: &str, found: &Value, expected: &Value) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found}, expected {expected}")) }
}

/// Whether `found` has everything that `part` has.
fn holds(found: &Value, part: &Value) -> bool {
    match part {
        Value::Null => true,
        Value::Object(fields) => fields.iter().all(|(name, value)| {
            found
                .get(name)
                .is_some_and(|found| if value.is_null() { found.is_null() } else { holds(found, value) })
        }),
        Value::Array(items) => found.as_array().is_some_and(|found| {
            found.len() == items.len() && found.iter().zip(items).all(|(found, item)| holds(found, item))
        }),
        other => found == other,
    }
}
