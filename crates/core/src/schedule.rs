//! How often a sync runs: the frequency grammar of functions.md §5 and the next slot.

use crate::time::Timestamp;
use std::time::Duration;

/// The shortest interval allowed.
pub const MINIMUM: Duration = Duration::from_secs(30);

const DAY: u64 = 86_400;

/// Why a frequency is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not in the grammar.
    #[error(
        "`{0}` is not a frequency: write for example `every 5 minutes`, `every hour`, `every half day` or `1d`"
    )]
    Unreadable(String),
    /// Below [`MINIMUM`].
    #[error("`{0}` is shorter than the minimum of 30 seconds")]
    TooShort(String),
}

/// How often a sync runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frequency {
    /// The time between two slots.
    pub interval: Duration,
    /// The normalised text that the API shows, e.g. `30m`, `1d`, `5 minutes` (http-api.md §10.4).
    pub text: String,
}

impl Frequency {
    /// Reads `every half hour`, `every 5 minutes`, `1.5h`-free integer amounts, `hour`, `week`, `month` (30 days), ….
    pub fn parse(text: &str) -> Result<Self, Error> {
        let unreadable = || Error::Unreadable(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        let rest = lower.strip_prefix("every ").unwrap_or(&lower).trim();
        let (interval, shown) = match rest {
            "half day" => (Duration::from_secs(DAY / 2), "12h"),
            "half hour" => (Duration::from_secs(1_800), "30m"),
            "quarter hour" => (Duration::from_secs(900), "15m"),
            "hour" => (Duration::from_secs(3_600), "1h"),
            "day" => (Duration::from_secs(DAY), "1d"),
            "week" => (Duration::from_secs(7 * DAY), "1w"),
            "month" => (Duration::from_secs(30 * DAY), "30d"),
            "minute" | "min" | "m" => (Duration::from_secs(60), rest),
            _ => (humantime::parse_duration(rest).map_err(|_| unreadable())?, rest),
        };
        if interval < MINIMUM {
            return Err(Error::TooShort(text.to_owned()));
        }
        Ok(Self { interval, text: shown.to_owned() })
    }

    /// The first slot after `now` on the grid that starts at `anchor`: slots missed meanwhile are skipped.
    pub fn next_after(&self, anchor: Timestamp, now: Timestamp) -> Timestamp {
        let step = i64::try_from(self.interval.as_micros()).unwrap_or(i64::MAX).max(1);
        if now < anchor {
            return anchor;
        }
        let passed = (now.0 - anchor.0) / step + 1;
        Timestamp(anchor.0.saturating_add(passed.saturating_mul(step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_of_the_contract_is_read() {
        for (text, seconds, shown) in [
            ("every half day", 43_200, "12h"),
            ("every half hour", 1_800, "30m"),
            ("every quarter hour", 900, "15m"),
            ("every hour", 3_600, "1h"),
            ("hour", 3_600, "1h"),
            ("every day", 86_400, "1d"),
            ("every week", 604_800, "1w"),
            ("every month", 2_592_000, "30d"),
            ("every 5 minutes", 300, "5 minutes"),
            ("every 1h", 3_600, "1h"),
            ("every 6min", 360, "6min"),
            ("every 5m", 300, "5m"),
            ("Every 6 hours", 21_600, "6 hours"),
            ("30s", 30, "30s"),
            ("every 2 days", 172_800, "2 days"),
            ("every minute", 60, "minute"),
        ] {
            let frequency = Frequency::parse(text).unwrap();
            assert_eq!((frequency.interval.as_secs(), frequency.text.as_str()), (seconds, shown), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_frequency_says_so() {
        assert!(matches!(Frequency::parse("every 10 seconds"), Err(Error::TooShort(_))));
        assert!(matches!(Frequency::parse("now and then"), Err(Error::Unreadable(_))));
        assert!(matches!(Frequency::parse(""), Err(Error::Unreadable(_))));
        assert!(matches!(Frequency::parse("* * * * *"), Err(Error::Unreadable(_))));
    }

    #[test]
    fn missed_slots_are_skipped() {
        let hourly = Frequency::parse("every hour").unwrap();
        let hour = 3_600_000_000;
        assert_eq!(hourly.next_after(Timestamp(0), Timestamp(0)), Timestamp(hour));
        assert_eq!(hourly.next_after(Timestamp(0), Timestamp(hour - 1)), Timestamp(hour));
        assert_eq!(hourly.next_after(Timestamp(0), Timestamp(hour)), Timestamp(2 * hour));
        assert_eq!(hourly.next_after(Timestamp(0), Timestamp(hour * 7 / 2)), Timestamp(4 * hour));
        assert_eq!(hourly.next_after(Timestamp(50), Timestamp(0)), Timestamp(50));
    }
}
