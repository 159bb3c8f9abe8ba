//! Writes of connections' metadata: every path to it goes through [`write()`].
//!
//! A merge reads the document that it merges into within its own transaction, and locks it where there can be other
//! writers, so that no write is ever lost.

use crate::{
    Store,
    connection_lookups::{self, Part},
    db::{Tx, Value, params},
    error::{Error, Result},
};
use bespoke_core::{
    document::{Document, Write},
    id::{ConnectionId, EnvironmentId},
    time::Timestamp,
};

/// What a write left at one connection.
#[derive(Clone, Debug)]
pub struct WrittenMetadata {
    /// The connection.
    pub connection: ConnectionId,
    /// The number of the revision that the write made.
    pub revision: i64,
    /// What is stored now.
    pub document: Document,
}

impl Store {
    /// Writes the metadata of all these connections of one integration, or of none: one entry for each different id,
    /// in no particular order.
    ///
    /// [`Error::NotFound`] where any connection is missing, [`Error::TooLarge`] where any document would be too large.
    pub async fn write_metadata(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_ids: Vec<String>,
        write: Write,
    ) -> Result<Vec<WrittenMetadata>> {
        let (key, now) = (provider_config_key.to_owned(), self.now());
        self.db
            .write(move |tx| {
                let ids = rows(tx, environment, &key, &connection_ids)?;
                self::write(tx, &ids, &write, now)
            })
            .await
    }
}

/// The rows of connections, each once, in the order in which they are to be locked.
fn rows(tx: &mut Tx, environment: EnvironmentId, key: &str, names: &[String]) -> Result<Vec<ConnectionId>> {
    let missing = || Error::NotFound("the connection");
    if let [name] = names {
        let id: Option<ConnectionId> = tx.value_opt(
            "SELECT connections.id FROM connections
             WHERE connections.integration_id =
                       (SELECT id FROM integrations WHERE environment_id = $1 AND unique_key = $2)
               AND connections.connection_id = $3",
            params![environment, key, name],
        )?;
        return Ok(vec![id.ok_or_else(missing)?]);
    }
    let found: Vec<Option<ConnectionId>> = tx.query(
        "SELECT (SELECT connections.id FROM connections
                 WHERE connections.integration_id =
                           (SELECT id FROM integrations WHERE environment_id = $1 AND unique_key = $2)
                   AND connections.connection_id = k.value)
         FROM json_each($3) k",
        params![environment, key, Value::json(&names)?],
        |row| row.get(0),
    )?;
    let mut ids = found.into_iter().collect::<Option<Vec<_>>>().ok_or_else(missing)?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Writes the metadata in these rows. They must be different and in order, so that two writes never wait for each other
/// in a circle.
pub(crate) fn write(
    tx: &mut Tx,
    ids: &[ConnectionId],
    write: &Write,
    now: Timestamp,
) -> Result<Vec<WrittenMetadata>> {
    let select = format!(
        "SELECT metadata_revision,
                (SELECT webhook_paths IS NOT NULL FROM integrations WHERE integrations.id = connections.integration_id),
                metadata
         FROM connections WHERE id = $1{}",
        tx.for_update()
    );
    let mut written = Vec::with_capacity(ids.len());
    for &connection in ids {
        let (revision, has_paths, current) = tx
            .query_opt(&select, params![connection], |row| {
                let current = row.get::<Option<String>>(2)?.map(Document::from_stored);
                Ok((row.get::<i64>(0)?, row.get::<bool>(1)?, current))
            })?
            .ok_or(Error::NotFound("the connection"))?;
        let document = write.apply(current.as_ref()).map_err(Error::from)?;
        let revision = revision + 1;
        tx.execute(
            "UPDATE connections SET metadata = $2, metadata_revision = $3, updated_at = $4 WHERE id = $1",
            params![connection, document.as_str(), revision, now],
        )?;
        if has_paths {
            connection_lookups::index(tx, connection, Part::Metadata)?;
        }
        written.push(WrittenMetadata { connection, revision, document });
    }
    Ok(written)
}
