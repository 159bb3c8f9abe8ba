//! A team's backend: a real server that takes webhooks, and the functions that tests deploy beside it.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use bespoke_core::function::{Definition, Hash, Origin, Source};
use bespoke_store::{DeployChanges, NewFunction};
use bespoke_testkit::app::TestApp;
use serde_json::Value;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// A request that the backend got.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Desk {
    received: Vec<Received>,
    /// What the next requests are answered; 200 when there is nothing.
    answers: Vec<u16>,
}

/// A backend that keeps what it is sent.
pub(crate) struct Backend {
    pub(crate) url: String,
    desk: Arc<Mutex<Desk>>,
    server: JoinHandle<()>,
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Backend {
    pub(crate) async fn start() -> Self {
        let desk = Arc::new(Mutex::new(Desk::default()));
        let take = async |State(desk): State<Arc<Mutex<Desk>>>, headers: HeaderMap, body: Bytes| {
            let mut desk = desk.lock().unwrap();
            desk.received.push(Received { headers, body: String::from_utf8_lossy(&body).into_owned() });
            let status = if desk.answers.is_empty() { 200 } else { desk.answers.remove(0) };
            StatusCode::from_u16(status).unwrap()
        };
        let router = Router::new().fallback(take).with_state(Arc::clone(&desk));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, desk, server }
    }

    /// Answers the next requests with these statuses.
    pub(crate) fn answer(&self, statuses: &[u16]) {
        self.desk.lock().unwrap().answers = statuses.to_vec();
    }

    /// What came since the last look.
    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.desk.lock().unwrap().received)
    }
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Puts functions where a deployment would, without a runner to compile them.
pub(crate) async fn deploy(app: &TestApp, definitions: &[Value]) {
    let function = |definition: &Value| {
        let definition: Definition = serde_json::from_value(definition.clone()).unwrap();
        let source = Source { path: format!("{}.ts", definition.name), code: String::new() };
        NewFunction {
            definition,
            version: "1".to_owned(),
            modules: Vec::new(),
            source,
            fingerprint: Hash([0; 32]),
        }
    };
    let changes = DeployChanges {
        holder: Uuid::from_u128(1),
        origin: Origin::Repo,
        modules: Vec::new(),
        engine_version: "1",
        bytecode: Vec::new(),
        functions: definitions.iter().map(function).collect(),
        deleted: Vec::new(),
    };
    let environment = app.engine.environment("dev").await.unwrap().id;
    assert!(app.store.begin_deployment(environment, changes.holder, Duration::from_mins(1)).await.unwrap());
    app.store.commit_deployment(environment, changes).await.unwrap();
}
