//! JSON Schema as zod, as far as drafts of schemas use it.

use serde_json::{Map, Value};

/// The TypeScript expression of a schema, `depth` blocks deep.
pub(super) fn expression(schema: &Value, depth: usize) -> String {
    if let Some(kinds) = schema["anyOf"].as_array() {
        return either(kinds, depth);
    }
    match schema["type"].as_str() {
        Some("object") => object(schema, depth),
        Some("array") => format!("z.array({})", expression(&schema["items"], depth)),
        Some("string") => match schema["enum"].as_array() {
            Some(choices) => {
                format!("z.enum([{}])", choices.iter().map(literal).collect::<Vec<_>>().join(", "))
            }
            None => "z.string()".to_owned(),
        },
        Some("integer") => "z.number().int()".to_owned(),
        Some("number") => "z.number()".to_owned(),
        Some("boolean") => "z.boolean()".to_owned(),
        Some("null") => "z.null()".to_owned(),
        _ => "z.unknown()".to_owned(),
    }
}

fn either(kinds: &[Value], depth: usize) -> String {
    let (nulls, others): (Vec<&Value>, Vec<&Value>) = kinds.iter().partition(|kind| kind["type"] == "null");
    let one = if let [other] = others.as_slice() {
        expression(other, depth)
    } else {
        let all: Vec<String> = others.iter().map(|kind| expression(kind, depth)).collect();
        format!("z.union([{}])", all.join(", "))
    };
    if nulls.is_empty() { one } else { format!("{one}.nullable()") }
}

fn object(schema: &Value, depth: usize) -> String {
    let nothing = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&nothing);
    if schema.get("additionalProperties").is_some_and(Value::is_object) {
        return format!("z.record(z.string(), {})", expression(&schema["additionalProperties"], depth));
    }
    if properties.is_empty() {
        return "z.object({})".to_owned();
    }
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    let indent = "    ".repeat(depth + 1);
    let lines = properties.iter().map(|(key, value)| {
        let optional = if required.iter().any(|name| name == key) { "" } else { ".optional()" };
        format!("{indent}{}: {}{optional},\n", property(key), expression(value, depth + 1))
    });
    format!("z.object({{\n{}{}}})", lines.collect::<String>(), "    ".repeat(depth))
}

fn property(key: &str) -> String {
    let is_name = |text: &str| {
        let mut characters = text.chars();
        characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_' || first == '$')
            && characters.all(|one| one.is_ascii_alphanumeric() || one == '_' || one == '$')
    };
    // As a name, this one would set the prototype.
    if is_name(key) && key != "__proto__" { key.to_owned() } else { literal(&Value::String(key.to_owned())) }
}

/// A text as JavaScript's: in single quotes, as authors write them.
fn literal(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let json = Value::String(text.to_owned()).to_string();
    let inner = json[1..json.len() - 1].replace("\\\"", "\"").replace('\'', "\\'");
    // JSON has them as they are; so do texts in JavaScript, but not everybody's editor.
    format!("'{}'", inner.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_draft_reads_as_an_author_would_write_it() {
        let schema = json!({
            "type": "object",
            "properties": {
                "map": { "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"] },
                "status": { "type": "string", "enum": ["it's", "a \"b\""] },
                "note": { "anyOf": [{ "type": "string" }, { "type": "integer" }, { "type": "null" }] },
                "cf-1": { "type": "array", "items": { "type": "boolean" } },
                "limits": { "type": "object", "additionalProperties": { "type": "number" } },
                "any": {},
            },
            "required": ["map"],
        });
        let expected = "z.object({
        map: z.object({
            id: z.string(),
        }),
        status: z.enum(['it\\'s', 'a \"b\"']).optional(),
        note: z.union([z.string(), z.number().int()]).nullable().optional(),
        'cf-1': z.array(z.boolean()).optional(),
        limits: z.record(z.string(), z.number()).optional(),
        any: z.unknown().optional(),
    })";
        assert_eq!(expression(&schema, 1), expected);
    }
}
