//! http-api.md §1 and §2: what holds for every route.

use crate::fixtures::{connections, metadata};
use bespoke_testkit::{
    app::{DEV_KEY, Options, TestApp},
    both,
    clock::ManualClock,
};
use serde_json::json;
use std::time::Duration;

both! {
    async fn bodies_are_json_or_refused(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let body = r#"{"connection_id":"a","provider_config_key":"none","metadata":{"k":1}}"#;
        for good in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
            assert_eq!(dev.call("POST", "/connections/metadata").text(good, body).await.status, 201, "{good}");
        }
        assert_eq!(dev.call("POST", "/connections/metadata").body(body).await.status, 201);
        for path in ["/connections/metadata", "/CONNECTION/metadata", "/integrations", "/sync/trigger", "/action/trigger"] {
            for bad in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
                dev.call("POST", path).text(bad, body).await.refused(415, "invalid_content_type");
            }
        }
        // The content type is looked at before the key.
        app.anonymous().call("POST", "/connections").text("text/plain", "").await.refused(415, "invalid_content_type");
        for broken in ["{", "{\"a\":1} x", "nonsense", "{\"a\":1,}", "\u{feff}{}"] {
            dev.call("POST", "/connections/metadata").text("application/json", broken).await.refused(400, "invalid_json");
        }
        for scalar in ["1", "\"text\"", "null", "[]"] {
            let answer = dev.call("POST", "/connections/metadata").text("application/json", scalar).await;
            answer.refused(400, "invalid_body");
        }
        dev.call("POST", "/connections/metadata").await.refused_at(400, "invalid_body", "connection_id");
    }

    async fn a_body_over_the_limit_is_refused(database) {
        let settings = vec![("BESPOKE_BODY_LIMIT", "1".to_owned())];
        let app = TestApp::with(database, Options { settings, ..Options::default() }).await;
        let body = "x".repeat(1024 * 1024 + 1);
        let answer = app.dev().call("POST", "/connections/metadata").text("application/json", body).await;
        answer.refused(413, "body_too_large");
    }

    async fn paths_may_be_written_in_any_case_and_with_a_slash_at_the_end(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["Customer-A", "customer-a"]).await;
        for path in ["/connections/", "/Connections", "/CONNECTIONS/?limit=5"] {
            assert_eq!(dev.get(path).await.expect(200)["connections"].as_array().unwrap().len(), 2, "{path}");
        }
        let read = dev.get("/CONNECTIONS/Customer-A/?provider_config_key=none").await.expect(200);
        assert_eq!(read["connection_id"], "Customer-A");
        let body = json!({"connection_id": "customer-a", "provider_config_key": "none", "metadata": {"k": 1}});
        dev.patch("/Connections/Metadata/", body).await.expect(200);
        assert_eq!(metadata(&dev, "customer-a").await, json!({"k": 1}));
        assert_eq!(app.anonymous().get("/Health/").await.expect(200), json!({"result": "ok"}));
    }

    async fn unknown_addresses_and_methods_answer_json(database) {
        let app = TestApp::start(database).await;
        for method in ["GET", "POST", "DELETE"] {
            app.dev().call(method, "/nowhere").await.refused(404, "not_found");
            app.anonymous().call(method, "/nowhere/at/all").await.refused(404, "not_found");
        }
        app.dev().put("/integrations", json!({})).await.refused(405, "method_not_allowed");
        assert_eq!(app.anonymous().get("/ready").await.expect(200), json!({"result": "ok"}));
    }

    async fn the_key_is_read_as_clients_send_it(database) {
        let app = TestApp::start(database).await;
        for good in [format!("Bearer {DEV_KEY}"), DEV_KEY.to_owned(), format!("Bearer {}", DEV_KEY.to_uppercase()), format!("Bearer Bearer {DEV_KEY}")] {
            app.with_authorization(&good).get("/connections").await.expect(200);
        }
        let refuse = async |value: &str, code: &str| {
            let answer = app.with_authorization(value).get("/connections").await;
            answer.refused(401, code);
            assert_eq!(answer.json()["error"]["payload"], json!({}));
        };
        refuse("Bearer ", "malformed_auth_header").await;
        refuse("Bearer", "malformed_auth_header").await;
        refuse("Bearer secret", "invalid_secret_key_format").await;
        refuse("Bearer 6f1c1c1e-7a49-1f5c-9f5e-0123456789ab", "invalid_secret_key_format").await;
        refuse("Bearer 6f1c1c1e-7a49-4f5c-9f5e-0123456789ab", "unknown_account").await;
        app.anonymous().get("/connections").await.refused(401, "missing_auth_header");
    }

    async fn a_key_does_what_its_scopes_say(database) {
        let app = TestApp::start(database).await;
        let listing = app.with_scopes(&["environment:connections:list"]).await;
        listing.get("/connections").await.expect(200);
        listing.get("/integrations").await.refused(403, "forbidden");
        listing.get("/providers").await.expect(200);
        let all = app.with_scopes(&["environment:connections:*"]).await;
        all.get("/connections").await.expect(200);
        // Scope before validation.
        listing.post("/connections?x=1", json!({"x": 1})).await.refused(403, "forbidden");
        app.with_scopes(&[]).await.get("/connections").await.refused(403, "forbidden");
    }

    async fn the_rate_limit_shows_itself_and_ends_with_the_minute(database) {
        let clock = ManualClock::default();
        let settings = vec![("BESPOKE_RATE_LIMIT", "3".to_owned())];
        let app = TestApp::with(database, Options { clock: Some(clock.clone()), settings, ..Options::default() }).await;
        let reset = "1767225660";
        for left in ["2", "1", "0"] {
            let answer = app.dev().get("/connections").await;
            answer.expect(200);
            assert_eq!(answer.header("x-ratelimit-limit"), "3");
            assert_eq!(answer.header("x-ratelimit-remaining"), left);
            assert_eq!(answer.header("x-ratelimit-reset"), reset);
        }
        clock.advance(Duration::from_secs(20));
        let answer = app.dev().get("/connections?limit=1").await;
        assert_eq!(answer.expect(429), json!({"error": {"code": "too_many_request", "method": "GET", "path": "/connections"}}));
        assert_eq!(answer.header("retry-after"), "40");
        assert_eq!(answer.header("x-ratelimit-remaining"), "0");
        app.prod().get("/connections").await.expect(200);
        clock.advance(Duration::from_secs(40));
        app.dev().get("/connections").await.expect(200);
    }

    async fn browsers_of_any_origin_may_call(database) {
        let app = TestApp::start(database).await;
        let preflight = app.anonymous().call("OPTIONS", "/connections/metadata")
            .header("origin", "https://app.test")
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "authorization,content-type").await;
        assert_eq!((preflight.status, preflight.text().as_str()), (204, ""));
        assert_eq!(preflight.header("access-control-allow-origin"), "*");
        assert_eq!(preflight.header("access-control-max-age"), "600");
        let methods = preflight.header("access-control-allow-methods");
        assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].iter().all(|method| methods.contains(method)), "{methods}");
        let headers = preflight.header("access-control-allow-headers");
        for name in ["authorization", "content-type", "provider-config-key", "connection-id", "nango-is-sync"] {
            assert!(headers.contains(name), "{headers}");
        }
        let answer = app.dev().get("/connections").header("origin", "https://app.test").await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(answer.header("access-control-expose-headers").contains("x-ratelimit-remaining"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-powered-by"), "");
        let refused = app.anonymous().get("/connections").header("origin", "https://app.test").await;
        assert_eq!(refused.header("access-control-allow-origin"), "*");
    }
}
