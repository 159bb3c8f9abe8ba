//! What the official CLI sends, and the deployment that it means.

use super::{endpoint::Endpoint, places::Places};
use crate::{
    error::{ApiError, Code, Issue, Result},
    extract::rules::length,
};
use bespoke_core::function::{
    Definition, DeployScope, DeployedFunction, Deployment, FunctionKind, Module, Origin, Source,
};
use regex::Regex;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, sync::LazyLock};

/// The body of both calls; `nangoYamlBody` belongs to the second alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Body {
    flow_configs: Vec<Flow>,
    #[serde(default)]
    on_event_scripts_by_provider: Option<Vec<ProviderScripts>>,
    #[serde(default)]
    post_connection_scripts_by_provider: Option<Vec<ProviderScripts>>,
    #[serde(default)]
    json_schema: Option<GlobalSchema>,
    #[expect(dead_code, reason = "sent by the CLI; which call it is says the same")]
    reconcile: bool,
    #[expect(dead_code, reason = "sent by the CLI; the server's log has its own level")]
    debug: bool,
    #[serde(default)]
    deploy_mode: Option<DeployMode>,
    #[serde(default)]
    single_deploy_mode: bool,
    #[serde(default)]
    sdk_version: Option<String>,
    #[serde(default)]
    source: Origin,
    #[serde(default, rename = "nangoYamlBody")]
    nango_yaml: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DeployMode {
    All,
    Single,
    Integration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileBody {
    js: String,
    ts: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ProviderScripts {
    provider_config_key: String,
    scripts: Vec<Script>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Script {
    name: String,
    file_body: FileBody,
    #[serde(default)]
    event: Option<String>,
}

/// Schemas that all functions share, as older projects have them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GlobalSchema {
    #[serde(default, rename = "$schema")]
    _schema: IgnoredAny,
    #[serde(default, rename = "$comment")]
    _comment: IgnoredAny,
    definitions: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnSchema {
    definitions: Map<String, Value>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FlowKind {
    Action,
    Sync,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SyncType {
    Incremental,
    Full,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Feature {
    Checkpoints,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlowMetadata {
    #[serde(default)]
    scopes: Option<Vec<String>>,
    #[serde(default)]
    description: Option<String>,
}

/// A sync or an action.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flow {
    #[serde(rename = "type")]
    kind: FlowKind,
    #[serde(rename = "syncName")]
    name: String,
    #[serde(rename = "providerConfigKey")]
    integration: String,
    models: Vec<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    runs: Option<String>,
    #[serde(default)]
    auto_start: bool,
    #[serde(default)]
    track_deletes: bool,
    #[serde(default)]
    #[expect(dead_code, reason = "sent by the CLI; it means nothing any more")]
    attributes: Option<Map<String, Value>>,
    #[serde(default)]
    metadata: Option<FlowMetadata>,
    #[serde(default)]
    input: Option<Value>,
    #[serde(default)]
    endpoints: Option<Vec<Endpoint>>,
    #[serde(rename = "fileBody")]
    file_body: FileBody,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    sync_type: Option<SyncType>,
    #[serde(default, rename = "webhookSubscriptions")]
    webhook_subscriptions: Option<Vec<String>>,
    #[serde(default)]
    models_json_schema: Option<OwnSchema>,
    #[serde(default)]
    #[expect(dead_code, reason = "read from the function itself")]
    features: Option<Vec<Feature>>,
    #[serde(default, rename = "model_schema")]
    _model_schema: Option<IgnoredAny>,
}

/// A deployment, and where its functions are in the request.
pub(super) struct Incoming {
    pub(super) deployment: Deployment,
    pub(super) places: Places,
}

impl Body {
    /// What the first call asks about.
    pub(super) fn for_confirmation(self) -> Result<Incoming> {
        if self.nango_yaml.is_some() {
            return Err(ApiError::body("unrecognized_keys", &[], "Unrecognized key: \"nangoYamlBody\""));
        }
        self.incoming()
    }

    /// What the second call deploys.
    pub(super) fn for_deployment(self) -> Result<Incoming> {
        if self.nango_yaml.is_none() {
            return Err(ApiError::body("invalid_type", &["nangoYamlBody"], "Required, but missing"));
        }
        self.incoming()
    }

    fn incoming(self) -> Result<Incoming> {
        if self.sdk_version.as_deref().is_some_and(|version| !SDK_VERSION.is_match(version)) {
            return Err(ApiError::body("invalid_format", &["sdkVersion"], "Is not the version of a CLI"));
        }
        let scope = self.scope();
        // Their CLI knows none.
        let mut untouched = vec![FunctionKind::Config];
        let shared = self.json_schema.map(|schema| schema.definitions);
        let mut building = Building::default();
        for (index, flow) in self.flow_configs.into_iter().enumerate() {
            building.flow(index, flow, shared.as_ref())?;
        }
        if self.on_event_scripts_by_provider.is_none() && self.post_connection_scripts_by_provider.is_none() {
            untouched.push(FunctionKind::OnEvent);
        }
        for (list, providers) in [
            ("onEventScriptsByProvider", self.on_event_scripts_by_provider),
            ("postConnectionScriptsByProvider", self.post_connection_scripts_by_provider),
        ] {
            for (index, provider) in providers.into_iter().flatten().enumerate() {
                building.scripts(list, index, provider)?;
            }
        }
        let Building { functions, modules, places } = building;
        Ok(Incoming {
            deployment: Deployment {
                scope,
                origin: self.source,
                untouched,
                allow_invalid: false,
                functions,
                modules,
            },
            places,
        })
    }

    /// What is absent from the request and thereby deleted.
    fn scope(&self) -> DeployScope {
        let mode = match self.deploy_mode {
            Some(mode) => mode,
            None if self.single_deploy_mode => DeployMode::Single,
            None => DeployMode::All,
        };
        match (mode, self.flow_configs.first()) {
            // Nobody means to delete everything by sending nothing.
            (DeployMode::Single, _) | (_, None) => DeployScope::Named,
            (DeployMode::Integration, Some(flow)) => DeployScope::Integration(flow.integration.clone()),
            (DeployMode::All, Some(_)) => DeployScope::All,
        }
    }
}

static SDK_VERSION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[0-9]+\.[0-9]+\.[0-9]+-(zero|yaml)$").expect("a valid pattern"));

#[derive(Default)]
struct Building {
    functions: Vec<DeployedFunction>,
    modules: BTreeMap<String, Module>,
    places: Places,
}

impl Building {
    fn flow(&mut self, index: usize, flow: Flow, shared: Option<&Map<String, Value>>) -> Result<()> {
        let position = index.to_string();
        let at = ["flowConfigs", position.as_str()];
        check_flow(&flow, &at).map_err(|issue| ApiError::new(Code::InvalidBody).issue(issue))?;
        let kind = match flow.kind {
            FlowKind::Sync => FunctionKind::Sync,
            FlowKind::Action => FunctionKind::Action,
        };
        let is_sync = kind == FunctionKind::Sync;
        let input = flow.input.as_ref().and_then(Value::as_str).filter(|name| !name.is_empty());
        let input = input.map(str::to_owned);
        let schema = flow.models_json_schema.map(|schema| schema.definitions).or_else(|| shared.cloned());
        if let Some(schema) = &schema {
            check_schemas(schema, &flow.models, input.as_deref(), &at)?;
        }
        let endpoints = flow.endpoints.into_iter().flatten().enumerate().map(|(endpoint, stated)| {
            let place = [at[0], at[1], "endpoints", &endpoint.to_string()].map(str::to_owned);
            stated.stated(&place.each_ref().map(String::as_str))
        });
        let endpoints = endpoints
            .collect::<Result<Vec<_>, _>>()
            .map_err(|issue| ApiError::new(Code::InvalidBody).issue(issue))?;
        let FlowMetadata { scopes, description } = flow.metadata.unwrap_or_default();
        let (metadata, input) = if is_sync { (input, None) } else { (None, input) };
        let output = if is_sync { None } else { flow.models.first().cloned() };
        let definition = Definition {
            integration: flow.integration,
            kind,
            name: flow.name,
            description,
            version: flow.version.filter(|version| !version.is_empty()),
            frequency: flow.runs.filter(|runs| is_sync && !runs.is_empty()),
            auto_start: is_sync && flow.auto_start,
            track_deletes: is_sync && flow.track_deletes,
            sync_type: flow.sync_type.filter(|_| is_sync).map(|sync_type| match sync_type {
                SyncType::Full => "full".to_owned(),
                SyncType::Incremental => "incremental".to_owned(),
            }),
            scopes: scopes.unwrap_or_default(),
            event: None,
            webhook_subscriptions: flow.webhook_subscriptions.unwrap_or_default(),
            preview_reads: Vec::new(),
            runs_unconfigured: false,
            config: None,
            endpoints,
            models: if is_sync { flow.models } else { Vec::new() },
            limits: None,
            input,
            output,
            metadata,
            checkpoint: None,
            json_schema: schema.map(|definitions| json!({ "definitions": definitions })),
        };
        let module = self.add(definition, flow.file_body);
        self.places.flow(index, module);
        Ok(())
    }

    fn scripts(&mut self, list: &str, provider: usize, scripts: ProviderScripts) -> Result<()> {
        for (index, script) in scripts.scripts.into_iter().enumerate() {
            let event = match (script.event, list) {
                (Some(event), _) => event,
                (None, "postConnectionScriptsByProvider") => "post-connection-creation".to_owned(),
                (None, _) => {
                    let place = [list, &provider.to_string(), "scripts", &index.to_string(), "event"];
                    return Err(ApiError::body("invalid_type", &place, "Required, but missing"));
                }
            };
            let definition = json!({
                "integration": scripts.provider_config_key, "kind": FunctionKind::OnEvent, "name": script.name, "event": event,
            });
            let definition =
                serde_json::from_value(definition).map_err(|error| ApiError::internal(&error))?;
            let module = self.add(definition, script.file_body);
            self.places.script(list, provider, index, module);
        }
        Ok(())
    }

    /// Adds a function; the name of its module.
    fn add(&mut self, definition: Definition, file: FileBody) -> String {
        let Definition { integration, kind, name, .. } = &definition;
        let folder = kind.folder();
        // A colon may be in an integration's key, and in no file name.
        let module = format!("{}_{folder}_{name}.cjs", integration.replace(':', "~3a"));
        let source = Source { path: format!("{integration}/{folder}/{name}.ts"), code: file.ts };
        self.modules.insert(module.clone(), Module { code: file.js, map: None });
        self.functions.push(DeployedFunction {
            definition,
            modules: vec![module.clone()],
            source,
            content: None,
        });
        module
    }
}

fn check_flow(flow: &Flow, at: &[&str; 2]) -> Result<(), Issue> {
    let each = |field: &str, texts: &[String], least: usize| {
        texts.iter().enumerate().try_for_each(|(index, text)| {
            length(text, least, 255, &[at[0], at[1], field, &index.to_string()])
        })
    };
    each("models", &flow.models, 1)?;
    if let Some(subscriptions) = &flow.webhook_subscriptions {
        each("webhookSubscriptions", subscriptions, 0)?;
    }
    let scopes = flow.metadata.as_ref().and_then(|metadata| metadata.scopes.as_ref());
    scopes.into_iter().flatten().enumerate().try_for_each(|(index, scope)| {
        length(scope, 0, 255, &[at[0], at[1], "metadata", "scopes", &index.to_string()])
    })
}

/// Every model, and the input, must have its schema.
fn check_schemas(
    schema: &Map<String, Value>,
    models: &[String],
    input: Option<&str>,
    at: &[&str; 2],
) -> Result<()> {
    let models = models.iter().map(|model| ("models", model.as_str()));
    let missing =
        models.chain(input.map(|input| ("input", input))).find(|(_, name)| !schema.contains_key(*name));
    let Some((field, name)) = missing else { return Ok(()) };
    let message = format!("models_json_schema has no definition `{name}`");
    let issue = Issue::new("custom", [at[0], at[1], field], message);
    Err(ApiError::new(Code::DeployMissingJsonSchemaModel).issue(issue))
}
