//! What batches would do to stored records, without writing any: the same rules as the store's statements, over what
//! was read of it. Dry runs and previews count with it, so that their numbers are those of a real run.

use super::{NewRecord, content_hash, merge};
use crate::sync::Counts;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// The id in the provider's system.
    pub external_id: String,
    /// Hash of the content.
    pub hash: [u8; 16],
    /// JSON text; `None` where it was pruned.
    pub payload: Option<String>,
    /// Whether it is marked as deleted.
    pub deleted: bool,
}

/// A record that differs from what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// The id in the provider's system.
    pub external_id: &'a str,
    /// What became of it.
    pub kind: ChangeKind,
    /// The stored content; `None` where there was none, or it was pruned.
    pub before: Option<&'a str>,
    /// The content that it would have; `None` where it is removed.
    pub after: Option<&'a str>,
}

/// What became of a record, from the first batch to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It was not there, or was deleted.
    Added,
    /// Its content differs.
    Changed,
    /// It is deleted.
    Removed,
}

/// The records of one set that batches have touched: as they are stored, and as they would be.
#[derive(Debug, Default)]
pub struct Overlay {
    slots: HashMap<String, Slot>,
    /// Ids in the order in which they were touched first.
    order: Vec<String>,
    bytes: usize,
    /// Counts what batches touch.
    touches: u64,
}

#[derive(Debug)]
struct Slot {
    before: Option<StoredRecord>,
    now: Option<StoredRecord>,
    /// The touch at which a batch saved, updated or deleted it last; 0 where it was read only.
    seen: u64,
}

impl Overlay {
    /// Those of `ids` of which it is not known how they are stored.
    pub fn unknown<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Vec<String> {
        ids.filter(|id| !self.slots.contains_key(*id)).map(str::to_owned).collect()
    }

    /// Takes what is stored of `ids`, which were unknown; those that `stored` lacks are not there.
    pub fn learn(&mut self, ids: Vec<String>, stored: Vec<StoredRecord>) {
        let mut stored: HashMap<String, StoredRecord> =
            stored.into_iter().map(|record| (record.external_id.clone(), record)).collect();
        for id in ids {
            let before = stored.remove(&id);
            self.bytes += before.as_ref().and_then(|record| record.payload.as_ref()).map_or(0, String::len);
            let slot = Slot { now: before.clone(), before, seen: 0 };
            self.order.push(id.clone());
            self.slots.insert(id, slot);
        }
    }

    /// Bytes of the contents that are held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What saving `records` does. Every id must be known.
    pub fn save(&mut self, records: Vec<NewRecord>) -> Counts {
        let mut counts = Counts::default();
        for NewRecord { external_id, hash, payload } in records {
            let Some(slot) = self.slots.get_mut(&external_id) else { continue };
            self.touches += 1;
            slot.seen = self.touches;
            match &slot.now {
                Some(now) if !now.deleted && now.hash == hash => counts.unchanged += 1,
                Some(now) if !now.deleted => counts.updated += 1,
                Some(_) | None => counts.added += 1,
            }
            self.bytes += payload.len();
            slot.now = Some(StoredRecord { external_id, hash, payload: Some(payload), deleted: false });
        }
        counts
    }

    /// What merging `parts` does: what is not there, is deleted or pruned, is skipped. Every id must be known.
    pub fn update(&mut self, parts: &[NewRecord]) -> Counts {
        let mut counts = Counts::default();
        for part in parts {
            let Some(slot) = self.slots.get_mut(&part.external_id) else { continue };
            let Some(now) = slot.now.as_mut().filter(|now| !now.deleted) else { continue };
            let merged = now.payload.as_deref().and_then(|payload| merge(payload, &part.payload));
            let Some((payload, hash)) = merged.and_then(|text| content_hash(&text).map(|hash| (text, hash)))
            else {
                continue;
            };
            self.touches += 1;
            slot.seen = self.touches;
            if hash == now.hash {
                counts.unchanged += 1;
                continue;
            }
            counts.updated += 1;
            self.bytes += payload.len();
            (now.hash, now.payload) = (hash, Some(payload));
        }
        counts
    }

    /// What deleting the records with `ids` does: what is not there or is deleted already is skipped. Every id must be
    /// known.
    pub fn delete<'a>(&mut self, ids: impl IntoIterator<Item = &'a str>) -> Counts {
        let mut counts = Counts::default();
        for id in ids {
            let Some(slot) = self.slots.get_mut(id) else { continue };
            self.touches += 1;
            slot.seen = self.touches;
            if let Some(now) = slot.now.as_mut().filter(|now| !now.deleted) {
                now.deleted = true;
                counts.deleted += 1;
            }
        }
        counts
    }

    /// The record as it would be now: `None` where it is not known, `Some(None)` where it is not there.
    pub fn get(&self, id: &str) -> Option<Option<&StoredRecord>> {
        self.slots.get(id).map(|slot| slot.now.as_ref())
    }

    /// Whether a batch named the record.
    pub fn has_seen(&self, id: &str) -> bool {
        self.has_seen_since(id, 0)
    }

    /// The place of now among the touches, for [`Overlay::has_seen_since`].
    pub fn mark(&self) -> u64 {
        self.touches
    }

    /// Whether a batch named the record after `mark`.
    pub fn has_seen_since(&self, id: &str, mark: u64) -> bool {
        self.slots.get(id).is_some_and(|slot| slot.seen > mark)
    }

    /// Whether the record is stored, deleted or not.
    pub fn was_stored(&self, id: &str) -> bool {
        self.slots.get(id).is_some_and(|slot| slot.before.is_some())
    }

    /// The records as they would be now, those that are deleted too, in the order in which they were touched first.
    pub fn records(&self) -> impl Iterator<Item = &StoredRecord> {
        self.order.iter().filter_map(|id| self.slots.get(id)?.now.as_ref())
    }

    /// What differs from what is stored, in the order in which it was touched first.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.order.iter().filter_map(|id| {
            let Slot { before, now, .. } = self.slots.get(id)?;
            let live =
                |record: &'_ Option<StoredRecord>| record.as_ref().is_some_and(|record| !record.deleted);
            let kind = match (live(before), live(now)) {
                (false, true) => ChangeKind::Added,
                (true, false) => ChangeKind::Removed,
                (true, true) if before.as_ref()?.hash != now.as_ref()?.hash => ChangeKind::Changed,
                _ => return None,
            };
            Some(Change {
                external_id: id,
                kind,
                before: before
                    .as_ref()
                    .filter(|_| kind != ChangeKind::Added)
                    .and_then(|record| record.payload.as_deref()),
                after: now
                    .as_ref()
                    .filter(|_| kind != ChangeKind::Removed)
                    .and_then(|record| record.payload.as_deref()),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::read_batch;

    fn batch(json: &str) -> Vec<NewRecord> {
        read_batch(json.as_bytes()).unwrap()
    }

    fn stored(json: &str, deleted: bool) -> StoredRecord {
        let NewRecord { external_id, hash, payload } = batch(&format!("[{json}]")).remove(0);
        StoredRecord { external_id, hash, payload: Some(payload), deleted }
    }

    fn counts(added: u64, updated: u64, deleted: u64, unchanged: u64) -> Counts {
        Counts { added, updated, deleted, unchanged }
    }

    #[test]
    fn batches_count_as_they_would_in_the_store() {
        let mut overlay = Overlay::default();
        let ids = ["1", "2", "3", "4"].map(str::to_owned).to_vec();
        assert_eq!(overlay.unknown(ids.iter().map(String::as_str)), ids);
        let known = vec![
            stored(r#"{"id":"1","v":1}"#, false),
            stored(r#"{"id":"2","v":2}"#, false),
            stored(r#"{"id":"3","v":3}"#, true),
        ];
        overlay.learn(ids, known);
        assert_eq!(overlay.unknown(["4", "5"].into_iter()), ["5"]);

        let saved =
            overlay.save(batch(r#"[{"v":1,"id":"1"},{"id":"2","v":20},{"id":"3","v":3},{"id":"4"}]"#));
        assert_eq!(saved, counts(2, 1, 0, 1), "a deleted record that comes back is added");
        assert_eq!(overlay.save(batch(r#"[{"id":"4","w":1}]"#)), counts(0, 1, 0, 0), "added a batch before");
        assert_eq!(overlay.update(&batch(r#"[{"id":"4","w":1},{"id":"1","x":9}]"#)), counts(0, 1, 0, 1));
        assert_eq!(overlay.delete(["2", "2", "none"]), counts(0, 0, 1, 0));
        assert_eq!(overlay.update(&batch(r#"[{"id":"2","x":9}]"#)), counts(0, 0, 0, 0));

        let changes: Vec<_> = overlay.changes().collect();
        let kinds: Vec<_> = changes.iter().map(|change| (change.external_id, change.kind)).collect();
        let expected = [
            ("1", ChangeKind::Changed),
            ("2", ChangeKind::Removed),
            ("3", ChangeKind::Added),
            ("4", ChangeKind::Added),
        ];
        assert_eq!(kinds, expected);
        assert_eq!(changes[0].before, Some(r#"{"id":"1","v":1}"#));
        assert_eq!(changes[0].after, Some(r#"{"v":1,"id":"1","x":9}"#));
        assert_eq!((changes[1].before, changes[1].after), (Some(r#"{"id":"2","v":2}"#), None));
        assert_eq!(changes[3].before, None);
    }

    #[test]
    fn what_comes_back_to_what_it_was_is_no_change() {
        let mut overlay = Overlay::default();
        overlay.learn(vec!["1".to_owned(), "2".to_owned()], vec![stored(r#"{"id":"1","v":1}"#, false)]);
        overlay.save(batch(r#"[{"id":"1","v":2},{"id":"2"}]"#));
        overlay.save(batch(r#"[{"id":"1","v":1}]"#));
        overlay.delete(["2"]);
        assert_eq!(overlay.changes().count(), 0);
        assert!(overlay.has_seen("1") && !overlay.has_seen("3"));
    }
}
