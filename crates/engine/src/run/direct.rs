//! Executing a function for somebody who waits, without the queue.

use super::{Ended, Execution};
use crate::{Engine, Error, Result, failures};
use bespoke_core::time::Timestamp;
use bespoke_runtime::code::RUNNER_LOST;
use bespoke_store::{DirectRun, Finish, NewRun};
use bytes::Bytes;
use std::sync::Arc;

/// How often a function is run again whose process was lost through another run's fault.
const LOST_TRIES: u32 = 3;

impl Engine {
    /// Executes a function and keeps the run, which somebody asked for at `asked_at`. Its output as JSON; fails with
    /// [`Error::Failed`].
    pub(crate) async fn run_directly(
        self: &Arc<Self>,
        execution: Execution,
        asked_at: Timestamp,
    ) -> Result<Bytes> {
        let begun = self.now();
        let ended = self.execute_unless_lost(&execution).await;
        let result = ended.result.map_err(failures::told);
        let finish = match &result {
            Ok(_) => Finish::succeeded(None, ended.counts),
            Err(failure) => Finish::failed(ended.log.hide(&failures::kept(failure)).into_owned()),
        };
        let finish = Finish { reads: ended.reads, ..finish };
        let function = &execution.function.function;
        let names = (execution.connection.provider_config_key.as_str(), function.definition.name.as_str());
        self.count_run(execution.environment.id, names, &finish, begun);
        let run = NewRun {
            id: execution.id,
            environment: execution.environment.id,
            kind: execution.kind,
            connection: execution.connection.id,
            function_name: function.definition.name.clone(),
            sync: None,
            run_at: asked_at,
            max_attempts: 1,
            input: None,
            lane: None,
            now: asked_at,
        };
        self.logs.add_run(DirectRun {
            run,
            function: function.id,
            finish,
            metadata_revision: execution.connection.metadata_revision,
            finished_at: self.now(),
        });
        result.map_err(|failure| Error::Failed(Box::new(failure)))
    }

    async fn execute_unless_lost(self: &Arc<Self>, execution: &Execution) -> Ended {
        let mut tries = 1;
        loop {
            let ended = self.execute(execution.clone()).await;
            let is_lost = matches!(&ended.result, Err(failure) if failure.code == RUNNER_LOST);
            if !is_lost || tries >= LOST_TRIES {
                return ended;
            }
            tries += 1;
        }
    }
}
