//! How much happened: what the overview shows.

use crate::{
    api::integrations::Data,
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::Query,
    state::AppState,
};
use axum::extract::State;
use bespoke_core::activity::Activity as Sums;
use bespoke_engine::activity::Period;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which part of what happened.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadActivity {
    /// How far back: `24h`, `7d` or `30d`; `24h` unless given.
    period: Option<String>,
    /// Only at this integration.
    provider_config_key: Option<String>,
}

/// What happened in a period.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Activity {
    /// All of it.
    figures: Figures,
    /// By hour, or by day of UTC for `30d`; oldest first, also where nothing happened.
    series: Vec<ActivityPoint>,
    /// By integration, the busiest first.
    integrations: Vec<IntegrationActivity>,
    /// The functions whose runs took longest on average, slowest first; ten at most.
    slowest: Vec<SlowFunction>,
}

/// What is counted.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Figures {
    /// Runs that ended.
    runs: u64,
    /// Those that failed.
    failures: u64,
    /// Records that were added, updated or deleted.
    records_changed: u64,
    /// Requests that the backend made through the proxy.
    proxy_calls: u64,
}

/// What happened from one time to the next.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ActivityPoint {
    /// When it begins; ISO 8601.
    at: String,
    #[serde(flatten)]
    figures: Figures,
}

/// What happened at an integration.
#[derive(Serialize, utoipa::ToSchema)]
pub struct IntegrationActivity {
    /// The integration's key, as it was.
    provider_config_key: String,
    #[serde(flatten)]
    figures: Figures,
}

/// How long the runs of a function took.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SlowFunction {
    /// The integration's key, as it was.
    provider_config_key: String,
    /// The function's name.
    function: String,
    /// Runs that ended.
    runs: u64,
    /// Those that failed.
    failures: u64,
    /// What a run took on average, in milliseconds.
    mean_ms: f64,
    /// What the longest took, in milliseconds.
    longest_ms: f64,
}

fn figures(sums: &Sums) -> Figures {
    Figures {
        runs: sums.runs,
        failures: sums.failures,
        records_changed: sums.records_changed,
        proxy_calls: sums.proxy_calls,
    }
}

/// With a tenth of a millisecond: more would be noise.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

fn period(given: Option<&str>) -> Result<Period> {
    let Some(word) = given else { return Ok(Period::Day) };
    Period::ALL.into_iter().find(|period| period.as_str() == word).ok_or_else(|| {
        let issue = Issue::new("invalid_value", ["period"], "Must be 24h, 7d or 30d");
        ApiError::new(Code::InvalidQueryParams).issue(issue)
    })
}

/// How much happened in the environment: runs, failures, records, requests; over time, by integration, by function.
#[utoipa::path(get, path = "/activity", tag = "activity", params(ReadActivity),
    responses((status = 200, body = Data<Activity>), (status = 400)))]
pub async fn read_activity(
    State(app): State<AppState>,
    key: Key<scope::LogsRead>,
    Query(query): Query<ReadActivity>,
) -> Result<axum::Json<Data<Activity>>> {
    let report =
        app.engine.activity(key.environment.id, period(query.period.as_deref())?, query.provider_config_key);
    let report = report.await?;
    let data = Activity {
        figures: figures(&report.total),
        series: report
            .points
            .iter()
            .map(|(at, sums)| ActivityPoint { at: at.millis_zulu(), figures: figures(sums) })
            .collect(),
        integrations: report
            .integrations
            .into_iter()
            .map(|(provider_config_key, sums)| IntegrationActivity {
                provider_config_key,
                figures: figures(&sums),
            })
            .collect(),
        slowest: report
            .slowest
            .into_iter()
            .map(|((provider_config_key, function), sums)| SlowFunction {
                provider_config_key,
                function,
                runs: sums.runs,
                failures: sums.failures,
                mean_ms: millis(sums.mean_run()),
                longest_ms: millis(sums.longest_run),
            })
            .collect(),
    };
    Ok(axum::Json(Data { data }))
}
