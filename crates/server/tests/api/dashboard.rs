//! The dashboard's pages and files, as far as they were built.

use bespoke_testkit::{app::TestApp, both};
use serde_json::json;

/// What stands between `before` and the next quotation mark.
fn between<'t>(text: &'t str, before: &str) -> Option<&'t str> {
    text.split_once(before)?.1.split('"').next()
}

both! {
    async fn pages_have_a_strict_policy_and_a_fresh_nonce(database) {
        let app = TestApp::start(database).await;
        let anonymous = app.anonymous();
        let page = anonymous.get("/app/dev/connections").await;
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.header("content-type").starts_with("text/html"), "{}", page.text());
        if page.status == 404 {
            assert!(page.text().contains("make build"), "{}", page.text());
            return;
        }
        let policy = page.header("content-security-policy");
        for rule in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "require-trusted-types-for 'script'"] {
            assert!(policy.contains(rule), "{rule}: {policy}");
        }
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(page.text().contains(nonce) && !page.text().contains("__CSP_NONCE__"));
        for path in ["/app", "/setup", "/invite", "/sign-in"] {
            let other = anonymous.get(path).await;
            assert_eq!(other.status, 200, "{path}");
            assert!(!other.header("content-security-policy").contains(nonce), "{path}");
        }

        let script = between(&page.text(), "src=\"/assets/").unwrap().to_owned();
        let script = format!("/assets/{script}");
        let plain = anonymous.get(&script).header("accept-encoding", "identity").await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, ""));
        assert!(plain.header("cache-control").contains("immutable") && plain.header("content-type").starts_with("text/javascript"));
        let smaller = anonymous.get(&script).header("accept-encoding", "gzip, br").await;
        // The client unpacks what it gets; its tag is that of the copy that was sent.
        assert_eq!((smaller.status, &smaller.body), (200, &plain.body));
        assert_ne!(smaller.header("etag"), plain.header("etag"));
        let again = anonymous.get(&script).header("accept-encoding", "identity");
        let known = again.header("if-none-match", plain.header("etag")).await;
        assert_eq!((known.status, known.body.len()), (304, 0));
        assert!(!anonymous.get("/theme.js").await.header("cache-control").contains("immutable"));
        for hidden in ["/index.html", "/.vite/manifest.json", "/assets/../index.html", "/assets/none.js"] {
            anonymous.get(hidden).await.refused(404, "not_found");
        }
        anonymous.post("/theme.js", json!({})).await.refused(404, "not_found");
    }

    async fn the_address_of_the_server_leads_people_to_the_dashboard(database) {
        let app = TestApp::start(database).await;
        let person = app.anonymous().get("/").header("accept", "text/html,*/*").await;
        assert_eq!((person.status, person.header("location")), (302, "/app"));
        app.anonymous().get("/").await.refused(404, "not_found");
        app.anonymous().get("/nowhere").header("accept", "text/html").await.refused(404, "not_found");
        assert_eq!(app.dev().get("/connections").await.header("x-frame-options"), "DENY");
    }

    async fn only_origins_that_an_environment_names_may_frame_the_configuration_page(database) {
        let app = TestApp::start(database).await;
        let path = "/environment/configure";
        assert_eq!(app.dev().get(path).await.expect(200), json!({"allowed_origins": []}));
        let body = json!({"allowed_origins": ["https://App.example.com/", "http://localhost:5173"]});
        let usual = json!({"allowed_origins": ["https://app.example.com", "http://localhost:5173"]});
        assert_eq!(app.dev().patch(path, body).await.expect(200), usual);
        assert_eq!(app.dev().get(path).await.expect(200), usual);
        for wrong in ["https://a/b", "*", "https://a; script-src *"] {
            let body = json!({"allowed_origins": [wrong]});
            app.dev().patch(path, body).await.refused_at(400, "invalid_body", "allowed_origins.0");
        }
        let page = async |query: &str| app.anonymous().get(&format!("/configure{query}")).await;
        if page("").await.status == 404 {
            return;
        }
        let environment = async |name: &str| app.engine.environment(name).await.unwrap().uuid;
        let (dev, prod) = (environment("dev").await, environment("prod").await);
        let dev = page(&format!("?env={dev}")).await;
        let named = "frame-ancestors http://localhost:5173 https://app.example.com;";
        assert!(dev.header("content-security-policy").contains(named), "{}", dev.header("content-security-policy"));
        assert_eq!(dev.header("x-frame-options"), "");
        assert!(page("").await.header("content-security-policy").contains(named), "what any environment allows");
        let prod = page(&format!("?env={prod}")).await;
        assert!(prod.header("content-security-policy").contains("frame-ancestors 'none';"));
    }
}
