//! Which answers of a provider are asked again, and after how long. Functions.md §2.1 has the facts.

use crate::{provider, time::Timestamp};
use regex::Regex;
use serde_json::Value;
use std::time::Duration;

/// The first wait where the provider does not say how long; doubled for each attempt.
const FIRST_WAIT: Duration = Duration::from_secs(3);
/// The longest wait that we choose ourselves.
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// The longest wait that a provider's header can ask for. A header in the wrong unit must not park a request for a year.
const LONGEST_HEADER_WAIT: Duration = Duration::from_hours(24);
/// Epoch values above this are milliseconds: as seconds they would be in the year 5138.
const EPOCH_MILLIS_FROM: f64 = 100_000_000_000.0;

/// What the caller of one request asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// How often to ask again at most; 0 = never.
    pub retries: u32,
    /// Statuses to retry besides those of the rules.
    pub retry_on: Vec<u16>,
    /// Response headers that say *when* (epoch seconds, epoch milliseconds, or a date) the next request may be sent.
    pub at: Vec<String>,
    /// Response headers that say *after how long* (seconds, or a date) it may be sent.
    pub after: Vec<String>,
}

/// A response, as far as retrying looks at it.
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// A header's value by its lower-case name.
    pub header: &'a dyn Fn(&str) -> Option<String>,
    /// The body, read only for providers whose rules look into it.
    pub body: Option<&'a [u8]>,
}

/// Whether to ask again after this answer, and the wait before that; `None` = the answer stands.
///
/// `attempt` counts from 0 for the first request. 401 is not in the default rule here, unlike 429 and 5xx: the same credentials
/// would be refused again. Whoever can bring newer ones decides that for itself.
pub fn after_answer(
    wishes: &Wishes,
    rules: &provider::Retry,
    answer: &Answer<'_>,
    attempt: u32,
    now: Timestamp,
) -> Option<Duration> {
    if attempt >= wishes.retries || !is_retryable(wishes, rules, answer) {
        return None;
    }
    Some(
        header_wait(&wishes.at, &wishes.after, answer, now)
            .or_else(|| header_wait(&rules.at, &rules.after, answer, now))
            .or_else(|| header_wait(&[], &["retry-after".to_owned()], answer, now))
            .or_else(|| body_wait(rules, answer, now))
            .unwrap_or_else(|| backoff(attempt)),
    )
}

/// Whether to ask again where no answer came (refused, reset, timed out, …), and the wait before that.
pub fn after_failure(wishes: &Wishes, attempt: u32) -> Option<Duration> {
    (attempt < wishes.retries).then(|| backoff(attempt))
}

/// 3 s, 6 s, 12 s, … at most 10 minutes. `attempt` counts from 0.
pub fn backoff(attempt: u32) -> Duration {
    FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST_WAIT)
}

fn is_retryable(wishes: &Wishes, rules: &provider::Retry, answer: &Answer<'_>) -> bool {
    let status = answer.status;
    if status < 400 {
        return false;
    }
    let by_rule = if rules.error_code.is_empty() {
        status >= 500 || status == 429
    } else {
        rules.error_code.iter().any(|pattern| pattern.matches(status))
    };
    let exhausted = || {
        rules
            .remaining
            .iter()
            .any(|name| (answer.header)(&name.to_lowercase()).is_some_and(|value| value.trim() == "0"))
    };
    by_rule || wishes.retry_on.contains(&status) || exhausted()
}

/// The longest wait that any of these headers asks for.
fn header_wait(at: &[String], after: &[String], answer: &Answer<'_>, now: Timestamp) -> Option<Duration> {
    let value = |name: &String| (answer.header)(&name.to_lowercase());
    let until = at.iter().filter_map(value).filter_map(|text| wait_until(&text, now));
    let lasting = after.iter().filter_map(value).filter_map(|text| wait_for(&text, now));
    until.chain(lasting).max().map(|wait| wait.min(LONGEST_HEADER_WAIT))
}

fn body_wait(rules: &provider::Retry, answer: &Answer<'_>, now: Timestamp) -> Option<Duration> {
    let body = answer.body?;
    let waits = rules.in_body.iter().filter_map(|rule| {
        let text = match &rule.path {
            Some(path) => text_at(&serde_json::from_slice(body).ok()?, path)?,
            None => String::from_utf8_lossy(body).into_owned(),
        };
        let found = match &rule.pattern {
            // A provider's pattern was compiled once when its definition was read, so it is valid.
            Some(pattern) => Regex::new(pattern).ok()?.captures(&text)?.get(1)?.as_str().to_owned(),
            None => text,
        };
        match rule.strategy {
            provider::WaitStrategy::At => wait_until(&found, now),
            provider::WaitStrategy::After => wait_for(&found, now),
        }
    });
    waits.max().map(|wait| wait.min(LONGEST_HEADER_WAIT))
}

fn text_at(document: &Value, path: &str) -> Option<String> {
    let found = path.split('.').try_fold(document, |value, key| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })?;
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A point in time as epoch seconds, epoch milliseconds, RFC 3339 or an HTTP date; only the future counts.
fn wait_until(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let time = match text.parse::<f64>() {
        Ok(number) if number >= EPOCH_MILLIS_FROM => Timestamp((number * 1e3) as i64),
        Ok(number) => Timestamp((number * 1e6) as i64),
        Err(_) => Timestamp::parse(text).or_else(|| http_date(text))?,
    };
    Some(time.since(now)).filter(|wait| !wait.is_zero())
}

/// A number of seconds, or (as `Retry-After` allows) an HTTP date.
fn wait_for(text: &str, now: Timestamp) -> Option<Duration> {
    match text.trim().parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds.min(LONGEST_HEADER_WAIT.as_secs_f64())).ok(),
        Err(_) => Some(http_date(text.trim())?.since(now)),
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp(zoned.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// 2023-11-14T22:13:20Z
    const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

    fn wishes(retries: u32) -> Wishes {
        Wishes { retries, ..Wishes::default() }
    }

    fn rules(definition: serde_json::Value) -> provider::Retry {
        serde_json::from_value(definition).unwrap()
    }

    #[track_caller]
    fn check(
        wishes: &Wishes,
        rules: &provider::Retry,
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
        expected: Option<u64>,
    ) {
        let header =
            |name: &str| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let answer = Answer { status, header: &header, body: Some(body.as_bytes()) };
        let wait = after_answer(wishes, rules, &answer, 0, NOW);
        assert_eq!(wait, expected.map(Duration::from_millis), "{status} {headers:?} {body}");
    }

    #[test]
    fn the_rules_say_which_answers_are_retried() {
        let none = provider::Retry::default();
        for (status, retried) in [
            (200, false),
            (204, false),
            (301, false),
            (400, false),
            (401, false),
            (404, false),
            (429, true),
            (500, true),
            (503, true),
        ] {
            check(&wishes(1), &none, status, &[], "", retried.then_some(3_000));
        }
        check(&wishes(0), &none, 500, &[], "", None);
        let on_404 = Wishes { retry_on: vec![404], ..wishes(1) };
        check(&on_404, &none, 404, &[], "", Some(3_000));
        check(&on_404, &none, 429, &[], "", Some(3_000));

        let listed = rules(json!({"error_code": [403, "52x", "500-502"]}));
        for (status, retried) in
            [(403, true), (429, false), (500, true), (502, true), (503, false), (522, true)]
        {
            check(&wishes(1), &listed, status, &[], "", retried.then_some(3_000));
        }
        let remaining = rules(json!({"remaining": "X-RateLimit-Remaining"}));
        check(&wishes(1), &remaining, 403, &[("x-ratelimit-remaining", "0")], "", Some(3_000));
        check(&wishes(1), &remaining, 403, &[("x-ratelimit-remaining", "7")], "", None);
    }

    #[test]
    fn headers_decide_the_wait_before_anything_else() {
        let none = provider::Retry::default();
        let once = wishes(1);
        check(&once, &none, 429, &[("retry-after", "7")], "", Some(7_000));
        check(&once, &none, 429, &[("retry-after", "0.25")], "", Some(250));
        check(&once, &none, 429, &[("retry-after", "Tue, 14 Nov 2023 22:13:50 GMT")], "", Some(30_000));
        check(&once, &none, 429, &[("retry-after", "soon")], "", Some(3_000));
        check(&once, &none, 429, &[("retry-after", "-1")], "", Some(3_000));
        check(&once, &none, 429, &[("retry-after", "1e300")], "", Some(24 * 3_600_000));

        let at = rules(json!({"at": ["x-reset"], "after": "x-wait"}));
        check(&once, &at, 429, &[("x-reset", "1700000060")], "", Some(60_000));
        check(&once, &at, 429, &[("x-reset", "1700000060500")], "", Some(60_500));
        check(&once, &at, 429, &[("x-reset", "2023-11-14T22:14:20Z")], "", Some(60_000));
        check(&once, &at, 429, &[("x-reset", "1600000000")], "", Some(3_000));
        check(&once, &at, 429, &[("x-reset", "1700000005"), ("x-wait", "9")], "", Some(9_000));
        check(&once, &at, 429, &[("x-wait", "2"), ("retry-after", "8")], "", Some(2_000));

        let own = Wishes { after: vec!["X-Mine".to_owned()], ..wishes(1) };
        check(&own, &at, 429, &[("x-mine", "1"), ("x-wait", "9")], "", Some(1_000));
    }

    #[test]
    fn a_body_can_tell_the_wait() {
        let in_body = rules(json!({"in_body": {"path": "error.message", "pattern": "in (\\d+) seconds"}}));
        check(
            &wishes(1),
            &in_body,
            429,
            &[],
            r#"{"error":{"message":"try again in 12 seconds"}}"#,
            Some(12_000),
        );
        check(&wishes(1), &in_body, 429, &[], "not json", Some(3_000));
        let plain = rules(json!({"in_body": [{"path": "errors.0.reset", "strategy": "at"}]}));
        check(&wishes(1), &plain, 429, &[], r#"{"errors":[{"reset":1700000002}]}"#, Some(2_000));
    }

    #[test]
    fn waits_double_up_to_ten_minutes() {
        let seconds: Vec<u64> = (0..10).map(|attempt| backoff(attempt).as_secs()).collect();
        assert_eq!(seconds, [3, 6, 12, 24, 48, 96, 192, 384, 600, 600]);
        assert_eq!(backoff(u32::MAX), LONGEST_WAIT);
        assert_eq!(after_failure(&wishes(2), 1), Some(Duration::from_secs(6)));
        assert_eq!(after_failure(&wishes(2), 2), None);
    }
}
