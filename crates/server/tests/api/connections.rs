//! http-api.md §4.

use crate::fixtures::{connection, connections, integration, metadata};
use bespoke_core::time::Timestamp;
use bespoke_testkit::{
    app::{Options, TestApp, time},
    both,
    clock::ManualClock,
};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    time::Duration,
};

both! {
    async fn an_import_answers_the_connection_and_get_reads_it_back(database) {
        let clock = ManualClock::new(Timestamp(1_700_000_000_123_456));
        let app = TestApp::with(database, Options { clock: Some(clock.clone()), ..Options::default() }).await;
        let dev = app.dev();
        integration(&dev, "key", "test-api-key").await;
        let made = dev.post("/connections", json!({
            "provider_config_key": "key", "connection_id": "customer@a.test", "credentials": {"type": "API_KEY", "apiKey": "s3cret"},
            "metadata": {"b": 1, "a": null}, "connection_config": {"base_url": "http://x.test"}, "webhook_url_override": "https://hooks.test/a",
            "end_user": {"id": "u1", "email": "Ann@Acme.test", "display_name": "Ann", "tags": {"Plan": "pro"}},
            "tags": {"Team": "eu", "plan": "free"},
        })).await.expect(201);
        let mut expected = json!({
            "id": made["id"], "connection_id": "customer@a.test", "provider_config_key": "key", "provider": "test-api-key",
            "errors": [],
            "end_user": {"id": "u1", "display_name": "Ann", "email": "Ann@Acme.test", "tags": {"Plan": "pro"}, "organization": null},
            "tags": {"end_user_id": "u1", "end_user_email": "Ann@Acme.test", "end_user_display_name": "Ann", "plan": "free", "team": "eu"},
            "metadata": {"b": 1, "a": null}, "connection_config": {"base_url": "http://x.test"},
            "webhook_url_override": "https://hooks.test/a",
            "created_at": "2023-11-14T22:13:20.123Z", "updated_at": "2023-11-14T22:13:20.123Z", "last_fetched_at": null,
            "credentials": {"type": "API_KEY", "apiKey": "s3cret"},
        });
        assert_eq!(made, expected);
        assert!(made["id"].is_i64());

        clock.advance(Duration::from_secs(10));
        for name in ["created_at", "updated_at"] {
            expected[name] = json!("2023-11-14T22:13:20.123+00:00");
        }
        expected["last_fetched_at"] = json!("2023-11-14T22:13:30.123+00:00");
        for path in ["/connections", "/connection"] {
            let query = "provider_config_key=key&force_refresh=false&refresh_token=no&refresh_github_app_jwt_token=0";
            let read = dev.get(&format!("{path}/customer@a.test?{query}")).await.expect(200);
            assert_eq!(read, expected);
        }
        let listed = dev.get("/connections").await.expect(200);
        for name in ["connection_config", "webhook_url_override", "created_at", "updated_at", "last_fetched_at", "credentials"] {
            expected.as_object_mut().unwrap().remove(name);
        }
        expected["created"] = json!("2023-11-14T22:13:20.123456+00:00");
        assert_eq!(listed, json!({"connections": [expected]}));
    }

    async fn credentials_are_shown_only_to_keys_that_may_read_them(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        integration(&dev, "oauth", "test-oauth2").await;
        let made = dev.post("/connections", json!({"provider_config_key": "oauth", "connection_id": "a", "credentials": {
            "type": "OAUTH2", "access_token": "t", "refresh_token": "r", "expires_at": "2030-01-01T00:00:00Z",
            "config_override": {"client_id": "c"},
        }})).await.expect(201);
        let expires = "2030-01-01T00:00:00.000Z";
        assert_eq!(made["credentials"], json!({
            "type": "OAUTH2", "access_token": "t", "refresh_token": "r", "expires_at": expires, "config_override": {"client_id": "c"},
            "raw": {"access_token": "t", "refresh_token": "r", "expires_at": expires},
        }));
        let path = "/connections/a?provider_config_key=oauth";
        let read = dev.get(path).await.expect(200);
        assert_eq!(read["credentials"], json!({
            "type": "OAUTH2", "access_token": "t", "expires_at": expires, "config_override": {"client_id": "c"},
            "raw": {"access_token": "t", "expires_at": expires},
        }));
        let read = dev.get(&format!("{path}&refresh_token=yes")).await.expect(200);
        assert_eq!(read["credentials"]["refresh_token"], "r");
        // A page that does not show them does not get them.
        assert_eq!(dev.get(&format!("{path}&credentials=false")).await.expect(200)["credentials"], json!({}));
        let both = format!("{path}&credentials=false&refresh_token=true");
        dev.get(&both).await.refused_at(400, "invalid_query_params", "credentials");

        let reader = app.with_scopes(&["environment:connections:read"]).await;
        assert_eq!(reader.get(path).await.expect(200)["credentials"], json!({}));
        for option in ["force_refresh", "refresh_token", "refresh_github_app_jwt_token"] {
            reader.get(&format!("{path}&{option}=on")).await.refused(403, "forbidden");
        }
        app.with_scopes(&["environment:connections:list"]).await.get(path).await.refused(403, "forbidden");
    }

    async fn every_kind_of_credentials_is_checked_field_by_field(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        let kinds = [
            ("test-api-key", json!({"type": "API_KEY", "apiKey": "k"}), Some("apiKey")),
            ("test-basic", json!({"type": "BASIC", "username": "", "password": ""}), Some("password")),
            ("test-oauth2", json!({"type": "OAUTH2", "access_token": "t"}), Some("access_token")),
            ("test-oauth2-cc", json!({"type": "OAUTH2_CC", "token": "t", "client_id": "i", "client_secret": "s"}), Some("client_secret")),
            ("test-oauth1", json!({"type": "OAUTH1", "oauth_token": "t", "oauth_token_secret": "s"}), Some("oauth_token_secret")),
            ("test-tba", json!({"type": "TBA", "token_id": "t", "token_secret": "s"}), Some("token_secret")),
            ("test-none", json!({"type": "NONE"}), None),
        ];
        for (provider, good, field) in kinds {
            integration(&dev, provider, provider).await;
            let create = |credentials: Value| {
                let config = json!({"accountId": "1"});
                dev.post("/connections", json!({"provider_config_key": provider, "credentials": credentials, "connection_config": config}))
            };
            let made = create(good.clone()).await.expect(201);
            uuid::Uuid::try_parse(made["connection_id"].as_str().unwrap()).unwrap();
            assert_eq!(made["metadata"], json!({}));
            let path = format!("/connections/{}?provider_config_key={provider}", made["connection_id"].as_str().unwrap());
            let read = dev.get(&path).await.expect(200);
            assert_eq!(read["credentials"], if provider == "test-none" { json!({}) } else { made["credentials"].clone() });

            let mut more = good.clone();
            more["surplus"] = json!("x");
            create(more).await.refused_at(400, "invalid_body", "credentials");
            create(json!({"type": "JWT"})).await.refused_at(400, "invalid_body", "credentials.type");
            create(json!({})).await.refused_at(400, "invalid_body", "credentials.type");
            create(json!(null)).await.refused_at(400, "invalid_body", "credentials");
            if let Some(field) = field {
                let mut less = good.clone();
                less.as_object_mut().unwrap().remove(field);
                create(less.clone()).await.refused_at(400, "invalid_body", &format!("credentials.{field}"));
                less[field] = json!(7);
                create(less.clone()).await.refused_at(400, "invalid_body", &format!("credentials.{field}"));
                less[field] = json!("x".repeat(70_000));
                create(less).await.refused_at(400, "invalid_body", &format!("credentials.{field}"));
            }
        }
        integration(&dev, "jwt", "test-jwt").await;
        let jwt = json!({"provider_config_key": "jwt", "credentials": {"type": "JWT"}});
        dev.post("/connections", jwt).await.refused_at(400, "invalid_body", "credentials.type");
        let tba = json!({"provider_config_key": "test-tba", "credentials": {"type": "TBA", "token_id": "t", "token_secret": "s"}});
        dev.post("/connections", tba).await.refused_at(400, "invalid_body", "connection_config.accountId");
    }

    async fn wrong_imports_name_the_field(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        integration(&dev, "none", "test-none").await;
        let create = |more: Value| {
            let mut body = json!({"provider_config_key": "none", "credentials": {"type": "NONE"}});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            dev.post("/connections", body)
        };
        create(json!({"provider_config_key": "nobody"})).await.refused(404, "not_found");
        let refuse = async |more: Value, path: &str| create(more).await.refused_at(400, "invalid_body", path);
        refuse(json!({"connection_id": ""}), "connection_id").await;
        refuse(json!({"connection_id": "x".repeat(256)}), "connection_id").await;
        refuse(json!({"connection_id": "a\u{0}b"}), "connection_id").await;
        refuse(json!({"metadata": [1]}), "metadata").await;
        refuse(json!({"connection_config": "x"}), "connection_config").await;
        refuse(json!({"connection_config": {"oauth_scopes_override": "a"}}), "connection_config.oauth_scopes_override").await;
        refuse(json!({"webhook_url_override": "not a url"}), "webhook_url_override").await;
        refuse(json!({"end_user": {"id": ""}}), "end_user.id").await;
        refuse(json!({"end_user": {"id": "u", "email": "nobody"}}), "end_user.email").await;
        refuse(json!({"end_user": {"id": "u", "organization": {}}}), "end_user").await;
        refuse(json!({"end_user": {"email": "a@b.test"}}), "end_user.id").await;
        refuse(json!({"tags": {"1a": "x"}}), "tags.1a").await;
        refuse(json!({"tags": {"a": "x", "A": "y"}}), "tags.A").await;
        refuse(json!({"tags": {"a": 1}}), "tags.a").await;
        refuse(json!({"nope": 1}), "").await;
        create(json!({"metadata": {"k": "x".repeat(1024 * 1024)}})).await.refused(413, "metadata_too_large");
        dev.post("/connections?x=1", json!({})).await.refused(400, "invalid_query_params");
        assert_eq!(dev.get("/connections").await.expect(200), json!({"connections": []}));
    }

    async fn an_import_of_a_known_connection_keeps_what_it_does_not_name(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        integration(&dev, "key", "test-api-key").await;
        let save = |more: Value| {
            let mut body = json!({"provider_config_key": "key", "connection_id": "a", "credentials": {"type": "API_KEY", "apiKey": "new"}});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            dev.post("/connections", body)
        };
        let first = save(json!({"metadata": {"k": 1}, "tags": {"a": "1"}, "end_user": {"id": "u1"}, "connection_config": {"c": 1},
            "webhook_url_override": "https://hooks.test", "credentials": {"type": "API_KEY", "apiKey": "old"}})).await.expect(201);
        let second = save(json!({})).await.expect(201);
        assert_eq!(second["credentials"]["apiKey"], "new");
        for name in ["id", "metadata", "tags", "end_user", "connection_config", "webhook_url_override", "created_at"] {
            assert_eq!(second[name], first[name], "{name}");
        }
        let third = save(json!({"metadata": {}, "tags": {}, "connection_config": {}, "webhook_url_override": ""})).await.expect(201);
        assert_eq!(third["metadata"], json!({}));
        assert_eq!(third["tags"], json!({}));
        assert_eq!(third["connection_config"], json!({}));
        assert_eq!(third["webhook_url_override"], Value::Null);
        assert_eq!(third["end_user"]["id"], "u1");
    }

    async fn the_oldest_import_takes_flat_fields(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        for name in ["test-api-key", "test-basic", "test-oauth2", "test-oauth2-cc", "test-oauth1", "test-none"] {
            integration(&dev, name, name).await;
        }
        let create = |provider: &str, more: Value| {
            let mut body = json!({"provider_config_key": provider, "connection_id": "a"});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            dev.post("/connection", body)
        };
        let sent = json!({"provider_config_key": "test-api-key", "connection_id": "a", "api_key": "k", "anything": [1]});
        assert_eq!(dev.post("/connection", sent.clone()).await.expect(201), sent);
        let path = "/connections/a?provider_config_key=test-api-key";
        let read = dev.get(path).await.expect(200);
        assert_eq!(read["credentials"], json!({"type": "API_KEY", "apiKey": "k"}));
        assert_eq!(read["metadata"], Value::Null);
        create("test-api-key", json!({"api_key": "k", "metadata": {"k": 1}})).await.expect(201);
        assert_eq!(dev.get(path).await.expect(200)["metadata"], json!({"k": 1}));

        create("test-basic", json!({"username": "u"})).await.expect(201);
        create("test-oauth1", json!({"oauth_token": "t", "oauth_token_secret": "s"})).await.expect(201);
        create("test-oauth2", json!({"access_token": "t", "no_expiration": true})).await.expect(201);
        create("test-oauth2", json!({"access_token": "t", "expires_in": 60, "refresh_token": "r"})).await.expect(201);
        create("test-none", json!({})).await.expect(201);
        let made = dev.post("/connection", json!({"provider_config_key": "test-none"})).await.expect(201);
        uuid::Uuid::try_parse(made["connection_id"].as_str().unwrap()).unwrap();

        dev.post("/connection", json!({})).await.refused(400, "missing_provider_config");
        create("nobody", json!({})).await.refused(400, "unknown_provider_config");
        create("test-api-key", json!({})).await.refused(400, "missing_api_key");
        create("test-basic", json!({})).await.refused(400, "missing_basic_username");
        create("test-oauth2", json!({})).await.refused(400, "missing_access_token");
        create("test-oauth2", json!({"access_token": "t"})).await.refused(400, "missing_expires_at");
        create("test-oauth2", json!({"access_token": "t", "expires_at": "soon"})).await.refused(400, "invalid_expires_at");
        create("test-oauth2-cc", json!({"access_token": "t"})).await.refused(400, "invalid_body");
        create("test-oauth1", json!({})).await.refused(400, "missing_oauth_token");
        create("test-oauth1", json!({"oauth_token": "t"})).await.refused(400, "missing_oauth_token_secret");
    }

    async fn the_provider_is_asked_whether_a_key_works(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        integration(&dev, "verified", "test-verified").await;
        let upstream = provider_that_knows("good-key");
        let create = |key: &str, base_url: &str| {
            dev.post("/connections", json!({"provider_config_key": "verified", "connection_id": "a",
                "credentials": {"type": "API_KEY", "apiKey": key}, "connection_config": {"base_url": base_url}}))
        };
        let refused = create("bad-key", &upstream).await;
        refused.refused(400, "connection_test_failed");
        assert!(refused.text().contains("401") && !refused.text().contains("bad-key"), "{}", refused.text());
        create("good-key", "http://127.0.0.1:1").await.refused(400, "connection_test_failed");
        assert_eq!(dev.get("/connections").await.expect(200), json!({"connections": []}));
        create("good-key", &upstream).await.expect(201);
    }

    async fn lists_are_filtered_paged_and_newest_first(database) {
        let clock = ManualClock::default();
        let app = TestApp::with(database, Options { clock: Some(clock.clone()), ..Options::default() }).await;
        let dev = app.dev();
        integration(&dev, "one", "test-none").await;
        integration(&dev, "two", "test-none").await;
        let users = [
            ("one", "a", json!({"end_user": {"id": "u1", "email": "ann@acme.test", "display_name": "Ann Ähre"}, "tags": {"Team": "eu", "tier": "1"}})),
            ("two", "a", json!({"end_user": {"id": "u2", "display_name": "Bob 100%"}, "tags": {"team": "eu"}})),
            ("two", "b_x", json!({"tags": {"team": "us", "tier": "1"}})),
            ("one", "byx", json!({})),
        ];
        for (integration, id, more) in users {
            let mut body = json!({"provider_config_key": integration, "connection_id": id, "credentials": {"type": "NONE"}});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            dev.post("/connections", body).await.expect(201);
            // The last two are made at the same moment.
            if id == "a" {
                clock.advance(Duration::from_micros(1));
            }
        }
        let list = async |path: &str| {
            let json = dev.get(path).await.expect(200);
            let names = json["connections"].as_array().unwrap().iter();
            let name = |one: &Value| format!("{}/{}", one["provider_config_key"].as_str().unwrap(), one["connection_id"].as_str().unwrap());
            names.map(name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(list("/connections").await, "one/byx two/b_x two/a one/a");
        assert_eq!(list("/connection").await, "one/byx two/b_x two/a one/a");
        assert_eq!(list("/connections?connectionId=a").await, "two/a one/a");
        assert_eq!(list("/connections?connectionId=A").await, "");
        assert_eq!(list("/connections?search=B_X").await, "two/b_x");
        assert_eq!(list("/connections?search=ann%20%C3%84H").await, "one/a");
        assert_eq!(list("/connections?search=100%25").await, "two/a");
        assert_eq!(list("/connections?search=ACME").await, "one/a");
        assert_eq!(list("/connections?endUserId=u2").await, "two/a");
        assert_eq!(list("/connections?endUserOrganizationId=o1").await, "");
        assert_eq!(list("/connections?integrationId=two").await, "two/b_x two/a");
        assert_eq!(list("/connections?integrationId=one,%20two,nobody&connectionId=a").await, "two/a one/a");
        assert_eq!(list("/connections?integrationId=nobody").await, "");
        assert_eq!(list("/connections?tags[TEAM]=eu").await, "two/a one/a");
        assert_eq!(list("/connections?tags[team]=eu&tags[tier]=1").await, "one/a");
        assert_eq!(list("/connections?tags%5Bteam%5D=EU").await, "");
        assert_eq!(list("/connections?tags[end_user_id]=u1").await, "one/a");
        assert_eq!(list("/connections?limit=3").await, "one/byx two/b_x two/a");
        assert_eq!(list("/connections?limit=3&page=1").await, "one/a");
        assert_eq!(list("/connections?limit=2000&page=4294967295").await, "");

        for (query, path) in [
            ("connectionId=", "connectionId"),
            ("search=", "search"),
            ("limit=0", "limit"),
            ("limit=2001", "limit"),
            ("integrationId=,", "integrationId"),
            ("tags[1]=x", "tags.1"),
            ("tags[a]=", "tags.a"),
        ] {
            dev.get(&format!("/connections?{query}")).await.refused_at(400, "invalid_query_params", path);
        }
        for query in ["limit=many", "page=-1", "tags=x", "nope=1"] {
            dev.get(&format!("/connections?{query}")).await.refused(400, "invalid_query_params");
        }
    }

    async fn a_patch_replaces_tags_and_end_user(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let path = "/connections/a?provider_config_key=none";
        let patch = async |body: Value| {
            assert_eq!(dev.patch(path, body).await.expect(200), json!({"success": true}));
            dev.get(path).await.expect(200)
        };
        let read = patch(json!({"tags": {"A": "1"}, "webhook_url_override": "http://hooks.test"})).await;
        assert_eq!((&read["tags"], &read["webhook_url_override"]), (&json!({"a": "1"}), &json!("http://hooks.test")));
        let read = patch(json!({"end_user": {"id": "u", "email": "u@x.test"}})).await;
        assert_eq!(read["tags"], json!({"end_user_id": "u", "end_user_email": "u@x.test"}));
        assert_eq!(read["webhook_url_override"], "http://hooks.test");
        let read = patch(json!({"tags": {}, "webhook_url_override": ""})).await;
        assert_eq!((&read["tags"], &read["webhook_url_override"], &read["end_user"]["id"]), (&json!({}), &Value::Null, &json!("u")));
        assert_eq!(dev.get("/connections?tags[a]=1").await.expect(200), json!({"connections": []}));
        patch(json!({})).await;
        assert_eq!(metadata(&dev, "a").await, json!({}));

        dev.patch(path, json!({"metadata": {}})).await.refused(400, "invalid_body");
        dev.patch(path, json!({"tags": {"a": ""}})).await.refused_at(400, "invalid_body", "tags.a");
        dev.patch("/connections/a", json!({})).await.refused_at(400, "invalid_query_params", "provider_config_key");
        dev.patch("/connections/nobody?provider_config_key=none", json!({})).await.refused(404, "not_found");
        dev.patch("/connections/a?provider_config_key=nobody", json!({})).await.refused(400, "unknown_provider_config");
    }

    async fn reading_and_deleting_what_is_not_there(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a", "b"]).await;
        for path in ["/connections", "/connection"] {
            dev.get(&format!("{path}/nobody?provider_config_key=none")).await.refused(404, "not_found");
            dev.get(&format!("{path}/a?provider_config_key=nobody")).await.refused(400, "unknown_provider_config");
            dev.get(&format!("{path}/a")).await.refused_at(400, "invalid_query_params", "provider_config_key");
            dev.get(&format!("{path}/a?provider_config_key=none&x=1")).await.refused(400, "invalid_query_params");
            dev.get(&format!("{path}/a?provider_config_key=none&force_refresh=maybe")).await.refused(400, "invalid_query_params");
            dev.get(&format!("{path}/a%23b?provider_config_key=none")).await.refused_at(400, "invalid_uri_params", "connectionId");
            dev.delete(&format!("{path}/nobody?provider_config_key=none")).await.refused(400, "unknown_connection");
            dev.delete(&format!("{path}/a?provider_config_key=nobody")).await.refused(400, "unknown_connection");
            dev.delete(&format!("{path}/a")).await.refused_at(400, "invalid_query_params", "provider_config_key");
        }
        let deleted = dev.delete("/connections/a?provider_config_key=none").header("content-type", "application/json").await;
        assert_eq!(deleted.expect(200), json!({"success": true}));
        assert_eq!(dev.delete("/connection/b?provider_config_key=none").await.expect(200), json!({"success": true}));
        dev.delete("/connections/a?provider_config_key=none").await.refused(400, "unknown_connection");
        dev.get("/connections/a?provider_config_key=none").await.refused(404, "not_found");
        connection(&dev, "a").await;
        assert_eq!(metadata(&dev, "a").await, json!({}), "a connection of the same name is a new one");
    }

    async fn names_with_every_allowed_character_work_in_paths(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        integration(&dev, "none", "test-none").await;
        let id = r#",.;:=+~[]|@${}"'\_ -{"a":"b"}"#;
        connection(&dev, id).await;
        let encoded = id.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        let read = dev.get(&format!("/connections/{encoded}?provider_config_key=none")).await.expect(200);
        assert_eq!(read["connection_id"], id);
        dev.patch(&format!("/connection/{encoded}/metadata?provider_config_key=none"), json!({"k": 1})).await.expect(200);
        connection(&dev, "a/b").await;
        assert_eq!(dev.get("/connections/a%2Fb?provider_config_key=none").await.expect(200)["connection_id"], "a/b");
    }

    async fn environments_do_not_see_each_others_connections(database) {
        let app = TestApp::start(database).await;
        let (dev, prod) = (app.dev(), app.prod());
        connections(&dev, &["a"]).await;
        let path = "/connections/a?provider_config_key=none";
        prod.get(path).await.refused(400, "unknown_provider_config");
        integration(&prod, "none", "test-none").await;
        prod.get(path).await.refused(404, "not_found");
        prod.patch(path, json!({"tags": {}})).await.refused(404, "not_found");
        prod.delete(path).await.refused(400, "unknown_connection");
        assert_eq!(prod.get("/connections").await.expect(200), json!({"connections": []}));
        connection(&prod, "a").await;
        prod.delete(path).await.expect(200);
        time(&dev.get(path).await.expect(200)["created_at"]);
    }

    async fn a_fetch_is_noted_once_a_minute(database) {
        let clock = ManualClock::default();
        let app = TestApp::with(database, Options { clock: Some(clock.clone()), ..Options::default() }).await;
        let dev = app.dev();
        connections(&dev, &["a"]).await;
        let fetched = async || {
            time(&dev.get("/connections/a?provider_config_key=none").await.expect(200)["last_fetched_at"])
        };
        let first = fetched().await;
        clock.advance(Duration::from_secs(59));
        assert_eq!(fetched().await, first);
        clock.advance(Duration::from_secs(1));
        assert_eq!(fetched().await, first.after(Duration::from_secs(60)));
    }
}

/// An upstream that answers 200 below `/also-me` to this key and 401 to everything else; its base URL.
fn provider_that_knows(key: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut seen = Vec::new();
            let mut chunk = [0; 1024];
            while !seen.windows(4).any(|window| window == b"\r\n\r\n") {
                match stream.read(&mut chunk).unwrap() {
                    0 => break,
                    length => seen.extend_from_slice(&chunk[..length]),
                }
            }
            let head = String::from_utf8_lossy(&seen).to_lowercase();
            let known =
                head.starts_with("get /also-me ") && head.contains(&format!("authorization: bearer {key}"));
            let status = if known { "200 OK" } else { "401 Unauthorized" };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}
