//! Time as the product keeps it: microseconds since 1970, in UTC. Cursors and record times need that precision.

use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// A point in time, in microseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From whole milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000)
    }

    /// Whole milliseconds since the epoch, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This much later, saturating.
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This much earlier, saturating.
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long it is from `earlier` to here; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The last whole `step` since the epoch: with an hour, when the hour began.
    pub fn floor(self, step: Duration) -> Self {
        let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX).max(1);
        Self(self.0 - self.0.rem_euclid(step))
    }

    fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// `2026-11-22T07:50:19.123456+00:00`: how lists and records show a time (http-api.md §18.9).
    pub fn micros_offset(self) -> String {
        self.jiff().strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
    }

    /// `2026-11-22T07:50:19.123+00:00`: how reading one connection shows a time.
    pub fn millis_offset(self) -> String {
        self.jiff().strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string()
    }

    /// `2026-11-22T07:50:19.123Z`: as JavaScript's `toISOString`.
    pub fn millis_zulu(self) -> String {
        self.jiff().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }

    /// Reads RFC 3339 with any offset and any precision (cut to microseconds). `None` where it is not a time.
    pub fn parse(text: &str) -> Option<Self> {
        text.trim().parse::<jiff::Timestamp>().ok().map(|time| Self(time.as_microsecond()))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.micros_offset())
    }
}

/// Tells the time. The one implementation that reads the system's clock is in `server`; tests step their own.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Reads a duration that a person wrote: `30s`, `15m`, `24h`, `1h 30m`. `None` where it is not one, or zero.
pub fn parse_duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text.trim()).ok().filter(|duration| !duration.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_prints_as_each_endpoint_wants_it_and_parses_back() {
        let time = Timestamp(1_700_000_000_123_456);
        assert_eq!(time.micros_offset(), "2023-11-14T22:13:20.123456+00:00");
        assert_eq!(time.millis_offset(), "2023-11-14T22:13:20.123+00:00");
        assert_eq!(time.millis_zulu(), "2023-11-14T22:13:20.123Z");
        assert_eq!(Timestamp::parse(&time.micros_offset()), Some(time));
        assert_eq!(Timestamp::parse("2023-11-15T00:13:20.123456+02:00"), Some(time));
        assert_eq!(Timestamp::parse("yesterday"), None);
    }
}
