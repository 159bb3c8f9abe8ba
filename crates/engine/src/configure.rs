//! End customers configure their own connection: sessions that open one connection, what is shown in them, and what may be
//! set.

mod options;
mod schema;

pub use bespoke_core::configure_session::{Choice, ConfigureSession, SessionToken};
pub use options::Options;
pub(crate) use options::OptionsCache;

use crate::{
    Engine, Error, Result,
    configuration::{Configuration, Level, Problem},
    metadata::{CurrentMetadata, MetadataChange},
    preview::{self, Candidate, Preview, PreviewReport},
};
use bespoke_core::{
    configure_session::{Allowed, Hints, LASTS, LASTS_AT_MOST, NewConfigureSession},
    document::{Document, Write},
    environment::Environment,
    function::FunctionKind,
    id::EnvironmentId,
    revision::{Actor, Provenance, Source},
    sealed,
    time::Timestamp,
};
use bytes::Bytes;
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// How often a change is tried while others write.
const TRIES: usize = 5;

/// A session to be made.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The integration's key.
    pub provider_config_key: String,
    /// The connection.
    pub connection_id: String,
    /// JSON pointers to what may be set; all that the schema shows where it is `None`.
    pub allow: Option<Vec<String>>,
    /// How long it lasts; half an hour unless given, a day at most.
    pub lasts: Option<Duration>,
    /// The language to show.
    pub locale: Option<String>,
    /// How the page looks.
    pub theme: Option<Value>,
}

/// A session that was made.
#[derive(Debug)]
pub struct MadeSession {
    /// What opens it; shown once.
    pub token: SessionToken,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What an end customer is shown.
#[derive(Debug)]
pub struct ShownConfiguration {
    /// The integration's name for people.
    pub integration: String,
    /// Its provider.
    pub provider: String,
    /// The customer's name.
    pub customer: String,
    /// What may be set: JSON pointers.
    pub allow: Vec<String>,
    /// The schema of that; `None` where none is declared.
    pub schema: Option<Value>,
    /// How to show it.
    pub ui: Option<Value>,
    /// The product's name, where `ui` tells it.
    pub product: Option<String>,
    /// The values, the layer below them and what is wrong.
    pub values: ShownValues,
    /// The functions that can be previewed.
    pub preview: Vec<String>,
}

/// The values that an end customer sees.
#[derive(Debug)]
pub struct ShownValues {
    /// The connection's own.
    pub own: Map<String, Value>,
    /// What counts where it has none.
    pub inherited: Map<String, Value>,
    /// The newest revision.
    pub revision: i64,
    /// What is wrong with them.
    pub problems: Vec<Problem>,
}

/// What a session's holder may see and set.
struct Scope {
    configuration: Arc<Configuration>,
    allowed: Allowed,
    hints: Hints,
}

impl Scope {
    fn new(configuration: Arc<Configuration>, allow: Option<&[String]>) -> Self {
        let mut hints = Hints::of(ui(&configuration));
        let declared = configuration
            .schema()
            .map(|schema| schema::declared(&schema.schema, definitions(&schema.schema), &mut hints));
        let allowed = match allow {
            Some(pointers) => Allowed::only(pointers),
            None => Allowed::shown(&declared.unwrap_or_default(), &hints),
        };
        Self { configuration, allowed, hints }
    }

    /// Those problems that the customer can do something about.
    fn problems(&self, problems: Vec<Problem>) -> Vec<Problem> {
        problems.into_iter().filter(|problem| self.allowed.shows(&problem.path)).collect()
    }

    fn values(&self, current: CurrentMetadata) -> ShownValues {
        let own = current.document.as_ref().map(Document::to_object).unwrap_or_default();
        let inherited = self.configuration.inherited(current.document.as_ref());
        ShownValues {
            own: self.shown(own),
            inherited: self.shown(inherited),
            revision: current.revision,
            problems: self.problems(current.problems),
        }
    }

    fn shown(&self, mut document: Map<String, Value>) -> Map<String, Value> {
        self.configuration.secrets().each(&mut document, &mut |_, value| *value = sealed::MASK.into());
        let mut document = Value::Object(document);
        sealed::mask(&mut document);
        self.allowed.cut(document.as_object().unwrap_or(&Map::new()))
    }

    /// `ui` without what is not for the customer.
    fn ui(&self) -> Option<Value> {
        let entries = ui(&self.configuration)?.as_object()?.iter();
        let shown = entries.filter(|(key, hint)| {
            let path = Hints::pointer(key);
            !key.starts_with('$') && (!hint.is_object() || path.contains('*') || self.allowed.shows(&path))
        });
        Some(shown.map(|(key, hint)| (key.clone(), hint.clone())).collect())
    }
}

fn ui(configuration: &Configuration) -> Option<&Value> {
    configuration.file()?.definition.ui.as_ref()
}

/// What is said at the top of `ui`, beside its paths.
fn said<'a>(configuration: &'a Configuration, name: &str) -> Option<&'a Value> {
    ui(configuration)?.get(name)
}

fn definitions(schema: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    schema.get("definitions").and_then(Value::as_object).unwrap_or(&NONE)
}

impl Engine {
    /// Makes a session in which the customer of a connection configures it.
    ///
    /// Fails with [`Error::NotFound`], and with [`Error::Invalid`] where it would last too long, or where nothing could be set.
    pub async fn create_configure_session(
        &self,
        environment: EnvironmentId,
        new: NewSession,
    ) -> Result<MadeSession> {
        let connection = self.connection(environment, &new.provider_config_key, &new.connection_id).await?;
        let lasts = new.lasts.unwrap_or(LASTS);
        if lasts.is_zero() || lasts > LASTS_AT_MOST {
            let message = format!("Must be 1 to {} seconds", LASTS_AT_MOST.as_secs());
            return Err(Error::invalid(&["expires_in"], "custom", message));
        }
        let is_pointer = |path: &String| path.is_empty() || path.starts_with('/');
        if let Some(wrong) = new.allow.iter().flatten().position(|path| !is_pointer(path)) {
            let message = "Must be a JSON pointer, such as /fieldMapping";
            return Err(Error::invalid(&["allow", &wrong.to_string()], "invalid_format", message));
        }
        let configuration = self.configuration(environment, &new.provider_config_key).await?;
        if Scope::new(configuration, new.allow.as_deref()).allowed.pointers().is_empty() {
            let message =
                "Must name what may be set: the integration declares nothing that end customers see";
            return Err(Error::invalid(&["allow"], "custom", message));
        }
        let expires_at = self.now().after(lasts);
        let session = NewConfigureSession {
            id: self.ids.next(),
            allow: new.allow,
            locale: new.locale,
            theme: new.theme,
            expires_at,
        };
        let made = self.store.create_configure_session(environment, connection.id, session).await;
        let token = made.map_err(crate::metadata::failed)?;
        Ok(MadeSession { token, expires_at })
    }

    /// The session that a token opens; `None` where it has ended, or never was.
    pub async fn configure_session(&self, token: &SessionToken) -> Result<Option<ConfigureSession>> {
        Ok(self.store.configure_session(token.hash()).await?)
    }

    /// What the customer is shown.
    pub async fn shown_configuration(&self, session: &ConfigureSession) -> Result<ShownConfiguration> {
        let ConfigureSession { environment, provider_config_key, connection_id, .. } = session;
        let integration = self.integration(environment.id, provider_config_key).await?;
        let connection = self.connection(environment.id, provider_config_key, connection_id).await?;
        let scope = self.configure_scope(session).await?;
        let current = self.metadata(environment.id, provider_config_key, connection_id).await?;
        let schema = scope.configuration.schema().map(|schema| {
            let definitions = definitions(&schema.schema);
            schema::Cutter { definitions, allowed: &scope.allowed }.cut(&schema.schema, "", 0)
        });
        let customer = connection.end_user.and_then(|user| {
            let organization = user.organization.and_then(|organization| organization.display_name);
            organization.or(user.display_name).or(user.email)
        });
        Ok(ShownConfiguration {
            integration: integration.display_name().to_owned(),
            provider: integration.integration.provider.clone(),
            customer: customer.unwrap_or(connection.connection_id),
            allow: scope.allowed.pointers(),
            schema,
            ui: scope.ui(),
            product: said(&scope.configuration, "$productName").and_then(Value::as_str).map(str::to_owned),
            preview: self
                .previewed(session, &scope.configuration)
                .await?
                .into_iter()
                .map(|it| it.1)
                .collect(),
            values: scope.values(current),
        })
    }

    /// Changes what the customer may set: a merge patch. A value that does not fit the schema is refused, whether the
    /// integration enforces it or not.
    ///
    /// Fails with [`Error::PathNotAllowed`], [`Error::MetadataConflict`] and [`Error::MetadataInvalid`].
    pub async fn configure(
        &self,
        session: &ConfigureSession,
        patch: Map<String, Value>,
        expected: Option<i64>,
        request_id: Option<String>,
    ) -> Result<ShownValues> {
        let ConfigureSession { environment, provider_config_key, connection_id, .. } = session;
        let scope = self.configure_scope(session).await?;
        let connection = self.connection(environment.id, provider_config_key, connection_id).await?;
        let name = connection.end_user.and_then(|user| user.display_name.or(user.email));
        let actor = Actor::EndCustomer { session: session.session.id, name };
        let provenance = Provenance { request_id, ..Provenance::of(actor, Source::Configure) };
        for _ in 0..TRIES {
            let before = self.metadata(environment.id, provider_config_key, connection_id).await?;
            let own = before.document.as_ref().map(Document::to_object).unwrap_or_default();
            if let Some(path) = scope.allowed.refuses(&patch, &own) {
                return Err(Error::PathNotAllowed(path));
            }
            let write = Write::MergePatch(Arc::new(Value::Object(patch.clone())));
            let revision = expected.unwrap_or(before.revision);
            let change =
                MetadataChange { expected: Some(revision), ..MetadataChange::new(write, provenance.clone()) };
            let tried = self.try_metadata(environment.id, provider_config_key, connection_id, &change).await;
            let tried = match tried {
                Ok(tried) => tried,
                Err(Error::MetadataConflict) if expected.is_none() => continue,
                Err(Error::MetadataInvalid(problems)) => {
                    return Err(Error::MetadataInvalid(scope.problems(problems)));
                }
                Err(error) => return Err(error),
            };
            let known = |problem: &Problem| {
                before.problems.iter().any(|old| (&old.path, &old.code) == (&problem.path, &problem.code))
            };
            let is_new = |problem: &Problem| {
                problem.level == Level::Error && (!known(problem) || touches(&patch, &problem.path))
            };
            let wrong: Vec<Problem> = tried.problems.into_iter().filter(is_new).collect();
            if !wrong.is_empty() {
                return Err(Error::MetadataInvalid(scope.problems(wrong)));
            }
            match self.write_metadata_of(environment.id, provider_config_key, connection_id, change).await {
                Ok(written) => return Ok(scope.values(written)),
                Err(Error::MetadataConflict) if expected.is_none() => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::MetadataConflict)
    }

    /// What a function would do with a change of the customer's: the one named, which must be among those that may be previewed,
    /// or the first. `events` hears of batches of records only.
    pub async fn preview_configure(
        self: &Arc<Self>,
        session: &ConfigureSession,
        patch: Map<String, Value>,
        function: Option<&str>,
        events: Option<mpsc::UnboundedSender<crate::dry_runs::report::Event>>,
    ) -> Result<PreviewReport> {
        let scope = self.configure_scope(session).await?;
        let before = self
            .metadata(session.environment.id, &session.provider_config_key, &session.connection_id)
            .await?;
        let own = before.document.as_ref().map(Document::to_object).unwrap_or_default();
        if let Some(path) = scope.allowed.refuses(&patch, &own) {
            return Err(Error::PathNotAllowed(path));
        }
        let offered = self.previewed(session, &scope.configuration).await?;
        let chosen = offered.into_iter().find(|(_, name)| function.is_none_or(|wanted| wanted == name));
        let (kind, name) = chosen.ok_or(Error::NotFound(crate::Resource::Function))?;
        let preview = Preview {
            environment: session.environment.clone(),
            integration: session.provider_config_key.clone(),
            connection_id: session.connection_id.clone(),
            kind,
            name,
            input: Bytes::new(),
            candidate: Candidate::Write(Write::MergePatch(Arc::new(Value::Object(patch)))),
            bounds: preview::BOUNDS,
            events,
        };
        let mut report = self.preview(preview).await?;
        report.problems = scope.problems(report.problems);
        // Which requests a function sends is its author's affair.
        report.calls.clear();
        report.blocked_calls.clear();
        report.warnings.clear();
        Ok(report)
    }

    /// What the customer may choose from at a path. Fails with [`Error::PathNotAllowed`], and as [`Engine::options_at`].
    pub async fn configure_options(
        self: &Arc<Self>,
        session: &ConfigureSession,
        path: &str,
    ) -> Result<Arc<Options>> {
        let scope = self.configure_scope(session).await?;
        if !scope.allowed.shows(path) {
            return Err(Error::PathNotAllowed(path.to_owned()));
        }
        let ConfigureSession { environment, provider_config_key, connection_id, .. } = session;
        self.options_of(environment, provider_config_key, connection_id, (&scope.hints, path)).await
    }

    /// What may be chosen from at a path of a connection's configuration: what the action that `ui` names there
    /// (`optionsFrom`) lists, in a run that writes nothing.
    ///
    /// Fails with [`Error::NotFound`] (connection, function), [`Error::Invalid`] where nothing is named, and [`Error::Failed`].
    pub async fn options_at(
        self: &Arc<Self>,
        environment: &Environment,
        provider_config_key: &str,
        connection_id: &str,
        path: &str,
    ) -> Result<Arc<Options>> {
        let configuration = self.configuration(environment.id, provider_config_key).await?;
        let scope = Scope::new(configuration, Some(&[String::new()]));
        self.options_of(environment, provider_config_key, connection_id, (&scope.hints, path)).await
    }

    async fn configure_scope(&self, session: &ConfigureSession) -> Result<Scope> {
        let configuration = self.configuration(session.environment.id, &session.provider_config_key).await?;
        Ok(Scope::new(configuration, session.session.allow.as_deref()))
    }

    /// The functions that `ui` offers for previews (`$preview`) and that are deployed.
    async fn previewed(
        &self,
        session: &ConfigureSession,
        configuration: &Configuration,
    ) -> Result<Vec<(FunctionKind, String)>> {
        let names = said(configuration, "$preview").and_then(Value::as_array).into_iter().flatten();
        let mut found = Vec::new();
        for name in names.filter_map(Value::as_str) {
            for kind in [FunctionKind::Sync, FunctionKind::Action] {
                let (environment, integration) = (session.environment.id, &session.provider_config_key);
                let function = self.store.function(environment, integration, kind, name).await?;
                if function.is_some_and(|function| function.enabled) {
                    found.push((kind, name.to_owned()));
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// Whether a merge patch says something at, above or below this JSON pointer.
fn touches(patch: &Map<String, Value>, path: &str) -> bool {
    let mut here = patch;
    for step in path.split('/').skip(1) {
        match here.get(&step.replace("~1", "/").replace("~0", "~")) {
            Some(Value::Object(inside)) => here = inside,
            Some(_) => return true,
            None => return false,
        }
    }
    true
}
