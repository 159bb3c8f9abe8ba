//! One runner process, seen from the parent: starting it, speaking with it, ending it.

use crate::error::{CompileError, Failure};
use crate::host::Refusal;
use crate::protocol::{FromRunner, ModuleHead, PREFIX, TaskId, ToRunner, encode, lengths};
use crate::run::Run;
use crate::supervisor::{Options, Supervisor};
use bespoke_core::{id::EnvironmentId, paths_read::PathsRead};
use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::{Notify, mpsc};

/// Functions whose modules a runner keeps. The one used longest ago goes first.
const MAX_BUNDLES: usize = 64;

/// Events of a task that may wait. A task that does not take them holds its process's other tasks up, which are of the
/// same environment.
const EVENTS: usize = 256;

/// What a runner may write to stderr before the rest is dropped, bytes.
const MAX_STDERR: usize = 64 << 10;

/// Address space of a runner: a base, and a share for each run. A backstop; each run's heap has its own limit.
const ADDRESS_SPACE: u64 = 4 << 30;
const ADDRESS_SPACE_PER_RUN: u64 = 1 << 30;

/// What a task hears from its process.
#[derive(Debug)]
pub(crate) enum Event {
    Call { call: u32, request: Box<RawValue>, body: Bytes },
    Notify { request: Box<RawValue> },
    Done { cpu: Duration, output: Bytes, reads: PathsRead },
    Failed { cpu: Duration, failure: Failure, reads: PathsRead },
    Stuck { thread: i32, cpu_start: Duration },
    Compiled { lengths: Vec<usize>, code: Bytes },
    Rejected { error: CompileError },
}

/// A module as the parent holds it.
#[derive(Clone, Debug)]
pub struct Module {
    /// The name that other modules import it by.
    pub name: String,
    /// From [`crate::Runtime::compile`] of the same [`crate::ENGINE_VERSION`]; nothing else may be loaded.
    pub bytecode: Bytes,
}

/// A runner process.
#[derive(Debug)]
pub(crate) struct Process {
    /// Unique in its runtime.
    pub(crate) number: u64,
    /// The operating system's number.
    pub(crate) pid: Option<u32>,
    frames: mpsc::UnboundedSender<Frame>,
    /// Where the events of each task go. Empty for good once the process is gone.
    tasks: Mutex<Option<HashMap<TaskId, mpsc::Sender<Event>>>>,
    next_task: AtomicU64,
    bundles: Mutex<Bundles>,
    kill: Notify,
}

type Frame = (ToRunner, Vec<Bytes>);

#[derive(Debug, Default)]
struct Bundles {
    next: u64,
    /// Loaded bundles, the one used longest ago first. Their bytes are held here, so an address cannot be another
    /// module's later.
    loaded: Vec<(u64, Arc<[Module]>)>,
}

impl Process {
    /// Starts a process and the tasks that serve it.
    pub(crate) fn start(
        number: u64,
        environment: EnvironmentId,
        options: &Options,
        supervisor: Weak<Supervisor>,
    ) -> io::Result<Arc<Self>> {
        // Places are given out when others come free, which may be while tokio is being shut down.
        tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut child = Command::new(&options.program)
            .args(&options.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (reader, writer) = UnixStream::from_std(ours)?.into_split();
        let (frames, queue) = mpsc::unbounded_channel();
        let process = Arc::new(Self {
            number,
            pid: child.id(),
            frames,
            tasks: Mutex::new(Some(HashMap::new())),
            next_task: AtomicU64::new(1),
            bundles: Mutex::default(),
            kill: Notify::new(),
        });
        let runs = options.runs_per_runner as u64;
        process.send(
            ToRunner::Hello { address_space: ADDRESS_SPACE + runs * ADDRESS_SPACE_PER_RUN },
            Vec::new(),
        );
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(log_stderr(environment, process.pid, stderr));
        }
        tokio::spawn(write(queue, writer));
        tokio::spawn(Arc::clone(&process).serve(child, reader, supervisor));
        Ok(process)
    }

    /// Ends the process now. What runs in it is lost.
    pub(crate) fn kill(&self) {
        self.kill.notify_one();
    }

    /// A new task; its events arrive at the receiver, which closes when the process is gone.
    pub(crate) fn open_task(&self) -> (TaskId, mpsc::Receiver<Event>) {
        let task = self.next_task.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = mpsc::channel(EVENTS);
        if let Some(tasks) = self.tasks().as_mut() {
            tasks.insert(task, sender);
        }
        (task, receiver)
    }

    /// Whether the runner has not said yet that the task ended.
    pub(crate) fn has_task(&self, task: TaskId) -> bool {
        self.tasks().as_ref().is_some_and(|tasks| tasks.contains_key(&task))
    }

    /// Starts a run.
    pub(crate) fn start_run(&self, task: TaskId, run: &Run) {
        // The lock is held until the frame is in line, so that no other run unloads the bundle in between.
        let mut bundles = self.bundles.lock().unwrap_or_else(PoisonError::into_inner);
        let start = ToRunner::Start {
            task,
            bundle: self.load(&mut bundles, &run.modules),
            kind: run.kind.as_str().to_owned(),
            limits: run.limits,
            now: run.now,
            context_length: run.context.len(),
        };
        self.send(start, vec![run.context.clone(), run.input.clone()]);
    }

    /// Compiles modules: name and text.
    pub(crate) fn start_compilation(&self, task: TaskId, modules: Vec<(String, Bytes)>) {
        let heads = modules
            .iter()
            .map(|(name, code)| ModuleHead { name: name.clone(), length: code.len() })
            .collect();
        let bodies = modules.into_iter().map(|(_, code)| code).collect();
        self.send(ToRunner::Compile { task, modules: heads }, bodies);
    }

    /// Answers a call.
    pub(crate) fn reply(
        &self,
        task: TaskId,
        call: u32,
        result: Result<Option<Box<RawValue>>, Refusal>,
        body: Bytes,
    ) {
        self.send(ToRunner::Reply { task, call, result }, vec![body]);
    }

    /// Asks a run to stop.
    pub(crate) fn cancel(&self, task: TaskId) {
        self.send(ToRunner::Cancel { task }, Vec::new());
    }

    /// The number of the bundle in the runner, which is given the modules if it does not have them.
    fn load(&self, bundles: &mut Bundles, modules: &Arc<[Module]>) -> u64 {
        if let Some(at) = bundles.loaded.iter().position(|(_, loaded)| is_same(loaded, modules)) {
            let bundle = bundles.loaded.remove(at);
            let number = bundle.0;
            bundles.loaded.push(bundle);
            return number;
        }
        if bundles.loaded.len() >= MAX_BUNDLES {
            let (bundle, _) = bundles.loaded.remove(0);
            self.send(ToRunner::Unload { bundle }, Vec::new());
        }
        let bundle = bundles.next;
        bundles.next += 1;
        bundles.loaded.push((bundle, Arc::clone(modules)));
        let head = |module: &Module| ModuleHead { name: module.name.clone(), length: module.bytecode.len() };
        let heads = modules.iter().map(head).collect();
        self.send(
            ToRunner::Load { bundle, modules: heads },
            modules.iter().map(|module| module.bytecode.clone()).collect(),
        );
        bundle
    }

    fn send(&self, head: ToRunner, bodies: Vec<Bytes>) {
        // A process that is gone tells its tasks by closing their channels.
        let _ = self.frames.send((head, bodies));
    }

    fn tasks(&self) -> MutexGuard<'_, Option<HashMap<TaskId, mpsc::Sender<Event>>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what the process says until it ends, or is ended.
    async fn serve(self: Arc<Self>, mut child: Child, reader: OwnedReadHalf, supervisor: Weak<Supervisor>) {
        let reading = self.read(reader, &supervisor);
        tokio::select! {
            () = self.kill.notified() => {}
            result = reading => {
                if let Err(error) = result {
                    tracing::warn!(pid = self.pid, %error, "a runner said what it must not say");
                }
            }
        }
        // Whatever it was: nothing of it may go on.
        let _ = child.start_kill();
        let lost = self.tasks().take();
        if let Some(supervisor) = supervisor.upgrade() {
            supervisor.remove(self.number);
        }
        drop(lost);
        match child.wait().await {
            Ok(status) => tracing::debug!(pid = self.pid, %status, "a runner ended"),
            Err(error) => tracing::warn!(pid = self.pid, %error, "a runner could not be waited for"),
        }
    }

    async fn read(&self, reader: OwnedReadHalf, supervisor: &Weak<Supervisor>) -> io::Result<()> {
        let mut reader = BufReader::with_capacity(64 << 10, reader);
        let mut head = Vec::new();
        loop {
            let mut prefix = [0; PREFIX];
            match reader.read_exact(&mut prefix).await {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
            let (head_length, body_length) = lengths(prefix)?;
            head.resize(head_length, 0);
            reader.read_exact(&mut head).await?;
            let mut body = BytesMut::zeroed(body_length);
            reader.read_exact(&mut body).await?;
            self.dispatch(serde_json::from_slice(&head)?, body.freeze(), supervisor).await;
        }
    }

    async fn dispatch(&self, frame: FromRunner, body: Bytes, supervisor: &Weak<Supervisor>) {
        let (task, event, is_last) = match frame {
            FromRunner::Call { task, call, request } => (task, Event::Call { call, request, body }, false),
            FromRunner::Notify { task, request } => (task, Event::Notify { request }, false),
            FromRunner::Stuck { task, thread, cpu_start_micros } => {
                (task, Event::Stuck { thread, cpu_start: Duration::from_micros(cpu_start_micros) }, false)
            }
            FromRunner::Done { task, cpu_micros, reads } => {
                (task, Event::Done { cpu: Duration::from_micros(cpu_micros), output: body, reads }, true)
            }
            FromRunner::Failed { task, cpu_micros, failure, reads } => {
                (task, Event::Failed { cpu: Duration::from_micros(cpu_micros), failure, reads }, true)
            }
            FromRunner::Compiled { task, lengths } => (task, Event::Compiled { lengths, code: body }, true),
            FromRunner::Rejected { task, error } => (task, Event::Rejected { error }, true),
        };
        let sender = match self.tasks().as_mut() {
            Some(tasks) if is_last => tasks.remove(&task),
            Some(tasks) => tasks.get(&task).cloned(),
            None => None,
        };
        let Some(sender) = sender else { return };
        if is_last && let Some(supervisor) = supervisor.upgrade() {
            supervisor.release(self.number);
        }
        // Nobody listens any more to a run that was given up.
        let _ = sender.send(event).await;
    }
}

/// Whether two lists of modules are the same in memory, which is enough: the engine's cache hands out the same bytes.
fn is_same(a: &[Module], b: &[Module]) -> bool {
    let same = |(a, b): (&Module, &Module)| {
        a.name == b.name && a.bytecode.as_ptr() == b.bytecode.as_ptr() && a.bytecode.len() == b.bytecode.len()
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// Writes frames, each whole, until the process is gone.
async fn write(mut queue: mpsc::UnboundedReceiver<Frame>, mut writer: OwnedWriteHalf) {
    /// Bodies up to this size travel in the same system call as their head.
    const SMALL: usize = 16 << 10;
    let mut buffer = Vec::new();
    while let Some((head, bodies)) = queue.recv().await {
        let length = bodies.iter().map(Bytes::len).sum();
        let written = async {
            encode(&head, length, &mut buffer)?;
            let small = length <= SMALL;
            if small {
                for body in &bodies {
                    buffer.extend_from_slice(body);
                }
            }
            writer.write_all(&buffer).await?;
            if !small {
                for body in &bodies {
                    writer.write_all(body).await?;
                }
            }
            Ok::<(), io::Error>(())
        };
        // The reading side sees the same end. A frame too large to write is a task that waits until its time is up.
        match written.await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                tracing::error!(%error, "a frame for a runner was not sent");
            }
            Err(_) => return,
        }
    }
}

/// Logs what a runner complains about; a function cannot write here, but a broken engine may.
async fn log_stderr(environment: EnvironmentId, pid: Option<u32>, mut stderr: ChildStderr) {
    let mut chunk = [0; 4096];
    let mut logged = 0;
    while let Ok(length @ 1..) = stderr.read(&mut chunk).await {
        if logged < MAX_STDERR {
            let text = String::from_utf8_lossy(&chunk[..length]);
            tracing::warn!(environment.id = %environment, pid, text = text.trim_end(), "a runner wrote to stderr");
        }
        logged += length;
    }
}
