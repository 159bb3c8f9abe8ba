//! Lines on their way to the database: a queue with an end.
//!
//! Where the database is behind, the least valuable lines are given up first: what is for looking for faults and requests
//! that succeeded at half of the room, everything else but errors when it is full, and errors and runs only at twice that.
//! What is given up is counted by environment, and the count becomes a line.

use bespoke_core::{
    id::{EnvironmentId, IdSource},
    log::{Level, LogId, LogKind, LogLine, LogOrigin},
    time::Timestamp,
};
use bespoke_store::DirectRun;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// Memory that waiting lines may take, in bytes.
const ROOM: usize = 16 * 1024 * 1024;
/// About what a line takes besides its texts.
const LINE: usize = 256;
/// How many lines and runs one transaction takes.
const BATCH: usize = 1_000;

/// What waits to be written.
pub(super) enum Item {
    Line(LogLine),
    /// A run that was executed without being queued.
    Run(Box<DirectRun>),
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Self::Line(line) => LINE + line.message.len() + line.meta.as_ref().map_or(0, String::len),
            Self::Run(run) => 2 * LINE + run.finish.error.as_ref().map_or(0, String::len),
        }
    }

    /// How much may wait before this one is given up.
    fn room(&self) -> usize {
        match self {
            Self::Line(line) if line.level == Level::Error => 2 * ROOM,
            Self::Line(line) if line.level == Level::Debug => ROOM / 2,
            Self::Line(line) if line.kind == LogKind::Http && line.level == Level::Info => ROOM / 2,
            Self::Line(_) => ROOM,
            Self::Run(_) => 2 * ROOM,
        }
    }

    fn environment(&self) -> EnvironmentId {
        match self {
            Self::Line(line) => line.origin.environment,
            Self::Run(run) => run.run.environment,
        }
    }
}

/// What waits, in order.
pub(super) struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    last: LogId,
    /// Tells this node's lines from another node's of the same microsecond, mostly.
    node: i64,
    given_up: BTreeMap<EnvironmentId, u64>,
    /// How many items were ever accepted.
    pub(super) accepted: u64,
}

impl Queue {
    pub(super) fn new(ids: &IdSource) -> Self {
        Self {
            items: VecDeque::new(),
            bytes: 0,
            last: LogId::MIN,
            node: (ids.next().as_u128() % 1_000) as i64,
            given_up: BTreeMap::new(),
            accepted: 0,
        }
    }

    /// Takes an item, or counts it as given up. A line gets its id here. False where it is the first for which there is no
    /// room.
    pub(super) fn add(&mut self, mut item: Item, now: Timestamp) -> bool {
        let bytes = item.bytes();
        if self.bytes + bytes > item.room() {
            let given_up = self.given_up.entry(item.environment()).or_default();
            *given_up += 1;
            return *given_up > 1;
        }
        if let Item::Line(line) = &mut item {
            self.last = LogId((self.last.0.saturating_add(1)).max(LogId::first_at(now).0 + self.node));
            line.id = self.last;
        }
        self.bytes += bytes;
        self.accepted += 1;
        self.items.push_back(item);
        true
    }

    /// The next items to write, and that some were given up.
    pub(super) fn take(&mut self, now: Timestamp) -> Vec<Item> {
        for (environment, count) in std::mem::take(&mut self.given_up) {
            let origin = LogOrigin::of_environment(environment);
            let line = LogLine {
                id: LogId::MIN,
                origin: Arc::new(origin),
                kind: LogKind::Event,
                level: Level::Error,
                status: None,
                message: format!("{count} lines of the log were not kept: the database was behind"),
                meta: None,
            };
            self.add(Item::Line(line), now);
        }
        let count = self.items.len().min(BATCH);
        let items: Vec<Item> = self.items.drain(..count).collect();
        self.bytes -= items.iter().map(Item::bytes).sum::<usize>();
        items
    }

    /// Puts back what was taken and could not be written.
    pub(super) fn put_back(&mut self, items: Vec<Item>) {
        self.bytes += items.iter().map(Item::bytes).sum::<usize>();
        for item in items.into_iter().rev() {
            self.items.push_front(item);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether there is so much that it should not wait for more.
    pub(super) fn is_long(&self) -> bool {
        self.items.len() >= BATCH
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn line(kind: LogKind, level: Level, length: usize) -> Item {
        let origin = LogOrigin::of_environment(EnvironmentId(1));
        let message = "x".repeat(length);
        let origin = Arc::new(origin);
        Item::Line(LogLine { id: LogId::MIN, origin, kind, level, status: None, message, meta: None })
    }

    #[test]
    fn what_matters_least_is_given_up_first_and_counted() {
        let mut queue = Queue::new(&IdSource::new(|| Uuid::from_u128(7)));
        let now = Timestamp(5);
        let mut add = |kind, level| {
            let before = queue.accepted;
            queue.add(line(kind, level, ROOM / 8), now);
            queue.accepted > before
        };
        for _ in 0..3 {
            assert!(add(LogKind::Http, Level::Info));
        }
        assert!(!add(LogKind::Http, Level::Info) && !add(LogKind::Log, Level::Debug));
        for _ in 0..4 {
            assert!(add(LogKind::Log, Level::Info));
        }
        assert!(!add(LogKind::Log, Level::Warn));
        for _ in 0..8 {
            assert!(add(LogKind::Http, Level::Error));
        }
        assert!(!add(LogKind::Log, Level::Error));
        let items = queue.take(now);
        let Some(Item::Line(last)) = items.last() else { panic!("no line") };
        assert_eq!(last.message, "4 lines of the log were not kept: the database was behind");
        let ids: Vec<_> =
            items.iter().map(|item| if let Item::Line(line) = item { line.id } else { LogId::MIN }).collect();
        assert!(ids.is_sorted() && ids[0].time() == now && ids.len() == 16);
        queue.put_back(items);
        assert_eq!((queue.take(now).len(), queue.bytes), (16, 0));
    }
}
