//! The configuration page of end customers: sessions are made with a key, and everything else is done with the session's
//! token, which opens nothing but one connection's configuration.

use super::{
    dry_runs::{told, wants_events},
    metadata::current::expected_revision,
};
use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Result},
    extract::{Json, NoQuery, Path, Query},
    state::AppState,
};
use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bespoke_engine::{
    Error,
    configuration::Problem,
    configure::{
        Choice, ConfigureSession, NewSession, Options, SessionToken, ShownConfiguration, ShownValues,
    },
    dry_runs::report::Event,
    preview::PreviewReport,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;
use tokio::sync::mpsc;

/// The largest theme, in bytes of its JSON.
const MAX_THEME: usize = 4096;
/// The most paths of `allow`.
const MAX_PATHS: usize = 200;

/// The session whose token a request came with. Answers 401 otherwise.
pub struct Session(ConfigureSession);

impl FromRequestParts<AppState> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self> {
        let value = parts.headers.get(header::AUTHORIZATION).ok_or(ApiError::new(Code::MissingAuthHeader))?;
        let text = value.to_str().map_err(|_| ApiError::new(Code::MalformedAuthHeader))?;
        let token = text.strip_prefix("Bearer ").ok_or(ApiError::new(Code::MalformedAuthHeader))?;
        if token.trim().is_empty() {
            return Err(ApiError::new(Code::MalformedAuthHeader));
        }
        let ended = || ApiError::new(Code::ConfigureSessionEnded);
        let token = SessionToken::parse(token).ok_or_else(ended)?;
        let session = app.engine.configure_session(&token).await?.ok_or_else(ended)?;
        let now = app.engine.now();
        let allowance = app.rate_limit.take(session.environment_id(), now);
        if allowance.exceeded {
            let wait = allowance.wait(now).to_string();
            return Err(ApiError::new(Code::TooManyRequests).header("retry-after", wait));
        }
        Ok(Self(session))
    }
}

/// For which connection a session is, and what may be set in it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"connection_id": "acme", "provider_config_key": "hubspot", "allow": ["/fieldMapping"], "locale": "de"}))]
pub struct NewConfigureSession {
    /// The connection.
    connection_id: String,
    /// The integration's key.
    provider_config_key: String,
    /// JSON pointers: only what is there and below may be seen and set. Where it is missing, everything that the schema
    /// declares and `ui` does not hide.
    allow: Option<Vec<String>>,
    /// Seconds until it ends; 1800 unless given, at most 86400.
    expires_in: Option<u64>,
    /// The language of the page, such as `de`; the browser's where it is missing.
    locale: Option<String>,
    /// How the page looks: `light`, `dark`, or an object of the page's CSS variables.
    #[schema(value_type = Option<serde_json::Value>)]
    theme: Option<Value>,
}

/// A session that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MadeConfigureSession {
    data: ConfigureSessionData,
}

/// What opens a session.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ConfigureSessionData {
    /// The token; it is not shown again.
    token: String,
    /// The page, with the token behind `#`, so that no log has it.
    configure_link: String,
    /// When it ends.
    expires_at: String,
}

/// Makes a session in which the customer of a connection configures it, on the hosted page or in your own. It ends with its time,
/// and with its connection.
#[utoipa::path(post, path = "/configure/sessions", tag = "configure", request_body = NewConfigureSession,
    responses((status = 201, body = MadeConfigureSession), (status = 400), (status = 404)))]
pub async fn create_configure_session(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    _: NoQuery,
    Json(body): Json<NewConfigureSession>,
) -> Result<(StatusCode, axum::Json<MadeConfigureSession>)> {
    let made = app.engine.create_configure_session(key.environment.id, body.read()?).await?;
    let token = made.token.expose();
    // The environment says who may frame the page; the token stays behind the `#`, where no server is told of it.
    let (url, environment) = (app.engine.public_url(), key.environment.uuid);
    let data = ConfigureSessionData {
        configure_link: format!("{url}/configure?env={environment}#token={token}"),
        token,
        expires_at: made.expires_at.millis_zulu(),
    };
    Ok((StatusCode::CREATED, axum::Json(MadeConfigureSession { data })))
}

impl NewConfigureSession {
    fn read(self) -> Result<NewSession> {
        let is_locale = |text: &String| {
            (2..=35).contains(&text.len()) && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '-')
        };
        if self.locale.as_ref().is_some_and(|text| !is_locale(text)) {
            return Err(ApiError::body("invalid_format", &["locale"], "Must be a language, such as de"));
        }
        let is_theme =
            |theme: &Value| (theme.is_string() || theme.is_object()) && theme.to_string().len() <= MAX_THEME;
        if self.theme.as_ref().is_some_and(|theme| !is_theme(theme)) {
            let message = format!("Must be a text or an object, of {MAX_THEME} bytes at most");
            return Err(ApiError::body("invalid_type", &["theme"], message));
        }
        if self.allow.as_ref().is_some_and(|allow| allow.len() > MAX_PATHS) {
            let message = format!("Must have at most {MAX_PATHS} paths");
            return Err(ApiError::body("too_big", &["allow"], message));
        }
        Ok(NewSession {
            provider_config_key: self.provider_config_key,
            connection_id: self.connection_id,
            allow: self.allow,
            lasts: self.expires_in.map(Duration::from_secs),
            locale: self.locale,
            theme: self.theme,
        })
    }
}

/// What the page shows.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ConfigurePage {
    integration: ConfiguredIntegration,
    customer: ConfiguringCustomer,
    /// The language that was asked for.
    locale: Option<String>,
    /// How the page looks.
    #[schema(value_type = Option<serde_json::Value>)]
    theme: Option<Value>,
    /// JSON pointers: what is there and below may be set.
    allow: Vec<String>,
    /// When the session ends.
    expires_at: String,
    /// JSON Schema of what may be set, without references; null where none is declared.
    #[schema(value_type = Option<Object>)]
    schema: Option<Value>,
    /// How to show it, by path: as `config.ts` says.
    #[schema(value_type = Option<Object>)]
    ui: Option<Value>,
    #[serde(flatten)]
    values: ConfigureValues,
    /// What counts where the customer sets nothing; only what may be set.
    #[schema(value_type = Object)]
    inherited: Map<String, Value>,
    /// Which functions can be previewed; null where none can.
    preview: Option<ConfigurePreviews>,
    /// The name of the product that asks, where `ui` tells it (`$productName`).
    product_name: Option<String>,
}

/// The values that a customer has set.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ConfigureValues {
    /// The connection's own values, only those that may be set; secrets are masked.
    #[schema(value_type = Object)]
    values: Map<String, Value>,
    /// The newest revision: for `If-Match`.
    revision: i64,
    /// What is wrong with them: level, path (JSON pointer), code, message, what is allowed.
    #[schema(value_type = Vec<Object>)]
    problems: Vec<Problem>,
}

/// The integration that is configured.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ConfiguredIntegration {
    /// Its name for people.
    display_name: String,
    /// Its provider.
    provider: String,
}

/// Who configures.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ConfiguringCustomer {
    /// The organization's name, or the user's, or the connection's id.
    name: String,
}

/// What can be previewed.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ConfigurePreviews {
    /// Names of functions.
    functions: Vec<String>,
}

/// Tells what the page shows. With the session's token.
#[utoipa::path(get, path = "/configure/session", tag = "configure", security(("configure_session" = [])),
    responses((status = 200, body = ConfigurePage), (status = 401)))]
pub async fn read_configure_session(
    State(app): State<AppState>,
    Session(session): Session,
    _: NoQuery,
) -> Result<Response> {
    let shown = app.engine.shown_configuration(&session).await?;
    let etag = etag(shown.values.revision);
    Ok(([(header::ETAG, etag)], axum::Json(page(session, shown))).into_response())
}

fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

fn page(session: ConfigureSession, shown: ShownConfiguration) -> ConfigurePage {
    let ShownConfiguration { integration, provider, customer, allow, schema, ui, product, values, preview } =
        shown;
    let (values, inherited) = parted(values);
    ConfigurePage {
        integration: ConfiguredIntegration { display_name: integration, provider },
        customer: ConfiguringCustomer { name: customer },
        locale: session.session.locale,
        theme: session.session.theme,
        allow,
        expires_at: session.session.expires_at.millis_zulu(),
        schema,
        ui,
        values,
        inherited,
        preview: (!preview.is_empty()).then_some(ConfigurePreviews { functions: preview }),
        product_name: product,
    }
}

fn parted(values: ShownValues) -> (ConfigureValues, Map<String, Value>) {
    let ShownValues { own, inherited, revision, problems } = values;
    (ConfigureValues { values: own, revision, problems }, inherited)
}

/// Of which path.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OptionsAt {
    /// JSON pointer to the value that is chosen.
    path: String,
}

/// What may be chosen.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OptionList {
    #[schema(value_type = Vec<OptionReport>)]
    data: Vec<Choice>,
    /// When it was read; it may be some seconds old.
    loaded_at: String,
}

/// Something that may be chosen.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "documents what a `Choice` is on the wire")]
pub struct OptionReport {
    /// What is stored.
    value: String,
    /// What people are shown.
    label: String,
    /// Its type, in the provider's words.
    r#type: Option<String>,
    /// Whether the customer made it.
    custom: Option<bool>,
    /// Some values that it has.
    samples: Option<Vec<String>>,
    /// How many records have a value there, 0 to 1.
    filled: Option<f64>,
}

impl From<&Options> for OptionList {
    fn from(options: &Options) -> Self {
        Self { data: options.choices.clone(), loaded_at: options.loaded_at.millis_zulu() }
    }
}

/// Lists what the customer may choose from: runs the action that `ui` names for the path (`optionsFrom`), and writes nothing.
#[utoipa::path(get, path = "/configure/options", tag = "configure", params(OptionsAt), security(("configure_session" = [])),
    responses((status = 200, body = OptionList), (status = 401), (status = 403), (status = 424)))]
pub async fn list_configure_options(
    State(app): State<AppState>,
    Session(session): Session,
    Query(at): Query<OptionsAt>,
) -> Result<axum::Json<OptionList>> {
    let options = app.engine.configure_options(&session, &at.path).await?;
    Ok(axum::Json(options.as_ref().into()))
}

/// Of which connection, and of which path.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MetadataOptionsAt {
    /// The integration's key.
    provider_config_key: String,
    /// JSON pointer to the value that is chosen.
    path: String,
}

/// Lists what may be chosen at a path of a connection's metadata: runs the action that `ui` of `config.ts` names there
/// (`optionsFrom`), and writes nothing. The same list for some seconds.
#[utoipa::path(get, path = "/connections/{connection_id}/metadata/options", tag = "metadata",
    params(("connection_id" = String, Path), MetadataOptionsAt),
    responses((status = 200, body = OptionList), (status = 400), (status = 404), (status = 424)))]
pub async fn list_metadata_options(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    Path(connection_id): Path<String>,
    Query(at): Query<MetadataOptionsAt>,
) -> Result<axum::Json<OptionList>> {
    let MetadataOptionsAt { provider_config_key, path } = at;
    let options =
        app.engine.options_at(&key.environment, &provider_config_key, &connection_id, &path).await?;
    Ok(axum::Json(options.as_ref().into()))
}

/// A change of what the customer may set, to be tried.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"changes": {"fieldMapping": {"stage": "deal_stage__c"}}}))]
pub struct ConfigurePreview {
    /// A merge patch (RFC 7396).
    #[schema(value_type = Object)]
    #[serde(default)]
    changes: Map<String, Value>,
    /// Which of the functions that can be previewed; the first unless given.
    function: Option<String>,
}

/// Tells what a function would do with a change, and writes nothing: as the preview of the API, without the requests. With
/// `Accept: text/event-stream` it tells of batches of records while it goes on.
#[utoipa::path(post, path = "/configure/preview", tag = "configure", request_body = ConfigurePreview,
    security(("configure_session" = [])),
    responses((status = 200, body = serde_json::Value, description = "`succeeded`, `error`, `counts` {added, changed, removed, \
        unchanged}, `records` [{model, id, change, before, after}], `records_left_out`, `problems`, `duration_ms`"),
        (status = 401), (status = 403), (status = 404)))]
pub async fn preview_configure(
    State(app): State<AppState>,
    Session(session): Session,
    _: NoQuery,
    headers: HeaderMap,
    Json(body): Json<ConfigurePreview>,
) -> Result<Response> {
    let ConfigurePreview { changes, function } = body;
    if !wants_events(&headers) {
        let report = app.engine.preview_configure(&session, changes, function.as_deref(), None).await?;
        return Ok(axum::Json(shown(report)).into_response());
    }
    let (sender, mut all) = mpsc::unbounded_channel();
    let (batches, events) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(event) = all.recv().await {
            if matches!(event, Event::Batch(_)) && batches.send(event).is_err() {
                break;
            }
        }
    });
    told("result", events, async move {
        let report =
            app.engine.preview_configure(&session, changes, function.as_deref(), Some(sender)).await?;
        Ok(shown(report))
    })
    .await
}

/// What the customer is told of a preview.
fn shown(report: PreviewReport) -> Value {
    let error = report.error.map(|failure| json!({ "code": failure.code, "message": failure.message }));
    json!({
        "succeeded": report.succeeded, "error": error, "counts": report.counts, "records": report.records,
        "records_left_out": report.records_left_out, "problems": report.problems, "duration_ms": report.duration_ms,
    })
}

/// Changes what the customer may set: a merge patch (RFC 7396). `null` takes a value back, so that what is inherited counts.
#[utoipa::path(patch, path = "/configure/metadata", tag = "configure", security(("configure_session" = [])),
    request_body(content((Object = "application/merge-patch+json", example = json!({"fieldMapping": {"stage": "deal_stage__c"}})))),
    params(("If-Match" = Option<String>, Header, description = "Write only where this is the newest revision: its ETag")),
    responses((status = 200, body = ConfigureValues), (status = 400), (status = 401), (status = 403), (status = 412)))]
pub async fn patch_configure(
    State(app): State<AppState>,
    Session(session): Session,
    _: NoQuery,
    headers: HeaderMap,
    Json(patch): Json<Map<String, Value>>,
) -> Result<Response> {
    let expected = expected_revision(&headers)?;
    let request_id = Some(app.engine.new_id().to_string());
    match app.engine.configure(&session, patch, expected, request_id).await {
        Ok(values) => {
            let (values, _) = parted(values);
            Ok(([(header::ETAG, etag(values.revision))], axum::Json(values)).into_response())
        }
        // What has changed may be nothing that the customer sees.
        Err(Error::MetadataConflict) => {
            let now = app.engine.shown_configuration(&session).await?.values.revision;
            Err(ApiError::new(Code::MetadataConflict)
                .payload(json!({ "revision": now }))
                .header("etag", etag(now)))
        }
        Err(error) => Err(error.into()),
    }
}
