//! A database for each test, on SQLite and on PostgreSQL.
//!
//! PostgreSQL comes from the URL in `BESPOKE_TEST_POSTGRES` (`scripts/postgres start` prints one). Every test gets a
//! database of its own, copied from a migrated template, and dropped afterwards. Without the variable the PostgreSQL half
//! of every test is skipped, which is said on the terminal.

use crate::clock::ManualClock;
use bespoke_core::time::Clock;
use bespoke_store::{DatabaseUrl, Settings, Store, migrate, vault::Key};
use postgres::{Client, NoTls};
use std::{io::Write as _, sync::Arc, sync::Once, thread, time::Duration};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

/// Where the URL of a PostgreSQL server is, whose user may create databases.
pub const POSTGRES_VARIABLE: &str = "BESPOKE_TEST_POSTGRES";

/// Runs each test body twice, as `name::sqlite` and `name::postgres`, with a [`Database`] of its own.
///
/// ```text
/// both! {
///     /// Says what must be true.
///     async fn a_key_opens_its_environment(database) {
///         let store = database.store().await;
///     }
/// }
/// ```
#[macro_export]
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($database:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$meta])*
            async fn body($database: $crate::database::Database) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body($crate::database::Database::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(database) = $crate::database::Database::postgres().await {
                    body(database).await;
                }
            }
        }
    )+};
}

/// A database that goes away with this value.
#[derive(Debug)]
pub struct Database {
    url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Sqlite(#[expect(dead_code, reason = "removes the folder when dropped")] TempDir),
    Postgres { server: Url, name: String },
}

impl Database {
    /// A SQLite file in a new temporary folder. It is made when it is opened first.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self { url, place: Place::Sqlite(folder) }
    }

    /// A new database on the PostgreSQL server for tests; `None`, and a message, where there is none.
    pub async fn postgres() -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "tests have no settings file")]
        let Ok(server) = std::env::var(POSTGRES_VARIABLE) else {
            say_skipped();
            return None;
        };
        let server = Url::parse(&server).expect("BESPOKE_TEST_POSTGRES is a URL");
        let template = template(&server).await;
        #[expect(clippy::disallowed_methods, reason = "the name of a throw-away database")]
        let name = format!("bespoke_test_{}", Uuid::new_v4().simple());
        run_sql(server.clone(), vec![format!("CREATE DATABASE {name} TEMPLATE {template}")]);
        Some(Self { url: named(&server, &name).to_string(), place: Place::Postgres { server, name } })
    }

    /// Its URL, as [`DatabaseUrl`] reads it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// True on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self.place, Place::Postgres { .. })
    }

    /// A store on it, with a clock that stands still. Every call opens it anew, as another node would.
    pub async fn store(&self) -> Store {
        self.store_at(Arc::new(ManualClock::default())).await
    }

    /// A store on it with this clock.
    pub async fn store_at(&self, clock: Arc<dyn Clock>) -> Store {
        open(&self.url, clock).await
    }

    /// Runs SQL on it beside the store, as an administrator would.
    ///
    /// # Panics
    /// Where the database refuses the statement.
    pub fn administer(&self, sql: &str) {
        if self.is_postgres() {
            return run_sql(Url::parse(&self.url).expect("our own URL"), vec![sql.to_owned()]);
        }
        let file = self.url.trim_start_matches("sqlite:");
        let connection = rusqlite::Connection::open(file).expect("the file opens");
        connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The first column of a query's rows, as text; NULLs are left out.
    ///
    /// # Panics
    /// Where the database refuses the statement.
    pub fn read_texts(&self, sql: &str) -> Vec<String> {
        if self.is_postgres() {
            let (url, sql) = (Url::parse(&self.url).expect("our own URL"), sql.to_owned());
            return in_thread(move || {
                let rows = connect(&url).query(&sql, &[]).expect("the statement runs");
                rows.iter().filter_map(|row| row.get::<_, Option<String>>(0)).collect()
            });
        }
        let file = self.url.trim_start_matches("sqlite:");
        let connection = rusqlite::Connection::open(file).expect("the file opens");
        let mut statement = connection.prepare(sql).expect("the statement runs");
        let rows = statement.query_map((), |row| row.get::<_, Option<String>>(0)).expect("it has rows");
        rows.filter_map(|row| row.expect("a text")).collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Place::Postgres { server, name } = &self.place {
            run_sql(server.clone(), vec![format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")]);
        }
    }
}

async fn open(url: &str, clock: Arc<dyn Clock>) -> Store {
    let url: DatabaseUrl = url.parse().expect("our own URL");
    Store::open(Settings { url, keys: vec![Key::new([7; 32])], clock }).await.expect("the database opens")
}

/// The migrated database that the others are copies of; made once for each state of the migrations.
async fn template(server: &Url) -> String {
    let name = format!("bespoke_template_{:016x}", migrate::fingerprint());
    let exists = {
        let (server, name) = (server.clone(), name.clone());
        in_thread(move || exists(&mut connect(&server), &name))
    };
    if !exists {
        make_template(server, &name).await;
    }
    name
}

fn exists(client: &mut Client, name: &str) -> bool {
    let found = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]);
    found.expect("pg_database can be read").is_some()
}

/// Makes the template under another name first: whoever sees its name sees it whole. Where several processes do so at
/// once, the first one to rename wins.
async fn make_template(server: &Url, name: &str) {
    #[expect(clippy::disallowed_methods, reason = "the name of a throw-away database")]
    let draft = format!("bespoke_draft_{}", Uuid::new_v4().simple());
    run_sql(server.clone(), vec![format!("CREATE DATABASE {draft} TEMPLATE template0")]);
    drop(open(named(server, &draft).as_str(), Arc::new(ManualClock::default())).await);
    let (server, name) = (server.clone(), name.to_owned());
    in_thread(move || {
        let mut client = connect(&server);
        client.batch_execute("SELECT pg_advisory_lock(77)").expect("a lock can be had");
        // The store that was dropped may still be closing its connections.
        for _ in 0..100 {
            if exists(&mut client, &name) {
                client
                    .batch_execute(&format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)"))
                    .expect("a draft can be dropped");
                return;
            }
            client
                .execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
                    &[&draft],
                )
                .expect("own sessions can be ended");
            if client.batch_execute(&format!("ALTER DATABASE {draft} RENAME TO {name}")).is_err() {
                thread::sleep(Duration::from_millis(50));
            }
        }
        panic!("the template database could not be made: its draft is still in use");
    });
}

/// The same server, another database.
fn named(server: &Url, name: &str) -> Url {
    let mut url = server.clone();
    url.set_path(name);
    url
}

fn connect(url: &Url) -> Client {
    Client::connect(url.as_str(), NoTls).expect("the PostgreSQL server for tests answers")
}

fn run_sql(url: Url, statements: Vec<String>) {
    in_thread(move || {
        let mut client = connect(&url);
        for statement in statements {
            client.batch_execute(&statement).unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        }
    });
}

/// The client blocks, which a thread of the test's runtime may not.
fn in_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match thread::spawn(work).join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn say_skipped() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Not `eprintln!`: the test harness would swallow it.
        let text = format!(
            "\n*** {POSTGRES_VARIABLE} is not set: NOTHING IS TESTED ON POSTGRESQL. ***\n\
             *** export {POSTGRES_VARIABLE}=\"$(scripts/postgres start)\" ***\n"
        );
        let _ = std::io::stderr().write_all(text.as_bytes());
    });
}
