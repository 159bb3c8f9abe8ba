//! What the backend is told of runs and connections: composed and put into the outbox within the transaction that it
//! tells of, whichever way that transaction came about.

use crate::{
    db::{Tx, params},
    error::Result,
    runs::Finish,
    webhook_deliveries::{self, Subject},
    webhook_settings,
};
use bespoke_core::{
    connection::Connection,
    function::Definition,
    id::{ConnectionId, EnvironmentId, IntegrationId},
    revision::Revision,
    run::{Run, RunKind, RunState},
    sync::BASE_VARIANT,
    time::Timestamp,
    webhook::{self, AuthOperation, SyncRun, SyncType, Texts, WebhookSettings},
};
use uuid::Uuid;

/// Who is told about a connection, and what it is called.
pub(crate) struct Audience {
    pub(crate) settings: WebhookSettings,
    pub(crate) environment: EnvironmentId,
    environment_name: String,
    integration: IntegrationId,
    pub(crate) provider_config_key: String,
    pub(crate) connection_id: String,
    webhook_url_override: Option<String>,
}

impl Audience {
    pub(crate) fn urls(&self) -> Vec<&str> {
        self.settings.urls(self.webhook_url_override.as_deref())
    }

    /// What is told about it: something of this kind.
    pub(crate) fn subject(&self, kind: &'static str) -> Subject<'_> {
        Subject {
            kind,
            provider_config_key: &self.provider_config_key,
            connection_id: Some(&self.connection_id),
        }
    }

    fn tell(&self, tx: &mut Tx, kind: &'static str, body: &str, now: Timestamp) -> Result<()> {
        let subject = self.subject(kind);
        webhook_deliveries::queue(tx, self.environment, &self.urls(), subject, (&Texts::new(), body), now)
    }
}

/// Who is told about a connection; `None` where nobody is.
pub(crate) fn audience(tx: &mut Tx, connection: ConnectionId) -> Result<Option<Audience>> {
    let found = tx.query_opt(
        &format!(
            "SELECT {}, environments.id, environments.name, integrations.id, integrations.unique_key,
                    connections.connection_id, connections.webhook_url_override
             FROM connections
             JOIN integrations ON integrations.id = connections.integration_id
             JOIN environments ON environments.id = connections.environment_id
             JOIN webhook_settings ON webhook_settings.environment_id = connections.environment_id
             WHERE connections.id = $1",
            webhook_settings::COLUMNS
        ),
        params![connection],
        |row| {
            Ok(Audience {
                settings: webhook_settings::read(row, 0)?,
                environment: row.get(8)?,
                environment_name: row.get(9)?,
                integration: row.get(10)?,
                provider_config_key: row.get(11)?,
                connection_id: row.get(12)?,
                webhook_url_override: row.get(13)?,
            })
        },
    )?;
    Ok(found.filter(|audience| !audience.urls().is_empty()))
}

/// A run has come to its end. Called before the sync notes the run as its last.
pub(crate) fn run_ended(tx: &mut Tx, run: &Run, finish: &Finish, now: Timestamp) -> Result<()> {
    if finish.state == RunState::Cancelled || run.kind == RunKind::OnEvent {
        return Ok(());
    }
    let Some(audience) = audience(tx, run.connection)? else { return Ok(()) };
    match run.kind {
        RunKind::Sync | RunKind::Webhook => sync_ended(tx, &audience, run, finish, now),
        RunKind::Action if audience.settings.on_async_action_completion => {
            let body = webhook::async_action(&audience.connection_id, &audience.provider_config_key, run.id);
            audience.tell(tx, "async_action", &body, now)
        }
        RunKind::Action | RunKind::OnEvent => Ok(()),
    }
}

/// The metadata of a connection was changed, in an environment whose backend may want to hear of it.
pub(crate) fn metadata_changed(
    tx: &mut Tx,
    connection: ConnectionId,
    revision: &Revision,
    now: Timestamp,
) -> Result<()> {
    let Some(audience) = audience(tx, connection)?.filter(|audience| audience.settings.on_metadata_change)
    else {
        return Ok(());
    };
    let Audience { connection_id, provider_config_key, environment_name, .. } = &audience;
    let paths = revision.changed_paths();
    let body =
        webhook::metadata_changed(connection_id, provider_config_key, environment_name, revision, &paths);
    audience.tell(tx, "metadata", &body, now)
}

fn sync_ended(tx: &mut Tx, audience: &Audience, run: &Run, finish: &Finish, now: Timestamp) -> Result<()> {
    let definition: Option<Definition> = tx.query_opt(
        "SELECT definition FROM functions
         WHERE environment_id = $1 AND integration_id = $2 AND kind = 'sync' AND name = $3 AND is_current",
        params![audience.environment, audience.integration, &run.function_name],
        |row| row.json(0),
    )?;
    let Some(definition) = definition else { return Ok(()) };
    let (variant, last_success_started_at) = match run.sync {
        Some(sync) => state_of(tx, sync)?,
        None => (BASE_VARIANT.to_owned(), None),
    };
    let is_incremental =
        definition.sync_type.as_deref() == Some("incremental") && last_success_started_at.is_some();
    let checkpoints = finish.checkpoint.to_json()?;
    let told = SyncRun {
        connection_id: &audience.connection_id,
        provider_config_key: &audience.provider_config_key,
        name: &run.function_name,
        variant: &variant,
        sync_type: match run.kind {
            RunKind::Webhook => SyncType::Webhook,
            _ if is_incremental => SyncType::Incremental,
            _ => SyncType::Initial,
        },
        started_at: run.started_at.unwrap_or(now),
        last_success_started_at,
        checkpoints: checkpoints.as_ref(),
    };
    if finish.state == RunState::Failed {
        if !audience.settings.on_sync_error {
            return Ok(());
        }
        let error = finish.error.as_deref().and_then(|text| serde_json::from_str(text).ok());
        return audience.tell(
            tx,
            "sync",
            &told.failed(&definition.models, &error.unwrap_or_default(), now),
            now,
        );
    }
    for model in &definition.models {
        let counts = finish.result.get(model).copied().unwrap_or_default();
        if counts.changed() > 0 || audience.settings.on_sync_completion_always {
            audience.tell(tx, "sync", &told.succeeded(model, counts), now)?;
        }
    }
    Ok(())
}

/// The variant of a sync, and when its last successful run began.
fn state_of(tx: &mut Tx, sync: Uuid) -> Result<(String, Option<Timestamp>)> {
    let sql = "SELECT variant, last_success_started_at FROM syncs WHERE id = $1";
    let found = tx.query_opt(sql, params![sync], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.unwrap_or_else(|| (BASE_VARIANT.to_owned(), None)))
}

/// A connection has got credentials from someone, or they could not be renewed.
pub(crate) fn connection_authorised(
    tx: &mut Tx,
    connection: &Connection,
    operation: AuthOperation,
    auth_mode: &str,
    now: Timestamp,
) -> Result<()> {
    let Some(audience) = audience(tx, connection.id)? else { return Ok(()) };
    let is_wanted = match operation {
        AuthOperation::Creation => audience.settings.on_auth_creation,
        AuthOperation::Refresh => audience.settings.on_auth_refresh_error,
        AuthOperation::Override => true,
    };
    if !is_wanted {
        return Ok(());
    }
    let body = webhook::auth(connection, operation, auth_mode, &audience.environment_name);
    audience.tell(tx, "auth", &body, now)
}
