//! The oldest way to import a connection: credentials as flat fields beside the rest (http-api.md §4.4).

use crate::{
    api::metadata::document,
    auth::{Key, scope},
    error::{ApiError, Code, Result},
    extract::{Json, NoQuery},
    provenance::Writer,
    state::AppState,
};
use axum::{extract::State, http::StatusCode};
use bespoke_core::{auth::AuthMode, revision::Source, time::Timestamp};
use bespoke_engine::{Error, ImportConnection, Resource};
use serde_json::{Map, Value, json, value::to_raw_value};
use std::time::Duration;

/// Makes a connection, or authorises the one of that id anew. Answers the body with `connection_id` filled in. Older than
/// `POST /connections`, which is better.
#[utoipa::path(post, path = "/connection", tag = "connections", request_body = Object,
    responses((status = 201, description = "The body, with `connection_id` filled in"), (status = 400)))]
pub async fn create_connection_legacy(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsCreate>,
    _: NoQuery,
    writer: Writer,
    Json(mut body): Json<Map<String, Value>>,
) -> Result<(StatusCode, axum::Json<Map<String, Value>>)> {
    let environment = key.environment.id;
    let provider_config_key =
        text(&body, "provider_config_key").ok_or(ApiError::new(Code::MissingProviderConfig))?;
    let integration = app.engine.integration(environment, &provider_config_key).await?;
    let provider = integration.provider.ok_or(ApiError::new(Code::NotFound))?;
    let credentials = credentials(provider.definition.auth_mode, &body, app.engine.now())?;
    let connection_id = text(&body, "connection_id").unwrap_or_else(|| app.engine.new_id().to_string());
    let metadata = match body.get("metadata") {
        None | Some(Value::Null) => None,
        Some(json) => {
            let raw = to_raw_value(json).map_err(|error| ApiError::internal(&error))?;
            Some(document(&raw, &["metadata"])?)
        }
    };
    let import = ImportConnection {
        provider_config_key,
        connection_id: Some(connection_id.clone()),
        credentials,
        metadata,
        connection_config: object(&body, "connection_config")?,
        webhook_url_override: text(&body, "webhook_url_override"),
        first_metadata: None,
        end_user: None,
        tags: None,
        provenance: writer.by(Source::Import, None)?,
    };
    app.engine.import_connection(environment, import).await.map_err(|error| match error {
        Error::NotFound(Resource::Provider) => ApiError::new(Code::NotFound),
        error => error.into(),
    })?;
    body.insert("connection_id".to_owned(), connection_id.into());
    Ok((StatusCode::CREATED, axum::Json(body)))
}

/// A text that is not empty.
fn text(body: &Map<String, Value>, name: &str) -> Option<String> {
    body.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn object(body: &Map<String, Value>, name: &str) -> Result<Option<Map<String, Value>>> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object.clone())),
        Some(_) => Err(ApiError::body("invalid_type", &[name], "Must be an object")),
    }
}

/// The flat fields as `POST /connections` wants them.
fn credentials(mode: AuthMode, body: &Map<String, Value>, now: Timestamp) -> Result<Map<String, Value>> {
    let need = |name: &str, code| text(body, name).map(Value::from).ok_or(ApiError::new(code));
    let fields = match mode {
        AuthMode::OAuth2 | AuthMode::McpOAuth2 | AuthMode::McpOAuth2Generic => json!({
            "type": "OAUTH2",
            "access_token": need("access_token", Code::MissingAccessToken)?,
            "refresh_token": text(body, "refresh_token"),
            "expires_at": expiry(body, now)?,
            "config_override": override_client(body),
        }),
        AuthMode::OAuth2Cc => json!({
            "type": "OAUTH2_CC",
            "token": need("access_token", Code::MissingAccessToken)?,
            "client_id": text(body, "oauth_client_id_override"),
            "client_secret": text(body, "oauth_client_secret_override"),
            "expires_at": body.get("expires_at"),
        }),
        AuthMode::OAuth1 => json!({
            "type": "OAUTH1",
            "oauth_token": need("oauth_token", Code::MissingOauthToken)?,
            "oauth_token_secret": need("oauth_token_secret", Code::MissingOauthTokenSecret)?,
        }),
        AuthMode::Basic => json!({
            "type": "BASIC",
            "username": need("username", Code::MissingBasicUsername)?,
            "password": text(body, "password").unwrap_or_default(),
        }),
        AuthMode::ApiKey => json!({ "type": "API_KEY", "apiKey": need("api_key", Code::MissingApiKey)? }),
        AuthMode::Tba => json!({
            "type": "TBA",
            "token_id": body.get("token_id"),
            "token_secret": body.get("token_secret"),
            "config_override": override_client(body),
        }),
        mode => json!({ "type": mode.name() }),
    };
    let Value::Object(mut fields) = fields else { return Ok(Map::new()) };
    fields.retain(|_, value| !value.is_null());
    Ok(fields)
}

fn override_client(body: &Map<String, Value>) -> Value {
    let id = text(body, "oauth_client_id_override");
    let secret = text(body, "oauth_client_secret_override");
    if id.is_none() && secret.is_none() {
        Value::Null
    } else {
        json!({ "client_id": id, "client_secret": secret })
    }
}

/// When an OAuth 2 token ends: as a time, in seconds from now, or never.
fn expiry(body: &Map<String, Value>, now: Timestamp) -> Result<Value> {
    if body.get("no_expiration") == Some(&Value::Bool(true)) {
        return Ok(Value::Null);
    }
    if let Some(seconds) = body.get("expires_in").filter(|value| !value.is_null()) {
        let seconds = seconds.as_u64().or_else(|| seconds.as_str()?.parse().ok());
        let seconds = seconds.ok_or(ApiError::new(Code::InvalidExpiresAt))?;
        return Ok(now.after(Duration::from_secs(seconds)).millis_zulu().into());
    }
    match body.get("expires_at") {
        None | Some(Value::Null) => Err(ApiError::new(Code::MissingExpiresAt)),
        Some(Value::String(text)) if Timestamp::parse(text).is_none() => {
            Err(ApiError::new(Code::InvalidExpiresAt))
        }
        Some(time @ (Value::String(_) | Value::Number(_))) => Ok(time.clone()),
        Some(_) => Err(ApiError::new(Code::InvalidExpiresAt)),
    }
}
