//! The real server for one test: HTTP on a free port, a database of its own, known keys.

use crate::{clock::ManualClock, database::Database, runner};
use bespoke_core::{
    id::IdSource,
    time::{Clock, Timestamp},
};
use bespoke_engine::{
    Engine, Parts,
    background::Background,
    http::{Client as OutboundClient, OutboundPolicy},
    providers::Catalogue,
    proxy::Proxy,
    sleep::{Sleeper, TokioSleeper},
};
use bespoke_runtime::{Options as RunnerOptions, Runtime};
use bespoke_server::{
    config::{Flags, Settings},
    serve::Server,
    system::{SystemClock, random_ids},
};
use bespoke_store::Store;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    future::{Future, IntoFuture},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{sync::oneshot, task::JoinHandle};
use uuid::Uuid;

/// The key of `dev`.
pub const DEV_KEY: &str = "11111111-1111-4111-8111-111111111111";
/// The key of `prod`.
pub const PROD_KEY: &str = "22222222-2222-4222-8222-222222222222";
/// Well-formed, and nobody's key.
pub const UNKNOWN_KEY: &str = "33333333-3333-4333-8333-333333333333";

/// What a test wants besides a server.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A clock that the test moves; the system's where `None`.
    pub clock: Option<ManualClock>,
    /// Waiting for a provider takes no time and moves that clock instead.
    pub waits_by_clock: bool,
    /// Ids that count up from 1, and are the same in every run of the test.
    pub counted_ids: bool,
    /// Run functions for real. The test binary needs [`crate::runner_process!`] at its root.
    pub functions: bool,
    /// Start the worker and the chores, as `bespoke serve` does.
    pub background: bool,
    /// Settings as environment variables, e.g. `("BESPOKE_RATE_LIMIT", "5")`.
    pub settings: Vec<(&'static str, String)>,
    /// Changes the engine's limits.
    pub engine: Option<bespoke_engine::Settings>,
}

/// Waiting moves the clock, and takes no time.
struct ClockSleeper(ManualClock);

impl Sleeper for ClockSleeper {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.0.advance(duration);
        Box::pin(std::future::ready(()))
    }
}

fn sleeper(options: &Options) -> Arc<dyn Sleeper> {
    match &options.clock {
        Some(clock) if options.waits_by_clock => Arc::new(ClockSleeper(clock.clone())),
        _ => Arc::new(TokioSleeper),
    }
}

/// A running server. Dropping it stops it.
pub struct TestApp {
    /// Where it listens.
    pub address: SocketAddr,
    /// The use cases behind it.
    pub engine: Arc<Engine>,
    /// The store behind those.
    pub store: Store,
    http: reqwest::Client,
    background: Option<Background>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
    database: Arc<Database>,
}

impl TestApp {
    /// A server on this database, with nothing that works by itself.
    pub async fn start(database: Database) -> Self {
        Self::with(database, Options::default()).await
    }

    /// A server on this database, as `options` say.
    pub async fn with(database: Database, options: Options) -> Self {
        Self::node(Arc::new(database), options).await
    }

    /// Runs SQL on its database, as an administrator would.
    pub fn administer(&self, sql: &str) {
        self.database.administer(sql);
    }

    /// The first column of a query's rows on its database, as an intruder would read it.
    pub fn read_texts(&self, sql: &str) -> Vec<String> {
        self.database.read_texts(sql)
    }

    /// Another node on the same database. PostgreSQL only: on SQLite there is one node.
    pub async fn another_node(&self, options: Options) -> Self {
        assert!(self.is_postgres(), "only for PostgreSQL");
        Self::node(Arc::clone(&self.database), options).await
    }

    async fn node(database: Arc<Database>, options: Options) -> Self {
        let clock = clock(&options);
        let store = database.store_at(Arc::clone(&clock)).await;
        let settings = settings(&options);

        let outbound = OutboundClient::new(
            OutboundPolicy::parse(&settings.outbound_allow.join(",")).expect("the rules are valid"),
        );
        let runtime = Runtime::new(RunnerOptions {
            program: if options.functions { runner::program() } else { "/no/runner/was/given".into() },
            arguments: runner::arguments(),
            max_runners: 4,
            runs_per_runner: 8,
            idle: Duration::from_secs(60),
        });
        let engine = Engine::new(Parts {
            store: store.clone(),
            runtime,
            providers: Catalogue::load(&settings.providers).expect("the providers are valid"),
            proxy: Proxy::new(outbound, Arc::clone(&clock), sleeper(&options)),
            clock,
            ids: if options.counted_ids { counted_ids() } else { random_ids() },
            settings: bespoke_engine::Settings {
                oidc: settings.oidc.clone(),
                ..options.engine.clone().unwrap_or_default()
            },
        });
        engine.prepare_environments(&settings.secret_keys).await.expect("the environments can be made");
        let background =
            if options.background { Some(engine.start().await.expect("the engine starts")) } else { None };
        let server = Server::bind(&settings, Arc::clone(&engine)).await.expect("a port is free");
        let address = server.address;
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            server.run(stopped).await.expect("the server runs");
        });
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client can be made");
        Self { address, engine, store, http, background, stop: Some(stop), server: Some(server), database }
    }

    /// Where the server is, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// True on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.database.is_postgres()
    }

    /// A client with the key of `dev`.
    pub fn dev(&self) -> Client {
        self.with_key(DEV_KEY)
    }

    /// A client with the key of `prod`.
    pub fn prod(&self) -> Client {
        self.with_key(PROD_KEY)
    }

    /// A client without a key.
    pub fn anonymous(&self) -> Client {
        Client { http: self.http.clone(), url: self.url(), authorization: None }
    }

    /// A client with this key.
    pub fn with_key(&self, key: &str) -> Client {
        self.with_authorization(&format!("Bearer {key}"))
    }

    /// A client with this `Authorization` header.
    pub fn with_authorization(&self, value: &str) -> Client {
        Client { authorization: Some(value.to_owned()), ..self.anonymous() }
    }

    /// A client whose key has these scopes only, in `dev`.
    pub async fn with_scopes(&self, scopes: &[&str]) -> Client {
        let environment = self.engine.environment("dev").await.expect("dev is there");
        let secret = bespoke_core::environment::SecretKey::from_uuid(random_ids().next());
        let key = bespoke_store::NewApiKey {
            display_name: "test".to_owned(),
            hash: secret.hash(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            expires_at: None,
        };
        self.store.create_api_key(environment.id, key).await.expect("a key can be made");
        self.with_key(secret.expose())
    }

    /// Stops as `bespoke serve` does on a signal: requests in flight finish, runs are handed back.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            server.await.expect("the server ends");
        }
        if let Some(background) = self.background.take() {
            background.stop().await;
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

fn clock(options: &Options) -> Arc<dyn Clock> {
    match &options.clock {
        Some(clock) => Arc::new(clock.clone()),
        None => Arc::new(SystemClock),
    }
}

fn settings(options: &Options) -> Settings {
    let providers = concat!(env!("CARGO_MANIFEST_DIR"), "/providers/test.yaml");
    let base = [
        ("BESPOKE_LISTEN", "127.0.0.1:0"),
        ("BESPOKE_SECRET_KEY_DEV", DEV_KEY),
        ("BESPOKE_SECRET_KEY_PROD", PROD_KEY),
        ("BESPOKE_PROVIDERS", providers),
        ("BESPOKE_OUTBOUND_ALLOW", "127.0.0.1"),
    ];
    let base = base.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let own = options.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Settings::load(base.chain(own), Flags::default()).expect("the settings are valid")
}

/// UUIDs that count up.
fn counted_ids() -> IdSource {
    let count = AtomicU64::new(0);
    IdSource::new(move || {
        Uuid::from_u64_pair(0x4000, (1 << 63) | (count.fetch_add(1, Ordering::Relaxed) + 1))
    })
}

/// Makes requests with one key.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    authorization: Option<String>,
}

impl Client {
    /// A request of any method. `path` begins with a slash and may have a query.
    pub fn call(&self, method: &str, path: &str) -> Call {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        Call(request)
    }

    /// GET.
    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    /// POST with a JSON body.
    pub fn post(&self, path: &str, body: Value) -> Call {
        self.call("POST", path).json(&body)
    }

    /// PUT with a JSON body.
    pub fn put(&self, path: &str, body: Value) -> Call {
        self.call("PUT", path).json(&body)
    }

    /// PATCH with a JSON body.
    pub fn patch(&self, path: &str, body: Value) -> Call {
        self.call("PATCH", path).json(&body)
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }
}

/// A request to be awaited.
#[derive(Debug)]
pub struct Call(reqwest::RequestBuilder);

impl Call {
    /// With a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.text("application/json", body.to_string())
    }

    /// With a body of this type.
    pub fn text(self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.header("content-type", content_type).body(body))
    }

    /// With a body and no word about its type.
    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let response = self.0.send().await.expect("the server answers");
            let status = response.status().as_u16();
            let headers = response
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
                .collect();
            let body = response.bytes().await.expect("the answer has an end").to_vec();
            Answer { status, headers, body }
        })
    }
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{} is not JSON: {}", self.status, self.text()))
    }

    /// The header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body, after the status was found to be this one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// Nothing, after status and error code were found to be these.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        let json = self.expect(status);
        assert_eq!(json["error"]["code"], code, "{json}");
    }

    /// The path of the first problem that an error names, after status and code were found to be these.
    #[track_caller]
    pub fn refused_at(&self, status: u16, code: &str, path: &str) {
        self.refused(status, code);
        let json = self.json();
        let parts = json["error"]["errors"][0]["path"].as_array().cloned().unwrap_or_default();
        let found: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
        assert_eq!(found.join("."), path, "{json}");
    }
}

/// A moment as the API writes it, read back.
///
/// # Panics
/// Where it is none.
pub fn time(value: &Value) -> Timestamp {
    Timestamp::parse(value.as_str().expect("a text")).expect("a time")
}
