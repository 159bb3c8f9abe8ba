//! Which version of its integration's schema the metadata of each connection is of: to find what has to be migrated.

use crate::{Store, db::params, error::Result, metadata_secrets};
use bespoke_core::{
    document::Document,
    id::{ConnectionId, EnvironmentId, IntegrationId},
};

/// Woken when the schema of an integration, or how strictly it is checked, may have changed.
pub const CONFIGURED: &str = "configurations.changed";

/// Connections of one page. A document may have a megabyte; most have a few kilobytes.
const PAGE: u32 = 200;

/// The metadata of a connection and the version that it is of.
#[derive(Clone, Debug)]
pub struct VersionedMetadata {
    /// The connection's row.
    pub connection: ConnectionId,
    /// The connection's id.
    pub connection_id: String,
    /// The newest revision.
    pub revision: i64,
    /// The version of the schema; 0 where it never was judged.
    pub version: i64,
    /// The document; `None` where none was ever written.
    pub document: Option<Document>,
}

/// A place among the connections of an integration: by version, then by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionCursor {
    /// The version.
    pub version: i64,
    /// The connection's row.
    pub connection: ConnectionId,
}

impl Default for VersionCursor {
    /// Before the first one.
    fn default() -> Self {
        Self { version: -1, connection: ConnectionId(0) }
    }
}

impl VersionedMetadata {
    /// Its place.
    pub const fn cursor(&self) -> VersionCursor {
        VersionCursor { version: self.version, connection: self.connection }
    }
}

impl Store {
    /// Connections of an integration whose metadata is of a version below `below`, behind a place, lowest version first: `limit`
    /// of them, and never more than 200. Fewer mean the end.
    pub async fn metadata_by_version(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
        below: i64,
        behind: VersionCursor,
        limit: u32,
    ) -> Result<Vec<VersionedMetadata>> {
        let sql = format!(
            "SELECT id, connection_id, metadata_revision, metadata_schema_version, metadata,
                    (SELECT metadata_secrets FROM integrations WHERE integrations.id = $1)
             FROM connections
             WHERE integration_id + 0 = $1 AND metadata_schema_version < $2 AND (metadata_schema_version, id) > ($3, $4)
               AND environment_id = $5
             ORDER BY metadata_schema_version, id LIMIT {}",
            limit.min(PAGE)
        );
        self.db
            .read(move |tx| {
                let params = params![integration, below, behind.version, behind.connection, environment];
                tx.query(&sql, params, |row| {
                    let secrets = metadata_secrets::paths(row.get::<Option<&str>>(5)?)?;
                    let document = row.get::<Option<String>>(4)?.map(Document::from_stored);
                    Ok(VersionedMetadata {
                        connection: row.get(0)?,
                        connection_id: row.get(1)?,
                        revision: row.get(2)?,
                        version: row.get(3)?,
                        document: document.map(|document| metadata_secrets::hidden(&secrets, document)),
                    })
                })
            })
            .await
    }

    /// The connections of an integration whose metadata is of a version below `below`, in order.
    pub async fn outdated_connections(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
        below: i64,
    ) -> Result<Vec<ConnectionId>> {
        let mut ids: Vec<ConnectionId> = self
            .db
            .read(move |tx| {
                tx.query(
                    "SELECT id FROM connections
                     WHERE integration_id + 0 = $1 AND metadata_schema_version < $2 AND +environment_id = $3",
                    params![integration, below, environment],
                    |row| row.get(0),
                )
            })
            .await?;
        ids.sort_unstable();
        Ok(ids)
    }

    /// The integrations of all environments that have a deployed `config.ts`, by their keys.
    pub async fn configured_integrations(&self) -> Result<Vec<(EnvironmentId, String)>> {
        self.db
            .read(|tx| {
                tx.query(
                    "SELECT functions.environment_id, integrations.unique_key
                     FROM functions JOIN integrations ON integrations.id = functions.integration_id
                     WHERE functions.kind = 'config' AND functions.is_current
                     ORDER BY functions.id",
                    &[],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
            })
            .await
    }
}
