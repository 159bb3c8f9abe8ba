//! The runner process: what `bespoke runner` does.
//!
//! Its main thread reads frames and never waits for anything else, so that the parent's writes always get through.
//! Runs and compilations have threads of their own; one more thread watches the runs.

use crate::compile::{compile, is_reserved};
use crate::error::CompileError;
use crate::limits::{GRACE, MAX_STACK, THREAD_STACK};
use crate::protocol::{FromRunner, ModuleHead, TaskId, ToRunner};
use crate::sandbox;
use crate::wire::{Reader, Writer};
use crate::worker::{Answer, Bundle, Control, Handle, Inbound, Job, Workers};
use bytes::Bytes;
use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, mpsc};
use std::time::Duration;

/// How often the runs are looked at.
const WATCH: Duration = Duration::from_millis(50);

/// Looks between two reports of the same stuck run.
const REPORT_EVERY: u64 = 5;

/// Runs as a runner process until the parent closes the socket, which is the standard input.
///
/// With the argument `--self-test`, enters the sandbox, tries what must not work there, and prints what happened.
pub fn runner_main() -> ExitCode {
    let result =
        if std::env::args().any(|argument| argument == "--self-test") { self_test() } else { serve() };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("runner: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the parent reads a runner's stderr and logs it")]
fn complain(message: &str) {
    eprintln!("{message}");
}

#[expect(clippy::print_stdout, reason = "this is the output of a hidden command for tests")]
fn self_test() -> io::Result<()> {
    sandbox::enter(4 << 30)?;
    print!("{}", sandbox::self_test());
    Ok(())
}

fn serve() -> io::Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let writer = Arc::new(Writer::new(socket.try_clone()?));
    let mut reader = Reader::new(socket);
    let Some((ToRunner::Hello { address_space }, _)) = reader.next()? else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the first frame is not a greeting"));
    };
    sandbox::enter(address_space)?;
    let workers = Workers::new(Arc::clone(&writer));
    // Two, so that a run right after another does not wait until its engine is made.
    workers.prepare();
    workers.prepare();
    let watched = Arc::clone(&workers);
    let watcher_writer = Arc::clone(&writer);
    let watcher =
        std::thread::Builder::new().name("watch".into()).spawn(move || watch(&watched, &watcher_writer))?;
    let mut runner = Runner { workers, writer, bundles: HashMap::new(), watcher: watcher.thread().clone() };
    while let Some((frame, body)) = reader.next()? {
        runner.handle(frame, body)?;
    }
    // Runs may be anywhere in the engine; the process ends under them.
    Ok(())
}

struct Runner {
    workers: Arc<Workers>,
    writer: Arc<Writer>,
    bundles: HashMap<u64, Arc<Bundle>>,
    watcher: std::thread::Thread,
}

impl Runner {
    fn handle(&mut self, frame: ToRunner, body: Bytes) -> io::Result<()> {
        match frame {
            ToRunner::Hello { .. } => return Err(invalid("a second greeting")),
            ToRunner::Load { bundle, modules } => {
                self.bundles.insert(bundle, Arc::new(Bundle::new(split(modules, body)?)));
            }
            ToRunner::Unload { bundle } => {
                self.bundles.remove(&bundle);
            }
            ToRunner::Start { task, bundle, kind, limits, now, context_length } => {
                let bundle = self.bundles.get(&bundle).ok_or_else(|| invalid("an unknown bundle"))?;
                if context_length > body.len() {
                    return Err(invalid("a length beyond the body"));
                }
                let (sender, inbox) = mpsc::channel();
                let control = Arc::new(Control::new());
                let handle = Handle { inbox: sender, control: Arc::clone(&control) };
                self.running().insert(task, handle);
                self.watcher.unpark();
                self.workers.start(Job {
                    task,
                    bundle: Arc::clone(bundle),
                    kind,
                    limits,
                    now,
                    context: body.slice(..context_length),
                    input: body.slice(context_length..),
                    control,
                    inbox,
                });
            }
            ToRunner::Reply { task, call, result } => {
                if let Some(run) = self.running().get(&task) {
                    // A run that has just ended needs no answer.
                    let _ = run.inbox.send(Inbound::Reply(Answer { call, result, body }));
                }
            }
            ToRunner::Cancel { task } => {
                if let Some(run) = self.running().get(&task) {
                    run.control.cancel();
                    let _ = run.inbox.send(Inbound::Cancel);
                }
            }
            ToRunner::Compile { task, modules } => {
                let modules = split(modules, body)?;
                let writer = Arc::clone(&self.writer);
                std::thread::Builder::new()
                    .name("compile".into())
                    .stack_size(MAX_STACK.max(THREAD_STACK))
                    .spawn(move || compile_task(task, &modules, &writer))?;
            }
        }
        Ok(())
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<TaskId, Handle>> {
        self.workers.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn compile_task(task: TaskId, modules: &[(String, Bytes)], writer: &Writer) {
    let (frame, body) = match compile_modules(modules) {
        Ok(compiled) => {
            let lengths = compiled.iter().map(Vec::len).collect();
            (FromRunner::Compiled { task, lengths }, compiled.concat())
        }
        Err(error) => (FromRunner::Rejected { task, error }, Vec::new()),
    };
    // The main thread sees a parent that is gone, and ends the process.
    let _ = writer.send(&frame, &body);
}

fn compile_modules(modules: &[(String, Bytes)]) -> Result<Vec<Vec<u8>>, CompileError> {
    let refuse =
        |name: &str, message: String| CompileError { module: name.to_owned(), line: 0, column: 0, message };
    let mut texts = Vec::with_capacity(modules.len());
    for (name, code) in modules {
        if is_reserved(name) {
            return Err(refuse(name, "a module that comes with the runtime has this name".to_owned()));
        }
        let code = std::str::from_utf8(code).map_err(|error| refuse(name, error.to_string()))?;
        texts.push((name.as_str(), code));
    }
    compile(&texts)
}

/// Cuts a body into the modules that it consists of.
fn split(modules: Vec<ModuleHead>, mut body: Bytes) -> io::Result<Vec<(String, Bytes)>> {
    let mut cut = Vec::with_capacity(modules.len());
    for ModuleHead { name, length } in modules {
        if length > body.len() {
            return Err(invalid("a length beyond the body"));
        }
        cut.push((name, body.split_to(length)));
    }
    Ok(cut)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the parent sent {what}"))
}

/// Modules that do not end although no run waits for them: there is nobody to blame but the process as a whole.
#[expect(clippy::exit, reason = "a thread inside the engine cannot be ended otherwise")]
fn end_process() {
    complain("runner: modules cannot be interrupted");
    std::process::exit(1);
}

/// Tells the parent of runs whose engine does not obey any more. Sleeps while there are none.
fn watch(workers: &Workers, writer: &Writer) {
    for round in 0_u64.. {
        if workers.ahead().iter().any(|control| control.is_stuck(GRACE)) {
            end_process();
        }
        let reports: Vec<_> = {
            let running = workers.running.lock().unwrap_or_else(PoisonError::into_inner);
            if running.is_empty() {
                drop(running);
                std::thread::park();
                continue;
            }
            let stuck = running.iter().filter(|(_, run)| run.control.is_stuck(GRACE));
            stuck
                .map(|(task, run)| FromRunner::Stuck {
                    task: *task,
                    thread: run.control.thread.load(Ordering::Relaxed),
                    cpu_start_micros: run.control.cpu_start.load(Ordering::Relaxed),
                })
                .collect()
        };
        if round % REPORT_EVERY == 0 {
            for report in &reports {
                // The main thread sees a parent that is gone, and ends the process.
                let _ = writer.send(report, &[]);
            }
        }
        std::thread::sleep(WATCH);
    }
}
