//! What an integration says about the configuration of its connections.

use crate::{
    Store,
    db::{Value, params},
    error::{Error, Result},
    integrations,
    metadata_secrets::{self, Owner},
    schema_versions::CONFIGURED,
};
use bespoke_core::{
    document::{Document, Write},
    id::{EnvironmentId, FunctionId, IntegrationId},
    sealed::SecretPaths,
    validation::Mode,
};

/// What an integration says about the configuration of its connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredConfiguration {
    /// How strictly the configuration is checked.
    pub mode: Mode,
    /// The schema that was put by the API.
    pub schema: Option<Document>,
    /// The version of that schema.
    pub schema_version: Option<i64>,
    /// The deployed functions, in order: their schemas count before the one that was put. A row never changes, so they
    /// are all that one has to know of what they declare.
    pub functions: Vec<FunctionId>,
    /// Its defaults; `None` where it has none.
    pub defaults: Option<Document>,
    /// Where the secrets of its configurations are, as the store knows it.
    pub secrets: SecretPaths,
}

impl Store {
    /// What the integration of this key says; `None` where it is not there.
    pub async fn configuration(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
    ) -> Result<Option<StoredConfiguration>> {
        let key = unique_key.to_owned();
        self.db
            .look_up(move |tx| {
                // Every write of metadata asks this first, so it is one statement.
                tx.query_opt(
                    "SELECT metadata_mode, metadata_schema_version, metadata_schema, metadata_defaults, metadata_secrets,
                            (SELECT string_agg(CAST(f.id AS TEXT), ',') FROM functions f
                             WHERE f.environment_id = $1 AND f.integration_id = i.id AND f.is_current)
                     FROM integrations i WHERE i.environment_id = $1 AND i.unique_key = $2",
                    params![environment, &key],
                    |row| {
                        let secrets = metadata_secrets::paths(row.get::<Option<&str>>(4)?)?;
                        let defaults = document(row.get(3)?);
                        Ok(StoredConfiguration {
                            mode: integrations::mode(row, 0)?,
                            schema_version: row.get(1)?,
                            schema: document(row.get(2)?),
                            defaults: defaults.map(|defaults| metadata_secrets::hidden(&secrets, defaults)),
                            secrets,
                            functions: functions(row.get::<Option<&str>>(5)?)?,
                        })
                    },
                )
            })
            .await
    }

    /// Sets how the configuration of an integration's connections is checked; what is `None` stays.
    /// [`Error::NotFound`].
    pub async fn set_metadata_schema(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
        mode: Option<Mode>,
        schema: Option<(Document, i64)>,
    ) -> Result<()> {
        let (key, now) = (unique_key.to_owned(), self.now());
        self.db
            .write(move |tx| {
                let (schema, version) = schema.clone().unzip();
                let changed = tx.execute(
                    "UPDATE integrations SET metadata_mode = COALESCE($3, metadata_mode),
                         metadata_schema = COALESCE($4, metadata_schema),
                         metadata_schema_version = COALESCE($5, metadata_schema_version), updated_at = $6
                     WHERE environment_id = $1 AND unique_key = $2",
                    params![
                        environment,
                        &key,
                        mode.map(Mode::as_str),
                        schema.as_ref().map(Document::as_str),
                        version,
                        now
                    ],
                )?;
                tx.wake(CONFIGURED);
                if changed == 0 { Err(Error::NotFound("the integration")) } else { Ok(()) }
            })
            .await
    }

    /// Writes the defaults of an integration; those that there are then. An empty document is none.
    ///
    /// [`Error::NotFound`], [`Error::TooLarge`], [`Error::NotPatched`].
    pub async fn write_metadata_defaults(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
        write: Write,
    ) -> Result<Option<Document>> {
        let (key, vault, now) = (unique_key.to_owned(), self.vault.clone(), self.now());
        self.db
            .write(move |tx| {
                let select = format!(
                    "SELECT id, metadata_defaults, metadata_secrets FROM integrations
                     WHERE environment_id = $1 AND unique_key = $2{}",
                    tx.for_update()
                );
                let found = tx.query_opt(&select, params![environment, &key], |row| {
                    let secrets = metadata_secrets::paths(row.get::<Option<&str>>(2)?)?;
                    Ok((row.get::<IntegrationId>(0)?, document(row.get(1)?), secrets))
                })?;
                let (integration, stored, secrets) = found.ok_or(Error::NotFound("the integration"))?;
                let owner = Owner::Integration(integration);
                let before = stored.clone().map(|stored| metadata_secrets::hidden(&secrets, stored));
                let after = write.apply(before.as_ref()).map_err(Error::from)?;
                let after = metadata_secrets::unmasked(&vault, owner, &secrets, before.as_ref(), after)?;
                let after = metadata_secrets::sealed(&vault, owner, &secrets, before.as_ref(), after)?;
                let after = Some(after).filter(|document| !document.to_object().is_empty());
                if after != stored {
                    tx.execute(
                        "UPDATE integrations SET metadata_defaults = $2, updated_at = $3 WHERE id = $1",
                        params![integration, after.as_ref().map(Document::as_str), now],
                    )?;
                }
                Ok(after)
            })
            .await
    }

    /// Sets where the secrets of an integration's configurations are. Where there are some, documents from before have to be
    /// sealed then: [`Store::integrations_with_open_secrets`] has the integration until that is done.
    pub async fn set_metadata_secrets(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
        secrets: SecretPaths,
    ) -> Result<()> {
        let key = unique_key.to_owned();
        self.db
            .write(move |tx| {
                let text = if secrets.is_empty() { Value::Null } else { Value::json(&secrets)? };
                tx.execute(
                    "UPDATE integrations SET metadata_secrets = $3, has_open_secrets = $4
                     WHERE environment_id = $1 AND unique_key = $2",
                    params![environment, &key, text, !secrets.is_empty()],
                )
                .map(drop)
            })
            .await
    }

    /// Integrations whose documents may have secrets in the open, with their environment and key: a few at a time.
    pub async fn integrations_with_open_secrets(
        &self,
    ) -> Result<Vec<(EnvironmentId, IntegrationId, String)>> {
        self.db
            .read(|tx| {
                tx.query(
                    "SELECT environment_id, id, unique_key FROM integrations WHERE has_open_secrets ORDER BY id LIMIT 10",
                    params![],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
            })
            .await
    }

    /// Notes that no document of the integration has secrets in the open any more, as long as they are at these paths.
    pub async fn secrets_are_sealed(&self, integration: IntegrationId, secrets: SecretPaths) -> Result<()> {
        self.db
            .write(move |tx| {
                tx.execute(
                    "UPDATE integrations SET has_open_secrets = FALSE WHERE id = $1 AND metadata_secrets = $2",
                    params![integration, Value::json(&secrets)?],
                )
                .map(drop)
            })
            .await
    }
}

/// The ids in a list of the database, in order.
fn functions(list: Option<&str>) -> Result<Vec<FunctionId>> {
    let ids = list.unwrap_or_default().split(',').filter(|id| !id.is_empty()).map(str::parse);
    let ids = ids.collect::<std::result::Result<Vec<i64>, _>>();
    let mut ids = ids.map_err(|_| Error::Corrupt("a list of functions is none".to_owned()))?;
    ids.sort_unstable();
    Ok(ids.into_iter().map(FunctionId).collect())
}

fn document(text: Option<String>) -> Option<Document> {
    text.map(Document::from_stored)
}
