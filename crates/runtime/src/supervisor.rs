//! How many runner processes there are, whose they are, and which one a run gets.
//!
//! A process belongs to one environment. A run goes to a process of its environment that has room; else to a new
//! process; else it waits. Waiting environments take turns, and one that waits with no process of its own makes a busy
//! process of the others take no further runs, so that nobody waits for ever.

use crate::error::Error;
use crate::process::Process;
use bespoke_core::id::EnvironmentId;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How runners are started and how many there may be.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program.
    pub program: PathBuf,
    /// Its arguments, such that it calls [`crate::runner_main`].
    pub arguments: Vec<OsString>,
    /// Processes at the same time, 1 at least.
    pub max_runners: usize,
    /// Runs at the same time in one process, 1 at least.
    pub runs_per_runner: usize,
    /// How long a process stays without a run.
    pub idle: Duration,
}

/// Runs functions. A handle: clones share the runner processes.
#[derive(Clone, Debug)]
pub struct Runtime(pub(crate) Arc<Supervisor>);

impl Runtime {
    /// A runtime without processes; they are started when there is something to run.
    pub fn new(options: Options) -> Self {
        Self(Arc::new_cyclic(|this| Supervisor {
            options: Options {
                max_runners: options.max_runners.max(1),
                runs_per_runner: options.runs_per_runner.max(1),
                ..options
            },
            this: this.clone(),
            state: Mutex::default(),
        }))
    }

    /// Ends all runner processes. Runs come back as `runner_lost`, and there will be no others.
    pub async fn shutdown(&self) {
        let mut state = self.0.state();
        state.closed = true;
        state.waiting.clear();
        for entry in state.entries.drain(..) {
            entry.process.kill();
        }
    }

    /// The operating system's numbers of the runner processes.
    pub fn process_ids(&self) -> Vec<u32> {
        self.0.state().entries.iter().filter_map(|entry| entry.process.pid).collect()
    }
}

#[derive(Debug)]
pub(crate) struct Supervisor {
    options: Options,
    this: std::sync::Weak<Self>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    next_number: u64,
    entries: Vec<Entry>,
    /// Environments that wait, the next one first; each with its waiting runs.
    waiting: VecDeque<(EnvironmentId, VecDeque<Waiter>)>,
}

type Waiter = oneshot::Sender<Result<Place, Error>>;

/// A place in a process, for one task. Dropped, it is given back; [`Place::hand_over`] makes that the process's matter.
#[derive(Debug)]
pub(crate) struct Place {
    process: Option<Arc<Process>>,
    supervisor: std::sync::Weak<Supervisor>,
}

impl Place {
    /// The process. The place is given back when the process says that the task ended.
    pub(crate) fn hand_over(mut self) -> Option<Arc<Process>> {
        self.process.take()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let (Some(process), Some(supervisor)) = (self.process.take(), self.supervisor.upgrade()) {
            supervisor.release(process.number);
        }
    }
}

#[derive(Debug)]
struct Entry {
    environment: EnvironmentId,
    process: Arc<Process>,
    /// Tasks in it.
    active: usize,
    /// Takes no further runs, and ends after its last one.
    retiring: bool,
    idle_since: Instant,
}

impl Supervisor {
    /// Waits for a place in a process of the environment.
    pub(crate) async fn acquire(&self, environment: EnvironmentId) -> Result<Place, Error> {
        let place = {
            let mut state = self.state();
            if state.closed {
                return Err(Error::Closed);
            }
            let (sender, place) = oneshot::channel();
            match state.waiting.iter_mut().find(|(waiting, _)| *waiting == environment) {
                Some((_, waiters)) => waiters.push_back(sender),
                None => state.waiting.push_back((environment, [sender].into())),
            }
            self.dispatch(&mut state);
            place
        };
        place.await.unwrap_or(Err(Error::Closed))
    }

    /// Gives a place back.
    pub(crate) fn release(&self, number: u64) {
        let mut state = self.state();
        if let Some(at) = state.entries.iter().position(|entry| entry.process.number == number) {
            let entry = &mut state.entries[at];
            entry.active = entry.active.saturating_sub(1);
            entry.idle_since = Instant::now();
            if entry.active == 0 && entry.retiring {
                state.entries.swap_remove(at).process.kill();
            }
        }
        self.dispatch(&mut state);
    }

    /// Forgets a process that is gone.
    pub(crate) fn remove(&self, number: u64) {
        let mut state = self.state();
        state.entries.retain(|entry| entry.process.number != number);
        self.dispatch(&mut state);
    }

    /// Ends a process; what runs in it is lost.
    pub(crate) fn kill(&self, process: &Process) {
        process.kill();
        self.remove(process.number);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives places to those who wait, one environment after another, until there is none to give.
    fn dispatch(&self, state: &mut State) {
        let mut without_place = 0;
        while without_place < state.waiting.len() {
            let Some((environment, mut waiters)) = state.waiting.pop_front() else { return };
            while waiters.front().is_some_and(oneshot::Sender::is_closed) {
                waiters.pop_front();
            }
            if waiters.is_empty() {
                continue;
            }
            match self.place(state, environment) {
                Ok(Some(at)) => {
                    let entry = &mut state.entries[at];
                    let process = Some(Arc::clone(&entry.process));
                    let place = Place { process, supervisor: self.this.clone() };
                    match waiters.pop_front().map(|waiter| waiter.send(Ok(place))) {
                        // A run that was given up in this moment takes no place, so there is none to give back.
                        Some(Err(Ok(place))) => drop(place.hand_over()),
                        _ => entry.active += 1,
                    }
                    without_place = 0;
                }
                Ok(None) => without_place += 1,
                Err(error) => {
                    if let Some(waiter) = waiters.pop_front() {
                        // Who has gone needs no error.
                        let _ = waiter.send(Err(Error::Start(error)));
                    }
                }
            }
            if !waiters.is_empty() {
                state.waiting.push_back((environment, waiters));
            }
        }
        Self::retire_for_the_starving(state);
    }

    /// A process of the environment with room, by its index.
    fn place(&self, state: &mut State, environment: EnvironmentId) -> std::io::Result<Option<usize>> {
        let has_room = |entry: &Entry| {
            entry.environment == environment && !entry.retiring && entry.active < self.options.runs_per_runner
        };
        if let Some(at) = state.entries.iter().position(has_room) {
            return Ok(Some(at));
        }
        if state.entries.len() >= self.options.max_runners {
            let idle = state.entries.iter().enumerate().filter(|(_, entry)| entry.active == 0);
            match idle.min_by_key(|(_, entry)| entry.idle_since).map(|(at, _)| at) {
                Some(at) => state.entries.swap_remove(at).process.kill(),
                None => return Ok(None),
            }
        }
        let number = state.next_number;
        state.next_number += 1;
        // Under the lock: it takes a millisecond or two, and it happens rarely.
        let process = Process::start(number, environment, &self.options, self.this.clone())?;
        tokio::spawn(end_when_idle(self.this.clone(), number, self.options.idle));
        let entry = Entry { environment, process, active: 0, retiring: false, idle_since: Instant::now() };
        state.entries.push(entry);
        Ok(Some(state.entries.len() - 1))
    }

    /// For each waiting environment without a process, one process of another environment takes no further runs.
    fn retire_for_the_starving(state: &mut State) {
        let has_process = |environment: EnvironmentId| {
            state.entries.iter().any(|entry| entry.environment == environment && !entry.retiring)
        };
        let starving = state.waiting.iter().filter(|(environment, _)| !has_process(*environment)).count();
        let mut retiring = state.entries.iter().filter(|entry| entry.retiring).count();
        while retiring < starving {
            // The one that is free soonest, as far as one can tell.
            let candidates = state.entries.iter_mut().filter(|entry| !entry.retiring);
            let Some(entry) = candidates.min_by_key(|entry| entry.active) else { return };
            entry.retiring = true;
            retiring += 1;
        }
    }
}

/// Ends the process once it has been without a run for as long as it may be.
async fn end_when_idle(supervisor: std::sync::Weak<Supervisor>, number: u64, idle: Duration) {
    let mut wait = idle;
    loop {
        tokio::time::sleep(wait).await;
        let Some(supervisor) = supervisor.upgrade() else { return };
        let mut state = supervisor.state();
        let Some(at) = state.entries.iter().position(|entry| entry.process.number == number) else { return };
        let entry = &state.entries[at];
        let rested = entry.idle_since.elapsed();
        if entry.active > 0 {
            wait = idle;
        } else if rested < idle {
            wait = idle.saturating_sub(rested);
        } else {
            state.entries.swap_remove(at).process.kill();
            return;
        }
    }
}
