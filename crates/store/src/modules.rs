//! Modules of functions: their code, and what the runtime made of it.

use crate::{
    Store,
    db::{Tx, params},
    error::{Error, Result},
};
use bespoke_core::{function::Hash, id::EnvironmentId};
use std::collections::HashSet;

/// A module to be stored, or as it is stored.
#[derive(Clone, Debug)]
pub struct StoredModule {
    /// Hash of its name and code.
    pub hash: Hash,
    /// ES module text.
    pub code: String,
    /// Source map, JSON text.
    pub map: Option<String>,
}

/// A module's bytecode, for one version of the engine.
#[derive(Clone, Debug)]
pub struct StoredBytecode {
    /// Hash of the module's name and code.
    pub hash: Hash,
    /// What the engine loads.
    pub bytecode: Vec<u8>,
}

/// A module with its bytecode, where there is some for the engine.
#[derive(Clone, Debug)]
pub struct LoadedModule {
    /// The module.
    pub module: StoredModule,
    /// What the engine loads; `None` where it must be compiled first.
    pub bytecode: Option<Vec<u8>>,
}

/// Keeps a module. The code of a hash never changes; its newest source map is kept.
pub(crate) fn save(tx: &mut Tx, environment: EnvironmentId, module: &StoredModule) -> Result<()> {
    tx.execute(
        "INSERT INTO modules (environment_id, hash, code, map) VALUES ($1, $2, $3, $4)
         ON CONFLICT (environment_id, hash) DO UPDATE SET map = excluded.map",
        params![environment, &module.hash.0, &module.code, module.map.as_deref()],
    )
    .map(drop)
}

/// Keeps the bytecode of a module that is stored.
pub(crate) fn save_bytecode(
    tx: &mut Tx,
    environment: EnvironmentId,
    engine_version: &str,
    compiled: &StoredBytecode,
) -> Result<()> {
    tx.execute(
        "INSERT INTO bytecode (environment_id, hash, engine_version, bytecode) VALUES ($1, $2, $3, $4)
         ON CONFLICT (environment_id, hash, engine_version) DO NOTHING",
        params![environment, &compiled.hash.0, engine_version, &compiled.bytecode],
    )
    .map(drop)
}

impl Store {
    /// Those of `hashes` that have bytecode for this version of the engine.
    pub async fn compiled_modules(
        &self,
        environment: EnvironmentId,
        engine_version: &'static str,
        hashes: Vec<Hash>,
    ) -> Result<HashSet<Hash>> {
        self.db
            .read(move |tx| {
                let mut compiled = HashSet::new();
                for hash in hashes {
                    let found: Option<i64> = tx.value_opt(
                        "SELECT 1 FROM bytecode WHERE environment_id = $1 AND hash = $2 AND engine_version = $3",
                        params![environment, &hash.0, engine_version],
                    )?;
                    compiled.extend(found.map(|_| hash));
                }
                Ok(compiled)
            })
            .await
    }

    /// The modules with these hashes, in their order, with bytecode where there is some for this version of the engine.
    ///
    /// [`Error::Corrupt`] where one is not there.
    pub async fn load_modules(
        &self,
        environment: EnvironmentId,
        engine_version: &'static str,
        hashes: Vec<Hash>,
    ) -> Result<Vec<LoadedModule>> {
        self.db
            .read(move |tx| {
                let mut modules = Vec::with_capacity(hashes.len());
                for hash in hashes {
                    let module = tx.query_opt(
                        "SELECT modules.code, modules.map, bytecode.bytecode FROM modules
                         LEFT JOIN bytecode ON bytecode.environment_id = modules.environment_id
                             AND bytecode.hash = modules.hash AND bytecode.engine_version = $3
                         WHERE modules.environment_id = $1 AND modules.hash = $2",
                        params![environment, &hash.0, engine_version],
                        |row| {
                            let module = StoredModule { hash, code: row.get(0)?, map: row.get(1)? };
                            Ok(LoadedModule { module, bytecode: row.get(2)? })
                        },
                    )?;
                    modules
                        .push(module.ok_or_else(|| Error::Corrupt(format!("the module {hash} is missing")))?);
                }
                Ok(modules)
            })
            .await
    }

    /// Keeps bytecode of modules that are stored.
    pub async fn save_bytecode(
        &self,
        environment: EnvironmentId,
        engine_version: &'static str,
        compiled: Vec<StoredBytecode>,
    ) -> Result<()> {
        self.db
            .write(move |tx| {
                compiled
                    .iter()
                    .try_for_each(|compiled| save_bytecode(tx, environment, engine_version, compiled))
            })
            .await
    }
}
