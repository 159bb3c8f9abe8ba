//! One run or one compilation from start to end, as the parent sees it.

use crate::compile::{Bytecode, SourceModule};
use crate::error::{CompileError, Error, Failure};
use crate::host::{Call, Host, Refusal, Reply, Request};
use crate::limits::{GRACE, Limits};
pub use crate::process::Module;
use crate::process::{Event, Process};
use crate::protocol::{CALLS_IN_FLIGHT, TaskId};
use crate::supervisor::{Place, Runtime, Supervisor};
use bespoke_core::id::EnvironmentId;
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a runner has to end a run that it was told to stop.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// How long a compilation may take.
const COMPILE_TIME: Duration = Duration::from_secs(60);

/// Lines of log that may wait for the host before the run waits.
const LOG_BACKLOG: usize = 1024;

/// What kind of function is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Saves records.
    Sync,
    /// Answers.
    Action,
    /// Runs when something happens to a connection.
    OnEvent,
    /// Handles a provider's webhook.
    Webhook,
    /// A module whose default export is a function of the input. Deployment reads definitions with it.
    Script,
}

impl Kind {
    /// The word that the prelude knows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Action => "action",
            Self::OnEvent => "on-event",
            Self::Webhook => "webhook",
            Self::Script => "script",
        }
    }
}

/// One run of a function.
#[derive(Clone, Debug)]
pub struct Run {
    /// The run, for the log.
    pub id: Uuid,
    /// What kind of function it is.
    pub kind: Kind,
    /// Its modules; the first is the entry. Hand in the same `Bytes` for the same function, and a runner that has them
    /// is not sent them again.
    pub modules: Arc<[Module]>,
    /// JSON.
    pub input: Bytes,
    /// What the prelude is told of the run, JSON.
    pub context: Bytes,
    /// What the run may use.
    pub limits: Limits,
    /// Cancelled, the run ends at once with [`crate::code::ABORTED`].
    pub cancel: CancellationToken,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The output's JSON text, or the failure.
    pub result: Result<Bytes, Failure>,
    /// CPU time of the run's thread; zero when its process was lost.
    pub cpu: Duration,
}

impl Outcome {
    fn failed(failure: Failure) -> Self {
        Self { result: Err(failure), cpu: Duration::ZERO }
    }
}

impl Runtime {
    /// Compiles the modules of a function. Takes a place among the environment's runs.
    ///
    /// # Errors
    /// [`Error::Compile`] is the author's; the others are not.
    pub async fn compile(
        &self,
        environment: EnvironmentId,
        modules: Vec<SourceModule>,
    ) -> Result<Vec<Bytecode>, Error> {
        let place = self.0.acquire(environment).await?;
        let (names, texts): (Vec<_>, Vec<_>) =
            modules.into_iter().map(|module| (module.name, Bytes::from(module.code))).unzip();
        let (mut task, mut events) = Task::open(&self.0, place).ok_or(Error::RunnerLost)?;
        task.process.start_compilation(task.id, names.iter().cloned().zip(texts).collect());
        match tokio::time::timeout(COMPILE_TIME, events.recv()).await {
            Ok(Some(Event::Compiled { lengths, mut code })) => {
                task.ended = true;
                if lengths.len() != names.len() || lengths.iter().sum::<usize>() != code.len() {
                    return Err(Error::RunnerLost);
                }
                let compiled = names.into_iter().zip(lengths);
                Ok(compiled
                    .map(|(name, length)| Bytecode { name, bytecode: code.split_to(length) })
                    .collect())
            }
            Ok(Some(Event::Rejected { error })) => {
                task.ended = true;
                Err(Error::Compile(error))
            }
            Err(_) => {
                self.0.kill(&task.process);
                Err(Error::Compile(CompileError {
                    module: names.into_iter().next().unwrap_or_default(),
                    line: 0,
                    column: 0,
                    message: "compiling takes too long".to_owned(),
                }))
            }
            Ok(_) => Err(Error::RunnerLost),
        }
    }

    /// Runs a function. Waits for a place in a runner first, which does not count as the run's time.
    ///
    /// Dropping the future gives the run up: it is told to stop, and its process is ended if it does not.
    pub async fn run(&self, environment: EnvironmentId, run: Run, host: Arc<dyn Host>) -> Outcome {
        let place = tokio::select! {
            biased;
            () = run.cancel.cancelled() => return Outcome::failed(Failure::aborted()),
            place = self.0.acquire(environment) => place,
        };
        let place = match place {
            Ok(place) => place,
            Err(error) => {
                tracing::warn!(run.id = %run.id, environment.id = %environment, error = &error as &dyn std::error::Error, "a run got no runner");
                return Outcome::failed(Failure::runner_lost());
            }
        };
        let Some((task, events)) = Task::open(&self.0, place) else {
            return Outcome::failed(Failure::runner_lost());
        };
        task.process.start_run(task.id, &run.modules, run.kind.as_str(), run.limits, run.context, run.input);
        let drive = Drive {
            task,
            host,
            limits: run.limits,
            cancel: run.cancel,
            calls: FuturesUnordered::new(),
            log: None,
            log_backlog: VecDeque::new(),
        };
        drive.to_end(events).await
    }
}

/// A task in a process. Dropped before the process said that it ended, it is stopped.
struct Task {
    id: TaskId,
    process: Arc<Process>,
    supervisor: Arc<Supervisor>,
    ended: bool,
}

impl Task {
    fn open(
        supervisor: &Arc<Supervisor>,
        place: Place,
    ) -> Option<(Self, tokio::sync::mpsc::Receiver<Event>)> {
        let process = place.hand_over()?;
        let (id, events) = process.open_task();
        Some((Self { id, process, supervisor: Arc::clone(supervisor), ended: false }, events))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.ended || !self.process.has_task(self.id) {
            return;
        }
        self.process.cancel(self.id);
        let (id, process, supervisor) = (self.id, Arc::clone(&self.process), Arc::clone(&self.supervisor));
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            supervisor.kill(&process);
            return;
        };
        runtime.spawn(async move {
            tokio::time::sleep(STOP_GRACE).await;
            if process.has_task(id) {
                supervisor.kill(&process);
            }
        });
    }
}

type Answer = (u32, Result<Reply, Refusal>);

/// A run under way.
struct Drive {
    task: Task,
    host: Arc<dyn Host>,
    limits: Limits,
    cancel: CancellationToken,
    calls: FuturesUnordered<BoxFuture<'static, Answer>>,
    /// The line of log that the host is writing, and those that wait for it.
    log: Option<BoxFuture<'static, Result<Reply, Refusal>>>,
    log_backlog: VecDeque<Call>,
}

impl Drive {
    async fn to_end(mut self, mut events: tokio::sync::mpsc::Receiver<Event>) -> Outcome {
        // The runner ends the run at its limit; this is for a runner that does not.
        let deadline = sleep_until(Instant::now() + self.limits.wall + GRACE);
        tokio::pin!(deadline);
        let stop_deadline = sleep_until(far_future());
        tokio::pin!(stop_deadline);
        let cancel = self.cancel.clone();
        let mut cancelled = false;
        let outcome = loop {
            let takes_events =
                self.calls.len() <= 2 * CALLS_IN_FLIGHT && self.log_backlog.len() < LOG_BACKLOG;
            tokio::select! {
                Some((call, result)) = self.calls.next() => self.answer(call, result),
                Some(()) = next_log(&mut self.log) => self.log_next(),
                event = events.recv(), if takes_events => match event {
                    Some(event) => {
                        if let Some(outcome) = self.handle(event) {
                            break outcome;
                        }
                    }
                    None => {
                        self.task.ended = true;
                        break Outcome::failed(Failure::runner_lost());
                    }
                },
                () = cancel.cancelled(), if !cancelled => {
                    cancelled = true;
                    self.task.process.cancel(self.task.id);
                    stop_deadline.as_mut().reset(Instant::now() + STOP_GRACE);
                }
                () = &mut stop_deadline, if cancelled => break self.kill(Failure::aborted()),
                () = &mut deadline => break self.kill(Failure::wall_time()),
            }
        };
        self.finish_log().await;
        outcome
    }

    /// What an event means for the run; its outcome, when it is the last one.
    fn handle(&mut self, event: Event) -> Option<Outcome> {
        match event {
            Event::Call { call, request, body } => {
                self.call(call, &request, body);
                None
            }
            Event::Notify { request } => {
                if let Ok(request @ Request::Log(_)) = serde_json::from_str(request.get()) {
                    self.log_backlog.push_back(Call { request, body: Bytes::new() });
                    if self.log.is_none() {
                        self.log_next();
                    }
                }
                None
            }
            Event::Stuck { thread } => {
                self.is_beyond_cpu_limit(thread).then(|| self.kill(Failure::cpu_time()))
            }
            Event::Done { cpu, output } => {
                self.task.ended = true;
                Some(Outcome { result: Ok(output), cpu })
            }
            Event::Failed { cpu, failure } => {
                self.task.ended = true;
                Some(Outcome { result: Err(failure), cpu })
            }
            // Answers to compilations: not this task.
            Event::Compiled { .. } | Event::Rejected { .. } => None,
        }
    }

    fn call(&mut self, call: u32, request: &RawValue, body: Bytes) {
        let answer = match serde_json::from_str(request.get()) {
            Ok(request) => {
                let reply = self.host.call(Call { request, body });
                async move { (call, reply.await) }.boxed()
            }
            Err(error) => {
                let refusal = Refusal::new("invalid_call", format!("The call cannot be read: {error}"));
                futures_util::future::ready((call, Err(refusal))).boxed()
            }
        };
        self.calls.push(answer);
    }

    fn answer(&self, call: u32, result: Result<Reply, Refusal>) {
        let (result, body) = match result {
            Ok(reply) => (Ok(reply.head), reply.body),
            Err(refusal) => (Err(refusal), Bytes::new()),
        };
        self.task.process.reply(self.task.id, call, result, body);
    }

    fn log_next(&mut self) {
        self.log = self.log_backlog.pop_front().map(|line| self.host.call(line));
    }

    /// Lines that were written before the end are logged.
    async fn finish_log(&mut self) {
        while next_log(&mut self.log).await.is_some() {
            self.log_next();
        }
    }

    /// Ends the process, because this run cannot be ended otherwise. The other runs in it are lost.
    fn kill(&mut self, failure: Failure) -> Outcome {
        tracing::warn!(
            pid = self.task.process.pid,
            code = failure.code,
            "a runner is killed to end a run that cannot be interrupted"
        );
        self.task.ended = true;
        self.task.supervisor.kill(&self.task.process);
        Outcome { result: Err(failure), cpu: Duration::ZERO }
    }

    /// Whether the thread has really used more CPU time than the run may, as the system counts it: on a busy machine it
    /// may just not have had its turn.
    fn is_beyond_cpu_limit(&self, thread: i32) -> bool {
        let Some(pid) = self.task.process.pid else { return false };
        match thread_cpu(pid, thread) {
            Some(used) => used > self.limits.cpu + GRACE,
            // No such numbers on this system: the runner's word is all there is.
            None => true,
        }
    }
}

/// CPU time of a thread of another process, where the system tells.
fn thread_cpu(pid: u32, thread: i32) -> Option<Duration> {
    let counters = std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat")).ok()?;
    Some(Duration::from_nanos(counters.split(' ').next()?.parse().ok()?))
}

/// Polls the line that is being written. The future stays in place when this one is dropped.
async fn next_log(log: &mut Option<BoxFuture<'static, Result<Reply, Refusal>>>) -> Option<()> {
    let writing = log.as_mut()?;
    // The function does not wait for its log, so there is nobody to tell of a refusal; the host reports its own.
    let _ = writing.await;
    *log = None;
    Some(())
}

fn far_future() -> Instant {
    Instant::now() + Duration::from_secs(30 * 24 * 3600)
}
