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
    /// What the integration of this key says; `None` where it is not there.
    pub async fn configuration(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
    ) -> Result<Option<StoredConfiguration>> {
        let key = unique_key.to_owned();
        self.db
            .look_up(move |tx| {
                tx.query_opt(
                    "SELECT metadata_defaults FROM integrations WHERE environment_id = $1 AND unique_key = $2",
                    params![environment, &key],
                    |row| Ok(StoredConfiguration { defaults: document(row.get(0)?) }),
                )
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
        let (key, now) = (unique_key.to_owned(), self.now());
        self.db
            .write(move |tx| {
                let select = format!(
                    "SELECT id, metadata_defaults FROM integrations WHERE environment_id = $1 AND unique_key = $2{}",
                    tx.for_update()
                );
                let found = tx.query_opt(&select, params![environment, &key], |row| {
                    Ok((row.get::<IntegrationId>(0)?, document(row.get(1)?)))
                })?;
                let (integration, before) = found.ok_or(Error::NotFound("the integration"))?;
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
