//! Answers the calls of a dry run. Reading is done by the host of real runs; everything that writes is done here, in
//! memory, or refused.

use super::{
    records::{BatchKind, DryRecords, raw},
    report::{
        Batch, BlockedCall, DryRunReport, Event, Exchange, HttpCall, LogLine, RanFunction, Recording,
        RefusedTrigger, Written, millis,
    },
    writes::{self, AllowedWrites},
};
use crate::{
    Engine, Failure,
    http::redact,
    run::{Execution, RunHost},
};
use bespoke_core::{
    connection::Connection,
    document::{Document, Write},
    function::Definition,
    record,
    sync::BASE_VARIANT,
};
use bespoke_runtime::host::{Call, Host, Http, Log, Refusal, Reply, Request, TriggerAction};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// Log lines, and requests, that are kept for the report; more are counted.
const MAX_KEPT: usize = 10_000;

/// How a dry run is done.
pub(super) struct Options {
    pub(super) allowed: AllowedWrites,
    pub(super) record: bool,
    pub(super) events: Option<mpsc::UnboundedSender<Event>>,
    /// What the connection has, where the run began with another configuration.
    pub(super) stored_metadata: Option<Document>,
}

/// Answers the calls of one dry run.
#[derive(Clone)]
pub(super) struct DryHost(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    /// Does what only reads.
    real: RunHost,
    connection: Connection,
    definition: Definition,
    variant: Option<String>,
    records: DryRecords,
    options: Options,
    begin: Instant,
    seen: Mutex<Seen>,
}

/// What happened so far.
#[derive(Default)]
struct Seen {
    /// What the function wrote as metadata last.
    metadata: Option<Document>,
    calls: Vec<HttpCall>,
    blocked: Vec<BlockedCall>,
    refused: Vec<RefusedTrigger>,
    logs: Vec<LogLine>,
    left_out: u64,
    recording: Recording,
}

type Answer = Result<Reply, Refusal>;

impl Host for DryHost {
    fn call(&self, call: Call) -> BoxFuture<'static, Answer> {
        let run = self.clone();
        Box::pin(async move {
            let Call { request, body } = call;
            // Every call is named: a new one does not compile until it is decided what a dry run makes of it.
            match request {
                Request::Http(request) => run.http(*request, body).await,
                Request::GetConnection(_) => run.get_connection(Call { request, body }).await,
                Request::EnvironmentVariables {} => run.0.real.call(Call { request, body }).await,
                Request::SetMetadata {} => run.write_metadata(&body, Write::Replace),
                Request::UpdateMetadata {} => run.write_metadata(&body, Write::Merge),
                Request::SaveRecords(records) => run.batch(BatchKind::Save, &records.model, &body).await,
                Request::UpdateRecords(records) => run.batch(BatchKind::Update, &records.model, &body).await,
                Request::DeleteRecords(records) => run.batch(BatchKind::Delete, &records.model, &body).await,
                Request::TriggerAction(action) => Err(run.refuse_action(action)),
                Request::Log(line) => Ok(run.log(line)),
            }
        })
    }
}

impl DryHost {
    pub(super) fn new(engine: Arc<Engine>, execution: Execution, options: Options) -> Self {
        let connection = execution.connection.clone();
        let definition = execution.function.function.definition.clone();
        let variant = execution.sync.as_ref().map(|sync| sync.variant.clone());
        let of_variant = variant.clone().unwrap_or_else(|| BASE_VARIANT.to_owned());
        let records = DryRecords::new(Arc::clone(&engine), connection.clone(), of_variant);
        let seen = Seen {
            recording: Recording {
                metadata: connection.metadata.as_ref().and_then(|document| raw(document.as_str())),
                ..Recording::default()
            },
            ..Seen::default()
        };
        Self(Arc::new(Inner {
            real: RunHost::new(Arc::clone(&engine), execution),
            engine,
            connection,
            definition,
            variant,
            records,
            options,
            begin: Instant::now(),
            seen: Mutex::new(seen),
        }))
    }

    /// What came of it all.
    pub(super) fn report(&self, result: Result<Bytes, Failure>, took: Duration) -> DryRunReport {
        let Inner { connection, definition, variant, options, records, .. } = &*self.0;
        let Seen { metadata, calls, blocked, refused, logs, left_out, recording } =
            std::mem::take(&mut *self.seen());
        let (counts, records) = records.take();
        let text = |document: &Document| raw(document.as_str());
        let metadata = metadata.filter(|after| options.stored_metadata.as_ref() != Some(after));
        let (output, error) = match result {
            Ok(output) => (raw(&String::from_utf8_lossy(&output)), None),
            Err(failure) => (None, Some(crate::actions::final_failure(failure))),
        };
        DryRunReport {
            function: RanFunction::new(definition, variant.as_deref()),
            connection_id: connection.connection_id.clone(),
            succeeded: error.is_none(),
            output,
            error,
            duration_ms: millis(took),
            counts,
            records,
            metadata: metadata.map(|after| Written {
                before: options.stored_metadata.as_ref().and_then(text),
                after: text(&after),
            }),
            refused,
            calls,
            blocked_calls: blocked,
            logs,
            left_out,
            recording: options.record.then_some(recording),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever listens; one who has gone away is no matter.
    fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(events) = &self.0.options.events {
            let _ = events.send(event());
        }
    }

    fn elapsed(&self) -> u64 {
        millis(self.0.begin.elapsed())
    }

    async fn http(&self, request: Http, body: Bytes) -> Answer {
        if !self.0.options.allowed.allows(&request) {
            return Err(self.block(writes::method(&request), writes::place(&request), body.len()));
        }
        let connection = self.connection_of(&request).await?;
        let (at_ms, begin, sent) = (self.elapsed(), Instant::now(), body.len());
        let asked = self.0.options.record.then(|| (request.clone(), body.clone()));
        let (method, place) = (request.method.to_ascii_uppercase(), writes::place(&request));
        let provider = &self.0.connection.provider;
        let answer = self.0.engine.request_for_run(&connection, provider, request, body).await;
        let mut call = HttpCall {
            at_ms,
            method,
            url: place,
            status: None,
            error: None,
            duration_ms: millis(begin.elapsed()),
            sent_bytes: sent,
            received_bytes: 0,
        };
        match &answer {
            Ok(reply) => {
                let head = AnswerHead::read(reply);
                call.status = Some(head.status);
                call.url = head.url.parse().map_or(head.url.clone(), |url| redact::url(&url));
                call.received_bytes = reply.body.len();
                if let Some((request, body)) = asked {
                    self.seen().recording.exchanges.push(exchange(request, &body, head, &reply.body));
                }
            }
            Err(refusal) => call.error = Some(refusal.message.clone()),
        }
        self.tell(|| Event::Call(call.clone()));
        let mut seen = self.seen();
        if seen.calls.len() < MAX_KEPT { seen.calls.push(call) } else { seen.left_out += 1 }
        drop(seen);
        answer
    }

    /// The connection whose credentials a request gets.
    async fn connection_of(&self, request: &Http) -> Result<Connection, Refusal> {
        let own = &self.0.connection;
        let key = request.provider_config_key.as_ref().unwrap_or(&own.provider_config_key);
        let id = request.connection_id.as_ref().unwrap_or(&own.connection_id);
        if (key, id) == (&own.provider_config_key, &own.connection_id) {
            return Ok(own.clone());
        }
        self.0.engine.connection(own.environment, key, id).await.map_err(crate::run::refusal)
    }

    fn block(&self, method: String, url: String, body_bytes: usize) -> Refusal {
        let message = format!(
            "A dry run writes nothing, so {method} {url} was not sent. Where it only reads, allow it: `--allow '{method} {url}'`."
        );
        let blocked = BlockedCall { method, url, body_bytes };
        self.tell(|| Event::BlockedCall(blocked.clone()));
        let mut seen = self.seen();
        if seen.blocked.len() < MAX_KEPT { seen.blocked.push(blocked) } else { seen.left_out += 1 }
        Refusal::new("dry_run_write_refused", message)
    }

    /// The connection as it is stored, with the metadata that the run has.
    async fn get_connection(&self, call: Call) -> Answer {
        let own = &self.0.connection;
        let Request::GetConnection(which) = &call.request else {
            return Err(Refusal::new("server_error", "Not a question for a connection."));
        };
        let is_own = which.provider_config_key.as_ref().is_none_or(|key| *key == own.provider_config_key)
            && which.connection_id.as_ref().is_none_or(|id| *id == own.connection_id);
        let reply = self.0.real.call(call).await?;
        if !is_own {
            return Ok(reply);
        }
        let shown = reply.head.as_ref().and_then(|head| serde_json::from_str::<Value>(head.get()).ok());
        let Some(mut shown) = shown else { return Ok(reply) };
        let metadata = self.seen().metadata.clone().or_else(|| own.metadata.clone());
        shown["metadata"] = metadata.map_or(Value::Null, |document| document.to_object().into());
        head(&shown)
    }

    fn write_metadata(&self, body: &[u8], write: fn(Document) -> Write) -> Answer {
        let invalid =
            |error: bespoke_core::document::Error| Refusal::new("invalid_body", format!("metadata {error}"));
        let text = std::str::from_utf8(body).unwrap_or_default();
        let write = write(Document::parse(text).map_err(invalid)?);
        let mut seen = self.seen();
        let current = seen.metadata.as_ref().or(self.0.connection.metadata.as_ref());
        let written = write.apply(current).map_err(invalid)?;
        seen.metadata = Some(written.clone());
        drop(seen);
        head(&written)
    }

    async fn batch(&self, kind: BatchKind, model: &str, body: &[u8]) -> Answer {
        crate::run::check_model(&self.0.definition.models, model)?;
        let records =
            record::read_batch(body).map_err(|error| Refusal::new("invalid_records", error.to_string()))?;
        self.record_batch(kind, model, body);
        let counts = self.0.records.apply(kind, model, records).await?.into();
        self.tell(|| Event::Batch(Batch { model: model.to_owned(), counts }));
        head(&counts)
    }

    /// A fixture has what the function gave, repeated ids too.
    fn record_batch(&self, kind: BatchKind, model: &str, body: &[u8]) {
        if !self.0.options.record {
            return;
        }
        let given: Vec<Box<RawValue>> = serde_json::from_slice(body).unwrap_or_default();
        let recording = &mut self.seen().recording;
        let batches = match kind {
            BatchKind::Save => &mut recording.batch_save,
            BatchKind::Delete => &mut recording.batch_delete,
            BatchKind::Update => return,
        };
        batches.entry(model.to_owned()).or_default().extend(given);
    }

    fn refuse_action(&self, action: TriggerAction) -> Refusal {
        let TriggerAction { provider_config_key, connection_id, action_name } = action;
        let message = format!("A dry run starts nothing else, so the action `{action_name}` did not run.");
        self.seen().refused.push(RefusedTrigger {
            what: "trigger_action".to_owned(),
            integration: provider_config_key,
            connection_id: Some(connection_id),
            names: vec![action_name],
        });
        Refusal::new("dry_run_trigger_refused", message)
    }

    fn log(&self, line: Log) -> Reply {
        let Log { level, message, meta } = line;
        let line = LogLine { at_ms: self.elapsed(), level, message, meta: meta.map(Arc::from) };
        self.tell(|| Event::Log(line.clone()));
        let mut seen = self.seen();
        if seen.logs.len() < MAX_KEPT { seen.logs.push(line) } else { seen.left_out += 1 }
        Reply::default()
    }
}

/// The structured part of an answer to a request.
#[derive(Deserialize)]
struct AnswerHead {
    status: u16,
    url: String,
    headers: Vec<(String, String)>,
}

impl AnswerHead {
    fn read(reply: &Reply) -> Self {
        let head = reply.head.as_ref().and_then(|head| serde_json::from_str(head.get()).ok());
        head.unwrap_or(Self { status: 0, url: String::new(), headers: Vec::new() })
    }
}

fn exchange(request: Http, body: &[u8], head: AnswerHead, answer: &[u8]) -> Exchange {
    Exchange {
        method: request.method.to_ascii_uppercase(),
        endpoint: request.endpoint,
        params: request.params,
        headers: request.headers,
        data: content(body),
        status: head.status,
        response_headers: head.headers,
        response: content(answer),
    }
}

/// A body as JSON, or its text as a JSON string; `None` where it is empty.
fn content(body: &[u8]) -> Option<Box<RawValue>> {
    if body.is_empty() {
        return None;
    }
    serde_json::from_slice::<&RawValue>(body)
        .map(ToOwned::to_owned)
        .or_else(|_| to_raw_value(&String::from_utf8_lossy(body)))
        .ok()
}

fn head(value: &impl serde::Serialize) -> Answer {
    let head = to_raw_value(value)
        .map_err(|_| Refusal::new("server_error", "The answer cannot be written as JSON."))?;
    Ok(Reply { head: Some(head), body: Bytes::new() })
}
