//! Records: what syncs saved for a connection.

use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::{ConnectionHeaders, Json, NoQuery, Query, deserialize_boolean, rules},
    state::AppState,
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bespoke_core::{
    record::{Action, Cursor, Record},
    time::Timestamp,
};
use bespoke_engine::{
    Error, Resource,
    records::{self, ModelCount, RecordVersion, RecordsOf, RecordsPage, RecordsQuery},
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// Records per page where no limit is given.
const DEFAULT_LIMIT: u32 = 100;
/// Payloads that are emptied at once where no limit is given.
const DEFAULT_PRUNED: u32 = 1_000;
/// How old `modified_after` may be.
const OLDEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Which records to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListRecords {
    /// The model's name.
    model: String,
    /// The sync's variant; `base` unless given.
    variant: Option<String>,
    /// Only records that changed at this time or later: ISO 8601 in UTC, at most a year ago.
    modified_after: Option<String>,
    /// The older name of `modified_after`; it wins where both are given.
    delta: Option<String>,
    /// How many, 1 to 10000; 100 unless given.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
    /// Only records to which one of these happened last: a comma list of `added`, `updated`, `deleted`.
    filter: Option<String>,
    /// Only what changed after the record that this cursor came with.
    cursor: Option<String>,
    /// Only records with these ids, at most 100.
    #[serde(default, deserialize_with = "one_or_many")]
    #[param(value_type = Vec<String>)]
    ids: Vec<String>,
    /// Only records whose last change was made by a run that had this revision of the connection's metadata.
    #[param(value_type = Option<i64>)]
    metadata_revision: Option<String>,
    /// Tell with each record `_nango_metadata.metadata_revision`: the revision of the connection's metadata that the run had
    /// which last added, changed or deleted it.
    #[serde(default, deserialize_with = "deserialize_boolean")]
    include_revision: bool,
}

/// A page of records.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "documents what `render` writes")]
pub struct RecordList {
    /// The cursor to go on with; null at the end.
    next_cursor: Option<String>,
    /// The records, oldest change first: what the sync saved, and `_nango_metadata`.
    records: Vec<serde_json::Value>,
}

/// Which payloads to empty.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PruneRecords {
    /// The model's name.
    model: String,
    /// The sync's variant; `base` unless given.
    variant: Option<String>,
    /// The last record to empty, with all that changed before it.
    until_cursor: String,
    /// How many at most, 1 to 10000; 1000 unless given.
    limit: Option<i64>,
}

/// What was emptied.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PrunedRecords {
    /// How many payloads.
    count: u64,
    /// Whether there are more up to the cursor.
    has_more: bool,
}

/// Lists what syncs have saved for a connection, oldest change first.
#[utoipa::path(get, path = "/records", tag = "records",
    params(ListRecords, ("Provider-Config-Key" = String, Header), ("Connection-Id" = String, Header)),
    responses((status = 200, body = RecordList)))]
pub async fn list_records(
    State(app): State<AppState>,
    key: Key<scope::RecordsRead>,
    connection: ConnectionHeaders,
    Query(list): Query<ListRecords>,
) -> Result<Response> {
    let query =
        list.query(app.engine.now()).map_err(|issue| ApiError::new(Code::InvalidQueryParams).issue(issue))?;
    let of = records_of(connection, list.model, list.variant);
    let page = app.engine.list_records(key.environment.id, &of, query).await.map_err(not_found)?;
    Ok(([(header::CONTENT_TYPE, "application/json; charset=utf-8")], render(&page)).into_response())
}

/// Whose models to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListModels {
    /// The integration's key.
    provider_config_key: String,
    /// The connection's id.
    connection_id: String,
}

/// The models that a connection has records of.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ModelList {
    data: Vec<ModelReport>,
}

/// How many records there are of a model.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ModelReport {
    /// The model.
    model: String,
    /// The variant of the sync; `base` where it has none.
    variant: String,
    /// Records that are not deleted.
    count: u64,
    /// Records that were deleted.
    deleted: u64,
}

/// Lists which models a connection has records of, by name, and how many.
#[utoipa::path(get, path = "/records/models", tag = "records", params(ListModels),
    responses((status = 200, body = ModelList), (status = 400)))]
pub async fn list_record_models(
    State(app): State<AppState>,
    key: Key<scope::RecordsRead>,
    Query(of): Query<ListModels>,
) -> Result<axum::Json<ModelList>> {
    let models =
        app.engine.record_models(key.environment.id, &of.provider_config_key, &of.connection_id).await;
    let report =
        |ModelCount { model, variant, live, deleted }| ModelReport { model, variant, count: live, deleted };
    Ok(axum::Json(ModelList { data: models.map_err(not_found)?.into_iter().map(report).collect() }))
}

/// Which record to tell of.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfRecord {
    /// The model's name.
    model: String,
    /// The sync's variant; `base` unless given.
    variant: Option<String>,
    /// The record's own id.
    id: String,
}

/// What happened to a record.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RecordVersions {
    /// Its last changes, newest first: eleven at most.
    data: Vec<VersionOfRecord>,
}

/// A change of a record.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RecordVersion, example = json!({"changed_at": "2026-11-22T10:00:00.000Z", "action": "UPDATED",
    "run_id": "0195…", "metadata_revision": 4, "changes": [{"path": "/email", "before": "a@b.example", "after": "c@d.example"}]}))]
pub struct VersionOfRecord {
    /// When it happened.
    changed_at: String,
    /// `ADDED`, `UPDATED` or `DELETED`.
    action: &'static str,
    /// The run that did it.
    run_id: Option<Uuid>,
    /// The revision of the connection's metadata that this run had.
    metadata_revision: Option<i64>,
    /// The fields that changed; those of a record that was added are all new. Empty where it was deleted, and with
    /// `UPDATED` where nobody knows any more what was before.
    changes: Vec<FieldChange>,
}

/// A field that is not what it was.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FieldChange {
    /// Where it is: a JSON pointer. Lists are compared whole.
    path: String,
    /// What it was; left out where it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    /// What it is; left out where it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Value>,
}

impl From<RecordVersion> for VersionOfRecord {
    fn from(RecordVersion { changed_at, action, run, metadata_revision, changes }: RecordVersion) -> Self {
        let changed_at = changed_at.millis_zulu();
        let change =
            |one: records::FieldChange| FieldChange { path: one.path, before: one.before, after: one.after };
        let changes = changes.into_iter().map(change).collect();
        Self { changed_at, action: action.as_str(), run_id: run, metadata_revision, changes }
    }
}

/// Tells what happened to a record, newest first: when, by which run, under which revision of the configuration, and which
/// fields changed from what to what. Its last changes are kept as long as runs are, ten besides what it is; those of a
/// record that was pruned are not.
#[utoipa::path(get, path = "/records/versions", tag = "records",
    params(OfRecord, ("Provider-Config-Key" = String, Header), ("Connection-Id" = String, Header)),
    responses((status = 200, body = RecordVersions), (status = 400)))]
pub async fn list_record_versions(
    State(app): State<AppState>,
    key: Key<scope::RecordsRead>,
    connection: ConnectionHeaders,
    Query(OfRecord { model, variant, id }): Query<OfRecord>,
) -> Result<axum::Json<RecordVersions>> {
    check_names(&model, variant.as_deref())
        .map_err(|issue| ApiError::new(Code::InvalidQueryParams).issue(issue))?;
    let of = records_of(connection, model, variant);
    let versions = app.engine.record_versions(key.environment.id, &of, &id).await.map_err(not_found)?;
    Ok(axum::Json(RecordVersions { data: versions.into_iter().map(Into::into).collect() }))
}

/// Empties the payloads of records that the backend has taken over, oldest change first. Ids and cursors stay.
#[utoipa::path(patch, path = "/records/prune", tag = "records", request_body = PruneRecords,
    params(("Provider-Config-Key" = String, Header), ("Connection-Id" = String, Header)),
    responses((status = 200, body = PrunedRecords)))]
pub async fn prune_records(
    State(app): State<AppState>,
    key: Key<scope::RecordsWrite>,
    connection: ConnectionHeaders,
    _: NoQuery,
    Json(prune): Json<PruneRecords>,
) -> Result<axum::Json<PrunedRecords>> {
    let (until, limit) = prune.bounds().map_err(|issue| ApiError::new(Code::InvalidBody).issue(issue))?;
    let of = records_of(connection, prune.model, prune.variant);
    let pruned = app.engine.prune_records(key.environment.id, &of, until, limit).await.map_err(not_found)?;
    Ok(axum::Json(PrunedRecords { count: pruned.count, has_more: pruned.has_more }))
}

fn records_of(connection: ConnectionHeaders, model: String, variant: Option<String>) -> RecordsOf {
    let ConnectionHeaders { provider_config_key, connection_id } = connection;
    RecordsOf { provider_config_key, connection_id, model, variant }
}

fn not_found(error: Error) -> ApiError {
    match error {
        Error::NotFound(Resource::Connection) => ApiError::new(Code::UnknownConnection).status(400),
        other => other.into(),
    }
}

impl ListRecords {
    /// Checks the parameters and reads them.
    fn query(&self, now: Timestamp) -> Result<RecordsQuery, Issue> {
        check_names(&self.model, self.variant.as_deref())?;
        if self.ids.len() > 100 {
            return Err(Issue::new("too_big", ["ids"], "At most 100 ids are allowed"));
        }
        if let Some(position) = self.ids.iter().position(|id| !(1..=256).contains(&id.chars().count())) {
            return Err(Issue::new(
                "too_big",
                ["ids", &position.to_string()],
                "Must have 1 to 256 characters",
            ));
        }
        let (name, since) = match (&self.delta, &self.modified_after) {
            (Some(text), _) => ("delta", Some(text)),
            (None, text) => ("modified_after", text.as_ref()),
        };
        Ok(RecordsQuery {
            after: self.cursor.as_deref().map(|text| read_cursor("cursor", text)).transpose()?,
            modified_since: since.map(|text| read_time(name, text, now)).transpose()?,
            actions: self.filter.as_deref().map(read_filter).transpose()?.unwrap_or_default(),
            external_ids: self.ids.clone(),
            metadata_revision: self.metadata_revision.as_deref().map(read_revision).transpose()?,
            with_revision: self.include_revision,
            limit: match &self.limit {
                Some(text) => read_limit(text.parse().ok())?,
                None => DEFAULT_LIMIT,
            },
        })
    }
}

impl PruneRecords {
    /// Checks the fields and reads them.
    fn bounds(&self) -> Result<(Cursor, u32), Issue> {
        check_names(&self.model, self.variant.as_deref())?;
        let limit = self.limit.map_or(Ok(DEFAULT_PRUNED), |limit| read_limit(Some(limit)))?;
        Ok((read_cursor("until_cursor", &self.until_cursor)?, limit))
    }
}

fn check_names(model: &str, variant: Option<&str>) -> Result<(), Issue> {
    rules::check(model, &rules::MODEL, &["model"])?;
    variant.map_or(Ok(()), |variant| rules::check(variant, &rules::FUNCTION, &["variant"]))
}

fn read_cursor(name: &str, text: &str) -> Result<Cursor, Issue> {
    Cursor::decode(text)
        .ok_or_else(|| Issue::new("invalid_format", [name], "Must be a cursor that this API gave"))
}

fn read_time(name: &str, text: &str, now: Timestamp) -> Result<Timestamp, Issue> {
    let time = Timestamp::parse(text).filter(|_| text.ends_with('Z'));
    let time = time.ok_or_else(|| {
        Issue::new("invalid_format", [name], "Must be an ISO 8601 time in UTC that ends in Z")
    })?;
    if time < now.before(OLDEST) {
        return Err(Issue::new("custom", [name], "Must be within the last 365 days"));
    }
    Ok(time)
}

fn read_limit(limit: Option<i64>) -> Result<u32, Issue> {
    match limit {
        None => Err(Issue::new("invalid_type", ["limit"], "Must be a whole number")),
        Some(..1) => Err(Issue::new("too_small", ["limit"], "Must be at least 1")),
        Some(limit) => u32::try_from(limit)
            .ok()
            .filter(|&limit| limit <= 10_000)
            .ok_or_else(|| Issue::new("too_big", ["limit"], "Must be at most 10000")),
    }
}

fn read_revision(text: &str) -> Result<i64, Issue> {
    let wrong = || Issue::new("invalid_type", ["metadata_revision"], "Must be the number of a revision");
    text.parse().ok().filter(|number| *number >= 0).ok_or_else(wrong)
}

fn read_filter(text: &str) -> Result<Vec<Action>, Issue> {
    let read = |word: &str| match word.trim() {
        "added" | "ADDED" => Ok(Action::Added),
        "updated" | "UPDATED" => Ok(Action::Updated),
        "deleted" | "DELETED" => Ok(Action::Deleted),
        _ => Err(Issue::new("invalid_value", ["filter"], "Must be a comma list of added, updated, deleted")),
    };
    text.split(',').map(read).collect()
}

/// `ids=a`, and `ids=a&ids=b`.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(id) => vec![id],
        OneOrMany::Many(ids) => ids,
    })
}

/// The answer's JSON. The records' text goes in as it is stored: it is neither read nor written anew.
fn render(page: &RecordsPage) -> String {
    let size =
        page.records.iter().map(|record| record.payload.as_ref().map_or(0, String::len) + 320).sum::<usize>();
    let mut json = String::with_capacity(size + 160);
    json.push_str(r#"{"next_cursor":"#);
    match page.records.last().filter(|_| page.has_more) {
        Some(last) => {
            json.push('"');
            json.push_str(&last.cursor().encode());
            json.push('"');
        }
        None => json.push_str("null"),
    }
    json.push_str(r#","records":"#);
    Record::write_json_list(&page.records, &mut json);
    json.push('}');
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(payload: Option<&str>) -> Record {
        Record {
            id: Uuid::from_u128(7),
            external_id: "a\"b".to_owned(),
            payload: payload.map(str::to_owned),
            created_at: Timestamp(1_700_000_000_123_456),
            updated_at: Timestamp(1_700_000_000_123_456),
            deleted_at: None,
            pruned_at: None,
            metadata_revision: None,
        }
    }

    #[test]
    fn the_metadata_follows_what_was_saved() {
        let records = vec![record(Some(r#"{"id":"a\"b","n":1.0 }"#)), record(Some("{}")), record(None)];
        let text = render(&RecordsPage { records, has_more: true });
        assert!(text.contains(r#""n":1.0 ,"_nango_metadata""#), "{text}");
        let json: Value = serde_json::from_str(&text).unwrap();
        let cursor = Cursor { updated_at: Timestamp(1_700_000_000_123_456), id: Uuid::from_u128(7) }.encode();
        let metadata = json!({
            "first_seen_at": "2023-11-14T22:13:20.123456+00:00",
            "last_modified_at": "2023-11-14T22:13:20.123456+00:00",
            "last_action": "ADDED", "deleted_at": null, "pruned_at": null, "cursor": cursor,
        });
        assert_eq!(json["next_cursor"], cursor.as_str());
        assert_eq!(json["records"][0], json!({ "id": "a\"b", "n": 1.0, "_nango_metadata": metadata }));
        assert_eq!(json["records"][1], json!({ "_nango_metadata": metadata }));
        assert_eq!(json["records"][2], json!({ "id": "a\"b", "_nango_metadata": metadata }));
        assert_eq!(render(&RecordsPage::default()), r#"{"next_cursor":null,"records":[]}"#);
    }

    #[test]
    fn parameters_are_checked() {
        let now = Timestamp(1_700_000_000_000_000);
        let check = |query: &str| crate::extract::parse_query::<ListRecords>(query).unwrap().query(now);
        let code = |query: &str| check(query).unwrap_err().code;
        let all = check(
            "model=Contact&limit=10000&filter=added,DELETED&ids=1&ids=2&modified_after=2023-11-14T22:13:20.1234567Z",
        );
        let all = all.unwrap();
        assert_eq!((all.limit, all.external_ids), (10_000, vec!["1".to_owned(), "2".to_owned()]));
        assert_eq!(all.actions, [Action::Added, Action::Deleted]);
        assert_eq!(all.modified_since, Some(Timestamp(1_700_000_000_123_456)));
        assert_eq!(check("model=Contact&ids=1").unwrap().external_ids, ["1"]);
        assert_eq!(check("model=Contact").unwrap().limit, 100);
        assert_eq!(code("model=contact"), "invalid_format");
        assert_eq!(code("model=Contact&limit=0"), "too_small");
        assert_eq!(code("model=Contact&limit=10001"), "too_big");
        assert_eq!(code("model=Contact&limit=ten"), "invalid_type");
        assert_eq!(code("model=Contact&metadata_revision=-1"), "invalid_type");
        assert_eq!(code("model=Contact&cursor=nonsense"), "invalid_format");
        assert_eq!(code("model=Contact&filter=new"), "invalid_value");
        assert_eq!(code("model=Contact&delta=2021-01-01T00:00:00Z"), "custom");
        assert_eq!(code("model=Contact&modified_after=2023-11-14T22:13:20%2B00:00"), "invalid_format");
        assert!(crate::extract::parse_query::<ListRecords>("model=Contact&x=1").is_err());
    }
}
