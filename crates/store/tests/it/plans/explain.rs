//! What the databases tell about how they execute a statement, in one form.

use super::fill::BIG;
use serde_json::Value;
use std::{collections::HashMap, fmt::Write as _};

/// Columns that alone leave too much: all of an environment, of an integration, or of a set of records.
const WIDE: [&str; 3] = ["environment_id", "integration_id", "set_id"];

/// How a statement is executed.
pub(super) struct Plan {
    pub(super) statement: String,
    /// What the database says.
    pub(super) text: String,
    /// Where it reads rows of big tables.
    pub(super) accesses: Vec<Access>,
    /// It sorts rows of big tables.
    pub(super) sorts: bool,
}

/// How rows of a table are found.
pub(super) struct Access {
    /// PostgreSQL's name of it; empty where there is none.
    pub(super) index: String,
    /// The columns that it looks for in the index.
    columns: Vec<String>,
}

/// What is wrong with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The whole table or the whole index is read.
    Whole,
    /// All of an environment, of an integration or of a set is read.
    Wide,
    /// Rows are sorted.
    Sort,
}

impl Plan {
    /// What is wrong, and by which index.
    pub(super) fn problems(&self) -> Vec<(Kind, String)> {
        let sort = self.sorts.then(|| (Kind::Sort, String::new()));
        let accesses = self.accesses.iter().filter_map(|access| {
            let kind = if access.columns.is_empty() {
                Kind::Whole
            } else if access.columns.iter().all(|column| WIDE.contains(&column.as_str())) {
                Kind::Wide
            } else {
                return None;
            };
            Some((kind, access.index.clone()))
        });
        accesses.chain(sort).collect()
    }
}

/// How many columns PostgreSQL has statistics of.
pub(super) fn statistics(url: &str) -> i64 {
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    client.query_one("SELECT count(*) FROM pg_stats WHERE schemaname = 'public'", &[]).unwrap().get(0)
}

/// Asks the database at `url` for the plans of `statements`, and of what its foreign keys do when a row goes. (No function
/// of the store deletes an environment.)
pub(super) fn explain(url: &str, statements: Vec<String>) -> Vec<Plan> {
    match url.strip_prefix("sqlite:") {
        Some(path) => sqlite(&rusqlite::Connection::open(path).unwrap(), statements),
        None => postgres(&mut postgres::Client::connect(url, postgres::NoTls).unwrap(), statements),
    }
}

fn sqlite(connection: &rusqlite::Connection, statements: Vec<String>) -> Vec<Plan> {
    let pairs = |sql: &str| -> Vec<(String, String)> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let indexes: HashMap<_, _> =
        pairs("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'").into_iter().collect();
    let explain = |statement: String| {
        // With an insert SQLite lists look-ups of children, which only an unfinished transaction could need.
        connection.pragma_update(None, "foreign_keys", !statement.starts_with("INSERT")).unwrap();
        let mut explained = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
        let lines: Vec<String> = explained.raw_query().mapped(|row| row.get(3)).map(Result::unwrap).collect();
        let accesses: Vec<_> =
            lines.iter().filter_map(|line| sqlite_access(line, &lines, &indexes)).collect();
        // Behind the sub-select of a page only the page is sorted.
        let mut lines_before_page = lines.iter().take_while(|line| *line != "SCAN page");
        let sorts = !accesses.is_empty() && lines_before_page.any(|line| line.starts_with("USE TEMP B-TREE"));
        Plan { statement, text: lines.join("\n"), accesses, sorts }
    };
    statements.into_iter().map(explain).collect()
}

/// Reads `SEARCH runs USING COVERING INDEX runs_due (run_at<?)` and the like.
fn sqlite_access(line: &str, lines: &[String], indexes: &HashMap<String, String>) -> Option<Access> {
    let (verb, rest) = line.split_once(' ')?;
    let (name, how) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_table = !how.starts_with("VIRTUAL TABLE")
        && rest != "CONSTANT ROW"
        && !how.ends_with("VALUES CLAUSE")
        && !lines.iter().any(|line| line.ends_with(&format!(" {name}")) && line.starts_with(['C', 'M']));
    if !matches!(verb, "SCAN" | "SEARCH") || !is_table {
        return None;
    }
    let (head, condition) = how.split_once(" (").unwrap_or((how, ""));
    let index = head.split_once("INDEX ").map_or("", |(_, index)| index);
    // Few tables are an index themselves; an alias is one of tags. An alias without an index counts as a big table.
    let table = match indexes.get(index) {
        Some(table) => table.as_str(),
        None if head.ends_with("USING PRIMARY KEY") && !BIG.contains(&name) => "connection_tags",
        None => name,
    };
    let mut columns: Vec<_> = condition.split(" AND ").map(column).filter(|name| !name.is_empty()).collect();
    if verb == "SEARCH" && columns.is_empty() {
        columns.push("first or last entry".to_owned());
    }
    let is_small = !index.is_empty() && !BIG.contains(&table);
    let index = if index.starts_with("sqlite_autoindex") || head.ends_with("PRIMARY KEY") {
        format!("{table}_pkey")
    } else {
        index.to_owned()
    };
    (!is_small && !SMALL.contains(&table)).then_some(Access { index, columns })
}

/// Tables of which SQLite reads the few rows that there are.
const SMALL: [&str; 3] = ["environments", "integrations", "schema_migrations"];

fn postgres(client: &mut postgres::Client, mut statements: Vec<String>) -> Vec<Plan> {
    let keys = client
        .query(
            "SELECT conrelid::regclass::text, (SELECT array_agg(attname::text) FROM unnest(conkey) k
                 JOIN pg_attribute ON attrelid = conrelid AND attnum = k)
             FROM pg_constraint WHERE contype = 'f' AND confrelid <> 'environments'::regclass",
            &[],
        )
        .unwrap();
    statements.extend(keys.iter().map(|row| {
        let columns: Vec<String> = row.get(1);
        let conditions: Vec<_> =
            (1..).zip(columns).map(|(number, column)| format!("{column} = ${number}")).collect();
        format!("DELETE FROM {} WHERE {}", row.get::<_, String>(0), conditions.join(" AND "))
    }));
    let (settings, statements): (Vec<_>, Vec<_>) =
        statements.into_iter().partition(|statement| statement.starts_with("SET "));
    assert!(!settings.is_empty(), "nobody connected");
    for setting in settings {
        client.batch_execute(&setting).unwrap();
    }
    let mut plans = Vec::new();
    for statement in statements {
        let plan = postgres_plan(client, &statement);
        let (mut accesses, mut sorts, mut text) = (Vec::new(), false, String::new());
        postgres_node(&plan[0]["Plan"], 0, &mut text, &mut accesses, &mut sorts);
        plans.push(Plan { statement, text, accesses, sorts });
    }
    plans
}

fn postgres_plan(client: &mut postgres::Client, statement: &str) -> Value {
    let prepare = format!("PREPARE one AS {statement}");
    client.batch_execute(&prepare).unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    let count: i32 = client
        .query_one("SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'one'", &[])
        .unwrap()
        .get(0);
    let values = vec!["NULL"; count as usize].join(", ");
    let arguments = if count > 0 { format!("({values})") } else { values };
    let explain = format!("EXPLAIN (FORMAT JSON, COSTS OFF) EXECUTE one{arguments}");
    let row = client.query_one(&explain, &[]).unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    let Json(plan) = row.get(0);
    client.batch_execute("DEALLOCATE one").unwrap();
    plan
}

/// Reads a node and those below it; what it says becomes a line of `text`.
fn postgres_node(
    node: &Value,
    depth: usize,
    text: &mut String,
    accesses: &mut Vec<Access>,
    sorts: &mut bool,
) {
    let field = |name: &str| node[name].as_str().unwrap_or_default();
    let (kind, table) = (field("Node Type"), field("Relation Name"));
    writeln!(
        text,
        "{:depth$}{kind} {table} {} {} filter {}",
        "",
        field("Index Name"),
        field("Index Cond"),
        field("Filter")
    )
    .unwrap();
    let before = accesses.len();
    if BIG.contains(&table) && kind.ends_with("Scan") && kind != "Tid Scan" {
        let mut access = Access { index: String::new(), columns: Vec::new() };
        condition(node, &mut access);
        accesses.push(access);
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        postgres_node(child, depth + 2, text, accesses, sorts);
    }
    *sorts |= kind.ends_with("Sort") && accesses.len() > before && !has_limit(node);
}

/// Whether only a page comes out of what is below.
fn has_limit(node: &Value) -> bool {
    node["Node Type"] == "Limit" || node["Plans"].as_array().is_some_and(|nodes| nodes.iter().any(has_limit))
}

/// Adds what a scan looks for; a bitmap scan has it in the nodes below it.
fn condition(node: &Value, access: &mut Access) {
    if let Some(index) = node["Index Name"].as_str() {
        index.clone_into(&mut access.index);
    }
    if let Some(condition) = node["Index Cond"].as_str() {
        access.columns.extend(condition.split(" AND ").map(column));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        condition(child, access);
    }
}

/// The column that a condition begins with: `a` of `(a = $1)`, of `(ROW(a, b) > ROW($1, $2))` and of `(a=? AND`.
fn column(condition: &str) -> String {
    let start = condition.trim_start_matches('(');
    let start = start.strip_prefix("ROW(").unwrap_or(start);
    start.chars().take_while(|character| character.is_ascii_lowercase() || *character == '_').collect()
}

/// A column of type `json`.
struct Json(Value);

impl<'r> postgres::types::FromSql<'r> for Json {
    fn from_sql(
        _: &postgres::types::Type,
        raw: &'r [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(serde_json::from_slice(raw)?))
    }

    fn accepts(kind: &postgres::types::Type) -> bool {
        *kind == postgres::types::Type::JSON
    }
}
