//! Notices, while modules are evaluated ahead of a run, that they look at a clock: `const today = new Date()` at the top
//! of a module must be the day of the run, not of the evaluation.

use crate::state::State;
use rquickjs::object::{Accessor, Property};
use rquickjs::{Ctx, Error, Persistent, Result, Value};
use std::rc::Rc;

/// Globals that tell the time.
const CLOCKS: [&str; 2] = ["Date", "performance"];

/// The real clocks while they are replaced.
pub(crate) type Clocks = Vec<(&'static str, Persistent<Value<'static>>)>;

/// Replaces the clocks by getters that take note.
pub(crate) fn watch<'js>(ctx: &Ctx<'js>, state: &Rc<State>) -> Result<()> {
    let globals = ctx.globals();
    for name in CLOCKS {
        let clock: Value = globals.get(name)?;
        state.clocks.borrow_mut().push((name, Persistent::save(ctx, clock)));
        let reader = Rc::clone(state);
        let getter = move |ctx: Ctx<'js>| -> Result<Value<'js>> {
            reader.in_own_time();
            let clock =
                reader.clocks.borrow().iter().find(|(clock, _)| *clock == name).map(|(_, it)| it.clone());
            clock.ok_or(Error::Unknown)?.restore(&ctx)
        };
        globals.prop(name, Accessor::new_get(getter).configurable())?;
    }
    Ok(())
}

/// Puts the clocks back.
pub(crate) fn unwatch(ctx: &Ctx<'_>, state: &State) -> Result<()> {
    let globals = ctx.globals();
    for (name, clock) in state.clocks.take() {
        globals.prop(name, Property::from(clock.restore(ctx)?).writable().configurable())?;
    }
    Ok(())
}
