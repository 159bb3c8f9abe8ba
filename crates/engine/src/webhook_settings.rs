//! Where the backend of an environment hears of what happened, and the key that signs it.

use crate::{Engine, Error, Resource, Result};
use bespoke_core::{id::EnvironmentId, secret::Secret, webhook::WebhookSettings};
use url::Url;

/// What to change of the settings; what is `None` stays, an empty URL takes it back.
#[derive(Clone, Debug, Default)]
pub struct UpdateWebhookSettings {
    /// Where everything goes.
    pub primary_url: Option<String>,
    /// Where everything goes as well.
    pub secondary_url: Option<String>,
    /// Tell of new connections.
    pub on_auth_creation: Option<bool>,
    /// Tell of credentials that could not be renewed.
    pub on_auth_refresh_error: Option<bool>,
    /// Tell of syncs that changed nothing, too.
    pub on_sync_completion_always: Option<bool>,
    /// Tell of failed syncs.
    pub on_sync_error: Option<bool>,
    /// Tell of ended async actions.
    pub on_async_action_completion: Option<bool>,
    /// Tell of changed metadata.
    pub on_metadata_change: Option<bool>,
}

impl Engine {
    /// The settings of an environment. The first call makes the signing key.
    pub async fn webhook_settings(&self, environment: EnvironmentId) -> Result<WebhookSettings> {
        if let Some(settings) = self.store.webhook_settings(environment).await? {
            return Ok(settings);
        }
        let first = WebhookSettings::new(self.new_signing_key());
        self.store.create_webhook_settings(environment, first).await?;
        // Another may have been quicker: what is stored counts.
        let stored = self.store.webhook_settings(environment).await?;
        stored.ok_or(Error::NotFound(Resource::Environment))
    }

    /// Changes the settings of an environment. [`Error::Invalid`] where a URL is none.
    pub async fn update_webhook_settings(
        &self,
        environment: EnvironmentId,
        update: UpdateWebhookSettings,
    ) -> Result<WebhookSettings> {
        let mut settings = self.webhook_settings(environment).await?;
        for (name, given, place) in [
            ("primary_url", update.primary_url, &mut settings.primary_url),
            ("secondary_url", update.secondary_url, &mut settings.secondary_url),
        ] {
            if let Some(url) = given {
                *place = checked(name, url)?;
            }
        }
        for (given, place) in [
            (update.on_auth_creation, &mut settings.on_auth_creation),
            (update.on_auth_refresh_error, &mut settings.on_auth_refresh_error),
            (update.on_sync_completion_always, &mut settings.on_sync_completion_always),
            (update.on_sync_error, &mut settings.on_sync_error),
            (update.on_async_action_completion, &mut settings.on_async_action_completion),
            (update.on_metadata_change, &mut settings.on_metadata_change),
        ] {
            *place = given.unwrap_or(*place);
        }
        self.store.set_webhook_settings(environment, settings.clone()).await?;
        Ok(settings)
    }

    /// Replaces the signing key of an environment; what is sent from now on, retries included, is signed with the new one.
    pub async fn rotate_webhook_signing_key(&self, environment: EnvironmentId) -> Result<Secret<String>> {
        let mut settings = self.webhook_settings(environment).await?;
        settings.signing_key = self.new_signing_key();
        self.store.set_webhook_settings(environment, settings.clone()).await?;
        Ok(settings.signing_key)
    }

    fn new_signing_key(&self) -> Secret<String> {
        self.ids.next().to_string().into()
    }
}

/// The URL, or nothing where it is empty.
fn checked(field: &'static str, url: String) -> Result<Option<String>> {
    if url.is_empty() {
        return Ok(None);
    }
    let valid = Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if valid {
        return Ok(Some(url));
    }
    Err(Error::invalid(&[field], "invalid_format", "Must be an http or https URL"))
}
