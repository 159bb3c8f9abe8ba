//! The modules that come with the runtime: the prelude, and those that functions may import.
//!
//! Their bundles are embedded as text and compiled once a process, when the first engine needs them.

use crate::compile::compile;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The prelude's name. Functions cannot import it.
pub(crate) const PRELUDE: &str = "bespoke:prelude";

/// What built-in modules import to get the `native` object. Functions cannot import it.
pub(crate) const NATIVE: &str = "bespoke:native";

/// `native` is not there when the module is compiled, so it arrives by a call; importers see it by the live binding.
const NATIVE_TEXT: &str =
    "let native; export { native as default }; export function provide(it) { native = it; }";

/// What CommonJS modules get their `require` from ([`crate::commonjs`]).
pub(crate) const REQUIRE: &str = "bespoke:require";

const REQUIRE_TEXT: &str = include_str!("../js/src/require.js");

const PRELUDE_TEXT: &str = include_str!("../js/dist/prelude.js");

/// Modules that functions may import, with and without `node:`.
const BUILTINS: [(&str, &str); 4] = [
    ("buffer", include_str!("../js/dist/buffer.js")),
    ("crypto", include_str!("../js/dist/crypto.js")),
    ("url", include_str!("../js/dist/url.js")),
    ("zod", include_str!("../js/dist/zod.js")),
];

/// Whether functions can import a module of this name (without `node:`) that is not theirs.
pub(crate) fn is_builtin(name: &str) -> bool {
    name == REQUIRE || BUILTINS.iter().any(|(builtin, _)| *builtin == name)
}

/// What the author of a function reads when it imports something else.
pub(crate) const NO_SUCH_IMPORT: &str = "a function can import its own modules, and buffer, crypto and url";

/// The name of the built-in module that `base` means by `name`, if it may import it.
pub(crate) fn resolve(base: &str, name: &str) -> Option<String> {
    let from_builtin = is_builtin(base) || base.starts_with("bespoke:");
    if from_builtin && name == NATIVE || name == REQUIRE {
        return Some(name.to_owned());
    }
    let builtin = name.strip_prefix("node:").unwrap_or(name);
    is_builtin(builtin).then(|| builtin.to_owned())
}

/// The name of the module that hands a built-in's namespace to Rust. `native.builtin` runs it, so that there is one
/// instance of the built-in, whoever asks first.
pub(crate) fn opener(builtin: &str) -> String {
    format!("bespoke:open/{builtin}")
}

/// Built-in modules that few functions import and that take long to compile: compiled when they are first needed.
const LATE: [&str; 1] = ["zod"];

/// Bytecode of an embedded module.
pub(crate) fn bytecode(name: &str) -> Option<&'static [u8]> {
    static COMPILED: OnceLock<HashMap<String, Vec<u8>>> = OnceLock::new();
    static COMPILED_LATE: OnceLock<HashMap<String, Vec<u8>>> = OnceLock::new();
    let late = LATE.iter().any(|late| *late == name || opener(late) == name);
    let compiled = if late {
        COMPILED_LATE.get_or_init(|| compile_all(late_texts()))
    } else {
        COMPILED.get_or_init(|| compile_all(texts()))
    };
    compiled.get(name).map(Vec::as_slice)
}

fn texts() -> Vec<(String, String)> {
    let own = [(PRELUDE, PRELUDE_TEXT), (NATIVE, NATIVE_TEXT), (REQUIRE, REQUIRE_TEXT)];
    let own = own.map(|(name, text)| (name.to_owned(), text.to_owned()));
    own.into_iter().chain(with_openers(|name| !LATE.contains(&name))).collect()
}

fn late_texts() -> Vec<(String, String)> {
    with_openers(|name| LATE.contains(&name)).collect()
}

/// The built-in modules with these names, and what opens them.
fn with_openers(wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (String, String)> {
    BUILTINS.into_iter().filter(move |(name, _)| wanted(name)).flat_map(|(name, text)| {
        let opens = format!("import * as namespace from '{name}'; export default namespace;");
        [(name.to_owned(), text.to_owned()), (opener(name), opens)]
    })
}

fn compile_all(texts: Vec<(String, String)>) -> HashMap<String, Vec<u8>> {
    let modules: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let compiled =
        compile(&modules).expect("the embedded modules compile: the tests of this crate load each of them");
    texts.into_iter().map(|(name, _)| name).zip(compiled).collect()
}
