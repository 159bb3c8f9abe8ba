//! Deployed functions: reading them, switching them on and off, and making them ready to run.

use crate::{Engine, Error, Failure, Resource, Result, schemas::Schemas};
use bespoke_core::{
    function::{Definition, Function, FunctionKind, Origin, Source},
    id::{EnvironmentId, FunctionId},
    integration::Integration,
};
use bespoke_runtime::{Bytecode, CompileError, ENGINE_VERSION, Module, SourceMaps, SourceModule};
pub use bespoke_store::FunctionVersion;
use bespoke_store::{LoadedModule, StoredBytecode};
use quick_cache::{Weighter, sync::Cache};
use serde_json::value::RawValue;
use std::{collections::HashMap, fmt, sync::Arc};

/// A function, ready to run.
pub struct LoadedFunction {
    /// The version that this is.
    pub function: Function,
    /// Its modules, entry first. The same bytes each time, so that a runner is sent them once.
    pub modules: Arc<[Module]>,
    /// Leads from its bundled code to its TypeScript.
    pub maps: Maps,
    /// What it declares of its data.
    pub schemas: Schemas,
}

/// The source maps of a function. They are read when they are needed, which is when something failed.
pub struct Maps(Vec<(String, String)>);

impl Maps {
    /// The stack with its frames in the author's files and lines.
    pub fn apply(&self, stack: &str) -> String {
        let maps = self.0.iter().map(|(name, map)| (name.as_str(), map.as_bytes()));
        SourceMaps::new(maps).apply(stack)
    }
}

impl LoadedFunction {
    /// A function that was made ready elsewhere; `maps` are its modules' source maps by module name.
    pub(crate) fn new(function: Function, modules: Arc<[Module]>, maps: Vec<(String, String)>) -> Self {
        let schemas = Schemas::new(&function.definition);
        Self { function, modules, maps: Maps(maps), schemas }
    }

    /// The same function, of whose data nobody was told anything yet.
    pub(crate) fn afresh(&self) -> Self {
        let Self { function, modules, maps, .. } = self;
        Self::new(function.clone(), Arc::clone(modules), maps.0.clone())
    }
}

impl fmt::Debug for LoadedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoadedFunction({})", self.function.id)
    }
}

/// Memory for functions that are ready to run, in bytes. Beyond it those that were used least are loaded again.
const CACHE_BYTES: u64 = 64 << 20;
/// How many functions that roughly are.
const CACHE_FUNCTIONS: usize = 500;

/// Functions that are ready to run. A row never changes, so nothing here becomes wrong.
pub(crate) struct LoadedFunctions(Cache<(EnvironmentId, FunctionId), Arc<LoadedFunction>, ByBytes>);

#[derive(Clone)]
struct ByBytes;

impl Weighter<(EnvironmentId, FunctionId), Arc<LoadedFunction>> for ByBytes {
    fn weight(&self, _: &(EnvironmentId, FunctionId), loaded: &Arc<LoadedFunction>) -> u64 {
        let bytecode: usize = loaded.modules.iter().map(|module| module.bytecode.len()).sum();
        let maps: usize = loaded.maps.0.iter().map(|(_, map)| map.len()).sum();
        // Never zero: what weighs nothing is never given up.
        1_000 + (bytecode + maps) as u64
    }
}

impl Default for LoadedFunctions {
    fn default() -> Self {
        Self(Cache::with_weighter(CACHE_FUNCTIONS, CACHE_BYTES, ByBytes))
    }
}

impl LoadedFunctions {
    /// Forgets what is loaded of an environment: a deployment brings newer source maps for the same code.
    pub(crate) fn forget(&self, environment: EnvironmentId) {
        self.0.retain(|(owner, _), _| *owner != environment);
    }
}

/// Why modules could not be compiled.
pub(crate) enum CompileFailure {
    /// A module is not what the engine takes.
    Rejected(CompileError),
    /// The engine could not do its part.
    Engine(Error),
}

impl Engine {
    /// The deployed functions of an integration, by kind and name. Its configuration is none of them unless asked for.
    pub async fn functions(
        &self,
        environment: EnvironmentId,
        integration: &str,
        kind: Option<FunctionKind>,
    ) -> Result<Vec<Function>> {
        if self.store.integration_by_key(environment, integration).await?.is_none() {
            return Err(Error::NotFound(Resource::Integration));
        }
        let mut functions = self.store.functions(environment, Some(integration)).await?;
        functions.retain(|function| match kind {
            Some(kind) => kind == function.definition.kind,
            None => function.definition.kind != FunctionKind::Config,
        });
        Ok(functions)
    }

    /// The deployed functions of an environment, by kind and name, for each integration that has some.
    pub async fn functions_by_integration(
        &self,
        environment: EnvironmentId,
    ) -> Result<Vec<(Integration, Vec<Function>)>> {
        let integrations = self.store.integrations(environment).await?;
        let mut functions: HashMap<String, Vec<Function>> = HashMap::new();
        let functions_of_all = self.store.functions(environment, None).await?;
        let running =
            functions_of_all.into_iter().filter(|function| function.definition.kind != FunctionKind::Config);
        for function in running {
            functions.entry(function.definition.integration.clone()).or_default().push(function);
        }
        let with_functions = integrations.into_iter().filter_map(|integration| {
            let functions = functions.remove(&integration.unique_key)?;
            Some((integration, functions))
        });
        Ok(with_functions.collect())
    }

    /// The deployed functions with this name, at most one of each kind; at least one.
    pub async fn functions_named(
        &self,
        environment: EnvironmentId,
        integration: &str,
        name: &str,
        kind: Option<FunctionKind>,
    ) -> Result<Vec<Function>> {
        let mut functions = self.functions(environment, integration, kind).await?;
        functions.retain(|function| function.definition.name == name);
        if functions.is_empty() { Err(Error::NotFound(Resource::Function)) } else { Ok(functions) }
    }

    /// The TypeScript that a function was written in.
    pub async fn function_source(&self, function: &Function) -> Result<Source> {
        let source = self.store.function_source(function.environment, function.id).await?;
        source.ok_or(Error::NotFound(Resource::Function))
    }

    /// The versions of a function, newest first; those that are gone from service too.
    pub async fn function_versions(&self, function: &Function) -> Result<Vec<FunctionVersion>> {
        let Definition { integration, kind, name, .. } = &function.definition;
        Ok(self.store.function_versions(function.environment, integration, *kind, name).await?)
    }

    /// The TypeScript of a version of a function. By its number: an author may deploy other code under the same version.
    pub async fn version_source(&self, function: &Function, version: FunctionId) -> Result<Source> {
        let versions = self.function_versions(function).await?;
        if !versions.iter().any(|known| known.id == version) {
            return Err(Error::NotFound(Resource::Function));
        }
        let source = self.store.function_source(function.environment, version).await?;
        source.ok_or(Error::NotFound(Resource::Function))
    }

    /// Deletes a function that was deployed by itself, with the syncs that it made for connections.
    ///
    /// [`Error::Conflict`] where it belongs to a project: then a deployment without it deletes it.
    pub async fn delete_function(&self, function: &Function) -> Result<()> {
        if function.origin == Origin::Repo {
            return Err(Error::Conflict(Resource::Function));
        }
        let deleted = self.store.delete_function(function.environment, function.id).await?;
        if deleted { Ok(()) } else { Err(Error::NotFound(Resource::Function)) }
    }

    /// Lets a function run, or not. It stays so over deployments.
    pub async fn set_function_enabled(&self, function: &Function, enabled: bool) -> Result<()> {
        let changed = self.store.set_function_enabled(function.environment, function.id, enabled).await?;
        if changed { Ok(()) } else { Err(Error::NotFound(Resource::Function)) }
    }

    /// A function, ready to run: from memory, else from the database.
    ///
    /// [`Error::Failed`] with `script_invalid_error` where this program's engine does not take its code any more.
    pub async fn loaded_function(&self, function: &Function) -> Result<Arc<LoadedFunction>> {
        let key = (function.environment, function.id);
        self.loaded.0.get_or_insert_async(&key, self.load_function(function)).await
    }

    async fn load_function(&self, function: &Function) -> Result<Arc<LoadedFunction>> {
        let (environment, refs) = (function.environment, &function.modules);
        let hashes = refs.iter().map(|module| module.hash).collect();
        let stored = self.store.load_modules(environment, ENGINE_VERSION, hashes).await?;
        let modules = if stored.iter().all(|module| module.bytecode.is_some()) {
            let bytecode = stored.iter().map(|module| module.bytecode.clone().unwrap_or_default());
            let named = refs.iter().zip(bytecode);
            named
                .map(|(module, bytecode)| Module { name: module.name.clone(), bytecode: bytecode.into() })
                .collect()
        } else {
            // The program was updated, and its engine wants other bytecode.
            self.recompile(function, &stored).await?
        };
        let maps = refs
            .iter()
            .zip(stored)
            .filter_map(|(module, stored)| Some((module.name.clone(), stored.module.map?)));
        Ok(Arc::new(LoadedFunction::new(function.clone(), modules, maps.collect())))
    }

    async fn recompile(&self, function: &Function, stored: &[LoadedModule]) -> Result<Arc<[Module]>> {
        let sources = function.modules.iter().zip(stored).map(|(module, stored)| SourceModule {
            name: module.name.clone(),
            code: stored.module.code.clone(),
        });
        let compiled = match self.compile(function.environment, sources.collect()).await {
            Ok(compiled) => compiled,
            Err(CompileFailure::Engine(error)) => return Err(error),
            Err(CompileFailure::Rejected(error)) => {
                return Err(failed(
                    "script_invalid_error",
                    format!("The function cannot be compiled: {error}"),
                ));
            }
        };
        let rows = function.modules.iter().zip(&compiled).map(|(module, compiled)| StoredBytecode {
            hash: module.hash,
            bytecode: compiled.bytecode.to_vec(),
        });
        self.store.save_bytecode(function.environment, ENGINE_VERSION, rows.collect()).await?;
        Ok(compiled
            .into_iter()
            .map(|module| Module { name: module.name, bytecode: module.bytecode })
            .collect())
    }

    /// Compiles modules in a runner, in their order.
    pub(crate) async fn compile(
        &self,
        environment: EnvironmentId,
        modules: Vec<SourceModule>,
    ) -> Result<Vec<Bytecode>, CompileFailure> {
        use bespoke_runtime::Error as Cause;
        self.runtime.compile(environment, modules).await.map_err(|error| match error {
            Cause::Compile(error) => CompileFailure::Rejected(error),
            Cause::Closed => CompileFailure::Engine(Error::Stopping),
            Cause::Start(_) | Cause::RunnerLost => {
                tracing::error!(error = crate::error::chain(&error), "functions could not be compiled");
                CompileFailure::Engine(failed(
                    "function_runtime_other",
                    "The runtime could not compile the function.",
                ))
            }
        })
    }
}

fn failed(code: &str, message: impl Into<String>) -> Error {
    Error::Failed(Box::new(Failure {
        code: code.to_owned(),
        status: 500,
        message: message.into(),
        payload: RawValue::NULL.to_owned(),
        upstream: None,
        stack: None,
    }))
}
