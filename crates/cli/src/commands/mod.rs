//! The commands, one file each.

pub(crate) mod compile;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod create;
pub(crate) mod deploy;
pub(crate) mod deployed;
pub(crate) mod dev;
pub(crate) mod dryrun;
pub(crate) mod env;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod logs;
pub(crate) mod members;
pub(crate) mod openapi;
pub(crate) mod preview;
pub(crate) mod reference;
pub(crate) mod runs;
pub(crate) mod serve;
pub(crate) mod test;
pub(crate) mod trigger;
pub(crate) mod webhooks;

use crate::{
    args::ServerArgs,
    client::Client,
    failure::{Failure, Result},
    settings::ClientSettings,
};
use anyhow::Context as _;
use bespoke_core::time::{Clock as _, Timestamp, parse_duration};
use bespoke_server::system::SystemClock;
use serde_json::value::RawValue;
use std::{future::Future, path::Path};

/// Runs what a command has to wait for.
fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    Ok(runtime.context("the threads of this program cannot be started")?.block_on(work))
}

/// A client of the server that `server` names.
fn connect(server: &ServerArgs) -> Result<Client> {
    Ok(Client::new(ClientSettings::load(server, Path::new("."))?)?)
}

/// JSON from the command line: the text itself, that in the file behind an `@`, or the standard input for `@-`.
fn json_argument(flag: &str, text: &str) -> Result<Box<RawValue>> {
    let json = match text.strip_prefix('@') {
        None => text.to_owned(),
        Some("-") => {
            std::io::read_to_string(std::io::stdin()).context("the standard input cannot be read")?
        }
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("{flag}: `{path}` cannot be read: {error}")))?,
    };
    RawValue::from_string(json.trim().to_owned())
        .map_err(|error| Failure::usage(format!("{flag} is not JSON: {error}")))
}

/// A time that a person wrote, as the API takes it: how long ago (`15m`, `2h 30m`, `7d`), or a time.
fn since(text: Option<&str>) -> Result<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    let time =
        parse_duration(text).map(|ago| SystemClock.now().before(ago)).or_else(|| Timestamp::parse(text));
    let time = time.ok_or_else(|| {
        Failure::usage(format!(
            "`{text}` is neither a duration such as 15m or 7d nor a time such as 2026-01-31T12:00:00Z"
        ))
    })?;
    Ok(Some(time.millis_zulu()))
}

/// The path of a URL, of these parts.
fn url_path(parts: &[&str]) -> String {
    let encoded = |part: &&str| url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
    // Its space is that of a query.
    parts.iter().flat_map(|part| ["/".to_owned(), encoded(part).replace('+', "%20")]).collect()
}

/// The query of a URL, without the parameters that are not given.
fn query_string(parameters: &[(&str, Option<String>)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

/// The time of day, with the day where it is another one than `today`; both as ISO 8601.
fn short_time(time: &str, today: &str) -> String {
    let time = time.get(..19).unwrap_or(time);
    match time.split_once('T') {
        Some((day, clock)) if today.starts_with(day) => clock.to_owned(),
        _ => time.replace('T', " "),
    }
}
