//! What connections have at the paths by which webhooks find them, in an index of its own. It is kept in the transaction
//! that changes a connection's metadata or config; the paths are those that the provider's definition declares.

use crate::{
    Store,
    db::{Tx, params},
    error::Result,
};
use bespoke_core::{
    id::{ConnectionId, IntegrationId},
    provider::webhook::lookup_values,
    time::Timestamp,
};
use serde_json::{Map, Value as Json};

/// Which part of a connection was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its metadata.
    Metadata,
    /// Its connection config.
    Config,
}

impl Part {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Metadata => "metadata.",
            Self::Config => "connection_config.",
        }
    }
}

/// How many connections one transaction indexes when an integration gets other paths.
const BATCH: u32 = 500;

/// An integration's provider and the paths that were last set for it.
#[derive(Clone, Debug)]
pub struct WebhookPaths {
    /// The integration.
    pub integration: IntegrationId,
    /// Its provider.
    pub provider: String,
    /// Its paths; `None` where there are none.
    pub paths: Option<String>,
    /// Those that the index was built for.
    pub indexed: Option<String>,
}

/// Writes anew what this part of a connection is found by. The row must be locked.
pub(crate) fn index(tx: &mut Tx, connection: ConnectionId, part: Part) -> Result<()> {
    let found = tx.query_opt(
        "SELECT integrations.id, integrations.webhook_paths FROM connections
         JOIN integrations ON integrations.id = connections.integration_id
         WHERE connections.id = $1 AND integrations.webhook_paths IS NOT NULL",
        params![connection],
        |row| Ok((row.get::<IntegrationId>(0)?, row.json::<Vec<String>>(1)?)),
    )?;
    let Some((integration, mut paths)) = found else { return Ok(()) };
    paths.retain(|path| path.starts_with(part.prefix()));
    write(tx, integration, connection, &paths)
}

fn write(tx: &mut Tx, integration: IntegrationId, connection: ConnectionId, paths: &[String]) -> Result<()> {
    if paths.is_empty() {
        return Ok(());
    }
    let found = tx.query_opt(
        "SELECT connection_config, coalesce(metadata, '{}') FROM connections WHERE id = $1",
        params![connection],
        |row| Ok((row.json::<Map<String, Json>>(0)?, row.json::<Json>(1)?)),
    )?;
    let Some((config, metadata)) = found else { return Ok(()) };
    for path in paths {
        tx.execute(
            "DELETE FROM connection_lookups WHERE connection = $1 AND path = $2",
            params![connection, path],
        )?;
        for value in lookup_values(path, &config, &metadata) {
            tx.execute(
                "INSERT INTO connection_lookups (integration_id, path, value, connection) VALUES ($1, $2, $3, $4)",
                params![integration, path, value, connection],
            )?;
        }
    }
    Ok(())
}

impl Store {
    /// The paths of all integrations.
    pub async fn webhook_paths(&self) -> Result<Vec<WebhookPaths>> {
        self.db
            .read(|tx| {
                let sql =
                    "SELECT id, provider, webhook_paths, webhook_paths_indexed FROM integrations ORDER BY id";
                tx.query(sql, &[], |row| {
                    Ok(WebhookPaths {
                        integration: row.get(0)?,
                        provider: row.get(1)?,
                        paths: row.get(2)?,
                        indexed: row.get(3)?,
                    })
                })
            })
            .await
    }

    /// Sets the paths of an integration (the JSON text of a list), and indexes its connections by them.
    ///
    /// The paths are committed before the first connection is looked at: whoever writes a connection from then on keeps
    /// the index too. Where it breaks off, it is done again at the next start.
    pub async fn set_webhook_paths(&self, integration: IntegrationId, paths: Option<String>) -> Result<()> {
        let set = paths.clone();
        self.db
            .write(move |tx| {
                let sql = "UPDATE integrations SET webhook_paths = $2 WHERE id = $1";
                tx.execute(sql, params![integration, set.as_deref()])?;
                tx.execute("DELETE FROM connection_lookups WHERE integration_id = $1", params![integration])
            })
            .await?;
        let list: Vec<String> =
            paths.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let mut after = Some((Timestamp(i64::MIN), ConnectionId(0))).filter(|_| !list.is_empty());
        while let Some(last) = after {
            after = self.index_batch(integration, list.clone(), last).await?;
        }
        self.db
            .write(move |tx| {
                let sql = "UPDATE integrations SET webhook_paths_indexed = $2 WHERE id = $1";
                tx.execute(sql, params![integration, paths.as_deref()]).map(drop)
            })
            .await
    }

    /// Indexes the next connections after this one; the last of them, or `None` at the end.
    async fn index_batch(
        &self,
        integration: IntegrationId,
        paths: Vec<String>,
        (made, id): (Timestamp, ConnectionId),
    ) -> Result<Option<(Timestamp, ConnectionId)>> {
        self.db
            .write(move |tx| {
                let sql = format!(
                    "SELECT created_at, id FROM connections WHERE integration_id = $1 AND (created_at, id) > ($2, $3)
                     ORDER BY created_at, id LIMIT {BATCH}"
                );
                let page: Vec<(Timestamp, ConnectionId)> =
                    tx.query(&sql, params![integration, made, id], |row| Ok((row.get(0)?, row.get(1)?)))?;
                let mut ids: Vec<ConnectionId> = page.iter().map(|(_, id)| *id).collect();
                ids.sort_unstable();
                let lock = format!("SELECT id FROM connections WHERE id = $1{}", tx.for_update());
                for id in ids {
                    if tx.value_opt::<ConnectionId>(&lock, params![id])?.is_some() {
                        write(tx, integration, id, &paths)?;
                    }
                }
                Ok(page.last().copied())
            })
            .await
    }
}
