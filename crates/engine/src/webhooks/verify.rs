//! Whether a request comes from who it says: signatures, tokens and passwords, as providers' definitions declare them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bespoke_core::{
    provider::webhook::{
        Algorithm, Encoding, Entries, Place, Request, SecretEncoding, Signature, SignedAt, Verify,
    },
    time::Timestamp,
};
use ring::{hmac, signature as asymmetric};
use std::time::Duration;
use url::form_urlencoded;

/// Gives the first secret of these names; `None` where the integration has none of them.
pub(super) type Secrets<'a> = dyn Fn(&[String]) -> Option<String> + Sync + 'a;

/// A request and what is needed to check it.
pub(super) struct Signed<'a> {
    /// The address that it was sent to.
    pub(super) url: &'a str,
    /// The body as it came.
    pub(super) body: &'a [u8],
    /// The rest.
    pub(super) request: Request<'a>,
    /// The time.
    pub(super) now: Timestamp,
}

/// Checks a request. The error says what is wrong without telling what would be right.
pub(super) fn verify(how: &Verify, signed: &Signed<'_>, secrets: &Secrets<'_>) -> Result<(), String> {
    if let Some(signature) = &how.signature {
        check_signature(signature, signed, &needed(secrets, &signature.secret)?)?;
    }
    if let Some(token) = &how.token {
        let secret = needed(secrets, &token.secret)?;
        let given = token.place.texts(&signed.request);
        if given.is_empty() {
            return Err("the request has no token".to_owned());
        }
        // A batch has one in each part.
        given
            .iter()
            .all(|given| same(&secret, given))
            .then_some(())
            .ok_or("the token is not the integration's")?;
    }
    if let Some(basic) = &how.basic {
        let secret = needed(secrets, &basic.secret)?;
        let header = Place::Header("authorization".to_owned()).text(&signed.request).unwrap_or_default();
        let encoded = header.split_once(' ').map_or("", |(_, encoded)| encoded.trim());
        let given = STANDARD.decode(encoded).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let given = given.unwrap_or_default();
        let password = given.split_once(':').map_or("", |(_, password)| password);
        (same(&secret, &given) | same(&secret, password))
            .then_some(())
            .ok_or("the password is not the integration's")?;
    }
    Ok(())
}

fn needed(secrets: &Secrets<'_>, names: &[String]) -> Result<String, String> {
    secrets(names).ok_or_else(|| {
        format!(
            "the integration has no {}, which this provider's webhooks are checked with",
            names.join(" or ")
        )
    })
}

/// Whether two texts are the same, in a time that does not tell how far they are.
fn same(secret: &str, given: &str) -> bool {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, given.as_bytes()), b"token");
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), b"token", tag.as_ref()).is_ok()
}

fn check_signature(how: &Signature, signed: &Signed<'_>, secret: &str) -> Result<(), String> {
    let found = how.place.text(&signed.request).ok_or("the request has no signature")?;
    let (given, listed_time) = match &how.entries {
        Some(entries) => split(entries, &found),
        None => (vec![found.as_str()], None),
    };
    let timestamp = match &how.timestamp {
        Some(at) => Some(check_time(at, listed_time, signed)?),
        None => None,
    };
    let message = message(&how.payload, timestamp.as_deref(), signed);
    let key = key(how, secret)?;
    let matches = given.iter().any(|given| {
        let given = given.trim();
        let given = given.strip_prefix(how.prefix.as_str()).unwrap_or(given);
        decode(how.encoding, given).is_some_and(|bytes| holds(how.algorithm, &key, &message, &bytes))
    });
    if matches { Ok(()) } else { Err("the signature does not match".to_owned()) }
}

/// The signatures and the time of `t=123,v1=abc,v1=def`.
fn split<'a>(entries: &Entries, text: &'a str) -> (Vec<&'a str>, Option<String>) {
    let pairs = text.split(entries.between.as_str());
    let pairs: Vec<(&str, &str)> =
        pairs.filter_map(|entry| entry.trim().split_once(entries.inside.as_str())).collect();
    let time = entries.timestamp.as_deref().and_then(|wanted| {
        pairs.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
    });
    let signatures = pairs.iter().filter(|(name, _)| *name == entries.signature).map(|(_, value)| *value);
    (signatures.collect(), time)
}

/// The time that was signed, as it was written.
fn check_time(at: &SignedAt, listed: Option<String>, signed: &Signed<'_>) -> Result<String, String> {
    let text = match &at.place {
        Some(place) => place.text(&signed.request),
        None => listed,
    };
    let text = text.ok_or("the request does not say when it was signed")?;
    let time = match text.parse::<i64>() {
        // Seconds have ten digits for the next centuries.
        Ok(number) if number.unsigned_abs() >= 100_000_000_000 => Timestamp(number.saturating_mul(1_000)),
        Ok(number) => Timestamp(number.saturating_mul(1_000_000)),
        Err(_) => Timestamp::parse(&text).ok_or("the time of the signature is no time")?,
    };
    let distance = signed.now.since(time).max(time.since(signed.now));
    if distance > Duration::from_secs(at.tolerance) {
        return Err("the signature is too old, or from the future".to_owned());
    }
    Ok(text)
}

/// What was signed, as the definition composes it. What is missing in the request is nothing.
fn message(payload: &str, timestamp: Option<&str>, signed: &Signed<'_>) -> Vec<u8> {
    let mut message = Vec::with_capacity(signed.body.len() + payload.len());
    let mut rest = payload;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        message.extend_from_slice(before.as_bytes());
        match name {
            "body" => message.extend_from_slice(signed.body),
            "method" => message.extend_from_slice(b"POST"),
            "url" => message.extend_from_slice(signed.url.as_bytes()),
            "timestamp" => message.extend_from_slice(timestamp.unwrap_or_default().as_bytes()),
            "form" => message.extend_from_slice(form(signed.body).as_bytes()),
            place => {
                let text = Place::parse(place).and_then(|place| place.text(&signed.request));
                message.extend_from_slice(text.unwrap_or_default().as_bytes());
            }
        }
        rest = behind;
    }
    message.extend_from_slice(rest.as_bytes());
    message
}

/// Names and values of a form, sorted by name.
fn form(body: &[u8]) -> String {
    let mut fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    fields.sort();
    fields.into_iter().flat_map(|(name, value)| [name, value]).collect()
}

fn key(how: &Signature, secret: &str) -> Result<Vec<u8>, String> {
    let secret = secret.strip_prefix(how.secret_prefix.as_str()).unwrap_or(secret);
    match how.secret_encoding {
        SecretEncoding::Text => Ok(secret.as_bytes().to_vec()),
        SecretEncoding::Base64 => {
            STANDARD.decode(secret.trim()).map_err(|_| "the integration's secret is not base64".to_owned())
        }
    }
}

fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Base64 => STANDARD.decode(text).ok(),
        Encoding::Hex => {
            let digits = text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8));
            let digits = digits.collect::<Option<Vec<u8>>>()?;
            let pairs = digits.chunks_exact(2);
            pairs.remainder().is_empty().then(|| pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
        }
    }
}

fn holds(algorithm: Algorithm, key: &[u8], message: &[u8], given: &[u8]) -> bool {
    let mac = |kind| hmac::verify(&hmac::Key::new(kind, key), message, given).is_ok();
    match algorithm {
        Algorithm::Sha1 => mac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        Algorithm::Sha256 => mac(hmac::HMAC_SHA256),
        Algorithm::Sha512 => mac(hmac::HMAC_SHA512),
        Algorithm::EcdsaP256 => {
            // The point is what a key of this curve ends with.
            let der = STANDARD.decode(key).unwrap_or_default();
            let point = &der[der.len().saturating_sub(65)..];
            asymmetric::UnparsedPublicKey::new(&asymmetric::ECDSA_P256_SHA256_ASN1, point)
                .verify(message, given)
                .is_ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::Catalogue;
    use serde_json::{Map, Value, json};

    struct Sent<'a> {
        provider: &'a str,
        secret: &'a str,
        url: &'a str,
        headers: Value,
        body: &'a str,
        seconds: i64,
    }

    fn check(sent: &Sent<'_>) -> Result<(), String> {
        let catalogue = Catalogue::load(&[]).unwrap();
        let rules = catalogue.get(sent.provider).unwrap().definition.webhook.clone().unwrap();
        let query = Map::new();
        let body = serde_json::from_str(sent.body).unwrap_or_default();
        let request = Request { headers: sent.headers.as_object().unwrap(), query: &query, body: &body };
        let now = Timestamp(sent.seconds * 1_000_000);
        let signed = Signed { url: sent.url, body: sent.body.as_bytes(), request, now };
        verify(&rules.verify.unwrap(), &signed, &|_| Some(sent.secret.to_owned()))
    }

    /// The examples that the vendors give in their documentation, word for word.
    #[test]
    fn the_examples_of_vendors_verify() {
        let slack = Sent {
            provider: "slack",
            secret: "8f742231b10e8888abcd99yyyzzz85a5",
            url: "",
            headers: json!({
                "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
                "x-slack-request-timestamp": "1531420618",
            }),
            body: "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
            seconds: 1_531_420_618,
        };
        assert_eq!(check(&slack), Ok(()));
        assert!(check(&Sent { seconds: 1_531_421_618, ..slack }).is_err(), "too old");
        let github = Sent {
            provider: "github",
            secret: "It's a Secret to Everybody",
            url: "",
            headers: json!({ "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" }),
            body: "Hello, World!",
            seconds: 0,
        };
        assert_eq!(check(&github), Ok(()));
        assert!(check(&Sent { body: "Hello, World?", ..github }).is_err());
        let twilio = Sent {
            provider: "twilio",
            secret: "12345",
            url: "https://mycompany.com/myapp.php?foo=1&bar=2",
            headers: json!({ "x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=" }),
            body: "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212",
            seconds: 0,
        };
        assert_eq!(check(&twilio), Ok(()));
    }

    #[test]
    fn entries_hold_several_signatures_and_the_time() {
        let tag = |text: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, b"whsec_test");
            hmac::sign(&key, text.as_bytes())
                .as_ref()
                .iter()
                .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
        };
        let stripe = |header: String| {
            let (provider, secret, url, body) = ("stripe", "whsec_test", "", "{}");
            check(&Sent {
                provider,
                secret,
                url,
                headers: json!({ "stripe-signature": header }),
                body,
                seconds: 1_000,
            })
        };
        assert_eq!(stripe(format!("t=900,v1=00,v1={},v0=x", tag("900.{}"))), Ok(()));
        assert!(stripe(format!("t=900,v0={}", tag("900.{}"))).is_err());
        assert!(stripe(format!("v1={}", tag(".{}"))).is_err());
        assert!(stripe(format!("t=600,v1={}", tag("600.{}"))).is_err());
    }
}
