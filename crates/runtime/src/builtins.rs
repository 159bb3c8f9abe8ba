//! The modules that come with the runtime: the prelude, and those that functions may import.
//!
//! Their bundles are embedded as text. Each is compiled once a process, when an engine first needs it.

use crate::compile::compile;
use std::borrow::Cow;
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

/// Modules that functions may import, with and without `node:`, in the order of the alphabet.
const BUILTINS: [(&str, &str); 20] = [
    ("assert", include_str!("../js/dist/assert.js")),
    ("assert/strict", include_str!("../js/dist/assert_strict.js")),
    ("buffer", include_str!("../js/dist/buffer.js")),
    ("crypto", include_str!("../js/dist/crypto.js")),
    ("events", include_str!("../js/dist/events.js")),
    ("path", include_str!("../js/dist/path.js")),
    ("process", include_str!("../js/dist/process.js")),
    ("punycode", include_str!("../js/dist/punycode.js")),
    ("querystring", include_str!("../js/dist/querystring.js")),
    ("stream", include_str!("../js/dist/stream.js")),
    ("stream/promises", include_str!("../js/dist/stream_promises.js")),
    ("string_decoder", include_str!("../js/dist/string_decoder.js")),
    ("timers", include_str!("../js/dist/timers.js")),
    ("timers/promises", include_str!("../js/dist/timers_promises.js")),
    ("url", include_str!("../js/dist/url.js")),
    ("util", include_str!("../js/dist/util.js")),
    ("util/types", include_str!("../js/dist/util_types.js")),
    ("zlib", include_str!("../js/dist/zlib.js")),
    ("zod", include_str!("../js/dist/zod.js")),
    ("zod/v3", include_str!("../js/dist/zod_v3.js")),
];

/// Modules that only the runtime's own modules may ask for.
const INTERNAL: [(&str, &str); 3] = [
    ("bespoke:intl", include_str!("../js/dist/intl.js")),
    ("bespoke:streams", include_str!("../js/dist/streams.js")),
    ("bespoke:web", include_str!("../js/dist/web.js")),
];

/// Other names of the same modules.
const ALIASES: [(&str, &str); 2] = [("path/posix", "path"), ("zod/v4", "zod")];

/// Whether functions can import a module of this name (without `node:`) that is not theirs.
pub(crate) fn is_builtin(name: &str) -> bool {
    name == REQUIRE
        || BUILTINS.iter().any(|(builtin, _)| *builtin == name)
        || ALIASES.iter().any(|(alias, _)| *alias == name)
}

/// What the author of a function reads when it imports something else.
pub(crate) const NO_SUCH_IMPORT: &str =
    "a function can import its own modules, and those built-in modules that the documentation lists";

/// The name of the built-in module that `base` means by `name`, if it may import it.
pub(crate) fn resolve(base: &str, name: &str) -> Option<String> {
    let from_builtin = is_builtin(base) || base.starts_with("bespoke:");
    let is_internal = name == NATIVE || INTERNAL.iter().any(|(internal, _)| *internal == name);
    if from_builtin && is_internal || name == REQUIRE {
        return Some(name.to_owned());
    }
    let builtin = name.strip_prefix("node:").unwrap_or(name);
    is_builtin(builtin).then(|| target(builtin).to_owned())
}

/// The name that a built-in module is loaded under.
fn target(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, target)| target)
}

/// The name of the module that hands a built-in's namespace to Rust. `native.builtin` runs it, so that there is one
/// instance of the built-in, whoever asks first.
pub(crate) fn opener(builtin: &str) -> String {
    format!("bespoke:open/{}", target(builtin))
}

/// Bytecode of an embedded module. Each is compiled when it is first needed: most functions need few of them.
pub(crate) fn bytecode(name: &str) -> Option<&'static [u8]> {
    static COMPILED: OnceLock<HashMap<String, Embedded>> = OnceLock::new();
    let embedded = COMPILED.get_or_init(all).get(name)?;
    Some(embedded.bytecode.get_or_init(|| {
        let compiled = compile(&[(name, &embedded.text)]);
        let compiled =
            compiled.expect("the embedded modules compile: the tests of this crate load each of them");
        compiled.into_iter().next().unwrap_or_default()
    }))
}

struct Embedded {
    text: Cow<'static, str>,
    bytecode: OnceLock<Vec<u8>>,
}

fn all() -> HashMap<String, Embedded> {
    let embedded = |text| Embedded { text, bytecode: OnceLock::new() };
    let mut all = HashMap::from([
        (PRELUDE.to_owned(), embedded(PRELUDE_TEXT.into())),
        (NATIVE.to_owned(), embedded(NATIVE_TEXT.into())),
        (REQUIRE.to_owned(), embedded(REQUIRE_TEXT.into())),
    ]);
    for (name, text) in BUILTINS.into_iter().chain(INTERNAL) {
        all.insert(name.to_owned(), embedded(text.into()));
        let open = format!("import * as namespace from '{name}'; export default namespace;");
        all.insert(opener(name), embedded(open.into()));
    }
    all
}

/// All that `native.builtin` can open.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS.into_iter().chain(INTERNAL).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modules_are_those_of_the_javascript_side() {
        let list = include_str!("../js/modules.js");
        let listed = list.lines().filter_map(|line| {
            let (name, file) = line.trim().trim_end_matches(',').split_once(": ")?;
            Some((name.trim_matches('\''), file.strip_prefix('\'')?.trim_matches('\'')))
        });
        let mut listed: Vec<_> = listed.map(|(name, _)| name).collect();
        let mut ours: Vec<_> = names().collect();
        listed.sort_unstable();
        ours.sort_unstable();
        assert_eq!(listed, ours);
    }

    #[test]
    fn the_bundler_leaves_the_same_modules_as_imports() {
        let importable = BUILTINS.into_iter().chain(ALIASES).map(|(name, _)| name);
        // A project's own zod is bundled.
        let mut importable: Vec<_> = importable.filter(|name| !name.starts_with("zod")).collect();
        importable.sort_unstable();
        assert_eq!(importable, bespoke_core::function::NODE_MODULES);
    }

    #[test]
    fn functions_reach_no_internal_module() {
        for name in
            [NATIVE, PRELUDE, "bespoke:web", "node:bespoke:web", "node:node:url", "fs", "node:fs", "zod/v5"]
        {
            assert_eq!(resolve("function.js", name), None, "{name}");
        }
        assert_eq!(resolve("function.js", "node:zod/v4"), Some("zod".to_owned()));
        assert_eq!(resolve("util", NATIVE), Some(NATIVE.to_owned()));
    }
}
