//! Connections: customers' accounts at integrations, and their metadata.

mod import;
mod shape;

pub use import::ImportConnection;
pub use shape::{ConnectionShape, TimeStyle};

use crate::{Engine, Error, Resource, Result, credentials::Need};
use bespoke_core::{
    auth::Credentials,
    connection::{Connection, EndUser},
    id::EnvironmentId,
    tag,
};
use bespoke_store::{Access, ConnectionChange, ConnectionFilter};
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};
use url::Url;

/// How old the note of the last fetch may get: reading a connection is not worth a write each time.
const TOUCH_EVERY: Duration = Duration::from_secs(60);
/// Connections of a list where no limit is given.
const DEFAULT_LIMIT: u32 = 10_000;

/// What to change of a connection; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UpdateConnection {
    /// The customer's user; its tags replace those that are there.
    pub end_user: Option<EndUser>,
    /// Tags; they replace those that are there.
    pub tags: Option<Map<String, Value>>,
    /// Where the webhooks go instead; an empty text takes it back.
    pub webhook_url_override: Option<String>,
}

impl Engine {
    /// The connection of these names.
    pub async fn connection(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
    ) -> Result<Connection> {
        let found = self.store.connection(environment, provider_config_key, connection_id).await?;
        found.ok_or(Error::NotFound(Resource::Connection))
    }

    /// The connection of these names; [`Error::NotFound`] tells whether the integration or the connection is missing.
    pub async fn connection_of_integration(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
    ) -> Result<Connection> {
        match self.store.connection(environment, provider_config_key, connection_id).await? {
            Some(connection) => Ok(connection),
            None => Err(self.missing(environment, provider_config_key).await?),
        }
    }

    /// The connection of these names with its credentials as they are stored.
    async fn connection_with_credentials(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
    ) -> Result<(Connection, Credentials)> {
        let (mut connection, access) =
            self.connection_with_access(environment, provider_config_key, connection_id).await?;
        let now = self.now();
        if connection.last_fetched_at.is_none_or(|last| now.since(last) >= TOUCH_EVERY) {
            self.store.touch_connection(environment, connection.id).await?;
            connection.last_fetched_at = Some(now);
        }
        Ok((connection, access.credentials))
    }

    /// The connection of these names with what a request for it needs; [`Error::NotFound`] tells whether the integration
    /// or the connection is missing.
    pub(crate) async fn connection_with_access(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
    ) -> Result<(Connection, Access)> {
        match self.store.connection_with_access(environment, provider_config_key, connection_id).await? {
            Some(found) => Ok(found),
            None => Err(self.missing(environment, provider_config_key).await?),
        }
    }

    /// A connection as the API and `getConnection()` show it, with credentials that were renewed where they are near
    /// their end or `force` is set; the refresh token only with `refresh_token`.
    ///
    /// Fails with [`Error::NotFound`] and [`Error::CredentialsUnusable`].
    pub async fn connection_json(
        self: &Arc<Self>,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        force: bool,
        refresh_token: bool,
    ) -> Result<ConnectionShape> {
        let (connection, stored) =
            self.connection_with_credentials(environment, provider_config_key, connection_id).await?;
        let need = if force { Need::New } else { Need::Lasting };
        let credentials = self.fresh_credentials(&connection, stored, need).await?;
        let shown = shape::shown_credentials(&credentials, refresh_token);
        Ok(ConnectionShape::new(connection, shown, TimeStyle::Offset))
    }

    /// Connections that match `filter`, newest first: page number `page` (from 0) of `limit`.
    pub async fn list_connections(
        &self,
        environment: EnvironmentId,
        filter: ConnectionFilter,
        limit: Option<u32>,
        page: u32,
    ) -> Result<Vec<Connection>> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        let offset = u64::from(page) * u64::from(limit);
        Ok(self.store.connections(environment, filter, limit, offset).await?)
    }

    /// Changes a connection. Fails with [`Error::NotFound`] (integration or connection) and [`Error::Invalid`].
    pub async fn update_connection(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        update: UpdateConnection,
    ) -> Result<()> {
        let connection =
            self.connection_of_integration(environment, provider_config_key, connection_id).await?;
        let mut change = change(update)?;
        if let (Some(new), Some(old)) = (&mut change.end_user, connection.end_user)
            && new.id == old.id
            && new.organization.is_none()
        {
            new.organization = old.organization;
        }
        match self.store.update_connection(environment, connection.id, change).await {
            Err(bespoke_store::Error::NotFound(_)) => Err(Error::NotFound(Resource::Connection)),
            other => Ok(other?),
        }
    }

    /// What is missing where a connection was not found.
    async fn missing(&self, environment: EnvironmentId, provider_config_key: &str) -> Result<Error> {
        let integration = self.store.integration_by_key(environment, provider_config_key).await?;
        Ok(Error::NotFound(if integration.is_some() { Resource::Connection } else { Resource::Integration }))
    }
}

/// Checks what is to be changed; the tags of an end user come under the given ones.
fn change(update: UpdateConnection) -> Result<ConnectionChange> {
    let UpdateConnection { end_user, tags, webhook_url_override } = update;
    if let Some(user) = &end_user {
        check_end_user(user)?;
    }
    if let Some(url) = webhook_url_override.as_deref().filter(|url| !url.is_empty()) {
        let valid =
            Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !valid {
            return Err(Error::invalid(
                &["webhook_url_override"],
                "invalid_format",
                "Must be an http or https URL",
            ));
        }
    }
    let tags = tags
        .map(|tags| tag::normalize(&tags).map_err(|problem| tags_problem("tags", problem)))
        .transpose()?;
    let tags = match &end_user {
        Some(user) => Some(tag::with_end_user(user, tags.unwrap_or_default())),
        None => tags,
    };
    Ok(ConnectionChange { connection_config: None, tags, end_user, webhook_url_override })
}

fn tags_problem(field: &str, problem: tag::Problem) -> Error {
    let path: Vec<&str> = field.split('.').chain(problem.key.as_deref()).collect();
    Error::invalid(&path, problem.code, problem.message)
}

fn check_end_user(user: &EndUser) -> Result<()> {
    let texts = [
        ("id", Some(&user.id)),
        ("email", user.email.as_ref()),
        ("display_name", user.display_name.as_ref()),
    ];
    for (name, text) in texts {
        let Some(text) = text else { continue };
        let at = ["end_user", name];
        match text.chars().count() {
            0 if name == "id" => return Err(Error::invalid(&at, "too_small", "Must not be empty")),
            256.. => return Err(Error::invalid(&at, "too_big", "Must have at most 255 characters")),
            _ if text.contains('\0') => {
                return Err(Error::invalid(&at, "invalid_format", "Must not hold the character U+0000"));
            }
            _ => {}
        }
    }
    if user.email.as_ref().is_some_and(|email| !tag::is_email(email)) {
        return Err(Error::invalid(&["end_user", "email"], "invalid_format", "Must be an e-mail address"));
    }
    if let Some(tags) = &user.tags {
        tag::normalize(tags).map_err(|problem| tags_problem("end_user.tags", problem))?;
    }
    Ok(())
}
