//! `bespoke config`: a customer's configuration from the command line.

use crate::support::{Ended, KEY, Server, folder, run};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};
use tempfile::TempDir;

/// A server with the connection `acme` at `crm`.
fn start() -> (TempDir, Server) {
    let data = folder();
    let server = Server::start(&data);
    server.integration("crm");
    connect(&server, "crm", "acme");
    (data, server)
}

pub(crate) fn connect(server: &Server, integration: &str, id: &str) {
    let body =
        json!({ "provider_config_key": integration, "connection_id": id, "credentials": { "type": "NONE" } });
    assert_eq!(server.request("POST", "/connections", KEY, Some(&body.to_string())).0, 201);
}

fn config(server: &Server, arguments: &[&str]) -> Ended {
    run(&mut server.client(&[&["config"], arguments].concat()))
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_configuration_is_read_changed_compared_and_brought_back() {
    let (_data, server) = start();
    let config = |arguments: &[&str]| config(&server, arguments);
    let empty = config(&["get", "acme"]);
    assert_eq!(empty.stderr, "acme (crm), revision 1\n");
    assert_eq!(empty.done(), "{}\n");

    let first = config(&["set", "acme", "fieldMapping.internal_id=cf_1", "limits=[1,2]", "zip=01067"]).done();
    assert_eq!(
        first,
        "+ fieldMapping: {\"internal_id\":\"cf_1\"}\n+ limits: [1,2]\n+ zip: \"01067\"\nacme (crm) has revision 2\n"
    );
    let set = config(&["set", "acme", "fieldMapping.internal_id=cf_9", "--reason", "ticket 42"]).done();
    assert_eq!(set, "~ fieldMapping.internal_id: \"cf_1\" → \"cf_9\"\nacme (crm) has revision 3\n");
    let same = config(&["set", "acme", "/fieldMapping/internal_id=cf_9"]).done();
    assert_eq!(same, "acme (crm) is so already: revision 3\n");
    let dry = config(&["set", "acme", "zip=1", "--string", "--dry-run"]).done();
    assert!(
        dry.ends_with("~ zip: \"01067\" → \"1\"\nacme (crm) would have revision 4; nothing was written\n")
    );
    let removed = config(&["unset", "acme", "zip", "nothing.here"]);
    assert!(removed.stderr.contains("`nothing.here` was not set"));
    assert_eq!(removed.done(), "- zip: \"01067\"\nacme (crm) has revision 4\n");

    assert_eq!(config(&["get", "acme", "fieldMapping.internal_id"]).done(), "cf_9\n");
    assert_eq!(config(&["get", "acme", "limits.1"]).done(), "2\n");
    assert_eq!(config(&["get", "acme", "limits.1", "--json"]).done(), "2\n");
    let shown = json_of(&config(&["get", "acme", "--json", "--integration", "crm"]).done());
    assert_eq!(shown["revision"], 4);
    assert_eq!(shown["metadata"], json!({"fieldMapping": {"internal_id": "cf_9"}, "limits": [1, 2]}));

    let diff = config(&["diff", "acme", "2"]).done();
    assert_eq!(
        diff,
        "acme (crm), revision 2 → 4\n~ fieldMapping.internal_id: \"cf_1\" → \"cf_9\"\n- zip: \"01067\"\n"
    );
    assert!(config(&["diff", "acme"]).done().contains("revision 3 → 4\n- zip"));
    let patch = json_of(&config(&["diff", "acme", "3", "4", "--json"]).done());
    assert_eq!(patch["patch"], json!([{"op": "remove", "path": "/zip"}]));

    let restored = config(&["restore", "acme", "2", "--reason", "the mapping was right"]).done();
    assert_eq!(
        restored,
        "~ fieldMapping.internal_id: \"cf_9\" → \"cf_1\"\n+ zip: \"01067\"\nacme (crm) has revision 5\n"
    );
    let history = config(&["history", "acme"]).done();
    let rows: Vec<_> = history.lines().filter(|line| !line.starts_with("     ")).collect();
    assert_eq!(rows.len(), 6, "{history}");
    assert!(rows[1].contains("restore") && rows[1].contains("the mapping was right"), "{history}");
    assert!(rows[3].contains("~ fieldMapping.internal_id") && rows[3].contains("ticket 42"), "{history}");
    assert!(rows[3].contains("key preset") && rows[3].contains("cli"), "{history}");
    let mut narrow = server.client(&["config", "history", "acme", "-n", "3"]);
    let narrow = run(narrow.env("COLUMNS", "60")).done();
    assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
    assert!(narrow.contains("ticket 42") && !narrow.contains("key preset"), "{narrow}");
    let listed = json_of(&config(&["history", "acme", "-n", "1", "--json"]).done());
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["revision"]), (1, &json!(5)));
}

#[test]
fn what_cannot_be_is_said_and_nothing_is_written() {
    let (_data, server) = start();
    let config = |arguments: &[&str]| config(&server, arguments);
    config(&["set", "acme", "list=[1]", "text=t"]).done();
    assert!(config(&["get", "acm"]).refused(2).contains("there is no connection `acm` in dev"));
    assert!(config(&["get", "acme", "nothing"]).refused(1).contains("`nothing` is not set for acme (crm)"));
    assert!(config(&["set", "acme", "a"]).refused(2).contains("`a` is not PATH=VALUE"));
    assert!(config(&["set", "acme", "a..b=1"]).refused(2).contains("is no path"));
    assert!(config(&["set", "acme", "text.x=1"]).refused(2).contains("`text` is \"t\", which has no `x`"));
    assert!(config(&["set", "acme", "list.7=1"]).refused(2).contains("`list` is a list of 1"));
    assert!(config(&["restore", "acme", "9"]).refused(1).contains("unknown_revision"));
    assert!(config(&["diff", "acme", "9"]).refused(1).contains("unknown_revision"));
    server.integration("erp");
    connect(&server, "erp", "acme");
    let both = config(&["get", "acme"]).refused(2);
    assert!(both.contains("crm") && both.contains("erp") && both.contains("add --integration"), "{both}");
    assert_eq!(config(&["get", "acme", "-i", "crm", "text"]).done(), "t\n");
}

/// A script as an editor: it counts its calls in the file `calls` beside it.
fn editor(folder: &Path, script: &str) -> String {
    let path = folder.join("editor");
    fs::write(&path, format!("#!/bin/sh\ncd {}\necho x >> calls\n{script}\n", folder.display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn an_editor_is_opened_until_the_server_takes_what_it_leaves() {
    let (_data, server) = start();
    config(&server, &["set", "acme", "field=cf_1", "other=1"]).done();
    let place = folder();
    let edit = |script: &str| {
        let _ = fs::remove_file(place.path().join("calls"));
        let mut command = server.client(&["config", "edit", "acme", "--reason", "by hand"]);
        let command = command.env("EDITOR", editor(place.path(), script)).env("TMPDIR", place.path());
        run(command)
    };
    let calls = || fs::read_to_string(place.path().join("calls")).unwrap().lines().count();
    let drafts = || {
        let files = fs::read_dir(place.path()).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|it| it == "json")).collect::<Vec<_>>()
    };
    let plain = edit(r#"sed -i s/cf_1/cf_2/ "$1""#).done();
    assert_eq!(plain, "~ field: \"cf_1\" → \"cf_2\"\nacme (crm) has revision 3\n");
    assert!(edit("true").stderr.contains("Nothing was changed."));
    assert!(edit(r#": > "$1""#).stderr.contains("Nothing was changed."));
    assert_eq!(drafts(), Vec::<std::path::PathBuf>::new());

    // A syntax error first, told at the top; then it is mended.
    let mended = edit(
        r#"if [ "$(wc -l < calls)" -eq 1 ]; then sed -i 's/"cf_2"/cf_3/' "$1"
           else cp "$1" seen; sed -i 's/cf_3/"cf_3"/' "$1"; fi"#,
    );
    assert!(mended.done().contains("\"cf_2\" → \"cf_3\""));
    let seen = fs::read_to_string(place.path().join("seen")).unwrap();
    assert!(
        seen.starts_with("// Not JSON: expected value, line 4 column 12\n// Save to try again"),
        "{seen}"
    );
    assert_eq!(seen.lines().nth(3), Some("  \"field\": cf_3,"));
    assert_eq!(calls(), 2);

    // Left as it is, it is given up, and the draft stays.
    let given_up = edit(r#"[ "$(wc -l < calls)" -eq 1 ] && echo '[1]' > "$1" || true"#).refused(1);
    assert!(given_up.contains("A configuration is a JSON object; nothing was written"), "{given_up}");
    assert_eq!((drafts().len(), calls()), (1, 2));
    assert!(given_up.contains(&drafts()[0].display().to_string()), "{given_up}");
    fs::remove_file(&drafts()[0]).unwrap();

    // Somebody else writes meanwhile.
    let bespoke = env!("CARGO_BIN_EXE_bespoke");
    let conflict = edit(&format!(
        "sed -i s/cf_3/cf_4/ \"$1\"\n{bespoke} config set acme other=2 --host {} >/dev/null",
        server.url
    ));
    assert!(conflict.stdout.contains("Meanwhile, in revision 5:\n~ other: 1 → 2\n"), "{conflict:?}");
    let told = conflict.refused(1);
    assert!(told.contains("somebody else has changed") && told.contains("Your draft is in "), "{told}");
    assert!(fs::read_to_string(&drafts()[0]).unwrap().contains("cf_4"));
    assert_eq!(config(&server, &["get", "acme", "field"]).done(), "cf_3\n");
    let fails = edit("exit 3").refused(2);
    assert!(fails.contains("exit status: 3; nothing was written"), "{fails}");
}

#[test]
fn the_schema_and_the_defaults_are_copied_to_another_environment() {
    const PROD: &str = "22222222-2222-4222-8222-222222222222";
    let data = folder();
    let server = Server::start_with(
        data.path(),
        &[("BESPOKE_SECRET_KEY_DEV", KEY), ("BESPOKE_SECRET_KEY_PROD", PROD)],
    );
    server.integration("crm");
    connect(&server, "crm", "acme");
    let put = |key: &str, path: &str, body: Value| {
        let (status, answer) = server.request("PUT", path, key, Some(&body.to_string()));
        assert_eq!(status, 200, "{answer}");
    };
    let get = |path: &str| json_of(&server.request("GET", path, PROD, None).1);
    let schema = json!({ "type": "object", "properties": {
        "filter": { "type": "string", "description": "Which contacts." },
        "token": { "type": "string", "secret": true },
    } });
    put(
        KEY,
        "/integrations/crm/metadata/schema",
        json!({ "mode": "enforce", "schema": schema, "version": 2 }),
    );
    put(KEY, "/integrations/crm/metadata/defaults", json!({ "filter": "all", "token": "s3cret" }));
    config(&server, &["set", "acme", "filter=active"]).done();

    let promote = |arguments: &[&str]| {
        let arguments = [&["config", "promote", "--from", "dev", "--to", "prod"], arguments].concat();
        run(server.client(&arguments).env("BESPOKE_SECRET_KEY_PROD", PROD))
    };
    assert!(promote(&["-i", "crm", "--yes"]).refused(2).contains("no integration `crm` in prod"));
    let made = r#"{"provider":"unauthenticated","unique_key":"crm"}"#;
    assert_eq!(server.request("POST", "/integrations", PROD, Some(made)).0, 200);
    assert!(promote(&[]).refused(2).contains("add --yes; nothing was written"));
    let shown = promote(&["--yes"]).done();
    let expected = "crm\n  schema: version 2\n  defaults:\n+ filter: \"all\"\n  the secret `token` is not copied: set it there\n\
        crm of prod is as in dev\n";
    assert_eq!(shown, expected);
    let there = get("/integrations/crm/metadata/schema");
    assert_eq!((&there["version"], &there["mode"], &there["schema"]), (&json!(2), &json!("warn"), &schema));
    assert_eq!(get("/integrations/crm/metadata/defaults"), json!({ "defaults": { "filter": "all" } }));
    assert_eq!(get("/connections"), json!({ "connections": [] }));
    assert!(promote(&["--yes"]).stderr.contains("prod has the schemas and defaults of dev already."));

    // Whoever edits sees what the schema says.
    let place = folder();
    let mut edit = server.client(&["config", "edit", "acme"]);
    run(edit.env("EDITOR", editor(place.path(), r#"cp "$1" seen"#)).env("TMPDIR", place.path())).done();
    let seen = fs::read_to_string(place.path().join("seen")).unwrap();
    assert!(seen.starts_with("// filter  text. Which contacts.\n// token   text, secret\n{\n"), "{seen}");
}

#[test]
fn a_config_is_drafted_from_the_configurations_that_are_there() {
    let (_data, server) = start();
    assert!(config(&server, &["infer", "erp"]).refused(1).contains("not_found"));
    config(&server, &["set", "acme", "fieldMapping.internal_id=cf_1", "limit=5"]).done();
    let drafted = config(&server, &["infer", "crm"]);
    assert_eq!(drafted.stderr, "drafted from 1 configuration of crm; it belongs into crm/config.ts\n");
    let expected = "import { createConfig } from 'bespoke';
import { z } from 'zod';

export default createConfig({
    version: 1,
    schema: z.object({
        fieldMapping: z.object({
            internal_id: z.string(),
        }),
        limit: z.number().int(),
    }),
});
";
    assert_eq!(drafted.done(), expected);
}

#[test]
fn a_revision_that_was_tampered_with_is_found() {
    let (data, server) = start();
    config(&server, &["set", "acme", "k=1"]).done();
    config(&server, &["set", "acme", "k=2"]).done();
    assert_eq!(config(&server, &["verify"]).done(), "3 revisions of dev: all as they were written\n");
    let database = rusqlite::Connection::open(data.path().join("bespoke.db")).unwrap();
    database.execute_batch("UPDATE metadata_revisions SET reason = 'never said' WHERE revision = 2").unwrap();
    let broken = config(&server, &["verify"]);
    assert_eq!((broken.code, broken.stderr.as_str()), (1, ""));
    assert_eq!(
        broken.stdout,
        "acme (crm) revision 2: it was changed after it was written\n3 revisions of dev: 1 broken\n"
    );
    let told = config(&server, &["verify", "--json"]);
    assert_eq!((told.code, &json_of(&told.stdout)["broken"][0]["revision"]), (1, &json!(2)));
}
