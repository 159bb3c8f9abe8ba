//! http-api.md §14, functions.md §6: what providers send, from the request to the runs and to the backend.

use crate::{
    backend::{Backend, deploy, hex},
    fixtures::integration,
};
use bespoke_core::time::Clock as _;
use bespoke_engine::Settings;
use bespoke_store::{Claim, Finish};
use bespoke_testkit::{
    app::{Answer, Call, Options, TestApp},
    both,
    clock::ManualClock,
    database::Database,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

const MINUTE: Duration = Duration::from_mins(1);
const SECRET: &str = "whsec";

/// A server with an integration `signed` whose webhooks are signed, and the sync `contacts` that subscribes to some.
struct Hooked {
    app: TestApp,
    clock: ManualClock,
    environment: Uuid,
}

impl Hooked {
    async fn new(database: Database) -> Self {
        Self::with(database, Settings::default()).await
    }

    async fn with(database: Database, settings: Settings) -> Self {
        let clock = ManualClock::default();
        let options = Options { clock: Some(clock.clone()), engine: Some(settings), ..Options::default() };
        let app = TestApp::with(database, options).await;
        let environment = app.engine.environment("dev").await.unwrap().uuid;
        let hooked = Self { app, clock, environment };
        hooked.integration("signed", "test-webhook").await;
        let sync = |name: &str, subscriptions: Value| {
            json!({ "integration": "signed", "kind": "sync", "name": name, "frequency": "every day",
                    "models": ["Contact"], "webhook_subscriptions": subscriptions })
        };
        let functions = [
            sync("contacts", json!(["contact.created", "contact.deleted"])),
            sync("everything", json!(["*"])),
            sync("nothing", json!([])),
        ];
        deploy(&hooked.app, &functions).await;
        hooked
    }

    async fn integration(&self, key: &str, provider: &str) {
        integration(&self.app.dev(), key, provider).await;
        let settings = json!({ "integration_config": { "webhook_secret": SECRET } });
        self.app.dev().patch(&format!("/integrations/{key}"), settings).await.expect(200);
    }

    async fn connect(&self, key: &str, connection_id: &str, more: Value) {
        let mut body = json!({
            "provider_config_key": key, "connection_id": connection_id, "credentials": {"type": "NONE"},
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.app.dev().post("/connections", body).await.expect(201);
    }

    fn post(&self, key: &str, query: &str) -> Call {
        self.app.anonymous().call("POST", &format!("/webhook/{}/{key}{query}", self.environment))
    }

    /// Sends a signed webhook to `signed`.
    async fn send(&self, query: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let text = body.to_string();
        let seconds = (self.clock.now().as_millis() / 1_000).to_string();
        let mut call = self
            .post("signed", query)
            .header("x-signature", &format!("sha256={}", signature(&seconds, &text)))
            .header("x-timestamp", &seconds);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call.text("application/json", text).await
    }

    /// Routes what came; what would run now, in order, as `function connection payload`.
    async fn claim(&self) -> Vec<(String, Claim)> {
        self.app.engine.route_webhooks().await.unwrap();
        let claims = self.app.store.claim_runs(Uuid::from_u128(7), 100, MINUTE).await.unwrap();
        let mut named = Vec::new();
        for claim in claims {
            let run = &claim.run;
            let connection = self.app.store.connection_by_row(run.environment, run.connection).await.unwrap();
            let (payload, item) =
                self.app.store.webhook_payload(run.environment, run.id).await.unwrap().unwrap();
            let name =
                format!("{} {} {item} {payload}", run.function_name, connection.unwrap().connection_id);
            named.push((name, claim));
        }
        named.sort_by(|(one, _), (other, _)| one.cmp(other));
        named
    }

    /// Lets everything that can run succeed, until nothing is left; what ran.
    async fn work(&self) -> Vec<String> {
        let mut ran = Vec::new();
        loop {
            let claims = self.claim().await;
            if claims.is_empty() {
                return ran;
            }
            for (name, claim) in claims {
                self.finish(&claim, Finish::succeeded(None, BTreeMap::new())).await;
                ran.push(name);
            }
        }
    }

    async fn finish(&self, claim: &Claim, finish: Finish) {
        assert!(self.app.store.finish_run(claim, finish).await.unwrap());
    }
}

fn signature(seconds: &str, body: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = ring::hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    hex(tag)
}

both! {
    async fn a_webhook_finds_its_connections_by_every_kind_of_path(database) {
        let hooked = Hooked::new(database).await;
        hooked.connect("signed", "by-id", json!({})).await;
        hooked.connect("signed", "by-config", json!({"connection_config": {"shop": "acme"}})).await;
        hooked.connect("signed", "by-metadata", json!({"metadata": {"crm": {"accounts": [7, "eight"]}}})).await;
        let found = async |query: &str, headers: &[(&str, &str)], body: Value| -> Vec<String> {
            let sent = hooked.send(query, headers, &body).await;
            assert_eq!(sent.expect(200), json!({"status": "success"}));
            let ran = hooked.work().await;
            ran.iter().map(|name| name.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
        };
        let event = |account: Value| json!({"type": "contact.created", "account": account});
        assert_eq!(
            found("?connection_id=by-id", &[], event(json!(7))).await,
            ["contacts by-id", "everything by-id"],
            "the first way that finds any"
        );
        assert_eq!(found("?connection_id=nobody", &[("x-shop", "acme.example.com")], event(json!(1))).await,
            ["contacts by-config", "everything by-config"]);
        assert_eq!(found("", &[], event(json!("7"))).await, ["contacts by-metadata", "everything by-metadata"]);
        assert_eq!(found("", &[], event(json!("eight"))).await, ["contacts by-metadata", "everything by-metadata"]);
        assert!(found("", &[], event(json!("nine"))).await.is_empty());
        // Metadata that changes is found by what it is now.
        let change = json!({"connection_id": "by-metadata", "provider_config_key": "signed", "metadata": {"crm": {"accounts": "nine"}}});
        hooked.app.dev().patch("/connections/metadata", change).await.expect(200);
        assert_eq!(found("", &[], event(json!("nine"))).await, ["contacts by-metadata", "everything by-metadata"]);
        assert!(found("", &[], event(json!("7"))).await.is_empty());
        // Only subscribed types, by the body or by a header.
        let other = |kind: &str| json!({"type": kind, "account": "nine"});
        assert_eq!(found("", &[], other("contact.renamed")).await, ["everything by-metadata"]);
        assert_eq!(found("", &[("x-event", "contact.deleted")], other("x")).await, ["contacts by-metadata", "everything by-metadata"]);
    }

    async fn an_index_is_built_for_connections_that_are_there(database) {
        let hooked = Hooked::new(database).await;
        hooked.connect("signed", "old", json!({"metadata": {"crm": {"accounts": "7"}}})).await;
        let found = hooked.app.store.webhook_paths().await.unwrap().into_iter().find(|paths| paths.paths.is_some());
        let (integration, paths) = found.map(|found| (found.integration, found.paths)).unwrap();
        hooked.app.store.set_webhook_paths(integration, None).await.unwrap();
        let event = json!({"type": "x", "account": "7"});
        hooked.send("", &[], &event).await.expect(200);
        assert!(hooked.work().await.is_empty());
        hooked.app.engine.prepare_webhooks().await.unwrap();
        let now = hooked.app.store.webhook_paths().await.unwrap().into_iter().find(|found| found.integration == integration);
        assert_eq!(now.unwrap().indexed, paths);
        hooked.send("", &[], &event).await.expect(200);
        assert_eq!(hooked.work().await.len(), 1);
    }

    async fn what_is_not_signed_by_the_provider_is_not_kept(database) {
        let hooked = Hooked::new(database).await;
        hooked.connect("signed", "acme", json!({})).await;
        let body = r#"{"type":"contact.created"}"#;
        let now = hooked.clock.now().as_millis() / 1_000;
        let send = async |signature: Option<String>, time: Option<i64>| {
            let mut call = hooked.post("signed", "?connection_id=acme");
            if let Some(signature) = signature {
                call = call.header("x-signature", &signature);
            }
            if let Some(time) = time {
                call = call.header("x-timestamp", &time.to_string());
            }
            call.text("application/json", body).await
        };
        let good = |time: i64| Some(format!("sha256={}", signature(&time.to_string(), body)));
        for (signature, time) in [
            (None, Some(now)),
            (good(now), None),
            (Some("sha256=00".to_owned()), Some(now)),
            (Some("nonsense".to_owned()), Some(now)),
            (good(now - 301), Some(now - 301)),
            (good(now + 301), Some(now + 301)),
            (good(now - 10), Some(now)),
        ] {
            send(signature, time).await.refused(401, "webhook_invalid_signature");
        }
        assert!(hooked.work().await.is_empty());
        send(good(now - 299), Some(now - 299)).await.expect(200);
        assert_eq!(hooked.work().await.len(), 2);

        let unset = json!({ "integration_config": { "webhook_secret": "" } });
        hooked.app.dev().patch("/integrations/signed", unset).await.expect(200);
        let refused = send(good(now), Some(now)).await;
        refused.refused(401, "webhook_invalid_signature");
        assert!(refused.text().contains("the integration has no webhook_secret"), "{}", refused.text());
    }

    async fn tokens_and_passwords_are_checked_and_batches_come_apart(database) {
        let hooked = Hooked::new(database).await;
        hooked.integration("batch", "test-batch").await;
        hooked.integration("all", "test-broadcast").await;
        for (key, id) in [("batch", "one"), ("batch", "two"), ("all", "three"), ("all", "four")] {
            hooked.connect(key, id, json!({"metadata": {"tenant": id}})).await;
        }
        let sync = |key: &str| json!({ "integration": key, "kind": "sync", "name": "s", "frequency": "every day",
                                       "models": ["Contact"], "webhook_subscriptions": ["a"] });
        deploy(&hooked.app, &[sync("batch"), sync("all")]).await;
        let events = json!({"events": [{"tenant": "two", "type": "a"}, {"tenant": "one", "type": "b"}, {"tenant": "two", "type": "a"}]});
        hooked.post("batch", "").header("x-token", "wrong").json(&events).await.refused(401, "webhook_invalid_signature");
        hooked.post("batch", "").header("x-token", SECRET).json(&events).await.expect(200);
        assert_eq!(hooked.work().await, [format!("s two 0 {events}"), format!("s two 2 {events}")]);

        let post = |authorization: &str| hooked.post("all", "").header("authorization", authorization).json(&json!({"type": "a"}));
        post("Basic eDp5").await.refused(401, "webhook_invalid_signature");
        // user:whsec
        post("Basic dXNlcjp3aHNlYw==").await.expect(200);
        assert_eq!(hooked.work().await, [r#"s four 0 {"type":"a"}"#, r#"s three 0 {"type":"a"}"#]);
    }

    async fn handshakes_are_answered_with_their_own_words(database) {
        let hooked = Hooked::new(database).await;
        let hello = hooked.post("signed", "").json(&json!({"type": "hello", "challenge": "abc"})).await;
        assert_eq!((hello.status, hello.text().as_str()), (200, "abc"));
        assert!(hello.header("content-type").starts_with("text/plain"));
        let graph = hooked.post("signed", "?validationToken=a%20b").await;
        assert_eq!((graph.status, graph.text().as_str()), (200, "a b"));
        let monday = hooked.post("signed", "").json(&json!({"challenge": "xyz"})).await.expect(200);
        assert_eq!(monday, json!({"challenge": "xyz"}));
        let asana = hooked.post("signed", "").header("x-hook-secret", "s3").await;
        assert_eq!((asana.status, asana.header("x-hook-secret")), (200, "s3"));
        assert!(hooked.work().await.is_empty());
    }

    async fn a_provider_without_rules_names_type_and_connection(database) {
        let hooked = Hooked::new(database).await;
        integration(&hooked.app.dev(), "plain", "test-none").await;
        hooked.connect("plain", "acme", json!({})).await;
        let sync = json!({ "integration": "plain", "kind": "sync", "name": "s", "frequency": "every day",
                           "models": ["Contact"], "webhook_subscriptions": ["ping"] });
        deploy(&hooked.app, &[sync]).await;
        assert_eq!(hooked.post("plain", "").await.status, 204);
        hooked.post("plain", "").json(&json!({"type": "ping", "connectionId": "acme"})).await.expect(200);
        hooked.post("plain", "").json(&json!({"type": "pong", "connectionId": "acme"})).await.expect(200);
        hooked.post("plain", "").text("text/plain", "ping").await.expect(200);
        let form = hooked.post("plain", "").text("application/x-www-form-urlencoded", "type=ping&connectionId=acme");
        form.await.expect(200);
        let ran = hooked.work().await;
        assert_eq!(ran, [r#"s acme 0 {"type":"ping","connectionId":"acme"}"#; 2]);
        let url = hooked.app.dev().get("/integrations/plain?include=webhook").await.expect(200)["data"]["webhook_url"].take();
        let path = url.as_str().unwrap().replace(&hooked.app.url(), "");
        assert_eq!(hooked.app.anonymous().call("POST", &path).await.status, 204, "the address is true");
    }

    async fn a_later_webhook_never_overtakes_one_that_is_tried_again(database) {
        let hooked = Hooked::new(database).await;
        hooked.connect("signed", "acme", json!({})).await;
        hooked.connect("signed", "other", json!({})).await;
        let event = |number: u32| json!({"type": "contact.renamed", "n": number});
        for number in 1..=3 {
            hooked.send("?connection_id=acme", &[], &event(number)).await.expect(200);
        }
        let first = hooked.claim().await;
        assert_eq!(first.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), [format!("everything acme 0 {}", event(1))]);
        // It fails and is tried again in a minute; another connection is not held up.
        let again = Finish { counts: true, ..Finish::again(hooked.clock.now().after(MINUTE)) };
        hooked.finish(&first[0].1, again).await;
        hooked.send("?connection_id=other", &[], &event(4)).await.expect(200);
        assert_eq!(hooked.work().await, [format!("everything other 0 {}", event(4))]);
        hooked.clock.advance(MINUTE);
        let second = hooked.claim().await;
        assert_eq!((second.len(), second[0].1.run.attempt), (1, 1));
        // Its node dies; it comes back before the others.
        hooked.clock.advance(MINUTE + MINUTE);
        assert_eq!(hooked.app.engine.rescue_runs().await.unwrap(), 1);
        let third = hooked.claim().await;
        assert_eq!(third[0].1.run.id, second[0].1.run.id);
        // It fails for good: the next one's turn.
        hooked.finish(&third[0].1, Finish::failed("{}".to_owned())).await;
        assert_eq!(hooked.work().await, [2, 3].map(|number| format!("everything acme 0 {}", event(number))));
    }

    async fn what_was_acknowledged_is_routed_after_a_restart_and_once(database) {
        let hooked = Hooked::new(database).await;
        hooked.connect("signed", "acme", json!({})).await;
        let body = json!({"type": "contact.created"});
        for _ in 0..2 {
            hooked.send("?connection_id=acme", &[("x-delivery", "d1")], &body).await.expect(200);
        }
        // Nothing was routed by the node that answered. What routes it now sees the tables only.
        assert_eq!(hooked.app.store.unrouted_webhooks(10).await.unwrap().len(), 1, "a second delivery is dropped");
        let event = hooked.app.store.unrouted_webhooks(10).await.unwrap().remove(0);
        assert!(!event.request.contains("sha256=ab") && event.request.contains("x-delivery"), "{}", event.request);
        assert_eq!(hooked.app.engine.route_webhooks().await.unwrap(), 2);
        assert_eq!(hooked.app.engine.route_webhooks().await.unwrap(), 0);
        assert_eq!(hooked.work().await.len(), 2);
    }

    async fn the_backend_has_what_the_provider_sent(database) {
        let hooked = Hooked::new(database).await;
        let backend = Backend::start().await;
        let settings = json!({"primary_url": backend.url, "on_auth_creation": false, "on_sync_completion_always": true});
        hooked.app.dev().patch("/environment/webhooks", settings).await.expect(200);
        hooked.connect("signed", "acme", json!({})).await;
        let body = json!({"z": 1, "type": "contact.created", "a": [true]});
        hooked.send("?connection_id=acme", &[("x-event", "e"), ("cookie", "c=1")], &body).await.expect(200);
        hooked.send("", &[], &json!({"to": "nobody", "a": 1})).await.expect(200);
        hooked.app.engine.route_webhooks().await.unwrap();
        hooked.app.engine.deliver_due().await.unwrap();
        let mut received = backend.take();
        received.sort_by_key(|one| !one.body.contains("forward"));
        assert_eq!(received.len(), 2);
        assert_eq!(received[0].body, format!(
            r#"{{"connectionId":"acme","from":"test-webhook","payload":{},"providerConfigKey":"signed","type":"forward"}}"#,
            r#"{"a":[true],"type":"contact.created","z":1}"#
        ));
        let headers = &received[0].headers;
        assert_eq!((headers["x-event"].to_str().unwrap(), headers.get("cookie")), ("e", None));
        assert!(headers.contains_key("x-nango-hmac-sha256"));
        assert_eq!(received[1].body, r#"{"a":1,"to":"nobody"}"#, "nobody's webhook goes on as it is");
        // The runs tell of themselves.
        assert_eq!(hooked.work().await.len(), 2);
        hooked.app.engine.deliver_due().await.unwrap();
        let told: Vec<Value> = backend.take().iter().map(crate::backend::Received::json).collect();
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|message| message["syncType"] == "WEBHOOK"), "{told:?}");

        hooked.app.dev().patch("/integrations/signed", json!({"forward_webhooks": false})).await.expect(200);
        hooked.send("", &[], &json!({"to": "nobody"})).await.expect(200);
        hooked.app.engine.route_webhooks().await.unwrap();
        assert_eq!(hooked.app.engine.deliver_due().await.unwrap(), 0);
    }

    async fn a_flood_is_answered_and_not_stored(database) {
        let hooked = Hooked::with(database, Settings { webhook_limit: 4, ..Settings::default() }).await;
        let body = json!({"type": "contact.created"});
        let stored = async || hooked.app.store.unrouted_webhooks(100).await.unwrap().len();
        // Forged ones use up nothing but the log's lines about them.
        for number in 0..6 {
            let forged = hooked.post("signed", "").header("x-signature", "sha256=00").text("application/json", body.to_string()).await;
            assert_eq!(forged.status, if number < 4 { 401 } else { 429 }, "{}", forged.text());
        }
        let lines = hooked.app.dev().get("/logs?level=warn").await.expect(200);
        assert_eq!(lines["logs"].as_array().unwrap().len(), 4, "{lines}");
        for _ in 0..2 {
            hooked.send("", &[], &body).await.expect(200);
        }
        // One of 20 KiB counts twice.
        hooked.send("", &[], &json!({"type": "x".repeat(20 * 1024)})).await.expect(200);
        let refused = hooked.send("", &[], &body).await;
        refused.refused(429, "too_many_request");
        let wait: i64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(stored().await, 3);
        // Other integrations go on, and so does this one in the next minute, whatever its size.
        hooked.clock.advance(MINUTE);
        hooked.send("", &[], &json!({"type": "x".repeat(200 * 1024)})).await.expect(200);
        assert_eq!(stored().await, 4);
    }

    async fn unknown_addresses_are_told_apart(database) {
        let hooked = Hooked::new(database).await;
        let post = async |path: &str| hooked.app.anonymous().post(path, json!({})).await;
        post(&format!("/webhook/{}/unknown", hooked.environment)).await.refused(404, "unknown_provider_config");
        post("/webhook/11111111-1111-4111-8111-111111111111/signed").await.refused(404, "unknown_environment");
        post("/webhook/dev/signed").await.refused_at(400, "invalid_uri_params", "environment");
        post(&format!("/webhook/{}/a%00b", hooked.environment)).await.refused_at(400, "invalid_uri_params", "unique_key");
        hooked.app.anonymous().get(&format!("/webhook/{}/signed", hooked.environment)).await.refused(405, "method_not_allowed");
    }

    async fn whatever_is_sent_is_answered(database) {
        let hooked = Hooked::new(database).await;
        integration(&hooked.app.dev(), "plain", "test-none").await;
        hooked.integration("all", "test-broadcast").await;
        hooked.connect("plain", "acme", json!({})).await;
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % u64::try_from(below).unwrap()).unwrap()
        };
        let pieces: &[&[u8]] = &[
            b"{", b"}", b"[", b"]", b"\"", b"\\u0000", b"\\ud800", b"type", b"connectionId", b":", b",", b"acme", b"\0",
            b"\xff\xfe", b"1e999", b"-0", b"null", b"%00", b"=", b"&", b"${body}", b"\n", b"\xf0\x9f\xa6\x80", b"'; DROP TABLE runs; --",
        ];
        let kinds = ["application/json", "application/x-www-form-urlencoded", "text/xml", "", "multipart/form-data", "a/b; charset=\u{7f}x"];
        for round in 0..200 {
            let body: Vec<u8> = (0..random(30)).flat_map(|_| pieces[random(pieces.len())].to_vec()).collect();
            let body = if round % 20 == 0 { vec![b'['; 5_000] } else { body };
            let key = ["plain", "signed", "all"][random(3)];
            let query = ["", "?connection_id=%00", "?validationToken=%ff", "?connection_id=acme&x[]=1"][random(4)];
            let mut call = hooked.post(key, query).header("x-signature", "sha256=\u{e9}").header("x-timestamp", "-9223372036854775808");
            let kind = kinds[random(kinds.len())];
            if !kind.contains('\u{7f}') && !kind.is_empty() {
                call = call.header("content-type", kind);
            }
            let answer = call.header("authorization", "Basic dXNlcjp3aHNlYw==").body(body.clone()).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
            assert!(answer.status < 500, "{shown}: {}", answer.text());
        }
        // A well-formed event with values that no column takes.
        let body = json!({"type": "\u{0}", "connectionId": "a\u{0}b", "long": "x".repeat(10_000)});
        hooked.post("plain", "").json(&body).await.expect(200);
        hooked.app.engine.route_webhooks().await.unwrap();
        assert!(hooked.app.store.unrouted_webhooks(10).await.unwrap().is_empty());
    }
}
