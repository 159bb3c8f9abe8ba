//! Integrations: created, listed, read, changed, deleted (http-api.md §6.1, §6.2).

use crate::{
    api::connections::Success,
    auth::{Key, scope},
    error::{ApiError, Code, Result},
    extract::{Json, NoQuery, Path, Query, rules},
    state::AppState,
};
use axum::extract::State;
use bespoke_core::validation::Mode;
use bespoke_engine::{CreateIntegration, Error, ListedIntegration, Resource, UpdateIntegration};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The scope that shows credentials.
const READ_CREDENTIALS: &str = "environment:integrations:read_credentials";

/// Characters of one value of an integration's settings.
const MAX_VALUE: usize = 8192;

/// An integration as it is shown.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Integration {
    /// Its key in this environment.
    unique_key: String,
    /// Name of the provider definition.
    provider: String,
    /// Name shown to people; the provider's own where none was given.
    display_name: String,
    /// Where the provider's logo is.
    logo: String,
    /// Where the provider sends webhooks to, if it can; shown with `include=webhook`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    webhook_url: Option<Value>,
    /// The registered OAuth client or app; shown with `include=credentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    credentials: Option<Value>,
    /// Whether inbound webhooks are forwarded to the backend.
    forward_webhooks: bool,
    /// How input, output and records are checked against the schemas of its functions.
    data_validation: ValidationMode,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

/// What happens when input, output or records are not what a function declares.
#[derive(Clone, Copy, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ValidationMode {
    /// Nothing.
    Off,
    /// It is logged, once for each version of a function and place in the data.
    Warn,
    /// It is refused.
    Enforce,
}

impl From<Mode> for ValidationMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Off => Self::Off,
            Mode::Warn => Self::Warn,
            Mode::Enforce => Self::Enforce,
        }
    }
}

impl From<ValidationMode> for Mode {
    fn from(mode: ValidationMode) -> Self {
        match mode {
            ValidationMode::Off => Self::Off,
            ValidationMode::Warn => Self::Warn,
            ValidationMode::Enforce => Self::Enforce,
        }
    }
}

/// Something, below `data`.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Data<T> {
    /// The thing itself.
    pub data: T,
}

impl Integration {
    fn new(app: &AppState, listed: &ListedIntegration) -> Self {
        let integration = &listed.integration;
        Self {
            unique_key: integration.unique_key.clone(),
            provider: integration.provider.clone(),
            display_name: listed.display_name().to_owned(),
            logo: app.engine.logo_url(&integration.provider),
            webhook_url: None,
            credentials: None,
            forward_webhooks: integration.forward_webhooks,
            data_validation: integration.data_validation.into(),
            created_at: integration.created_at.millis_zulu(),
            updated_at: integration.updated_at.millis_zulu(),
        }
    }
}

fn data(app: &AppState, listed: &ListedIntegration) -> axum::Json<Data<Integration>> {
    axum::Json(Data { data: Integration::new(app, listed) })
}

/// The integrations of the environment, oldest first.
#[utoipa::path(get, path = "/integrations", tag = "integrations",
    responses((status = 200, body = Data<Vec<Integration>>)))]
pub async fn list_integrations(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsList>,
    _: NoQuery,
) -> Result<axum::Json<Data<Vec<Integration>>>> {
    let integrations = app.engine.list_integrations(key.environment.id).await?;
    let data = integrations.iter().map(|listed| Integration::new(&app, listed)).collect();
    Ok(axum::Json(Data { data }))
}

/// An integration to be made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostIntegration {
    /// Name of the provider definition.
    provider: String,
    /// Its key in this environment.
    unique_key: String,
    /// Name shown to people.
    display_name: Option<String>,
    /// Whether inbound webhooks are forwarded to the backend; they are unless this is false.
    forward_webhooks: Option<bool>,
    /// How input, output and records are checked against the schemas of its functions; `warn` unless given.
    data_validation: Option<ValidationMode>,
    /// The OAuth client or app registered at the provider: `type` is the provider's auth mode.
    #[schema(value_type = Option<Object>)]
    credentials: Option<Map<String, Value>>,
    /// Values for the provider's `integration_config`.
    #[schema(value_type = Option<Object>)]
    integration_config: Option<Map<String, Value>>,
    /// As `integration_config`.
    #[schema(value_type = Option<Object>)]
    custom: Option<Map<String, Value>>,
}

/// Makes an integration.
#[utoipa::path(post, path = "/integrations", tag = "integrations", request_body = PostIntegration,
    responses((status = 200, body = Data<Integration>), (status = 400)))]
pub async fn create_integration(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsCreate>,
    _: NoQuery,
    Json(body): Json<PostIntegration>,
) -> Result<axum::Json<Data<Integration>>> {
    check(&body.unique_key, body.display_name.as_deref())?;
    let create = CreateIntegration {
        provider: body.provider,
        unique_key: body.unique_key,
        display_name: body.display_name,
        forward_webhooks: body.forward_webhooks.unwrap_or(true),
        custom: settings(body.integration_config, body.custom)?.unwrap_or_default(),
        data_validation: body.data_validation.map(Into::into).unwrap_or_default(),
        credentials: body.credentials,
        without_credentials: false,
    };
    Ok(data(&app, &app.engine.create_integration(key.environment.id, create).await?))
}

/// An integration to be made with nothing but its name.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuickstartIntegration {
    /// Name of the provider definition.
    provider: String,
    /// Its key in this environment.
    unique_key: String,
    /// Name shown to people.
    display_name: Option<String>,
    /// Whether inbound webhooks are forwarded to the backend; they are unless this is false.
    forward_webhooks: Option<bool>,
}

/// Makes an integration whose credentials are set later.
#[utoipa::path(post, path = "/integrations/quickstart", tag = "integrations", request_body = QuickstartIntegration,
    responses((status = 200, body = Data<Integration>), (status = 400)))]
pub async fn quickstart_integration(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsCreate>,
    _: NoQuery,
    Json(body): Json<QuickstartIntegration>,
) -> Result<axum::Json<Data<Integration>>> {
    check(&body.unique_key, body.display_name.as_deref())?;
    let create = CreateIntegration {
        provider: body.provider,
        unique_key: body.unique_key,
        display_name: body.display_name,
        forward_webhooks: body.forward_webhooks.unwrap_or(true),
        custom: Map::new(),
        data_validation: Mode::default(),
        credentials: None,
        without_credentials: true,
    };
    Ok(data(&app, &app.engine.create_integration(key.environment.id, create).await?))
}

/// What to show besides the integration.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetIntegration {
    /// `webhook`, `credentials`, or both.
    #[param(value_type = Option<Vec<String>>)]
    include: Option<Includes>,
}

/// One thing to include, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Includes {
    One(String),
    Many(Vec<String>),
}

impl GetIntegration {
    /// Whether the webhook's URL and the credentials are asked for.
    fn wishes(self) -> Result<(bool, bool)> {
        let wishes = match self.include {
            None => Vec::new(),
            Some(Includes::One(one)) => vec![one],
            Some(Includes::Many(many)) => many,
        };
        if wishes.iter().any(|wish| wish != "webhook" && wish != "credentials") {
            return Err(ApiError::query("invalid_value", &["include"], "Must be webhook or credentials"));
        }
        let asked = |name: &str| wishes.iter().any(|wish| wish == name);
        Ok((asked("webhook"), asked("credentials")))
    }
}

/// One integration.
#[utoipa::path(get, path = "/integrations/{unique_key}", tag = "integrations",
    params(("unique_key" = String, Path), GetIntegration),
    responses((status = 200, body = Data<Integration>), (status = 404)))]
pub async fn get_integration(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsRead>,
    Path(unique_key): Path<String>,
    Query(query): Query<GetIntegration>,
) -> Result<axum::Json<Data<Integration>>> {
    let (webhook, credentials) = query.wishes()?;
    let listed = found(&unique_key, app.engine.integration(key.environment.id, &unique_key).await)?;
    let mut shown = Integration::new(&app, &listed);
    if webhook {
        shown.webhook_url = Some(app.engine.webhook_url(&key.environment, &unique_key).into());
    }
    if credentials && key.has(READ_CREDENTIALS) {
        let secret = app.engine.integration_credentials(&listed).await?;
        shown.credentials = Some(secret.map_or(Value::Null, |json| json.0));
    }
    Ok(axum::Json(Data { data: shown }))
}

/// What to change of an integration.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchIntegration {
    /// A new key; refused while there are connections.
    unique_key: Option<String>,
    /// A new name.
    display_name: Option<String>,
    /// Whether inbound webhooks are forwarded to the backend.
    forward_webhooks: Option<bool>,
    /// How input, output and records are checked against the schemas of its functions.
    data_validation: Option<ValidationMode>,
    /// New credentials of the OAuth client or app.
    #[schema(value_type = Option<Object>)]
    credentials: Option<Map<String, Value>>,
    /// Values to set over those that are there.
    #[schema(value_type = Option<Object>)]
    integration_config: Option<Map<String, Value>>,
    /// As `integration_config`.
    #[schema(value_type = Option<Object>)]
    custom: Option<Map<String, Value>>,
}

/// Changes an integration.
#[utoipa::path(patch, path = "/integrations/{unique_key}", tag = "integrations", request_body = PatchIntegration,
    params(("unique_key" = String, Path)),
    responses((status = 200, body = Data<Integration>), (status = 400), (status = 404)))]
pub async fn update_integration(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsUpdate>,
    Path(unique_key): Path<String>,
    _: NoQuery,
    Json(body): Json<PatchIntegration>,
) -> Result<axum::Json<Data<Integration>>> {
    check(body.unique_key.as_deref().unwrap_or(&unique_key), body.display_name.as_deref())?;
    let update = UpdateIntegration {
        unique_key: body.unique_key,
        display_name: body.display_name,
        forward_webhooks: body.forward_webhooks,
        custom: settings(body.integration_config, body.custom)?,
        data_validation: body.data_validation.map(Into::into),
        credentials: body.credentials,
    };
    let changed = app.engine.update_integration(key.environment.id, &unique_key, update).await;
    Ok(data(&app, &found(&unique_key, changed)?))
}

/// Deletes an integration with its connections, functions, syncs and records. The `pre-connection-deletion` functions of its
/// connections do not run: delete the connections first where they have to.
#[utoipa::path(delete, path = "/integrations/{unique_key}", tag = "integrations",
    params(("unique_key" = String, Path)),
    responses((status = 200, body = Success), (status = 404)))]
pub async fn delete_integration(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsDelete>,
    Path(unique_key): Path<String>,
    _: NoQuery,
) -> Result<axum::Json<Success>> {
    found(&unique_key, app.engine.delete_integration(key.environment.id, &unique_key).await)?;
    Ok(axum::Json(Success { success: true }))
}

/// A missing integration is `not_found` here, not `unknown_provider_config`.
pub(super) fn found<T>(unique_key: &str, result: bespoke_engine::Result<T>) -> Result<T> {
    result.map_err(|error| match error {
        Error::NotFound(Resource::Integration) => ApiError::new(Code::NotFound)
            .message(format!("There is no integration \"{unique_key}\" in this environment.")),
        error => error.into(),
    })
}

fn check(unique_key: &str, display_name: Option<&str>) -> Result<()> {
    let mut issues =
        Vec::from_iter(rules::check(unique_key, &rules::PROVIDER_CONFIG_KEY, &["unique_key"]).err());
    issues.extend(display_name.and_then(|name| rules::length(name, 1, 255, &["display_name"]).err()));
    if issues.is_empty() { Ok(()) } else { Err(ApiError::new(Code::InvalidBody).issues(issues)) }
}

/// Both spellings of an integration's settings in one; `None` where neither is given.
fn settings(
    config: Option<Map<String, Value>>,
    custom: Option<Map<String, Value>>,
) -> Result<Option<Map<String, Value>>> {
    for (name, values) in [("integration_config", &config), ("custom", &custom)] {
        for (key, value) in values.iter().flatten() {
            let Value::String(text) = value else {
                return Err(ApiError::body("invalid_type", &[name, key], "Must be text"));
            };
            rules::length(text, 0, MAX_VALUE, &[name, key])
                .map_err(|issue| ApiError::new(Code::InvalidBody).issue(issue))?;
        }
    }
    if config.is_none() && custom.is_none() {
        return Ok(None);
    }
    let mut all = custom.unwrap_or_default();
    all.extend(config.unwrap_or_default());
    Ok(Some(all))
}
