//! Previews: what a function would do with another configuration.

use super::{
    super::{
        connections::AtIntegration,
        dry_runs::{told, wants_events},
    },
    document,
};
use crate::{
    auth::{Caller, Key, scope},
    error::{ApiError, Result},
    extract::{Json, Path, Query},
    state::AppState,
};
use axum::{
    body::Bytes,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use bespoke_core::{document::Write, function::FunctionKind};
use bespoke_engine::{
    dry_runs::Bounds,
    preview::{self, Candidate, Preview},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Which function to run, with which configuration: one of `metadata`, `patch` and `revision`; the connection's own where none
/// is given.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sync": "contacts", "patch": {"fieldMapping": {"internal_id": "custom_field_9"}}}))]
pub struct NewPreview {
    /// A deployed sync.
    sync: Option<String>,
    /// Or a deployed action.
    action: Option<String>,
    /// The action's input; any JSON.
    #[schema(value_type = Option<serde_json::Value>)]
    input: Option<Box<RawValue>>,
    /// A whole configuration.
    #[schema(value_type = Option<serde_json::Value>)]
    metadata: Option<Box<RawValue>>,
    /// A change of the connection's own: a merge patch (RFC 7396), or as a list a JSON patch (RFC 6902).
    #[schema(value_type = Option<serde_json::Value>)]
    patch: Option<Box<RawValue>>,
    /// An earlier configuration.
    revision: Option<i64>,
    /// What it may use.
    #[serde(default)]
    limits: PreviewLimits,
}

/// Where a preview stops.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewLimits {
    /// Records that the function saves, updates and deletes; 10,000 unless given, at most 100,000.
    records: Option<u64>,
    /// Requests to providers; 500 unless given, at most 10,000.
    calls: Option<u64>,
    /// Seconds; 120 unless given, at most 900.
    seconds: Option<u64>,
}

/// Runs a deployed sync or action with a candidate configuration and writes nothing: what would differ, record by record.
///
/// Requests that read go to the provider; others are refused and listed, unless the function declares them in `previewReads`.
/// A sync runs from the beginning, without its checkpoint. With `Accept: text/event-stream` the answer tells what happens while
/// it happens (`log`, `call`, `blocked_call`, `batch`), and ends with `result`, which is the whole answer otherwise. The key
/// needs the scope to read records, too.
#[utoipa::path(post, path = "/connections/{connection_id}/metadata/preview", tag = "metadata", request_body = NewPreview,
    params(("connection_id" = String, Path), AtIntegration),
    responses((status = 200, body = serde_json::Value, description = "`succeeded`, `error`, `counts` {added, changed, removed, unchanged}, \
        `records` [{model, id, change, before, after}], `records_left_out`, `calls`, `blocked_calls`, `warnings`, `output`, `duration_ms`"),
        (status = 400), (status = 404), (status = 409)))]
pub async fn preview_metadata(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    _: Key<scope::RecordsRead>,
    Path(connection_id): Path<String>,
    Query(at): Query<AtIntegration>,
    headers: HeaderMap,
    Json(body): Json<NewPreview>,
) -> Result<Response> {
    let mut preview = body.read(&key, at.provider_config_key, connection_id)?;
    if !wants_events(&headers) {
        return Ok(axum::Json(app.engine.preview(preview).await?).into_response());
    }
    let (sender, events) = mpsc::unbounded_channel();
    preview.events = Some(sender);
    told("result", events, async move { app.engine.preview(preview).await }).await
}

impl NewPreview {
    fn read(self, caller: &Caller, integration: String, connection_id: String) -> Result<Preview> {
        let (kind, name) = match (self.sync, self.action) {
            (Some(name), None) => (FunctionKind::Sync, name),
            (None, Some(name)) => (FunctionKind::Action, name),
            _ => return Err(ApiError::body("custom", &["sync"], "Either `sync` or `action` is needed")),
        };
        if self.input.is_some() && kind == FunctionKind::Sync {
            return Err(ApiError::body("custom", &["input"], "Only actions have an input"));
        }
        let candidate = match (self.metadata, self.patch, self.revision) {
            (Some(json), None, None) => Candidate::Write(Write::Replace(document(&json, &["metadata"])?)),
            (None, Some(json), None) => Candidate::Write(patch(&json)?),
            (None, None, Some(number)) => Candidate::Revision(number),
            (None, None, None) => Candidate::Current,
            _ => {
                let message = "Only one of `metadata`, `patch` and `revision` can be given";
                return Err(ApiError::body("custom", &["metadata"], message));
            }
        };
        let json = |json: Box<RawValue>| Bytes::from(String::from(Box::<str>::from(json)));
        Ok(Preview {
            environment: caller.environment.clone(),
            integration,
            connection_id,
            kind,
            name,
            input: self.input.map(json).unwrap_or_default(),
            candidate,
            bounds: self.limits.read()?,
            events: None,
        })
    }
}

impl PreviewLimits {
    fn read(&self) -> Result<Bounds> {
        let bound = |name: &str, given: Option<u64>, usual: Option<u64>, most: Option<u64>| {
            if given.is_some() && (given > most || given == Some(0)) {
                let message = format!("Must be 1 to {}", most.unwrap_or_default());
                return Err(ApiError::body("custom", &["limits", name], &message));
            }
            Ok(given.or(usual))
        };
        let (usual, most) = (preview::BOUNDS, preview::MOST);
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs());
        Ok(Bounds {
            records: bound("records", self.records, usual.records, most.records)?,
            calls: bound("calls", self.calls, usual.calls, most.calls)?,
            time: bound("seconds", self.seconds, seconds(usual.time), seconds(most.time))?
                .map(Duration::from_secs),
        })
    }
}

/// A patch of either kind.
fn patch(json: &RawValue) -> Result<Write> {
    let wrong = |error: serde_json::Error| ApiError::body("invalid_format", &["patch"], error.to_string());
    if json.get().starts_with('[') {
        return Ok(Write::Patch(Arc::new(serde_json::from_str(json.get()).map_err(wrong)?)));
    }
    Ok(Write::MergePatch(Arc::new(serde_json::from_str(json.get()).map_err(wrong)?)))
}
