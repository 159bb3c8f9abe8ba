//! Checkpoints: what a function at a connection knows of its progress.
//!
//! A write names the version that it replaces, so that two runs never overwrite each other unseen. Versions only count
//! up, also over a cleared checkpoint: a run that slept through a reset cannot write what it still remembers.

use crate::{
    Store,
    db::{Tx, params},
    error::Result,
};
use bespoke_core::{
    checkpoint::key_of_sync,
    id::{ConnectionId, EnvironmentId},
};

/// A checkpoint as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How often it was written or cleared; 0 where it never was.
    pub version: i64,
    /// JSON object; `None` where there is none.
    pub value: Option<String>,
}

impl Store {
    /// The checkpoint of this key.
    pub async fn checkpoint(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
        key: &str,
    ) -> Result<StoredCheckpoint> {
        let key = key.to_owned();
        self.db
            .read(move |tx| {
                let stored = tx.query_opt(
                    "SELECT version, value FROM checkpoints
                     WHERE connection_id = $2 AND key = $3 AND environment_id = $1",
                    params![environment, connection, &key],
                    |row| Ok(StoredCheckpoint { version: row.get(0)?, value: row.get(1)? }),
                )?;
                Ok(stored.unwrap_or_default())
            })
            .await
    }

    /// Puts `value` (JSON object; `None` clears) in the place of `version`. False where that is not its version any more;
    /// then nothing is written. The new version is `version + 1`.
    pub async fn write_checkpoint(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
        key: &str,
        version: i64,
        value: Option<String>,
    ) -> Result<bool> {
        let key = key.to_owned();
        self.db
            .write(move |tx| {
                let written = if version == 0 {
                    tx.execute(
                        "INSERT INTO checkpoints (environment_id, connection_id, key, version, value)
                         VALUES ($1, $2, $3, 1, $4) ON CONFLICT (connection_id, key) DO NOTHING",
                        params![environment, connection, &key, value.as_deref()],
                    )?
                } else {
                    tx.execute(
                        "UPDATE checkpoints SET value = $4, version = version + 1
                         WHERE connection_id = $2 AND key = $3 AND version = $5 AND environment_id = $1",
                        params![environment, connection, &key, value.as_deref(), version],
                    )?
                };
                Ok(written > 0)
            })
            .await
    }
}

/// Forgets how far a sync came: its checkpoint, and the deletion windows that it has open.
pub(crate) fn clear_for_sync(tx: &mut Tx, connection: ConnectionId, name: &str, variant: &str) -> Result<()> {
    let key = key_of_sync(name, Some(variant));
    tx.execute(
        "UPDATE checkpoints SET value = NULL, version = version + 1 WHERE connection_id = $1 AND key = $2",
        params![connection, &key],
    )?;
    crate::records::close_windows(tx, connection, &key)
}
