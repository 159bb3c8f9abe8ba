//! How a function's failure is told: to its caller, and in the run's history.

use crate::Failure;
use serde_json::{Value, value::RawValue, value::to_raw_value};

/// Bytes of a failure's payload that callers get; beyond it the largest properties go first.
const MAX_PAYLOAD: usize = 99_000;
/// Bytes of a provider's answer that are kept with a run.
const MAX_KEPT_BODY: usize = 2_048;

/// A failure as callers see it: `runner_lost` is a word between us and the runtime, and a payload has an end.
pub(crate) fn told(mut failure: Failure) -> Failure {
    if failure.code == bespoke_runtime::code::RUNNER_LOST {
        "function_runtime_other".clone_into(&mut failure.code);
        "The process that ran the function was lost several times.".clone_into(&mut failure.message);
    }
    if failure.payload.get().len() > MAX_PAYLOAD {
        failure.payload = shortened(&failure.payload);
    }
    failure
}

/// The same failure, with a code of its own where it was this very server, reached at `public_url`, that took no more
/// requests: the function asks our API too often, and no provider refused anything.
pub(crate) fn of_own_api(mut failure: Failure, public_url: &str) -> Failure {
    #[derive(serde::Deserialize)]
    struct Refused {
        status: u16,
        url: String,
    }
    if failure.code != "script_http_error" || public_url.is_empty() {
        return failure;
    }
    let refused = failure.upstream.as_ref().and_then(|raw| serde_json::from_str::<Refused>(raw.get()).ok());
    let is_ours = |url: &str| url.strip_prefix(public_url).is_some_and(|path| path.starts_with('/'));
    if refused.is_some_and(|refused| refused.status == 429 && is_ours(&refused.url)) {
        "script_api_rate_limit_error".clone_into(&mut failure.code);
    }
    failure
}

/// A failure as it is kept with its run, as JSON text: of what the provider answered the first 2 kB.
pub(crate) fn kept(failure: &Failure) -> String {
    let is_long = failure.upstream.as_ref().is_some_and(|upstream| upstream.get().len() > MAX_KEPT_BODY);
    let failure = if is_long { with_short_body(failure.clone()) } else { failure.clone() };
    serde_json::to_string(&failure).unwrap_or_default()
}

fn with_short_body(mut failure: Failure) -> Failure {
    let upstream = failure.upstream.as_ref().and_then(|raw| serde_json::from_str(raw.get()).ok());
    let Some(Value::Object(mut upstream)) = upstream else { return failure };
    if let Some(body) = upstream.get_mut("body") {
        let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        if text.len() > MAX_KEPT_BODY {
            *body = Value::from(&text[..text.floor_char_boundary(MAX_KEPT_BODY)]);
        }
    }
    failure.upstream = to_raw_value(&upstream).ok();
    failure
}

/// The payload without its largest properties, so that the rest fits.
fn shortened(payload: &RawValue) -> Box<RawValue> {
    let nothing = || RawValue::NULL.to_owned();
    let Ok(Value::Object(mut fields)) = serde_json::from_str(payload.get()) else { return nothing() };
    let mut sizes: Vec<(usize, String)> =
        fields.iter().map(|(name, value)| (name.len() + value.to_string().len() + 4, name.clone())).collect();
    sizes.sort_unstable();
    let mut size: usize = sizes.iter().map(|(size, _)| size).sum();
    while size > MAX_PAYLOAD
        && let Some((largest, name)) = sizes.pop()
    {
        fields.shift_remove(&name);
        size -= largest;
    }
    to_raw_value(&fields).unwrap_or_else(|_| nothing())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn failure(payload: &Value, upstream: &Value) -> Failure {
        Failure {
            code: "script_http_error".to_owned(),
            status: 424,
            message: String::new(),
            payload: to_raw_value(payload).unwrap(),
            upstream: to_raw_value(upstream).ok(),
            stack: None,
        }
    }

    #[test]
    fn a_payload_loses_its_largest_properties_until_it_fits() {
        let long = "x".repeat(60_000);
        let told = told(failure(&json!({ "reason": "closed", "a": long, "b": long }), &Value::Null));
        let payload: Value = serde_json::from_str(told.payload.get()).unwrap();
        assert_eq!((&payload["reason"], payload.as_object().unwrap().len()), (&json!("closed"), 2));
    }

    #[test]
    fn too_many_requests_to_our_own_api_have_a_code_of_their_own() {
        let code = |status: u16, url: &str| {
            of_own_api(failure(&json!({}), &json!({ "status": status, "url": url })), "https://own.test").code
        };
        assert_eq!(code(429, "https://own.test/records"), "script_api_rate_limit_error");
        for (status, url) in
            [(500, "https://own.test/records"), (429, "https://own.test.evil/x"), (429, "https://crm.test/x")]
        {
            assert_eq!(code(status, url), "script_http_error", "{status} {url}");
        }
    }

    #[test]
    fn a_run_keeps_the_beginning_of_what_the_provider_said() {
        let body = json!({ "message": "é".repeat(4_000) });
        let text = kept(&failure(&json!({}), &json!({ "status": 500, "body": body })));
        let kept: Value = serde_json::from_str(&text).unwrap();
        let body = kept["upstream"]["body"].as_str().unwrap();
        assert!(
            body.starts_with("{\"message\":\"é") && (2_040..=2_048).contains(&body.len()),
            "{}",
            body.len()
        );
        assert_eq!(kept["upstream"]["status"], 500);
    }
}
