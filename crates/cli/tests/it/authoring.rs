//! The commands for authors: a new project, its functions, trying them out, and deploying them on every save.

use crate::{
    deploy::{project, run_action},
    support::{Ended, KEY, Server, bespoke, folder, run},
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead as _, BufReader, Read, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};
use tempfile::TempDir;

const SAVES: &str = "\
import { createSync } from 'bespoke';
import { z } from 'zod';

export default createSync({
    description: 'Saves what the metadata says.',
    frequency: 'every hour',
    models: { Item: z.object({ id: z.string(), colour: z.string() }) },
    webhookSubscriptions: ['*'],
    exec: async (nango) => {
        const { colour } = await nango.getMetadata();
        await nango.batchSave([{ id: '1', colour }, { id: '2', colour: 'grey' }], 'Item');
        await nango.log('saved');
        if (colour === 'red') await nango.post({ endpoint: '/paint', data: { colour } });
    },
    onWebhook: async (nango, payload) => {
        await nango.batchSave([payload], 'Item');
    },
});
";

const GREET: &str = "\
import { createAction } from 'nango';
import { z } from 'zod';
import { greeting } from '../greeting.js';

export default createAction({
    description: 'Greets.',
    input: z.object({ name: z.string() }),
    output: z.string(),
    exec: async (nango, input) => `${greeting}, ${input.name}`,
});
";

fn shop() -> TempDir {
    project(&[
        ("index.ts", "import './crm/actions/greet.js';\nimport './crm/syncs/items.js';\n"),
        ("crm/greeting.ts", "export const greeting = 'Hello';\n"),
        ("crm/actions/greet.ts", GREET),
        ("crm/syncs/items.ts", SAVES),
    ])
}

/// A server with the integration `crm` and its connection `a`.
fn server(data: &TempDir) -> Server {
    let server = Server::start(data);
    server.integration("crm");
    let connection = json!({
        "provider_config_key": "crm", "connection_id": "a", "credentials": { "type": "NONE" }, "metadata": { "colour": "blue" },
    });
    assert_eq!(server.request("POST", "/connections", KEY, Some(&connection.to_string())).0, 201);
    server
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_new_project_compiles_and_takes_more_functions() {
    let project = project(&[]);
    let root = project.path().join("new");
    // What `npm install` would bring.
    fs::create_dir(&root).unwrap();
    std::os::unix::fs::symlink(project.path().join("node_modules"), root.join("node_modules")).unwrap();

    let made = run(&mut bespoke(&["init", text(&root), "--no-install"])).done();
    assert!(made.contains("bespoke compile"), "{made}");
    let again = run(&mut bespoke(&["init", text(&root), "--no-install"])).refused(2);
    assert!(again.contains("package.json") && again.contains("nothing was written"), "{again}");

    let kinds =
        [("sync", "pull-requests"), ("action", "close-issue"), ("on-event", "hello"), ("webhook", "stars")];
    for (kind, name) in kinds {
        let name = format!("github/{name}");
        run(&mut bespoke(&["create", kind, &name, "--project", text(&root)])).done();
        let twice = run(&mut bespoke(&["create", kind, &name, "--project", text(&root)])).refused(2);
        assert!(twice.contains("exists already"), "{twice}");
    }
    run(&mut bespoke(&["create", "sync", "nothing", "--project", text(&root)])).refused(2);

    let compiled = run(&mut bespoke(&["compile", text(&root), "--json"])).done();
    let compiled: Value = serde_json::from_str(&compiled).unwrap();
    let names: Vec<_> =
        compiled["functions"].as_array().unwrap().iter().map(|line| line["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["close-issue", "create-issue", "hello", "issues", "pull-requests", "stars"]);
    assert_eq!(compiled["functions"][4]["models"], json!(["PullRequests"]));
    assert_eq!(
        compiled["types"],
        json!({ "checked": false, "reason": "TypeScript is not installed in node_modules" })
    );

    // The types that a newer program brings replace those of an older one.
    let types = root.join(".bespoke/types/index.d.ts");
    fs::write(&types, "old").unwrap();
    let table = run(&mut bespoke(&["compile", text(&root)])).done();
    assert!(table.contains("github/syncs/issues") && table.contains("6 functions in "), "{table}");
    assert!(fs::read_to_string(&types).unwrap().contains("createSync"));
}

#[test]
fn types_are_checked_where_the_project_has_a_compiler() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let root = folder.path().join("new");
    run(&mut bespoke(&["init", text(&root), "--no-install"])).done();
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packages/bespoke/node_modules");
    assert!(packages.join("typescript").is_dir(), "run `make test`, or `npm ci` in packages/bespoke");
    std::os::unix::fs::symlink(packages.canonicalize().unwrap(), root.join("node_modules")).unwrap();
    let compile = || run(bespoke(&["compile", text(&root)]).env("PATH", std::env::var_os("PATH").unwrap()));
    let fits = compile().done();
    assert!(fits.contains("types fit"), "{fits}");

    let file = root.join("github/issue.ts");
    let source = fs::read_to_string(&file).unwrap();
    fs::write(&file, source.replace("id: String(id)", "id: id")).unwrap();
    let complaint = compile().refused(10);
    assert!(complaint.starts_with("github/issue.ts:") && complaint.contains("TS2322"), "{complaint}");
    assert!(complaint.contains("return { id: id,"), "{complaint}");

    // Saving does not wait for TypeScript, and hears of it all the same.
    let data = crate::support::folder();
    let server = Server::start(&data);
    server.integration("github");
    let dev = Dev::start_with(
        server.client(&["dev", text(&root), "--no-logs"]).env("PATH", std::env::var_os("PATH").unwrap()),
    );
    dev.until("Deployed 2 functions");
    let told = dev.until("their types do not fit");
    assert!(told.contains("github/issue.ts:") && told.contains("TS2322"), "{told}");
    fs::write(&file, source).unwrap();
    dev.until("types fit");
}

#[test]
fn what_is_wrong_is_told_to_machines_too() {
    let shop = shop();
    fs::write(shop.path().join("crm/greeting.ts"), "export const greeting = ;\n").unwrap();
    let told = |ended: Ended, code: i32| -> Value {
        assert_eq!(ended.code, code, "{ended:?}");
        let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(answer["error"]["exit_code"], code, "{answer}");
        answer["error"].clone()
    };
    let broken = told(run(&mut bespoke(&["compile", text(shop.path()), "--json"])), 10);
    let place = &broken["diagnostics"][0];
    assert_eq!(
        (&place["file"], &place["line"], &place["column"]),
        (&json!("crm/greeting.ts"), &json!(1), &json!(25)),
        "{broken}"
    );
    let keyless = told(run(&mut bespoke(&["runs", "--json"])), 2);
    assert!(keyless["message"].as_str().unwrap().contains("BESPOKE_SECRET_KEY_DEV"), "{keyless}");

    fs::write(shop.path().join("crm/greeting.ts"), "export const greeting = 'Hello';\n").unwrap();
    let data = folder();
    let server = Server::start(&data);
    let refused = told(run(&mut server.client(&["deploy", text(shop.path()), "--yes", "--json"])), 11);
    assert_eq!(
        (&refused["code"], &refused["status"]),
        (&json!("unknown_provider_config"), &json!(400)),
        "{refused}"
    );
    assert!(!refused["message"].as_str().unwrap().contains("the server refused"), "{refused}");
}

#[test]
fn a_dry_run_shows_what_would_change() {
    let (data, shop) = (folder(), shop());
    let server = server(&data);
    let dryrun = |arguments: &[&str]| -> Ended {
        run(&mut server.client(&[&["dryrun", "--project", text(shop.path())], arguments].concat()))
    };

    let shown = dryrun(&["items", "a"]).done();
    let expected = [
        "crm/syncs/items for a in dev at ",
        "; nothing is written\n  info  saved\n\nItem: 2 added, 0 changed, 0 removed, 0 unchanged\n",
        "  + 1 {\"id\":\"1\",\"colour\":\"blue\"}\n",
        "\nSucceeded after ",
    ];
    for part in expected {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let (_, records) = server.request("GET", "/integrations/crm/functions", KEY, None);
    assert_eq!(
        serde_json::from_str::<Value>(&records).unwrap()["pagination"]["total"],
        0,
        "nothing was deployed"
    );

    let refused = dryrun(&["crm/items", "a", "--metadata", r#"{"colour":"red"}"#]);
    assert_eq!(refused.code, 12);
    assert!(refused.stdout.contains("POST /paint not sent"), "{refused:?}");
    assert!(refused.stdout.contains("--allow 'POST /paint' sends it"), "{refused:?}");
    assert!(
        refused.stdout.contains("crm/syncs/items.ts:13:"),
        "the stack is in the author's lines: {refused:?}"
    );

    let payload = shop.path().join("payload.json");
    fs::write(&payload, r#"{"id":"9","colour":"green"}"#).unwrap();
    let given = format!("@{}", text(&payload));
    let webhook = dryrun(&["crm/syncs/items.ts", "a", "--payload", &given, "--json"]).done();
    let webhook: Value = serde_json::from_str(&webhook).unwrap();
    assert_eq!(webhook["records"][0]["changes"][0]["after"], json!({ "id": "9", "colour": "green" }));

    let mut asks = server.client(&["dryrun", "--project", text(shop.path()), "greet", "a", "--input", "@-"]);
    let mut asks = asks.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    asks.stdin.take().unwrap().write_all(br#"{"name":"Grace"}"#).unwrap();
    let answer = String::from_utf8(asks.wait_with_output().unwrap().stdout).unwrap();
    assert!(answer.contains("Hello, Grace"), "{answer}");

    let greeted = dryrun(&["greet", "a", "--input", r#"{"name":"Ada"}"#]).done();
    assert!(greeted.contains("Output\n\"Hello, Ada\"\n"), "{greeted}");
    let warned = dryrun(&["greet", "a", "--input", r#"{"name":7}"#]).done();
    assert!(
        warned.contains("\nDoes not fit the declared schemas\n  The input does not fit the schema "),
        "{warned}"
    );
    assert!(warned.contains(" at /name: expected string, found number\n"), "{warned}");

    assert!(dryrun(&["gone", "a"]).refused(2).contains("it has crm/actions/greet, crm/syncs/items"));
    let misplaced = dryrun(&["items", "a", "--input", "{}"]).refused(2);
    assert!(misplaced.contains("--input is for actions") && misplaced.contains("--payload"), "{misplaced}");
    let outside =
        run(&mut server.client(&["dryrun", "greet", "a", "--project", text(&shop.path().join("crm"))]));
    let outside = outside.refused(2);
    assert!(outside.contains("is no project") && outside.contains("that is in "), "{outside}");
    assert!(dryrun(&["greet", "a", "--input", "{"]).refused(2).contains("--input is not JSON"));
    assert!(dryrun(&["greet", "nobody"]).refused(1).contains("unknown_connection"));
    assert!(dryrun(&["greet", "a", "--variant", "x"]).refused(1).contains("Only syncs have variants"));
}

const COUNTS: &str = "\
import { createSync } from 'bespoke';
import { z } from 'zod';

export default createSync({
    description: 'Asks the shop for what is new.',
    frequency: 'every hour',
    models: { Item: z.object({ id: z.string(), since: z.number(), token: z.string() }) },
    exec: async (nango) => {
        const { page } = (await nango.getCheckpoint()) ?? { page: 1 };
        const { credentials } = await nango.getConnection();
        const [{ value }] = await nango.getEnvironmentVariables();
        const headers = { 'x-shop': value };
        const params = { page, key: credentials.apiKey };
        // How the pages hang together is known of a provider that the server has and `bespoke test` has not.
        for await (const items of nango.paginate({ endpoint: '/items', params, headers, paginate: { response_path: 'items' } })) {
            await nango.batchSave(items.map(({ id, echo }) => ({ id, since: page, token: echo })), 'Item');
        }
        const known = await nango.getRecordsByIds(['7'], 'Item');
        if (known.size > 0) throw new Error('nothing is stored');
        await nango.saveCheckpoint({ page: page + 1 });
    },
});
";

/// A shop that repeats the secrets it gets.
fn echoing_shop() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            lines.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).for_each(drop);
            let key =
                first.split("key=").nth(1).unwrap_or_default().split([' ', '&']).next().unwrap_or_default();
            let body =
                json!({ "items": [{ "id": "1", "echo": key }, { "id": "2", "echo": "none" }] }).to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
                body.len()
            );
            write!(stream, "{head}connection: close\r\n\r\n{body}").unwrap();
        }
    });
    address.to_string()
}

#[test]
fn a_saved_dry_run_passes_as_a_test_and_has_no_secrets() {
    const SECRETS: [&str; 2] = ["key-of-the-customer", "value-of-the-variable"];
    let (data, shop) = (folder(), shop());
    fs::write(
        shop.path().join("index.ts"),
        "import './crm/actions/greet.js';\nimport './crm/syncs/items.js';\nimport './crm/syncs/counts.js';\n",
    )
    .unwrap();
    fs::write(shop.path().join("crm/syncs/counts.ts"), COUNTS).unwrap();
    let address = echoing_shop();
    let providers = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/sample-crm/provider.yaml");
    let settings = [
        ("BESPOKE_SECRET_KEY_DEV", KEY),
        ("BESPOKE_OUTBOUND_ALLOW", &address),
        ("BESPOKE_PROVIDERS", providers),
    ];
    let server = Server::start_with(data.path(), &settings);
    let url = format!("http://{address}");
    let made =
        json!({ "provider": "sample-crm", "unique_key": "crm", "integration_config": { "baseUrl": url } });
    let (status, body) = server.request("POST", "/integrations", KEY, Some(&made.to_string()));
    assert_eq!(status, 200, "{body}");
    let connection = json!({
        "provider_config_key": "crm", "connection_id": "a", "metadata": { "colour": "blue" },
        "credentials": { "type": "API_KEY", "apiKey": SECRETS[0] },
    });
    let (status, body) = server.request("POST", "/connections", KEY, Some(&connection.to_string()));
    assert_eq!(status, 201, "{body}");
    run(&mut server.client(&["env", "set", &format!("SHOP={}", SECRETS[1])])).done();

    let dryrun = |arguments: &[&str]| -> Ended {
        run(&mut server.client(&[&["dryrun", "--project", text(shop.path())], arguments].concat()))
    };
    let saved = dryrun(&["counts", "a", "--checkpoint", r#"{"page":5}"#, "--save"]);
    assert!(saved.stderr.contains("Saved crm/tests/counts.test.json"), "{saved:?}");
    saved.done();
    let fixture = fs::read_to_string(shop.path().join("crm/tests/counts.test.json")).unwrap();
    for secret in SECRETS {
        assert!(!fixture.contains(secret), "{fixture}");
    }
    let fixture: Value = serde_json::from_str(&fixture).unwrap();
    assert_eq!(fixture["run"]["checkpoint"], json!({ "page": 5 }));
    assert_eq!(fixture["run"]["paginate"]["type"], "cursor");
    assert_eq!(
        fixture["nango"]["batchSave"]["Item"][0],
        json!({ "id": "1", "since": 5, "token": "[secret]" })
    );

    dryrun(&["items", "a", "--save"]).done();
    dryrun(&["items", "a", "--payload", r#"{"id":"9","colour":"green"}"#, "--save=hook"]).done();
    dryrun(&["greet", "a", "--input", r#"{"name":"Ada"}"#, "--save"]).done();
    let again = dryrun(&["greet", "a", "--input", r#"{"name":"Bob"}"#, "--save"]);
    assert!(again.stderr.contains("Replaced crm/tests/greet.test.json"), "{again:?}");
    let failed = dryrun(&["items", "a", "--metadata", r#"{"colour":"red"}"#, "--save=red"]);
    assert!(failed.code == 12 && failed.stderr.contains("nothing was saved"), "{failed:?}");

    drop(server);
    let played = run(&mut bespoke(&["test", text(shop.path())]));
    assert!(played.stdout.contains("4 passed, 0 failed"), "{played:?}");
}

/// A running `bespoke dev`.
struct Dev {
    child: Child,
    lines: Receiver<String>,
}

impl Dev {
    fn start(server: &Server, root: &Path) -> Self {
        Self::start_with(&mut server.client(&["dev", text(root), "--no-types"]))
    }

    fn start_with(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let pipes: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for pipe in pipes {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines() {
                    let Ok(line) = line else { break };
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        Self { child, lines }
    }

    /// Everything up to the line with `part`.
    #[track_caller]
    fn until(&self, part: &str) -> String {
        let mut seen = String::new();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_mins(2)) {
            seen.push_str(&line);
            seen.push('\n');
            if line.contains(part) {
                return seen;
            }
        }
        panic!("no line with {part:?} in\n{seen}");
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_save_is_deployed_and_a_broken_one_is_shown() {
    let (data, shop) = (folder(), shop());
    let server = server(&data);
    let root: PathBuf = shop.path().to_owned();
    let dev = Dev::start(&server, &root);
    let first = dev.until("Deployed 2 functions");
    assert!(first.contains("new      crm/actions/greet@1"), "{first}");
    let greet = || run_action(&server, r#"{"action_name":"greet","input":{"name":"Ada"}}"#);
    assert_eq!(greet(), r#""Hello, Ada""#);

    // A file that only one of the functions imports: only that one is deployed.
    fs::write(root.join("crm/greeting.ts"), "export const greeting = 'Goodbye';\n").unwrap();
    let second = dev.until("Deployed 1 function ");
    assert!(second.contains("changed  crm/actions/greet@2"), "{second}");
    assert_eq!(greet(), r#""Goodbye, Ada""#);

    fs::write(root.join("crm/greeting.ts"), "export const greeting = ;\n").unwrap();
    let broken = dev.until("nothing was deployed");
    assert!(broken.contains("crm/greeting.ts:1:25"), "{broken}");
    assert_eq!(greet(), r#""Goodbye, Ada""#);
    fs::write(root.join("crm/greeting.ts"), "export const greeting = 'Welcome';\n").unwrap();
    dev.until("Deployed 1 function ");
    assert_eq!(greet(), r#""Welcome, Ada""#);

    // What functions log is shown between the deployments.
    let logs = fs::read_to_string(root.join("crm/actions/greet.ts")).unwrap();
    let logs = logs.replace(
        "async (nango, input) =>",
        "async (nango, input) => (await nango.log('greeting ' + input.name), 0) ||",
    );
    fs::write(root.join("crm/actions/greet.ts"), logs).unwrap();
    dev.until("Deployed 1 function ");
    assert_eq!(greet(), r#""Welcome, Ada""#);
    dev.until("greeting Ada");

    // A line that goes away deletes nothing: its records would go with it.
    fs::write(root.join("index.ts"), "import './crm/actions/greet.js';\n").unwrap();
    fs::write(root.join("crm/greeting.ts"), "export const greeting = 'Hi';\n").unwrap();
    dev.until("Deployed 1 function ");
    let (_, functions) = server.request("GET", "/integrations/crm/functions", KEY, None);
    assert_eq!(serde_json::from_str::<Value>(&functions).unwrap()["pagination"]["total"], 2);
}

#[test]
fn shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&mut bespoke(&["completions", shell])).done();
        for command in ["init", "create", "compile", "dryrun", "dev", "deploy", "serve"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}
