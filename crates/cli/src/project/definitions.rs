//! Runs the program that tells what a project's functions say of themselves.
//!
//! It runs where functions run, in a runner process of this machine: authors' code gets no more rights when it is
//! deployed than it has later.

use anyhow::{Context as _, anyhow};
use bespoke_bundler::Diagnostic;
use bespoke_core::{function::Module, id::EnvironmentId};
use bespoke_runtime::{CompileError, Error, Failure, Runtime, SourceMaps, SourceModule};
use std::path::Path;

/// There is one tenant here: the author.
const AUTHOR: EnvironmentId = EnvironmentId(0);

/// Runs `program` (its entry first) in `runtime`. The JSON that it returns, or what is wrong with the project.
pub(super) async fn evaluate(
    runtime: &Runtime,
    program: &[(String, Module)],
) -> anyhow::Result<Result<String, Vec<Diagnostic>>> {
    let maps =
        program.iter().filter_map(|(name, module)| Some((name.as_str(), module.map.as_ref()?.as_bytes())));
    let maps = SourceMaps::new(maps);
    let sources =
        program.iter().map(|(name, module)| SourceModule { name: name.clone(), code: module.code.clone() });
    let outcome = match runtime.read_definitions(AUTHOR, sources.collect()).await {
        Ok(outcome) => outcome,
        Err(Error::Compile(error)) => return Ok(Err(vec![rejected(&error, &maps)])),
        Err(error) => return Err(anyhow::Error::new(error).context("the definitions cannot be read")),
    };
    match outcome.result {
        Ok(output) => Ok(Ok(String::from_utf8(output.into()).context("the definitions are not UTF-8")?)),
        Err(failure) if failure.code == bespoke_runtime::code::RUNNER_LOST => {
            Err(anyhow!(failure.message).context("the definitions cannot be read"))
        }
        Err(failure) => Ok(Err(vec![thrown(&failure, &maps)])),
    }
}

fn rejected(error: &CompileError, maps: &SourceMaps) -> Diagnostic {
    let CompileError { module, line, column, message } = error;
    let frame = maps.apply(&format!("    at {module}:{line}:{column}"));
    diagnostic("COMPILE_ERROR", first_place(&frame), message.clone())
}

fn thrown(failure: &Failure, maps: &SourceMaps) -> Diagnostic {
    let stack = maps.apply(failure.stack.as_deref().unwrap_or_default());
    let message = format!("loading the function failed: {}", failure.message);
    diagnostic("LOAD_ERROR", first_place(&stack), message)
}

fn diagnostic(kind: &str, place: Option<(String, u32, u32)>, message: String) -> Diagnostic {
    let (file, line, column) = place.unwrap_or_else(|| (".".to_owned(), 0, 0));
    Diagnostic { file, line, column, kind: kind.to_owned(), message }
}

/// The first frame that is in the author's TypeScript.
fn first_place(stack: &str) -> Option<(String, u32, u32)> {
    stack.lines().find_map(|frame| {
        let place = frame.trim().strip_prefix("at ")?;
        let place = place.rsplit_once('(').map_or(place, |(_, inner)| inner).trim_end_matches(')');
        let mut parts = place.rsplitn(3, ':');
        let column = parts.next()?.parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        let file = parts.next()?;
        Path::new(file)
            .extension()
            .is_some_and(|extension| extension == "ts")
            .then(|| (file.to_owned(), line, column))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_the_first_frame_of_typescript() {
        let stack = "    at parse (native)\n    at x (zod-1a.js:3:4)\n    at <anonymous> (hubspot/syncs/a.ts:12:5)\n    at b.ts:1:1";
        assert_eq!(first_place(stack), Some(("hubspot/syncs/a.ts".to_owned(), 12, 5)));
        assert_eq!(first_place("    at b.ts:1:2"), Some(("b.ts".to_owned(), 1, 2)));
        assert_eq!(first_place("    at x (zod.js:3:4)"), None);
    }
}
