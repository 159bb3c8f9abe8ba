//! `bespoke deploy`, from TypeScript to a function that runs.

use crate::support::{KEY, Server, bespoke, folder, run};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const GREET: &str = "\
import { createAction } from 'bespoke';
import { z } from 'zod';

const input = z.object({ name: z.string().default('nobody') });

export default createAction({
    description: 'Greets.',
    input,
    output: z.string(),
    exec: async (nango, given) => `Hello, ${input.parse(given).name}`,
});
";

const TICK: &str = "\
import { createSync } from 'nango';
import { z } from 'zod';

export default createSync({
    description: 'Ticks.',
    frequency: 'every hour',
    models: { Tick: z.object({ id: z.string() }) },
    exec: async (nango) => {},
});
";

/// A project of these files, with the packages that the bundler's fixtures have.
pub(crate) fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bundler/tests/fixtures/node_modules");
    assert!(
        packages.join("zod").is_dir(),
        "the fixtures' packages are missing: run `make test`, or `npm ci` in crates/bundler/tests/fixtures"
    );
    std::os::unix::fs::symlink(packages.canonicalize().unwrap(), folder.path().join("node_modules")).unwrap();
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn two_functions() -> TempDir {
    project(&[
        ("index.ts", "import './crm/actions/greet.js';\nimport './crm/syncs/tick.js';\n"),
        ("crm/actions/greet.ts", GREET),
        ("crm/syncs/tick.ts", TICK),
    ])
}

fn path(folder: &TempDir) -> PathBuf {
    folder.path().to_owned()
}

#[test]
fn a_project_is_planned_deployed_changed_and_runs() {
    let (data, project) = (folder(), two_functions());
    let server = Server::start(&data);
    let root = path(&project);
    let deploy = |arguments: &[&str]| {
        run(&mut server.client(&[&["deploy", root.to_str().unwrap()], arguments].concat()))
    };

    let unknown = deploy(&["--yes"]).refused(11);
    assert!(unknown.contains("no integration has the key crm (unknown_provider_config, 400)"), "{unknown}");
    server.integration("crm");
    let connection =
        json!({ "provider_config_key": "crm", "connection_id": "a", "credentials": { "type": "NONE" } });
    assert_eq!(server.request("POST", "/connections", KEY, Some(&connection.to_string())).0, 201);

    let unasked = deploy(&[]).refused(2);
    assert!(unasked.contains("--yes"), "{unasked}");
    let first = deploy(&["--yes"]).done();
    let plan = format!(
        "Plan for dev at {}:\n  new      crm/actions/greet@1\n  new      crm/syncs/tick@1\n  affects 1 connection of crm\n\
         greet@1\ntick@1\nDeployed 2 functions to dev in ",
        server.url
    );
    assert!(first.starts_with(&plan), "{first}");
    let again = deploy(&["--yes"]).done();
    assert!(again.contains("  2 unchanged\nEverything is deployed already."), "{again}");

    let greet = |input: Value| {
        let body = json!({ "action_name": "greet", "input": input }).to_string();
        run_action(&server, &body)
    };
    assert_eq!(greet(json!({ "name": "Ada" })), r#""Hello, Ada""#);
    assert_eq!(greet(json!({})), r#""Hello, nobody""#, "zod's default");

    write(&root, "crm/actions/greet.ts", &GREET.replace("Hello", "Goodbye"));
    let changed = deploy(&["--yes", "--function", "greet"]).done();
    assert!(changed.contains("  changed  crm/actions/greet@2\n"), "{changed}");
    assert_eq!(greet(json!({ "name": "Ada" })), r#""Goodbye, Ada""#);

    write(&root, "index.ts", "import './crm/actions/greet.js';\n");
    let kept = deploy(&["--yes"]).refused(11);
    assert!(kept.contains("--allow-deletes"), "{kept}");
    let plan: Value = serde_json::from_str(&deploy(&["--yes", "--allow-deletes", "--json"]).done()).unwrap();
    assert_eq!(plan["deleted"][0]["name"], "tick");
    let (_, functions) = server.request("GET", "/integrations/crm/functions", KEY, None);
    assert_eq!(serde_json::from_str::<Value>(&functions).unwrap()["pagination"]["total"], 1);
}

/// Runs an action of connection `a` at `crm`. Its output.
pub(crate) fn run_action(server: &Server, body: &str) -> String {
    let work = async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("{}/action/trigger", server.url)).bearer_auth(KEY);
        let request = request.header("provider-config-key", "crm").header("connection-id", "a");
        let answer =
            request.header("content-type", "application/json").body(body.to_owned()).send().await.unwrap();
        answer.text().await.unwrap()
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn errors_of_a_project_point_at_its_typescript() {
    let (data, project) = (folder(), two_functions());
    let server = Server::start(&data);
    server.integration("crm");
    let root = path(&project);
    let refused = |file: &str, text: &str| {
        let before = fs::read_to_string(root.join(file)).unwrap();
        write(&root, file, text);
        let complaint = run(&mut server.client(&["deploy", root.to_str().unwrap(), "--yes"])).refused(10);
        write(&root, file, &before);
        complaint
    };
    let syntax = refused("crm/syncs/tick.ts", &TICK.replace("'Ticks.',", "'Ticks.' 'Tocks.',"));
    assert!(syntax.starts_with("crm/syncs/tick.ts:5:27: "), "{syntax}");
    assert!(
        syntax.contains("\n5 |     description: 'Ticks.' 'Tocks.',\n  |                           ^\n"),
        "{syntax}"
    );
    assert!(syntax.ends_with("1 error; nothing was deployed\n"), "{syntax}");

    let frequency = refused("crm/syncs/tick.ts", &TICK.replace("every hour", "now and then"));
    assert!(frequency.starts_with("crm/syncs/tick.ts:6:5: `now and then` is not a frequency"), "{frequency}");

    let thrown = refused("crm/actions/greet.ts", &GREET.replace("'Greets.'", "globalThis.nothing.here"));
    assert!(thrown.starts_with("crm/actions/greet.ts:7:"), "{thrown}");
    assert!(thrown.contains("loading the function failed"), "{thrown}");

    let missing = refused("index.ts", "import './crm/actions/gone.js';\n");
    assert!(missing.starts_with("index.ts:1:"), "{missing}");
    let none = run(&mut server.client(&["deploy", root.to_str().unwrap(), "--yes", "--function", "gone"]))
        .refused(2);
    assert!(none.contains("no function with name `gone`"), "{none}");
}

/// Version 1 of a configuration; the field to map has another name than in version 2.
const CONFIG: &str = "\
import { createConfig } from 'bespoke';
import { z } from 'zod';

export default createConfig({
    version: 1,
    schema: z.object({ idField: z.string().optional(), limit: z.number().int().default(50) }),
});
";

const SECOND: &str = "\
import { createConfig } from 'bespoke';
import { z } from 'zod';

const Config = z.object({
    mapping: z.object({ id: z.string(), label: z.string().optional() }).refine(({ id, label }) => id !== label, { path: ['label'], message: 'label must be another field than id' }),
    limit: z.number().int().default(50),
});

export default createConfig({
    version: 2,
    schema: Config,
    migrate: { 2: ({ idField, labelField, ...rest }) => ({ mapping: { id: idField, ...(labelField && { label: labelField }) }, ...rest }) },
    onChange: { mapping: 'resync' },
});
";

#[test]
fn a_config_is_deployed_with_its_project_and_its_versions_are_planned() {
    let (data, project) = (folder(), two_functions());
    let server = Server::start(&data);
    let root = path(&project);
    let deploy = |arguments: &[&str]| {
        run(&mut server.client(&[&["deploy", root.to_str().unwrap(), "--yes"], arguments].concat()))
    };
    server.integration("crm");
    for (id, metadata) in [
        ("a", json!({ "idField": "cf_1" })),
        ("b", json!({ "idField": "cf_1", "labelField": "cf_1" })),
        ("c", json!({ "mapping": { "id": "cf_2" } })),
    ] {
        let connection = json!({ "provider_config_key": "crm", "connection_id": id, "credentials": { "type": "NONE" }, "metadata": metadata });
        assert_eq!(server.request("POST", "/connections", KEY, Some(&connection.to_string())).0, 201);
    }
    // A file of the author's own of that name is no configuration.
    write(&root, "crm/config.ts", "export const limit = 5;\n");
    assert!(!deploy(&[]).done().contains("crm/config"));
    write(&root, "crm/config.ts", CONFIG);
    let first = deploy(&[]).done();
    assert!(first.contains("  new      crm/config@1\n"), "{first}");
    assert!(first.contains("  config   crm version 1, warn: 3 fit as they are\n"), "{first}");
    let schema = || -> Value {
        let (_, schema) = server.request("GET", "/integrations/crm/metadata/schema", KEY, None);
        serde_json::from_str(&schema).unwrap()
    };
    assert_eq!((&schema()["source"], &schema()["file"]), (&json!("config"), &json!("crm/config.ts")));

    let wrong = |text: &str| {
        write(&root, "crm/config.ts", text);
        deploy(&[]).refused(10)
    };
    let step = wrong(&SECOND.replace("migrate: { 2:", "migrate: { 3:"));
    assert!(
        step.starts_with("crm/config.ts:12:5: migrate has a step to `3`; steps lead to the versions 2 to 2"),
        "{step}"
    );
    let effect = wrong(&SECOND.replace("'resync'", "'restart'"));
    assert!(effect.contains("onChange of `mapping` must be none, run, resync"), "{effect}");
    let kind = wrong(&TICK.replace("Ticks.", "createConfig"));
    assert!(kind.contains("`config.ts` uses createConfig, not createSync"), "{kind}");

    write(&root, "crm/config.ts", SECOND);
    let enforce = json!({ "mode": "enforce" }).to_string();
    assert_eq!(server.request("PUT", "/integrations/crm/metadata/schema", KEY, Some(&enforce)).0, 200);
    let refused = run(&mut server.client(&["deploy", root.to_str().unwrap(), "--yes"]));
    let shown = refused.refused(11);
    assert!(shown.contains("version 2 of crm/config.ts would no longer fit connections (1)"), "{shown}");
    let deployed = deploy(&["--allow-invalid"]).done();
    assert!(
        deployed.contains(
            "  config   crm version 1 → 2, enforce: 1 fit as they are, 1 are fixed by migrate, 1 BREAK\n"
        ),
        "{deployed}"
    );
    assert!(deployed.contains("    fixed    a\n"), "{deployed}");
    assert!(deployed.contains("             label must be another field than id\n"), "{deployed}");
    assert_eq!((&schema()["version"], &schema()["on_change"]), (&json!(2), &json!({ "mapping": "resync" })));
    // The server migrates by itself.
    let document = || -> Value {
        let (_, document) =
            server.request("GET", "/connections/a/metadata?provider_config_key=crm", KEY, None);
        serde_json::from_str(&document).unwrap()
    };
    let migrated = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        Some(document()).filter(|document| document["schema_version"] == 2)
    });
    assert_eq!(migrated.unwrap()["metadata"], json!({ "mapping": { "id": "cf_1" } }));
    let refused = server.request(
        "PUT",
        "/connections/a/metadata?provider_config_key=crm",
        KEY,
        Some(r#"{"mapping":{"id":"x","label":"x"}}"#),
    );
    assert!(refused.0 == 400 && refused.1.contains("label must be another field than id"), "{}", refused.1);
    let compiled = run(&mut bespoke(&["compile", root.to_str().unwrap(), "--no-types"])).done();
    assert!(compiled.contains("crm/config "), "{compiled}");
}
