//! Records: what syncs saved, read by the backend that it is for.

use crate::{Engine, Result};
use bespoke_core::{
    id::EnvironmentId,
    record::{Cursor, history},
    sync::BASE_VARIANT,
};
use bespoke_store::RecordSet;

pub use bespoke_core::record::{FieldChange, RecordVersion};
pub use bespoke_store::{ModelCount, Pruned, RecordsPage, RecordsQuery};

/// Whose records, of which model.
#[derive(Clone, Debug)]
pub struct RecordsOf {
    /// The integration's key.
    pub provider_config_key: String,
    /// The connection.
    pub connection_id: String,
    /// The model.
    pub model: String,
    /// The variant, `base` unless given.
    pub variant: Option<String>,
}

impl Engine {
    /// Records of a connection, oldest change first. A model that nothing was ever saved of has none.
    ///
    /// Fails with [`crate::Error::NotFound`] where the connection does not exist.
    pub async fn list_records(
        &self,
        environment: EnvironmentId,
        of: &RecordsOf,
        query: RecordsQuery,
    ) -> Result<RecordsPage> {
        match self.record_set(environment, of).await? {
            Some(set) => Ok(self.store.records_page(set, query).await?),
            None => Ok(RecordsPage::default()),
        }
    }

    /// What happened to the record of this id, newest first: its last changes, as far as they are kept. Nothing where it is
    /// not there.
    ///
    /// Fails with [`crate::Error::NotFound`] where the connection does not exist.
    pub async fn record_versions(
        &self,
        environment: EnvironmentId,
        of: &RecordsOf,
        external_id: &str,
    ) -> Result<Vec<RecordVersion>> {
        match self.record_set(environment, of).await? {
            Some(set) => Ok(history(self.store.record_versions(set, external_id).await?)),
            None => Ok(Vec::new()),
        }
    }

    /// Which models a connection has records of, by name, and how many. Fails with [`crate::Error::NotFound`].
    pub async fn record_models(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
    ) -> Result<Vec<ModelCount>> {
        let connection = self.connection(environment, provider_config_key, connection_id).await?;
        Ok(self.store.record_models(environment, connection.id).await?)
    }

    /// Empties the payloads of the oldest changes up to and with `until`, `limit` at most.
    ///
    /// Fails with [`crate::Error::NotFound`] where the connection does not exist.
    pub async fn prune_records(
        &self,
        environment: EnvironmentId,
        of: &RecordsOf,
        until: Cursor,
        limit: u32,
    ) -> Result<Pruned> {
        match self.record_set(environment, of).await? {
            Some(set) => Ok(self.store.prune_records(set, until, limit).await?),
            None => Ok(Pruned { count: 0, has_more: false }),
        }
    }

    async fn record_set(&self, environment: EnvironmentId, of: &RecordsOf) -> Result<Option<RecordSet>> {
        let connection = self.connection(environment, &of.provider_config_key, &of.connection_id).await?;
        let variant = of.variant.as_deref().unwrap_or(BASE_VARIANT);
        Ok(self.store.find_record_set(environment, connection.id, &of.model, variant).await?)
    }
}
