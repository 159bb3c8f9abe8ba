//! Reading what functions say of themselves.

use crate::{project_folder, run_with_node, shop};
use bespoke_bundler::{Diagnostic, Project, Selection, definitions};
use bespoke_core::function::{Definition, FunctionKind};
use serde_json::json;

/// Definitions of a project, its program run with Node in place of the function runtime.
fn read(project: &Project) -> Result<Vec<Definition>, Vec<Diagnostic>> {
    let selection = Selection::default();
    let modules = definitions::bundle(project, &selection)?;
    let modules: Vec<_> = modules.iter().map(|(name, module)| (name.as_str(), module)).collect();
    definitions::read(project, &selection, &run_with_node(&modules, "return subject.default();"))
}

/// What is said of a project with these functions.
fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let index = files.iter().map(|(path, _)| format!("import './{path}';\n")).collect::<Vec<_>>().concat();
    let folder = project_folder(&[files, &[("index.ts", index.as_str())]].concat());
    let found = read(&Project::read(folder.path()).unwrap()).unwrap_err();
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn definitions_are_what_the_source_says() {
    let [contacts, create, tickets, greet] = <[Definition; 4]>::try_from(read(&shop()).unwrap()).unwrap();

    assert_eq!((contacts.integration.as_str(), contacts.kind), ("hubspot", FunctionKind::Sync));
    assert_eq!(contacts.description.as_deref(), Some("Contacts with the status that we know."));
    assert_eq!(contacts.version.as_deref(), Some("1.2.0"));
    assert_eq!(contacts.frequency.as_deref(), Some("every 30 minutes"));
    assert!(contacts.auto_start && !contacts.track_deletes);
    assert_eq!(contacts.scopes, ["contacts.read"]);
    assert_eq!(contacts.models, ["Contact"]);
    assert_eq!(contacts.metadata.as_deref(), Some("SyncMetadata_hubspot_contacts"));
    assert_eq!(contacts.checkpoint.as_deref(), Some("SyncCheckpoint_hubspot_contacts"));
    let schema = contacts.json_schema.unwrap();
    let contact = &schema["definitions"]["Contact"];
    assert_eq!(contact["required"], json!(["id", "email", "status", "address"]));
    assert_eq!(contact["properties"]["status"], json!({"type": "string", "enum": ["active", "gone"]}));
    let since = &contact["properties"]["address"]["properties"]["since"];
    assert_eq!(*since, json!({"type": "string", "format": "date-time"}));
    // A default makes a key of the metadata one that may be missing.
    let metadata = &schema["definitions"]["SyncMetadata_hubspot_contacts"];
    assert_eq!(metadata["properties"]["status"], json!({"default": "active", "type": "string"}));
    assert_eq!(metadata.get("required"), None);

    assert_eq!(create.kind, FunctionKind::Action);
    assert_eq!(create.input.as_deref(), Some("ActionInput_hubspot_createcontact"));
    assert_eq!(create.output.as_deref(), Some("ActionOutput_hubspot_createcontact"));
    let schema = create.json_schema.unwrap();
    assert_eq!(schema["definitions"]["ActionInput_hubspot_createcontact"]["required"], json!(["email"]));

    assert!(!tickets.auto_start, "only an explicit true starts by itself");
    assert_eq!(tickets.metadata, None, "z.void() is no schema");
    let schema = tickets.json_schema.unwrap();
    let definitions = schema["definitions"].as_object().unwrap();
    assert_eq!(definitions["Ticket"]["properties"]["openedAt"]["format"], "date-time");
    let category = definitions["Ticket"]["properties"]["category"]["$ref"].as_str().unwrap();
    let category = category.strip_prefix("#/definitions/").unwrap();
    assert_eq!(
        definitions[category]["properties"]["parts"]["items"]["$ref"],
        format!("#/definitions/{category}")
    );

    assert_eq!(greet.kind, FunctionKind::OnEvent);
    assert_eq!(greet.event.as_deref(), Some("post-connection-creation"));
}

#[test]
fn a_project_without_zod_models_needs_no_zod() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for (path, text) in [
        ("index.ts", "import './a/on-events/hello.js';"),
        (
            "a/on-events/hello.ts",
            "import { createOnEvent } from 'bespoke';\n\
             export default createOnEvent({ description: 'x', event: 'validate-connection', exec: async () => {} });",
        ),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let found = read(&Project::read(folder.path()).unwrap()).unwrap();
    assert_eq!(found[0].event.as_deref(), Some("validate-connection"));
}

#[test]
fn what_is_wrong_is_said_at_its_line() {
    let sync = |frequency: &str, models: &str| {
        format!(
            "import {{ createSync }} from 'nango';\nimport {{ z }} from 'zod';\nexport default createSync({{\n    description: '',\n    frequency: '{frequency}',\n    models: {{ {models} }},\n    exec: async () => {{}},\n}});\n"
        )
    };
    let one =
        sync("every 3 moons", "contact: z.object({ id: z.string() }), Deal: z.object({ id: z.number() })");
    let two = sync("every hour", "Shared: z.object({ id: z.string() })");
    let found = problems(&[
        ("a/syncs/one.ts", one.as_str()),
        ("a/syncs/two.ts", two.as_str()),
        ("a/syncs/three.ts", two.as_str()),
        ("a/actions/four.ts", two.as_str()),
        ("a/on-events/five.ts", "export const nothing = 1;\n"),
        (
            "a/actions/six.ts",
            "import { createAction } from 'nango';\nexport default createAction({\n    description: '',\n    input: { plain: true },\n    exec: async () => {},\n});\n",
        ),
        (
            "a/on-events/seven.ts",
            "import { createOnEvent } from 'nango';\nexport default createOnEvent({\n    event: 'midnight',\n    exec: async () => {},\n});\n",
        ),
    ]);
    assert_eq!(
        found,
        [
            "a/syncs/one.ts:5:5: `every 3 moons` is not a frequency: write for example `every 5 minutes`, `every hour`, `every half day` or `1d`",
            "a/syncs/one.ts:6:15: `contact` is not a model name: a capital letter, then letters, digits and `_`",
            "a/syncs/one.ts:6:54: the model `Deal` needs `id: z.string()`, by which its records are known",
            "a/actions/four.ts:3:8: files in `actions` use createAction, not createSync",
            "a/on-events/five.ts: the file must default-export the result of createSync, createAction, createOnEvent or createConfig",
            "a/actions/six.ts:4:5: input cannot be read as a schema: it is not a zod 4 schema",
            "a/actions/six.ts: output cannot be read as a schema: it is not a zod 4 schema",
            "a/on-events/seven.ts:3:5: `midnight` is not an event; there are `post-connection-creation`, `pre-connection-deletion`, `validate-connection`",
            "a/syncs/three.ts:6:15: the model `Shared` is already saved by `a/syncs/two.ts`",
        ]
    );
}
