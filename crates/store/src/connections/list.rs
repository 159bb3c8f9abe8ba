//! Lists of connections, with any combination of filters.

use super::{COLUMNS, read};
use crate::{
    Store,
    db::{Tx, Value},
    error::Result,
};
use bespoke_core::{
    connection::Connection,
    id::{EnvironmentId, IntegrationId},
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

impl Store {
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
