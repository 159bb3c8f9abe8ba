//! A task – a run or a compilation – in a runner process, as the parent holds it.

use crate::compile::{Bytecode, SourceModule};
use crate::error::{CompileError, Error};
use crate::process::{Event, Process};
use crate::protocol::TaskId;
use crate::supervisor::{Place, Runtime, Supervisor};
use bespoke_core::id::EnvironmentId;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a runner has to end a run that it was told to stop.
pub(crate) const STOP_GRACE: Duration = Duration::from_secs(1);

/// How long a compilation may take.
const COMPILE_TIME: Duration = Duration::from_mins(1);

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
}

/// A task in a process. Dropped before the process said that it ended, it is stopped.
pub(crate) struct Task {
    pub(crate) id: TaskId,
    pub(crate) process: Arc<Process>,
    pub(crate) supervisor: Arc<Supervisor>,
    /// Whether there is nothing to stop any more.
    pub(crate) ended: bool,
}

impl Task {
    pub(crate) fn open(supervisor: &Arc<Supervisor>, place: Place) -> Option<(Self, mpsc::Receiver<Event>)> {
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
