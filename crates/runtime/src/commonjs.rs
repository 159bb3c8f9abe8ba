//! CommonJS modules, which the official CLI bundles functions to, as modules of this runtime.
//!
//! The text of one becomes the body of a function in an ES module, on the same lines: its frames keep their lines, and
//! from then on it is a module like any other.

mod align;

use base64::Engine as _;

/// The name of a CommonJS module ends so.
pub const EXTENSION: &str = ".cjs";

/// Opens the function on the first line of the text.
const OPEN: &str = "import { require } from \"bespoke:require\"; const module = { exports: {} }; \
                    (function (exports, require, module, __filename, __dirname) { ";

/// Closes it. The older kind of function is a bare function, with its webhook handler beside it.
const CLOSE: &str = "\n}).call(module.exports, module.exports, require, module, \"/function.cjs\", \"/\");\n\
    const all = module.exports;\n\
    const main = all !== null && typeof all === \"object\" && all.__esModule ? all.default : all;\n\
    export default typeof main === \"function\" ? { exec: main, onWebhook: all.onWebhookPayloadReceived } : main;\n";

/// A CommonJS module as an ES module whose default export is the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// ES module text.
    pub code: String,
    /// The source map that the text carried, JSON text.
    pub map: Option<String>,
}

/// Wraps the text of a CommonJS module.
pub fn wrap(text: &str) -> Wrapped {
    let (body, map) = take_map(text);
    Wrapped { code: format!("{OPEN}{body}{CLOSE}"), map }
}

/// Leads a map of [`Wrapped::map`] to the source as it was written: `code`, the text of the file `path`. The map as it is
/// where it has nothing to do with that file.
pub fn lead_to_source(map: String, path: &str, code: &str) -> String {
    align::align(&map, path, code).unwrap_or(map)
}

/// Splits a text and the source map that its last line has as a `data:` URL. One that cannot be read is dropped.
fn take_map(text: &str) -> (&str, Option<String>) {
    const COMMENT: &str = "//# sourceMappingURL=";
    let trimmed = text.trim_end();
    let (before, last) = trimmed.rsplit_once('\n').unwrap_or(("", trimmed));
    let Some(url) = last.strip_prefix(COMMENT) else { return (text, None) };
    let map = url
        .strip_prefix("data:application/json")
        .and_then(|url| url.split_once(";base64,"))
        .and_then(|(_, data)| base64::engine::general_purpose::STANDARD.decode(data).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    (before, map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_where_they_are_and_the_map_is_taken_out() {
        let text =
            "\"use strict\";\nmodule.exports = 1;\n//# sourceMappingURL=data:application/json;base64,e30=\n";
        let Wrapped { code, map } = wrap(text);
        assert_eq!(code.lines().nth(1), Some("module.exports = 1;"));
        assert_eq!(map.as_deref(), Some("{}"));
        assert!(!code.contains("sourceMappingURL"), "{code}");
    }

    #[test]
    fn a_map_elsewhere_is_no_map() {
        for text in [
            "",
            "let a = 1;",
            "//# sourceMappingURL=bundle.cjs.map",
            "//# sourceMappingURL=data:application/json;base64,!",
        ] {
            assert_eq!(wrap(text).map, None, "{text}");
        }
    }
}
