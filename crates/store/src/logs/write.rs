//! Writing lines and deleting old ones.

use crate::{
    Store,
    db::{Tx, Value, multi_row, params},
    error::Result,
    runs::{self, DirectRun},
};
use bespoke_core::{
    id::EnvironmentId,
    log::{LogId, LogKind, LogLine, words},
};
use std::{borrow::Cow, collections::HashSet, time::Duration};

/// Rows per statement, largest first: a few sizes, so that few statements have to be prepared.
const CHUNKS: [usize; 3] = [64, 8, 1];
/// How many words of a request's path are indexed.
const PATH_WORDS: usize = 8;
/// How many lines one transaction deletes.
const PRUNED_AT_ONCE: u32 = 2_000;

impl Store {
    /// Keeps lines, and runs that were executed without being queued: all of them or none.
    ///
    /// Where another node was at the same microsecond, a line gets the next free id.
    pub async fn write_logs(&self, lines: Vec<LogLine>, runs: Vec<DirectRun>) -> Result<()> {
        let lines: Vec<_> = lines.into_iter().map(|line| (index_text(&line), line)).collect();
        self.db
            .write(move |tx| {
                let mut waiting: Vec<_> =
                    lines.iter().map(|(words, line)| (line.id.0, line, words.as_str())).collect();
                while !waiting.is_empty() {
                    let written = insert(tx, &waiting)?;
                    waiting.retain(|(id, ..)| !written.contains(id));
                    for (id, ..) in &mut waiting {
                        *id += 1;
                    }
                }
                runs::record(tx, &runs)
            })
            .await
    }

    /// Deletes lines older than `keep`, some at a time. How many it were.
    pub async fn prune_logs(&self, keep: Duration) -> Result<u64> {
        let before = LogId::first_at(self.now().before(keep)).0;
        self.db
            .write(move |tx| {
                let last: Option<i64> = tx.value_opt(
                    "SELECT max(id) FROM (SELECT id FROM logs WHERE id < $1 ORDER BY id LIMIT $2) old HAVING max(id) IS NOT NULL",
                    params![before, PRUNED_AT_ONCE],
                )?;
                let Some(last) = last else { return Ok(0) };
                tx.forget_words("SELECT id FROM logs WHERE id <= $1", last)?;
                tx.execute("DELETE FROM logs WHERE id <= $1", params![last])
            })
            .await
    }
}

/// Inserts rows whose id is free; the ids of those that were inserted.
fn insert(tx: &mut Tx, lines: &[(i64, &LogLine, &str)]) -> Result<HashSet<i64>> {
    let mut written = HashSet::with_capacity(lines.len());
    let mut rest = lines;
    for size in CHUNKS {
        let (chunks, left) = rest.split_at(rest.len() - rest.len() % size);
        rest = left;
        if chunks.is_empty() {
            continue;
        }
        let (column, words) = tx.words_column();
        let sql = multi_row(
            &format!(
                "INSERT INTO logs (id, environment_id, kind, level, provider_config_key, connection_id, function, run_id,
                                   status, message, meta{column}) VALUES "
            ),
            &format!("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?{words})"),
            " ON CONFLICT (id) DO NOTHING RETURNING id",
            0,
            size,
        );
        for chunk in chunks.chunks_exact(size) {
            let mut values = Vec::with_capacity(size * 12);
            for (id, line, words) in chunk {
                row(&mut values, *id, line);
                if !column.is_empty() {
                    values.push(Value::from(*words));
                }
            }
            written.extend(tx.query(&sql, &values, |row| row.get::<i64>(0))?);
        }
    }
    let indexed = lines.iter().filter(|(id, ..)| written.contains(id)).map(|(id, _, words)| (*id, *words));
    tx.index_words(indexed)?;
    Ok(written)
}

fn row<'l>(values: &mut Vec<Value<'l>>, id: i64, line: &'l LogLine) {
    let origin = &*line.origin;
    values.push(id.into());
    values.push(origin.environment.into());
    values.push(line.kind.as_str().into());
    values.push(line.level.as_str().into());
    values.push(origin.provider_config_key.as_deref().into());
    values.push(origin.connection_id.as_deref().into());
    values.push(origin.function.as_deref().into());
    values.push(origin.run.into());
    values.push(line.status.into());
    values.push(without_nul(&line.message).into());
    values.push(line.meta.as_deref().into());
}

/// PostgreSQL's texts cannot hold the character 0.
fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// What the index of words has of a line, blanks between.
///
/// Each word costs more than a row's other indexes together. Requests that succeed are most of a log and say little, so of
/// them only the path counts.
fn index_text(line: &LogLine) -> String {
    let origin = &*line.origin;
    let is_fine = line.kind == LogKind::Http && line.status.is_some_and(|status| status < 400);
    let mut all = vec![environment_word(origin.environment)];
    all.extend(origin.connection_id.as_deref().map(connection_word));
    if is_fine {
        all.extend(words([path(&line.message)]).into_iter().take(PATH_WORDS));
    } else {
        all.extend(words([line.message.as_str()].into_iter().chain(line.meta.as_deref())));
    }
    all.join(" ")
}

/// The path in the message of a request.
fn path(message: &str) -> &str {
    let url = message.split_once("://").map_or(message, |(_, rest)| rest);
    let path = url.find('/').map_or("", |start| &url[start..]);
    path.split('?').next().unwrap_or_default()
}

/// The word by which lines of an environment are found. No text has it: its first character is no letter.
pub(super) fn environment_word(environment: EnvironmentId) -> String {
    format!("\u{e000}{environment}")
}

/// The word by which lines of a connection are found, and those of some others.
pub(super) fn connection_word(connection_id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { 'x' };
    format!("\u{e001}{}", connection_id.chars().map(plain).collect::<String>())
}
