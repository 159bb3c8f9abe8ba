//! A function that is not deployed, made ready to run: judged and compiled like one that is, and stored nowhere.

use crate::{
    Engine, Error, Result,
    deployments::{check, rejected},
    functions::{CompileFailure, LoadedFunction},
};
use bespoke_core::{
    function::{Deployment, Function, ModuleRef, fingerprint},
    id::{EnvironmentId, FunctionId},
};
use bespoke_runtime::{Module, SourceModule};

/// What runners and logs know a draft as: no row has this id.
const NO_ROW: FunctionId = FunctionId(0);

impl Engine {
    /// The one function of `draft`.
    pub(super) async fn load_draft(
        &self,
        environment: EnvironmentId,
        draft: &Deployment,
    ) -> Result<LoadedFunction> {
        if draft.functions.len() != 1 {
            return Err(Error::invalid(&["draft", "functions"], "custom", "Must have exactly one function"));
        }
        self.load_sole(environment, draft).await.map_err(below_draft)
    }

    /// The one function of a deployment, which is stored nowhere.
    pub(crate) async fn load_sole(
        &self,
        environment: EnvironmentId,
        draft: &Deployment,
    ) -> Result<LoadedFunction> {
        check::check(draft)?;
        let Some(function) = draft.functions.first() else {
            return Err(Error::invalid(&["functions"], "too_small", "There is no function"));
        };
        let modules =
            || function.modules.iter().filter_map(|name| Some((name.as_str(), draft.modules.get(name)?)));
        let sources =
            modules().map(|(name, module)| SourceModule { name: name.to_owned(), code: module.code.clone() });
        let compiled =
            self.compile(environment, sources.collect()).await.map_err(|failure| match failure {
                CompileFailure::Engine(error) => error,
                CompileFailure::Rejected(error) => rejected(&error, draft),
            })?;
        let refs: Vec<ModuleRef> = modules()
            .map(|(name, module)| ModuleRef { name: name.to_owned(), hash: module.hash(name) })
            .collect();
        let maps = modules().filter_map(|(name, module)| Some((name.to_owned(), module.map.clone()?)));
        let loaded = Function {
            id: NO_ROW,
            environment,
            definition: function.definition.clone(),
            version: function.definition.version.clone().unwrap_or_else(|| "draft".to_owned()),
            fingerprint: fingerprint(&function.definition, &refs, &function.source, draft.origin),
            modules: refs,
            origin: draft.origin,
            enabled: true,
            deployed_at: self.now(),
        };
        let compiled =
            compiled.into_iter().map(|module| Module { name: module.name, bytecode: module.bytecode });
        Ok(LoadedFunction::new(loaded, compiled.collect(), maps.collect()))
    }
}

/// The deployment is a part of the request here.
fn below_draft(error: Error) -> Error {
    match error {
        Error::Invalid { mut path, code, message } => {
            path.insert(0, "draft".to_owned());
            Error::Invalid { path, code, message }
        }
        other => other,
    }
}
