//! Writes of connections' metadata: every path to it goes through [`write()`], which leaves a revision of each.
//!
//! A write reads the document that it changes within its own transaction, and locks it where there can be other writers,
//! so that no write is ever lost and no number is left out.

use crate::{
    Store,
    connection_lookups::{self, Part},
    db::{Tx, Value, params},
    error::{Error, Result},
    metadata_revisions,
    metadata_secrets::{self, Owner},
    notices,
    syncs::{self, Affected},
    vault::Vault,
};
use bespoke_core::{
    document::{Document, Patch, Write},
    effect::{Applied, Effect},
    id::{ConnectionId, EnvironmentId},
    revision::Provenance,
    time::Timestamp,
};
use std::{fmt, sync::Arc};

/// What a judge is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// The connection.
    pub connection: ConnectionId,
    /// What is stored; `None` where nothing ever was.
    pub before: Option<&'a Document>,
    /// The version of the schema that this is of; 0 where it never was judged.
    pub version: i64,
    /// What would be stored.
    pub document: &'a Document,
}

/// What a judge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be stored.
    Accepted {
        /// The version of the schema that it is of from now on; `None` lets it be.
        version: Option<i64>,
    },
    /// It may not.
    Refused,
    /// It has to be looked at elsewhere, which takes longer than a transaction may.
    Unknown,
    /// What is there has to be migrated before.
    Outdated,
    /// What is there is of another version than the writer thought.
    Overtaken,
}

/// Says whether a document may be stored. It is asked within the write's transaction, of the document as it would be, so
/// that a merge is judged by what it makes of what is there then.
#[derive(Clone)]
pub struct Judge(Arc<dyn Fn(Judged<'_>) -> Verdict + Send + Sync>);

impl Judge {
    /// A judge that says what `verdict` does. It must be quick: other writers wait.
    pub fn new(verdict: impl Fn(Judged<'_>) -> Verdict + Send + Sync + 'static) -> Self {
        Self(Arc::new(verdict))
    }

    /// A judge that accepts all as being of this version of the schema.
    pub fn stamp(version: i64) -> Self {
        Self::new(move |_| Verdict::Accepted { version: Some(version) })
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Judge")
    }
}

/// What a write does to data.
#[derive(Clone)]
pub enum Effects {
    /// What the writer asked for.
    Asked(Effect),
    /// What is said of the places that it changes.
    OfChange(Arc<dyn Fn(&Patch) -> Effect + Send + Sync>),
}

impl Effects {
    /// The effect of a change. One that changes nothing has none.
    pub fn of(&self, patch: &Patch) -> Effect {
        match self {
            _ if patch.is_empty() => Effect::None,
            Self::Asked(effect) => *effect,
            Self::OfChange(effect) => effect(patch),
        }
    }

    /// Whether syncs whose schedule is off run, too.
    pub fn are_asked(&self) -> bool {
        matches!(self, Self::Asked(_))
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(effect) => f.debug_tuple("Asked").field(effect).finish(),
            Self::OfChange(_) => f.write_str("OfChange"),
        }
    }
}

/// A write and what is to be known of it.
#[derive(Clone, Debug)]
pub struct MetadataChange {
    /// What to write.
    pub write: Write,
    /// Where it comes from.
    pub provenance: Provenance,
    /// Write only where this is the newest revision; 0 where there is none yet.
    pub expected: Option<i64>,
    /// Who has to accept what would be stored.
    pub judge: Option<Judge>,
    /// What it does to data; `None` is nothing.
    pub effects: Option<Effects>,
}

impl MetadataChange {
    /// A write on whatever is there.
    pub const fn new(write: Write, provenance: Provenance) -> Self {
        Self { write, provenance, expected: None, judge: None, effects: None }
    }
}

/// What a write left at one connection.
#[derive(Clone, Debug)]
pub struct WrittenMetadata {
    /// The connection.
    pub connection: ConnectionId,
    /// The newest revision: the one that the write made, or the one before it where nothing was different.
    pub revision: i64,
    /// The version of the schema that it is of; 0 where it never was judged.
    pub schema_version: i64,
    /// What is stored now.
    pub document: Document,
    /// From what was there before; empty where nothing was different.
    pub patch: Patch,
    /// What it did to data.
    pub applied: Applied,
}

impl Store {
    /// Writes the metadata of all these connections of one integration, or of none: one entry for each different id,
    /// in no particular order.
    ///
    /// [`Error::NotFound`] where any connection is missing, [`Error::Conflict`] where any has another revision than the
    /// expected one, [`Error::TooLarge`] where any document would be too large, [`Error::NotPatched`] where a patch does not
    /// fit any.
    pub async fn write_metadata(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_ids: Vec<String>,
        change: MetadataChange,
    ) -> Result<Vec<WrittenMetadata>> {
        let (key, vault, now) = (provider_config_key.to_owned(), self.vault.clone(), self.now());
        self.db
            .write(move |tx| {
                let ids = rows(tx, environment, &key, &connection_ids)?;
                self::write(tx, &vault, &ids, &change, now)
            })
            .await
    }
}

/// The rows of connections, each once, in the order in which they are to be locked.
fn rows(tx: &mut Tx, environment: EnvironmentId, key: &str, names: &[String]) -> Result<Vec<ConnectionId>> {
    let missing = || Error::NotFound("the connection");
    if let [name] = names {
        return Ok(vec![row(tx, environment, key, name)?.ok_or_else(missing)?]);
    }
    let found: Vec<Option<ConnectionId>> = tx.query(
        "SELECT (SELECT connections.id FROM connections
                 WHERE connections.integration_id =
                           (SELECT id FROM integrations WHERE environment_id = $1 AND unique_key = $2)
                   AND connections.connection_id = k.value)
         FROM json_each($3) k",
        params![environment, key, Value::json(&names)?],
        |row| row.get(0),
    )?;
    let mut ids = found.into_iter().collect::<Option<Vec<_>>>().ok_or_else(missing)?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The row of the connection of these names.
pub(crate) fn row(
    tx: &mut Tx,
    environment: EnvironmentId,
    key: &str,
    name: &str,
) -> Result<Option<ConnectionId>> {
    tx.value_opt(
        "SELECT connections.id FROM connections
         WHERE connections.integration_id =
                   (SELECT id FROM integrations WHERE environment_id = $1 AND unique_key = $2)
           AND connections.connection_id = $3",
        params![environment, key, name],
    )
}

/// Writes the metadata in these rows. They must be different and in order, so that two writes never wait for each other
/// in a circle. Where a document stays what it is, there is no revision and nothing is written.
pub(crate) fn write(
    tx: &mut Tx,
    vault: &Vault,
    ids: &[ConnectionId],
    change: &MetadataChange,
    now: Timestamp,
) -> Result<Vec<WrittenMetadata>> {
    let select = format!(
        "SELECT metadata_revision,
                (SELECT webhook_paths IS NOT NULL FROM integrations WHERE integrations.id = connections.integration_id),
                (SELECT on_metadata_change FROM webhook_settings s WHERE s.environment_id = connections.environment_id),
                metadata, environment_id, metadata_schema_version,
                (SELECT metadata_secrets FROM integrations WHERE integrations.id = connections.integration_id)
         FROM connections WHERE id = $1{}",
        // Whoever has locked a sync may be making a run of it, which refers to the connection.
        tx.for_change()
    );
    let mut written: Vec<WrittenMetadata> = Vec::with_capacity(ids.len());
    let (mut unknown, mut outdated) = (Vec::new(), Vec::new());
    let mut affected = Vec::new();
    for &connection in ids {
        let (mut revision, has_paths, is_told, stored, environment, version, secrets) = tx
            .query_opt(&select, params![connection], |row| {
                let stored = row.get::<Option<String>>(3)?.map(Document::from_stored);
                let is_told = row.get::<Option<bool>>(2)?.unwrap_or_default();
                let secrets = metadata_secrets::paths(row.get::<Option<&str>>(6)?)?;
                let (environment, version) = (row.get(4)?, row.get::<i64>(5)?);
                Ok((row.get::<i64>(0)?, row.get::<bool>(1)?, is_told, stored, environment, version, secrets))
            })?
            .ok_or(Error::NotFound("the connection"))?;
        if change.expected.is_some_and(|expected| expected != revision) {
            return Err(Error::Conflict("the metadata".into()));
        }
        let owner = Owner::Connection(connection);
        let before = stored.clone().map(|stored| metadata_secrets::hidden(&secrets, stored));
        let (asked, mut patch) = change.write.change(before.as_ref()).map_err(Error::from)?;
        let judged = metadata_secrets::unmasked(vault, owner, &secrets, before.as_ref(), asked.clone())?;
        let mut schema_version = version;
        let asked_about = Judged { connection, before: before.as_ref(), version, document: &judged };
        let accepted = Verdict::Accepted { version: None };
        match change.judge.as_ref().map_or(accepted, |judge| (judge.0)(asked_about)) {
            Verdict::Accepted { version: Some(now) } if now != version => {
                let sql = "UPDATE connections SET metadata_schema_version = $2 WHERE id = $1";
                tx.execute(sql, params![connection, now])?;
                schema_version = now;
            }
            Verdict::Accepted { .. } => {}
            Verdict::Refused => return Err(Error::NotAccepted(judged)),
            Verdict::Overtaken => return Err(Error::Conflict("the metadata".into())),
            // The others are looked at, too, so that all are learned of at once.
            Verdict::Unknown => unknown.push(judged.clone()),
            Verdict::Outdated => outdated.push(connection),
        }
        let document = metadata_secrets::sealed(vault, owner, &secrets, before.as_ref(), judged)?;
        if document != asked {
            patch = before.as_ref().unwrap_or(&Document::empty()).diff(&document);
        }
        if stored.as_ref() != Some(&document) {
            let previous = metadata_revisions::last_hash(tx, connection, revision, stored.as_ref(), now)?;
            revision += 1;
            let to = (&patch, &document);
            let added =
                metadata_revisions::add(tx, connection, revision, &change.provenance, to, previous, now)?;
            tx.execute(
                "UPDATE connections SET metadata = $2, metadata_revision = $3, updated_at = $4 WHERE id = $1",
                params![connection, document.as_str(), revision, now],
            )?;
            if has_paths {
                connection_lookups::index(tx, connection, Part::Metadata)?;
            }
            if is_told {
                notices::metadata_changed(tx, connection, &added, now)?;
            }
        }
        let effect = change.effects.as_ref().map(|effects| effects.of(&patch)).unwrap_or_default();
        if effect > Effect::None {
            let is_asked = change.effects.as_ref().is_some_and(Effects::are_asked);
            affected.push(Affected { environment, connection, revision, effect, is_asked });
        }
        let applied = Applied { effect, syncs: Vec::new() };
        written.push(WrittenMetadata { connection, revision, schema_version, document, patch, applied });
    }
    // The error takes back what was written.
    if !outdated.is_empty() {
        return Err(Error::NotMigrated(outdated));
    }
    if !unknown.is_empty() {
        return Err(Error::NotJudged(unknown));
    }
    for (connection, sync) in syncs::apply(tx, &affected, now)? {
        if let Ok(place) = written.binary_search_by_key(&connection, |written| written.connection) {
            written[place].applied.syncs.push(sync);
        }
    }
    Ok(written)
}
