//! `bespoke test`: a project whose fixtures pass and fail.

use crate::{
    deploy::project,
    support::{Ended, bespoke, run},
};
use serde_json::{Value, json};
use std::{fs, path::Path};
use tempfile::TempDir;

const INDEX: &str = "\
import './crm/syncs/contacts.js';
import './crm/actions/greet.js';
import './crm/actions/lookup.js';
import './crm/actions/lonely.js';
";

const CONTACTS: &str = "\
import { createSync } from 'bespoke';
import { z } from 'zod';

export default createSync({
    description: 'Contacts.',
    frequency: 'every hour',
    models: { Contact: z.object({ id: z.string(), name: z.string() }) },
    exec: async (nango) => {
        const metadata = await nango.getMetadata();
        const paginate = { type: 'cursor', cursor_name_in_request: 'after', cursor_path_in_response: 'next', response_path: 'contacts' };
        for await (const page of nango.paginate({ endpoint: '/v1/contacts', params: { list: metadata.list }, paginate })) {
            await nango.batchSave(page.map((contact) => ({ id: `${contact.id}`, name: contact.name })), 'Contact');
        }
    },
});
";

const GREET: &str = "\
import { createAction } from 'bespoke';
import { z } from 'zod';

export default createAction({
    description: 'Greets.',
    input: z.object({ name: z.string() }),
    output: z.any(),
    exec: async (nango, { name }) => {
        await new Promise((done) => setTimeout(done, 3_600_000));
        return { text: `Hello, ${name}`, today: new Date().toISOString() };
    },
});
";

const LOOKUP: &str = "\
import { createAction } from 'bespoke';
import { z } from 'zod';

export default createAction({
    description: 'Looks up.',
    input: z.object({ id: z.number() }),
    output: z.any(),
    exec: async (nango, { id }) => {
        const response = await nango.get({ endpoint: `/v1/contacts/${id}`, params: { fields: 'name' } });
        if (response.status === 404) return null;
        return response.data;
    },
});
";

fn fixture(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// Two fixtures that pass, and one function without any.
fn crm() -> TempDir {
    let page = |after: Option<&str>, contacts: Value, next: Value| {
        let mut params = json!({ "list": "vip" });
        if let Some(after) = after {
            params["after"] = after.into();
        }
        json!({ "response": { "contacts": contacts, "next": next }, "status": 200, "request": { "params": params } })
    };
    let contacts = json!({
        "nango": {
            "getMetadata": { "list": "vip" },
            "batchSave": { "Contact": [{ "id": "1", "name": "Ada" }, { "id": "2", "name": "Bob" }] },
            "batchDelete": {},
        },
        "api": { "get": { "/v1/contacts": [
            page(None, json!([{ "id": 1, "name": "Ada" }]), json!("b")),
            page(Some("b"), json!([{ "id": 2, "name": "Bob" }]), Value::Null),
        ] } },
    });
    let greet = json!({
        "now": "2026-03-12T07:00:00Z",
        "input": { "name": "Ada" },
        "output": { "today": "2026-03-12T08:00:00.000Z", "text": "Hello, Ada" },
        "nango": {},
    });
    project(&[
        ("index.ts", INDEX),
        ("crm/syncs/contacts.ts", CONTACTS),
        ("crm/actions/greet.ts", GREET),
        ("crm/actions/lookup.ts", LOOKUP),
        ("crm/actions/lonely.ts", LOOKUP),
        ("crm/tests/contacts.test.json", &fixture(&contacts)),
        ("crm/tests/greet.test.json", &fixture(&greet)),
    ])
}

fn write(folder: &TempDir, path: &str, value: &Value) {
    fs::write(folder.path().join(path), fixture(value)).unwrap();
}

fn test(folder: &Path, arguments: &[&str]) -> Ended {
    let mut command = bespoke(&["test"]);
    run(command.args(arguments).current_dir(folder))
}

#[test]
fn fixtures_that_fit_pass_and_what_has_none_is_listed() {
    let folder = crm();
    let said = test(folder.path(), &[]).done();
    assert!(said.contains("2 passed, 0 failed in "), "{said}");
    assert!(
        said.contains("2 functions without a fixture:\n  crm/actions/lookup.ts\n  crm/actions/lonely.ts\n"),
        "{said}"
    );
}

#[test]
fn a_failure_says_what_differs_and_where() {
    let folder = crm();
    let output = json!({ "id": 7, "name": "Ada", "tags": ["a", "b"] });
    let answer = json!({ "response": { "id": 7, "name": "Eve", "tags": ["a"] }, "status": 200,
        "request": { "params": { "fields": "name" } } });
    let lookup =
        json!({ "input": { "id": 7 }, "output": output, "api": { "get": { "/v1/contacts/7": answer } } });
    write(&folder, "crm/tests/lookup.test.json", &lookup);
    let mut other = lookup;
    other["input"]["id"] = 8.into();
    write(&folder, "crm/tests/lookup.other.test.json", &other);
    write(
        &folder,
        "crm/tests/greet.broken.test.json",
        &json!({ "api": { "get": { "/a": [{ "status": "x" }] } } }),
    );

    let ended = test(folder.path(), &["--junit", "junit.xml"]);
    let said = ended.stdout.clone();
    assert_eq!(ended.code, 13, "{said}");
    assert!(said.contains("2 passed, 3 failed in "), "{said}");
    assert!(said.contains("FAILED crm/actions/lookup  crm/tests/lookup.test.json\n"), "{said}");
    assert!(
        said.contains(
            "  output.name: expected \"Ada\", got \"Eve\"\n  output.tags.length: expected 2, got 1\n"
        ),
        "{said}"
    );
    assert!(
        said.contains("  No answer was recorded for GET /v1/contacts/8?fields=name (unrecorded_request)\n"),
        "{said}"
    );
    assert!(said.contains("at exec (crm/actions/lookup.ts:9:"), "{said}");
    assert!(said.contains("  recorded: GET /v1/contacts/7\n"), "{said}");
    assert!(
        said.contains("  at api.get[\"/a\"][0].status: invalid type: string \"x\", expected u16\n"),
        "{said}"
    );

    let junit = fs::read_to_string(folder.path().join("junit.xml")).unwrap();
    assert!(junit.contains("tests=\"5\"") && junit.contains("failures=\"3\""), "{junit}");
    assert!(
        junit.contains("name=\"crm/actions/lookup\" classname=\"crm/tests/lookup.test.json\""),
        "{junit}"
    );
}

#[test]
fn names_files_and_folders_say_what_is_tested() {
    let folder = crm();
    let passed = |arguments: &[&str]| {
        let said = test(folder.path(), arguments).done();
        said.lines().last().unwrap().split(',').next().unwrap().to_owned()
    };
    assert_eq!(passed(&["contacts"]), "1 passed");
    assert_eq!(passed(&["crm/greet"]), "1 passed");
    assert_eq!(passed(&["crm"]), "2 passed");
    assert_eq!(passed(&["./crm/syncs"]), "1 passed");
    assert_eq!(passed(&["crm/tests/greet.test.json", "crm/syncs/contacts.ts"]), "2 passed");
    assert_eq!(passed(&["lonely"]), "0 passed");
    let refused = test(folder.path(), &["nothing"]).refused(2);
    assert!(refused.contains("has no such function"), "{refused}");
    let refused = test(Path::new("/"), &[]).refused(2);
    assert!(refused.contains("is in no project"), "{refused}");
}

#[test]
fn an_error_answer_is_returned_or_thrown_as_it_was_recorded() {
    let folder = crm();
    let answer = json!({ "response": {}, "status": 404, "request": { "params": { "fields": "name" } } });
    let mut lookup =
        json!({ "input": { "id": 7 }, "output": null, "api": { "get": { "/v1/contacts/7": answer } } });
    write(&folder, "crm/tests/lookup.test.json", &lookup);
    test(folder.path(), &["lookup"]).done();
    lookup["errors"] = "thrown".into();
    write(&folder, "crm/tests/lookup.test.json", &lookup);
    let said = test(folder.path(), &["lookup", "--json"]);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&report["failed"], said.code), (&json!(1), 13), "{report}");
    assert_eq!(report["tests"][0]["error"], "Request failed with status code 404 (script_http_error)");
}

#[test]
fn the_expected_result_can_be_updated() {
    let folder = crm();
    let greet = json!({ "now": "2026-01-01T00:00:00Z", "input": { "name": "Bob" }, "output": 1 });
    write(&folder, "crm/tests/greet.test.json", &greet);
    test(folder.path(), &["greet"]).refused(13);
    test(folder.path(), &["greet", "--update"]).done();
    let text = fs::read_to_string(folder.path().join("crm/tests/greet.test.json")).unwrap();
    let updated: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(updated["output"], json!({ "text": "Hello, Bob", "today": "2026-01-01T01:00:00.000Z" }));
    assert_eq!(updated["input"], greet["input"]);
    test(folder.path(), &["greet"]).done();
}

#[test]
fn a_function_that_cannot_be_bundled_fails_alone() {
    let folder = crm();
    fs::write(folder.path().join("crm/actions/greet.ts"), "import 'no-such-package';\nexport default {};\n")
        .unwrap();
    let ended = test(folder.path(), &[]);
    assert_eq!(ended.code, 13, "{ended:?}");
    assert!(ended.stdout.contains("1 passed, 1 failed"), "{ended:?}");
    assert!(ended.stdout.contains("the package `no-such-package` is not installed"), "{ended:?}");
}
