//! Answers the calls of a dry run. Reading is done by the host of real runs; everything that writes is done here, in
//! memory, or refused.

use super::{
    bounds::{Bounds, Used},
    progress::Progress,
    records::{BatchKind, DryRecords, raw},
    report::{
        Batch, BlockedCall, DryRunReport, Event, HttpCall, LogLine, RanFunction, RefusedTrigger, Written,
        millis,
    },
    writes::AllowedWrites,
};
use crate::{
    Engine, Failure,
    logs::{LogScope, secrets::Secrets},
    run::{Answer, Execution, RunHost, check_model, head},
};
use bespoke_core::{
    checkpoint,
    connection::Connection,
    document::{Document, Write},
    function::Definition,
    record,
    run::RunKind,
    sync::BASE_VARIANT,
};
use bespoke_runtime::host::{Call, Host, Log, Refusal, Reply, Request, SetMergingStrategy};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Value, value::RawValue};
use std::{
    borrow::Cow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// Log lines, and requests, that are kept for the report; more are counted.
pub(super) const MAX_KEPT: usize = 10_000;

/// How a dry run is done.
pub(super) struct Options {
    pub(super) allowed: AllowedWrites,
    /// Without the stored checkpoint.
    pub(super) afresh: bool,
    pub(super) bounds: Bounds,
    pub(super) events: Option<mpsc::UnboundedSender<Event>>,
    /// What the connection has, where the run began with another configuration.
    pub(super) stored_metadata: Option<Document>,
    /// The checkpoint to begin with instead of the stored one, JSON.
    pub(super) checkpoint: Option<String>,
}

/// Answers the calls of one dry run.
#[derive(Clone)]
pub(super) struct DryHost(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) engine: Arc<Engine>,
    /// Does what only reads.
    real: RunHost,
    /// Keeps nothing.
    pub(super) log: Arc<LogScope>,
    pub(super) execution: Execution,
    pub(super) connection: Connection,
    definition: Definition,
    variant: Option<String>,
    records: DryRecords,
    pub(super) progress: Progress,
    pub(super) checkpoint_key: String,
    /// Whether records that it does not save are gone, if it comes to its end.
    saves_all: bool,
    /// The secrets of the configuration, which nobody is told.
    secrets: Secrets,
    pub(super) options: Options,
    begin: Instant,
    seen: Mutex<Seen>,
}

/// What happened so far.
#[derive(Default)]
pub(super) struct Seen {
    /// What the function wrote as metadata last.
    metadata: Option<Document>,
    pub(super) calls: Vec<HttpCall>,
    pub(super) blocked: Vec<BlockedCall>,
    pub(super) refused: Vec<RefusedTrigger>,
    pub(super) warnings: Vec<String>,
    logs: Vec<LogLine>,
    pub(super) left_out: u64,
    pub(super) used: Used,
}

impl Host for DryHost {
    fn call(&self, call: Call) -> BoxFuture<'static, Answer> {
        let run = self.clone();
        Box::pin(async move {
            run.within_bounds()?;
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
                Request::RecordsByIds(records) => run.records_by_ids(&records.model, &body).await,
                Request::ListRecords(asked) => {
                    check_model(&run.0.definition.models, &asked.model)?;
                    run.0.records.list(&asked).await
                }
                Request::TrackDeletesStart(records) => {
                    check_model(&run.0.definition.models, &records.model)?;
                    run.0.records.track_deletes_start(&records.model).await
                }
                Request::TrackDeletesEnd(records) => {
                    check_model(&run.0.definition.models, &records.model)?;
                    run.0.records.track_deletes_end(&records.model).await
                }
                Request::DeleteUnsaved(records) => {
                    check_model(&run.0.definition.models, &records.model)?;
                    run.0.records.delete_unsaved(&records.model).await
                }
                Request::SetMergingStrategy(asked) => run.set_merging_strategy(&asked).await,
                Request::GetCheckpoint {} => run.get_checkpoint().await,
                Request::SaveCheckpoint {} => run.save_checkpoint(&body).await,
                Request::ClearCheckpoint {} => run.clear_checkpoint().await,
                Request::AcquireLock(lock) => run.acquire_lock(&lock.key),
                Request::ReleaseLock(lock) => run.release_lock(&lock.key),
                Request::ReleaseLocks {} => Ok(run.release_locks()),
                Request::GetIntegration(_) => run.0.real.call(Call { request, body }).await,
                Request::TriggerAction(action) => Err(run.trigger_action(action)),
                Request::TriggerSync(sync) => Ok(run.trigger_sync(sync)),
                Request::StartSync(syncs) => Ok(run.start_sync(syncs)),
                Request::UncontrolledFetch(request) => run.fetch(*request, body).await,
                Request::Log(line) => Ok(run.log(line)),
            }
        })
    }
}

impl DryHost {
    pub(super) fn new(engine: Arc<Engine>, execution: Execution, mut options: Options) -> Self {
        let progress = Progress::beginning_with(options.checkpoint.take(), options.afresh);
        let kind = execution.kind;
        let connection = execution.connection.clone();
        let log = Arc::new(LogScope::silent(connection.environment));
        let secrets = Secrets::default();
        let effective = execution.configuration.effective(connection.metadata.as_ref());
        secrets.add_values(&engine.secret_values(&connection, effective.as_ref()));
        let definition = execution.function.function.definition.clone();
        let variant = execution.sync.as_ref().map(|sync| sync.variant.clone());
        let of_variant = variant.clone().unwrap_or_else(|| BASE_VARIANT.to_owned());
        let checkpoint_key = checkpoint::key(kind, &definition.name, &of_variant);
        // A sync that begins anew sees everything, as in a re-sync.
        let saves_all = kind == RunKind::Sync && (definition.track_deletes || options.afresh);
        let records = DryRecords::new(Arc::clone(&engine), connection.clone(), of_variant);
        Self(Arc::new(Inner {
            real: RunHost::new(Arc::clone(&engine), execution.clone(), Arc::clone(&log)),
            log,
            execution,
            engine,
            connection,
            definition,
            variant,
            records,
            progress,
            checkpoint_key,
            saves_all,
            secrets,
            options,
            begin: Instant::now(),
            seen: Mutex::default(),
        }))
    }

    /// What came of it all.
    pub(super) fn report(&self, result: Result<Bytes, Failure>, took: Duration) -> DryRunReport {
        let Inner { connection, definition, variant, options, records, .. } = &*self.0;
        let Seen { metadata, calls, blocked, refused, warnings, logs, left_out, used: _ } =
            std::mem::take(&mut *self.seen());
        let (counts, records) = records.take();
        let checkpoint = self.0.progress.take_checkpoint();
        let text = |document: &Document| serde_json::value::to_raw_value(document).ok();
        let metadata = metadata.filter(|after| options.stored_metadata.as_ref() != Some(after));
        let (output, error) = match result {
            Ok(output) => (raw(&String::from_utf8_lossy(&output)), None),
            Err(failure) => (None, Some(crate::failures::told(failure))),
        };
        self.without_secrets(DryRunReport {
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
            checkpoint: checkpoint.filter(|range| range.from != range.to).map(|range| Written {
                before: range.from.as_deref().and_then(raw),
                after: range.to.as_deref().and_then(raw),
            }),
            warnings,
            problems: Vec::new(),
            refused,
            calls,
            blocked_calls: blocked,
            logs,
            left_out,
            fixture: None,
        })
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever listens; one who has gone away is no matter.
    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(events) = &self.0.options.events {
            let _ = events.send(event());
        }
    }

    pub(super) fn elapsed(&self) -> u64 {
        millis(self.0.begin.elapsed())
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
        let open = |document| self.0.engine.open_metadata(own, &document).to_object().into();
        shown["metadata"] = metadata.map_or(Value::Null, open);
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
        let Inner { engine, connection, execution, .. } = &*self.0;
        let secrets = execution.configuration.secrets();
        let written = engine.store.unmask_metadata(connection.id, secrets, current, written);
        let written = written.map_err(|error| Refusal::new("invalid_body", error.to_string()))?;
        let written = engine.store.hide_metadata(secrets, written);
        seen.metadata = Some(written.clone());
        drop(seen);
        let effective = execution.configuration.effective(Some(&written));
        head(&effective.map(|document| engine.open_metadata(connection, &document)))
    }

    async fn batch(&self, kind: BatchKind, model: &str, body: &[u8]) -> Answer {
        check_model(&self.0.definition.models, model)?;
        let records =
            record::read_batch(body).map_err(|error| Refusal::new("invalid_records", error.to_string()))?;
        if matches!(kind, BatchKind::Save) {
            self.check_records(model, &records)?;
        }
        self.use_records(records.len() as u64)?;
        let counts = self.0.records.apply(kind, model, records).await?.into();
        self.tell(|| Event::Batch(Batch { model: model.to_owned(), counts }));
        head(&counts)
    }

    async fn records_by_ids(&self, model: &str, body: &[u8]) -> Answer {
        check_model(&self.0.definition.models, model)?;
        let ids: Vec<String> = serde_json::from_slice(body)
            .map_err(|_| Refusal::new("invalid_ids", "The ids must be a list of texts."))?;
        self.0.records.by_ids(model, ids).await
    }

    async fn set_merging_strategy(&self, asked: &SetMergingStrategy) -> Answer {
        check_model(&self.0.definition.models, &asked.model)?;
        if !["override", "ignore_if_modified_after"].contains(&asked.strategy.as_str()) {
            let message = format!("There is no merging strategy `{}`.", asked.strategy);
            return Err(Refusal::new("invalid_merging_strategy", message));
        }
        head(&self.0.records.set_merging(&asked.model).await?)
    }

    /// The end of a successful run of a sync that saves all there is: it was declared with `trackDeletes: true`, or begins anew.
    pub(super) async fn delete_what_is_gone(&self) -> Result<(), Refusal> {
        for model in self.0.definition.models.iter().filter(|_| self.0.saves_all) {
            self.0.records.delete_unsaved(model).await?;
        }
        Ok(())
    }

    /// The text without the secrets of the configuration.
    pub(super) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.0.secrets.without_known(Cow::Borrowed(text))
    }

    /// JSON without the secrets of the configuration.
    fn hide_json(&self, json: &mut Box<RawValue>) {
        let Ok(mut value) = serde_json::from_str::<Value>(json.get()) else { return };
        if self.0.secrets.hide_known_in(&mut value)
            && let Ok(hidden) = serde_json::value::to_raw_value(&value)
        {
            *json = hidden;
        }
    }

    /// The report without the secrets of the configuration, wherever the function has put them.
    fn without_secrets(&self, mut report: DryRunReport) -> DryRunReport {
        if self.0.secrets.is_empty() {
            return report;
        }
        report.output.iter_mut().for_each(|json| self.hide_json(json));
        let records = report.records.iter_mut().flat_map(|model| &mut model.changes);
        let records = records.flat_map(|change| change.before.iter_mut().chain(&mut change.after));
        records.for_each(|json| self.hide_json(json));
        if let Some(error) = &mut report.error {
            error.message = self.hide(&error.message).into_owned();
            error.stack = error.stack.as_deref().map(|stack| self.hide(stack).into_owned());
            self.hide_json(&mut error.payload);
            error.upstream.iter_mut().for_each(|json| self.hide_json(json));
        }
        if let Some(written) = &mut report.checkpoint {
            written.before.iter_mut().chain(&mut written.after).for_each(|json| self.hide_json(json));
        }
        for text in
            report.warnings.iter_mut().chain(report.calls.iter_mut().filter_map(|call| call.error.as_mut()))
        {
            *text = self.hide(text).into_owned();
        }
        report
    }

    fn log(&self, line: Log) -> Reply {
        let Log { level, message, meta } = line;
        let message = self.hide(&message).into_owned();
        let meta = meta.map(|mut meta| {
            self.hide_json(&mut meta);
            meta
        });
        let line = LogLine { at_ms: self.elapsed(), level, message, meta: meta.map(Arc::from) };
        self.tell(|| Event::Log(line.clone()));
        let mut seen = self.seen();
        if seen.logs.len() < MAX_KEPT {
            seen.logs.push(line);
        } else {
            seen.left_out += 1;
        }
        Reply::default()
    }
}
