//! What an integration says about the configuration of its connections: defaults, a schema, and how strictly it counts.

use super::{
    integrations::{ValidationMode, found},
    metadata::{current::Patch, document},
};
use crate::{
    auth::{Key, scope},
    error::{ApiError, Result},
    extract::{Json, JsonWithText, NoQuery, Path},
    state::AppState,
};
use axum::extract::{FromRequest, Request, State};
use bespoke_core::{
    document::{Document, Write},
    effect::Effect,
    validation::Mode,
};
use bespoke_engine::configuration::{ConfigFile, Configuration, Source};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};
use std::collections::BTreeMap;

/// The defaults of an integration.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"defaults": {"filterStatus": "active"}}))]
pub struct Defaults {
    /// What counts where a connection's metadata says nothing; `{}` where there are none.
    #[schema(value_type = Object)]
    defaults: Document,
}

/// Reads the defaults of an integration: what `getMetadata()` gives where a connection's metadata says nothing.
#[utoipa::path(get, path = "/integrations/{unique_key}/metadata/defaults", tag = "metadata",
    params(("unique_key" = String, Path)), responses((status = 200, body = Defaults), (status = 404)))]
pub async fn read_metadata_defaults(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsRead>,
    Path(unique_key): Path<String>,
    _: NoQuery,
) -> Result<axum::Json<Defaults>> {
    let defaults = app.engine.metadata_defaults(key.environment.id, &unique_key).await;
    Ok(axum::Json(Defaults { defaults: found(&unique_key, defaults)? }))
}

/// Replaces the defaults of an integration by the body. The next run of each of its connections sees them.
#[utoipa::path(put, path = "/integrations/{unique_key}/metadata/defaults", tag = "metadata",
    request_body(content = Object, example = json!({"filterStatus": "active"})), params(("unique_key" = String, Path)),
    responses((status = 200, body = Defaults), (status = 404), (status = 413)))]
pub async fn replace_metadata_defaults(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsUpdate>,
    Path(unique_key): Path<String>,
    _: NoQuery,
    JsonWithText(body, _): JsonWithText<Box<RawValue>>,
) -> Result<axum::Json<Defaults>> {
    write(&app, &key, &unique_key, Write::Replace(document(&body, &[])?)).await
}

/// Changes the defaults of an integration. The content type says how the body is meant, as for a connection's metadata.
#[utoipa::path(patch, path = "/integrations/{unique_key}/metadata/defaults", tag = "metadata",
    request_body(content(
        (Object = "application/json", example = json!({"filterStatus": "active"})),
        (Object = "application/merge-patch+json", example = json!({"fieldMapping": {"internal_id": null}})),
        (Vec<Object> = "application/json-patch+json", example = json!([{"op": "remove", "path": "/filterStatus"}]))
    )),
    params(("unique_key" = String, Path)),
    responses((status = 200, body = Defaults), (status = 404), (status = 409), (status = 413)))]
pub async fn patch_metadata_defaults(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsUpdate>,
    Path(unique_key): Path<String>,
    _: NoQuery,
    request: Request,
) -> Result<axum::Json<Defaults>> {
    let Patch(write_as) = Patch::from_request(request, &app).await?;
    write(&app, &key, &unique_key, write_as).await
}

async fn write(
    app: &AppState,
    key: &Key<scope::IntegrationsUpdate>,
    unique_key: &str,
    write: Write,
) -> Result<axum::Json<Defaults>> {
    let written = app.engine.write_metadata_defaults(key.environment.id, unique_key, write).await;
    Ok(axum::Json(Defaults { defaults: found(unique_key, written)? }))
}

/// The schema of the configuration of an integration's connections.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"mode": "warn", "schema": {"type": "object", "properties": {"limit": {"type": "integer", "default": 50}}},
    "source": "config", "file": "hubspot/config.ts", "version": 3,
    "on_change": {"limit": "run"}, "ui": null, "conflicts": []}))]
pub struct MetadataSchema {
    /// What happens to a configuration that does not fit.
    #[schema(value_type = String)]
    mode: Mode,
    /// JSON Schema (draft 7); null where there is none.
    #[schema(value_type = Option<Object>)]
    schema: Option<Value>,
    /// `config` where a deployed `config.ts` declares it, else `functions` where deployed functions do, else `api` where it was
    /// put.
    #[schema(value_type = Option<String>)]
    source: Option<&'static str>,
    /// The file of the project that declares it, where it is a `config.ts`.
    file: Option<String>,
    /// Its version; functions declare none.
    version: Option<i64>,
    /// What a change of a path does to data (`none`, `run`, `resync`), as `config.ts` says.
    #[schema(value_type = Object)]
    on_change: BTreeMap<String, Effect>,
    /// How people are to be shown it, as `config.ts` says.
    #[schema(value_type = Option<Object>)]
    ui: Option<Value>,
    /// Where two functions declare types that no value can have at once: path, and who declares what.
    #[schema(value_type = Vec<Object>)]
    conflicts: Value,
}

impl From<&Configuration> for MetadataSchema {
    fn from(configuration: &Configuration) -> Self {
        let (schema, file) = (configuration.schema(), configuration.file());
        Self {
            mode: configuration.mode(),
            schema: schema.map(|schema| schema.schema.clone()),
            source: schema.map(|schema| match schema.source {
                Source::Config => "config",
                Source::Functions => "functions",
                Source::Api => "api",
            }),
            file: file.map(ConfigFile::path),
            version: configuration.schema_version(),
            on_change: file.map(|file| file.definition.on_change.clone()).unwrap_or_default(),
            ui: file.and_then(|file| file.definition.ui.clone()),
            conflicts: schema.map_or_else(|| json!([]), |schema| json!(schema.conflicts)),
        }
    }
}

/// How the configuration is to be checked; what is not given stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutMetadataSchema {
    /// What happens to a configuration that does not fit.
    mode: Option<ValidationMode>,
    /// JSON Schema (draft 7), which counts where no deployed function declares one; refused where a deployed `config.ts` does.
    #[schema(value_type = Option<Object>)]
    schema: Option<Box<RawValue>>,
    /// Its version, from 1; needed with `schema`.
    version: Option<i64>,
}

/// Reads the schema that the configuration of an integration's connections has to fit.
#[utoipa::path(get, path = "/integrations/{unique_key}/metadata/schema", tag = "metadata",
    params(("unique_key" = String, Path)), responses((status = 200, body = MetadataSchema), (status = 404)))]
pub async fn read_metadata_schema(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsRead>,
    Path(unique_key): Path<String>,
    _: NoQuery,
) -> Result<axum::Json<MetadataSchema>> {
    let configuration = app.engine.metadata_schema(key.environment.id, &unique_key).await;
    Ok(axum::Json(found(&unique_key, configuration)?.as_ref().into()))
}

/// Sets the mode, and the schema with its version. What deployed functions declare wins: then `source` says `functions`.
#[utoipa::path(put, path = "/integrations/{unique_key}/metadata/schema", tag = "metadata", request_body = PutMetadataSchema,
    params(("unique_key" = String, Path)),
    responses((status = 200, body = MetadataSchema), (status = 400), (status = 404)))]
pub async fn set_metadata_schema(
    State(app): State<AppState>,
    key: Key<scope::IntegrationsUpdate>,
    Path(unique_key): Path<String>,
    _: NoQuery,
    Json(body): Json<PutMetadataSchema>,
) -> Result<axum::Json<MetadataSchema>> {
    let schema = match (&body.schema, body.version.filter(|version| *version > 0)) {
        (Some(schema), Some(version)) => Some((document(schema, &["schema"])?, version)),
        (None, None) if body.version.is_none() => None,
        _ => return Err(ApiError::body("custom", &["version"], "Goes with schema, and is 1 or more")),
    };
    let mode = body.mode.map(Into::into);
    let set = app.engine.set_metadata_schema(key.environment.id, &unique_key, mode, schema).await;
    Ok(axum::Json(found(&unique_key, set)?.as_ref().into()))
}
