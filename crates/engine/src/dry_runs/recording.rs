//! A dry run as a fixture: recorded around its host, and without the connection's secrets.

use super::host::DryHost;
use crate::run::Execution;
use bespoke_core::{provider::Provider, run::RunKind, sync::BASE_VARIANT, time::Timestamp};
use bespoke_fixtures::{Circumstances, Recorded, Recorder};
use bespoke_runtime::host::{Call, GetConnection, Host, Request};
use bytes::Bytes;
use serde_json::{Value, value::RawValue};
use std::sync::{Arc, OnceLock};

/// What is known of the run before it begins, and what its host is asked.
pub(super) struct Recording {
    kind: RunKind,
    input: Bytes,
    metadata: Option<Value>,
    now: Timestamp,
    run: Circumstances,
    recorder: OnceLock<Recorder>,
}

impl Recording {
    /// Of this run of a connection at `provider`, which begins `now`.
    pub(super) fn new(execution: &Execution, provider: Option<&Provider>, now: Timestamp) -> Self {
        let Execution { connection, kind, sync, input, environment, .. } = execution;
        let metadata = execution.configuration.effective(connection.metadata.as_ref());
        let metadata = metadata.map(|metadata| metadata.to_object().into());
        let last_success = sync.as_ref().and_then(|sync| sync.last_success_started_at);
        let variant =
            sync.as_ref().map(|sync| sync.variant.clone()).filter(|variant| variant != BASE_VARIANT);
        let run = Circumstances {
            connection_id: Some(connection.connection_id.clone()),
            environment: Some(environment.name.clone()),
            provider: Some(connection.provider.clone())
                .filter(|provider| *provider != connection.provider_config_key),
            paginate: provider.and_then(Provider::paginate).cloned(),
            content_type: provider.and_then(Provider::content_type).map(str::to_owned),
            variant,
            last_sync_date: last_success.map(Timestamp::millis_zulu),
            checkpoint: None,
            webhook: *kind == RunKind::Webhook,
        };
        Self { kind: *kind, input: input.clone(), metadata, now, run, recorder: OnceLock::new() }
    }

    /// The host that the run has to ask.
    pub(super) fn around(&self, host: &DryHost) -> Arc<dyn Host> {
        Arc::new(self.recorder.get_or_init(|| Recorder::new(Arc::new(host.clone()))).clone())
    }

    /// The fixture of the run, whose output was this.
    pub(super) async fn fixture(&self, host: &DryHost, output: &[u8]) -> Option<Value> {
        // Not through the recorder: the function did not ask.
        let request =
            Request::GetConnection(GetConnection { refresh_token: true, ..GetConnection::default() });
        let reply = host.call(Call { request, body: Bytes::new() }).await.ok();
        let shown = reply.and_then(|reply| reply.head).map(|head| serde_json::from_str::<Value>(head.get()));
        // Who cannot say what is secret records nothing.
        let credentials = shown?.ok()?["credentials"].take();
        let input: Option<Box<RawValue>> = serde_json::from_slice(&self.input).ok();
        let is_action = self.kind == RunKind::Action;
        let fixture = self.recorder.get()?.fixture(Recorded {
            input: input.as_deref(),
            output: is_action.then(|| serde_json::from_slice(output).unwrap_or_default()),
            metadata: self.metadata.clone(),
            now: Some(self.now),
            credentials,
            run: self.run.clone(),
        });
        Some(fixture.to_value())
    }
}
