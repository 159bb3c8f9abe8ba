//! The metadata of one connection as a document with a version: read, replaced, patched.

use super::{
    document,
    effects::{AppliedReport, Apply},
};
use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::{Path, Query, deserialize_boolean, parse_json, read_body},
    provenance::Writer,
    state::AppState,
};
use axum::{
    extract::{FromRequest, Request, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bespoke_core::document::{Document, Write};
use bespoke_engine::{
    Error,
    configuration::Problem,
    metadata::{CurrentMetadata, MetadataChange},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json, value::RawValue};
use std::sync::Arc;

/// The metadata of a connection. The header `ETag` is the revision, too.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"metadata": {"fieldMapping": {"internal_id": "cf_1"}},
    "effective": {"limit": 50, "fieldMapping": {"internal_id": "cf_1"}}, "revision": 7, "schema_version": null,
    "problems": [{"level": "warn", "path": "/fieldMaping", "code": "unknown_key",
        "message": "`fieldMaping` is not known; `fieldMapping` is.", "suggestion": "fieldMapping"}]}))]
#[expect(clippy::struct_field_names, reason = "the names are those of the wire")]
pub struct Metadata {
    /// The document, as it was written; null where none ever was.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Document>,
    /// What functions see: the document over the defaults of the integration; null where there is nothing at all.
    #[schema(value_type = Option<Object>)]
    effective: Option<Document>,
    /// The newest revision; 0 where there is none.
    revision: i64,
    /// The version of the schema that the document is of: the last one that it was written for and fitted; null where it
    /// never was judged, or the schema has no version.
    schema_version: Option<i64>,
    /// What is wrong with the effective document: level, path (JSON pointer), code, message, what is allowed.
    #[schema(value_type = Vec<Object>)]
    problems: Vec<Problem>,
    /// Every leaf of the effective document (JSON pointer) and the layer that it comes from; with `explain=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::HashMap<String, String>>)]
    layers: Option<Map<String, Value>>,
    /// What the write did to the connection's data, or would do; after a write.
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<AppliedReport>,
}

impl IntoResponse for Metadata {
    fn into_response(self) -> Response {
        ([(header::ETAG, format!("\"{}\"", self.revision))], axum::Json(self)).into_response()
    }
}

impl From<CurrentMetadata> for Metadata {
    fn from(current: CurrentMetadata) -> Self {
        let effective = current.effective();
        Self {
            effective,
            revision: current.revision,
            schema_version: current.schema_version,
            problems: current.problems,
            layers: None,
            applied: current.applied.map(AppliedReport::from),
            metadata: current.document,
        }
    }
}

/// Of which connection, and what to show of it.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadDocument {
    /// The integration's key.
    provider_config_key: String,
    /// Show where each part of the effective document comes from.
    #[serde(default, deserialize_with = "deserialize_boolean")]
    explain: bool,
}

/// Of which connection, and whether to write.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WriteDocument {
    /// The integration's key.
    provider_config_key: String,
    /// Only tell what would be stored.
    #[serde(default, deserialize_with = "deserialize_boolean")]
    validate_only: bool,
    /// What a change does to the connection's data.
    apply: Option<Apply>,
}

/// Reads the metadata of a connection.
#[utoipa::path(get, path = "/connections/{connection_id}/metadata", tag = "metadata",
    params(("connection_id" = String, Path), ReadDocument), responses((status = 200, body = Metadata), (status = 404)))]
pub async fn read_metadata(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsRead>,
    Path(connection_id): Path<String>,
    Query(query): Query<ReadDocument>,
) -> Result<Metadata> {
    let key_of = &query.provider_config_key;
    let current = app.engine.metadata(key.environment.id, key_of, &connection_id).await?;
    let layers = query.explain.then(|| {
        let leaves = current.leaves().into_iter();
        leaves.map(|leaf| (leaf.path, json!(leaf.layer))).collect()
    });
    Ok(Metadata { layers, ..current.into() })
}

/// Replaces the metadata of a connection by the body.
#[utoipa::path(put, path = "/connections/{connection_id}/metadata", tag = "metadata",
    request_body(content = Object, example = json!({"fieldMapping": {"internal_id": "cf_1"}})),
    params(("connection_id" = String, Path), WriteDocument,
        ("If-Match" = Option<String>, Header, description = "Write only where this is the newest revision: its ETag")),
    responses((status = 200, body = Metadata), (status = 404), (status = 412), (status = 413)))]
pub async fn replace_metadata(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    Path(connection_id): Path<String>,
    Query(query): Query<WriteDocument>,
    writer: Writer,
    request: Request,
) -> Result<Metadata> {
    let expected = expected_revision(request.headers())?;
    let body: Box<RawValue> = parse_json(&read_body(request, &app).await?)?;
    let change =
        MetadataChange { expected, ..MetadataChange::new(Write::Replace(document(&body, &[])?), writer.0) };
    write(&app, &key, &connection_id, query, change).await
}

/// Changes the metadata of a connection. The content type says how the body is meant: `application/json` sets top-level keys,
/// `application/merge-patch+json` merges deeply and removes by null (RFC 7396), `application/json-patch+json` is a list of
/// operations (RFC 6902), done all or not at all.
#[utoipa::path(patch, path = "/connections/{connection_id}/metadata", tag = "metadata",
    request_body(content(
        (Object = "application/json", example = json!({"filterStatus": "active"})),
        (Object = "application/merge-patch+json", example = json!({"fieldMapping": {"internal_id": null}})),
        (Vec<Object> = "application/json-patch+json", example = json!([{"op": "test", "path": "/filterStatus", "value": "all"},
            {"op": "replace", "path": "/filterStatus", "value": "active"}]))
    )),
    params(("connection_id" = String, Path), WriteDocument,
        ("If-Match" = Option<String>, Header, description = "Write only where this is the newest revision: its ETag")),
    responses((status = 200, body = Metadata), (status = 404), (status = 409), (status = 412), (status = 413)))]
pub async fn patch_metadata(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    Path(connection_id): Path<String>,
    Query(query): Query<WriteDocument>,
    writer: Writer,
    request: Request,
) -> Result<Metadata> {
    let expected = expected_revision(request.headers())?;
    let Patch(patch) = Patch::from_request(request, &app).await?;
    let change = MetadataChange { expected, ..MetadataChange::new(patch, writer.0) };
    write(&app, &key, &connection_id, query, change).await
}

/// A body that changes a document, as its content type says.
pub(in crate::api) struct Patch(pub(in crate::api) Write);

impl Patch {
    /// The write of a JSON Patch; `path` is where it was in the body.
    pub(super) fn operations(patch: Value, path: &[&str]) -> Result<Write> {
        let patch = serde_json::from_value(patch);
        let patch =
            patch.map_err(|error| ApiError::body("custom", path, format!("No JSON Patch: {error}")))?;
        Ok(Write::Patch(Arc::new(patch)))
    }
}

impl FromRequest<AppState> for Patch {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence =
            content_type.and_then(|text| text.split(';').next()).map(|text| text.trim().to_lowercase());
        let body = read_body(request, app).await?;
        Ok(Self(match essence.as_deref() {
            Some("application/merge-patch+json") => Write::MergePatch(Arc::new(parse_json(&body)?)),
            Some("application/json-patch+json") => Self::operations(parse_json(&body)?, &[])?,
            None | Some("application/json") => {
                Write::Merge(document(&parse_json::<Box<RawValue>>(&body)?, &[])?)
            }
            Some(_) => return Err(ApiError::new(Code::InvalidContentType)),
        }))
    }
}

async fn write(
    app: &AppState,
    key: &Key<scope::ConnectionsUpdate>,
    connection_id: &str,
    query: WriteDocument,
    change: MetadataChange,
) -> Result<Metadata> {
    let change = MetadataChange { effects: query.apply.map(Apply::effects), ..change };
    let (environment, key_of, expected) = (key.environment.id, &query.provider_config_key, change.expected);
    let written = if query.validate_only {
        app.engine.try_metadata(environment, key_of, connection_id, &change).await
    } else {
        app.engine.write_metadata_of(environment, key_of, connection_id, change).await
    };
    match written {
        Ok(written) => Ok(written.into()),
        Err(Error::MetadataConflict) => Err(conflict(app, key, key_of, connection_id, expected).await),
        Err(error) => Err(error.into()),
    }
}

/// What a writer needs who did not know the newest revision: its number, and what became of the one he knew.
pub(super) async fn conflict(
    app: &AppState,
    key: &Key<scope::ConnectionsUpdate>,
    provider_config_key: &str,
    connection_id: &str,
    expected: Option<i64>,
) -> ApiError {
    let environment = key.environment.id;
    let current = match app.engine.metadata(environment, provider_config_key, connection_id).await {
        Ok(current) => current.revision,
        Err(error) => return error.into(),
    };
    let known = expected.unwrap_or_default();
    // Nothing to compare with where that revision never was.
    let diff =
        app.engine.metadata_diff(environment, provider_config_key, connection_id, known, current).await.ok();
    ApiError::new(Code::MetadataConflict)
        .message(format!("The metadata is at revision {current}, not {known}; nothing was written."))
        .payload(json!({ "revision": current, "diff": diff }))
        .header("etag", format!("\"{current}\""))
}

/// The revision in `If-Match`, as its `ETag` tells it.
pub(in crate::api) fn expected_revision(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let number = text.trim_matches('"').parse().ok().filter(|number| *number >= 0);
    number.map(Some).ok_or_else(|| {
        let issue =
            Issue::new("invalid_format", ["if-match"], "Must be the ETag of a revision, such as \"7\"");
        ApiError::new(Code::InvalidHeaders).issue(issue)
    })
}
