//! Signing in at an issuer, against one of our own.

use crate::people::{Browser, PASSWORD, admin};
use axum::{
    Form, Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use bespoke_core::time::Clock as _;
use bespoke_server::system::SystemClock;
use bespoke_testkit::{
    app::{Answer, Options, TestApp},
    both,
    database::Database,
};
use ring::{
    digest,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use url::Url;

/// An issuer whose people are whatever the test says.
#[derive(Clone)]
struct Issuer {
    url: String,
    key: Arc<Ed25519KeyPair>,
    /// By code: the challenge, and what it says of the person.
    codes: Arc<Mutex<HashMap<String, (String, Value)>>>,
}

impl Issuer {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = Arc::new(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap());
        let issuer = Self { url, key, codes: Arc::default() };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(Self::describe))
            .route("/keys", get(Self::keys))
            .route("/token", post(Self::token))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    async fn describe(State(Self { url, .. }): State<Self>) -> Json<Value> {
        Json(json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        }))
    }

    async fn keys(State(issuer): State<Self>) -> Json<Value> {
        let x = BASE64.encode(issuer.key.public_key().as_ref());
        Json(json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "1", "x": x}]}))
    }

    async fn token(
        State(issuer): State<Self>,
        Form(form): Form<HashMap<String, String>>,
    ) -> Result<Json<Value>, StatusCode> {
        let found = issuer.codes.lock().unwrap().remove(&form["code"]);
        let (challenge, claims) = found.ok_or(StatusCode::BAD_REQUEST)?;
        let verifier = digest::digest(&digest::SHA256, form["code_verifier"].as_bytes());
        assert_eq!(BASE64.encode(verifier), challenge);
        let part = |value: &Value| BASE64.encode(value.to_string());
        let text = format!("{}.{}", part(&json!({"alg": "EdDSA", "kid": "1"})), part(&claims));
        let signature = BASE64.encode(issuer.key.sign(text.as_bytes()));
        Ok(Json(json!({
            "access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": format!("{text}.{signature}"),
        })))
    }

    async fn app(&self, database: Database, role: &str) -> TestApp {
        let settings = vec![
            ("BESPOKE_OIDC_ISSUER", self.url.clone()),
            ("BESPOKE_OIDC_CLIENT_ID", "bespoke".to_owned()),
            ("BESPOKE_OIDC_CLIENT_SECRET", "secret".to_owned()),
            ("BESPOKE_OIDC_LABEL", "Example".to_owned()),
            ("BESPOKE_OIDC_ROLE", role.to_owned()),
        ];
        TestApp::with(database, Options { settings, ..Options::default() }).await
    }

    /// Signs in as the person that `claims` describe; `change` has the last word on what the issuer says.
    async fn sign_in(&self, app: &TestApp, claims: Value, change: impl FnOnce(&mut Value)) -> Answer {
        let gone = app.anonymous().get("/session/oidc?next=/app/dev/runs").await;
        assert_eq!(gone.status, 302, "{}", gone.text());
        let address = Url::parse(gone.header("location")).unwrap();
        assert!(address.as_str().starts_with(&format!("{}/authorize?", self.url)), "{address}");
        let query: HashMap<String, String> = address.query_pairs().into_owned().collect();
        assert_eq!(query["redirect_uri"], format!("{}/session/oidc/callback", app.url()));
        let now = SystemClock.now().as_millis() / 1_000;
        let mut said = json!({
            "iss": self.url, "aud": "bespoke", "iat": now, "exp": now + 60, "nonce": query["nonce"],
        });
        said.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        change(&mut said);
        self.codes.lock().unwrap().insert("code".to_owned(), (query["code_challenge"].clone(), said));
        let back = format!("/session/oidc/callback?code=code&state={}", query["state"]);
        let cookie = gone.header("set-cookie").split(';').next().unwrap();
        app.anonymous().get(&back).header("cookie", cookie).await
    }
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, "/sign-in?reason=oidc"),
        "{}",
        answer.text()
    );
    assert!(!answer.header("set-cookie").contains("bespoke_session="));
}

both! {
    async fn the_invited_sign_in_at_the_issuer_and_others_do_not(database) {
        let issuer = Issuer::start().await;
        let app = issuer.app(database, "invited").await;
        let vera = json!({"sub": "1", "email": "Vera@example.com", "email_verified": true, "name": "Vera"});
        refused(&issuer.sign_in(&app, vera.clone(), |_| {}).await);
        let ada = admin(&app).await;
        assert_eq!(app.anonymous().get("/session/options").await.expect(200)["oidc"], json!({"label": "Example"}));
        refused(&issuer.sign_in(&app, vera.clone(), |_| {}).await);
        let body = json!({"email": "vera@example.com", "role": "support"});
        ada.send(&app, "POST", "/members", body).await.expect(201);

        // What the issuer says has to be meant for us, now, and for this very sign-in.
        let other = json!("http://127.0.0.1:9");
        for (claim, value) in [("iss", other), ("aud", json!("another")), ("exp", json!(1)), ("nonce", json!("x"))] {
            refused(&issuer.sign_in(&app, vera.clone(), |said| said[claim] = value).await);
        }
        refused(&issuer.sign_in(&app, vera.clone(), |said| said["email_verified"] = json!(false)).await);

        let signed_in = issuer.sign_in(&app, vera.clone(), |_| {}).await;
        assert_eq!((signed_in.status, signed_in.header("location")), (302, "/app/dev/runs"));
        let browser = Browser::of(&app, &signed_in);
        let info = browser.call(&app, "GET", "/session").await.expect(200);
        assert_eq!((&info["user"]["name"], &info["environments"][0]["role"]), (&json!("Vera"), &json!("support")));
        // They have no password to guess.
        let guess = json!({"email": "vera@example.com", "password": PASSWORD});
        app.anonymous().post("/session", guess).await.refused(401, "wrong_credentials");
        // Their address may change; who they are does not.
        let moved = json!({"sub": "1", "email": "ada@example.com", "email_verified": true});
        let again = Browser::of(&app, &issuer.sign_in(&app, moved, |_| {}).await);
        assert_eq!(again.call(&app, "GET", "/session").await.expect(200)["user"]["email"], "vera@example.com");
        let thief = json!({"sub": "2", "email": "vera@example.com", "email_verified": true});
        refused(&issuer.sign_in(&app, thief, |_| {}).await);
    }

    async fn everybody_of_the_issuer_comes_in_where_that_is_set(database) {
        let issuer = Issuer::start().await;
        let app = issuer.app(database, "viewer").await;
        let eve = json!({"sub": "3", "email": "eve@example.com"});
        refused(&issuer.sign_in(&app, eve.clone(), |_| {}).await);
        admin(&app).await;
        let browser = Browser::of(&app, &issuer.sign_in(&app, eve, |_| {}).await);
        let info = browser.call(&app, "GET", "/session").await.expect(200);
        let roles: Vec<&Value> = info["environments"].as_array().unwrap().iter().map(|one| &one["role"]).collect();
        assert_eq!(roles, ["viewer", "viewer"]);
        // Another browser cannot be signed in with this one's code.
        let back = app.anonymous().get("/session/oidc/callback?code=code&state=x").await;
        refused(&back);
    }
}
