//! What a document must have at one path, asked of the document or of its leaves.

use super::leaves::Leaf;
use serde_json::Value;

/// What a document must have at one path.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// JSON pointer to it.
    pub path: String,
    /// What must be there.
    pub test: Test,
}

/// What must be at a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// This value.
    Is(Value),
    /// Anything else, or nothing.
    IsNot(Value),
    /// Anything, null too.
    Set,
    /// Nothing.
    Unset,
}

/// What one leaf of a document says about the place that a condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hint {
    /// Nothing: it is elsewhere.
    Elsewhere,
    /// There is something, and not the value that the condition names.
    Other,
    /// There is the value that the condition names.
    Same,
    /// Only the document knows.
    Unknown,
}

impl Condition {
    /// Whether it holds for this document (JSON text), or for none.
    pub fn holds(&self, document: Option<&str>) -> bool {
        let document: Value = document.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let found = document.pointer(&self.path);
        match &self.test {
            Test::Is(value) => found == Some(value),
            Test::IsNot(value) => found != Some(value),
            Test::Set => found.is_some(),
            Test::Unset => found.is_none(),
        }
    }

    /// Whether it holds where `strongest` is the strongest hint of all leaves of a document; `None` where only the
    /// document knows.
    pub(super) fn decide(&self, strongest: Hint) -> Option<bool> {
        Some(match (&self.test, strongest) {
            (_, Hint::Unknown) => return None,
            (Test::Is(_), found) => found == Hint::Same,
            (Test::IsNot(_), found) => found != Hint::Same,
            (Test::Set, found) => found != Hint::Elsewhere,
            (Test::Unset, found) => found == Hint::Elsewhere,
        })
    }

    /// What `leaf` at `path` says.
    pub(super) fn hint(&self, path: &str, leaf: &Leaf) -> Hint {
        let value = match &self.test {
            Test::Is(value) | Test::IsNot(value) => Some(value),
            Test::Set | Test::Unset => None,
        };
        if path == self.path {
            return value.map_or(Hint::Other, |value| compare(leaf, value));
        }
        if is_below(path, &self.path) {
            // There is an object, of which this leaf is a part.
            let may_be_same = value.and_then(Value::as_object).is_some_and(|object| !object.is_empty());
            return if may_be_same { Hint::Unknown } else { Hint::Other };
        }
        if !is_below(&self.path, path) || !leaf.text.starts_with('[') {
            return Hint::Elsewhere;
        }
        if leaf.is_cut {
            return Hint::Unknown;
        }
        let list: Value = serde_json::from_str(&leaf.text).unwrap_or_default();
        match (list.pointer(&self.path[path.len()..]), value) {
            (None, _) => Hint::Elsewhere,
            (Some(found), Some(value)) if found == value => Hint::Same,
            (Some(_), _) => Hint::Other,
        }
    }
}

/// Whether `path` is inside of what is at `above`.
pub(super) fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

fn compare(leaf: &Leaf, value: &Value) -> Hint {
    let text = value.to_string();
    let is_same = if leaf.is_cut {
        // Texts of the same value differ at most in the order of keys, so they are equally long.
        if text.len() > super::SHOWN {
            return Hint::Unknown;
        }
        false
    } else {
        *leaf.text == *text || serde_json::from_str::<Value>(&leaf.text).is_ok_and(|found| found == *value)
    };
    if is_same { Hint::Same } else { Hint::Other }
}
