//! Proof that no revision was changed or removed after it was written.

use crate::{
    auth::{Key, scope},
    error::Result,
    state::AppState,
};
use axum::extract::State;
use bespoke_engine::metadata::BrokenRevision;
use serde::Serialize;

/// What a check of all revisions has found.
#[derive(Serialize, utoipa::ToSchema)]
pub struct VerifiedRevisions {
    /// Revisions that were looked at.
    checked: u64,
    /// Those that are not as they were written.
    broken: Vec<Broken>,
}

/// A revision that is not as it was written, or what came before or after it is gone.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Broken {
    /// The integration's key.
    provider_config_key: String,
    /// The connection.
    connection_id: String,
    /// Its number.
    revision: i64,
    /// What is wrong.
    problem: &'static str,
}

impl From<BrokenRevision> for Broken {
    fn from(broken: BrokenRevision) -> Self {
        let BrokenRevision { provider_config_key, connection_id, revision, problem } = broken;
        Self { provider_config_key, connection_id, revision, problem }
    }
}

/// Computes the hashes of all revisions of the environment anew, and tells which are not as they were written. It reads
/// every document: minutes where there are millions.
#[utoipa::path(get, path = "/metadata/revisions/verify", tag = "metadata", responses((status = 200, body = VerifiedRevisions)))]
pub async fn verify_metadata_revisions(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsList>,
) -> Result<axum::Json<VerifiedRevisions>> {
    let verified = app.engine.verify_metadata_revisions(key.environment.id).await?;
    let broken = verified.broken.into_iter().map(Broken::from).collect();
    Ok(axum::Json(VerifiedRevisions { checked: verified.checked, broken }))
}
