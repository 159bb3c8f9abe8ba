//! What one engine and the rest of the runner share: the run's limits and clock, and what JavaScript waits for.

use crate::error::Failure;
use crate::host::{Log, Request};
use crate::limits::Limits;
use crate::ops::call::Calls;
use crate::ops::timers::Timers;
use crate::protocol::{FromRunner, TaskId};
use crate::wire::Writer;
use crate::worker::{Bundle, Control};
use bespoke_core::paths_read::PathsRead;
use fastrand::Rng;
use rquickjs::{Object, Persistent, Value};
use rustix::time::{ClockId, clock_gettime};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why an engine must not run anything any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Cancelled,
    CpuTime,
    WallTime,
}

impl Stop {
    pub(crate) fn failure(self) -> Failure {
        match self {
            Self::Cancelled => Failure::aborted(),
            Self::CpuTime => Failure::cpu_time(),
            Self::WallTime => Failure::wall_time(),
        }
    }
}

/// What an engine gets for one run.
pub(crate) struct Assignment {
    pub(crate) task: TaskId,
    pub(crate) limits: Limits,
    pub(crate) control: Arc<Control>,
    pub(crate) writer: Arc<Writer>,
    /// When the run must have ended.
    pub(crate) deadline: Instant,
    /// The thread's CPU time at the run's start.
    pub(crate) cpu_start: Duration,
}

/// Evaluating a function's modules before there is a run for them, and its limit.
struct Ahead {
    control: Arc<Control>,
    cpu_start: Duration,
}

/// CPU time for evaluating modules ahead.
const AHEAD_CPU: Duration = Duration::from_millis(100);

/// State of one engine, owned by its thread. What belongs to one run is forgotten by [`State::end_run`].
#[derive(Default)]
pub(crate) struct State {
    assignment: RefCell<Option<Rc<Assignment>>>,
    /// The modules that the engine can import.
    pub(crate) bundle: RefCell<Option<Arc<Bundle>>>,
    ahead: RefCell<Option<Ahead>>,
    /// Whether something ran ahead that must happen in the run's own time: reading a clock, drawing a random number,
    /// writing to the log.
    untimely: Cell<bool>,
    /// What the run has read of its configuration.
    pub(crate) reads: RefCell<PathsRead>,
    /// Where `Math.random` draws from.
    pub(crate) random: RefCell<Rng>,
    stop: Cell<Option<Stop>>,
    pub(crate) calls: Calls,
    pub(crate) timers: Timers,
    /// Promises that were rejected while nobody listened, with their reasons.
    pub(crate) rejections: RefCell<Vec<(Persistent<Value<'static>>, Persistent<Value<'static>>)>>,
    /// The frozen object of natives.
    pub(crate) native: RefCell<Option<Persistent<Object<'static>>>>,
    /// Namespaces of built-in modules that `native.builtin` has opened.
    pub(crate) builtins: RefCell<HashMap<String, Persistent<Object<'static>>>>,
}

/// Unhandled rejections that are kept for the log; more in one turn are not worth memory.
const MAX_REJECTIONS: usize = 32;

impl State {
    /// Ties the engine to a run.
    pub(crate) fn begin_run(&self, assignment: Assignment) {
        // Without a good seed, numbers that nobody may rely on for secrets are less random.
        self.random.borrow_mut().seed(getrandom::u64().unwrap_or_default());
        self.assignment.replace(Some(Rc::new(assignment)));
    }

    /// Forgets the run, and every JavaScript value that is of it.
    pub(crate) fn end_run(&self) {
        self.calls.clear();
        self.timers.clear();
        self.rejections.take();
        self.reads.take();
        self.stop.set(None);
        self.untimely.set(false);
        self.ahead.take();
        self.assignment.take();
    }

    /// Modules are evaluated ahead from now on, until [`Self::end_ahead`].
    pub(crate) fn begin_ahead(&self, control: Arc<Control>) {
        control.alive(AHEAD_CPU);
        self.ahead.replace(Some(Ahead { control, cpu_start: thread_cpu() }));
    }

    /// Whether what was evaluated ahead can be used as if the run had evaluated it itself.
    pub(crate) fn end_ahead(&self) -> bool {
        if let Some(ahead) = self.ahead.take() {
            ahead.control.outside();
        }
        let nothing_waits = self.calls.is_empty() && self.timers.next().is_none();
        nothing_waits
            && !self.untimely.get()
            && self.stopped().is_none()
            && self.rejections.borrow().is_empty()
    }

    /// Something happened that must not happen ahead of a run.
    pub(crate) fn in_own_time(&self) {
        if self.ahead.borrow().is_some() {
            self.untimely.set(true);
        }
    }

    pub(crate) fn assignment(&self) -> Option<Rc<Assignment>> {
        self.assignment.borrow().clone()
    }

    pub(crate) fn stopped(&self) -> Option<Stop> {
        self.stop.get()
    }

    pub(crate) fn stop(&self, reason: Stop) {
        if self.stop.get().is_none() {
            self.stop.set(Some(reason));
        }
    }

    /// CPU time of the run so far.
    pub(crate) fn cpu(&self) -> Duration {
        self.assignment().map_or(Duration::ZERO, |run| thread_cpu().saturating_sub(run.cpu_start))
    }

    /// The engine's interrupt handler: whether to end what runs. Looks at clocks, so not for every little step.
    pub(crate) fn must_stop(&self) -> bool {
        let Some(run) = self.assignment() else { return self.must_stop_ahead() };
        if self.stopped().is_some() {
            return true;
        }
        let used = self.cpu();
        if run.control.is_cancelled() {
            self.stop(Stop::Cancelled);
        } else if used > run.limits.cpu {
            self.stop(Stop::CpuTime);
        } else if Instant::now() > run.deadline {
            self.stop(Stop::WallTime);
        } else {
            run.control.alive(run.limits.cpu.saturating_sub(used));
        }
        self.stopped().is_some()
    }

    fn must_stop_ahead(&self) -> bool {
        if let Some(ahead) = &*self.ahead.borrow() {
            let used = thread_cpu().saturating_sub(ahead.cpu_start);
            if used > AHEAD_CPU {
                self.stop(Stop::CpuTime);
            }
            ahead.control.alive(AHEAD_CPU.saturating_sub(used));
        }
        self.stopped().is_some()
    }

    /// Keeps or forgets a rejected promise, as the engine tells it.
    pub(crate) fn rejection<'js>(
        &self,
        ctx: &rquickjs::Ctx<'js>,
        promise: Value<'js>,
        reason: Value<'js>,
        handled: bool,
    ) {
        let Ok(mut rejections) = self.rejections.try_borrow_mut() else { return };
        let promise = Persistent::save(ctx, promise);
        if handled {
            rejections.retain(|(kept, _)| *kept != promise);
        } else if rejections.len() < MAX_REJECTIONS {
            rejections.push((promise, Persistent::save(ctx, reason)));
        }
    }

    /// Writes a line to the run's log.
    pub(crate) fn log(&self, level: &str, message: String) {
        let Some(run) = self.assignment() else { return };
        let request = Request::Log(Log { level: level.to_owned(), message, meta: None });
        if let Ok(request) = serde_json::value::to_raw_value(&request) {
            self.send(&FromRunner::Notify { task: run.task, request }, &[]);
        }
    }

    /// Sends a frame. Waiting for a slow parent is not the run's fault, and a parent that is gone ends the process.
    pub(crate) fn send(&self, frame: &FromRunner, body: &[u8]) {
        let Some(run) = self.assignment() else { return };
        run.control.outside();
        // The reading thread sees the same end of the socket and ends the process.
        let _ = run.writer.send(frame, body);
        run.control.alive(run.limits.cpu.saturating_sub(self.cpu()));
    }

    /// Lets go of all JavaScript values, which must not outlive the engine.
    pub(crate) fn clear(&self) {
        self.end_run();
        self.native.take();
        self.builtins.take();
    }
}

/// CPU time of this thread.
pub(crate) fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
