//! The configurations of all customers of an integration at once: what they have in common, and changes of many.

use crate::{Engine, Error, Resource, Result, metadata::MetadataChange};
use bespoke_core::{
    document::Write,
    fleet::{Condition, Fleet, FleetFacts},
    id::EnvironmentId,
    revision::Provenance,
};
use bespoke_store::FleetMember;
use serde_json::Value;
use std::collections::HashSet;

/// Which connections of an integration; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct FleetSelection {
    /// Only these ids.
    pub connection_ids: Option<HashSet<String>>,
    /// Only those with all of these tags, keys in lower case.
    pub tags: Vec<(String, String)>,
    /// Only those whose metadata is so.
    pub condition: Option<Condition>,
}

impl FleetSelection {
    fn holds(&self, member: &FleetMember) -> bool {
        let is_tagged = |(key, value): &(String, String)| {
            member.tags.get(key).and_then(Value::as_str) == Some(value.as_str())
        };
        self.connection_ids.as_ref().is_none_or(|ids| ids.contains(&member.connection_id))
            && self.tags.iter().all(is_tagged)
            && self.condition.as_ref().is_none_or(|condition| condition.holds(member.metadata.as_deref()))
    }
}

/// A change of many connections.
#[derive(Clone, Debug)]
pub struct BulkChange {
    /// Of which.
    pub selection: FleetSelection,
    /// What to write to each.
    pub write: Write,
    /// Only tell what would come of it.
    pub is_dry_run: bool,
    /// So many are written before it is looked whether any failed.
    pub batch: usize,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// What came of a change of many.
#[derive(Debug, Default)]
pub struct BulkOutcome {
    /// Connections that were selected.
    pub matched: usize,
    /// What came of each, in the order in which it was done; the rest was not tried.
    pub results: Vec<BulkResult>,
    /// It ended early, because a connection of a batch could not be written.
    pub is_stopped: bool,
}

/// What came of one connection.
#[derive(Debug)]
pub struct BulkResult {
    /// The connection's id.
    pub connection_id: String,
    /// The newest revision now (or then, in a dry run) and what is different; or why it was not written.
    pub outcome: Result<BulkWritten>,
}

/// A connection that was written.
#[derive(Debug, Clone)]
pub struct BulkWritten {
    /// The newest revision.
    pub revision: i64,
    /// The JSON Patch from what was there; empty where nothing is different.
    pub diff: Value,
}

impl Engine {
    /// What the selected connections have in common; only at `path` and below, where one is given. It reads the metadata
    /// of all connections of the integration. Fails with [`Error::NotFound`].
    pub async fn fleet(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        selection: FleetSelection,
        path: Option<&str>,
    ) -> Result<FleetFacts> {
        let mut fleet = Fleet::default();
        self.each_of_fleet(environment, provider_config_key, |member| {
            if selection.holds(&member) {
                fleet.add(&member.connection_id, member.metadata.as_deref());
            }
        })
        .await?;
        Ok(fleet.facts(path))
    }

    /// Writes to all selected connections, one after the other: each for itself, so that what was written stays written
    /// where another fails. Fails with [`Error::NotFound`] where there is no such integration.
    pub async fn change_fleet(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        bulk: BulkChange,
    ) -> Result<BulkOutcome> {
        let BulkChange { selection, write, is_dry_run, batch, provenance } = bulk;
        let mut ids = Vec::new();
        self.each_of_fleet(environment, provider_config_key, |member| {
            if selection.holds(&member) {
                ids.push(member.connection_id);
            }
        })
        .await?;
        let mut outcome = BulkOutcome { matched: ids.len(), ..BulkOutcome::default() };
        for batch in ids.chunks(batch.max(1)) {
            for id in batch {
                let change = MetadataChange::new(write.clone(), provenance.clone());
                let written =
                    self.change_member(environment, provider_config_key, id, change, is_dry_run).await;
                outcome.is_stopped |= written.is_err();
                outcome.results.push(BulkResult { connection_id: id.clone(), outcome: written });
            }
            if outcome.is_stopped {
                break;
            }
        }
        Ok(outcome)
    }

    async fn change_member(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        change: MetadataChange,
        is_dry_run: bool,
    ) -> Result<BulkWritten> {
        let written = if is_dry_run {
            self.try_judged(environment, provider_config_key, connection_id, &change).await?
        } else {
            let ids = vec![connection_id.to_owned()];
            let written = self.write_metadata(environment, provider_config_key, ids, change).await?;
            written.into_iter().next().ok_or(Error::NotFound(Resource::Connection))?
        };
        let diff = serde_json::to_value(written.patch).unwrap_or_default();
        Ok(BulkWritten { revision: written.revision, diff })
    }

    async fn each_of_fleet(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        mut each: impl FnMut(FleetMember),
    ) -> Result<()> {
        let integration = self.integration(environment, provider_config_key).await?.integration.id;
        let mut cursor = Some(Default::default());
        while let Some(from) = cursor {
            let (members, next) = self.store.fleet_page(environment, integration, from).await?;
            cursor = next;
            members.into_iter().for_each(&mut each);
            // Thousands of documents were read meanwhile: others have their turn.
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}
