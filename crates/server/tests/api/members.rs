//! Members and keys of an environment.

use crate::people::{Browser, PASSWORD, admin, member};
use bespoke_core::role::Role;
use bespoke_testkit::{
    app::{Options, TestApp},
    both,
    clock::ManualClock,
};
use serde_json::{Value, json};
use std::time::Duration;

fn token(link: &Value) -> &str {
    link.as_str().unwrap().rsplit('=').next().unwrap()
}

both! {
    async fn an_invitation_makes_a_member_with_its_role(database) {
        let app = TestApp::start(database).await;
        let ada = admin(&app).await;
        let invite = async |email: &str, role: &str| {
            ada.send(&app, "POST", "/members", json!({"email": email, "role": role})).await
        };
        let invited = invite("Vera@example.com", "viewer").await.expect(201);
        assert_eq!((&invited["pending"], &invited["email"]), (&json!(true), &json!("vera@example.com")));
        let old = token(&invited["invite_link"]).to_owned();
        let again = invite("vera@example.com", "support").await.expect(201);
        let token = token(&again["invite_link"]);
        app.anonymous().get(&format!("/session/invites/{old}")).await.refused(404, "invalid_link");
        let path = format!("/session/invites/{token}");
        let offer = app.anonymous().get(&path).await.expect(200);
        assert_eq!((&offer["email"], &offer["roles"]), (&json!("vera@example.com"), &json!({"dev": "support"})));

        let body = json!({"name": "Vera", "password": PASSWORD});
        let accepted = app.anonymous().post(&path, body.clone()).await;
        assert_eq!(accepted.expect(201)["environments"][0]["role"], "support");
        app.anonymous().post(&path, body).await.refused(404, "invalid_link");
        let vera = Browser::of(&app, &accepted);
        vera.call(&app, "GET", "/members").await.refused(403, "forbidden");
        let members = ada.call(&app, "GET", "/members").await.expect(200)["data"].clone();
        assert_eq!(members[1]["name"], "Vera");
        assert_eq!((&members[1]["pending"], &members[1]["roles"]), (&json!(false), &json!({"dev": "support"})));
        invite("vera@example.com", "admin").await.refused(409, "conflict");

        // Who is a user already needs no link elsewhere.
        let added = ada.at("prod").send(&app, "POST", "/members", json!({"email": "vera@example.com", "role": "viewer"}));
        assert_eq!(added.await.expect(201)["invite_link"], Value::Null);
        vera.at("prod").call(&app, "GET", "/connections").await.expect(200);
        let id = members[1]["id"].as_str().unwrap();
        let path = format!("/members/{id}");
        ada.send(&app, "PATCH", &path, json!({"role": "viewer"})).await.expect(200);
        vera.send(&app, "POST", "/sync/pause", json!({})).await.refused(403, "forbidden");
        assert_eq!(ada.call(&app, "DELETE", &path).await.status, 204);
        vera.call(&app, "GET", "/connections").await.refused(403, "forbidden");
        ada.call(&app, "DELETE", &path).await.refused(404, "not_found");
        assert_eq!(ada.at("prod").call(&app, "DELETE", &path).await.status, 204);
        vera.call(&app, "GET", "/session").await.refused(401, "not_signed_in");
    }

    async fn the_last_administrator_stays_one(database) {
        let app = TestApp::start(database).await;
        let ada = admin(&app).await;
        let id = ada.call(&app, "GET", "/members").await.expect(200)["data"][0]["id"].clone();
        let path = format!("/members/{}", id.as_str().unwrap());
        ada.send(&app, "PATCH", &path, json!({"role": "viewer"})).await.refused(409, "last_admin");
        ada.call(&app, "DELETE", &path).await.refused(409, "last_admin");
        member(&app, "bob@example.com", Role::Admin, &["dev"]).await;
        ada.send(&app, "PATCH", &path, json!({"role": "viewer"})).await.expect(200);
        ada.at("prod").call(&app, "DELETE", &path).await.refused(409, "last_admin");
    }

    async fn a_link_to_an_account_that_came_about_meanwhile_does_not_open_it(database) {
        let app = TestApp::start(database).await;
        let ada = admin(&app).await;
        let body = json!({"email": "vera@example.com", "role": "viewer"});
        let dev = ada.send(&app, "POST", "/members", body.clone()).await.expect(201);
        let prod = ada.at("prod").send(&app, "POST", "/members", body).await.expect(201);
        let accept = async |link: &Value, password: &str| {
            let path = format!("/session/invites/{}", token(link));
            app.anonymous().post(&path, json!({"name": "Vera", "password": password})).await
        };
        accept(&dev["invite_link"], PASSWORD).await.expect(201);
        accept(&prod["invite_link"], "somebody else's").await.refused(401, "wrong_credentials");
        let both = accept(&prod["invite_link"], PASSWORD).await.expect(201);
        assert_eq!(both["environments"].as_array().unwrap().len(), 2);
    }

    async fn a_link_for_another_password_ends_all_sessions(database) {
        let app = TestApp::start(database).await;
        let ada = admin(&app).await;
        let link = json!(app.engine.password_link("ada@example.com").await.unwrap());
        let path = format!("/session/invites/{}", token(&link));
        assert_eq!(app.anonymous().get(&path).await.expect(200)["name"], "Ada");
        app.anonymous().post(&path, json!({"password": "another good one"})).await.expect(201);
        ada.call(&app, "GET", "/session").await.refused(401, "not_signed_in");
        app.anonymous().post(&path, json!({"password": "and again one"})).await.refused(404, "invalid_link");
        let body = json!({"email": "ada@example.com", "password": "another good one"});
        app.anonymous().post("/session", body).await.expect(200);
    }

    async fn keys_are_made_with_scopes_and_an_end(database) {
        let clock = ManualClock::default();
        let options = Options { clock: Some(clock.clone()), ..Options::default() };
        let app = TestApp::with(database, options).await;
        let ada = admin(&app).await;
        let make = async |body: Value| ada.send(&app, "POST", "/keys", body).await;
        let wrong = json!({"display_name": "ci", "scopes": ["environment:connektions:*"]});
        make(wrong).await.refused_at(400, "invalid_body", "scopes");
        let past = json!({"display_name": "ci", "scopes": ["environment:proxy"], "expires_at": "2020-01-01T00:00:00Z"});
        make(past).await.refused_at(400, "invalid_body", "expires_at");
        let body = json!({
            "display_name": "ci", "scopes": ["environment:connections:*"], "expires_at": "2026-01-02T00:00:00Z",
        });
        let made = make(body).await.expect(201);
        let key = app.with_key(made["secret"].as_str().unwrap());
        key.get("/connections").await.expect(200);
        key.get("/records?model=Contact").await.refused(403, "forbidden");
        clock.advance(Duration::from_secs(25 * 60 * 60));
        key.get("/connections").await.refused(401, "unknown_account");

        // A key can hand on no more than it has.
        let minter = make(json!({"display_name": "minter", "scopes": ["keys:*", "environment:records:read"]})).await;
        let minter = app.with_key(minter.expect(201)["secret"].as_str().unwrap());
        let wide = json!({"display_name": "x", "scopes": ["environment:*"]});
        minter.post("/keys", wide).await.refused(403, "forbidden");
        minter.post("/keys", json!({"display_name": "x", "scopes": ["environment:records:read"]})).await.expect(201);

        let listed = ada.call(&app, "GET", "/keys").await.expect(200)["data"].clone();
        assert!(!listed.to_string().contains("secret\":"), "{listed}");
        let names: Vec<&str> = listed.as_array().unwrap().iter().map(|key| key["display_name"].as_str().unwrap()).collect();
        assert_eq!(names, ["preset", "ci", "minter", "x"]);
        assert_eq!(listed[1]["expires_at"], "2026-01-02T00:00:00.000Z");
        assert_eq!(ada.call(&app, "DELETE", &format!("/keys/{}", listed[0]["id"])).await.status, 204);
        app.dev().get("/connections").await.refused(401, "unknown_account");
        ada.at("prod").call(&app, "DELETE", &format!("/keys/{}", listed[1]["id"])).await.refused(404, "not_found");
    }
}
