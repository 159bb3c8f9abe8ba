//! Text of modules to bytecode, in the runner.

use crate::error::CompileError;
use bytes::Bytes;
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Context, Ctx, Module, Object, Runtime, WriteOptions};
use std::collections::HashSet;

/// Names what the bytecode depends on. Bytecode that was made under another name must not be loaded: keep it in the
/// key of every cache of bytecode, and take bytecode from nobody else than [`crate::Runtime::compile`].
pub const ENGINE_VERSION: &str = "quickjs-ng-0.16.2/rquickjs-0.14.0";

/// Heap of the engine that compiles, bytes.
const MEMORY: usize = 512 << 20;

/// Names that a module of a function cannot have: those of the modules that come with the runtime.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.starts_with("bespoke:") || crate::builtins::is_builtin(name)
}

/// A module as text.
#[derive(Clone, Debug)]
pub struct SourceModule {
    /// The name that other modules import it by (`./chunk.js` imports `chunk.js`) and that stacks show.
    pub name: String,
    /// ECMAScript.
    pub code: String,
}

/// A compiled module.
#[derive(Clone, Debug)]
pub struct Bytecode {
    /// The module's name.
    pub name: String,
    /// What the engine loads. Only for the same [`ENGINE_VERSION`].
    pub bytecode: Bytes,
}

/// Compiles modules, without running or linking them. Frames keep their lines and columns, function texts are left out.
///
/// An import by a bare name (`lodash`, `fs`) that is neither one of these modules nor a built-in is an error already
/// here: it could never be found. Relative names are looked at when the function runs.
pub(crate) fn compile(modules: &[(&str, &str)]) -> Result<Vec<Vec<u8>>, CompileError> {
    let runtime = Runtime::new().map_err(|error| failed("", &error))?;
    runtime.set_memory_limit(MEMORY);
    runtime.set_max_stack_size(crate::limits::MAX_STACK);
    let context = Context::full(&runtime).map_err(|error| failed("", &error))?;
    let names = modules.iter().map(|(name, _)| (*name).to_owned()).collect();
    runtime.set_loader(Imports(names), Imports(HashSet::new()));
    context.with(|ctx| modules.iter().map(|(name, code)| compile_one(&ctx, name, code)).collect())
}

/// Stands in for everything that is imported: the engine wants to see a module for every name.
struct Imports(HashSet<String>);

impl Resolver for Imports {
    fn resolve<'js>(
        &mut self,
        _ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<String> {
        let is_known = name.starts_with("./")
            || name.starts_with("../")
            || self.0.contains(name) && !name.starts_with("bespoke:")
            || crate::builtins::resolve(base, name).is_some();
        if is_known {
            return Ok(format!("imported:{name}"));
        }
        Err(rquickjs::Error::new_resolving_message(base, name, crate::builtins::NO_SUCH_IMPORT))
    }
}

impl Loader for Imports {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<Module<'js, Declared>> {
        Module::declare(ctx.clone(), name, "")
    }
}

fn compile_one(ctx: &Ctx<'_>, name: &str, code: &str) -> Result<Vec<u8>, CompileError> {
    let options = WriteOptions { strip_source: true, ..WriteOptions::default() };
    Module::declare(ctx.clone(), name, code).and_then(|module| module.write(options)).map_err(|error| {
        if !error.is_exception() {
            return failed(name, &error);
        }
        let thrown = ctx.catch();
        let object = thrown.as_object();
        let message =
            object.and_then(|error| text(error, "message")).unwrap_or_else(|| "out of memory".to_owned());
        let (line, column) = object.and_then(|error| place(&text(error, "stack")?, name)).unwrap_or_default();
        CompileError { module: name.to_owned(), line, column, message }
    })
}

fn text(error: &Object<'_>, property: &str) -> Option<String> {
    error.get(property).ok()
}

/// Finds `name:line:column` in the first frame of a syntax error's stack.
fn place(stack: &str, name: &str) -> Option<(u32, u32)> {
    let after = &stack[stack.find(name)? + name.len()..];
    let mut numbers = after.strip_prefix(':')?.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next().and_then(|column| column.parse().ok()).unwrap_or(0)))
}

fn failed(module: &str, error: &rquickjs::Error) -> CompileError {
    CompileError { module: module.to_owned(), line: 0, column: 0, message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_says_where() {
        let error =
            compile(&[("a.js", "export default 1"), ("b.js", "let a = 1;\nlet b = ;\n")]).unwrap_err();
        assert_eq!((error.module.as_str(), error.line, error.column), ("b.js", 2, 9), "{error}");
    }

    #[test]
    fn modules_compile_without_those_they_import() {
        assert_eq!(compile(&[("a.js", "import x from './b.js'; export default x")]).unwrap().len(), 1);
        assert_eq!(compile(&[("a.js", "import 'node:crypto'")]).unwrap().len(), 1);
        for name in ["fs", "node:fs", "bespoke:native", "bespoke:prelude", "/etc/passwd"] {
            let error = compile(&[("a.js", &format!("import '{name}'"))]).unwrap_err();
            assert!(error.message.contains(name), "{error}");
        }
    }
}
