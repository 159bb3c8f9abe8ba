//! The JSON object that a connection carries: its metadata, which is its configuration.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The largest document that is stored, in bytes of its JSON text.
pub const MAX_BYTES: usize = 1024 * 1024;

/// A JSON object kept as its text, so that key order, unknown keys and `null` survive as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document(Arc<str>);

/// Why a text is not a document.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not JSON, or JSON that is not an object.
    #[error("must be a JSON object")]
    NotAnObject,
    /// More than [`MAX_BYTES`].
    #[error("has {0} bytes, {MAX_BYTES} are allowed")]
    TooLarge(usize),
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
}

impl Serialize for Document {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
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

/// One write to a connection's metadata.
#[derive(Clone, Debug)]
pub enum Write {
    /// The document becomes this one.
    Replace(Document),
    /// The document's top-level keys are set from this one; a connection without metadata counts as `{}`.
    Merge(Document),
}

impl Write {
    /// What is stored after this write to `current`.
    pub fn apply(&self, current: Option<&Document>) -> Result<Document, Error> {
        match (self, current) {
            (Self::Replace(document), _) | (Self::Merge(document), None) => Ok(document.clone()),
            (Self::Merge(patch), Some(current)) => current.merged(patch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_is_shallow_keeps_order_and_stores_null() {
        let current = Document::parse(r#"{"b":1,"a":{"x":1,"y":2},"z":[1,2]}"#).unwrap();
        let patch = Document::parse(r#"{"new":null,"a":{"x":9},"z":[]}"#).unwrap();
        assert_eq!(current.merged(&patch).unwrap().as_str(), r#"{"b":1,"a":{"x":9},"z":[],"new":null}"#);
        assert_eq!(Write::Merge(patch.clone()).apply(None).unwrap(), patch);
    }

    #[test]
    fn only_objects_of_a_megabyte_are_documents() {
        assert!(matches!(Document::parse("[1]"), Err(Error::NotAnObject)));
        assert!(matches!(Document::parse("null"), Err(Error::NotAnObject)));
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_BYTES));
        assert!(matches!(Document::parse(&large), Err(Error::TooLarge(_))));
    }
}
