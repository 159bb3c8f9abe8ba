//! Takes secrets out of what is logged: the values that are known, and what looks like one.

use crate::http::redact::{HIDDEN, is_secret_name, is_secret_parameter};
use bespoke_core::{auth::Credentials, secret::Secret};
use regex::Regex;
use serde_json::{Map, Value};
use std::{
    borrow::Cow,
    sync::{LazyLock, PoisonError, RwLock},
};
use url::Url;

/// A value shorter than this is too likely to be a word.
const SHORTEST: usize = 4;
/// Fields of credentials that are no secrets, and would only tear holes into the log.
const PLAIN: [&str; 9] =
    ["type", "expires_at", "token_type", "scope", "expires_in", "region", "service", "username", "role_arn"];

/// Keys and tokens as they stand in texts. What is in the first group stays.
static LOOKS_SECRET: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        r#"(?i)(authorization["']?\s*[:=]\s*["']?(?:(?:bearer|basic|token|digest|oauth|apikey)\s+)?)[^\s"',;}\[]{4,}"#,
        r"(?i)(\bbearer\s+)[a-z0-9._~+/=-]{8,}",
        r#"(?i)((?:(?:api[_-]?key|access[_-]?token|refresh[_-]?token|id[_-]?token|client[_-]?secret|private[_-]?key)["']?\s*[:=]|(?:password|passwd|secret|token)(?:["']\s*:|=))\s*["']?)[^\s"'&,;}\[]{4,}"#,
    ]
    .map(|pattern| Regex::new(pattern).expect("a valid pattern"))
});

/// The secrets that a run, or a request, has to do with.
#[derive(Default)]
pub(crate) struct Secrets(RwLock<Known>);

#[derive(Default)]
struct Known {
    credentials: Option<Credentials>,
    /// Longest first: one may be part of another.
    values: Vec<Secret<String>>,
}

impl Secrets {
    /// Whether the credentials of the connection are among them.
    pub(crate) fn has_credentials(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).credentials.is_some()
    }

    /// Adds credentials. Those that were added before stay: a function may still have them.
    pub(crate) fn add_credentials(&self, credentials: &Credentials) {
        if self.0.read().unwrap_or_else(PoisonError::into_inner).credentials.as_ref() == Some(credentials) {
            return;
        }
        self.add_fields(&credentials.to_json());
        self.0.write().unwrap_or_else(PoisonError::into_inner).credentials = Some(credentials.clone());
    }

    /// Adds the values of credentials' fields.
    pub(crate) fn add_fields(&self, fields: &Map<String, Value>) {
        let mut values = Vec::new();
        let has_password =
            fields.get("password").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        for (name, value) in fields {
            // Some APIs take a key as the user name, and no password.
            if name == "username" && !has_password || !PLAIN.contains(&name.as_str()) {
                texts(value, &mut values);
            }
        }
        if let (Some(name), Some(password)) = (fields.get("username"), fields.get("password")) {
            use base64::Engine as _;
            let pair =
                format!("{}:{}", name.as_str().unwrap_or_default(), password.as_str().unwrap_or_default());
            values.push(base64::engine::general_purpose::STANDARD.encode(pair));
        }
        self.add(values);
    }

    /// Adds the texts in these values.
    pub(crate) fn add_values(&self, values: &[Value]) {
        let mut found = Vec::new();
        for value in values {
            all_texts(value, &mut found);
        }
        let in_json = found.iter().map(|text| Value::from(text.as_str()).to_string());
        let in_json: Vec<String> = in_json.map(|text| text[1..text.len() - 1].to_owned()).collect();
        found.extend(in_json);
        self.add(found);
    }

    /// Adds a value whose name tells that it is a secret; others are not added.
    pub(crate) fn add_named(&self, name: &str, value: &str) {
        if is_secret_parameter(name) {
            self.add(vec![value.to_owned()]);
        }
    }

    fn add(&self, values: Vec<String>) {
        let known = &mut self.0.write().unwrap_or_else(PoisonError::into_inner).values;
        for value in values.into_iter().filter(|value| value.len() >= SHORTEST) {
            let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            for form in [encoded, value] {
                if !known.iter().any(|known| *known.expose() == form) {
                    known.push(Secret::new(form));
                }
            }
        }
        known.sort_by_key(|value| std::cmp::Reverse(value.expose().len()));
    }

    /// The text without the known values.
    pub(crate) fn without_known<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = text;
        for value in &known.values {
            if text.contains(value.expose()) {
                text = Cow::Owned(text.replace(value.expose(), HIDDEN));
            }
        }
        text
    }

    /// Whether none is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values.is_empty()
    }

    /// Takes the known values out of a JSON value; whether there were any.
    pub(crate) fn hide_known_in(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                let hidden = match self.without_known(Cow::Borrowed(text)) {
                    Cow::Owned(hidden) => hidden,
                    Cow::Borrowed(_) => return false,
                };
                *text = hidden;
                true
            }
            Value::Number(number) => {
                let text = number.to_string();
                let is_known = self.without_known(Cow::Borrowed(&text)) == HIDDEN;
                if is_known {
                    *value = HIDDEN.into();
                }
                is_known
            }
            // All of them, whatever was found before.
            Value::Array(list) => {
                list.iter_mut().fold(false, |found, value| self.hide_known_in(value) | found)
            }
            Value::Object(map) => {
                map.values_mut().fold(false, |found, value| self.hide_known_in(value) | found)
            }
            Value::Null | Value::Bool(_) => false,
        }
    }

    /// The text without what is known to be, or looks like, a secret.
    pub(crate) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = self.without_known(Cow::Borrowed(text));
        for pattern in &*LOOKS_SECRET {
            if let Cow::Owned(hidden) = pattern.replace_all(&text, format!("${{1}}{HIDDEN}")) {
                text = Cow::Owned(hidden);
            }
        }
        text
    }

    /// The same in every text of a JSON value, and what stands at names of secrets.
    pub(crate) fn hide_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(hidden) = self.hide(text) {
                    *text = hidden;
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.hide_in(value)),
            Value::Object(map) => {
                for (name, value) in map.iter_mut() {
                    if is_secret_name(name) && !value.is_null() && !value.is_boolean() {
                        *value = HIDDEN.into();
                    } else {
                        self.hide_in(value);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The URL without user info, without the values of parameters that are secrets by their name, and without known ones.
    pub(crate) fn hide_in_url(&self, url: &Url) -> String {
        if url.query().is_none() && url.username().is_empty() && url.password().is_none() {
            return self.without_known(Cow::Borrowed(url.as_str())).into_owned();
        }
        let mut shown = url.clone();
        // Both only fail for URLs without a host, which have no user info.
        let _ = shown.set_password(None);
        let _ = shown.set_username("");
        shown.set_fragment(None);
        shown.set_query(None);
        let parameters: Vec<String> = url
            .query()
            .unwrap_or_default()
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, _)) if is_secret_parameter(name) => format!("{name}={HIDDEN}"),
                _ => pair.to_owned(),
            })
            .collect();
        let separator = if url.query().is_some() { "?" } else { "" };
        let text = format!("{shown}{separator}{}", parameters.join("&"));
        self.without_known(Cow::Owned(text)).into_owned()
    }
}

/// All texts of a value, and its numbers as texts.
fn all_texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(list) => list.iter().for_each(|value| all_texts(value, found)),
        Value::Object(map) => map.values().for_each(|value| all_texts(value, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// All texts of a field that may be secrets. In what a provider answered, only those whose name says so.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
        Value::Object(map) => {
            for (inner, value) in map {
                if is_secret_parameter(inner) && !PLAIN.contains(&inner.as_str()) || value.is_object() {
                    texts(value, found);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secrets() -> Secrets {
        let secrets = Secrets::default();
        let credentials = json!({
            "type": "OAUTH2", "access_token": "at/12345", "refresh_token": "rt-12345", "expires_at": null,
            "raw": { "token_type": "Bearer", "id_token": "idt-12345", "company": "Acme Ltd" },
        });
        secrets.add_credentials(&Credentials::from_json(credentials).unwrap());
        secrets
    }

    #[test]
    fn known_values_are_hidden_wherever_they_stand() {
        let secrets = secrets();
        assert_eq!(
            secrets.hide("got at/12345 and rt-12345, not Acme Ltd"),
            "got [secret] and [secret], not Acme Ltd"
        );
        assert_eq!(secrets.hide("id idt-12345; escaped at%2F12345"), "id [secret]; escaped [secret]");
        let mut meta = json!({ "a": ["x at/12345"], "deep": { "b": "rt-12345!" }, "n": 1 });
        secrets.hide_in(&mut meta);
        assert_eq!(meta, json!({ "a": ["x [secret]"], "deep": { "b": "[secret]!" }, "n": 1 }));

        let basic = Secrets::default();
        let credentials = json!({ "type": "BASIC", "username": "ada", "password": "lovelace" });
        basic.add_credentials(&Credentials::from_json(credentials).unwrap());
        assert_eq!(basic.hide("ada, lovelace, YWRhOmxvdmVsYWNl"), "ada, [secret], [secret]");
    }

    #[test]
    fn what_looks_like_a_secret_is_hidden() {
        let check =
            |text: &str, expected: &str| assert_eq!(Secrets::default().hide(text), expected, "{text}");
        check("sent Authorization: Bearer abc.def-123", "sent Authorization: Bearer [secret]");
        check("authorization=Basic YWJjOmRlZg==", "authorization=Basic [secret]");
        check(r#"{"access_token":"abcdef","n":1}"#, r#"{"access_token":"[secret]","n":1}"#);
        check("GET /x?api_key=abcdef&page=2", "GET /x?api_key=[secret]&page=2");
        check("password=hunter22 failed", "password=[secret] failed");
        check("Invalid token: signature mismatch", "Invalid token: signature mismatch");
        check("bearer of news", "bearer of news");
    }

    #[test]
    fn names_of_secrets_hide_their_values() {
        let mut meta = json!({
            "headers": { "Authorization": "x1", "X-Api-Key": "x2", "Accept": "a/b" }, "client_secret": "x3", "token": "x4",
            "next_page_token": "x5", "author": "Ada", "keys": 3, "secret": true,
        });
        Secrets::default().hide_in(&mut meta);
        let expected = json!({
            "headers": { "Authorization": "[secret]", "X-Api-Key": "[secret]", "Accept": "a/b" },
            "client_secret": "[secret]", "token": "[secret]", "next_page_token": "x5", "author": "Ada", "keys": 3,
            "secret": true,
        });
        assert_eq!(meta, expected);
    }

    #[test]
    fn urls_keep_what_helps() {
        let check = |url: &str, expected: &str| {
            assert_eq!(secrets().hide_in_url(&url.parse().unwrap()), expected);
        };
        check("https://u:p@x.example/a?api_key=k&page=2#f", "https://x.example/a?api_key=[secret]&page=2");
        check("https://x.example/bot/rt-12345/send", "https://x.example/bot/[secret]/send");
        check(
            "https://x.example/a?q=at%2F12345&next_page_token=5",
            "https://x.example/a?q=[secret]&next_page_token=5",
        );
    }
}
