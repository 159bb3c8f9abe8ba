//! What decides for a connection: the layers of its configuration, as its functions see them.

use crate::{
    backend::{Backend, Received},
    fixtures::metadata,
    policies::{act, app, deploy, function, work},
};
use bespoke_testkit::{app::Client, both};
use serde_json::{Value, json};

const DEFAULTS: &str = "/integrations/none/metadata/defaults";

const SCHEMA: &str = "/integrations/none/metadata/schema";
const AT: &str = "/connections/a/metadata?provider_config_key=none";

/// Answers what it sees, and writes what it is given.
const READ: &str = "const seen = [await nango.getMetadata()];
    if (input?.update) await nango.updateMetadata(input.update);
    if (input?.set) await nango.setMetadata(input.set);
    return [...seen, await nango.getMetadata(), (await nango.getConnection()).metadata];";

async fn read(client: &Client, input: Value) -> Value {
    act(client, "read", input, &[]).await.expect(200)
}

async fn write(client: &Client, document: Value) {
    client.put("/connections/a/metadata?provider_config_key=none", document).await.expect(200);
}

both! {
    async fn functions_see_the_defaults_below_the_metadata_and_the_api_what_was_stored(database) {
        let (app, _) = app(database, &["a"]).await;
        let dev = app.dev();
        deploy(&dev, vec![function("action", "read", READ, json!({}))]).await.expect(200);
        let own = json!({"filter": {"status": ["open"]}, "region": null});
        write(&dev, own.clone()).await;
        assert_eq!(read(&dev, json!({})).await, json!([own, own, own]), "nothing declared, nothing changed");
        assert_eq!(dev.get(DEFAULTS).await.expect(200), json!({"defaults": {}}));

        let defaults = json!({"filter": {"status": ["all"], "limit": 50}, "region": "eu", "mapping": {"id": "cf_1"}});
        assert_eq!(dev.put(DEFAULTS, defaults.clone()).await.expect(200), json!({"defaults": defaults}));
        let effective = json!({"filter": {"status": ["open"], "limit": 50}, "region": null, "mapping": {"id": "cf_1"}});
        assert_eq!(read(&dev, json!({})).await, json!([effective, effective, own]));
        assert_eq!(metadata(&dev, "a").await, own);
        let list = dev.get("/connections").await.expect(200);
        assert_eq!(list["connections"][0]["metadata"], own);

        // Who asks for the document alone is told both, and where each part comes from.
        let at = "/connections/a/metadata?provider_config_key=none";
        let both = dev.get(at).await.expect(200);
        assert_eq!(both, json!({"metadata": own, "effective": effective, "revision": 2, "schema_version": null, "problems": []}));
        let layers = json!({"/filter/status": "connection", "/filter/limit": "integration", "/region": "connection",
            "/mapping/id": "integration"});
        assert_eq!(dev.get(&format!("{at}&explain=true")).await.expect(200)["layers"], layers);
        let tried = dev.patch(&format!("{at}&validate_only=true"), json!({"filter": 7})).await.expect(200);
        assert_eq!([&tried["effective"]["filter"], &tried["effective"]["mapping"]], [&json!(7), &json!({"id": "cf_1"})]);
        dev.get(&format!("{at}&explained=true")).await.refused(400, "invalid_query_params");

        // What the function writes is stored as its own, and seen in its layers at once.
        let seen = read(&dev, json!({"update": {"mapping": {"name": "cf_2"}}})).await;
        let mut after = effective.clone();
        after["mapping"] = json!({"id": "cf_1", "name": "cf_2"});
        assert_eq!([&seen[0], &seen[1]], [&effective, &after]);
        assert_eq!(seen[2]["mapping"], json!({"name": "cf_2"}));
        let seen = read(&dev, json!({"set": {"region": "us"}})).await;
        let mut after = defaults.clone();
        after["region"] = json!("us");
        assert_eq!([&seen[1], &seen[2]], [&after, &json!({"region": "us"})]);
        assert_eq!(metadata(&dev, "a").await, json!({"region": "us"}));

        // A dry run is shown the same, also with a candidate.
        let dry = json!({"function": {"integration": "none", "kind": "action", "name": "read"}, "connection_id": "a",
            "metadata": {"filter": 7}, "input": {"update": {"region": "de"}}});
        let report = dev.post("/dry-runs", dry).await.expect(200);
        let candidate = json!({"filter": 7, "region": "de", "mapping": {"id": "cf_1"}});
        assert_eq!(report["output"][1], candidate, "{report}");
        assert_eq!(report["output"][0]["region"], "eu");
        assert_eq!(metadata(&dev, "a").await, json!({"region": "us"}));

        // `{}` is no defaults at all.
        dev.put(DEFAULTS, json!({})).await.expect(200);
        assert_eq!(read(&dev, json!({})).await[0], json!({"region": "us"}));
    }

    async fn defaults_are_changed_as_metadata_is(database) {
        let (app, _) = app(database, &[]).await;
        let dev = app.dev();
        dev.put(DEFAULTS, json!({"a": {"x": 1, "y": 2}, "b": 1})).await.expect(200);
        let patch = |kind: &str, body: Value| dev.call("PATCH", DEFAULTS).text(kind, body.to_string());
        let answer = patch("application/json", json!({"b": null, "c": []})).await.expect(200);
        assert_eq!(answer, json!({"defaults": {"a": {"x": 1, "y": 2}, "b": null, "c": []}}));
        let answer = patch("application/merge-patch+json", json!({"a": {"x": null}, "b": null})).await.expect(200);
        assert_eq!(answer, json!({"defaults": {"a": {"y": 2}, "c": []}}));
        let operations = json!([{"op": "test", "path": "/a/y", "value": 2}, {"op": "remove", "path": "/c"}]);
        let answer = patch("application/json-patch+json", operations.clone()).await.expect(200);
        assert_eq!(answer, json!({"defaults": {"a": {"y": 2}}}));
        patch("application/json-patch+json", operations).await.refused(409, "patch_failed");
        dev.put(DEFAULTS, json!([1])).await.refused(400, "invalid_body");
        dev.put(DEFAULTS, json!({"a": "x".repeat(1024 * 1024)})).await.refused(413, "metadata_too_large");
        assert_eq!(dev.get(DEFAULTS).await.expect(200), json!({"defaults": {"a": {"y": 2}}}));
        for answer in [dev.get("/integrations/no/metadata/defaults").await, dev.put("/integrations/no/metadata/defaults", json!({})).await] {
            answer.refused(404, "not_found");
        }
        assert_eq!(app.prod().get(DEFAULTS).await.status, 404, "another environment's");
    }

    async fn a_schema_warns_or_is_enforced_on_every_path_or_counts_for_nothing(database) {
        let (app, _) = app(database, &["a", "b"]).await;
        let dev = app.dev();
        let schema = json!({"type": "object", "required": ["fieldMapping"], "properties": {
            "fieldMapping": {"type": "object", "additionalProperties": false, "properties": {"id": {"type": "string"}}},
            "limit": {"type": "integer", "default": 50},
        }});
        let declares = json!({"metadata": "Config", "json_schema": {"definitions": {"Config": schema}}});
        let empty = dev.get(SCHEMA).await.expect(200);
        assert_eq!(empty, json!({"mode": "warn", "schema": null, "source": null, "file": null, "version": null, "on_change": {}, "ui": null, "conflicts": []}));

        // What was put counts until functions declare something.
        let put = json!({"schema": {"type": "object", "properties": {"put": {"default": 1}}}, "version": 3});
        let shown = dev.put(SCHEMA, put).await.expect(200);
        assert_eq!([&shown["source"], &shown["version"]], [&json!("api"), &json!(3)]);
        assert_eq!(dev.get(AT).await.expect(200)["effective"], json!({"put": 1}));
        dev.put(SCHEMA, json!({"schema": {"type": "nothing"}, "version": 4})).await.refused_at(400, "invalid_body", "schema");
        dev.put(SCHEMA, json!({"version": 4})).await.refused_at(400, "invalid_body", "version");
        let code = "await nango.setMetadata(input); return await nango.getMetadata();";
        deploy(&dev, vec![function("action", "set", code, declares.clone()), function("action", "read", READ, declares)]).await.expect(200);
        assert_eq!(dev.get(SCHEMA).await.expect(200)["source"], "functions");

        // `warn`: stored, and told.
        let mistaken = json!({"fieldMaping": {"id": "cf"}, "limit": "many"});
        let answer = dev.put(AT, mistaken.clone()).await.expect(200);
        let told = |answer: &Value| -> Vec<String> {
            let problems = answer["problems"].as_array().unwrap().iter();
            problems.map(|problem| format!("{} {} {}", problem["level"], problem["path"], problem["code"]).replace('"', "")).collect()
        };
        let all = ["error /fieldMapping required", "error /limit type", "warn /fieldMaping unknown_key"];
        let mut found = told(&answer);
        found.sort();
        assert_eq!(found, all);
        assert_eq!(dev.get(AT).await.expect(200)["problems"], answer["problems"]);
        assert_eq!(metadata(&dev, "a").await, mistaken);
        assert_eq!(read(&dev, json!({})).await[0], mistaken);

        // `enforce`: nothing is written, whatever the way; what does not fit already keeps its run from starting.
        dev.put(SCHEMA, json!({"mode": "enforce"})).await.expect(200);
        let refused = act(&dev, "read", json!({}), &[]).await;
        refused.refused(400, "invalid_configuration");
        assert_eq!(told(&refused.json()["error"]["payload"]).len(), 3);
        let good = json!({"fieldMapping": {"id": "cf", "more": true}, "own": null});
        dev.put(AT, good.clone()).await.expect(200);
        let mut effective = good.clone();
        effective["limit"] = json!(50);
        let layers = dev.get(&format!("{AT}&explain=true")).await.expect(200);
        assert_eq!((&layers["effective"].as_object().unwrap().len(), &layers["layers"]["/limit"]), (&3, &json!("schema")));
        let body = |ids: Value, metadata: Value| json!({"connection_id": ids, "provider_config_key": "none", "metadata": metadata});
        let bad = json!({"limit": "many"});
        for answer in [
            dev.put(AT, bad.clone()).await,
            dev.patch(AT, bad.clone()).await,
            dev.patch(&format!("{AT}&validate_only=true"), bad.clone()).await,
            dev.post("/connections/metadata", body(json!("a"), bad.clone())).await,
            dev.patch("/connection/metadata", body(json!(["a", "b"]), json!({"own": 2}))).await,
            dev.patch("/connection/a/metadata?provider_config_key=none", bad.clone()).await,
            dev.post("/connections/a/metadata/revisions/2/restore?provider_config_key=none", json!({})).await,
            dev.post("/connections", json!({"provider_config_key": "none", "connection_id": "c", "credentials": {"type": "NONE"}, "metadata": bad})).await,
        ] {
            answer.refused(400, "invalid_metadata");
            assert!(!told(&answer.json()["error"]["payload"]).is_empty());
        }
        assert_ne!(act(&dev, "set", bad.clone(), &[]).await.status, 200);
        assert_eq!(metadata(&dev, "a").await, good);
        assert_eq!(metadata(&dev, "b").await, json!({}));

        // `off`: as if there were no schema.
        dev.put(SCHEMA, json!({"mode": "off"})).await.expect(200);
        let answer = dev.put(AT, bad.clone()).await.expect(200);
        assert_eq!((&answer["problems"], &answer["effective"]), (&json!([]), &bad));
        assert_eq!(read(&dev, json!({})).await[0], bad);
    }

    async fn a_run_with_a_configuration_that_does_not_fit_does_not_start_and_says_so(database) {
        let (app, worker) = app(database, &["a"]).await;
        let dev = app.dev();
        let (backend, provider) = (Backend::start().await, Backend::start().await);
        dev.patch("/environment/webhooks", json!({"primary_url": backend.url})).await.expect(200);
        let schema = json!({"type": "object", "required": ["field"], "properties": {"field": {"type": "string"}}});
        let declares = |more: Value| {
            let mut all = json!({"metadata": "Config", "json_schema": {"definitions": {"Config": schema}}});
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        let ask = format!("await nango.proxy({{ endpoint: '/x', baseUrlOverride: '{}' }}); return 'asked';", provider.url);
        let sync = json!({"frequency": "every hour", "auto_start": true, "models": []});
        deploy(&dev, vec![
            function("sync", "contacts", &ask, sync),
            function("action", "strict", &ask, declares(json!({}))),
            function("action", "setup", "return 'set up'", declares(json!({"runs_unconfigured": true}))),
            function("action", "careless", "return 'done'", json!({})),
        ]).await.expect(200);
        dev.put(SCHEMA, json!({"mode": "enforce"})).await.expect(200);
        app.engine.enqueue_due_syncs().await.unwrap();
        work(&worker).await;
        app.engine.deliver_due().await.unwrap();
        act(&dev, "strict", json!({}), &[]).await.refused(400, "invalid_configuration");
        assert_eq!(provider.take().len(), 0, "it costs no call to the provider");

        let runs = dev.get("/runs?status=invalid_configuration&kind=sync").await.expect(200);
        assert_eq!((runs["runs"].as_array().unwrap().len(), &runs["runs"][0]["attempts"]), (1, &json!(1)));
        let run = dev.get(&format!("/runs/{}", runs["runs"][0]["id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&run["status"], &run["error"]["code"]), (&json!("invalid_configuration"), &json!("invalid_configuration")));
        assert_eq!(run["error"]["payload"]["problems"][0]["path"], "/field");
        assert!(run["logs"].to_string().contains("/field: `field` is missing; it must be text."), "{}", run["logs"]);
        assert_eq!(dev.get("/runs?status=failed").await.expect(200)["runs"][0]["status"], "invalid_configuration");
        assert_eq!(dev.get("/runs?status=succeeded").await.expect(200)["runs"], json!([]));
        let told = backend.take().iter().map(Received::json).find(|message| message["type"] == "sync").unwrap();
        assert_eq!((&told["success"], &told["error"]["payload"]["problems"][0]["path"]), (&json!(false), &json!("/field")));

        // What helps to set the configuration up runs, and what does not look at it.
        assert_eq!(act(&dev, "setup", json!({}), &[]).await.expect(200), "set up");
        assert_eq!(act(&dev, "careless", json!({}), &[]).await.expect(200), "done");

        // A preview tells the problems of the candidate.
        let path = "/connections/a/metadata/preview?provider_config_key=none";
        let refused = dev.post(path, json!({"action": "strict", "patch": {"field": 7}})).await.expect(200);
        assert_eq!((&refused["succeeded"], &refused["error"]["code"]), (&json!(false), &json!("invalid_configuration")));
        assert_eq!((&refused["problems"][0]["code"], &refused["calls"]), (&json!("type"), &json!([])));
        let streamed = dev.post(path, json!({"action": "strict"})).header("accept", "text/event-stream").await;
        assert!(streamed.text().contains(r#""code":"required""#), "{}", streamed.text());
        dev.put(SCHEMA, json!({"mode": "warn"})).await.expect(200);
        let warned = dev.post(path, json!({"action": "strict"})).await.expect(200);
        assert_eq!((&warned["problems"][0]["path"], warned["calls"].as_array().unwrap().len()), (&json!("/field"), 1));
        dev.put(SCHEMA, json!({"mode": "enforce"})).await.expect(200);
        let fits = dev.post(path, json!({"action": "strict", "patch": {"field": "x"}})).await.expect(200);
        assert_eq!((&fits["succeeded"], &fits["problems"]), (&json!(true), &json!([])));
    }

    async fn functions_that_contradict_each_other_are_told_at_deploy(database) {
        let (app, _) = app(database, &[]).await;
        let dev = app.dev();
        let declares = |kind: &str| {
            let schema = json!({"type": "object", "properties": {"limit": {"type": kind}}});
            json!({"metadata": "Config", "json_schema": {"definitions": {"Config": schema}}})
        };
        let one = deploy(&dev, vec![function("action", "one", "", declares("integer"))]).await.expect(200);
        assert_eq!(one["conflicts"], json!([]));
        let (two, code) = function("action", "two", "", declares("string"));
        let deployment = json!({"scope": {"kind": "named"}, "functions": [two], "modules": {"two.js": {"code": code}}});
        let plan = dev.post("/deployments/plan", deployment.clone()).await.expect(200);
        let places = json!([{"function": "action one", "types": ["integer"]}, {"function": "action two", "types": ["string"]}]);
        assert_eq!(plan["conflicts"], json!([{"integration": "none", "path": "/limit", "places": places}]));
        assert_eq!(dev.post("/deployments", deployment).await.expect(200)["conflicts"], plan["conflicts"]);
        assert_eq!(dev.get(SCHEMA).await.expect(200)["conflicts"], json!([{"path": "/limit", "places": places}]));
    }
}
