//! `/deployments`: what is refused and what a plan says. Deploying for real, with a runner, is tested at the CLI.

use crate::fixtures::{connections, integration};
use bespoke_testkit::{app::TestApp, both};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

fn action(integration: &str, name: &str) -> Value {
    json!({
        "integration": integration, "kind": "action", "name": name, "modules": ["a-1.js"],
        "source": { "path": format!("{integration}/actions/{name}.ts"), "code": "export default 1;" },
    })
}

fn deployment(functions: &[Value]) -> Value {
    json!({ "functions": functions, "modules": { "a-1.js": { "code": "export default 1;" } } })
}

fn names(lines: &Value) -> Vec<String> {
    let lines = lines.as_array().unwrap().iter();
    lines
        .map(|line| format!("{}/{}@{}", line["integration"], line["name"], line["version"]).replace('"', ""))
        .collect()
}

both! {
    async fn a_plan_tells_what_is_new_and_whom_it_affects(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a", "b"]).await;
        let mut stated = action("none", "two");
        stated["version"] = json!("4.5.6");
        let plan = dev.post("/deployments/plan", deployment(&[action("none", "one"), stated])).await.expect(200);
        assert_eq!(names(&plan["new"]), ["none/one@1", "none/two@4.5.6"]);
        assert_eq!((&plan["new"][0]["kind"], &plan["new"][0]["connections"]), (&json!("action"), &json!(2)));
        for rest in ["changed", "unchanged", "deleted"] {
            assert_eq!(plan[rest], json!([]), "{rest}");
        }
        let functions = dev.get("/integrations/none/functions").await.expect(200);
        assert_eq!(functions["pagination"]["total"], 0, "a plan changes nothing");
    }

    async fn a_deployment_that_cannot_be_is_refused_by_its_place(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        integration(&dev, "none", "test-none").await;
        for path in ["/deployments/plan", "/deployments"] {
            let unknown = dev.post(path, deployment(&[action("nowhere", "one"), action("elsewhere", "two")])).await;
            unknown.refused(400, "unknown_provider_config");
            assert!(unknown.text().contains("elsewhere, nowhere"), "{}", unknown.text());

            let mut nameless = action("none", "one");
            nameless["name"] = json!("not a name");
            dev.post(path, deployment(&[action("none", "one"), nameless])).await.refused_at(400, "invalid_body", "functions.1.name");
            let mut lost = action("none", "one");
            lost["modules"] = json!(["b-2.js"]);
            dev.post(path, deployment(&[lost])).await.refused_at(400, "invalid_body", "functions.0.modules");
            let mut scoped = deployment(&[action("none", "one")]);
            scoped["scope"] = json!({ "kind": "integration", "integration": "other" });
            dev.post(path, scoped).await.refused_at(400, "invalid_body", "functions.0.integration");
            let mut strange = deployment(&[]);
            strange["bytecode"] = json!("AAAA");
            dev.post(path, strange).await.refused(400, "invalid_body");
            dev.post(&format!("{path}?force=1"), deployment(&[])).await.refused(400, "invalid_query_params");
        }
    }

    async fn one_deployment_at_a_time(database) {
        let app = TestApp::start(database).await;
        let environment = app.engine.environment("dev").await.unwrap().id;
        let minute = Duration::from_mins(1);
        assert!(app.store.begin_deployment(environment, Uuid::from_u128(1), minute).await.unwrap());
        app.dev().post("/deployments", deployment(&[])).await.refused(409, "concurrent_deployment");
        app.prod().post("/deployments", deployment(&[])).await.expect(200);
        app.store.abandon_deployment(environment, Uuid::from_u128(1)).await.unwrap();
        app.dev().post("/deployments", deployment(&[])).await.expect(200);
        app.dev().post("/deployments", deployment(&[])).await.expect(200);
    }
}
