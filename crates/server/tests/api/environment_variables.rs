//! http-api.md §7, and our own way to set variables.

use bespoke_testkit::{app::TestApp, both};
use serde_json::json;

both! {
    async fn variables_are_set_listed_and_unset_per_environment(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        assert_eq!(dev.get("/environment-variables").await.expect(200), json!([]));
        for (name, value) in [("B_2", "two\nlines"), ("A", ""), ("B_2", "again")] {
            let answer = dev.put(&format!("/environment-variables/{name}"), json!({"value": value})).await;
            assert_eq!(answer.expect(200), json!({"success": true}));
        }
        let expected = json!([{"name": "A", "value": ""}, {"name": "B_2", "value": "again"}]);
        assert_eq!(dev.get("/environment-variables").await.expect(200), expected);
        assert_eq!(app.prod().get("/environment-variables").await.expect(200), json!([]));
        app.prod().delete("/environment-variables/A").await.refused(404, "not_found");
        assert_eq!(dev.delete("/environment-variables/A").await.expect(200), json!({"success": true}));
        dev.delete("/environment-variables/A").await.refused(404, "not_found");

        dev.put("/environment-variables/1A", json!({"value": ""})).await.refused_at(400, "invalid_body", "name");
        dev.put("/environment-variables/A", json!({"value": "x".repeat(64 * 1024 + 1)})).await.refused_at(400, "invalid_body", "value");
        dev.put("/environment-variables/A", json!({"value": 1})).await.refused_at(400, "invalid_body", "value");
        dev.put("/environment-variables/A", json!({"value": "", "x": 1})).await.refused(400, "invalid_body");
        dev.get("/environment-variables?x=1").await.refused(400, "invalid_query_params");
        let reader = app.with_scopes(&["environment:variables:read"]).await;
        reader.get("/environment-variables").await.expect(200);
        reader.put("/environment-variables/A", json!({"value": "1"})).await.refused(403, "forbidden");
    }
}
