//! What a function may do: the full list. The engine crate implements [`Host`]; nothing else is reachable from a run.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Answers the calls of one run.
pub trait Host: Send + Sync + 'static {
    /// Does what the function asks. `body` is the bulk data of the call (see each variant of [`Request`]).
    ///
    /// The future is dropped when the run ends before it. For [`Request::Log`] the answer is ignored; log calls of a
    /// run are made one after another, in order.
    fn call(&self, call: Call) -> BoxFuture<'static, Result<Reply, Refusal>>;
}

/// One call: what is asked, and its bulk data.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// Bulk data, empty when there is none.
    pub body: Bytes,
}

/// What a function can ask for. Names and fields are the protocol between prelude and engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "op", content = "args", rename_all = "snake_case")]
pub enum Request {
    /// A request to the provider. The body is the request's body.
    Http(Box<Http>),
    /// The connection, with fresh credentials.
    GetConnection(GetConnection),
    /// Replaces the connection's metadata by the body (JSON).
    SetMetadata {},
    /// Merges the body (JSON) into the connection's metadata.
    UpdateMetadata {},
    /// The environment's variables.
    EnvironmentVariables {},
    /// The connection's integration.
    GetIntegration(GetIntegration),
    /// Saves the records in the body (text of a JSON array).
    SaveRecords(Model),
    /// Updates the records in the body (text of a JSON array).
    UpdateRecords(Model),
    /// Marks the records in the body (text of a JSON array) as deleted.
    DeleteRecords(Model),
    /// The records of the ids in the body (text of a JSON array of texts), 100 at most. The answer's body is a JSON array.
    RecordsByIds(Model),
    /// A page of records, oldest change first. The answer's head is `{next_cursor}`, its body a JSON array.
    ListRecords(ListRecords),
    /// From now on, everything saved of the model counts as seen.
    TrackDeletesStart(Model),
    /// Marks what was not seen as deleted. The answer's body is a JSON array of ids.
    TrackDeletesEnd(Model),
    /// Marks what this run has not saved as deleted. The answer's body is a JSON array of ids.
    DeleteUnsaved(Model),
    /// Whether records that something else changed later are overwritten.
    SetMergingStrategy(SetMergingStrategy),
    /// The function's progress object. The answer's head is it, or null.
    GetCheckpoint {},
    /// Replaces the progress object by the body (JSON).
    SaveCheckpoint {},
    /// Removes the progress object.
    ClearCheckpoint {},
    /// Takes a lock. The answer's head is whether the run has it now.
    AcquireLock(AcquireLock),
    /// Lets a lock go. The answer's head is whether the run had it.
    ReleaseLock(Lock),
    /// Lets all locks go.
    ReleaseLocks {},
    /// Runs an action with the body (JSON) as its input and waits for its output.
    TriggerAction(TriggerAction),
    /// Queues a run of a sync.
    TriggerSync(TriggerSync),
    /// Turns the schedules of syncs on.
    StartSync(StartSync),
    /// A request to anywhere, without credentials. The body is the request's body.
    UncontrolledFetch(Box<UncontrolledFetch>),
    /// Writes a line to the run's log.
    Log(Log),
}

/// A request to the provider. Fields that are absent keep the provider's defaults.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Http {
    /// GET, POST, ….
    pub method: String,
    /// Path at the provider, or an absolute URL.
    pub endpoint: String,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// Query: a string, or an object of values.
    pub params: Option<Box<RawValue>>,
    /// How often to try again.
    pub retries: Option<u32>,
    /// Further statuses to try again on.
    pub retry_on: Option<Vec<u16>>,
    /// Which header says when to try again.
    pub retry_header: Option<Box<RawValue>>,
    /// Instead of the provider's base URL.
    pub base_url_override: Option<String>,
    /// Whether to decompress the answer.
    pub decompress: Option<bool>,
    /// Whether redirects get the headers too.
    pub forward_headers_on_redirect: Option<bool>,
    /// Another connection's integration.
    pub provider_config_key: Option<String>,
    /// Another connection.
    pub connection_id: Option<String>,
}

/// Which connection, and how fresh.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GetConnection {
    /// Another connection's integration.
    pub provider_config_key: Option<String>,
    /// Another connection.
    pub connection_id: Option<String>,
    /// Whether to refresh the credentials even when they are still good.
    pub force_refresh: bool,
    /// Whether the answer has the refresh token.
    pub refresh_token: bool,
}

/// What to tell of the integration besides its names.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GetIntegration {
    /// Where its provider sends webhooks to.
    pub webhook: bool,
    /// Its client's credentials.
    pub credentials: bool,
}

/// Records of which model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Model {
    /// The model's name.
    pub model: String,
}

/// Which records to list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListRecords {
    /// The model's name.
    pub model: String,
    /// Where to go on.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// How to merge.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetMergingStrategy {
    /// The model's name.
    pub model: String,
    /// `override` or `ignore_if_modified_after`.
    pub strategy: String,
}

/// A lock, for how long.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AcquireLock {
    /// Its name in the environment.
    pub key: String,
    /// When it is let go by itself.
    pub ttl_ms: u64,
}

/// A lock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lock {
    /// Its name in the environment.
    pub key: String,
}

/// Which action to run for which connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TriggerAction {
    /// The connection's integration.
    pub provider_config_key: String,
    /// The connection.
    pub connection_id: String,
    /// The action.
    pub action_name: String,
}

/// A sync: name and variant apart, or `name::variant` in one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncRef {
    /// The name.
    pub name: String,
    /// The variant.
    pub variant: Option<String>,
}

/// Which sync to run for which connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TriggerSync {
    /// The connection's integration.
    pub provider_config_key: String,
    /// The connection.
    pub connection_id: String,
    /// The sync.
    pub sync: SyncRef,
    /// Whether to forget the last run and the checkpoint.
    #[serde(default)]
    pub reset: bool,
    /// Whether to remove the stored records first.
    #[serde(default)]
    pub empty_cache: bool,
}

/// Which syncs to start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StartSync {
    /// The integration.
    pub provider_config_key: String,
    /// The connection; every connection of the integration where it is left out.
    pub connection_id: Option<String>,
    /// The syncs; all of them where it is empty.
    pub syncs: Vec<SyncRef>,
}

/// A request to anywhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UncontrolledFetch {
    /// Where to: an absolute http or https URL.
    pub url: String,
    /// GET, POST, ….
    #[serde(default)]
    pub method: Option<String>,
    /// Headers, in order.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// What to do with a redirect.
    #[serde(default)]
    pub redirect: Redirect,
}

/// What to do with an answer that names another place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redirect {
    /// Ask there.
    #[default]
    Follow,
    /// Give that answer.
    Manual,
    /// Refuse it.
    Error,
}

/// A line of the run's log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Log {
    /// debug, info, warn, error or off.
    pub level: String,
    /// The text.
    pub message: String,
    /// Anything beside it, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Box<RawValue>>,
}

/// The answer to a call.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// Structured data, as JSON. The function sees it parsed.
    pub head: Option<Box<RawValue>>,
    /// Bulk data. The function sees an `ArrayBuffer`, or nothing when it is empty.
    pub body: Bytes,
}

/// A call that was not done, and why. The function sees it as a thrown error.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind: `ECONNRESET`, `unknown_connection`, ….
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// Details as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Box<RawValue>>,
}

impl Refusal {
    /// A refusal without details.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), payload: None }
    }
}
