//! What a provider's webhooks look like: how they are signed, whom they are for, and what they tell.
//!
//! Places in a request are written `header.<name>`, `query.<name>`, `body` and `body.<path>`; a path goes through objects
//! by name, through lists by `[]`, and may give many values.

use super::values;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The most bytes of a value that a connection is found by.
const MAX_VALUE: usize = 1_000;

/// A provider's webhooks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Webhook {
    /// How to tell that the provider sent it; where missing, anyone may.
    pub verify: Option<Verify>,
    /// Requests that are only answered, to prove that we are there. They are not checked.
    #[serde(deserialize_with = "values::list")]
    pub handshake: Vec<Handshake>,
    /// The list in the body whose elements are webhooks of their own; then `body` is the element in `connection` and
    /// `types`, and for the function.
    pub each: Option<Place>,
    /// Ways to find the connections, the first that finds any counts.
    #[serde(deserialize_with = "values::list")]
    pub connection: Vec<Find>,
    /// What subscriptions are compared with.
    #[serde(deserialize_with = "values::list")]
    pub types: Vec<Place>,
    /// The provider's own name for a delivery: a second one of this name is dropped.
    pub delivery_id: Option<Place>,
}

/// How to tell that the provider sent it; all that are given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Verify {
    /// A signature.
    pub signature: Option<Signature>,
    /// The secret itself.
    pub token: Option<Token>,
    /// The secret as the password of Basic authorization.
    pub basic: Option<Basic>,
}

/// A signature over the request.
#[derive(Clone, Debug, Deserialize)]
pub struct Signature {
    /// How it is made.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How its bytes are written.
    #[serde(default)]
    pub encoding: Encoding,
    /// Where it is.
    pub place: Place,
    /// What stands before it.
    #[serde(default)]
    pub prefix: String,
    /// How to find it, and the time, where the place holds several entries.
    #[serde(default)]
    pub entries: Option<Entries>,
    /// What is signed: text with `${body}` (the bytes as they came), `${url}`, `${method}`, `${timestamp}`, `${form}` (names
    /// and values of a form, sorted) and places.
    #[serde(default = "whole_body")]
    pub payload: String,
    /// When it was signed.
    #[serde(default)]
    pub timestamp: Option<SignedAt>,
    /// Names of the secret among the integration's credentials and settings; the first that is there counts.
    #[serde(default = "webhook_secret", deserialize_with = "values::list")]
    pub secret: Vec<String>,
    /// What stands before the secret and is no part of it.
    #[serde(default)]
    pub secret_prefix: String,
    /// How the secret's bytes are written.
    #[serde(default)]
    pub secret_encoding: SecretEncoding,
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// HMAC with SHA-1.
    Sha1,
    /// HMAC with SHA-256.
    #[default]
    Sha256,
    /// HMAC with SHA-512.
    Sha512,
    /// ECDSA over P-256 with SHA-256; the secret is the provider's public key, base64 of its DER.
    EcdsaP256,
}

/// How a signature's bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Hexadecimal, in any case.
    #[default]
    Hex,
    /// Base64.
    Base64,
}

/// How a secret's bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretEncoding {
    /// The text is the secret.
    #[default]
    Text,
    /// Base64.
    Base64,
}

/// Several entries in one place: `t=123,v1=abc,v1=def`.
#[derive(Clone, Debug, Deserialize)]
pub struct Entries {
    /// What stands between two.
    pub between: String,
    /// What stands between an entry's name and its value.
    pub inside: String,
    /// The name of the signatures; any one of them is enough.
    pub signature: String,
    /// The name of the time.
    #[serde(default)]
    pub timestamp: Option<String>,
}

/// When a request was signed: seconds or milliseconds since 1970, or a date.
#[derive(Clone, Debug, Deserialize)]
pub struct SignedAt {
    /// Where it is; among the entries where missing.
    #[serde(default)]
    pub place: Option<Place>,
    /// By how many seconds it may differ from now.
    #[serde(default = "five_minutes")]
    pub tolerance: u64,
}

/// The secret itself is in the request.
#[derive(Clone, Debug, Deserialize)]
pub struct Token {
    /// Where.
    pub place: Place,
    /// As in [`Signature`].
    #[serde(default = "webhook_secret", deserialize_with = "values::list")]
    pub secret: Vec<String>,
}

/// The secret is the password of Basic authorization, or `user:password` as a whole.
#[derive(Clone, Debug, Deserialize)]
pub struct Basic {
    /// As in [`Signature`].
    #[serde(default = "webhook_secret", deserialize_with = "values::list")]
    pub secret: Vec<String>,
}

/// A request that is only answered.
#[derive(Clone, Debug, Deserialize)]
pub struct Handshake {
    /// What such a request has.
    pub when: Place,
    /// What it has there; anything where missing.
    #[serde(default)]
    pub equals: Option<String>,
    /// What is sent back; what `when` names where missing.
    #[serde(default)]
    pub echo: Option<Place>,
    /// Send it back in a JSON object under this name; else as plain text.
    #[serde(default)]
    pub json: Option<String>,
    /// Send it back in this header, with an empty body.
    #[serde(default)]
    pub header: Option<String>,
}

/// A way to find connections.
#[derive(Clone, Debug, Deserialize)]
pub struct Find {
    /// Where the request tells it; needed unless `to` is `all`.
    #[serde(default)]
    pub from: Option<Place>,
    /// What it is of the connection.
    pub to: Target,
    /// What is no part of it at its end.
    #[serde(default)]
    pub strip_suffix: String,
}

/// What a value in a request is of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Its id.
    ConnectionId,
    /// What it has at this path, `connection_config.…` or `metadata.…`.
    Path(String),
    /// Nothing: all connections of the integration are meant.
    All,
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.split_once('.') {
            None if text == "connection_id" => Ok(Self::ConnectionId),
            None if text == "all" => Ok(Self::All),
            Some(("connection_config" | "metadata", rest)) if !rest.is_empty() => Ok(Self::Path(text)),
            _ => Err(serde::de::Error::custom(format!(
                "`{text}` is not connection_id, connection_config.<name>, metadata.<path> or all"
            ))),
        }
    }
}

/// A place in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A header, in lower case.
    Header(String),
    /// A parameter of the query.
    Query(String),
    /// The body, or what is at a path in it.
    Body(Vec<String>),
}

impl Place {
    /// Reads `header.x`, `query.x`, `body` or `body.a.b[].c`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('.') {
            Some(("header", name)) => Some(Self::Header(name.to_ascii_lowercase())),
            Some(("query", name)) => Some(Self::Query(name.to_owned())),
            Some(("body", path)) => Some(Self::Body(path.split('.').map(str::to_owned).collect())),
            None if text == "body" => Some(Self::Body(Vec::new())),
            _ => None,
        }
    }

    /// The values there, as texts: numbers and booleans too, objects and lists not.
    pub fn texts(&self, request: &Request<'_>) -> Vec<String> {
        let of =
            |texts: &Map<String, Value>, name: &str| texts.get(name).and_then(scalar).into_iter().collect();
        match self {
            Self::Header(name) => of(request.headers, name),
            Self::Query(name) => of(request.query, name),
            Self::Body(path) => at(request.body, path).into_iter().filter_map(scalar).collect(),
        }
    }

    /// The first value there.
    pub fn text(&self, request: &Request<'_>) -> Option<String> {
        self.texts(request).into_iter().next()
    }

    /// The list there; empty where there is none.
    pub fn elements<'a>(&self, body: &'a Value) -> &'a [Value] {
        match self {
            Self::Body(path) => {
                at(body, path).into_iter().find_map(Value::as_array).map_or(&[], Vec::as_slice)
            }
            Self::Header(_) | Self::Query(_) => &[],
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is not header.<name>, query.<name>, body or body.<path>"
            ))
        })
    }
}

/// A request, as far as places reach.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Names in lower case.
    pub headers: &'a Map<String, Value>,
    /// The last value of each name.
    pub query: &'a Map<String, Value>,
    /// The body, or the element of it that is looked at.
    pub body: &'a Value,
}

fn at<'a>(value: &'a Value, path: &[String]) -> Vec<&'a Value> {
    let mut found = vec![value];
    for step in path {
        let (name, is_list) = step.strip_suffix("[]").map_or((step.as_str(), false), |name| (name, true));
        let inner =
            found.into_iter().filter_map(|value| if name.is_empty() { Some(value) } else { value.get(name) });
        found = if is_list { inner.filter_map(Value::as_array).flatten().collect() } else { inner.collect() };
    }
    found
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether connections can be found by this value.
pub fn is_findable(value: &str) -> bool {
    !value.is_empty() && value.len() <= MAX_VALUE && !value.contains('\0')
}

/// What a connection can be found by at a path: each element of a list, and what is no object.
pub fn lookup_values(path: &str, connection_config: &Map<String, Value>, metadata: &Value) -> Vec<String> {
    let found = match path.split_once('.') {
        Some(("metadata", rest)) => nested(metadata.as_object(), rest),
        Some(("connection_config", rest)) => nested(Some(connection_config), rest),
        _ => None,
    };
    let mut values: Vec<String> = match found {
        Some(Value::Array(elements)) => elements.iter().filter_map(scalar).collect(),
        Some(value) => scalar(value).into_iter().collect(),
        None => Vec::new(),
    };
    values.retain(|value| is_findable(value));
    values.sort_unstable();
    values.dedup();
    values
}

/// A name may have dots in it: `team.id` is first a name, then a path.
fn nested<'a>(object: Option<&'a Map<String, Value>>, path: &str) -> Option<&'a Value> {
    let object = object?;
    if let Some(value) = object.get(path) {
        return Some(value);
    }
    let (name, rest) = path.split_once('.')?;
    nested(object.get(name)?.as_object(), rest)
}

impl Webhook {
    /// The paths by which connections are found, each once.
    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = self
            .connection
            .iter()
            .filter_map(|find| match &find.to {
                Target::Path(path) => Some(path.clone()),
                Target::ConnectionId | Target::All => None,
            })
            .collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// Webhooks of a provider that says nothing about them: `{"type": …, "connectionId": …}`.
    pub fn generic() -> Self {
        let place = |text: &str| Place::parse(text).expect("a place");
        let find = |from: &str| Find {
            from: Some(place(from)),
            to: Target::ConnectionId,
            strip_suffix: String::new(),
        };
        Self {
            connection: vec![find("body.connectionId"), find("query.connection_id")],
            types: vec![place("body.type")],
            ..Self::default()
        }
    }
}

fn whole_body() -> String {
    "${body}".to_owned()
}

fn webhook_secret() -> Vec<String> {
    vec!["webhook_secret".to_owned()]
}

const fn five_minutes() -> u64 {
    300
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_give_what_is_there_as_texts() {
        let headers = json!({"x-event": "push"});
        let query = json!({"connection_id": "acme"});
        let body = json!({"a": {"b": 7}, "list": [{"id": "x"}, {"id": null}, {"id": true}], "nothing": null});
        let request =
            Request { headers: headers.as_object().unwrap(), query: query.as_object().unwrap(), body: &body };
        let check = |place: &str, expected: &[&str]| {
            assert_eq!(Place::parse(place).unwrap().texts(&request), expected, "{place}");
        };
        check("header.X-Event", &["push"]);
        check("query.connection_id", &["acme"]);
        check("body.a.b", &["7"]);
        check("body.list[].id", &["x", "true"]);
        check("body.a", &[]);
        check("body.nothing", &[]);
        check("body.missing.deep", &[]);
        assert_eq!(Place::parse("cookie.x"), None);
        assert_eq!(Place::parse("body.list").unwrap().elements(&body).len(), 3);
        assert_eq!(Place::parse("body").unwrap().elements(&json!([1, 2])).len(), 2);
    }

    #[test]
    fn connections_are_found_by_scalars_and_by_each_element_of_a_list() {
        let config = json!({"team.id": "T1", "deep": {"er": 5}});
        let metadata = json!({"accounts": ["b", "a", "a", null, "x\u{0}"], "one": {"two": false}, "no": {}});
        let check = |path: &str, expected: &[&str]| {
            assert_eq!(lookup_values(path, config.as_object().unwrap(), &metadata), expected, "{path}");
        };
        check("connection_config.team.id", &["T1"]);
        check("connection_config.deep.er", &["5"]);
        check("metadata.accounts", &["a", "b"]);
        check("metadata.one.two", &["false"]);
        check("metadata.no", &[]);
        check("metadata.missing", &[]);
    }
}
