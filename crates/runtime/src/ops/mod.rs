//! What the engine gives to the prelude: the `native` object, one capability a file. Functions never see it.

mod builtin;
pub(crate) mod bytes;
pub(crate) mod call;
mod crypto;
mod text;
pub(crate) mod timers;
mod url;

use crate::state::State;
use rquickjs::{Ctx, Function, Object, Result};
use std::rc::Rc;

/// Makes the frozen `native` object.
pub(crate) fn install<'js>(ctx: &Ctx<'js>, state: &Rc<State>) -> Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;
    call::install(ctx, &native, state)?;
    timers::install(ctx, &native, state)?;
    builtin::install(ctx, &native, state)?;
    text::install(ctx, &native)?;
    url::install(ctx, &native)?;
    crypto::install(ctx, &native)?;
    let freeze: Function = ctx.globals().get::<_, Object>("Object")?.get("freeze")?;
    freeze.call((native,))
}
