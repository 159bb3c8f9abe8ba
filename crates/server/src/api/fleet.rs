//! All connections of an environment with how they go, for who looks after them.

use super::{
    connections::{length_issue, read_tags},
    logs::read_limit,
    metadata::fleet::Where,
};
use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::Query,
    state::AppState,
};
use axum::extract::State;
use bespoke_core::{id::ConnectionId, time::Timestamp};
use bespoke_engine::fleet::{
    ConnectionPlace, FleetList, FleetPage, Health, ListCursor, ListedMember, Sort, Trouble,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Connections of a page where no limit is given.
const DEFAULT_LIMIT: u32 = 50;
/// The most connections of a page.
const MAX_LIMIT: u32 = 200;

/// Which connections to list. All filters must match.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListFleet {
    /// Part of the connection's id, or of the end user's name or e-mail address, in any case.
    search: Option<String>,
    /// Only at this integration, by its key.
    integration: Option<String>,
    /// Only those that go so: `ok`, `auth_error` (the credentials could not be renewed), `sync_error` (the newest run of a
    /// sync failed), `invalid` (the configuration does not fit the schema), `outdated` (it is of an older version of it).
    status: Option<String>,
    /// `tags[key]=value`: all of them must match.
    #[serde(default)]
    #[param(style = DeepObject, explode, value_type = Object)]
    tags: Map<String, Value>,
    /// `where[path]=/filterStatus&where[is]=active`: what their own metadata must have. Also `where[is_not]` and `where[set]=false`.
    #[param(style = DeepObject, explode, value_type = Option<Object>)]
    r#where: Option<Where>,
    /// `newest` first, unless given, or by `status`: the worst first.
    sort: Option<String>,
    /// How many, 1 to 200; 50 unless given.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
    /// Goes on behind the page that this cursor came with.
    cursor: Option<String>,
}

/// A page of connections.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FleetConnections {
    /// They, in order.
    data: Vec<FleetConnection>,
    /// The cursor to go on with; null at the end.
    next_cursor: Option<String>,
    /// How many match; 1000 where there are more than that and they were not all counted.
    matched: u64,
    /// Whether `matched` is all of them.
    matched_is_exact: bool,
    /// How many connections the environment has.
    total: u64,
}

/// A connection with how it goes.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"id": 7, "connection_id": "acme", "provider_config_key": "hubspot", "provider": "hubspot",
    "name": "Acme Inc.", "email": null, "tags": {"plan": "pro"}, "created_at": "2026-11-22T07:50:19.123Z",
    "status": "sync_error", "statuses": ["sync_error", "outdated"], "problems": 0, "own_values": 3, "revision": 4,
    "last_sync_at": "2026-11-22T07:00:00.000Z"}))]
pub struct FleetConnection {
    /// Its number.
    id: i64,
    /// The id that the backend knows.
    connection_id: String,
    /// The integration's key.
    provider_config_key: String,
    /// The integration's provider.
    provider: String,
    /// The end user's name.
    name: Option<String>,
    /// The end user's e-mail address.
    email: Option<String>,
    /// Its tags.
    #[schema(value_type = Object)]
    tags: Map<String, Value>,
    /// When it was made.
    created_at: String,
    /// The worst of `statuses`, or `ok`.
    status: &'static str,
    /// All that is the matter, the worst first: `auth_error`, `sync_error`, `invalid`, `outdated`.
    statuses: Vec<&'static str>,
    /// How many problems its effective configuration has, warnings among them.
    problems: usize,
    /// How many values its own metadata sets.
    own_values: usize,
    /// The newest revision of its metadata; 0 where there is none.
    revision: i64,
    /// When the newest run of a sync that succeeded began.
    last_sync_at: Option<String>,
}

/// Lists connections with how they go, newest first or the worst first.
#[utoipa::path(get, path = "/fleet/connections", tag = "connections", params(ListFleet),
    responses((status = 200, body = FleetConnections), (status = 400)))]
pub async fn list_fleet_connections(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsList>,
    Query(query): Query<ListFleet>,
) -> Result<axum::Json<FleetConnections>> {
    let list = query.list().map_err(|issue| ApiError::new(Code::InvalidQueryParams).issue(issue))?;
    Ok(axum::Json(app.engine.list_fleet(key.environment.id, list).await?.into()))
}

impl ListFleet {
    /// Checks the parameters and reads them.
    fn list(self) -> Result<FleetList, Issue> {
        let search = self.search.filter(|text| !text.is_empty());
        if let Some(issue) = search.as_deref().and_then(|text| length_issue("search", text)) {
            return Err(issue);
        }
        Ok(FleetList {
            search,
            integration: self.integration,
            health: self.status.as_deref().map(read_health).transpose()?,
            tags: read_tags(&self.tags)?,
            condition: self.r#where.map(Where::of_query).transpose()?,
            sort: match self.sort.as_deref() {
                None | Some("newest") => Sort::Newest,
                Some("status") => Sort::Status,
                Some(_) => return Err(Issue::new("invalid_value", ["sort"], "Must be newest or status")),
            },
            after: self.cursor.as_deref().map(read_cursor).transpose()?,
            limit: read_limit(self.limit.as_deref(), DEFAULT_LIMIT, MAX_LIMIT)? as usize,
        })
    }
}

fn read_health(text: &str) -> Result<Health, Issue> {
    if text == "ok" {
        return Ok(Health::Fine);
    }
    let found = Trouble::ALL.into_iter().find(|trouble| trouble.as_str() == text);
    let wrong =
        || Issue::new("invalid_value", ["status"], "Must be ok, auth_error, sync_error, invalid or outdated");
    found.map(Health::Has).ok_or_else(wrong)
}

fn write_cursor(ListCursor { rank, place }: ListCursor) -> String {
    format!("{rank}.{}.{}", place.created_at.0, place.id.0)
}

fn read_cursor(text: &str) -> Result<ListCursor, Issue> {
    let read = || {
        let mut parts = text.splitn(3, '.');
        let rank = parts.next()?.parse().ok()?;
        let created_at = Timestamp(parts.next()?.parse().ok()?);
        let id = ConnectionId(parts.next()?.parse().ok()?);
        Some(ListCursor { rank, place: ConnectionPlace { created_at, id } })
    };
    read().ok_or_else(|| Issue::new("invalid_format", ["cursor"], "Must be a cursor that this API gave"))
}

impl From<FleetPage> for FleetConnections {
    fn from(FleetPage { members, next, matched, is_exact, total }: FleetPage) -> Self {
        Self {
            data: members.into_iter().map(FleetConnection::from).collect(),
            next_cursor: next.map(write_cursor),
            matched,
            matched_is_exact: is_exact,
            total,
        }
    }
}

impl From<ListedMember> for FleetConnection {
    fn from(ListedMember { health, troubles, problems, own_values }: ListedMember) -> Self {
        let connection = health.connection;
        let (name, email) =
            connection.end_user.map(|user| (user.display_name, user.email)).unwrap_or_default();
        let statuses: Vec<&str> = troubles.into_iter().map(Trouble::as_str).collect();
        Self {
            id: connection.id.0,
            connection_id: connection.connection_id,
            provider_config_key: connection.provider_config_key,
            provider: connection.provider,
            name,
            email,
            tags: connection.tags,
            created_at: connection.created_at.millis_zulu(),
            status: statuses.first().copied().unwrap_or("ok"),
            statuses,
            problems,
            own_values,
            revision: connection.metadata_revision,
            last_sync_at: health.synced_at.map(Timestamp::millis_zulu),
        }
    }
}
