//! Syncs, as the backend sees and steers them.

use crate::{
    Engine, Error, Resource, Result,
    idempotency::{Beginning, Keying},
    run::Execution,
};
use bespoke_core::{
    connection::Connection,
    function::FunctionKind,
    id::{ConnectionId, EnvironmentId},
    schedule::Frequency,
    sync::{Sync, SyncName, TriggerOptions},
};
use bespoke_store::{MAX_VARIANTS, NewVariant, RecordCount};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use uuid::Uuid;

/// Syncs that one transaction changes: few enough that others get their turn.
const AT_ONCE: usize = 200;

/// Which syncs are meant.
#[derive(Clone, Debug)]
pub struct SyncSelection {
    /// The integration's key.
    pub provider_config_key: String,
    /// The connection; all connections of the integration where it is not given.
    pub connection_id: Option<String>,
    /// The syncs; all of them where it is empty.
    pub names: Vec<SyncName>,
}

/// What is shown of a sync.
#[derive(Clone, Debug)]
pub struct SyncStatus {
    /// The sync.
    pub sync: Sync,
    /// How many records it keeps, by model. Deleted ones do not count.
    pub record_count: BTreeMap<String, u64>,
}

impl Engine {
    /// Queues a run of each of these syncs; where one is queued or running already, that one is enough.
    ///
    /// Of all syncs those that are disabled are left out. Fails, before anything is queued, with [`Error::NotFound`] of the
    /// integration, the connection or a sync, and with [`Error::Disabled`] where a named sync is, or all of them are.
    pub async fn trigger_syncs(
        &self,
        environment: EnvironmentId,
        selection: &SyncSelection,
        options: TriggerOptions,
    ) -> Result<()> {
        let mut syncs = self.selected(environment, selection).await?;
        if let Some(first) = syncs.first() {
            let disabled = self.store.disabled_syncs(environment, first.integration).await?;
            let may_run = |sync: &Sync| disabled.binary_search(&sync.name).is_err();
            let refused = syncs.iter().find(|sync| !may_run(sync));
            if let Some(sync) = refused.filter(|_| !selection.names.is_empty() || !syncs.iter().any(may_run))
            {
                return Err(Error::Disabled(Resource::Sync, sync.name.clone()));
            }
            syncs.retain(may_run);
        }
        for ids in ids(&syncs).chunks(AT_ONCE) {
            self.store.trigger_syncs(environment, ids.to_vec(), options, &self.ids).await?;
        }
        Ok(())
    }

    /// The same, once for an idempotency key. True where that was done before, and nothing was done now.
    pub async fn trigger_syncs_once(
        &self,
        environment: EnvironmentId,
        selection: &SyncSelection,
        options: TriggerOptions,
        key: Option<&str>,
    ) -> Result<bool> {
        let Some(key) = key else {
            self.trigger_syncs(environment, selection, options).await?;
            return Ok(false);
        };
        let request = format!("{selection:?} {options:?}");
        let keying = Keying {
            environment,
            operation: "sync",
            key,
            request: &[request.as_bytes()],
            run: self.ids.next(),
            timeout: Duration::ZERO,
        };
        match self.begin_keyed(keying).await? {
            Beginning::Again { outcome, .. } => outcome.map(|_| true).map_err(Error::IdempotencyKey),
            Beginning::First(begun) => match self.trigger_syncs(environment, selection, options).await {
                Ok(()) => self.end_keyed(begun, "true".to_owned()).await.map(|()| false),
                Err(error) => {
                    self.forget_keyed(begun).await?;
                    Err(error)
                }
            },
        }
    }

    /// Turns the schedules of these syncs on; those that were off run at once, or when their function is enabled. Fails with
    /// [`Error::NotFound`] like [`Engine::trigger_syncs`].
    pub async fn start_syncs(&self, environment: EnvironmentId, selection: &SyncSelection) -> Result<()> {
        for ids in ids(&self.selected(environment, selection).await?).chunks(AT_ONCE) {
            self.store.start_syncs(environment, ids.to_vec(), &self.ids).await?;
        }
        Ok(())
    }

    /// Turns the schedules of these syncs off and cancels their runs. Fails with [`Error::NotFound`] like [`Engine::trigger_syncs`].
    pub async fn pause_syncs(&self, environment: EnvironmentId, selection: &SyncSelection) -> Result<()> {
        for ids in ids(&self.selected(environment, selection).await?).chunks(AT_ONCE) {
            self.store.pause_syncs(environment, ids.to_vec()).await?;
        }
        Ok(())
    }

    /// The state of these syncs, by connection, name and variant. Names that there are not are left out.
    ///
    /// Fails with [`Error::NotFound`] of the integration or the connection.
    pub async fn sync_status(
        &self,
        environment: EnvironmentId,
        selection: &SyncSelection,
    ) -> Result<Vec<SyncStatus>> {
        let Scope { syncs, connection, .. } = self.scope(environment, selection).await?;
        let Some(first) = syncs.first() else { return Ok(Vec::new()) };
        let counts = self
            .store
            .record_counts(environment, first.integration, connection.map(|connection| connection.id))
            .await?;
        let counts = by_set(&counts);
        let models = self.models(environment, &selection.provider_config_key).await?;
        let named =
            |sync: &Sync| selection.names.is_empty() || selection.names.iter().any(|name| name.is(sync));
        let shown = syncs.into_iter().filter(named).map(|sync| {
            let models = models.get(&sync.name).map(Vec::as_slice).unwrap_or_default();
            let count = |model: &String| {
                let set = (sync.connection, model.as_str(), sync.variant.as_str());
                (model.clone(), counts.get(&set).copied().unwrap_or(0))
            };
            SyncStatus { record_count: models.iter().map(count).collect(), sync }
        });
        Ok(shown.collect())
    }

    /// Gives a sync of a connection its own frequency, or that of its function again. Returns the text to show: the
    /// interval, or the function's own words.
    ///
    /// Fails with [`Error::NotFound`] of the connection or the sync, and [`Error::Invalid`] where it is no frequency.
    pub async fn update_frequency(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        name: &SyncName,
        frequency: Option<String>,
    ) -> Result<String> {
        let parsed = frequency.as_deref().map(Frequency::parse).transpose();
        let parsed =
            parsed.map_err(|error| Error::invalid(&["frequency"], "invalid_format", error.to_string()))?;
        let connection = self.connection(environment, provider_config_key, connection_id).await?;
        let syncs = self.store.syncs(environment, connection.integration, Some(connection_id)).await?;
        let sync = syncs.into_iter().find(|sync| name.is(sync)).ok_or(Error::NotFound(Resource::Sync))?;
        if !self.store.set_sync_frequency(environment, sync.id, frequency).await? {
            return Err(Error::NotFound(Resource::Sync));
        }
        Ok(parsed.map_or(sync.default_frequency, |frequency| frequency.text))
    }

    /// Makes a variant of a connection's sync: its own schedule, checkpoint and records. The id of its sync.
    ///
    /// Fails with [`Error::NotFound`] of the integration, the connection or the sync, with [`Error::Conflict`] where it is
    /// there already, and with [`Error::TooMany`].
    pub async fn create_sync_variant(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        variant: &SyncName,
    ) -> Result<Uuid> {
        let connection = self.connection(environment, provider_config_key, connection_id).await?.id;
        match self.store.create_sync_variant(environment, connection, variant).await? {
            NewVariant::Made(id) => Ok(id),
            NewVariant::Unknown => Err(Error::NotFound(Resource::Sync)),
            NewVariant::Exists => Err(Error::Conflict(Resource::Variant)),
            NewVariant::TooMany => Err(Error::TooMany { resource: Resource::Variant, max: MAX_VARIANTS }),
        }
    }

    /// Deletes a variant with everything that is its own; a run of it is stopped.
    ///
    /// Fails with [`Error::NotFound`] of the integration, the connection or the variant.
    pub async fn delete_sync_variant(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        variant: &SyncName,
    ) -> Result<()> {
        let connection = self.connection(environment, provider_config_key, connection_id).await?.id;
        if self.store.delete_sync_variant(environment, connection, variant).await? {
            Ok(())
        } else {
            Err(Error::NotFound(Resource::Variant))
        }
    }

    /// Does what the one who triggered a sync's run wanted done before it.
    pub(crate) async fn prepare_sync(&self, execution: &Execution) -> Result<()> {
        let empty_cache = execution.options.empty_cache;
        let Some(sync) = execution.sync.as_ref().filter(|_| empty_cache) else { return Ok(()) };
        for model in &execution.function.function.definition.models {
            let set =
                self.store.find_record_set(sync.environment, sync.connection, model, &sync.variant).await?;
            if let Some(set) = set {
                self.store.clear_records(set).await?;
            }
        }
        Ok(())
    }

    /// The selected syncs.
    async fn selected(&self, environment: EnvironmentId, selection: &SyncSelection) -> Result<Vec<Sync>> {
        let Scope { mut syncs, connection } = self.scope(environment, selection).await?;
        let known = |name: &SyncName| syncs.iter().any(|sync| name.is(sync));
        let missing: Vec<_> = selection.names.iter().filter(|name| !known(name)).collect();
        let nothing = selection.names.is_empty() && syncs.is_empty();
        if nothing || !missing.is_empty() {
            // Without connections a deployed function has no syncs: then there is nothing to do, and nothing is wrong.
            let deployed = self.models(environment, &selection.provider_config_key).await?;
            let is_deployed = missing.iter().all(|name| deployed.contains_key(&name.name));
            if connection.is_some() || deployed.is_empty() || !is_deployed {
                return Err(Error::NotFound(Resource::Sync));
            }
        }
        syncs.retain(|sync| selection.names.is_empty() || selection.names.iter().any(|name| name.is(sync)));
        Ok(syncs)
    }

    /// Every sync of the connection or of the integration.
    async fn scope(&self, environment: EnvironmentId, selection: &SyncSelection) -> Result<Scope> {
        let key = &selection.provider_config_key;
        let integration = self.store.integration_by_key(environment, key).await?;
        let integration = integration.ok_or(Error::NotFound(Resource::Integration))?.id;
        let connection = match &selection.connection_id {
            Some(id) => Some(self.connection(environment, key, id).await?),
            None => None,
        };
        let syncs = self.store.syncs(environment, integration, selection.connection_id.as_deref()).await?;
        Ok(Scope { syncs, connection })
    }

    /// The deployed sync functions of an integration with their models.
    async fn models(&self, environment: EnvironmentId, key: &str) -> Result<HashMap<String, Vec<String>>> {
        let functions = self.store.functions(environment, Some(key)).await?;
        let syncs = functions.into_iter().filter(|function| function.definition.kind == FunctionKind::Sync);
        Ok(syncs.map(|function| (function.definition.name, function.definition.models)).collect())
    }
}

/// What a selection is made from.
struct Scope {
    syncs: Vec<Sync>,
    connection: Option<Connection>,
}

fn ids(syncs: &[Sync]) -> Vec<Uuid> {
    syncs.iter().map(|sync| sync.id).collect()
}

fn by_set(counts: &[RecordCount]) -> HashMap<(ConnectionId, &str, &str), u64> {
    counts
        .iter()
        .map(|count| ((count.connection, count.model.as_str(), count.variant.as_str()), count.live))
        .collect()
}
