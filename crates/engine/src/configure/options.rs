//! What a customer may choose from, asked of an action that `ui` names.

use crate::{
    Engine, Error, Result,
    preview::{Candidate, Preview},
};
use bespoke_core::{
    configure_session::{Choice, Hints, choices},
    environment::Environment,
    function::FunctionKind,
    id::ConnectionId,
    time::Timestamp,
};
use bespoke_runtime::Failure;
use bytes::Bytes;
use quick_cache::sync::Cache;
use serde_json::{Value, value::RawValue};
use std::{sync::Arc, time::Duration};

/// How long a list is good: a form asks for the same one several times.
const FRESH: Duration = Duration::from_secs(15);
/// Lists that are kept.
const CACHED: usize = 200;

/// What may be chosen, and when it was asked for.
#[derive(Debug)]
pub struct Options {
    /// The choices, in the order of the action.
    pub choices: Vec<Choice>,
    /// When they were read.
    pub loaded_at: Timestamp,
}

/// Lists by connection, action and revision of the metadata.
pub(crate) struct OptionsCache(Cache<(ConnectionId, String, i64), Arc<Options>>);

impl Default for OptionsCache {
    fn default() -> Self {
        Self(Cache::new(CACHED))
    }
}

impl Engine {
    pub(super) async fn options_of(
        self: &Arc<Self>,
        environment: &Environment,
        provider_config_key: &str,
        connection_id: &str,
        (hints, path): (&Hints, &str),
    ) -> Result<Arc<Options>> {
        let connection = self.connection(environment.id, provider_config_key, connection_id).await?;
        let name = hints.options_from(path).ok_or_else(|| {
            Error::invalid(&["path"], "custom", "`ui` names no action that lists what may be chosen there")
        })?;
        let key = (connection.id, name.to_owned(), connection.metadata_revision);
        let known = self.options.0.get(&key);
        if let Some(known) = known.filter(|known| self.now().since(known.loaded_at) < FRESH) {
            return Ok(known);
        }
        let preview = Preview {
            environment: environment.clone(),
            integration: provider_config_key.to_owned(),
            connection_id: connection_id.to_owned(),
            kind: FunctionKind::Action,
            name: name.to_owned(),
            input: Bytes::new(),
            candidate: Candidate::Current,
            bounds: crate::preview::BOUNDS,
            events: None,
        };
        let report = self.preview(preview).await?;
        if !report.succeeded {
            return Err(Error::Failed(Box::new(report.error.unwrap_or_else(unconfigured))));
        }
        let output: Option<Value> = report.output.and_then(|json| serde_json::from_str(json.get()).ok());
        let options = Options { choices: choices(&output.unwrap_or_default()), loaded_at: self.now() };
        let options = Arc::new(options);
        self.options.0.insert(key, Arc::clone(&options));
        Ok(options)
    }
}

/// It was not run: it needs a configuration that fits.
fn unconfigured() -> Failure {
    Failure {
        code: bespoke_core::run::UNCONFIGURED.to_owned(),
        status: 400,
        message: "The action that lists what may be chosen needs a configuration that fits; `runsUnconfigured` lets it run \
                  without one."
            .to_owned(),
        payload: RawValue::NULL.to_owned(),
        upstream: None,
        stack: None,
    }
}
