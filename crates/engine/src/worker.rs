//! Takes queued runs, executes them and says how they ended; stops gracefully.
//!
//! One worker per node. It holds what it runs by leases that a heartbeat extends; what another node or a cancellation
//! took away meanwhile is stopped at the next heartbeat, or at once when the wake-up comes.

use crate::{Engine, Error, Failure, Result, error::chain, failures, run::Execution};
use bespoke_core::{
    function::FunctionKind,
    limits::Retries,
    run::{RunKind, RunState, UNCONFIGURED},
    sync::{BASE_VARIANT, TriggerOptions, id_of},
};
use bespoke_store::{CANCELLED, Claim, Finish, MAX_TAKE_UPS, QUEUED};
use bytes::Bytes;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// Wake-ups are hints; the tables are looked at this often all the same.
const POLL: Duration = Duration::from_secs(5);

/// Executes this node's share of the queue.
pub struct Worker {
    engine: Arc<Engine>,
    token: Uuid,
    slots: Arc<Semaphore>,
    /// A slot became free.
    freed: Notify,
    running: Mutex<HashMap<Uuid, CancellationToken>>,
    tasks: TaskTracker,
}

impl Worker {
    /// A worker with as many slots as the engine's settings say.
    pub fn new(engine: Arc<Engine>) -> Arc<Self> {
        let slots = Arc::new(Semaphore::new(engine.settings.workers));
        let token = engine.ids.next();
        Arc::new(Self {
            engine,
            token,
            slots,
            freed: Notify::new(),
            running: Mutex::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// Works until `stop`; then hands back what still runs, so that it is taken up again at the next start or by
    /// another node.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let heartbeat = tokio::spawn(Arc::clone(&self).keep_leases(stop.clone()));
        // Listen first, then look, then wait: nothing that is queued in between is missed.
        let mut queued = self.engine.store.listen(QUEUED);
        while !stop.is_cancelled() {
            let wait = match self.run_due().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(error = chain(&error), "the queue could not be read");
                    POLL
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = queued.woken() => {}
                () = self.freed.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.tasks.close();
        for cancel in locked(&self.running).values() {
            cancel.cancel();
        }
        self.tasks.wait().await;
        heartbeat.abort();
    }

    /// Starts everything that is due and for which there is a slot. How long there will be nothing to do by the clock.
    pub async fn run_due(self: &Arc<Self>) -> Result<Duration> {
        loop {
            let free = self.slots.available_permits();
            if free == 0 {
                // Whoever ends wakes the queue.
                return Ok(POLL);
            }
            let lease = self.engine.settings.lease;
            let claims = self
                .engine
                .store
                .claim_runs(self.token, u32::try_from(free).unwrap_or(u32::MAX), lease)
                .await?;
            if claims.is_empty() {
                let next = self.engine.store.next_run_at().await?;
                return Ok(next.map_or(POLL, |at| at.since(self.engine.now()).min(POLL)));
            }
            for claim in claims {
                let permit = Arc::clone(&self.slots).acquire_owned().await;
                let Ok(permit) = permit else { return Ok(POLL) };
                self.start(claim, permit);
            }
        }
    }

    /// Waits until nothing runs that this worker started: for those who drive it step by step.
    pub async fn idle(&self) {
        while !locked(&self.running).is_empty() {
            self.freed.notified().await;
        }
    }

    fn start(self: &Arc<Self>, claim: Claim, permit: OwnedSemaphorePermit) {
        let cancel = CancellationToken::new();
        locked(&self.running).insert(claim.run.id, cancel.clone());
        let worker = Arc::clone(self);
        self.tasks.spawn(async move {
            let id = claim.run.id;
            worker.work(claim, cancel).await;
            locked(&worker.running).remove(&id);
            drop(permit);
            worker.freed.notify_one();
        });
    }

    async fn work(&self, claim: Claim, cancel: CancellationToken) {
        let finish = match self.engine.execute_claimed(&claim, cancel.clone()).await {
            Ok(finish) => finish,
            Err(error) => {
                tracing::error!(run = %claim.run.id, error = chain(&error), "a run could not be executed");
                self.engine.again_or_failed(&claim, "the server could not execute the run")
            }
        };
        let finish = if cancel.is_cancelled() && finish.state != RunState::Succeeded {
            // Stopped by us: the node stops, or the lease is gone (then this writes nothing).
            Finish::again(self.engine.now())
        } else {
            finish
        };
        // Whoever sees that the run has ended sees all of its lines.
        self.engine.logs.flush().await;
        match self.engine.store.finish_run(&claim, finish).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(run = %claim.run.id, "a run was taken over or cancelled while it ran");
            }
            Err(error) => {
                tracing::error!(run = %claim.run.id, error = chain(&error), "a run's end could not be kept");
            }
        }
    }

    async fn keep_leases(self: Arc<Self>, stop: CancellationToken) {
        let mut cancelled = self.engine.store.listen(CANCELLED);
        let beat = self.engine.settings.lease / 3;
        loop {
            tokio::select! {
                () = cancelled.woken() => {}
                () = tokio::time::sleep(beat) => {}
            }
            for kept in [self.beat().await, self.engine.keep_places().await] {
                if let Err(error) = kept {
                    tracing::error!(error = chain(&error), "leases could not be extended");
                }
            }
            if stop.is_cancelled() && self.tasks.is_empty() {
                return;
            }
        }
    }

    /// Extends the leases and stops what is no longer ours.
    pub async fn beat(&self) -> Result<()> {
        // Taken before the look: a run that is claimed in between is not in the answer for a good reason.
        let running: Vec<Uuid> = locked(&self.running).keys().copied().collect();
        if running.is_empty() {
            return Ok(());
        }
        let held = self.engine.store.extend_leases(self.token, self.engine.settings.lease).await?;
        let running_now = locked(&self.running);
        for id in running.iter().filter(|id| !held.contains(id)) {
            if let Some(cancel) = running_now.get(id) {
                cancel.cancel();
            }
        }
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Executes a claimed run; how it is to be finished.
    async fn execute_claimed(self: &Arc<Self>, claim: &Claim, cancel: CancellationToken) -> Result<Finish> {
        let run = &claim.run;
        let execution = match self.load(claim, cancel).await? {
            Ok(execution) => execution,
            Err((code, message)) => return Ok(Finish::failed(failure_json(code, message))),
        };
        let retries = execution.function.function.definition.limits().retries.unwrap_or_default();
        self.store
            .begin_run(claim, execution.function.function.id, execution.connection.metadata_revision)
            .await?;
        if run.kind == RunKind::Sync {
            self.prepare_sync(&execution).await?;
        }
        let begun = self.now();
        let provider_config_key = execution.connection.provider_config_key.clone();
        let ended = self.execute(execution).await;
        let finish = match ended.result {
            Ok(output) => {
                let output =
                    (run.kind == RunKind::Action).then(|| String::from_utf8_lossy(&output).into_owned());
                Finish { checkpoint: ended.checkpoint, ..Finish::succeeded(output, ended.counts) }
            }
            Err(failure)
                if failure.code == bespoke_runtime::code::RUNNER_LOST && claim.take_up < MAX_TAKE_UPS =>
            {
                Finish::again(self.now())
            }
            Err(failure) => {
                let failure = failures::told(failure);
                let error = ended.log.hide(&failures::kept(&failure)).into_owned();
                // Who queued an action has said how often; for all else the function does.
                let own = if run.kind == RunKind::Action { 0 } else { 1 + retries.attempts };
                if run.attempt + 1 < run.max_attempts.max(own) && is_worth_another_try(run.kind, &failure) {
                    Finish {
                        run_at: Some(self.now().after(retries.wait(run.attempt))),
                        counts: true,
                        ..Finish::again(self.now())
                    }
                } else {
                    Finish { result: ended.counts, checkpoint: ended.checkpoint, ..Finish::failed(error) }
                }
            }
        };
        self.count_run(run.environment, (&provider_config_key, &run.function_name), &finish, begun);
        Ok(Finish { reads: ended.reads, ..finish })
    }

    /// Loads what a run needs; else code and message of why it cannot run.
    async fn load(
        self: &Arc<Self>,
        claim: &Claim,
        cancel: CancellationToken,
    ) -> Result<Result<Execution, (&'static str, &'static str)>> {
        let gone = ("not_found", "The connection or the function is no longer there.");
        let run = &claim.run;
        let Some(connection) = self.store.connection_by_row(run.environment, run.connection).await? else {
            return Ok(Err(gone));
        };
        let kind = match run.kind {
            RunKind::Sync | RunKind::Webhook => FunctionKind::Sync,
            RunKind::Action => FunctionKind::Action,
            RunKind::OnEvent => FunctionKind::OnEvent,
        };
        let key = &connection.provider_config_key;
        let Some(function) = self.store.function(run.environment, key, kind, &run.function_name).await?
        else {
            return Ok(Err(gone));
        };
        // Not from the loaded function, which stays as it was when it was loaded.
        if !function.enabled {
            return Ok(Err(("disabled_resource", "The function is disabled.")));
        }
        let Some(environment) = self.store.environment(run.environment).await? else { return Ok(Err(gone)) };
        let sync = match run.sync {
            Some(id) => self.store.sync(run.environment, id).await?,
            None if run.kind == RunKind::Webhook => {
                let sync = id_of(run.connection, &run.function_name, BASE_VARIANT);
                self.store.sync(run.environment, sync).await?
            }
            None => None,
        };
        // A sync's input is for the engine, not for the function.
        let (input, options) = match &run.input {
            Some(text) if run.kind == RunKind::Sync => {
                let options = serde_json::from_str(text);
                (None, options.map_err(|_| Error::Damaged("the input of a sync's run"))?)
            }
            _ if run.kind == RunKind::Webhook => {
                let input = self.webhook_input(run.environment, &connection.provider, run.id).await?;
                // An event that is gone has nothing to handle.
                let Some(input) = input else {
                    return Ok(Err(("not_found", "The event is no longer there.")));
                };
                (Some(input), TriggerOptions::default())
            }
            input => (input.clone(), TriggerOptions::default()),
        };
        let (connection, configuration) = match run.kind {
            // It may be what sets the configuration up.
            RunKind::OnEvent => (connection.clone(), self.configuration_of(&connection).await?),
            _ => self.up_to_date(connection).await?,
        };
        Ok(Ok(Execution {
            id: run.id,
            environment,
            kind: run.kind,
            configuration,
            connection,
            function: self.loaded_function(&function).await?,
            input: input.map(Bytes::from).unwrap_or_default(),
            sync,
            options,
            depth: 0,
            cancel,
            fence: Some(claim.fence()),
        }))
    }

    fn again_or_failed(&self, claim: &Claim, message: &str) -> Finish {
        if claim.take_up < MAX_TAKE_UPS {
            Finish::again(self.now().after(Retries::default().wait(claim.take_up)))
        } else {
            Finish::failed(failure_json("function_runtime_other", message))
        }
    }
}

/// Whether a failed run is tried again as far as its attempts go. An input stays what it is, and who cancelled a run meant
/// it. A webhook that took its whole time, or all memory, would
/// only hold up the later ones of its connection.
fn is_worth_another_try(kind: RunKind, failure: &Failure) -> bool {
    use bespoke_runtime::code;
    match failure.code.as_str() {
        "invalid_action_input" | UNCONFIGURED | code::ABORTED => false,
        code::TIMEOUT | code::OUT_OF_MEMORY => kind != RunKind::Webhook,
        _ => true,
    }
}

/// The JSON text of a failure that is not the function's own.
pub(crate) fn failure_json(code: &str, message: &str) -> String {
    let failure = Failure {
        code: code.to_owned(),
        status: 500,
        message: message.to_owned(),
        payload: serde_json::value::RawValue::NULL.to_owned(),
        upstream: None,
        stack: None,
    };
    serde_json::to_string(&failure).unwrap_or_default()
}
