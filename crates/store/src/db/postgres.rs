//! PostgreSQL: threads that own one session each. A lost session is replaced at the next closure.

use super::{Job, Queue, Row, Tx, Value, connector::Connector, sqlite::spawn, tx::Session as TxSession};
use crate::{
    error::{Cause, Error, Result},
    wakeups::Wakeups,
};
use crossbeam_channel::{Receiver, unbounded};
use postgres::{Client, Statement, error::SqlState, fallible_iterator::FallibleIterator as _, types::ToSql};
use std::{
    borrow::Cow,
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// Sessions, and so closures at once, of one node.
const WORKERS: usize = 8;
/// Statements that each session keeps prepared.
const STATEMENTS: usize = 256;
/// Wait after the first and after many failed attempts to connect; in between it doubles.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Starts the threads; where to send reads and writes. They connect when they have something to do.
pub(super) fn start(connector: &Arc<Connector>, wakeups: &Wakeups) -> Result<Queue> {
    let (jobs, queue) = unbounded();
    for index in 0..WORKERS {
        let tx = Tx::new(TxSession::Postgres(Session::new(Arc::clone(connector))));
        let (queue, wakeups) = (queue.clone(), wakeups.clone());
        spawn(format!("store-postgres-{index}"), move || work_loop(tx, &queue, &wakeups))?;
    }
    Ok(jobs)
}

fn work_loop(mut tx: Tx, queue: &Receiver<Box<dyn Job>>, wakeups: &Wakeups) {
    while let Ok(mut job) = queue.recv() {
        if job.is_abandoned() {
            continue;
        }
        session(&mut tx).transactional = job.writes();
        let keep = job.run(&mut tx);
        let end = session(&mut tx).end(keep);
        if keep && end.is_ok() {
            wakeups.wake(&tx.wakes);
        }
        tx.wakes.clear();
        job.answer(end);
        // After the answer, so that nobody waits for it. Many topics may have come together by now.
        if let Some(topics) = wakeups.take_outgoing() {
            session(&mut tx).transactional = false;
            if let Err(error) = session(&mut tx).execute(crate::wakeups::NOTIFY, &[Value::from(topics)]) {
                tracing::warn!(%error, "the other nodes were not woken; they find the work when they poll");
            }
        }
    }
}

fn session(tx: &mut Tx) -> &mut Session {
    match &mut tx.session {
        TxSession::Postgres(session) => session,
        TxSession::Sqlite(_) => unreachable!("PostgreSQL's threads own PostgreSQL sessions"),
    }
}

/// A session with its prepared statements.
pub(super) struct Session {
    connector: Arc<Connector>,
    client: Option<Client>,
    statements: HashMap<Box<str>, Statement>,
    /// The closure wants a transaction; it begins with the first statement.
    transactional: bool,
    /// The transaction has begun.
    begun: bool,
    /// No attempt to connect before this, with the wait after the next failure and the last failure.
    failed: Option<(Instant, Duration, Error)>,
}

impl Session {
    fn new(connector: Arc<Connector>) -> Self {
        Self {
            connector,
            client: None,
            statements: HashMap::new(),
            transactional: false,
            begun: false,
            failed: None,
        }
    }

    pub(super) fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        self.run(sql, params, |client, statement, params| client.execute(statement, params))
    }

    /// All rows, fetched at once: one trip through the driver.
    pub(super) fn query(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let rows = self.run(sql, params, |client, statement, params| client.query(statement, params))?;
        rows.iter().try_for_each(|row| each(&Row::Postgres(row)))
    }

    /// Each row as it arrives.
    pub(super) fn for_each(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut ended = Ok(());
        self.run(sql, params, |client, statement, params| {
            let mut rows = client.query_raw(statement, params.iter().copied())?;
            let mut seen = false;
            loop {
                match rows.next() {
                    Ok(Some(row)) => {
                        seen = true;
                        ended = each(&Row::Postgres(&row));
                        if ended.is_err() {
                            return Ok(());
                        }
                    }
                    Ok(None) => return Ok(()),
                    // Not to be tried again on another connection: the rows before would come twice.
                    Err(error) if seen => {
                        ended = Err(classify(error));
                        return Ok(());
                    }
                    Err(error) => return Err(error),
                }
            }
        })?;
        ended
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<()> {
        self.begin()?;
        let client = self.connected()?;
        client.batch_execute(sql).map_err(|error| self.failure(error))
    }

    /// Runs a prepared statement. Outside of a transaction it is run again on a new connection if this one is lost:
    /// those are reads only.
    fn run<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        mut work: impl FnMut(&mut Client, &Statement, &[&(dyn ToSql + Sync)]) -> Result<T, postgres::Error>,
    ) -> Result<T> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as _).collect();
        self.begin()?;
        let mut attempts = if self.begun { 1 } else { 2 };
        loop {
            attempts -= 1;
            let result = match self.statement(sql)? {
                Ok(statement) => {
                    if statement.params().len() != params.len() {
                        return Err(Error::failed(format!(
                            "{} parameters for a statement with {}: {sql}",
                            params.len(),
                            statement.params().len()
                        )));
                    }
                    work(self.connected()?, &statement, &params)
                }
                Err(error) => Err(error),
            };
            match result {
                Ok(value) => return Ok(value),
                Err(error) if attempts > 0 && is_lost(&error) => self.forget(),
                Err(error) => return Err(self.failure(error)),
            }
        }
    }

    /// The prepared statement. The outer error is of connecting.
    fn statement(&mut self, sql: &str) -> Result<Result<Statement, postgres::Error>> {
        if let (Some(statement), Some(_)) = (self.statements.get(sql), &self.client) {
            return Ok(Ok(statement.clone()));
        }
        let prepared = self.connected()?.prepare(sql);
        if let Ok(statement) = &prepared {
            if self.statements.len() >= STATEMENTS {
                self.statements.clear();
            }
            self.statements.insert(sql.into(), statement.clone());
        }
        Ok(prepared)
    }

    /// Begins the transaction, if the closure wants one and it has not begun. Nothing has happened yet, so a connection
    /// found lost here is replaced.
    fn begin(&mut self) -> Result<()> {
        if !self.transactional || self.begun {
            return Ok(());
        }
        const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
        match self.connected()?.batch_execute(BEGIN) {
            Ok(()) => {}
            Err(error) if is_lost(&error) => {
                self.forget();
                self.connected()?.batch_execute(BEGIN).map_err(|error| self.failure(error))?;
            }
            Err(error) => return Err(self.failure(error)),
        }
        self.begun = true;
        Ok(())
    }

    /// Ends the transaction, if one has begun.
    fn end(&mut self, keep: bool) -> Result<()> {
        if !std::mem::take(&mut self.begun) {
            return Ok(());
        }
        let Some(client) = &mut self.client else {
            return Err(Error::Unavailable(Cause::text("the connection was lost during the transaction")));
        };
        let end = client.batch_execute(if keep { "COMMIT" } else { "ROLLBACK" });
        end.map_err(|error| {
            let error = self.failure(error);
            // Whatever state the session is in, nobody may continue in it.
            self.forget();
            error
        })
    }

    fn connected(&mut self) -> Result<&mut Client> {
        if self.client.is_none() {
            let wait = match &self.failed {
                Some((until, _, error)) if Instant::now() < *until => return Err(error.clone()),
                Some((_, wait, _)) => *wait,
                None => BACK_OFF.0,
            };
            match self.connector.connect() {
                Ok(client) => {
                    self.client = Some(client);
                    self.failed = None;
                }
                Err(error) => {
                    let error = classify(error);
                    self.failed = Some((Instant::now() + wait, (wait * 2).min(BACK_OFF.1), error.clone()));
                    return Err(error);
                }
            }
        }
        self.client.as_mut().ok_or_else(|| Error::failed("connected without a connection"))
    }

    fn forget(&mut self) {
        self.statements.clear();
        self.client = None;
    }

    /// What to tell the caller; a session that is of no use any more is dropped.
    fn failure(&mut self, error: postgres::Error) -> Error {
        if is_lost(&error) {
            self.forget();
        } else if error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) {
            // "cached plan must not change result type": another node has migrated the schema.
            self.statements.clear();
        }
        classify(error)
    }
}

/// True where the connection is gone, whoever ended it.
fn is_lost(error: &postgres::Error) -> bool {
    match error.code() {
        Some(code) => matches!(&code.code()[..2], "08" | "57") && *code != SqlState::QUERY_CANCELED,
        // Without a code it is not the server's word: closed, I/O, TLS or a value that cannot be sent.
        None => {
            error.is_closed()
                || std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
        }
    }
}

/// PostgreSQL's error, by what a caller can do about it.
pub(super) fn classify(error: postgres::Error) -> Error {
    let Some(server) = error.as_db_error() else {
        // A value that does not fit the statement is our mistake; all else without a code is the connection.
        return if error.to_string().starts_with("error serializing parameter") {
            Error::Failed(Cause::new(error))
        } else {
            Error::Unavailable(Cause::new(error))
        };
    };
    let code = server.code();
    match &code.code()[..2] {
        _ if *code == SqlState::UNIQUE_VIOLATION => Error::Conflict(Cow::Borrowed("this")),
        _ if *code == SqlState::FOREIGN_KEY_VIOLATION => Error::NotFound("what this belongs to"),
        // Deadlock, lock not available, cancelled, too many connections.
        "40" | "55" | "53" => Error::Busy(Cause::new(error)),
        _ if *code == SqlState::QUERY_CANCELED => Error::Busy(Cause::new(error)),
        "08" | "57" | "58" | "28" | "3D" => Error::Unavailable(Cause::new(error)),
        // A value that this database cannot hold, or that breaks a check.
        "22" | "23" | "54" => Error::Refused(server.message().to_owned()),
        "XX" => Error::Corrupt(server.message().to_owned()),
        _ => Error::Failed(Cause::new(error)),
    }
}
