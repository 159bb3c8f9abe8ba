//! What differs between two configurations, for people.

use super::path;
use crate::output::{self, CHANGED, DELETED, NEW, QUIET, short, styled};
use serde_json::Value;

/// One place that differs.
struct Change<'a> {
    path: String,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
}

/// Prints what differs, a line for each place.
pub(crate) fn print(before: &Value, after: &Value) {
    let changes = between(before, after);
    if changes.is_empty() {
        output::line(styled(QUIET, "Nothing differs but the order of keys."));
    }
    for Change { path, before, after } in changes {
        let text = |value: &Value| short(&value.to_string());
        output::line(match (before, after) {
            (None, Some(new)) => format!("{} {}", styled(NEW, format!("+ {path}:")), text(new)),
            (Some(old), None) => format!("{} {}", styled(DELETED, format!("- {path}:")), text(old)),
            (old, new) => {
                let (old, new) = (old.map(text).unwrap_or_default(), new.map(text).unwrap_or_default());
                let path = styled(CHANGED, format!("~ {path}:"));
                format!("{path} {} → {}", styled(DELETED, old), styled(NEW, new))
            }
        });
    }
}

fn between<'a>(before: &'a Value, after: &'a Value) -> Vec<Change<'a>> {
    let mut found = Vec::new();
    compare(&mut Vec::new(), Some(before), Some(after), &mut found);
    found
}

/// Objects, and lists of one length, are compared part by part; all else as a whole.
fn compare<'a>(
    keys: &mut Vec<String>,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
    found: &mut Vec<Change<'a>>,
) {
    let mut part = |key: String, before, after| {
        keys.push(key);
        compare(keys, before, after, found);
        keys.pop();
    };
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let new = after.keys().filter(|key| !before.contains_key(*key));
            for key in before.keys().chain(new) {
                part(key.clone(), before.get(key), after.get(key));
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                part(index.to_string(), Some(before), Some(after));
            }
        }
        _ => found.push(Change { path: path::show(keys), before, after }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_smallest_places_that_differ_are_found() {
        let before = json!({"a": {"b": 1, "c": 2}, "list": [1, 2], "long": [1], "same": null});
        let after = json!({"a": {"b": 3, "d.e": 4}, "list": [1, 5], "long": [1, 2], "same": null});
        let found = between(&before, &after);
        let paths: Vec<_> = found.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["a.b", "a.c", "/a/d.e", "list.1", "long"]);
        assert!(between(&json!({"a": 1, "b": 2}), &json!({"b": 2, "a": 1})).is_empty());
    }
}
