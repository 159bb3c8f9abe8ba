//! Lists of connections.

use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::Query,
    state::AppState,
};
use axum::extract::State;
use bespoke_core::{
    connection::{Connection, EndUser},
    document::Document,
    tag,
};
use bespoke_engine::ConnectionFilter;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Which connections to list. All filters must match.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListConnections {
    /// Exactly this id.
    connection_id: Option<String>,
    /// Part of the id, or of the end user's name or e-mail address, in any case.
    search: Option<String>,
    /// Exactly this end user.
    end_user_id: Option<String>,
    /// Exactly this organization.
    end_user_organization_id: Option<String>,
    /// Keys of integrations, separated by commas.
    integration_id: Option<String>,
    /// `tags[key]=value`: all of them must match.
    #[serde(default)]
    #[param(style = DeepObject, explode, value_type = Object)]
    tags: Map<String, Value>,
    /// Connections of a page, 1 to 2000.
    limit: Option<u32>,
    /// Which page, from 0.
    #[serde(default)]
    page: u32,
}

/// A page of connections.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ConnectionList {
    connections: Vec<ListedConnection>,
}

/// A connection in a list: without credentials.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ListedConnection {
    /// Its number.
    id: i64,
    /// The id that the backend knows.
    connection_id: String,
    /// The integration's key.
    provider_config_key: String,
    /// The integration's provider.
    provider: String,
    /// Problems that last.
    #[schema(value_type = Vec<Object>)]
    errors: [(); 0],
    /// The customer's user.
    #[schema(value_type = Option<Object>)]
    end_user: Option<EndUser>,
    /// Its tags.
    #[schema(value_type = Object)]
    tags: Map<String, Value>,
    /// Its metadata as it was stored.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Document>,
    /// When it was made.
    created: String,
}

impl From<Connection> for ListedConnection {
    fn from(connection: Connection) -> Self {
        Self {
            id: connection.id.0,
            connection_id: connection.connection_id,
            provider_config_key: connection.provider_config_key,
            provider: connection.provider,
            errors: [],
            end_user: connection.end_user,
            tags: connection.tags,
            metadata: connection.metadata,
            created: connection.created_at.micros_offset(),
        }
    }
}

/// Connections, newest first.
#[utoipa::path(get, path = "/connections", tag = "connections", params(ListConnections),
    responses((status = 200, body = ConnectionList)))]
pub async fn list_connections(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsList>,
    Query(query): Query<ListConnections>,
) -> Result<axum::Json<ConnectionList>> {
    let (limit, page) = (query.limit, query.page);
    let filter = query.filter()?;
    let connections = app.engine.list_connections(key.environment.id, filter, limit, page).await?;
    Ok(axum::Json(ConnectionList {
        connections: connections.into_iter().map(ListedConnection::from).collect(),
    }))
}

/// As `GET /connections`.
#[utoipa::path(get, path = "/connection", tag = "connections", params(ListConnections),
    responses((status = 200, body = ConnectionList)))]
pub async fn list_connections_alias(
    app: State<AppState>,
    key: Key<scope::ConnectionsList>,
    query: Query<ListConnections>,
) -> Result<axum::Json<ConnectionList>> {
    list_connections(app, key, query).await
}

impl ListConnections {
    fn filter(self) -> Result<ConnectionFilter> {
        let mut issues: Vec<Issue> = [
            ("connectionId", &self.connection_id),
            ("search", &self.search),
            ("endUserId", &self.end_user_id),
            ("endUserOrganizationId", &self.end_user_organization_id),
        ]
        .into_iter()
        .filter_map(|(name, text)| length_issue(name, text.as_deref()?))
        .collect();
        if self.limit.is_some_and(|limit| limit == 0) {
            issues.push(Issue::new("too_small", ["limit"], "Must be at least 1"));
        }
        if self.limit.is_some_and(|limit| limit > 2000) {
            issues.push(Issue::new("too_big", ["limit"], "Must be at most 2000"));
        }
        let integrations = self.integration_id.as_deref().map(|list| {
            list.split(',')
                .map(str::trim)
                .filter(|key| !key.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        if integrations.as_ref().is_some_and(Vec::is_empty) {
            issues.push(Issue::new("too_small", ["integrationId"], "Must not be empty"));
        }
        let tags = read_tags(&self.tags).unwrap_or_else(|issue| {
            issues.push(issue);
            Vec::new()
        });
        if !issues.is_empty() {
            return Err(ApiError::new(Code::InvalidQueryParams).issues(issues));
        }
        Ok(ConnectionFilter {
            connection_id: self.connection_id,
            search: self.search,
            end_user_id: self.end_user_id,
            organization_id: self.end_user_organization_id,
            integrations,
            tags,
        })
    }
}

/// The tags that a filter asks for, keys in lower case.
pub(in crate::api) fn read_tags(tags: &Map<String, Value>) -> Result<Vec<(String, String)>, Issue> {
    let tags = tag::normalize(tags).map_err(|problem| {
        let path: Vec<&str> = std::iter::once("tags").chain(problem.key.as_deref()).collect();
        Issue::new(problem.code, path, problem.message.clone())
    })?;
    let text = |(key, value): (String, Value)| (key, value.as_str().unwrap_or_default().to_owned());
    Ok(tags.into_iter().map(text).collect())
}

/// What is wrong with the length of a text to look for.
pub(in crate::api) fn length_issue(name: &str, text: &str) -> Option<Issue> {
    match text.chars().count() {
        0 => Some(Issue::new("too_small", [name], "Must not be empty")),
        256.. => Some(Issue::new("too_big", [name], "Must have at most 255 characters")),
        _ if text.contains('\0') => {
            Some(Issue::new("invalid_format", [name], "Must not hold the character U+0000"))
        }
        _ => None,
    }
}
