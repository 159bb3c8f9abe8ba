//! How many requests an environment may make per minute: a fixed window, as http-api.md §2.4 describes its headers.
//!
//! It protects this node from one runaway client; every node counts for itself.

use bespoke_core::{id::EnvironmentId, time::Timestamp};
use std::{collections::HashMap, sync::Mutex};

const WINDOW_SECONDS: i64 = 60;

/// Counts requests.
#[derive(Debug)]
pub struct RateLimit {
    per_minute: u32,
    windows: Mutex<HashMap<EnvironmentId, (i64, u32)>>,
}

/// What is left of an environment's window after a request.
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

impl RateLimit {
    /// Allows every environment `per_minute` requests.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, windows: Mutex::default() }
    }

    /// Counts one request.
    pub fn take(&self, environment: EnvironmentId, now: Timestamp) -> Allowance {
        let second = now.as_millis() / 1_000;
        let start = second - second.rem_euclid(WINDOW_SECONDS);
        let mut windows = self.windows.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let window = windows.entry(environment).or_insert((start, 0));
        if window.0 != start {
            *window = (start, 0);
        }
        window.1 = window.1.saturating_add(1);
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
        let (one, other) = (EnvironmentId(1), EnvironmentId(2));
        assert_eq!(
            limit.take(one, at(61)),
            Allowance { limit: 2, remaining: 1, reset: 120, exceeded: false }
        );
        assert!(!limit.take(one, at(62)).exceeded);
        assert!(limit.take(one, at(119)).exceeded);
        assert!(!limit.take(other, at(119)).exceeded, "environments do not share a window");
        assert_eq!(limit.take(one, at(120)).remaining, 1);
    }
}
