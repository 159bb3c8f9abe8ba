//! Deployed functions, every version of them.
//!
//! A function is addressed by integration, kind and name; the row of its deployed version is the *current* one.
//! [`crate::deployments`] makes the rows.

use crate::{
    Store,
    db::{Row, Tx, params},
    error::{Error, Result},
    syncs,
};
use bespoke_core::{
    function::{Definition, Function, FunctionKind, Hash, Origin, Source},
    id::{EnvironmentId, FunctionId, IntegrationId},
    time::Timestamp,
};
use std::str::FromStr;

const COLUMNS: &str = "functions.id, functions.environment_id, integrations.unique_key, functions.version, \
     functions.origin, functions.fingerprint, functions.enabled, functions.deployed_at, functions.modules, functions.definition";

const FROM: &str = "FROM functions JOIN integrations ON integrations.id = functions.integration_id";

/// Versions of a function that are told.
const VERSIONS: u32 = 200;

/// A version of a function, without what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionVersion {
    /// Its row.
    pub id: FunctionId,
    /// The version.
    pub version: String,
    /// By which way it came.
    pub origin: Origin,
    /// Whether it is the deployed one.
    pub is_current: bool,
    /// When it was deployed.
    pub deployed_at: Timestamp,
}

/// Reads a function from [`COLUMNS`].
fn read(row: &Row<'_>) -> Result<Function> {
    Ok(Function {
        id: row.get(0)?,
        environment: row.get(1)?,
        // The integration may have got another key since the deployment.
        definition: Definition { integration: row.get(2)?, ..row.json(9)? },
        version: row.get(3)?,
        origin: word(row.get(4)?)?,
        fingerprint: Hash(row.get(5)?),
        enabled: row.get(6)?,
        deployed_at: row.get(7)?,
        modules: row.json(8)?,
    })
}

/// Reads one of our words.
pub(crate) fn word<T: FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| Error::Corrupt(format!("a function is `{text}`")))
}

/// The current functions of an environment, or of one integration, by integration, kind and name.
pub(crate) fn current(
    tx: &mut Tx,
    environment: EnvironmentId,
    integration_key: Option<&str>,
) -> Result<Vec<Function>> {
    let mut functions = match integration_key {
        Some(key) => tx.query(
            &format!(
                "SELECT {COLUMNS} {FROM} WHERE functions.environment_id = $1 AND functions.is_current
                 AND integrations.environment_id = $1 AND integrations.unique_key = $2"
            ),
            params![environment, key],
            read,
        )?,
        None => tx.query(
            &format!("SELECT {COLUMNS} {FROM} WHERE functions.environment_id = $1 AND functions.is_current"),
            params![environment],
            read,
        )?,
    };
    // Here and not in SQL: the databases sort texts differently.
    functions.sort_by(|one, other| {
        let key = |function: &Function| (function.definition.integration.clone(), function.definition.kind);
        key(one).cmp(&key(other)).then_with(|| one.definition.name.cmp(&other.definition.name))
    });
    Ok(functions)
}

impl Store {
    /// The current functions of an environment, or of one integration: by integration, kind and name.
    pub async fn functions(
        &self,
        environment: EnvironmentId,
        integration_key: Option<&str>,
    ) -> Result<Vec<Function>> {
        let key = integration_key.map(str::to_owned);
        self.db.read(move |tx| current(tx, environment, key.as_deref())).await
    }

    /// The names of an integration's syncs that are disabled, in order.
    pub async fn disabled_syncs(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
    ) -> Result<Vec<String>> {
        let mut names: Vec<String> = self
            .db
            .read(move |tx| {
                tx.query(
                    "SELECT name FROM functions
                     WHERE environment_id = $1 AND integration_id = $2 AND kind = 'sync' AND is_current AND NOT enabled",
                    params![environment, integration],
                    |row| row.get(0),
                )
            })
            .await?;
        names.sort_unstable();
        Ok(names)
    }

    /// The current version of a function.
    pub async fn function(
        &self,
        environment: EnvironmentId,
        integration_key: &str,
        kind: FunctionKind,
        name: &str,
    ) -> Result<Option<Function>> {
        let (key, name) = (integration_key.to_owned(), name.to_owned());
        self.db
            .look_up(move |tx| {
                tx.query_opt(
                    &format!(
                        "SELECT {COLUMNS} {FROM} WHERE functions.environment_id = $1 AND integrations.environment_id = $1
                         AND integrations.unique_key = $2 AND functions.kind = $3 AND functions.name = $4
                         AND functions.is_current"
                    ),
                    params![environment, &key, kind.as_str(), &name],
                    read,
                )
            })
            .await
    }

    /// The current on-event functions of an integration, by name.
    pub async fn on_event_functions(
        &self,
        environment: EnvironmentId,
        integration_key: &str,
    ) -> Result<Vec<Function>> {
        let key = integration_key.to_owned();
        let sql = format!(
            "SELECT {COLUMNS} {FROM} WHERE functions.environment_id = $1 AND functions.is_current
             AND integrations.environment_id = $1 AND integrations.unique_key = $2 AND functions.kind = 'on-event'"
        );
        let mut functions =
            self.db.look_up(move |tx| tx.query(&sql, params![environment, &key], read)).await?;
        functions.sort_by(|one, other| one.definition.name.cmp(&other.definition.name));
        Ok(functions)
    }

    /// One version of a function, current or not.
    pub async fn function_by_row(
        &self,
        environment: EnvironmentId,
        id: FunctionId,
    ) -> Result<Option<Function>> {
        self.db
            .look_up(move |tx| {
                tx.query_opt(
                    &format!(
                        "SELECT {COLUMNS} {FROM} WHERE functions.environment_id = $1 AND functions.id = $2"
                    ),
                    params![environment, id],
                    read,
                )
            })
            .await
    }

    /// The newest 200 versions of a function, newest first.
    pub async fn function_versions(
        &self,
        environment: EnvironmentId,
        integration_key: &str,
        kind: FunctionKind,
        name: &str,
    ) -> Result<Vec<FunctionVersion>> {
        let (key, name) = (integration_key.to_owned(), name.to_owned());
        let sql = format!(
            "SELECT id, version, origin, is_current, deployed_at FROM functions
             WHERE environment_id = $1 AND kind = $3 AND name = $4 AND integration_id =
                 (SELECT i.id FROM integrations i WHERE i.environment_id = $1 AND i.unique_key = $2)
             ORDER BY id DESC LIMIT {VERSIONS}"
        );
        self.db
            .read(move |tx| {
                tx.query(&sql, params![environment, &key, kind.as_str(), &name], |row| {
                    Ok(FunctionVersion {
                        id: row.get(0)?,
                        version: row.get(1)?,
                        origin: word(row.get(2)?)?,
                        is_current: row.get(3)?,
                        deployed_at: row.get(4)?,
                    })
                })
            })
            .await
    }

    /// The TypeScript that a version was written in.
    pub async fn function_source(
        &self,
        environment: EnvironmentId,
        id: FunctionId,
    ) -> Result<Option<Source>> {
        self.db
            .read(move |tx| {
                tx.query_opt(
                    "SELECT source_path, source_code FROM functions WHERE environment_id = $1 AND id = $2",
                    params![environment, id],
                    |row| Ok(Source { path: row.get(0)?, code: row.get(1)? }),
                )
            })
            .await
    }

    /// Lets a function run, or not. It stays so over deployments. The syncs of a disabled one wait until it is enabled
    /// again, and are due then. False where it is not deployed.
    pub async fn set_function_enabled(
        &self,
        environment: EnvironmentId,
        id: FunctionId,
        enabled: bool,
    ) -> Result<bool> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let changed: Option<(IntegrationId, String, String)> = tx.query_opt(
                    "UPDATE functions SET enabled = $3 WHERE environment_id = $1 AND id = $2 AND is_current
                     RETURNING integration_id, kind, name",
                    params![environment, id, enabled],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )?;
                let Some((integration, kind, name)) = changed else { return Ok(false) };
                if enabled && kind == FunctionKind::Sync.as_str() {
                    syncs::function_enabled(tx, environment, integration, &name, now)?;
                }
                Ok(true)
            })
            .await
    }

    /// Deletes a function, with the syncs and records that it made for connections. False where it is not deployed.
    ///
    /// Its rows stay for the runs that point at them.
    pub async fn delete_function(&self, environment: EnvironmentId, id: FunctionId) -> Result<bool> {
        let now = self.now();
        self.db.write(move |tx| delete(tx, environment, id, now)).await
    }
}

/// Takes a function out of service, with the syncs that it made for connections. False where it is not deployed.
pub(crate) fn delete(
    tx: &mut Tx,
    environment: EnvironmentId,
    id: FunctionId,
    now: Timestamp,
) -> Result<bool> {
    let deleted: Option<(IntegrationId, String, String)> = tx.query_opt(
        "UPDATE functions SET is_current = FALSE WHERE environment_id = $1 AND id = $2 AND is_current
         RETURNING integration_id, kind, name",
        params![environment, id],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let Some((integration, kind, name)) = deleted else { return Ok(false) };
    if kind == FunctionKind::Sync.as_str() {
        syncs::delete_for_function(tx, environment, integration, &name, now)?;
    }
    Ok(true)
}
