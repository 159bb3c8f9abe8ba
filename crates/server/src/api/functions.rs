//! Deployed functions, as http-api.md §6.3 and §12.4 show them.

use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Result},
    extract::{Json, Path, Query},
    state::AppState,
};
use axum::extract::State;
use bespoke_core::{
    function::{Definition, Function, FunctionKind},
    id::FunctionId,
};
use bespoke_engine::{Error, Resource, functions::FunctionVersion};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A deployed function.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FunctionBody {
    /// Its number; another one for each version.
    id: i64,
    /// Its name.
    name: String,
    /// `sync`, `action` or `on-event`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The version.
    version: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Scopes that it needs.
    scopes: Vec<String>,
    /// Whether it may run.
    enabled: bool,
    /// When this version was deployed.
    last_deployed: String,
    /// Where it comes from: `repo` or `standalone`.
    source: &'static str,
    /// Actions: name of the input's schema; syncs: of the metadata's.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    /// Actions: name of the output's schema; syncs: names of the models.
    #[serde(skip_serializing_if = "Option::is_none")]
    returns: Option<Vec<String>>,
    /// Actions and syncs: every named schema, below `definitions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<Value>,
    /// Syncs: how often.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    runs: Option<Value>,
    /// Syncs: whether its schedule starts by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_start: Option<bool>,
    /// Syncs: whether records that a full run does not save are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    track_deletes: Option<bool>,
    /// On-event functions: which event.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<String>,
}

impl From<Function> for FunctionBody {
    fn from(function: Function) -> Self {
        let Definition {
            kind, name, description, scopes, input, output, models, metadata, json_schema, ..
        } = function.definition;
        let is_sync = kind == FunctionKind::Sync;
        let (input, returns) = match kind {
            FunctionKind::Sync => (metadata, Some(models)),
            FunctionKind::Action => (input, Some(output.into_iter().collect())),
            FunctionKind::OnEvent | FunctionKind::Config => (None, None),
        };
        Self {
            id: function.id.0,
            name,
            kind: kind.as_str(),
            version: function.version,
            description,
            scopes,
            enabled: function.enabled,
            last_deployed: function.deployed_at.millis_zulu(),
            source: function.origin.as_str(),
            input,
            returns,
            json_schema: (kind != FunctionKind::OnEvent).then(|| json_schema.into()),
            runs: is_sync.then(|| function.definition.frequency.into()),
            auto_start: is_sync.then_some(function.definition.auto_start),
            track_deletes: is_sync.then_some(function.definition.track_deletes),
            event: function.definition.event,
        }
    }
}

/// A page of functions.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FunctionPage {
    /// The functions.
    data: Vec<FunctionBody>,
    /// Where this page lies.
    pagination: Pagination,
}

/// Where a page lies.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Pagination {
    /// How many there are on all pages.
    total: usize,
    /// Which page this is, from 0.
    page: usize,
    /// Most on a page.
    limit: usize,
}

/// One function.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OneFunction {
    /// The function.
    data: FunctionBody,
}

/// A function's source.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FunctionCode {
    /// `sync`, `action` or `on-event`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// TypeScript.
    code: String,
}

/// Which functions to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct FunctionFilter {
    /// Only `sync`, `action` or `on-event`.
    #[serde(rename = "type")]
    #[param(rename = "type", value_type = Option<String>)]
    kind: Option<FunctionKind>,
    /// Only those with this in their name.
    search: Option<String>,
    /// Which page, from 0.
    #[serde(default)]
    page: usize,
    /// Most on a page, 1 to 100.
    #[serde(default = "default_limit")]
    limit: usize,
}

fn default_limit() -> usize {
    20
}

/// Which kind of function is meant.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OfKind {
    /// `sync`, `action` or `on-event`.
    #[serde(rename = "type")]
    #[param(rename = "type", value_type = Option<String>)]
    kind: Option<FunctionKind>,
}

/// Which function's code is meant, and of which version.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OfVersion {
    /// `sync`, `action` or `on-event`.
    #[serde(rename = "type")]
    #[param(rename = "type", value_type = Option<String>)]
    kind: Option<FunctionKind>,
    /// An earlier version by its number in the list of versions; the deployed one unless given.
    #[param(value_type = Option<i64>)]
    version_id: Option<String>,
}

/// The versions of a function.
#[derive(Serialize, utoipa::ToSchema)]
pub struct VersionList {
    /// The newest 200, newest first.
    data: Vec<VersionBody>,
}

/// A version of a function.
#[derive(Serialize, utoipa::ToSchema)]
pub struct VersionBody {
    /// Its number.
    id: i64,
    /// The version.
    version: String,
    /// When it was deployed.
    deployed_at: String,
    /// Whether it is the deployed one.
    is_current: bool,
    /// Where it comes from: `repo` or `standalone`.
    source: &'static str,
}

impl From<FunctionVersion> for VersionBody {
    fn from(FunctionVersion { id, version, origin, is_current, deployed_at }: FunctionVersion) -> Self {
        let deployed_at = deployed_at.millis_zulu();
        Self { id: id.0, version, deployed_at, is_current, source: origin.as_str() }
    }
}

/// Lists the functions that are deployed for an integration.
#[utoipa::path(get, path = "/integrations/{unique_key}/functions", tag = "functions",
    params(("unique_key" = String, Path), FunctionFilter), responses((status = 200, body = FunctionPage), (status = 404)))]
pub async fn list_functions(
    State(app): State<AppState>,
    key: Key<scope::FunctionsList>,
    Path(integration): Path<String>,
    Query(filter): Query<FunctionFilter>,
) -> Result<axum::Json<FunctionPage>> {
    let FunctionFilter { kind, search, page, limit } = filter;
    if !(1..=100).contains(&limit) {
        return Err(ApiError::query("too_big", &["limit"], "Must be from 1 to 100"));
    }
    let mut functions =
        app.engine.functions(key.environment.id, &integration, kind).await.map_err(not_found)?;
    let search = search.unwrap_or_default().to_lowercase();
    functions.retain(|function| function.definition.name.to_lowercase().contains(&search));
    let total = functions.len();
    let data = functions.into_iter().skip(page.saturating_mul(limit)).take(limit).map(Into::into).collect();
    Ok(axum::Json(FunctionPage { data, pagination: Pagination { total, page, limit } }))
}

/// Reads one function. Where several kinds have its name and none is asked for: the sync, else the action.
#[utoipa::path(get, path = "/integrations/{unique_key}/functions/{name}", tag = "functions",
    params(("unique_key" = String, Path), ("name" = String, Path), OfKind),
    responses((status = 200, body = OneFunction), (status = 404)))]
pub async fn read_function(
    State(app): State<AppState>,
    key: Key<scope::FunctionsRead>,
    Path((integration, name)): Path<(String, String)>,
    Query(OfKind { kind }): Query<OfKind>,
) -> Result<axum::Json<OneFunction>> {
    let found =
        app.engine.functions_named(key.environment.id, &integration, &name, kind).await.map_err(not_found)?;
    let first = found.into_iter().next().ok_or_else(|| ApiError::new(Code::NotFound))?;
    Ok(axum::Json(OneFunction { data: first.into() }))
}

/// Reads the TypeScript of a function. 409 `ambiguous_function` where `type` is needed to tell which.
#[utoipa::path(get, path = "/integrations/{unique_key}/functions/{name}/code", tag = "functions",
    params(("unique_key" = String, Path), ("name" = String, Path), OfVersion),
    responses((status = 200, body = FunctionCode), (status = 404), (status = 409)))]
pub async fn read_function_code(
    State(app): State<AppState>,
    key: Key<scope::FunctionsRead>,
    Path((integration, name)): Path<(String, String)>,
    Query(OfVersion { kind, version_id }): Query<OfVersion>,
) -> Result<axum::Json<FunctionCode>> {
    let found =
        app.engine.functions_named(key.environment.id, &integration, &name, kind).await.map_err(not_found)?;
    let [function] = found.as_slice() else { return Err(ambiguous(&found)) };
    let source = match version_id.map(|text| text.parse()) {
        None => app.engine.function_source(function).await.map_err(not_found)?,
        Some(Err(_)) => {
            return Err(ApiError::query(
                "invalid_type",
                &["version_id"],
                "Must be a number of the list of versions",
            ));
        }
        Some(Ok(id)) => {
            app.engine.version_source(function, FunctionId(id)).await.map_err(|error| match error {
                Error::NotFound(Resource::Function) => {
                    ApiError::new(Code::NotFound).message("The function has no such version.")
                }
                other => other.into(),
            })?
        }
    };
    Ok(axum::Json(FunctionCode { kind: function.definition.kind.as_str(), code: source.code }))
}

/// Lists the versions of a function, newest first. Where several kinds have its name and none is asked for: of the sync,
/// else of the action. A deployment that leaves a function as it is makes no version.
#[utoipa::path(get, path = "/integrations/{unique_key}/functions/{name}/versions", tag = "functions",
    params(("unique_key" = String, Path), ("name" = String, Path), OfKind),
    responses((status = 200, body = VersionList), (status = 404)))]
pub async fn list_function_versions(
    State(app): State<AppState>,
    key: Key<scope::FunctionsRead>,
    Path((integration, name)): Path<(String, String)>,
    Query(OfKind { kind }): Query<OfKind>,
) -> Result<axum::Json<VersionList>> {
    let found =
        app.engine.functions_named(key.environment.id, &integration, &name, kind).await.map_err(not_found)?;
    let first = found.first().ok_or_else(|| ApiError::new(Code::NotFound))?;
    let versions = app.engine.function_versions(first).await?;
    Ok(axum::Json(VersionList { data: versions.into_iter().map(Into::into).collect() }))
}

/// What of a function can be changed without deploying it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionChange {
    /// Whether it may run.
    enabled: bool,
}

/// Enables or disables a function. A disabled action is answered with 404 `disabled_resource`; a disabled sync waits,
/// and is due when it is enabled again. It stays so over deployments.
#[utoipa::path(patch, path = "/integrations/{unique_key}/functions/{name}", tag = "functions",
    params(("unique_key" = String, Path), ("name" = String, Path), OfKind), request_body = FunctionChange,
    responses((status = 200, body = OneFunction), (status = 400), (status = 404), (status = 409)))]
pub async fn update_function(
    State(app): State<AppState>,
    key: Key<scope::FunctionsUpdate>,
    Path((integration, name)): Path<(String, String)>,
    Query(OfKind { kind }): Query<OfKind>,
    Json(FunctionChange { enabled }): Json<FunctionChange>,
) -> Result<axum::Json<OneFunction>> {
    let found =
        app.engine.functions_named(key.environment.id, &integration, &name, kind).await.map_err(not_found)?;
    let [function] = found.as_slice() else { return Err(ambiguous(&found)) };
    app.engine.set_function_enabled(function, enabled).await.map_err(not_found)?;
    let function = Function { enabled, ..function.clone() };
    Ok(axum::Json(OneFunction { data: function.into() }))
}

/// Deletes a sync or action that was deployed by itself. 400 `function_managed_by_deploy` where it belongs to a project.
#[utoipa::path(delete, path = "/integrations/{unique_key}/functions/{name}", tag = "functions",
    params(("unique_key" = String, Path), ("name" = String, Path), OfKind),
    responses((status = 200, description = "`{\"data\": {\"success\": true}}`"), (status = 400), (status = 404)))]
pub async fn delete_function(
    State(app): State<AppState>,
    key: Key<scope::FunctionsDelete>,
    Path((integration, name)): Path<(String, String)>,
    Query(OfKind { kind }): Query<OfKind>,
) -> Result<axum::Json<Value>> {
    let Some(kind @ (FunctionKind::Sync | FunctionKind::Action)) = kind else {
        return Err(ApiError::query("invalid_value", &["type"], "Must be `sync` or `action`"));
    };
    let found = app
        .engine
        .functions_named(key.environment.id, &integration, &name, Some(kind))
        .await
        .map_err(not_found)?;
    for function in &found {
        app.engine.delete_function(function).await.map_err(|error| match error {
            Error::Conflict(Resource::Function) => ApiError::new(Code::FunctionManagedByDeploy),
            other => not_found(other),
        })?;
    }
    Ok(axum::Json(json!({ "data": { "success": true } })))
}

fn not_found(error: Error) -> ApiError {
    match error {
        Error::NotFound(Resource::Integration) => {
            ApiError::new(Code::NotFound).message("No integration has this key in this environment.")
        }
        Error::NotFound(Resource::Function) => {
            ApiError::new(Code::NotFound).message("No function of this name is deployed for the integration.")
        }
        other => other.into(),
    }
}

fn ambiguous(matches: &[Function]) -> ApiError {
    let matches: Vec<_> = matches
        .iter()
        .map(|function| json!({ "type": function.definition.kind, "name": function.definition.name }))
        .collect();
    ApiError::new(Code::AmbiguousFunction).payload(json!({ "matches": matches }))
}
