//! Deployments: new versions of functions, all of a deployment or nothing of it.
//!
//! One at a time in each environment: [`Store::begin_deployment`] takes a lease, [`Store::commit_deployment`] needs it
//! and gives it back in the same transaction, so a deployment that was overtaken writes nothing.

use crate::{
    Store, StoredBytecode, StoredModule,
    db::{Tx, Value, params},
    error::{Error, Result},
    functions, integrations, modules,
    schema_versions::CONFIGURED,
    syncs,
};
use bespoke_core::{
    function::{Definition, Function, FunctionKind, Hash, ModuleRef, Origin, Source},
    id::{EnvironmentId, FunctionId},
    time::Timestamp,
};
use std::{borrow::Cow, collections::HashMap, time::Duration};
use uuid::Uuid;

/// What a deployment starts from.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// The current functions: by integration, kind and name.
    pub functions: Vec<Function>,
    /// The last version of every function that there ever was, by integration, kind and name.
    pub last_versions: HashMap<(String, FunctionKind, String), String>,
    /// How many connections each integration has.
    pub connections: HashMap<String, u64>,
}

/// A new version of a function.
#[derive(Clone, Debug)]
pub struct NewFunction {
    /// What it says of itself.
    pub definition: Definition,
    /// The version shown.
    pub version: String,
    /// Its modules, entry first.
    pub modules: Vec<ModuleRef>,
    /// The TypeScript that it was written in.
    pub source: Source,
    /// Hash of all that.
    pub fingerprint: Hash,
}

/// What a deployment changes.
#[derive(Clone, Debug)]
pub struct DeployChanges {
    /// Who holds the lease.
    pub holder: Uuid,
    /// Where the functions come from.
    pub origin: Origin,
    /// Modules of all its functions.
    pub modules: Vec<StoredModule>,
    /// The version of the engine that made `bytecode`.
    pub engine_version: &'static str,
    /// Bytecode of modules that had none.
    pub bytecode: Vec<StoredBytecode>,
    /// Versions to make current.
    pub functions: Vec<NewFunction>,
    /// Functions to take out of service.
    pub deleted: Vec<FunctionId>,
}

impl Store {
    /// Takes the environment's deployment for `holder` until `lease` has passed. False where another one is under way.
    pub async fn begin_deployment(
        &self,
        environment: EnvironmentId,
        holder: Uuid,
        lease: Duration,
    ) -> Result<bool> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let taken = tx.execute(
                    "INSERT INTO deploy_locks (environment_id, holder, expires_at) VALUES ($1, $2, $3)
                     ON CONFLICT (environment_id) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
                     WHERE deploy_locks.expires_at <= $4",
                    params![environment, holder, now.after(lease), now],
                )?;
                Ok(taken == 1)
            })
            .await
    }

    /// Gives the environment's deployment back where `holder` still has it.
    pub async fn abandon_deployment(&self, environment: EnvironmentId, holder: Uuid) -> Result<()> {
        self.db.write(move |tx| release(tx, environment, holder).map(drop)).await
    }

    /// What a deployment starts from.
    pub async fn deployed(&self, environment: EnvironmentId) -> Result<Deployed> {
        self.db
            .read(move |tx| {
                Ok(Deployed {
                    functions: functions::current(tx, environment, None)?,
                    last_versions: last_versions(tx, environment)?,
                    connections: connections(tx, environment)?,
                })
            })
            .await
    }

    /// Makes a deployment's changes and gives the lease back. The new versions, in the order given.
    ///
    /// [`Error::Conflict`] where the lease was lost, [`Error::NotFound`] where an integration is gone.
    pub async fn commit_deployment(
        &self,
        environment: EnvironmentId,
        changes: DeployChanges,
    ) -> Result<Vec<Function>> {
        let now = self.now();
        self.db.write(move |tx| commit(tx, environment, &changes, now)).await
    }
}

fn release(tx: &mut Tx, environment: EnvironmentId, holder: Uuid) -> Result<bool> {
    let released = tx.execute(
        "DELETE FROM deploy_locks WHERE environment_id = $1 AND holder = $2",
        params![environment, holder],
    )?;
    Ok(released == 1)
}

fn last_versions(
    tx: &mut Tx,
    environment: EnvironmentId,
) -> Result<HashMap<(String, FunctionKind, String), String>> {
    let rows = tx.query(
        "SELECT integrations.unique_key, functions.kind, functions.name, functions.version
         FROM (SELECT max(id) AS id FROM functions WHERE environment_id = $1 GROUP BY integration_id, kind, name) newest
         JOIN functions ON functions.id = newest.id
         JOIN integrations ON integrations.id = functions.integration_id",
        params![environment],
        |row| Ok(((row.get(0)?, functions::word(row.get(1)?)?, row.get(2)?), row.get(3)?)),
    )?;
    Ok(rows.into_iter().collect())
}

fn connections(tx: &mut Tx, environment: EnvironmentId) -> Result<HashMap<String, u64>> {
    let rows = tx.query(
        "SELECT unique_key, (SELECT count(*) FROM connections WHERE connections.integration_id = integrations.id)
         FROM integrations WHERE environment_id = $1",
        params![environment],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(rows.into_iter().collect())
}

fn commit(
    tx: &mut Tx,
    environment: EnvironmentId,
    changes: &DeployChanges,
    now: Timestamp,
) -> Result<Vec<Function>> {
    if !release(tx, environment, changes.holder)? {
        return Err(Error::Conflict(Cow::Borrowed("the deployment")));
    }
    for module in &changes.modules {
        modules::save(tx, environment, module)?;
    }
    for compiled in &changes.bytecode {
        modules::save_bytecode(tx, environment, changes.engine_version, compiled)?;
    }
    for &id in &changes.deleted {
        functions::delete(tx, environment, id, now)?;
    }
    let mut deployed = Vec::with_capacity(changes.functions.len());
    for function in &changes.functions {
        deployed.push(replace(tx, environment, function, changes.origin, now)?);
    }
    Ok(deployed)
}

/// Makes `new` the current version.
fn replace(
    tx: &mut Tx,
    environment: EnvironmentId,
    new: &NewFunction,
    origin: Origin,
    now: Timestamp,
) -> Result<Function> {
    let NewFunction { definition, version, modules, source, fingerprint } = new;
    let integration = integrations::find(tx, environment, &definition.integration)?
        .ok_or(Error::NotFound("the integration"))?
        .id;
    let enabled: Option<bool> = tx.value_opt(
        "UPDATE functions SET is_current = FALSE
         WHERE environment_id = $1 AND integration_id = $2 AND kind = $3 AND name = $4 AND is_current RETURNING enabled",
        params![environment, integration, definition.kind.as_str(), &definition.name],
    )?;
    let is_new = enabled.is_none();
    let enabled = enabled.unwrap_or(true);
    let id = tx.query_one(
        "INSERT INTO functions (environment_id, integration_id, kind, name, version, origin, fingerprint, enabled,
                                is_current, deployed_at, modules, definition, source_path, source_code)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, TRUE, $9, $10, $11, $12, $13) RETURNING id",
        params![
            environment,
            integration,
            definition.kind.as_str(),
            &definition.name,
            version,
            origin.as_str(),
            &fingerprint.0,
            enabled,
            now,
            Value::json(modules)?,
            Value::json(definition)?,
            &source.path,
            &source.code
        ],
        |row| row.get(0),
    )?;
    let function = Function {
        id,
        environment,
        definition: definition.clone(),
        version: version.clone(),
        modules: modules.clone(),
        origin,
        fingerprint: *fingerprint,
        enabled,
        deployed_at: now,
    };
    if definition.kind == FunctionKind::Config {
        tx.wake(CONFIGURED);
    }
    if definition.kind == FunctionKind::Sync {
        if is_new {
            syncs::create_for_function(tx, integration, &function, now)?;
        } else {
            syncs::function_changed(tx, integration, &function, now)?;
        }
    }
    Ok(function)
}
