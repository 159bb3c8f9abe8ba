//! What decides for a connection: the layers below its metadata, the effective configuration, and whether it fits the
//! schema of the integration.

pub(crate) mod judging;
mod problems;
mod sandbox;
pub(crate) mod schema;
mod secrets;

pub use bespoke_core::configuration::{Level, Problem};

use crate::{Engine, Error, Resource, Result, functions::LoadedFunction};
use bespoke_core::{
    configuration::{self, ConfigDefinition, Conflict, Layer, Layered, Leaf},
    connection::Connection,
    document::{Document, Write},
    effect::Effect,
    function::Function,
    id::EnvironmentId,
    promotion::Fold,
    validation::Mode,
};
use bespoke_store::StoredConfiguration;
use jsonschema::Validator;
use quick_cache::sync::Cache;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Configurations that are kept ready; their schemas take milliseconds to read.
const CACHED: usize = 1_000;

/// Where a schema comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `config.ts` of the integration, which is deployed.
    Config,
    /// Deployed functions declare it.
    Functions,
    /// It was put by the API.
    Api,
}

/// The schema of a configuration.
#[derive(Debug)]
pub struct Schema {
    /// JSON Schema, draft 7.
    pub schema: Value,
    /// Where it comes from.
    pub source: Source,
    /// Where functions contradict each other.
    pub conflicts: Vec<Conflict>,
    validator: Validator,
}

/// What lies below the metadata of an integration's connections, and what it has to fit.
#[derive(Debug, Default)]
pub struct Configuration {
    stored: StoredConfiguration,
    defaults: Map<String, Value>,
    schema: Option<Schema>,
    file: Option<ConfigFile>,
}

/// The deployed `config.ts` of an integration, or one that may be deployed.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// The version of it.
    pub(crate) function: Function,
    /// What it says beside the schema.
    pub definition: ConfigDefinition,
    /// Its code, where it is not stored yet.
    pub(crate) draft: Option<Arc<LoadedFunction>>,
}

impl ConfigFile {
    /// `None` where the function is none.
    fn new(function: &Function, draft: Option<Arc<LoadedFunction>>) -> Option<Self> {
        let definition = function.definition.config.clone()?;
        Some(Self { function: function.clone(), definition, draft })
    }

    /// Where it is in the project.
    pub fn path(&self) -> String {
        format!("{}/config.ts", self.function.definition.integration)
    }
}

impl Configuration {
    /// That of an integration with these functions; `draft` is the code of its `config.ts` where it is not stored.
    pub(crate) fn new(
        stored: StoredConfiguration,
        functions: &[Function],
        draft: Option<Arc<LoadedFunction>>,
    ) -> Self {
        let file = functions.iter().find_map(|function| ConfigFile::new(function, draft.clone()));
        let declared = match &file {
            Some(file) => schema::combine([&file.function.definition]),
            None => schema::combine(functions.iter().map(|function| &function.definition)),
        };
        let source = if file.is_some() { Source::Config } else { Source::Functions };
        let put = || Some((Value::Object(stored.schema.as_ref()?.to_object()), Vec::new()));
        let schema = match declared {
            Some((schema, conflicts)) => Some((schema, source, conflicts)),
            None => put().map(|(schema, conflicts)| (schema, Source::Api, conflicts)),
        };
        // A deployed schema that cannot be used must not stop a customer: it counts as none.
        let schema = schema.and_then(|(schema, source, conflicts)| {
            let usable = Schema::new(schema, source, conflicts);
            usable
                .inspect_err(|problem| {
                    tracing::warn!(problem, "the schema of a configuration cannot be used");
                })
                .ok()
        });
        let defaults = stored.defaults.as_ref().map(Document::to_object).unwrap_or_default();
        Self { stored, defaults, schema, file }
    }

    /// How strictly it is checked.
    pub fn mode(&self) -> Mode {
        self.stored.mode
    }

    /// The schema that counts, in every mode.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// The `config.ts` that it comes from, where there is one.
    pub fn file(&self) -> Option<&ConfigFile> {
        self.file.as_ref()
    }

    /// The version of the schema that counts; functions declare none.
    pub fn schema_version(&self) -> Option<i64> {
        match self.schema()?.source {
            Source::Config => self.file.as_ref().map(|file| file.definition.version),
            Source::Functions => None,
            Source::Api => self.stored.schema_version,
        }
    }

    /// What changes of these paths (JSON Pointers) do to data, as `config.ts` says.
    pub fn on_change<'a>(&self, changed: impl IntoIterator<Item = &'a str>) -> Effect {
        self.file.as_ref().map(|file| file.definition.effect(changed)).unwrap_or_default()
    }

    /// Whether [`Configuration::on_change`] can say anything but nothing.
    pub(crate) fn has_effects(&self) -> bool {
        self.file.as_ref().is_some_and(|file| !file.definition.on_change.is_empty())
    }

    /// Whether `migrate` has something to do for a document of this version.
    pub(crate) fn migrates(&self, version: i64) -> bool {
        self.stored.mode != Mode::Off
            && self.file.as_ref().is_some_and(|file| file.definition.migrates(version))
    }

    /// The layers below a connection's metadata `own`, most general first.
    fn below(&self, own: Option<&Document>) -> Vec<Layered> {
        let mut below = Vec::with_capacity(2);
        if let Some(schema) = self.schema().filter(|_| self.stored.mode != Mode::Off) {
            let declared = self.declared_defaults().cloned().unwrap_or_default();
            let mut upper = declared.clone();
            configuration::overlay(&mut upper, &self.defaults);
            if let Some(own) = own {
                configuration::overlay(&mut upper, &own.to_object());
            }
            let mut defaults = schema.defaults(&upper);
            configuration::overlay(&mut defaults, &declared);
            below.push((Layer::Schema, defaults));
        }
        below.push((Layer::Integration, self.defaults.clone()));
        below
    }

    /// What counts for a connection with the metadata `own` where that says nothing.
    pub(crate) fn inherited(&self, own: Option<&Document>) -> Map<String, Value> {
        let mut inherited = Map::new();
        for (_, values) in self.below(own) {
            configuration::overlay(&mut inherited, &values);
        }
        inherited
    }

    /// What counts for a connection with the metadata `own`: that itself where nothing lies below.
    pub fn effective(&self, own: Option<&Document>) -> Option<Document> {
        configuration::effective(&self.below(own), own)
    }

    /// What counts for connections under any defaults of the integration.
    pub(crate) fn fold(self: &Arc<Self>) -> Fold {
        let configuration = Arc::clone(self);
        Fold::new(move |defaults, own| configuration.over(defaults, own))
    }

    /// What counts for a connection with the metadata `own` over these defaults of the integration.
    fn over(&self, defaults: &Map<String, Value>, own: &Map<String, Value>) -> Map<String, Value> {
        let schema = self.schema().filter(|_| self.stored.mode != Mode::Off);
        let declared = schema.and_then(|_| self.declared_defaults());
        let mut upper = declared.cloned().unwrap_or_default();
        configuration::overlay(&mut upper, defaults);
        configuration::overlay(&mut upper, own);
        let Some(schema) = schema else { return upper };
        let mut effective = schema.defaults(&upper);
        configuration::overlay(&mut effective, &upper);
        effective
    }

    /// The `defaults` of `config.ts`.
    fn declared_defaults(&self) -> Option<&Map<String, Value>> {
        self.file.as_ref().map(|file| &file.definition.defaults)
    }

    /// Every leaf of the effective configuration and where it comes from.
    pub fn leaves(&self, own: Option<&Document>) -> Vec<Leaf> {
        configuration::leaves(&self.below(own), own)
    }

    /// What is wrong with the effective configuration of a connection with the metadata `own`, as far as JSON Schema can say.
    pub(crate) fn problems(&self, own: Option<&Document>) -> Vec<Problem> {
        match self.schema().filter(|_| self.stored.mode != Mode::Off) {
            Some(schema) => {
                let own = own.map(Document::to_object).unwrap_or_default();
                schema.problems(&Value::Object(self.over(&self.defaults, &own)))
            }
            None => Vec::new(),
        }
    }

    /// Where the effective configuration of a connection with the metadata `own` does not fit the schema.
    pub(crate) fn invalid_paths(&self, own: Option<&Document>) -> Vec<String> {
        let Some(schema) = self.schema().filter(|_| self.stored.mode != Mode::Off) else { return Vec::new() };
        let own = own.map(Document::to_object).unwrap_or_default();
        let effective = Value::Object(self.over(&self.defaults, &own));
        if schema.validator.is_valid(&effective) {
            return Vec::new();
        }
        let errors = schema.problems(&effective).into_iter().filter(|problem| problem.level == Level::Error);
        errors.map(|problem| problem.path).collect()
    }

    /// Whether the same metadata fits this one and another, and the same of it is secret.
    pub(crate) fn judges_as(&self, other: &Self) -> bool {
        self.stored.secrets == other.stored.secrets && self.judging() == other.judging()
    }

    /// What decides which metadata fits; `None` where all does.
    fn judging(&self) -> Option<Judging<'_>> {
        let schema = self.schema().filter(|_| self.stored.mode != Mode::Off)?;
        Some((&schema.schema, [Some(&self.defaults), self.declared_defaults()]))
    }

    /// Whether a document can be wrong at all.
    pub(crate) fn judges(&self) -> bool {
        self.stored.mode != Mode::Off && self.schema().is_some()
    }

    /// Whether the code has to be asked, too.
    pub(crate) fn refines(&self) -> bool {
        self.stored.mode != Mode::Off && self.file.as_ref().is_some_and(|file| file.definition.refines)
    }
}

/// A schema, and the defaults of the integration and of its `config.ts`.
type Judging<'a> = (&'a Value, [Option<&'a Map<String, Value>>; 2]);

/// Whether a configuration with these problems does not fit.
pub(crate) fn is_invalid(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.level == Level::Error)
}

impl Schema {
    /// `Err` says why it cannot be used.
    fn new(schema: Value, source: Source, conflicts: Vec<Conflict>) -> Result<Self, String> {
        let validator = jsonschema::draft7::new(&schema::open(&schema)).map_err(|error| error.to_string())?;
        Ok(Self { schema, source, conflicts, validator })
    }

    fn defaults(&self, upper: &Map<String, Value>) -> Map<String, Value> {
        let none = Map::new();
        let definitions = self.schema.get("definitions").and_then(Value::as_object).unwrap_or(&none);
        schema::defaults(&self.schema, definitions, upper)
    }

    fn problems(&self, configuration: &Value) -> Vec<Problem> {
        problems::find(&self.schema, &self.validator, configuration)
    }
}

/// Configurations that are ready, by environment and integration. Each is compared with what is stored before it is used.
pub(crate) struct Configurations(Cache<(EnvironmentId, String), Arc<Configuration>>);

impl Default for Configurations {
    fn default() -> Self {
        Self(Cache::new(CACHED))
    }
}

impl Engine {
    /// What lies below the metadata of an integration's connections; nothing where there is no such integration.
    pub(crate) async fn configuration(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
    ) -> Result<Arc<Configuration>> {
        let stored = self.store.configuration(environment, unique_key).await?.unwrap_or_default();
        let place = (environment, unique_key.to_owned());
        if let Some(known) = self.configurations.0.get(&place).filter(|known| known.stored == stored) {
            return Ok(known);
        }
        let functions = self.store.functions(environment, Some(unique_key)).await?;
        let configuration = Configuration::new(stored, &functions, None);
        let configuration = self.with_secrets(environment, unique_key, configuration).await?;
        self.configurations.0.insert(place, Arc::clone(&configuration));
        Ok(configuration)
    }

    /// What lies below the metadata of a connection.
    pub(crate) async fn configuration_of(&self, connection: &Connection) -> Result<Arc<Configuration>> {
        self.configuration(connection.environment, &connection.provider_config_key).await
    }

    /// The configuration of an integration. Fails with [`Error::NotFound`].
    pub async fn metadata_schema(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
    ) -> Result<Arc<Configuration>> {
        self.integration(environment, unique_key).await?;
        self.configuration(environment, unique_key).await
    }

    /// Sets how the configuration of an integration's connections is checked, and the schema and its version that count
    /// where no function declares one; what is `None` stays. Fails with [`Error::NotFound`] and [`Error::Invalid`].
    pub async fn set_metadata_schema(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
        mode: Option<Mode>,
        schema: Option<(Document, i64)>,
    ) -> Result<Arc<Configuration>> {
        if let Some((schema, _)) = &schema {
            let current = self.configuration(environment, unique_key).await?;
            if let Some(file) = current.file() {
                let message =
                    format!("The schema is declared by the deployed `{}`: change it there", file.path());
                return Err(Error::invalid(&["schema"], "custom", message));
            }
            Schema::new(schema.to_object().into(), Source::Api, Vec::new()).map_err(|problem| {
                Error::invalid(&["schema"], "custom", format!("Cannot be used: {problem}"))
            })?;
        }
        let set = self.store.set_metadata_schema(environment, unique_key, mode, schema).await;
        set.map_err(|error| match error {
            bespoke_store::Error::NotFound(_) => Error::NotFound(Resource::Integration),
            other => other.into(),
        })?;
        self.seal_secrets_of(environment, &[unique_key.to_owned()]).await?;
        self.configuration(environment, unique_key).await
    }

    /// The defaults of an integration: `{}` where it has none. Fails with [`Error::NotFound`].
    pub async fn metadata_defaults(&self, environment: EnvironmentId, unique_key: &str) -> Result<Document> {
        let stored = self.store.configuration(environment, unique_key).await?;
        Ok(stored.ok_or(Error::NotFound(Resource::Integration))?.defaults.unwrap_or_default())
    }

    /// Writes the defaults of an integration; those that there are then.
    ///
    /// Fails with [`Error::NotFound`], [`Error::NotPatched`] and [`Error::MetadataTooLarge`].
    pub async fn write_metadata_defaults(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
        write: Write,
    ) -> Result<Document> {
        let written = self.store.write_metadata_defaults(environment, unique_key, write).await;
        let written = written.map_err(|error| match error {
            bespoke_store::Error::NotFound(_) => Error::NotFound(Resource::Integration),
            other => crate::metadata::failed(other),
        })?;
        Ok(written.unwrap_or_default())
    }
}
