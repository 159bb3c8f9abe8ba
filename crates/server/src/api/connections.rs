//! Connections: listed, read, imported, changed, deleted (http-api.md §4).

mod legacy;
mod list;

pub use legacy::*;
pub use list::*;

use crate::{
    api::metadata::document,
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::{self, Json, NoQuery, Path, Query, rules},
    provenance::Writer,
    state::AppState,
};
use axum::{extract::State, http::StatusCode};
use bespoke_core::{connection::EndUser, document::Document, revision::Source};
use bespoke_engine::{
    ConnectionShape, Error, ImportConnection, Resource, TimeStyle, UpdateConnection,
    credentials::{Reason, Unusable},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json, value::RawValue};

/// The scope that shows credentials.
const READ_CREDENTIALS: &str = "environment:connections:read_credentials";

/// Something was done.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Success {
    /// Always true.
    pub success: bool,
}

/// Which integration, and what to do with the credentials before they are shown.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetConnection {
    /// The integration's key.
    provider_config_key: String,
    /// Renew the credentials even if they still work.
    #[serde(default, deserialize_with = "extract::deserialize_boolean")]
    force_refresh: bool,
    /// Show the refresh token, too.
    #[serde(default, deserialize_with = "extract::deserialize_boolean")]
    refresh_token: bool,
    /// Show a token of the GitHub app, too.
    #[serde(default, deserialize_with = "extract::deserialize_boolean")]
    refresh_github_app_jwt_token: bool,
    /// With `false` without credentials, and none is renewed.
    #[serde(default = "shown", deserialize_with = "extract::deserialize_boolean")]
    #[param(default = true)]
    credentials: bool,
}

fn shown() -> bool {
    true
}

/// A connection with its credentials, as far as the key may see them. A token near its end is renewed first.
#[utoipa::path(get, path = "/connections/{connection_id}", tag = "connections",
    params(("connection_id" = String, Path), GetConnection),
    responses((status = 200, description = "The connection"), (status = 400), (status = 404), (status = 424)))]
pub async fn get_connection(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsRead>,
    Path(connection_id): Path<String>,
    Query(query): Query<GetConnection>,
) -> Result<axum::Json<ConnectionShape>> {
    check_names(&connection_id, &query.provider_config_key)?;
    let (engine, environment) = (&app.engine, key.environment.id);
    let GetConnection {
        provider_config_key,
        force_refresh,
        refresh_token,
        refresh_github_app_jwt_token,
        credentials,
    } = query;
    let asks_for_credentials = force_refresh || refresh_token || refresh_github_app_jwt_token;
    if !credentials && asks_for_credentials {
        let issue = Issue::new("custom", ["credentials"], "Must not be false where a token is asked for");
        return Err(ApiError::new(Code::InvalidQueryParams).issue(issue));
    }
    let shape = if credentials && key.has(READ_CREDENTIALS) {
        engine
            .connection_json(environment, &provider_config_key, &connection_id, force_refresh, refresh_token)
            .await
    } else if asks_for_credentials {
        return Err(
            ApiError::new(Code::Forbidden).message(format!("The key lacks the scope {READ_CREDENTIALS}."))
        );
    } else {
        let connection =
            engine.connection_of_integration(environment, &provider_config_key, &connection_id).await;
        connection.map(|connection| ConnectionShape::new(connection, Map::new(), TimeStyle::Offset))
    };
    Ok(axum::Json(shape.map_err(not_shown)?))
}

/// As `GET /connections/{connection_id}`.
#[utoipa::path(get, path = "/connection/{connection_id}", tag = "connections",
    params(("connection_id" = String, Path), GetConnection),
    responses((status = 200, description = "The connection"), (status = 400), (status = 404), (status = 424)))]
pub async fn get_connection_alias(
    app: State<AppState>,
    key: Key<scope::ConnectionsRead>,
    path: Path<String>,
    query: Query<GetConnection>,
) -> Result<axum::Json<ConnectionShape>> {
    get_connection(app, key, path, query).await
}

/// The customer's user who connects.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndUserInput {
    /// The backend's id of that person.
    id: String,
    /// E-mail address.
    email: Option<String>,
    /// Name to show.
    display_name: Option<String>,
    /// Tags of that person; they become tags of the connection.
    #[schema(value_type = Option<Object>)]
    tags: Option<Map<String, Value>>,
}

impl From<EndUserInput> for EndUser {
    fn from(input: EndUserInput) -> Self {
        let EndUserInput { id, email, display_name, tags } = input;
        Self { id, display_name, email, tags, organization: None }
    }
}

/// A connection to be made from credentials that the backend has.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateConnection {
    /// The integration's key.
    provider_config_key: String,
    /// `type` is the provider's auth mode; the other fields go with it.
    #[schema(value_type = Object)]
    credentials: Map<String, Value>,
    /// The id that the backend knows; made up where it is missing.
    connection_id: Option<String>,
    /// The metadata. Where it is missing, a connection that is there already keeps its own.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
    /// Values for the provider's `connection_config`, e.g. a subdomain.
    #[schema(value_type = Option<Object>)]
    connection_config: Option<Map<String, Value>>,
    /// Where this connection's webhooks go instead of the environment's URL; empty for none.
    webhook_url_override: Option<String>,
    end_user: Option<EndUserInput>,
    /// Ten at most: keys of 64, values of 255 characters.
    #[schema(value_type = Option<Object>)]
    tags: Option<Map<String, Value>>,
}

/// Makes a connection, or authorises the one of that id anew.
#[utoipa::path(post, path = "/connections", tag = "connections", request_body = CreateConnection,
    responses((status = 201, description = "The connection, credentials included"), (status = 400), (status = 404)))]
pub async fn create_connection(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsCreate>,
    _: NoQuery,
    writer: Writer,
    Json(body): Json<CreateConnection>,
) -> Result<(StatusCode, axum::Json<ConnectionShape>)> {
    let import = ImportConnection {
        provider_config_key: body.provider_config_key,
        connection_id: body.connection_id,
        credentials: body.credentials,
        metadata: body.metadata.map(|json| document(&json, &["metadata"])).transpose()?,
        first_metadata: Some(Document::empty()),
        connection_config: body.connection_config,
        webhook_url_override: body.webhook_url_override,
        end_user: body.end_user.map(EndUser::from),
        tags: body.tags,
        provenance: writer.by(Source::Import, None)?,
    };
    let made =
        app.engine.import_connection(key.environment.id, import).await.map_err(|error| match error {
            Error::NotFound(resource @ (Resource::Integration | Resource::Provider)) => {
                ApiError::new(Code::NotFound).message(format!("There is not {resource} of this key."))
            }
            error => error.into(),
        })?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// What to change of a connection.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchConnection {
    end_user: Option<EndUserInput>,
    /// They replace the tags that are there.
    #[schema(value_type = Option<Object>)]
    tags: Option<Map<String, Value>>,
    /// Empty for none.
    webhook_url_override: Option<String>,
}

/// Which integration.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AtIntegration {
    /// The integration's key.
    pub provider_config_key: String,
}

/// Changes the end user, the tags or the webhook URL of a connection.
#[utoipa::path(patch, path = "/connections/{connection_id}", tag = "connections", request_body = PatchConnection,
    params(("connection_id" = String, Path), AtIntegration),
    responses((status = 200, body = Success), (status = 404)))]
pub async fn update_connection(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    Path(connection_id): Path<String>,
    Query(query): Query<AtIntegration>,
    Json(body): Json<PatchConnection>,
) -> Result<axum::Json<Success>> {
    check_names(&connection_id, &query.provider_config_key)?;
    let PatchConnection { end_user, tags, webhook_url_override } = body;
    let update = UpdateConnection { end_user: end_user.map(EndUser::from), tags, webhook_url_override };
    app.engine
        .update_connection(key.environment.id, &query.provider_config_key, &connection_id, update)
        .await
        .map_err(not_found)?;
    Ok(axum::Json(Success { success: true }))
}

/// The id of a connection whose path is also that of the metadata endpoints.
const NAMED_METADATA: &str = "metadata";

/// [`get_connection`] of the connection `metadata`.
pub async fn get_connection_named_metadata(
    state: State<AppState>,
    key: Key<scope::ConnectionsRead>,
    query: Query<GetConnection>,
) -> Result<axum::Json<ConnectionShape>> {
    get_connection(state, key, Path(NAMED_METADATA.to_owned()), query).await
}

/// [`delete_connection`] of the connection `metadata`.
pub async fn delete_connection_named_metadata(
    state: State<AppState>,
    key: Key<scope::ConnectionsDelete>,
    query: Query<AtIntegration>,
) -> Result<axum::Json<Deleted>> {
    delete_connection(state, key, Path(NAMED_METADATA.to_owned()), query).await
}

/// Deletes a connection with its syncs and records.
#[utoipa::path(delete, path = "/connections/{connection_id}", tag = "connections",
    params(("connection_id" = String, Path), AtIntegration),
    responses((status = 200, body = Deleted), (status = 400)))]
pub async fn delete_connection(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsDelete>,
    Path(connection_id): Path<String>,
    Query(query): Query<AtIntegration>,
) -> Result<axum::Json<Deleted>> {
    check_names(&connection_id, &query.provider_config_key)?;
    let deleted =
        app.engine.delete_connection(key.environment.id, &query.provider_config_key, &connection_id).await;
    let failed = deleted.map_err(|error| match error {
        Error::NotFound(_) => ApiError::new(Code::UnknownConnection).status(400),
        error => error.into(),
    })?;
    let warnings =
        failed.into_iter().map(|failed| Warning { function: failed.function, message: failed.message });
    Ok(axum::Json(Deleted { success: true, warnings: warnings.collect() }))
}

/// What became of a deletion.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Deleted {
    /// Always true.
    success: bool,
    /// The pre-connection-deletion functions that failed; left out where none did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// A function that failed before its connection was deleted.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Warning {
    /// Its name.
    function: String,
    /// Why it failed.
    message: String,
}

/// As `DELETE /connections/{connection_id}`.
#[utoipa::path(delete, path = "/connection/{connection_id}", tag = "connections",
    params(("connection_id" = String, Path), AtIntegration),
    responses((status = 200, body = Deleted), (status = 400)))]
pub async fn delete_connection_alias(
    app: State<AppState>,
    key: Key<scope::ConnectionsDelete>,
    path: Path<String>,
    query: Query<AtIntegration>,
) -> Result<axum::Json<Deleted>> {
    delete_connection(app, key, path, query).await
}

/// A missing connection is `not_found` here, not `unknown_connection`.
fn not_found(error: Error) -> ApiError {
    match error {
        Error::NotFound(Resource::Connection) => {
            ApiError::new(Code::NotFound).message(Code::UnknownConnection.meaning())
        }
        error => error.into(),
    }
}

/// Credentials that cannot be renewed: the connection is shown without them.
fn not_shown(error: Error) -> ApiError {
    let Error::CredentialsUnusable(unusable) = error else { return not_found(error) };
    let Unusable { reason, connection } = *unusable;
    let status = match reason {
        Reason::Refused(_) => 400,
        Reason::Backoff | Reason::Exhausted => 424,
    };
    let connection = ConnectionShape::new(connection, Map::new(), TimeStyle::Offset);
    ApiError::new(Code::InvalidCredentials)
        .status(status)
        .message(reason.to_string())
        .payload(json!({ "reason": reason.code(), "connection": connection }))
}

fn check_names(connection_id: &str, provider_config_key: &str) -> Result<()> {
    let issue = |code, issue: Issue| ApiError::new(code).issue(issue);
    rules::check(connection_id, &rules::CONNECTION_ID, &["connectionId"])
        .map_err(|problem| issue(Code::InvalidUriParams, problem))?;
    rules::check(provider_config_key, &rules::PROVIDER_CONFIG_KEY, &["provider_config_key"])
        .map_err(|problem| issue(Code::InvalidQueryParams, problem))
}
