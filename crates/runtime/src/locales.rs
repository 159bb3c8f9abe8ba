//! The data of `Intl`'s languages: one embedded file, in which each part is packed by itself.
//!
//! The file: the length of the list (4 bytes, little end first); the list, JSON, of `[name, length]`; the packed parts
//! in that order. A part's name is its kind and its locale, `number/de`.

use std::collections::HashMap;
use std::io::Read;
use std::sync::OnceLock;

const PACKED: &[u8] = include_bytes!("../js/dist/locales.bin");

/// Buffer for unpacking, bytes.
const BUFFER: usize = 1 << 16;

type Parts = HashMap<String, &'static [u8]>;

fn parts() -> &'static Parts {
    static PARTS: OnceLock<Parts> = OnceLock::new();
    PARTS.get_or_init(|| read().unwrap_or_default())
}

fn read() -> Option<Parts> {
    let (length, rest) = PACKED.split_first_chunk::<4>()?;
    let (list, mut rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let list: Vec<(String, usize)> = serde_json::from_slice(list).ok()?;
    let mut parts = Parts::new();
    for (name, length) in list {
        let (part, after) = rest.split_at_checked(length)?;
        parts.insert(name, part);
        rest = after;
    }
    Some(parts)
}

/// The JSON text of a part, `None` where there is none.
pub(crate) fn data(name: &str) -> Option<String> {
    let mut text = String::new();
    brotli::Decompressor::new(*parts().get(name)?, BUFFER).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The names of all parts.
pub(crate) fn names() -> Vec<String> {
    parts().keys().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_can_be_read() {
        assert!(names().len() > 200, "{}", names().len());
        for name in ["number/en", "date/de", "relative/fr", "list/ja", "date/zh-Hant"] {
            let text = data(name).unwrap_or_default();
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{name}");
        }
        assert_eq!(data("number/xx"), None);
    }
}
