//! What the backend was told by webhook, and what became of it.

use crate::{
    api::integrations::Data,
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::{NoQuery, Path, Query},
    state::AppState,
};
use axum::{extract::State, http::StatusCode};
use bespoke_core::{time::Timestamp, webhook::DeliveryState};
use bespoke_engine::deliveries::{DeliveriesQuery, ListedDelivery, WholeDelivery};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Deliveries per page where no limit is given.
const DEFAULT_LIMIT: u32 = 50;
/// The most deliveries per page.
const MAX_LIMIT: u32 = 200;

/// Which deliveries to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDeliveries {
    /// Only in this state: `pending`, `delivered` or `failed`.
    state: Option<String>,
    /// How many, 1 to 200; 50 unless given.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
    /// Goes on behind the page that this cursor came with.
    cursor: Option<String>,
}

/// A page of deliveries.
#[derive(Serialize, utoipa::ToSchema)]
pub struct DeliveryPage {
    /// The deliveries, newest first.
    data: Vec<WebhookDelivery>,
    /// The cursor to go on with; null at the end.
    next_cursor: Option<String>,
}

/// Something that the backend was told.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WebhookDelivery {
    /// Its number: a later one is larger.
    id: i64,
    /// What it tells of: `auth`, `sync`, `async_action`, `metadata` or `forward`.
    kind: String,
    /// The integration's key.
    provider_config_key: Option<String>,
    /// The connection, where it is about one.
    connection_id: Option<String>,
    /// Where to.
    url: String,
    /// `pending`, `delivered` or `failed`.
    state: &'static str,
    /// How often it was tried.
    attempts: u32,
    /// The last status, where there was an answer.
    response_status: Option<u16>,
    /// Why the last attempt failed.
    error: Option<String>,
    /// When it came about; ISO 8601.
    created_at: String,
    /// When it was delivered or given up.
    finished_at: Option<String>,
    /// When it is tried next, while it is pending.
    next_attempt_at: Option<String>,
}

/// A delivery with what was sent.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WebhookDeliveryDetail {
    #[serde(flatten)]
    delivery: WebhookDelivery,
    /// What is sent.
    #[schema(value_type = Object)]
    body: Box<RawValue>,
    /// The start of the last answer that was a failure, 4 KiB at most.
    response_body: Option<String>,
}

impl From<ListedDelivery> for WebhookDelivery {
    fn from(listed: ListedDelivery) -> Self {
        Self {
            id: listed.id,
            kind: listed.kind,
            provider_config_key: listed.provider_config_key,
            connection_id: listed.connection_id,
            url: listed.url,
            state: listed.state.as_str(),
            attempts: listed.attempts,
            response_status: listed.response_status,
            error: listed.error,
            created_at: listed.created_at.millis_zulu(),
            finished_at: listed.finished_at.map(Timestamp::millis_zulu),
            next_attempt_at: listed.next_attempt_at.map(Timestamp::millis_zulu),
        }
    }
}

fn shown(whole: WholeDelivery) -> axum::Json<Data<WebhookDeliveryDetail>> {
    let body = RawValue::from_string(whole.body).unwrap_or_else(|_| RawValue::NULL.to_owned());
    let delivery = whole.listed.into();
    axum::Json(Data { data: WebhookDeliveryDetail { delivery, body, response_body: whole.response_body } })
}

impl ListDeliveries {
    fn read(&self) -> Result<DeliveriesQuery, Issue> {
        let state = match self.state.as_deref() {
            None => None,
            Some(word) => Some(DeliveryState::parse(word).ok_or_else(|| {
                Issue::new("invalid_value", ["state"], "Must be pending, delivered or failed")
            })?),
        };
        let limit = match self.limit.as_deref() {
            None => DEFAULT_LIMIT,
            Some(text) => {
                text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or_else(|| {
                    Issue::new("invalid_value", ["limit"], format!("Must be a number from 1 to {MAX_LIMIT}"))
                })?
            }
        };
        let before =
            self.cursor.as_deref().map(str::parse).transpose().map_err(|_| {
                Issue::new("invalid_format", ["cursor"], "Must be a cursor that this API gave")
            })?;
        Ok(DeliveriesQuery { state, before, limit })
    }
}

/// What the backend was told by webhook, newest first.
#[utoipa::path(get, path = "/environment/webhooks/deliveries", tag = "environment", params(ListDeliveries),
    responses((status = 200, body = DeliveryPage), (status = 400)))]
pub async fn list_webhook_deliveries(
    State(app): State<AppState>,
    key: Key<scope::WebhooksRead>,
    Query(query): Query<ListDeliveries>,
) -> Result<axum::Json<DeliveryPage>> {
    let query = query.read().map_err(|issue| ApiError::new(Code::InvalidQueryParams).issue(issue))?;
    let listed = app.engine.deliveries(key.environment.id, query).await?;
    let is_full = listed.len() == query.limit as usize;
    let next_cursor = listed.last().filter(|_| is_full).map(|last| last.id.to_string());
    Ok(axum::Json(DeliveryPage {
        data: listed.into_iter().map(WebhookDelivery::from).collect(),
        next_cursor,
    }))
}

/// Something that the backend was told, with what was sent.
#[utoipa::path(get, path = "/environment/webhooks/deliveries/{id}", tag = "environment",
    params(("id" = i64, Path)), responses((status = 200, body = Data<WebhookDeliveryDetail>), (status = 404)))]
pub async fn read_webhook_delivery(
    State(app): State<AppState>,
    key: Key<scope::WebhooksRead>,
    Path(id): Path<i64>,
    _: NoQuery,
) -> Result<axum::Json<Data<WebhookDeliveryDetail>>> {
    Ok(shown(app.engine.delivery(key.environment.id, id).await?))
}

/// Sends something again that the backend was told, or at once where it waits: to where it went, or to where such go now if
/// nothing goes there any more.
#[utoipa::path(post, path = "/environment/webhooks/deliveries/{id}/replay", tag = "environment",
    params(("id" = i64, Path)),
    responses((status = 202, body = Data<WebhookDeliveryDetail>), (status = 400), (status = 404)))]
pub async fn replay_webhook_delivery(
    State(app): State<AppState>,
    key: Key<scope::WebhooksWrite>,
    Path(id): Path<i64>,
    _: NoQuery,
) -> Result<(StatusCode, axum::Json<Data<WebhookDeliveryDetail>>)> {
    Ok((StatusCode::ACCEPTED, shown(app.engine.replay_delivery(key.environment.id, id).await?)))
}
