//! http-api.md §6.4.

use bespoke_testkit::{app::TestApp, both};
use serde_json::json;

both! {
    async fn providers_are_shown_as_they_are_written(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        let one = dev.get("/providers/test-basic").await.expect(200);
        assert_eq!(one, json!({"data": {
            "display_name": "Test user and password", "auth_mode": "BASIC", "categories": ["dev-tools"],
            "proxy": {"base_url": "${connectionConfig.base_url}"},
            "name": "test-basic", "logo_url": format!("{}/images/template-logos/test-basic.svg", app.url()),
        }}));
        let all = dev.get("/providers").await.expect(200);
        let names: Vec<&str> = all["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert!(names.contains(&"hubspot") && names.contains(&"test-none"), "{names:?}");
        assert!(names.is_sorted());
        let found = dev.get("/providers?search=EST-Bas").await.expect(200);
        assert_eq!(found["data"], json!([one["data"]]));
        assert_eq!(dev.get("/providers?search=no-such-thing").await.expect(200), json!({"data": []}));
        dev.get("/providers?search=a/b").await.refused(400, "invalid_query_params");
        dev.get("/providers?limit=1").await.refused(400, "invalid_query_params");
        dev.get("/providers/nobody").await.refused(404, "not_found");
    }
}
