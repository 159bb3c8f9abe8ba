//! Records: rows that a sync saved. Identity, content hash and cursor.

mod merge;
mod overlay;
mod render;
mod sightings;
mod versions;
pub use merge::merge;
pub use overlay::{Change, ChangeKind, Overlay, StoredRecord};
pub use sightings::Sightings;
pub use versions::{FieldChange, RecordVersion, StoredVersion, history};

use crate::{
    id::{ConnectionId, FunctionId},
    time::Timestamp,
    validation::Mode,
};
use base64::Engine as _;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use uuid::Uuid;

/// The longest external id, in characters.
pub const MAX_ID: usize = 255;

/// The key that the API adds to a record; it is never stored.
pub const METADATA_KEY: &str = "_nango_metadata";

/// Where the row ids of one set of records come from: the same for the same connection, model and variant.
pub fn row_namespace(connection: ConnectionId, model: &str, variant: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("records:{connection}:{model}:{variant}").as_bytes())
}

/// The row id of a record: it stays the same when the record is deleted and comes back.
pub fn row_id(namespace: Uuid, external_id: &str) -> Uuid {
    Uuid::new_v5(&namespace, external_id.as_bytes())
}

/// A record as a function gave it: its id, the hash of its content and its JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// The id in the provider's system: `String(id)`.
    pub external_id: String,
    /// Hash of the content; the same for any key order.
    pub hash: [u8; 16],
    /// JSON text of the object.
    pub payload: String,
}

/// The hash of a batch as it came.
pub type BatchHash = [u8; 32];

/// The hash of a batch's JSON text, with what decides how it is judged.
pub fn batch_hash(function: FunctionId, mode: Mode, json: &[u8]) -> BatchHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&function.0.to_le_bytes());
    hasher.update(mode.as_str().as_bytes());
    hasher.update(b"\n");
    hasher.update(json);
    *hasher.finalize().as_bytes()
}

/// Why a record is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The batch is not a JSON array of objects.
    #[error("records must be an array of objects")]
    NotAList,
    /// No usable `id`.
    #[error(
        "record {index} has no `id`: it must be a text of 1 to {MAX_ID} characters or a number other than 0"
    )]
    MissingId {
        /// Position in the batch, from 0.
        index: usize,
    },
}

/// Reads a batch: the JSON text of an array of records, in order. Where an id comes twice the first one counts.
pub fn read_batch(json: &[u8]) -> Result<Vec<NewRecord>, Error> {
    let rows: Vec<&RawValue> = serde_json::from_slice(json).map_err(|_| Error::NotAList)?;
    let mut seen = std::collections::HashSet::with_capacity(rows.len());
    let mut records = Vec::with_capacity(rows.len());
    for (index, row) in rows.into_iter().enumerate() {
        let record = read(row.get(), index)?;
        if seen.insert(record.external_id.clone()) {
            records.push(record);
        }
    }
    Ok(records)
}

fn read(json: &str, index: usize) -> Result<NewRecord, Error> {
    let mut top = Top::default();
    let mut reader = serde_json::Deserializer::from_str(json);
    let hash = ContentHash { top: Some(&mut top) }.deserialize(&mut reader).map_err(|_| Error::NotAList)?;
    if !top.is_object {
        return Err(Error::NotAList);
    }
    let external_id = top
        .id
        .map(|id| id.replace('\0', ""))
        .filter(|id| !id.is_empty() && id != "0" && id.chars().count() <= MAX_ID)
        .ok_or(Error::MissingId { index })?;
    let payload = if top.has_metadata { without_metadata(json) } else { json.to_owned() };
    Ok(NewRecord { external_id, hash: hash.to_le_bytes(), payload })
}

fn without_metadata(json: &str) -> String {
    let mut object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(json).unwrap_or_default();
    object.shift_remove(METADATA_KEY);
    serde_json::Value::Object(object).to_string()
}

/// The hash of one JSON text, the same for any key order; [`METADATA_KEY`] at the top does not count.
pub fn content_hash(json: &str) -> Option<[u8; 16]> {
    let mut top = Top::default();
    let mut reader = serde_json::Deserializer::from_str(json);
    ContentHash { top: Some(&mut top) }.deserialize(&mut reader).ok().map(u128::to_le_bytes)
}

#[derive(Default)]
struct Top {
    is_object: bool,
    id: Option<String>,
    has_metadata: bool,
}

/// Hashes JSON as it is read, without building it: 128 bits of BLAKE3 per scalar and per object or array. An object's
/// entries are added up, so that their order does not matter; an array's are chained, so that it does.
struct ContentHash<'a> {
    top: Option<&'a mut Top>,
}

fn digest(tag: u8, bytes: &[u8]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[tag]);
    hasher.update(bytes);
    let mut out = [0; 16];
    out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_le_bytes(out)
}

impl<'de> DeserializeSeed<'de> for ContentHash<'_> {
    type Value = u128;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<u128, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ContentHash<'_> {
    type Value = u128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<u128, E> {
        Ok(digest(b'n', b""))
    }

    fn visit_bool<E>(self, value: bool) -> Result<u128, E> {
        Ok(digest(b'b', &[u8::from(value)]))
    }

    fn visit_i64<E>(self, value: i64) -> Result<u128, E> {
        Ok(digest(b'i', &value.to_le_bytes()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<u128, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Ok(digest(b'u', &value.to_le_bytes())),
        }
    }

    fn visit_f64<E>(self, value: f64) -> Result<u128, E> {
        Ok(digest(b'f', &value.to_bits().to_le_bytes()))
    }

    fn visit_str<E>(self, value: &str) -> Result<u128, E> {
        Ok(digest(b's', value.as_bytes()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<u128, A::Error> {
        let mut hasher = blake3::Hasher::new();
        while let Some(item) = items.next_element_seed(ContentHash { top: None })? {
            hasher.update(&item.to_le_bytes());
        }
        Ok(digest(b'a', hasher.finalize().as_bytes()))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<u128, A::Error> {
        if let Some(top) = &mut self.top {
            top.is_object = true;
        }
        let mut sum = 0_u128;
        while let Some(key) = entries.next_key::<std::borrow::Cow<'_, str>>()? {
            let value = match &mut self.top {
                Some(top) if key == METADATA_KEY => {
                    top.has_metadata = true;
                    entries.next_value::<serde::de::IgnoredAny>()?;
                    continue;
                }
                Some(top) if key == "id" => {
                    let raw: &RawValue = entries.next_value()?;
                    top.id = id_text(raw.get());
                    let mut reader = serde_json::Deserializer::from_str(raw.get());
                    ContentHash { top: None }.deserialize(&mut reader).map_err(A::Error::custom)?
                }
                _ => entries.next_value_seed(ContentHash { top: None })?,
            };
            let mut pair = Vec::with_capacity(key.len() + 16);
            pair.extend_from_slice(&value.to_le_bytes());
            pair.extend_from_slice(key.as_bytes());
            sum = sum.wrapping_add(digest(b'p', &pair));
        }
        Ok(digest(b'o', &sum.to_le_bytes()))
    }
}

/// `String(id)` for a JSON text or number; anything else has no id.
fn id_text(json: &str) -> Option<String> {
    match serde_json::from_str(json).ok()? {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => match number.as_f64() {
            // JavaScript has one kind of number: 1.0 and 1 are the same id.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
                Some(format!("{}", float as i64))
            }
            _ => Some(number.to_string()),
        },
        _ => None,
    }
}

/// A place in the order of a record set's changes: (last change, row id), both ascending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// The record's row id.
    pub id: Uuid,
}

impl Cursor {
    /// The text that clients keep: base64 of `<time>||<uuid>` (http-api.md §11.1).
    pub fn encode(self) -> String {
        base64::engine::general_purpose::STANDARD.encode(format!(
            "{}||{}",
            self.updated_at.micros_offset(),
            self.id
        ))
    }

    /// Reads a cursor; `None` where it is not one. Also takes cursors that other servers of this API gave.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()?;
        let (time, id) =
            std::str::from_utf8(&bytes).ok()?.split_once("||").map(|(a, b)| (a.to_owned(), b.to_owned()))?;
        Some(Self { updated_at: Timestamp::parse(&time)?, id: Uuid::parse_str(&id).ok()? })
    }
}

/// A record as it is kept.
#[derive(Clone, Debug)]
pub struct Record {
    /// Row id: stable for (connection, model, external id).
    pub id: Uuid,
    /// The id in the provider's system.
    pub external_id: String,
    /// JSON text of the object; `None` once pruned.
    pub payload: Option<String>,
    /// When it was first saved.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// When its payload was emptied.
    pub pruned_at: Option<Timestamp>,
    /// The metadata revision of the run that last changed it; `None` where nobody asked for it, or it is not known.
    pub metadata_revision: Option<i64>,
}

impl Record {
    /// Its place in the order of changes.
    pub fn cursor(&self) -> Cursor {
        Cursor { updated_at: self.updated_at, id: self.id }
    }

    /// What happened to it last.
    pub fn last_action(&self) -> Action {
        if self.deleted_at.is_some() {
            Action::Deleted
        } else if self.created_at == self.updated_at {
            Action::Added
        } else {
            Action::Updated
        }
    }
}

/// What happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// It is new.
    Added,
    /// Its content changed.
    Updated,
    /// It was deleted.
    Deleted,
}

impl Action {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Updated => "UPDATED",
            Self::Deleted => "DELETED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(json: &str) -> NewRecord {
        read_batch(format!("[{json}]").as_bytes()).unwrap().remove(0)
    }

    #[test]
    fn the_hash_ignores_key_order_and_nothing_else() {
        let first = one(r#"{"id":"1","a":{"x":1,"y":[1,2]},"b":null}"#);
        assert_eq!(first.hash, one(r#"{"b":null,"a":{"y":[1,2],"x":1},"id":"1"}"#).hash);
        for other in [
            r#"{"id":"1","a":{"x":1,"y":[2,1]},"b":null}"#,
            r#"{"id":"1","a":{"x":"1","y":[1,2]},"b":null}"#,
            r#"{"id":"1","a":{"x":1,"y":[1,2]}}"#,
            r#"{"id":"1","a":{"x":1,"y":[1,2],"z":{}},"b":null}"#,
            r#"{"id":"1","a":{"x":1,"y":[[1,2]]},"b":null}"#,
        ] {
            assert_ne!(first.hash, one(other).hash, "{other}");
        }
        assert_eq!(one(r#"{"id":"1","_nango_metadata":{"x":1}}"#).hash, one(r#"{"id":"1"}"#).hash);
        assert_eq!(one(r#"{"id":"1","_nango_metadata":{"x":1},"k":2}"#).payload, r#"{"id":"1","k":2}"#);
    }

    #[test]
    fn ids_are_texts_or_numbers() {
        assert_eq!(one(r#"{"id":42}"#).external_id, "42");
        assert_eq!(one(r#"{"id":42.0}"#).external_id, "42");
        assert_eq!(one(r#"{"id":"a b"}"#).external_id, "a b");
        for bad in [r#"{"id":""}"#, r#"{"id":0}"#, r#"{"id":null}"#, r#"{"name":"x"}"#, r#"{"id":{}}"#] {
            assert_eq!(
                read_batch(format!("[{bad}]").as_bytes()),
                Err(Error::MissingId { index: 0 }),
                "{bad}"
            );
        }
        assert_eq!(read_batch(b"[1]"), Err(Error::NotAList));
        assert_eq!(read_batch(b"{}"), Err(Error::NotAList));
    }

    #[test]
    fn the_first_of_two_records_with_one_id_counts() {
        let records = read_batch(br#"[{"id":1,"v":1},{"id":"1","v":2},{"id":2}]"#).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].payload, r#"{"id":1,"v":1}"#);
    }

    #[test]
    fn a_cursor_survives_its_text() {
        let cursor = Cursor { updated_at: Timestamp(1_700_000_000_123_456), id: Uuid::from_u128(7) };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        assert_eq!(Cursor::decode("nonsense"), None);
    }
}
