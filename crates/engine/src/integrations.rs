//! Integrations: providers set up in an environment.

use crate::{
    Engine, Error, Resource, Result,
    fields::{self, Field, optional, text},
};
use bespoke_core::{
    auth::{AuthMode, SecretJson},
    environment::Environment,
    id::EnvironmentId,
    integration::Integration,
    provider::Provider,
    validation::Mode,
};
use bespoke_store::{IntegrationChange, NewIntegration};
use serde_json::{Map, Value};
use std::sync::Arc;

/// An integration to be made.
#[derive(Clone, Debug)]
pub struct CreateIntegration {
    /// Name of the provider definition.
    pub provider: String,
    /// Its key in this environment.
    pub unique_key: String,
    /// Name shown to people.
    pub display_name: Option<String>,
    /// Whether inbound webhooks are forwarded to the backend.
    pub forward_webhooks: bool,
    /// Values for the provider's `integration_config`.
    pub custom: Map<String, Value>,
    /// How the data of its functions is checked.
    pub data_validation: Mode,
    /// The OAuth client or app registered at the provider.
    pub credentials: Option<Map<String, Value>>,
    /// Make it although its provider needs credentials that are not given: they are set later.
    pub without_credentials: bool,
}

/// What to change of an integration; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UpdateIntegration {
    /// A new key.
    pub unique_key: Option<String>,
    /// A new name.
    pub display_name: Option<String>,
    /// Whether inbound webhooks are forwarded.
    pub forward_webhooks: Option<bool>,
    /// Values to set over those that are there.
    pub custom: Option<Map<String, Value>>,
    /// How the data of its functions is checked.
    pub data_validation: Option<Mode>,
    /// New client credentials.
    pub credentials: Option<Map<String, Value>>,
}

/// An integration with its provider, where the catalogue (still) has that.
#[derive(Clone, Debug)]
pub struct ListedIntegration {
    /// The integration.
    pub integration: Integration,
    /// Its provider.
    pub provider: Option<Arc<Provider>>,
}

impl ListedIntegration {
    /// The name shown to people: its own, else its provider's.
    pub fn display_name(&self) -> &str {
        let own = self.integration.display_name.as_deref();
        let of_provider = || Some(self.provider.as_ref()?.definition.display_name.as_str());
        own.or_else(of_provider).unwrap_or(&self.integration.provider)
    }
}

const OAUTH_CLIENT: &[Field] = &[
    text("client_id", 1, 255),
    text("client_secret", 1, 2048),
    optional("scopes", 8192),
    optional("webhook_secret", 255),
];
const APP: &[Field] = &[text("app_id", 1, 255), text("private_key", 1, 10_000), text("app_link", 1, 255)];
const CUSTOM: &[Field] = &[
    text("client_id", 1, 255),
    text("client_secret", 1, 2048),
    text("app_id", 1, 255),
    text("app_link", 1, 255),
    text("private_key", 1, 10_000),
];

/// The credentials that an integration of this auth mode has; `None` where it has none.
fn credential_fields(mode: AuthMode) -> Option<&'static [Field]> {
    match mode {
        AuthMode::OAuth1 | AuthMode::OAuth2 | AuthMode::Tba => Some(OAUTH_CLIENT),
        AuthMode::App => Some(APP),
        AuthMode::Custom => Some(CUSTOM),
        AuthMode::OAuth2Cc
        | AuthMode::Basic
        | AuthMode::ApiKey
        | AuthMode::None
        | AuthMode::Jwt
        | AuthMode::Bill
        | AuthMode::TwoStep
        | AuthMode::Signature
        | AuthMode::McpOAuth2
        | AuthMode::McpOAuth2Generic
        | AuthMode::InstallPlugin
        | AuthMode::AwsSigV4 => None,
    }
}

fn needs_credentials(mode: AuthMode) -> bool {
    matches!(mode, AuthMode::OAuth1 | AuthMode::OAuth2 | AuthMode::App | AuthMode::Custom)
}

impl Engine {
    /// Makes an integration. Fails with [`Error::Invalid`] where the provider is unknown, the key is taken or the
    /// credentials are not those of the provider's auth mode.
    pub async fn create_integration(
        &self,
        environment: EnvironmentId,
        create: CreateIntegration,
    ) -> Result<ListedIntegration> {
        let provider = self
            .providers
            .get(&create.provider)
            .ok_or_else(|| Error::invalid(&["provider"], "custom", "There is no provider of this name"))?;
        let mode = provider.definition.auth_mode;
        let credentials = match &create.credentials {
            Some(given) => Some(checked_credentials(given, mode)?),
            None if needs_credentials(mode) && !create.without_credentials => {
                let message = format!("The provider's auth mode {mode} needs credentials");
                return Err(Error::invalid(&["credentials"], "invalid_type", message));
            }
            None => None,
        };
        let new = NewIntegration {
            unique_key: create.unique_key,
            provider: create.provider,
            display_name: create.display_name,
            forward_webhooks: create.forward_webhooks,
            custom: create.custom,
            data_validation: create.data_validation,
            credentials,
        };
        match self.store.create_integration(environment, new).await {
            Ok(integration) => {
                self.prepare_webhooks_of(&integration).await?;
                Ok(self.listed(integration))
            }
            Err(bespoke_store::Error::Conflict(_)) => Err(key_taken()),
            Err(error) => Err(error.into()),
        }
    }

    /// The integrations of an environment, oldest first.
    pub async fn list_integrations(&self, environment: EnvironmentId) -> Result<Vec<ListedIntegration>> {
        let integrations = self.store.integrations(environment).await?;
        Ok(integrations.into_iter().map(|integration| self.listed(integration)).collect())
    }

    /// The integration of this key.
    pub async fn integration(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
    ) -> Result<ListedIntegration> {
        let integration = self.store.integration_by_key(environment, unique_key).await?;
        integration.map(|integration| self.listed(integration)).ok_or(Error::NotFound(Resource::Integration))
    }

    /// The client credentials of an integration: every field that its auth mode has, `null` where it is not set. `None`
    /// where its auth mode has none, or none were given.
    pub async fn integration_credentials(
        &self,
        integration: &ListedIntegration,
    ) -> Result<Option<SecretJson>> {
        let Integration { environment, id, .. } = integration.integration;
        let Some(stored) = self.store.integration_credentials(environment, id).await? else {
            return Ok(None);
        };
        let Some(provider) = &integration.provider else { return Ok(None) };
        let mode = provider.definition.auth_mode;
        let Some(fields) = credential_fields(mode) else { return Ok(None) };
        let mut shown = Map::new();
        shown.insert("type".to_owned(), mode.name().into());
        for field in fields {
            shown.insert(field.name().to_owned(), stored.0.get(field.name()).cloned().unwrap_or_default());
        }
        Ok(Some(SecretJson(Value::Object(shown))))
    }

    /// Where the provider is to send its webhooks.
    pub fn webhook_url(&self, environment: &Environment, unique_key: &str) -> String {
        let key: String = url::form_urlencoded::byte_serialize(unique_key.as_bytes()).collect();
        format!("{}/webhook/{}/{}", self.public_url(), environment.uuid, key.replace('+', "%20"))
    }

    /// Where a provider's logo is.
    pub fn logo_url(&self, provider: &str) -> String {
        format!("{}/images/template-logos/{provider}.svg", self.public_url())
    }

    /// Changes an integration. Fails with [`Error::NotFound`], or [`Error::Invalid`] where the new key is taken, there
    /// are connections (which are addressed by the old key), or the credentials are not those of the auth mode.
    pub async fn update_integration(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
        update: UpdateIntegration,
    ) -> Result<ListedIntegration> {
        let found = self.integration(environment, unique_key).await?;
        if let Some(key) = update.unique_key.as_deref().filter(|key| *key != unique_key) {
            if self.store.integration_by_key(environment, key).await?.is_some() {
                return Err(key_taken());
            }
            if self.store.has_connections(environment, found.integration.id).await? {
                return Err(has_connections());
            }
        }
        let credentials = match (&update.credentials, &found.provider) {
            (None, _) => None,
            (Some(given), Some(provider)) => Some(checked_credentials(given, provider.definition.auth_mode)?),
            (Some(_), None) => return Err(Error::NotFound(Resource::Provider)),
        };
        let custom = update.custom.map(|values| {
            let mut custom = found.integration.custom.clone();
            custom.extend(values);
            custom
        });
        let change = IntegrationChange {
            unique_key: update.unique_key,
            display_name: update.display_name,
            forward_webhooks: update.forward_webhooks,
            custom,
            data_validation: update.data_validation,
            credentials,
        };
        match self.store.update_integration(environment, unique_key, change).await {
            Ok(integration) => Ok(self.listed(integration)),
            // Someone was quicker than the checks above.
            Err(bespoke_store::Error::Conflict(_)) => Err(has_connections()),
            Err(bespoke_store::Error::NotFound(_)) => Err(Error::NotFound(Resource::Integration)),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes an integration with its connections, functions, syncs and records.
    pub async fn delete_integration(&self, environment: EnvironmentId, unique_key: &str) -> Result<()> {
        if self.store.delete_integration(environment, unique_key).await? {
            Ok(())
        } else {
            Err(Error::NotFound(Resource::Integration))
        }
    }

    /// The providers whose name holds `search`, in any case, by name.
    pub fn list_providers(&self, search: &str) -> Vec<Arc<Provider>> {
        let search = search.to_lowercase();
        self.providers
            .all()
            .filter(|provider| provider.name.to_lowercase().contains(&search))
            .cloned()
            .collect()
    }

    /// The provider of this name.
    pub fn provider(&self, name: &str) -> Result<Arc<Provider>> {
        self.providers.get(name).cloned().ok_or(Error::NotFound(Resource::Provider))
    }

    fn listed(&self, integration: Integration) -> ListedIntegration {
        let provider = self.providers.get(&integration.provider).cloned();
        ListedIntegration { integration, provider }
    }
}

fn key_taken() -> Error {
    Error::invalid(&["uniqueKey"], "custom", "There is an integration with this unique_key already")
}

fn has_connections() -> Error {
    let message = "The unique_key cannot change while there are connections, which are addressed by it";
    Error::invalid(&["unique_key"], "custom", message)
}

fn checked_credentials(given: &Map<String, Value>, mode: AuthMode) -> Result<SecretJson> {
    const AT: &[&str] = &["credentials"];
    let Some(fields) = credential_fields(mode) else {
        return Err(Error::invalid(
            AT,
            "custom",
            format!("Integrations of the auth mode {mode} have no credentials"),
        ));
    };
    if given.get("type").and_then(Value::as_str) != Some(mode.name()) {
        return Err(Error::invalid(
            &["credentials", "type"],
            "invalid_value",
            format!("Must be {mode}, the provider's auth mode"),
        ));
    }
    let checked = fields::check(given, AT, fields)?;
    let is_pem = |key: &Value| key.as_str().is_some_and(|text| text.trim_start().starts_with("-----BEGIN "));
    if checked.get("private_key").is_some_and(|key| !is_pem(key)) {
        return Err(Error::invalid(&["credentials", "private_key"], "invalid_format", "Must be a PEM text"));
    }
    Ok(SecretJson(Value::Object(checked)))
}
