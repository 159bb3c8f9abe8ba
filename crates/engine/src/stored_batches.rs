//! Batches of records that are known to be stored exactly as they come: a sync whose source has not changed gives the same
//! bytes in every run, and need not have them read, judged, hashed and compared again.
//!
//! Nothing here is the truth. What is known holds for one time of change of a set, which is compared with the database's at
//! every batch; who changes a record moves that time, on whatever node.

use bespoke_core::{record::BatchHash, time::Timestamp};
use bespoke_store::{RecordSet, StoredBatch};
use quick_cache::{Weighter, sync::Cache};
use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

/// Sets of which something is known.
const SETS: usize = 10_000;
/// Batches that are known, for the cache's own size.
const BATCHES: usize = 20_000;
/// Bytes that all of them may take.
const BATCH_BYTES: u64 = 16 << 20;

/// What is known of sets and batches.
pub(crate) struct StoredBatches {
    sets: Cache<RecordSet, Known>,
    batches: Cache<(RecordSet, BatchHash), Batch, ByBytes>,
    generations: AtomicU64,
}

/// The batches of a generation are stored exactly so while the set's last change is this one.
#[derive(Clone, Copy)]
struct Known {
    last_change: Timestamp,
    generation: u64,
}

#[derive(Clone)]
struct Batch {
    generation: u64,
    /// The numbers of its records: mostly one range.
    numbers: Box<[Range<u64>]>,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<(RecordSet, BatchHash), Batch> for ByBytes {
    fn weight(&self, _: &(RecordSet, BatchHash), batch: &Batch) -> u64 {
        200 + size_of_val(&*batch.numbers) as u64
    }
}

impl Default for StoredBatches {
    fn default() -> Self {
        Self {
            sets: Cache::new(SETS),
            batches: Cache::with_weighter(BATCHES, BATCH_BYTES, ByBytes),
            generations: AtomicU64::new(0),
        }
    }
}

impl StoredBatches {
    /// The numbers of the records of a batch, where it is stored exactly so in the set, whose last change is `last_change`.
    pub(crate) fn get(&self, set: RecordSet, batch: BatchHash, last_change: Timestamp) -> Option<Vec<u64>> {
        let known = self.sets.get(&set.fenced(None)).filter(|known| known.last_change == last_change)?;
        let batch = self.batches.get(&(set.fenced(None), batch))?;
        (batch.generation == known.generation).then(|| batch.numbers.iter().cloned().flatten().collect())
    }

    /// Notes what a save left. `only_adds` says that it changed no record that was there: what was known stays true then.
    pub(crate) fn insert(&self, set: RecordSet, batch: BatchHash, stored: StoredBatch, only_adds: bool) {
        let StoredBatch { before, after, numbers } = stored;
        let known = self.sets.get(&set.fenced(None)).filter(|known| only_adds && known.last_change == before);
        let generation =
            known.map_or_else(|| self.generations.fetch_add(1, Ordering::Relaxed), |known| known.generation);
        self.sets.insert(set.fenced(None), Known { last_change: after, generation });
        self.batches.insert((set.fenced(None), batch), Batch { generation, numbers: ranges(numbers) });
    }
}

/// Numbers as ranges.
fn ranges(mut numbers: Vec<u64>) -> Box<[Range<u64>]> {
    numbers.sort_unstable();
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(last) if last.end == number => last.end += 1,
            _ => ranges.push(number..number + 1),
        }
    }
    ranges.into_boxed_slice()
}
