//! Rows in and out of SQLite and PostgreSQL; the only SQL, and the only place where secrets are encrypted.
//!
//! One file per noun, each an `impl Store` with the functions of that noun: one statement or one transaction each, the
//! environment first, so that an unscoped query cannot be written by accident. No business rules here, and no type of a
//! driver comes out.
//!
//! In reading order: [`Store`], [`Error`], `db` (one handle over both databases), [`vault`], [`migrate`], `wakeups`, nouns.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod db;
mod error;
pub mod migrate;
pub mod vault;
mod wakeups;

mod activity;
mod api_keys;
mod checkpoints;
mod configuration;
mod configure_sessions;
mod connection_lookups;
mod connections;
mod deployments;
mod environment_variables;
mod environments;
mod fleet;
mod functions;
mod idempotency_keys;
mod integrations;
mod lanes;
mod locks;
mod logs;
mod metadata;
mod metadata_revisions;
mod metadata_secrets;
mod modules;
mod notices;
mod promotion;
mod records;
mod runs;
mod schema_versions;
mod sessions;
mod syncs;
mod users;
mod webhook_deliveries;
mod webhook_events;
mod webhook_settings;

pub use activity::{ActivityKey, ActivitySums};
pub use api_keys::NewApiKey;
pub use checkpoints::StoredCheckpoint;
pub use configuration::StoredConfiguration;
pub use connection_lookups::WebhookPaths;
pub use connections::{
    Access, Announcement, ConnectionChange, ConnectionFilter, ConnectionHealth, ConnectionPlace,
    RefreshOutcome, RefreshState, SaveConnection, Trial,
};
pub use deployments::{DeployChanges, Deployed, NewFunction};
pub use error::{Cause, Error, Result};
pub use fleet::{FleetCursor, FleetMember, Revisions};
pub use functions::FunctionVersion;
pub use idempotency_keys::{Keyed, KeyedRequest};
pub use integrations::{IntegrationChange, NewIntegration};
pub use lanes::{FREED, Lane};
pub use logs::{LogQuery, Order};
pub use metadata::{Effects, Judge, Judged, MetadataChange, Verdict, WrittenMetadata};
pub use metadata_revisions::{BrokenRevision, RevisionUsage, VerifiedRevisions};
pub use metadata_secrets::has_open_secret;
pub use modules::{LoadedModule, StoredBytecode, StoredModule};
pub use promotion::Promoted;
pub use records::{
    ModelCount, Pruned, RecordCount, RecordSet, RecordsPage, RecordsQuery, Saved, StoredBatch, Window, Writer,
};
pub use runs::{
    CANCELLED, CheckpointRange, Claim, DirectRun, Fence, Finish, FleetReads, ListedRun, MAX_TAKE_UPS, NewRun,
    QUEUED, RunCursor, RunsQuery,
};
pub use schema_versions::{CONFIGURED, VersionCursor, VersionedMetadata};
pub use sessions::{NewToken, StoredToken, TokenKind};
pub use syncs::{MAX_VARIANTS, NewVariant, SCHEDULED};
pub use users::{MemberChange, NewInvite, NewUser, UserProof};
pub use wakeups::Listener;
pub use webhook_deliveries::{DELIVERIES, Delivery, ListedDelivery, Reply, WholeDelivery};
pub use webhook_events::{FindConnections, NewWebhookEvent, RECEIVED, Routed, WebhookEvent, WebhookItem};

use bespoke_core::{
    secret::Secret,
    time::{Clock, Timestamp},
};
use std::{fmt, path::PathBuf, str::FromStr, sync::Arc};

/// The store: the database and the keys to its secrets. Clones share both.
#[derive(Clone)]
pub struct Store {
    db: db::Db,
    vault: vault::Vault,
    clock: Arc<dyn Clock>,
    shared: bool,
}

/// What [`Store::open`] needs.
pub struct Settings {
    /// Which database.
    pub url: DatabaseUrl,
    /// Encryption keys: the first seals, the others only open (after a rotation).
    pub keys: Vec<vault::Key>,
    /// Tells when rows are made and changed.
    pub clock: Arc<dyn Clock>,
}

/// Which database. `Debug` does not show a password.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// A SQLite file; made where it is not there. Its folder must exist.
    Sqlite(PathBuf),
    /// A PostgreSQL URL, `postgres://user:password@host/database?sslmode=…`.
    Postgres(Secret<String>),
}

impl FromStr for DatabaseUrl {
    type Err = Error;

    /// Reads `postgres://…`, `postgresql://…` or `sqlite:<path>`.
    fn from_str(text: &str) -> Result<Self> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Ok(Self::Postgres(text.into()))
        } else if let Some(path) = text.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
            Ok(Self::Sqlite(PathBuf::from(path.strip_prefix("//").unwrap_or(path))))
        } else {
            Err(Error::Refused("a database URL begins with postgres:// or sqlite:".to_owned()))
        }
    }
}

impl Store {
    /// Opens the database and brings its schema up to date.
    ///
    /// [`Error::Refused`]: a malformed URL, no key, or a database of a newer version. [`Error::Unavailable`]: it cannot be
    /// reached.
    pub async fn open(settings: Settings) -> Result<Self> {
        let vault = vault::Vault::new(&settings.keys)?;
        let db = db::Db::open(&settings.url)?;
        migrate::migrate(&db, settings.clock.now()).await?;
        Ok(Self {
            db,
            vault,
            clock: settings.clock,
            shared: matches!(settings.url, DatabaseUrl::Postgres(_)),
        })
    }

    /// Whether other nodes may use the same database.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Answers when the database does: for `/ready`.
    pub async fn ping(&self) -> Result<()> {
        self.db.read(|tx| tx.query_one("SELECT 1", &[], |_| Ok(()))).await
    }

    /// Listens to `topic` from now on: listen first, then look, then wait.
    ///
    /// On PostgreSQL it hears of all nodes. Wake-ups are hints; look again every few seconds all the same.
    pub fn listen(&self, topic: &str) -> Listener {
        self.db.wakeups().listen(topic)
    }

    /// Wakes those who listen to `topic`, on every node. What belongs to a change of rows is woken by the function that
    /// changes them, with its commit; this is for all else.
    pub async fn notify(&self, topic: &str) -> Result<()> {
        let topic = topic.to_owned();
        self.db
            .write(move |tx| {
                tx.wake(topic);
                Ok(())
            })
            .await
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}
