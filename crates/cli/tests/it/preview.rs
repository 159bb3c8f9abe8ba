//! `bespoke preview`: what another configuration would do, before it is written.

use crate::{
    deploy::project,
    support::{KEY, Server, folder, run},
};
use serde_json::{Value, json};

const CONTACTS: &str = "\
import { createSync } from 'bespoke';
import { z } from 'zod';

const people = [
    { id: '1', cf_1: 'A-1', cf_2: 'X-1', status: 'active' },
    { id: '2', cf_1: 'A-2', cf_2: 'A-2', status: 'active' },
    { id: '3', cf_1: 'A-3', cf_2: 'X-3', status: 'gone' },
];

export default createSync({
    description: 'Contacts.',
    frequency: 'every day',
    autoStart: false,
    models: { Contact: z.object({ id: z.string(), internalId: z.string().nullable() }) },
    exec: async (nango) => {
        const { field, filter } = (await nango.getMetadata()) as { field: string; filter?: string };
        if (field === 'none') {
            throw new Error('no such field');
        }
        const wanted = people.filter((person) => !filter || person.status === filter);
        await nango.batchSave(
            wanted.map((person) => ({ id: person.id, internalId: (person as any)[field] ?? null })),
            'Contact'
        );
    },
});
";

const FIELDS: &str = "\
import { createAction } from 'bespoke';
import { z } from 'zod';

export default createAction({
    description: 'Which field.',
    input: z.object({ loud: z.boolean() }),
    output: z.string(),
    exec: async (nango, { loud }) => {
        const { field } = (await nango.getMetadata()) as { field: string };
        return loud ? field.toUpperCase() : field;
    },
});
";

#[test]
fn another_configuration_is_tried_and_shown_as_a_table() {
    let data = folder();
    let server = Server::start(&data);
    let bespoke = |arguments: &[&str]| run(&mut server.client(arguments));
    server.integration("crm");
    let connection = json!({
        "provider_config_key": "crm", "connection_id": "acme", "credentials": { "type": "NONE" },
        "metadata": { "field": "cf_1" },
    });
    assert_eq!(server.request("POST", "/connections", KEY, Some(&connection.to_string())).0, 201);
    let project = project(&[
        ("index.ts", "import './crm/actions/fields.js';\nimport './crm/syncs/contacts.js';\n"),
        ("crm/actions/fields.ts", FIELDS),
        ("crm/syncs/contacts.ts", CONTACTS),
    ]);
    bespoke(&["deploy", project.path().to_str().unwrap(), "--yes"]).done();
    bespoke(&["trigger", "contacts", "acme"]).done();

    let ended = bespoke(&["preview", "contacts", "acme", "--set", "field=cf_2", "--set", "filter=active"]);
    assert_eq!(
        ended.stderr,
        "To do it: bespoke config set acme -i crm 'field=cf_2' 'filter=active' --apply resync\n"
    );
    let shown = ended.done();
    let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
    let expected = [
        "sync crm/contacts for acme, revision 1, with",
        "~ field: \"cf_1\" → \"cf_2\"",
        "+ filter: \"active\"",
        "",
        "    record  field       now  would be",
        " ~  1       internalId  A-1  X-1",
        " -  3       id          3",
        "            internalId  A-3",
        "",
        "Records: 0 added, 1 changed, 1 removed, 1 unchanged",
    ];
    assert_eq!(lines[..10], expected, "{shown}");
    assert!(
        lines[10].starts_with("0 requests in ") && lines[10].ends_with("nothing was written."),
        "{shown}"
    );
    assert_eq!(bespoke(&["config", "get", "acme", "field"]).done(), "cf_1\n");

    let as_it_is = bespoke(&["preview", "crm/syncs/contacts", "acme"]).done();
    assert!(as_it_is.contains("revision 1, as it is\n"), "{as_it_is}");
    assert!(as_it_is.contains("0 added, 0 changed, 0 removed, 3 unchanged"), "{as_it_is}");
    let whole =
        bespoke(&["preview", "contacts", "acme", "--metadata", r#"{"field":"cf_2"}"#, "--limit", "1"]).done();
    assert!(whole.contains("… 1 more records differ") && !whole.contains("X-3"), "{whole}");
    bespoke(&["config", "set", "acme", "field=cf_2"]).done();
    let back = bespoke(&["preview", "contacts", "acme", "--revision", "1"]);
    assert_eq!(back.stderr, "To do it: bespoke config restore acme -i crm 1 --apply resync\n");
    assert!(back.done().contains("3 unchanged"));
    let json: Value =
        serde_json::from_str(&bespoke(&["preview", "contacts", "acme", "--unset", "field", "--json"]).done())
            .unwrap();
    assert_eq!(json["counts"], json!({ "added": 0, "changed": 3, "removed": 0, "unchanged": 0 }));

    let action =
        bespoke(&["preview", "fields", "acme", "--input", r#"{"loud":true}"#, "--set", "field=x"]).done();
    assert!(action.contains("Output\n\"X\"\n"), "{action}");
    let failed = bespoke(&["preview", "contacts", "acme", "--set", "field=none"]);
    assert_eq!((failed.code, failed.stderr.as_str()), (12, ""));
    assert!(failed.stdout.contains("Failed: no such field (script_internal_error)"), "{failed:?}");
    assert!(failed.stdout.contains("crm/syncs/contacts.ts:18"), "{failed:?}");
    assert!(
        bespoke(&["preview", "contact", "acme"]).refused(2).contains("deployed are crm/contacts, crm/fields")
    );
    assert!(bespoke(&["preview", "contacts", "ac"]).refused(1).contains("unknown_connection"));
    assert!(
        bespoke(&["preview", "contacts", "acme", "--set", "field"]).refused(2).contains("is not PATH=VALUE")
    );
    assert!(
        bespoke(&["preview", "contacts", "acme", "--revision", "9"]).refused(1).contains("unknown_revision")
    );
}
