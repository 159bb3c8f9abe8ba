//! New versions of the schema of configurations: what they are to each connection, and bringing connections to them.
//!
//! A document of an older version goes through the steps of `migrate` in `config.ts`, in their order, and is judged after
//! that. What fits is written with its version in one transaction, and only where nobody wrote meanwhile: so it goes on
//! after a crash, and nothing is migrated twice. What does not fit stays as it is, and its problems are told.

use crate::{
    Engine, Error, Result,
    configuration::{ConfigFile, Configuration, Problem, Source, is_invalid},
    error::chain,
    metadata::MetadataChange,
};
use bespoke_core::{
    configuration::{ConnectionMigration, MigrationOutcome},
    connection::Connection,
    document::{Document, Write},
    function::{DeployPlan, DeployedFunction, Deployment, FunctionKind, PlannedMigration},
    id::{ConnectionId, EnvironmentId, IntegrationId},
    revision::{self, Actor, Provenance},
    sealed,
    validation::Mode,
};
pub use bespoke_store::VersionCursor;
use bespoke_store::{Judge, StoredConfiguration, Verdict, VersionedMetadata};
use futures_util::future::join_all;
use serde_json::Value;
use std::sync::Arc;

/// Connections that are looked at together.
const PAGE: u32 = 200;
/// Examples of each outcome in a plan.
const EXAMPLES: usize = 5;

/// What to migrate.
#[derive(Debug)]
pub struct Migration {
    /// A deployment with the `config.ts` to try, where it is not the deployed one.
    pub deployment: Option<Deployment>,
    /// Only tell what would come of it.
    pub is_dry_run: bool,
    /// Connections behind this place.
    pub behind: VersionCursor,
    /// How many.
    pub limit: u32,
}

/// Some connections, and what came of them.
#[derive(Debug)]
pub struct MigrationPage {
    /// The connections, lowest version first.
    pub connections: Vec<ConnectionMigration>,
    /// Where to go on; `None` at the end.
    pub next: Option<VersionCursor>,
}

/// A connection and what a version of the schema is to it.
struct Tried {
    row: VersionedMetadata,
    /// Its document with the secrets in the open: steps may move them.
    open: Option<Document>,
    /// The document of that version, in the open; `None` where there is none.
    migrated: Option<Document>,
    problems: Vec<Problem>,
}

impl Tried {
    fn outcome(&self) -> MigrationOutcome {
        if is_invalid(&self.problems) {
            MigrationOutcome::Broken
        } else if self.migrated == self.open {
            MigrationOutcome::Valid
        } else {
            MigrationOutcome::Fixed
        }
    }

    /// For people: `secrets` are the values that nobody is shown, wherever a step has put them.
    fn told(self, outcome: MigrationOutcome, secrets: &[Value]) -> ConnectionMigration {
        let [before, after] = [&self.open, &self.migrated].map(|one| {
            let mut object = Value::Object(one.as_ref().map(Document::to_object).unwrap_or_default());
            mask(&mut object, secrets);
            Document::from_stored(object.to_string())
        });
        ConnectionMigration {
            connection_id: self.row.connection_id.clone(),
            outcome,
            schema_version: Some(self.row.version).filter(|version| *version > 0),
            diff: serde_json::to_value(before.diff(&after)).unwrap_or_default(),
            problems: self.problems,
        }
    }
}

impl Engine {
    /// Brings all connections to the versions of their deployed `config.ts`, of which there are any that are not.
    pub async fn migrate_due(&self) -> Result<()> {
        for (environment, integration) in self.store.configured_integrations().await? {
            if let Err(error) = self.migrate_integration(environment, &integration).await {
                tracing::error!(integration, error = chain(&error), "configurations could not be migrated");
            }
        }
        Ok(())
    }

    async fn migrate_integration(&self, environment: EnvironmentId, key: &str) -> Result<()> {
        let mut behind = VersionCursor::default();
        let (mut settled, mut broken) = (0, 0);
        loop {
            let migration = Migration { deployment: None, is_dry_run: false, behind, limit: PAGE };
            let page = self.migrate_metadata(environment, key, migration).await?;
            let bad = |one: &&ConnectionMigration| one.outcome == MigrationOutcome::Broken;
            let of_page = page.connections.iter().filter(bad).count();
            (settled, broken) = (settled + page.connections.len() - of_page, broken + of_page);
            let Some(next) = page.next else { break };
            behind = next;
        }
        if settled + broken > 0 {
            let message = "brought configurations to the version of their schema";
            tracing::info!(integration = key, settled, broken, "{message}: {settled}, {broken} do not fit");
        }
        Ok(())
    }

    /// Some connections that are of an older version than the deployed `config.ts`, or all of them where one is to be tried
    /// that is not deployed: what came, or would come, of each.
    ///
    /// Fails with [`Error::NotFound`] and [`Error::Invalid`].
    pub async fn migrate_metadata(
        &self,
        environment: EnvironmentId,
        key: &str,
        migration: Migration,
    ) -> Result<MigrationPage> {
        let Migration { deployment, is_dry_run, behind, limit } = migration;
        let integration = self.integration(environment, key).await?.integration.id;
        let current = self.configuration(environment, key).await?;
        let nothing = MigrationPage { connections: Vec::new(), next: None };
        let (configuration, below) = match &deployment {
            Some(deployment) => {
                let draft = self.draft_configuration(environment, key, deployment).await?;
                let draft = draft.ok_or_else(|| {
                    let message = format!("The deployment has no configuration of `{key}`");
                    Error::invalid(&["deployment"], "custom", message)
                })?;
                (Arc::new(draft), i64::MAX)
            }
            None => match current.schema_version() {
                Some(version) if current.mode() != Mode::Off && current.file().is_some() => {
                    (Arc::clone(&current), version)
                }
                _ => return Ok(nothing),
            },
        };
        let rows =
            self.store.metadata_by_version(environment, integration, below, behind, limit.min(PAGE)).await?;
        let next =
            rows.last().filter(|_| rows.len() >= limit.min(PAGE) as usize).map(VersionedMetadata::cursor);
        let tried = self.try_migration(&configuration, integration, rows).await?;
        if !is_dry_run {
            let settled = tried.iter().map(|tried| self.settle(environment, key, &configuration, tried));
            for settled in join_all(settled).await {
                settled?;
            }
        }
        let told = tried.into_iter().map(|tried| {
            let outcome = outcome(&tried, deployment.is_some().then_some(&*current));
            let secrets = self.secrets_of(integration, &tried.row);
            tried.told(outcome, &secrets)
        });
        Ok(MigrationPage { connections: told.collect(), next })
    }

    /// Brings one connection to the version of its deployed `config.ts`, where it fits after that.
    pub(crate) async fn migrate_connection(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
    ) -> Result<()> {
        let Some(connection) = self.store.connection_by_row(environment, connection).await? else {
            return Ok(());
        };
        let configuration = self.configuration_of(&connection).await?;
        if !configuration.migrates(connection.metadata_schema_version) {
            return Ok(());
        }
        let (key, integration) = (connection.provider_config_key.clone(), connection.integration);
        for tried in self.try_migration(&configuration, integration, vec![versioned(connection)]).await? {
            self.settle(environment, &key, &configuration, &tried).await?;
        }
        Ok(())
    }

    /// A connection as a run begins with it, and what lies below its metadata: migrated before, where it has to be.
    pub(crate) async fn up_to_date(
        &self,
        connection: Connection,
    ) -> Result<(Connection, Arc<Configuration>)> {
        let configuration = self.configuration_of(&connection).await?;
        if connection.metadata.is_none() || !configuration.migrates(connection.metadata_schema_version) {
            return Ok((connection, configuration));
        }
        self.migrate_connection(connection.environment, connection.id).await?;
        let migrated = self.store.connection_by_row(connection.environment, connection.id).await?;
        Ok((migrated.unwrap_or(connection), configuration))
    }

    async fn try_migration(
        &self,
        configuration: &Configuration,
        integration: IntegrationId,
        rows: Vec<VersionedMetadata>,
    ) -> Result<Vec<Tried>> {
        let open = |row: &VersionedMetadata| {
            Some(self.store.open_metadata(row.connection, integration, row.document.as_ref()?))
        };
        let mut all: Vec<Tried> = rows
            .into_iter()
            .map(|row| {
                let open = open(&row);
                Tried { migrated: open.clone(), open, row, problems: Vec::new() }
            })
            .collect();
        if let Some(file) = configuration.file() {
            self.take_steps(file, &mut all).await?;
        }
        let done: Vec<usize> = (0..all.len()).filter(|index| all[*index].problems.is_empty()).collect();
        let documents: Vec<Option<&Document>> =
            done.iter().map(|index| all[*index].migrated.as_ref()).collect();
        let problems = self.problems_of_all(configuration, &documents).await?;
        for (index, problems) in done.into_iter().zip(problems) {
            all[index].problems = problems;
        }
        Ok(all)
    }

    /// Takes the documents through `migrate`.
    async fn take_steps(&self, file: &ConfigFile, all: &mut [Tried]) -> Result<()> {
        let due: Vec<usize> = (0..all.len())
            .filter(|index| {
                file.definition.migrates(all[*index].row.version) && all[*index].migrated.is_some()
            })
            .collect();
        let documents: Vec<(i64, &Document)> = due
            .iter()
            .filter_map(|index| Some((all[*index].row.version, all[*index].open.as_ref()?)))
            .collect();
        if documents.is_empty() {
            return Ok(());
        }
        for (index, made) in due.into_iter().zip(self.migrated(file, &documents).await?) {
            match made {
                Ok(document) => all[index].migrated = Some(document),
                Err(problem) => all[index].problems = vec![problem],
            }
        }
        Ok(())
    }

    /// Writes what fits, with its version. Where somebody else wrote meanwhile, that is for the next look.
    async fn settle(
        &self,
        environment: EnvironmentId,
        key: &str,
        configuration: &Configuration,
        tried: &Tried,
    ) -> Result<()> {
        // What stays as it is keeps its secrets sealed.
        let document = match tried.outcome() {
            MigrationOutcome::Fixed => &tried.migrated,
            MigrationOutcome::Valid => &tried.row.document,
            MigrationOutcome::Broken | MigrationOutcome::InvalidAlready => return Ok(()),
        };
        let (Some(to), Some(document)) = (configuration.schema_version(), document) else { return Ok(()) };
        let from = tried.row.version;
        let reason = Some(format!("version {} to {to} of the schema", from.max(1)));
        let provenance = Provenance { reason, ..Provenance::of(Actor::System, revision::Source::Migration) };
        let judge = Judge::new(move |judged| {
            if judged.version == from { Verdict::Accepted { version: Some(to) } } else { Verdict::Overtaken }
        });
        let change = MetadataChange {
            expected: Some(tried.row.revision),
            judge: Some(judge),
            ..MetadataChange::new(Write::Replace(document.clone()), provenance)
        };
        let ids = vec![tried.row.connection_id.clone()];
        match self.store.write_metadata(environment, key, ids, change).await {
            Ok(_) | Err(bespoke_store::Error::Conflict(_) | bespoke_store::Error::NotFound(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The secret values of a document.
    fn secrets_of(&self, integration: IntegrationId, row: &VersionedMetadata) -> Vec<Value> {
        let values = |document| self.store.secret_values(row.connection, integration, document);
        row.document.as_ref().map(values).unwrap_or_default()
    }

    /// Adds to a plan what the changed configurations of its deployment do to connections.
    pub(crate) async fn plan_migrations(
        &self,
        environment: EnvironmentId,
        deployment: &Deployment,
        plan: &mut DeployPlan,
    ) -> Result<()> {
        let changed: Vec<(String, u64)> = plan
            .new
            .iter()
            .chain(&plan.changed)
            .filter(|line| line.kind == FunctionKind::Config && line.connections > 0)
            .map(|line| (line.integration.clone(), line.connections))
            .collect();
        for (key, _) in changed {
            let current = self.configuration(environment, &key).await?;
            if current.mode() == Mode::Off || !changes_schema(&current, deployment, &key) {
                continue;
            }
            if let Some(draft) = self.draft_configuration(environment, &key, deployment).await? {
                plan.migrations.push(self.survey(environment, &key, &current, &draft).await?);
            }
        }
        Ok(())
    }

    async fn survey(
        &self,
        environment: EnvironmentId,
        key: &str,
        current: &Configuration,
        draft: &Configuration,
    ) -> Result<PlannedMigration> {
        let integration = self.integration(environment, key).await?.integration.id;
        let mut planned = PlannedMigration {
            integration: key.to_owned(),
            mode: draft.mode(),
            from: current.schema_version().filter(|_| current.file().is_some()),
            to: draft.schema_version().unwrap_or_default(),
            valid: 0,
            fixed: 0,
            broken: 0,
            invalid_already: 0,
            examples: Vec::new(),
        };
        let mut behind = VersionCursor::default();
        loop {
            let rows =
                self.store.metadata_by_version(environment, integration, i64::MAX, behind, PAGE).await?;
            let Some(last) = rows.last().map(VersionedMetadata::cursor) else { break };
            behind = last;
            for tried in self.try_migration(draft, integration, rows).await? {
                let outcome = outcome(&tried, Some(current));
                *match outcome {
                    MigrationOutcome::Valid => &mut planned.valid,
                    MigrationOutcome::Fixed => &mut planned.fixed,
                    MigrationOutcome::Broken => &mut planned.broken,
                    MigrationOutcome::InvalidAlready => &mut planned.invalid_already,
                } += 1;
                let told = planned.examples.iter().filter(|example| example.outcome == outcome).count();
                if outcome != MigrationOutcome::Valid && told < EXAMPLES {
                    let secrets = self.secrets_of(integration, &tried.row);
                    planned.examples.push(tried.told(outcome, &secrets));
                }
            }
        }
        Ok(planned)
    }

    /// What the configuration of an integration would be with a deployment; `None` where that has none of it.
    async fn draft_configuration(
        &self,
        environment: EnvironmentId,
        key: &str,
        deployment: &Deployment,
    ) -> Result<Option<Configuration>> {
        let Some(function) = config_of(deployment, key) else { return Ok(None) };
        let named = |name: &String| Some((name.clone(), deployment.modules.get(name)?.clone()));
        let alone = Deployment {
            scope: deployment.scope.clone(),
            origin: deployment.origin,
            untouched: Vec::new(),
            allow_invalid: false,
            functions: vec![function.clone()],
            modules: function.modules.iter().filter_map(named).collect(),
        };
        let loaded = Arc::new(self.load_sole(environment, &alone).await?);
        let stored: StoredConfiguration =
            self.store.configuration(environment, key).await?.unwrap_or_default();
        let functions = [loaded.function.clone()];
        Ok(Some(Configuration::new(stored, &functions, Some(loaded))))
    }
}

/// Puts a mask in the place of every secret value.
fn mask(value: &mut Value, secrets: &[Value]) {
    if secrets.contains(value) {
        *value = sealed::MASK.into();
        return;
    }
    match value {
        Value::Object(object) => object.values_mut().for_each(|value| mask(value, secrets)),
        Value::Array(list) => list.iter_mut().for_each(|value| mask(value, secrets)),
        _ => {}
    }
}

fn config_of<'a>(deployment: &'a Deployment, key: &str) -> Option<&'a DeployedFunction> {
    deployment.functions.iter().find(|function| {
        function.definition.kind == FunctionKind::Config && function.definition.integration == key
    })
}

/// Whether a deployment changes what configurations of an integration have to fit.
fn changes_schema(current: &Configuration, deployment: &Deployment, key: &str) -> bool {
    let Some(new) = config_of(deployment, key).map(|function| &function.definition) else { return false };
    let Some(file) =
        current.file().filter(|_| current.schema().is_some_and(|schema| schema.source == Source::Config))
    else {
        return true;
    };
    let (old, new_file) = (&file.function.definition, new.config.as_ref());
    let same_file = new_file.is_some_and(|new| {
        let old = &file.definition;
        (new.version, &new.defaults, new.refines) == (old.version, &old.defaults, old.refines)
    });
    !same_file || old.json_schema != new.json_schema
}

/// What a version is to a connection; `current` is what counted until now, where it is another one.
fn outcome(tried: &Tried, current: Option<&Configuration>) -> MigrationOutcome {
    let own = tried.open.as_ref();
    match tried.outcome() {
        MigrationOutcome::Broken if current.is_some_and(|current| is_invalid(&current.problems(own))) => {
            MigrationOutcome::InvalidAlready
        }
        other => other,
    }
}

fn versioned(connection: Connection) -> VersionedMetadata {
    VersionedMetadata {
        connection: connection.id,
        connection_id: connection.connection_id,
        revision: connection.metadata_revision,
        version: connection.metadata_schema_version,
        document: connection.metadata,
    }
}
