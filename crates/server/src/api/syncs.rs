//! Syncs: trigger, start, pause, state and frequency.

use crate::{
    api::actions::replay,
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::{self, Json, NoQuery, Query, rules},
    state::AppState,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use bespoke_core::{
    sync::{BASE_VARIANT, Counts, Status, SyncName, TriggerOptions},
    time::Timestamp,
};
use bespoke_engine::{
    Error, Resource,
    syncs::{SyncSelection, SyncStatus},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Most syncs that one request may name.
const MAX_NAMES: usize = 256;

/// A sync: `name`, `name::variant`, or the two apart.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum SyncRef {
    /// `name` or `name::variant`.
    Text(String),
    /// Name and variant.
    Parts {
        /// The sync's name.
        name: String,
        /// Its variant; `base` unless given.
        variant: Option<String>,
    },
}

/// Which syncs to run, and how.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriggerSyncs {
    /// The syncs; an empty list means all of them.
    syncs: Vec<SyncRef>,
    /// The integration; the header `Provider-Config-Key` is taken where it is not given.
    provider_config_key: Option<String>,
    /// The connection; the header `Connection-Id` is taken where it is not given. Without either, every connection.
    connection_id: Option<String>,
    /// Start over or not.
    opts: Option<TriggerOpts>,
    /// The older form of `opts`.
    #[schema(deprecated)]
    sync_mode: Option<SyncMode>,
    /// The oldest form of `opts`.
    #[schema(deprecated)]
    full_resync: Option<bool>,
}

/// How a triggered run differs from one by schedule.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TriggerOpts {
    /// Forget the last run and the checkpoint.
    #[serde(default)]
    reset: bool,
    /// Remove the stored records first.
    #[serde(default)]
    empty_cache: bool,
}

/// The older form of [`TriggerOpts`].
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// Go on from the last run.
    Incremental,
    /// Start over.
    FullRefresh,
    /// Start over without the stored records.
    FullRefreshAndClearCache,
}

/// Which syncs to start or to pause.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectSyncs {
    /// The syncs; an empty list means all of them.
    syncs: Vec<SyncRef>,
    /// The integration.
    provider_config_key: String,
    /// The connection; without it, every connection.
    connection_id: Option<String>,
}

/// Whose state to show.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SyncStatusQuery {
    /// `*`, or a comma list of `name` and `name::variant`.
    syncs: String,
    /// The integration.
    provider_config_key: String,
    /// The connection; without it, every connection.
    connection_id: Option<String>,
}

/// The state of some syncs.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SyncStatuses {
    /// By connection, name and variant.
    syncs: Vec<SyncState>,
}

/// The state of a sync.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncState {
    /// The sync.
    id: Uuid,
    /// The connection.
    #[serde(rename = "connection_id")]
    connection_id: String,
    /// The sync's name.
    name: String,
    /// Its variant.
    variant: String,
    /// `INITIAL` until a run has succeeded, then `INCREMENTAL`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `RUNNING`, `PAUSED`, `SUCCESS` or `ERROR`.
    status: &'static str,
    /// How often it runs, e.g. `1h`.
    frequency: Option<String>,
    /// When the last run ended; absent while one goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    /// When it runs next by schedule.
    next_scheduled_sync_at: Option<String>,
    /// What the last run did to the records, by model.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    latest_result: Option<BTreeMap<String, Counts>>,
    /// `RUNNING`, `SUCCESS` or `STOPPED`: how the last run stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_execution_status: Option<&'static str>,
    /// How many records there are, by model.
    record_count: BTreeMap<String, u64>,
    /// The sync's progress object.
    checkpoint: Option<Value>,
}

/// A sync's own frequency at a connection.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateFrequency {
    /// The sync.
    sync_name: String,
    /// Its variant; `base` unless given.
    sync_variant: Option<String>,
    /// The integration.
    provider_config_key: String,
    /// The connection.
    connection_id: String,
    /// E.g. `every 2 hours`; null takes the function's own again.
    #[serde(deserialize_with = "Option::deserialize")]
    frequency: Option<String>,
}

/// The frequency that a sync has now.
#[derive(Serialize, utoipa::ToSchema)]
pub struct UpdatedFrequency {
    /// The interval, e.g. `2 hours` or `1d`; the function's own words where it was reset.
    frequency: String,
}

/// It was done.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Done {
    /// Always true.
    success: bool,
}

const DONE: axum::Json<Done> = axum::Json(Done { success: true });

/// Runs syncs now. Where a run of one is queued or goes on already, that one is enough.
#[utoipa::path(post, path = "/sync/trigger", tag = "syncs", request_body = TriggerSyncs,
    params(("Provider-Config-Key" = Option<String>, Header), ("Connection-Id" = Option<String>, Header),
           ("Idempotency-Key" = Option<String>, Header,
            description = "The same request with the same key within 24 hours is made once and answered alike.")),
    responses((status = 200, body = Done)))]
pub async fn trigger_syncs(
    State(app): State<AppState>,
    key: Key<scope::SyncsExecute>,
    headers: HeaderMap,
    _: NoQuery,
    Json(trigger): Json<TriggerSyncs>,
) -> Result<Response> {
    let options = trigger.options()?;
    let selection = trigger.selection(&headers)?;
    let once = extract::idempotency_key(&headers)?;
    let replayed = app
        .engine
        .trigger_syncs_once(key.environment.id, &selection, options, once.as_deref())
        .await
        .map_err(|error| not_found(error, &selection))?;
    Ok(replay(DONE, replayed))
}

/// Turns the schedules of syncs on; those that were off run at once.
#[utoipa::path(post, path = "/sync/start", tag = "syncs", request_body = SelectSyncs, responses((status = 200, body = Done)))]
pub async fn start_syncs(
    State(app): State<AppState>,
    key: Key<scope::SyncsExecute>,
    _: NoQuery,
    Json(select): Json<SelectSyncs>,
) -> Result<axum::Json<Done>> {
    let selection = select.selection()?;
    app.engine
        .start_syncs(key.environment.id, &selection)
        .await
        .map_err(|error| not_found(error, &selection))?;
    Ok(DONE)
}

/// Turns the schedules of syncs off, and cancels their runs.
#[utoipa::path(post, path = "/sync/pause", tag = "syncs", request_body = SelectSyncs, responses((status = 200, body = Done)))]
pub async fn pause_syncs(
    State(app): State<AppState>,
    key: Key<scope::SyncsExecute>,
    _: NoQuery,
    Json(select): Json<SelectSyncs>,
) -> Result<axum::Json<Done>> {
    let selection = select.selection()?;
    app.engine
        .pause_syncs(key.environment.id, &selection)
        .await
        .map_err(|error| not_found(error, &selection))?;
    Ok(DONE)
}

/// The state of syncs. Names that there are not are left out.
#[utoipa::path(get, path = "/sync/status", tag = "syncs", params(SyncStatusQuery), responses((status = 200, body = SyncStatuses)))]
pub async fn sync_status(
    State(app): State<AppState>,
    key: Key<scope::SyncsRead>,
    Query(query): Query<SyncStatusQuery>,
) -> Result<axum::Json<SyncStatuses>> {
    let selection =
        query.selection().map_err(|issue| ApiError::new(Code::InvalidQueryParams).issue(issue))?;
    let syncs =
        app.engine.sync_status(key.environment.id, &selection).await.map_err(|error| match error {
            Error::NotFound(Resource::Connection) => {
                ApiError::body("custom", &["connection_id"], "No such connection exists")
            }
            other => other.into(),
        })?;
    let now = app.engine.now();
    Ok(axum::Json(SyncStatuses {
        syncs: syncs.into_iter().map(|status| SyncState::new(status, now)).collect(),
    }))
}

/// Gives a sync of one connection its own frequency, or that of its function again.
#[utoipa::path(put, path = "/sync/update-connection-frequency", tag = "syncs", request_body = UpdateFrequency,
    responses((status = 200, body = UpdatedFrequency)))]
pub async fn update_frequency(
    State(app): State<AppState>,
    key: Key<scope::SyncsUpdate>,
    _: NoQuery,
    Json(update): Json<UpdateFrequency>,
) -> Result<axum::Json<UpdatedFrequency>> {
    let name = update.name().map_err(|issue| ApiError::new(Code::InvalidBody).issue(issue))?;
    let UpdateFrequency { provider_config_key, connection_id, frequency, .. } = update;
    let environment = key.environment.id;
    let updated = app
        .engine
        .update_frequency(environment, &provider_config_key, &connection_id, &name, frequency)
        .await;
    let frequency = updated.map_err(|error| match error {
        Error::NotFound(Resource::Connection) => ApiError::new(Code::UnknownConnection).status(400),
        other => other.into(),
    })?;
    Ok(axum::Json(UpdatedFrequency { frequency }))
}

fn not_found(error: Error, selection: &SyncSelection) -> ApiError {
    match error {
        Error::NotFound(Resource::Connection) => ApiError::new(Code::UnknownConnection).payload(json!({
            "connectionId": selection.connection_id, "providerConfigKey": selection.provider_config_key,
        })),
        Error::NotFound(Resource::Sync) => ApiError::new(Code::NoSyncsFound),
        other => other.into(),
    }
}

/// Checks the parts of a selection.
fn selection(
    provider_config_key: String,
    connection_id: Option<String>,
    names: Vec<SyncName>,
) -> Result<SyncSelection, Issue> {
    if names.len() > MAX_NAMES {
        return Err(Issue::new("too_big", ["syncs"], format!("At most {MAX_NAMES} syncs are allowed")));
    }
    for (index, SyncName { name, variant }) in names.iter().enumerate() {
        let place = index.to_string();
        rules::check(name, &rules::FUNCTION, &["syncs", &place])?;
        rules::check(variant, &rules::FUNCTION, &["syncs", &place])?;
    }
    rules::check(&provider_config_key, &rules::PROVIDER_CONFIG_KEY, &["provider_config_key"])?;
    if let Some(id) = &connection_id {
        rules::check(id, &rules::CONNECTION_ID, &["connection_id"])?;
    }
    Ok(SyncSelection { provider_config_key, connection_id, names })
}

impl From<SyncRef> for SyncName {
    fn from(sync: SyncRef) -> Self {
        match sync {
            SyncRef::Text(text) => Self::parse(&text),
            SyncRef::Parts { name, variant } => {
                Self { name, variant: variant.unwrap_or_else(|| BASE_VARIANT.to_owned()) }
            }
        }
    }
}

impl TriggerSyncs {
    fn options(&self) -> Result<TriggerOptions> {
        let mode = match (self.sync_mode, self.full_resync) {
            (Some(mode), _) => Some(mode),
            (None, Some(true)) => Some(SyncMode::FullRefresh),
            (None, Some(false)) => Some(SyncMode::Incremental),
            (None, None) => None,
        };
        match (&self.opts, mode) {
            (Some(_), Some(_)) => Err(ApiError::body(
                "custom",
                &["opts"],
                "`opts` cannot be used together with `sync_mode` or `full_resync`",
            )),
            (Some(opts), None) => Ok(TriggerOptions { reset: opts.reset, empty_cache: opts.empty_cache }),
            (None, mode) => Ok(TriggerOptions {
                reset: matches!(mode, Some(SyncMode::FullRefresh | SyncMode::FullRefreshAndClearCache)),
                empty_cache: matches!(mode, Some(SyncMode::FullRefreshAndClearCache)),
            }),
        }
    }

    fn selection(self, headers: &HeaderMap) -> Result<SyncSelection> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let key = self.provider_config_key.or_else(|| header("provider-config-key"));
        let key = key.ok_or_else(|| ApiError::new(Code::MissingProviderConfigKey))?;
        let connection = self.connection_id.or_else(|| header("connection-id"));
        selection(key, connection, self.syncs.into_iter().map(Into::into).collect())
            .map_err(|issue| ApiError::new(Code::InvalidBody).issue(issue))
    }
}

impl SelectSyncs {
    fn selection(self) -> Result<SyncSelection> {
        selection(
            self.provider_config_key,
            self.connection_id,
            self.syncs.into_iter().map(Into::into).collect(),
        )
        .map_err(|issue| ApiError::new(Code::InvalidBody).issue(issue))
    }
}

impl SyncStatusQuery {
    fn selection(self) -> Result<SyncSelection, Issue> {
        let names = match self.syncs.trim() {
            "*" => Vec::new(),
            list => list.split(',').map(|name| SyncName::parse(name.trim())).collect(),
        };
        selection(self.provider_config_key, self.connection_id, names)
    }
}

impl UpdateFrequency {
    fn name(&self) -> Result<SyncName, Issue> {
        rules::check(&self.sync_name, &rules::FUNCTION, &["sync_name"])?;
        rules::check(&self.provider_config_key, &rules::PROVIDER_CONFIG_KEY, &["provider_config_key"])?;
        rules::check(&self.connection_id, &rules::CONNECTION_ID, &["connection_id"])?;
        let variant = self.sync_variant.as_deref().unwrap_or(BASE_VARIANT);
        rules::check(variant, &rules::FUNCTION, &["sync_variant"])?;
        Ok(SyncName { name: self.sync_name.clone(), variant: variant.to_owned() })
    }
}

impl SyncState {
    fn new(SyncStatus { sync, record_count }: SyncStatus, now: Timestamp) -> Self {
        let run = sync.last_run.as_ref();
        Self {
            kind: if sync.last_success_started_at.is_some() { "INCREMENTAL" } else { "INITIAL" },
            status: sync.status(now).as_str(),
            frequency: sync.frequency().ok().map(|frequency| frequency.text),
            finished_at: run.and_then(|run| run.finished_at).map(Timestamp::millis_zulu),
            next_scheduled_sync_at: sync.next_slot(now).map(Timestamp::millis_zulu),
            latest_result: run.filter(|run| run.state.is_final()).map(|run| run.result.clone()),
            latest_execution_status: run.map(|run| Status::of_run(run.state).as_str()),
            record_count,
            id: sync.id,
            connection_id: sync.connection_id,
            name: sync.name,
            variant: sync.variant,
            checkpoint: sync.checkpoint,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger(body: Value) -> TriggerSyncs {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn the_forms_of_starting_over_mean_the_same() {
        let check = |rest: Value, reset: bool, empty_cache: bool| {
            let mut body = json!({ "syncs": [] });
            body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            assert_eq!(trigger(body).options().unwrap(), TriggerOptions { reset, empty_cache }, "{rest}");
        };
        check(json!({}), false, false);
        check(json!({ "opts": { "reset": true } }), true, false);
        check(json!({ "opts": { "reset": true, "emptyCache": true } }), true, true);
        check(json!({ "sync_mode": "incremental" }), false, false);
        check(json!({ "sync_mode": "full_refresh" }), true, false);
        check(json!({ "sync_mode": "full_refresh_and_clear_cache" }), true, true);
        check(json!({ "full_resync": true }), true, false);
        check(json!({ "full_resync": false }), false, false);
        assert!(trigger(json!({ "syncs": [], "opts": {}, "sync_mode": "incremental" })).options().is_err());
    }

    #[test]
    fn a_sync_is_named_in_three_ways() {
        let body = json!({
            "syncs": ["a", "b::v", { "name": "c", "variant": "w" }, { "name": "d" }], "provider_config_key": "crm",
        });
        let selection = trigger(body).selection(&HeaderMap::new()).unwrap();
        let names: Vec<_> =
            selection.names.iter().map(|sync| (sync.name.as_str(), sync.variant.as_str())).collect();
        assert_eq!(names, [("a", "base"), ("b", "v"), ("c", "w"), ("d", "base")]);
    }

    #[test]
    fn the_headers_stand_in_for_the_names() {
        let mut headers = HeaderMap::new();
        headers.insert("provider-config-key", "crm".parse().unwrap());
        headers.insert("connection-id", "acme".parse().unwrap());
        let selection = trigger(json!({ "syncs": [] })).selection(&headers).unwrap();
        assert_eq!(
            (selection.provider_config_key.as_str(), selection.connection_id.as_deref()),
            ("crm", Some("acme"))
        );
        let error = trigger(json!({ "syncs": [] })).selection(&HeaderMap::new()).unwrap_err();
        assert_eq!(error.code, Code::MissingProviderConfigKey);
    }
}
