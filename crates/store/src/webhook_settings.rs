//! Where the backends of environments hear of what happened. The signing keys are sealed to their environments.

use crate::{
    Store,
    db::{Row, params},
    error::Result,
    vault::Place,
};
use bespoke_core::{id::EnvironmentId, secret::Secret, webhook::WebhookSettings};

/// The columns that [`read`] reads.
pub(crate) const COLUMNS: &str = "webhook_settings.primary_url, webhook_settings.secondary_url, \
     webhook_settings.on_auth_creation, webhook_settings.on_auth_refresh_error, \
     webhook_settings.on_sync_completion_always, webhook_settings.on_sync_error, \
     webhook_settings.on_async_action_completion, webhook_settings.on_metadata_change";

/// Reads the settings from the [`COLUMNS`] that begin at `first`; the signing key is left empty, as it is sealed.
pub(crate) fn read(row: &Row<'_>, first: usize) -> Result<WebhookSettings> {
    Ok(WebhookSettings {
        primary_url: row.get(first)?,
        secondary_url: row.get(first + 1)?,
        on_auth_creation: row.get(first + 2)?,
        on_auth_refresh_error: row.get(first + 3)?,
        on_sync_completion_always: row.get(first + 4)?,
        on_sync_error: row.get(first + 5)?,
        on_async_action_completion: row.get(first + 6)?,
        on_metadata_change: row.get(first + 7)?,
        signing_key: Secret::new(String::new()),
    })
}

fn place(environment: &EnvironmentId) -> Place<'_> {
    Place { column: "webhook_settings.signing_key", row: environment }
}

impl Store {
    /// The settings of an environment; `None` until some were set.
    pub async fn webhook_settings(&self, environment: EnvironmentId) -> Result<Option<WebhookSettings>> {
        let found = self
            .db
            .look_up(move |tx| {
                tx.query_opt(
                    &format!("SELECT {COLUMNS}, signing_key FROM webhook_settings WHERE environment_id = $1"),
                    params![environment],
                    |row| Ok((read(row, 0)?, row.get::<Vec<u8>>(8)?)),
                )
            })
            .await?;
        let Some((mut settings, sealed)) = found else { return Ok(None) };
        settings.signing_key = self.vault.open_text(place(&environment), &sealed)?;
        Ok(Some(settings))
    }

    /// Sets the settings of an environment where there are none yet. False where there are.
    pub async fn create_webhook_settings(
        &self,
        environment: EnvironmentId,
        settings: WebhookSettings,
    ) -> Result<bool> {
        self.write_webhook_settings(environment, settings, "DO NOTHING").await
    }

    /// Sets the settings of an environment, whatever they were.
    pub async fn set_webhook_settings(
        &self,
        environment: EnvironmentId,
        settings: WebhookSettings,
    ) -> Result<()> {
        let replace = "DO UPDATE SET primary_url = excluded.primary_url, secondary_url = excluded.secondary_url,
             on_auth_creation = excluded.on_auth_creation, on_auth_refresh_error = excluded.on_auth_refresh_error,
             on_sync_completion_always = excluded.on_sync_completion_always, on_sync_error = excluded.on_sync_error,
             on_async_action_completion = excluded.on_async_action_completion,
             on_metadata_change = excluded.on_metadata_change, signing_key = excluded.signing_key";
        self.write_webhook_settings(environment, settings, replace).await.map(drop)
    }

    async fn write_webhook_settings(
        &self,
        environment: EnvironmentId,
        settings: WebhookSettings,
        on_conflict: &'static str,
    ) -> Result<bool> {
        let key = self.vault.seal(place(&environment), settings.signing_key.expose().as_bytes())?;
        self.db
            .write(move |tx| {
                let written = tx.execute(
                    &format!(
                        "INSERT INTO webhook_settings (environment_id, primary_url, secondary_url, on_auth_creation,
                             on_auth_refresh_error, on_sync_completion_always, on_sync_error,
                             on_async_action_completion, on_metadata_change, signing_key)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (environment_id) {on_conflict}"
                    ),
                    params![
                        environment,
                        settings.primary_url.as_deref(),
                        settings.secondary_url.as_deref(),
                        settings.on_auth_creation,
                        settings.on_auth_refresh_error,
                        settings.on_sync_completion_always,
                        settings.on_sync_error,
                        settings.on_async_action_completion,
                        settings.on_metadata_change,
                        &key
                    ],
                )?;
                Ok(written > 0)
            })
            .await
    }
}
