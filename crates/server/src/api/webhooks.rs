//! What providers send (http-api.md §14): anybody may call this; what is not signed as the provider signs is refused.

use crate::{
    error::{ApiError, Code, Issue, Result},
    extract::{Path, read_body, rules},
    state::AppState,
};
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use bespoke_engine::{
    Error, Resource,
    webhooks::{InboundWebhook, WebhookAnswer},
};
use serde_json::json;
use uuid::Uuid;

/// Takes what a provider sends to an integration: stores it, answers, and then runs the functions that subscribed to it.
#[utoipa::path(post, path = "/webhook/{environment}/{unique_key}", tag = "webhooks", security(()),
    params(("environment" = String, Path, description = "The environment's UUID"), ("unique_key" = String, Path)),
    request_body(content = String, content_type = "*/*"),
    responses((status = 200), (status = 204), (status = 401), (status = 404)))]
pub async fn receive_webhook(
    State(app): State<AppState>,
    Path((environment, unique_key)): Path<(String, String)>,
    request: Request,
) -> Result<Response> {
    let inbound = read(&app, &environment, unique_key, request).await?;
    app.engine.receive_webhook(inbound).await.map(shown).map_err(|error| match error {
        Error::NotFound(Resource::Environment) => ApiError::new(Code::UnknownEnvironment),
        Error::NotFound(Resource::Integration) => ApiError::new(Code::UnknownProviderConfig).status(404),
        error => error.into(),
    })
}

async fn read(
    app: &AppState,
    environment: &str,
    unique_key: String,
    request: Request,
) -> Result<InboundWebhook> {
    let wrong = |issue| ApiError::new(Code::InvalidUriParams).issue(issue);
    let environment = Uuid::try_parse(environment)
        .map_err(|_| wrong(Issue::new("invalid_format", ["environment"], "Must be a UUID")))?;
    rules::check(&unique_key, &rules::PROVIDER_CONFIG_KEY, &["unique_key"]).map_err(wrong)?;
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let headers = headers.collect();
    let path = request.uri().path_and_query().map_or("", axum::http::uri::PathAndQuery::as_str);
    let url = format!("{}{path}", app.engine.public_url());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = read_body(request, app).await?;
    Ok(InboundWebhook { environment, provider_config_key: unique_key, url, headers, query, body })
}

fn shown(answer: WebhookAnswer) -> Response {
    match answer {
        WebhookAnswer::Stored => axum::Json(json!({ "status": "success" })).into_response(),
        WebhookAnswer::Nothing => StatusCode::NO_CONTENT.into_response(),
        WebhookAnswer::Text(text) => text.into_response(),
        WebhookAnswer::Json(value) => axum::Json(value).into_response(),
        WebhookAnswer::Header(name, value) => {
            let mut response = StatusCode::OK.into_response();
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
                response.headers_mut().insert(name, value);
            }
            response
        }
    }
}
