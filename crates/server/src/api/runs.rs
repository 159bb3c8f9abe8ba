//! Runs: the executions of functions, listed newest first; one with its log, or to be cancelled.

use super::logs::{Log, Names, read, read_limit, read_time, read_words};
use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::{NoQuery, Path, Query},
    state::AppState,
};
use axum::extract::State;
use bespoke_core::{
    paths_read::PathsRead,
    run::{RunState, UNCONFIGURED},
    sync::Counts,
    time::Timestamp,
};
use bespoke_engine::logs::{ListedRun, RunCursor, RunsQuery};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Runs per page where no limit is given.
const DEFAULT_LIMIT: u32 = 50;
/// The most runs per page.
const MAX_LIMIT: u32 = 500;
/// Lines that come with a run.
const LINES: u32 = 500;

/// Which runs to list. All filters must match.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListRuns {
    /// Only at this integration.
    provider_config_key: Option<String>,
    /// Only for connections of this id.
    connection_id: Option<String>,
    /// Only of functions of this name.
    function: Option<String>,
    /// Only of this kind: `sync`, `action`, `on-event` or `webhook`.
    kind: Option<String>,
    /// Only in these states: a comma list of `queued`, `running`, `succeeded`, `failed`, `cancelled`, and
    /// `invalid_configuration`, which are those of `failed` that did not start for their configuration.
    status: Option<String>,
    /// Only those that had this revision of the connection's metadata; needs `connection_id`.
    #[param(value_type = Option<i64>)]
    metadata_revision: Option<String>,
    /// Only those asked for at this time or later; ISO 8601.
    from: Option<String>,
    /// Only those asked for before this time; ISO 8601.
    to: Option<String>,
    /// Only those with a line in the log that has, for each word here, a word that begins with it, in any case.
    query: Option<String>,
    /// How many, 1 to 500; 50 unless given.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
    /// Goes on behind the page that this cursor came with.
    cursor: Option<String>,
}

/// A page of runs.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RunPage {
    /// The runs, newest first.
    runs: Vec<Run>,
    /// The cursor to go on with; null at the end.
    next_cursor: Option<String>,
}

/// One execution of a function.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Run {
    /// Its id.
    id: Uuid,
    /// `sync`, `action`, `on-event` or `webhook`.
    kind: &'static str,
    /// `queued`, `running`, `succeeded`, `failed`, `cancelled`, or `invalid_configuration`: it did not start, because the
    /// configuration does not fit the schema that the integration enforces.
    status: &'static str,
    /// The integration's key.
    provider_config_key: String,
    /// The connection.
    connection_id: String,
    /// The function's name.
    function: String,
    /// The version of the function that ran, once it has started.
    version: Option<String>,
    /// The sync that it belongs to.
    sync_id: Option<Uuid>,
    /// The sync's variant.
    variant: Option<String>,
    /// How many attempts have ended.
    attempts: u32,
    /// How many there may be.
    max_attempts: u32,
    /// When it was asked for.
    created_at: String,
    /// When it was last started.
    started_at: Option<String>,
    /// When it ended.
    finished_at: Option<String>,
    /// From its start to its end, in milliseconds.
    duration_ms: Option<u64>,
    /// The revision of the connection's metadata that it ran with.
    metadata_revision: Option<i64>,
    /// What it did to the records, by model: `added`, `updated`, `deleted`.
    #[schema(value_type = Object)]
    counts: BTreeMap<String, Counts>,
    /// Why it failed: `code`, `message`; with a single run also `stack`, `payload` and `upstream`.
    #[schema(value_type = Option<Object>)]
    error: Option<Value>,
}

/// A run with its log.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RunDetail {
    #[serde(flatten)]
    run: Run,
    /// Its checkpoint before and after, `from` and `to`; null where it did not ask for it.
    #[schema(value_type = Option<Object>)]
    checkpoints: Option<Value>,
    /// The configuration that it ran with; null where it has not started yet.
    configuration: Option<RunConfiguration>,
    /// Its last lines, oldest first, requests to the provider among them.
    logs: Vec<Log>,
    /// Whether there are earlier lines: `GET /logs?run_id=…` has them.
    has_more_logs: bool,
}

/// Which configuration a run had, and what it made use of.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"revision": 7, "paths_read": ["/fieldMapping/internal_id", "/filterStatus"], "paths_cut": false}))]
pub struct RunConfiguration {
    /// The revision of the connection's metadata that it began with; 0 where there was none.
    revision: i64,
    /// The leaves of its configuration that the function read, or looked for in vain: JSON pointers, never values. Null
    /// where the run has not ended yet, or was lost.
    paths_read: Option<BTreeSet<String>>,
    /// It read more than 500 different ones; the rest is left out.
    paths_cut: bool,
}

impl RunConfiguration {
    fn of(run: &Run, reads: Option<PathsRead>) -> Option<Self> {
        let paths_cut = reads.as_ref().is_some_and(|reads| reads.is_cut);
        Some(Self { revision: run.metadata_revision?, paths_read: reads.map(|reads| reads.paths), paths_cut })
    }
}

/// Lists runs, newest first.
#[utoipa::path(get, path = "/runs", tag = "runs", params(ListRuns), responses((status = 200, body = RunPage)))]
pub async fn list_runs(
    State(app): State<AppState>,
    key: Key<scope::LogsRead>,
    Query(list): Query<ListRuns>,
) -> Result<axum::Json<RunPage>> {
    let query = list.query().map_err(|issue| ApiError::new(Code::InvalidQueryParams).issue(issue))?;
    let Some(query) = query else { return Ok(axum::Json(RunPage::of(Vec::new(), 0))) };
    let limit = query.limit;
    let runs = app.engine.list_runs(key.environment.id, query).await?;
    Ok(axum::Json(RunPage::of(runs, limit)))
}

/// A run with its last 500 lines of the log. Where it has ended, all of its lines are there.
#[utoipa::path(get, path = "/runs/{id}", tag = "runs", params(("id" = Uuid, Path)),
    responses((status = 200, body = RunDetail), (status = 404)))]
pub async fn read_run(
    State(app): State<AppState>,
    key: Key<scope::LogsRead>,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<axum::Json<RunDetail>> {
    let found = app.engine.read_run(key.environment.id, read_id(&id)?, LINES).await?;
    let logs = found.lines.into_iter().map(Log::of).collect();
    let run = Run::of(found.run, Detail::Whole);
    let configuration = RunConfiguration::of(&run, found.reads);
    let checkpoints = found.checkpoints;
    Ok(axum::Json(RunDetail { run, checkpoints, configuration, logs, has_more_logs: found.has_more }))
}

/// Cancels a run that is queued or goes on: a running function is stopped at once, and saves nothing more. A run that has
/// ended stays as it is. The answer is the run as it is now.
#[utoipa::path(post, path = "/runs/{id}/cancel", tag = "runs", params(("id" = Uuid, Path)),
    responses((status = 200, body = Run), (status = 404)))]
pub async fn cancel_run(
    State(app): State<AppState>,
    key: Key<scope::RunsCancel>,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<axum::Json<Run>> {
    let id = read_id(&id)?;
    Ok(axum::Json(Run::of(app.engine.cancel_run(key.environment.id, id).await?, Detail::Whole)))
}

fn read_id(text: &str) -> Result<Uuid> {
    read(text, "id", "a UUID").map_err(|issue| ApiError::new(Code::InvalidUriParams).issue(issue))
}

impl RunPage {
    fn of(runs: Vec<ListedRun>, limit: u32) -> Self {
        let is_full = limit > 0 && runs.len() >= limit as usize;
        let next_cursor = runs.last().filter(|_| is_full).map(|run| write_cursor(run.cursor()));
        Self { runs: runs.into_iter().map(|run| Run::of(run, Detail::Short)).collect(), next_cursor }
    }
}

/// How much of an error is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Short,
    Whole,
}

impl Run {
    fn of(run: ListedRun, detail: Detail) -> Self {
        let duration =
            run.finished_at.zip(run.started_at).map(|(end, start)| end.since(start).as_millis() as u64);
        let error = run.error.as_deref().and_then(|error| serde_json::from_str::<Value>(error).ok());
        let error = error.map(|error| match detail {
            Detail::Short => json!({ "code": error["code"], "message": error["message"] }),
            Detail::Whole => error,
        });
        let is_unconfigured = error.as_ref().is_some_and(|error| error["code"] == UNCONFIGURED);
        Self {
            id: run.id,
            kind: run.kind.as_str(),
            status: if is_unconfigured { UNCONFIGURED } else { run.state.as_str() },
            provider_config_key: run.provider_config_key,
            connection_id: run.connection_id,
            function: run.function,
            version: run.version,
            sync_id: run.sync,
            variant: run.variant,
            attempts: run.attempt,
            max_attempts: run.max_attempts,
            created_at: run.created_at.millis_zulu(),
            started_at: run.started_at.map(Timestamp::millis_zulu),
            finished_at: run.finished_at.map(Timestamp::millis_zulu),
            duration_ms: duration,
            metadata_revision: run.metadata_revision,
            counts: run.result,
            error,
        }
    }
}

impl ListRuns {
    /// Checks the parameters and reads them. `None` where no run can match: a search for no word.
    fn query(&self) -> Result<Option<RunsQuery>, Issue> {
        let names = Names {
            provider_config_key: self.provider_config_key.as_deref(),
            connection_id: self.connection_id.as_deref(),
            function: self.function.as_deref(),
        };
        names.check()?;
        let Some(words) = read_words(self.query.as_deref()) else { return Ok(None) };
        let named = self.status.as_deref().unwrap_or_default().split(',').map(str::trim);
        let (unconfigured, states): (Vec<&str>, Vec<&str>) =
            named.filter(|word| !word.is_empty()).partition(|word| *word == UNCONFIGURED);
        let states = states.into_iter().map(|state| {
            let all = "a comma list of queued, running, succeeded, failed, cancelled, invalid_configuration";
            read::<RunState>(state, "status", all)
        });
        let kind = self.kind.as_deref();
        Ok(Some(RunsQuery {
            provider_config_key: self.provider_config_key.clone(),
            connection_id: self.connection_id.clone(),
            function: self.function.clone(),
            kind: kind.map(|text| read(text, "kind", "sync, action, on-event or webhook")).transpose()?,
            states: states.collect::<Result<_, _>>()?,
            unconfigured: !unconfigured.is_empty(),
            metadata_revision: self.revision()?,
            from: read_time("from", self.from.as_deref())?,
            to: read_time("to", self.to.as_deref())?,
            words,
            after: self.cursor.as_deref().map(read_cursor).transpose()?,
            limit: read_limit(self.limit.as_deref(), DEFAULT_LIMIT, MAX_LIMIT)?,
        }))
    }
}

impl ListRuns {
    /// Numbers are counted for each connection: without one they mean nothing, and no index finds them.
    fn revision(&self) -> Result<Option<i64>, Issue> {
        let Some(text) = &self.metadata_revision else { return Ok(None) };
        if self.connection_id.is_none() {
            return Err(Issue::new(
                "custom",
                ["metadata_revision"],
                "Needs `connection_id`: each connection has its own",
            ));
        }
        read(text, "metadata_revision", "a whole number").map(Some)
    }
}

fn write_cursor(RunCursor { created_at, id }: RunCursor) -> String {
    format!("{}.{}", created_at.0, id.simple())
}

fn read_cursor(text: &str) -> Result<RunCursor, Issue> {
    let parts = text.split_once('.').and_then(|(time, id)| {
        Some(RunCursor { created_at: Timestamp(time.parse().ok()?), id: Uuid::try_parse(id).ok()? })
    });
    parts.ok_or_else(|| Issue::new("invalid_format", ["cursor"], "Must be a cursor that this API gave"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_checked() {
        let check = |query: &str| crate::extract::parse_query::<ListRuns>(query).unwrap().query();
        let cursor = RunCursor { created_at: Timestamp(17), id: Uuid::from_u128(3) };
        let all =
            check(&format!("status=failed,cancelled&kind=on-event&limit=7&cursor={}", write_cursor(cursor)));
        let all = all.unwrap().unwrap();
        assert_eq!((all.states, all.after), (vec![RunState::Failed, RunState::Cancelled], Some(cursor)));
        for (query, name) in [
            ("status=x", "status"),
            ("kind=x", "kind"),
            ("cursor=1.2", "cursor"),
            ("to=x", "to"),
            ("metadata_revision=1", "metadata_revision"),
        ] {
            assert_eq!(check(query).unwrap_err().path.join("."), name);
        }
    }
}
