//! The JSON object that a connection carries: its metadata, which is its configuration.

use crate::sealed;
pub use json_patch::Patch;
use json_patch::PatchOperation;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::HashMap, sync::Arc};

/// The largest document that is stored, in bytes of its JSON text.
pub const MAX_BYTES: usize = 1024 * 1024;

/// A JSON object kept as its text, so that key order, unknown keys and `null` survive as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document(Arc<str>);

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not JSON, or JSON that is not an object.
    #[error("must be a JSON object")]
    NotAnObject,
    /// More than [`MAX_BYTES`].
    #[error("has {0} bytes, {MAX_BYTES} are allowed")]
    TooLarge(usize),
    /// An operation of a JSON Patch cannot be done to this document, or its `test` found something else.
    #[error("{0}")]
    NotPatched(String),
}

impl Document {
    /// The document `{}`.
    pub fn empty() -> Self {
        Self("{}".into())
    }

    /// Reads a document from JSON text, e.g. what a client sent.
    pub fn parse(text: &str) -> Result<Self, Error> {
        serde_json::from_str::<Map<String, Value>>(text)
            .map_err(|_| Error::NotAnObject)
            .and_then(|object| Self::from_object(&object))
    }

    /// The document of `object`.
    pub fn from_object(object: &Map<String, Value>) -> Result<Self, Error> {
        let text = serde_json::to_string(object).map_err(|_| Error::NotAnObject)?;
        if text.len() > MAX_BYTES { Err(Error::TooLarge(text.len())) } else { Ok(Self(text.into())) }
    }

    /// Takes text that the database holds: it was checked when it was written.
    pub fn from_stored(text: String) -> Self {
        Self(text.into())
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The document as a map.
    pub fn to_object(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// This document with the top-level keys of `patch` set over it (http-api.md §3.1): nested objects and arrays are
    /// replaced, `null` is stored as null, no key is ever removed. Keys keep their place, new ones come last.
    pub fn merged(&self, patch: &Self) -> Result<Self, Error> {
        let mut object = self.to_object();
        object.extend(patch.to_object());
        Self::from_object(&object)
    }

    /// The JSON Patch (RFC 6902) that makes `to` of this document. Empty where they differ by the order of keys only. It
    /// says that a secret has changed, and not to what.
    pub fn diff(&self, to: &Self) -> Patch {
        diff(self.to_object(), to.to_object(), self.may_have_token() || to.may_have_token())
    }

    /// Whether a secret may be in it.
    pub fn may_have_token(&self) -> bool {
        sealed::may_have_token(&self.0)
    }
}

fn diff(from: Map<String, Value>, to: Map<String, Value>, has_tokens: bool) -> Patch {
    if !has_tokens {
        return json_patch::diff(&from.into(), &to.into());
    }
    let (from, to) = (sealed::with_stand_ins(from.into()), sealed::with_stand_ins(to.into()));
    let mut patch = json_patch::diff(&from, &to);
    for operation in &mut patch.0 {
        match operation {
            PatchOperation::Add(add) => sealed::mask_stand_ins(&mut add.value),
            PatchOperation::Replace(replace) => sealed::mask_stand_ins(&mut replace.value),
            _ => {}
        }
    }
    patch
}

impl Default for Document {
    fn default() -> Self {
        Self::empty()
    }
}

/// As it is shown: with a mask in the place of every secret.
impl Serialize for Document {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.may_have_token() {
            let mut value = Value::Object(self.to_object());
            sealed::mask(&mut value);
            return value.serialize(serializer);
        }
        let raw = serde_json::value::RawValue::from_string(self.0.to_string())
            .map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Map::<String, Value>::deserialize(deserializer)?;
        Self::from_object(&object).map_err(serde::de::Error::custom)
    }
}

/// One write to a connection's metadata. A connection without metadata counts as `{}`.
#[derive(Clone, Debug)]
pub enum Write {
    /// The document becomes this one.
    Replace(Document),
    /// The document's top-level keys are set from this one.
    Merge(Document),
    /// A JSON Merge Patch (RFC 7396): objects merge deeply, `null` removes.
    MergePatch(Arc<Value>),
    /// A JSON Patch (RFC 6902): all of its operations, or none.
    Patch(Arc<Patch>),
}

impl Write {
    /// What is stored after this write to `current`. What stays keeps its place, and what is new comes behind it.
    pub fn apply(&self, current: Option<&Document>) -> Result<Document, Error> {
        match (self, current) {
            (Self::Replace(document), _) | (Self::Merge(document), None) => Ok(document.clone()),
            (Self::Merge(patch), Some(current)) => current.merged(patch),
            (Self::MergePatch(patch), current) => changed(current, |document| {
                json_patch::merge(document, patch);
                Ok(())
            }),
            (Self::Patch(patch), current) => changed(current, |document| {
                json_patch::patch(document, patch).map_err(|error| Error::NotPatched(error.to_string()))
            }),
        }
    }
}

impl Write {
    /// As [`Write::apply`], and the JSON Patch from `current` (or from `{}`) to what is stored then. A merge compares only
    /// the keys that it sets, however many others there are.
    pub fn change(&self, current: Option<&Document>) -> Result<(Document, Patch), Error> {
        if let (Self::Merge(merged), Some(current)) = (self, current) {
            let (mut object, merged) = (current.to_object(), merged.to_object());
            let own = |(key, _): (&String, &Value)| Some((key.clone(), object.get(key)?.clone()));
            let before: Map<String, Value> = merged.iter().filter_map(own).collect();
            let patch = diff(before, merged.clone(), current.may_have_token());
            object.extend(merged);
            return Ok((Document::from_object(&object)?, patch));
        }
        let document = self.apply(current)?;
        let patch = current.unwrap_or(&Document::empty()).diff(&document);
        Ok((document, patch))
    }
}

fn changed(
    current: Option<&Document>,
    change: impl FnOnce(&mut Value) -> Result<(), Error>,
) -> Result<Document, Error> {
    let before = Value::Object(current.map(Document::to_object).unwrap_or_default());
    let mut after = before.clone();
    change(&mut after)?;
    keep_order(&before, &mut after);
    match after {
        Value::Object(object) => Document::from_object(&object),
        _ => Err(Error::NotAnObject),
    }
}

/// Puts the keys of `after` into the order that they have in `before`: removing one from a map moves its last one.
fn keep_order(before: &Value, after: &mut Value) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let places: HashMap<&str, usize> = before.keys().map(String::as_str).zip(0..).collect();
            let mut entries: Vec<(String, Value)> = std::mem::take(after).into_iter().collect();
            entries.sort_by_key(|(key, _)| places.get(key.as_str()).copied().unwrap_or(usize::MAX));
            for (key, mut value) in entries {
                if let Some(before) = before.get(&key) {
                    keep_order(before, &mut value);
                }
                after.insert(key, value);
            }
        }
        // An element that went would leave the places of its neighbour to the next.
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            before.iter().zip(after).for_each(|(before, after)| keep_order(before, after));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_merge_is_shallow_keeps_order_and_stores_null() {
        let current = Document::parse(r#"{"b":1,"a":{"x":1,"y":2},"z":[1,2]}"#).unwrap();
        let patch = Document::parse(r#"{"new":null,"a":{"x":9},"z":[]}"#).unwrap();
        assert_eq!(current.merged(&patch).unwrap().as_str(), r#"{"b":1,"a":{"x":9},"z":[],"new":null}"#);
        assert_eq!(Write::Merge(patch.clone()).apply(None).unwrap(), patch);
    }

    #[test]
    fn a_patch_keeps_the_order_of_what_stays_and_is_done_whole_or_not_at_all() {
        let current = Document::parse(r#"{"a":1,"b":{"x":1,"y":2,"z":3},"c":3}"#).unwrap();
        let merge = |patch| Write::MergePatch(Arc::new(patch)).apply(Some(&current));
        let patch = |operations| Write::Patch(Arc::new(serde_json::from_value(operations).unwrap()));
        let merged = merge(json!({"new": 0, "a": null, "b": {"x": null, "w": [null]}})).unwrap();
        assert_eq!(merged.as_str(), r#"{"b":{"y":2,"z":3,"w":[null]},"c":3,"new":0}"#);
        assert_eq!(merge(json!(["not an object"])), Err(Error::NotAnObject));
        let both = json!([{"op": "remove", "path": "/a"}, {"op": "test", "path": "/c", "value": 4}]);
        let set = Write::Merge(Document::parse(r#"{"new":null,"b":{"x":1},"c":3}"#).unwrap());
        let (after, told) = set.change(Some(&current)).unwrap();
        assert_eq!(told.len(), 3);
        assert_eq!(after, set.apply(Some(&current)).unwrap());
        assert_eq!(after, Write::Patch(Arc::new(told)).apply(Some(&current)).unwrap());
        assert!(matches!(patch(both).apply(Some(&current)), Err(Error::NotPatched(_))));
        let one = json!([{"op": "test", "path": "/c", "value": 3}, {"op": "remove", "path": "/a"}]);
        assert_eq!(patch(one).apply(Some(&current)).unwrap().as_str(), r#"{"b":{"x":1,"y":2,"z":3},"c":3}"#);
        let root = json!([{"op": "replace", "path": "", "value": 5}]);
        assert_eq!(patch(root).apply(None), Err(Error::NotAnObject));
        assert_eq!(serde_json::to_string(&current.diff(&merged)).unwrap().matches("\"op\"").count(), 4);
    }

    /// RFC 7396, appendix A, each case one level down: what is no object is no document.
    #[test]
    fn merge_patches_do_what_their_rfc_says() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (original, patch, result) in cases {
            let current = Document::parse(&json!({ "at": original }).to_string()).unwrap();
            let merged = Write::MergePatch(Arc::new(json!({ "at": patch }))).apply(Some(&current)).unwrap();
            assert_eq!(
                serde_json::to_value(&merged).unwrap(),
                json!({ "at": result }),
                "{original} with {patch}"
            );
        }
    }

    /// RFC 6902, appendix A; no result where the patch must be refused.
    #[test]
    fn json_patches_do_what_their_rfc_says() {
        let cases = [
            (
                json!({"foo": "bar"}),
                json!([{"op": "add", "path": "/baz", "value": "qux"}]),
                Some(json!({"baz": "qux", "foo": "bar"})),
            ),
            (
                json!({"foo": ["bar", "baz"]}),
                json!([{"op": "add", "path": "/foo/1", "value": "qux"}]),
                Some(json!({"foo": ["bar", "qux", "baz"]})),
            ),
            (
                json!({"baz": "qux", "foo": "bar"}),
                json!([{"op": "remove", "path": "/baz"}]),
                Some(json!({"foo": "bar"})),
            ),
            (
                json!({"foo": ["bar", "qux", "baz"]}),
                json!([{"op": "remove", "path": "/foo/1"}]),
                Some(json!({"foo": ["bar", "baz"]})),
            ),
            (
                json!({"baz": "qux", "foo": "bar"}),
                json!([{"op": "replace", "path": "/baz", "value": "boo"}]),
                Some(json!({"baz": "boo", "foo": "bar"})),
            ),
            (
                json!({"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}}),
                json!([{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}]),
                Some(json!({"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}})),
            ),
            (
                json!({"foo": ["all", "grass", "cows", "eat"]}),
                json!([{"op": "move", "from": "/foo/1", "path": "/foo/3"}]),
                Some(json!({"foo": ["all", "cows", "eat", "grass"]})),
            ),
            (
                json!({"baz": "qux", "foo": ["a", 2, "c"]}),
                json!([{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}]),
                Some(json!({"baz": "qux", "foo": ["a", 2, "c"]})),
            ),
            (json!({"baz": "qux"}), json!([{"op": "test", "path": "/baz", "value": "bar"}]), None),
            (
                json!({"foo": "bar"}),
                json!([{"op": "add", "path": "/child", "value": {"grandchild": {}}}]),
                Some(json!({"foo": "bar", "child": {"grandchild": {}}})),
            ),
            (
                json!({"foo": "bar"}),
                json!([{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}]),
                Some(json!({"foo": "bar", "baz": "qux"})),
            ),
            (json!({"foo": "bar"}), json!([{"op": "add", "path": "/baz/bat", "value": "qux"}]), None),
            (
                json!({"/": 9, "~1": 10}),
                json!([{"op": "test", "path": "/~01", "value": 10}]),
                Some(json!({"/": 9, "~1": 10})),
            ),
            (json!({"/": 9, "~1": 10}), json!([{"op": "test", "path": "/~01", "value": "10"}]), None),
            (
                json!({"foo": ["bar"]}),
                json!([{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}]),
                Some(json!({"foo": ["bar", ["abc", "def"]]})),
            ),
        ];
        for (original, patch, result) in cases {
            let current = Document::parse(&original.to_string()).unwrap();
            let patched =
                Write::Patch(Arc::new(serde_json::from_value(patch.clone()).unwrap())).apply(Some(&current));
            let patched = patched.ok().map(|document| serde_json::to_value(&document).unwrap());
            assert_eq!(patched, result, "{original} with {patch}");
        }
    }

    #[test]
    fn only_objects_of_a_megabyte_are_documents() {
        assert!(matches!(Document::parse("[1]"), Err(Error::NotAnObject)));
        assert!(matches!(Document::parse("null"), Err(Error::NotAnObject)));
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_BYTES));
        assert!(matches!(Document::parse(&large), Err(Error::TooLarge(_))));
    }
}
