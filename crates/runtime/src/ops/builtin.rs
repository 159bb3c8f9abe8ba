//! `native.builtin`: the namespace of a built-in module, loaded when it is first asked for.

use crate::builtins;
use crate::ops::bytes;
use crate::state::State;
use rquickjs::{Ctx, Exception, Function, Object, Persistent, Result};
use std::rc::Rc;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, state: &Rc<State>) -> Result<()> {
    let state = Rc::clone(state);
    native.set(
        "builtin",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, name: String| open(&ctx, &state, &name))?,
    )
}

fn open<'js>(ctx: &Ctx<'js>, state: &State, name: &str) -> Result<Object<'js>> {
    let opened = state.builtins.borrow().get(name).cloned();
    if let Some(namespace) = opened {
        return namespace.restore(ctx);
    }
    let opener = builtins::bytecode(&builtins::opener(name))
        .ok_or_else(|| Exception::throw_reference(ctx, "there is no such module"))?;
    let (module, evaluated) = bytes::load(ctx, opener)?.eval()?;
    if let Some(result) = evaluated.result::<()>() {
        result?;
    }
    let namespace: Object = module.namespace()?.get("default")?;
    state.builtins.borrow_mut().insert(name.to_owned(), Persistent::save(ctx, namespace.clone()));
    Ok(namespace)
}
