//! What a function may use: the limits that its author declares, their ranges, and what holds where none are declared.

use crate::function::FunctionKind;
use serde_json::{Map, Value};
use std::time::Duration;

const MIB: u64 = 1 << 20;
/// The least and the most memory that a function can ask for, in bytes.
pub const MEMORY: [u64; 2] = [16 * MIB, 1024 * MIB];
/// The most runs of an action at once for one connection.
pub const MAX_CONCURRENCY: u64 = 100;
/// How often a failed run can be tried again at most.
pub const MAX_ATTEMPTS: u64 = 10;
/// The wait before the first retry where the function states none.
pub const BACKOFF: Duration = Duration::from_secs(3);
/// The shortest and the longest first wait that a function can ask for.
pub const BACKOFF_RANGE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3_600)];
/// The longest wait that doubling leads to; a longer first wait stays as it is.
pub const MAX_BACKOFF: Duration = Duration::from_secs(600);

/// What a function declared; `None` leaves it to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Time from a run's start to its end.
    pub timeout: Option<Duration>,
    /// Bytes of a run's memory.
    pub memory: Option<u64>,
    /// Actions: runs at once for one connection.
    pub concurrency: Option<u32>,
    /// What happens after a failure.
    pub retries: Option<Retries>,
}

/// How failed runs are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often after the first time.
    pub attempts: u32,
    /// The wait before the first of them; doubled each time, up to [`MAX_BACKOFF`].
    pub backoff: Duration,
}

impl Retries {
    /// The wait before the try that follows the one with this number, from 0.
    pub fn wait(self, attempt: u32) -> Duration {
        self.backoff.saturating_mul(2_u32.saturating_pow(attempt)).min(MAX_BACKOFF.max(self.backoff))
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 0, backoff: BACKOFF }
    }
}

/// A limit that cannot be: which, and what it may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", field.join("."))]
pub struct Problem {
    /// The keys that lead to it, `limits` first.
    pub field: Vec<&'static str>,
    /// What it must be, with the allowed range.
    pub message: String,
}

/// The shortest and the longest time that a function of this kind can ask for.
pub const fn timeout_range(kind: FunctionKind) -> [Duration; 2] {
    let longest = match kind {
        FunctionKind::Sync => 24 * 3_600,
        FunctionKind::Action => 3_600,
        FunctionKind::OnEvent | FunctionKind::Config => 1_800,
    };
    [Duration::from_secs(1), Duration::from_secs(longest)]
}

impl Limits {
    /// Reads what a function of `kind` declared: `{timeout, memory, concurrency, retries: {attempts, backoff}}`.
    ///
    /// Times are texts such as `30s` or `10 minutes`, memory is a text such as `256MB`.
    pub fn read(declared: &Value, kind: FunctionKind) -> Result<Self, Problem> {
        let known = ["timeout", "memory", "concurrency", "retries"];
        let fields = object(declared, &["limits"], &known)?;
        let mut limits = Self::default();
        if let Some(value) = given(fields, "timeout") {
            limits.timeout = Some(time(value, vec!["limits", "timeout"], timeout_range(kind))?);
        }
        if let Some(value) = given(fields, "memory") {
            limits.memory = Some(memory(value)?);
        }
        if let Some(value) = given(fields, "concurrency") {
            let field = vec!["limits", "concurrency"];
            if kind != FunctionKind::Action {
                let message = match kind {
                    FunctionKind::Sync => "Only actions have it: a sync runs once at a time for a connection",
                    _ => "Only actions have it",
                };
                return Err(Problem { field, message: message.to_owned() });
            }
            limits.concurrency = Some(count(value, field, 1, MAX_CONCURRENCY)?);
        }
        if let Some(value) = given(fields, "retries") {
            let fields = object(value, &["limits", "retries"], &["attempts", "backoff"])?;
            let attempts = given(fields, "attempts").unwrap_or(&Value::Null);
            let attempts = count(attempts, vec!["limits", "retries", "attempts"], 0, MAX_ATTEMPTS)?;
            let backoff = match given(fields, "backoff") {
                Some(value) => time(value, vec!["limits", "retries", "backoff"], BACKOFF_RANGE)?,
                None => BACKOFF,
            };
            limits.retries = Some(Retries { attempts, backoff });
        }
        Ok(limits)
    }
}

fn given<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn object<'a>(
    value: &'a Value,
    field: &[&'static str],
    known: &[&'static str],
) -> Result<&'a Map<String, Value>, Problem> {
    let problem = |message: String| Problem { field: field.to_vec(), message };
    let fields =
        value.as_object().ok_or_else(|| problem(format!("Must be an object with {}", known.join(", "))))?;
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        Some(unknown) => Err(problem(format!("`{unknown}` is not known; there are {}", known.join(", ")))),
        None => Ok(fields),
    }
}

fn count(value: &Value, field: Vec<&'static str>, least: u64, most: u64) -> Result<u32, Problem> {
    let number = value.as_u64().filter(|number| (least..=most).contains(number));
    let number = number.and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| Problem { field, message: format!("Must be a whole number from {least} to {most}") })
}

fn time(value: &Value, field: Vec<&'static str>, [least, most]: [Duration; 2]) -> Result<Duration, Problem> {
    let parsed = value.as_str().and_then(|text| humantime::parse_duration(text.trim()).ok());
    parsed.filter(|time| (least..=most).contains(time)).ok_or_else(|| {
        let (least, most) = (humantime::format_duration(least), humantime::format_duration(most));
        Problem {
            field,
            message: format!("Must be a text such as `30s` or `10 minutes`, from {least} to {most}"),
        }
    })
}

fn memory(value: &Value) -> Result<u64, Problem> {
    let [least, most] = MEMORY;
    let text = value.as_str().unwrap_or_default().trim();
    let number = ["MiB", "MB"].iter().find_map(|unit| text.strip_suffix(unit));
    let bytes = number.and_then(|number| number.trim_end().parse::<u64>().ok()?.checked_mul(MIB));
    bytes.filter(|bytes| (least..=most).contains(bytes)).ok_or_else(|| Problem {
        field: vec!["limits", "memory"],
        message: format!("Must be a text such as `256MB`, from {}MB to {}MB", least / MIB, most / MIB),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn limits_are_read() {
        let declared = json!({ "timeout": "10 minutes", "memory": "512MB", "concurrency": 2, "retries": { "attempts": 3, "backoff": "10s" } });
        let limits = Limits::read(&declared, FunctionKind::Action).unwrap();
        let retries = Retries { attempts: 3, backoff: Duration::from_secs(10) };
        assert_eq!(
            limits,
            Limits {
                timeout: Some(Duration::from_secs(600)),
                memory: Some(512 << 20),
                concurrency: Some(2),
                retries: Some(retries),
            }
        );
        assert_eq!(Limits::read(&json!({}), FunctionKind::Sync), Ok(Limits::default()));
        let waits: Vec<u64> = (0..8).map(|attempt| retries.wait(attempt).as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 600, 600]);
    }

    #[test]
    fn a_limit_out_of_range_names_its_field_and_the_range() {
        use FunctionKind::{Action, OnEvent, Sync};
        for (kind, declared, message) in [
            (
                Sync,
                json!({ "timeout": "25h" }),
                "limits.timeout: Must be a text such as `30s` or `10 minutes`, from 1s to 1day",
            ),
            (Action, json!({ "timeout": "2h" }), "from 1s to 1h"),
            (OnEvent, json!({ "timeout": 60 }), "from 1s to 30m"),
            (Action, json!({ "timeout": "0s" }), "from 1s to 1h"),
            (
                Action,
                json!({ "memory": "2GB" }),
                "limits.memory: Must be a text such as `256MB`, from 16MB to 1024MB",
            ),
            (Action, json!({ "memory": 256 }), "limits.memory"),
            (Action, json!({ "memory": "99999999999999999MB" }), "limits.memory"),
            (Action, json!({ "concurrency": 0 }), "limits.concurrency: Must be a whole number from 1 to 100"),
            (Sync, json!({ "concurrency": 1 }), "limits.concurrency: Only actions have it"),
            (
                Action,
                json!({ "retries": {} }),
                "limits.retries.attempts: Must be a whole number from 0 to 10",
            ),
            (Action, json!({ "retries": { "attempts": -1 } }), "limits.retries.attempts"),
            (
                Action,
                json!({ "retries": { "attempts": 1, "backoff": "2h" } }),
                "limits.retries.backoff: Must be a text such as `30s` or `10 minutes`, from 1s to 1h",
            ),
            (Action, json!({ "retries": 3 }), "limits.retries: Must be an object with attempts, backoff"),
            (Action, json!({ "cpu": "1s" }), "limits: `cpu` is not known"),
            (Action, json!("1s"), "limits: Must be an object"),
        ] {
            let problem = Limits::read(&declared, kind).unwrap_err().to_string();
            assert!(problem.contains(message), "{declared}: {problem}");
        }
    }
}
