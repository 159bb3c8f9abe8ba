//! One engine: one QuickJS heap and context, for one run at a time, on one thread.
//!
//! An engine is made before there is a run for it: the globals, and often a function's modules too. Then an image is taken
//! of its memory, and after each run its memory is made again what the image says. Nothing survives from one run to the
//! next: not because it is cleaned up, but because it has never been there.

use crate::arena::{Arena, Image};
use crate::builtins;
use crate::error::{Failure, code};
use crate::limits::MAX_STACK;
use crate::modules::Modules;
use crate::ops;
use crate::ops::bytes;
use crate::state::{Assignment, State, Stop};
use crate::worker::{Bundle, Control, Inbound};
use bespoke_core::{paths_read::PathsRead, time::Timestamp};
use rquickjs::context::intrinsic;
use rquickjs::{Context, Ctx, Error, Exception, Function, Object, Persistent, Promise, Runtime, Value};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

/// Everything a function's context has. `Eval` is not among it: there is no text to code after compilation.
type Intrinsics = (
    (intrinsic::Date, intrinsic::RegExpCompiler, intrinsic::RegExp, intrinsic::Json, intrinsic::Proxy),
    (intrinsic::MapSet, intrinsic::TypedArrays, intrinsic::Promise, intrinsic::WeakRef),
    (intrinsic::Performance, intrinsic::DOMException),
);

/// Heap that a spare engine may use before it has a run and that run's limit, bytes.
const SPARE_MEMORY: usize = 32 << 20;

/// Heap below which no garbage is looked for, bytes. Most runs end before, and looking while the prelude and the modules are
/// loaded finds nothing: at the engine's own 256 KiB it was a sixth of a short run's CPU time.
const GARBAGE_THRESHOLD: usize = 16 << 20;

/// The stack limit of a spare engine, bytes.
const SPARE_STACK: usize = 1 << 20;

const STALLED: &str =
    "The function waits for a promise that nothing can settle: no call and no timer is pending.";

const INDESCRIBABLE: &str = "The function threw something that cannot be described.";

/// An engine.
pub(crate) struct Isolate {
    // Order of fields is order of dropping: values, context, heap.
    prelude: Option<Persistent<Object<'static>>>,
    context: Context,
    runtime: Runtime,
    state: Rc<State>,
    arena: Arena,
    /// The engine with its globals.
    pristine: Option<Image>,
    ahead: Option<Ahead>,
}

/// Modules that were evaluated ahead of their runs.
struct Ahead {
    bundle: Arc<Bundle>,
    /// The namespace of the entry.
    namespace: Kept<Object<'static>>,
    /// The built-in modules that they have opened.
    builtins: Builtins,
    /// The engine with the modules.
    image: Image,
}

/// What a run is given.
pub(crate) struct Work<'a> {
    pub(crate) kind: &'a str,
    pub(crate) context: &'a str,
    pub(crate) input: &'a str,
    pub(crate) inbox: &'a Receiver<Inbound>,
    pub(crate) bundle: &'a Arc<Bundle>,
    /// Where the clock stands, if it is not the system's.
    pub(crate) now: Option<Timestamp>,
}

type Kept<T> = Persistent<T>;

/// Names of built-in modules.
type Builtins = HashSet<String>;

/// Why a promise has no value.
enum End {
    Stopped(Stop),
    Threw(Kept<Value<'static>>),
    /// It is pending and nothing is under way that could settle it.
    Stalled,
    OutOfMemory,
}

impl Isolate {
    /// Makes an engine and installs the globals.
    pub(crate) fn new() -> rquickjs::Result<Self> {
        let state = Rc::new(State::default());
        let arena = Arena::new()?;
        let runtime = Runtime::new_with_alloc(arena.clone())?;
        runtime.set_memory_limit(SPARE_MEMORY);
        runtime.set_gc_threshold(GARBAGE_THRESHOLD);
        runtime.set_max_stack_size(SPARE_STACK);
        let modules = Modules(Rc::clone(&state));
        runtime.set_loader(modules.clone(), modules);
        let interrupt = Rc::clone(&state);
        runtime.set_interrupt_handler(Some(Box::new(move || interrupt.must_stop())));
        let tracker = Rc::clone(&state);
        runtime.set_host_promise_rejection_tracker(Some(Box::new(move |ctx, promise, reason, handled| {
            tracker.rejection(&ctx, promise, reason, handled);
        })));
        let context = Context::builder().with::<Intrinsics>().build(&runtime)?;
        let mut isolate = Self { prelude: None, context, runtime, state, arena, pristine: None, ahead: None };
        let prelude = isolate.context.with(|ctx| {
            let native = ops::install(&ctx, &isolate.state)?;
            isolate.state.native.replace(Some(Persistent::save(&ctx, native.clone())));
            let provider = Self::embedded(&ctx, builtins::NATIVE)?;
            provider.get::<_, Function>("provide")?.call::<_, ()>((native.clone(),))?;
            let namespace = Self::embedded(&ctx, builtins::PRELUDE)?;
            namespace.get::<_, Function>("install")?.call::<_, ()>((native,))?;
            Ok::<_, Error>(Persistent::save(&ctx, namespace))
        })?;
        isolate.prelude = Some(prelude);
        isolate.pristine = isolate.arena.image();
        Ok(isolate)
    }

    /// The engine as it was before its last run.
    pub(crate) fn renew(self) -> rquickjs::Result<Self> {
        self.state.end_run();
        let image = match &self.ahead {
            Some(ahead) => Some(&ahead.image),
            None => self.pristine.as_ref(),
        };
        let Some(image) = image else { return Self::new() };
        // What the run has opened goes now, while the memory still knows it.
        let known = self.ahead.as_ref().map(|ahead| &ahead.builtins);
        self.state.builtins.borrow_mut().retain(|name, _| known.is_some_and(|known| known.contains(name)));
        self.arena.restore(image);
        Ok(self)
    }

    /// The engine as it was before it had any modules.
    pub(crate) fn without_modules(mut self) -> rquickjs::Result<Self> {
        self.ahead = None;
        self.state.bundle.take();
        self.renew()
    }

    /// The engine, such that it can run this function: it must not have evaluated another's modules.
    pub(crate) fn for_modules(self, bundle: &Arc<Bundle>) -> rquickjs::Result<Self> {
        match self.modules() {
            Some(modules) if !Arc::ptr_eq(modules, bundle) => self.without_modules(),
            _ => Ok(self),
        }
    }

    /// The namespace of an embedded module that waits for nothing.
    fn embedded<'js>(ctx: &Ctx<'js>, name: &str) -> rquickjs::Result<Object<'js>> {
        let (module, evaluated) =
            bytes::load(ctx, builtins::bytecode(name).ok_or(Error::Unknown)?)?.eval()?;
        evaluated.finish::<()>()?;
        module.namespace()
    }

    /// Runs a function to its end: its output's JSON text, or how it failed.
    pub(crate) fn run(&self, assignment: Assignment, work: &Work<'_>) -> Result<String, Failure> {
        let limits = assignment.limits;
        self.runtime.set_memory_limit(limits.memory);
        self.runtime.set_max_stack_size(limits.stack.min(MAX_STACK));
        self.state.begin_run(assignment);
        self.state.must_stop();
        if let Some(now) = work.now {
            self.state.timers.stand_still(now);
            let stopped =
                self.enter(|ctx| self.prelude(ctx)?.get::<_, Function>("stopClock")?.call::<_, ()>(()));
            stopped.map_err(|end| self.context.with(|ctx| self.describe(&ctx, end)))?;
        }
        let output = self.output(work).map_err(|end| self.context.with(|ctx| self.describe(&ctx, end)))?;
        if output.len() > limits.output {
            let message =
                format!("The output is {} bytes of JSON; it may be {} at most.", output.len(), limits.output);
            return Err(Failure::new(code::OUTPUT_TOO_LARGE, message));
        }
        Ok(output)
    }

    /// What the run has read of its configuration.
    pub(crate) fn reads(&self) -> PathsRead {
        self.state.reads.take()
    }

    /// Evaluates the modules of a function before there is a run of it, for all runs to come. Whether they can use that:
    /// they cannot when the modules did something that belongs into a run's own time, like reading the clock, drawing a
    /// random number or logging, or when they failed. The engine is then to be reset.
    pub(crate) fn load_ahead(&mut self, bundle: &Arc<Bundle>, control: Arc<Control>) -> bool {
        self.state.bundle.replace(Some(Arc::clone(bundle)));
        self.state.begin_ahead(control);
        let loaded =
            self.enter(|ctx| self.prelude(ctx)?.get::<_, Function>("watchClocks")?.call::<_, ()>(()));
        let loaded = loaded.and_then(|()| self.evaluate(bundle)).and_then(|(namespace, evaluated)| {
            self.run_jobs()?;
            self.enter(|ctx| {
                self.prelude(ctx)?.get::<_, Function>("unwatchClocks")?.call::<_, ()>(())?;
                Ok(matches!(evaluated.restore(ctx)?.result::<()>(), Some(Ok(()))).then_some(namespace))
            })
        });
        let is_timely = self.state.end_ahead();
        let (Ok(Some(namespace)), true) = (loaded, is_timely) else { return false };
        let builtins = self.state.builtins.borrow().keys().cloned().collect();
        self.ahead =
            self.arena.image().map(|image| Ahead { bundle: Arc::clone(bundle), namespace, builtins, image });
        self.ahead.is_some()
    }

    /// The modules that the engine has evaluated ahead.
    pub(crate) fn modules(&self) -> Option<&Arc<Bundle>> {
        self.ahead.as_ref().map(|ahead| &ahead.bundle)
    }

    fn evaluate(&self, bundle: &Arc<Bundle>) -> Result<(Kept<Object<'static>>, Kept<Promise<'static>>), End> {
        self.enter(|ctx| {
            let (module, evaluated) = bytes::load(ctx, bundle.entry().unwrap_or_default())?.eval()?;
            Ok((Persistent::save(ctx, module.namespace()?), Persistent::save(ctx, evaluated)))
        })
    }

    fn output(&self, work: &Work<'_>) -> Result<String, End> {
        let namespace = if let Some(ahead) = &self.ahead {
            ahead.namespace.clone()
        } else {
            self.state.bundle.replace(Some(Arc::clone(work.bundle)));
            let (namespace, evaluated) = self.evaluate(work.bundle)?;
            self.settle(&evaluated, work.inbox)?;
            namespace
        };
        let promise = self.enter(|ctx| {
            let definition: Value = namespace.restore(ctx)?.get("default")?;
            let native = self.state.native.borrow().clone().ok_or(Error::Unknown)?.restore(ctx)?;
            let start: Function = self.prelude(ctx)?.get("start")?;
            let promise: Promise = start.call((native, work.kind, definition, work.context, work.input))?;
            Ok(Persistent::save(ctx, promise))
        })?;
        let output = self.settle(&promise, work.inbox)?;
        self.enter(|ctx| output.restore(ctx)?.get::<rquickjs::String>()?.to_string())
    }

    /// Runs jobs, timers and replies until the promise is settled.
    fn settle(
        &self,
        promise: &Kept<Promise<'static>>,
        inbox: &Receiver<Inbound>,
    ) -> Result<Kept<Value<'static>>, End> {
        loop {
            self.run_jobs()?;
            let settled = self.context.with(|ctx| self.turn(&ctx, promise.clone(), inbox))?;
            if let Some(value) = settled {
                return Ok(value);
            }
        }
    }

    /// Runs jobs until there are none. A job that throws is not the function's code, whose errors reject promises, but
    /// the engine's, which had no memory or was interrupted.
    fn run_jobs(&self) -> Result<(), End> {
        /// Jobs between two looks at the clocks. The engine looks by itself inside a long job only.
        const PATIENCE: u64 = 256;
        for job in 1_u64.. {
            let done = self.runtime.execute_pending_job();
            if job % PATIENCE == 0 {
                self.state.must_stop();
            }
            if let Some(stop) = self.state.stopped() {
                return Err(End::Stopped(stop));
            }
            match done {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => {
                    self.context.with(|ctx| drop(ctx.catch()));
                    return Err(End::OutOfMemory);
                }
            }
        }
        Ok(())
    }

    /// Looks at the promise when there are no jobs. If it is pending, brings about new jobs: by a timer, or by waiting.
    fn turn(
        &self,
        ctx: &Ctx<'_>,
        promise: Kept<Promise<'static>>,
        inbox: &Receiver<Inbound>,
    ) -> Result<Option<Kept<Value<'static>>>, End> {
        let promise = self.catch(ctx, || promise.restore(ctx))?;
        self.report_rejections(ctx, &promise);
        match promise.result::<Value>() {
            Some(Ok(value)) => return Ok(Some(Persistent::save(ctx, value))),
            Some(Err(_)) => return Err(self.end(ctx)),
            None => {}
        }
        if !self.state.timers.fire(ctx, &self.state) {
            self.wait(ctx, inbox)?;
        }
        Ok(None)
    }

    /// Waits for the next reply or timer, and hands the replies that are there to their promises.
    fn wait(&self, ctx: &Ctx<'_>, inbox: &Receiver<Inbound>) -> Result<(), End> {
        let Some(run) = self.state.assignment() else { return Err(End::Stalled) };
        let next_timer = self.state.timers.next();
        if self.state.calls.is_empty() && next_timer.is_none() {
            return Err(End::Stalled);
        }
        if self.state.calls.is_empty() && self.state.timers.skip() {
            return Ok(());
        }
        let next_timer = next_timer.filter(|_| !self.state.timers.stands_still());
        let until = next_timer.map_or(run.deadline, |timer| timer.min(run.deadline));
        run.control.outside();
        let mut inbound = match inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(inbound) => Some(inbound),
            Err(RecvTimeoutError::Timeout) => None,
            // The reading thread is gone: so is the parent.
            Err(RecvTimeoutError::Disconnected) => return Err(End::Stopped(Stop::Cancelled)),
        };
        self.state.must_stop();
        while let Some(message) = inbound {
            if let Some(stop) = self.state.stopped() {
                return Err(End::Stopped(stop));
            }
            match message {
                Inbound::Cancel => self.state.stop(Stop::Cancelled),
                Inbound::Reply(reply) => {
                    self.catch(ctx, || self.state.calls.settle(ctx, &self.state, reply))?;
                }
            }
            inbound = inbox.try_recv().ok();
        }
        self.state.stopped().map_or(Ok(()), |stop| Err(End::Stopped(stop)))
    }

    /// Logs what was rejected in this turn while nobody listened. The run's own promise has a listener: this crate.
    fn report_rejections<'js>(&self, ctx: &Ctx<'js>, own: &Promise<'js>) {
        let rejections = self.state.rejections.take();
        if rejections.is_empty() {
            return;
        }
        let own = Persistent::save(ctx, own.as_value().clone());
        for (promise, reason) in rejections {
            if promise != own && self.state.stopped().is_none() {
                let failure = self.describe(ctx, End::Threw(reason));
                let stack = failure.stack.map(|stack| format!("\n{stack}")).unwrap_or_default();
                let message = failure.message;
                self.state
                    .log("error", format!("A promise was rejected and nothing handled it: {message}{stack}"));
            }
        }
    }

    /// Does something in the engine.
    fn enter<T>(&self, work: impl FnOnce(&Ctx<'_>) -> rquickjs::Result<T>) -> Result<T, End> {
        self.context.with(|ctx| self.catch(&ctx, || work(&ctx)))
    }

    /// Does something in the engine and tells an exception from a stop.
    fn catch<T>(&self, ctx: &Ctx<'_>, work: impl FnOnce() -> rquickjs::Result<T>) -> Result<T, End> {
        work().map_err(|error| {
            if error.is_exception() {
                return self.end(ctx);
            }
            match Exception::from_message(ctx.clone(), &error.to_string()) {
                Ok(thrown) => End::Threw(Persistent::save(ctx, thrown.into_object().into_value())),
                Err(_) => End::OutOfMemory,
            }
        })
    }

    /// What the pending exception means.
    fn end(&self, ctx: &Ctx<'_>) -> End {
        let thrown = ctx.catch();
        match self.state.stopped() {
            Some(stop) => End::Stopped(stop),
            None if self.is_out_of_memory(&thrown) => End::OutOfMemory,
            None => End::Threw(Persistent::save(ctx, thrown)),
        }
    }

    /// Whether the engine had no memory. It throws an error that says so or, without memory for an error, `null`, as a
    /// function may itself; but then its memory is not full.
    fn is_out_of_memory(&self, thrown: &Value<'_>) -> bool {
        let message = thrown.as_exception().and_then(Exception::message);
        if thrown.is_null() {
            let limit = self.state.assignment().map_or(SPARE_MEMORY, |run| run.limits.memory);
            return self.arena.footprint() >= limit / 2;
        }
        message.is_some_and(|message| message == "out of memory")
    }

    /// Turns the end of a run into data. The prelude knows the kinds of error; it runs under the same limits.
    fn describe(&self, ctx: &Ctx<'_>, end: End) -> Failure {
        let thrown = match end {
            End::Threw(thrown) => thrown,
            End::Stopped(stop) => return stop.failure(),
            End::OutOfMemory => return Failure::out_of_memory(),
            End::Stalled => return Failure::new(code::INTERNAL, STALLED),
        };
        let described = self.catch(ctx, || {
            let describe: Function = self.prelude(ctx)?.get("describe")?;
            let failure: Value = describe.call((thrown.restore(ctx)?,))?;
            ctx.json_stringify(failure)?.ok_or(Error::Unknown)?.to_string()
        });
        match described {
            Ok(json) => {
                serde_json::from_str(&json).unwrap_or_else(|_| Failure::new(code::INTERNAL, INDESCRIBABLE))
            }
            Err(End::Stopped(stop)) => stop.failure(),
            Err(End::OutOfMemory) => Failure::out_of_memory(),
            Err(End::Threw(_) | End::Stalled) => Failure::new(code::INTERNAL, INDESCRIBABLE),
        }
    }

    /// The prelude's exports.
    fn prelude<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
        self.prelude.clone().ok_or(Error::Unknown)?.restore(ctx)
    }
}

impl Drop for Isolate {
    fn drop(&mut self) {
        self.prelude = None;
        self.ahead = None;
        self.pristine = None;
        self.state.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prints what a spare engine costs; asserts only that it is not out of all proportion.
    #[test]
    fn an_engine_is_made_quickly() {
        drop(Isolate::new());
        let start = crate::state::thread_cpu();
        let isolates: Vec<_> = (0..50).map(|_| Isolate::new().unwrap()).collect();
        let each = crate::state::thread_cpu().saturating_sub(start) / 50;
        let size = isolates[0].runtime.memory_usage().malloc_size / 1024;
        println!("an engine with the prelude: {each:?}, {size} KiB");
        assert!(each.as_millis() < 50);
    }

    #[test]
    fn an_engine_with_every_builtin_can_be_made() {
        let isolate = Isolate::new().unwrap();
        isolate.context.with(|ctx| {
            let native = isolate.state.native.borrow().clone().unwrap().restore(&ctx).unwrap();
            let open: Function = native.get("builtin").unwrap();
            for name in crate::builtins::names() {
                let first: Object = open.call((name,)).unwrap();
                let second: Object = open.call((name,)).unwrap();
                assert_eq!(first, second);
            }
        });
    }
}
