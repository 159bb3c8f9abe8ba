//! Deploying functions: what would change, and changing it.
//!
//! A deployment is judged whole ([`check`]), compared with what is there ([`draft`]), compiled in a runner, and then
//! written in one transaction: what cannot be deployed leaves everything as it was.

pub(crate) mod check;
mod commonjs;
mod draft;

use crate::{Engine, Error, Resource, Result, functions::CompileFailure};
use bespoke_core::{
    function::{DeployPlan, Deployment, Function, Hash, Module, PlannedFunction, PlannedMigration},
    id::EnvironmentId,
    log::Level,
    validation::Mode,
};
use bespoke_runtime::{CompileError, ENGINE_VERSION, SourceMaps, SourceModule};
use bespoke_store::{DeployChanges, StoredBytecode, StoredModule};
use draft::Draft;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use uuid::Uuid;

/// How long a deployment keeps others away if its node dies.
const LEASE: Duration = Duration::from_mins(2);

/// What a deployment did.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// What changed and what did not.
    pub plan: DeployPlan,
    /// The versions that were made, in the order of the deployment.
    pub functions: Vec<Function>,
}

impl Engine {
    /// What [`Engine::deploy`] would change.
    ///
    /// [`Error::Invalid`] names what cannot be deployed; [`Error::UnknownIntegrations`] integrations that do not exist.
    pub async fn plan_deployment(
        &self,
        environment: EnvironmentId,
        mut deployment: Deployment,
    ) -> Result<DeployPlan> {
        check::check(&deployment)?;
        let mut plan = self.draft(environment, &mut deployment).await?.plan;
        self.plan_migrations(environment, &deployment, &mut plan).await?;
        Ok(plan)
    }

    /// Deploys functions: all of them or none.
    ///
    /// It goes on to its end if the caller gives up waiting. Errors as for the plan, [`Error::BreaksConfigurations`], and [`Error::Conflict`] while
    /// another deployment to the environment is under way.
    pub async fn deploy(
        self: &Arc<Self>,
        environment: EnvironmentId,
        deployment: Deployment,
    ) -> Result<Deployed> {
        check::check(&deployment)?;
        let engine = Arc::clone(self);
        let work = tokio::spawn(async move { engine.deploy_exclusively(environment, deployment).await });
        work.await.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Stopping),
        })
    }

    async fn deploy_exclusively(
        &self,
        environment: EnvironmentId,
        deployment: Deployment,
    ) -> Result<Deployed> {
        let holder = self.ids.next();
        if !self.store.begin_deployment(environment, holder, LEASE).await? {
            return Err(Error::Conflict(Resource::Deployment));
        }
        let result = self.deploy_as(holder, environment, deployment).await;
        if result.is_err() {
            self.store.abandon_deployment(environment, holder).await?;
        }
        self.loaded.forget(environment);
        result
    }

    async fn deploy_as(
        &self,
        holder: Uuid,
        environment: EnvironmentId,
        mut deployment: Deployment,
    ) -> Result<Deployed> {
        let Draft { mut plan, functions, deleted } = self.draft(environment, &mut deployment).await?;
        self.plan_migrations(environment, &deployment, &mut plan).await?;
        let breaks = |planned: &PlannedMigration| planned.mode == Mode::Enforce && planned.broken > 0;
        if !deployment.allow_invalid && plan.migrations.iter().any(breaks) {
            plan.migrations.retain(breaks);
            return Err(Error::BreaksConfigurations(plan.migrations));
        }
        let bytecode = self.compile_new(environment, &deployment).await?;
        let used = used_modules(&deployment);
        let modules = used.map(|(name, module)| StoredModule {
            hash: module.hash(name),
            code: module.code.clone(),
            map: module.map.clone(),
        });
        let changes = DeployChanges {
            holder,
            origin: deployment.origin,
            modules: modules.collect(),
            engine_version: ENGINE_VERSION,
            bytecode,
            functions,
            deleted,
        };
        let functions =
            self.store.commit_deployment(environment, changes).await.map_err(|error| match error {
                bespoke_store::Error::Conflict(_) => Error::Conflict(Resource::Deployment),
                // Deleted since it was looked for.
                bespoke_store::Error::NotFound(_) => Error::NotFound(Resource::Integration),
                other => other.into(),
            })?;
        let integrations: BTreeSet<String> =
            plan.new.iter().chain(&plan.changed).map(|function| function.integration.clone()).collect();
        self.seal_secrets_of(environment, &Vec::from_iter(integrations)).await?;
        tracing::info!(
            environment.id = %environment,
            new = plan.new.len(),
            changed = plan.changed.len(),
            deleted = plan.deleted.len(),
            "deployed functions: {} new, {} changed, {} deleted",
            plan.new.len(),
            plan.changed.len(),
            plan.deleted.len()
        );
        let names = |functions: &[PlannedFunction]| -> Vec<String> {
            functions.iter().map(|function| format!("{}/{}", function.integration, function.name)).collect()
        };
        let message = format!(
            "deployed functions: {} new, {} changed, {} deleted",
            plan.new.len(),
            plan.changed.len(),
            plan.deleted.len()
        );
        let meta = json!({
            "new": names(&plan.new), "changed": names(&plan.changed), "deleted": names(&plan.deleted),
        });
        self.log_event(environment, None, Level::Info, &message, Some(meta));
        Ok(Deployed { plan, functions })
    }

    /// Compares what is sent with what is there, and brings CommonJS into our form before.
    async fn draft(&self, environment: EnvironmentId, deployment: &mut Deployment) -> Result<Draft> {
        let deployed = self.store.deployed(environment).await?;
        draft::integrations_exist(&deployed, deployment)?;
        self.adopt_commonjs(environment, deployment).await?;
        Ok(draft::draft(&deployed, deployment))
    }

    /// Bytecode of the modules that have none yet.
    async fn compile_new(
        &self,
        environment: EnvironmentId,
        deployment: &Deployment,
    ) -> Result<Vec<StoredBytecode>> {
        let used: BTreeMap<Hash, (&str, &Module)> =
            used_modules(deployment).map(|(name, module)| (module.hash(name), (name, module))).collect();
        let hashes = used.keys().copied().collect();
        let compiled = self.store.compiled_modules(environment, ENGINE_VERSION, hashes).await?;
        let (hashes, sources): (Vec<_>, Vec<_>) = used
            .into_iter()
            .filter(|(hash, _)| !compiled.contains(hash))
            .map(|(hash, (name, module))| {
                (hash, SourceModule { name: name.to_owned(), code: module.code.clone() })
            })
            .unzip();
        if sources.is_empty() {
            return Ok(Vec::new());
        }
        let bytecode = self.compile(environment, sources).await.map_err(|failure| match failure {
            CompileFailure::Engine(error) => error,
            CompileFailure::Rejected(error) => rejected(&error, deployment),
        })?;
        let bytecode = hashes.into_iter().zip(bytecode);
        Ok(bytecode
            .map(|(hash, module)| StoredBytecode { hash, bytecode: module.bytecode.to_vec() })
            .collect())
    }
}

/// The modules that functions name.
fn used_modules(deployment: &Deployment) -> impl Iterator<Item = (&str, &Module)> {
    let is_used = |name: &str| {
        deployment.functions.iter().any(|function| function.modules.iter().any(|used| used == name))
    };
    deployment
        .modules
        .iter()
        .map(|(name, module)| (name.as_str(), module))
        .filter(move |(name, _)| is_used(name))
}

/// Says what is wrong where the author can find it: in the TypeScript, if the module has a map.
pub(crate) fn rejected(error: &CompileError, deployment: &Deployment) -> Error {
    let CompileError { module, line, column, message } = error;
    let map = deployment.modules.get(module).and_then(|module| module.map.as_deref());
    let maps = SourceMaps::new(map.map(|map| (module.as_str(), map.as_bytes())));
    let place = maps.apply(&format!("at {module}:{line}:{column}"));
    let place = place.strip_prefix("at ").unwrap_or(&place);
    let function = deployment.functions.iter().position(|function| function.modules.contains(module));
    Error::invalid(
        &["functions", &function.unwrap_or_default().to_string(), "modules"],
        "compilation_error",
        format!("{place}: {message}"),
    )
}
