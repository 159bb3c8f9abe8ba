//! What every handler can reach.

use bespoke_core::id::EnvironmentId;
use bespoke_engine::{Engine, RateLimit};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The use cases.
    pub engine: Arc<Engine>,
    /// Requests per minute and environment.
    pub rate_limit: Arc<RateLimit<EnvironmentId>>,
    /// The server stops: answers without an end have to end.
    pub closing: CancellationToken,
}
