//! `config.ts` as the authority for the configuration of an integration, its versions, and their migration.

use crate::{
    fixtures::metadata,
    policies::{act, app, function, work},
};
use bespoke_testkit::{app::Client, both};
use serde_json::{Value, json};

const SCHEMA: &str = "/integrations/none/metadata/schema";
const MIGRATE: &str = "/integrations/none/metadata/migrate";

fn at(connection: &str) -> String {
    format!("/connections/{connection}/metadata?provider_config_key=none")
}

/// A deployment of these functions by `(function, code)`, which leaves all others be.
pub(crate) fn deployment(functions: &[(Value, String)]) -> Value {
    let module = |(function, code): &(Value, String)| {
        (format!("{}.js", function["name"].as_str().unwrap()), json!({ "code": code }))
    };
    let modules: serde_json::Map<String, Value> = functions.iter().map(module).collect();
    let functions: Vec<&Value> = functions.iter().map(|(function, _)| function).collect();
    json!({ "scope": { "kind": "named" }, "functions": functions, "modules": modules })
}

/// A `config.ts` as the bundler leaves it; `code` is what it has beside its type and version.
pub(crate) fn config(version: i64, schema: Value, code: &str, more: Value) -> (Value, String) {
    let mut said = json!({ "version": version });
    said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let definition = json!({
        "integration": "none", "kind": "config", "name": "config", "modules": ["config.js"], "version": version.to_string(),
        "source": { "path": "none/config.ts", "code": "" },
        "metadata": "Config", "json_schema": { "definitions": { "Config": schema } }, "config": said,
    });
    (definition, format!("export default {{ type: 'config', version: {version}, {code} }};"))
}

fn one() -> (Value, String) {
    let schema = json!({ "type": "object", "properties": { "idField": { "type": "string" } } });
    config(1, schema, "", json!({}))
}

/// `idField` becomes `mapping.id`, and `-` is no field.
fn two() -> (Value, String) {
    let schema = json!({ "type": "object", "required": ["mapping"], "properties": {
        "mapping": { "type": "object", "required": ["id"], "properties": { "id": { "type": "string", "minLength": 2 } } },
    } });
    let steps = "migrate: { 2: ({ idField, ...rest }) => {
        if (idField === 'throw') throw new Error('no such field');
        if (idField === 'hang') for (;;);
        return idField === undefined ? rest : { mapping: { id: idField }, ...rest };
    } }";
    config(2, schema, steps, json!({ "migrate": [2] }))
}

async fn write(client: &Client, connection: &str, document: Value) {
    client.put(&at(connection), document).await.expect(200);
}

async fn sources(client: &Client, connection: &str) -> Vec<String> {
    let path = format!("/connections/{connection}/metadata/revisions?provider_config_key=none");
    let revisions = client.get(&path).await.expect(200);
    let of = |revision: &Value| revision["source"].as_str().unwrap().to_owned();
    revisions["revisions"].as_array().unwrap().iter().map(of).collect()
}

async fn version(client: &Client, connection: &str) -> Value {
    client.get(&at(connection)).await.expect(200)["schema_version"].clone()
}

const READ: &str =
    "if (input?.update) await nango.updateMetadata(input.update); return await nango.getMetadata();";

both! {
    async fn a_deployed_config_is_the_authority_and_its_code_is_asked(database) {
        let (app, worker) = app(database, &["a"]).await;
        let dev = app.dev();
        let schema = json!({ "type": "object", "required": ["from"], "properties": {
            "from": { "type": "integer" }, "to": { "type": "integer", "default": 9 }, "limit": { "type": "integer" } } });
        // As zod does, it says nothing where it has nothing to say.
        let code = "schema: { safeParseAsync: async ({ from, to, hang }) => {
            if (hang) for (;;);
            const issues = [{ path: ['from'], code: 'custom', message: 'from must not be after to' }, { path: [], code: 'unrecognized_keys', message: 'no' }];
            return from <= to ? { success: true } : { success: false, error: { issues } };
        } }";
        let more = json!({ "defaults": { "limit": 50 }, "on_change": { "from": "resync" }, "ui": { "order": ["from"] }, "refines": true });
        let file = config(1, schema, code, more);
        let careless = function("action", "careless", READ, json!({}));
        let sync = function("sync", "contacts", "", json!({ "frequency": "every hour", "auto_start": true }));
        dev.post("/deployments", deployment(&[file, careless, sync])).await.expect(200);
        let shown = dev.get(SCHEMA).await.expect(200);
        assert_eq!([&shown["source"], &shown["file"], &shown["version"]], [&json!("config"), &json!("none/config.ts"), &json!(1)]);
        assert_eq!([&shown["on_change"], &shown["ui"]], [&json!({ "from": "resync" }), &json!({ "order": ["from"] })]);
        let refused = dev.put(SCHEMA, json!({ "schema": {}, "version": 2 })).await;
        refused.refused_at(400, "invalid_body", "schema");
        assert!(refused.text().contains("none/config.ts"), "{}", refused.text());
        let functions = dev.get("/integrations/none/functions").await.expect(200);
        assert_eq!(functions["pagination"]["total"], 2, "it is no function that runs");

        // `warn`: what only the code can say is told, and the version is that of the last document that fitted.
        let answer = dev.put(&at("a"), json!({ "from": 10, "limit": 7 })).await.expect(200);
        let problem = json!({ "level": "error", "path": "/from", "code": "custom", "message": "from must not be after to" });
        assert_eq!((&answer["problems"], &answer["schema_version"]), (&json!([problem]), &Value::Null), "it fitted none so far");
        assert_eq!(answer["effective"], json!({ "from": 10, "limit": 7, "to": 9 }));
        assert_eq!(act(&dev, "careless", json!({}), &[]).await.expect(200)["to"], 9);
        let fits = dev.patch(&format!("{}&validate_only=true", at("a")), json!({ "from": 3 })).await.expect(200);
        assert_eq!(fits["problems"], json!([]));

        // `enforce`: it is refused, on every path, and what does not fit does not run.
        dev.put(SCHEMA, json!({ "mode": "enforce" })).await.expect(200);
        act(&dev, "careless", json!({}), &[]).await.refused(400, "invalid_configuration");
        write(&dev, "a", json!({ "from": 3 })).await;
        let body = json!({ "provider_config_key": "none", "connection_id": "a", "metadata": { "from": 10 } });
        for refused in [
            dev.put(&at("a"), json!({ "from": 10 })).await,
            dev.patch(&format!("{}&validate_only=true", at("a")), json!({ "to": 1 })).await,
            dev.post("/connections/metadata", body).await,
            dev.post("/connections", json!({ "provider_config_key": "none", "connection_id": "c", "credentials": { "type": "NONE" }, "metadata": { "from": 10 } })).await,
        ] {
            refused.refused(400, "invalid_metadata");
            assert_eq!(refused.json()["error"]["payload"]["problems"], json!([problem]));
        }
        dev.put(&at("a"), json!({ "from": "x" })).await.refused(400, "invalid_metadata");
        assert_ne!(act(&dev, "careless", json!({ "update": { "from": 10 } }), &[]).await.status, 200);
        let late = dev.put(&at("a"), json!({ "from": 1, "hang": true })).await;
        late.refused(400, "invalid_metadata");
        assert_eq!(late.json()["error"]["payload"]["problems"][0]["code"], "check_failed");
        assert_eq!(metadata(&dev, "a").await, json!({ "from": 3 }));
        app.engine.enqueue_due_syncs().await.unwrap();
        work(&worker).await;
        assert_eq!(dev.get("/runs?kind=sync").await.expect(200)["runs"][0]["status"], "succeeded");

        // Without the file, what was put or declared counts again.
        let mut without = deployment(&[function("action", "careless", READ, json!({}))]);
        without["scope"] = json!({ "kind": "all" });
        let plan = dev.post("/deployments", without).await.expect(200);
        assert_eq!(plan["deleted"].as_array().unwrap().len(), 2);
        assert_eq!(dev.get(SCHEMA).await.expect(200)["source"], Value::Null);
    }

    async fn connections_are_brought_to_a_new_version_once(database) {
        let ids = ["same", "fixed", "broken", "thrown", "fresh", "late", "written"];
        let (app, _) = app(database, &ids).await;
        let dev = app.dev();
        let read = function("action", "read", READ, json!({ "runs_unconfigured": true }));
        for (id, document) in [
            ("same", json!({ "mapping": { "id": "cf" } })),
            ("fixed", json!({ "idField": "cf", "own": 1 })),
            ("broken", json!({ "idField": "-" })),
            ("thrown", json!({ "idField": "throw" })),
            ("late", json!({ "idField": "cf" })),
            ("written", json!({ "idField": "cf" })),
        ] {
            write(&dev, id, document).await;
        }
        let first = dev.post("/deployments", deployment(&[one(), read])).await.expect(200);
        assert_eq!((&first["migrations"][0]["from"], &first["migrations"][0]["valid"]), (&Value::Null, &json!(7)));
        assert_eq!(version(&dev, "fixed").await, Value::Null);
        app.engine.migrate_due().await.unwrap();
        assert_eq!(version(&dev, "fixed").await, 1);
        assert_eq!(sources(&dev, "fixed").await, ["api", "import"], "what fits is not written");

        // The plan tells what the new version is to each.
        let new = deployment(&[two()]);
        let plan = dev.post("/deployments/plan", new.clone()).await.expect(200);
        let planned = &plan["migrations"][0];
        let counts = ["from", "to", "valid", "fixed", "broken", "invalid_already"].map(|name| planned[name].as_i64().unwrap());
        assert_eq!(counts, [1, 2, 1, 3, 3, 0], "{planned}");
        let example = |id: &str| planned["examples"].as_array().unwrap().iter().find(|one| one["connection_id"] == id).unwrap().clone();
        assert_eq!((&example("fixed")["outcome"], &example("fixed")["schema_version"]), (&json!("fixed"), &json!(1)));
        assert!(example("fixed")["diff"].to_string().contains("/mapping"), "{planned}");
        assert_eq!(example("broken")["problems"][0]["path"], "/mapping/id");
        assert!(example("thrown")["problems"][0]["message"].as_str().unwrap().contains("no such field"), "{planned}");
        let mut seen = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let mut body = json!({ "dry_run": true, "deployment": new, "limit": 3 });
            if !cursor.is_null() {
                body["cursor"] = cursor;
            }
            let page = dev.post(MIGRATE, body).await.expect(200);
            seen.extend(page["connections"].as_array().unwrap().iter().map(|one| one["connection_id"].as_str().unwrap().to_owned()));
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        seen.sort();
        let mut all = ids.map(str::to_owned).to_vec();
        all.sort();
        assert_eq!(seen, all);
        dev.post(MIGRATE, json!({ "deployment": new })).await.refused_at(400, "invalid_body", "dry_run");
        assert_eq!(metadata(&dev, "fixed").await, json!({ "idField": "cf", "own": 1 }));

        // Enforced, it is not deployed while connections would break, unless they may.
        dev.put(SCHEMA, json!({ "mode": "enforce" })).await.expect(200);
        let refused = dev.post("/deployments", new.clone()).await;
        refused.refused(400, "breaks_configurations");
        assert_eq!(refused.json()["error"]["payload"]["migrations"][0]["broken"], 3);
        assert_eq!(dev.get(SCHEMA).await.expect(200)["version"], 1);
        let mut allowed = new.clone();
        allowed["allow_invalid"] = json!(true);
        dev.post("/deployments", allowed).await.expect(200);

        // Who runs or writes before its turn is migrated first.
        let late = [("Connection-Id", "late")];
        assert_eq!(act(&dev, "read", json!({}), &late).await.expect(200), json!({ "mapping": { "id": "cf" } }));
        assert_eq!((sources(&dev, "late").await[0].as_str(), version(&dev, "late").await), ("migration", json!(2)));
        dev.patch(&at("written"), json!({ "more": 1 })).await.expect(200);
        assert_eq!(metadata(&dev, "written").await, json!({ "mapping": { "id": "cf" }, "more": 1 }));
        assert_eq!(sources(&dev, "written").await[..2], ["api", "migration"]);

        for _ in 0..2 {
            app.engine.migrate_due().await.unwrap();
            assert_eq!(metadata(&dev, "fixed").await, json!({ "mapping": { "id": "cf" }, "own": 1 }));
            assert_eq!(sources(&dev, "fixed").await, ["migration", "api", "import"]);
            assert_eq!(sources(&dev, "same").await, ["api", "import"]);
            assert_eq!(sources(&dev, "late").await, ["migration", "api", "import"]);
            assert_eq!((version(&dev, "same").await, version(&dev, "fixed").await), (json!(2), json!(2)));
        }
        // What does not fit stays as it is, of its version, and is told.
        for id in ["broken", "thrown"] {
            let now = dev.get(&at(id)).await.expect(200);
            assert_eq!((&now["schema_version"], &now["problems"][0]["path"]), (&json!(1), &json!("/mapping")), "{now}");
            act(&dev, "read", json!({}), &[("Connection-Id", id)]).await.expect(200);
        }
        let left = dev.post(MIGRATE, json!({ "dry_run": true })).await.expect(200);
        let left: Vec<&Value> = left["connections"].as_array().unwrap().iter().map(|one| &one["connection_id"]).collect();
        assert_eq!(left, ["broken", "thrown", "fresh"]);
        let fleet = dev.get("/integrations/none/metadata/fleet?outdated=true").await.expect(200);
        assert_eq!((&fleet["outdated"], &fleet["connections"]), (&json!(3), &json!(3)));
        assert_eq!(fleet["connection_ids"], json!(["broken", "thrown", "fresh"]));
        let fleet = dev.get("/integrations/none/metadata/fleet?where[path]=/mapping&where[set]=true").await.expect(200);
        assert_eq!(fleet["outdated"], 0, "{fleet}");
        write(&dev, "broken", json!({ "mapping": { "id": "repaired" } })).await;
        assert_eq!((version(&dev, "broken").await, sources(&dev, "broken").await[0].as_str()), (json!(2), "api"));

        // A connection that is made now is of the new version, and is not taken through the steps to it.
        let new = json!({ "provider_config_key": "none", "connection_id": "new", "credentials": { "type": "NONE" } });
        dev.post("/connections", new).await.expect(201);
        assert_eq!(version(&dev, "new").await, 2);
    }

    async fn one_document_that_hangs_does_not_hold_up_the_others(database) {
        let (app, _) = app(database, &["a", "b", "c"]).await;
        let dev = app.dev();
        for (id, field) in [("a", "cf"), ("b", "hang"), ("c", "cf")] {
            write(&dev, id, json!({ "idField": field })).await;
        }
        dev.post("/deployments", deployment(&[two()])).await.expect(200);
        app.engine.migrate_due().await.unwrap();
        let mut versions = Vec::new();
        for id in ["a", "b", "c"] {
            versions.push(version(&dev, id).await);
        }
        assert_eq!(versions, [json!(2), Value::Null, json!(2)]);
    }

    async fn a_secret_may_move_and_nobody_is_shown_it(database) {
        let (app, _) = app(database, &["a"]).await;
        let dev = app.dev();
        let secret = json!({ "type": "string", "secret": true });
        let one = config(1, json!({ "type": "object", "properties": { "apiKey": secret } }), "", json!({}));
        let read = function("action", "read", READ, json!({}));
        dev.post("/deployments", deployment(&[one, read])).await.expect(200);
        write(&dev, "a", json!({ "apiKey": "s3cret-value" })).await;
        let schema = json!({ "type": "object", "properties": { "auth": { "type": "object", "properties": { "key": secret } } } });
        let two = deployment(&[config(2, schema, "migrate: { 2: ({ apiKey }) => ({ auth: { key: apiKey } }) }", json!({ "migrate": [2] }))]);
        let plan = dev.post("/deployments", two).await.expect(200);
        assert_eq!(plan["migrations"][0]["fixed"], 1);
        assert!(!plan.to_string().contains("s3cret"), "{plan}");
        app.engine.migrate_due().await.unwrap();
        assert_eq!(metadata(&dev, "a").await, json!({ "auth": { "key": "********" } }));
        assert_eq!(act(&dev, "read", json!({}), &[]).await.expect(200), json!({ "auth": { "key": "s3cret-value" } }));
    }
}
