//! Dry runs: a function run for a real connection with nothing written anywhere.

use crate::{
    auth::{Caller, Key, scope},
    error::{ApiError, Code, Result},
    extract::{Json, NoQuery, rules},
    state::AppState,
};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use bespoke_core::function::{Deployment, FunctionKind};
use bespoke_engine::dry_runs::{
    Bounds, DryFunction, DryRun,
    report::Event,
    writes::{AllowedWrites, CallPattern},
};
use futures_util::stream::{self, Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::convert::Infallible;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// What to run, for whom, with what. Exactly one of `function` and `draft`.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDryRun {
    /// A deployed function.
    function: Option<FunctionName>,
    /// A function that is not deployed: the body of a deployment with exactly this one.
    #[schema(value_type = Option<serde_json::Value>)]
    draft: Option<Box<Deployment>>,
    /// The connection, at the function's integration.
    connection_id: String,
    /// An action's input; any JSON.
    #[schema(value_type = Option<serde_json::Value>)]
    input: Option<Box<RawValue>>,
    /// A webhook's payload: runs `onWebhook` of a sync instead of `exec`.
    #[schema(value_type = Option<serde_json::Value>)]
    payload: Option<Box<RawValue>>,
    /// The configuration to run with instead of the connection's metadata.
    #[schema(value_type = Option<serde_json::Value>)]
    metadata: Option<Box<RawValue>>,
    /// The checkpoint to begin with instead of the stored one.
    #[schema(value_type = Option<serde_json::Value>)]
    checkpoint: Option<Box<RawValue>>,
    /// The variant of a sync; `base` unless given.
    variant: Option<String>,
    /// Send every request, also those that can write.
    #[serde(default)]
    allow_writes: bool,
    /// Send the requests that fit one of these, e.g. `POST /crm/v3/objects/*/search`.
    #[serde(default)]
    allow: Vec<String>,
    /// Also answer `fixture`: the run as a `.test.json` file without secrets, if it succeeded.
    #[serde(default)]
    record: bool,
}

/// A deployed function.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionName {
    /// The integration's key.
    integration: String,
    /// `sync`, `action` or `on-event`.
    #[schema(value_type = String)]
    kind: FunctionKind,
    /// Its name.
    name: String,
}

/// Runs a function for a connection and writes nothing: no record, metadata, checkpoint, log or run.
///
/// Requests that read go to the provider; others are refused and listed unless they are allowed.
/// With `Accept: text/event-stream` the answer tells what happens while it happens (`log`, `call`, `blocked_call`,
/// `batch`), and ends with `report`, which is the whole answer otherwise.
#[utoipa::path(post, path = "/dry-runs", tag = "dry-runs", request_body = NewDryRun,
    responses((status = 200, body = serde_json::Value, description = "`function`, `connection_id`, `succeeded`, `output`, `error`, `duration_ms`, `counts` (as a real run would count), \
        `records` (per model: `counts` {added, changed, removed, unchanged}, `changes` with `before` and `after`), `metadata`, `checkpoint`, `warnings` (data that does not fit the declared schemas), `refused`, `calls`, `blocked_calls`, `logs`, `fixture`"),
        (status = 400, description = "`invalid_body`"), (status = 404, description = "`unknown_connection`, `not_found`")))]
pub async fn dry_run(
    State(app): State<AppState>,
    key: Key<scope::Deploy>,
    headers: HeaderMap,
    _: NoQuery,
    Json(body): Json<NewDryRun>,
) -> Result<Response> {
    let mut run = body.read(&key)?;
    if !wants_events(&headers) {
        return Ok(axum::Json(app.engine.dry_run(run).await?).into_response());
    }
    let (sender, events) = mpsc::unbounded_channel();
    run.events = Some(sender);
    told("report", events, async move { app.engine.dry_run(run).await }).await
}

/// The events of `work` as they come, and at the end its result, called `end`. One who goes away stops it.
pub(super) async fn told<T: Serialize + Send + 'static>(
    end: &'static str,
    mut events: mpsc::UnboundedReceiver<Event>,
    work: impl Future<Output = bespoke_engine::Result<T>> + Send + 'static,
) -> Result<Response> {
    let work = AbortOnDropHandle::new(tokio::spawn(work));
    match events.recv().await {
        // It ended without a word: what it could not even begin with is an error like any other.
        None => Ok(sse(stream::iter([data(end, &joined(work.await)?)])).into_response()),
        Some(first) => Ok(sse(stream::iter([event(&first)]).chain(rest(end, events, work))).into_response()),
    }
}

impl NewDryRun {
    fn read(self, caller: &Caller) -> Result<DryRun> {
        let function = match (self.function, self.draft) {
            (Some(FunctionName { integration, kind, name }), None) => {
                DryFunction::Deployed { integration, kind, name }
            }
            (None, Some(draft)) => DryFunction::Draft(draft),
            _ => {
                return Err(ApiError::body(
                    "custom",
                    &["function"],
                    "Either `function` or `draft` is needed",
                ));
            }
        };
        if let Some(variant) = &self.variant {
            rules::check(variant, &rules::FUNCTION, &["variant"])
                .map_err(|issue| ApiError::new(Code::InvalidBody).issue(issue))?;
        }
        let patterns = self.allow.iter().enumerate().map(|(index, text)| {
            let path = ["allow", &index.to_string()];
            CallPattern::parse(text).ok_or_else(|| {
                ApiError::body("custom", &path, "Must be a method and a path, as in `POST /search`")
            })
        });
        let metadata = self.metadata.filter(|json| json.get() != "null");
        let json = |json: Box<RawValue>| Bytes::from(String::from(Box::<str>::from(json)));
        Ok(DryRun {
            environment: caller.environment.clone(),
            function,
            connection_id: self.connection_id,
            input: self.input.map(json).unwrap_or_default(),
            payload: self.payload.map(json),
            metadata: metadata.map(|json| super::metadata::document(&json, &["metadata"])).transpose()?,
            checkpoint: self.checkpoint.map(|json| String::from(Box::<str>::from(json))),
            variant: self.variant,
            allowed: AllowedWrites { all: self.allow_writes, patterns: patterns.collect::<Result<_>>()? },
            afresh: false,
            bounds: Bounds::default(),
            record: self.record,
            events: None,
        })
    }
}

pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("text/event-stream")
}

type Work<T> = AbortOnDropHandle<bespoke_engine::Result<T>>;

fn joined<T>(work: Result<bespoke_engine::Result<T>, tokio::task::JoinError>) -> Result<T> {
    Ok(work.map_err(|error| ApiError::internal(&error))??)
}

/// The events until the end, then the report. Dropping it stops the run.
fn rest<T: Serialize + Send + 'static>(
    name: &'static str,
    events: mpsc::UnboundedReceiver<Event>,
    work: Work<T>,
) -> impl Stream<Item = sse::Event> + Send {
    stream::unfold(Some((events, work)), move |state| async move {
        let (mut events, work) = state?;
        if let Some(next) = events.recv().await {
            return Some((event(&next), Some((events, work))));
        }
        let end = joined(work.await);
        let end = end.map_or_else(|error| data("error", &error.to_json()), |end| data(name, &end));
        Some((end, None))
    })
}

fn sse(events: impl Stream<Item = sse::Event> + Send + 'static) -> impl IntoResponse {
    Sse::new(events.map(Ok::<_, Infallible>)).keep_alive(KeepAlive::default())
}

fn event(event: &Event) -> sse::Event {
    match event {
        Event::Log(line) => data("log", line),
        Event::Call(call) => data("call", call),
        Event::BlockedCall(call) => data("blocked_call", call),
        Event::Batch(batch) => data("batch", batch),
    }
}

fn data(name: &str, value: &impl Serialize) -> sse::Event {
    // What it is made of is JSON already.
    sse::Event::default().event(name).data(serde_json::to_string(value).unwrap_or_default())
}
