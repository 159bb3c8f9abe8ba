//! Values that definitions write in more than one way.

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned},
};
use serde_json::Value;
use std::{collections::BTreeMap, fmt, str::FromStr};

/// Reads `x` as `[x]`, and nothing as `[]`.
pub(super) fn list<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let items = match Value::deserialize(from)? {
        Value::Null => Vec::new(),
        Value::Array(items) => items,
        one => vec![one],
    };
    items.into_iter().map(|item| T::deserialize(item).map_err(de::Error::custom)).collect()
}

/// Reads a map of texts; numbers and booleans are texts too, because YAML authors rarely quote `x-version: 2`.
pub(super) fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let text = |(key, value): (String, Value)| match value {
        Value::String(text) => Ok((key, text)),
        Value::Number(_) | Value::Bool(_) => Ok((key, value.to_string())),
        _ => Err(de::Error::custom(format!("`{key}` must be text"))),
    };
    BTreeMap::<String, Value>::deserialize(from)?.into_iter().map(text).collect()
}

/// HTTP statuses: `429`, `5xx`, `50x` or `500-502`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusPattern {
    first: u16,
    last: u16,
}

impl StatusPattern {
    /// Whether the status is one of them.
    pub fn matches(self, status: u16) -> bool {
        (self.first..=self.last).contains(&status)
    }
}

/// The text is neither a status, nor `5xx`, nor a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be a status such as 429, 5xx or 500-502")]
pub struct NotAStatusPattern;

impl FromStr for StatusPattern {
    type Err = NotAStatusPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let status = |text: &str| {
            text.trim()
                .parse::<u16>()
                .ok()
                .filter(|status| (100..=599).contains(status))
                .ok_or(NotAStatusPattern)
        };
        let text = text.trim();
        if let Some((first, last)) = text.split_once('-') {
            let pattern = Self { first: status(first)?, last: status(last)? };
            return if pattern.first <= pattern.last { Ok(pattern) } else { Err(NotAStatusPattern) };
        }
        let lower = text.to_ascii_lowercase();
        Ok(Self { first: status(&lower.replace('x', "0"))?, last: status(&lower.replace('x', "9"))? })
    }
}

impl<'de> Deserialize<'de> for StatusPattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = StatusPattern;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status such as 429, 5xx or 500-502")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<StatusPattern, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<StatusPattern, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<StatusPattern, E> {
                text.parse().map_err(E::custom)
            }
        }
        from.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_statuses() {
        let check = |text: &str, yes: &[u16], no: &[u16]| {
            let pattern: StatusPattern = text.parse().unwrap();
            assert!(yes.iter().all(|status| pattern.matches(*status)), "{text}");
            assert!(!no.iter().any(|status| pattern.matches(*status)), "{text}");
        };
        check("429", &[429], &[428, 430]);
        check("5xx", &[500, 599], &[499, 429]);
        check("52X", &[520, 529], &[519, 530]);
        check("500-502", &[500, 501, 502], &[499, 503]);
        for wrong in ["", "x", "9xx", "600", "502-500", "4-5", "abc"] {
            assert_eq!(wrong.parse::<StatusPattern>(), Err(NotAStatusPattern), "{wrong}");
        }
    }
}
