//! What an import means that is not a file: our own package, the modules of the runtime, modules made here.

use bespoke_core::function::{Hash, NODE_MODULES};
use nodejs_built_in_modules::is_nodejs_builtin_module;
use rolldown::plugin::{
    HookBuildEndArgs, HookLoadArgs, HookLoadOutput, HookLoadReturn, HookNoopReturn, HookResolveIdArgs,
    HookResolveIdOutput, HookResolveIdReturn, HookUsage, Plugin, PluginContext, SharedLoadPluginContext,
};
use rolldown_common::{ImportKind, ModuleType, ResolvedExternal, side_effects::HookSideEffects};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

/// Package names that functions import their helpers from.
const HELPER_PACKAGES: [&str; 2] = ["nango", "bespoke"];

/// The helpers: one file for authors' tools, tests and deployed functions.
const HELPERS: &str = include_str!("../../../packages/bespoke/index.js");

/// What both names of the helpers are resolved to.
const HELPERS_ID: &str = "bespoke:helpers";

/// Marks ids that are no files, as is usual among bundlers; no other plugin or resolver touches them.
pub(crate) const VIRTUAL: char = '\0';

/// Whether a function may import this at run time.
pub(crate) fn is_runtime_module(specifier: &str) -> bool {
    NODE_MODULES.contains(&specifier.strip_prefix("node:").unwrap_or(specifier))
}

/// Answers the imports that are no files.
#[derive(Debug, Default)]
pub(crate) struct VirtualModules {
    /// Source by the specifier that it is imported with.
    pub(crate) modules: BTreeMap<String, String>,
    /// Filled when all modules are known.
    pub(crate) importers: Importers,
    /// The same.
    pub(crate) contents: Contents,
    /// Filled while modules are read.
    pub(crate) missing: Missing,
}

/// Imports of modules of Node that the runtime lacks: specifier and importing module. Whether one is a reason to refuse is
/// known only when what nothing uses was dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Missing(Arc<Mutex<BTreeSet<(String, String)>>>);

impl Missing {
    fn add(&self, specifier: &str, importer: &str) {
        let mut missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missing.insert((specifier.to_owned(), importer.to_owned()));
    }

    /// The modules that import `specifier`.
    pub(crate) fn importers(&self, specifier: &str) -> Vec<String> {
        let missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missing
            .iter()
            .filter(|(missing, _)| missing == specifier)
            .map(|(_, importer)| importer.clone())
            .collect()
    }
}

/// Whether this names a module of Node, be it one that the runtime has or not.
pub(crate) fn is_of_node(specifier: &str) -> bool {
    specifier.starts_with("node:") || is_nodejs_builtin_module(specifier)
}

/// Who imports each module of a build, by module ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Importers(Arc<Mutex<HashMap<String, Vec<String>>>>);

impl Importers {
    /// One way from a module up to an entry: its importer, the importer's importer and so on. Without what is no file.
    pub(crate) fn chain(&self, id: &str) -> Vec<String> {
        let importers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut chain = Vec::new();
        let mut at = id;
        while let Some(next) = importers.get(at).and_then(|importers| {
            importers.iter().find(|importer| *importer != id && !chain.contains(*importer))
        }) {
            chain.push(next.clone());
            at = next;
        }
        chain
    }
}

/// What each module of a build is and what it imports, by module ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents(Arc<Mutex<HashMap<String, Content>>>);

/// The hash of a module's own text, and the modules that it imports.
type Content = (Hash, Vec<String>);

impl Contents {
    /// The hash of a module with everything that it reaches; the same wherever the project's folder is.
    pub(crate) fn of(&self, entry: &str) -> Option<Hash> {
        let modules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = HashSet::from([entry]);
        let mut rest = vec![entry];
        let mut hashes = Vec::new();
        while let Some(id) = rest.pop() {
            let (hash, imports) = modules.get(id)?;
            hashes.push(*hash);
            // What is not there is a module of the runtime.
            rest.extend(
                imports.iter().map(String::as_str).filter(|id| modules.contains_key(*id) && seen.insert(id)),
            );
        }
        hashes.sort_unstable();
        Some(Hash::of_all(hashes))
    }
}

/// Where a module is, without the folders of this machine: from the project's root, or from the folder of packages.
fn portable<'a>(id: &'a str, root: &str) -> &'a str {
    match id.rfind("node_modules/") {
        Some(at) => &id[at..],
        None => id.strip_prefix(root).unwrap_or(id),
    }
}

impl VirtualModules {
    fn source(&self, id: &str) -> Option<Cow<'static, str>> {
        let name = id.strip_prefix(VIRTUAL)?;
        if name == HELPERS_ID {
            return Some(HELPERS.into());
        }
        if let Some(builtin) = name.strip_prefix("require:") {
            // What Node's `require` gives is the default export of ours: `events` is a class.
            return Some(format!("module.exports = require('{VIRTUAL}import:{builtin}').default;").into());
        }
        if let Some(builtin) = name.strip_prefix("import:") {
            return Some(format!("export {{ default }} from '{builtin}';").into());
        }
        self.modules.get(name).map(|source| source.clone().into())
    }
}

impl Plugin for VirtualModules {
    fn name(&self) -> Cow<'static, str> {
        "bespoke".into()
    }

    fn register_hook_usage(&self) -> HookUsage {
        HookUsage::ResolveId | HookUsage::Load | HookUsage::BuildEnd
    }

    async fn resolve_id(
        &self,
        _context: &PluginContext,
        import: &HookResolveIdArgs<'_>,
    ) -> HookResolveIdReturn {
        let specifier = import.specifier;
        Ok(if HELPER_PACKAGES.contains(&specifier) {
            Some(HookResolveIdOutput::from_id(format!("{VIRTUAL}{HELPERS_ID}")))
        } else if specifier.starts_with(VIRTUAL) {
            Some(HookResolveIdOutput::from_id(specifier))
        } else if self.modules.contains_key(specifier) {
            Some(HookResolveIdOutput::from_id(format!("{VIRTUAL}{specifier}")))
        } else if !is_runtime_module(specifier) {
            match import.importer {
                // A `require` is left to the resolver, which knows whether the package is ready to do without.
                Some(importer) if import.kind != ImportKind::Require && is_of_node(specifier) => {
                    self.missing.add(specifier, importer);
                    Some(HookResolveIdOutput {
                        external: Some(ResolvedExternal::Bool(true)),
                        side_effects: Some(HookSideEffects::False),
                        ..HookResolveIdOutput::from_id(specifier)
                    })
                }
                _ => None,
            }
        } else if import.kind == ImportKind::Require {
            // An ES module cannot `require` what is outside of it; a package in CommonJS gets it through a module that imports.
            Some(HookResolveIdOutput::from_id(format!("{VIRTUAL}require:{specifier}")))
        } else {
            Some(HookResolveIdOutput {
                external: Some(ResolvedExternal::Bool(true)),
                ..HookResolveIdOutput::from_id(specifier)
            })
        })
    }

    async fn load(&self, _context: SharedLoadPluginContext, module: &HookLoadArgs<'_>) -> HookLoadReturn {
        Ok(self.source(module.id).map(|code| HookLoadOutput {
            code: code.as_ref().into(),
            module_type: Some(ModuleType::Js),
            ..Default::default()
        }))
    }

    async fn build_end(
        &self,
        context: &PluginContext,
        _result: Option<&HookBuildEndArgs<'_>>,
    ) -> HookNoopReturn {
        let importers = context.get_module_ids().into_iter().filter_map(|id| {
            let info = context.get_module_info(&id)?;
            let importers = info.importers.iter().chain(&info.dynamic_importers);
            Some((id.to_string(), importers.map(ToString::to_string).collect()))
        });
        let root = context.cwd().to_string_lossy().into_owned();
        let contents = context.get_module_ids().into_iter().filter_map(|id| {
            let info = context.get_module_info(&id)?;
            let imports = info.imported_ids.iter().chain(&info.dynamically_imported_ids);
            let hash = Hash::of_file(portable(&id, &root), info.code.as_deref().unwrap_or_default());
            Some((id.to_string(), (hash, imports.map(ToString::to_string).collect())))
        });
        *self.contents.0.lock().unwrap_or_else(PoisonError::into_inner) = contents.collect();
        *self.importers.0.lock().unwrap_or_else(PoisonError::into_inner) = importers.collect();
        Ok(())
    }
}
