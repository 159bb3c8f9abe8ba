//! Signing in, what a session opens, and what it does not.

use crate::{
    fixtures::connections,
    people::{Browser, PASSWORD, admin, member},
};
use bespoke_core::role::Role;
use bespoke_testkit::{
    app::{Options, TestApp},
    both,
    clock::ManualClock,
};
use serde_json::{Value, json};
use std::time::Duration;

both! {
    async fn the_printed_link_makes_the_first_administrator_once(database) {
        let app = TestApp::start(database).await;
        let anonymous = app.anonymous();
        assert_eq!(anonymous.get("/session/options").await.expect(200)["setup"], json!(true));
        let first = app.engine.setup_link().await.unwrap().unwrap();
        let second = app.engine.setup_link().await.unwrap().unwrap();
        let body = |link: &str| json!({
            "token": link.rsplit('=').next().unwrap(), "email": " Ada@Example.com", "name": "Ada", "password": PASSWORD,
        });
        let mut short = body(&first);
        short["password"] = json!("short");
        anonymous.post("/session/setup", short).await.refused_at(400, "invalid_body", "password");
        anonymous.post("/session/setup", body("=unknown")).await.refused(404, "invalid_link");

        let made = anonymous.post("/session/setup", body(&first)).await;
        let info = made.expect(201);
        assert_eq!((&info["user"]["email"], &info["user"]["name"]), (&json!("ada@example.com"), &json!("Ada")));
        let roles: Vec<&Value> = info["environments"].as_array().unwrap().iter().map(|one| &one["role"]).collect();
        assert_eq!(roles, ["admin", "admin"]);
        let cookie = made.header("set-cookie");
        for word in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(word), "{cookie}");
        }
        assert!(!cookie.contains("Secure"), "it is plain http");

        anonymous.post("/session/setup", body(&second)).await.refused(409, "conflict");
        assert_eq!(app.engine.setup_link().await.unwrap(), None);
        assert_eq!(anonymous.get("/session/options").await.expect(200)["setup"], json!(false));
        let token = cookie.split(['=', ';']).nth(1).unwrap();
        let kept = app.read_texts("SELECT user_agent || address || id FROM sessions").concat();
        assert!(!kept.contains(token), "only its hash is kept");
        let signed_in = Browser::of(&app, &made).call(&app, "GET", "/session").await.expect(200);
        assert_eq!(signed_in["user"]["name"], "Ada");
    }

    async fn a_session_works_until_it_is_ended_or_forgotten(database) {
        let clock = ManualClock::default();
        let options = Options { clock: Some(clock.clone()), ..Options::default() };
        let app = TestApp::with(database, options).await;
        let first = admin(&app).await;
        let sign_in = async |password: &str| {
            app.anonymous().post("/session", json!({"email": "ADA@example.com", "password": password})).await
        };
        let second = Browser::of(&app, &sign_in(PASSWORD).await);
        let listed = first.call(&app, "GET", "/session/list").await.expect(200)["data"].clone();
        assert_eq!(listed.as_array().unwrap().len(), 2);
        let other = listed.as_array().unwrap().iter().find(|one| one["current"] == json!(false)).unwrap();
        assert_eq!(other["ip"], "127.0.0.1");
        let path = format!("/session/list/{}", other["id"].as_str().unwrap());
        assert_eq!(first.call(&app, "DELETE", &path).await.status, 204);
        first.call(&app, "DELETE", &path).await.refused(404, "not_found");
        second.call(&app, "GET", "/session").await.refused(401, "not_signed_in");
        second.call(&app, "GET", "/connections").await.refused(401, "not_signed_in");

        let third = Browser::of(&app, &sign_in(PASSWORD).await);
        let change = |current: &str| json!({"current": current, "new": "another good one"});
        first.send(&app, "PUT", "/session/password", change("wrong")).await.refused(401, "wrong_credentials");
        assert_eq!(first.send(&app, "PUT", "/session/password", change(PASSWORD)).await.status, 204);
        third.call(&app, "GET", "/session").await.refused(401, "not_signed_in");
        sign_in(PASSWORD).await.refused(401, "wrong_credentials");

        // Used now and then it lives on, but not for ever.
        let day = Duration::from_secs(24 * 60 * 60);
        for _ in 0..3 {
            clock.advance(day * 29);
            first.call(&app, "GET", "/session").await.expect(200);
        }
        clock.advance(day * 4);
        first.call(&app, "GET", "/session").await.refused(401, "not_signed_in");
        let fourth = Browser::of(&app, &sign_in("another good one").await);
        let out = fourth.call(&app, "DELETE", "/session").await;
        assert_eq!((out.status, out.header("set-cookie").contains("Max-Age=0")), (204, true));
        fourth.call(&app, "GET", "/session").await.refused(401, "not_signed_in");
        let idle = Browser::of(&app, &sign_in("another good one").await);
        clock.advance(day * 31);
        idle.call(&app, "GET", "/session").await.refused(401, "not_signed_in");
        app.engine.tidy().await.unwrap();
        assert_eq!(app.read_texts("SELECT id FROM sessions"), Vec::<String>::new());
    }

    async fn guessing_has_to_wait_longer_each_time_whether_there_is_such_a_user_or_not(database) {
        let clock = ManualClock::default();
        let options = Options { clock: Some(clock.clone()), ..Options::default() };
        let app = TestApp::with(database, options).await;
        admin(&app).await;
        let guess = async |email: &str, password: &str| {
            app.anonymous().post("/session", json!({"email": email, "password": password})).await
        };
        for email in ["ada@example.com", "nobody@example.com"] {
            for _ in 0..5 {
                guess(email, "wrong").await.refused(401, "wrong_credentials");
            }
            let mut waits = Vec::new();
            for _ in 0..3 {
                let refused = guess(email, PASSWORD).await;
                refused.refused(429, "too_many_attempts");
                let wait: u64 = refused.header("retry-after").parse().unwrap();
                waits.push(wait);
                clock.advance(Duration::from_secs(wait));
                guess(email, "wrong").await.refused(401, "wrong_credentials");
            }
            assert_eq!(waits, [1, 2, 4], "{email}");
        }
        clock.advance(Duration::from_secs(60));
        guess("ada@example.com", PASSWORD).await.expect(200);

        // An address that tries many names.
        let mut last = 401;
        for number in 0..30 {
            last = guess(&format!("user-{number}@example.com"), "wrong").await.status;
        }
        assert_eq!(last, 429);
    }

    async fn a_cookie_counts_for_our_own_pages_only(database) {
        let app = TestApp::start(database).await;
        let ada = admin(&app).await;
        let variable = json!({"value": "x"});
        let put = "/environment-variables/A";
        let own = app.anonymous();
        let own = |method: &str, path: &str| own.call(method, path).header("cookie", &ada.cookie);
        own("GET", "/connections").await.refused(401, "missing_auth_header");
        own("GET", "/connections").header("bespoke-environment", "dev").await.expect(200);
        own("PUT", put).header("bespoke-environment", "dev").json(&variable).await.refused(403, "cross_site_request");
        own("PUT", put).header("origin", &app.url()).json(&variable).await.refused(403, "cross_site_request");
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
            let evil = Browser { origin: origin.to_owned(), ..ada.clone() };
            evil.send(&app, "PUT", put, variable.clone()).await.refused(403, "cross_site_request");
            evil.call(&app, "GET", "/connections").await.refused(403, "cross_site_request");
            evil.call(&app, "GET", "/session").await.refused(403, "cross_site_request");
            evil.call(&app, "DELETE", "/session").await.refused(403, "cross_site_request");
            let sign_in = app.anonymous().call("POST", "/session").header("origin", origin);
            sign_in.json(&json!({"email": "ada@example.com", "password": PASSWORD})).await.refused(403, "cross_site_request");
        }
        own("DELETE", "/session").await.refused(403, "cross_site_request");
        ada.send(&app, "PUT", put, variable.clone()).await.expect(200);
        // A key counts wherever the request comes from, and before a cookie.
        let key = app.dev().call("PUT", put).header("origin", "https://evil.example").header("cookie", &ada.cookie);
        key.json(&variable).await.expect(200);
        let wrong = app.with_key("nonsense").get("/connections").header("cookie", &ada.cookie);
        wrong.header("bespoke-environment", "dev").await.refused(401, "invalid_secret_key_format");
        // Other sites are not even allowed to ask.
        let preflight = app.anonymous().call("OPTIONS", "/connections").header("origin", "https://evil.example");
        let preflight = preflight.header("access-control-request-method", "GET").await;
        assert!(!preflight.header("access-control-allow-headers").contains("bespoke-environment"));
        assert_eq!(preflight.header("access-control-allow-credentials"), "");
    }

    async fn a_role_holds_in_its_environment_and_is_in_the_history(database) {
        let app = TestApp::start(database).await;
        connections(&app.dev(), &["a"]).await;
        admin(&app).await;
        let viewer = member(&app, "vera@example.com", Role::Viewer, &["dev"]).await;
        let support = member(&app, "sam@example.com", Role::Support, &["dev"]).await;
        let metadata = "/connections/a/metadata?provider_config_key=none";
        viewer.call(&app, "GET", metadata).await.expect(200);
        viewer.send(&app, "PUT", metadata, json!({"k": 1})).await.refused(403, "forbidden");
        viewer.at("prod").call(&app, "GET", "/connections").await.refused(403, "forbidden");
        viewer.at("nowhere").call(&app, "GET", "/connections").await.refused(403, "forbidden");
        support.send(&app, "PUT", metadata, json!({"k": 1})).await.expect(200);
        support.at("prod").send(&app, "PUT", metadata, json!({"k": 1})).await.refused(403, "forbidden");
        let revisions = "/connections/a/metadata/revisions?provider_config_key=none";
        let newest = support.call(&app, "GET", revisions).await.expect(200)["revisions"][0].clone();
        assert_eq!(newest["source"], "dashboard", "{newest}");
        assert_eq!(newest["actor"]["type"], "user");
        assert_eq!(newest["actor"]["email"], "sam@example.com");
    }
}
