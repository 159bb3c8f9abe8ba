//! What the lines of one run, or of one request, have in common.

use super::{Logs, secrets::Secrets};
use crate::Engine;
use bespoke_core::{
    auth::Credentials,
    connection::Connection,
    id::EnvironmentId,
    log::{Level, LogId, LogKind, LogLine, LogOrigin},
};
use serde_json::{Map, Value};
use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use uuid::Uuid;

/// Characters of a message that are kept.
const MESSAGE: usize = 10_000;
/// Bytes of what is beside a message that are kept.
const META: usize = 10_000;
/// Bytes of one property that are kept where all together are too many.
const PROPERTY: usize = 1_000;
/// Past the first ones, so many successful requests of a run share one line.
const SAMPLE: u64 = 100;

/// Hands in lines with one origin, without the secrets that it knows.
pub(crate) struct LogScope {
    /// Where there is a log to keep it in.
    logs: Option<Logs>,
    origin: Arc<LogOrigin>,
    pub(crate) secrets: Secrets,
    /// Successful requests that are kept before only a sample is.
    keep: u64,
    requests: AtomicU64,
    kept: AtomicU64,
}

impl LogScope {
    /// Keeps nothing: for what must leave no trace.
    pub(crate) fn silent(environment: EnvironmentId) -> Self {
        let origin = LogOrigin::of_environment(environment);
        Self::new(None, origin, 0)
    }

    fn new(logs: Option<&Logs>, origin: LogOrigin, keep: u64) -> Self {
        Self {
            logs: logs.cloned(),
            origin: Arc::new(origin),
            secrets: Secrets::default(),
            keep,
            requests: AtomicU64::new(0),
            kept: AtomicU64::new(0),
        }
    }

    /// Hands in a line. `meta` is JSON of whoever wrote it.
    pub(crate) fn line(&self, kind: LogKind, level: Level, message: &str, meta: Option<Value>) {
        let cut = message.char_indices().nth(MESSAGE).map_or(message, |(end, _)| &message[..end]);
        let meta = meta.map(|mut meta| {
            self.secrets.hide_in(&mut meta);
            shortened(meta)
        });
        self.add(kind, level, None, self.secrets.hide(cut).into_owned(), meta);
    }

    /// Hands in a line as it is.
    pub(super) fn add(
        &self,
        kind: LogKind,
        level: Level,
        status: Option<u16>,
        message: String,
        meta: Option<String>,
    ) {
        let Some(logs) = &self.logs else { return };
        let origin = Arc::clone(&self.origin);
        // The queue makes the id.
        logs.add(LogLine { id: LogId::MIN, origin, kind, level, status, message, meta });
    }

    /// Whether a successful request gets a line.
    pub(super) fn keeps_success(&self) -> bool {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let keeps = number < self.keep || (number - self.keep).is_multiple_of(SAMPLE);
        if keeps {
            self.kept.fetch_add(1, Ordering::Relaxed);
        }
        keeps
    }

    /// Successful requests so far, and how many of them got a line.
    pub(crate) fn requests(&self) -> (u64, u64) {
        (self.requests.load(Ordering::Relaxed), self.kept.load(Ordering::Relaxed))
    }

    /// The text without secrets.
    pub(crate) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.secrets.hide(text)
    }

    /// Takes care that the credentials of the run's own connection are known, which a function may have from anywhere.
    pub(crate) async fn know_connection(&self, engine: &Engine, connection: &Connection) {
        if !self.secrets.has_credentials() {
            match engine.store.connection_credentials(connection.environment, connection.id).await {
                Ok(Some(credentials)) => self.secrets.add_credentials(&credentials),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(
                        error = crate::error::chain(&error),
                        "credentials could not be read for the log"
                    );
                }
            }
        }
    }

    /// Takes out these credentials from now on.
    pub(crate) fn know(&self, credentials: &Credentials) {
        self.secrets.add_credentials(credentials);
    }
}

impl Engine {
    /// For the lines of a run. Of its successful requests the first `keep` are kept, and then a sample.
    pub(crate) fn run_log(&self, connection: &Connection, function: &str, run: Uuid, keep: u64) -> LogScope {
        let origin = LogOrigin {
            environment: connection.environment,
            provider_config_key: Some(connection.provider_config_key.clone()),
            connection_id: Some(connection.connection_id.clone()),
            function: Some(function.to_owned()),
            run: Some(run),
        };
        LogScope::new(Some(&self.logs), origin, keep)
    }

    /// For lines that have to do with a connection, outside of any run.
    pub(crate) fn connection_log(&self, connection: &Connection) -> LogScope {
        let origin = LogOrigin {
            environment: connection.environment,
            provider_config_key: Some(connection.provider_config_key.clone()),
            connection_id: Some(connection.connection_id.clone()),
            function: None,
            run: None,
        };
        LogScope::new(Some(&self.logs), origin, u64::MAX)
    }

    /// Keeps that something happened on the platform beside any run, at this integration: a webhook that was rejected, say.
    pub(crate) fn log_event(
        &self,
        environment: EnvironmentId,
        provider_config_key: Option<&str>,
        level: Level,
        message: &str,
        meta: Option<Value>,
    ) {
        let origin = LogOrigin {
            environment,
            provider_config_key: provider_config_key.map(str::to_owned),
            connection_id: None,
            function: None,
            run: None,
        };
        LogScope::new(Some(&self.logs), origin, u64::MAX).line(LogKind::Event, level, message, meta);
    }
}

/// The JSON text, without what is too long.
fn shortened(meta: Value) -> String {
    let text = meta.to_string();
    if text.len() <= META {
        return text;
    }
    let left_out = |length: usize| Value::from(format!("[{length} bytes left out]"));
    let Value::Object(map) = meta else { return left_out(text.len()).to_string() };
    let (mut short, mut size) = (Map::new(), 0);
    let count = map.len();
    for (name, value) in map {
        let length = value.to_string().len();
        let value = if length > PROPERTY { left_out(length) } else { value };
        size += name.len() + length.min(PROPERTY) + 8;
        if size > META {
            let more = count - short.len();
            short.insert("…".to_owned(), format!("[{more} more left out]").into());
            break;
        }
        short.insert(name, value);
    }
    Value::Object(short).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn long_properties_are_left_out_first() {
        let long = "x".repeat(9_000);
        let kept = json!({ "a": long });
        assert_eq!(shortened(kept.clone()), kept.to_string());
        let short = shortened(json!({ "a": long, "b": long, "c": 1 }));
        assert_eq!(short, r#"{"a":"[9002 bytes left out]","b":"[9002 bytes left out]","c":1}"#);
        assert_eq!(shortened(json!([long, long])), r#""[18007 bytes left out]""#);
        let many: Map<_, _> = (0..100).map(|i| (format!("k{i}"), "y".repeat(900).into())).collect();
        let short = shortened(Value::Object(many));
        assert!(short.len() < 11_000 && short.ends_with(r#""…":"[90 more left out]"}"#), "{short}");
    }
}
