//! Brings the schema to what this program knows.
//!
//! Migrations are numbered pairs of files, the same number and name for both databases. To add one, add both files and
//! a line to [`MIGRATIONS`]; a published migration never changes.

use crate::{
    db::{Db, Tx, params},
    error::{Error, Result},
};
use bespoke_core::time::Timestamp;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

struct Migration {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($name:literal),+ $(,)?) => { &[$(Migration {
        name: $name,
        sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
        postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
    }),+] };
}

/// In order; the position (from 1) is the version.
const MIGRATIONS: &[Migration] = migrations![
    "0001_init",
    "0002_connections",
    "0003_functions",
    "0004_syncs",
    "0005_records",
    "0006_runs",
    "0007_refresh",
    "0008_function_state",
    "0009_webhooks",
    "0010_policies",
    "0011_logs",
    "0012_lanes",
    "0013_trials",
    "0014_metadata_revisions",
    "0015_metadata_defaults",
    "0016_metadata_webhooks",
    "0017_metadata_schemas",
    "0018_paths_read",
    "0019_fleet",
    "0020_resync",
    "0021_metadata_secrets",
    "0022_schema_versions",
    "0023_connection_health",
    "0024_accounts",
    "0025_configure_sessions",
    "0026_activity",
    "0027_delivery_log",
    "0028_record_versions",
];

/// The version of the schema that this program works with.
pub const SCHEMA_VERSION: usize = MIGRATIONS.len();

/// A number that changes when any migration does. Tests name their template database by it.
pub fn fingerprint() -> u64 {
    let mut hasher = DefaultHasher::new();
    for migration in MIGRATIONS {
        (migration.name, migration.postgres).hash(&mut hasher);
    }
    hasher.finish()
}

/// One node migrates and the others wait for it, however long it takes. Any number will do; all nodes take the same one.
const LOCK: &str = "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(4231127)";

/// Applies what is missing, all of it or nothing. Safe when several nodes start at once.
///
/// [`Error::Refused`] where the database was made by a newer version of the program.
pub(crate) async fn migrate(db: &Db, now: Timestamp) -> Result<()> {
    db.write(move |tx| {
        if tx.is_postgres() {
            tx.batch(LOCK)?;
        }
        tx.batch(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                 version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)",
        )?;
        let applied = applied(tx)?;
        check(&applied)?;
        for (index, migration) in MIGRATIONS.iter().enumerate().skip(applied.len()) {
            tx.batch(if tx.is_postgres() { migration.postgres } else { migration.sqlite })?;
            let version = i64::try_from(index + 1).unwrap_or(i64::MAX);
            tx.execute(
                "INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)",
                params![version, migration.name, now],
            )?;
            tracing::info!(migration = migration.name, "applied the migration {}", migration.name);
        }
        Ok(())
    })
    .await
}

fn applied(tx: &mut Tx) -> Result<Vec<String>> {
    tx.query("SELECT name FROM schema_migrations ORDER BY version", &[], |row| row.get(0))
}

fn check(applied: &[String]) -> Result<()> {
    if applied.len() > MIGRATIONS.len() {
        return Err(Error::Refused(format!(
            "the database has schema version {} and this program knows up to {SCHEMA_VERSION}; \
             use the newer program, or a backup from before the upgrade",
            applied.len()
        )));
    }
    let known = MIGRATIONS.iter().map(|migration| migration.name);
    match applied.iter().zip(known).find(|(applied, known)| applied != known) {
        None => Ok(()),
        Some((applied, known)) => Err(Error::Refused(format!(
            "the database was made by another program: it has the migration {applied} where {known} is expected"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_in_order() {
        let numbers: Vec<&str> = MIGRATIONS.iter().map(|migration| &migration.name[..5]).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        assert!(numbers.iter().all(|number| number.ends_with('_')), "{numbers:?}");
    }

    #[test]
    fn a_newer_or_foreign_database_is_refused() {
        let mut names: Vec<String> = MIGRATIONS.iter().map(|migration| migration.name.to_owned()).collect();
        assert!(check(&names).is_ok());
        names.push("9999_future".to_owned());
        assert!(check(&names).unwrap_err().to_string().contains("newer program"));
        assert!(check(&["0001_other".to_owned()]).unwrap_err().to_string().contains("0001_other"));
    }
}
