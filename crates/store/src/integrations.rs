//! Integrations: providers set up in an environment. The credentials of the registered OAuth client are sealed.

use crate::{
    Store, connections,
    db::{Row, Tx, Value, params},
    error::{Error, Result},
    vault::{Place, Vault},
};
use bespoke_core::{
    auth::SecretJson,
    id::{EnvironmentId, IntegrationId},
    integration::Integration,
    time::Timestamp,
    validation::Mode,
};
use serde_json::{Map, Value as Json};

const COLUMNS: &str = "integrations.id, integrations.environment_id, integrations.unique_key, integrations.provider, \
     integrations.display_name, integrations.forward_webhooks, integrations.custom, integrations.created_at, \
     integrations.updated_at, integrations.data_validation";

/// An integration to be stored.
#[derive(Clone, Debug)]
pub struct NewIntegration {
    /// The key that customers chose; unique in the environment.
    pub unique_key: String,
    /// Name of the provider definition.
    pub provider: String,
    /// Name shown to people, where it is not the provider's.
    pub display_name: Option<String>,
    /// Whether inbound webhooks are forwarded to the backend.
    pub forward_webhooks: bool,
    /// Values for the provider's `integration_config`.
    pub custom: Map<String, Json>,
    /// How the data of its functions is checked.
    pub data_validation: Mode,
    /// The OAuth client or app that is registered at the provider.
    pub credentials: Option<SecretJson>,
}

/// What to change of an integration; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct IntegrationChange {
    /// A new key. Refused while there are connections.
    pub unique_key: Option<String>,
    /// A new name.
    pub display_name: Option<String>,
    /// Whether inbound webhooks are forwarded.
    pub forward_webhooks: Option<bool>,
    /// New values for the provider's `integration_config`, all of them.
    pub custom: Option<Map<String, Json>>,
    /// How the data of its functions is checked.
    pub data_validation: Option<Mode>,
    /// New client credentials.
    pub credentials: Option<SecretJson>,
}

fn read(row: &Row<'_>) -> Result<Integration> {
    Ok(Integration {
        id: row.get(0)?,
        environment: row.get(1)?,
        unique_key: row.get(2)?,
        provider: row.get(3)?,
        display_name: row.get(4)?,
        forward_webhooks: row.get(5)?,
        custom: row.json(6)?,
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
        data_validation: mode(row, 9)?,
    })
}

/// Reads how strictly something is held to its schema.
pub(crate) fn mode(row: &Row<'_>, index: usize) -> Result<Mode> {
    let word: &str = row.get(index)?;
    word.parse().map_err(|()| Error::Corrupt(format!("`{word}` is no mode of validation")))
}

/// The integration of this key.
pub(crate) fn find(tx: &mut Tx, environment: EnvironmentId, unique_key: &str) -> Result<Option<Integration>> {
    tx.query_opt(
        &format!("SELECT {COLUMNS} FROM integrations WHERE environment_id = $1 AND unique_key = $2"),
        params![environment, unique_key],
        read,
    )
}

impl Store {
    /// Makes an integration. [`Error::Conflict`] where the key is taken.
    pub async fn create_integration(
        &self,
        environment: EnvironmentId,
        new: NewIntegration,
    ) -> Result<Integration> {
        let (vault, now) = (self.vault.clone(), self.now());
        self.db
            .write(move |tx| {
                let id: IntegrationId = tx
                    .query_one(
                        "INSERT INTO integrations (environment_id, unique_key, provider, display_name,
                             forward_webhooks, custom, created_at, updated_at, data_validation)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8) RETURNING id",
                        params![
                            environment,
                            &new.unique_key,
                            &new.provider,
                            new.display_name.as_ref(),
                            new.forward_webhooks,
                            Value::json(&new.custom)?,
                            now,
                            new.data_validation.as_str()
                        ],
                        |row| row.get(0),
                    )
                    .map_err(|error| error.about("the integration"))?;
                if let Some(credentials) = &new.credentials {
                    set_credentials(tx, &vault, id, credentials)?;
                }
                Ok(Integration {
                    id,
                    environment,
                    unique_key: new.unique_key,
                    provider: new.provider,
                    display_name: new.display_name,
                    forward_webhooks: new.forward_webhooks,
                    custom: new.custom,
                    data_validation: new.data_validation,
                    created_at: now,
                    updated_at: now,
                })
            })
            .await
    }

    /// All integrations of an environment, oldest first.
    pub async fn integrations(&self, environment: EnvironmentId) -> Result<Vec<Integration>> {
        self.db
            .read(move |tx| {
                tx.query(
                    &format!("SELECT {COLUMNS} FROM integrations WHERE environment_id = $1 ORDER BY id"),
                    params![environment],
                    read,
                )
            })
            .await
    }

    /// The integration of this key.
    pub async fn integration_by_key(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
    ) -> Result<Option<Integration>> {
        let unique_key = unique_key.to_owned();
        self.db.look_up(move |tx| find(tx, environment, &unique_key)).await
    }

    /// The credentials of the OAuth client or app of an integration, if it has any.
    pub async fn integration_credentials(
        &self,
        environment: EnvironmentId,
        id: IntegrationId,
    ) -> Result<Option<SecretJson>> {
        let sealed: Option<Option<Vec<u8>>> = self
            .db
            .look_up(move |tx| {
                tx.value_opt(
                    "SELECT credentials FROM integrations WHERE environment_id = $1 AND id = $2",
                    params![environment, id],
                )
            })
            .await?;
        let Some(sealed) = sealed.flatten() else { return Ok(None) };
        let plain = self.vault.open(place(&id), &sealed)?;
        serde_json::from_slice(plain.expose())
            .map(|json| Some(SecretJson(json)))
            .map_err(|_| Error::Corrupt("the credentials of an integration are not JSON".to_owned()))
    }

    /// Whether an integration has any connection.
    pub async fn has_connections(&self, environment: EnvironmentId, id: IntegrationId) -> Result<bool> {
        self.db
            .read(move |tx| {
                let one: Option<i64> = tx.value_opt(
                    "SELECT 1 FROM connections WHERE +environment_id = $1 AND integration_id = $2 LIMIT 1",
                    params![environment, id],
                )?;
                Ok(one.is_some())
            })
            .await
    }

    /// Changes an integration. [`Error::NotFound`] where it is not there; [`Error::Conflict`] where the new key is taken,
    /// or there are connections, which are addressed by the old one.
    pub async fn update_integration(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
        change: IntegrationChange,
    ) -> Result<Integration> {
        let (unique_key, vault, now) = (unique_key.to_owned(), self.vault.clone(), self.now());
        self.db.write(move |tx| update(tx, &vault, environment, &unique_key, change, now)).await
    }

    /// Deletes an integration with its connections and all that belongs to them; false where it was not there.
    pub async fn delete_integration(&self, environment: EnvironmentId, unique_key: &str) -> Result<bool> {
        let (unique_key, now) = (unique_key.to_owned(), self.now());
        self.db
            .write(move |tx| {
                let Some(integration) = find(tx, environment, &unique_key)? else { return Ok(false) };
                connections::delete_of_integration(tx, integration.id, now)?;
                tx.execute("DELETE FROM integrations WHERE id = $1", params![integration.id])?;
                Ok(true)
            })
            .await
    }
}

fn update(
    tx: &mut Tx,
    vault: &Vault,
    environment: EnvironmentId,
    unique_key: &str,
    change: IntegrationChange,
    now: Timestamp,
) -> Result<Integration> {
    let found = find(tx, environment, unique_key)?.ok_or(Error::NotFound("the integration"))?;
    let custom = change.custom.as_ref().map(Value::json).transpose()?.unwrap_or(Value::Null);
    let changed = tx
        .execute(
            "UPDATE integrations
             SET unique_key = COALESCE($2, unique_key), display_name = COALESCE($3, display_name),
                 forward_webhooks = COALESCE($4, forward_webhooks), custom = COALESCE($5, custom), updated_at = $6,
                 data_validation = COALESCE($7, data_validation)
             WHERE id = $1 AND (COALESCE($2, unique_key) = unique_key
                 OR NOT EXISTS (SELECT 1 FROM connections WHERE connections.integration_id = integrations.id))",
            params![
                found.id,
                change.unique_key.as_ref(),
                change.display_name.as_ref(),
                change.forward_webhooks,
                custom,
                now,
                change.data_validation.map(Mode::as_str)
            ],
        )
        .map_err(|error| error.about("the integration"))?;
    if changed == 0 {
        return Err(Error::Conflict("the integration's connections".into()));
    }
    if let Some(credentials) = &change.credentials {
        set_credentials(tx, vault, found.id, credentials)?;
    }
    Ok(Integration {
        unique_key: change.unique_key.unwrap_or(found.unique_key),
        display_name: change.display_name.or(found.display_name),
        forward_webhooks: change.forward_webhooks.unwrap_or(found.forward_webhooks),
        custom: change.custom.unwrap_or(found.custom),
        data_validation: change.data_validation.unwrap_or(found.data_validation),
        updated_at: now,
        ..found
    })
}

fn place(id: &IntegrationId) -> Place<'_> {
    Place { column: "integrations.credentials", row: id }
}

fn set_credentials(tx: &mut Tx, vault: &Vault, id: IntegrationId, credentials: &SecretJson) -> Result<()> {
    let sealed = vault.seal(place(&id), credentials.0.to_string().as_bytes())?;
    tx.execute("UPDATE integrations SET credentials = $2 WHERE id = $1", params![id, &sealed]).map(drop)
}
