//! The log: what functions say, the requests made for customers, how runs end, what happens on the platform.
//!
//! Whoever has a line hands it in and goes on; one task writes many at once, in their order, with the runs of actions
//! that someone waited for. Who must see what was handed in ([`Logs::flush`]) has it written at once: the end of a queued
//! run, and every search on this node. Secrets are taken out before a line is handed in ([`secrets`]).

mod follow;
mod http_call;
mod queue;
mod scope;
pub(crate) mod secrets;

pub use bespoke_store::{ListedRun, LogQuery, Order, RunCursor, RunsQuery};
pub(crate) use http_call::{ERROR_BODY, HttpCall};
pub(crate) use scope::LogScope;

use crate::{Engine, Error, Resource, Result, error::chain};
use bespoke_core::{
    id::{EnvironmentId, IdSource},
    log::LogLine,
    paths_read::PathsRead,
    time::Clock,
};
use bespoke_store::{DirectRun, Store};
use queue::{Item, Queue};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// How long the first of some lines waits for others.
const GATHER: Duration = Duration::from_millis(50);
/// How long to wait before writing is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Where lines are handed in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Logs(Arc<Shared>);

struct Shared {
    store: Store,
    clock: Arc<dyn Clock>,
    queue: Mutex<Queue>,
    /// There is something to write.
    waiting: Notify,
    /// There is so much that it must not wait.
    long: Notify,
    /// How many of the accepted items were written, or given up; whoever holds it writes.
    settled: tokio::sync::Mutex<u64>,
    /// Changes with every write.
    written: watch::Sender<()>,
    tasks: TaskTracker,
}

impl Logs {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, ids: &IdSource) -> Self {
        Self(Arc::new(Shared {
            store,
            clock,
            queue: Mutex::new(Queue::new(ids)),
            waiting: Notify::new(),
            long: Notify::new(),
            settled: tokio::sync::Mutex::new(0),
            written: watch::Sender::new(()),
            tasks: TaskTracker::new(),
        }))
    }

    /// Hands in a line. Its id is made here.
    pub(crate) fn add(&self, line: LogLine) {
        self.hand_in(Item::Line(line));
    }

    /// Hands in a run that was executed without being queued; it is written after the lines that were handed in before.
    pub(crate) fn add_run(&self, run: DirectRun) {
        self.hand_in(Item::Run(Box::new(run)));
    }

    fn hand_in(&self, item: Item) {
        let (accepted, is_long) = {
            let mut queue = self.queue();
            let accepted = queue.add(item, self.0.clock.now());
            (accepted, queue.is_long())
        };
        if !accepted {
            tracing::warn!("the database is behind: lines of the log are not kept until it has caught up");
        }
        self.0.waiting.notify_one();
        if is_long {
            self.0.long.notify_one();
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when everything that was handed in before is written, or the database has failed to take it.
    pub(crate) async fn flush(&self) {
        let target = self.queue().accepted;
        let logs = self.clone();
        // A task of its own: a caller who goes away must not take lines along.
        let written = self.0.tasks.spawn(async move { logs.write_up_to(target).await }).await;
        if let Ok(Err(error)) = written {
            tracing::error!(error = chain(&error), "the log could not be written; it is tried again");
        }
    }

    /// Writes until the item of this number is settled.
    async fn write_up_to(&self, target: u64) -> Result<(), bespoke_store::Error> {
        let mut settled = self.0.settled.lock().await;
        while *settled < target {
            let items = self.queue().take(self.0.clock.now());
            if items.is_empty() {
                return Ok(());
            }
            *settled += self.write(items).await?;
        }
        Ok(())
    }

    /// Writes one batch. How many items are settled by that: all, unless the database is away for a while.
    async fn write(&self, items: Vec<Item>) -> Result<u64, bespoke_store::Error> {
        use bespoke_store::Error::{Busy, Unavailable};
        let count = items.len() as u64;
        let (mut lines, mut runs) = (Vec::with_capacity(items.len()), Vec::new());
        for item in &items {
            match item {
                Item::Line(line) => lines.push(line.clone()),
                Item::Run(run) => runs.push(DirectRun::clone(run)),
            }
        }
        match self.0.store.write_logs(lines, runs).await {
            Ok(()) => {
                self.0.written.send_replace(());
                Ok(count)
            }
            Err(error @ (Busy(_) | Unavailable(_))) => {
                self.queue().put_back(items);
                Err(error)
            }
            Err(error) => {
                tracing::error!(
                    error = chain(&error),
                    count,
                    "lines of the log cannot be written and are lost"
                );
                Ok(count)
            }
        }
    }

    /// Writes what is handed in, until `stop`; then what is left.
    pub(crate) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.0.waiting.notified() => {}
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.0.long.notified() => {}
                () = tokio::time::sleep(GATHER) => {}
            }
            self.flush().await;
            if !self.queue().is_empty() {
                // Either more came meanwhile, or the database is away.
                let is_behind = self.queue().is_long();
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(if is_behind { Duration::ZERO } else { AGAIN.min(GATHER) }) => {}
                }
                self.0.waiting.notify_one();
            }
        }
        self.flush().await;
    }
}

/// A run with the end of its log.
#[derive(Debug)]
pub struct RunWithLogs {
    /// The run.
    pub run: ListedRun,
    /// Its checkpoint before and after, `{from, to}`; `None` where it did not ask for it.
    pub checkpoints: Option<serde_json::Value>,
    /// What it read of its configuration; `None` where it has not ended yet, or cannot tell.
    pub reads: Option<PathsRead>,
    /// Its last lines, oldest first.
    pub lines: Vec<LogLine>,
    /// Whether there are earlier ones.
    pub has_more: bool,
}

impl Engine {
    /// The lines of an environment that match, what this node has handed in so far included.
    pub async fn list_logs(&self, environment: EnvironmentId, query: LogQuery) -> Result<Vec<LogLine>> {
        self.logs.flush().await;
        Ok(self.store.logs(environment, query).await?)
    }

    /// The runs of an environment that match, newest first.
    pub async fn list_runs(&self, environment: EnvironmentId, query: RunsQuery) -> Result<Vec<ListedRun>> {
        self.logs.flush().await;
        Ok(self.store.runs(environment, query).await?)
    }

    /// A run with its last `lines` lines.
    pub async fn read_run(&self, environment: EnvironmentId, id: Uuid, lines: u32) -> Result<RunWithLogs> {
        self.logs.flush().await;
        let run = self.store.listed_run(environment, id).await?.ok_or(Error::NotFound(Resource::Run))?;
        let query = LogQuery { run: Some(id), limit: lines + 1, ..LogQuery::default() };
        let mut newest = self.store.logs(environment, query).await?;
        let has_more = newest.len() > lines as usize;
        newest.truncate(lines as usize);
        newest.reverse();
        let checkpoints = self.store.checkpoint_of_run(environment, id).await?.to_json()?;
        let reads = self.store.reads_of_run(environment, id).await?;
        Ok(RunWithLogs { run, checkpoints, reads, lines: newest, has_more })
    }

    /// Cancels a run that is queued or goes on; one that has ended stays as it is. What became of it.
    ///
    /// Fails with [`Error::NotFound`]; an action that someone waits for is in no queue, and not there.
    pub async fn cancel_run(&self, environment: EnvironmentId, id: Uuid) -> Result<ListedRun> {
        self.store.cancel_run(environment, id).await?;
        self.store.listed_run(environment, id).await?.ok_or(Error::NotFound(Resource::Run))
    }
}
