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
    /// Queues an action; `{run}` in a later request's path is its id.
    Queue(QueueAction),
    /// Triggers a sync, queues an action or sends a webhook, and goes on as soon as the function has set `began` in the
    /// metadata. `{run}` in a later request's path is the run's id.
    Begin(Begin),
    /// Lets everything that is due run to its end.
    Work,
    /// The node looks which of its runs it still has, and everything that goes on ends by that.
    Stop,
    /// Looks at the last run of a sync.
    Ended(Ended),
    /// Moves the clock on, by so many hours.
    Hours(u64),
    /// Moves the clock on, by so many seconds.
    Seconds(u64),
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
pub(super) struct QueueAction {
    pub(super) name: String,
    #[serde(default)]
    pub(super) input: Value,
    /// `X-Max-Retries`.
    pub(super) retries: Option<u8>,
}

/// What begins: one of the three.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Begin {
    Sync(String),
    Action(String),
    Webhook(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ended {
    pub(super) sync: String,
    /// `queued` while it waits to be tried again, `succeeded`, `failed`, `cancelled`.
    pub(super) state: String,
    /// The code that it failed with.
    pub(super) fails: Option<String>,
    /// How many attempts have ended.
    pub(super) attempts: Option<u32>,
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
    /// Seconds that it waits for the provider.
    pub(super) waits: Option<u64>,
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
    /// Method and path, e.g. `POST /sync/contacts/variant/eu`. `{key}` is the integration, `{run}` the run that began last,
    /// `{number}` which request of `times` it is.
    pub(super) request: String,
    /// How often it is sent; each must be answered so.
    pub(super) times: Option<u32>,
    /// JSON. `provider_config_key` and `connection_id` are added.
    pub(super) body: Option<Map<String, Value>>,
    /// JSON, sent as it is.
    pub(super) raw: Option<Value>,
    /// The status of the answer.
    pub(super) status: u16,
    /// Fields that the answer has.
    #[serde(default)]
    pub(super) answer: Value,
    /// A text that is nowhere in the answer.
    pub(super) lacks: Option<String>,
}

/// Tells `null` from what is not there.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
