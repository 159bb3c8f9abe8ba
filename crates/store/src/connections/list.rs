//! Lists of connections, with any combination of filters.

use super::{COLUMNS, WIDTH, read};
use crate::{
    Store,
    db::{Row, Tx, Value, params},
    error::Result,
};
use bespoke_core::{
    connection::Connection,
    id::{ConnectionId, EnvironmentId, IntegrationId},
    time::Timestamp,
};

/// Which connections to list. All filters must match; an empty filter matches all.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFilter {
    /// Exactly this connection id.
    pub connection_id: Option<String>,
    /// Part of the connection id, or of the end user's name or e-mail address, in any case. It is looked for in every
    /// connection of the environment that the other filters leave.
    pub search: Option<String>,
    /// Exactly this end user.
    pub end_user_id: Option<String>,
    /// Exactly this organization of the end user.
    pub organization_id: Option<String>,
    /// One of these integrations, by key.
    pub integrations: Option<Vec<String>>,
    /// All of these tags, keys in lower case.
    pub tags: Vec<(String, String)>,
}

/// A place in the list of connections, newest first: later ones are smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionPlace {
    /// When the connection was made.
    pub created_at: Timestamp,
    /// Its row.
    pub id: ConnectionId,
}

/// A connection, and how it goes.
#[derive(Clone, Debug)]
pub struct ConnectionHealth {
    /// The connection.
    pub connection: Connection,
    /// When renewing its credentials failed, where it did since they were last renewed.
    pub unauthorised_at: Option<Timestamp>,
    /// When the newest run of a sync failed, the latest of all its syncs whose newest run did.
    pub failed_at: Option<Timestamp>,
    /// When the newest run that succeeded began, of any of its syncs.
    pub synced_at: Option<Timestamp>,
}

/// Ids of connections that are looked up by one statement.
const LOOKED_UP: usize = 1_000;

impl Store {
    /// The places of connections, newest first, `limit` of them behind `after`.
    pub async fn connection_places(
        &self,
        environment: EnvironmentId,
        filter: ConnectionFilter,
        after: Option<ConnectionPlace>,
        limit: u32,
    ) -> Result<Vec<ConnectionPlace>> {
        self.db
            .read(move |tx| {
                let Some(query) = Query::new(tx, environment, &filter)? else { return Ok(Vec::new()) };
                query.places(tx, after, limit)
            })
            .await
    }

    /// The places of those of these connections that are there, at this integration where one is given, and of which the
    /// filter's `search` is a part; newest first. The rest of the filter does not count.
    pub async fn places_of_connections(
        &self,
        environment: EnvironmentId,
        integration: Option<IntegrationId>,
        search: Option<&str>,
        ids: Vec<ConnectionId>,
    ) -> Result<Vec<ConnectionPlace>> {
        let pattern = search.map_or_else(|| "%".to_owned(), like_pattern);
        let mut places = Vec::with_capacity(ids.len());
        for some in ids.chunks(LOOKED_UP) {
            let (ids, pattern) =
                (Value::json(&some.iter().map(|id| id.0).collect::<Vec<_>>())?, pattern.clone());
            let found: Vec<ConnectionPlace> = self
                .db
                .read(move |tx| {
                    let sql = format!(
                        "SELECT r.created_at, r.id {}
                         WHERE +r.environment_id = $1 AND +r.integration_id = coalesce($2, r.integration_id)
                             AND r.search_text LIKE $3 ESCAPE '!'",
                        tx.by_keys(4, "connections", "r.id = CAST(k.value AS BIGINT)")
                    );
                    tx.query(&sql, params![environment, integration, &pattern, ids], place)
                })
                .await?;
            places.extend(found);
        }
        places.sort_unstable_by(|one, other| other.cmp(one));
        Ok(places)
    }

    /// These connections, those that are there, in any order. Ask for a page of them: their metadata comes along.
    pub async fn connections_health(
        &self,
        environment: EnvironmentId,
        ids: Vec<ConnectionId>,
    ) -> Result<Vec<ConnectionHealth>> {
        let ids = Value::json(&ids.into_iter().map(|id| id.0).collect::<Vec<_>>())?;
        self.db
            .read(move |tx| {
                let sql = format!(
                    "SELECT {COLUMNS},
                         (SELECT failed_at FROM credential_refreshes WHERE connection = connections.id),
                         (SELECT max(failed_at) FROM syncs WHERE connection_id = connections.id),
                         (SELECT max(last_success_started_at) FROM syncs WHERE connection_id = connections.id)
                     FROM (SELECT r.id {}) page
                     JOIN connections ON connections.id = page.id
                     JOIN integrations ON integrations.id = connections.integration_id
                     WHERE +connections.environment_id = $1",
                    tx.by_keys(2, "connections", "r.id = CAST(k.value AS BIGINT)")
                );
                tx.query(&sql, params![environment, ids], |row| {
                    Ok(ConnectionHealth {
                        connection: read(row)?,
                        unauthorised_at: row.get(WIDTH)?,
                        failed_at: row.get(WIDTH + 1)?,
                        synced_at: row.get(WIDTH + 2)?,
                    })
                })
            })
            .await
    }

    /// How many connections an environment has.
    pub async fn connection_count(&self, environment: EnvironmentId) -> Result<u64> {
        let sql = "SELECT count(*) FROM connections WHERE environment_id = $1";
        self.db.read(move |tx| Ok(tx.value_opt(sql, params![environment])?.unwrap_or_default())).await
    }

    /// How many connections an integration has.
    pub async fn connection_count_of(
        &self,
        environment: EnvironmentId,
        integration: IntegrationId,
    ) -> Result<u64> {
        let sql = "SELECT count(*) FROM connections
                   WHERE integration_id = $2 AND (SELECT environment_id FROM integrations WHERE id = $2) = $1";
        self.db
            .read(move |tx| Ok(tx.value_opt(sql, params![environment, integration])?.unwrap_or_default()))
            .await
    }

    /// The connections whose credentials could not be renewed lately, in order.
    pub async fn unauthorised_connections(&self, environment: EnvironmentId) -> Result<Vec<ConnectionId>> {
        let sql = "SELECT connection FROM credential_refreshes WHERE failed_at IS NOT NULL";
        let ids = self.db.read(move |tx| tx.query(sql, &[], |row| row.get(0))).await?;
        let places = self.places_of_connections(environment, None, None, ids).await?;
        let mut ids: Vec<ConnectionId> = places.into_iter().map(|place| place.id).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// The connections with a sync whose newest run failed, in order.
    pub async fn failing_connections(&self, environment: EnvironmentId) -> Result<Vec<ConnectionId>> {
        let sql = "SELECT connection_id FROM syncs WHERE environment_id = $1 AND failed_at IS NOT NULL";
        let mut ids: Vec<ConnectionId> =
            self.db.read(move |tx| tx.query(sql, params![environment], |row| row.get(0))).await?;
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Connections, newest first; `limit` of them from the `offset`th match.
    pub async fn connections(
        &self,
        environment: EnvironmentId,
        filter: ConnectionFilter,
        limit: u32,
        offset: u64,
    ) -> Result<Vec<Connection>> {
        self.db
            .read(move |tx| {
                let Some(query) = Query::new(tx, environment, &filter)? else { return Ok(Vec::new()) };
                query.run(tx, limit, offset)
            })
            .await
    }
}

/// A statement under construction. It is written so that an index has both the filter and the order: SQLite, which keeps
/// no statistics here, would rather walk all connections by age than sort the few that match.
struct Query<'a> {
    joins: String,
    conditions: Vec<String>,
    /// The integrations to merge the lists of; none where something else chooses the index.
    integrations: Vec<String>,
    order: &'static str,
    params: Vec<Value<'a>>,
}

/// Most integrations whose lists are merged. With more of them the environment's list is the better one to filter.
const MERGED: usize = 50;

impl<'a> Query<'a> {
    /// The statement for `filter`; `None` where no integration has any of the keys.
    fn new(tx: &mut Tx, environment: EnvironmentId, filter: &'a ConnectionFilter) -> Result<Option<Self>> {
        let mut query = Self {
            joins: String::new(),
            conditions: Vec::new(),
            integrations: Vec::new(),
            order: "connections.created_at DESC, connections.id DESC",
            params: vec![environment.into()],
        };
        query.equal("connections.connection_id", filter.connection_id.as_deref());
        query.equal("connections.end_user_id", filter.end_user_id.as_deref());
        query.equal("connections.end_user_organization_id", filter.organization_id.as_deref());
        for (index, (key, value)) in filter.tags.iter().enumerate() {
            let (key, value) = (query.param(key.as_str()), query.param(value.as_str()));
            query.joins.push_str(&format!(
                " JOIN connection_tags tag{index} ON tag{index}.environment_id = $1 AND tag{index}.key = {key}
                      AND tag{index}.value = {value} AND tag{index}.connection = connections.id"
            ));
            query.order = "tag0.created_at DESC, tag0.connection DESC";
        }
        // `+` keeps a column from choosing the index: an exact filter does, else a tag, else the integrations, else the
        // environment.
        let (is_exact, is_tagged) = (!query.conditions.is_empty(), !filter.tags.is_empty());
        if let Some(keys) = &filter.integrations {
            let ids = integration_ids(tx, environment, keys)?;
            if ids.is_empty() {
                return Ok(None);
            }
            let numbers: Vec<_> = ids.into_iter().map(|id| query.param(id)).collect();
            if is_exact || is_tagged || numbers.len() > MERGED {
                query.conditions.push(format!("+connections.integration_id IN ({})", numbers.join(", ")));
            } else {
                query.integrations = numbers;
            }
        }
        // The indexes of the exact filters begin with the environment.
        let by_environment = is_exact || !is_tagged && query.integrations.is_empty();
        let hint = if by_environment { "" } else { "+" };
        query.conditions.push(format!("{hint}connections.environment_id = $1"));
        if let Some(search) = &filter.search {
            let pattern = query.param(like_pattern(search));
            query.conditions.push(format!("connections.search_text LIKE {pattern} ESCAPE '!'"));
        }
        Ok(Some(query))
    }

    /// Adds a parameter; its placeholder.
    fn param(&mut self, value: impl Into<Value<'a>>) -> String {
        self.params.push(value.into());
        format!("${}", self.params.len())
    }

    fn equal(&mut self, column: &str, value: Option<&'a str>) {
        if let Some(value) = value {
            let placeholder = self.param(value);
            self.conditions.push(format!("{column} = {placeholder}"));
        }
    }

    fn places(
        mut self,
        tx: &mut Tx,
        after: Option<ConnectionPlace>,
        limit: u32,
    ) -> Result<Vec<ConnectionPlace>> {
        let (made, id) = if self.joins.is_empty() {
            ("connections.created_at", "connections.id")
        } else {
            ("tag0.created_at", "tag0.connection")
        };
        if let Some(after) = after {
            let (time, row) = (self.param(after.created_at), self.param(after.id));
            self.conditions.push(format!("({made}, {id}) < ({time}, {row})"));
        }
        let limit = self.param(limit);
        let Self { joins, conditions, integrations, mut order, params } = self;
        let conditions = conditions.join(" AND ");
        let all = format!(
            "SELECT connections.created_at, connections.id FROM connections{joins} WHERE {conditions}"
        );
        let lists = integrations.iter().map(|id| format!("{all} AND connections.integration_id = {id}"));
        let matches = match lists.collect::<Vec<_>>() {
            lists if lists.len() > 1 => {
                let list =
                    |list| format!("SELECT * FROM ({list} ORDER BY {order} LIMIT {limit}) integration");
                let union = lists.into_iter().map(list).collect::<Vec<_>>().join(" UNION ALL ");
                order = "created_at DESC, id DESC";
                union
            }
            lists => lists.into_iter().next().unwrap_or(all),
        };
        tx.query(&format!("{matches} ORDER BY {order} LIMIT {limit}"), &params, place)
    }

    fn run(mut self, tx: &mut Tx, limit: u32, offset: u64) -> Result<Vec<Connection>> {
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        // How far into the list of each of several integrations the page can reach.
        let reach = (self.integrations.len() > 1).then(|| self.param(offset.saturating_add(limit.into())));
        let (limit, offset) = (self.param(limit), self.param(offset));
        let Self { joins, conditions, integrations, mut order, params } = self;
        let conditions = conditions.join(" AND ");
        let all = format!(
            "SELECT connections.id, connections.created_at FROM connections{joins} WHERE {conditions}"
        );
        let mut lists = integrations.iter().map(|id| format!("{all} AND connections.integration_id = {id}"));
        let matches = if let Some(reach) = reach {
            let starts: Vec<_> = lists
                .map(|list| format!("SELECT * FROM ({list} ORDER BY {order} LIMIT {reach}) integration"))
                .collect();
            order = "created_at DESC, id DESC";
            starts.join(" UNION ALL ")
        } else {
            lists.next_back().unwrap_or(all)
        };
        // The page is found by an index first; only its rows are read whole.
        let sql = format!(
            "SELECT {COLUMNS}
             FROM ({matches} ORDER BY {order} LIMIT {limit} OFFSET {offset}) page
             JOIN connections ON connections.id = page.id
             JOIN integrations ON integrations.id = connections.integration_id
             ORDER BY connections.created_at DESC, connections.id DESC"
        );
        tx.query(&sql, &params, read)
    }
}

fn place(row: &Row<'_>) -> Result<ConnectionPlace> {
    Ok(ConnectionPlace { created_at: row.get(0)?, id: row.get(1)? })
}

fn integration_ids(tx: &mut Tx, environment: EnvironmentId, keys: &[String]) -> Result<Vec<IntegrationId>> {
    let mut ids = Vec::new();
    for key in keys {
        ids.extend(crate::integrations::find(tx, environment, key)?.map(|integration| integration.id));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The `LIKE` pattern for texts that hold `part`.
fn like_pattern(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for character in part.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::like_pattern;

    #[test]
    fn a_search_is_text_and_no_pattern() {
        assert_eq!(like_pattern("Ann_5%!"), "%ann!_5!%!!%");
    }
}
