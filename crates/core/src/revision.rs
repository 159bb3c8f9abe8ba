//! Revisions of a connection's metadata: what it was after each write, and who wrote it.

use crate::{document::Document, id::ApiKeyId, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Who wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    /// A backend or an operator, by an API key.
    ApiKey {
        /// The key.
        id: ApiKeyId,
        /// Its name for people.
        name: String,
    },
    /// A person, in the dashboard.
    User {
        /// The user.
        id: Uuid,
        /// Their e-mail address at that time.
        email: String,
        /// Their name at that time.
        name: String,
    },
    /// A function, in one of its runs.
    Function {
        /// The integration's key.
        provider_config_key: String,
        /// The function's name.
        name: String,
        /// The run.
        run: Uuid,
    },
    /// The end customer, on the configuration page.
    EndCustomer {
        /// The session that it was written in.
        session: Uuid,
        /// Who they are, as far as the connection tells.
        name: Option<String>,
    },
    /// Bespoke itself, e.g. for a document that was there before revisions were.
    System,
}

/// By which way a write came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The API, the official client among its users.
    Api,
    /// `bespoke config …`.
    Cli,
    /// The dashboard.
    Dashboard,
    /// `setMetadata` or `updateMetadata` of a function.
    Function,
    /// The end customers' configuration page.
    Configure,
    /// With the connection, when it was made or imported.
    Import,
    /// An earlier revision was brought back.
    Restore,
    /// A change of many connections.
    Bulk,
    /// A value became the integration's default.
    Promote,
    /// `migrate` of the integration's `config.ts` brought it to another version of the schema.
    Migration,
    /// The document was there before revisions were.
    Baseline,
    /// What was stored in the open was marked as secret, and sealed.
    Seal,
}

impl Source {
    /// Its word in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Cli => "cli",
            Self::Dashboard => "dashboard",
            Self::Function => "function",
            Self::Configure => "configure",
            Self::Import => "import",
            Self::Restore => "restore",
            Self::Bulk => "bulk",
            Self::Promote => "promote",
            Self::Migration => "migration",
            Self::Baseline => "baseline",
            Self::Seal => "seal",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        use Source::{
            Api, Baseline, Bulk, Cli, Configure, Dashboard, Function, Import, Migration, Promote, Restore,
            Seal,
        };
        let all = [
            Api, Cli, Dashboard, Configure, Function, Import, Restore, Bulk, Promote, Migration, Baseline,
            Seal,
        ];
        all.into_iter().find(|source| source.as_str() == word)
    }
}

/// Where a write comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Who wrote.
    pub actor: Actor,
    /// By which way.
    pub source: Source,
    /// Why, in the writer's words.
    pub reason: Option<String>,
    /// The request that it came with.
    pub request_id: Option<String>,
}

impl Provenance {
    /// Of a write that nobody explains.
    pub const fn of(actor: Actor, source: Source) -> Self {
        Self { actor, source, reason: None, request_id: None }
    }
}

/// What a connection's metadata was after one write. Its fields never change.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Its number: the first is 1, and none is left out.
    pub number: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// By whom.
    pub provenance: Provenance,
    /// The JSON Patch from the revision before, as JSON text.
    pub patch: String,
    /// Binds it to all revisions before it; see [`Revision::seal`].
    pub hash: Hash,
}

/// 32 bytes that tell whether anything was changed afterwards.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What comes before the first revision.
    pub const NONE: Self = Self([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Revision {
    /// Where it differs from the one before: JSON pointers, each once, in order. Where a value moved, both places.
    pub fn changed_paths(&self) -> Vec<String> {
        let patch: Vec<serde_json::Value> = serde_json::from_str(&self.patch).unwrap_or_default();
        let places = patch.iter().flat_map(|operation| {
            ["path", "from"].into_iter().filter_map(|name| operation.get(name)?.as_str().map(str::to_owned))
        });
        let mut paths: Vec<String> = places.collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// The hash (BLAKE3) of this revision with `document`, whose predecessor has the hash `previous`. Every field goes in
    /// with its length before it, so that nothing can move from one to the next.
    pub fn seal(&self, previous: Hash, document: &Document) -> Hash {
        let Self { number, created_at, provenance, patch, hash: _ } = self;
        let actor = serde_json::to_string(&provenance.actor).unwrap_or_default();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&previous.0).update(&number.to_le_bytes()).update(&created_at.0.to_le_bytes());
        let texts = [
            Some(actor.as_str()),
            Some(provenance.source.as_str()),
            provenance.reason.as_deref(),
            provenance.request_id.as_deref(),
            Some(patch.as_str()),
            Some(document.as_str()),
        ];
        for text in texts {
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            hasher.update(&length.to_le_bytes()).update(text.unwrap_or_default().as_bytes());
        }
        Hash(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_every_field() {
        let provenance = Provenance {
            actor: Actor::ApiKey { id: ApiKeyId(1), name: "backend".to_owned() },
            source: Source::Api,
            reason: Some("a".to_owned()),
            request_id: Some("b".to_owned()),
        };
        let first = Revision {
            number: 1,
            created_at: Timestamp(5),
            provenance,
            patch: "[]".to_owned(),
            hash: Hash::NONE,
        };
        let document = Document::parse(r#"{"a":1}"#).unwrap();
        let mut all = vec![
            first.clone(),
            Revision { number: 2, ..first.clone() },
            Revision { created_at: Timestamp(6), ..first.clone() },
            Revision { patch: "[ ]".to_owned(), ..first.clone() },
        ];
        let with = |change: fn(&mut Provenance)| {
            let mut revision = first.clone();
            change(&mut revision.provenance);
            revision
        };
        all.extend([
            with(|provenance| provenance.actor = Actor::System),
            with(|provenance| provenance.source = Source::Cli),
            with(|provenance| provenance.reason = None),
            with(|provenance| provenance.request_id = None),
            with(|provenance| {
                (provenance.reason, provenance.request_id) = (Some(String::new()), Some("ab".to_owned()));
            }),
        ]);
        let mut hashes: Vec<_> = all.iter().map(|revision| revision.seal(Hash::NONE, &document).0).collect();
        hashes.push(first.seal(Hash([1; 32]), &document).0);
        hashes.push(first.seal(Hash::NONE, &Document::empty()).0);
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
    }

    #[test]
    fn every_source_has_a_word_of_its_own() {
        for word in [
            "api",
            "cli",
            "dashboard",
            "configure",
            "function",
            "import",
            "restore",
            "bulk",
            "promote",
            "migration",
            "baseline",
            "seal",
        ] {
            assert_eq!(Source::parse(word).unwrap().as_str(), word);
        }
        assert_eq!(Source::parse("nowhere"), None);
    }
}
