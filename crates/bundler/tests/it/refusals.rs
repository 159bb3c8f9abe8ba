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
    assert_eq!(found[0].message, "`./missing.js` does not exist\n  a/syncs/one.ts → ./missing.js");

    let found = refusal("import axios from 'axios';\nexport default axios;\n");
    assert_eq!(places(&found), [("a/syncs/one.ts", 1, 19, "UNRESOLVED_IMPORT")], "{found:?}");
    assert_eq!(
        found[0].message,
        "the package `axios` is not installed; add it to package.json and run npm install\n  a/syncs/one.ts → axios"
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
        format!(
            "functions have no Node.js module `node:fs`; there are {}\n  a/syncs/one.ts → node:fs",
            bespoke_core::function::NODE_MODULES.join(", ")
        )
    );

    let found = bundle_of(&[
        INDEX,
        ("a/syncs/one.ts", "import { zip } from '../../lib/zip.js';\nexport default zip;\n"),
        ("lib/zip.ts", "import http from 'http';\nexport const zip = http;\n"),
        GOOD,
    ])
    .unwrap_err();
    assert_eq!(places(&found), [("lib/zip.ts", 1, 18, "UNRESOLVED_IMPORT")], "{found:?}");
    assert!(found[0].message.contains("`http`"), "{found:?}");
    assert!(found[0].message.ends_with("\n  a/syncs/one.ts → lib/zip.ts → http"), "{found:?}");

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

/// A package in `node_modules` of its own, beside those of the fixtures.
fn with_package(files: &[(&str, &str)], source: &str) -> Result<bespoke_bundler::Bundle, Vec<Diagnostic>> {
    let mut all = vec![INDEX, ("a/syncs/one.ts", source), GOOD];
    all.extend_from_slice(files);
    bundle_of(&all)
}

#[test]
fn a_package_is_refused_with_the_chain_of_imports_when_it_needs_a_missing_module() {
    let package = [
        ("a/node_modules/@acme/client/package.json", r#"{"name":"@acme/client","main":"lib/index.js"}"#),
        ("a/node_modules/@acme/client/lib/index.js", "module.exports = require('./wire');\n"),
        (
            "a/node_modules/@acme/client/lib/wire.js",
            "const http = require('http');\nexports.get = http.get;\n",
        ),
    ];
    let found =
        with_package(&package, "import client from '@acme/client';\nexport default client;\n").unwrap_err();
    assert_eq!(
        places(&found),
        [("a/node_modules/@acme/client/lib/wire.js", 1, 22, "UNRESOLVED_IMPORT")],
        "{found:?}"
    );
    assert!(
        found[0].message.ends_with("\n  a/syncs/one.ts → a/node_modules/@acme/client → http"),
        "{found:?}"
    );
}

#[test]
fn a_missing_module_that_nothing_reaches_is_no_reason_to_refuse() {
    let modern = [
        ("a/node_modules/both/package.json", r#"{"name":"both","type":"module","main":"index.js"}"#),
        (
            "a/node_modules/both/index.js",
            "import fs from 'fs';\nimport * as net from 'node:net';\nexport const read = () => [fs.readFileSync('/x'), net];\nexport const add = (a, b) => a + b;\n",
        ),
    ];
    let bundle = with_package(&modern, "import { add } from 'both';\nexport default add(1, 2);\n").unwrap();
    assert_eq!(crate::run_function(&bundle, "one", "return subject.default"), "3");
    assert!(with_package(&modern, "import { read } from 'both';\nexport default read;\n").is_err());

    let old = [
        ("a/node_modules/old/package.json", r#"{"name":"old","main":"index.js"}"#),
        (
            "a/node_modules/old/index.js",
            "let fs;\ntry { fs = require('fs'); } catch (error) { fs = null; }\nexports.hasFiles = fs !== null;\n",
        ),
    ];
    let bundle = with_package(&old, "import old from 'old';\nexport default old.hasFiles;\n").unwrap();
    let code = &bundle.modules[&bundle.functions[0].modules[0]].code;
    assert!(!code.contains("import") || !code.contains("from \"fs\""), "{code}");
}

#[test]
fn a_package_that_requires_a_class_gets_the_class() {
    let package = [
        ("a/node_modules/emits/package.json", r#"{"name":"emits","main":"index.js"}"#),
        (
            "a/node_modules/emits/index.js",
            "const Emitter = require('events');\nconst { inherits } = require('util');\nclass Own extends Emitter {}\nfunction Old() { Emitter.call(this); }\ninherits(Old, Emitter);\nexports.heard = () => { let heard = 0; for (const one of [new Own(), new Old()]) { one.on('x', () => { heard += 1; }); one.emit('x'); } return heard; };\n",
        ),
    ];
    let bundle = with_package(&package, "import { heard } from 'emits';\nexport default heard();\n").unwrap();
    assert_eq!(crate::run_function(&bundle, "one", "return subject.default"), "2");
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
