//! The leaves of many documents, each different one kept once, under a number.

use super::{MAX_PATHS, SHOWN};
use crate::{configuration::below, sealed};
use hashbrown::{HashTable, hash_table::Entry};
use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};
use std::{
    borrow::Cow,
    fmt,
    hash::{BuildHasher, RandomState},
};

/// A path and the value there.
#[derive(Debug, Default)]
pub(super) struct Leaf {
    /// Number of the path.
    pub(super) path: u32,
    /// Documents that have it.
    uses: u32,
    /// The value as JSON text; of a long one the beginning.
    pub(super) text: Box<str>,
    /// It is the beginning, with a hash of the whole behind it.
    pub(super) is_cut: bool,
}

impl Leaf {
    /// Whether any document has it.
    pub(super) fn is_used(&self) -> bool {
        self.uses > 0
    }

    /// The value; of a long one a text with its beginning.
    pub(super) fn shown(&self) -> Value {
        if !self.is_cut {
            return serde_json::from_str(&self.text).unwrap_or_default();
        }
        let end = self.text.rfind(CUT).unwrap_or(self.text.len());
        format!("{}{CUT}", &self.text[..end]).into()
    }

    /// The type as JSON Schema calls it, as an index of [`TYPES`].
    pub(super) fn type_index(&self) -> usize {
        match self.text.as_bytes().first() {
            Some(b'[') => 0,
            Some(b't' | b'f') => 1,
            Some(b'n') | None => 2,
            Some(b'{') => 4,
            Some(b'"') => 5,
            Some(_) => 3,
        }
    }
}

/// The types of JSON Schema, in order.
pub(super) const TYPES: [&str; 6] = ["array", "boolean", "null", "number", "object", "string"];

/// [`sealed::MASK`] as JSON.
const MASKED: &str = "\"********\"";

/// Stands between the beginning of a long value and its hash.
const CUT: char = '…';

#[derive(Debug, Default)]
struct Path {
    text: Box<str>,
    /// Leaves at it.
    uses: u32,
}

/// Paths and leaves by their numbers. The number of what nobody has any more is given to the next one.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    hasher: RandomState,
    paths: Vec<Path>,
    paths_by_text: HashTable<u32>,
    free_paths: Vec<u32>,
    /// The leaves by their numbers.
    slots: Vec<Leaf>,
    by_value: HashTable<u32>,
    free: Vec<u32>,
    /// Bytes of all texts.
    text_bytes: usize,
}

impl Leaves {
    /// Notes the leaves of one more document (JSON text): their numbers, and whether some were left out because there are
    /// too many paths.
    pub(super) fn add(&mut self, document: &str) -> (Box<[u32]>, bool) {
        let mut walk =
            Walk { leaves: self, path: String::with_capacity(64), found: Vec::new(), is_cut: false };
        walk.object(document);
        (walk.found.into_boxed_slice(), walk.is_cut)
    }

    /// Forgets the leaves of a document.
    pub(super) fn remove(&mut self, leaves: &[u32]) {
        for &number in leaves {
            let leaf = &mut self.slots[number as usize];
            leaf.uses -= 1;
            if leaf.uses > 0 {
                continue;
            }
            let leaf = std::mem::take(leaf);
            let hash = self.hasher.hash_one((leaf.path, &leaf.text));
            if let Ok(entry) = self.by_value.find_entry(hash, |&other| other == number) {
                entry.remove();
            }
            self.free.push(number);
            self.text_bytes -= leaf.text.len();
            self.leave_path(leaf.path);
        }
    }

    /// Notes one more use of a path: its number, or `None` where there are too many.
    pub(super) fn use_path(&mut self, text: &str) -> Option<u32> {
        let number = self.path_number(text)?;
        self.paths[number as usize].uses += 1;
        Some(number)
    }

    /// Takes back [`Leaves::use_path`].
    pub(super) fn leave_path(&mut self, number: u32) {
        let path = &mut self.paths[number as usize];
        path.uses -= 1;
        if path.uses == 0 {
            let path = std::mem::take(path);
            if let Ok(entry) =
                self.paths_by_text.find_entry(self.hasher.hash_one(&path.text), |&other| other == number)
            {
                entry.remove();
            }
            self.free_paths.push(number);
        }
    }

    /// How many numbers of leaves there are, and of paths.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.slots.len(), self.paths.len())
    }

    pub(super) fn leaf(&self, number: u32) -> &Leaf {
        &self.slots[number as usize]
    }

    /// JSON pointer of the path with this number.
    pub(super) fn path(&self, number: u32) -> &str {
        &self.paths[number as usize].text
    }

    /// All leaves by their numbers; those that nobody has are empty.
    pub(super) fn all(&self) -> &[Leaf] {
        &self.slots
    }

    /// Memory that they take, in bytes, roughly.
    pub(super) fn bytes(&self) -> usize {
        // A small allocation costs some more than it holds.
        self.text_bytes + self.slots.len() * (size_of::<Leaf>() + 24) + self.paths.len() * 150
    }

    /// The number of a path; `None` where there are too many.
    fn path_number(&mut self, text: &str) -> Option<u32> {
        let Self { hasher, paths, paths_by_text, free_paths, .. } = self;
        let hash = hasher.hash_one(text);
        let is_same = |&number: &u32| *paths[number as usize].text == *text;
        if let Some(&number) = paths_by_text.find(hash, is_same) {
            return Some(number);
        }
        let path = Path { text: text.into(), uses: 0 };
        let number = match free_paths.pop() {
            Some(free) => {
                paths[free as usize] = path;
                free
            }
            None if paths.len() >= MAX_PATHS => return None,
            None => {
                paths.push(path);
                paths.len() as u32 - 1
            }
        };
        paths_by_text.insert_unique(hash, number, |&other| hasher.hash_one(&paths[other as usize].text));
        Some(number)
    }

    /// The number of the leaf with this value at this path, which one more document has.
    fn leaf_number(&mut self, path: u32, value: &str) -> u32 {
        let Self { hasher, paths, slots, by_value, free, text_bytes, .. } = self;
        let is_cut = value.len() > SHOWN;
        let text = if is_cut { Cow::Owned(cut(value)) } else { Cow::Borrowed(value) };
        let hash = hasher.hash_one((path, &*text));
        let is_same = |&number: &u32| {
            let leaf: &Leaf = &slots[number as usize];
            leaf.path == path && *leaf.text == *text && leaf.is_cut == is_cut
        };
        let rehash = |&number: &u32| {
            let leaf: &Leaf = &slots[number as usize];
            hasher.hash_one((leaf.path, &*leaf.text))
        };
        match by_value.entry(hash, is_same, rehash) {
            Entry::Occupied(known) => {
                let number = *known.get();
                slots[number as usize].uses += 1;
                number
            }
            Entry::Vacant(new) => {
                paths[path as usize].uses += 1;
                *text_bytes += text.len();
                let number = free.pop().unwrap_or(slots.len() as u32);
                new.insert(number);
                let leaf = Leaf { path, uses: 1, text: text.into(), is_cut };
                match slots.get_mut(number as usize) {
                    Some(free) => *free = leaf,
                    None => slots.push(leaf),
                }
                number
            }
        }
    }
}

/// The beginning of a long value and a hash of all of it, which tells it from others that begin so.
fn cut(value: &str) -> String {
    format!("{}{CUT}{}", &value[..value.floor_char_boundary(SHOWN)], blake3::hash(value.as_bytes()).to_hex())
}

/// The walk through one document, straight from its text: no tree of values is made.
struct Walk<'l> {
    leaves: &'l mut Leaves,
    /// JSON pointer to where it is.
    path: String,
    found: Vec<u32>,
    is_cut: bool,
}

impl Walk<'_> {
    fn object(&mut self, text: &str) {
        let mut reader = serde_json::Deserializer::from_str(text);
        // What the database holds is an object; anything else has no members.
        let _ = reader.deserialize_map(Members(self));
    }

    fn member(&mut self, key: &str, text: &str) {
        let outside = self.path.len();
        self.path = below(&std::mem::take(&mut self.path), key);
        let text = if sealed::is_token_text(text) { MASKED } else { text };
        let is_empty = || text[1..].trim_start().starts_with('}');
        if text.starts_with('{') && !is_empty() {
            self.object(text);
        } else {
            match self.leaves.path_number(&self.path) {
                Some(path) => self.found.push(self.leaves.leaf_number(path, text)),
                None => self.is_cut = true,
            }
        }
        self.path.truncate(outside);
    }
}

struct Members<'w, 'l>(&'w mut Walk<'l>);

impl<'de> Visitor<'de> for Members<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some((key, value)) = members.next_entry::<Key<'de>, &'de RawValue>()? {
            self.0.member(&key.0, value.get());
        }
        Ok(())
    }
}

/// A key, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
