//! Variants: further syncs of one function at one connection, each with its own schedule, checkpoint and records.

use super::lifecycle::{Planned, insert};
use crate::{
    Store, checkpoints,
    db::{Tx, params},
    error::Result,
    runs,
};
use bespoke_core::{
    function::Definition,
    id::{ConnectionId, EnvironmentId, IntegrationId},
    sync::{BASE_VARIANT, SyncName, id_of},
};
use uuid::Uuid;

/// Most syncs of one function at one connection, `base` among them.
pub const MAX_VARIANTS: usize = 100;

/// What came of making a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewVariant {
    /// It is there now; the id of its sync.
    Made(Uuid),
    /// The connection has no sync of this name.
    Unknown,
    /// It was there already. Nothing was changed.
    Exists,
    /// There are [`MAX_VARIANTS`] already. Nothing was changed.
    TooMany,
}

impl Store {
    /// Makes a variant of a connection's sync, scheduled as its function says: one that starts by itself runs at once.
    pub async fn create_sync_variant(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
        variant: &SyncName,
    ) -> Result<NewVariant> {
        let (now, SyncName { name, variant }) = (self.now(), variant.clone());
        self.db
            .write(move |tx| {
                let Some(integration) = lock_base(tx, environment, connection, &name)? else {
                    return Ok(NewVariant::Unknown);
                };
                let known: Vec<String> = tx.query(
                    "SELECT variant FROM syncs WHERE connection_id = $1 AND name = $2",
                    params![connection, &name],
                    |row| row.get(0),
                )?;
                if known.contains(&variant) {
                    return Ok(NewVariant::Exists);
                }
                if known.len() >= MAX_VARIANTS {
                    return Ok(NewVariant::TooMany);
                }
                let definitions = definitions(tx, environment, integration)?;
                let Some(definition) = definitions.iter().find(|definition| definition.name == name) else {
                    return Ok(NewVariant::Unknown);
                };
                let planned = Planned { environment, integration, definition, variant: &variant };
                insert(tx, planned, &[connection], now)?;
                Ok(NewVariant::Made(id_of(connection, &name, &variant)))
            })
            .await
    }

    /// Deletes a variant with its schedule, runs and checkpoint; what runs is stopped. Its records go too, soon after
    /// ([`Store::remove_orphaned_records`]). False where there is no such variant; `base` is none.
    pub async fn delete_sync_variant(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
        variant: &SyncName,
    ) -> Result<bool> {
        let SyncName { name, variant } = variant.clone();
        self.db
            .write(move |tx| {
                let integration = lock_base(tx, environment, connection, &name)?;
                let Some(integration) = integration.filter(|_| variant != BASE_VARIANT) else {
                    return Ok(false);
                };
                let deleted = tx.execute(
                    "DELETE FROM syncs WHERE connection_id = $1 AND name = $2 AND variant = $3",
                    params![connection, &name, &variant],
                )?;
                if deleted == 0 {
                    return Ok(false);
                }
                tx.wake(runs::CANCELLED);
                checkpoints::clear_for_sync(tx, connection, &name, &variant)?;
                // No other sync of the integration has these models.
                let definitions = definitions(tx, environment, integration)?;
                let own = definitions.iter().filter(|definition| definition.name == name);
                for model in own.flat_map(|definition| &definition.models) {
                    tx.execute(
                        "UPDATE record_sets SET connection_id = NULL
                         WHERE connection_id = $1 AND model = $2 AND variant = $3",
                        params![connection, model, &variant],
                    )?;
                }
                Ok(true)
            })
            .await
    }
}

/// Locks the sync of which there are variants: two calls never count the same ones. The integration, where there is one.
fn lock_base(
    tx: &mut Tx,
    environment: EnvironmentId,
    connection: ConnectionId,
    name: &str,
) -> Result<Option<IntegrationId>> {
    let sql = format!(
        "SELECT integration_id FROM syncs
         WHERE connection_id = $2 AND name = $3 AND variant = $4 AND environment_id = $1{}",
        tx.for_update()
    );
    tx.value_opt(&sql, params![environment, connection, name, BASE_VARIANT])
}

/// The sync functions of an integration.
pub(super) fn definitions(
    tx: &mut Tx,
    environment: EnvironmentId,
    integration: IntegrationId,
) -> Result<Vec<Definition>> {
    tx.query(
        "SELECT definition FROM functions
         WHERE environment_id = $1 AND integration_id = $2 AND kind = 'sync' AND is_current",
        params![environment, integration],
        |row| row.json(0),
    )
}
