//! Actions: triggered and waited for, or queued and asked for later.

use crate::{
    auth::{Caller, Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::{self, ConnectionHeaders, Json, NoQuery, Path, rules},
    state::AppState,
};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bespoke_engine::{
    Error, Resource,
    actions::{ActionCall, ActionResult, Triggered},
};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};
use uuid::Uuid;

/// Which action to run, with what.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct TriggerAction {
    /// The action's name.
    action_name: String,
    /// Its input; any JSON.
    #[schema(value_type = Option<serde_json::Value>)]
    input: Option<Box<RawValue>>,
}

/// An action that was queued.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueuedAction {
    /// The id to ask for its result with.
    id: Uuid,
    /// The path that answers with its result.
    status_url: String,
}

/// Runs an action for a connection. Answers its output as it is, or with `X-Async: true` at once the id of a queued run.
#[utoipa::path(post, path = "/action/trigger", tag = "actions", request_body = TriggerAction,
    params(("Provider-Config-Key" = String, Header), ("Connection-Id" = String, Header),
           ("X-Async" = Option<bool>, Header, description = "Queue it."),
           ("X-Max-Retries" = Option<u32>, Header,
            description = "How often a queued action is tried again, 0 to 5; the function's own number unless given."),
           ("Idempotency-Key" = Option<String>, Header,
            description = "The same request with the same key within 24 hours is made once and answered alike.")),
    responses((status = 200, description = "The action's output"), (status = 202, body = QueuedAction)))]
pub async fn trigger_action(
    State(app): State<AppState>,
    key: Key<scope::ActionsExecute>,
    connection: ConnectionHeaders,
    headers: HeaderMap,
    _: NoQuery,
    Json(body): Json<TriggerAction>,
) -> Result<Response> {
    let wish = queue_wish(&headers)?;
    let call = action_call(&key, connection, body, extract::idempotency_key(&headers)?)?;
    if !wish.queue {
        let Triggered { value, replayed } = app.engine.trigger_action(call).await.map_err(not_started)?;
        return Ok(replay(raw_json(value), replayed));
    }
    let queued = app.engine.enqueue_action(call, wish.retries).await.map_err(not_started)?;
    let Triggered { value: id, replayed } = queued;
    let status_url = format!("/action/{id}");
    let location = [(header::LOCATION, status_url.clone())];
    Ok(replay((StatusCode::ACCEPTED, location, axum::Json(QueuedAction { id, status_url })), replayed))
}

/// The output of a queued action. 404 `not_found` for ids that are not known and while it has none; then the header
/// `X-Action-State` and `payload.state` say `queued` or `running`.
#[utoipa::path(get, path = "/action/{id}", tag = "actions", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The action's output"), (status = 404)))]
pub async fn read_action_result(
    State(app): State<AppState>,
    key: Key<scope::ActionsExecute>,
    Path(id): Path<String>,
) -> Result<Response> {
    let id = Uuid::try_parse(&id).map_err(|_| {
        ApiError::new(Code::InvalidUriParams).issue(Issue::new(
            "invalid_format",
            ["actionId"],
            "Must be a UUID",
        ))
    })?;
    match app.engine.action_result(key.environment.id, id).await? {
        ActionResult::Pending(state) => Err(ApiError::new(Code::NotFound)
            .message("The action has not ended yet.")
            .payload(json!({ "id": id, "state": state }))
            .header(STATE, state.as_str())
            .header("retry-after", "1")),
        ActionResult::Done(output) => Ok(raw_json(output.into())),
        ActionResult::Failed(failure) => Err(ApiError::failure(*failure)),
    }
}

/// Says of a 404 that the action has not ended yet, and where it is.
const STATE: &str = "x-action-state";

/// What the headers say of queueing.
struct QueueWish {
    queue: bool,
    /// How often to retry, if that is said.
    retries: Option<u32>,
}

fn queue_wish(headers: &HeaderMap) -> Result<QueueWish> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let invalid = |name: &'static str, message: &str| {
        ApiError::new(Code::InvalidHeaders).issue(Issue::new("invalid_type", [name], message))
    };
    let queue = match text("x-async") {
        None | Some("") => false,
        Some(value) => extract::boolean(value).ok_or_else(|| invalid("x-async", "Must be a boolean"))?,
    };
    let retries = match text("x-max-retries") {
        None | Some("") => None,
        Some(value) => Some(
            value
                .parse()
                .ok()
                .filter(|retries| (0..=5).contains(retries))
                .ok_or_else(|| invalid("x-max-retries", "Must be a whole number from 0 to 5"))?,
        ),
    };
    Ok(QueueWish { queue, retries })
}

fn action_call(
    caller: &Caller,
    connection: ConnectionHeaders,
    body: TriggerAction,
    idempotency_key: Option<String>,
) -> Result<ActionCall> {
    rules::check(&body.action_name, &rules::FUNCTION, &["action_name"])
        .map_err(|issue| ApiError::new(Code::InvalidBody).issue(issue))?;
    let input =
        body.input.map(|input| Bytes::from(String::from(Box::<str>::from(input)))).unwrap_or_default();
    Ok(ActionCall {
        environment: caller.environment.clone(),
        provider_config_key: connection.provider_config_key,
        connection_id: connection.connection_id,
        name: body.action_name,
        input,
        idempotency_key,
    })
}

fn not_started(error: Error) -> ApiError {
    match error {
        Error::NotFound(Resource::Connection) => ApiError::new(Code::UnknownConnection).status(400),
        Error::NotFound(Resource::Integration) => ApiError::new(Code::UnknownProvider),
        Error::NotFound(Resource::Function) => {
            ApiError::new(Code::NotFound).message("No action of this name is deployed.")
        }
        other => other.into(),
    }
}

/// The answer, marked where it is that of an earlier request.
pub(super) fn replay(answer: impl IntoResponse, replayed: bool) -> Response {
    if replayed {
        ([("idempotent-replayed", "true")], answer).into_response()
    } else {
        answer.into_response()
    }
}

fn raw_json(json: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], json).into_response()
}
