use super::*;
use serde_json::json;

/// 2023-11-14T22:13:20Z
const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

fn definition(fields: Value) -> Definition {
    let mut all =
        json!({"display_name": "Acme", "auth_mode": "OAUTH2", "token_url": "https://acme.example/token"});
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn credentials(json: Value) -> Credentials {
    Credentials::from_json(json).unwrap()
}

fn oauth2(extra: Value) -> Credentials {
    let mut all = json!({"type": "OAUTH2", "access_token": "old", "refresh_token": "r 1"});
    all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    credentials(all)
}

fn client_credentials(extra: Value) -> Credentials {
    let mut all = json!({"type": "OAUTH2_CC", "token": "old", "client_id": "own", "client_secret": "s/1"});
    all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    credentials(all)
}

fn names(name: &str) -> Option<String> {
    (name == "connectionConfig.tenant").then(|| "t1".to_owned())
}

/// The request as text: URL, headers but `accept`, type's last word and body; or the problem.
fn request(fields: Value, credentials: &Credentials, config: Value) -> String {
    let definition = definition(fields);
    let integration = SecretJson(json!({"client_id": "app", "client_secret": "shh", "scopes": "a,b"}));
    let client = Client::of(credentials, Some(&integration));
    let request = renewal(&definition, credentials, &client, config.as_object().unwrap(), &names);
    request.map_or_else(
        |problem| problem.to_string(),
        |request| {
            let headers: Vec<String> = request
                .headers
                .iter()
                .filter(|(name, _)| name != "accept")
                .map(|(name, value)| format!("{name}={} ", value.expose()))
                .collect();
            let kind = request.content_type.rsplit(['/', '-']).next().unwrap();
            format!("{} {}{kind} {}", request.url, headers.concat(), request.body.expose())
        },
    )
}

#[test]
fn a_request_is_what_the_definition_says() {
    let check = |fields: Value, credentials: &Credentials, expected: &str| {
        assert_eq!(request(fields.clone(), credentials, json!({})), expected, "{fields}");
    };
    let user = oauth2(json!({}));
    let url = "https://acme.example/token";
    let plain = "grant_type=refresh_token&refresh_token=r+1&client_id=app&client_secret=shh";
    check(json!({}), &user, &format!("{url} urlencoded {plain}"));
    check(
        json!({"refresh_url": "https://a.example/r"}),
        &user,
        &format!("https://a.example/r urlencoded {plain}"),
    );
    check(
        json!({"token_url": {"OAUTH2": "https://b.example"}}),
        &user,
        &format!("https://b.example urlencoded {plain}"),
    );
    check(
        json!({"authorization_method": "header"}),
        &user,
        &format!(
            "{url} authorization=Basic YXBwOnNoaA== urlencoded grant_type=refresh_token&refresh_token=r+1"
        ),
    );
    check(
        json!({"body_format": "json", "refresh_params": {"request": "token", "grant_type": "renew", "n": 1}}),
        &user,
        &format!(
            r#"{url} json {{"grant_type":"renew","refresh_token":"r 1","client_id":"app","client_secret":"shh","request":"token","n":1}}"#
        ),
    );
    check(
        json!({"token_params": {"grant_type": "authorization_code"},
               "refresh_params": {"tenant": "${connectionConfig.tenant}", "gone": "${connectionConfig.none}"}}),
        &user,
        &format!("{url} urlencoded {plain}&tenant=t1"),
    );
    check(
        json!({"token_headers": {"Authorization": "Own ${connectionConfig.tenant}", "content-type": "x/y"},
               "authorization_method": "header"}),
        &user,
        &format!("{url} Authorization=Own t1 urlencoded grant_type=refresh_token&refresh_token=r+1"),
    );
    check(json!({"token_url": null}), &user, "the provider's definition has no token_url");
    check(
        json!({"refresh_params": {"a": "${x"}}),
        &user,
        "`params.a` of the provider's definition: `${` is not closed",
    );
}

#[test]
fn the_customers_own_client_comes_first() {
    let own = oauth2(json!({"config_override": {"client_id": "mine", "client_secret": ""}}));
    let body = request(json!({}), &own, json!({}));
    assert!(body.ends_with("&client_id=mine&client_secret=shh"), "{body}");
    let definition = definition(json!({}));
    let nobody = renewal(&definition, &own, &Client::default(), &Map::new(), &names);
    assert_eq!(nobody.unwrap_err(), Problem::NoClient);
}

#[test]
fn a_client_asks_for_a_token_with_its_own_credentials() {
    let check = |fields: Value, config: Value, expected: &str| {
        let body = request(fields, &client_credentials(json!({})), config);
        assert_eq!(body, format!("https://acme.example/token {expected}"));
    };
    let grant = "urlencoded grant_type=client_credentials";
    check(json!({}), json!({}), &format!("{grant}&scope=a+b&client_id=own&client_secret=s%2F1"));
    check(
        json!({"scope_separator": ","}),
        json!({"oauth_scopes_override": ["x", "y"]}),
        &format!("{grant}&scope=x%2Cy&client_id=own&client_secret=s%2F1"),
    );
    check(
        json!({"token_request_auth_method": "basic", "token_params": {"audience": "api"}}),
        json!({"oauth_scopes_override": []}),
        &format!("authorization=Basic b3duOnMvMQ== {grant}&audience=api"),
    );
    check(
        json!({"token_request_auth_method": "custom", "token_params": {"id": "${connectionConfig.tenant}"}}),
        json!({"oauth_scopes_override": []}),
        &format!("{grant}&id=t1"),
    );
}

#[test]
fn an_answer_brings_new_credentials() {
    let check = |fields: Value, old: &Credentials, body: &str, expected: Value| {
        let new = renewed(&definition(fields), old, 200, body.as_bytes(), NOW).unwrap();
        let mut new = new.to_json();
        new.remove("raw");
        assert_eq!(Value::Object(new), expected, "{body}");
    };
    let user = oauth2(json!({"config_override": {"client_id": "c"}, "expires_at": "2020-01-01T00:00:00Z"}));
    let expected = |token: &str, refresh: &str, end: Option<&str>| {
        let mut all = json!({"type": "OAUTH2", "access_token": token, "refresh_token": refresh, "config_override": {"client_id": "c"}});
        if let Some(end) = end {
            all["expires_at"] = end.into();
        }
        all
    };
    let hour = "2023-11-14T23:13:20.000Z";
    check(
        json!({}),
        &user,
        r#"{"access_token":"n","refresh_token":"r2","expires_in":3600}"#,
        expected("n", "r2", Some(hour)),
    );
    check(json!({}), &user, r#"{"access_token":"n","expires_in":"3600"}"#, expected("n", "r 1", Some(hour)));
    check(json!({}), &user, "access_token=n&expires_in=3600&scope=", expected("n", "r 1", Some(hour)));
    check(json!({}), &user, r#"{"access_token":"n","expires_in":0}"#, expected("n", "r 1", None));
    check(json!({}), &user, r#"{"access_token":"n"}"#, expected("n", "r 1", None));
    check(
        json!({}),
        &user,
        r#"{"access_token":"n","expires_at":1700003600}"#,
        expected("n", "r 1", Some(hour)),
    );
    check(
        json!({"token_expires_in_ms": 3_600_000}),
        &user,
        r#"{"access_token":"n"}"#,
        expected("n", "r 1", Some(hour)),
    );
    check(
        json!({"token_response": {"token": "data.jwt", "refresh_token": "data.next", "token_expiration": "data.until",
                                  "token_expiration_strategy": "expireAt"}}),
        &user,
        r#"{"data":{"jwt":"n","next":"r3","until":"2023-11-14T23:13:20Z"}}"#,
        expected("n", "r3", Some(hour)),
    );
    check(
        json!({}),
        &client_credentials(json!({})),
        r#"{"access_token":"n","expires_in":3600}"#,
        json!({"type": "OAUTH2_CC", "token": "n", "expires_at": hour, "client_id": "own", "client_secret": "s/1"}),
    );
}

#[test]
fn the_whole_answer_is_kept() {
    let body = r#"{"access_token":"n","instance_url":"https://x.example"}"#;
    let new = renewed(&definition(json!({})), &oauth2(json!({})), 200, body.as_bytes(), NOW).unwrap();
    assert_eq!(new.to_json()["raw"], json!({"access_token": "n", "instance_url": "https://x.example"}));
}

#[test]
fn a_refusal_says_why_and_repeats_nothing_else() {
    let check = |status: u16, body: &str, expected: &str| {
        let refused =
            renewed(&definition(json!({})), &oauth2(json!({})), status, body.as_bytes(), NOW).unwrap_err();
        assert_eq!(refused.to_string(), expected, "{body}");
    };
    check(400, r#"{"error":"invalid_grant"}"#, "the provider answered 400: invalid_grant");
    check(
        400,
        r#"{"error":"invalid_grant","error_description":"revoked"}"#,
        "the provider answered 400: invalid_grant: revoked",
    );
    check(401, r#"{"error":{"message":"no"},"refresh_token":"r 1"}"#, "the provider answered 401: no");
    check(
        200,
        r#"{"ok":false,"error":"invalid_refresh_token"}"#,
        "the provider answered 200: invalid_refresh_token",
    );
    check(200, "error=bad_refresh_token", "the provider answered 200: bad_refresh_token");
    check(500, "<html>", "the provider answered 500");
    check(500, r#"{"access_token":"n"}"#, "the provider answered 500");
}

#[test]
fn a_token_is_due_before_its_end() {
    let due = |fields: Value, credentials: &Credentials| is_due(&definition(fields), credentials, NOW);
    let ends = |seconds: u64, raw: Value| {
        oauth2(json!({"expires_at": NOW.after(Duration::from_secs(seconds)).millis_zulu(), "raw": raw}))
    };
    assert!(due(json!({}), &ends(900, json!({}))));
    assert!(!due(json!({}), &ends(901, json!({}))));
    assert!(due(json!({"token_expiration_buffer": 60}), &ends(60, json!({}))));
    assert!(!due(json!({"token_expiration_buffer": 60}), &ends(61, json!({}))));
    assert!(
        !due(json!({}), &ends(301, json!({"expires_in": 600}))),
        "short-lived tokens are used half their life"
    );
    assert!(due(json!({}), &ends(300, json!({"expires_in": 600}))));
    assert!(!due(json!({}), &oauth2(json!({}))), "nobody knows its end");
    assert!(due(json!({}), &credentials(json!({"type": "OAUTH2_CC", "client_id": "c"}))));

    assert!(is_valid(&ends(1, json!({})), NOW));
    assert!(!is_valid(&ends(0, json!({})), NOW));
    assert!(is_renewable(&oauth2(json!({}))));
    assert!(!is_renewable(&oauth2(json!({"refresh_token": ""}))));
    assert!(is_renewable(&client_credentials(json!({}))));
    assert!(!is_renewable(&client_credentials(json!({"client_certificate": "-----BEGIN"}))));
    assert!(!is_renewable(&Credentials::none()));
}

#[test]
fn failures_cool_down_and_are_given_up_after_days() {
    let mut failures = Failures::default();
    assert!(!failures.is_cooling(NOW) && !failures.is_exhausted());
    for day in 0..4 {
        assert!(!failures.is_exhausted(), "day {day}");
        let at = NOW.after(Duration::from_hours(24 * day));
        failures = failures.and_one(at).and_one(at.after(Duration::from_secs(40)));
        assert!(failures.is_cooling(at.after(Duration::from_secs(69))));
        assert!(!failures.is_cooling(at.after(Duration::from_secs(70))));
    }
    assert_eq!(failures.days, 4);
    assert!(failures.is_exhausted());
}
