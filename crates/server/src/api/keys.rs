//! The secret keys of an environment.

use crate::{
    auth::{Key, is_scope, scope},
    error::{ApiError, Code, Result},
    extract::{Json, NoQuery, Path},
    state::AppState,
};
use axum::{extract::State, http::StatusCode};
use bespoke_core::{environment::ApiKey, id::ApiKeyId, time::Timestamp};
use bespoke_engine::environments::LimitedKey;
use serde::{Deserialize, Serialize};

/// A secret key, without its secret.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SecretKey {
    /// Its id.
    id: i64,
    /// Name for people.
    display_name: String,
    /// What it may do.
    scopes: Vec<String>,
    /// When it was made.
    created_at: String,
    /// When it was used last, to the minute.
    last_used_at: Option<String>,
    /// From when on it opens nothing.
    expires_at: Option<String>,
}

impl From<ApiKey> for SecretKey {
    fn from(key: ApiKey) -> Self {
        let time = |time: Option<Timestamp>| time.map(Timestamp::millis_zulu);
        Self {
            id: key.id.0,
            display_name: key.display_name,
            scopes: key.scopes,
            created_at: key.created_at.millis_zulu(),
            last_used_at: time(key.last_used_at),
            expires_at: time(key.expires_at),
        }
    }
}

/// The keys of the environment.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SecretKeys {
    /// The oldest first; without those that were revoked.
    data: Vec<SecretKey>,
}

/// The keys of the environment.
#[utoipa::path(get, path = "/keys", tag = "keys", responses((status = 200, body = SecretKeys)))]
pub async fn list_keys(
    State(app): State<AppState>,
    key: Key<scope::KeysRead>,
    _: NoQuery,
) -> Result<axum::Json<SecretKeys>> {
    let keys = app.engine.api_keys(&key.environment.name).await?;
    let data = keys.into_iter().filter(|key| key.revoked_at.is_none()).map(SecretKey::from).collect();
    Ok(axum::Json(SecretKeys { data }))
}

/// A key to be made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostKey {
    /// Name for people.
    display_name: String,
    /// What it may do; a scope that ends in `:*` covers all that begin so.
    scopes: Vec<String>,
    /// From when on it opens nothing.
    expires_at: Option<String>,
}

/// A new key: the only time that its secret is shown.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewSecretKey {
    /// The key.
    #[serde(flatten)]
    key: SecretKey,
    /// What clients send.
    secret: String,
}

/// Makes a key. It can be granted no more than the caller has.
#[utoipa::path(post, path = "/keys", tag = "keys", request_body = PostKey,
    responses((status = 201, body = NewSecretKey), (status = 400), (status = 403)))]
pub async fn create_key(
    State(app): State<AppState>,
    key: Key<scope::KeysWrite>,
    _: NoQuery,
    Json(body): Json<PostKey>,
) -> Result<(StatusCode, axum::Json<NewSecretKey>)> {
    if body.scopes.is_empty() {
        return Err(ApiError::body("too_small", &["scopes"], "Must name at least one scope"));
    }
    if let Some(unknown) = body.scopes.iter().find(|scope| !is_scope(scope)) {
        return Err(ApiError::body("invalid_value", &["scopes"], format!("There is no scope \"{unknown}\"")));
    }
    if let Some(beyond) = body.scopes.iter().find(|scope| !key.has(scope)) {
        return Err(ApiError::new(Code::Forbidden).message(format!("You lack the scope {beyond} yourself.")));
    }
    let expires_at = body.expires_at.map(|text| {
        Timestamp::parse(&text)
            .ok_or_else(|| ApiError::body("invalid_format", &["expires_at"], "Must be an ISO 8601 time"))
    });
    let new = LimitedKey {
        display_name: body.display_name,
        scopes: body.scopes,
        expires_at: expires_at.transpose()?,
    };
    let made = app.engine.create_limited_api_key(&key.environment, new).await?;
    let secret = made.secret.expose().to_owned();
    Ok((StatusCode::CREATED, axum::Json(NewSecretKey { key: made.key.into(), secret })))
}

/// Revokes a key: it opens nothing any more.
#[utoipa::path(delete, path = "/keys/{id}", tag = "keys", params(("id" = i64, Path)),
    responses((status = 204), (status = 404)))]
pub async fn revoke_key(
    State(app): State<AppState>,
    key: Key<scope::KeysWrite>,
    Path(id): Path<i64>,
    _: NoQuery,
) -> Result<StatusCode> {
    app.engine.revoke_api_key(&key.environment.name, ApiKeyId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
