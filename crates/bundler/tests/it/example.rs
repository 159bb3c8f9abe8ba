//! The example that the demo deploys.

use crate::{project_folder, run_function};
use bespoke_bundler::{Project, Selection, bundle};
use std::{path::Path, process::Command};

/// A CRM with two pages of contacts that answers what the function asks for; `asked` keeps the requests.
const NANGO: &str = r"
    const asked = [], saved = [];
    const pages = [[{ id: '1', properties: { email: 'a@b.c', custom_field_123: 'A-1', cf_456: null } }], [{ id: '2', properties: {} }]];
    const nango = (metadata) => ({
        getMetadata: async () => metadata,
        async *paginate(config) { asked.push([config.method ?? 'GET', config.endpoint, config.params ?? config.data]); yield* pages; },
        batchSave: async (records, model) => saved.push([model, ...records]),
        get: async ({ endpoint }) => ({ data: { results: endpoint.includes('/objects/') ? pages.flat() : [
            { name: 'email', label: 'E-mail', type: 'string', hubspotDefined: true },
            { name: 'custom_field_123', label: 'Number', type: 'string', hubspotDefined: false, options: [] },
            { name: 'cf_456', label: 'Code', type: 'string', hubspotDefined: false },
        ] } }),
    });
";

#[test]
fn one_function_adapts_to_each_customer() {
    let folder = project_folder(&[]);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hubspot-contacts");
    for part in ["index.ts", "hubspot"] {
        let copied =
            Command::new("cp").arg("-r").arg(example.join(part)).arg(folder.path()).status().unwrap();
        assert!(copied.success());
    }
    let bundle = bundle(&Project::read(folder.path()).unwrap(), &Selection::default()).unwrap();
    let sync = |metadata: &str| {
        let body = format!(
            "{NANGO} try {{ await subject.default.exec(nango({metadata})); }} catch (error) {{ return error.issues[0].message; }} return {{ asked, saved }};"
        );
        run_function(&bundle, "contacts", &body)
    };
    assert_eq!(
        sync("{ fieldMapping: { internal_id: 'custom_field_123' } }"),
        r#"{"asked":[["GET","/crm/v3/objects/contacts",{"properties":"email,custom_field_123"}]],"saved":[["Contact",{"id":"1","internalId":"A-1","email":"a@b.c"}],["Contact",{"id":"2","internalId":null,"email":null}]]}"#
    );
    assert_eq!(
        sync("{ fieldMapping: { internal_id: 'cf_456' }, filterStatus: 'active' }"),
        r#"{"asked":[["POST","/crm/v3/objects/contacts/search",{"properties":["email","cf_456"],"filterGroups":[{"filters":[{"propertyName":"status","operator":"EQ","value":"active"}]}]}]],"saved":[["Contact",{"id":"1","internalId":null,"email":"a@b.c"}],["Contact",{"id":"2","internalId":null,"email":null}]]}"#
    );
    assert_eq!(sync("null"), r#""Invalid input: expected object, received null""#);

    let fields = run_function(
        &bundle,
        "list-custom-fields",
        &format!("{NANGO} return subject.default.exec(nango());"),
    );
    assert_eq!(
        fields,
        r#"{"fields":[{"name":"custom_field_123","label":"Number","type":"string","samples":["A-1"],"filled":0.5},{"name":"cf_456","label":"Code","type":"string","samples":[],"filled":0}]}"#
    );
}
