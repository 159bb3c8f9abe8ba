//! Deploying with the official CLI: what `nango deploy` calls (http-api.md §12.1).
//!
//! The CLI reads JSON whatever the status is, so every answer is JSON. Its functions arrive as CommonJS; from the
//! engine on nothing knows which CLI a function came with.

mod answer;
mod body;
mod endpoint;
mod places;

use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Result},
    extract::{Json, NoQuery},
    state::AppState,
};
use answer::{Confirmation, DeployedScript};
use axum::{
    extract::{FromRequestParts, State},
    http::{header, request::Parts},
};
use body::Body;
use regex::Regex;
use std::sync::LazyLock;

/// The oldest CLI whose projects can be deployed.
const OLDEST_CLI: [u32; 3] = [0, 39, 25];

/// A caller that is no official CLI, or one that is new enough. Answers 400 `invalid_cli_version` otherwise.
pub struct SupportedCli;

impl<S: Send + Sync> FromRequestParts<S> for SupportedCli {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        match agent.and_then(cli_version) {
            Some(version) if version < OLDEST_CLI => Err(ApiError::new(Code::InvalidCliVersion)),
            _ => Ok(Self),
        }
    }
}

/// The version in `nango-cli/0.71.4 (…)`; what a version lacks counts as 0.
fn cli_version(agent: &str) -> Option<[u32; 3]> {
    static VERSION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"nango-cli/([0-9.]+)").expect("a valid pattern"));
    let text = VERSION.captures(agent)?.get(1)?.as_str();
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    Some(std::array::from_fn(|_| parts.next().unwrap_or(0)))
}

/// Tells what a deployment by the official CLI would change, and changes nothing.
#[utoipa::path(post, path = "/sync/deploy/confirmation", tag = "deployments",
    request_body(content = serde_json::Value, description = "As the CLI `nango` sends it."),
    responses((status = 200, body = Confirmation),
        (status = 400, description = "`invalid_body`, `invalid_cli_version`, `unknown_provider_config`, `deploy_missing_json_schema_model`")))]
pub async fn confirm_sync_deploy(
    State(app): State<AppState>,
    key: Key<scope::Deploy>,
    _: SupportedCli,
    _: NoQuery,
    Json(body): Json<Body>,
) -> Result<axum::Json<Confirmation>> {
    let body::Incoming { deployment, places } = body.for_confirmation()?;
    let environment = key.environment.id;
    let wanted = deployment.functions.iter().map(|function| function.definition.clone()).collect::<Vec<_>>();
    let plan = app.engine.plan_deployment(environment, deployment).await;
    let plan = plan.map_err(|error| places.translate(error))?;
    let current = app.engine.functions_by_integration(environment).await?;
    Ok(axum::Json(Confirmation::new(&plan, &wanted, &current)))
}

/// Deploys what the official CLI sends, all of it or nothing, and tells what is deployed now.
#[utoipa::path(post, path = "/sync/deploy", tag = "deployments",
    request_body(content = serde_json::Value, description = "As the CLI `nango` sends it."),
    responses((status = 200, body = [DeployedScript]),
        (status = 400, description = "`invalid_body`, `invalid_cli_version`, `unknown_provider_config`, `deploy_missing_json_schema_model`"),
        (status = 409, description = "`concurrent_deployment`")))]
pub async fn sync_deploy(
    State(app): State<AppState>,
    key: Key<scope::Deploy>,
    _: SupportedCli,
    _: NoQuery,
    Json(body): Json<Body>,
) -> Result<axum::Json<Vec<DeployedScript>>> {
    let body::Incoming { deployment, places } = body.for_deployment()?;
    let environment = key.environment.id;
    let wanted = deployment.functions.iter().map(|function| function.definition.clone()).collect::<Vec<_>>();
    let deployed = app.engine.deploy(environment, deployment).await;
    deployed.map_err(|error| places.translate(error))?;
    let current = app.engine.functions_by_integration(environment).await?;
    Ok(axum::Json(answer::deployed(&wanted, &current)))
}

#[cfg(test)]
mod tests {
    use super::cli_version;

    #[test]
    fn the_version_of_the_cli_is_read_from_its_user_agent() {
        for (agent, version) in [
            ("nango-cli/0.71.4 (linux/6.1; node.js/20)", Some([0, 71, 4])),
            ("nango-cli/0.39", Some([0, 39, 0])),
            ("nango-cli/...", Some([0, 0, 0])),
            ("nango-cli/", None),
            ("curl/8", None),
        ] {
            assert_eq!(cli_version(agent), version, "{agent}");
        }
    }
}
