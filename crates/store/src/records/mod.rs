//! Records: what syncs saved. A set holds those of one model and variant of one connection.
//!
//! Every batch that changes something locks the row of its set first and gets a time that is later than any before in
//! that set. So the times of changes rise in the order in which they become visible, and a reader that goes on from the
//! last (time, row id) it has seen never skips a change and never sees one twice, whoever writes meanwhile.
//!
//! What a record was before its last changes is kept beside it (`versions`).

mod read;
mod tracking;
mod versions;
mod write;

pub use read::{ModelCount, RecordCount, RecordsPage, RecordsQuery};
pub use tracking::Window;
pub(crate) use tracking::{close_windows, open_resync_window};
pub use write::{Pruned, Saved, StoredBatch, Writer};

use crate::{
    Store,
    db::{Row, Tx, params},
    error::Result,
    runs::Fence,
};
use bespoke_core::{
    id::{ConnectionId, EnvironmentId, RecordSetId},
    record::row_namespace,
};
use uuid::Uuid;

/// The records of one model and variant of one connection. Only the store gives one, for an environment: who has it may
/// use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordSet {
    id: RecordSetId,
    /// Row ids are made in it.
    namespace: Uuid,
    /// The run that changes it, where that can lose its right to.
    fence: Option<Fence>,
}

impl RecordSet {
    /// The same set, changed only while the run of `fence` is held.
    pub fn fenced(self, fence: Option<Fence>) -> Self {
        Self { fence, ..self }
    }
}

impl Store {
    /// The set of a connection's records; made where it is not there.
    ///
    /// [`crate::Error::NotFound`] where the connection does not exist.
    pub async fn record_set(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
        model: &str,
        variant: &str,
    ) -> Result<RecordSet> {
        if let Some(set) = self.find_record_set(environment, connection, model, variant).await? {
            return Ok(set);
        }
        let (model, variant) = (model.to_owned(), variant.to_owned());
        self.db
            .write(move |tx| {
                tx.execute(
                    "INSERT INTO record_sets (environment_id, connection_id, model, variant, last_change, live, pruned_to)
                     VALUES ($1, $2, $3, $4, 0, 0, 0) ON CONFLICT (connection_id, model, variant) DO NOTHING",
                    params![environment, connection, &model, &variant],
                )?;
                let set = find(tx, environment, connection, &model, &variant)?;
                set.ok_or(crate::Error::NotFound("the connection"))
            })
            .await
    }

    /// The set of a connection's records, if something was ever saved in it.
    pub async fn find_record_set(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
        model: &str,
        variant: &str,
    ) -> Result<Option<RecordSet>> {
        let (model, variant) = (model.to_owned(), variant.to_owned());
        self.db.look_up(move |tx| find(tx, environment, connection, &model, &variant)).await
    }
}

fn find(
    tx: &mut Tx,
    environment: EnvironmentId,
    connection: ConnectionId,
    model: &str,
    variant: &str,
) -> Result<Option<RecordSet>> {
    let id = tx.value_opt(
        "SELECT id FROM record_sets
         WHERE connection_id = $2 AND model = $3 AND variant = $4 AND environment_id = $1",
        params![environment, connection, model, variant],
    )?;
    Ok(id.map(|id| RecordSet { id, namespace: row_namespace(connection, model, variant), fence: None }))
}

fn uuid(row: &Row<'_>, index: usize) -> Result<Uuid> {
    row.get(index).map(Uuid::from_bytes)
}
