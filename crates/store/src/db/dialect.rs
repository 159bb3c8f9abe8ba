//! Where the two databases do not speak the same SQL. Everything else is one text for both.
//!
//! The rules that keep it so: placeholders are `$1`, `$2` … and may repeat; times are `BIGINT` microseconds; JSON is
//! `TEXT`; `RETURNING` has no order; a list goes in as one JSON text and is read with `FROM json_each($1) k`
//! (column `k.value`; PostgreSQL has this function from our first migration); sums are `CAST(sum(x) AS BIGINT)`.
//! Look-ups of many keys use [`Tx::by_keys`] or a correlated sub-select over `json_each`, and changes of the rows that a
//! sub-select finds use [`Tx::one_of`]; never `IN (SELECT …)` or a long `IN` list: PostgreSQL plans those as a scan while it
//! has no statistics. `+` before a column keeps it from choosing the index, as in `+environment_id = $1` beside a column
//! that leaves less. A test asks both databases for the plans of all statements (`tests/it/plans.rs`).

use super::{Tx, params};
use crate::error::Result;
use std::{borrow::Cow, fmt::Write as _};

impl Tx {
    /// Goes behind a `SELECT … LIMIT`: takes rows that nobody else is taking. SQLite has one writer and needs nothing.
    pub(crate) fn skip_locked(&self) -> &'static str {
        if self.is_postgres() { " FOR UPDATE SKIP LOCKED" } else { "" }
    }

    /// Goes behind a column that has a unique index: its value is one of those that `select` gives, which is run once.
    ///
    /// The same as `IN (SELECT …)`, but never planned as a join with the whole table: to PostgreSQL a `LIMIT` that is a
    /// parameter is a tenth of all rows.
    pub(crate) fn one_of(&self, select: &str) -> String {
        if self.is_postgres() { format!("= ANY (ARRAY({select}))") } else { format!("IN ({select})") }
    }

    /// A `FROM` with each `k.value` of the JSON list `$list` and its row `r` of `table`, those that have one. `on` is the
    /// condition that finds it through a unique index.
    ///
    /// The same as a join, but never planned as a scan: SQLite keeps the order of a `CROSS JOIN`, and PostgreSQL does not
    /// take a sub-select with a `LIMIT` apart.
    pub(crate) fn by_keys(&self, list: u8, table: &str, on: &str) -> String {
        if self.is_postgres() {
            format!(
                "FROM json_each(${list}) k CROSS JOIN LATERAL (SELECT * FROM {table} r WHERE {on} LIMIT 1) r"
            )
        } else {
            format!("FROM json_each(${list}) k CROSS JOIN {table} r ON {on}")
        }
    }

    /// Goes behind a `SELECT`: keeps others from changing the rows until the end of the transaction.
    pub(crate) fn for_share(&self) -> &'static str {
        if self.is_postgres() { " FOR SHARE" } else { "" }
    }

    /// How the rows of `logs` are found by words; see [`WordSearch`].
    ///
    /// SQLite has the words in `logs_words`, an FTS5 table, and finds the rows newest first by its `rowid`; PostgreSQL has
    /// them in a column with a GIN index.
    pub(crate) fn word_search(&self) -> WordSearch {
        if self.is_postgres() {
            WordSearch {
                from: "logs",
                id: "logs.id",
                matches: |param| format!("logs.words @@ CAST(CAST(${param} AS TEXT) AS tsquery)"),
                exact: |word| format!("'{word}'"),
                prefix: |word| format!("'{word}':*"),
                and: " & ",
            }
        } else {
            WordSearch {
                from: "logs_words CROSS JOIN logs ON logs.id = logs_words.rowid",
                id: "logs_words.rowid",
                matches: |param| format!("logs_words MATCH ${param}"),
                exact: |word| format!("\"{word}\""),
                prefix: |word| format!("\"{word}\"*"),
                and: " AND ",
            }
        }
    }

    /// What an `INSERT` into `logs` needs for the words of each row: another column, and its value behind a comma.
    pub(crate) fn words_column(&self) -> (&'static str, &'static str) {
        if self.is_postgres() {
            (", words", ", array_to_tsvector(string_to_array(?, ' '))")
        } else {
            ("", "")
        }
    }

    /// Keeps the words of rows of `logs` by their ids, where they are not in a column.
    pub(crate) fn index_words<'w>(&mut self, rows: impl Iterator<Item = (i64, &'w str)>) -> Result<()> {
        if self.is_postgres() {
            return Ok(());
        }
        for (id, words) in rows {
            self.execute("INSERT INTO logs_words (rowid, words) VALUES ($1, $2)", params![id, words])?;
        }
        Ok(())
    }

    /// Forgets the words of the rows of `logs` whose ids `select` gives, which has the parameter `$1`.
    pub(crate) fn forget_words(&mut self, select: &str, param: i64) -> Result<()> {
        if self.is_postgres() {
            return Ok(());
        }
        self.execute(&format!("DELETE FROM logs_words WHERE rowid IN ({select})"), params![param]).map(drop)
    }

    /// Goes behind a `SELECT`: as [`Tx::for_update`], but others can make rows that refer to these. For who then waits for
    /// locks of those who do.
    pub(crate) fn for_change(&self) -> &'static str {
        if self.is_postgres() { " FOR NO KEY UPDATE" } else { "" }
    }

    /// Goes behind a `SELECT`: locks the rows until the end of the transaction, so that what was read stays true.
    pub(crate) fn for_update(&self) -> &'static str {
        if self.is_postgres() { " FOR UPDATE" } else { "" }
    }
}

/// How rows are found by the words in them. Words are letters and digits only, so nothing in them needs quoting.
pub(crate) struct WordSearch {
    /// What stands behind `FROM`.
    pub(crate) from: &'static str,
    /// The column to page by, in whose order rows are found.
    pub(crate) id: &'static str,
    /// The condition that the words of parameter `$N` are in the row.
    pub(crate) matches: fn(u8) -> String,
    exact: fn(&str) -> String,
    prefix: fn(&str) -> String,
    and: &'static str,
}

impl WordSearch {
    /// The parameter: all of `exact`, and for each of `prefixes` a word that begins with it.
    pub(crate) fn parameter(&self, exact: &[String], prefixes: &[String]) -> String {
        let exact = exact.iter().map(|word| (self.exact)(word));
        let prefixes = prefixes.iter().map(|word| (self.prefix)(word));
        exact.chain(prefixes).collect::<Vec<_>>().join(self.and)
    }
}

/// One statement for many rows: `head`, then `row` `rows` times with commas between, then `tail`.
///
/// In `row`, `$N` are shared by all rows (there are `shared` of them, and they come first in the parameters); each `?`
/// is a parameter of that row, numbered on from there in the order of the rows.
/// Give whole chunks of one size: every number of rows is a statement of its own to prepare and to keep.
///
/// `multi_row("INSERT INTO t (a, b) VALUES ", "($1, ?)", "", 1, 2)` is `INSERT INTO t (a, b) VALUES ($1, $2),($1, $3)`.
pub(crate) fn multi_row(head: &str, row: &str, tail: &str, shared: usize, rows: usize) -> String {
    let mut sql = String::with_capacity(head.len() + tail.len() + rows * (row.len() + 16));
    sql.push_str(head);
    let mut number = shared;
    for index in 0..rows {
        if index > 0 {
            sql.push(',');
        }
        for (part, text) in row.split('?').enumerate() {
            if part > 0 {
                number += 1;
                write!(sql, "${number}").expect("writing to a String cannot fail");
            }
            sql.push_str(text);
        }
    }
    sql.push_str(tail);
    sql
}

/// The statement as SQLite must see it: `?N` in place of `$N`.
///
/// SQLite takes `$N` too, but as a name, numbered by first appearance: values would silently land in wrong columns.
/// Text in quotes stays as it is.
pub(super) fn numbered(sql: &str) -> Cow<'_, str> {
    if !sql.contains('$') {
        return Cow::Borrowed(sql);
    }
    let mut text = String::with_capacity(sql.len());
    let mut quote = None;
    let mut characters = sql.chars().peekable();
    while let Some(character) = characters.next() {
        match quote {
            Some(open) if character == open => quote = None,
            None if matches!(character, '\'' | '"') => quote = Some(character),
            _ => {}
        }
        let placeholder =
            character == '$' && quote.is_none() && characters.peek().is_some_and(char::is_ascii_digit);
        text.push(if placeholder { '?' } else { character });
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_numbers_and_quotes_stay() {
        let check = |sql: &str, expected: &str| assert_eq!(numbered(sql), expected);
        check("SELECT 1", "SELECT 1");
        check("SELECT $2, $1, $12", "SELECT ?2, ?1, ?12");
        check(
            "SELECT json_extract(a, '$.b'), '$1' FROM t WHERE c = $1",
            "SELECT json_extract(a, '$.b'), '$1' FROM t WHERE c = ?1",
        );
        check("SELECT 'it''s $1' || $1, \"$2\"", "SELECT 'it''s $1' || ?1, \"$2\"");
    }

    #[test]
    fn rows_are_numbered_after_the_shared_parameters() {
        assert_eq!(
            multi_row("INSERT INTO t VALUES ", "($2, ?, ?, $1)", " ON CONFLICT DO NOTHING", 2, 2),
            "INSERT INTO t VALUES ($2, $3, $4, $1),($2, $5, $6, $1) ON CONFLICT DO NOTHING"
        );
    }
}
