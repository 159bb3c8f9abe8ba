//! One run of the bundler: its settings, its errors, its output.
//!
//! Each setting that looks odd was found by a failing check; the tests guard them.

use crate::{
    Diagnostic,
    plugin::{Contents, Importers, RUNTIME_MODULES, VirtualModules, is_runtime_module},
    source_map,
};
use bespoke_core::function::{Hash, Module};
use nodejs_built_in_modules::is_nodejs_builtin_module;
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
use std::{path::Path, sync::Arc};
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
        let failed = |errors: BatchedBuildDiagnostic| diagnostics(errors.into_vec(), root, &importers);
        let mut bundler = BundlerBuilder::default()
            .with_options(options(root, entries, splitting))
            .with_plugins(vec![Arc::new(virtual_modules)])
            .build()
            .map_err(failed)?;
        let output = bundler.generate().await.map_err(failed)?;
        // A package that is not installed is only a warning there, and stays an import that fails when the function runs.
        let unresolved = output
            .warnings
            .into_iter()
            .filter(|warning| matches!(warning.kind(), EventKind::UnresolvedImport));
        let unresolved = diagnostics(unresolved.collect(), root, &importers);
        if !unresolved.is_empty() {
            return Err(unresolved);
        }
        let chunks = output.assets.into_iter().filter_map(|asset| match asset {
            Output::Chunk(chunk) => Some(Chunk::new(&chunk, &contents)),
            Output::Asset(_) => None,
        });
        let chunks: Vec<Chunk> = chunks.collect();
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
            imports: imports.map(ToString::to_string).collect(),
            module: Module {
                code: chunk.code.clone(),
                map: chunk.map.as_ref().and_then(source_map::own_sources_only),
            },
        }
    }
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
            let mut message = refusal(&specifier, &file);
            for importer in importers.chain(&error.id().unwrap_or_default()) {
                message.push_str("\n  imported by ");
                message.push_str(&relative(&importer, root));
            }
            message
        }
        _ => error.to_message_with(&options),
    };
    Diagnostic { file: relative(&file, root), line, column, kind, message }
}

/// Why `importer` cannot have `specifier`.
fn refusal(specifier: &str, importer: &str) -> String {
    if specifier.starts_with('.') || specifier.starts_with('/') {
        format!("`{specifier}` does not exist")
    } else if specifier.starts_with("node:") || is_nodejs_builtin_module(specifier) {
        let available = RUNTIME_MODULES.map(|module| format!("`{module}`")).join(", ");
        format!(
            "functions have no Node.js module `{specifier}`; there are {available}, also with `node:` before"
        )
    } else if importer.contains("node_modules/") {
        format!("the package `{specifier}` is not installed")
    } else {
        format!("the package `{specifier}` is not installed; add it to package.json and run npm install")
    }
}

/// `path` from the project's root where it is below it, with `/` between folders.
fn relative(path: &str, root: &Path) -> String {
    let below = Path::new(path).strip_prefix(root).unwrap_or(Path::new(path));
    below.to_string_lossy().replace('\\', "/")
}
