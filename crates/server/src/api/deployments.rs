//! Deploying functions: what `bespoke deploy` calls.

use crate::{
    auth::{Key, scope},
    error::Result,
    extract::{Json, NoQuery},
    state::AppState,
};
use axum::extract::State;
use bespoke_core::{
    configuration::Declared,
    function::{DeployPlan, Deployment, PlannedConflict, PlannedFunction, PlannedMigration},
};
use serde::Serialize;

/// What a deployment changes, or has changed.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Plan {
    /// Functions that are not there yet.
    new: Vec<PlanLine>,
    /// Functions whose code or definition differs.
    changed: Vec<PlanLine>,
    /// Functions that stay as they are.
    unchanged: Vec<PlanLine>,
    /// Functions in the deployment's scope that it lacks. Their syncs end; the records stay.
    deleted: Vec<PlanLine>,
    /// Where functions of an integration would declare types for its configuration that no value can have at once.
    conflicts: Vec<PlanConflict>,
    /// What each changed `config.ts` does to the connections of its integration: `integration`, `mode`, `from` and `to` (versions),
    /// how many stay `valid`, are `fixed` by `migrate`, `broken`, or `invalid_already`, and `examples` of the last three with
    /// `connection_id`, `outcome`, `schema_version`, `diff` (JSON Patch) and `problems`.
    #[schema(value_type = Vec<Object>)]
    migrations: Vec<PlannedMigration>,
}

/// Functions that contradict each other.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PlanConflict {
    /// The integration's key.
    integration: String,
    /// JSON pointer into the configuration.
    path: String,
    /// Who declares what: `function` and `types`.
    #[schema(value_type = Vec<Object>)]
    places: Vec<Declared>,
}

/// A function in a plan.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PlanLine {
    /// The integration's key.
    integration: String,
    /// `sync`, `action` or `on-event`.
    kind: &'static str,
    /// Its name.
    name: String,
    /// The version that is deployed, or will be.
    version: String,
    /// How many connections its integration has.
    connections: u64,
}

impl From<PlannedFunction> for PlanLine {
    fn from(line: PlannedFunction) -> Self {
        let PlannedFunction { integration, kind, name, version, connections } = line;
        Self { integration, kind: kind.as_str(), name, version, connections }
    }
}

impl From<PlannedConflict> for PlanConflict {
    fn from(PlannedConflict { integration, conflict }: PlannedConflict) -> Self {
        Self { integration, path: conflict.path, places: conflict.places }
    }
}

impl From<DeployPlan> for Plan {
    fn from(plan: DeployPlan) -> Self {
        let lines = |lines: Vec<PlannedFunction>| lines.into_iter().map(Into::into).collect();
        Self {
            new: lines(plan.new),
            changed: lines(plan.changed),
            unchanged: lines(plan.unchanged),
            deleted: lines(plan.deleted),
            migrations: plan.migrations,
            conflicts: plan.conflicts.into_iter().map(Into::into).collect(),
        }
    }
}

/// Tells what a deployment would change, and changes nothing.
#[utoipa::path(post, path = "/deployments/plan", tag = "deployments",
    request_body(content = serde_json::Value, description = "`scope`, `functions` and `modules`, as `bespoke deploy` makes them."),
    responses((status = 200, body = Plan), (status = 400, description = "`invalid_body`, `unknown_provider_config`")))]
pub async fn plan_deployment(
    State(app): State<AppState>,
    key: Key<scope::Deploy>,
    _: NoQuery,
    Json(deployment): Json<Deployment>,
) -> Result<axum::Json<Plan>> {
    let plan = app.engine.plan_deployment(key.environment.id, deployment).await?;
    Ok(axum::Json(plan.into()))
}

/// Deploys functions, all of them or none, and tells what changed.
#[utoipa::path(post, path = "/deployments", tag = "deployments",
    request_body(content = serde_json::Value, description = "`scope`, `functions` and `modules`, as `bespoke deploy` makes them."),
    responses((status = 200, body = Plan),
        (status = 400, description = "`invalid_body`, `unknown_provider_config`, `breaks_configurations`"),
        (status = 409, description = "`concurrent_deployment`")))]
pub async fn deploy(
    State(app): State<AppState>,
    key: Key<scope::Deploy>,
    _: NoQuery,
    Json(deployment): Json<Deployment>,
) -> Result<axum::Json<Plan>> {
    let deployed = app.engine.deploy(key.environment.id, deployment).await?;
    Ok(axum::Json(deployed.plan.into()))
}
