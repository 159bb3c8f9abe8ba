//! Functions to modules.

use crate::{
    Diagnostic, FunctionFile, Project, Selection,
    build::{Chunk, Entry, Splitting, UNKNOWN_FILE, UNRESOLVED, build},
    plugin::VirtualModules,
    source_map,
    threads::with_big_stacks,
};
use bespoke_core::function::{
    Definition, DeployScope, DeployedFunction, Deployment, Hash, Module, Origin, Source,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
};
use tokio::runtime::Runtime;

/// The modules of some functions. The same sources give the same bundle, names included.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Every module by its name. All are in one flat folder: a module imports another as `./<name>`.
    pub modules: BTreeMap<String, Module>,
    /// The functions, in the order of `index.ts`.
    pub functions: Vec<BundledFunction>,
}

/// A function and what it is made of.
#[derive(Clone, Debug)]
pub struct BundledFunction {
    /// The function.
    pub file: FunctionFile,
    /// Names of its modules in [`Bundle::modules`]: the entry, whose default export is the function, then everything that it imports.
    pub modules: Vec<String>,
    /// The TypeScript that it was written in.
    pub source: Source,
    /// Hash of every file that it reaches.
    pub content: Option<Hash>,
}

/// Bundles the functions of `project` that `selection` means, in one build in which they share chunks.
///
/// On failure every function that cannot be bundled is reported, not only the first.
pub fn bundle(project: &Project, selection: &Selection) -> Result<Bundle, Vec<Diagnostic>> {
    let files: Vec<_> = project.select(selection).collect();
    if files.is_empty() {
        return Ok(Bundle { modules: BTreeMap::new(), functions: Vec::new() });
    }
    let chunks = with_big_stacks(|runtime| {
        build_files(runtime, project, &files).map_err(|errors| every_error(runtime, project, &files, errors))
    })?;
    assemble(project, &files, chunks)
}

fn build_files(
    runtime: &Runtime,
    project: &Project,
    files: &[&FunctionFile],
) -> Result<Vec<Chunk>, Vec<Diagnostic>> {
    let entries = files.iter().map(|file| Entry {
        name: file.entry_name(),
        import: project.root.join(&file.path).to_string_lossy().into_owned(),
    });
    build(runtime, &project.root, entries.collect(), VirtualModules::default(), Splitting::Shared)
}

/// A build may stop at the first bad file, so that the others' errors would show only one by one: builds halves of the
/// functions until each bad one was alone. What cannot be imported is known of all files at once.
fn every_error(
    runtime: &Runtime,
    project: &Project,
    files: &[&FunctionFile],
    together: Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    collect_errors(runtime, project, files, together, &mut all);
    all.sort();
    all.dedup();
    all
}

fn collect_errors(
    runtime: &Runtime,
    project: &Project,
    files: &[&FunctionFile],
    together: Vec<Diagnostic>,
    all: &mut Vec<Diagnostic>,
) {
    let is_complete = together.iter().all(|error| error.kind == UNRESOLVED && error.file != UNKNOWN_FILE);
    if let [file] = files {
        all.extend(together.into_iter().map(|error| {
            let file = if error.file == UNKNOWN_FILE { file.path.clone() } else { error.file };
            Diagnostic { file, ..error }
        }));
    } else if is_complete {
        all.extend(together);
    } else {
        let (left, right) = files.split_at(files.len() / 2);
        let before = all.len();
        for half in [left, right] {
            if let Err(errors) = build_files(runtime, project, half) {
                collect_errors(runtime, project, half, errors, all);
            }
        }
        // Only together they are wrong.
        if all.len() == before {
            all.extend(together);
        }
    }
}

fn assemble(
    project: &Project,
    files: &[&FunctionFile],
    chunks: Vec<Chunk>,
) -> Result<Bundle, Vec<Diagnostic>> {
    let by_name: HashMap<&str, &Chunk> = chunks.iter().map(|chunk| (chunk.name.as_str(), chunk)).collect();
    let by_entry: HashMap<&str, &Chunk> =
        chunks.iter().filter_map(|chunk| Some((chunk.entry.as_deref()?, chunk))).collect();
    let functions = files.iter().map(|file| {
        let fail = |message: String| vec![Diagnostic::of_file(&file.path, "SYSTEM", message)];
        let entry = by_entry
            .get(file.entry_name().as_str())
            .ok_or_else(|| fail("the bundler made no module of it".to_owned()))?;
        let code = fs::read_to_string(project.root.join(&file.path))
            .map_err(|error| fail(format!("it cannot be read: {error}")))?;
        Ok(BundledFunction {
            file: (*file).clone(),
            modules: reachable(entry, &by_name),
            source: Source { path: file.path.clone(), code },
            content: entry.content,
        })
    });
    let functions = functions.collect::<Result<_, Vec<Diagnostic>>>()?;
    let modules = chunks.into_iter().map(|chunk| (chunk.name, chunk.module)).collect();
    Ok(Bundle { modules, functions })
}

/// `entry` and every chunk that it imports, directly or not, nearest first.
fn reachable(entry: &Chunk, by_name: &HashMap<&str, &Chunk>) -> Vec<String> {
    let mut names = vec![entry.name.clone()];
    let mut next = 0;
    while let Some(chunk) = names.get(next).and_then(|name| by_name.get(name.as_str())) {
        for import in &chunk.imports {
            // What is no chunk is a module of the runtime.
            if by_name.contains_key(import.as_str()) && !names.contains(import) {
                names.push(import.clone());
            }
        }
        next += 1;
    }
    names
}

impl Bundle {
    /// The project's own files that `function` was made of, as [`FunctionFile::path`] writes them, but for those that
    /// hold types or data only.
    pub fn sources(&self, function: &BundledFunction) -> BTreeSet<String> {
        let maps = function.modules.iter().filter_map(|name| self.modules.get(name)?.map.as_deref());
        let mut sources: BTreeSet<String> = maps.flat_map(source_map::sources).collect();
        sources.insert(function.file.path.clone());
        sources
    }

    /// What is sent to the server. `definitions` are those of the bundle's functions, in the same order.
    pub fn into_deployment(self, definitions: Vec<Definition>, scope: DeployScope) -> Deployment {
        let functions = self.functions.into_iter().zip(definitions).map(|(function, definition)| {
            let BundledFunction { modules, source, content, .. } = function;
            DeployedFunction { definition, modules, source, content }
        });
        let functions = functions.collect();
        Deployment {
            scope,
            origin: Origin::Repo,
            untouched: Vec::new(),
            allow_invalid: false,
            functions,
            modules: self.modules,
        }
    }
}
