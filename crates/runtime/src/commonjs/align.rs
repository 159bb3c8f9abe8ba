//! Source maps that lead to a reprinted source, led on to the source that was written.
//!
//! The official CLI prints each file anew before it bundles it, and its maps speak of that print: the right words on
//! the wrong lines. Both texts have nearly the same words in the same order, so words are put beside each other.

use sourcemap::{SourceMap, SourceMapBuilder};

/// How far apart the same word may be before it counts as another one.
const WINDOW: usize = 40;
/// How many words in a row must be the same to go on after a difference.
const AGREEMENT: usize = 3;

struct Word<'a> {
    text: &'a str,
    line: u32,
    /// In UTF-16 units, as maps count.
    column: u32,
}

/// The map with its places in `file` put where they are in `written`; `None` where the map has no such file or cannot
/// be read.
pub(super) fn align(map: &str, file: &str, written: &str) -> Option<String> {
    let map = SourceMap::from_slice(map.as_bytes()).ok()?;
    let source = (0..map.get_source_count()).find(|&source| map.get_source(source) == Some(file))?;
    let printed = map.get_source_contents(source)?.to_owned();
    if printed == written {
        return None;
    }
    let (from, to) = (words(&printed), words(written));
    let partners = partners(&from, &to);
    let mut builder = SourceMapBuilder::new(None);
    for token in map.tokens() {
        let (mut line, mut column) = (token.get_src_line(), token.get_src_col());
        if token.get_src_id() == source {
            let before = from.partition_point(|word| (word.line, word.column) <= (line, column));
            // The nearest word at or before the place that is in both texts.
            if let Some((word, partner)) =
                (0..before).rev().find_map(|index| Some((&from[index], &to[partners[index]?])))
            {
                column =
                    if word.line == line { partner.column + (column - word.column) } else { partner.column };
                line = partner.line;
            }
        }
        builder.add(
            token.get_dst_line(),
            token.get_dst_col(),
            line,
            column,
            token.get_source(),
            token.get_name(),
            false,
        );
    }
    for index in 0..map.get_source_count() {
        let Some(name) = map.get_source(index) else { continue };
        let contents = if index == source { Some(written) } else { map.get_source_contents(index) };
        let id = builder.add_source(name);
        builder.set_source_contents(id, contents);
    }
    let mut text = Vec::new();
    builder.into_sourcemap().to_writer(&mut text).ok()?;
    String::from_utf8(text).ok()
}

/// Runs of letters, digits, `_` and `$`.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    for (line, content) in (0..).zip(text.split('\n')) {
        let mut column = 0;
        let mut begin: Option<(usize, u32)> = None;
        let ends = content.char_indices().chain([(content.len(), ' ')]);
        for (at, character) in ends {
            let is_word = character.is_alphanumeric() || matches!(character, '_' | '$');
            match begin {
                None if is_word => begin = Some((at, column)),
                Some((start, column)) if !is_word => {
                    words.push(Word { text: &content[start..at], line, column });
                    begin = None;
                }
                _ => {}
            }
            column += character.len_utf16() as u32;
        }
    }
    words
}

/// For each word of `from` the index of the same one in `to`.
fn partners(from: &[Word<'_>], to: &[Word<'_>]) -> Vec<Option<usize>> {
    let mut partners = vec![None; from.len()];
    let (mut left, mut right) = (0, 0);
    while left < from.len() && right < to.len() {
        if from[left].text == to[right].text {
            partners[left] = Some(right);
            (left, right) = (left + 1, right + 1);
            continue;
        }
        let agree = |left: usize, right: usize| {
            let ahead = |words: &[Word<'_>], at: usize| words.len().saturating_sub(at).min(AGREEMENT);
            let count = ahead(from, left).min(ahead(to, right));
            count > 0 && (0..count).all(|step| from[left + step].text == to[right + step].text)
        };
        // The nearest place where both go on alike.
        let skip = (1..=WINDOW).find_map(|distance| {
            (0..=distance).find_map(|left_skip| {
                let right_skip = distance - left_skip;
                agree(left + left_skip, right + right_skip).then_some((left_skip, right_skip))
            })
        });
        let (left_skip, right_skip) = skip.unwrap_or((1, 1));
        (left, right) = (left + left_skip, right + right_skip);
    }
    partners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_a_print_become_places_in_what_was_written() {
        let written = "import { createAction } from 'nango';\n\n// why\nexport default createAction({\n    exec: async (nango) => { throw new Error('no'); },\n});\n";
        let printed = "import { createAction } from 'nango';\n// why\nexport const action = {\n  type: \"action\",\n  exec: async nango => {\n    throw new Error('no');\n  }\n};\n";
        let mut builder = SourceMapBuilder::new(None);
        builder.add(7, 4, 5, 4, Some("a.ts"), None, false);
        let id = builder.add_source("a.ts");
        builder.set_source_contents(id, Some(printed));
        let mut map = Vec::new();
        builder.into_sourcemap().to_writer(&mut map).unwrap();
        let map = String::from_utf8(map).unwrap();

        let aligned = align(&map, "a.ts", written).unwrap();
        let aligned = SourceMap::from_slice(aligned.as_bytes()).unwrap();
        let token = aligned.lookup_token(7, 4).unwrap();
        assert_eq!((token.get_src_line(), token.get_src_col()), (4, 29), "`throw` in what was written");
        assert_eq!(aligned.get_source_contents(0), Some(written));
        assert_eq!(align(&map, "b.ts", written), None);
        assert_eq!(align("{", "a.ts", written), None);
    }
}
