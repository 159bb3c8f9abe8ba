//! Strict checks of small JSON objects that hold secrets: which fields there may be, and how long they are.
//!
//! Messages name fields and never hold values.

use crate::{Error, Result};
use bespoke_core::time::Timestamp;
use serde_json::{Map, Value};

/// One field that an object may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Text of this many characters at least and at most.
    Text(usize, usize),
    /// A point in time: RFC 3339, or milliseconds since 1970.
    Time,
    /// An object.
    Object(&'static [Field]),
}

/// Text that must be there.
pub(crate) const fn text(name: &'static str, min: usize, max: usize) -> Field {
    Field { name, kind: Kind::Text(min, max), required: true }
}

/// Text that may be missing.
pub(crate) const fn optional(name: &'static str, max: usize) -> Field {
    Field { name, kind: Kind::Text(0, max), required: false }
}

/// A point in time that may be missing.
pub(crate) const fn time(name: &'static str) -> Field {
    Field { name, kind: Kind::Time, required: false }
}

/// An object that may be missing.
pub(crate) const fn object(name: &'static str, fields: &'static [Field]) -> Field {
    Field { name, kind: Kind::Object(fields), required: false }
}

impl Field {
    /// Its name on the wire.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }
}

/// Checks `object`, found at `path`, against `fields`, and gives it back with times in one spelling. Unknown fields are
/// refused; `type` is left to the caller.
pub(crate) fn check(
    object: &Map<String, Value>,
    path: &[&str],
    fields: &[Field],
) -> Result<Map<String, Value>> {
    let unknown = |name: &String| name != "type" && !fields.iter().any(|field| field.name == name);
    if let Some(name) = object.keys().find(|name| unknown(name)) {
        return Err(Error::invalid(path, "unrecognized_keys", format!("Unrecognized key: \"{name}\"")));
    }
    let mut checked = Map::new();
    for field in fields {
        let at: Vec<&str> = path.iter().copied().chain([field.name]).collect();
        match object.get(field.name) {
            None if field.required => {
                return Err(Error::invalid(&at, "invalid_type", "Required, but missing"));
            }
            None => {}
            Some(Value::Null) if !field.required => {}
            Some(value) => {
                checked.insert(field.name.to_owned(), checked_value(value, &at, field.kind)?);
            }
        }
    }
    Ok(checked)
}

fn checked_value(value: &Value, at: &[&str], kind: Kind) -> Result<Value> {
    match (kind, value) {
        (Kind::Text(min, max), Value::String(text)) => {
            let length = text.chars().count();
            if length < min {
                return Err(Error::invalid(at, "too_small", format!("Must have at least {min} characters")));
            }
            if length > max {
                return Err(Error::invalid(at, "too_big", format!("Must have at most {max} characters")));
            }
            Ok(value.clone())
        }
        (Kind::Time, value) => {
            let time = match value {
                Value::String(text) => {
                    Timestamp::parse(text).or_else(|| text.parse().ok().map(Timestamp::from_millis))
                }
                other => other.as_i64().map(Timestamp::from_millis),
            };
            let time = time.ok_or_else(|| {
                Error::invalid(at, "invalid_type", "Must be a time as in 2026-01-31T12:00:00Z")
            })?;
            Ok(time.millis_zulu().into())
        }
        (Kind::Object(fields), Value::Object(object)) => check(object, at, fields).map(Value::Object),
        (Kind::Text(..), _) => Err(Error::invalid(at, "invalid_type", "Must be text")),
        (Kind::Object(_), _) => Err(Error::invalid(at, "invalid_type", "Must be an object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_problem_has_its_place() {
        const FIELDS: &[Field] = &[text("key", 1, 3), time("ends"), object("more", &[optional("a", 2)])];
        let run = |value: Value| match check(value.as_object().unwrap(), &["credentials"], FIELDS) {
            Ok(object) => Ok(Value::Object(object)),
            Err(Error::Invalid { path, code, .. }) => Err((path.join("."), code)),
            Err(error) => panic!("{error}"),
        };
        let ends = "1970-01-01T00:00:01.500Z";
        assert_eq!(
            run(json!({"type": "T", "key": "abc", "ends": 1500, "more": {"a": null}})),
            Ok(json!({"key": "abc", "ends": ends, "more": {}}))
        );
        assert_eq!(run(json!({"key": "a", "ends": ends})), Ok(json!({"key": "a", "ends": ends})));
        let check = |value: Value, path: &str, code| assert_eq!(run(value), Err((path.to_owned(), code)));
        check(json!({}), "credentials.key", "invalid_type");
        check(json!({"key": 1}), "credentials.key", "invalid_type");
        check(json!({"key": ""}), "credentials.key", "too_small");
        check(json!({"key": "abcd"}), "credentials.key", "too_big");
        check(json!({"key": "a", "ends": "soon"}), "credentials.ends", "invalid_type");
        check(json!({"key": "a", "other": 1}), "credentials", "unrecognized_keys");
        check(json!({"key": "a", "more": {"b": 1}}), "credentials.more", "unrecognized_keys");
    }
}
