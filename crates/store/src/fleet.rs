//! The metadata of all connections of an integration: which revisions there are, and the documents of some.

use crate::{
    Store,
    db::{Row, Value, params},
    error::Result,
    metadata_secrets,
};
use bespoke_core::{
    id::{ConnectionId, EnvironmentId, IntegrationId},
    time::Timestamp,
};
use serde_json::{Map, Value as Json};

/// Revisions of one page: they are read from an index.
const PAGE: u32 = 10_000;

/// A connection and its metadata.
#[derive(Clone, Debug)]
pub struct FleetMember {
    /// The connection.
    pub id: ConnectionId,
    /// The id by which users know it.
    pub connection_id: String,
    /// Its tags.
    pub tags: Map<String, Json>,
    /// The newest revision; 0 where there is none.
    pub revision: i64,
    /// Its metadata as JSON text.
    pub metadata: Option<String>,
}

/// Connections, each with its newest revision.
pub type Revisions = Vec<(ConnectionId, i64)>;

/// Where a page begins.
#[derive(Clone, Copy, Debug)]
pub struct FleetCursor(Timestamp, ConnectionId);

impl Default for FleetCursor {
    /// The first page.
    fn default() -> Self {
        Self(Timestamp(i64::MIN), ConnectionId(0))
    }
}

impl Store {
    /// The next connections of an integration with their newest revisions, oldest first, and where to go on; no cursor at
    /// the end. No document is read.
    pub async fn fleet_revisions(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
        FleetCursor(made, id): FleetCursor,
    ) -> Result<(Revisions, Option<FleetCursor>)> {
        let sql = format!(
            "SELECT created_at, id, metadata_revision FROM connections
             WHERE integration_id = $1 AND (created_at, id) > ($2, $3)
                 AND (SELECT environment_id FROM integrations WHERE id = $1) = $4
             ORDER BY created_at, id LIMIT {PAGE}"
        );
        let page: Vec<(FleetCursor, (ConnectionId, i64))> = self
            .db
            .read(move |tx| {
                tx.query(&sql, params![integration, made, id, environment], |row| {
                    let id = row.get(1)?;
                    Ok((FleetCursor(row.get(0)?, id), (id, row.get(2)?)))
                })
            })
            .await?;
        let next = page.last().filter(|_| page.len() >= PAGE as usize).map(|(cursor, _)| *cursor);
        Ok((page.into_iter().map(|(_, revision)| revision).collect(), next))
    }

    /// These connections of an integration, those that are there, in the given order. A document may have a megabyte: ask
    /// for some hundred.
    pub async fn fleet_members(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
        ids: Vec<ConnectionId>,
    ) -> Result<Vec<FleetMember>> {
        let ids: Vec<i64> = ids.into_iter().map(|id| id.0).collect();
        self.fleet_by(environment, integration, Json::from(ids), "r.id = CAST(k.value AS BIGINT)").await
    }

    /// As [`Store::fleet_members`], by the ids by which users know them.
    pub async fn fleet_members_by_name(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
        names: Vec<String>,
    ) -> Result<Vec<FleetMember>> {
        let on = "r.connection_id = k.value AND r.integration_id = $2";
        self.fleet_by(environment, integration, Json::from(names), on).await
    }

    async fn fleet_by(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
        keys: Json,
        on: &'static str,
    ) -> Result<Vec<FleetMember>> {
        self.db
            .read(move |tx| {
                let sql = format!(
                    "SELECT r.id, r.connection_id, r.tags, r.metadata_revision, r.metadata {}
                     WHERE +r.environment_id = $1 AND +r.integration_id = $2",
                    tx.by_keys(3, "connections", on)
                );
                let secrets: Option<Option<String>> = tx.value_opt(
                    "SELECT metadata_secrets FROM integrations WHERE id = $1",
                    params![integration],
                )?;
                let secrets = metadata_secrets::paths(secrets.flatten().as_deref())?;
                tx.query(&sql, params![environment, integration, Value::json(&keys)?], |row| {
                    let FleetMember { metadata, .. } = member(row)?;
                    let metadata = metadata_secrets::hidden_text(&secrets, metadata);
                    Ok(FleetMember { metadata, ..member(row)? })
                })
            })
            .await
    }

    /// The connections of an environment, of whichever integration, that have all of these tags (keys in lower case), in
    /// order.
    pub async fn connections_with_tags(
        &self,
        environment: EnvironmentId,
        tags: Vec<(String, String)>,
    ) -> Result<Vec<ConnectionId>> {
        let mut found: Option<Vec<ConnectionId>> = None;
        for (key, value) in tags {
            let sql = "SELECT connection FROM connection_tags WHERE environment_id = $1 AND key = $2 AND value = $3";
            let mut tagged: Vec<ConnectionId> = self
                .db
                .read(move |tx| tx.query(sql, params![environment, &key, &value], |row| row.get(0)))
                .await?;
            tagged.sort_unstable();
            if let Some(others) = found {
                tagged.retain(|id| others.binary_search(id).is_ok());
            }
            found = Some(tagged);
        }
        Ok(found.unwrap_or_default())
    }
}

fn member(row: &Row<'_>) -> Result<FleetMember> {
    Ok(FleetMember {
        id: row.get(0)?,
        connection_id: row.get(1)?,
        tags: row.json(2)?,
        revision: row.get(3)?,
        metadata: row.get(4)?,
    })
}
