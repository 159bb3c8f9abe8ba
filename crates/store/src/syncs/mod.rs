//! Syncs: deployed sync functions, each applied to one connection, with their schedules.
//!
//! `next_run_at` is set exactly while the schedule is on and no run of the sync is queued or running. So the due ones
//! are one range of an index, whatever the number of syncs, and a sync never overlaps with itself.

mod effects;
mod lifecycle;
mod schedule;
mod variants;

pub(crate) use effects::{Affected, apply};
pub(crate) use lifecycle::{
    create_for_connection, create_for_function, delete_for_connection, delete_for_function, function_changed,
};
pub use schedule::SCHEDULED;
pub(crate) use schedule::{function_enabled, lock, run_finished};
pub use variants::{MAX_VARIANTS, NewVariant};

use crate::{
    Store,
    db::{Row, Tx, Value, params},
    error::{Error, Result},
    runs::read_result,
};
use bespoke_core::{
    id::{EnvironmentId, IntegrationId},
    sync::{LastRun, Sync},
};
use std::collections::HashMap;
use uuid::Uuid;

const COLUMNS: &str = "syncs.id, syncs.environment_id, syncs.connection_id, connections.connection_id, \
     syncs.integration_id, integrations.unique_key, syncs.name, syncs.variant, syncs.started, syncs.default_frequency, \
     syncs.frequency, syncs.anchor, syncs.next_run_at, syncs.last_success_started_at, \
     (SELECT c.value FROM checkpoints c WHERE c.connection_id = syncs.connection_id \
      AND c.key = 'sync:' || syncs.name || ':' || syncs.variant), \
     (SELECT runs.id FROM runs WHERE runs.sync_id = syncs.id ORDER BY runs.created_at DESC LIMIT 1), syncs.resync";

const FROM: &str = "FROM syncs JOIN connections ON connections.id = syncs.connection_id \
     JOIN integrations ON integrations.id = syncs.integration_id";

impl Store {
    /// The sync with this id.
    pub async fn sync(&self, environment: EnvironmentId, id: Uuid) -> Result<Option<Sync>> {
        let condition = "syncs.id = $2 AND syncs.environment_id = $1";
        let syncs = self.db.look_up(move |tx| find(tx, condition, params![environment, id])).await?;
        Ok(syncs.into_iter().next())
    }

    /// The syncs of an integration's connections, or of one of them: by connection, name and variant.
    pub async fn syncs(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
        connection_id: Option<&str>,
    ) -> Result<Vec<Sync>> {
        let connection_id = connection_id.map(str::to_owned);
        let mut syncs = self
            .db
            .read(move |tx| match &connection_id {
                Some(connection) => find(
                    tx,
                    "connections.integration_id = $2 AND connections.connection_id = $3 AND syncs.environment_id = $1",
                    params![environment, integration, connection],
                ),
                None => find(
                    tx,
                    "syncs.integration_id = $2 AND syncs.environment_id = $1",
                    params![environment, integration],
                ),
            })
            .await?;
        // Here and not in SQL: the databases sort texts differently.
        syncs.sort_by(|one, other| {
            one.connection
                .cmp(&other.connection)
                .then_with(|| (&one.name, &one.variant).cmp(&(&other.name, &other.variant)))
        });
        Ok(syncs)
    }
}

fn find(tx: &mut Tx, condition: &str, params: &[Value<'_>]) -> Result<Vec<Sync>> {
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE {condition}");
    let mut found = tx.query(&sql, params, |row| Ok((read(row)?, row.get::<Option<String>>(15)?)))?;
    let ids: Vec<&String> = found.iter().filter_map(|(_, run)| run.as_ref()).collect();
    let mut runs = last_runs(tx, &ids)?;
    for (sync, run) in &mut found {
        sync.last_run = run.as_ref().and_then(|run| runs.remove(run));
    }
    Ok(found.into_iter().map(|(sync, _)| sync).collect())
}

fn last_runs(tx: &mut Tx, ids: &[&String]) -> Result<HashMap<String, LastRun>> {
    let mut runs = HashMap::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(runs);
    }
    let from = tx.by_keys(1, "runs", "r.id = k.value");
    tx.for_each(
        &format!("SELECT r.id, r.state, r.finished_at, r.result {from}"),
        params![Value::json(&ids)?],
        |row| {
            let state: String = row.get(1)?;
            let state = state.parse().map_err(|()| Error::Corrupt(format!("a run is `{state}`")))?;
            let run =
                LastRun { id: row.get(0)?, state, finished_at: row.get(2)?, result: read_result(row, 3)? };
            runs.insert(row.get(0)?, run);
            Ok(())
        },
    )?;
    Ok(runs)
}

/// Reads a sync from [`COLUMNS`], without its last run.
fn read(row: &Row<'_>) -> Result<Sync> {
    let checkpoint = match row.get::<Option<String>>(14)? {
        Some(_) => Some(row.json(14)?),
        None => None,
    };
    Ok(Sync {
        id: row.get(0)?,
        environment: row.get(1)?,
        connection: row.get(2)?,
        connection_id: row.get(3)?,
        integration: row.get(4)?,
        provider_config_key: row.get(5)?,
        name: row.get(6)?,
        variant: row.get(7)?,
        started: row.get(8)?,
        default_frequency: row.get(9)?,
        frequency: row.get(10)?,
        anchor: row.get(11)?,
        next_run_at: row.get(12)?,
        last_success_started_at: row.get(13)?,
        last_run: None,
        checkpoint,
        resync: row.get(16)?,
    })
}
