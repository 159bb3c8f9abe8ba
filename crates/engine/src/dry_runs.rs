//! Dry runs: a function, deployed or not, run for a real connection with nothing written anywhere.
//!
//! The run is a real one: the same runtime, limits and credentials, and requests that read go to the real provider.
//! Only its host is another ([`host`]): what would be written is kept in memory, compared with what is stored, and
//! told in the [`report`].
//!
//! One thing is written all the same: a token that has to be renewed for the run is stored, because the provider gives
//! it once.

mod bounds;
mod draft;
mod host;
mod progress;
mod recording;
mod records;
pub mod report;
mod requests;
mod stored;
mod triggers;
mod verdicts;
pub mod writes;

use crate::{Engine, Error, Failure, Resource, Result, functions::LoadedFunction, run::Execution};
use bespoke_core::{
    connection::Connection,
    document::Document,
    environment::Environment,
    function::{Deployment, FunctionKind},
    run::RunKind,
    sync::{self, BASE_VARIANT, DEFAULT_FREQUENCY, Sync, TriggerOptions},
};
pub use bounds::Bounds;
use bytes::Bytes;
use host::DryHost;
use recording::Recording;
use report::{DryRunReport, Event};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use writes::{AllowedWrites, CallPattern};

/// What to run without writing.
#[derive(Debug)]
pub struct DryRun {
    /// The caller's environment.
    pub environment: Environment,
    /// The function.
    pub function: DryFunction,
    /// The connection, at the function's integration.
    pub connection_id: String,
    /// An action's input as JSON; empty where none was given.
    pub input: Bytes,
    /// A webhook's payload as JSON: runs the sync's `onWebhook` instead of its `exec`.
    pub payload: Option<Bytes>,
    /// The configuration to run with instead of the connection's own.
    pub metadata: Option<Document>,
    /// The checkpoint to begin with instead of the stored one, JSON.
    pub checkpoint: Option<String>,
    /// The variant of a sync; `base` where it is not given.
    pub variant: Option<String>,
    /// Which requests that can write are sent to the provider all the same.
    pub allowed: AllowedWrites,
    /// Begin as a sync that never ran: without its checkpoint and the time of its last run.
    pub afresh: bool,
    /// What it may use at most.
    pub bounds: Bounds,
    /// Make a fixture of it.
    pub record: bool,
    /// Hears what happens while it happens.
    pub events: Option<mpsc::UnboundedSender<Event>>,
}

/// The function of a dry run.
#[derive(Debug)]
pub enum DryFunction {
    /// A deployed one.
    Deployed {
        /// The integration's `unique_key`.
        integration: String,
        /// Sync, action or on-event.
        kind: FunctionKind,
        /// Its name.
        name: String,
    },
    /// One that is not deployed: a deployment with exactly this function.
    Draft(Box<Deployment>),
}

impl Engine {
    /// Runs a function for a connection and writes nothing. What the function does wrong is in the report.
    ///
    /// Dropping the future stops the run. Fails with [`Error::NotFound`] (connection, integration, function) and
    /// [`Error::Invalid`] where the draft, the payload or the variant cannot be.
    pub async fn dry_run(self: &Arc<Self>, dry: DryRun) -> Result<DryRunReport> {
        let begin = self.now();
        if let Some(text) = &dry.checkpoint {
            bespoke_core::checkpoint::read(text.as_bytes())
                .map_err(|error| Error::invalid(&["checkpoint"], "custom", error.to_string()))?;
        }
        let function = self.dry_function(&dry).await?;
        let definition = &function.function.definition;
        let kind = run_kind(definition.kind, &dry)?;
        let mut connection =
            self.connection(dry.environment.id, &definition.integration, &dry.connection_id).await?;
        let sync = match definition.kind {
            FunctionKind::Sync => {
                let sync = self.dry_sync(&connection, &function, dry.variant.as_deref()).await?;
                let last_success_started_at = sync.last_success_started_at.filter(|_| !dry.afresh);
                Some(Sync { last_success_started_at, ..sync })
            }
            FunctionKind::Action | FunctionKind::OnEvent | FunctionKind::Config => None,
        };
        let stored_metadata = connection.metadata.clone();
        let configuration = self.configuration_of(&connection).await?;
        if let Some(metadata) = dry.metadata {
            let (secrets, stored) = (configuration.secrets(), stored_metadata.as_ref());
            let metadata = self.store.unmask_metadata(connection.id, secrets, stored, metadata);
            let metadata = metadata.map_err(crate::metadata::failed)?;
            connection.metadata = Some(self.store.hide_metadata(secrets, metadata));
        }
        let cancel = CancellationToken::new();
        // Nobody waits for a report any more: half a dry run is as good as none.
        let _stop = cancel.clone().drop_guard();
        let mut allowed = dry.allowed;
        allowed.patterns.extend(definition.preview_reads.iter().filter_map(|text| CallPattern::parse(text)));
        let execution = Execution {
            id: self.ids.next(),
            environment: dry.environment,
            kind,
            configuration,
            connection: connection.clone(),
            function: Arc::clone(&function),
            input: dry.payload.unwrap_or(dry.input),
            sync,
            options: TriggerOptions::default(),
            depth: 0,
            cancel,
            fence: None,
        };
        let own = execution.connection.metadata.as_ref();
        let problems = self.metadata_problems(&execution.configuration, own).await?;
        let configured = execution.check_problems(&problems);
        let mut prepared = self.prepare(&execution);
        if let Some(time) = dry.bounds.time {
            prepared.limit_time(time);
        }
        let options = host::Options {
            allowed,
            afresh: dry.afresh,
            bounds: dry.bounds,
            events: dry.events,
            stored_metadata,
            checkpoint: dry.checkpoint,
        };
        let recording = dry.record.then(|| {
            let provider = self.providers.get(&execution.connection.provider);
            Recording::new(&execution, provider.map(AsRef::as_ref), begin)
        });
        let host = DryHost::new(Arc::clone(self), execution, options);
        let mut result = match (configured.and(host.check_input()), &recording) {
            (Err(failure), _) => Err(failure),
            (Ok(()), Some(recording)) => self.run_prepared(prepared, recording.around(&host)).await.0,
            (Ok(()), None) => self.run_prepared(prepared, Arc::new(host.clone())).await.0,
        };
        result = result.and_then(|output| host.check_output(&output).map(|()| output));
        if result.is_ok()
            && let Err(refusal) = host.delete_what_is_gone().await
        {
            result = Err(Failure::new(bespoke_runtime::code::INTERNAL, refusal.message));
        }
        if let Err(failure) = host.end_of_bounds() {
            result = Err(failure);
        }
        let took = self.now().since(begin);
        let fixture = match (&recording, &result) {
            (Some(recording), Ok(output)) => recording.fixture(&host, output).await,
            _ => None,
        };
        Ok(DryRunReport { problems, fixture, ..host.report(result, took) })
    }

    async fn dry_function(&self, dry: &DryRun) -> Result<Arc<LoadedFunction>> {
        match &dry.function {
            DryFunction::Draft(draft) => Ok(Arc::new(self.load_draft(dry.environment.id, draft).await?)),
            DryFunction::Deployed { integration, kind, name } => {
                let function = self.store.function(dry.environment.id, integration, *kind, name).await?;
                let loaded =
                    self.loaded_function(&function.ok_or(Error::NotFound(Resource::Function))?).await?;
                // What real runs have told already is told here again.
                Ok(Arc::new(loaded.afresh()))
            }
        }
    }

    /// The sync of the connection, or what it would be if the function were deployed.
    async fn dry_sync(
        &self,
        connection: &Connection,
        function: &LoadedFunction,
        variant: Option<&str>,
    ) -> Result<Sync> {
        let definition = &function.function.definition;
        let variant = variant.unwrap_or(BASE_VARIANT);
        let id = sync::id_of(connection.id, &definition.name, variant);
        if let Some(sync) = self.store.sync(connection.environment, id).await? {
            return Ok(sync);
        }
        Ok(Sync {
            id,
            environment: connection.environment,
            connection: connection.id,
            connection_id: connection.connection_id.clone(),
            integration: connection.integration,
            provider_config_key: connection.provider_config_key.clone(),
            name: definition.name.clone(),
            variant: variant.to_owned(),
            started: false,
            default_frequency: definition.frequency.clone().unwrap_or_else(|| DEFAULT_FREQUENCY.to_owned()),
            frequency: None,
            anchor: self.now(),
            next_run_at: None,
            last_success_started_at: None,
            last_run: None,
            checkpoint: None,
            resync: false,
        })
    }
}

/// What of the function runs; refuses what fits none of its kind.
fn run_kind(kind: FunctionKind, dry: &DryRun) -> Result<RunKind> {
    let misfit = |field: &str, what: &str| {
        Err(Error::invalid(&[field], "custom", format!("Only syncs have {what}; this is an {kind}.")))
    };
    match kind {
        FunctionKind::Sync if dry.payload.is_some() => Ok(RunKind::Webhook),
        FunctionKind::Sync => Ok(RunKind::Sync),
        _ if dry.payload.is_some() => misfit("payload", "an `onWebhook`"),
        _ if dry.variant.is_some() => misfit("variant", "variants"),
        FunctionKind::Action => Ok(RunKind::Action),
        FunctionKind::OnEvent => Ok(RunKind::OnEvent),
        FunctionKind::Config => {
            Err(Error::invalid(&["function"], "custom", "A configuration is asked, not run."))
        }
    }
}
