//! SQLite: one writer thread with group commit, two reader threads, and connections for short reads on a caller's thread.
//!
//! The time that a commit takes to reach the disk forms the groups: while one is written the next callers queue up.

use super::{Job, Queue, Row, Tx, Value, dialect::numbered, tx::Session as TxSession};
use crate::{
    error::{Cause, Error, Result},
    wakeups::Wakeups,
};
use crossbeam_channel::{Receiver, unbounded};
use rusqlite::{Connection, ErrorCode, config::DbConfig, ffi, types};
use std::{
    borrow::Cow,
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::Duration,
};

/// Most closures in one commit. More would only make the first of them wait.
const GROUP: usize = 256;
/// Threads that read.
const READERS: usize = 2;
/// How long to wait for another process (`bespoke keys …` beside a running server).
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// Statements that each connection keeps prepared.
const STATEMENTS: usize = 256;

/// Opens the file and starts the threads; where to send writes and reads.
pub(super) fn start(path: &Path, wakeups: &Wakeups) -> Result<(Queue, Queue)> {
    let (writes, write_queue) = unbounded();
    let (reads, read_queue) = unbounded();
    let writer = Tx::new(TxSession::Sqlite(Session::open(path, true)?));
    let wakeups = wakeups.clone();
    spawn("store-writer".to_owned(), move || write_loop(writer, &write_queue, &wakeups))?;
    for index in 0..READERS {
        let reader = Tx::new(TxSession::Sqlite(Session::open(path, false)?));
        let queue = read_queue.clone();
        spawn(format!("store-reader-{index}"), move || read_loop(reader, &queue))?;
    }
    Ok((writes, reads))
}

pub(super) fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new()
        .name(name)
        .spawn(work)
        .map(drop)
        .map_err(|error| Error::Unavailable(Cause::new(error)))
}

fn write_loop(mut tx: Tx, queue: &Receiver<Box<dyn Job>>, wakeups: &Wakeups) {
    let mut group = Vec::with_capacity(GROUP);
    while let Ok(first) = queue.recv() {
        group.push(first);
        group.extend(queue.try_iter().take(GROUP - 1));
        group.retain(|job| !job.is_abandoned());
        let end = commit_group(&mut tx, &mut group);
        if end.is_ok() {
            wakeups.wake(&tx.wakes);
        }
        tx.wakes.clear();
        for job in group.drain(..) {
            job.answer(end.clone());
        }
    }
}

/// Runs the closures in one transaction, each in a savepoint of its own. An error is about the transaction as a whole.
fn commit_group(tx: &mut Tx, group: &mut [Box<dyn Job>]) -> Result<()> {
    if group.is_empty() {
        return Ok(());
    }
    control(tx, "BEGIN IMMEDIATE")?;
    let result = if let [only] = group {
        // Alone, the transaction itself is the savepoint.
        let end = if only.run(tx) { "COMMIT" } else { "ROLLBACK" };
        if end == "ROLLBACK" {
            tx.wakes.clear();
        }
        control(tx, end)
    } else {
        group.iter_mut().try_for_each(|job| run_in_savepoint(tx, job)).and_then(|()| control(tx, "COMMIT"))
    };
    if result.is_err() && in_transaction(tx) {
        // The error that led here is the one to tell.
        let _ = control(tx, "ROLLBACK");
    }
    result
}

fn run_in_savepoint(tx: &mut Tx, job: &mut Box<dyn Job>) -> Result<()> {
    let woken = tx.wakes.len();
    control(tx, "SAVEPOINT one")?;
    if !job.run(tx) {
        tx.wakes.truncate(woken);
        // After some errors (disk full, I/O) SQLite has rolled back everything by itself; then this fails, and with it
        // the whole group, as it must.
        control(tx, "ROLLBACK TO one")?;
    }
    control(tx, "RELEASE one")
}

fn read_loop(mut tx: Tx, queue: &Receiver<Box<dyn Job>>) {
    while let Ok(mut job) = queue.recv() {
        if job.is_abandoned() {
            continue;
        }
        let end = in_snapshot(&mut tx, |tx| {
            job.run(tx);
        });
        job.answer(end);
    }
}

/// Runs `work` on one snapshot of the database, of which it changes nothing.
pub(super) fn in_snapshot<T>(tx: &mut Tx, work: impl FnOnce(&mut Tx) -> T) -> Result<T> {
    control(tx, "BEGIN")?;
    let result = work(tx);
    tx.wakes.clear();
    if in_transaction(tx) {
        control(tx, "ROLLBACK")?;
    }
    Ok(result)
}

/// Connections for reads that are shorter than the way to another thread and back. Clones share them.
#[derive(Clone)]
pub(super) struct LookUps(Arc<[Mutex<Tx>]>);

impl LookUps {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let connection = |_| Ok(Mutex::new(Tx::new(TxSession::Sqlite(Session::open(path, false)?))));
        Ok(Self((0..READERS).map(connection).collect::<Result<_>>()?))
    }

    /// Where every read is a way to another machine.
    pub(super) fn none() -> Self {
        Self(Arc::new([]))
    }

    /// One that nobody uses now.
    pub(super) fn free(&self) -> Option<MutexGuard<'_, Tx>> {
        self.0.iter().find_map(|connection| connection.try_lock().ok())
    }
}

fn session(tx: &mut Tx) -> &mut Session {
    match &mut tx.session {
        TxSession::Sqlite(session) => session,
        TxSession::Postgres(_) => unreachable!("SQLite's threads own SQLite sessions"),
    }
}

fn control(tx: &mut Tx, sql: &'static str) -> Result<()> {
    session(tx).execute(sql, &[]).map(drop)
}

fn in_transaction(tx: &Tx) -> bool {
    matches!(&tx.session, TxSession::Sqlite(session) if !session.connection.is_autocommit())
}

/// A connection with its prepared statements.
pub(super) struct Session {
    connection: Connection,
    /// Our text of a statement to SQLite's ([`numbered`]).
    texts: HashMap<Box<str>, Box<str>>,
}

impl Session {
    fn open(path: &Path, writes: bool) -> Result<Self> {
        let connection = Connection::open(path).map_err(failure)?;
        connection.busy_timeout(LOCK_WAIT).map_err(failure)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Without this promise of stable plans SQLite compiles a prepared statement anew whenever a value is bound that a
        // better plan could depend on, which cost more than running it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failure)?;
        connection
            .execute_batch(if writes {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
                 PRAGMA cache_size = -64000; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
            } else {
                "PRAGMA cache_size = -32000; PRAGMA temp_store = MEMORY; PRAGMA query_only = ON;"
            })
            .map_err(failure)?;
        Ok(Self { connection, texts: HashMap::new() })
    }

    pub(super) fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        self.with_statement(sql, params, |statement| {
            let changed = statement.raw_execute().map_err(failure)?;
            Ok(changed as u64)
        })
    }

    pub(super) fn for_each(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        self.with_statement(sql, params, |statement| {
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next().map_err(failure)? {
                each(&Row::Sqlite(row))?;
            }
            Ok(())
        })
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(failure)
    }

    fn with_statement<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        run: impl FnOnce(&mut rusqlite::CachedStatement<'_>) -> Result<T>,
    ) -> Result<T> {
        let text = text(&mut self.texts, sql);
        let mut statement = self.connection.prepare_cached(&text).map_err(failure)?;
        if statement.parameter_count() != params.len() {
            return Err(Error::failed(format!(
                "{} parameters for a statement with {}: {sql}",
                params.len(),
                statement.parameter_count()
            )));
        }
        for (index, value) in params.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, value).map_err(failure)?;
        }
        run(&mut statement)
    }
}

fn text<'t>(texts: &'t mut HashMap<Box<str>, Box<str>>, sql: &'t str) -> Cow<'t, str> {
    if !sql.contains('$') {
        return Cow::Borrowed(sql);
    }
    if !texts.contains_key(sql) {
        // Texts made for a number of rows could add up; starting over is cheap.
        if texts.len() >= STATEMENTS {
            texts.clear();
        }
        texts.insert(sql.into(), numbered(sql).into());
    }
    Cow::Borrowed(&texts[sql])
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<types::ToSqlOutput<'_>> {
        Ok(types::ToSqlOutput::Borrowed(match self {
            Self::Null => types::ValueRef::Null,
            Self::Bool(flag) => types::ValueRef::Integer((*flag).into()),
            Self::Int(number) => types::ValueRef::Integer(*number),
            Self::Real(number) => types::ValueRef::Real(*number),
            Self::Text(text) => types::ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => types::ValueRef::Blob(bytes),
        }))
    }
}

/// Reads a column as it is.
pub(super) fn column<'r>(row: &'r rusqlite::Row<'r>, index: usize) -> Result<Value<'r>> {
    Ok(match row.get_ref(index).map_err(failure)? {
        types::ValueRef::Null => Value::Null,
        types::ValueRef::Integer(number) => Value::Int(number),
        types::ValueRef::Real(number) => Value::Real(number),
        types::ValueRef::Text(bytes) => Value::Text(Cow::Borrowed(
            std::str::from_utf8(bytes).map_err(|_| Error::Corrupt("a text is not UTF-8".to_owned()))?,
        )),
        types::ValueRef::Blob(bytes) => Value::Blob(Cow::Borrowed(bytes)),
    })
}

/// SQLite's error, by what a caller can do about it.
fn failure(error: rusqlite::Error) -> Error {
    let Some(code) = error.sqlite_error() else { return Error::Failed(Cause::new(error)) };
    match (code.code, code.extended_code) {
        (ErrorCode::ConstraintViolation, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => {
            Error::NotFound("what this belongs to")
        }
        (
            ErrorCode::ConstraintViolation,
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID,
        ) => Error::Conflict(Cow::Borrowed("this")),
        (ErrorCode::ConstraintViolation | ErrorCode::TooBig, _) => Error::Refused(error.to_string()),
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Error::Busy(Cause::new(error)),
        (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => Error::Corrupt(error.to_string()),
        (
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OutOfMemory,
            _,
        ) => Error::Unavailable(Cause::new(error)),
        _ => Error::Failed(Cause::new(error)),
    }
}
