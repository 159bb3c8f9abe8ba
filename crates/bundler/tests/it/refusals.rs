//! What cannot be bundled, and how it is said.

use crate::bundle_of;
use bespoke_bundler::Diagnostic;

const INDEX: (&str, &str) = ("index.ts", "import './a/syncs/one.js';\nimport './a/syncs/two.js';\n");
const GOOD: (&str, &str) = ("a/syncs/two.ts", "export default {};\n");

/// What is said of a project whose first function is `source` and whose second is fine.
fn refusal(source: &str) -> Vec<Diagnostic> {
    bundle_of(&[INDEX, ("a/syncs/one.ts", source), GOOD]).unwrap_err()
}

/// File, line, column and kind.
fn places(diagnostics: &[Diagnostic]) -> Vec<(&str, u32, u32, &str)> {
    diagnostics.iter().map(|one| (one.file.as_str(), one.line, one.column, one.kind.as_str())).collect()
}

#[test]
fn a_syntax_error_has_its_place() {
    let found = refusal("const fine = 'äö';\nexport default { exec: async () => { let = ; } };\n");
    assert_eq!(found[0].file, "a/syncs/one.ts");
    assert_eq!((found[0].line, found[0].kind.as_str()), (2, "PARSE_ERROR"), "{found:?}");
    assert!(found[0].column > 30, "{found:?}");
}

#[test]
fn an_import_that_leads_nowhere_has_its_place() {
    let found = refusal("import { x } from './missing.js';\nexport default x;\n");
    assert_eq!(places(&found), [("a/syncs/one.ts", 1, 19, "UNRESOLVED_IMPORT")], "{found:?}");
    assert_eq!(found[0].message, "`./missing.js` does not exist");

    let found = refusal("import axios from 'axios';\nexport default axios;\n");
    assert_eq!(places(&found), [("a/syncs/one.ts", 1, 19, "UNRESOLVED_IMPORT")], "{found:?}");
    assert_eq!(
        found[0].message,
        "the package `axios` is not installed; add it to package.json and run npm install"
    );
}

#[test]
fn a_missing_export_has_its_place() {
    let found = refusal("import { missing } from './two.js';\nexport default missing;\n");
    assert_eq!(places(&found), [("a/syncs/one.ts", 1, 10, "MISSING_EXPORT")], "{found:?}");
    let found = refusal("import { createSinc } from 'nango';\nexport default createSinc({});\n");
    assert_eq!(places(&found), [("a/syncs/one.ts", 1, 10, "MISSING_EXPORT")], "{found:?}");
}

#[test]
fn modules_of_node_that_the_runtime_lacks_are_refused_with_the_way_they_came() {
    let found = refusal("import { readFileSync } from 'node:fs';\nexport default readFileSync;\n");
    assert_eq!(places(&found), [("a/syncs/one.ts", 1, 30, "UNRESOLVED_IMPORT")], "{found:?}");
    assert_eq!(
        found[0].message,
        "functions have no Node.js module `node:fs`; there are `crypto`, `url`, `buffer`, also with `node:` before"
    );

    let found = bundle_of(&[
        INDEX,
        ("a/syncs/one.ts", "import { zip } from '../../lib/zip.js';\nexport default zip;\n"),
        ("lib/zip.ts", "import zlib from 'zlib';\nexport const zip = zlib;\n"),
        GOOD,
    ])
    .unwrap_err();
    assert_eq!(places(&found), [("lib/zip.ts", 1, 18, "UNRESOLVED_IMPORT")], "{found:?}");
    assert!(found[0].message.contains("`zlib`"), "{found:?}");
    assert!(found[0].message.contains("imported by a/syncs/one.ts"), "{found:?}");

    let found = bundle_of(&[
        INDEX,
        ("a/syncs/one.ts", "import os from '../../lib/os.cjs';\nexport default os;\n"),
        ("lib/os.cjs", "module.exports = require('os').platform();\n"),
        GOOD,
    ])
    .unwrap_err();
    assert_eq!(found[0].file, "lib/os.cjs", "{found:?}");
    assert!(found[0].message.contains("`os`"), "{found:?}");
}

#[test]
fn a_function_that_imports_what_is_no_code_is_named() {
    let found = bundle_of(&[
        INDEX,
        ("a/syncs/one.ts", "import './style.css';\nexport default {};\n"),
        ("a/syncs/style.css", "body { color: red }\n"),
        GOOD,
    ])
    .unwrap_err();
    assert_eq!(found[0].file, "a/syncs/one.ts", "{found:?}");
    assert!(found[0].message.contains("CSS"), "{found:?}");
}

#[test]
fn every_bad_function_is_reported() {
    let found = bundle_of(&[
        INDEX,
        ("a/syncs/one.ts", "export default {{;\n"),
        ("a/syncs/two.ts", "import './nowhere.js';\nexport default {};\n"),
    ])
    .unwrap_err();
    let files: Vec<_> = found.iter().map(|one| one.file.as_str()).collect();
    assert!(files.contains(&"a/syncs/one.ts") && files.contains(&"a/syncs/two.ts"), "{found:?}");
}
