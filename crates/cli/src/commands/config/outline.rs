//! What a schema says, in a line for each value: for those who edit a configuration by hand.

use serde_json::{Map, Value};

/// Lines that are shown.
const LINES: usize = 40;
/// Schemas within each other that are looked through.
const DEPTH: usize = 8;

/// The lines, in the order of the schema.
pub(super) fn lines(schema: &Value) -> Vec<String> {
    let nothing = Map::new();
    let definitions = schema.get("definitions").and_then(Value::as_object).unwrap_or(&nothing);
    let mut found = Vec::new();
    members(schema, definitions, "", 0, &mut found);
    let more = found.len().saturating_sub(LINES);
    let width = found.iter().take(LINES).map(|(path, _)| path.chars().count()).max().unwrap_or_default();
    let mut lines: Vec<String> =
        found.into_iter().take(LINES).map(|(path, what)| format!("{path:width$}  {what}")).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

fn members(
    schema: &Value,
    definitions: &Map<String, Value>,
    at: &str,
    depth: usize,
    found: &mut Vec<(String, String)>,
) {
    if depth > DEPTH {
        return;
    }
    for part in parts(schema, definitions, 0) {
        let required = part["required"].as_array().map_or(&[][..], Vec::as_slice);
        for (key, property) in part["properties"].as_object().into_iter().flatten() {
            let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
            let is_required = required.iter().any(|name| name == key);
            let before = found.len();
            members(property, definitions, &path, depth + 1, found);
            // An object is told by what is in it.
            if found.len() == before && !found.iter().any(|(known, _)| *known == path) {
                found.push((path, what(&parts(property, definitions, 0), is_required)));
            }
        }
    }
}

/// A schema with all that it refers to and requires besides.
fn parts<'a>(schema: &'a Value, definitions: &'a Map<String, Value>, depth: usize) -> Vec<&'a Value> {
    let mut found = vec![schema];
    if depth <= DEPTH {
        let reference = schema["$ref"].as_str().and_then(|text| text.strip_prefix("#/definitions/"));
        let target = reference.and_then(|name| definitions.get(&name.replace("~1", "/").replace("~0", "~")));
        let all = schema["allOf"].as_array().into_iter().flatten();
        found.extend(all.chain(target).flat_map(|schema| parts(schema, definitions, depth + 1)));
    }
    found
}

/// `text, required, "all" unless set. Which contacts.`
fn what(parts: &[&Value], is_required: bool) -> String {
    let first = |keyword: &str| parts.iter().find_map(|part| part.get(keyword));
    let mut words = Vec::new();
    if let Some(choices) = first("enum").and_then(Value::as_array) {
        let choices: Vec<String> = choices.iter().map(ToString::to_string).collect();
        words.push(format!("one of {}", choices.join(", ")));
    } else if let Some(kinds) = first("type") {
        let kinds = kinds.as_array().map_or(std::slice::from_ref(kinds), Vec::as_slice);
        words.push(kinds.iter().filter_map(Value::as_str).map(word).collect::<Vec<_>>().join(" or "));
    }
    match first("default") {
        Some(default) => words.push(format!("{default} unless set")),
        None if is_required => words.push("required".to_owned()),
        None => {}
    }
    if ["secret", "writeOnly"].iter().any(|mark| first(mark) == Some(&Value::Bool(true))) {
        words.push("secret".to_owned());
    }
    let description = first("description").and_then(Value::as_str).and_then(|text| text.lines().next());
    let words = words.join(", ");
    match description {
        Some(description) if words.is_empty() => description.to_owned(),
        Some(description) => format!("{words}. {description}"),
        None => words,
    }
}

fn word(kind: &str) -> &str {
    match kind {
        "string" => "text",
        "integer" => "whole number",
        "array" => "list",
        "boolean" => "true or false",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_value_has_a_line_with_what_it_may_be() {
        let schema = json!({
            "allOf": [{ "$ref": "#/definitions/a" }],
            "definitions": { "a": { "required": ["fieldMapping"], "properties": {
                "fieldMapping": { "type": "object", "required": ["id"], "properties": {
                    "id": { "type": "string", "description": "The field with our id.\nMore." },
                } },
                "status": { "enum": ["all", "active"], "type": "string", "default": "all" },
                "token": { "type": ["string", "null"], "secret": true },
            } } },
        });
        let expected = [
            "fieldMapping.id  text, required. The field with our id.",
            "status           one of \"all\", \"active\", \"all\" unless set",
            "token            text or null, secret",
        ];
        assert_eq!(lines(&schema), expected);
        assert!(lines(&json!({})).is_empty());
    }
}
