//! Where the page for end customers may be shown.

use crate::{
    auth::{Key, scope},
    error::Result,
    extract::{Json, NoQuery},
    state::AppState,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};

/// Where the page for end customers may be shown.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigureSettings {
    /// Origins such as `https://app.example.com` whose pages may show it in a frame. Without any it stands alone.
    allowed_origins: Vec<String>,
}

/// Where the page for end customers may be shown.
#[utoipa::path(get, path = "/environment/configure", tag = "environment",
    responses((status = 200, body = ConfigureSettings)))]
pub async fn read_configure_settings(
    State(app): State<AppState>,
    key: Key<scope::ConfigureRead>,
    _: NoQuery,
) -> Result<axum::Json<ConfigureSettings>> {
    let allowed_origins = app.engine.configure_origins(key.environment.id).await?;
    Ok(axum::Json(ConfigureSettings { allowed_origins }))
}

/// Says where the page for end customers may be shown.
#[utoipa::path(patch, path = "/environment/configure", tag = "environment", request_body = ConfigureSettings,
    responses((status = 200, body = ConfigureSettings), (status = 400)))]
pub async fn update_configure_settings(
    State(app): State<AppState>,
    key: Key<scope::ConfigureWrite>,
    _: NoQuery,
    Json(body): Json<ConfigureSettings>,
) -> Result<axum::Json<ConfigureSettings>> {
    let allowed_origins = app.engine.set_configure_origins(key.environment.id, body.allowed_origins).await?;
    Ok(axum::Json(ConfigureSettings { allowed_origins }))
}
