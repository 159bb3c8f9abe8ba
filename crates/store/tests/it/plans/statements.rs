//! The statements that went by, from the store's trace events.
//!
//! One recorder for the whole process: where other tests run in it too, their statements are looked at as well, which are
//! those of the same functions.

use bespoke_testkit::database::Database;
use std::{
    collections::BTreeSet,
    sync::{Mutex, Once},
    thread,
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// The texts that SQLite and that PostgreSQL has seen.
static SEEN: [Mutex<BTreeSet<String>>; 2] = [const { Mutex::new(BTreeSet::new()) }; 2];

/// Notes every statement from now on.
pub(super) fn record() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Recorder).unwrap());
}

/// What was noted of this kind of database: what can be planned, and what sessions get, which decides about plans too. Each
/// text once, white space made even.
pub(super) fn of(database: &Database) -> Vec<String> {
    let seen = SEEN[usize::from(database.is_postgres())].lock().unwrap();
    let even = seen.iter().map(|sql| sql.split_whitespace().collect::<Vec<_>>().join(" "));
    even.filter(|sql| {
        let first = sql.split(' ').next().unwrap_or_default();
        matches!(first, "SELECT" | "WITH" | "INSERT" | "UPDATE" | "DELETE")
            || first == "SET" && !sql.starts_with("SET LOCAL")
    })
    .collect()
}

struct Recorder;

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "bespoke_store::sql"
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Note);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Note;

impl Visit for Note {
    fn record_str(&mut self, _: &Field, sql: &str) {
        let is_sqlite = thread::current()
            .name()
            .is_some_and(|name| name.starts_with("store-writer") || name.starts_with("store-reader"));
        let mut seen = SEEN[usize::from(!is_sqlite)].lock().unwrap();
        if !seen.contains(sql) {
            seen.insert(sql.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
