//! What an engine does by itself: the worker, the chores and the writer of the log.

use crate::{Engine, Result, error::chain, worker::Worker};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long actions whose callers went away may still take at a stop.
const GRACE: Duration = Duration::from_secs(10);

/// The tasks of a started engine. Dropping it stops them without waiting; [`Background::stop`] waits.
pub struct Background {
    engine: Arc<Engine>,
    tasks: JoinSet<()>,
    writer: JoinSet<()>,
    stop: CancellationToken,
    stop_writer: CancellationToken,
}

impl Engine {
    /// Starts the engine's own work. Call it once.
    ///
    /// On SQLite this node is the only one, so what ran when an earlier process died is taken up at once; with
    /// PostgreSQL its leases tell when.
    pub async fn start(self: &Arc<Self>) -> Result<Background> {
        if !self.store.is_shared() {
            self.rescue_all_runs().await?;
        }
        self.prepare_webhooks().await?;
        let (stop, stop_writer) = (CancellationToken::new(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(Worker::new(Arc::clone(self)).run(stop.clone()));
        tasks.spawn(Arc::clone(self).maintain(stop.clone()));
        tasks.spawn(Arc::clone(self).keep_delivering(stop.clone()));
        tasks.spawn(Arc::clone(self).keep_routing(stop.clone()));
        let mut writer = JoinSet::new();
        writer.spawn(self.logs.clone().run(stop_writer.clone()));
        Ok(Background { engine: Arc::clone(self), tasks, writer, stop, stop_writer })
    }
}

impl Background {
    /// Hands runs back, ends the runner processes and writes the rest of the log.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.engine.actions.close();
        self.engine.renewals.tasks.close();
        if tokio::time::timeout(GRACE, self.engine.actions.wait()).await.is_err() {
            tracing::warn!(
                actions = self.engine.actions.len(),
                "actions whose callers are gone are given up"
            );
        }
        if tokio::time::timeout(GRACE, self.engine.renewals.tasks.wait()).await.is_err() {
            tracing::warn!("token endpoints that do not answer are given up");
        }
        if let Err(error) = self.engine.add_activity().await {
            tracing::warn!(
                error = chain(&error),
                "what happened in the last seconds is missing in the overview"
            );
        }
        self.engine.runtime.shutdown().await;
        self.stop_writer.cancel();
        while self.writer.join_next().await.is_some() {}
    }
}
