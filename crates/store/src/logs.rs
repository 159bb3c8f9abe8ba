//! Lines of the log: written many at once, found newest first by any combination of filters.
//!
//! Every list is served by one index, whose last column is the id: the most telling filter chooses it ([`Access`]) and
//! the other filters look at the rows that it gives. Words are an index of their own, the same on both databases:
//! [`bespoke_core::log::words`] makes them, here and from what is searched for.

mod write;

use crate::{
    Store,
    db::{Row, Tx, Value},
    error::{Error, Result},
};
use bespoke_core::{
    id::EnvironmentId,
    log::{Level, LogId, LogKind, LogLine, LogOrigin},
};
use std::{ops::RangeInclusive, sync::Arc};
use uuid::Uuid;

const COLUMNS: &str = "logs.id, logs.kind, logs.level, logs.provider_config_key, logs.connection_id, logs.function, \
     logs.run_id, logs.status, logs.message, logs.meta";

/// Which lines to list. All filters must match; an empty one matches all.
#[derive(Clone, Debug)]
pub struct LogQuery {
    /// Lines of this run.
    pub run: Option<Uuid>,
    /// Lines of this integration, by the key that it had.
    pub provider_config_key: Option<String>,
    /// Lines of connections of this id.
    pub connection_id: Option<String>,
    /// Lines of functions of this name.
    pub function: Option<String>,
    /// Lines about this.
    pub kind: Option<LogKind>,
    /// Lines of this level and worse.
    pub level: Option<Level>,
    /// Requests that were answered with one of these statuses.
    pub status: Option<RangeInclusive<u16>>,
    /// Lines with, for each of these, a word that begins with it; as [`bespoke_core::log::words`] gives them.
    pub words: Vec<String>,
    /// Lines after this one.
    pub after: LogId,
    /// Lines before this one.
    pub before: LogId,
    /// Which lines come first, of those that match.
    pub order: Order,
    /// How many at most.
    pub limit: u32,
}

/// Which lines come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The newest.
    NewestFirst,
    /// The oldest.
    OldestFirst,
}

impl Default for LogQuery {
    /// The newest hundred lines.
    fn default() -> Self {
        Self {
            run: None,
            provider_config_key: None,
            connection_id: None,
            function: None,
            kind: None,
            level: None,
            status: None,
            words: Vec::new(),
            after: LogId::MIN,
            before: LogId::MAX,
            order: Order::NewestFirst,
            limit: 100,
        }
    }
}

impl Store {
    /// The lines of an environment that match, in the order of the query.
    pub async fn logs(&self, environment: EnvironmentId, query: LogQuery) -> Result<Vec<LogLine>> {
        self.db
            .read(move |tx| {
                let statement = Statement::new(tx, environment, &query);
                tx.query(&statement.sql(COLUMNS, query.limit), &statement.params, |row| {
                    read(row, environment)
                })
            })
            .await
    }
}

/// The filter that chooses the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Run,
    Words,
    Connection,
    Function,
    /// Warnings and errors.
    Bad,
    Integration,
    /// All but requests.
    Kind,
    Environment,
}

impl LogQuery {
    fn access(&self) -> Access {
        // Requests that end so are errors, and no request of an error has another status.
        let is_failed = self.status.as_ref().is_some_and(|status| *status.start() >= 400);
        match self {
            Self { run: Some(_), .. } => Access::Run,
            Self { words, .. } if !words.is_empty() => Access::Words,
            Self { connection_id: Some(_), .. } => Access::Connection,
            Self { function: Some(_), .. } => Access::Function,
            Self { level: Some(Level::Warn | Level::Error), .. } => Access::Bad,
            _ if is_failed => Access::Bad,
            Self { provider_config_key: Some(_), .. } => Access::Integration,
            Self { kind: Some(LogKind::Log | LogKind::Run | LogKind::Event), .. } => Access::Kind,
            _ => Access::Environment,
        }
    }
}

/// A statement under construction.
pub(crate) struct Statement {
    from: &'static str,
    id: &'static str,
    order: Order,
    conditions: Vec<String>,
    /// Its parameters.
    pub(crate) params: Vec<Value<'static>>,
}

impl Statement {
    /// The statement for `query`.
    pub(crate) fn new(tx: &Tx, environment: EnvironmentId, query: &LogQuery) -> Self {
        let access = query.access();
        let search = tx.word_search();
        let (from, id) = if access == Access::Words { (search.from, search.id) } else { ("logs", "logs.id") };
        let mut statement =
            Self { from, id, order: query.order, conditions: Vec::new(), params: vec![environment.into()] };
        // A plus, or an empty text behind, keeps a column from choosing the index.
        let by_environment = !matches!(access, Access::Run | Access::Words);
        let plus = if by_environment { "" } else { "+" };
        statement.conditions.push(format!("{plus}logs.environment_id = $1"));
        let mut exact = vec![write::environment_word(environment)];
        if let Some(run) = query.run {
            statement.add("logs.run_id = ?", run.into());
        }
        if let Some(connection) = &query.connection_id {
            exact.push(write::connection_word(connection));
            statement.text("logs.connection_id", access == Access::Connection, connection);
        }
        if access == Access::Words {
            let parameter = search.parameter(&exact, &query.words);
            statement.params.push(parameter.into());
            let number = statement.params.len() as u8;
            statement.conditions.push((search.matches)(number));
        }
        if let Some(function) = &query.function {
            statement.text("logs.function", access == Access::Function, function);
        }
        if let Some(key) = &query.provider_config_key {
            statement.text("logs.provider_config_key", access == Access::Integration, key);
        }
        if let Some(kind) = query.kind {
            statement.text("logs.kind", access == Access::Kind, kind.as_str());
        }
        if access == Access::Kind {
            // The words of the partial index.
            statement.conditions.push("logs.kind <> 'http'".to_owned());
        }
        if access == Access::Bad {
            statement.conditions.push("logs.level IN ('warn', 'error')".to_owned());
        }
        if let Some(level) = query.level.filter(|level| *level > Level::Debug) {
            let levels: Vec<_> = level.and_worse().map(|level| format!("'{level}'")).collect();
            statement.conditions.push(format!("logs.level || '' IN ({})", levels.join(", ")));
        }
        if let Some(status) = &query.status {
            statement.add("logs.status >= ?", (*status.start()).into());
            statement.add("logs.status <= ?", (*status.end()).into());
        }
        statement.add(&format!("{id} > ?"), query.after.0.into());
        statement.add(&format!("{id} < ?"), query.before.0.into());
        statement
    }

    /// `condition` with the next parameter in place of `?`.
    fn add(&mut self, condition: &str, value: Value<'static>) {
        self.params.push(value);
        self.conditions.push(condition.replace('?', &format!("${}", self.params.len())));
    }

    fn text(&mut self, column: &str, chooses_index: bool, value: &str) {
        let suffix = if chooses_index { "" } else { " || ''" };
        self.add(&format!("{column}{suffix} = ?"), value.to_owned().into());
    }

    /// Its text.
    pub(crate) fn sql(&self, columns: &str, limit: u32) -> String {
        let Self { from, id, conditions, .. } = self;
        let direction = match self.order {
            Order::NewestFirst => "DESC",
            Order::OldestFirst => "ASC",
        };
        let conditions = conditions.join(" AND ");
        // The limit is a number of ours and not a parameter: PostgreSQL takes a parameter for a tenth of all rows.
        format!("SELECT {columns} FROM {from} WHERE {conditions} ORDER BY {id} {direction} LIMIT {limit}")
    }
}

fn read(row: &Row<'_>, environment: EnvironmentId) -> Result<LogLine> {
    Ok(LogLine {
        id: LogId(row.get(0)?),
        kind: word(row.get(1)?)?,
        level: word(row.get(2)?)?,
        origin: Arc::new(LogOrigin {
            environment,
            provider_config_key: row.get(3)?,
            connection_id: row.get(4)?,
            function: row.get(5)?,
            run: row.get(6)?,
        }),
        status: row.get(7)?,
        message: row.get(8)?,
        meta: row.get(9)?,
    })
}

fn word<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| Error::Corrupt(format!("a log line is `{text}`")))
}
