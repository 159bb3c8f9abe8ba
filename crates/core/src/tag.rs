//! Tags of connections: what may be one, and which ones an end user brings along (http-api.md §0, §5.1).

use crate::connection::EndUser;
use regex::Regex;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// Tags that one request may give.
pub const MAX_TAGS: usize = 10;
/// Characters of a value.
const MAX_VALUE: usize = 255;

static KEY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[a-zA-Z][a-zA-Z0-9_\-./]{0,63}$").expect("a valid pattern"));
static EMAIL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[^\s@]+@[^\s@]+\.[^\s@.]+$").expect("a valid pattern"));

/// Why tags are not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// The key it is about; `None` where it is about all of them.
    pub key: Option<String>,
    /// Kind of problem, e.g. `too_big`.
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: String,
}

/// Checks tags and writes their keys in lower case, as they are stored and looked for.
pub fn normalize(tags: &Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    if tags.len() > MAX_TAGS {
        let message = format!("At most {MAX_TAGS} tags are allowed");
        return Err(Problem { key: None, code: "too_big", message });
    }
    let mut normal = Map::new();
    for (key, value) in tags {
        let problem = |code, message: String| Err(Problem { key: Some(key.clone()), code, message });
        if !KEY.is_match(key) {
            return problem("invalid_format", format!("A tag's key must match {}", KEY.as_str()));
        }
        let Value::String(text) = value else {
            return problem("invalid_type", "A tag's value must be text".to_owned());
        };
        let length = text.chars().count();
        if length == 0 {
            return problem("too_small", "A tag's value must not be empty".to_owned());
        }
        if length > MAX_VALUE {
            return problem("too_big", format!("A tag's value has at most {MAX_VALUE} characters"));
        }
        if text.contains('\0') {
            return problem("invalid_format", "A tag's value must not hold the character U+0000".to_owned());
        }
        let lower = key.to_ascii_lowercase();
        if lower == "end_user_email" && !is_email(text) {
            return problem("invalid_format", "Must be an e-mail address".to_owned());
        }
        if normal.insert(lower, value.clone()).is_some() {
            return problem("custom", "Keys of tags must differ in more than their case".to_owned());
        }
    }
    Ok(normal)
}

/// Whether a text looks like an e-mail address.
pub fn is_email(text: &str) -> bool {
    text.len() >= 5 && EMAIL.is_match(text)
}

/// The tags that an end user brings along; those of `own` win.
pub fn with_end_user(user: &EndUser, own: Map<String, Value>) -> Map<String, Value> {
    let organization = user.organization.as_ref();
    let derived = [
        ("end_user_id", Some(user.id.as_str())),
        ("end_user_email", user.email.as_deref()),
        ("end_user_display_name", user.display_name.as_deref()),
        ("organization_id", organization.map(|organization| organization.id.as_str())),
        (
            "organization_display_name",
            organization.and_then(|organization| organization.display_name.as_deref()),
        ),
    ];
    let mut tags: Map<String, Value> = derived
        .into_iter()
        .filter_map(|(key, value)| {
            Some((key.to_owned(), Value::from(value.filter(|text| !text.is_empty())?)))
        })
        .collect();
    for (key, value) in user.tags.iter().flatten() {
        tags.insert(key.to_ascii_lowercase(), value.clone());
    }
    tags.extend(own);
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn tags_are_short_texts_with_lower_case_keys() {
        assert_eq!(normalize(&map(json!({"Team/EU": "a"}))).unwrap(), map(json!({"team/eu": "a"})));
        let check = |value: Value, key: Option<&str>, code: &str| {
            let problem = normalize(&map(value)).unwrap_err();
            assert_eq!((problem.key.as_deref(), problem.code), (key, code));
        };
        check(json!({"1a": "x"}), Some("1a"), "invalid_format");
        check(json!({"a": 1}), Some("a"), "invalid_type");
        check(json!({"a": ""}), Some("a"), "too_small");
        check(json!({"a": "x".repeat(256)}), Some("a"), "too_big");
        check(json!({"a": "1", "A": "2"}), Some("A"), "custom");
        check(json!({"end_user_email": "nobody"}), Some("end_user_email"), "invalid_format");
        let many: Map<_, _> = (0..11).map(|number| (format!("k{number}"), json!("v"))).collect();
        check(Value::Object(many), None, "too_big");
    }

    #[test]
    fn an_end_user_becomes_tags_and_own_tags_win() {
        let user: EndUser = serde_json::from_value(json!({
            "id": "u1", "email": "ann@acme.test", "display_name": "", "tags": {"Plan": "pro"},
            "organization": {"id": "o1", "display_name": null},
        }))
        .unwrap();
        assert_eq!(
            with_end_user(&user, map(json!({"end_user_id": "other"}))),
            map(
                json!({"end_user_id": "other", "end_user_email": "ann@acme.test", "organization_id": "o1", "plan": "pro"})
            )
        );
    }
}
