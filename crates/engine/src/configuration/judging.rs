//! Judging writes of metadata: within their transaction as far as JSON Schema goes, and by what was found out before as far
//! as the code of `config.ts` has to be asked.

use super::{Configuration, is_invalid};
use crate::{
    Engine, Error, Result,
    metadata::{MetadataChange, effects},
};
use bespoke_core::{
    configuration::Problem,
    document::{Document, Write},
    id::{ConnectionId, EnvironmentId},
    validation::Mode,
};
use bespoke_store::{Judge, Judged, Verdict, WrittenMetadata};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// How often a write is tried while others write between the look at a document and the write.
const TRIES: usize = 50;

/// What is known for a write beyond what its transaction can find out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// What is wrong with documents that the code was asked about, by their text.
    problems: HashMap<String, Vec<Problem>>,
    /// Connections that were migrated, or cannot be.
    migrated: HashSet<ConnectionId>,
    /// The write leaves nothing of what is there: it need not be migrated.
    replaces: bool,
}

impl Known {
    /// Nothing yet, for a write that leaves nothing of what is there.
    pub(crate) fn of_replacement() -> Self {
        Self { replaces: true, ..Self::default() }
    }
}

impl Configuration {
    /// Who is asked before a document is stored.
    pub(crate) fn judge(self: &Arc<Self>, known: &Known) -> Option<Judge> {
        // Without a version to note, a warning is for those who read: the write need not wait for it.
        let is_noted = self.stored.mode == Mode::Enforce || self.schema_version().is_some();
        if self.stored.mode == Mode::Off || self.schema.is_none() || !is_noted {
            return None;
        }
        let (configuration, known) = (Arc::clone(self), known.clone());
        Some(Judge::new(move |judged| configuration.verdict(judged, &known)))
    }

    fn verdict(&self, judged: Judged<'_>, known: &Known) -> Verdict {
        let Judged { connection, before, version, document } = judged;
        // A part of a document of today would be merged into one of yesterday.
        let is_kept = before.is_some() && !known.replaces;
        if is_kept && self.migrates(version) && !known.migrated.contains(&connection) {
            return Verdict::Outdated;
        }
        let refined = known.problems.get(document.as_str());
        let invalid = match refined {
            Some(problems) => is_invalid(problems),
            None => is_invalid(&self.problems(Some(document))),
        };
        match (invalid, self.stored.mode) {
            (true, Mode::Enforce) => Verdict::Refused,
            (true, _) => Verdict::Accepted { version: None },
            (false, _) if self.refines() && refined.is_none() => Verdict::Unknown,
            (false, _) => Verdict::Accepted { version: self.schema_version() },
        }
    }
}

impl Engine {
    /// Writes the metadata of connections of one integration as the store does, judged by the configuration that comes back.
    pub(crate) async fn write_judged(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_ids: Vec<String>,
        change: MetadataChange,
    ) -> Result<(Vec<WrittenMetadata>, Arc<Configuration>)> {
        let replaces = matches!(change.write, Write::Replace(_));
        let mut known = Known { replaces, ..Known::default() };
        for _ in 0..TRIES {
            let configuration = self.configuration(environment, provider_config_key).await?;
            let effects = effects(&configuration, &change);
            let change = MetadataChange { judge: configuration.judge(&known), effects, ..change.clone() };
            let ids = connection_ids.clone();
            match self.store.write_metadata(environment, provider_config_key, ids, change).await {
                Ok(written) => return Ok((written, configuration)),
                Err(bespoke_store::Error::NotJudged(documents)) => {
                    self.look_at(&configuration, documents, &mut known).await?;
                }
                Err(bespoke_store::Error::NotMigrated(connections)) => {
                    for connection in connections {
                        self.migrate_connection(environment, connection).await?;
                        known.migrated.insert(connection);
                    }
                }
                Err(error) => return Err(refused(error, &configuration, &known)),
            }
        }
        // Others wrote between each look and each write.
        Err(Error::MetadataConflict)
    }

    /// Asks the code about documents.
    pub(crate) async fn look_at(
        &self,
        configuration: &Configuration,
        documents: Vec<Document>,
        known: &mut Known,
    ) -> Result<()> {
        let all: Vec<Option<&Document>> = documents.iter().map(Some).collect();
        let problems = self.problems_of_all(configuration, &all).await?;
        let texts = documents.iter().map(|document| document.as_str().to_owned());
        known.problems.extend(texts.zip(problems));
        Ok(())
    }

    /// Why nothing may be stored, or run, with the metadata `own`: the problems, where the integration enforces its schema.
    pub(crate) async fn refusal(
        &self,
        configuration: &Configuration,
        own: Option<&Document>,
    ) -> Result<Option<Vec<Problem>>> {
        if configuration.mode() != Mode::Enforce {
            return Ok(None);
        }
        let problems = self.metadata_problems(configuration, own).await?;
        Ok(is_invalid(&problems).then_some(problems))
    }
}

/// A write's failure; where it was not accepted, with the problems.
pub(crate) fn refused(error: bespoke_store::Error, configuration: &Configuration, known: &Known) -> Error {
    match error {
        bespoke_store::Error::NotAccepted(document) => {
            let problems = known.problems.get(document.as_str()).cloned();
            Error::MetadataInvalid(problems.unwrap_or_else(|| configuration.problems(Some(&document))))
        }
        other => crate::metadata::failed(other),
    }
}
