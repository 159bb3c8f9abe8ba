//! Connections' metadata: replaced by POST, merged by PATCH, echoed as it was sent (http-api.md §3).

pub mod current;
pub mod draft;
pub mod effects;
pub mod fleet;
pub mod migrations;
pub mod preview;
pub mod promote;
pub mod revisions;
pub mod verify;

use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::{self, JsonWithText, NoQuery, Path, rules},
    provenance::Writer,
    state::AppState,
};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bespoke_core::document::{Document, Error as DocumentError, Write};
use bespoke_core::revision::Provenance;
use bespoke_engine::{Error, Resource, metadata::MetadataChange};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

/// New metadata for one connection or many of one integration.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteMetadata {
    connection_id: OneOrMany,
    /// The integration's key.
    provider_config_key: String,
    /// The whole document (POST), or the top-level keys to set (PATCH).
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
}

/// A connection's id, or several.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several: all of them are written, or none.
    Many(Vec<String>),
}

/// Replaces the metadata of connections. All of them, or none.
#[utoipa::path(post, path = "/connections/metadata", tag = "metadata", request_body = WriteMetadata,
    responses((status = 201, description = "The body as it was sent"), (status = 404), (status = 413)))]
pub async fn set_metadata(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    _: NoQuery,
    writer: Writer,
    JsonWithText(body, sent): JsonWithText<WriteMetadata>,
) -> Result<Response> {
    write(&app, &key, body, Write::Replace, writer.0).await?;
    Ok(echo(StatusCode::CREATED, sent))
}

/// As `POST /connections/metadata`.
#[utoipa::path(post, path = "/connection/metadata", tag = "metadata", request_body = WriteMetadata,
    responses((status = 201, description = "The body as it was sent"), (status = 404), (status = 413)))]
pub async fn set_metadata_alias(
    app: State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    query: NoQuery,
    writer: Writer,
    body: JsonWithText<WriteMetadata>,
) -> Result<Response> {
    set_metadata(app, key, query, writer, body).await
}

/// Sets top-level keys in the metadata of connections. All of them, or none. Two calls at once do not lose each other's keys.
#[utoipa::path(patch, path = "/connections/metadata", tag = "metadata", request_body = WriteMetadata,
    responses((status = 200, description = "The body as it was sent"), (status = 404), (status = 413)))]
pub async fn update_metadata(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    _: NoQuery,
    writer: Writer,
    JsonWithText(body, sent): JsonWithText<WriteMetadata>,
) -> Result<Response> {
    write(&app, &key, body, Write::Merge, writer.0).await?;
    Ok(echo(StatusCode::OK, sent))
}

/// As `PATCH /connections/metadata`.
#[utoipa::path(patch, path = "/connection/metadata", tag = "metadata", request_body = WriteMetadata,
    responses((status = 200, description = "The body as it was sent"), (status = 404), (status = 413)))]
pub async fn update_metadata_alias(
    app: State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    query: NoQuery,
    writer: Writer,
    body: JsonWithText<WriteMetadata>,
) -> Result<Response> {
    update_metadata(app, key, query, writer, body).await
}

/// Which integration the oldest endpoints mean: in the query, or else in the header `Provider-Config-Key`.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfIntegration {
    /// The integration's key; the header `Provider-Config-Key` counts where it is missing.
    provider_config_key: Option<String>,
}

/// Replaces the metadata of one connection by the body. Older than `POST /connections/metadata`, which is better.
#[utoipa::path(post, path = "/connection/{connection_id}/metadata", tag = "metadata", request_body = Object,
    params(("connection_id" = String, Path), OfIntegration),
    responses((status = 201, description = "The body as it was sent"), (status = 404), (status = 413)))]
pub async fn set_connection_metadata(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    Path(connection_id): Path<String>,
    extract::Query(query): extract::Query<OfIntegration>,
    headers: HeaderMap,
    writer: Writer,
    JsonWithText(body, sent): JsonWithText<Box<RawValue>>,
) -> Result<Response> {
    let change = MetadataChange::new(Write::Replace(document(&body, &[])?), writer.0);
    write_one(&app, &key, connection_id, query, &headers, change).await?;
    Ok(echo(StatusCode::CREATED, sent))
}

/// Sets top-level keys in the metadata of one connection from the body. Older than `PATCH /connections/metadata`, which is
/// better.
#[utoipa::path(patch, path = "/connection/{connection_id}/metadata", tag = "metadata", request_body = Object,
    params(("connection_id" = String, Path), OfIntegration),
    responses((status = 200, description = "The body as it was sent"), (status = 404), (status = 413)))]
pub async fn update_connection_metadata(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    Path(connection_id): Path<String>,
    extract::Query(query): extract::Query<OfIntegration>,
    headers: HeaderMap,
    writer: Writer,
    JsonWithText(body, sent): JsonWithText<Box<RawValue>>,
) -> Result<Response> {
    let change = MetadataChange::new(Write::Merge(document(&body, &[])?), writer.0);
    write_one(&app, &key, connection_id, query, &headers, change).await?;
    Ok(echo(StatusCode::OK, sent))
}

async fn write(
    app: &AppState,
    key: &Key<scope::ConnectionsUpdate>,
    body: WriteMetadata,
    kind: fn(Document) -> Write,
    provenance: Provenance,
) -> Result<()> {
    let change = MetadataChange::new(kind(document(&body.metadata, &["metadata"])?), provenance);
    let (ids, issues) = match body.connection_id {
        OneOrMany::One(id) => {
            let issue = rules::check(&id, &rules::CONNECTION_ID, &["connection_id"]).err();
            (vec![id], Vec::from_iter(issue))
        }
        OneOrMany::Many(ids) => {
            let check = |(index, id): (usize, &String)| {
                rules::check(id, &rules::CONNECTION_ID, &["connection_id", &index.to_string()]).err()
            };
            let issues = ids.iter().enumerate().filter_map(check).collect();
            (ids, issues)
        }
    };
    let key_issue =
        rules::check(&body.provider_config_key, &rules::PROVIDER_CONFIG_KEY, &["provider_config_key"]).err();
    let issues: Vec<Issue> = issues.into_iter().chain(key_issue).collect();
    if !issues.is_empty() {
        return Err(ApiError::new(Code::InvalidBody).issues(issues));
    }
    let many = ids.len() > 1;
    let result = app.engine.write_metadata(key.environment.id, &body.provider_config_key, ids, change).await;
    result.map(drop).map_err(|error| match error {
        Error::NotFound(Resource::Connection) if many => ApiError::new(Code::UnknownConnection)
            .message("One of the connections does not exist at this integration in this environment; nothing was applied."),
        error => error.into(),
    })
}

async fn write_one(
    app: &AppState,
    key: &Key<scope::ConnectionsUpdate>,
    connection_id: String,
    query: OfIntegration,
    headers: &HeaderMap,
    change: MetadataChange,
) -> Result<()> {
    let in_header = || Some(headers.get("provider-config-key")?.to_str().ok()?.to_owned());
    let integration = query.provider_config_key.or_else(in_header).filter(|text| !text.is_empty());
    let integration = integration.ok_or(ApiError::new(Code::MissingProviderConfigKey))?;
    let ids = vec![connection_id.clone()];
    let result = app.engine.write_metadata(key.environment.id, &integration, ids, change).await;
    result.map(drop).map_err(|error| match error {
        Error::NotFound(Resource::Connection) => ApiError::new(Code::UnknownConnection)
            .payload(json!({ "connectionId": connection_id, "providerConfigKey": integration })),
        error => error.into(),
    })
}

/// Reads what was sent as a document; `path` is where it was.
pub(crate) fn document(json: &RawValue, path: &[&str]) -> Result<Document> {
    Document::parse(json.get()).map_err(|error| match error {
        DocumentError::NotAnObject => ApiError::body("invalid_type", path, "Must be a JSON object"),
        DocumentError::TooLarge(bytes) => Error::MetadataTooLarge(bytes).into(),
        DocumentError::NotPatched(problem) => Error::NotPatched(problem).into(),
    })
}

/// The very bytes that were sent: key order and spelling stay.
fn echo(status: StatusCode, sent: Bytes) -> Response {
    let sent = if sent.is_empty() { Bytes::from_static(b"{}") } else { sent };
    (status, [(header::CONTENT_TYPE, "application/json")], sent).into_response()
}
