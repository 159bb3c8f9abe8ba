//! Which modules a run can import: its own, and the built-in ones.

use crate::builtins;
use crate::ops::bytes;
use crate::state::State;
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Module};
use std::rc::Rc;

/// Resolves and loads the run's modules and the built-in ones; there are no others.
#[derive(Clone)]
pub(crate) struct Modules(pub(crate) Rc<State>);

impl Resolver for Modules {
    fn resolve<'js>(
        &mut self,
        _ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<String> {
        if let Some(builtin) = builtins::resolve(base, name) {
            return Ok(builtin);
        }
        let path = if name.starts_with("./") || name.starts_with("../") {
            relative(base, name)
        } else {
            name.to_owned()
        };
        if self.0.bundle.borrow().as_ref().is_some_and(|bundle| bundle.get(&path).is_some()) {
            return Ok(path);
        }
        Err(Error::new_resolving_message(base, name, builtins::NO_SUCH_IMPORT))
    }
}

impl Loader for Modules {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<Module<'js, Declared>> {
        if let Some(bytecode) = builtins::bytecode(name) {
            return bytes::load(ctx, bytecode);
        }
        let bundle = self.0.bundle.borrow().clone().ok_or_else(|| Error::new_loading(name))?;
        bytes::load(ctx, bundle.get(name).ok_or_else(|| Error::new_loading(name))?)
    }
}

/// Resolves `./` and `../` against the name of the importing module.
fn relative(base: &str, name: &str) -> String {
    let mut path: Vec<&str> = base.split('/').collect();
    path.pop();
    for part in name.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_names_resolve_against_the_importing_module() {
        for (base, name, expected) in [
            ("a.js", "./b.js", "b.js"),
            ("github/actions/a.js", "../../chunk.js", "chunk.js"),
            ("github/a.js", "./b/c.js", "github/b/c.js"),
            ("a.js", "../../b.js", "b.js"),
        ] {
            assert_eq!(relative(base, name), expected);
        }
    }
}
