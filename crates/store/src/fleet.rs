//! The metadata of all connections of an integration, page by page.

use crate::{Store, db::params, error::Result};
use bespoke_core::{
    id::{ConnectionId, EnvironmentId, IntegrationId},
    time::Timestamp,
};
use serde_json::{Map, Value};

/// Connections of one page. A document may have a megabyte; most have a few kilobytes.
const PAGE: u32 = 500;

/// A connection and its metadata.
#[derive(Clone, Debug)]
pub struct FleetMember {
    /// The connection's id.
    pub connection_id: String,
    /// Its tags.
    pub tags: Map<String, Value>,
    /// Its metadata as JSON text.
    pub metadata: Option<String>,
}

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
    /// The next connections of an integration, oldest first, and where to go on; no cursor at the end.
    pub async fn fleet_page(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
        FleetCursor(made, id): FleetCursor,
    ) -> Result<(Vec<FleetMember>, Option<FleetCursor>)> {
        let sql = format!(
            "SELECT created_at, id, connection_id, tags, metadata FROM connections
             WHERE integration_id = $1 AND (created_at, id) > ($2, $3) AND +environment_id = $4
             ORDER BY created_at, id LIMIT {PAGE}"
        );
        let page: Vec<(FleetCursor, FleetMember)> = self
            .db
            .read(move |tx| {
                tx.query(&sql, params![integration, made, id, environment], |row| {
                    let member =
                        FleetMember { connection_id: row.get(2)?, tags: row.json(3)?, metadata: row.get(4)? };
                    Ok((FleetCursor(row.get(0)?, row.get(1)?), member))
                })
            })
            .await?;
        let next = page.last().filter(|_| page.len() >= PAGE as usize).map(|(cursor, _)| *cursor);
        Ok((page.into_iter().map(|(_, member)| member).collect(), next))
    }
}
