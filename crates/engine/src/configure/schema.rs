//! The schema of a configuration as an end customer may see it: references followed, and only what is allowed left.

use crate::configuration::schema::parts;
use bespoke_core::configure_session::{Allowed, Hints};
use serde_json::{Map, Value};

/// How deep schemas are followed; recursive ones end there.
const MAX_DEPTH: u8 = 8;
/// What would tell a secret.
const TELLING: [&str; 4] = ["default", "const", "enum", "examples"];

/// A schema and its definitions.
pub(super) struct Cutter<'a> {
    pub(super) definitions: &'a Map<String, Value>,
    pub(super) allowed: &'a Allowed,
}

impl Cutter<'_> {
    /// What is left of the schema of the value at `path`.
    pub(super) fn cut(&self, schema: &Value, path: &str, depth: u8) -> Value {
        let mut left = Map::new();
        if depth > MAX_DEPTH {
            return Value::Object(left);
        }
        let all = parts(schema, self.definitions);
        let is_secret = all.iter().any(|part| {
            ["secret", "writeOnly"].iter().any(|mark| part.get(mark) == Some(&Value::Bool(true)))
        });
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (name, value) in all.into_iter().filter_map(Value::as_object).flatten() {
            let name = name.as_str();
            match name {
                "$ref" | "allOf" | "definitions" | "$defs" | "$schema" | "$id" => {}
                _ if is_secret && TELLING.contains(&name) => {}
                "properties" => {
                    for (key, property) in value.as_object().into_iter().flatten() {
                        let path = bespoke_core::configuration::below(path, key);
                        if self.allowed.shows(&path) && !properties.contains_key(key) {
                            properties.insert(key.clone(), self.cut(property, &path, depth + 1));
                        }
                    }
                }
                "required" => required.extend(value.as_array().into_iter().flatten().cloned()),
                "items" | "additionalProperties" if value.is_object() => {
                    let inside = self.cut(value, &format!("{path}/*"), depth + 1);
                    left.entry(name.to_owned()).or_insert(inside);
                }
                "anyOf" | "oneOf" => {
                    let choices = value.as_array().into_iter().flatten();
                    let choices = choices.map(|choice| self.cut(choice, path, depth + 1)).collect();
                    left.entry(name.to_owned()).or_insert(choices);
                }
                "default" => {
                    if let Some(value) = self.allowed.cut_at(path, value) {
                        left.entry(name.to_owned()).or_insert(value);
                    }
                }
                _ => {
                    left.entry(name.to_owned()).or_insert_with(|| value.clone());
                }
            }
        }
        required.retain(|key| key.as_str().is_some_and(|key| properties.contains_key(key)));
        required.dedup();
        if !properties.is_empty() {
            left.insert("properties".to_owned(), properties.into());
        }
        if !required.is_empty() {
            left.insert("required".to_owned(), required.into());
        }
        Value::Object(left)
    }
}

/// The JSON pointers of what a schema declares at the top, and the hints that its parts have themselves (`ui`).
pub(super) fn declared(schema: &Value, definitions: &Map<String, Value>, hints: &mut Hints) -> Vec<String> {
    let mut top = Vec::new();
    let mut open = vec![(schema, String::new(), 0_u8)];
    while let Some((schema, path, depth)) = open.pop() {
        for part in parts(schema, definitions) {
            if let Some(hint) = part.get("ui").and_then(Value::as_object) {
                hints.add(&path, hint);
            }
            for (key, property) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let path = bespoke_core::configuration::below(&path, key);
                if depth == 0 && !top.contains(&path) {
                    top.push(path.clone());
                }
                if depth < MAX_DEPTH {
                    open.push((property, path, depth + 1));
                }
            }
            for inside in ["items", "additionalProperties"].iter().filter_map(|name| part.get(name)) {
                if depth < MAX_DEPTH {
                    open.push((inside, format!("{path}/*"), depth + 1));
                }
            }
        }
    }
    top
}
