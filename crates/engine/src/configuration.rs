//! What decides for a connection: the layers below its metadata, and the effective configuration.

use crate::{Engine, Error, Resource, Result};
use bespoke_core::{
    configuration::{self, Layer, Layered, Leaf},
    connection::Connection,
    document::{Document, Write},
    id::EnvironmentId,
};
use bespoke_store::StoredConfiguration;
use std::sync::Arc;

/// What lies below the metadata of an integration's connections.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The layers, most general first.
    below: Vec<Layered>,
}

impl Configuration {
    fn new(stored: StoredConfiguration) -> Self {
        let integration = stored.defaults.map(|defaults| (Layer::Integration, defaults.to_object()));
        Self { below: Vec::from_iter(integration) }
    }

    /// What counts for a connection with the metadata `own`: that itself where nothing lies below.
    pub fn effective(&self, own: Option<&Document>) -> Option<Document> {
        configuration::effective(&self.below, own)
    }

    /// Every leaf of the effective configuration and where it comes from.
    pub fn leaves(&self, own: Option<&Document>) -> Vec<Leaf> {
        configuration::leaves(&self.below, own)
    }
}

impl Engine {
    /// What lies below the metadata of an integration's connections; nothing where there is no such integration.
    pub(crate) async fn configuration(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
    ) -> Result<Arc<Configuration>> {
        let stored = self.store.configuration(environment, unique_key).await?;
        Ok(Arc::new(Configuration::new(stored.unwrap_or_default())))
    }

    /// What lies below the metadata of a connection.
    pub(crate) async fn configuration_of(&self, connection: &Connection) -> Result<Arc<Configuration>> {
        self.configuration(connection.environment, &connection.provider_config_key).await
    }

    /// The defaults of an integration: `{}` where it has none. Fails with [`Error::NotFound`].
    pub async fn metadata_defaults(&self, environment: EnvironmentId, unique_key: &str) -> Result<Document> {
        let stored = self.store.configuration(environment, unique_key).await?;
        Ok(stored.ok_or(Error::NotFound(Resource::Integration))?.defaults.unwrap_or_default())
    }

    /// Writes the defaults of an integration; those that there are then.
    ///
    /// Fails with [`Error::NotFound`], [`Error::NotPatched`] and [`Error::MetadataTooLarge`].
    pub async fn write_metadata_defaults(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
        write: Write,
    ) -> Result<Document> {
        let written = self.store.write_metadata_defaults(environment, unique_key, write).await;
        let written = written.map_err(|error| match error {
            bespoke_store::Error::NotFound(_) => Error::NotFound(Resource::Integration),
            other => crate::metadata::failed(other),
        })?;
        Ok(written.unwrap_or_default())
    }
}
