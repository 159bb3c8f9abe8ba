//! Tokens are renewed before they end: http-api.md §4.2, functions.md §2.3.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    routing::{get, post},
};
use bespoke_core::time::Clock as _;
use bespoke_store::RefreshOutcome;
use bespoke_testkit::{
    app::{Answer, Client, Options, TestApp},
    both,
    clock::ManualClock,
    database::Database,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{task::JoinHandle, time::timeout};
use uuid::Uuid;

const MINUTE: Duration = Duration::from_mins(1);
const PATH: &str = "/connections/a?provider_config_key=crm";

/// A form that the token endpoint got, with the `Authorization` header beside it.
type Form = HashMap<String, String>;

/// A provider with a token endpoint that takes each refresh token once, and an endpoint that tells whose token it got.
struct Provider {
    url: String,
    desk: Desk,
    server: JoinHandle<()>,
}

#[derive(Clone, Default)]
struct Desk(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    forms: Vec<Form>,
    issued: usize,
    closed: bool,
    revoked: Option<&'static str>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Provider {
    async fn start() -> Self {
        let desk = Desk::default();
        let router =
            Router::new().route("/token", post(issue)).route("/whoami", get(whoami)).with_state(desk.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, desk, server }
    }

    fn forms(&self) -> Vec<Form> {
        self.desk.0.lock().unwrap().forms.clone()
    }

    /// Takes a token back before its end.
    fn revoke(&self, token: &'static str) {
        self.desk.0.lock().unwrap().revoked = Some(token);
    }

    /// From now on the token endpoint refuses, or no longer does.
    fn close(&self, closed: bool) {
        self.desk.0.lock().unwrap().closed = closed;
    }
}

/// The `Authorization` header; 401 where the token was taken back.
async fn whoami(State(desk): State<Desk>, headers: HeaderMap) -> (StatusCode, String) {
    let shown = authorization(&headers);
    let is_revoked = desk.0.lock().unwrap().revoked.is_some_and(|token| shown.ends_with(token));
    (if is_revoked { StatusCode::UNAUTHORIZED } else { StatusCode::OK }, shown)
}

fn authorization(headers: &HeaderMap) -> String {
    headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn issue(State(desk): State<Desk>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let mut form: Form = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    form.insert("authorization".to_owned(), authorization(&headers));
    let (answer, status) = {
        let mut books = desk.0.lock().unwrap();
        books.forms.push(form.clone());
        let expected = format!("r{}", books.issued);
        if books.closed || form.get("refresh_token").is_some_and(|token| *token != expected) {
            (
                json!({"error": "invalid_grant", "error_description": "used or revoked"}),
                StatusCode::BAD_REQUEST,
            )
        } else {
            books.issued += 1;
            let number = books.issued;
            let token = json!({"access_token": format!("t{number}"), "refresh_token": format!("r{number}"), "expires_in": 3600});
            (token, StatusCode::OK)
        }
    };
    // Long enough for others to want the same token meanwhile.
    tokio::time::sleep(Duration::from_millis(100)).await;
    (status, answer.to_string())
}

fn form(pairs: &[(&str, &str)]) -> Form {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The form that redeems this refresh token.
fn redeemed(refresh_token: &str) -> Form {
    form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
        ("client_id", "app"),
        ("client_secret", "shh"),
        ("authorization", ""),
    ])
}

struct Stage {
    app: TestApp,
    clock: ManualClock,
    provider: Provider,
    dev: Client,
}

impl Stage {
    /// An integration `crm`, whose connection `a` has a token `t0` that ends in this many minutes.
    async fn set(database: Database, minutes: u64) -> Self {
        let clock = ManualClock::default();
        let app = TestApp::with(database, options(&clock)).await;
        let (provider, dev) = (Provider::start().await, app.dev());
        let client = json!({"type": "OAUTH2", "client_id": "app", "client_secret": "shh"});
        let integration = json!({"provider": "test-oauth2", "unique_key": "crm", "credentials": client});
        dev.post("/integrations", integration).await.expect(200);
        let stage = Self { app, clock, provider, dev };
        stage.import(json!({"refresh_token": "r0", "expires_at": stage.in_minutes(minutes)})).await;
        stage
    }

    fn in_minutes(&self, minutes: u64) -> String {
        self.clock.now().after(MINUTE * u32::try_from(minutes).unwrap()).millis_zulu()
    }

    async fn import(&self, fields: Value) {
        let mut credentials = json!({"type": "OAUTH2", "access_token": "t0"});
        credentials.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let body = json!({"provider_config_key": "crm", "connection_id": "a", "credentials": credentials,
                          "connection_config": {"base_url": self.provider.url}});
        self.dev.post("/connections", body).await.expect(201);
    }

    /// What the provider is told through the proxy.
    async fn proxied(&self) -> Answer {
        proxied(&self.dev).await
    }

    async fn credentials(&self, query: &str) -> Value {
        self.dev.get(&format!("{PATH}{query}")).await.expect(200)["credentials"].clone()
    }

    fn asked(&self) -> usize {
        self.provider.forms().len()
    }
}

fn options(clock: &ManualClock) -> Options {
    Options { clock: Some(clock.clone()), ..Options::default() }
}

async fn proxied(client: &Client) -> Answer {
    client.get("/proxy/whoami").header("provider-config-key", "crm").header("connection-id", "a").await
}

both! {
    async fn a_token_near_its_end_is_renewed_before_it_is_used(database) {
        let stage = Stage::set(database, 16).await;
        assert_eq!(stage.proxied().await.text(), "Bearer t0");
        assert_eq!(stage.credentials("").await["access_token"], "t0");
        assert_eq!(stage.provider.forms(), Vec::new());

        stage.clock.advance(MINUTE);
        let renewed_at = stage.clock.now();
        assert_eq!(stage.proxied().await.text(), "Bearer t1");
        assert_eq!(stage.provider.forms(), [redeemed("r0")]);
        let end = renewed_at.after(Duration::from_hours(1)).millis_zulu();
        let raw = json!({"access_token": "t1", "refresh_token": "r1", "expires_in": 3600});
        assert_eq!(
            stage.credentials("&refresh_token=true").await,
            json!({"type": "OAUTH2", "access_token": "t1", "refresh_token": "r1", "expires_at": end, "raw": raw})
        );
        assert_eq!(stage.credentials("").await.get("refresh_token"), None);
        assert_eq!(stage.asked(), 1);

        stage.clock.advance(MINUTE * 45);
        assert_eq!(stage.credentials("").await["access_token"], "t2", "reading a connection renews, too");
        assert_eq!(stage.provider.forms()[1], redeemed("r1"), "the provider replaced the refresh token");
    }

    async fn many_who_need_a_new_token_ask_for_it_once(database) {
        let stage = Stage::set(database, 1).await;
        let answers = join_all((0..20).map(|_| stage.proxied())).await;
        assert!(answers.iter().all(|answer| answer.text() == "Bearer t1"));
        assert_eq!(stage.asked(), 1);
    }

    async fn nodes_ask_for_a_new_token_once(database) {
        if !database.is_postgres() {
            return;
        }
        let stage = Stage::set(database, 1).await;
        let node = stage.app.another_node(options(&stage.clock)).await;
        let other = node.dev();
        let both = (0..20).map(|number| proxied(if number % 2 == 0 { &stage.dev } else { &other }));
        let answers = join_all(both).await;
        assert!(answers.iter().all(|answer| answer.text() == "Bearer t1"));
        assert_eq!(stage.asked(), 1);
    }

    async fn a_refusal_is_told_cools_down_and_is_overcome(database) {
        let stage = Stage::set(database, 5).await;
        stage.provider.close(true);
        assert_eq!(stage.proxied().await.text(), "Bearer t0", "it has not ended yet");
        assert_eq!(stage.credentials("").await["access_token"], "t0");
        assert_eq!(stage.asked(), 1, "what failed a moment ago is not tried");

        stage.clock.advance(MINUTE * 5);
        let refused = stage.proxied().await;
        refused.refused(400, "refresh_token_external_error");
        assert!(refused.text().contains("invalid_grant: used or revoked"), "{}", refused.text());
        stage.proxied().await.refused(424, "connection_refresh_backoff");
        assert_eq!(stage.asked(), 2);

        let cooling = stage.dev.get(PATH).await;
        cooling.refused(424, "invalid_credentials");
        let payload = &cooling.json()["error"]["payload"];
        assert_eq!(payload["reason"], "connection_refresh_backoff");
        assert_eq!((&payload["connection"]["connection_id"], &payload["connection"]["credentials"]), (&json!("a"), &json!({})));
        stage.dev.get(&format!("{PATH}&force_refresh=true")).await.refused(424, "invalid_credentials");
        stage.clock.advance(Duration::from_secs(30));
        stage.dev.get(PATH).await.refused(400, "invalid_credentials");
        assert_eq!(stage.asked(), 3);

        stage.provider.close(false);
        stage.clock.advance(Duration::from_secs(30));
        assert_eq!(stage.proxied().await.text(), "Bearer t1");
    }

    async fn after_four_days_only_force_or_a_new_authorisation_helps(database) {
        let stage = Stage::set(database, 0).await;
        stage.provider.close(true);
        for _ in 0..4 {
            stage.proxied().await.refused(400, "refresh_token_external_error");
            stage.clock.advance(Duration::from_hours(24));
        }
        stage.proxied().await.refused(424, "connection_refresh_exhausted");
        let given_up = stage.dev.get(PATH).await;
        given_up.refused(424, "invalid_credentials");
        assert_eq!(given_up.json()["error"]["payload"]["reason"], "connection_refresh_exhausted");
        assert_eq!(stage.asked(), 4);

        stage.provider.close(false);
        assert_eq!(stage.credentials("&force_refresh=true").await["access_token"], "t1");
        assert_eq!(stage.proxied().await.text(), "Bearer t1");

        stage.provider.close(true);
        stage.clock.advance(Duration::from_hours(2));
        for _ in 0..5 {
            stage.proxied().await;
            stage.clock.advance(Duration::from_hours(24));
        }
        stage.proxied().await.refused(424, "connection_refresh_exhausted");
        stage.provider.close(false);
        stage.import(json!({"refresh_token": "r1", "expires_at": stage.in_minutes(0)})).await;
        assert_eq!(stage.proxied().await.text(), "Bearer t2");
    }

    async fn force_refresh_renews_what_still_works(database) {
        let stage = Stage::set(database, 600).await;
        assert_eq!(stage.credentials("&force_refresh=true").await["access_token"], "t1");
        assert_eq!(stage.credentials("&force_refresh=false").await["access_token"], "t1");
        assert_eq!(stage.asked(), 1);
        let both = join_all((0..5).map(|_| stage.credentials("&force_refresh=true"))).await;
        assert!(both.iter().all(|credentials| credentials["access_token"] != "t1"));

        stage.provider.close(true);
        stage.dev.get(&format!("{PATH}&force_refresh=true")).await.refused(400, "invalid_credentials");
        assert_eq!(stage.proxied().await.status, 200, "the token that is there still works");
    }

    async fn a_token_that_is_taken_back_before_its_end_is_renewed(database) {
        let stage = Stage::set(database, 600).await;
        stage.provider.revoke("t0");
        let answers = join_all((0..5).map(|_| stage.proxied())).await;
        assert!(answers.iter().all(|answer| (answer.status, answer.text().as_str()) == (200, "Bearer t1")));
        assert_eq!(stage.asked(), 1);

        stage.provider.revoke("t1");
        assert_eq!(stage.proxied().await.status, 401, "a token that is minutes old is not doubted");
        stage.clock.advance(MINUTE * 5);
        let own = stage.dev.get("/proxy/whoami").header("provider-config-key", "crm").header("connection-id", "a");
        assert_eq!(own.header("nango-proxy-authorization", "Own t1").await.status, 401, "it was not our token");
        stage.provider.close(true);
        assert_eq!(stage.proxied().await.status, 401, "the provider's answer is told");
        assert_eq!(stage.asked(), 2);
        stage.provider.close(false);
        stage.clock.advance(MINUTE);
        assert_eq!(stage.proxied().await.text(), "Bearer t2");
    }

    async fn what_cannot_be_renewed_is_used_as_it_is(database) {
        let stage = Stage::set(database, 0).await;
        for fields in [json!({"expires_at": stage.in_minutes(0)}), json!({})] {
            stage.import(fields).await;
            assert_eq!(stage.proxied().await.text(), "Bearer t0");
            assert_eq!(stage.credentials("&force_refresh=true").await["access_token"], "t0");
        }
        assert_eq!(stage.asked(), 0);
    }

    async fn the_customers_own_client_is_used(database) {
        let stage = Stage::set(database, 0).await;
        let client = json!({"client_id": "own", "client_secret": "mine"});
        stage.import(json!({"refresh_token": "r0", "expires_at": stage.in_minutes(0), "config_override": client})).await;
        assert_eq!(stage.credentials("").await["config_override"], client);
        let form = &stage.provider.forms()[0];
        assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), ("own", "mine"));
    }

    async fn a_client_fetches_its_next_token_with_its_credentials(database) {
        let stage = Stage::set(database, 0).await;
        let integration = json!({"provider": "test-oauth2-cc", "unique_key": "cc"});
        stage.dev.post("/integrations", integration).await.expect(200);
        let credentials = json!({"type": "OAUTH2_CC", "token": "t0", "client_id": "own", "client_secret": "mine",
                                 "expires_at": stage.in_minutes(16)});
        let body = json!({"provider_config_key": "cc", "connection_id": "a", "credentials": credentials,
                          "connection_config": {"base_url": stage.provider.url}});
        stage.dev.post("/connections", body).await.expect(201);
        let whoami = async || {
            let request = stage.dev.get("/proxy/whoami").header("provider-config-key", "cc");
            request.header("connection-id", "a").await.text()
        };
        assert_eq!(whoami().await, "Bearer t0");
        stage.clock.advance(MINUTE);
        assert_eq!(whoami().await, "Bearer t1");
        stage.clock.advance(MINUTE * 45);
        assert_eq!(whoami().await, "Bearer t2");
        let expected = form(&[
            ("grant_type", "client_credentials"), ("scope", "read write"), ("authorization", "Basic b3duOm1pbmU="),
        ]);
        assert_eq!(stage.provider.forms(), [expected.clone(), expected]);
    }

    async fn a_caller_who_goes_away_does_not_lose_the_new_token(database) {
        let stage = Stage::set(database, 0).await;
        assert!(timeout(Duration::from_millis(60), stage.proxied()).await.is_err());
        while stage.asked() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(stage.proxied().await.text(), "Bearer t1");
        assert_eq!(stage.asked(), 1);
    }

    async fn the_lease_of_a_node_that_died_ends(database) {
        let stage = Stage::set(database, 0).await;
        let environment = stage.app.engine.environment("dev").await.unwrap().id;
        let connection = stage.app.engine.connection(environment, "crm", "a").await.unwrap().id;
        let dead = Uuid::from_u128(1);
        let lease = stage.app.store.lease_refresh(environment, connection, dead, MINUTE).await.unwrap();
        let dev = stage.dev.clone();
        let waiting = tokio::spawn(async move { proxied(&dev).await });
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(stage.asked(), 0);
        stage.clock.advance(MINUTE);
        assert_eq!(waiting.await.unwrap().text(), "Bearer t1");
        let late = RefreshOutcome::Renewed(Box::new(lease.unwrap().credentials));
        assert!(!stage.app.store.finish_refresh(environment, connection, dead, late).await.unwrap());
        assert_eq!(stage.proxied().await.text(), "Bearer t1");
    }
}
