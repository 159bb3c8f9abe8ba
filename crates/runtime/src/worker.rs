//! The runner's threads for runs. Each has an engine, and does one run at a time with it; after a run the engine is put
//! back to what it was before. Where the modules of a function allow it, they are evaluated once, ahead of its runs.

use crate::error::{Failure, code};
use crate::host::Refusal;
use crate::isolate::{Isolate, Work};
use crate::limits::{Limits, THREAD_STACK};
use crate::protocol::{FromRunner, TaskId};
use crate::state::{Assignment, thread_cpu};
use crate::wire::Writer;
use bespoke_core::time::Timestamp;
use bytes::Bytes;
use serde_json::value::RawValue;
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Threads that wait with an engine for as long as it takes. An idle engine and its images cost a few megabytes.
const SPARE_WORKERS: usize = 2;

/// Threads that wait with an engine for a while: what was busy a moment ago is likely to be busy again.
const MAX_IDLE_WORKERS: usize = 16;

/// How long those wait.
const LINGER: Duration = Duration::from_secs(10);

/// The modules of a function; the first is the entry.
#[derive(Debug)]
pub(crate) struct Bundle {
    modules: Vec<(String, Bytes)>,
    /// Whether they cannot be evaluated ahead of a run.
    is_untimely: AtomicBool,
}

impl Bundle {
    pub(crate) fn new(modules: Vec<(String, Bytes)>) -> Self {
        Self { modules, is_untimely: AtomicBool::new(false) }
    }

    pub(crate) fn entry(&self) -> Option<&[u8]> {
        self.modules.first().map(|(_, bytecode)| bytecode.as_ref())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.modules.iter().find(|(module, _)| module == name).map(|(_, bytecode)| bytecode.as_ref())
    }
}

/// What reaches a run from outside.
#[derive(Debug)]
pub(crate) enum Inbound {
    Reply(Answer),
    Cancel,
}

/// The answer to a call of a run.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) call: u32,
    pub(crate) result: Result<Option<Box<RawValue>>, Refusal>,
    pub(crate) body: Bytes,
}

/// What a run's thread and the others share of the run.
#[derive(Debug)]
pub(crate) struct Control {
    /// When the runner got the run.
    started: Instant,
    cancelled: AtomicBool,
    /// The operating system's number of the thread, 0 before it runs.
    pub(crate) thread: AtomicI32,
    /// The thread's CPU time when the run started, microseconds.
    pub(crate) cpu_start: AtomicU64,
    /// When the engine was last known to obey, microseconds since `started`; 0 while the thread is not in it.
    obeyed: AtomicU64,
    /// CPU time that the run had left then, microseconds.
    left: AtomicU64,
}

impl Control {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            cancelled: AtomicBool::new(false),
            thread: AtomicI32::new(0),
            cpu_start: AtomicU64::new(0),
            obeyed: AtomicU64::new(0),
            left: AtomicU64::new(0),
        }
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// The engine obeys: its interrupt handler runs, with this much CPU time left.
    pub(crate) fn alive(&self, left: Duration) {
        self.left.store(left.as_micros() as u64, Ordering::Relaxed);
        self.obeyed.store((self.started.elapsed().as_micros() as u64).max(1), Ordering::Relaxed);
    }

    /// The thread leaves the engine, to wait.
    pub(crate) fn outside(&self) {
        self.obeyed.store(0, Ordering::Relaxed);
    }

    /// Whether the engine has not obeyed for longer than the run may go on, and more.
    pub(crate) fn is_stuck(&self, grace: Duration) -> bool {
        let obeyed = self.obeyed.load(Ordering::Relaxed);
        let left = Duration::from_micros(self.left.load(Ordering::Relaxed));
        obeyed != 0 && self.started.elapsed() > Duration::from_micros(obeyed) + left + grace
    }
}

/// A run that waits for a thread.
pub(crate) struct Job {
    pub(crate) task: TaskId,
    pub(crate) bundle: Arc<Bundle>,
    pub(crate) kind: String,
    pub(crate) limits: Limits,
    pub(crate) now: Option<Timestamp>,
    pub(crate) context: Bytes,
    pub(crate) input: Bytes,
    pub(crate) control: Arc<Control>,
    pub(crate) inbox: Receiver<Inbound>,
}

/// How the rest of the runner reaches a run.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) inbox: Sender<Inbound>,
    pub(crate) control: Arc<Control>,
}

/// The threads for runs, and the runs that they are on.
pub(crate) struct Workers {
    writer: Arc<Writer>,
    queue: Mutex<Queue>,
    pub(crate) running: Mutex<HashMap<TaskId, Handle>>,
    /// Modules that are being evaluated ahead of a run.
    pub(crate) ahead: Mutex<Vec<Arc<Control>>>,
}

#[derive(Default)]
struct Queue {
    /// Runs that wait for a thread that is making its engine.
    jobs: VecDeque<Job>,
    /// Threads that make an engine, or put it back to what it was.
    making: usize,
    /// Threads that wait, the one that waits longest first.
    idle: Vec<Idle>,
    /// The next thread's number.
    next: u64,
}

/// A thread that waits with an engine.
struct Idle {
    thread: u64,
    /// The modules that the engine has evaluated.
    bundle: Option<Arc<Bundle>>,
    job: Sender<Job>,
}

impl Queue {
    /// The idle thread that suits best: one with these modules, else one with none.
    fn best(&self, bundle: &Arc<Bundle>) -> Option<usize> {
        let has_it = |idle: &Idle| idle.bundle.as_ref().is_some_and(|ahead| Arc::ptr_eq(ahead, bundle));
        self.idle.iter().position(has_it).or_else(|| self.idle.iter().position(|idle| idle.bundle.is_none()))
    }
}

/// How a run left its engine.
enum RunEnd {
    Succeeded,
    Failed,
    /// In a state that nobody can vouch for.
    Broken,
}

impl Workers {
    pub(crate) fn new(writer: Arc<Writer>) -> Arc<Self> {
        Arc::new(Self { writer, queue: Mutex::default(), running: Mutex::default(), ahead: Mutex::default() })
    }

    /// Starts a thread that waits with an engine, so that the first run does not wait for one.
    pub(crate) fn prepare(self: &Arc<Self>) {
        self.spawn(&mut self.queue());
    }

    /// Gives a run to a thread.
    pub(crate) fn start(self: &Arc<Self>, job: Job) {
        let mut queue = self.queue();
        let is_soon_served = queue.making > queue.jobs.len();
        let others = (!is_soon_served && !queue.idle.is_empty()).then_some(0);
        if let Some(at) = queue.best(&job.bundle).or(others) {
            // An idle thread waits for nothing else.
            let _ = queue.idle.remove(at).job.send(job);
            return;
        }
        queue.jobs.push_back(job);
        if !is_soon_served {
            self.spawn(&mut queue);
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(self: &Arc<Self>, queue: &mut Queue) {
        let workers = Arc::clone(self);
        let number = queue.next;
        let thread = std::thread::Builder::new().name("run".into()).stack_size(THREAD_STACK);
        // Without a new thread, the run waits for one that is there.
        if thread.spawn(move || workers.work(number)).is_ok() {
            queue.making += 1;
            queue.next += 1;
        }
    }

    /// One thread's life: make an engine, then wait for a run, do it, put the engine back, and so on.
    fn work(&self, thread: u64) {
        let mut engine = Isolate::new();
        loop {
            let modules = engine.as_ref().ok().and_then(Isolate::modules).cloned();
            let Some(job) = self.next_job(thread, modules) else { return };
            engine = match engine {
                Ok(engine) => engine.for_modules(&job.bundle),
                Err(_) => Isolate::new(),
            };
            let bundle = Arc::clone(&job.bundle);
            let end = self.run(job, engine.as_ref());
            self.queue().making += 1;
            engine = match (engine, end) {
                (Err(_), _) | (_, RunEnd::Broken) => Isolate::new(),
                (Ok(used), RunEnd::Failed) => used.renew(),
                (Ok(used), RunEnd::Succeeded) => used.renew().and_then(|engine| self.ready(engine, &bundle)),
            };
        }
    }

    /// An engine that is ready for the next run of a function.
    fn ready(&self, mut engine: Isolate, bundle: &Arc<Bundle>) -> rquickjs::Result<Isolate> {
        let is_ready = engine.modules().is_some()
            || bundle.is_untimely.load(Ordering::Relaxed)
            // A run that waits now needs no modules ahead of it.
            || !self.queue().jobs.is_empty();
        if is_ready || self.load_ahead(&mut engine, bundle) { Ok(engine) } else { engine.without_modules() }
    }

    /// Waits for a run, as one of the idle threads. `None` when there are enough of them.
    fn next_job(&self, thread: u64, bundle: Option<Arc<Bundle>>) -> Option<Job> {
        let arrival = {
            let mut queue = self.queue();
            queue.making -= 1;
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.idle.len() >= MAX_IDLE_WORKERS {
                return None;
            }
            let (job, arrival) = channel();
            queue.idle.push(Idle { thread, bundle, job });
            arrival
        };
        loop {
            if let Ok(job) = arrival.recv_timeout(LINGER) {
                return Some(job);
            }
            let mut queue = self.queue();
            match queue.idle.iter().position(|idle| idle.thread == thread) {
                Some(at) if queue.idle.len() > SPARE_WORKERS => {
                    queue.idle.remove(at);
                    return None;
                }
                Some(_) => {}
                // It was given a job in this moment.
                None => return arrival.recv().ok(),
            }
        }
    }

    /// Evaluates the modules that this thread ran last, for the next runs of the same function.
    fn load_ahead(&self, isolate: &mut Isolate, bundle: &Arc<Bundle>) -> bool {
        let control = Arc::new(Control::new());
        self.ahead().push(Arc::clone(&control));
        let is_loaded = isolate.load_ahead(bundle, Arc::clone(&control));
        self.ahead().retain(|other| !Arc::ptr_eq(other, &control));
        if !is_loaded {
            bundle.is_untimely.store(true, Ordering::Relaxed);
        }
        is_loaded
    }

    pub(crate) fn ahead(&self) -> MutexGuard<'_, Vec<Arc<Control>>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does a run and tells the parent.
    fn run(&self, job: Job, isolate: Result<&Isolate, &rquickjs::Error>) -> RunEnd {
        let cpu_start = thread_cpu();
        job.control.thread.store(rustix::thread::gettid().as_raw_nonzero().get(), Ordering::Relaxed);
        job.control.cpu_start.store(cpu_start.as_micros() as u64, Ordering::Relaxed);
        let mut end = RunEnd::Failed;
        let result = match isolate {
            Ok(isolate) => catch_unwind(AssertUnwindSafe(|| self.run_in(&job, isolate, cpu_start)))
                .unwrap_or_else(|_| {
                    end = RunEnd::Broken;
                    Err(Failure::new(code::INTERNAL, "The runtime failed while it ran the function."))
                }),
            Err(error) => Err(Failure::new(code::RUNNER_LOST, format!("No engine could be made: {error}."))),
        };
        let reads = isolate.map(Isolate::reads).unwrap_or_default();
        job.control.outside();
        let cpu_micros = thread_cpu().saturating_sub(cpu_start).as_micros() as u64;
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&job.task);
        if result.is_ok() {
            end = RunEnd::Succeeded;
        }
        // The reading thread sees a parent that is gone, and ends the process.
        let _ = match result {
            Ok(output) => {
                self.writer.send(&FromRunner::Done { task: job.task, cpu_micros, reads }, output.as_bytes())
            }
            Err(failure) => {
                self.writer.send(&FromRunner::Failed { task: job.task, cpu_micros, failure, reads }, &[])
            }
        };
        end
    }

    fn run_in(&self, job: &Job, isolate: &Isolate, cpu_start: Duration) -> Result<String, Failure> {
        let text = |bytes| {
            std::str::from_utf8(bytes).map_err(|_| Failure::new(code::INTERNAL, "The input is not UTF-8."))
        };
        let assignment = Assignment {
            task: job.task,
            limits: job.limits,
            control: Arc::clone(&job.control),
            writer: Arc::clone(&self.writer),
            deadline: job.control.started + job.limits.wall,
            cpu_start,
        };
        let work = Work {
            kind: &job.kind,
            context: text(&job.context)?,
            input: text(&job.input)?,
            inbox: &job.inbox,
            bundle: &job.bundle,
            now: job.now,
        };
        isolate.run(assignment, &work)
    }
}
