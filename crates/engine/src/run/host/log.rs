//! What functions log.

use super::RunHost;
use bespoke_core::log::{Level, LogKind};
use bespoke_runtime::host::{Log, Reply};

impl RunHost {
    pub(super) async fn log(&self, line: &Log) -> Reply {
        let level = match line.level.as_str() {
            "error" => Level::Error,
            "warn" => Level::Warn,
            "debug" => Level::Debug,
            "off" => return Reply::default(),
            _ => Level::Info,
        };
        let log = &self.0.log;
        log.know_connection(&self.0.engine, self.connection()).await;
        let meta = line.meta.as_deref().and_then(|meta| serde_json::from_str(meta.get()).ok());
        log.line(LogKind::Log, level, &line.message, meta);
        Reply::default()
    }
}
