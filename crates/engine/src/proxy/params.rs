//! Query parameters as callers give them.

use serde_json::Value;
use url::Url;

/// The query of a request, besides what its endpoint has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Params {
    /// None.
    #[default]
    None,
    /// A whole query, `a=1&b=2`.
    Text(String),
    /// Names with one value each; they replace those of the endpoint.
    Pairs(Vec<(String, String)>),
}

impl Params {
    /// Reads what a function gives: text, or an object. Arrays become comma-separated text, `null` is left out, as
    /// `URLSearchParams` and axios have it between them.
    pub fn from_json(value: &Value) -> Self {
        match value {
            Value::String(text) if text.is_empty() => Self::None,
            Value::String(text) => Self::Text(text.trim_start_matches('?').to_owned()),
            Value::Object(map) if !map.is_empty() => Self::Pairs(
                map.iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| (name.clone(), text(value)))
                    .collect(),
            ),
            _ => Self::None,
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Sets a parameter: the first of that name gets the value, others of that name go. The rest of the query stays byte for byte.
pub(super) fn set(url: &mut Url, name: &str, value: &str) {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}={}", encode(name), encode(value));
    let is_it =
        |part: &str| url::form_urlencoded::parse(part.as_bytes()).next().is_some_and(|(key, _)| key == name);
    let mut parts: Vec<&str> = Vec::new();
    let mut placed = false;
    for part in url.query().unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
        if !is_it(part) {
            parts.push(part);
        } else if !placed {
            parts.push(&pair);
            placed = true;
        }
    }
    if !placed {
        parts.push(&pair);
    }
    let query = parts.join("&");
    url.set_query(Some(&query));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn functions_give_text_or_objects() {
        let pairs = |pairs: &[(&str, &str)]| {
            Params::Pairs(
                pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            )
        };
        let check =
            |value: Value, expected: Params| assert_eq!(Params::from_json(&value), expected, "{value}");
        check(json!(null), Params::None);
        check(json!({}), Params::None);
        check(json!(""), Params::None);
        check(json!("a=1&b=%20"), Params::Text("a=1&b=%20".to_owned()));
        check(
            json!({"a": 1, "b": true, "c": ["x", 2], "d": null, "e": "t"}),
            pairs(&[("a", "1"), ("b", "true"), ("c", "x,2"), ("e", "t")]),
        );
    }

    #[test]
    fn setting_one_parameter_leaves_the_others_alone() {
        let check = |query: &str, name: &str, value: &str, expected: &str| {
            let mut url: Url = format!("https://x.example/{query}").parse().unwrap();
            set(&mut url, name, value);
            assert_eq!(url.query(), Some(expected), "{query}");
        };
        check("", "a", "1", "a=1");
        check("?b=%7E+%20", "a", "x y&", "b=%7E+%20&a=x+y%26");
        check("?a=1&b&a=2", "a", "3", "a=3&b");
        check("?%61=1", "a", "", "a=");
    }
}
