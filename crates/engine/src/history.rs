//! Keeps what ran without being queued. A caller of an action does not wait for it: rows are written many at once.

use bespoke_store::{DirectRun, Store};
use tokio::sync::mpsc;

/// How many runs wait to be written before the oldest history gives way to speed.
const CAPACITY: usize = 10_000;
/// How many runs one transaction takes.
const BATCH: usize = 500;

/// Where ended runs are handed in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct History(mpsc::Sender<DirectRun>);

/// Writes what is handed in; ends when every [`History`] is gone and all is written.
pub(crate) struct HistoryWriter(mpsc::Receiver<DirectRun>);

/// A history and its writer.
pub(crate) fn history() -> (History, HistoryWriter) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    (History(sender), HistoryWriter(receiver))
}

impl History {
    /// Hands in a run. Where the database is that far behind, the run's row is given up and a warning says so.
    pub(crate) fn add(&self, run: DirectRun) {
        if self.0.try_send(run).is_err() {
            tracing::warn!("the history of runs is behind; a run was not kept");
        }
    }
}

impl HistoryWriter {
    /// Writes until there is nobody left who hands in, or `stop` ends and all is written.
    pub(crate) async fn run(mut self, store: Store, stop: tokio_util::sync::CancellationToken) {
        let mut runs = Vec::with_capacity(BATCH);
        loop {
            let taken = tokio::select! {
                biased;
                taken = self.0.recv_many(&mut runs, BATCH) => taken,
                () = stop.cancelled() => {
                    self.0.close();
                    self.0.recv_many(&mut runs, BATCH).await
                }
            };
            if taken == 0 {
                return;
            }
            if let Err(error) = store.record_runs(std::mem::take(&mut runs)).await {
                tracing::error!(error = crate::error::chain(&error), "runs could not be kept");
            }
        }
    }
}
