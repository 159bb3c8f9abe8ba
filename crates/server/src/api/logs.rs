//! The log: lines of runs, requests to providers, events; searched newest first, or followed.

use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::{Query, boolean, rules},
    state::AppState,
};
use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use bespoke_core::{
    log::{HttpDetail, LogId, LogKind, LogLine, words},
    time::Timestamp,
};
use bespoke_engine::logs::LogQuery;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{convert::Infallible, ops::RangeInclusive, str::FromStr};
use uuid::Uuid;

/// Lines per page where no limit is given.
const DEFAULT_LIMIT: u32 = 100;
/// The most lines per page.
const MAX_LIMIT: u32 = 1_000;
/// Lines that a follower gets at first where no limit is given.
const FOLLOW_FROM: u32 = 20;

/// Which lines to list. All filters must match.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListLogs {
    /// Only of this integration.
    provider_config_key: Option<String>,
    /// Only of connections of this id.
    connection_id: Option<String>,
    /// Only of functions of this name.
    function: Option<String>,
    /// Only of this run.
    run_id: Option<String>,
    /// Only of this kind: `log`, `http`, `run` or `event`.
    kind: Option<String>,
    /// Only of this level or worse: `debug`, `info`, `warn` or `error`.
    level: Option<String>,
    /// Only requests that were answered so: a status such as `404`, or a class such as `4xx`.
    status: Option<String>,
    /// Only lines of this time or later; ISO 8601.
    from: Option<String>,
    /// Only lines before this time; ISO 8601.
    to: Option<String>,
    /// Only lines that have, for each word here, a word that begins with it, in any case.
    query: Option<String>,
    /// How many, 1 to 1000; 100 unless given, and 20 with `follow`.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
    /// Goes on behind the page that this cursor came with.
    cursor: Option<String>,
    /// Answer as server-sent events: the newest lines, oldest first, and then each that is written. `data` is a line.
    #[param(value_type = Option<bool>)]
    follow: Option<String>,
}

/// A page of the log.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LogPage {
    /// The lines, newest first.
    logs: Vec<Log>,
    /// The cursor to go on with; null at the end.
    next_cursor: Option<String>,
}

/// A line of the log.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Log {
    /// Its id. Later lines have greater numbers.
    id: String,
    /// When it was written.
    time: String,
    /// `log`: a function said it; `http`: a request to a provider; `run`: a run began or ended; `event`: something else.
    kind: &'static str,
    /// `debug`, `info`, `warn` or `error`.
    level: &'static str,
    /// What it says.
    message: String,
    /// The integration's key.
    provider_config_key: Option<String>,
    /// The connection.
    connection_id: Option<String>,
    /// The function's name.
    function: Option<String>,
    /// The run.
    run_id: Option<Uuid>,
    /// What is beside the message.
    #[schema(value_type = Option<serde_json::Value>)]
    meta: Option<Box<RawValue>>,
    /// The request, for lines of the kind `http`.
    http: Option<LoggedRequest>,
}

/// A request to a provider.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LoggedRequest {
    /// The method.
    method: String,
    /// The URL, without secrets.
    url: String,
    /// The answer's status; null where there was none.
    status: Option<u16>,
    /// How long it took in milliseconds, further attempts included.
    duration_ms: u64,
    /// How often the provider was asked.
    attempts: u32,
    /// Bytes of the request's body, where they are known.
    request_bytes: Option<u64>,
    /// Bytes of the answer's body, where they are known.
    response_bytes: Option<u64>,
    /// Why there was no answer.
    error_code: Option<String>,
    /// The beginning of the answer's body, where it was an error; or why there was no answer.
    error_body: Option<String>,
}

/// Lists lines of the log, newest first, or follows it as server-sent events.
#[utoipa::path(get, path = "/logs", tag = "logs", params(ListLogs), responses((status = 200, body = LogPage)))]
pub async fn list_logs(
    State(app): State<AppState>,
    key: Key<scope::LogsRead>,
    Query(list): Query<ListLogs>,
) -> Result<Response> {
    let query = list.query().map_err(|issue| ApiError::new(Code::InvalidQueryParams).issue(issue))?;
    let Some(query) = query else { return Ok(axum::Json(LogPage::of(Vec::new(), 0)).into_response()) };
    if list.follows().map_err(|issue| ApiError::new(Code::InvalidQueryParams).issue(issue))? {
        let lines = app.engine.follow_logs(key.environment.id, query);
        let events = lines
            .map(|line| Ok::<_, Infallible>(event(line)))
            .take_until(app.closing.clone().cancelled_owned());
        return Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response());
    }
    let limit = query.limit;
    let lines = app.engine.list_logs(key.environment.id, query).await?;
    Ok(axum::Json(LogPage::of(lines, limit)).into_response())
}

fn event(line: LogLine) -> Event {
    let log = Log::of(line);
    let data = serde_json::to_string(&log).unwrap_or_default();
    Event::default().id(log.id).data(data)
}

impl LogPage {
    fn of(lines: Vec<LogLine>, limit: u32) -> Self {
        let is_full = limit > 0 && lines.len() >= limit as usize;
        let next_cursor = lines.last().filter(|_| is_full).map(|line| line.id.to_string());
        Self { logs: lines.into_iter().map(Log::of).collect(), next_cursor }
    }
}

impl Log {
    /// The line as the API shows it.
    pub(super) fn of(line: LogLine) -> Self {
        let LogLine { id, origin, kind, level, status, message, meta } = line;
        let meta = meta.and_then(|meta| RawValue::from_string(meta).ok());
        let (meta, http) = if kind == LogKind::Http {
            (None, Some(LoggedRequest::of(&message, status, meta.as_deref())))
        } else {
            (meta, None)
        };
        Self {
            id: id.to_string(),
            time: id.time().millis_zulu(),
            kind: kind.as_str(),
            level: level.as_str(),
            message,
            provider_config_key: origin.provider_config_key.clone(),
            connection_id: origin.connection_id.clone(),
            function: origin.function.clone(),
            run_id: origin.run,
            meta,
            http,
        }
    }
}

impl LoggedRequest {
    fn of(message: &str, status: Option<u16>, detail: Option<&RawValue>) -> Self {
        let (method, url) = message.split_once(' ').unwrap_or(("", message));
        let detail = detail.and_then(|detail| serde_json::from_str(detail.get()).ok()).unwrap_or_default();
        let HttpDetail { duration_ms, attempts, request_bytes, response_bytes, error_code, error_body } =
            detail;
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            status,
            duration_ms,
            attempts,
            request_bytes,
            response_bytes,
            error_code,
            error_body,
        }
    }
}

impl ListLogs {
    fn follows(&self) -> Result<bool, Issue> {
        match self.follow.as_deref() {
            None => Ok(false),
            Some("") => Ok(true),
            Some(text) => {
                boolean(text).ok_or_else(|| Issue::new("invalid_type", ["follow"], "Must be a boolean"))
            }
        }
    }

    /// Checks the parameters and reads them. `None` where no line can match: a search for no word.
    fn query(&self) -> Result<Option<LogQuery>, Issue> {
        let names = Names {
            provider_config_key: self.provider_config_key.as_deref(),
            connection_id: self.connection_id.as_deref(),
            function: self.function.as_deref(),
        };
        names.check()?;
        let Some(words) = read_words(self.query.as_deref()) else { return Ok(None) };
        let default = if self.follows()? { FOLLOW_FROM } else { DEFAULT_LIMIT };
        let first_at = |time: Timestamp| LogId::first_at(time);
        let after = read_time("from", self.from.as_deref())?.map(first_at);
        let to = read_time("to", self.to.as_deref())?.map(first_at);
        let cursor = self
            .cursor
            .as_deref()
            .map(|text| read(text, "cursor", "a cursor that this API gave"))
            .transpose()?;
        Ok(Some(LogQuery {
            run: self.run_id.as_deref().map(|text| read(text, "run_id", "a UUID")).transpose()?,
            provider_config_key: self.provider_config_key.clone(),
            connection_id: self.connection_id.clone(),
            function: self.function.clone(),
            kind: self
                .kind
                .as_deref()
                .map(|text| read(text, "kind", "log, http, run or event"))
                .transpose()?,
            level: self
                .level
                .as_deref()
                .map(|text| read(text, "level", "debug, info, warn or error"))
                .transpose()?,
            status: self.status.as_deref().map(read_status).transpose()?,
            words,
            // Exclusive, and the first id of the time is to be among them.
            after: after.map_or(LogId::MIN, |id| LogId(id.0 - 1)),
            before: to.into_iter().chain(cursor).min().unwrap_or(LogId::MAX),
            limit: read_limit(self.limit.as_deref(), default, MAX_LIMIT)?,
            ..LogQuery::default()
        }))
    }
}

/// The names that filters of lists have in common.
pub(super) struct Names<'q> {
    pub(super) provider_config_key: Option<&'q str>,
    pub(super) connection_id: Option<&'q str>,
    pub(super) function: Option<&'q str>,
}

impl Names<'_> {
    pub(super) fn check(&self) -> Result<(), Issue> {
        if let Some(key) = self.provider_config_key {
            rules::check(key, &rules::PROVIDER_CONFIG_KEY, &["provider_config_key"])?;
        }
        if let Some(id) = self.connection_id {
            rules::check(id, &rules::CONNECTION_ID, &["connection_id"])?;
        }
        self.function.map_or(Ok(()), |name| rules::check(name, &rules::FUNCTION, &["function"]))
    }
}

/// The words of a search; `None` where one was wanted and has no word, which nothing can match.
pub(super) fn read_words(query: Option<&str>) -> Option<Vec<String>> {
    let Some(text) = query.filter(|text| !text.trim().is_empty()) else { return Some(Vec::new()) };
    Some(words([text])).filter(|words| !words.is_empty())
}

/// Reads one parameter.
pub(super) fn read<T: FromStr>(text: &str, name: &str, expected: &str) -> Result<T, Issue> {
    text.parse().map_err(|_| Issue::new("invalid_format", [name], format!("Must be {expected}")))
}

/// Reads a time.
pub(super) fn read_time(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Issue> {
    let read = |text| {
        let time = Timestamp::parse(text);
        time.ok_or_else(|| {
            Issue::new("invalid_format", [name], "Must be an ISO 8601 time with an offset, or Z")
        })
    };
    text.map(read).transpose()
}

/// Reads how many are wanted.
pub(super) fn read_limit(text: Option<&str>, default: u32, most: u32) -> Result<u32, Issue> {
    read_count("limit", text, default, most)
}

/// Reads a number of things, 1 to `most`, from the parameter `name`.
pub(super) fn read_count(name: &str, text: Option<&str>, default: u32, most: u32) -> Result<u32, Issue> {
    let Some(text) = text else { return Ok(default) };
    match text.parse() {
        Err(_) => Err(Issue::new("invalid_type", [name], "Must be a whole number")),
        Ok(0) => Err(Issue::new("too_small", [name], "Must be at least 1")),
        Ok(count) if count > most => Err(Issue::new("too_big", [name], format!("Must be at most {most}"))),
        Ok(count) => Ok(count),
    }
}

/// `404`, or `4xx`.
fn read_status(text: &str) -> Result<RangeInclusive<u16>, Issue> {
    let wrong =
        || Issue::new("invalid_format", ["status"], "Must be a status such as 404, or a class such as 4xx");
    let class = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX"));
    let (first, last) = match class {
        Some(class) => {
            class.parse::<u16>().map(|class| (class.saturating_mul(100), class.saturating_mul(100) + 99))
        }
        None => text.parse().map(|status| (status, status)),
    }
    .map_err(|_| wrong())?;
    if (100..=599).contains(&first) { Ok(first..=last) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bespoke_core::log::Level;

    #[test]
    fn parameters_are_checked() {
        let check = |query: &str| crate::extract::parse_query::<ListLogs>(query).unwrap().query();
        let path = |query: &str| check(query).unwrap_err().path.join(".");
        let all = check(
            "provider_config_key=crm&connection_id=a&function=f&kind=http&level=warn&status=4xx&limit=7&cursor=99\
             &run_id=11111111-1111-4111-8111-111111111111&query=Not%20found!&from=2026-01-01T00:00:00Z",
        );
        let all = all.unwrap().unwrap();
        assert_eq!(
            (all.level, all.status, all.limit, all.before),
            (Some(Level::Warn), Some(400..=499), 7, LogId(99))
        );
        assert_eq!(all.words, ["not", "found"]);
        assert!(
            check("query=%20").unwrap().unwrap().words.is_empty() && check("query=%21").unwrap().is_none()
        );
        assert_eq!(check("follow=true").unwrap().unwrap().limit, 20);
        for (query, name) in [
            ("kind=x", "kind"),
            ("level=x", "level"),
            ("status=4x", "status"),
            ("status=9xx", "status"),
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("cursor=x", "cursor"),
            ("run_id=1", "run_id"),
            ("from=now", "from"),
            ("function=a%20b", "function"),
            ("follow=maybe", "follow"),
        ] {
            assert_eq!(path(query), name);
        }
        assert!(crate::extract::parse_query::<ListLogs>("environment=prod").is_err());
    }
}
