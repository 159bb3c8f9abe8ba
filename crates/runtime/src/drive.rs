//! One run from start to end, as the parent sees it: it answers the calls, keeps the log in order, and watches the time.

use crate::error::{Failure, code};
use crate::host::{Call, Host, Refusal, Reply, Request};
use crate::limits::{GRACE, Limits};
use crate::process::Event;
use crate::protocol::{CALLS_IN_FLIGHT, MAX_BODY};
use crate::run::{Outcome, Run};
use crate::supervisor::Runtime;
use crate::task::{STOP_GRACE, Task};
use bespoke_core::id::EnvironmentId;
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Lines of log that may wait for the host before the run waits.
const LOG_BACKLOG: usize = 1024;

impl Runtime {
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
        task.process.start_run(task.id, &run);
        let drive = Drive {
            task,
            host,
            limits: run.limits,
            cancel: run.cancel,
            calls: FuturesUnordered::new(),
            log: None,
            log_backlog: VecDeque::new(),
        };
        drive.drive(events).await
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
    async fn drive(mut self, mut events: mpsc::Receiver<Event>) -> Outcome {
        // The runner ends the run at its limit; this is for a runner that does not. On a busy machine it may be late.
        let deadline = sleep_until(Instant::now() + self.limits.wall + STOP_GRACE);
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
                event = events.recv(), if takes_events => {
                    if let Some(outcome) = self.handle(event) {
                        break outcome;
                    }
                }
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

    /// What an event means for the run; its outcome, when it is the last one. `None`: the process is gone.
    fn handle(&mut self, event: Option<Event>) -> Option<Outcome> {
        let Some(event) = event else {
            self.task.ended = true;
            return Some(Outcome::failed(Failure::runner_lost()));
        };
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
            Event::Stuck { thread, cpu_start } => {
                self.is_beyond_cpu_limit(thread, cpu_start).then(|| self.kill(Failure::cpu_time()))
            }
            Event::Done { cpu, output, reads } => {
                self.task.ended = true;
                Some(Outcome { result: self.check(output), cpu, reads: reads.innermost() })
            }
            Event::Failed { cpu, failure, reads } => {
                self.task.ended = true;
                Some(Outcome { result: Err(failure), cpu, reads: reads.innermost() })
            }
            // Answers to compilations: not this task.
            Event::Compiled { .. } | Event::Rejected { .. } => None,
        }
    }

    /// The runner has checked its output; but a runner is not to be trusted, and others parse what it says.
    fn check(&self, output: Bytes) -> Result<Bytes, Failure> {
        if output.len() > self.limits.output {
            return Err(Failure::new(code::OUTPUT_TOO_LARGE, "The output is larger than it may be."));
        }
        match serde_json::from_slice::<&RawValue>(&output) {
            Ok(_) => Ok(output),
            Err(_) => Err(Failure::new(code::INTERNAL, "The output is not JSON.")),
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
            Ok(reply) if reply.body.len() > MAX_BODY => (
                Err(Refusal::new("response_too_large", "The answer is too large for a function.")),
                Bytes::new(),
            ),
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
        Outcome::failed(failure)
    }

    /// Whether the thread has really used more CPU time than the run may, as the system counts it: on a busy machine it
    /// may just not have had its turn.
    fn is_beyond_cpu_limit(&self, thread: i32, cpu_start: Duration) -> bool {
        let Some(pid) = self.task.process.pid else { return false };
        match thread_cpu(pid, thread) {
            Some(total) => total.saturating_sub(cpu_start) > self.limits.cpu + GRACE,
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
    Instant::now() + Duration::from_hours(30 * 24)
}
