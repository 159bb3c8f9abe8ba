//! Connections' metadata: their configuration, written and read with its history.

use crate::{
    Engine, Error, Resource, Result,
    configuration::{Configuration, Problem, is_invalid},
};
use bespoke_core::{
    configuration::Leaf,
    connection::Connection,
    document::{Document, Patch, Write},
    effect::{Applied, AppliedSync, Effect, When},
    id::EnvironmentId,
    revision::{Provenance, Revision, Source},
};
pub use bespoke_store::{
    BrokenRevision, Effects, MetadataChange, RevisionUsage, VerifiedRevisions, WrittenMetadata,
};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// The metadata of one connection and its place in history.
#[derive(Clone, Debug)]
pub struct CurrentMetadata {
    /// The document; `None` where none was ever written.
    pub document: Option<Document>,
    /// The newest revision; 0 where there is none.
    pub revision: i64,
    /// The version of the schema that it is of; `None` where it never was judged.
    pub schema_version: Option<i64>,
    /// What is wrong with the effective document.
    pub problems: Vec<Problem>,
    /// What lies below it.
    pub configuration: Arc<Configuration>,
    /// What the write did to data that left it so; `None` where it was only read.
    pub applied: Option<Applied>,
}

impl CurrentMetadata {
    /// What functions see: the document over what lies below it.
    pub fn effective(&self) -> Option<Document> {
        self.configuration.effective(self.document.as_ref())
    }

    /// Every leaf of the effective document and the layer that it comes from.
    pub fn leaves(&self) -> Vec<Leaf> {
        self.configuration.leaves(self.document.as_ref())
    }
}

/// An earlier revision that is to be the newest again.
#[derive(Clone, Debug)]
pub struct Restore {
    /// Its number.
    pub number: i64,
    /// Where the write comes from.
    pub provenance: Provenance,
    /// Write only where this is the newest revision.
    pub expected: Option<i64>,
    /// What it does to data.
    pub effects: Option<Effects>,
}

/// Revisions, newest first.
#[derive(Clone, Debug)]
pub struct RevisionPage {
    /// The revisions of this page.
    pub revisions: Vec<Revision>,
    /// The next page has those below this number; `None` at the end.
    pub next: Option<i64>,
}

impl Engine {
    /// Writes the metadata of all these connections of one integration, or of none of them.
    ///
    /// Fails with [`Error::NotFound`] where any is missing, [`Error::MetadataConflict`] where any has another revision than
    /// the expected one, [`Error::NotPatched`], and [`Error::MetadataTooLarge`] where any would be too large.
    pub async fn write_metadata(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_ids: Vec<String>,
        change: MetadataChange,
    ) -> Result<Vec<WrittenMetadata>> {
        if connection_ids.is_empty() {
            return Ok(Vec::new());
        }
        let (written, _) =
            self.write_judged(environment, provider_config_key, connection_ids, change).await?;
        Ok(written)
    }

    /// As [`Engine::write_metadata`], for one connection.
    pub async fn write_metadata_of(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        change: MetadataChange,
    ) -> Result<CurrentMetadata> {
        let ids = vec![connection_id.to_owned()];
        let (written, configuration) =
            self.write_judged(environment, provider_config_key, ids, change).await?;
        let written = written.into_iter().next().ok_or(Error::NotFound(Resource::Connection))?;
        let problems = self.metadata_problems(&configuration, Some(&written.document)).await?;
        let document = self.store.hide_metadata(configuration.secrets(), written.document);
        Ok(CurrentMetadata {
            document: Some(document),
            revision: written.revision,
            schema_version: Some(written.schema_version).filter(|version| *version > 0),
            problems,
            configuration,
            applied: Some(written.applied),
        })
    }

    /// As [`Engine::write_metadata_of`], but nothing is written.
    pub async fn try_metadata(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        change: &MetadataChange,
    ) -> Result<CurrentMetadata> {
        let tried = self.try_judged(environment, provider_config_key, connection_id, change).await?;
        let current = self.metadata(environment, provider_config_key, connection_id).await?;
        let configuration = &current.configuration;
        let problems = self.metadata_problems(configuration, Some(&tried.document)).await?;
        let fits = (!is_invalid(&problems)).then(|| configuration.schema_version()).flatten();
        let schema_version = fits.or(current.schema_version);
        let document = self.store.hide_metadata(configuration.secrets(), tried.document);
        Ok(CurrentMetadata {
            document: Some(document),
            revision: tried.revision,
            schema_version,
            problems,
            applied: Some(tried.applied),
            ..current
        })
    }

    /// What a write would leave; fails as the write would.
    pub(crate) async fn try_judged(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        change: &MetadataChange,
    ) -> Result<WrittenMetadata> {
        let tried = self.try_write(environment, provider_config_key, connection_id, change).await?;
        let configuration = self.configuration(environment, provider_config_key).await?;
        match self.refusal(&configuration, Some(&tried.document)).await? {
            Some(problems) => Err(Error::MetadataInvalid(problems)),
            None => Ok(tried),
        }
    }

    /// What a write would leave where nobody judged it.
    pub(crate) async fn try_write(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        change: &MetadataChange,
    ) -> Result<WrittenMetadata> {
        let before = self.connection(environment, provider_config_key, connection_id).await?;
        if change.expected.is_some_and(|expected| expected != before.metadata_revision) {
            return Err(Error::MetadataConflict);
        }
        let changed = change.write.change(before.metadata.as_ref());
        let (document, mut patch) = changed.map_err(|error| failed(error.into()))?;
        let configuration = self.configuration(environment, provider_config_key).await?;
        let secrets = configuration.secrets();
        let current = before.metadata.as_ref();
        let document = self.store.unmask_metadata(before.id, secrets, current, document).map_err(failed)?;
        if !secrets.is_empty() {
            let shown = self.store.hide_metadata(secrets, document.clone());
            patch = current.unwrap_or(&Document::empty()).diff(&shown);
        }
        let is_new = before.metadata.as_ref() != Some(&document);
        let revision = before.metadata_revision + i64::from(is_new);
        let change = MetadataChange { effects: effects(&configuration, change), ..change.clone() };
        let applied = self.would_apply(&before, &change, &patch).await?;
        let schema_version = before.metadata_schema_version;
        Ok(WrittenMetadata { connection: before.id, revision, schema_version, document, patch, applied })
    }

    /// What a write would do to the syncs of a connection.
    async fn would_apply(
        &self,
        connection: &Connection,
        change: &MetadataChange,
        patch: &Patch,
    ) -> Result<Applied> {
        let Some(effects) = &change.effects else { return Ok(Applied::default()) };
        let effect = effects.of(patch);
        if effect == Effect::None {
            return Ok(Applied::default());
        }
        let Connection { environment, integration, connection_id, .. } = connection;
        let disabled = self.store.disabled_syncs(*environment, *integration).await?;
        let syncs = self.store.syncs(*environment, *integration, Some(connection_id)).await?;
        let applied = syncs.into_iter().filter_map(|sync| {
            let is_on = (sync.started || effects.are_asked()) && disabled.binary_search(&sync.name).is_err();
            let active = sync.last_run.filter(|run| !run.state.is_final());
            let when = When::of(effect, is_on, active.map(|run| run.state))?;
            Some(AppliedSync { name: sync.name, variant: sync.variant, when, run: None })
        });
        Ok(Applied { effect, syncs: applied.collect() })
    }

    /// The metadata of a connection. Fails with [`Error::NotFound`].
    pub async fn metadata(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
    ) -> Result<CurrentMetadata> {
        let connection = self.connection(environment, provider_config_key, connection_id).await?;
        let configuration = self.configuration(environment, provider_config_key).await?;
        let problems = self.metadata_problems(&configuration, connection.metadata.as_ref()).await?;
        Ok(CurrentMetadata {
            document: connection.metadata,
            revision: connection.metadata_revision,
            schema_version: Some(connection.metadata_schema_version).filter(|version| *version > 0),
            problems,
            configuration,
            applied: None,
        })
    }

    /// The revisions below `before`, newest first. Fails with [`Error::NotFound`].
    pub async fn metadata_revisions(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        before: i64,
        limit: u32,
    ) -> Result<RevisionPage> {
        let found = self
            .store
            .metadata_revisions(environment, provider_config_key, connection_id, before, limit)
            .await?;
        let revisions = found.ok_or(Error::NotFound(Resource::Connection))?;
        let next = revisions.last().filter(|_| revisions.len() >= limit as usize).map(|last| last.number);
        Ok(RevisionPage { revisions, next: next.filter(|number| *number > 1) })
    }

    /// What runs did that had one of the revisions, by revision; those that no run had are left out.
    pub async fn revision_usage(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        revisions: &[Revision],
    ) -> Result<HashMap<i64, RevisionUsage>> {
        let numbers = || revisions.iter().map(|revision| revision.number);
        let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else { return Ok(HashMap::new()) };
        Ok(self.store.revision_usage(environment, provider_config_key, connection_id, first..=last).await?)
    }

    /// One revision and its document. Fails with [`Error::NotFound`], which says what is missing.
    pub async fn metadata_revision(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        number: i64,
    ) -> Result<(Revision, Document)> {
        let found =
            self.store.metadata_revision(environment, provider_config_key, connection_id, number).await?;
        if let Some(found) = found {
            return Ok(found);
        }
        // The connection, where that is what is missing.
        self.metadata(environment, provider_config_key, connection_id).await?;
        Err(Error::NotFound(Resource::Revision))
    }

    /// The JSON Patch from one revision to another; revision 0 is what was before the first one, `{}`.
    pub async fn metadata_diff(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        from: i64,
        to: i64,
    ) -> Result<Value> {
        let mut documents = Vec::with_capacity(2);
        for number in [from, to] {
            documents.push(match number {
                0 => {
                    self.metadata(environment, provider_config_key, connection_id).await?;
                    Document::empty()
                }
                _ => self.metadata_revision(environment, provider_config_key, connection_id, number).await?.1,
            });
        }
        Ok(serde_json::to_value(documents[0].diff(&documents[1])).unwrap_or_default())
    }

    /// Makes the document of an earlier revision the newest again, as a new revision. Fails with [`Error::NotFound`] and
    /// [`Error::MetadataConflict`].
    pub async fn restore_metadata(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
        restore: Restore,
    ) -> Result<CurrentMetadata> {
        let Restore { number, provenance, expected, effects } = restore;
        // What a revision was never changes, so it need not be read where it is written.
        let (_, document) =
            self.metadata_revision(environment, provider_config_key, connection_id, number).await?;
        let change =
            MetadataChange { expected, effects, ..MetadataChange::new(Write::Replace(document), provenance) };
        self.write_metadata_of(environment, provider_config_key, connection_id, change).await
    }

    /// Checks the chains of all revisions of an environment.
    pub async fn verify_metadata_revisions(&self, environment: EnvironmentId) -> Result<VerifiedRevisions> {
        let mut verified = VerifiedRevisions::default();
        while self.store.verify_metadata_revisions(environment, &mut verified).await? {}
        Ok(verified)
    }
}

/// What a write does to data: what its writer asked for, else what `config.ts` says of the places that it changes.
///
/// What a function writes does nothing, or a sync that keeps something of its own there would run itself again and again; nor
/// does what leaves everything as it was for functions.
pub(crate) fn effects(configuration: &Arc<Configuration>, change: &MetadataChange) -> Option<Effects> {
    if change.effects.is_some() {
        return change.effects.clone();
    }
    let is_quiet = matches!(change.provenance.source, Source::Function | Source::Migration | Source::Promote);
    let configuration = Arc::clone(configuration);
    (!is_quiet && configuration.has_effects()).then(|| {
        Effects::OfChange(Arc::new(move |patch| {
            let paths: Vec<String> = patch.iter().map(|operation| operation.path().to_string()).collect();
            configuration.on_change(paths.iter().map(String::as_str))
        }))
    })
}

pub(crate) fn failed(error: bespoke_store::Error) -> Error {
    match error {
        bespoke_store::Error::NotFound(_) => Error::NotFound(Resource::Connection),
        bespoke_store::Error::Conflict(_) => Error::MetadataConflict,
        bespoke_store::Error::NotPatched(problem) => Error::NotPatched(problem),
        bespoke_store::Error::Refused(problem) => {
            Error::invalid(&[], "invalid_type", format!("The metadata {problem}"))
        }
        bespoke_store::Error::TooLarge(bytes) => Error::MetadataTooLarge(bytes),
        other => other.into(),
    }
}
