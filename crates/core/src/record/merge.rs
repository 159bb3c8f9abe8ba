//! Merging a part of a record into the record.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// The JSON text of `record` with the keys of `part` set: objects are merged deeply, everything else (arrays and null
/// too) is replaced. Keys keep their place, new ones come last. The `id` at the top stays: it says which record it is.
///
/// Numbers and texts stay as they were written. `None` where either is not a JSON object.
pub fn merge(record: &str, part: &str) -> Option<String> {
    let record: Object<'_> = serde_json::from_str(record).ok()?;
    let mut part: Object<'_> = serde_json::from_str(part).ok()?;
    part.0.retain(|(key, _)| key != "id");
    let mut merged = String::new();
    record.merge_into(part, &mut merged);
    Some(merged)
}

/// An object one level deep: the values are still text.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    fn read(value: &'a RawValue) -> Option<Self> {
        value.get().starts_with('{').then(|| serde_json::from_str(value.get()).ok()).flatten()
    }

    fn merge_into(self, mut part: Object<'a>, merged: &mut String) {
        merged.push('{');
        let start = merged.len();
        for (key, old) in self.0 {
            // From the end: where a key comes twice the last one counts.
            let new = part.0.iter().rposition(|(name, _)| *name == key).map(|position| part.0[position].1);
            part.0.retain(|(name, _)| *name != key);
            begin_entry(&key, start, merged);
            match new {
                None => merged.push_str(old.get()),
                Some(new) => match (Self::read(old), Self::read(new)) {
                    (Some(old), Some(new)) => old.merge_into(new, merged),
                    _ => merged.push_str(new.get()),
                },
            }
        }
        for (key, value) in part.0 {
            begin_entry(&key, start, merged);
            merged.push_str(value.get());
        }
        merged.push('}');
    }
}

fn begin_entry(key: &str, start: usize, merged: &mut String) {
    if merged.len() > start {
        merged.push(',');
    }
    merged.push_str(&serde_json::Value::from(key).to_string());
    merged.push(':');
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut entries = Vec::with_capacity(map.size_hint().unwrap_or(0));
        while let Some((Key(key), value)) = map.next_entry()? {
            entries.push((key, value));
        }
        Ok(Object(entries))
    }
}

/// A key, borrowed from the text where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::merge;

    fn check(record: &str, part: &str, expected: &str) {
        assert_eq!(merge(record, part).as_deref(), Some(expected), "{record} + {part}");
    }

    #[test]
    fn objects_merge_and_all_else_is_replaced() {
        check(
            r#"{"id":"1","a":{"x":1,"y":2},"b":[1,2]}"#,
            r#"{"id":1,"a":{"y":3,"z":4},"b":[3]}"#,
            r#"{"id":"1","a":{"x":1,"y":3,"z":4},"b":[3]}"#,
        );
        check(r#"{"id":"1","a":{"x":1}}"#, r#"{"a":null}"#, r#"{"id":"1","a":null}"#);
        check(r#"{"id":"1","a":1}"#, r#"{"a":{"x":1}}"#, r#"{"id":"1","a":{"x":1}}"#);
        check(r#"{"id":"1"}"#, r#"{"b":2,"c":{}}"#, r#"{"id":"1","b":2,"c":{}}"#);
        check("{}", "{}", "{}");
    }

    #[test]
    fn values_keep_their_text() {
        check(
            r#"{"id":"1","n":12345678901234567890.5,"k\n":"\u00e4"}"#,
            r#"{"k\n":"ö","m":1.0}"#,
            r#"{"id":"1","n":12345678901234567890.5,"k\n":"ö","m":1.0}"#,
        );
        assert_eq!(merge("[]", "{}"), None);
        assert_eq!(merge("{}", "1"), None);
    }
}
