//! What a case may hold.

use serde::Deserialize;
use serde_json::{Map, Value};

/// One case. Each has an integration and a connection `acme` of its own; the connection's `base_url` is the server itself,
/// its `upstream` one elsewhere.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// What must be true, as a sentence.
    #[expect(dead_code, reason = "for those who read the file")]
    about: String,
    /// The functions to deploy.
    pub(super) functions: Vec<FunctionOfCase>,
    /// What is done, in this order.
    pub(super) steps: Vec<Step>,
}

/// A function to deploy.
#[derive(Debug, Deserialize)]
pub(super) struct FunctionOfCase {
    /// `sync`, `action` or `on-event`.
    pub(super) kind: String,
    /// Its name.
    pub(super) name: String,
    /// The body of `exec(nango, input)`.
    #[serde(default)]
    pub(super) exec: String,
    /// The body of `onWebhook(nango, payload)`.
    #[serde(default, rename = "onWebhook")]
    pub(super) on_webhook: Option<String>,
    /// What else its definition says (`models`, `checkpoint`, `json_schema`, …).
    #[serde(flatten)]
    pub(super) definition: Map<String, Value>,
}

/// Something that is done, and what must come of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Step {
    /// Triggers a sync and lets it run to its end.
    Run(RunSync),
    /// Runs a sync's `onWebhook`.
    Webhook(RunWebhook),
    /// Calls an action.
    Action(CallAction),
    /// Moves the clock on, by so many hours.
    Hours(u64),
    /// Compares the records of a model.
    Records(Records),
    /// Sends a request to the API.
    Call(CallApi),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunSync {
    pub(super) sync: String,
    /// Further fields of `POST /sync/trigger`.
    #[serde(default)]
    pub(super) with: Map<String, Value>,
    /// A payload for its `onWebhook`, which runs at the same time.
    pub(super) webhook: Option<Value>,
    /// The code that it fails with; it succeeds otherwise.
    pub(super) fails: Option<String>,
    /// A part of the failure's message.
    pub(super) message: Option<String>,
    /// What it does to the records, by model.
    pub(super) counts: Option<Value>,
    /// The progress object that the sync's state shows afterwards.
    #[serde(default, deserialize_with = "given")]
    pub(super) checkpoint: Option<Value>,
    /// The progress object at the run's start and end: `{from, to}`.
    pub(super) range: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunWebhook {
    pub(super) sync: String,
    #[serde(default)]
    pub(super) payload: Value,
    /// The progress object at the run's start and end: `{from, to}`.
    pub(super) range: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallAction {
    pub(super) name: String,
    #[serde(default)]
    pub(super) input: Value,
    /// What it answers.
    #[serde(default, deserialize_with = "given")]
    pub(super) output: Option<Value>,
    /// The code that it fails with; it succeeds otherwise.
    pub(super) fails: Option<String>,
    /// The status of the answer.
    pub(super) status: Option<u16>,
    /// A part of the failure, as JSON text.
    pub(super) message: Option<String>,
    /// A text that is nowhere in the answer.
    pub(super) lacks: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Records {
    pub(super) model: String,
    pub(super) variant: Option<String>,
    /// The records by what happened to them last: `ADDED`, `UPDATED`, `DELETED`.
    pub(super) are: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallApi {
    /// Method and path, e.g. `POST /sync/contacts/variant/eu`.
    pub(super) request: String,
    /// JSON. `provider_config_key` and `connection_id` are added.
    pub(super) body: Option<Map<String, Value>>,
    /// JSON, sent as it is.
    pub(super) raw: Option<Value>,
    /// The status of the answer.
    pub(super) status: u16,
    /// Fields that the answer has.
    #[serde(default)]
    pub(super) answer: Value,
}

/// Tells `null` from what is not there.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
