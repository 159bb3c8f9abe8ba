//! What the engine gives to the prelude: the `native` object, one capability a file. Functions never see it.

mod builtin;
pub(crate) mod bytes;
pub(crate) mod call;
mod crypto;
mod intl;
mod text;
pub(crate) mod timers;
mod url;
mod zlib;

use crate::state::State;
use rquickjs::{Ctx, Function, Object, Result};
use std::rc::Rc;

/// Makes the frozen `native` object.
///
/// Every function that is Rust's is made here, before there is an image of the engine, and is never freed before the
/// engine: an image that is put back must not find a function whose Rust half is gone.
pub(crate) fn install<'js>(ctx: &Ctx<'js>, state: &Rc<State>) -> Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;
    call::install(ctx, &native, state)?;
    timers::install(ctx, &native, state)?;
    let noted = Rc::clone(state);
    let note = move |ctx: Ctx<'js>, path: rquickjs::String<'js>| {
        Ok::<_, rquickjs::Error>(noted.reads.borrow_mut().add(text::lossy(&ctx, &path)?))
    };
    native.set("noteRead", Function::new(ctx.clone(), note)?)?;
    builtin::install(ctx, &native, state)?;
    text::install(ctx, &native)?;
    url::install(ctx, &native)?;
    crypto::install(ctx, &native, state)?;
    intl::install(ctx, &native)?;
    zlib::install(ctx, &native, state)?;
    let freeze: Function = ctx.globals().get::<_, Object>("Object")?.get("freeze")?;
    freeze.call((native,))
}
