//! Variants of syncs: the same function once more for a connection, with its own schedule, checkpoint and records.

use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::{Json, NoQuery, Path, rules},
    state::AppState,
};
use axum::extract::State;
use bespoke_core::sync::{BASE_VARIANT, SyncName};
use bespoke_engine::{Error, Resource};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whose variant is meant.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfConnection {
    /// The integration.
    provider_config_key: String,
    /// The connection.
    connection_id: String,
}

/// A variant that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MadeVariant {
    /// Its sync.
    id: Uuid,
    /// The sync's name.
    name: String,
    /// The variant.
    variant: String,
}

/// It was deleted.
#[derive(Serialize, utoipa::ToSchema)]
pub struct DeletedVariant {
    /// Always true.
    success: bool,
}

/// Makes a variant of a connection's sync. It is scheduled like the sync that it is a variant of, and runs at once where
/// that starts by itself.
#[utoipa::path(post, path = "/sync/{name}/variant/{variant}", tag = "syncs", request_body = OfConnection,
    params(("name" = String, Path), ("variant" = String, Path)), responses((status = 200, body = MadeVariant)))]
pub async fn create_sync_variant(
    State(app): State<AppState>,
    key: Key<scope::SyncsVariantCreate>,
    Path(path): Path<(String, String)>,
    _: NoQuery,
    Json(of): Json<OfConnection>,
) -> Result<axum::Json<MadeVariant>> {
    let sync = checked(path, &of)?;
    let made = app
        .engine
        .create_sync_variant(key.environment.id, &of.provider_config_key, &of.connection_id, &sync)
        .await;
    let id = made.map_err(unknown_connection)?;
    Ok(axum::Json(MadeVariant { id, name: sync.name, variant: sync.variant }))
}

/// Deletes a variant with its schedule, runs, checkpoint and records.
#[utoipa::path(delete, path = "/sync/{name}/variant/{variant}", tag = "syncs", request_body = OfConnection,
    params(("name" = String, Path), ("variant" = String, Path)), responses((status = 200, body = DeletedVariant)))]
pub async fn delete_sync_variant(
    State(app): State<AppState>,
    key: Key<scope::SyncsVariantDelete>,
    Path(path): Path<(String, String)>,
    _: NoQuery,
    Json(of): Json<OfConnection>,
) -> Result<axum::Json<DeletedVariant>> {
    let sync = checked(path, &of)?;
    let deleted = app
        .engine
        .delete_sync_variant(key.environment.id, &of.provider_config_key, &of.connection_id, &sync)
        .await;
    deleted.map_err(unknown_connection)?;
    Ok(axum::Json(DeletedVariant { success: true }))
}

/// The names of a request, where they can be such.
fn checked((name, variant): (String, String), of: &OfConnection) -> Result<SyncName> {
    let path = |issue: Issue| ApiError::new(Code::InvalidUriParams).issue(issue);
    rules::check(&name, &rules::FUNCTION, &["name"]).map_err(path)?;
    rules::check(&variant, &rules::FUNCTION, &["variant"]).map_err(path)?;
    let body = |issue: Issue| ApiError::new(Code::InvalidBody).issue(issue);
    rules::check(&of.provider_config_key, &rules::PROVIDER_CONFIG_KEY, &["provider_config_key"])
        .map_err(body)?;
    rules::check(&of.connection_id, &rules::CONNECTION_ID, &["connection_id"]).map_err(body)?;
    if variant.eq_ignore_ascii_case(BASE_VARIANT) {
        return Err(ApiError::new(Code::InvalidVariant));
    }
    Ok(SyncName { name, variant })
}

/// An unknown connection is a 400 here (http-api.md §10.5).
fn unknown_connection(error: Error) -> ApiError {
    match error {
        Error::NotFound(Resource::Connection) => ApiError::new(Code::UnknownConnection).status(400),
        other => other.into(),
    }
}
