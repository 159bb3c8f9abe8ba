//! The transaction that a closure gets.

use super::{FromValue, Row, Value, postgres, sqlite};
use crate::error::{Error, Result};

/// A transaction on either database. The statements are the same text for both, with `$1`, `$2` … (see [`super::dialect`]).
///
/// A failed statement spoils the transaction: everything after it fails too and nothing is kept, whatever the closure
/// returns. (PostgreSQL works that way, SQLite would not.) Write `ON CONFLICT …`, do not catch errors.
pub(crate) struct Tx {
    pub(super) session: Session,
    /// False in [`super::Db::read`].
    writable: bool,
    /// A statement failed.
    spoiled: bool,
    /// Topics to wake when this is committed.
    pub(super) wakes: Vec<String>,
}

/// The connection that a thread owns.
#[expect(clippy::large_enum_variant, reason = "one per thread, never moved")]
pub(super) enum Session {
    Sqlite(sqlite::Session),
    Postgres(postgres::Session),
}

impl Tx {
    pub(super) fn new(session: Session) -> Self {
        Self { session, writable: false, spoiled: false, wakes: Vec::new() }
    }

    /// True on PostgreSQL. Only for [`super::dialect`] and the migrations.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.session, Session::Postgres(_))
    }

    /// Runs a statement; how many rows it changed.
    pub(crate) fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        self.guarded(sql, |tx| match &mut tx.session {
            Session::Sqlite(session) => session.execute(sql, params),
            Session::Postgres(session) => session.execute(sql, params),
        })
    }

    /// All rows, each through `read`.
    pub(crate) fn query<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.guarded(sql, |tx| {
            let mut each = |row: &Row<'_>| {
                rows.push(read(row)?);
                Ok(())
            };
            match &mut tx.session {
                Session::Sqlite(session) => session.for_each(sql, params, &mut each),
                Session::Postgres(session) => session.query(sql, params, &mut each),
            }
        })?;
        Ok(rows)
    }

    /// The first row, if there is one. The statement runs to its end.
    pub(crate) fn query_opt<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut first = None;
        self.guarded(sql, |tx| {
            let mut each = |row: &Row<'_>| {
                if first.is_none() {
                    first = Some(read(row)?);
                }
                Ok(())
            };
            match &mut tx.session {
                Session::Sqlite(session) => session.for_each(sql, params, &mut each),
                Session::Postgres(session) => session.query(sql, params, &mut each),
            }
        })?;
        Ok(first)
    }

    /// The first row of a statement that always has one, such as a count.
    pub(crate) fn query_one<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.query_opt(sql, params, read)?.ok_or_else(|| Error::failed("a statement gave no row"))
    }

    /// The first column of the first row, if there is one.
    pub(crate) fn value_opt<T: for<'r> FromValue<'r>>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
    ) -> Result<Option<T>> {
        self.query_opt(sql, params, |row| row.get(0))
    }

    /// Each row as it arrives, without keeping them: for results that may be large.
    pub(crate) fn for_each(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        mut each: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        self.guarded(sql, |tx| match &mut tx.session {
            Session::Sqlite(session) => session.for_each(sql, params, &mut each),
            Session::Postgres(session) => session.for_each(sql, params, &mut each),
        })
    }

    /// Runs several statements without parameters, as in a migration.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<()> {
        self.guarded(sql, |tx| match &mut tx.session {
            Session::Sqlite(session) => session.batch(sql),
            Session::Postgres(session) => session.batch(sql),
        })
    }

    /// Wakes those who listen to `topic`, on every node, once this transaction is committed.
    pub(crate) fn wake(&mut self, topic: impl Into<String>) {
        self.wakes.push(topic.into());
    }

    /// Runs `work` unless it may not, and remembers whether it fails.
    ///
    /// Every statement comes by here, so `BESPOKE_LOG=bespoke_store::sql=trace` shows them all: their texts, never their values.
    /// Switched off it is one comparison.
    fn guarded<T>(&mut self, sql: &str, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        tracing::trace!(target: "bespoke_store::sql", sql);
        if self.spoiled {
            return Err(Error::failed("an earlier statement of this transaction failed"));
        }
        let result = if self.writable || only_reads(sql) {
            work(self)
        } else {
            Err(Error::failed("a read must not change anything"))
        };
        self.spoiled = result.is_err();
        result
    }

    /// Makes it ready for the next closure.
    pub(super) fn renew(&mut self, writable: bool) {
        self.writable = writable;
        self.spoiled = false;
    }

    /// True where a statement failed since [`Tx::renew`].
    pub(super) fn is_spoiled(&self) -> bool {
        self.spoiled
    }
}

/// What a read may run. PostgreSQL would do anything there, without a transaction.
fn only_reads(sql: &str) -> bool {
    let start = sql.trim_start();
    ["SELECT", "WITH"]
        .iter()
        .any(|word| start.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word)))
}
