//! How long things are kept. The operator says so, in the server's settings.

use crate::{
    api::integrations::Data,
    auth::{Key, scope},
    extract::NoQuery,
    state::AppState,
};
use axum::extract::State;
use bespoke_engine::activity;
use serde::Serialize;
use std::time::Duration;

/// How long things are kept, in days.
#[derive(Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to each name")]
pub struct Retention {
    /// Runs after their end (`BESPOKE_RUN_RETENTION`).
    runs_days: f64,
    /// Lines of the log (`BESPOKE_LOG_RETENTION`).
    logs_days: f64,
    /// What the backend was told by webhook, after it was delivered or given up (`BESPOKE_LOG_RETENTION`).
    deliveries_days: f64,
    /// The figures of the overview.
    activity_days: f64,
}

fn days(duration: Duration) -> f64 {
    duration.as_secs_f64() / (24.0 * 60.0 * 60.0)
}

/// How long things are kept.
#[utoipa::path(get, path = "/environment/retention", tag = "environment",
    responses((status = 200, body = Data<Retention>)))]
pub async fn read_retention(
    State(app): State<AppState>,
    _: Key<scope::LogsRead>,
    _: NoQuery,
) -> axum::Json<Data<Retention>> {
    let settings = app.engine.settings();
    let data = Retention {
        runs_days: days(settings.run_retention),
        logs_days: days(settings.log_retention),
        deliveries_days: days(settings.log_retention),
        activity_days: days(activity::KEEP),
    };
    axum::Json(Data { data })
}
