//! Secret values in configurations.
//!
//! A schema marks them. In a stored document, and in every document that the store gives out, a secret is a *token*, an
//! object of one key, which only the store can make and open. Whoever shows a document shows [`MASK`] instead, and whoever
//! sends the mask back means what is there.

use crate::configuration::{below, steps};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What is shown in the place of a secret.
pub const MASK: &str = "********";
/// The key of a token. No document may have it otherwise.
const KEY: &str = "$sealed";
/// Begins a text that stands for a token where values are compared: no JSON text of a client begins so by chance.
const STAND_IN: &str = "\u{1}sealed\u{1}";

/// The token with this content.
pub fn token(content: &str) -> Value {
    json!({ KEY: content })
}

/// The content of a token; `None` where the value is none.
pub fn content(value: &Value) -> Option<&str> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.get(KEY)?.as_str()
}

/// Whether the value is a token.
pub fn is_token(value: &Value) -> bool {
    content(value).is_some()
}

/// Whether an object is a token.
pub fn is_token_object(object: &Map<String, Value>) -> bool {
    object.len() == 1 && object.get(KEY).is_some_and(Value::is_string)
}

/// Whether the text of a JSON value begins a token.
pub fn is_token_text(text: &str) -> bool {
    text.strip_prefix("{\"").and_then(|rest| rest.strip_prefix(KEY)).is_some_and(|rest| rest.starts_with('"'))
}

/// Whether there may be a token in a JSON text: cheap, and never wrong where it says no.
pub fn may_have_token(text: &str) -> bool {
    text.contains(KEY)
}

/// Puts [`MASK`] in the place of every token.
pub fn mask(value: &mut Value) {
    each_token(value, &mut |_, token| *token = MASK.into());
}

/// Calls `found` with the JSON pointer to every token below `value`, and the token.
pub fn each_token(value: &mut Value, found: &mut impl FnMut(&str, &mut Value)) {
    walk("", value, found);
}

fn walk(path: &str, value: &mut Value, found: &mut impl FnMut(&str, &mut Value)) {
    if is_token(value) {
        return found(path, value);
    }
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                walk(&below(path, key), value, found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter_mut().enumerate() {
                walk(&format!("{path}/{index}"), value, found);
            }
        }
        _ => {}
    }
}

/// The value with texts in the place of its tokens: they are compared whole, not by what is in them.
pub(crate) fn with_stand_ins(mut value: Value) -> Value {
    each_token(&mut value, &mut |_, token| {
        *token = format!("{STAND_IN}{}", content(token).unwrap_or_default()).into();
    });
    value
}

/// Puts [`MASK`] in the place of every text that stands for a token.
pub(crate) fn mask_stand_ins(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with(STAND_IN) => *value = MASK.into(),
        Value::Array(list) => list.iter_mut().for_each(mask_stand_ins),
        Value::Object(object) => object.values_mut().for_each(mask_stand_ins),
        _ => {}
    }
}

/// Where the secrets of an integration's configurations are: paths of keys, `None` for any key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretPaths(BTreeSet<Vec<Option<String>>>);

impl SecretPaths {
    /// Adds a path. The whole document is no secret.
    pub fn insert(&mut self, path: Vec<Option<String>>) {
        if !path.is_empty() {
            self.0.insert(path);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the place with this JSON pointer is, holds, or is in a secret.
    pub fn has(&self, pointer: &str) -> bool {
        let steps = steps(pointer);
        let is_same =
            |(step, secret): (&String, &Option<String>)| secret.as_ref().is_none_or(|secret| secret == step);
        self.0.iter().any(|secret| steps.iter().zip(secret).all(is_same))
    }

    /// Calls `found` with every value in `document` that is, or has to be, a secret: its JSON pointer and itself. `null` says
    /// that there is none.
    pub fn each(&self, document: &mut Map<String, Value>, found: &mut impl FnMut(&str, &mut Value)) {
        for path in &self.0 {
            if let Some((first, rest)) = path.split_first() {
                members("", document, first.as_deref(), rest, found);
            }
        }
    }

    /// Puts [`MASK`] over the secrets in the operations of a JSON Patch, which may be older than their being secrets.
    pub fn mask_patch(&self, operations: &mut [Value]) {
        for operation in operations {
            let path = operation["path"].as_str().unwrap_or_default().to_owned();
            let steps = steps(&path);
            let Some(value) = operation.get_mut("value").filter(|value| !value.is_null()) else { continue };
            for secret in &self.0 {
                let is_on_way = steps
                    .iter()
                    .zip(secret)
                    .all(|(step, secret)| secret.as_ref().is_none_or(|secret| secret == step));
                match secret.get(steps.len()..) {
                    _ if !is_on_way => {}
                    None | Some([]) => *value = MASK.into(),
                    Some([first, rest @ ..]) => {
                        if let Value::Object(object) = &mut *value {
                            members("", object, first.as_deref(), rest, &mut |_, value| *value = MASK.into());
                        }
                    }
                }
            }
        }
    }
}

fn members(
    path: &str,
    object: &mut Map<String, Value>,
    key: Option<&str>,
    rest: &[Option<String>],
    found: &mut impl FnMut(&str, &mut Value),
) {
    if is_token_object(object) {
        return;
    }
    for (name, value) in object.iter_mut().filter(|(name, _)| key.is_none_or(|key| key == *name)) {
        let path = below(path, name);
        match rest.split_first() {
            None if value.is_null() => {}
            None => found(&path, value),
            Some((next, rest)) => {
                if let Value::Object(object) = value {
                    members(&path, object, next.as_deref(), rest, found);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(paths: &[&[Option<&str>]]) -> SecretPaths {
        let mut found = SecretPaths::default();
        for path in paths {
            found.insert(path.iter().map(|key| key.map(str::to_owned)).collect());
        }
        found
    }

    #[test]
    fn secrets_are_found_by_their_paths_and_tokens_are_masked_as_a_whole() {
        let secret = paths(&[&[Some("auth"), Some("token")], &[Some("keys"), None]]);
        let mut document =
            json!({ "auth": { "token": "t", "user": "u" }, "keys": { "a/b": 1, "c": null }, "token": "no" });
        let mut seen = Vec::new();
        secret.each(document.as_object_mut().unwrap(), &mut |path, value| {
            seen.push((path.to_owned(), value.clone()));
            *value = token("x");
        });
        assert_eq!(seen, [("/auth/token".to_owned(), json!("t")), ("/keys/a~1b".to_owned(), json!(1))]);
        assert!(may_have_token(&document.to_string()));
        mask(&mut document);
        let masked = json!({ "auth": { "token": MASK, "user": "u" }, "keys": { "a/b": MASK, "c": null }, "token": "no" });
        assert_eq!(document, masked);
    }

    #[test]
    fn patches_from_before_the_mark_are_masked() {
        let secret = paths(&[&[Some("auth"), Some("token")]]);
        let mut patch = json!([
            { "op": "add", "path": "/auth", "value": { "token": "t", "user": "u" } },
            { "op": "replace", "path": "/auth/token", "value": "t" },
            { "op": "replace", "path": "/auth/token/deep", "value": "t" },
            { "op": "remove", "path": "/auth/token" },
            { "op": "add", "path": "/other", "value": { "token": "t" } },
        ]);
        secret.mask_patch(patch.as_array_mut().unwrap());
        let values: Vec<&Value> =
            patch.as_array().unwrap().iter().map(|operation| &operation["value"]).collect();
        let all = [
            json!({ "token": MASK, "user": "u" }),
            json!(MASK),
            json!(MASK),
            json!(null),
            json!({ "token": "t" }),
        ];
        assert_eq!(values, all.iter().collect::<Vec<_>>());
    }
}
