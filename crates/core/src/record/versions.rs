//! The history of a record: which of its fields each of its changes changed.

use super::Action;
use crate::{configuration::below, time::Timestamp};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What a record was after one of its changes, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVersion {
    /// When it became so.
    pub changed_at: Timestamp,
    /// What happened to it.
    pub action: Action,
    /// The run that did it.
    pub run: Option<Uuid>,
    /// The revision of the connection's metadata that this run had.
    pub metadata_revision: Option<i64>,
    /// JSON text of the object. `None` where it is that of the version after it; of the newest one, where it was pruned.
    pub payload: Option<String>,
}

/// One change of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordVersion {
    /// When it happened.
    pub changed_at: Timestamp,
    /// What happened.
    pub action: Action,
    /// The run that did it.
    pub run: Option<Uuid>,
    /// The revision of the connection's metadata that this run had.
    pub metadata_revision: Option<i64>,
    /// The fields that it changed, in the order that they have in the record; those of a new record are all new. None
    /// where it was deleted, or where nobody knows any more what was there before.
    pub changes: Vec<FieldChange>,
}

/// A field that is not what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Where it is: a JSON pointer. Lists are compared whole.
    pub path: String,
    /// What it was; `None` where it was not there.
    pub before: Option<Value>,
    /// What it is; `None` where it is not there.
    pub after: Option<Value>,
}

/// Compares each of `versions` with the one before it. Newest first, as they come.
pub fn history(versions: Vec<StoredVersion>) -> Vec<RecordVersion> {
    let mut newer = None;
    let mut contents = Vec::with_capacity(versions.len());
    for version in &versions {
        newer = version.payload.as_ref().or(newer);
        contents.push(newer.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok()));
    }
    let nothing = Map::new();
    let changes: Vec<Vec<FieldChange>> = (0..versions.len())
        .map(|index| {
            let before = match versions[index].action {
                Action::Added => Some(&nothing),
                Action::Updated => contents.get(index + 1).and_then(Option::as_ref),
                Action::Deleted => None,
            };
            let mut found = Vec::new();
            if let (Some(before), Some(after)) = (before, &contents[index]) {
                compare(before, after, "", &mut found);
            }
            found
        })
        .collect();
    let with_changes = versions.into_iter().zip(changes);
    with_changes
        .map(|(StoredVersion { changed_at, action, run, metadata_revision, .. }, changes)| RecordVersion {
            changed_at,
            action,
            run,
            metadata_revision,
            changes,
        })
        .collect()
}

fn compare(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    path: &str,
    found: &mut Vec<FieldChange>,
) {
    for (key, after) in after {
        match before.get(key) {
            Some(before) if before == after => {}
            Some(Value::Object(before)) if after.is_object() => {
                compare(before, after.as_object().unwrap_or(before), &below(path, key), found);
            }
            before => found.push(FieldChange {
                path: below(path, key),
                before: before.cloned(),
                after: Some(after.clone()),
            }),
        }
    }
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    found.extend(gone.map(|(key, before)| FieldChange {
        path: below(path, key),
        before: Some(before.clone()),
        after: None,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn version(at: i64, action: Action, payload: Option<Value>) -> StoredVersion {
        let payload = payload.map(|payload| payload.to_string());
        StoredVersion { changed_at: Timestamp(at), action, run: None, metadata_revision: None, payload }
    }

    fn told(version: &RecordVersion) -> Vec<(String, Option<Value>, Option<Value>)> {
        let change = |FieldChange { path, before, after }: FieldChange| (path, before, after);
        version.changes.iter().cloned().map(change).collect()
    }

    #[test]
    fn each_change_tells_the_fields_that_it_changed() {
        let versions = history(vec![
            version(4, Action::Added, Some(json!({ "id": "1" }))),
            version(3, Action::Deleted, Some(json!({ "id": "1", "a/b": { "x": 2, "y": 1 }, "list": [2] }))),
            version(2, Action::Updated, None),
            version(
                1,
                Action::Added,
                Some(json!({ "id": "1", "a/b": { "x": 1, "y": 1 }, "list": [1], "gone": null })),
            ),
        ]);
        assert_eq!(
            told(&versions[0]),
            [("/id".to_owned(), None, Some(json!("1")))],
            "as if it had not been there"
        );
        assert_eq!(versions[1].changes, []);
        let updated = [
            ("/a~1b/x".to_owned(), Some(json!(1)), Some(json!(2))),
            ("/list".to_owned(), Some(json!([1])), Some(json!([2]))),
            ("/gone".to_owned(), Some(json!(null)), None),
        ];
        assert_eq!(told(&versions[2]), updated);
        assert_eq!(versions[3].changes.len(), 4);
    }

    #[test]
    fn what_is_not_known_is_not_told() {
        let alone = history(vec![version(2, Action::Updated, Some(json!({ "id": "1" })))]);
        assert_eq!(alone[0].changes, [], "nobody knows what was before");
        let pruned = history(vec![version(2, Action::Added, None)]);
        assert_eq!(pruned[0].changes, []);
    }
}
