//! Broken deployments, of `nango deploy` and of `bespoke deploy`: whatever is wrong is refused in JSON, at its place, and
//! nothing falls over, hangs, or shows what another environment has.
//!
//! The cases are drawn from a fixed seed: the same in every run, so that a failure can be repeated.

mod breaking;
mod requests;

use crate::fixtures::integration;
use bespoke_testkit::{
    app::{Answer, Call, Options, TestApp},
    both,
    database::Database,
};
use breaking::{apply, broken};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use std::time::Duration;

/// How many broken requests each database sees; two calls each.
const CASES: usize = 80;
/// Longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The name of a function in `prod`, at the integration `hidden`: `dev` must never read it.
const SECRET: &str = "secret-of-prod";

/// What is wrong with an answer, if anything is.
fn complaint(answer: &Answer, path: &[String]) -> Option<String> {
    if answer.text().contains(SECRET) {
        return Some("shows what prod has".to_owned());
    }
    let Ok(json) = serde_json::from_slice::<Value>(&answer.body) else { return Some("no JSON".to_owned()) };
    match answer.status {
        200 => return None,
        400 | 409 | 413 | 422 => {}
        other => return Some(format!("status {other}: {json}")),
    }
    let error = &json["error"];
    if !error["code"].is_string() || error["message"].as_str().is_none_or(str::is_empty) {
        return Some(format!("no words: {json}"));
    }
    if error["code"] != "invalid_body" {
        return None;
    }
    // One field may contradict another, but never one of another function.
    let named: Vec<&str> =
        error["errors"][0]["path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    // Code is compiled for the function that runs it.
    let is_code =
        path[0] == "modules" && named.first() == Some(&"functions") && named.last() == Some(&"modules");
    if is_code {
        return None;
    }
    let alike = path.iter().zip(&named).take(2).all(|(wanted, named)| wanted == named);
    let top = path.len() == 1;
    (!(alike && (top || !named.is_empty()))).then(|| format!("names {named:?}: {json}"))
}

/// The answer, or why there is none.
async fn answer(call: Call) -> Result<Answer, String> {
    tokio::time::timeout(PATIENCE, call).await.map_err(|_| "no answer".to_owned())
}

/// A server with the integration `none` in `dev`, and something in `prod` that `dev` must not see.
async fn server(database: Database) -> TestApp {
    let engine = bespoke_engine::Settings {
        start_timeout: Duration::from_millis(300),
        ..bespoke_engine::Settings::default()
    };
    let app =
        TestApp::with(database, Options { functions: true, engine: Some(engine), ..Options::default() })
            .await;
    integration(&app.dev(), "none", "test-none").await;
    integration(&app.prod(), "hidden", "test-none").await;
    let secret = json!({
        "functions": [{
            "integration": "hidden", "kind": "action", "name": SECRET, "modules": ["a-1.js"],
            "source": { "path": "hidden/actions/a.ts", "code": "export default 1;" },
        }],
        "modules": { "a-1.js": { "code": "export default { type: 'action', exec: async () => 1 };" } },
    });
    app.prod().post("/deployments", secret).await.expect(200);
    app
}

/// Breaks `whole` in many ways and sends it to both paths; the second wants `changed` as well.
async fn break_it(app: &TestApp, whole: &Value, paths: [&str; 2], on_second: impl Fn(&mut Value)) {
    let dev = app.dev();
    let before = app.prod().get("/scripts/config").await.expect(200);
    dev.post(paths[0], whole.clone()).await.expect(200);
    let mut runner = TestRunner::deterministic();
    let mut complaints = Vec::new();
    for case in 0..CASES {
        let change = broken().new_tree(&mut runner).expect("nothing is filtered").current();
        let mut body = whole.clone();
        let place = apply(&change, &mut body);
        for path in paths {
            if path == paths[1] {
                on_second(&mut body);
            }
            let told = match answer(dev.post(path, body.clone())).await {
                Ok(answer) => complaint(&answer, &place),
                Err(none) => Some(none),
            };
            complaints.extend(told.map(|told| {
                let change = format!("{change:?}");
                format!("case {case}, {path} {}: {change:.300}: {told:.600}", place.join("."))
            }));
        }
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    // Whatever went through on the way, the server still does its work, and nothing happened elsewhere.
    let mut body = whole.clone();
    on_second(&mut body);
    dev.post(paths[1], body).await.expect(200);
    assert_eq!(app.prod().get("/scripts/config").await.expect(200), before);
}

both! {
    async fn whatever_is_broken_of_nango_deploy_is_refused_in_words(database) {
        let app = server(database).await;
        break_it(&app, &requests::nango(), ["/sync/deploy/confirmation", "/sync/deploy"], |body| body["nangoYamlBody"] = json!("")).await;
    }

    async fn whatever_is_broken_of_bespoke_deploy_is_refused_in_words(database) {
        let app = server(database).await;
        break_it(&app, &requests::own(), ["/deployments/plan", "/deployments"], |_| ()).await;
    }

    async fn what_is_no_json_or_too_much_is_refused_in_words(database) {
        let app = server(database).await;
        let dev = app.dev();
        let text = requests::own().to_string().into_bytes();
        let mut bodies: Vec<Vec<u8>> = (0..text.len()).step_by(text.len() / 12).map(|end| text[..end].to_vec()).collect();
        for place in (0..text.len()).step_by(text.len() / 6) {
            // No UTF-8, a half of a pair, and a zero.
            for bytes in [&b"\xff\xfe"[..], b"\xed\xa0\x80", b"\0"] {
                bodies.push([&text[..place], bytes, &text[place..]].concat());
            }
        }
        bodies.extend([vec![b'['; 200_000], br#"{"functions":"#.repeat(20_000), b"\xef\xbb\xbf{}".to_vec(), text.repeat(2)]);
        for body in bodies {
            let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
            let answer = answer(dev.call("POST", "/deployments").text("application/json", body)).await.expect(&shown);
            assert!((400..500).contains(&answer.status), "{} {}: {shown}", answer.status, answer.text());
            assert!(answer.json()["error"]["message"].is_string(), "{}: {shown}", answer.text());
        }
        let mut huge = requests::own();
        huge["modules"]["find-1.js"]["map"] = json!("m".repeat((16 << 20) + 1));
        answer(dev.post("/deployments", huge)).await.unwrap().refused_at(400, "invalid_body", "modules.find-1.js.map");
    }

    async fn a_strange_source_map_spoils_no_run(database) {
        let app = server(database).await;
        let dev = app.dev();
        crate::fixtures::connection(&dev, "a").await;
        let wild = "AAAA,//////D;".repeat(1_000);
        for map in ["", "{", "null", "[]", r#"{"version":3}"#, r#"{"version":3,"sources":[],"names":[],"mappings":"////////////"}"#,
            r#"{"version":3,"sources":["\u0000"],"names":[],"mappings":"AAAA;AAgggggB"}"#,
            r#"{"version":3,"sections":[{"offset":{"line":4294967295,"column":0},"map":{"version":3,"sources":[],"names":[],"mappings":""}}]}"#,
            &format!(r#"{{"version":3,"sources":["a.ts"],"names":[],"mappings":"{wild}"}}"#)] {
            let mut body = requests::own();
            body["modules"]["find-1.js"]["map"] = json!(map);
            let deployed = answer(dev.post("/deployments", body)).await.unwrap();
            if deployed.status != 200 {
                assert_eq!(complaint(&deployed, &["modules".to_owned()]), None, "{map:.100}");
                continue;
            }
            let call = dev.post("/action/trigger", json!({ "action_name": "find", "input": { "id": "ab" } }));
            let thrown = answer(call.header("provider-config-key", "none").header("connection-id", "a")).await.unwrap();
            assert!(thrown.text().contains("no ab"), "{map:.100}: {}", thrown.text());
        }
    }
}
