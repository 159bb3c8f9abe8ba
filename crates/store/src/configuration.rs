//! What an integration says about the configuration of its connections.

use crate::{
    Store,
    db::params,
    error::{Error, Result},
};
use bespoke_core::{
    document::{Document, Write},
    id::{EnvironmentId, IntegrationId},
};

/// What an integration says about the configuration of its connections.
#[derive(Clone, Debug, Default)]
pub struct StoredConfiguration {
    /// Its defaults; `None` where it has none.
    pub defaults: Option<Document>,
}

impl Store {
    /// What this integration says; nothing where it is not there.
    pub async fn configuration(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
    ) -> Result<StoredConfiguration> {
        let found = self
            .db
            .look_up(move |tx| {
                tx.query_opt(
                    "SELECT metadata_defaults FROM integrations WHERE environment_id = $1 AND id = $2",
                    params![environment, integration],
                    |row| Ok(StoredConfiguration { defaults: document(row.get(0)?) }),
                )
            })
            .await?;
        Ok(found.unwrap_or_default())
    }

    /// Writes the defaults of an integration; those that there are then. An empty document is none.
    ///
    /// [`Error::NotFound`], [`Error::TooLarge`], [`Error::NotPatched`].
    pub async fn write_metadata_defaults(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
        write: Write,
    ) -> Result<Option<Document>> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let select = format!(
                    "SELECT metadata_defaults FROM integrations WHERE environment_id = $1 AND id = $2{}",
                    tx.for_update()
                );
                let found = tx
                    .query_opt(&select, params![environment, integration], |row| Ok(document(row.get(0)?)))?;
                let before = found.ok_or(Error::NotFound("the integration"))?;
                let after = write.apply(before.as_ref()).map_err(Error::from)?;
                let after = Some(after).filter(|document| !document.to_object().is_empty());
                if after != before {
                    tx.execute(
                        "UPDATE integrations SET metadata_defaults = $2, updated_at = $3 WHERE id = $1",
                        params![integration, after.as_ref().map(Document::as_str), now],
                    )?;
                }
                Ok(after)
            })
            .await
    }
}

fn document(text: Option<String>) -> Option<Document> {
    text.map(Document::from_stored)
}
