//! One handle over both databases. Closures run on threads of our own, each of which owns a connection.
//!
//! Why not an async driver: on SQLite every awaited statement is a thread hop, which costs more than the statement.
//! A closure is one hop, however many statements it has (storage.md has the figures).

mod connector;
pub(crate) use connector::Connector;
pub(crate) mod dialect;
mod postgres;
mod postgres_types;
mod sqlite;
#[cfg(test)]
mod tests;
mod tx;
mod value;

pub(crate) use dialect::multi_row;
pub(crate) use tx::Tx;
pub(crate) use value::{FromValue, Row, Value, params};

use crate::{
    DatabaseUrl,
    error::{Cause, Error, Result},
    wakeups::Wakeups,
};
use crossbeam_channel::Sender;
use sqlite::LookUps;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use tokio::sync::oneshot;

/// The database. Clones share it; when the last one is dropped its threads finish what is queued and end.
#[derive(Clone)]
pub(crate) struct Db {
    writes: Queue,
    reads: Queue,
    look_ups: LookUps,
    wakeups: Wakeups,
}

impl Db {
    /// Starts the threads. SQLite's file is opened here and made if need be; PostgreSQL is connected to at the first
    /// closure, and again whenever the connection is lost.
    pub(crate) fn open(url: &DatabaseUrl) -> Result<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                let wakeups = Wakeups::local();
                let (writes, reads) = sqlite::start(path, &wakeups)?;
                let look_ups = LookUps::open(path)?;
                Ok(Self { writes, reads, look_ups, wakeups })
            }
            DatabaseUrl::Postgres(url) => {
                let connector = Arc::new(connector::Connector::new(url.expose())?);
                let wakeups = Wakeups::shared(Arc::clone(&connector))?;
                let jobs = postgres::start(&connector, &wakeups)?;
                Ok(Self { writes: jobs.clone(), reads: jobs, look_ups: LookUps::none(), wakeups })
            }
        }
    }

    /// Runs `work` in a transaction: all of it is kept, durably, or nothing of it.
    ///
    /// An `Err` or a panic of `work` rolls back only what it did itself. No transaction is ever held across the network
    /// or a script: `work` is synchronous on purpose. Where the returned future is dropped before `work` has begun,
    /// `work` does not run; afterwards it does run to its end.
    /// There is no retry: [`Error::Busy`] means that nothing happened.
    ///
    /// On SQLite all writers of the process share one thread and many closures share one commit. So keep `work` short,
    /// and keep deferred constraints out of the schema: they would fail at the commit, for everyone in it.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        submit(&self.writes, true, work).await
    }

    /// Runs `work`, which only reads. It sees everything that was committed before the call.
    ///
    /// On SQLite it sees one snapshot; on PostgreSQL each statement sees the newest state, and there is no transaction
    /// around them (which saves two round trips).
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        submit(&self.reads, false, work).await
    }

    /// Like [`Db::read`], for a few rows that are found by their keys: on SQLite they are there sooner than another thread
    /// would be awake, so `work` runs at once on the caller's. Nothing that could be long may be asked for here.
    pub(crate) async fn look_up<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if let Some(mut tx) = self.look_ups.free() {
            return sqlite::in_snapshot(&mut tx, |tx| guarded(tx, false, work))?;
        }
        self.read(work).await
    }

    /// Where to listen for what other callers and other nodes committed.
    pub(crate) fn wakeups(&self) -> &Wakeups {
        &self.wakeups
    }
}

async fn submit<T, F>(queue: &Queue, writes: bool, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&mut Tx) -> Result<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let call = Call { writes, work: Some(work), result: None, reply: Some(reply) };
    queue.send(Box::new(call)).map_err(|_| stopped())?;
    answer.await.map_err(|_| stopped())?
}

/// Runs a closure; a panic of it, or a failed statement that it did not tell, is an error.
fn guarded<T>(tx: &mut Tx, writes: bool, work: impl FnOnce(&mut Tx) -> Result<T>) -> Result<T> {
    tx.renew(writes);
    let result = catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Err(Error::failed(format!("a database closure panicked: {text}")))
    });
    match result {
        Ok(_) if tx.is_spoiled() => Err(Error::failed("a closure went on after a failed statement")),
        other => other,
    }
}

fn stopped() -> Error {
    Error::Unavailable(Cause::text("the threads of the database have ended"))
}

/// Where closures wait for a thread. It needs no limit: every caller waits for its own.
type Queue = Sender<Box<dyn Job>>;

/// A closure on its way through a thread: run first, answered when its transaction has ended.
trait Job: Send {
    /// Whether it wants a transaction that writes.
    fn writes(&self) -> bool;
    /// Nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Runs it and keeps the result; true where what it did is to be kept. Never panics.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Tells the caller. `end` is how the transaction ended; the closure's own error goes before it.
    fn answer(self: Box<Self>, end: Result<()>);
}

struct Call<T, F> {
    writes: bool,
    work: Option<F>,
    result: Option<Result<T>>,
    reply: Option<oneshot::Sender<Result<T>>>,
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut Tx) -> Result<T> + Send,
{
    fn writes(&self) -> bool {
        self.writes
    }

    fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    fn run(&mut self, tx: &mut Tx) -> bool {
        let Some(work) = self.work.take() else { return false };
        let result = guarded(tx, self.writes, work);
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(mut self: Box<Self>, end: Result<()>) {
        let result = match (self.result.take(), end) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(stopped()),
        };
        if let Some(reply) = self.reply.take() {
            // The caller may have gone; the work is done all the same.
            let _ = reply.send(result);
        }
    }
}
