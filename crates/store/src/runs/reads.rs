//! What runs have read of their configurations.

use super::Finish;
use crate::{
    Store,
    db::params,
    error::{Error, Result},
};
use bespoke_core::{
    id::{EnvironmentId, IntegrationId},
    paths_read::PathsRead,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What the last runs of an integration have read of their configurations, all together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetReads {
    /// How many runs that is: those that tell what they read.
    pub runs: u64,
    /// What they read.
    pub paths: BTreeSet<String>,
    /// Some of them read more than is kept.
    pub is_cut: bool,
}

impl Store {
    /// What the run of this id has read of its configuration; `None` where it has not ended yet, or cannot tell.
    pub async fn reads_of_run(&self, environment: EnvironmentId, id: Uuid) -> Result<Option<PathsRead>> {
        self.db
            .read(move |tx| {
                let sql = "SELECT paths_read FROM runs WHERE id = $2 AND environment_id = $1";
                let text: Option<Option<String>> = tx.value_opt(sql, params![environment, id])?;
                text.flatten().map(|text| read(&text)).transpose()
            })
            .await
    }

    /// What the newest `limit` runs of an integration have read of their configurations.
    pub async fn reads_of_integration(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
        limit: u32,
    ) -> Result<FleetReads> {
        self.db
            .read(move |tx| {
                let mut all = FleetReads::default();
                // Runs of one function mostly read the same: few different texts come out.
                tx.for_each(
                    "SELECT paths_read, count(*)
                     FROM (SELECT r.paths_read FROM runs r WHERE +r.environment_id = $1 AND r.integration_id = $2
                           ORDER BY r.created_at DESC, r.id DESC LIMIT $3) newest
                     WHERE paths_read IS NOT NULL GROUP BY paths_read",
                    params![environment, integration, limit],
                    |row| {
                        let PathsRead { paths, is_cut } = read(row.get(0)?)?;
                        all.runs += row.get::<i64>(1)?.unsigned_abs();
                        all.is_cut |= is_cut;
                        all.paths.extend(paths);
                        Ok(())
                    },
                )?;
                Ok(all)
            })
            .await
    }
}

/// As it is stored: the same for runs that read the same.
pub(super) fn text(finish: &Finish) -> Result<Option<String>> {
    let reads = finish.reads.as_ref().map(serde_json::to_string).transpose();
    reads.map_err(|_| Error::failed("paths are not JSON"))
}

fn read(text: &str) -> Result<PathsRead> {
    serde_json::from_str(text).map_err(|_| Error::Corrupt("what a run read is not JSON".to_owned()))
}
