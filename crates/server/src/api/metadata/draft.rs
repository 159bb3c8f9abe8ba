//! Drafts of a schema from the configurations that are there.

use crate::{
    api::integrations::found,
    auth::{Key, scope},
    error::Result,
    extract::{NoQuery, Path},
    state::AppState,
};
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;

/// A schema that all configurations of an integration fit.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"documents": 120, "schema": {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
    "properties": {"filterStatus": {"type": "string", "enum": ["active", "all"]}}}}))]
pub struct Draft {
    /// How many connections have metadata; it is drafted from theirs.
    documents: u64,
    /// JSON Schema, draft 7.
    schema: Value,
}

/// Drafts a schema from the metadata of an integration's connections, as a beginning for your own: every document fits it.
///
/// What all of them have is required. A text is an `enum` where a few values are all there are in many documents; no other
/// value of a document is in it. Keys that differ from document to document become `additionalProperties`.
#[utoipa::path(get, path = "/integrations/{unique_key}/metadata/schema/draft", tag = "metadata",
    params(("unique_key" = String, Path)), responses((status = 200, body = Draft), (status = 404)))]
pub async fn draft_metadata_schema(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsRead>,
    Path(unique_key): Path<String>,
    _: NoQuery,
) -> Result<axum::Json<Draft>> {
    let draft = app.engine.draft_metadata_schema(key.environment.id, &unique_key).await;
    let draft = found(&unique_key, draft)?;
    Ok(axum::Json(Draft { documents: draft.documents(), schema: draft.schema() }))
}
