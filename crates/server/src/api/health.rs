//! Whether the server lives and can work.

use crate::{
    error::{ApiError, Code, Result},
    state::AppState,
};
use axum::{Json, extract::State};
use serde::Serialize;

/// The server lives.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Health {
    /// Always `ok`.
    result: &'static str,
}

/// Answers as long as the process runs.
#[utoipa::path(get, path = "/health", tag = "health", security(()), responses((status = 200, body = Health)))]
pub async fn health() -> Json<Health> {
    Json(Health { result: "ok" })
}

/// Answers 200 when the database answers and the server is not stopping, else 503.
#[utoipa::path(get, path = "/ready", tag = "health", security(()), responses((status = 200, body = Health), (status = 503)))]
pub async fn ready(State(app): State<AppState>) -> Result<Json<Health>> {
    app.engine.ready().await.map_err(|_| ApiError::new(Code::ServiceUnavailable))?;
    Ok(Json(Health { result: "ok" }))
}
