//! What handlers take from a request, with this API's rejections: every problem names its field.

use crate::error::{ApiError, Code, Issue};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, request::Parts},
};
use regex::Regex;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_path_to_error::Segment;
use std::sync::LazyLock;

/// A JSON body of the shape `T`. Rejects with `invalid_json` or `invalid_body`.
pub struct Json<T>(pub T);

/// A JSON body of the shape `T` and the very bytes that were sent, for endpoints that echo them.
pub struct JsonWithText<T>(pub T, pub Bytes);

/// The query, of the shape `T`; understands `tags[key]=value` and repeated keys. Rejects with `invalid_query_params`.
pub struct Query<T>(pub T);

/// No query at all: most endpoints with a body reject one.
pub struct NoQuery;

/// Parts of the path, of the shape `T`. Rejects with `invalid_uri_params`.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        JsonWithText::from_request(request, state).await.map(|JsonWithText(value, _)| Self(value))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonWithText<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = read_body(request, state).await?;
        Ok(Self(parse_json(&bytes)?, bytes))
    }
}

/// The whole body. Rejects a body over the server's limit with `body_too_large`.
pub async fn read_body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        let rejection = axum::response::IntoResponse::into_response(rejection);
        if rejection.status() == 413 {
            ApiError::new(Code::BodyTooLarge)
        } else {
            ApiError::new(Code::InvalidBody).message("The body could not be read.")
        }
    })
}

/// Reads a JSON body of the shape `T`. An empty body counts as `{}`.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        // A field can be wrong before the text is: what is no JSON at all is told first.
        if error.inner().is_data() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
            ApiError::new(Code::InvalidBody).issue(issue(error.path(), &without_place(error.inner())))
        } else {
            ApiError::new(Code::InvalidJson)
                .message(format!("The body is not valid JSON: {}.", error.inner()))
        }
    })?;
    reader.end().map_err(|error| {
        ApiError::new(Code::InvalidJson).message(format!("The body is not valid JSON: {error}."))
    })?;
    Ok(value)
}

fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ").map_or(text.clone(), |end| text[..end].to_owned())
}

/// Turns serde's words into an issue with a path and a code that clients know.
fn issue(path: &serde_path_to_error::Path, message: &str) -> Issue {
    // Not the path's text: a key may have dots and brackets itself.
    let parts = path.iter().filter_map(|part| match part {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    });
    let mut path: Vec<String> = parts.collect();
    let named = |prefix: &str| {
        message
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_prefix('`'))
            .and_then(|rest| rest.split('`').next())
    };
    if let Some(key) = named("unknown field ") {
        if path.last().is_some_and(|last| last == key) {
            path.pop();
        }
        return Issue { code: "unrecognized_keys", message: format!("Unrecognized key: \"{key}\""), path };
    }
    if let Some(key) = named("missing field ") {
        path.push(key.to_owned());
        return Issue { code: "invalid_type", message: "Required, but missing".to_owned(), path };
    }
    let code = if message.starts_with("invalid type") {
        "invalid_type"
    } else if message.starts_with("unknown variant") {
        "invalid_value"
    } else if message.starts_with("data did not match any variant") {
        "invalid_union"
    } else {
        "custom"
    };
    Issue { code, message: message.to_owned(), path }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parse_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads a query string of the shape `T`.
pub fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let config = serde_qs::Config::new().use_form_encoding(true).max_depth(5);
    let reader = serde_qs::Deserializer::with_config(config, query.as_bytes())
        .map_err(|error| ApiError::query("custom", &[], error.to_string()))?;
    serde_path_to_error::deserialize(reader).map_err(|error| {
        ApiError::new(Code::InvalidQueryParams).issue(issue(error.path(), &error.inner().to_string()))
    })
}

impl<S: Send + Sync> FromRequestParts<S> for NoQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let keys: Vec<_> =
            url::form_urlencoded::parse(query.as_bytes()).map(|(key, _)| format!("\"{key}\"")).collect();
        if keys.is_empty() {
            return Ok(Self);
        }
        Err(ApiError::query("unrecognized_keys", &[], format!("Unrecognized key: {}", keys.join(", "))))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(ApiError::new(Code::InvalidUriParams).message(rejection.body_text())),
        }
    }
}

/// Rules for the names in requests (http-api.md §0).
pub mod rules {
    use super::*;

    macro_rules! patterns {
        ($($(#[$doc:meta])* $name:ident = $pattern:literal;)+) => {
            $($(#[$doc])* pub static $name: LazyLock<Regex> = LazyLock::new(|| Regex::new($pattern).expect("a valid pattern"));)+
        };
    }

    patterns! {
        /// An integration's key.
        PROVIDER_CONFIG_KEY = r"^[a-zA-Z0-9~:.@ _-]{1,255}$";
        /// A connection's id.
        CONNECTION_ID = r#"^[a-zA-Z0-9,.;:=+~\[\]|@${}"'\\/_ -]{1,255}$"#;
        /// A provider's name.
        PROVIDER = r"^[a-zA-Z0-9_-]{1,255}$";
        /// The name of a function or a variant.
        FUNCTION = r"^[a-zA-Z0-9_-]{1,255}$";
        /// A model's name.
        MODEL = r"^[A-Z][a-zA-Z0-9_-]{1,254}$";
        /// A caller's name for a request.
        IDEMPOTENCY_KEY = r"^[\x21-\x7e]{1,255}$";
        /// A tag's key, before it is lower-cased.
        TAG = r"^[a-zA-Z][a-zA-Z0-9_\-./]{0,63}$";
    }

    /// Checks how many characters a text has.
    pub fn length(text: &str, min: usize, max: usize, path: &[&str]) -> Result<(), Issue> {
        match text.chars().count() {
            count if count < min => {
                Err(Issue::new("too_small", path, format!("Must have at least {min} characters")))
            }
            count if count > max => {
                Err(Issue::new("too_big", path, format!("Must have at most {max} characters")))
            }
            _ => Ok(()),
        }
    }

    /// Checks one text against a rule.
    pub fn check(text: &str, rule: &Regex, path: &[&str]) -> Result<(), Issue> {
        if rule.is_match(text) {
            return Ok(());
        }
        let (code, message) = match text.len() {
            0 => ("too_small", "Must not be empty".to_owned()),
            _ if text.chars().count() > 255 => ("too_big", "Must have at most 255 characters".to_owned()),
            _ => ("invalid_format", format!("Must match {}", rule.as_str())),
        };
        Err(Issue::new(code, path, message))
    }
}

/// The header `name`, checked against `rule`.
pub fn header<'a>(headers: &'a HeaderMap, name: &'static str, rule: &Regex) -> Result<&'a str, Issue> {
    let Some(value) = headers.get(name) else {
        return Err(Issue::new("invalid_type", [name], "Required, but missing"));
    };
    let value = value.to_str().map_err(|_| Issue::new("invalid_format", [name], "Must be ASCII"))?;
    rules::check(value, rule, &[name])?;
    Ok(value)
}

/// The header `Idempotency-Key`, where there is one: 1 to 255 printable ASCII characters.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    const NAME: &str = "idempotency-key";
    if !headers.contains_key(NAME) {
        return Ok(None);
    }
    let key = header(headers, NAME, &rules::IDEMPOTENCY_KEY);
    key.map(|key| Some(key.to_owned())).map_err(|issue| ApiError::new(Code::InvalidHeaders).issue(issue))
}

/// The two headers that name a connection. Rejects with `invalid_headers`, naming every one that is wrong.
#[derive(Clone, Debug)]
pub struct ConnectionHeaders {
    /// `Provider-Config-Key`.
    pub provider_config_key: String,
    /// `Connection-Id`.
    pub connection_id: String,
}

impl<S: Send + Sync> FromRequestParts<S> for ConnectionHeaders {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let key = header(&parts.headers, "provider-config-key", &rules::PROVIDER_CONFIG_KEY);
        let connection = header(&parts.headers, "connection-id", &rules::CONNECTION_ID);
        match (key, connection) {
            (Ok(key), Ok(connection)) => {
                Ok(Self { provider_config_key: key.to_owned(), connection_id: connection.to_owned() })
            }
            (key, connection) => {
                let issues = [key.err(), connection.err()].into_iter().flatten().collect();
                Err(ApiError::new(Code::InvalidHeaders).issues(issues))
            }
        }
    }
}

/// Reads a boolean in the spellings that the API takes: true/false, 1/0, yes/no, on/off, y/n, enabled/disabled.
pub fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "y" | "enabled" => Some(true),
        "false" | "0" | "no" | "off" | "n" | "disabled" => Some(false),
        _ => None,
    }
}

/// Serde adapter of [`boolean`] for query parameters.
pub fn deserialize_boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = String::deserialize(deserializer)?;
    boolean(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a boolean")))
}
