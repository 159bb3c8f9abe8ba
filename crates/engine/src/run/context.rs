//! What a run knows from its start: the JSON that the prelude builds the `nango` object from.

use super::Execution;
use crate::Engine;
use bespoke_core::document::Document;
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
    sync_id: Option<Uuid>,
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

/// The context of `execution` as JSON.
pub(super) fn build(engine: &Engine, execution: &Execution) -> Bytes {
    let Execution { id, environment, kind, connection, function, sync, .. } = execution;
    let provider = engine.providers.get(&connection.provider);
    let definition = &function.function.definition;
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
        sync_id: sync.as_ref().map(|sync| sync.id),
        variant: sync.as_ref().map_or(bespoke_core::sync::BASE_VARIANT, |sync| &sync.variant),
        last_sync_date: sync
            .as_ref()
            .and_then(|sync| sync.last_success_started_at)
            .map(bespoke_core::time::Timestamp::millis_zulu),
        metadata: connection.metadata.as_ref(),
        paginate: provider.as_ref().and_then(|provider| provider.raw.get("proxy")?.get("paginate")),
        content_type: provider.and_then(|provider| {
            let mut headers = provider.definition.proxy.headers.iter();
            headers
                .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
                .map(|(_, value)| value.as_str())
        }),
        models: &definition.models,
        logger_level: "debug",
    };
    Bytes::from(serde_json::to_vec(&context).unwrap_or_default())
}
