//! What a run knows from its start: the JSON that the prelude builds the `nango` object from.

use super::Execution;
use crate::Engine;
use bespoke_core::{document::Document, function::Function, run::RunKind};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

#[derive(Serialize)]
struct Context<'a> {
    kind: &'static str,
    name: &'a str,
    integration: &'a str,
    connection_id: &'a str,
    provider_config_key: &'a str,
    provider: &'a str,
    environment_name: &'a str,
    environment_id: i64,
    run_id: Uuid,
    connection_row: i64,
    sync_id: Option<Uuid>,
    /// Grows from run to run of a sync.
    job: Option<i64>,
    track_deletes: bool,
    empty_cache: bool,
    sync_config: SyncConfig<'a>,
    variant: &'a str,
    last_sync_date: Option<String>,
    /// The effective configuration: the run's one snapshot.
    metadata: Option<&'a Document>,
    /// The provider's way to page.
    paginate: Option<&'a Value>,
    /// The content type that the provider wants for bodies.
    content_type: Option<&'a str>,
    models: &'a [String],
    logger_level: &'static str,
}

/// What functions see of themselves: the deployed row. Without its schemas: every run would carry them, and none reads them.
#[derive(Serialize)]
struct SyncConfig<'a> {
    id: i64,
    sync_name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    version: &'a str,
    runs: Option<&'a str>,
    models: &'a [String],
    auto_start: bool,
    track_deletes: bool,
    sync_type: Option<&'a str>,
    enabled: bool,
    input: Option<&'a str>,
    metadata: SyncConfigMetadata<'a>,
    webhook_subscriptions: &'a [String],
}

#[derive(Serialize)]
struct SyncConfigMetadata<'a> {
    description: Option<&'a str>,
    scopes: &'a [String],
}

impl<'a> SyncConfig<'a> {
    fn of(function: &'a Function) -> Self {
        let definition = &function.definition;
        Self {
            id: function.id.0,
            sync_name: &definition.name,
            kind: definition.kind.as_str(),
            version: &function.version,
            runs: definition.frequency.as_deref(),
            models: &definition.models,
            auto_start: definition.auto_start,
            track_deletes: definition.track_deletes,
            sync_type: definition.sync_type.as_deref(),
            enabled: function.enabled,
            input: definition.input.as_deref().or(definition.metadata.as_deref()),
            metadata: SyncConfigMetadata {
                description: definition.description.as_deref(),
                scopes: &definition.scopes,
            },
            webhook_subscriptions: &definition.webhook_subscriptions,
        }
    }
}

/// The context of `execution` as JSON.
pub(super) fn build(engine: &Engine, execution: &Execution) -> Bytes {
    let Execution { id, environment, kind, connection, function, sync, options, .. } = execution;
    let provider = engine.providers.get(&connection.provider);
    let definition = &function.function.definition;
    let effective = execution.configuration.effective(connection.metadata.as_ref());
    let effective = effective.map(|document| engine.open_metadata(connection, &document));
    let context = Context {
        kind: kind.as_str(),
        name: &definition.name,
        integration: &definition.integration,
        connection_id: &connection.connection_id,
        provider_config_key: &connection.provider_config_key,
        provider: &connection.provider,
        environment_name: &environment.name,
        environment_id: environment.id.0,
        run_id: *id,
        connection_row: connection.id.0,
        // Microseconds: every run of a sync starts after the one before it has ended.
        job: matches!(kind, RunKind::Sync | RunKind::Webhook).then(|| engine.now().0),
        track_deletes: definition.track_deletes,
        empty_cache: options.empty_cache,
        sync_config: SyncConfig::of(&function.function),
        sync_id: sync.as_ref().map(|sync| sync.id),
        variant: sync.as_ref().map_or(bespoke_core::sync::BASE_VARIANT, |sync| &sync.variant),
        last_sync_date: sync
            .as_ref()
            .and_then(|sync| sync.last_success_started_at)
            .map(bespoke_core::time::Timestamp::millis_zulu),
        metadata: effective.as_ref(),
        paginate: provider.and_then(|provider| provider.paginate()),
        content_type: provider.and_then(|provider| provider.content_type()),
        models: &definition.models,
        logger_level: "debug",
    };
    Bytes::from(serde_json::to_vec(&context).unwrap_or_default())
}
