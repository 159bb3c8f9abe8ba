//! The schema of an integration's configuration: what its functions declare, combined, or what was put by the API.

use crate::schemas::gather;
use bespoke_core::{
    configuration::{Conflict, Declared, below, overlay},
    function::Definition,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// References that are followed before a schema counts as going in circles.
const MAX_DEPTH: u8 = 32;

/// One schema that a value has to fit everything of which the functions declare; `None` where none declares anything.
pub(crate) fn combine<'a>(
    functions: impl IntoIterator<Item = &'a Definition>,
) -> Option<(Value, Vec<Conflict>)> {
    let mut definitions = Map::new();
    let mut parts: Vec<Value> = Vec::new();
    let mut declared: BTreeMap<String, Vec<Declared>> = BTreeMap::new();
    for definition in functions {
        let all = definition.json_schema.as_ref().and_then(|schema| schema.get("definitions"));
        let (Some(name), Some(all)) = (&definition.metadata, all) else { continue };
        let mut needed = Map::new();
        gather(&reference(name), all, &mut needed);
        if !needed.contains_key(name) {
            continue;
        }
        let function = format!("{} {}", definition.kind, definition.name);
        types("", &reference(name), &needed, 0, &mut |path, types| {
            declared.entry(path).or_default().push(Declared { function: function.clone(), types });
        });
        // Two functions may call different schemas the same: then those of the later one get its name.
        let is_taken =
            needed.iter().any(|(name, schema)| definitions.get(name).is_some_and(|known| known != schema));
        let rename = |name: &str| {
            if is_taken { format!("{}.{}.{name}", definition.kind, definition.name) } else { name.to_owned() }
        };
        for (name, schema) in &needed {
            definitions.insert(rename(name), renamed(schema, &rename));
        }
        let part = reference(&rename(name));
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let conflicts = declared.into_iter().filter_map(|(path, places)| {
        let clash =
            places.iter().any(|one| places.iter().any(|other| !fit_together(&one.types, &other.types)));
        clash.then_some(Conflict { path, places })
    });
    (!parts.is_empty()).then(|| {
        (json!({ "type": "object", "allOf": parts, "definitions": definitions }), conflicts.collect())
    })
}

fn fit_together(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let numbers = |types: &BTreeSet<String>| types.contains("number") || types.contains("integer");
    !one.is_disjoint(other) || (numbers(one) && numbers(other))
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{}", name.replace('~', "~0").replace('/', "~1")) })
}

/// The name that a schema refers to.
fn referred(schema: &Value) -> Option<String> {
    let reference = schema.get("$ref")?.as_str()?.strip_prefix("#/definitions/")?;
    Some(reference.replace("~1", "/").replace("~0", "~"))
}

/// The schema with its references to other names.
fn renamed(schema: &Value, rename: &impl Fn(&str) -> String) -> Value {
    match schema {
        Value::Object(members) => {
            let mut members: Map<String, Value> =
                members.iter().map(|(key, value)| (key.clone(), renamed(value, rename))).collect();
            if let (Some(name), Some(own)) = (referred(schema), members.get_mut("$ref")) {
                *own = reference(&rename(&name))["$ref"].take();
            }
            members.into()
        }
        Value::Array(list) => list.iter().map(|item| renamed(item, rename)).collect(),
        other => other.clone(),
    }
}

/// The schema that nothing is refused by for a key that nobody declared: unknown keys survive in every mode.
pub(super) fn open(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => members
            .iter()
            .filter(|(key, value)| {
                let closes = matches!(key.as_str(), "additionalProperties" | "unevaluatedProperties");
                !(closes && **value == Value::Bool(false))
            })
            .map(|(key, value)| (key.clone(), open(value)))
            .collect(),
        Value::Array(list) => list.iter().map(open).collect(),
        other => other.clone(),
    }
}

/// A schema with all schemas that it is made of: through references and `allOf`, itself first.
pub(crate) fn parts<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> Vec<&'a Value> {
    let mut found: Vec<&Value> = Vec::new();
    let mut open = vec![(schema, 0_u8)];
    while let Some((schema, depth)) = open.pop() {
        if depth > MAX_DEPTH {
            continue;
        }
        found.push(schema);
        let target = referred(schema).and_then(|name| definitions.get(&name));
        let all = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        open.extend(target.into_iter().chain(all).map(|schema| (schema, depth + 1)));
    }
    found
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// The schemas of what is at `path` below `schema`.
pub(super) fn at<'a>(schema: &'a Value, definitions: &'a Map<String, Value>, path: &str) -> Vec<&'a Value> {
    let mut here = parts(schema, definitions);
    for step in path.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let next = here.iter().filter_map(|schema| {
            let property = schema.get("properties").and_then(|properties| properties.get(&step));
            property.or_else(|| schema.get("items")).or_else(|| schema.get("additionalProperties"))
        });
        here = next.flat_map(|schema| parts(schema, definitions)).collect();
    }
    here
}

/// What the schema gives where `upper`, the layers above it, say nothing. Inside of an object that is not there,
/// nothing is given, unless it has a default itself: half an object fits less than none.
pub(super) fn defaults(
    schema: &Value,
    definitions: &Map<String, Value>,
    upper: &Map<String, Value>,
) -> Map<String, Value> {
    let mut given = Map::new();
    for schema in parts(schema, definitions) {
        for (key, property) in properties(schema) {
            let default = parts(property, definitions).into_iter().find_map(|part| part.get("default"));
            let nothing = Map::new();
            let inside = match (upper.get(key), default) {
                (Some(Value::Object(upper)), _) => Some(upper),
                (None, Some(Value::Object(_))) => Some(&nothing),
                _ => None,
            };
            let mut value = default.cloned();
            if let Some(inside) = inside {
                let mut nested = defaults(property, definitions, inside);
                match &value {
                    Some(Value::Object(default)) => overlay(&mut nested, default),
                    // The layer above has an object there.
                    Some(_) => continue,
                    None if nested.is_empty() => continue,
                    None => {}
                }
                value = Some(Value::Object(nested));
            }
            if let Some(value) = value {
                overlay(&mut given, &Map::from_iter([(key.clone(), value)]));
            }
        }
    }
    given
}

/// Tells the types of every declared path.
fn types(
    path: &str,
    schema: &Value,
    definitions: &Map<String, Value>,
    depth: u8,
    tell: &mut impl FnMut(String, BTreeSet<String>),
) {
    if depth > MAX_DEPTH {
        return;
    }
    for schema in parts(schema, definitions) {
        let names: BTreeSet<String> = match schema.get("type") {
            Some(Value::String(one)) => BTreeSet::from([one.clone()]),
            Some(Value::Array(several)) => {
                several.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => BTreeSet::new(),
        };
        if !names.is_empty() {
            tell(path.to_owned(), names);
        }
        for (key, property) in properties(schema) {
            types(&below(path, key), property, definitions, depth + 1, tell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_fill_what_is_not_said_and_make_no_half_objects() {
        let schema = json!({ "allOf": [{ "$ref": "#/definitions/C" }] });
        let definitions = json!({
            "C": { "type": "object", "properties": {
                "status": { "type": "string", "default": "open" },
                "filter": { "$ref": "#/definitions/F" },
                "map": { "type": "object", "default": { "b": 2 }, "properties": { "a": { "default": 1 } } },
                "list": { "default": [] },
            } },
            "F": { "type": "object", "required": ["field"], "properties": { "field": {}, "limit": { "default": 50 } } },
        });
        let definitions = definitions.as_object().unwrap();
        let given = |upper: Value| Value::Object(defaults(&schema, definitions, upper.as_object().unwrap()));
        assert_eq!(given(json!({})), json!({ "status": "open", "map": { "a": 1, "b": 2 }, "list": [] }));
        let upper = json!({ "filter": { "field": "x" }, "map": null });
        assert_eq!(given(upper)["filter"], json!({ "limit": 50 }));
        assert_eq!(given(json!({ "filter": 7 })).get("filter"), None);
    }

    #[test]
    fn functions_are_combined_and_their_conflicts_told() {
        let function = |name: &str, schema: Value| -> Definition {
            let definition = json!({ "integration": "crm", "kind": "sync", "name": name, "metadata": "Config",
                "json_schema": { "definitions": { "Config": schema } } });
            serde_json::from_value(definition).unwrap()
        };
        let one = json!({ "type": "object", "properties": { "a": { "type": "string" }, "n": { "type": "integer" } } });
        let other = json!({ "type": "object", "properties": { "a": { "type": "boolean" }, "n": { "type": "number" } } });
        let same = [function("x", one.clone()), function("y", one.clone())];
        let (schema, conflicts) = combine(&same).unwrap();
        assert_eq!((schema["allOf"].as_array().unwrap().len(), conflicts.len()), (1, 0));
        let (schema, conflicts) = combine(&[function("x", one), function("y", other.clone())]).unwrap();
        assert_eq!(schema["allOf"][1], json!({ "$ref": "#/definitions/sync.y.Config" }));
        assert_eq!(schema["definitions"]["sync.y.Config"], other);
        let shown = serde_json::to_value(conflicts).unwrap();
        let places = json!([{ "function": "sync x", "types": ["string"] }, { "function": "sync y", "types": ["boolean"] }]);
        assert_eq!(shown, json!([{ "path": "/a", "places": places }]));
        assert!(combine(&[]).is_none());
    }
}
