//! What functions log.

use super::RunHost;
use crate::run::Execution;
use bespoke_runtime::host::{Log, Reply};
use serde_json::value::RawValue;

impl RunHost {
    pub(super) fn log(&self, line: &Log) -> Reply {
        let Execution { id, environment, connection, function, .. } = &self.0.execution;
        let meta = line.meta.as_deref().map(RawValue::get).unwrap_or_default();
        let function = &function.function.definition.name;
        let (environment, connection) = (&environment.name, &connection.connection_id);
        match line.level.as_str() {
            "error" => {
                tracing::error!(run = %id, environment, connection, function, meta, "{}", line.message);
            }
            "warn" => tracing::warn!(run = %id, environment, connection, function, meta, "{}", line.message),
            "debug" => {
                tracing::debug!(run = %id, environment, connection, function, meta, "{}", line.message);
            }
            _ => tracing::info!(run = %id, environment, connection, function, meta, "{}", line.message),
        }
        Reply::default()
    }
}
