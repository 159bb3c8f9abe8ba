//! Revisions of connections' metadata: added by every write, read by their numbers, checked as a chain.

use crate::{
    Store,
    db::{Row, Tx, Value, params},
    error::{Error, Result},
    metadata, metadata_secrets, runs,
};
use bespoke_core::{
    document::{Document, Patch},
    id::{ConnectionId, EnvironmentId},
    revision::{Actor, Hash, Provenance, Revision, Source},
    sealed::SecretPaths,
    time::Timestamp,
};
use std::{collections::HashMap, ops::RangeInclusive};

const COLUMNS: &str = "r.revision, r.created_at, r.actor, r.source, r.reason, r.request_id, r.patch, r.hash";

/// Revisions that one step of a check reads. A document may have a megabyte.
const STEP: u32 = 100;

/// Runs that are looked at for the usage of revisions.
const RUNS: u32 = 50_000;

/// What runs did that had a revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RevisionUsage {
    /// How many runs.
    pub runs: u64,
    /// Records that they added.
    pub added: u64,
    /// Records that they changed.
    pub updated: u64,
    /// Records that they deleted.
    pub deleted: u64,
}

/// A place where revisions do not follow from each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRevision {
    /// The integration's key.
    pub provider_config_key: String,
    /// The connection's id.
    pub connection_id: String,
    /// The revision's number.
    pub revision: i64,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// How far a check of revisions has come.
#[derive(Clone, Debug, Default)]
pub struct VerifiedRevisions {
    /// Revisions that were looked at so far.
    pub checked: u64,
    /// What was found so far.
    pub broken: Vec<BrokenRevision>,
    last: Option<Link>,
    /// The row to go on behind.
    from: Option<(ConnectionId, i64)>,
}

/// A revision as a check sees it.
#[derive(Clone, Debug)]
struct Link {
    connection: ConnectionId,
    provider_config_key: String,
    connection_id: String,
    revision: Revision,
    document: Document,
    /// The connection's newest revision, and its metadata where this is that revision.
    newest: (i64, Option<String>),
}

impl VerifiedRevisions {
    /// Looks at the next revision, or at the end.
    fn add(&mut self, next: Option<Link>) {
        let last = self.last.take();
        let previous =
            last.as_ref().filter(|last| next.as_ref().is_some_and(|next| next.connection == last.connection));
        if let Some(end) =
            last.as_ref().filter(|last| previous.is_none() && last.revision.number < last.newest.0)
        {
            self.broken.push(end.broken("the revisions after it are missing"));
        }
        if let Some(next) = &next {
            self.checked += 1;
            self.broken.extend(next.problem(previous).map(|problem| next.broken(problem)));
        }
        self.last = next;
    }
}

impl Link {
    /// What is wrong with it behind `previous`.
    fn problem(&self, previous: Option<&Self>) -> Option<&'static str> {
        let Revision { number, provenance, hash, .. } = &self.revision;
        let follows = match previous {
            Some(previous) => *number == previous.revision.number + 1,
            None => *number == 1 || provenance.source == Source::Baseline,
        };
        let before = previous.map_or(Hash::NONE, |previous| previous.revision.hash);
        let (newest, current) = &self.newest;
        if !follows {
            Some("revisions before it are missing")
        } else if number > newest {
            Some("the connection does not know of it")
        } else if self.revision.seal(before, &self.document) != *hash {
            Some("it was changed after it was written")
        } else if current.as_ref().is_some_and(|current| current != self.document.as_str()) {
            Some("the connection's metadata is another")
        } else {
            None
        }
    }

    fn broken(&self, problem: &'static str) -> BrokenRevision {
        BrokenRevision {
            provider_config_key: self.provider_config_key.clone(),
            connection_id: self.connection_id.clone(),
            revision: self.revision.number,
            problem,
        }
    }
}

impl Store {
    /// Revisions of a connection, newest first: those below `before`, at most `limit`. `None` where there is no such
    /// connection.
    pub async fn metadata_revisions(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        before: i64,
        limit: u32,
    ) -> Result<Option<Vec<Revision>>> {
        let (key, id) = (provider_config_key.to_owned(), connection_id.to_owned());
        let sql = format!(
            "SELECT {COLUMNS} FROM metadata_revisions r WHERE r.connection = $1 AND r.revision < $2
             ORDER BY r.revision DESC LIMIT {limit}"
        );
        self.db
            .read(move |tx| {
                let Some(connection) = metadata::row(tx, environment, &key, &id)? else { return Ok(None) };
                let secrets = secrets(tx, connection)?;
                let mut revisions: Vec<Revision> = tx.query(&sql, params![connection, before], read)?;
                for revision in &mut revisions {
                    hide(&secrets, revision);
                }
                Ok(Some(revisions))
            })
            .await
    }

    /// What the newest 50,000 of a connection's runs that had one of these revisions did, by revision. Revisions that no
    /// run had are left out.
    pub async fn revision_usage(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        revisions: RangeInclusive<i64>,
    ) -> Result<HashMap<i64, RevisionUsage>> {
        let (key, id) = (provider_config_key.to_owned(), connection_id.to_owned());
        // Runs mostly do the same, such as nothing: few different results come out.
        let sql = format!(
            "SELECT metadata_revision, result, count(*)
             FROM (SELECT r.metadata_revision, r.result FROM runs r
                   WHERE r.connection_id = $1 AND r.metadata_revision BETWEEN $2 AND $3
                   ORDER BY r.created_at DESC, r.id DESC LIMIT {RUNS}) newest
             GROUP BY metadata_revision, result"
        );
        self.db
            .read(move |tx| {
                let Some(connection) = metadata::row(tx, environment, &key, &id)? else {
                    return Ok(HashMap::new());
                };
                let mut all: HashMap<i64, RevisionUsage> = HashMap::new();
                tx.for_each(&sql, params![connection, *revisions.start(), *revisions.end()], |row| {
                    let of = all.entry(row.get(0)?).or_default();
                    let times: u64 = row.get(2)?;
                    of.runs += times;
                    for counts in runs::read_result(row, 1)?.values() {
                        of.added += counts.added * times;
                        of.updated += counts.updated * times;
                        of.deleted += counts.deleted * times;
                    }
                    Ok(())
                })?;
                Ok(all)
            })
            .await
    }

    /// One revision of a connection and its document. `None` where there is no such connection or revision.
    pub async fn metadata_revision(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        revision: i64,
    ) -> Result<Option<(Revision, Document)>> {
        let (key, id) = (provider_config_key.to_owned(), connection_id.to_owned());
        self.db
            .look_up(move |tx| {
                let Some(connection) = metadata::row(tx, environment, &key, &id)? else { return Ok(None) };
                let secrets = secrets(tx, connection)?;
                let found = find(tx, connection, revision)?;
                Ok(found.map(|(mut revision, document)| {
                    hide(&secrets, &mut revision);
                    (revision, metadata_secrets::hidden(&secrets, document))
                }))
            })
            .await
    }

    /// Looks at the next revisions of an environment; true where there may be more. Begin with the default.
    pub async fn verify_metadata_revisions(
        &self,
        environment: EnvironmentId,
        so_far: &mut VerifiedRevisions,
    ) -> Result<bool> {
        let (connection, revision) = so_far.from.unwrap_or((ConnectionId(0), 0));
        // Every environment's, in the order of their rows: an index for each would cost every write.
        let sql = format!(
            "SELECT {COLUMNS}, r.connection, i.unique_key, c.connection_id, c.metadata_revision,
                    CASE WHEN r.revision = c.metadata_revision THEN c.metadata END, c.environment_id, r.document
             FROM (SELECT * FROM metadata_revisions WHERE (connection, revision) > ($1, $2)
                   ORDER BY connection, revision LIMIT {STEP}) r
                  JOIN connections c ON c.id = r.connection JOIN integrations i ON i.id = c.integration_id"
        );
        let mut links = self
            .db
            .read(move |tx| {
                tx.query(&sql, params![connection, revision], |row| {
                    let link = Link {
                        revision: read(row)?,
                        connection: row.get(8)?,
                        provider_config_key: row.get(9)?,
                        connection_id: row.get(10)?,
                        newest: (row.get(11)?, row.get(12)?),
                        document: document(row, 14)?,
                    };
                    Ok((row.get::<EnvironmentId>(13)?, link))
                })
            })
            .await?;
        links.sort_unstable_by_key(|(_, link)| (link.connection, link.revision.number));
        let is_full = links.len() >= STEP as usize;
        so_far.from = links.last().map(|(_, link)| (link.connection, link.revision.number));
        for (_, link) in links.into_iter().filter(|(of, _)| *of == environment) {
            so_far.add(Some(link));
        }
        if !is_full {
            so_far.add(None);
        }
        Ok(is_full)
    }
}

/// The secret paths of a connection's configuration.
fn secrets(tx: &mut Tx, connection: ConnectionId) -> Result<SecretPaths> {
    let text: Option<Option<String>> = tx.value_opt(
        "SELECT integrations.metadata_secrets FROM connections
              JOIN integrations ON integrations.id = connections.integration_id
         WHERE connections.id = $1",
        params![connection],
    )?;
    metadata_secrets::paths(text.flatten().as_deref())
}

/// Hides what the revision's patch has in the open because it is older than the secret.
fn hide(secrets: &SecretPaths, revision: &mut Revision) {
    revision.patch = metadata_secrets::hidden_patch(secrets, std::mem::take(&mut revision.patch));
}

/// Adds the revision `number` of a connection: what was changed, and to what.
pub(crate) fn add(
    tx: &mut Tx,
    connection: ConnectionId,
    number: i64,
    provenance: &Provenance,
    (patch, to): (&Patch, &Document),
    previous: Hash,
    now: Timestamp,
) -> Result<Revision> {
    let failed = |error: serde_json::Error| Error::failed(error.to_string());
    let patch = serde_json::to_string(patch).map_err(failed)?;
    let provenance = provenance.clone();
    let mut revision = Revision { number, created_at: now, provenance, patch, hash: Hash::NONE };
    revision.hash = revision.seal(previous, to);
    let Revision { provenance, patch, hash, .. } = &revision;
    tx.execute(
        "INSERT INTO metadata_revisions (connection, revision, created_at, actor, source, reason, request_id, hash, patch, document)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            connection,
            number,
            now,
            Value::json(&provenance.actor)?,
            provenance.source.as_str(),
            provenance.reason.as_deref(),
            provenance.request_id.as_deref(),
            &hash.0,
            patch,
            to.as_str()
        ],
    )?;
    Ok(revision)
}

/// The hash of a connection's newest revision, `number`. Its row is locked: only a statement that begins after that sees
/// what other writers have added.
///
/// A document that was written before there were revisions gets one here.
pub(crate) fn last_hash(
    tx: &mut Tx,
    connection: ConnectionId,
    number: i64,
    document: Option<&Document>,
    now: Timestamp,
) -> Result<Hash> {
    let sql = "SELECT hash FROM metadata_revisions WHERE connection = $1 AND revision = $2";
    if let Some(bytes) = tx.value_opt::<Vec<u8>>(sql, params![connection, number])? {
        return hash(&bytes);
    }
    let Some(document) = document else { return Ok(Hash::NONE) };
    let provenance = Provenance::of(Actor::System, Source::Baseline);
    let patch = Document::empty().diff(document);
    add(tx, connection, number, &provenance, (&patch, document), Hash::NONE, now)
        .map(|revision| revision.hash)
}

fn hash(bytes: &[u8]) -> Result<Hash> {
    bytes.try_into().map(Hash).map_err(|_| Error::Corrupt("a hash has not 32 bytes".to_owned()))
}

fn find(tx: &mut Tx, connection: ConnectionId, number: i64) -> Result<Option<(Revision, Document)>> {
    tx.query_opt(
        &format!(
            "SELECT {COLUMNS}, r.document FROM metadata_revisions r WHERE r.connection = $1 AND r.revision = $2"
        ),
        params![connection, number],
        |row| Ok((read(row)?, document(row, 8)?)),
    )
}

fn document(row: &Row<'_>, index: usize) -> Result<Document> {
    row.get(index).map(Document::from_stored)
}

fn read(row: &Row<'_>) -> Result<Revision> {
    let source: String = row.get(3)?;
    let source = Source::parse(&source)
        .ok_or_else(|| Error::Corrupt(format!("{source} is no source of a revision")))?;
    let provenance = Provenance { actor: row.json(2)?, source, reason: row.get(4)?, request_id: row.get(5)? };
    let hash = hash(&row.get::<Vec<u8>>(7)?)?;
    Ok(Revision { number: row.get(0)?, created_at: row.get(1)?, provenance, patch: row.get(6)?, hash })
}
