//! The definitions of all functions, as http-api.md §12.4 shows them: for people's tools, and for language models.

use crate::{
    auth::{Key, scope},
    error::Result,
    extract::Query,
    state::AppState,
};
use axum::extract::State;
use bespoke_core::{
    function::{Definition, Function, FunctionKind},
    integration::Integration,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How to show them.
#[derive(Deserialize, utoipa::IntoParams)]
pub struct Format {
    /// `openai` shows the actions as tools of a language model; everything else is `nango`.
    #[serde(default)]
    format: Option<String>,
}

/// Lists all deployed functions by integration, as the SDK's `getScriptsConfig` shows them.
#[utoipa::path(get, path = "/scripts/config", tag = "functions", params(Format),
    responses((status = 200, description = "`[{providerConfigKey, provider, syncs, actions, on-events}]`, or `{data: [{name, description, parameters}]}`")))]
pub async fn scripts_config(
    State(app): State<AppState>,
    key: Key<scope::ScriptsRead>,
    Query(Format { format }): Query<Format>,
) -> Result<axum::Json<Value>> {
    let functions = app.engine.functions_by_integration(key.environment.id).await?;
    Ok(axum::Json(match format.as_deref() {
        Some("openai") => tools(&functions),
        _ => scripts(&functions),
    }))
}

fn scripts(functions: &[(Integration, Vec<Function>)]) -> Value {
    let config = functions.iter().map(|(integration, functions)| {
        let of_kind = |kind| -> Vec<Value> {
            functions.iter().filter(|function| function.definition.kind == kind).map(script).collect()
        };
        json!({
            "providerConfigKey": integration.unique_key,
            "provider": integration.provider,
            "syncs": of_kind(FunctionKind::Sync),
            "actions": of_kind(FunctionKind::Action),
            "on-events": of_kind(FunctionKind::OnEvent),
        })
    });
    config.collect()
}

fn script(function: &Function) -> Value {
    let Definition { kind, name, description, scopes, frequency, models, input, output, metadata, .. } =
        &function.definition;
    let (input, returns) = match kind {
        FunctionKind::Sync => (metadata, models.clone()),
        FunctionKind::Action => (input, output.iter().cloned().collect()),
        FunctionKind::OnEvent | FunctionKind::Config => (&None, Vec::new()),
    };
    let features: &[&str] = if function.definition.checkpoint.is_some() { &["checkpoints"] } else { &[] };
    json!({
        "id": function.id,
        "name": name,
        "type": kind,
        "runs": frequency,
        "auto_start": function.definition.auto_start,
        "track_deletes": function.definition.track_deletes,
        "sync_type": function.definition.sync_type,
        "attributes": {},
        "description": description,
        "scopes": scopes,
        "metadata": { "description": description, "scopes": scopes },
        "input": input,
        "returns": returns,
        "endpoints": function.definition.endpoints,
        "webhookSubscriptions": function.definition.webhook_subscriptions,
        "event": function.definition.event,
        "source": function.origin,
        "version": function.version,
        "last_deployed": function.deployed_at.millis_zulu(),
        "enabled": function.enabled,
        "json_schema": function.definition.json_schema,
        "sdk_version": null,
        "features": features,
    })
}

/// The actions that may run, as tools: a model can call an action, and nothing else.
fn tools(functions: &[(Integration, Vec<Function>)]) -> Value {
    let actions = functions.iter().flat_map(|(_, functions)| functions);
    let actions =
        actions.filter(|function| function.enabled && function.definition.kind == FunctionKind::Action);
    let tools = actions.map(|function| {
        let definition = &function.definition;
        json!({
            "name": definition.name,
            "description": definition.description.clone().unwrap_or_default(),
            "parameters": parameters(definition),
        })
    });
    json!({ "data": tools.collect::<Vec<_>>() })
}

/// The schema of an action's input. An input that is no object has no parameters that could be named.
fn parameters(definition: &Definition) -> Value {
    let definitions =
        definition.json_schema.as_ref().and_then(|schema| schema.get("definitions")?.as_object());
    let schema = definition.input.as_ref().and_then(|input| definitions?.get(input)?.as_object());
    let field = |name: &str| schema.and_then(|schema| schema.get(name)).cloned();
    let properties = field("properties").unwrap_or_else(|| Map::new().into());
    let mut parameters = json!({
        "type": "object",
        "properties": properties,
        "required": field("required").unwrap_or_else(|| json!([])),
    });
    // Schemas that the input refers to come along, so that each reference has its target.
    if let Some(definitions) = definitions
        && properties_refer(&parameters["properties"])
    {
        parameters["definitions"] = definitions.clone().into();
    }
    parameters
}

fn properties_refer(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.iter().any(|(key, value)| key == "$ref" || properties_refer(value)),
        Value::Array(items) => items.iter().any(properties_refer),
        _ => false,
    }
}
