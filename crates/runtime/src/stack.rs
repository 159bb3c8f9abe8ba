//! Turns stack frames of the bundled JavaScript into frames of the author's TypeScript.

use sourcemap::SourceMap;
use std::collections::HashMap;
use std::fmt::Write as _;

/// The source maps of one function's modules.
#[derive(Debug, Default)]
pub struct SourceMaps(HashMap<String, SourceMap>);

impl SourceMaps {
    /// Reads source maps: name of the module, and the map's JSON text. One that cannot be read is left out: a stack
    /// that speaks of the bundle is better than none.
    pub fn new<'a>(maps: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let readable = maps
            .into_iter()
            .filter_map(|(name, json)| Some((name.to_owned(), SourceMap::from_slice(json).ok()?)));
        Self(readable.collect())
    }

    /// The stack with every frame `module:line:column` that a map knows replaced by `file:line:column` of the source.
    /// Everything else stays as it is.
    pub fn apply(&self, stack: &str) -> String {
        let mut mapped = String::with_capacity(stack.len());
        for (index, line) in stack.split('\n').enumerate() {
            if index > 0 {
                mapped.push('\n');
            }
            match self.frame(line) {
                Some((before, file, row, column, after)) => {
                    let _ = write!(mapped, "{before}{file}:{row}:{column}{after}");
                }
                None => mapped.push_str(line),
            }
        }
        mapped
    }

    /// Splits `    at name (module:12:34)` or `    at module:12:34` and looks the place up.
    fn frame<'a>(&self, line: &'a str) -> Option<(&'a str, String, u32, u32, &'a str)> {
        let indent = line.len() - line.trim_start().len();
        let rest = line[indent..].strip_prefix("at ")?;
        let start =
            rest.rfind('(').map_or(line.len() - rest.len(), |open| line.len() - rest.len() + open + 1);
        let end = line[start..].rfind(')').map_or(line.len(), |close| start + close);
        let mut parts = line[start..end].rsplitn(3, ':');
        let column: u32 = parts.next()?.parse().ok()?;
        let row: u32 = parts.next()?.parse().ok()?;
        let map = self.0.get(parts.next()?)?;
        let token = map.lookup_token(row.checked_sub(1)?, column.saturating_sub(1))?;
        let file = token.get_source()?.to_owned();
        Some((&line[..start], file, token.get_src_line() + 1, token.get_src_col() + 1, &line[end..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line 1 of `a.js` is line 3 of `src/a.ts`, column by column 0 → 4.
    const MAP: &[u8] = br#"{"version":3,"sources":["src/a.ts"],"names":[],"mappings":"AAEI"}"#;

    fn check(stack: &str, expected: &str) {
        assert_eq!(SourceMaps::new([("a.js", MAP), ("broken.js", b"{")]).apply(stack), expected);
    }

    #[test]
    fn frames_of_mapped_modules_name_the_source() {
        check("    at exec (a.js:1:20)", "    at exec (src/a.ts:3:5)");
        check("    at a.js:1:1", "    at src/a.ts:3:5");
        check(
            "    at <anonymous> (a.js:1:1)\n    at x (b.js:2:2)\n",
            "    at <anonymous> (src/a.ts:3:5)\n    at x (b.js:2:2)\n",
        );
    }

    #[test]
    fn other_lines_stay() {
        check("Error: at (a.js:1)", "Error: at (a.js:1)");
        check("    at map (native)\n    at broken.js:1:1", "    at map (native)\n    at broken.js:1:1");
        check("", "");
    }
}
