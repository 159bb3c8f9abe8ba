//! `bespoke compile`: everything that a deployment checks on this machine, and the types, without a server.

use crate::{
    args::CompileArgs,
    failure::{Failure, Result},
    output,
    project::{
        self, Builder, Built, types,
        typescript::{self, Checked},
    },
};
use bespoke_bundler::{Bundle, Selection};
use bespoke_core::function::{Definition, FunctionKind};
use serde::Serialize;
use std::time::Instant;

const NOTHING: &str = "the project cannot be deployed so";

#[derive(Serialize)]
struct Compiled<'a> {
    functions: Vec<Line<'a>>,
    types: Types,
}

#[derive(Serialize)]
struct Line<'a> {
    integration: &'a str,
    kind: FunctionKind,
    name: &'a str,
    version: Option<&'a str>,
    bytes: usize,
    models: &'a [String],
}

#[derive(Serialize)]
struct Types {
    checked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Compiles the project of `args`.
pub(crate) fn run(args: CompileArgs) -> Result {
    let begin = Instant::now();
    let project = project::read(&args.folder, NOTHING)?;
    types::refresh(project.root())?;
    let selection = Selection { integration: args.integration.clone(), ..Selection::default() };
    let functions = project.select(&selection).count();
    if functions == 0 {
        return Err(Failure::usage("the project has no function of this integration"));
    }
    let busy = output::busy(format!("Compiling {}", output::count(functions, "function", "functions")));
    // Side by side: TypeScript takes longer than all the rest.
    let (built, checked) = std::thread::scope(|scope| {
        let types = scope.spawn(|| {
            if args.no_types {
                Checked::Skipped("--no-types".to_owned())
            } else {
                typescript::check(project.root())
            }
        });
        let built = Builder::new().and_then(|builder| builder.build(&project, &selection, NOTHING));
        (built, types.join().unwrap_or_else(|_| Checked::Skipped("the check broke off".to_owned())))
    });
    drop(busy);
    let Built { bundle, definitions } = built?;
    let reason = match checked {
        Checked::Done(diagnostics) if diagnostics.is_empty() => None,
        Checked::Done(diagnostics) => {
            return Err(Failure::Project {
                root: project.root().to_owned(),
                diagnostics,
                consequence: "the functions run, but their types do not fit",
            });
        }
        Checked::Skipped(reason) => Some(reason),
    };
    let lines = lines(&bundle, &definitions);
    if args.json {
        output::json(&Compiled { functions: lines, types: Types { checked: reason.is_none(), reason } });
        return Ok(());
    }
    let rows = lines.iter().map(|line| {
        let path = format!("{}/{}", line.integration, line.kind.place(line.name));
        let size = indicatif::HumanBytes(line.bytes as u64).to_string();
        [path, line.version.unwrap_or("counted").to_owned(), size, line.models.join(", ")]
    });
    output::table(["function", "version", "size", "models"], rows, &["size", "models"]);
    let types =
        reason.map_or_else(|| "types fit".to_owned(), |reason| format!("types not checked: {reason}"));
    output::line(format!(
        "\n{} in {:.1} s; {types}.",
        output::count(functions, "function", "functions"),
        begin.elapsed().as_secs_f64()
    ));
    Ok(())
}

fn lines<'a>(bundle: &Bundle, definitions: &'a [Definition]) -> Vec<Line<'a>> {
    let functions = bundle.functions.iter().zip(definitions);
    let lines = functions.map(|(function, definition)| Line {
        integration: &definition.integration,
        kind: definition.kind,
        name: &definition.name,
        version: definition.version.as_deref(),
        bytes: function.modules.iter().filter_map(|name| Some(bundle.modules.get(name)?.code.len())).sum(),
        models: &definition.models,
    });
    lines.collect()
}
