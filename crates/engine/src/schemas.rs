//! The schemas that a function declares, and whether data fits them.
//!
//! They are JSON Schema, made from the author's zod schemas at deploy. Each is compiled when it is first needed and kept
//! with the loaded version of the function. What does not fit is told by its place, by what is expected there and by the
//! type of what was found; never by the value, which may be a secret.

use bespoke_core::function::Definition;
use jsonschema::{
    ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Violations of one value that are told.
const MAX_VIOLATIONS: usize = 10;
/// Places that are remembered as told; a schema with that many is not looked at any more where it only warns.
const MAX_SEEN: usize = 100;

/// The schemas of one version of a function.
#[derive(Default)]
pub struct Schemas {
    definitions: Option<Value>,
    compiled: Mutex<HashMap<String, Compiled>>,
    /// Schema and place of what was told already.
    seen: Mutex<HashSet<(String, String)>>,
}

/// A schema, or why it cannot be used.
type Compiled = Result<Arc<Validator>, String>;

/// One place where data is not what a schema says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// JSON pointer to the place; empty for the whole value.
    pub path: String,
    /// What should be there.
    pub expected: String,
    /// The type of what is there, or `nothing`.
    pub found: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.is_empty() { "the top" } else { &self.path };
        write!(f, "at {place}: expected {}, found {}", self.expected, self.found)
    }
}

impl Schemas {
    /// The schemas of `definition`.
    pub fn new(definition: &Definition) -> Self {
        let definitions = definition.json_schema.as_ref().and_then(|schema| schema.get("definitions"));
        Self { definitions: definitions.cloned(), ..Self::default() }
    }

    /// Where `value` does not fit the schema `name`; nothing where the function declares no such schema. `Err` says why the
    /// schema cannot be used.
    pub fn check(&self, name: &str, value: &Value) -> Result<Vec<Violation>, String> {
        let Some(validator) = self.validator(name)? else { return Ok(Vec::new()) };
        if validator.is_valid(value) {
            return Ok(Vec::new());
        }
        Ok(validator.iter_errors(value).take(MAX_VIOLATIONS).map(|error| violation(&error)).collect())
    }

    /// Whether nobody was told of this place in this schema yet; now somebody is. Elements of a list are one place.
    pub fn is_news(&self, name: &str, path: &str) -> bool {
        let is_index = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let place: Vec<&str> = path.split('/').map(|part| if is_index(part) { "*" } else { part }).collect();
        let mut seen = locked(&self.seen);
        seen.len() < MAX_SEEN && seen.insert((name.to_owned(), place.join("/")))
    }

    /// Whether there is still something that could be told of this function.
    pub fn has_news(&self) -> bool {
        locked(&self.seen).len() < MAX_SEEN
    }

    fn validator(&self, name: &str) -> Result<Option<Arc<Validator>>, String> {
        let Some(definitions) = self.definitions.as_ref().filter(|all| all.get(name).is_some()) else {
            return Ok(None);
        };
        let mut compiled = locked(&self.compiled);
        if let Some(known) = compiled.get(name) {
            return known.clone().map(Some);
        }
        let reference = format!("{DEFINITIONS}{}", name.replace('~', "~0").replace('/', "~1"));
        // Only what this schema refers to: a mistake in another is no reason not to use it.
        let mut needed = Map::new();
        gather(&json!({ "$ref": reference }), definitions, &mut needed);
        let schema = json!({ "$ref": reference, "definitions": needed });
        let result = jsonschema::draft7::new(&schema).map(Arc::new).map_err(|error| error.to_string());
        compiled.insert(name.to_owned(), result.clone());
        result.map(Some)
    }
}

/// Where schemas refer to each other.
const DEFINITIONS: &str = "#/definitions/";

/// Adds the definitions that a schema refers to, and those that they refer to.
pub(crate) fn gather(schema: &Value, definitions: &Value, needed: &mut Map<String, Value>) {
    match schema {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            if let Some(name) = reference.and_then(|reference| reference.strip_prefix(DEFINITIONS)) {
                let name = name.split('/').next().unwrap_or(name).replace("~1", "/").replace("~0", "~");
                if let Some(definition) = definitions.get(&name).filter(|_| !needed.contains_key(&name)) {
                    needed.insert(name, definition.clone());
                    gather(definition, definitions, needed);
                }
            }
            members.values().for_each(|member| gather(member, definitions, needed));
        }
        Value::Array(list) => list.iter().for_each(|item| gather(item, definitions, needed)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The type of a JSON value as JSON Schema calls it.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn violation(error: &ValidationError<'_>) -> Violation {
    let path = error.instance_path().as_str();
    let below = |name: &str| format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let path = below(property.as_str().unwrap_or_default());
            Violation { path, expected: "a value".to_owned(), found: "nothing" }
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let name = unexpected.first().map(String::as_str).unwrap_or_default();
            let found = error.instance().get(name).map_or("nothing", type_of);
            Violation { path: below(name), expected: "no such property".to_owned(), found }
        }
        kind => Violation {
            path: path.to_owned(),
            expected: expected(kind, path),
            found: type_of(error.instance()),
        },
    }
}

/// What should be at `path`, without a word of what is there.
fn expected(kind: &ValidationErrorKind, path: &str) -> String {
    match kind {
        ValidationErrorKind::Type { kind: TypeKind::Single(one) } => one.to_string(),
        ValidationErrorKind::Type { kind: TypeKind::Multiple(several) } => {
            several.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" or ")
        }
        ValidationErrorKind::Constant { .. } | ValidationErrorKind::Enum { .. } => {
            "one of the declared values".to_owned()
        }
        ValidationErrorKind::Format { format } => format!("a text of the format `{format}`"),
        ValidationErrorKind::Pattern { .. } => "a text that fits the declared pattern".to_owned(),
        ValidationErrorKind::FalseSchema => "nothing".to_owned(),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            alternatives(context, path)
        }
        other => format!("what the declared `{}` allows", other.keyword()),
    }
}

/// `string or null` where the alternatives differ in their types already.
fn alternatives(context: &[Vec<ValidationError<'static>>], path: &str) -> String {
    let types: Option<Vec<String>> = context
        .iter()
        .map(|errors| {
            let at_top = errors.iter().find(|error| error.instance_path().as_str() == path)?;
            matches!(at_top.kind(), ValidationErrorKind::Type { .. }).then(|| expected(at_top.kind(), path))
        })
        .collect();
    match types {
        Some(mut types) if !types.is_empty() => {
            types.dedup();
            types.join(" or ")
        }
        _ => "one of the declared alternatives".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schemas() -> Schemas {
        let definition = json!({
            "integration": "crm", "kind": "sync", "name": "contacts",
            "json_schema": { "definitions": {
                "Contact": {
                    "type": "object",
                    "properties": {
                        "id": { "type": "string" },
                        "email": { "anyOf": [{ "type": "string", "format": "email" }, { "type": "null" }] },
                        "stage": { "enum": ["lead", "customer"] },
                        "tags": { "type": "array", "items": { "type": "string", "pattern": "^[a-z]+$" } },
                        "owner": { "$ref": "#/definitions/Owner" },
                    },
                    "required": ["id"],
                },
                "Owner": { "type": "object", "properties": { "a/b": { "type": "integer" } }, "additionalProperties": false },
                "Broken": { "type": "string", "pattern": "(" },
                "Away": { "$ref": "https://example.com/schema.json" },
            } },
        });
        Schemas::new(&serde_json::from_value(definition).unwrap())
    }

    #[test]
    fn a_violation_tells_place_and_types_and_no_value() {
        let schemas = schemas();
        let check = |value: Value| -> Vec<String> {
            let violations = schemas.check("Contact", &value).unwrap();
            violations.iter().map(ToString::to_string).collect()
        };
        let good = json!({ "id": "1", "email": null, "stage": "lead", "tags": ["a"], "owner": { "a/b": 1 }, "more": 1 });
        assert_eq!(check(good), Vec::<String>::new());
        for (value, expected) in [
            (json!({}), "at /id: expected a value, found nothing"),
            (json!({ "id": 7 }), "at /id: expected string, found number"),
            (json!([]), "at the top: expected object, found array"),
            (json!({ "id": "1", "email": 7 }), "at /email: expected string or null, found number"),
            (
                json!({ "id": "1", "email": "s3cret" }),
                "at /email: expected one of the declared alternatives, found string",
            ),
            (
                json!({ "id": "1", "stage": "s3cret" }),
                "at /stage: expected one of the declared values, found string",
            ),
            (
                json!({ "id": "1", "tags": ["a", "S3CRET"] }),
                "at /tags/1: expected a text that fits the declared pattern, found string",
            ),
            (json!({ "id": "1", "owner": { "a/b": 1.5 } }), "at /owner/a~1b: expected integer, found number"),
            (
                json!({ "id": "1", "owner": { "x": "s3cret" } }),
                "at /owner/x: expected no such property, found string",
            ),
        ] {
            assert_eq!(check(value), [expected]);
        }
    }

    #[test]
    fn a_schema_that_cannot_be_used_says_so() {
        let schemas = schemas();
        assert!(schemas.check("Broken", &json!("x")).is_err());
        assert!(schemas.check("Away", &json!("x")).is_err(), "nothing is fetched");
        assert_eq!(schemas.check("Unknown", &json!(1)), Ok(Vec::new()));
    }

    #[test]
    fn a_place_is_news_once() {
        let schemas = schemas();
        assert!(schemas.is_news("Contact", "/tags/0/name"));
        assert!(!schemas.is_news("Contact", "/tags/17/name"));
        assert!(schemas.is_news("Owner", "/tags/0/name"));
        for number in 0..MAX_SEEN {
            schemas.is_news("Contact", &format!("/x{number}"));
        }
        assert!(!schemas.has_news() && !schemas.is_news("Contact", "/new"));
    }
}
