//! Connections made from credentials that the backend has already.

use super::{UpdateConnection, change, shape::shown_credentials};
use crate::{
    ConnectionShape, Engine, Error, Resource, Result, TimeStyle,
    configuration::judging::{Known, refused},
    fields::{self, Field, object, optional, text, time},
    http::{Body, HeaderMap, HeaderName, HeaderValue, Method},
    integrations::ListedIntegration,
    proxy::ProxyRequest,
};
use bespoke_core::{
    auth::{AuthMode, Credentials},
    connection::{Connection, EndUser},
    document::Document,
    id::{ConnectionId, EnvironmentId},
    provider::{Provider, Verification},
    revision::Provenance,
};
use bespoke_store::{Announcement, SaveConnection};
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};

/// Characters of an OAuth token.
const MAX_TOKEN: usize = 65_536;
/// Characters of a connection's id.
const MAX_ID: usize = 255;
/// How long a provider may take to say whether credentials work.
const VERIFICATION_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to be made, or to be authorised anew where it is there already.
#[derive(Clone, Debug)]
pub struct ImportConnection {
    /// The integration's key.
    pub provider_config_key: String,
    /// The id that the backend knows; made up where it is missing.
    pub connection_id: Option<String>,
    /// `{"type": …, …}`: fields by type as in http-api.md §4.3.
    pub credentials: Map<String, Value>,
    /// The metadata; where it is missing an existing connection keeps its own.
    pub metadata: Option<Document>,
    /// The metadata of a new connection where none is given.
    pub first_metadata: Option<Document>,
    /// Values for the provider's `connection_config`.
    pub connection_config: Option<Map<String, Value>>,
    /// Where the webhooks go instead; an empty text is none.
    pub webhook_url_override: Option<String>,
    /// The customer's user.
    pub end_user: Option<EndUser>,
    /// Tags.
    pub tags: Option<Map<String, Value>>,
    /// Who imports, for the revision of the metadata.
    pub provenance: Provenance,
}

const OAUTH_CLIENT: &[Field] = &[optional("client_id", 255), optional("client_secret", 2048)];
const OAUTH2: &[Field] = &[
    text("access_token", 1, MAX_TOKEN),
    optional("refresh_token", MAX_TOKEN),
    time("expires_at"),
    object("config_override", OAUTH_CLIENT),
];
const OAUTH2_CC: &[Field] = &[
    text("token", 1, 4096),
    text("client_id", 1, 255),
    text("client_secret", 1, 2048),
    optional("client_certificate", 10_000),
    optional("client_private_key", 10_000),
    time("expires_at"),
];
const OAUTH1: &[Field] = &[text("oauth_token", 1, 2048), text("oauth_token_secret", 1, 2048)];
const API_KEY: &[Field] = &[text("apiKey", 1, 1024)];
const BASIC: &[Field] = &[text("username", 0, 1024), text("password", 0, 1024)];
const TBA: &[Field] =
    &[text("token_id", 1, 2048), text("token_secret", 1, 2048), object("config_override", OAUTH_CLIENT)];

/// The `type` that credentials for this auth mode have, and their fields; `None` where they cannot be imported.
fn importable(mode: AuthMode) -> Option<(&'static str, &'static [Field])> {
    match mode {
        AuthMode::OAuth2 | AuthMode::McpOAuth2 | AuthMode::McpOAuth2Generic => Some(("OAUTH2", OAUTH2)),
        AuthMode::OAuth2Cc => Some(("OAUTH2_CC", OAUTH2_CC)),
        AuthMode::OAuth1 => Some(("OAUTH1", OAUTH1)),
        AuthMode::ApiKey => Some(("API_KEY", API_KEY)),
        AuthMode::Basic => Some(("BASIC", BASIC)),
        AuthMode::Tba => Some(("TBA", TBA)),
        AuthMode::None => Some(("NONE", &[])),
        // Their tokens come out of a flow.
        AuthMode::App
        | AuthMode::Custom
        | AuthMode::Jwt
        | AuthMode::Bill
        | AuthMode::TwoStep
        | AuthMode::Signature
        | AuthMode::InstallPlugin
        | AuthMode::AwsSigV4 => None,
    }
}

impl Engine {
    /// Makes a connection from given credentials, or authorises the one of that id anew. They are tried at the provider
    /// first where its definition says how.
    ///
    /// Fails with [`Error::NotFound`] (integration, provider), [`Error::Invalid`], [`Error::CredentialsRefused`] and
    /// [`Error::ConnectionRejected`].
    pub async fn import_connection(
        self: &Arc<Self>,
        environment: EnvironmentId,
        import: ImportConnection,
    ) -> Result<ConnectionShape> {
        let integration = self.integration(environment, &import.provider_config_key).await?;
        let provider = integration.provider.clone().ok_or(Error::NotFound(Resource::Provider))?;
        let credentials = read_credentials(&import.credentials, provider.definition.auth_mode)?;
        check_config(&import, provider.definition.auth_mode)?;
        let connection_id = match import.connection_id {
            Some(id) => checked_id(id)?,
            None => self.ids.next().to_string(),
        };
        let mut change = change(UpdateConnection {
            end_user: import.end_user,
            tags: import.tags,
            webhook_url_override: import.webhook_url_override,
        })?;
        change.connection_config = import.connection_config;
        if let Some(verification) = verification(&provider) {
            let config = change.connection_config.clone().unwrap_or_default();
            let connection = self.candidate(&integration, connection_id.clone(), config);
            self.verify(&provider, verification, &integration, connection, credentials.clone()).await?;
        }
        let shown = shown_credentials(&credentials, true);
        let configuration = self.configuration(environment, &import.provider_config_key).await?;
        let mut known = Known::of_replacement();
        if configuration.refines() {
            self.look_at(&configuration, import.metadata.iter().cloned().collect(), &mut known).await?;
        }
        let save = SaveConnection {
            provider_config_key: import.provider_config_key,
            connection_id,
            credentials,
            metadata: import.metadata,
            judge: configuration.judge(&known),
            first_metadata: import.first_metadata,
            first_version: configuration.schema_version(),
            provenance: import.provenance,
            change,
            announcement: Announcement::AtOnce,
        };
        let connection = self.save_connection(environment, save).await.map_err(|error| match error {
            Error::Store(error) => refused(error, &configuration, &known),
            other => other,
        })?;
        Ok(ConnectionShape::new(connection, shown, TimeStyle::Zulu))
    }

    /// The connection as it would be, to try its credentials.
    fn candidate(
        &self,
        integration: &ListedIntegration,
        connection_id: String,
        connection_config: Map<String, Value>,
    ) -> Connection {
        let integration = &integration.integration;
        let now = self.now();
        Connection {
            id: ConnectionId(0),
            environment: integration.environment,
            integration: integration.id,
            provider_config_key: integration.unique_key.clone(),
            provider: integration.provider.clone(),
            data_validation: integration.data_validation,
            connection_id,
            metadata: None,
            metadata_revision: 0,
            metadata_schema_version: 0,
            connection_config,
            tags: Map::new(),
            end_user: None,
            webhook_url_override: None,
            created_at: now,
            updated_at: now,
            last_fetched_at: None,
        }
    }

    /// Asks the provider whether the credentials work: one success at any of the endpoints is enough.
    async fn verify(
        &self,
        provider: &Arc<Provider>,
        verification: &Verification,
        integration: &ListedIntegration,
        connection: Connection,
        credentials: Credentials,
    ) -> Result<()> {
        let (connection, credentials) = (Arc::new(connection), Arc::new(credentials));
        let mut problem = String::new();
        for endpoint in &verification.endpoints {
            let mut request = ProxyRequest::get(
                Arc::clone(provider),
                Arc::clone(&connection),
                Arc::clone(&credentials),
                endpoint.clone(),
            );
            request.integration_config.clone_from(&integration.integration.custom);
            request.method =
                verification.method.as_deref().and_then(|method| method.parse().ok()).unwrap_or(Method::GET);
            request.headers = headers(verification);
            request.base_url_override.clone_from(&verification.base_url_override);
            request.timeout = Some(VERIFICATION_TIMEOUT);
            if let Some(data) = &verification.data {
                request.body = Body::Bytes(data.to_string().into());
                request.content_type = Some(HeaderValue::from_static("application/json"));
            }
            problem = match self.proxy.send(request).await {
                Ok(answer) if answer.response.status.is_success() => return Ok(()),
                Ok(answer) => format!("it answered {}", answer.response.status.as_u16()),
                Err(error) => error.to_string(),
            };
        }
        Err(Error::CredentialsRefused(problem))
    }
}

fn headers(verification: &Verification) -> HeaderMap {
    let pairs = verification.headers.iter();
    pairs.filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse().ok()?))).collect()
}

/// How to try the credentials of this provider; `None` where nobody says, or the auth mode's tokens are not tried.
fn verification(provider: &Provider) -> Option<&Verification> {
    let tried = matches!(provider.definition.auth_mode, AuthMode::ApiKey | AuthMode::Basic | AuthMode::Tba);
    provider.definition.proxy.verification.as_ref().filter(|how| tried && !how.endpoints.is_empty())
}

fn read_credentials(given: &Map<String, Value>, mode: AuthMode) -> Result<Credentials> {
    const AT: &[&str] = &["credentials"];
    let Some((kind, fields)) = importable(mode) else {
        let message = format!("Credentials of the auth mode {mode} cannot be imported");
        return Err(Error::invalid(&["credentials", "type"], "custom", message));
    };
    if given.get("type").and_then(Value::as_str) != Some(kind) {
        let message = format!("Must be {kind}, the provider's auth mode");
        return Err(Error::invalid(&["credentials", "type"], "invalid_value", message));
    }
    let mut checked = fields::check(given, AT, fields)?;
    if checked.contains_key("access_token") {
        // What a token endpoint would have answered: `getRawTokenResponse` shows it.
        let raw = checked.iter().filter(|(name, _)| *name != "config_override");
        let raw: Map<String, Value> = raw.map(|(name, value)| (name.clone(), value.clone())).collect();
        checked.insert("raw".to_owned(), Value::Object(raw));
    }
    checked.insert("type".to_owned(), kind.into());
    Credentials::from_json(Value::Object(checked))
        .map_err(|error| Error::invalid(AT, "custom", error.to_string()))
}

fn check_config(import: &ImportConnection, mode: AuthMode) -> Result<()> {
    let config = import.connection_config.as_ref();
    let get = |name: &str| config.and_then(|config| config.get(name));
    if mode == AuthMode::Tba && get("accountId").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(Error::invalid(
            &["connection_config", "accountId"],
            "invalid_type",
            "Required, but missing",
        ));
    }
    let is_text_list =
        |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    if get("oauth_scopes_override").is_some_and(|scopes| !is_text_list(scopes)) {
        let at = ["connection_config", "oauth_scopes_override"];
        return Err(Error::invalid(&at, "invalid_type", "Must be a list of texts"));
    }
    Ok(())
}

fn checked_id(id: String) -> Result<String> {
    let at = ["connection_id"];
    if id.is_empty() {
        return Err(Error::invalid(&at, "too_small", "Must not be empty"));
    }
    if id.chars().count() > MAX_ID {
        return Err(Error::invalid(&at, "too_big", format!("Must have at most {MAX_ID} characters")));
    }
    if id.chars().any(char::is_control) {
        return Err(Error::invalid(&at, "invalid_format", "Must not hold control characters"));
    }
    Ok(id)
}
