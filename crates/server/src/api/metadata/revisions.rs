//! The history of a connection's metadata: its revisions, what changed between them, and back to one of them.

use super::{
    super::{connections::AtIntegration, logs::read_limit},
    current::{Metadata, conflict, expected_revision},
    effects::Apply,
};
use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::{Json, Path, Query, deserialize_boolean},
    provenance::Writer,
    state::AppState,
};
use axum::{extract::State, http::HeaderMap};
use bespoke_core::{
    document::Document,
    revision::{self, Actor, Source},
};
use bespoke_engine::{
    Error,
    metadata::{Restore, RevisionUsage},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

/// Revisions per page where no limit is given.
const DEFAULT_LIMIT: u32 = 20;
/// The most revisions per page.
const MAX_LIMIT: u32 = 100;

/// What the metadata was after one write, and who wrote it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"revision": 7, "created_at": "2026-11-22T10:00:00.000Z", "source": "api",
    "actor": {"type": "api_key", "id": 1, "name": "backend"}, "reason": "ticket 42",
    "request_id": "4f8…", "patch": [{"op": "replace", "path": "/filterStatus", "value": "active"}], "hash": "9c1…"}))]
pub struct Revision {
    /// Its number: the first is 1, and none is left out.
    #[serde(rename = "revision")]
    number: i64,
    /// When it was written.
    created_at: String,
    /// By which way: `api`, `cli`, `function`, `import`, `restore`, `bulk`, `promote` or `baseline`.
    source: &'static str,
    /// Who wrote: `{type: "api_key", id, name}`, `{type: "function", provider_config_key, name, run}` or `{type: "system"}`.
    #[schema(value_type = Object)]
    actor: Actor,
    /// Why, in the writer's words.
    reason: Option<String>,
    /// The request that it came with.
    request_id: Option<String>,
    /// The JSON Patch (RFC 6902) from the revision before.
    #[schema(value_type = Vec<Object>)]
    patch: Option<Box<RawValue>>,
    /// Binds it to all revisions before it.
    hash: String,
    /// What runs did that had it, where `include_usage` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    /// The document; where one revision was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Document>,
}

/// What the runs did that had a revision, of those that are kept: 50,000 at most.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RevisionUsage)]
pub struct Usage {
    /// How many runs had it.
    runs: u64,
    /// Records that they added.
    added: u64,
    /// Records that they changed.
    updated: u64,
    /// Records that they deleted.
    deleted: u64,
}

impl From<RevisionUsage> for Usage {
    fn from(RevisionUsage { runs, added, updated, deleted }: RevisionUsage) -> Self {
        Self { runs, added, updated, deleted }
    }
}

impl Revision {
    fn of(revision: revision::Revision, metadata: Option<Document>) -> Self {
        let revision::Revision { number, created_at, provenance, patch, hash } = revision;
        Self {
            number,
            created_at: created_at.millis_zulu(),
            source: provenance.source.as_str(),
            actor: provenance.actor,
            reason: provenance.reason,
            request_id: provenance.request_id,
            patch: RawValue::from_string(patch).ok(),
            hash: hash.to_string(),
            usage: None,
            metadata,
        }
    }
}

/// A page of revisions.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RevisionPage {
    /// The revisions, newest first.
    revisions: Vec<Revision>,
    /// The cursor to go on with; null at the end.
    next_cursor: Option<String>,
}

/// Of which connection, and from where.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListRevisions {
    /// The integration's key.
    provider_config_key: String,
    /// How many, 1 to 100; 20 unless given.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
    /// Goes on behind the page that this cursor came with.
    cursor: Option<String>,
    /// Tell with each revision, as `usage`, how many runs had it and what they did to records.
    #[serde(default, deserialize_with = "deserialize_boolean")]
    include_usage: bool,
}

/// Lists the revisions of a connection's metadata, newest first.
#[utoipa::path(get, path = "/connections/{connection_id}/metadata/revisions", tag = "metadata",
    params(("connection_id" = String, Path), ListRevisions), responses((status = 200, body = RevisionPage), (status = 404)))]
pub async fn list_metadata_revisions(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsRead>,
    Path(connection_id): Path<String>,
    Query(list): Query<ListRevisions>,
) -> Result<axum::Json<RevisionPage>> {
    let wrong = |issue| ApiError::new(Code::InvalidQueryParams).issue(issue);
    let limit = read_limit(list.limit.as_deref(), DEFAULT_LIMIT, MAX_LIMIT).map_err(wrong)?;
    let before = list.cursor.as_deref().map(str::parse).transpose();
    let before = before
        .map_err(|_| wrong(Issue::new("invalid_format", ["cursor"], "Must be a cursor of this list")))?;
    let page = app
        .engine
        .metadata_revisions(
            key.environment.id,
            &list.provider_config_key,
            &connection_id,
            before.unwrap_or(i64::MAX),
            limit,
        )
        .await?;
    let (key_of, all) = (&list.provider_config_key, &page.revisions);
    let usage = if list.include_usage {
        Some(app.engine.revision_usage(key.environment.id, key_of, &connection_id, all).await?)
    } else {
        None
    };
    let show = |revision: revision::Revision| {
        let number = revision.number;
        let used = usage.as_ref().map(|all| all.get(&number).copied().unwrap_or_default().into());
        Revision { usage: used, ..Revision::of(revision, None) }
    };
    let revisions = page.revisions.into_iter().map(show).collect();
    Ok(axum::Json(RevisionPage { revisions, next_cursor: page.next.map(|number| number.to_string()) }))
}

/// Reads one revision with its document.
#[utoipa::path(get, path = "/connections/{connection_id}/metadata/revisions/{revision}", tag = "metadata",
    params(("connection_id" = String, Path), ("revision" = i64, Path), AtIntegration),
    responses((status = 200, body = Revision), (status = 404)))]
pub async fn read_metadata_revision(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsRead>,
    Path((connection_id, number)): Path<(String, i64)>,
    Query(at): Query<AtIntegration>,
) -> Result<axum::Json<Revision>> {
    let (environment, key_of) = (key.environment.id, &at.provider_config_key);
    let (revision, document) =
        app.engine.metadata_revision(environment, key_of, &connection_id, number).await?;
    Ok(axum::Json(Revision::of(revision, Some(document))))
}

/// What to compare.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiffRevisions {
    /// The integration's key.
    provider_config_key: String,
    /// A revision; 0 is what was before the first one: `{}`.
    from: i64,
    /// Another, older or newer.
    to: i64,
}

/// What changed between two revisions.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MetadataDiff {
    /// The JSON Patch (RFC 6902) that makes the one of the other.
    #[schema(value_type = Vec<Object>)]
    patch: Value,
}

/// Tells what changed between two revisions.
#[utoipa::path(get, path = "/connections/{connection_id}/metadata/diff", tag = "metadata",
    params(("connection_id" = String, Path), DiffRevisions), responses((status = 200, body = MetadataDiff), (status = 404)))]
pub async fn diff_metadata(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsRead>,
    Path(connection_id): Path<String>,
    Query(DiffRevisions { provider_config_key, from, to }): Query<DiffRevisions>,
) -> Result<axum::Json<MetadataDiff>> {
    let patch =
        app.engine.metadata_diff(key.environment.id, &provider_config_key, &connection_id, from, to).await?;
    Ok(axum::Json(MetadataDiff { patch }))
}

/// Why an earlier revision is brought back.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreMetadata {
    /// Why, in the writer's words.
    reason: Option<String>,
}

/// Of which connection, and what the restored document does to its data.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RestoreAt {
    /// The integration's key.
    provider_config_key: String,
    /// What a change does to the connection's data.
    apply: Option<Apply>,
}

/// Makes the document of an earlier revision the newest again: a new revision, whose document is the same to the byte.
#[utoipa::path(post, path = "/connections/{connection_id}/metadata/revisions/{revision}/restore", tag = "metadata",
    request_body = RestoreMetadata,
    params(("connection_id" = String, Path), ("revision" = i64, Path), RestoreAt,
        ("If-Match" = Option<String>, Header, description = "Restore only where this is the newest revision: its ETag")),
    responses((status = 200, body = Metadata), (status = 404), (status = 412)))]
pub async fn restore_metadata(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    Path((connection_id, number)): Path<(String, i64)>,
    Query(at): Query<RestoreAt>,
    headers: HeaderMap,
    writer: Writer,
    Json(body): Json<RestoreMetadata>,
) -> Result<Metadata> {
    let (key_of, expected) = (&at.provider_config_key, expected_revision(&headers)?);
    let provenance = writer.by(Source::Restore, body.reason)?;
    let restore = Restore { number, provenance, expected, effects: at.apply.map(Apply::effects) };
    match app.engine.restore_metadata(key.environment.id, key_of, &connection_id, restore).await {
        Ok(restored) => Ok(restored.into()),
        Err(Error::MetadataConflict) => Err(conflict(&app, &key, key_of, &connection_id, expected).await),
        Err(error) => Err(error.into()),
    }
}
