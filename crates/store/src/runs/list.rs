//! Lists of runs, newest first, by any combination of filters.

use super::read_result;
use crate::{
    Store,
    db::{Row, Tx, Value, params},
    error::Result,
    logs::{LogQuery, Statement},
};
use bespoke_core::{
    id::{ConnectionId, EnvironmentId, IntegrationId},
    log::LogId,
    run::{RunKind, RunState, UNCONFIGURED},
    sync::Counts,
    time::Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How many runs whose lines hold what is searched for are looked at, newest line first.
const MATCHES: u32 = 10_000;

/// Which runs to list. All filters must match; an empty one matches all.
#[derive(Clone, Debug, Default)]
pub struct RunsQuery {
    /// Runs at this integration, by its key.
    pub provider_config_key: Option<String>,
    /// Runs for connections of this id.
    pub connection_id: Option<String>,
    /// Runs of functions of this name.
    pub function: Option<String>,
    /// Runs of this kind.
    pub kind: Option<RunKind>,
    /// Runs in one of these states; empty means any.
    pub states: Vec<RunState>,
    /// Also failed runs that did not start for their configuration.
    pub unconfigured: bool,
    /// Runs that had this revision of their connection's metadata.
    pub metadata_revision: Option<i64>,
    /// Runs asked for at this time or later.
    pub from: Option<Timestamp>,
    /// Runs asked for before this time.
    pub to: Option<Timestamp>,
    /// Runs that have a line with, for each of these, a word that begins with it.
    pub words: Vec<String>,
    /// Runs behind this place in the list.
    pub after: Option<RunCursor>,
    /// How many at most.
    pub limit: u32,
}

/// A place in the list of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunCursor {
    /// When the run there was asked for.
    pub created_at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

/// A run as lists show it: with names, without input and output.
#[derive(Clone, Debug)]
pub struct ListedRun {
    /// Its id.
    pub id: Uuid,
    /// What it executes.
    pub kind: RunKind,
    /// Its state.
    pub state: RunState,
    /// The integration's key.
    pub provider_config_key: String,
    /// The connection, as customers name it.
    pub connection_id: String,
    /// The function's name.
    pub function: String,
    /// The version that ran, once it has started.
    pub version: Option<String>,
    /// The sync that it belongs to.
    pub sync: Option<Uuid>,
    /// The sync's variant.
    pub variant: Option<String>,
    /// How many attempts ended.
    pub attempt: u32,
    /// How often it may be tried.
    pub max_attempts: u32,
    /// Why it failed, as the JSON of an `engine` failure.
    pub error: Option<String>,
    /// What it did to the records, by model.
    pub result: BTreeMap<String, Counts>,
    /// The metadata revision that it ran with.
    pub metadata_revision: Option<i64>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it may start.
    pub run_at: Timestamp,
    /// When it was last taken up.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl ListedRun {
    /// Its place in the list.
    pub fn cursor(&self) -> RunCursor {
        RunCursor { created_at: self.created_at, id: self.id }
    }
}

/// The columns of a page, and what stands beside them.
const PAGE: &str = "id, kind, state, function_name, function_id, sync_id, attempt, max_attempts, error, result, \
     metadata_revision, created_at, run_at, started_at, finished_at, connection_id";
const COLUMNS: &str = "page.id, page.kind, page.state, i.unique_key, c.connection_id, page.function_name, f.version, \
     page.sync_id, s.variant, page.attempt, page.max_attempts, page.error, page.result, page.metadata_revision, \
     page.created_at, page.run_at, page.started_at, page.finished_at";
const JOINS: &str = " page JOIN connections c ON c.id = page.connection_id
     JOIN integrations i ON i.id = c.integration_id
     LEFT JOIN functions f ON f.id = page.function_id LEFT JOIN syncs s ON s.id = page.sync_id";

impl Store {
    /// The runs of an environment that match, newest first.
    pub async fn runs(&self, environment: EnvironmentId, query: RunsQuery) -> Result<Vec<ListedRun>> {
        self.db.read(move |tx| list(tx, environment, &query)).await
    }

    /// The run with this id, as lists show it.
    pub async fn listed_run(&self, environment: EnvironmentId, id: Uuid) -> Result<Option<ListedRun>> {
        self.db
            .read(move |tx| {
                let sql = format!(
                    "SELECT {COLUMNS} FROM (SELECT {PAGE} FROM runs WHERE id = $2 AND environment_id = $1){JOINS}"
                );
                tx.query_opt(&sql, params![environment, id], read)
            })
            .await
    }
}

fn list(tx: &mut Tx, environment: EnvironmentId, query: &RunsQuery) -> Result<Vec<ListedRun>> {
    let integration: Option<IntegrationId> = match &query.provider_config_key {
        None => None,
        Some(key) => {
            let id = tx.value_opt(
                "SELECT id FROM integrations WHERE environment_id = $1 AND unique_key = $2",
                params![environment, key],
            )?;
            let Some(id) = id else { return Ok(Vec::new()) };
            Some(IntegrationId(id))
        }
    };
    let statement = Runs { environment, query, integration };
    if !query.words.is_empty() {
        return statement.of_words(tx);
    }
    let Some(connection_id) = &query.connection_id else { return statement.run(tx, By::Rest) };
    // The same id may be used at several integrations; each has a list in order, and they are merged.
    let connections = tx.query(
        "SELECT id, integration_id FROM connections WHERE environment_id = $1 AND connection_id = $2",
        params![environment, connection_id],
        |row| Ok((row.get::<ConnectionId>(0)?, row.get::<IntegrationId>(1)?)),
    )?;
    let mut runs = Vec::new();
    for (connection, of) in connections {
        if integration.is_none_or(|wanted| wanted == of) {
            runs.extend(statement.run(tx, By::Connection(connection))?);
        }
    }
    runs.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.id.to_string())));
    runs.truncate(query.limit as usize);
    Ok(runs)
}

/// A statement under construction.
struct Runs<'q> {
    environment: EnvironmentId,
    query: &'q RunsQuery,
    integration: Option<IntegrationId>,
}

/// What chooses the index.
enum By {
    Connection(ConnectionId),
    /// These runs; a JSON list of ids.
    Ids(String),
    Rest,
}

impl Runs<'_> {
    /// Runs with a line that matches: the ids come from the log, and the runs from their ids.
    fn of_words(&self, tx: &mut Tx) -> Result<Vec<ListedRun>> {
        let Self { environment, query, .. } = *self;
        let lines = LogQuery {
            words: query.words.clone(),
            connection_id: query.connection_id.clone(),
            provider_config_key: query.provider_config_key.clone(),
            function: query.function.clone(),
            // No line is older than its run.
            after: query.from.map_or(LogId::MIN, LogId::first_at),
            ..LogQuery::default()
        };
        let lines = Statement::new(tx, environment, &lines);
        let ids: Vec<Option<String>> =
            tx.query(&lines.sql("logs.run_id", MATCHES), &lines.params, |row| row.get(0))?;
        let ids: BTreeSet<String> = ids.into_iter().flatten().collect();
        let ids = serde_json::to_string(&ids).unwrap_or_default();
        self.run(tx, By::Ids(ids))
    }

    fn run(&self, tx: &mut Tx, by: By) -> Result<Vec<ListedRun>> {
        let Self { environment, query, integration } = *self;
        let mut params: Vec<Value<'_>> = vec![environment.into()];
        let mut conditions = Vec::new();
        let mut from = "runs r".to_owned();
        let mut next = |value: Value<'static>| {
            params.push(value);
            params.len()
        };
        let is_narrowed = !matches!(by, By::Rest) || integration.is_some();
        let plus = if is_narrowed { "+" } else { "" };
        conditions.push(format!("{plus}r.environment_id = $1"));
        match by {
            By::Connection(id) => conditions.push(format!("r.connection_id = ${}", next(id.into()))),
            By::Ids(ids) => {
                next(ids.into());
                let ids = tx.by_keys(2, "runs", "r.id = k.value");
                ids.trim_start_matches("FROM ").clone_into(&mut from);
            }
            By::Rest => {}
        }
        if let Some(integration) = integration {
            let plus = if matches!(conditions.len(), 1) && from == "runs r" { "" } else { "+" };
            conditions.push(format!("{plus}r.integration_id = ${}", next(integration.into())));
        }
        if let Some(function) = &query.function {
            let suffix = if is_narrowed { " || ''" } else { "" };
            conditions.push(format!("r.function_name{suffix} = ${}", next(function.clone().into())));
        }
        if let Some(kind) = query.kind {
            conditions.push(format!("r.kind = ${}", next(kind.as_str().into())));
        }
        if !query.states.is_empty() || query.unconfigured {
            if !query.states.contains(&RunState::Succeeded) && !is_narrowed && query.function.is_none() {
                // The words of the partial index.
                conditions.push("r.state <> 'succeeded'".to_owned());
            }
            let states: Vec<_> = query.states.iter().map(|state| format!("'{state}'")).collect();
            let mut any = Vec::new();
            if !states.is_empty() {
                any.push(format!("r.state || '' IN ({})", states.join(", ")));
            }
            if query.unconfigured {
                // The code is the first member of the stored failure.
                // As a `CASE`, so that a database that thinks it rare still reads the list in its order.
                any.push(format!(
                    r#"CASE WHEN r.state = 'failed' AND r.error LIKE '{{"code":"{UNCONFIGURED}",%' THEN TRUE ELSE FALSE END"#
                ));
            }
            conditions.push(format!("({})", any.join(" OR ")));
        }
        if let Some(revision) = query.metadata_revision {
            conditions.push(format!("r.metadata_revision = ${}", next(revision.into())));
        }
        let from_time = query.from.map_or(i64::MIN, |time| time.0);
        conditions.push(format!("r.created_at >= ${}", next(from_time.into())));
        let start = RunCursor { created_at: query.to.unwrap_or(Timestamp(i64::MAX)), id: Uuid::nil() };
        let behind = query.after.filter(|after| after.created_at < start.created_at).unwrap_or(start);
        let (time, id) = (next(behind.created_at.into()), next(behind.id.into()));
        conditions.push(format!("(r.created_at, r.id) < (${time}, ${id})"));
        let columns = PAGE.split(", ").map(|column| format!("r.{column}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT {COLUMNS} FROM (SELECT {columns} FROM {from} WHERE {}
                 ORDER BY r.created_at DESC, r.id DESC LIMIT {}){JOINS}
             ORDER BY page.created_at DESC, page.id DESC",
            conditions.join(" AND "),
            query.limit
        );
        tx.query(&sql, &params, read)
    }
}

fn read(row: &Row<'_>) -> Result<ListedRun> {
    let small = |index| row.get::<i64>(index).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    Ok(ListedRun {
        id: row.get(0)?,
        kind: super::word(row.get(1)?)?,
        state: super::word(row.get(2)?)?,
        provider_config_key: row.get(3)?,
        connection_id: row.get(4)?,
        function: row.get(5)?,
        version: row.get(6)?,
        sync: row.get(7)?,
        variant: row.get(8)?,
        attempt: small(9)?,
        max_attempts: small(10)?,
        error: row.get(11)?,
        result: read_result(row, 12)?,
        metadata_revision: row.get(13)?,
        created_at: row.get(14)?,
        run_at: row.get(15)?,
        started_at: row.get(16)?,
        finished_at: row.get(17)?,
    })
}
