//! http-api.md §6.2.

use crate::fixtures::{connection, connections, integration};
use bespoke_testkit::{
    app::{TestApp, time},
    both,
};
use serde_json::{Value, json};

both! {
    async fn an_integration_is_made_read_changed_and_deleted(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        let made = dev.post("/integrations", json!({"provider": "test-none", "unique_key": "my key"})).await.expect(200);
        let logo = format!("{}/images/template-logos/test-none.svg", app.url());
        let expected = |created: &Value, updated: &Value| json!({"data": {
            "unique_key": "my key", "provider": "test-none", "display_name": "Test without credentials", "logo": logo,
            "data_validation": "warn", "forward_webhooks": true, "created_at": created, "updated_at": updated,
        }});
        let data = &made["data"];
        assert_eq!(made, expected(&data["created_at"], &data["updated_at"]));
        time(&data["created_at"]);
        assert_eq!(dev.get("/integrations/my%20key").await.expect(200), made);
        assert_eq!(dev.get("/integrations").await.expect(200), json!({"data": [data]}));

        let change = json!({"display_name": "Mine", "forward_webhooks": false, "unique_key": "renamed", "custom": {"a": "1"}});
        let changed = dev.patch("/integrations/my%20key", change).await.expect(200);
        assert_eq!(changed["data"]["unique_key"], "renamed");
        assert_eq!(changed["data"]["display_name"], "Mine");
        assert_eq!(changed["data"]["forward_webhooks"], false);
        dev.patch("/integrations/renamed", json!({})).await.expect(200);
        dev.get("/integrations/my%20key").await.refused(404, "not_found");

        assert_eq!(dev.delete("/integrations/renamed").await.expect(200), json!({"success": true}));
        dev.delete("/integrations/renamed").await.refused(404, "not_found");
        dev.patch("/integrations/renamed", json!({})).await.refused(404, "not_found");
        assert_eq!(dev.get("/integrations").await.expect(200), json!({"data": []}));
    }

    async fn client_credentials_are_sealed_and_shown_to_those_who_may_see_them(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        let secret = "a-secret-of-the-client";
        let credentials = json!({"type": "OAUTH2", "client_id": "id", "client_secret": secret, "scopes": "a,b"});
        let create = |credentials: Value| {
            dev.post("/integrations", json!({"provider": "test-oauth2", "unique_key": "oauth", "credentials": credentials}))
        };
        create(json!({"type": "API_KEY"})).await.refused_at(400, "invalid_body", "credentials.type");
        create(json!({"type": "OAUTH2", "client_id": ""})).await.refused_at(400, "invalid_body", "credentials.client_id");
        create(json!({"type": "OAUTH2", "client_id": "id"})).await.refused_at(400, "invalid_body", "credentials.client_secret");
        create(json!({"type": "OAUTH2", "client_id": "i", "client_secret": "s", "x": 1})).await.refused_at(400, "invalid_body", "credentials");
        dev.post("/integrations", json!({"provider": "test-oauth2", "unique_key": "oauth"})).await.refused_at(400, "invalid_body", "credentials");
        let made = create(credentials).await;
        made.expect(200);
        assert!(!made.text().contains(secret));

        let shown = dev.get("/integrations/oauth?include=credentials&include=webhook").await.expect(200);
        assert_eq!(shown["data"]["credentials"], json!({
            "type": "OAUTH2", "client_id": "id", "client_secret": secret, "scopes": "a,b", "webhook_secret": null,
        }));
        let environment = app.engine.environment("dev").await.unwrap().uuid;
        assert_eq!(shown["data"]["webhook_url"], format!("{}/webhook/{environment}/oauth", app.url()));
        let reader = app.with_scopes(&["environment:integrations:read"]).await;
        let shown = reader.get("/integrations/oauth?include=credentials").await.expect(200);
        assert_eq!(shown["data"].get("credentials"), None);
        dev.get("/integrations/oauth?include=secrets").await.refused(400, "invalid_query_params");
        dev.get("/integrations/oauth?x=1").await.refused(400, "invalid_query_params");

        let new = json!({"credentials": {"type": "OAUTH2", "client_id": "id2", "client_secret": "s2", "scopes": ""}});
        dev.patch("/integrations/oauth", new).await.expect(200);
        let shown = dev.get("/integrations/oauth?include=credentials").await.expect(200);
        assert_eq!(shown["data"]["credentials"]["client_id"], "id2");
        let wrong = json!({"credentials": {"type": "TBA", "client_id": "id2", "client_secret": "s2"}});
        dev.patch("/integrations/oauth", wrong).await.refused_at(400, "invalid_body", "credentials.type");

        let quick = json!({"provider": "test-oauth2", "unique_key": "later"});
        dev.post("/integrations/quickstart", quick).await.expect(200);
        let shown = dev.get("/integrations/later?include=credentials").await.expect(200);
        assert_eq!(shown["data"]["credentials"], Value::Null);
    }

    async fn wrong_bodies_name_the_field(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        integration(&dev, "taken", "test-none").await;
        let refuse = async |body: Value, path: &str| {
            dev.post("/integrations", body).await.refused_at(400, "invalid_body", path);
        };
        refuse(json!({"provider": "nobody", "unique_key": "k"}), "provider").await;
        refuse(json!({"provider": "test-none", "unique_key": "taken"}), "uniqueKey").await;
        refuse(json!({"provider": "test-none"}), "unique_key").await;
        refuse(json!({"provider": "test-none", "unique_key": "a/b"}), "unique_key").await;
        refuse(json!({"provider": "test-none", "unique_key": "k", "display_name": ""}), "display_name").await;
        refuse(json!({"provider": "test-none", "unique_key": "k", "custom": {"a": 1}}), "custom.a").await;
        refuse(json!({"provider": "test-none", "unique_key": "k", "forward_webhooks": "yes"}), "forward_webhooks").await;
        refuse(json!({"provider": "test-none", "unique_key": "k", "nope": 1}), "").await;
        let quick = json!({"provider": "test-none", "unique_key": "k", "credentials": {}});
        dev.post("/integrations/quickstart", quick).await.refused(400, "invalid_body");
        dev.post("/integrations?x=1", json!({})).await.refused(400, "invalid_query_params");
        dev.get("/integrations?x=1").await.refused(400, "invalid_query_params");
        dev.delete("/integrations/taken?x=1").await.refused(400, "invalid_query_params");
        dev.patch("/integrations/taken", json!({"provider": "test-none"})).await.refused(400, "invalid_body");
    }

    async fn a_key_in_use_stays_and_deleting_takes_the_connections_along(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a", "b"]).await;
        integration(&dev, "other", "test-none").await;
        dev.patch("/integrations/none", json!({"unique_key": "other"})).await.refused_at(400, "invalid_body", "uniqueKey");
        dev.patch("/integrations/none", json!({"unique_key": "new"})).await.refused_at(400, "invalid_body", "unique_key");
        dev.patch("/integrations/none", json!({"unique_key": "none"})).await.expect(200);
        dev.delete("/integrations/none").await.expect(200);
        assert_eq!(dev.get("/connections").await.expect(200), json!({"connections": []}));
        integration(&dev, "none", "test-none").await;
        connection(&dev, "a").await;
        assert_eq!(crate::fixtures::metadata(&dev, "a").await, json!({}));
    }

    async fn environments_do_not_see_each_others_integrations(database) {
        let app = TestApp::start(database).await;
        integration(&app.dev(), "same", "test-none").await;
        let prod = app.prod();
        prod.get("/integrations/same").await.refused(404, "not_found");
        prod.patch("/integrations/same", json!({})).await.refused(404, "not_found");
        prod.delete("/integrations/same").await.refused(404, "not_found");
        assert_eq!(prod.get("/integrations").await.expect(200), json!({"data": []}));
        integration(&prod, "same", "test-basic").await;
        assert_eq!(app.dev().get("/integrations/same").await.expect(200)["data"]["provider"], "test-none");
    }
}
