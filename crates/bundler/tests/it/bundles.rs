//! What bundles hold and how they behave.

use crate::{bundle_of, fixtures, project_folder, run_function, shop};
use bespoke_bundler::{Bundle, Project, Selection, bundle, locate};
use std::process::Command;

fn shop_bundle() -> Bundle {
    bundle(&shop(), &Selection::default()).unwrap()
}

/// All text that a function runs.
fn code_of(bundle: &Bundle, name: &str) -> String {
    let function = bundle.functions.iter().find(|function| function.file.name == name).unwrap();
    function.modules.iter().map(|module| bundle.modules[module].code.as_str()).collect()
}

#[test]
fn functions_run_with_the_modules_that_the_bundle_names() {
    let bundle = shop_bundle();
    let contacts = run_function(
        &bundle,
        "contacts",
        "const saved = []; const definition = subject.default; \
         await definition.exec({ get: async () => {}, batchSave: async (records) => saved.push(...records) }); \
         return { type: definition.type, frequency: definition.frequency, saved };",
    );
    assert_eq!(
        contacts,
        r#"{"type":"sync","frequency":"every 30 minutes","saved":[{"id":"contacts","email":null,"status":"active","address":{"city":"Oslo"}}]}"#
    );
    let greeting = run_function(
        &bundle,
        "greet",
        "const lines = []; await subject.default.exec({ log: async (line) => lines.push(line) }); \
         return [subject.default.type, subject.default.event, lines];",
    );
    assert_eq!(greeting, r#"["onEvent","post-connection-creation",["hello"]]"#);
}

/// Guards the setting for zod's side effects: without it the text is only "Invalid input".
#[test]
fn a_failed_parse_says_what_was_expected() {
    let body = "return (await subject.default.exec({}, { email: 7 })).problem;";
    let shared = run_function(&shop_bundle(), "create-contact", body);
    assert_eq!(shared, r#""Invalid input: expected string, received number""#);

    let alone = Selection { name: Some("create-contact".to_owned()), ..Selection::default() };
    let alone = run_function(&bundle(&shop(), &alone).unwrap(), "create-contact", body);
    assert_eq!(alone, shared);
}

#[test]
fn what_functions_share_is_one_module() {
    let bundle = shop_bundle();
    let modules_of =
        |name: &str| &bundle.functions.iter().find(|function| function.file.name == name).unwrap().modules;
    assert!(modules_of("contacts")[0].starts_with("hubspot_syncs_contacts-"), "{:?}", modules_of("contacts"));
    let shared =
        modules_of("create-contact")[1..].iter().filter(|name| modules_of("contacts").contains(name)).count();
    assert!(shared > 0, "contacts and create-contact share nothing");
    let with_zod = bundle.modules.values().filter(|module| module.code.contains("toJSONSchema")).count();
    assert!(with_zod <= 1, "zod is in {with_zod} modules");
    assert!(!code_of(&bundle, "greet").contains("zod"), "a function without zod does not load it");
    for function in &bundle.functions {
        assert!(function.source.code.contains("export default"), "{}", function.file.path);
    }
}

#[test]
fn types_are_not_loaded_and_enums_are() {
    let bundle = shop_bundle();
    let code = code_of(&bundle, "contacts");
    assert!(!code.contains("only-types was loaded"));
    assert!(!code.contains("from \"nango\"") && !code.contains("from 'nango'"));
    assert!(code.contains("active"), "the enum's value is there");
}

#[test]
fn the_same_project_gives_the_same_modules_wherever_it_is() {
    let first = shop_bundle();
    let copy = project_folder(&[]);
    let copied = Command::new("cp").arg("-r").arg(fixtures().join("shop")).arg(copy.path()).status().unwrap();
    assert!(copied.success());
    // zod must be seen from the copy as from the original: beside the project's folder.
    let second = bundle(&Project::read(&copy.path().join("shop")).unwrap(), &Selection::default()).unwrap();
    let names = |bundle: &Bundle| bundle.modules.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&first), names(&shop_bundle()));
    assert_eq!(first.modules, shop_bundle().modules);
    assert_eq!(names(&first).len(), names(&second).len());

    let here = bundle_of(&[("index.ts", "import './a/syncs/b.js';"), ("a/syncs/b.ts", "export default 1;")]);
    let there = bundle_of(&[("index.ts", "import './a/syncs/b.js';"), ("a/syncs/b.ts", "export default 1;")]);
    let other = bundle_of(&[("index.ts", "import './a/syncs/b.js';"), ("a/syncs/b.ts", "export default 2;")]);
    let [here, there, other] = [here, there, other].map(|bundle| names(&bundle.unwrap()));
    assert_eq!(here, there, "the folder's own path is not in the hash");
    assert_ne!(here, other, "the content is");
}

#[test]
fn source_maps_hold_the_projects_own_files_only() {
    let bundle = shop_bundle();
    let entry = &bundle.functions[0].modules[0];
    let module = &bundle.modules[entry];
    let map = module.map.as_ref().unwrap();
    assert!(!map.contains("node_modules") && !map.contains("\\u0000"), "{map}");

    let (line, text) = (1..).zip(module.code.lines()).find(|(_, line)| line.contains("batchSave")).unwrap();
    let column = 1 + text.find("batchSave").unwrap() as u32;
    let found = locate(map, line, column).unwrap();
    let source = &bundle.functions[0].source;
    assert_eq!(found.file, source.path);
    let original = source.code.lines().nth(found.line as usize - 1).unwrap();
    assert!(original[found.column as usize - 1..].starts_with("batchSave"), "{found:?}");
    assert_eq!(locate(map, 100_000, 1), None);
    assert_eq!(locate("not a map", 1, 1), None);
}

/// Guards the stacks: on usual ones 3,000 levels end the process.
#[test]
fn deep_nesting_is_bundled() {
    let nested = format!("export default {}1{};", "[".repeat(10_000), "]".repeat(10_000));
    let bundle =
        bundle_of(&[("index.ts", "import './a/syncs/deep.js';"), ("a/syncs/deep.ts", &nested)]).unwrap();
    assert_eq!(bundle.functions.len(), 1);
}

#[test]
fn a_commonjs_package_may_require_what_the_runtime_has() {
    let bundle = bundle_of(&[
        ("index.ts", "import './a/actions/hash.js';"),
        (
            "a/actions/hash.ts",
            "import hash from '../../vendor/hash.cjs';\nexport default { exec: async () => hash('x') };",
        ),
        (
            "vendor/hash.cjs",
            "const crypto = require('crypto');\nmodule.exports = (text) => crypto.createHash('md5').update(text).digest('hex');",
        ),
    ])
    .unwrap();
    let hash = run_function(&bundle, "hash", "return subject.default.exec();");
    assert_eq!(hash, r#""9dd4e461268c8034f5c8564e155c67a6""#);
}

#[test]
fn dynamic_imports_come_along() {
    let bundle = bundle_of(&[
        ("index.ts", "import './a/actions/late.js';"),
        (
            "a/actions/late.ts",
            "export default { exec: async () => (await import('../../lib/answer.js')).answer };",
        ),
        ("lib/answer.ts", "export const answer: number = 42;"),
    ])
    .unwrap();
    assert_eq!(run_function(&bundle, "late", "return subject.default.exec();"), "42");
}
