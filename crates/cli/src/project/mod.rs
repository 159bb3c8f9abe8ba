//! A project on this machine: its functions bundled, and what they say of themselves.

mod definitions;
pub(crate) mod init;
pub(crate) mod types;
pub(crate) mod typescript;

use crate::{
    failure::{Failure, Result},
    node,
};
use anyhow::Context as _;
use bespoke_bundler::{Bundle, Diagnostic, FunctionFile, Project, Selection};
use bespoke_core::function::Definition;
use bespoke_runtime::Runtime;
use serde_json::value::RawValue;
use std::path::Path;

/// Functions, ready to be sent.
pub(crate) struct Built {
    /// The modules.
    pub(crate) bundle: Bundle,
    /// What the functions say of themselves, in the order of the bundle's functions.
    pub(crate) definitions: Vec<Definition>,
}

/// Bundles functions and reads their definitions. Keeps a runner process for that between builds.
pub(crate) struct Builder {
    waits: tokio::runtime::Runtime,
    runtime: Runtime,
}

impl Builder {
    /// A builder. It starts nothing yet.
    pub(crate) fn new() -> Result<Self> {
        let waits = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let waits = waits.context("the threads of this program cannot be started")?;
        let runtime = {
            let _entered = waits.enter();
            Runtime::new(node::runtime_options(1)?)
        };
        Ok(Self { waits, runtime })
    }

    /// Builds the functions of `project` that `selection` means. `consequence` is what did not happen when it fails:
    /// `nothing was deployed`.
    pub(crate) fn build(
        &self,
        project: &Project,
        selection: &Selection,
        consequence: &'static str,
    ) -> Result<Built> {
        let broken = |diagnostics: Vec<Diagnostic>| Failure::Project {
            root: project.root().to_owned(),
            diagnostics,
            consequence,
        };
        let bundle = bespoke_bundler::bundle(project, selection).map_err(broken)?;
        let mut described: Vec<Box<RawValue>> = Vec::new();
        for program in bespoke_bundler::definitions::programs(project, selection) {
            let program = program.map_err(broken)?;
            let evaluated = self.waits.block_on(definitions::evaluate(&self.runtime, &program))?;
            let part: Vec<Box<RawValue>> = serde_json::from_str(&evaluated.map_err(broken)?)
                .context("the functions' definitions cannot be read")?;
            described.extend(part);
        }
        let json =
            serde_json::to_string(&described).context("the functions' definitions cannot be written")?;
        let definitions = bespoke_bundler::definitions::read(project, selection, &json).map_err(broken)?;
        Ok(Built { bundle, definitions })
    }

    /// Does something beside on this builder's threads, until the builder is gone.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.waits.spawn(work));
    }

    /// Waits for something else on this builder's threads.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.waits.block_on(work)
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        self.waits.block_on(self.runtime.shutdown());
    }
}

/// Reads the project in `folder`.
pub(crate) fn read(folder: &Path, consequence: &'static str) -> Result<Project> {
    if !folder.join("index.ts").is_file() {
        return Err(no_project(folder));
    }
    Project::read(folder).map_err(|diagnostics| Failure::Project {
        root: folder.to_owned(),
        diagnostics,
        consequence,
    })
}

/// Where there is a project instead, or how to get one.
pub(crate) fn no_project(folder: &Path) -> Failure {
    let here = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let above = here.ancestors().skip(1).find(|folder| folder.join("index.ts").is_file());
    let hint = match above {
        Some(above) => format!("that is in {}", above.display()),
        None => "`bespoke init` makes one".to_owned(),
    };
    Failure::usage(format!("`{}` is no project: it has no index.ts; {hint}", folder.display()))
}

/// The one function that `text` names: `contacts`, `hubspot/contacts`, `hubspot/syncs/contacts` or the path of its file.
pub(crate) fn find<'a>(
    project: &'a Project,
    text: &str,
    integration: Option<&str>,
) -> Result<&'a FunctionFile> {
    let named = text.trim_start_matches("./");
    let stem = named.strip_suffix(".ts").unwrap_or(named);
    let is_it = |file: &&FunctionFile| {
        let FunctionFile { integration: key, name, path, .. } = file;
        integration.is_none_or(|wanted| wanted == key)
            && (stem == name || stem == format!("{key}/{name}") || path.strip_suffix(".ts") == Some(stem))
    };
    let found: Vec<_> = project.functions.iter().filter(is_it).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let all: Vec<_> = project.functions.iter().map(shown).collect();
            let root = project.root().display();
            Err(Failure::usage(format!(
                "the project in `{root}` has no function `{text}`; it has {}",
                all.join(", ")
            )))
        }
        several => {
            let several: Vec<_> = several.iter().map(|file| shown(file)).collect();
            Err(Failure::usage(format!("`{text}` can be {}: name it so", several.join(" or "))))
        }
    }
}

/// `hubspot/syncs/contacts`
pub(crate) fn shown(file: &FunctionFile) -> String {
    format!("{}/{}", file.integration, file.kind.place(&file.name))
}
