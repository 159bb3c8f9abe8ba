//! Which records of a set were seen: one bit each, by the number that the store gave the record.

use std::collections::BTreeMap;

/// Numbers in one chunk: a chunk has 4 KiB at most, and a batch touches few of them.
const CHUNK: u64 = 32_768;

/// A set of record numbers. A million records take 125 kB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    /// Bits by chunk, without zeros at the end.
    chunks: BTreeMap<i64, Vec<u8>>,
}

impl Sightings {
    /// What was stored as chunks.
    pub fn from_chunks(chunks: impl IntoIterator<Item = (i64, Vec<u8>)>) -> Self {
        Self { chunks: chunks.into_iter().collect() }
    }

    /// The chunks, to be stored.
    pub fn chunks(&self) -> impl Iterator<Item = (i64, &[u8])> {
        self.chunks.iter().map(|(number, bits)| (*number, bits.as_slice()))
    }

    /// The chunk that a number is in.
    pub fn chunk_of(ordinal: u64) -> i64 {
        i64::try_from(ordinal / CHUNK).unwrap_or(i64::MAX)
    }

    /// Adds a number.
    pub fn insert(&mut self, ordinal: u64) {
        let (byte, bit) = place(ordinal);
        let bits = self.chunks.entry(Self::chunk_of(ordinal)).or_default();
        if bits.len() <= byte {
            bits.resize(byte + 1, 0);
        }
        bits[byte] |= bit;
    }

    /// Whether it has the number.
    pub fn contains(&self, ordinal: u64) -> bool {
        let (byte, bit) = place(ordinal);
        let bits = self.chunks.get(&Self::chunk_of(ordinal));
        bits.and_then(|bits| bits.get(byte)).is_some_and(|bits| bits & bit != 0)
    }

    /// Adds the numbers of a stored chunk. True where that makes none of ours known that was not there.
    pub fn merge(&mut self, chunk: i64, stored: &[u8]) -> bool {
        let bits = self.chunks.entry(chunk).or_default();
        if bits.len() < stored.len() {
            bits.resize(stored.len(), 0);
        }
        let mut nothing_new = true;
        for (index, bits) in bits.iter_mut().enumerate() {
            let stored = stored.get(index).copied().unwrap_or(0);
            nothing_new &= *bits & !stored == 0;
            *bits |= stored;
        }
        nothing_new
    }
}

impl Extend<u64> for Sightings {
    fn extend<I: IntoIterator<Item = u64>>(&mut self, ordinals: I) {
        for ordinal in ordinals {
            self.insert(ordinal);
        }
    }
}

/// Byte and bit within a chunk.
fn place(ordinal: u64) -> (usize, u8) {
    let within = ordinal % CHUNK;
    ((within / 8) as usize, 1 << (within % 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_known_and_nothing_else() {
        let mut seen = Sightings::default();
        seen.extend([0, 7, 8, 32_767, 32_768, 1_000_000]);
        for ordinal in [0, 7, 8, 32_767, 32_768, 1_000_000] {
            assert!(seen.contains(ordinal), "{ordinal}");
        }
        for ordinal in [1, 9, 32_766, 32_769, 999_999, 5_000_000] {
            assert!(!seen.contains(ordinal), "{ordinal}");
        }
        let stored = seen.chunks().map(|(number, bits)| (number, bits.to_vec()));
        assert_eq!(Sightings::from_chunks(stored), seen);
        assert_eq!(seen.chunks().map(|(number, _)| number).collect::<Vec<_>>(), [0, 1, 30]);
    }

    #[test]
    fn merging_tells_whether_there_is_something_to_store() {
        let mut ours = Sightings::default();
        ours.extend([3, 70]);
        let mut theirs = ours.clone();
        theirs.insert(900);
        let (_, bits) = theirs.chunks().next().unwrap();
        assert!(ours.merge(0, bits));
        assert_eq!(ours, theirs);
        ours.insert(5);
        assert!(!ours.merge(0, bits));
    }
}
