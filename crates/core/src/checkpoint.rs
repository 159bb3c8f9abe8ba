//! Checkpoints: a function's small progress object at a connection, which the next run reads.

use crate::{run::RunKind, sync::BASE_VARIANT};
use serde_json::{Map, Value};

/// Most fields.
pub const MAX_FIELDS: usize = 16;
/// Most characters of a field's name.
pub const MAX_KEY: usize = 255;
/// Most characters of a text.
pub const MAX_TEXT: usize = 4_000;

/// Why a checkpoint is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not a JSON object.
    #[error("a checkpoint is an object of texts, numbers and booleans")]
    NotAnObject,
    /// It has too many fields.
    #[error("a checkpoint has at most {MAX_FIELDS} fields, this one has {0}")]
    TooManyFields(usize),
    /// A field's name is too long, or empty.
    #[error("the name of a field has 1 to {MAX_KEY} characters")]
    Key,
    /// A field holds what a checkpoint cannot hold.
    #[error("`{0}` must be a text, a number or a boolean, not {1}")]
    Value(String, &'static str),
    /// A text is too long.
    #[error("the text `{0}` has more than {MAX_TEXT} characters")]
    TooLong(String),
}

/// The name of a function's checkpoint at a connection. `exec` and `onWebhook` of a sync have their own.
pub fn key(kind: RunKind, function: &str, variant: &str) -> String {
    match kind {
        RunKind::Sync | RunKind::Webhook => format!("{}:{function}:{variant}", kind.as_str()),
        RunKind::Action | RunKind::OnEvent => format!("{}:{function}", kind.as_str()),
    }
}

/// The name of a sync's checkpoint.
pub fn key_of_sync(name: &str, variant: Option<&str>) -> String {
    key(RunKind::Sync, name, variant.unwrap_or(BASE_VARIANT))
}

/// Reads a checkpoint from JSON text and judges it.
pub fn read(json: &[u8]) -> Result<Map<String, Value>, Error> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(json) else { return Err(Error::NotAnObject) };
    if fields.len() > MAX_FIELDS {
        return Err(Error::TooManyFields(fields.len()));
    }
    for (key, value) in &fields {
        if !(1..=MAX_KEY).contains(&key.chars().count()) {
            return Err(Error::Key);
        }
        match value {
            Value::String(text) if text.chars().count() > MAX_TEXT => {
                return Err(Error::TooLong(key.clone()));
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) => {}
            Value::Null => return Err(Error::Value(key.clone(), "null")),
            Value::Array(_) => return Err(Error::Value(key.clone(), "a list")),
            Value::Object(_) => return Err(Error::Value(key.clone(), "an object")),
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_checkpoint_is_small_and_flat() {
        let check = |value: Value| read(value.to_string().as_bytes());
        check(json!({ "page": 2, "after": "x".repeat(MAX_TEXT), "done": false })).unwrap();
        check(json!({})).unwrap();
        assert_eq!(check(json!([])), Err(Error::NotAnObject));
        assert_eq!(check(json!({ "a": null })), Err(Error::Value("a".to_owned(), "null")));
        assert_eq!(check(json!({ "a": [] })), Err(Error::Value("a".to_owned(), "a list")));
        assert_eq!(check(json!({ "a": {} })), Err(Error::Value("a".to_owned(), "an object")));
        assert_eq!(check(json!({ "a": "x".repeat(MAX_TEXT + 1) })), Err(Error::TooLong("a".to_owned())));
        assert_eq!(check(json!({ "k".repeat(MAX_KEY + 1): 1 })), Err(Error::Key));
        let many: Map<String, Value> = (0..17).map(|index| (index.to_string(), json!(1))).collect();
        assert_eq!(check(many.into()), Err(Error::TooManyFields(17)));
    }

    #[test]
    fn each_kind_of_run_has_its_own() {
        assert_eq!(key_of_sync("contacts", None), "sync:contacts:base");
        assert_eq!(key(RunKind::Webhook, "contacts", "base"), "webhook:contacts:base");
        assert_eq!(key(RunKind::Action, "send", "base"), "action:send");
        assert_eq!(key(RunKind::OnEvent, "greet", "base"), "on-event:greet");
    }
}
