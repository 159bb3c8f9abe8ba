//! What an integration says about the configuration of its connections: defaults.

use super::{
    integrations::found,
    metadata::{current::Patch, document},
};
use crate::{
    auth::{Key, scope},
    error::Result,
    extract::{JsonWithText, NoQuery, Path},
    state::AppState,
};
use axum::extract::{FromRequest, Request, State};
use bespoke_core::document::{Document, Write};
use serde::Serialize;
use serde_json::value::RawValue;

/// The defaults of an integration.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"defaults": {"filterStatus": "active"}}))]
pub struct Defaults {
    /// What counts where a connection's metadata says nothing; `{}` where there are none.
    #[schema(value_type = Object)]
    defaults: Document,
}

/// Reads the defaults of an integration: what `getMetadata()` gives where a connection's metadata says nothing.
#[utoipa::path(get, path = "/integrations/{unique_key}/metadata/defaults", tag = "metadata",
    params(("unique_key" = String, Path)), responses((status = 200, body = Defaults), (status = 404)))]
pub async fn read_metadata_defaults(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsRead>,
    Path(unique_key): Path<String>,
    _: NoQuery,
) -> Result<axum::Json<Defaults>> {
    let defaults = app.engine.metadata_defaults(key.environment.id, &unique_key).await;
    Ok(axum::Json(Defaults { defaults: found(&unique_key, defaults)? }))
}

/// Replaces the defaults of an integration by the body. The next run of each of its connections sees them.
#[utoipa::path(put, path = "/integrations/{unique_key}/metadata/defaults", tag = "metadata",
    request_body(content = Object, example = json!({"filterStatus": "active"})), params(("unique_key" = String, Path)),
    responses((status = 200, body = Defaults), (status = 404), (status = 413)))]
pub async fn replace_metadata_defaults(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsUpdate>,
    Path(unique_key): Path<String>,
    _: NoQuery,
    JsonWithText(body, _): JsonWithText<Box<RawValue>>,
) -> Result<axum::Json<Defaults>> {
    write(&app, &key, &unique_key, Write::Replace(document(&body, &[])?)).await
}

/// Changes the defaults of an integration. The content type says how the body is meant, as for a connection's metadata.
#[utoipa::path(patch, path = "/integrations/{unique_key}/metadata/defaults", tag = "metadata",
    request_body(content(
        (Object = "application/json", example = json!({"filterStatus": "active"})),
        (Object = "application/merge-patch+json", example = json!({"fieldMapping": {"internal_id": null}})),
        (Vec<Object> = "application/json-patch+json", example = json!([{"op": "remove", "path": "/filterStatus"}]))
    )),
    params(("unique_key" = String, Path)),
    responses((status = 200, body = Defaults), (status = 404), (status = 409), (status = 413)))]
pub async fn patch_metadata_defaults(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsUpdate>,
    Path(unique_key): Path<String>,
    _: NoQuery,
    request: Request,
) -> Result<axum::Json<Defaults>> {
    let Patch(write_as) = Patch::from_request(request, &app).await?;
    write(&app, &key, &unique_key, write_as).await
}

async fn write(
    app: &AppState,
    key: &Key<scope::IntegrationsUpdate>,
    unique_key: &str,
    write: Write,
) -> Result<axum::Json<Defaults>> {
    let written = app.engine.write_metadata_defaults(key.environment.id, unique_key, write).await;
    Ok(axum::Json(Defaults { defaults: found(unique_key, written)? }))
}
