//! What is wrong with a configuration, in words for those who have to repair it.

use super::{schema, secrets};
use crate::schemas::type_of;
use bespoke_core::configuration::{Level, Problem, below, is_within};
use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde_json::{Map, Value};

/// Problems of one configuration that are told.
const MAX_PROBLEMS: usize = 50;

/// What of a schema says which values are allowed.
const ALLOWING: [&str; 16] = [
    "type",
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "multipleOf",
];

/// What is wrong with `configuration`; `schema` is what `validator` was made from.
pub(super) fn find(schema: &Value, validator: &Validator, configuration: &Value) -> Vec<Problem> {
    let nothing = Map::new();
    let definitions = schema.get("definitions").and_then(Value::as_object).unwrap_or(&nothing);
    let mut problems: Vec<Problem> = Vec::new();
    // They were judged when they were written.
    let secrets = secrets::places(configuration);
    let is_secret = |path: &str| secrets.iter().any(|secret| is_within(path, secret));
    let errors =
        validator.iter_errors(configuration).filter(|error| !is_secret(error.instance_path().as_str()));
    for error in errors.take(MAX_PROBLEMS) {
        let problem = of_error(schema, definitions, &error);
        // Two functions that declare the same are one reason.
        if !problems.iter().any(|known| known.path == problem.path && known.code == problem.code) {
            problems.push(problem);
        }
    }
    typos("", configuration, schema, definitions, &mut problems);
    problems.retain(|problem| !is_secret(&problem.path));
    problems.truncate(MAX_PROBLEMS);
    problems
}

fn of_error(schema: &Value, definitions: &Map<String, Value>, error: &ValidationError<'_>) -> Problem {
    let path = match error.kind() {
        ValidationErrorKind::Required { property } => {
            below(error.instance_path().as_str(), property.as_str().unwrap_or_default())
        }
        _ => error.instance_path().as_str().to_owned(),
    };
    let allowed: Map<String, Value> = schema::at(schema, definitions, &path)
        .into_iter()
        .filter_map(Value::as_object)
        .flatten()
        .filter(|(keyword, _)| ALLOWING.contains(&keyword.as_str()))
        .map(|(keyword, value)| (keyword.clone(), value.clone()))
        .collect();
    let allowed = (!allowed.is_empty()).then_some(Value::Object(allowed));
    let what = what(error, allowed.as_ref());
    let message = format!("{} {what}.", place(&path));
    let code = error.kind().keyword().to_owned();
    Problem { level: Level::Error, path, code, message, allowed, suggestion: None }
}

/// `/fieldMapping/internal_id` as people write it.
fn place(path: &str) -> String {
    let keys: Vec<String> =
        path.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
    if keys.is_empty() { "The configuration".to_owned() } else { format!("`{}`", keys.join(".")) }
}

fn what(error: &ValidationError<'_>, allowed: Option<&Value>) -> String {
    let types = |allowed: Option<&Value>| match allowed.and_then(|allowed| allowed.get("type")) {
        Some(Value::String(one)) => Some(in_words(one).to_owned()),
        Some(Value::Array(several)) => {
            let words: Vec<&str> = several.iter().filter_map(Value::as_str).map(in_words).collect();
            Some(words.join(" or "))
        }
        _ => None,
    };
    let list = |values: &Value| {
        let all: Vec<String> = values.as_array().into_iter().flatten().map(ToString::to_string).collect();
        all.join(", ")
    };
    match error.kind() {
        ValidationErrorKind::Required { .. } => match types(allowed) {
            Some(types) => format!("is missing; it must be {types}"),
            None => "is missing".to_owned(),
        },
        ValidationErrorKind::Type { .. } => {
            let found = in_words(type_of(error.instance()));
            match types(allowed) {
                Some(types) => format!("must be {types}, but is {found}"),
                None => format!("must not be {found}"),
            }
        }
        ValidationErrorKind::Enum { options } => format!("must be one of {}", list(options)),
        ValidationErrorKind::Constant { expected_value } => format!("must be {expected_value}"),
        ValidationErrorKind::Minimum { limit } => format!("must be {limit} or more"),
        ValidationErrorKind::Maximum { limit } => format!("must be {limit} or less"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        ValidationErrorKind::MinLength { limit: 1 } => "must not be empty".to_owned(),
        ValidationErrorKind::MinLength { limit } => format!("must have at least {limit} characters"),
        ValidationErrorKind::MaxLength { limit } => format!("must have at most {limit} characters"),
        ValidationErrorKind::MinItems { limit } => format!("must have at least {limit} entries"),
        ValidationErrorKind::MaxItems { limit } => format!("must have at most {limit} entries"),
        ValidationErrorKind::Format { format } => format!("is not of the form `{format}`"),
        ValidationErrorKind::Pattern { pattern } => format!("does not fit the pattern `{pattern}`"),
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
            "is none of what is allowed there".to_owned()
        }
        other => format!("does not fit the declared `{}`", other.keyword()),
    }
}

fn in_words(kind: &str) -> &str {
    match kind {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "an object",
        other => other,
    }
}

/// Keys that nobody declared but that are nearly one that somebody did.
fn typos(
    path: &str,
    value: &Value,
    schema: &Value,
    definitions: &Map<String, Value>,
    problems: &mut Vec<Problem>,
) {
    let Value::Object(object) = value else { return };
    let declared: Vec<&String> = schema::at(schema, definitions, path)
        .into_iter()
        .filter_map(|schema| schema.get("properties")?.as_object())
        .flat_map(Map::keys)
        .collect();
    for (key, value) in object {
        let here = below(path, key);
        if declared.contains(&key) {
            typos(&here, value, schema, definitions, problems);
            continue;
        }
        let meant = declared
            .iter()
            .filter(|known| !object.contains_key(known.as_str()))
            .map(|known| (strsim::osa_distance(key, known), known))
            .filter(|(distance, known)| *distance <= (known.chars().count() / 4).clamp(1, 2))
            .min_by_key(|(distance, _)| *distance);
        if let Some((_, known)) = meant {
            problems.push(Problem {
                level: Level::Warn,
                message: format!("{} is not known; `{known}` is.", place(&here)),
                path: here,
                code: "unknown_key".to_owned(),
                allowed: None,
                suggestion: Some((*known).clone()),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn problems_say_where_what_and_what_is_allowed() {
        let schema = json!({ "type": "object", "required": ["fieldMapping"], "properties": {
            "fieldMapping": { "type": "object", "required": ["internal_id"],
                "properties": { "internal_id": { "type": "string", "minLength": 1 } } },
            "status": { "type": "string", "enum": ["open", "all"] },
            "limit": { "type": ["integer", "null"] },
        } });
        let validator = jsonschema::draft7::new(&schema).unwrap();
        let told = |value: Value| -> Vec<(String, String, String)> {
            let problems = find(&schema, &validator, &value);
            problems.into_iter().map(|problem| (problem.path, problem.code, problem.message)).collect()
        };
        let line =
            |path: &str, code: &str, message: &str| (path.to_owned(), code.to_owned(), message.to_owned());
        assert_eq!(told(json!({ "fieldMapping": { "internal_id": "x", "more": 1 }, "own": 1 })), []);
        assert_eq!(
            told(json!({ "fieldMaping": {} })),
            [
                line("/fieldMapping", "required", "`fieldMapping` is missing; it must be an object."),
                line("/fieldMaping", "unknown_key", "`fieldMaping` is not known; `fieldMapping` is."),
            ]
        );
        assert_eq!(
            told(json!({ "fieldMapping": { "internal_id": "" }, "status": "s3cret", "limit": true })),
            [
                line(
                    "/fieldMapping/internal_id",
                    "minLength",
                    "`fieldMapping.internal_id` must not be empty."
                ),
                line("/status", "enum", "`status` must be one of \"open\", \"all\"."),
                line("/limit", "type", "`limit` must be a whole number or null, but is true or false."),
            ]
        );
        let problem = &find(&schema, &validator, &json!({ "fieldMapping": { "internal_id": 7 } }))[0];
        assert_eq!(problem.allowed, Some(json!({ "type": "string", "minLength": 1 })));
    }
}
