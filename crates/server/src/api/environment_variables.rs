//! Environment variables: what functions read with `getEnvironmentVariables()`.
//!
//! Listing them is Nango's; setting and unsetting is ours (there it is in the dashboard only).

use crate::{
    api::connections::Success,
    auth::{Key, scope},
    error::{ApiError, Code, Result},
    extract::{Json, NoQuery, Path},
    state::AppState,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};

/// A variable.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EnvironmentVariable {
    /// Its name.
    name: String,
    /// Its value.
    value: String,
}

/// The variables of the environment, by name.
#[utoipa::path(get, path = "/environment-variables", tag = "environment",
    responses((status = 200, body = Vec<EnvironmentVariable>)))]
pub async fn list_environment_variables(
    State(app): State<AppState>,
    key: Key<scope::VariablesRead>,
    _: NoQuery,
) -> Result<axum::Json<Vec<EnvironmentVariable>>> {
    let variables = app.engine.environment_variables(key.environment.id).await?;
    let shown = variables
        .into_iter()
        .map(|(name, value)| EnvironmentVariable { name, value: value.expose().clone() });
    Ok(axum::Json(shown.collect()))
}

/// The value of a variable.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutEnvironmentVariable {
    /// Any text, 64 KiB at most.
    value: String,
}

/// Sets a variable, new or not.
#[utoipa::path(put, path = "/environment-variables/{name}", tag = "environment",
    params(("name" = String, Path)), request_body = PutEnvironmentVariable,
    responses((status = 200, body = Success), (status = 400)))]
pub async fn set_environment_variable(
    State(app): State<AppState>,
    key: Key<scope::VariablesWrite>,
    Path(name): Path<String>,
    _: NoQuery,
    Json(body): Json<PutEnvironmentVariable>,
) -> Result<axum::Json<Success>> {
    app.engine.set_environment_variable(key.environment.id, &name, &body.value.into()).await?;
    Ok(axum::Json(Success { success: true }))
}

/// Removes a variable.
#[utoipa::path(delete, path = "/environment-variables/{name}", tag = "environment",
    params(("name" = String, Path)),
    responses((status = 200, body = Success), (status = 404)))]
pub async fn unset_environment_variable(
    State(app): State<AppState>,
    key: Key<scope::VariablesWrite>,
    Path(name): Path<String>,
    _: NoQuery,
) -> Result<axum::Json<Success>> {
    if app.engine.unset_environment_variable(key.environment.id, &name).await? {
        Ok(axum::Json(Success { success: true }))
    } else {
        Err(ApiError::new(Code::NotFound).message(format!("There is no environment variable \"{name}\".")))
    }
}
