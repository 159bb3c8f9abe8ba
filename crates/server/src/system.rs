//! The system's clock and source of ids: the only place that reads them.

use bespoke_core::{
    id::IdSource,
    time::{Clock, Timestamp},
};
use std::time::{SystemTime, UNIX_EPOCH};

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// Random ids (UUID v4) from the system's generator.
#[expect(clippy::disallowed_methods, reason = "the one place that makes random ids")]
pub fn random_ids() -> IdSource {
    IdSource::new(uuid::Uuid::new_v4)
}
