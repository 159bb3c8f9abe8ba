//! Lines of the log: what functions say, the requests that are made for customers, how runs end, and what happens on the
//! platform beside them.
//!
//! A line's id is its time: microseconds since 1970 in the upper bits, and ten bits that tell lines of the same moment
//! apart. So one number orders the lines, pages through them and finds those of a time.

use crate::{id::EnvironmentId, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};
use uuid::Uuid;

/// The id of a line. Greater means later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId(pub i64);

impl LogId {
    /// How many lines one microsecond has room for.
    const PER_MICRO: i64 = 1 << 10;

    /// The first id that a line of this time may have.
    pub const fn first_at(time: Timestamp) -> Self {
        Self(time.0.saturating_mul(Self::PER_MICRO))
    }

    /// When the line was written.
    pub const fn time(self) -> Timestamp {
        Timestamp(self.0.div_euclid(Self::PER_MICRO))
    }

    /// Before every line.
    pub const MIN: Self = Self(i64::MIN);
    /// After every line.
    pub const MAX: Self = Self(i64::MAX);
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for LogId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// Every one; the database's CHECK repeats this list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the database and on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or(())
            }
        }
    };
}

words! {
    /// What a line is about.
    LogKind {
        /// A function said something.
        Log "log",
        /// A request was made for a customer.
        Http "http",
        /// A run began or ended.
        Run "run",
        /// Something happened on the platform beside any run: a token was not renewed, a webhook was rejected.
        Event "event",
    }
}

words! {
    /// How much a line matters, least first.
    Level {
        /// For whoever looks for a fault.
        Debug "debug",
        /// All is well.
        Info "info",
        /// It went on, but worse than it should.
        Warn "warn",
        /// Something failed.
        Error "error",
    }
}

impl Level {
    /// This level and all that matter more.
    pub fn and_worse(self) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |level| *level >= self)
    }
}

/// Whose line it is. Lines of one run share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOrigin {
    /// The environment.
    pub environment: EnvironmentId,
    /// The integration's key, as it was then.
    pub provider_config_key: Option<String>,
    /// The connection, as customers name it.
    pub connection_id: Option<String>,
    /// The function's name.
    pub function: Option<String>,
    /// The run.
    pub run: Option<Uuid>,
}

impl LogOrigin {
    /// A line of the environment itself.
    pub const fn of_environment(environment: EnvironmentId) -> Self {
        Self { environment, provider_config_key: None, connection_id: None, function: None, run: None }
    }
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its id, which holds its time.
    pub id: LogId,
    /// Whose it is.
    pub origin: Arc<LogOrigin>,
    /// What it is about.
    pub kind: LogKind,
    /// How much it matters.
    pub level: Level,
    /// The HTTP status of a request that got an answer.
    pub status: Option<u16>,
    /// What it says. For a request: method, a blank, and the URL.
    pub message: String,
    /// What is beside the message, as JSON text. For a request: the JSON of a [`HttpDetail`].
    pub meta: Option<String>,
}

/// What the log keeps of a request besides method, URL and status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpDetail {
    /// From the request until the answer was there, further attempts and waits between them included, in milliseconds.
    pub duration_ms: u64,
    /// How often the provider was asked.
    pub attempts: u32,
    /// Bytes of the request's body, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_bytes: Option<u64>,
    /// Bytes of the answer's body, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_bytes: Option<u64>,
    /// Why there was no answer: `ECONNREFUSED`, ….
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The beginning of the body of an answer that was an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_body: Option<String>,
}

/// How many characters of a word the index keeps.
const WORD: usize = 64;
/// How many different words of a line the index keeps.
const WORDS: usize = 256;

/// The words of texts, as the index has them and as searches look for them: letters and digits between anything else, in
/// lower case, each once. Both databases search in what this gives, so they find the same.
pub fn words<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for text in texts {
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let word: String = word.chars().flat_map(char::to_lowercase).take(WORD).collect();
            // Lower case can bring along marks that are no letters.
            let word: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
            if words.len() < WORDS && !words.contains(&word) {
                words.push(word);
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_holds_its_time() {
        let time = Timestamp(1_767_225_600_000_123);
        let id = LogId::first_at(time);
        assert_eq!(
            (id.time(), LogId(id.0 + 1_023).time(), LogId(id.0 + 1_024).time().0),
            (time, time, time.0 + 1)
        );
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(LogId::first_at(Timestamp(7_000_000_000_000_000)).0 > 0, "enough until the year 2191");
    }

    #[test]
    fn words_are_letters_and_digits_each_once_in_lower_case() {
        let check = |text: &str, expected: &[&str]| assert_eq!(words([text]), expected, "{text}");
        check(
            "GET https://api.x.example/v1/Contacts?page_size=10",
            &["get", "https", "api", "x", "example", "v1", "contacts", "page", "size", "10"],
        );
        check("Grüße, GRÜSSE! grüße", &["grüße", "grüsse"]);
        check("İ 日本語 — \"quoted\" 'x' AND NOT (a*)", &["i", "日本語", "quoted", "x", "and", "not", "a"]);
        check(" ,;", &[]);
    }
}
