//! Source maps: kept small when made, and read to find where an error really is.

use crate::plugin::VIRTUAL;
use rolldown_sourcemap::{SourceMap, SourceMapBuilder};

/// A place in the author's own source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// File from the project's root.
    pub file: String,
    /// Line from 1.
    pub line: u32,
    /// Column from 1, in UTF-16 units.
    pub column: u32,
}

/// The map without what is not the project's own: packages are most of a bundle, and nobody debugs our virtual modules.
///
/// `None` when nothing remains.
pub(crate) fn own_sources_only(map: &SourceMap) -> Option<String> {
    let own = |source: &str| !source.contains("node_modules/") && !source.contains(VIRTUAL);
    let mut small = SourceMapBuilder::default();
    let mut any = false;
    for token in map.get_source_view_tokens() {
        let Some((source, content)) =
            token.get_source_id().and_then(|id| Some((map.get_source(id)?, map.get_source_content(id)?)))
        else {
            continue;
        };
        if !own(source) {
            continue;
        }
        any = true;
        let source = small.add_source_and_content(source, content);
        let name = token.get_name_id().and_then(|id| map.get_name(id)).map(|name| small.add_name(name));
        small.add_token(
            token.get_dst_line(),
            token.get_dst_col(),
            token.get_src_line(),
            token.get_src_col(),
            Some(source),
            name,
        );
    }
    any.then(|| small.into_sourcemap().to_json_string())
}

/// The files that `map` speaks of; none where it cannot be read.
pub(crate) fn sources(map: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Sources {
        sources: Vec<String>,
    }
    serde_json::from_str(map).map(|Sources { sources }| sources).unwrap_or_default()
}

/// Where in the TypeScript a place of a bundled module is: `line` and `column` from 1, as in a stack trace.
///
/// `None` when the place is not the author's code or `map` cannot be read.
pub fn locate(map: &str, line: u32, column: u32) -> Option<Location> {
    let map = SourceMap::from_json(serde_json::from_str(map).ok()?).ok()?;
    let table = map.generate_lookup_table();
    let token = map.lookup_source_view_token(&table, line.checked_sub(1)?, column.checked_sub(1)?)?;
    Some(Location {
        file: map.get_source(token.get_source_id()?)?.to_owned(),
        line: token.get_src_line() + 1,
        column: token.get_src_col() + 1,
    })
}
