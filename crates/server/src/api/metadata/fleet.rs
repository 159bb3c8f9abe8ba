//! The metadata of all connections of an integration: what they have in common, and changes of many at once.

use super::{
    super::{connections::read_tags, logs::read_count},
    current::Patch,
    effects::{AppliedReport, Apply},
};
use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::{self, Json, Path, Query},
    provenance::Writer,
    state::AppState,
};
use axum::extract::State;
use bespoke_core::{
    document::Write,
    effect::Effect,
    fleet::{Condition, FleetFacts, PathFacts, Test},
    revision::Source,
};
use bespoke_engine::{
    fleet::{BulkChange, BulkOutcome, BulkResult, FleetSelection, FleetView},
    reads::{self, ReadsOfFleet},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Connections of a batch where no size is given.
const BATCH: u32 = 100;

/// What must be at a path of the metadata: one of `is`, `is_not` and `set`.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Where {
    /// JSON pointer.
    path: String,
    /// This value. In a query: JSON, or else a text.
    #[schema(value_type = Option<Object>)]
    #[serde(default, deserialize_with = "given")]
    is: Option<Value>,
    /// Anything but this value.
    #[schema(value_type = Option<Object>)]
    #[serde(default, deserialize_with = "given")]
    is_not: Option<Value>,
    /// Anything (true), or nothing (false).
    #[schema(value_type = Option<bool>)]
    set: Option<Value>,
}

/// A value that is there, `null` too.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Where {
    /// Of a query, which has only texts.
    pub(in crate::api) fn of_query(mut self) -> Result<Condition, Issue> {
        for value in [&mut self.is, &mut self.is_not].into_iter().flatten() {
            if let Value::String(text) = value {
                *value = serde_json::from_str(text).unwrap_or_else(|_| text.clone().into());
            }
        }
        self.condition()
    }

    fn condition(self) -> Result<Condition, Issue> {
        if !self.path.is_empty() && !self.path.starts_with('/') {
            return Err(Issue::new(
                "invalid_format",
                ["where", "path"],
                "Must be a JSON pointer, such as /filterStatus",
            ));
        }
        let is_set = self.set.map(|set| match set {
            Value::Bool(set) => Ok(set),
            Value::String(text) => extract::boolean(&text).ok_or(()),
            _ => Err(()),
        });
        let test = match (self.is, self.is_not, is_set) {
            (Some(value), None, None) => Test::Is(value),
            (None, Some(value), None) => Test::IsNot(value),
            (None, None, Some(Ok(true))) => Test::Set,
            (None, None, Some(Ok(false))) => Test::Unset,
            (None, None, Some(Err(()))) => {
                return Err(Issue::new("invalid_type", ["where", "set"], "Must be a boolean"));
            }
            _ => return Err(Issue::new("custom", ["where"], "Must have one of is, is_not and set")),
        };
        Ok(Condition { path: self.path, test })
    }
}

/// Which connections to look at, and where in their metadata. All filters must match.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadFleet {
    /// JSON pointer: only this path and those below it.
    path: Option<String>,
    /// `tags[key]=value`: all of them must match.
    #[serde(default)]
    #[param(style = DeepObject, explode, value_type = Object)]
    tags: Map<String, Value>,
    /// `where[path]=/filterStatus&where[is]=active`: what their metadata must have. Also `where[is_not]` and `where[set]=false`.
    #[param(style = DeepObject, explode, value_type = Option<Object>)]
    r#where: Option<Where>,
    /// Only connections whose effective configuration does not fit the schema.
    #[serde(default, deserialize_with = "extract::deserialize_boolean")]
    invalid: bool,
    /// Only connections whose metadata is of an older version of the schema in `config.ts`.
    #[serde(default, deserialize_with = "extract::deserialize_boolean")]
    outdated: bool,
    /// How many of the integration's newest runs to ask what they read, 1 to 10000; 1000 unless given.
    #[param(value_type = Option<u32>)]
    runs: Option<String>,
}

/// What connections have in common.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FleetReport {
    /// Connections that match.
    connections: usize,
    /// How many of them have metadata.
    with_metadata: usize,
    /// How many have an effective configuration that does not fit the schema. None with the mode `off`.
    invalid: usize,
    /// How many have metadata of an older version of the schema in `config.ts`: not migrated yet, or `migrate` cannot fix it.
    outdated: usize,
    /// The first hundred of them, where not all connections of the integration were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_ids: Option<Vec<String>>,
    /// What is at each path, also where nobody sets what the schema demands; those that most set first.
    paths: Vec<PathReport>,
    /// There are more paths than are told: keys that are data, perhaps.
    paths_cut: bool,
    /// What functions read of it.
    reads: ReadsReport,
}

/// What is at one path.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"path": "/filterStatus", "set": 980, "types": {"string": 980}, "distinct": 2,
    "values": [{"value": "active", "count": 972}, {"value": "all", "count": 8}], "others": 0, "invalid": 0,
    "deviants": [{"connection_id": "acme", "value": "all"}]}))]
pub struct PathReport {
    /// JSON pointer to it.
    path: String,
    /// Connections that set it.
    set: usize,
    /// How many values there are of each JSON type.
    types: BTreeMap<&'static str, usize>,
    /// Different values.
    distinct: usize,
    /// The ten most common values. A long one is shown by its beginning, as a text.
    values: Vec<ValueReport>,
    /// Connections with another value than those.
    others: usize,
    /// Connections whose effective configuration does not fit the schema there.
    invalid: usize,
    /// Up to 20 of those who have another value than nine in ten.
    deviants: Vec<DeviantReport>,
}

/// A value and how many have it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ValueReport {
    /// The value.
    #[schema(value_type = Object)]
    value: Value,
    /// How many have it.
    count: usize,
}

/// A connection whose value is not the usual one.
#[derive(Serialize, utoipa::ToSchema)]
pub struct DeviantReport {
    /// The connection's id.
    connection_id: String,
    /// Its value.
    #[schema(value_type = Object)]
    value: Value,
}

/// What the newest runs of the integration have read, compared with what the connections set.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"runs": 1000, "unread": ["/fieldMaping/internal_id"], "missing": ["/filter/region"], "cut": false}))]
pub struct ReadsReport {
    /// Runs that told what they read.
    runs: u64,
    /// Leaves that are set, and that none of these runs read.
    unread: Vec<String>,
    /// Leaves that they looked for, and that no connection sets and no default has.
    missing: Vec<String>,
    /// Some of them read more than is kept of one run: `unread` may then be too long.
    cut: bool,
}

impl From<ReadsOfFleet> for ReadsReport {
    fn from(reads: ReadsOfFleet) -> Self {
        let ReadsOfFleet { runs, mismatch, is_cut } = reads;
        Self { runs, unread: mismatch.unread, missing: mismatch.missing, cut: is_cut }
    }
}

impl FleetReport {
    fn new(FleetView { facts, outdated, connection_ids }: FleetView, reads: ReadsOfFleet) -> Self {
        let FleetFacts { connections, with_metadata, invalid, paths, are_paths_cut: paths_cut } = facts;
        let paths = paths.into_iter().map(PathReport::from).collect();
        let reads = reads.into();
        Self { connections, with_metadata, invalid, outdated, connection_ids, paths, paths_cut, reads }
    }
}

impl From<PathFacts> for PathReport {
    fn from(facts: PathFacts) -> Self {
        let PathFacts { path, set, types, distinct, values, others, invalid, deviants } = facts;
        let values = values.into_iter().map(|found| ValueReport { value: found.value, count: found.count });
        let deviants = deviants
            .into_iter()
            .map(|deviant| DeviantReport { connection_id: deviant.connection_id, value: deviant.value });
        let (values, deviants) = (values.collect(), deviants.collect());
        Self { path, set, types, distinct, values, others, invalid, deviants }
    }
}

/// Tells what the connections of an integration have in common: which paths they set, to what, and who does it otherwise.
#[utoipa::path(get, path = "/integrations/{unique_key}/metadata/fleet", tag = "metadata",
    params(("unique_key" = String, Path), ReadFleet), responses((status = 200, body = FleetReport), (status = 400)))]
pub async fn read_fleet(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsList>,
    Path(unique_key): Path<String>,
    Query(query): Query<ReadFleet>,
) -> Result<axum::Json<FleetReport>> {
    let wrong = |issue| ApiError::new(Code::InvalidQueryParams).issue(issue);
    let mut selection = selection(None, &query.tags, None).map_err(wrong)?;
    selection.condition = query.r#where.map(Where::of_query).transpose().map_err(wrong)?;
    selection.is_invalid = query.invalid;
    selection.is_outdated = query.outdated;
    let runs = read_count("runs", query.runs.as_deref(), reads::RUNS, reads::MOST_RUNS).map_err(wrong)?;
    let (environment, path) = (key.environment.id, query.path.as_deref());
    let view = app.engine.fleet(environment, &unique_key, selection, path).await?;
    let reads = app.engine.reads_of_fleet(environment, &unique_key, &view.facts, path, runs).await?;
    Ok(axum::Json(FleetReport::new(view, reads)))
}

/// A change of many connections: of which, and what. All conditions must hold; at least one must be given.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tags": {"plan": "pro"}, "where": {"path": "/filterStatus", "is": "all"},
    "merge_patch": {"filterStatus": "active"}, "reason": "ticket 42", "dry_run": true}))]
pub struct BulkMetadata {
    /// Only these connections.
    connection_ids: Option<Vec<String>>,
    /// Only connections with all of these tags.
    #[serde(default)]
    #[schema(value_type = Object)]
    tags: Map<String, Value>,
    /// Only connections whose metadata is so.
    r#where: Option<Where>,
    /// A JSON Merge Patch (RFC 7396) for each. One of `merge_patch` and `json_patch`.
    #[schema(value_type = Option<Object>)]
    merge_patch: Option<Value>,
    /// A JSON Patch (RFC 6902) for each.
    #[schema(value_type = Option<Vec<Object>>)]
    json_patch: Option<Value>,
    /// Only tell what would come of it.
    #[serde(default)]
    dry_run: bool,
    /// Connections that are written before it is looked whether any failed; then it stops. 100 unless given.
    batch_size: Option<u32>,
    /// Why, in the writer's words.
    reason: Option<String>,
    /// What a change does to the data of each connection.
    apply: Option<Apply>,
}

/// What came of a change of many.
#[derive(Serialize, utoipa::ToSchema)]
pub struct BulkReport {
    /// Connections that were selected.
    matched: usize,
    /// Of those, how many were changed, or would be.
    changed: usize,
    /// How many had it so already.
    unchanged: usize,
    /// How many could not be written.
    failed: usize,
    /// It ended after a batch with failures; what is not in `results` was not tried.
    stopped: bool,
    /// What came of each.
    results: Vec<BulkItem>,
}

/// What came of one connection.
#[derive(Serialize, utoipa::ToSchema)]
pub struct BulkItem {
    /// The connection's id.
    connection_id: String,
    /// `changed`, `unchanged` or `failed`.
    outcome: &'static str,
    /// The newest revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    /// The JSON Patch from what was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    diff: Option<Value>,
    /// What the change did to the connection's data, or would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<AppliedReport>,
    /// Why it could not be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    error: Option<Value>,
}

impl From<BulkResult> for BulkItem {
    fn from(BulkResult { connection_id, outcome }: BulkResult) -> Self {
        match outcome {
            Ok(written) => {
                let is_same = written.diff.as_array().is_some_and(Vec::is_empty);
                let outcome = if is_same { "unchanged" } else { "changed" };
                let (revision, diff) = (Some(written.revision), Some(written.diff));
                let applied = Some(written.applied).filter(|applied| applied.effect > Effect::None);
                let applied = applied.map(AppliedReport::from);
                Self { connection_id, outcome, revision, diff, applied, error: None }
            }
            Err(error) => {
                let error = ApiError::from(error).to_json()["error"].take();
                let (revision, diff, applied) = (None, None, None);
                Self { connection_id, outcome: "failed", revision, diff, applied, error: Some(error) }
            }
        }
    }
}

impl From<BulkOutcome> for BulkReport {
    fn from(BulkOutcome { matched, results, is_stopped }: BulkOutcome) -> Self {
        let results: Vec<BulkItem> = results.into_iter().map(BulkItem::from).collect();
        let count = |outcome| results.iter().filter(|item| item.outcome == outcome).count();
        let (changed, unchanged, failed) = (count("changed"), count("unchanged"), count("failed"));
        Self { matched, changed, unchanged, failed, stopped: is_stopped, results }
    }
}

/// Changes the metadata of many connections of an integration, each as a revision of its own.
#[utoipa::path(post, path = "/integrations/{unique_key}/metadata/bulk", tag = "metadata", request_body = BulkMetadata,
    params(("unique_key" = String, Path)), responses((status = 200, body = BulkReport), (status = 400)))]
pub async fn change_fleet(
    State(app): State<AppState>,
    key: Key<scope::ConnectionsUpdate>,
    Path(unique_key): Path<String>,
    writer: Writer,
    Json(body): Json<BulkMetadata>,
) -> Result<axum::Json<BulkReport>> {
    let bulk = body.change(writer)?;
    Ok(axum::Json(app.engine.change_fleet(key.environment.id, &unique_key, bulk).await?.into()))
}

impl BulkMetadata {
    fn change(self, writer: Writer) -> Result<BulkChange> {
        if self.connection_ids.is_none() && self.tags.is_empty() && self.r#where.is_none() {
            let message = "Must have connection_ids, tags or where: nobody changes all by accident";
            return Err(ApiError::body("custom", &[], message));
        }
        let write = match (self.merge_patch, self.json_patch) {
            (Some(patch), None) if patch.is_object() => Write::MergePatch(patch.into()),
            (Some(_), None) => {
                return Err(ApiError::body("invalid_type", &["merge_patch"], "Must be an object"));
            }
            (None, Some(patch)) => Patch::operations(patch, &["json_patch"])?,
            _ => return Err(ApiError::body("custom", &[], "Must have one of merge_patch and json_patch")),
        };
        let selection = selection(self.connection_ids, &self.tags, self.r#where)
            .map_err(|issue| ApiError::new(Code::InvalidBody).issue(issue))?;
        let batch = self.batch_size.unwrap_or(BATCH) as usize;
        if batch == 0 {
            return Err(ApiError::body("too_small", &["batch_size"], "Must be at least 1"));
        }
        let provenance = writer.by(Source::Bulk, self.reason)?;
        let effects = self.apply.map(Apply::effects);
        Ok(BulkChange { selection, write, is_dry_run: self.dry_run, batch, provenance, effects })
    }
}

fn selection(
    ids: Option<Vec<String>>,
    tags: &Map<String, Value>,
    condition: Option<Where>,
) -> Result<FleetSelection, Issue> {
    Ok(FleetSelection {
        connection_ids: ids,
        tags: read_tags(tags)?,
        condition: condition.map(Where::condition).transpose()?,
        is_invalid: false,
        is_outdated: false,
    })
}
