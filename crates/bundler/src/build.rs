//! One run of the bundler: its settings, its errors, its output.
//!
//! Each setting that looks odd was found by a failing check; the tests guard them.

use crate::{
    Diagnostic,
    plugin::{Contents, Importers, Missing, VIRTUAL, VirtualModules, is_of_node, is_runtime_module},
    source_map,
};
use bespoke_core::function::{Hash, Module, NODE_MODULES};
use rolldown::{
    BundlerBuilder, BundlerOptions, CodeSplittingMode, CommentsOptions, HashCharacters, InnerOptions,
    InputItem, ModuleSideEffects, ModuleSideEffectsRule, OutputFormat, Platform, RawMinifyOptions,
    ResolveOptions, SourceMapType, TreeshakeOptions, TsConfig,
};
use rolldown_common::{
    ManualCodeSplittingOptions, MatchGroup, MatchGroupName, MatchGroupTest, Output, OutputChunk,
};
use rolldown_error::{BatchedBuildDiagnostic, BuildDiagnostic, DiagnosticOptions, EventKind};
use rolldown_utils::js_regex::HybridRegex;
use std::{collections::BTreeSet, path::Path, sync::Arc};
use tokio::runtime::Runtime;

/// zod's `package.json` says that its modules do nothing when loaded, yet `v4/classic/external.js` sets the language of the
/// messages: dropped, every failed parse says only "Invalid input". The barrels above it must be marked too.
const ZOD_WITH_SIDE_EFFECTS: &str = r"[\\/]zod[\\/](v4[\\/]|v4[\\/]classic[\\/])?(index|external)\.js$";

/// What a diagnostic names when the bundler does not say in which file the problem is.
pub(crate) const UNKNOWN_FILE: &str = ".";

/// The kind of the diagnostics about imports that lead nowhere.
pub(crate) const UNRESOLVED: &str = "UNRESOLVED_IMPORT";

/// Where a bundle begins.
pub(crate) struct Entry {
    /// What its chunk is called, before the hash.
    pub(crate) name: String,
    /// A path, or the specifier of a virtual module.
    pub(crate) import: String,
}

/// A module that the bundler made.
pub(crate) struct Chunk {
    /// Its name: a file name in one flat folder, with a hash of the content in it.
    pub(crate) name: String,
    /// The [`Entry::name`] that it is the bundle of; `None` for what several share.
    pub(crate) entry: Option<String>,
    /// Of an entry: the hash of all the files that it reaches.
    pub(crate) content: Option<Hash>,
    /// Names of the chunks that it imports.
    pub(crate) imports: Vec<String>,
    pub(crate) module: Module,
}

/// How much is built at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Splitting {
    /// Chunks for what entries share and for what is imported dynamically.
    Shared,
    /// One chunk, with everything in it.
    Single,
}

/// Bundles `entries` of the project at `root`.
pub(crate) fn build(
    runtime: &Runtime,
    root: &Path,
    entries: Vec<Entry>,
    virtual_modules: VirtualModules,
    splitting: Splitting,
) -> Result<Vec<Chunk>, Vec<Diagnostic>> {
    runtime.block_on(async {
        let importers = virtual_modules.importers.clone();
        let contents = virtual_modules.contents.clone();
        let missing = virtual_modules.missing.clone();
        let failed = |errors: BatchedBuildDiagnostic| diagnostics(errors.into_vec(), root, &importers);
        let mut bundler = BundlerBuilder::default()
            .with_options(options(root, entries, splitting))
            .with_plugins(vec![Arc::new(virtual_modules)])
            .build()
            .map_err(failed)?;
        let output = bundler.generate().await.map_err(failed)?;
        let chunks = output.assets.into_iter().filter_map(|asset| match asset {
            Output::Chunk(chunk) => Some(chunk),
            Output::Asset(_) => None,
        });
        let chunks: Vec<_> = chunks.collect();
        // A package that is not installed is only a warning there, and stays an import that fails when the function runs.
        let unresolved = output
            .warnings
            .into_iter()
            .filter(|warning| matches!(warning.kind(), EventKind::UnresolvedImport))
            .filter(|warning| is_needed(warning, &chunks));
        let mut unresolved = diagnostics(unresolved.collect(), root, &importers);
        unresolved.extend(missing_modules(&chunks, &missing, root, &importers));
        if !unresolved.is_empty() {
            return Err(unresolved);
        }
        let chunks: Vec<Chunk> = chunks.iter().map(|chunk| Chunk::new(chunk, &contents)).collect();
        // Nothing is fetched after this and nothing is watched, so a failure to close changes nothing.
        let _ = bundler.close().await;
        check_imports(&chunks)?;
        Ok(chunks)
    })
}

fn options(root: &Path, entries: Vec<Entry>, splitting: Splitting) -> BundlerOptions {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let zod = HybridRegex::new(ZOD_WITH_SIDE_EFFECTS).expect("the expression above is valid");
    BundlerOptions {
        input: Some(
            entries
                .into_iter()
                .map(|entry| InputItem { name: Some(entry.name), import: entry.import })
                .collect(),
        ),
        cwd: Some(root.to_owned()),
        // Nothing is written; with the root as the output folder, paths in source maps are relative to the root.
        dir: Some(".".to_owned()),
        platform: Some(Platform::Neutral),
        format: Some(OutputFormat::Esm),
        sourcemap: Some(SourceMapType::Hidden),
        entry_filenames: Some("[name]-[hash:10].js".to_owned().into()),
        chunk_filenames: Some("[name]-[hash:10].js".to_owned().into()),
        // Lower case only: names stay apart on file systems that do not tell case.
        hash_characters: Some(HashCharacters::Base36),
        code_splitting: Some(code_splitting(splitting)),
        // The author's tsconfig is for the editor; a deployed bundle depends on the sources alone.
        tsconfig: Some(TsConfig::Auto(false)),
        comments: Some(CommentsOptions { legal: false, annotation: false, jsdoc: false }),
        // Smaller text gains nothing as bytecode, and stacks keep their names.
        minify: Some(RawMinifyOptions::Bool(false)),
        resolve: Some(ResolveOptions {
            extensions: Some(texts(&[".ts", ".js", ".mjs", ".json"])),
            extension_alias: Some(vec![
                (".js".to_owned(), texts(&[".ts", ".js"])),
                (".mjs".to_owned(), texts(&[".mts", ".mjs"])),
            ]),
            condition_names: Some(texts(&["import", "default"])),
            main_fields: Some(texts(&["module", "main"])),
            ..Default::default()
        }),
        treeshake: TreeshakeOptions::Option(InnerOptions {
            module_side_effects: ModuleSideEffects::Rules(vec![ModuleSideEffectsRule {
                test: Some(zod),
                external: None,
                side_effects: true,
            }]),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// zod is in one chunk, whatever part of it each function uses: most use it, and share that chunk then.
fn code_splitting(splitting: Splitting) -> CodeSplittingMode {
    if splitting == Splitting::Single {
        return CodeSplittingMode::Bool(false);
    }
    let zod = HybridRegex::new(r"[\\/]node_modules[\\/]zod[\\/]").expect("the expression is valid");
    CodeSplittingMode::Advanced(ManualCodeSplittingOptions {
        groups: Some(vec![MatchGroup {
            name: MatchGroupName::Static("zod".to_owned()),
            test: Some(MatchGroupTest::Regex(zod)),
            ..MatchGroup::default()
        }]),
        ..ManualCodeSplittingOptions::default()
    })
}

impl Chunk {
    fn new(chunk: &OutputChunk, contents: &Contents) -> Self {
        let imports = chunk.imports.iter().chain(&chunk.dynamic_imports);
        let module = chunk.facade_module_id.as_ref().filter(|_| chunk.is_entry);
        Self {
            name: chunk.filename.to_string(),
            entry: (chunk.is_entry && !chunk.is_dynamic_entry).then(|| chunk.name.to_string()),
            content: module.and_then(|module| contents.of(module)),
            imports: imports.filter(|import| is_left(&chunk.code, import)).map(ToString::to_string).collect(),
            module: Module {
                code: chunk.code.clone(),
                map: chunk.map.as_ref().and_then(source_map::own_sources_only),
            },
        }
    }
}

/// Whether an import that leads nowhere is left in what was built. A module of Node that a package requires only in a
/// module that nothing uses is no reason to refuse it.
fn is_needed(warning: &BuildDiagnostic, chunks: &[Arc<OutputChunk>]) -> bool {
    let Some(specifier) = warning.exporter().filter(|specifier| is_of_node(specifier)) else { return true };
    let importer = warning.id().unwrap_or_default();
    let required = format!("__require(\"{specifier}\")");
    has_module(chunks, &importer) && chunks.iter().any(|chunk| chunk.code.contains(&required))
}

/// Whether a module of Node that a chunk lists among its imports is really imported by its text: the bundler still lists
/// those whose imports it dropped because nothing uses them.
fn is_left(code: &str, specifier: &str) -> bool {
    let (from, bare) = (format!(" from \"{specifier}\";"), format!("import \"{specifier}\";"));
    !is_of_node(specifier)
        || code.lines().any(|line| line.ends_with(&from) || line == bare)
        || code.contains(&format!("import(\"{specifier}\")"))
}

/// Whether something of a module is left in what was built.
fn has_module(chunks: &[Arc<OutputChunk>], id: &str) -> bool {
    let mut modules = chunks.iter().flat_map(|chunk| chunk.modules.keys.iter().zip(&chunk.modules.values));
    modules.any(|(module, rendered)| module.as_str() == id && rendered.code().is_some())
}

/// What is said of imports of missing modules of Node that are left in what was built.
fn missing_modules(
    chunks: &[Arc<OutputChunk>],
    missing: &Missing,
    root: &Path,
    importers: &Importers,
) -> Vec<Diagnostic> {
    let imports = chunks.iter().flat_map(|chunk| {
        let imports = chunk.imports.iter().chain(&chunk.dynamic_imports);
        imports.filter(|import| is_left(&chunk.code, import))
    });
    let specifiers: BTreeSet<_> = imports.filter(|import| !is_runtime_module(import)).collect();
    let mut found = Vec::new();
    for specifier in specifiers {
        for importer in missing.importers(specifier).into_iter().filter(|id| has_module(chunks, id)) {
            let (line, column) = place_of(Path::new(&importer), specifier);
            let file = relative(&importer, root);
            let message = refusal_with_way(specifier, &file, &importer, importers, root);
            found.push(Diagnostic { file, line, column, kind: UNRESOLVED.to_owned(), message });
        }
    }
    found
}

/// Line and column where a file names what it imports; zeros where that cannot be seen.
fn place_of(file: &Path, specifier: &str) -> (u32, u32) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let quoted = [format!("'{specifier}'"), format!("\"{specifier}\"")];
    let found = text.lines().enumerate().find_map(|(line, text)| {
        let at = quoted.iter().find_map(|quoted| text.find(quoted.as_str()))?;
        Some((line as u32 + 1, text[..at].encode_utf16().count() as u32 + 1))
    });
    found.unwrap_or_default()
}

/// The last guard: whatever the bundler left as an import is one of the chunks or a module that the runtime has.
fn check_imports(chunks: &[Chunk]) -> Result<(), Vec<Diagnostic>> {
    let known = |import: &str| chunks.iter().any(|chunk| chunk.name == import) || is_runtime_module(import);
    let stray = chunks.iter().flat_map(|chunk| {
        let stray = chunk.imports.iter().filter(|import| !known(import));
        stray.map(|import| Diagnostic::of_file(&chunk.name, UNRESOLVED, refusal(import, "a package")))
    });
    let stray: Vec<_> = stray.collect();
    if stray.is_empty() { Ok(()) } else { Err(stray) }
}

fn diagnostics(errors: Vec<BuildDiagnostic>, root: &Path, importers: &Importers) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<_> =
        errors.into_iter().map(|error| diagnostic(&error, root, importers)).collect();
    // The bundler works in parallel; the same project must give the same report.
    diagnostics.sort();
    diagnostics.dedup();
    diagnostics
}

fn diagnostic(error: &BuildDiagnostic, root: &Path, importers: &Importers) -> Diagnostic {
    let options = DiagnosticOptions { cwd: root.to_owned() };
    let kind = error.kind().to_string();
    let located = error.to_diagnostic_with(&options).get_primary_location();
    let (file, line, column) = match located {
        // For a file that it cannot read at all, the bundler gives the text where the name should be.
        Some((file, line, column, _)) if root.join(&file).is_file() => (file, line as u32, column as u32 + 1),
        _ => {
            (error.id().filter(|id| root.join(id).is_file()).unwrap_or_else(|| UNKNOWN_FILE.to_owned()), 0, 0)
        }
    };
    let message = match error.exporter() {
        Some(specifier) if matches!(error.kind(), EventKind::UnresolvedImport) => {
            refusal_with_way(&specifier, &file, &error.id().unwrap_or_default(), importers, root)
        }
        _ => error.to_message_with(&options),
    };
    Diagnostic { file: relative(&file, root), line, column, kind, message }
}

/// Why a module cannot have `specifier`, and how a function came to want it.
fn refusal_with_way(specifier: &str, file: &str, id: &str, importers: &Importers, root: &Path) -> String {
    let mut chain = importers.chain(id);
    chain.retain(|id| !id.starts_with(VIRTUAL));
    chain.reverse();
    chain.push(id.to_owned());
    let way = way(chain.iter().map(|id| relative(id, root)), specifier);
    format!("{}\n  {way}", refusal(specifier, file))
}

/// Why `importer` cannot have `specifier`.
fn refusal(specifier: &str, importer: &str) -> String {
    if specifier.starts_with('.') || specifier.starts_with('/') {
        format!("`{specifier}` does not exist")
    } else if is_of_node(specifier) {
        let available = NODE_MODULES.join(", ");
        format!("functions have no Node.js module `{specifier}`; there are {available}")
    } else if importer.contains("node_modules/") {
        format!("the package `{specifier}` is not installed")
    } else {
        format!("the package `{specifier}` is not installed; add it to package.json and run npm install")
    }
}

/// How a function came to import `specifier`: `a/syncs/x.ts → node_modules/soap → http`. Files of one package are one step.
fn way(chain: impl Iterator<Item = String>, specifier: &str) -> String {
    let mut steps = Vec::new();
    for file in chain {
        let step = match file.rfind("node_modules/") {
            Some(at) => {
                let below = &file[at + "node_modules/".len()..];
                let scoped = usize::from(below.starts_with('@'));
                let package: Vec<_> = below.split('/').take(1 + scoped).collect();
                format!("{}{}", &file[..at + "node_modules/".len()], package.join("/"))
            }
            None => file,
        };
        if steps.last() != Some(&step) {
            steps.push(step);
        }
    }
    steps.push(specifier.to_owned());
    steps.join(" → ")
}

/// `path` from the project's root where it is below it, with `/` between folders.
fn relative(path: &str, root: &Path) -> String {
    let below = Path::new(path).strip_prefix(root).unwrap_or(Path::new(path));
    below.to_string_lossy().replace('\\', "/")
}
