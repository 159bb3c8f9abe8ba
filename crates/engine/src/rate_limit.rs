//! How much may be done per minute: a fixed window, as http-api.md §2.4 describes its headers.
//!
//! It protects this node from one runaway client; every node counts for itself.

use bespoke_core::time::Timestamp;
use std::{collections::HashMap, hash::Hash, sync::Mutex};

const WINDOW_SECONDS: i64 = 60;

/// Counts requests for each `K`, such as an environment.
#[derive(Debug)]
pub struct RateLimit<K> {
    per_minute: u32,
    windows: Mutex<HashMap<K, (i64, u32)>>,
}

/// What is left of a window after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests per window.
    pub limit: u32,
    /// Requests left in this window.
    pub remaining: u32,
    /// When the window ends, in seconds since the epoch.
    pub reset: i64,
    /// Whether this request was one too many.
    pub exceeded: bool,
}

impl Allowance {
    /// Seconds until the window ends.
    pub fn wait(&self, now: Timestamp) -> i64 {
        (self.reset - now.as_millis() / 1_000).max(0)
    }
}

impl<K: Eq + Hash> RateLimit<K> {
    /// Allows `per_minute` requests each.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, windows: Mutex::default() }
    }

    /// Counts one request.
    pub fn take(&self, whose: K, now: Timestamp) -> Allowance {
        self.take_many(whose, 1, now)
    }

    /// Counts one request that is worth `many`; a whole window has room for any.
    pub fn take_many(&self, whose: K, many: u32, now: Timestamp) -> Allowance {
        let second = now.as_millis() / 1_000;
        let start = second - second.rem_euclid(WINDOW_SECONDS);
        let mut windows = self.windows.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let window = windows.entry(whose).or_insert((start, 0));
        if window.0 != start {
            *window = (start, 0);
        }
        window.1 = window.1.saturating_add(many.min(self.per_minute));
        let used = window.1;
        Allowance {
            limit: self.per_minute,
            remaining: self.per_minute.saturating_sub(used),
            reset: start + WINDOW_SECONDS,
            exceeded: used > self.per_minute,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_used_up_and_comes_back() {
        let limit = RateLimit::new(2);
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        assert_eq!(limit.take(1, at(61)), Allowance { limit: 2, remaining: 1, reset: 120, exceeded: false });
        assert!(!limit.take(1, at(62)).exceeded);
        assert!(limit.take(1, at(119)).exceeded);
        assert!(!limit.take(2, at(119)).exceeded, "others do not share a window");
        assert_eq!(limit.take(1, at(120)).remaining, 1);
        assert_eq!(limit.take(1, at(121)).wait(at(121)), 59);
        assert!(
            !limit.take_many(3, 9, at(121)).exceeded,
            "one that is larger than a window gets a whole one"
        );
        assert!(limit.take(3, at(122)).exceeded);
    }
}
