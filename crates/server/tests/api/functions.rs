//! Deployed functions as §6.3 and §12.4 of the contract show them.

use crate::fixtures::integration;
use bespoke_core::function::{Definition, Module, ModuleRef, Origin, Source, fingerprint};
use bespoke_store::{DeployChanges, NewFunction, StoredModule};
use bespoke_testkit::{app::TestApp, both};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Puts functions where a deployment would, without a runner to compile them.
async fn deploy(app: &TestApp, origin: Origin, definitions: &[Value]) {
    deploy_version(app, origin, definitions, "1").await;
}

async fn deploy_version(app: &TestApp, origin: Origin, definitions: &[Value], version: &str) {
    let environment = app.engine.environment("dev").await.unwrap().id;
    let module = Module { code: "export default 1;".to_owned(), map: None };
    let modules = vec![ModuleRef { name: "a.js".to_owned(), hash: module.hash("a.js") }];
    let functions = definitions.iter().map(|definition| {
        let definition: Definition = serde_json::from_value(definition.clone()).unwrap();
        let source = Source { path: "x.ts".to_owned(), code: format!("// {} {version}", definition.name) };
        let fingerprint = fingerprint(&definition, &modules, &source, origin);
        NewFunction { definition, version: version.to_owned(), modules: modules.clone(), source, fingerprint }
    });
    let changes = DeployChanges {
        holder: Uuid::from_u128(1),
        origin,
        modules: vec![StoredModule { hash: modules[0].hash, code: module.code, map: None }],
        engine_version: "none",
        bytecode: Vec::new(),
        functions: functions.collect(),
        deleted: Vec::new(),
    };
    assert!(app.store.begin_deployment(environment, changes.holder, Duration::from_mins(1)).await.unwrap());
    app.store.commit_deployment(environment, changes).await.unwrap();
}

/// A sync and an action `contacts`, an action `ping` and an on-event function `greet`.
async fn app_with_functions(database: bespoke_testkit::database::Database) -> TestApp {
    let app = TestApp::start(database).await;
    integration(&app.dev(), "none", "test-none").await;
    integration(&app.dev(), "empty", "test-none").await;
    let schema = json!({ "definitions": { "Contact": {}, "In": {}, "Out": {}, "Meta": {} } });
    let definitions = [
        json!({ "integration": "none", "kind": "sync", "name": "contacts", "frequency": "every hour", "auto_start": true,
                "models": ["Contact"], "metadata": "Meta", "json_schema": schema, "description": "All of them.", "scopes": ["read"] }),
        json!({ "integration": "none", "kind": "action", "name": "contacts", "input": "In", "output": "Out", "json_schema": schema }),
        json!({ "integration": "none", "kind": "on-event", "name": "greet", "event": "post-connection-creation" }),
    ];
    deploy(&app, Origin::Repo, &definitions).await;
    let alone = json!({ "integration": "none", "kind": "action", "name": "ping", "output": "Out", "json_schema": schema });
    deploy(&app, Origin::Standalone, &[alone]).await;
    app
}

fn names(page: &Value) -> Vec<String> {
    let functions = page["data"].as_array().unwrap().iter();
    functions.map(|function| format!("{} {}", function["type"], function["name"]).replace('"', "")).collect()
}

both! {
    async fn functions_are_listed_filtered_and_paged(database) {
        let app = app_with_functions(database).await;
        let dev = app.dev();
        let list = async |query: &str| dev.get(&format!("/integrations/none/functions{query}")).await.expect(200);
        let all = list("").await;
        assert_eq!(names(&all), ["sync contacts", "action contacts", "action ping", "on-event greet"]);
        assert_eq!(all["pagination"], json!({ "total": 4, "page": 0, "limit": 20 }));
        assert_eq!(names(&list("?type=action").await), ["action contacts", "action ping"]);
        assert_eq!(names(&list("?search=CONT").await), ["sync contacts", "action contacts"]);
        let second = list("?limit=3&page=1").await;
        assert_eq!((names(&second), &second["pagination"]["total"]), (vec!["on-event greet".to_owned()], &json!(4)));
        assert_eq!(names(&dev.get("/integrations/empty/functions").await.expect(200)), Vec::<String>::new());
        dev.get("/integrations/nowhere/functions").await.refused(404, "not_found");
        app.prod().get("/integrations/none/functions").await.refused(404, "not_found");
        for query in ["?type=webhook", "?limit=0", "?limit=101", "?page=-1", "?pages=1"] {
            dev.get(&format!("/integrations/none/functions{query}")).await.refused(400, "invalid_query_params");
        }
    }

    async fn each_kind_has_its_own_fields(database) {
        let app = app_with_functions(database).await;
        let read = async |name: &str| app.dev().get(&format!("/integrations/none/functions/{name}")).await.expect(200)["data"].take();
        let sync = read("contacts?type=sync").await;
        assert_eq!(
            json!([sync["description"], sync["scopes"], sync["runs"], sync["auto_start"], sync["track_deletes"], sync["input"], sync["returns"], sync["source"], sync["enabled"]]),
            json!(["All of them.", ["read"], "every hour", true, false, "Meta", ["Contact"], "repo", true])
        );
        assert!(bespoke_testkit::app::time(&sync["last_deployed"]).0 > 0);
        assert_eq!(read("contacts").await["type"], "sync", "the sync goes before the action");
        let action = read("contacts?type=action").await;
        assert_eq!(json!([action["input"], action["returns"], action.get("runs")]), json!(["In", ["Out"], null]));
        assert!(action["json_schema"]["definitions"]["Out"].is_object());
        assert_eq!(read("ping").await["source"], "standalone");
        let event = read("greet").await;
        assert_eq!(json!([event["event"], event.get("json_schema"), event.get("returns")]), json!(["post-connection-creation", null, null]));
        app.dev().get("/integrations/none/functions/ping?type=sync").await.refused(404, "not_found");
    }

    async fn code_is_the_source_of_one_function(database) {
        let app = app_with_functions(database).await;
        let dev = app.dev();
        let code = dev.get("/integrations/none/functions/ping/code").await.expect(200);
        assert_eq!(code, json!({ "type": "action", "code": "// ping 1" }));
        let both = dev.get("/integrations/none/functions/contacts/code").await;
        both.refused(409, "ambiguous_function");
        let matches = json!([{ "type": "sync", "name": "contacts" }, { "type": "action", "name": "contacts" }]);
        assert_eq!(both.json()["error"]["payload"]["matches"], matches);
        dev.get("/integrations/none/functions/contacts/code?type=sync").await.expect(200);
    }

    async fn earlier_versions_are_listed_and_can_be_read(database) {
        let app = app_with_functions(database).await;
        let dev = app.dev();
        let path = "/integrations/none/functions/ping";
        let changed = json!({ "integration": "none", "kind": "action", "name": "ping", "description": "Now with words." });
        deploy_version(&app, Origin::Standalone, &[changed], "2").await;
        let versions = dev.get(&format!("{path}/versions")).await.expect(200)["data"].take();
        let told: Vec<_> = versions.as_array().unwrap().iter().map(|one| (one["version"].as_str().unwrap(), one["is_current"].as_bool().unwrap())).collect();
        assert_eq!(told, [("2", true), ("1", false)]);
        assert!(bespoke_testkit::app::time(&versions[1]["deployed_at"]).0 > 0);
        assert_eq!(dev.get(&format!("{path}/code")).await.expect(200)["code"], "// ping 2");
        // Other code under the same version is another one.
        let again = json!({ "integration": "none", "kind": "action", "name": "ping", "description": "Other words." });
        deploy_version(&app, Origin::Standalone, &[again], "2").await;
        let now = dev.get(&format!("{path}/versions")).await.expect(200)["data"].take();
        assert_eq!((&now[0]["version"], &now[1]["version"]), (&json!("2"), &json!("2")));
        assert_eq!(now[1]["id"], versions[0]["id"]);
        let code = async |id: &Value| dev.get(&format!("{path}/code?version_id={id}")).await;
        assert_eq!(code(&versions[1]["id"]).await.expect(200)["code"], "// ping 1");
        assert_eq!(code(&versions[0]["id"]).await.expect(200)["code"], "// ping 2");
        code(&json!(987_654)).await.refused(404, "not_found");
        code(&json!(true)).await.refused_at(400, "invalid_query_params", "version_id");
        // That of another function is none of this one.
        let other = dev.get("/integrations/none/functions/contacts/versions?type=sync").await.expect(200);
        code(&other["data"][0]["id"]).await.refused(404, "not_found");
        dev.get("/integrations/none/functions/nobody/versions").await.refused(404, "not_found");
        let of_sync = dev.get("/integrations/none/functions/contacts/versions?type=sync").await.expect(200);
        assert_eq!(of_sync["data"].as_array().unwrap().len(), 1);
    }

    async fn only_what_was_deployed_by_itself_is_deleted_by_itself(database) {
        let app = app_with_functions(database).await;
        let dev = app.dev();
        let delete = async |query: &str| dev.delete(&format!("/integrations/none/functions/{query}")).await;
        delete("contacts?type=sync").await.refused(400, "function_managed_by_deploy");
        delete("ping").await.refused(400, "invalid_query_params");
        delete("greet?type=on-event").await.refused(400, "invalid_query_params");
        assert_eq!(delete("ping?type=action").await.expect(200), json!({ "data": { "success": true } }));
        delete("ping?type=action").await.refused(404, "not_found");
        assert_eq!(dev.get("/integrations/none/functions").await.expect(200)["pagination"]["total"], 3);
    }

    async fn scripts_config_groups_by_integration(database) {
        let app = app_with_functions(database).await;
        let config = app.dev().get("/scripts/config?format=nango").await.expect(200);
        let [one] = config.as_array().unwrap().as_slice() else { panic!("{config}") };
        assert_eq!(json!([one["providerConfigKey"], one["provider"]]), json!(["none", "test-none"]));
        assert_eq!((one["syncs"].as_array().unwrap().len(), one["actions"].as_array().unwrap().len()), (1, 2));
        assert_eq!(one["on-events"][0]["name"], "greet");
        assert_eq!(json!([one["syncs"][0]["returns"], one["syncs"][0]["runs"]]), json!([["Contact"], "every hour"]));
        assert_eq!(app.prod().get("/scripts/config").await.expect(200), json!([]));
    }

    async fn a_function_is_disabled_and_enabled(database) {
        let app = app_with_functions(database).await;
        let dev = app.dev();
        crate::fixtures::connection(&dev, "a").await;
        let ping = "/integrations/none/functions/ping";
        let trigger = || {
            let call = dev.post("/action/trigger", json!({ "action_name": "ping" }));
            call.header("provider-config-key", "none").header("connection-id", "a")
        };
        assert_eq!(dev.patch(ping, json!({ "enabled": false })).await.expect(200)["data"]["enabled"], false);
        trigger().await.refused(404, "disabled_resource");
        assert_eq!(dev.get(ping).await.expect(200)["data"]["enabled"], false);
        let tools = dev.get("/scripts/config?format=openai").await.expect(200);
        assert!(!tools.to_string().contains("ping"), "{tools}");
        dev.patch(ping, json!({ "enabled": true })).await.expect(200);

        let contacts = "/integrations/none/functions/contacts";
        dev.patch(contacts, json!({ "enabled": false })).await.refused(409, "ambiguous_function");
        dev.patch(&format!("{contacts}?type=sync"), json!({ "enabled": false })).await.expect(200);
        // What would only fail is not queued, and says why; a schedule that is turned on waits for the function.
        let syncs = |path: &str, names: Value| dev.post(path, json!({ "syncs": names, "provider_config_key": "none", "connection_id": "a" }));
        let refused = syncs("/sync/trigger", json!(["contacts"])).await;
        refused.refused(404, "disabled_resource");
        assert!(refused.text().contains("the sync contacts is disabled"), "{}", refused.text());
        syncs("/sync/trigger", json!([])).await.refused(404, "disabled_resource");
        syncs("/sync/start", json!(["contacts"])).await.expect(200);
        assert_eq!(dev.get("/runs?status=queued&kind=sync").await.expect(200)["runs"], json!([]));
        dev.patch(&format!("{contacts}?type=sync"), json!({ "enabled": true })).await.expect(200);
        app.engine.enqueue_due_syncs().await.unwrap();
        assert_eq!(dev.get("/runs?status=queued&kind=sync").await.expect(200)["runs"][0]["function"], "contacts");
        syncs("/sync/trigger", json!([])).await.expect(200);
        dev.patch(&format!("{contacts}?type=sync"), json!({ "enabled": false })).await.expect(200);
        dev.patch(contacts, json!({})).await.refused_at(400, "invalid_body", "enabled");
        dev.patch("/integrations/none/functions/x", json!({ "enabled": true })).await.refused(404, "not_found");
    }

    async fn actions_are_tools_of_a_language_model(database) {
        let app = app_with_functions(database).await;
        let tools = app.dev().get("/scripts/config?format=openai").await.expect(200);
        let names: Vec<_> = tools["data"].as_array().unwrap().iter().map(|tool| tool["name"].clone()).collect();
        assert_eq!(names, [json!("contacts"), json!("ping")]);
        let nothing = json!({ "type": "object", "properties": {}, "required": [] });
        assert_eq!(tools["data"][0]["parameters"], nothing);
        assert_eq!(app.prod().get("/scripts/config?format=openai").await.expect(200), json!({ "data": [] }));
    }

    async fn a_connection_may_be_called_metadata(database) {
        let app = app_with_functions(database).await;
        let dev = app.dev();
        crate::fixtures::connection(&dev, "metadata").await;
        let path = "/connections/metadata?provider_config_key=none";
        assert_eq!(dev.get(path).await.expect(200)["connection_id"], "metadata");
        dev.delete(path).await.expect(200);
        dev.get(path).await.refused(404, "not_found");
    }
}
