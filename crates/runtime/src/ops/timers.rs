//! `native.setTimer`, `native.clearTimer`, `native.now` and `native.inOwnTime`.

use crate::state::State;
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
}

impl Timers {
    /// When the next timer is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.due.borrow().first_key_value().map(|((when, _), _)| *when)
    }

    /// Calls the function of the next timer if it is due. One at a time: promises that it settles come first.
    pub(crate) fn fire(&self, ctx: &Ctx<'_>, state: &State) -> bool {
        if self.next().is_none_or(|when| when > Instant::now()) {
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
    }

    fn set<'js>(&self, ctx: &Ctx<'js>, delay_ms: f64, function: Function<'js>) -> Result<u32> {
        if self.by_id.borrow().len() >= MAX_TIMERS {
            return Err(Exception::throw_range(ctx, "too many timers"));
        }
        // As elsewhere, a delay that is no number, or too long, is none.
        let delay_ms = if (0.0..=MAX_DELAY_MS).contains(&delay_ms) { delay_ms } else { 0.0 };
        let when = Instant::now() + Duration::from_secs_f64(delay_ms / 1000.0);
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
        start.elapsed().as_secs_f64() * 1000.0
    };
    native.set("now", Function::new(ctx.clone(), now)?)?;
    let noticed = Rc::clone(state);
    native.set("inOwnTime", Function::new(ctx.clone(), move || noticed.in_own_time())?)
}
