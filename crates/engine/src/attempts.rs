//! How often a secret may be guessed: after a few failures the next attempt has to wait, each time twice as long.
//!
//! Every node counts for itself, for as many names as have room; what is not guessed at any more is forgotten.

use bespoke_core::time::Timestamp;
use quick_cache::sync::Cache;
use std::time::Duration;

/// How many accounts or addresses are remembered at once.
const ROOM: usize = 100_000;
/// The first wait.
const FIRST: Duration = Duration::from_secs(1);

/// Failures by account or by address.
pub(crate) struct Attempts {
    /// Failures that cost nothing.
    free: u32,
    /// The longest wait; failures older than ten of these are forgotten.
    longest: Duration,
    failures: Cache<String, Failures>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Attempts {
    /// Allows `free` failures without waiting, and makes nobody wait longer than `longest`.
    pub(crate) fn new(free: u32, longest: Duration) -> Self {
        Self { free, longest, failures: Cache::new(ROOM) }
    }

    /// How long `whose` has to wait until the next attempt; `None` where they need not.
    pub(crate) fn wait(&self, whose: &str, now: Timestamp) -> Option<Duration> {
        let failures = self.recent(whose, now)?;
        let beyond = failures.count.checked_sub(self.free)?;
        let pause = FIRST.saturating_mul(2_u32.saturating_pow(beyond)).min(self.longest);
        let left = failures.last.after(pause).since(now);
        (!left.is_zero()).then_some(left)
    }

    /// Counts an attempt before it is known how it ends: those that come at once do not pass together.
    pub(crate) fn begin(&self, whose: &str, now: Timestamp) {
        let count = self.recent(whose, now).map_or(0, |failures| failures.count);
        self.failures.insert(whose.to_owned(), Failures { count: count.saturating_add(1), last: now });
    }

    /// Forgets the failures of `whose`: they know the secret.
    pub(crate) fn succeed(&self, whose: &str) {
        self.failures.remove(whose);
    }

    fn recent(&self, whose: &str, now: Timestamp) -> Option<Failures> {
        let failures = self.failures.get(whose)?;
        (now.since(failures.last) < self.longest.saturating_mul(10)).then_some(failures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_wait_until_it_is_known_or_forgotten() {
        let attempts = Attempts::new(3, Duration::from_secs(8));
        let mut now = Timestamp(0);
        let mut waits = Vec::new();
        for _ in 0..9 {
            let wait = attempts.wait("a", now).unwrap_or_default();
            waits.push(wait.as_secs());
            now = now.after(wait);
            attempts.begin("a", now);
        }
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 8, 8]);
        assert_eq!(attempts.wait("b", now), None, "others do not wait");
        assert_eq!(attempts.wait("a", now.after(Duration::from_secs(80))), None, "forgotten");
        attempts.succeed("a");
        assert_eq!(attempts.wait("a", now), None);
    }
}
