//! `native.setTimer`, `native.clearTimer`, `native.now` and `native.inOwnTime`.

use crate::state::State;
use bespoke_core::time::Timestamp;
use rquickjs::{Ctx, Exception, Function, Object, Persistent, Result};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Timers that a run may have at the same time.
const MAX_TIMERS: usize = 10_000;

/// The longest timer: what `setTimeout` of other runtimes can express, 2^31 − 1 ms.
const MAX_DELAY_MS: f64 = 2_147_483_647.0;

/// The timers of a run.
#[derive(Default)]
pub(crate) struct Timers {
    next_id: Cell<u32>,
    due: RefCell<BTreeMap<(Instant, u32), Persistent<Function<'static>>>>,
    by_id: RefCell<HashMap<u32, Instant>>,
    /// When the clock was stopped, and how far it went on since, where it is not the system's.
    stopped: Cell<Option<(Instant, Duration)>>,
    /// What a stopped clock shows at its start.
    shown: Cell<Option<Timestamp>>,
}

impl Timers {
    /// It is `now`, and from here on time passes only by [`Self::skip`].
    pub(crate) fn stand_still(&self, now: Timestamp) {
        self.shown.set(Some(now));
        self.stopped.set(Some((Instant::now(), Duration::ZERO)));
    }

    /// Whether time does not pass by itself.
    pub(crate) fn stands_still(&self) -> bool {
        self.stopped.get().is_some()
    }

    /// Goes on to the next timer, where time does not pass by itself and there is one.
    pub(crate) fn skip(&self) -> bool {
        let (Some((start, passed)), Some(next)) = (self.stopped.get(), self.next()) else { return false };
        self.stopped.set(Some((start, passed.max(next.saturating_duration_since(start)))));
        true
    }

    /// What a clock that does not go by itself shows, in milliseconds since 1970.
    fn clock(&self) -> f64 {
        self.shown.get().map_or(0.0, |shown| shown.after(self.passed()).as_millis() as f64)
    }

    /// How far a clock that does not go by itself went on.
    fn passed(&self) -> Duration {
        self.stopped.get().map_or(Duration::ZERO, |(_, passed)| passed)
    }

    fn now(&self) -> Instant {
        self.stopped.get().map_or_else(Instant::now, |(start, passed)| start + passed)
    }

    /// When the next timer is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.due.borrow().first_key_value().map(|((when, _), _)| *when)
    }

    /// Calls the function of the next timer if it is due. One at a time: promises that it settles come first.
    pub(crate) fn fire(&self, ctx: &Ctx<'_>, state: &State) -> bool {
        if self.next().is_none_or(|when| when > self.now()) {
            return false;
        }
        let Some(((_, id), function)) = self.due.borrow_mut().pop_first() else { return false };
        self.by_id.borrow_mut().remove(&id);
        let called = function.restore(ctx).and_then(|function| function.call::<_, ()>(()));
        if let Err(error) = called {
            let message = if error.is_exception() {
                let thrown = ctx.catch();
                thrown
                    .as_exception()
                    .map_or_else(|| "a value that is not an error".to_owned(), ToString::to_string)
            } else {
                error.to_string()
            };
            if state.stopped().is_none() {
                state.log("error", format!("A timer's function threw: {message}"));
            }
        }
        true
    }

    /// Forgets everything, for the next run.
    pub(crate) fn clear(&self) {
        self.next_id.set(0);
        self.due.take();
        self.by_id.take();
        self.stopped.set(None);
    }

    fn set<'js>(&self, ctx: &Ctx<'js>, delay_ms: f64, function: Function<'js>) -> Result<u32> {
        if self.by_id.borrow().len() >= MAX_TIMERS {
            return Err(Exception::throw_range(ctx, "too many timers"));
        }
        // As elsewhere, a delay that is no number, or too long, is none.
        let delay_ms = if (0.0..=MAX_DELAY_MS).contains(&delay_ms) { delay_ms } else { 0.0 };
        let when = self.now() + Duration::from_secs_f64(delay_ms / 1000.0);
        let id = self.next_id.get().wrapping_add(1);
        self.next_id.set(id);
        self.by_id.borrow_mut().insert(id, when);
        self.due.borrow_mut().insert((when, id), Persistent::save(ctx, function));
        Ok(id)
    }

    fn unset(&self, id: u32) {
        if let Some(when) = self.by_id.borrow_mut().remove(&id) {
            self.due.borrow_mut().remove(&(when, id));
        }
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, state: &Rc<State>) -> Result<()> {
    let setter = Rc::clone(state);
    native.set(
        "setTimer",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, delay_ms: f64, function: Function<'js>| {
            setter.timers.set(&ctx, delay_ms, function)
        })?,
    )?;
    let clearer = Rc::clone(state);
    native.set("clearTimer", Function::new(ctx.clone(), move |id: u32| clearer.timers.unset(id))?)?;
    let start = Instant::now();
    let reader = Rc::clone(state);
    let now = move || {
        reader.in_own_time();
        let passed = if reader.timers.stands_still() { reader.timers.passed() } else { start.elapsed() };
        passed.as_secs_f64() * 1000.0
    };
    native.set("now", Function::new(ctx.clone(), now)?)?;
    let shown = Rc::clone(state);
    native.set("clock", Function::new(ctx.clone(), move || shown.timers.clock())?)?;
    let noticed = Rc::clone(state);
    native.set("inOwnTime", Function::new(ctx.clone(), move || noticed.in_own_time())?)
}
