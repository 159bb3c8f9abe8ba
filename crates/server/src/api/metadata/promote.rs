//! Folding a value that nearly all connections share into the integration's defaults.

use crate::{
    auth::{Key, scope},
    error::Result,
    extract::{Json, Path},
    provenance::Writer,
    state::AppState,
};
use axum::extract::State;
use bespoke_core::{document::Document, promotion::Tally, revision::Source};
use bespoke_engine::promotion::{Promote, Promoted};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A value that is to become a default.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"path": "/filterStatus", "value": "active", "dry_run": true}))]
pub struct PromoteMetadata {
    /// JSON pointer.
    path: String,
    /// Anything but an object, `null` too.
    #[schema(value_type = Object)]
    value: Value,
    /// Only tell what would come of it.
    #[serde(default)]
    dry_run: bool,
    /// Why, in the writer's words.
    reason: Option<String>,
}

/// What came of a promotion.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"defaults": {"filterStatus": "active"}, "removed": 972, "pinned": 1, "kept": 27,
    "examples": {"removed": ["acme"], "pinned": ["globex"], "kept": ["initech"]}}))]
pub struct PromotionReport {
    /// The integration's defaults, with the value.
    #[schema(value_type = Object)]
    defaults: Document,
    /// Connections that had the value as their own, and have it from the defaults now.
    removed: usize,
    /// Connections that set nothing there: what counted for them until now was written as their own.
    pinned: usize,
    /// Connections that stay as they are.
    kept: usize,
    /// The first ten of each.
    examples: PromotionExamples,
}

/// Ids of connections.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PromotionExamples {
    removed: Vec<String>,
    pinned: Vec<String>,
    kept: Vec<String>,
}

impl From<Promoted> for PromotionReport {
    fn from(Promoted { defaults, effects }: Promoted) -> Self {
        let parts = |Tally { count, examples }: Tally| (count, examples);
        let (removed, removed_ids) = parts(effects.removed);
        let (pinned, pinned_ids) = parts(effects.pinned);
        let (kept, kept_ids) = parts(effects.kept);
        let examples = PromotionExamples { removed: removed_ids, pinned: pinned_ids, kept: kept_ids };
        Self { defaults, removed, pinned, kept, examples }
    }
}

/// Makes a value a default of the integration, and removes it from the connections that have it as their own. What
/// functions see changes for none of them: all of it is done, each change as a revision, or nothing.
#[utoipa::path(post, path = "/integrations/{unique_key}/metadata/promote", tag = "metadata",
    request_body = PromoteMetadata, params(("unique_key" = String, Path)),
    responses((status = 200, body = PromotionReport), (status = 400), (status = 409)))]
pub async fn promote_metadata(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    _: Key<scope::IntegrationsUpdate>,
    Path(unique_key): Path<String>,
    writer: Writer,
    Json(body): Json<PromoteMetadata>,
) -> Result<axum::Json<PromotionReport>> {
    let PromoteMetadata { path, value, dry_run, reason } = body;
    let provenance = writer.by(Source::Promote, reason)?;
    let promote = Promote { path, value, is_dry_run: dry_run, provenance };
    Ok(axum::Json(app.engine.promote(key.environment.id, &unique_key, promote).await?.into()))
}
