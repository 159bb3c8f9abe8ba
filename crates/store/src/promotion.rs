//! A value becomes the default of an integration, in one transaction with the metadata of all of its connections.

use crate::{
    MetadataChange, Store,
    db::{Tx, Value, params},
    error::{Error, Result},
    metadata,
    vault::Vault,
};
use bespoke_core::{
    document::{Document, Write},
    id::{ConnectionId, EnvironmentId, IntegrationId},
    promotion::{Effects, Fate, Promoting, Promotion},
    revision::Provenance,
    time::Timestamp,
};
use serde_json::Map;

/// Connections that are read at once. A document may have a megabyte.
const READ: usize = 500;

/// A promotion that was done.
#[derive(Clone, Debug)]
pub struct Promoted {
    /// The defaults of the integration now.
    pub defaults: Document,
    /// What it meant for the connections.
    pub effects: Effects,
}

impl Store {
    /// Makes a value the default of an integration, and removes it from the connections that have it as their own: all of
    /// it, or nothing.
    ///
    /// [`Error::NotFound`] where the integration is not there, [`Error::Conflict`] where the value would be new to a
    /// connection, [`Error::TooLarge`] where a document would be.
    pub async fn promote_metadata(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
        promotion: Promotion,
        provenance: Provenance,
    ) -> Result<Promoted> {
        let (key, vault, now) = (unique_key.to_owned(), self.vault.clone(), self.now());
        self.db
            .write(move |tx| {
                // With this lock nobody makes another connection of the integration meanwhile.
                let select = format!(
                    "SELECT id, metadata_defaults FROM integrations WHERE environment_id = $1 AND unique_key = $2{}",
                    tx.for_update()
                );
                let found = tx.query_opt(&select, params![environment, &key], |row| {
                    Ok((row.get::<IntegrationId>(0)?, row.get::<Option<String>>(1)?))
                })?;
                let (integration, defaults) = found.ok_or(Error::NotFound("the integration"))?;
                let defaults = defaults.map(|text| Document::from_stored(text).to_object());
                let promoting = promotion.over(defaults.unwrap_or_default());
                let effects = promote(tx, &vault, integration, &promoting, &provenance, now)?;
                let defaults = Document::from_object(promoting.defaults())?;
                tx.execute(
                    "UPDATE integrations SET metadata_defaults = $2, updated_at = $3 WHERE id = $1",
                    params![integration, defaults.as_str(), now],
                )?;
                Ok(Promoted { defaults, effects })
            })
            .await
    }
}

/// Writes the metadata of all connections that the promotion means something for.
fn promote(
    tx: &mut Tx,
    vault: &Vault,
    integration: IntegrationId,
    promoting: &Promoting,
    provenance: &Provenance,
    now: Timestamp,
) -> Result<Effects> {
    let mut effects = Effects::default();
    let mut ids: Vec<ConnectionId> =
        tx.query("SELECT id FROM connections WHERE integration_id = $1", params![integration], |row| {
            row.get(0)
        })?;
    // In the order in which all who write to several lock them. Those that stay as they are are locked, too: whoever
    // changed them now would not know what he changes.
    ids.sort_unstable();
    let select = format!(
        "SELECT id, connection_id, metadata FROM connections WHERE id {} ORDER BY id{}",
        tx.one_of("SELECT CAST(k.value AS BIGINT) FROM json_each($1) k"),
        tx.for_update()
    );
    for some in ids.chunks(READ) {
        let some: Vec<i64> = some.iter().map(|id| id.0).collect();
        let members: Vec<(ConnectionId, String, Option<String>)> =
            tx.query(&select, params![Value::json(&some)?], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        for (id, name, own) in members {
            let own = own.map(|text| Document::from_stored(text).to_object());
            let fate = promoting.fate(own.as_ref());
            effects.add(&fate, &name);
            match fate {
                Fate::Removed(document) | Fate::Pinned(document) => {
                    write(tx, vault, id, &document, provenance, now)?;
                }
                Fate::Kept => {}
                Fate::Changed => return Err(Error::Conflict("a connection".into())),
            }
        }
    }
    Ok(effects)
}

fn write(
    tx: &mut Tx,
    vault: &Vault,
    id: ConnectionId,
    document: &Map<String, serde_json::Value>,
    provenance: &Provenance,
    now: Timestamp,
) -> Result<()> {
    let write = Write::Replace(Document::from_object(document)?);
    metadata::write(tx, vault, &[id], &MetadataChange::new(write, provenance.clone()), now).map(drop)
}
