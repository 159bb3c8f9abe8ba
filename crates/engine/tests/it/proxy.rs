//! Requests to providers on behalf of connections.

use crate::upstream::{Upstream, answer};
use bespoke_core::{
    auth::Credentials,
    connection::Connection,
    document::Document,
    id::{ConnectionId, EnvironmentId, IntegrationId},
    provider::{Provider, file},
    retry::Wishes,
    time::{Clock, Timestamp},
    validation::Mode,
};
use bespoke_engine::{
    http::{Body, Client, HeaderValue, Method, OutboundPolicy, header},
    providers::Catalogue,
    proxy::{Params, Proxy, ProxyRequest},
    sleep::Sleeper,
};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// 2023-11-14T22:13:20Z
const START: Timestamp = Timestamp(1_700_000_000_000_000);

/// A clock that stands still except that sleeping moves it; it notes every sleep.
#[derive(Clone, Default)]
struct ManualTime(Arc<Mutex<Vec<Duration>>>);

impl ManualTime {
    fn sleeps(&self) -> Vec<u64> {
        self.0.lock().unwrap().iter().map(|wait| wait.as_millis() as u64).collect()
    }
}

impl Clock for ManualTime {
    fn now(&self) -> Timestamp {
        START.after(self.0.lock().unwrap().iter().sum())
    }
}

impl Sleeper for ManualTime {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.lock().unwrap().push(duration);
        std::future::ready(()).boxed()
    }
}

fn proxy(time: &ManualTime) -> Proxy {
    let client = Client::new(OutboundPolicy::parse("127.0.0.1").unwrap());
    Proxy::new(client, Arc::new(time.clone()), Arc::new(time.clone()))
}

fn provider(proxy: Value) -> Arc<Provider> {
    let definition = json!({"display_name": "Acme", "auth_mode": "API_KEY", "proxy": proxy}).to_string();
    Arc::new(file::resolve(file::read("acme.yaml", &definition).unwrap()).unwrap().remove("acme").unwrap())
}

fn connection() -> Arc<Connection> {
    Arc::new(Connection {
        id: ConnectionId(1),
        environment: EnvironmentId(1),
        integration: IntegrationId(1),
        provider_config_key: "acme".to_owned(),
        provider: "acme".to_owned(),
        data_validation: Mode::default(),
        connection_id: "customer-a".to_owned(),
        metadata: Some(Document::parse(r#"{"region":"eu"}"#).unwrap()),
        metadata_revision: 1,
        metadata_schema_version: 0,
        connection_config: serde_json::Map::new(),
        tags: serde_json::Map::new(),
        end_user: None,
        webhook_url_override: None,
        created_at: START,
        updated_at: START,
        last_fetched_at: None,
    })
}

fn request(provider: &Arc<Provider>, endpoint: &str) -> ProxyRequest {
    let credentials = Credentials::from_json(json!({"type": "API_KEY", "apiKey": "k1"})).unwrap();
    ProxyRequest::get(Arc::clone(provider), connection(), Arc::new(credentials), endpoint)
}

fn retries(count: u32) -> Wishes {
    Wishes { retries: count, ..Wishes::default() }
}

#[tokio::test]
async fn a_request_carries_credentials_query_headers_and_body() {
    let upstream = Upstream::start(|_, _| answer(201, &[("x-answer", "1")], "made")).await;
    let provider = provider(json!({
        "base_url": upstream.url("/v1"),
        "headers": {"X-Key": "${apiKey}", "x-region": "${metadata.region}", "accept": "application/vnd.acme"},
        "query": {"lang": "en"},
        "body": {"client": "${connectionId}"},
    }));
    let mut request = request(&provider, "/contacts?a=1");
    request.method = Method::POST;
    request.params = Params::from_json(&json!({"b": [1, 2]}));
    request.headers.insert(header::ACCEPT, HeaderValue::from_static("text/csv"));
    request.headers.insert(header::HOST, HeaderValue::from_static("evil.example"));
    request.content_type = Some(HeaderValue::from_static("application/json"));
    request.body = Bytes::from_static(br#"{"name":"Ann"}"#).into();

    let answer = proxy(&ManualTime::default()).send(request).await.unwrap();
    assert_eq!(answer.attempts, 1);
    assert_eq!(answer.response.status, 201);
    assert_eq!(answer.response.headers["x-answer"], "1");
    assert_eq!(&answer.response.bytes(100).await.unwrap()[..], b"made");

    let seen = upstream.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/v1/contacts?a=1&b=1%2C2&lang=en"));
    assert_eq!(seen.header("x-key"), Some("k1"));
    assert_eq!(seen.header("x-region"), Some("eu"));
    assert_eq!(seen.header("accept"), Some("text/csv"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("host"), Some(upstream.address.to_string().as_str()));
    assert!(seen.header("user-agent").unwrap().starts_with("bespoke/"));
    assert_eq!(
        serde_json::from_slice::<Value>(&seen.body).unwrap(),
        json!({"name": "Ann", "client": "customer-a"})
    );
}

#[tokio::test]
async fn a_get_has_no_body() {
    let upstream = Upstream::start(|_, _| answer(200, &[], "")).await;
    let mut request = request(&provider(json!({"base_url": upstream.url("")})), "/a");
    request.body = Bytes::from_static(b"ignored").into();
    proxy(&ManualTime::default()).send(request).await.unwrap();
    assert!(upstream.seen()[0].body.is_empty());
}

#[tokio::test]
async fn retries_wait_as_the_provider_asks() {
    let upstream = Upstream::start(|number, _| match number {
        0 => answer(429, &[("retry-after", "7")], ""),
        1 => answer(429, &[("retry-after", "Tue, 14 Nov 2023 22:13:37 GMT")], ""),
        2 => answer(503, &[], ""),
        _ => answer(200, &[], "done"),
    })
    .await;
    let time = ManualTime::default();
    let mut request = request(&provider(json!({"base_url": upstream.url("")})), "/a");
    request.method = Method::PUT;
    request.body = Bytes::from_static(b"same").into();
    request.retry = retries(5);
    let answer = proxy(&time).send(request).await.unwrap();
    assert_eq!((answer.response.status.as_u16(), answer.attempts), (200, 4));
    // The date is 17 s after the start, of which 7 s are over; then the third wait of the usual series.
    assert_eq!(time.sleeps(), [7_000, 10_000, 12_000]);
    assert!(upstream.seen().iter().all(|seen| &seen.body[..] == b"same"));
}

#[tokio::test]
async fn the_last_answer_is_given_when_retries_are_spent() {
    let upstream = Upstream::start(|number, _| answer(500, &[], number.to_string())).await;
    let time = ManualTime::default();
    let mut request = request(&provider(json!({"base_url": upstream.url("")})), "/a");
    request.retry = retries(2);
    let answer = proxy(&time).send(request).await.unwrap();
    assert_eq!((answer.response.status.as_u16(), answer.attempts), (500, 3));
    assert_eq!(&answer.response.bytes(10).await.unwrap()[..], b"2");
    assert_eq!(time.sleeps(), [3_000, 6_000]);
}

#[tokio::test]
async fn a_body_that_tells_the_wait_is_still_whole_afterwards() {
    let upstream = Upstream::start(|_, _| answer(429, &[], r#"{"message":"wait 4 s"}"#)).await;
    let time = ManualTime::default();
    let rules = json!({"in_body": {"path": "message", "pattern": "wait (\\d+) s"}});
    let mut request = request(&provider(json!({"base_url": upstream.url(""), "retry": rules})), "/a");
    request.retry = retries(1);
    let answer = proxy(&time).send(request).await.unwrap();
    assert_eq!(time.sleeps(), [4_000]);
    assert_eq!(&answer.response.bytes(100).await.unwrap()[..], br#"{"message":"wait 4 s"}"#);
}

#[tokio::test]
async fn failures_of_the_network_are_retried_and_streams_are_not() {
    let free = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let provider = provider(json!({"base_url": free}));
    let time = ManualTime::default();
    let mut again = request(&provider, "/a");
    again.retry = retries(1);
    let error = proxy(&time).send(again).await.unwrap_err();
    assert_eq!((error.code(), error.is_network()), ("ECONNREFUSED", true));
    assert_eq!(time.sleeps(), [3_000]);

    let upstream = Upstream::start(|_, _| answer(500, &[], "")).await;
    let mut streamed = request(&provider, "/a");
    streamed.base_url_override = Some(upstream.url(""));
    streamed.method = Method::POST;
    streamed.retry = retries(3);
    streamed.body =
        Body::Stream { stream: stream::iter([Ok(Bytes::from_static(b"once"))]).boxed(), length: None };
    let answer = proxy(&time).send(streamed).await.unwrap();
    assert_eq!((answer.response.status.as_u16(), answer.attempts), (500, 1));
    assert_eq!(&upstream.seen()[0].body[..], b"once");
}

#[tokio::test]
async fn a_private_host_is_refused_with_the_code_that_fits() {
    let time = ManualTime::default();
    let provider = provider(json!({"base_url": "http://10.0.0.1"}));
    let mut plain = request(&provider, "/a");
    plain.retry = retries(3);
    assert_eq!(proxy(&time).send(plain).await.unwrap_err().code(), "destination_not_allowed");
    let mut overridden = request(&provider, "/a");
    overridden.base_url_override = Some("http://192.168.0.1".to_owned());
    assert_eq!(proxy(&time).send(overridden).await.unwrap_err().code(), "base_url_override_not_allowed");
    assert!(time.sleeps().is_empty());
}

#[tokio::test]
async fn shipped_providers_place_their_credentials() {
    let upstream = Upstream::start(|_, _| answer(200, &[], "")).await;
    let catalogue = Catalogue::load(&[]).unwrap();
    let key = || json!({"type": "API_KEY", "apiKey": "k1"});
    let basic = || json!({"type": "BASIC", "username": "ann", "password": "pw"});
    let oauth = || json!({"type": "OAUTH2", "access_token": "t1"});
    for (name, credentials, header, expected) in [
        ("hubspot", oauth(), "authorization", "Bearer t1"),
        ("hubspot-private-app", key(), "authorization", "Bearer k1"),
        ("github-pat", key(), "x-github-api-version", "2022-11-28"),
        ("gitlab-pat", key(), "private-token", "k1"),
        ("linear-api-key", key(), "authorization", "k1"),
        ("shopify", oauth(), "x-shopify-access-token", "t1"),
        ("zendesk-basic", basic(), "authorization", "Basic YW5uL3Rva2VuOnB3"),
        ("freshdesk", basic(), "authorization", "Basic YW5uOnB3"),
        ("private-api-bearer", key(), "authorization", "Bearer k1"),
        ("private-api-basic", basic(), "authorization", "Basic YW5uOnB3"),
        ("notion-internal", key(), "notion-version", "2022-06-28"),
    ] {
        let credentials = Arc::new(Credentials::from_json(credentials).unwrap());
        let provider = Arc::clone(catalogue.get(name).unwrap());
        let mut request = ProxyRequest::get(provider, connection(), credentials, "/a");
        request.base_url_override = Some(upstream.url(""));
        proxy(&ManualTime::default()).send(request).await.unwrap();
        assert_eq!(upstream.seen().last().unwrap().header(header), Some(expected), "{name}");
    }
}
