//! The configurations of all customers of an integration at once: what they have in common, and changes of many.

mod indexes;
mod list;

pub(crate) use indexes::Indexes;
use indexes::KnownFleet;
pub use list::{COUNTED, FleetList, FleetPage, Health, ListCursor, ListedMember, Sort, Trouble};

use crate::{
    Engine, Error, Resource, Result,
    metadata::{Effects, MetadataChange},
};
use bespoke_core::{
    document::Write,
    effect::Applied,
    fleet::{Condition, FleetFacts, FleetIndex},
    id::{ConnectionId, EnvironmentId, IntegrationId},
    revision::Provenance,
};
pub use bespoke_store::ConnectionPlace;
use bespoke_store::{FleetCursor, FleetMember};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use std::collections::HashSet;

/// Documents that are read at once. One may have a megabyte; most have a few kilobytes.
const READ: usize = 500;
/// Ids of selected connections that are told.
const LISTED: usize = 100;
/// Connections of a bulk change that are written at the same time.
const WRITERS: usize = 16;

/// Which connections of an integration; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct FleetSelection {
    /// Only these ids.
    pub connection_ids: Option<Vec<String>>,
    /// Only those with all of these tags, keys in lower case.
    pub tags: Vec<(String, String)>,
    /// Only those whose metadata is so.
    pub condition: Option<Condition>,
    /// Only those whose effective configuration does not fit the schema. It does not count where ids are given.
    pub is_invalid: bool,
    /// Only those whose metadata is of an older version of the schema. It does not count where ids are given.
    pub is_outdated: bool,
}

impl FleetSelection {
    fn holds(&self, member: &FleetMember) -> bool {
        let is_tagged = |(key, value): &(String, String)| {
            member.tags.get(key).and_then(Value::as_str) == Some(value.as_str())
        };
        self.tags.iter().all(is_tagged)
            && self.condition.as_ref().is_none_or(|condition| condition.holds(member.metadata.as_deref()))
    }
}

/// What connections have in common.
#[derive(Debug)]
pub struct FleetView {
    /// What was found.
    pub facts: FleetFacts,
    /// How many of them have metadata of an older version of the schema, as `config.ts` counts them.
    pub outdated: usize,
    /// The first of those that were selected, oldest first; `None` where all were.
    pub connection_ids: Option<Vec<String>>,
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
    /// What each write does to data.
    pub effects: Option<Effects>,
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
    /// What it did to data.
    pub applied: Applied,
}

impl Engine {
    /// What the selected connections have in common; only at `path` and below, where one is given.
    ///
    /// The first question reads the metadata of all connections of the integration; the next ones only what has changed
    /// since. Fails with [`Error::NotFound`].
    pub async fn fleet(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        selection: FleetSelection,
        path: Option<&str>,
    ) -> Result<FleetView> {
        let path = path.map(str::to_owned);
        let integration = self.integration(environment, provider_config_key).await?.integration;
        let known = self.known_fleet(environment, &integration).await?;
        let outdated = self.outdated(environment, provider_config_key, integration.id).await?;
        let mut ids = self.select(environment, integration.id, &known.index, &selection).await?;
        if selection.is_outdated {
            let ids = ids.get_or_insert_with(|| known.index.ids());
            ids.retain(|id| outdated.binary_search(id).is_ok());
        }
        let outdated = match &ids {
            None => outdated.len(),
            Some(ids) => ids.iter().filter(|id| outdated.binary_search(id).is_ok()).count(),
        };
        // Some milliseconds for each ten thousand connections.
        let counted = tokio::task::spawn_blocking(move || FleetView {
            connection_ids: ids.as_ref().map(|ids| known.index.names(&ids[..ids.len().min(LISTED)])),
            facts: known.index.facts(ids.as_deref(), path.as_deref()),
            outdated,
        });
        counted.await.map_err(|_| Error::Stopping)
    }

    /// Writes to all selected connections, each for itself, so that what was written stays written where another fails.
    /// Fails with [`Error::NotFound`] where there is no such integration.
    pub async fn change_fleet(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        bulk: BulkChange,
    ) -> Result<BulkOutcome> {
        let BulkChange { selection, write, is_dry_run, batch, provenance, effects } = bulk;
        let ids = self.selected_names(environment, provider_config_key, selection).await?;
        let mut outcome = BulkOutcome { matched: ids.len(), ..BulkOutcome::default() };
        for batch in ids.chunks(batch.max(1)) {
            let change = |id: &String| {
                let id = id.clone();
                let change = MetadataChange {
                    effects: effects.clone(),
                    ..MetadataChange::new(write.clone(), provenance.clone())
                };
                async move {
                    let written =
                        self.change_member(environment, provider_config_key, &id, change, is_dry_run).await;
                    BulkResult { connection_id: id, outcome: written }
                }
            };
            // Several at a time share the way to the disk.
            let results: Vec<BulkResult> =
                stream::iter(batch.iter().map(change)).buffered(WRITERS).collect().await;
            outcome.is_stopped = results.iter().any(|result| result.outcome.is_err());
            outcome.results.extend(results);
            if outcome.is_stopped {
                break;
            }
        }
        Ok(outcome)
    }

    /// Connections whose metadata is of an older version than that of the deployed `config.ts`, in order.
    async fn outdated(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        integration: IntegrationId,
    ) -> Result<Vec<ConnectionId>> {
        let configuration = self.configuration(environment, provider_config_key).await?;
        match configuration.schema_version().filter(|_| configuration.file().is_some()) {
            Some(version) => Ok(self.store.outdated_connections(environment, integration, version).await?),
            None => Ok(Vec::new()),
        }
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
        Ok(BulkWritten { revision: written.revision, diff, applied: written.applied })
    }

    /// Every connection of an integration, oldest first, some hundred documents at a time.
    pub(crate) async fn each_of_fleet(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        mut each: impl FnMut(FleetMember),
    ) -> Result<()> {
        let integration = self.integration(environment, provider_config_key).await?.integration.id;
        let mut cursor = Some(FleetCursor::default());
        while let Some(from) = cursor {
            let (page, next) = self.store.fleet_revisions(environment, integration, from).await?;
            cursor = next;
            for some in page.chunks(READ) {
                let ids = some.iter().map(|(id, _)| *id).collect();
                let members = self.store.fleet_members(environment, integration, ids).await?;
                members.into_iter().for_each(&mut each);
                // Hundreds of documents were looked at meanwhile: others have their turn.
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// The ids of the selected connections: in the given order where ids are given, else oldest first.
    async fn selected_names(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        mut selection: FleetSelection,
    ) -> Result<Vec<String>> {
        let integration = self.integration(environment, provider_config_key).await?.integration;
        let Some(mut names) = selection.connection_ids.take() else {
            let KnownFleet { index, .. } = &*self.known_fleet(environment, &integration).await?;
            let ids = self.select(environment, integration.id, index, &selection).await?;
            return Ok(index.names(&ids.unwrap_or_else(|| index.ids())));
        };
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        let mut selected = Vec::with_capacity(names.len());
        for some in names.chunks(READ) {
            let members =
                self.store.fleet_members_by_name(environment, integration.id, some.to_vec()).await?;
            let held = members.into_iter().filter(|member| selection.holds(member));
            selected.extend(held.map(|member| member.connection_id));
        }
        Ok(selected)
    }

    /// The selected connections of the index, in order; `None` for all. Given ids do not count.
    async fn select(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
        index: &FleetIndex,
        selection: &FleetSelection,
    ) -> Result<Option<Vec<ConnectionId>>> {
        let FleetSelection { tags, condition, is_invalid, .. } = selection;
        let mut chosen = None;
        if !tags.is_empty() {
            chosen = Some(self.store.connections_with_tags(environment, tags.clone()).await?);
        }
        if *is_invalid {
            chosen = Some(index.invalid(chosen.unwrap_or_else(|| index.ids())));
        }
        let Some(condition) = condition else { return Ok(chosen) };
        let mut selected = index.select(&chosen.unwrap_or_else(|| index.ids()), condition);
        for some in selected.uncertain.chunks(READ) {
            let members = self.store.fleet_members(environment, integration, some.to_vec()).await?;
            let held = members.into_iter().filter(|member| condition.holds(member.metadata.as_deref()));
            selected.certain.extend(held.map(|member| member.id));
        }
        selected.certain.sort_unstable();
        Ok(Some(selected.certain))
    }
}
