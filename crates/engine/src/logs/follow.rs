//! The log as it grows.

use super::{LogQuery, Logs, Order};
use crate::{Engine, error::chain};
use bespoke_core::{
    id::EnvironmentId,
    log::{LogId, LogLine},
};
use futures_util::{Stream, stream};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::sync::watch;

/// How often is looked for lines of other nodes.
const POLL: Duration = Duration::from_secs(1);
/// The shortest time between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// How much later than its time a line of another node may arrive.
const LATE: Duration = Duration::from_secs(5);
/// How many lines one look takes.
const AT_ONCE: u32 = 1_000;

impl Engine {
    /// The newest `query.limit` lines that match, oldest first, and from then on those that are written, on whatever node.
    /// It has no end.
    pub fn follow_logs(
        self: &Arc<Self>,
        environment: EnvironmentId,
        query: LogQuery,
    ) -> impl Stream<Item = LogLine> + Send + use<> {
        let follower = Follower {
            engine: Arc::clone(self),
            environment,
            written: self.logs.written(),
            seen: BTreeSet::new(),
            query,
            is_first: true,
            ready: Vec::new(),
        };
        stream::unfold(follower, |mut follower| async {
            let line = follower.next().await;
            Some((line, follower))
        })
    }
}

impl Logs {
    fn written(&self) -> watch::Receiver<()> {
        self.0.written.subscribe()
    }
}

struct Follower {
    engine: Arc<Engine>,
    environment: EnvironmentId,
    written: watch::Receiver<()>,
    query: LogQuery,
    is_first: bool,
    /// Lines that were given out and are looked at again, because others may come between them.
    seen: BTreeSet<LogId>,
    /// To be given out, last first.
    ready: Vec<LogLine>,
}

impl Follower {
    async fn next(&mut self) -> LogLine {
        loop {
            if let Some(line) = self.ready.pop() {
                return line;
            }
            // Listened before the look: what is written in between ends the wait.
            self.written.borrow_and_update();
            if let Err(error) = self.look().await {
                tracing::warn!(error = chain(&error), "the log could not be read; it is tried again");
            }
            if self.ready.is_empty() {
                tokio::time::sleep(PAUSE).await;
                let _ = tokio::time::timeout(POLL, self.written.changed()).await;
            }
        }
    }

    async fn look(&mut self) -> crate::Result<()> {
        if self.is_first {
            let query = LogQuery { order: Order::NewestFirst, ..self.query.clone() };
            self.ready = self.engine.list_logs(self.environment, query).await?;
            self.is_first = false;
            let start = LogId::first_at(self.engine.now());
            self.query.after = self.ready.first().map_or(start, |line| line.id);
            self.query.order = Order::OldestFirst;
            self.query.limit = AT_ONCE;
            self.seen = self.ready.iter().map(|line| line.id).collect();
            return Ok(());
        }
        let mut after = self.query.after;
        if self.engine.store.is_shared() {
            after = LogId::first_at(after.time().before(LATE));
            self.seen = self.seen.split_off(&after);
        } else {
            // One node, one writer: what comes later has a greater id.
            self.seen.clear();
        }
        let query = LogQuery { after, ..self.query.clone() };
        let lines = self.engine.store.logs(self.environment, query).await?;
        if let Some(last) = lines.last() {
            // A look that was full goes on behind its last line, even if it was a second look at all of them.
            let is_full = lines.len() >= AT_ONCE as usize;
            self.query.after = if is_full { last.id } else { last.id.max(self.query.after) };
        }
        self.ready = lines.into_iter().filter(|line| self.seen.insert(line.id)).collect();
        self.ready.reverse();
        Ok(())
    }
}
