//! Renewing OAuth 2 tokens: what a token endpoint is sent, what its answer means, and when a refusal counts.
//!
//! Nothing is sent here. The fields are those of a provider's definition; RFC 6749 §4.4, §5 and §6 are the defaults.

use super::{Credentials, OAuth2, OAuth2Cc, SecretJson};
use crate::{
    provider::Definition,
    secret::Secret,
    template::{self, Names},
    time::Timestamp,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// How long before its end a token is renewed where the provider's definition does not say.
const MARGIN: Duration = Duration::from_mins(15);
/// The longest life of a token that is believed.
const LONGEST_LIFE: Duration = Duration::from_hours(24 * 365 * 100);
/// How long nothing is tried after a failure.
const COOL_DOWN: Duration = Duration::from_secs(30);
/// On how many days in a row it may fail before it is given up.
const MAX_FAILED_DAYS: u32 = 4;
/// How much of a refusal's text is passed on, in characters.
const REASON_CHARACTERS: usize = 300;

/// Whether these credentials can be renewed without their customer: they have a refresh token, or are a client's own.
/// Clients that show a certificate are not among them.
pub fn is_renewable(credentials: &Credentials) -> bool {
    match credentials {
        Credentials::OAuth2(kind) => {
            kind.refresh_token.as_ref().is_some_and(|token| !token.expose().is_empty())
        }
        Credentials::OAuth2Cc(kind) => kind.client_id.is_some() && kind.client_certificate.is_none(),
        _ => false,
    }
}

/// Whether it is time to renew these credentials.
///
/// A token that lives shorter than twice the margin is renewed at half its life: otherwise every request would do it.
pub fn is_due(definition: &Definition, credentials: &Credentials, now: Timestamp) -> bool {
    let (end, raw) = match credentials {
        Credentials::OAuth2Cc(kind) if kind.token.is_none() => return true,
        Credentials::OAuth2Cc(kind) => (kind.expires_at, &kind.raw),
        Credentials::OAuth2(kind) => (kind.expires_at, &kind.raw),
        _ => return false,
    };
    let margin = number(definition.token_expiration_buffer.as_ref()).map_or(MARGIN, Duration::from_secs);
    let margin = life(definition, &raw.0).map_or(margin, |life| margin.min(life / 2));
    end.is_some_and(|end| now.after(margin) >= end)
}

/// Whether the provider should still accept these credentials.
pub fn is_valid(credentials: &Credentials, now: Timestamp) -> bool {
    credentials.bearer_token().is_some() && credentials.expires_at().is_none_or(|end| now < end)
}

/// The client in whose name a token is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: Option<Secret<String>>,
    /// Its secret; public clients have none.
    pub secret: Option<Secret<String>>,
    /// The scopes that it is set up for, separated by commas or spaces.
    pub scopes: Option<String>,
}

impl Client {
    /// The client for these credentials: the customer's own where there is one, else the integration's.
    pub fn of(credentials: &Credentials, integration: Option<&SecretJson>) -> Self {
        let text = |json: Option<&SecretJson>, name: &str| {
            let text = json?.0.get(name)?.as_str().filter(|text| !text.is_empty())?;
            Some(text.to_owned())
        };
        let own = |name: &str| match credentials {
            Credentials::OAuth2Cc(kind) if name == "client_id" => kind.client_id.clone(),
            Credentials::OAuth2Cc(kind) if name == "client_secret" => kind.client_secret.clone(),
            Credentials::OAuth2(kind) => text(kind.config_override.as_ref(), name).map(Secret::new),
            _ => None,
        };
        let field = |name: &str| own(name).or_else(|| text(integration, name).map(Secret::new));
        Self { id: field("client_id"), secret: field("client_secret"), scopes: text(integration, "scopes") }
    }
}

/// What to send to a token endpoint, with POST.
#[derive(Debug)]
pub struct TokenRequest<'a> {
    /// Where to: a template, with `a || b` for a fallback.
    pub url: &'a str,
    /// Headers besides the body's type.
    pub headers: Vec<(String, Secret<String>)>,
    /// The body's type.
    pub content_type: &'static str,
    /// The body.
    pub body: Secret<String>,
}

/// Why no token can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The definition names no token endpoint.
    #[error("the provider's definition has no token_url")]
    NoTokenUrl,
    /// Nobody set a client id.
    #[error("the integration has no client_id")]
    NoClient,
    /// These credentials are not renewed so.
    #[error("the credentials cannot be renewed")]
    NotRenewable,
    /// A template of the definition cannot be read.
    #[error("`{field}` of the provider's definition: {source}")]
    Template {
        /// Which field holds it.
        field: String,
        /// What is wrong with it.
        source: template::Error,
    },
}

/// The request that renews these credentials. `connection_config` may override the scopes; `names` fill in templates.
pub fn renewal<'a>(
    definition: &'a Definition,
    credentials: &Credentials,
    client: &Client,
    connection_config: &Map<String, Value>,
    names: &Names<'_>,
) -> Result<TokenRequest<'a>, Problem> {
    let mut fields = Map::new();
    let params = match credentials {
        Credentials::OAuth2(OAuth2 { refresh_token: Some(token), .. }) => {
            fields.insert("grant_type".to_owned(), "refresh_token".into());
            fields.insert("refresh_token".to_owned(), token.expose().as_str().into());
            &definition.refresh_params
        }
        Credentials::OAuth2Cc(_) => {
            fields.insert("grant_type".to_owned(), "client_credentials".into());
            let scopes = scopes(definition, client, connection_config);
            if !scopes.is_empty() {
                fields.insert("scope".to_owned(), scopes.into());
            }
            &definition.token_params
        }
        _ => return Err(Problem::NotRenewable),
    };
    let url = url(definition, credentials).ok_or(Problem::NoTokenUrl)?;
    let mut headers = vec![("accept".to_owned(), Secret::new("application/json".to_owned()))];
    identify(definition, client, &mut fields, &mut headers)?;
    fields.extend(filled(params.as_ref(), "params", names)?);
    for (name, value) in filled(definition.token_headers.as_ref(), "token_headers", names)? {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        headers.push((name, Secret::new(text(&value))));
    }
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    let is_json = definition.body_format.as_ref().and_then(Value::as_str) == Some("json");
    let (content_type, body) = if is_json {
        ("application/json", Value::Object(fields).to_string())
    } else {
        let pairs = fields.iter().map(|(name, value)| (name, text(value)));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        ("application/x-www-form-urlencoded", body)
    };
    Ok(TokenRequest { url, headers, content_type, body: Secret::new(body) })
}

/// Adds the client's id and secret where the provider looks for them.
fn identify(
    definition: &Definition,
    client: &Client,
    fields: &mut Map<String, Value>,
    headers: &mut Vec<(String, Secret<String>)>,
) -> Result<(), Problem> {
    let is = |field: &Option<Value>, value: &str| field.as_ref().and_then(Value::as_str) == Some(value);
    if is(&definition.token_request_auth_method, "custom") {
        return Ok(());
    }
    let id = client.id.as_ref().ok_or(Problem::NoClient)?.expose();
    let secret = client.secret.as_ref().map(Secret::expose);
    if is(&definition.authorization_method, "header") || is(&definition.token_request_auth_method, "basic") {
        let pair = Secret::new(format!("{id}:{}", secret.map_or("", String::as_str)));
        headers.push((
            "authorization".to_owned(),
            Secret::new(format!("Basic {}", STANDARD.encode(pair.expose()))),
        ));
        return Ok(());
    }
    fields.insert("client_id".to_owned(), id.as_str().into());
    if let Some(secret) = secret {
        fields.insert("client_secret".to_owned(), secret.as_str().into());
    }
    Ok(())
}

/// Where the token is asked for: a text, or one per auth mode.
fn url<'a>(definition: &'a Definition, credentials: &Credentials) -> Option<&'a str> {
    let refresh = definition.refresh_url.as_ref().filter(|_| matches!(credentials, Credentials::OAuth2(_)));
    match refresh.or(definition.token_url.as_ref())? {
        Value::String(url) => Some(url),
        urls => urls.get(credentials.type_name())?.as_str(),
    }
}

fn scopes(definition: &Definition, client: &Client, connection_config: &Map<String, Value>) -> String {
    let separator = definition.scope_separator.as_deref().unwrap_or(" ");
    let of_client = || -> Option<Vec<&str>> {
        Some(client.scopes.as_deref()?.split([',', ' ']).filter(|scope| !scope.is_empty()).collect())
    };
    let of_connection = connection_config.get("oauth_scopes_override").and_then(Value::as_array);
    let of_connection =
        of_connection.map(|scopes| scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>());
    let chosen = of_connection.or_else(of_client);
    chosen.unwrap_or_else(|| definition.default_scopes.iter().map(String::as_str).collect()).join(separator)
}

/// The definition's own fields, filled in. One that needs a value which is not there is left out.
fn filled(params: Option<&Value>, field: &str, names: &Names<'_>) -> Result<Map<String, Value>, Problem> {
    let mut filled = Map::new();
    for (name, value) in params.and_then(Value::as_object).into_iter().flatten() {
        let value = match value {
            Value::String(text) => match template::render(text, names) {
                Ok(text) => text.into(),
                Err(template::Error::Unknown(_)) => continue,
                Err(source) => return Err(Problem::Template { field: format!("{field}.{name}"), source }),
            },
            Value::Null => continue,
            other => other.clone(),
        };
        filled.insert(name.clone(), value);
    }
    Ok(filled)
}

/// The token endpoint gave no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the provider answered {status}{}", reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
pub struct Refused {
    /// The answer's status.
    pub status: u16,
    /// What the provider says about it.
    pub reason: Option<String>,
}

/// Where in an answer things are: the definition's `token_response`. Paths have dots.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Places {
    token: Option<String>,
    refresh_token: Option<String>,
    token_expiration: Option<String>,
    token_expiration_strategy: Strategy,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Strategy {
    /// A number of seconds.
    #[default]
    ExpireIn,
    /// A point in time.
    ExpireAt,
}

fn places(definition: &Definition) -> Places {
    definition.token_response.as_ref().and_then(|places| Places::deserialize(places).ok()).unwrap_or_default()
}

/// The credentials with the token of an answer. A refresh token that the provider does not replace is kept. `asked_at` is when
/// the request went out: the token may be as old as that.
pub fn renewed(
    definition: &Definition,
    credentials: &Credentials,
    status: u16,
    body: &[u8],
    asked_at: Timestamp,
) -> Result<Credentials, Refused> {
    let answer = read(body);
    let places = places(definition);
    let secret = |place: Option<&str>| {
        let text = at(&answer, place?)?.as_str().filter(|text| !text.is_empty())?;
        Some(Secret::new(text.to_owned()))
    };
    let token = secret(Some(places.token.as_deref().unwrap_or("access_token")));
    let Some(token) = token.filter(|_| (200..300).contains(&status)) else {
        return Err(Refused { status, reason: reason(&answer) });
    };
    let refresh_token = secret(Some(places.refresh_token.as_deref().unwrap_or("refresh_token")));
    let expires_at = end(definition, &places, &answer, asked_at);
    let raw = SecretJson(answer.clone());
    match credentials {
        Credentials::OAuth2(old) => Ok(Credentials::OAuth2(OAuth2 {
            access_token: token,
            refresh_token: refresh_token.or_else(|| old.refresh_token.clone()),
            expires_at,
            raw,
            ..old.clone()
        })),
        Credentials::OAuth2Cc(old) => {
            Ok(Credentials::OAuth2Cc(OAuth2Cc { token: Some(token), expires_at, raw, ..old.clone() }))
        }
        _ => Err(Refused { status, reason: None }),
    }
}

/// An answer's body: JSON, or a form as some providers send it whatever is asked for.
fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).ok().filter(Value::is_object).unwrap_or_else(|| {
        let pairs = url::form_urlencoded::parse(body);
        Value::Object(
            pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect(),
        )
    })
}

/// What a refusal says: RFC 6749's `error` and `error_description`, or what many APIs say instead. Never a whole body, which
/// may repeat what was sent.
fn reason(answer: &Value) -> Option<String> {
    let texts = ["error", "error_description", "error.message", "message"];
    let texts = texts.into_iter().filter_map(|place| at(answer, place)?.as_str());
    let reason = texts.collect::<Vec<_>>().join(": ");
    (!reason.is_empty()).then(|| reason.chars().take(REASON_CHARACTERS).collect())
}

fn end(definition: &Definition, places: &Places, answer: &Value, asked_at: Timestamp) -> Option<Timestamp> {
    let point = match (&places.token_expiration, places.token_expiration_strategy) {
        (Some(place), Strategy::ExpireAt) => at(answer, place).and_then(time),
        _ => None,
    };
    point
        .or_else(|| life(definition, answer).map(|life| asked_at.after(life)))
        .or_else(|| time(answer.get("expires_at")?))
}

/// How long the token of an answer lives; 0 means that it does not end.
fn life(definition: &Definition, answer: &Value) -> Option<Duration> {
    let places = places(definition);
    let place = match (&places.token_expiration, places.token_expiration_strategy) {
        (Some(place), Strategy::ExpireIn) => place,
        _ => "expires_in",
    };
    let told = number(at(answer, place)).map(Duration::from_secs);
    let usual = || number(definition.token_expires_in_ms.as_ref()).map(Duration::from_millis);
    told.or_else(usual).filter(|life| !life.is_zero()).map(|life| life.min(LONGEST_LIFE))
}

/// RFC 3339, or seconds or milliseconds since 1970.
fn time(value: &Value) -> Option<Timestamp> {
    /// As seconds this is in the year 5138.
    const MILLIS_FROM: u64 = 100_000_000_000;
    if let Some(time) = value.as_str().and_then(Timestamp::parse) {
        return Some(time);
    }
    let number = number(Some(value)).filter(|number| *number > 0)?;
    let millis = if number < MILLIS_FROM { number * 1000 } else { number };
    i64::try_from(millis).ok().filter(|millis| *millis < i64::MAX / 1000).map(Timestamp::from_millis)
}

fn number(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and is not negative"
    )]
    let whole = |float: f64| (float >= 0.0).then_some(float as u64);
    value.as_u64().or_else(|| whole(value.as_f64()?)).or_else(|| value.as_str()?.trim().parse().ok())
}

fn at<'v>(answer: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(answer, |value, key| value.get(key))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// How renewing a connection's credentials went lately. A success forgets it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// When it failed last.
    pub last: Option<Timestamp>,
    /// On how many days it failed.
    pub days: u32,
}

impl Failures {
    /// Whether the last failure is so fresh that it is not tried again.
    pub fn is_cooling(self, now: Timestamp) -> bool {
        self.last.is_some_and(|last| now.since(last) < COOL_DOWN)
    }

    /// Whether it failed on so many days that only authorising anew, or an explicit wish, helps.
    pub const fn is_exhausted(self) -> bool {
        self.days >= MAX_FAILED_DAYS
    }

    /// These and one more, now.
    #[must_use]
    pub fn and_one(self, now: Timestamp) -> Self {
        let day = |time: Timestamp| time.0.div_euclid(86_400_000_000);
        let is_new_day = self.last.is_none_or(|last| day(last) != day(now));
        Self { last: Some(now), days: self.days.saturating_add(u32::from(is_new_day)) }
    }
}

#[cfg(test)]
mod tests;
