//! What a team deploys: syncs, actions, on-event functions and integrations' configurations, and the deployment that brings them.

use crate::{
    configuration::{ConfigDefinition, Conflict, ConnectionMigration},
    id::{EnvironmentId, FunctionId},
    limits::Limits,
    time::Timestamp,
    validation::Mode,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, fmt, str::FromStr};

/// The kinds of function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FunctionKind {
    /// Runs on a schedule and saves records.
    Sync,
    /// Runs when called and answers.
    Action,
    /// Runs when something happens to a connection.
    OnEvent,
    /// What `<integration>/config.ts` says of the configuration of all connections: at most one for an integration. It is
    /// deployed as functions are, and asked, not run.
    Config,
}

impl FunctionKind {
    /// Every kind; the database's CHECK repeats this list.
    pub const ALL: [Self; 4] = [Self::Sync, Self::Action, Self::OnEvent, Self::Config];
    /// Those that run for a connection, each in a folder of its own.
    pub const RUNNING: [Self; 3] = [Self::Sync, Self::Action, Self::OnEvent];
    /// The only name of a [`FunctionKind::Config`].
    pub const CONFIG: &str = "config";

    /// `sync`, `action`, `on-event` or `config`: the word in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Action => "action",
            Self::OnEvent => "on-event",
            Self::Config => Self::CONFIG,
        }
    }

    /// Where a function of this kind is below its integration, without `.ts`: `syncs/contacts`, `config`.
    pub fn place(self, name: &str) -> String {
        match self {
            Self::Config => Self::CONFIG.to_owned(),
            _ => format!("{}/{name}", self.folder()),
        }
    }

    /// The folder below the integration that holds functions of this kind; a configuration is in none.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Sync => "syncs",
            Self::Action => "actions",
            Self::OnEvent => "on-events",
            Self::Config => "",
        }
    }
}

impl fmt::Display for FunctionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FunctionKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// The events that an on-event function can wait for.
pub const EVENTS: [&str; 3] = [AFTER_CREATION, BEFORE_DELETION, VALIDATION];
/// A connection was made.
pub const AFTER_CREATION: &str = "post-connection-creation";
/// A connection is about to be deleted.
pub const BEFORE_DELETION: &str = "pre-connection-deletion";
/// A connection has got credentials, and they are to be judged.
pub const VALIDATION: &str = "validate-connection";

/// Where a deployed function comes from. It decides who may delete it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A project: it is deleted by a deployment that lacks it.
    #[default]
    Repo,
    /// Deployed by itself: it can be deleted over the API.
    Standalone,
}

impl Origin {
    /// Every origin; the database's CHECK repeats this list.
    pub const ALL: [Self; 2] = [Self::Repo, Self::Standalone];

    /// The word in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Repo => "repo",
            Self::Standalone => "standalone",
        }
    }
}

impl FromStr for Origin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == text).ok_or(())
    }
}

/// What a function says of itself: read from its `createSync`/`createAction`/`createOnEvent` object at deploy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// The integration's `unique_key`: the first folder of its path.
    pub integration: String,
    /// Sync, action, on-event or config.
    pub kind: FunctionKind,
    /// The file's base name.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// The author's version; `None` lets the server count.
    #[serde(default)]
    pub version: Option<String>,
    /// Syncs: how often, e.g. `every hour`.
    #[serde(default)]
    pub frequency: Option<String>,
    /// Syncs: start the schedule of every connection by itself.
    #[serde(default)]
    pub auto_start: bool,
    /// Syncs, deprecated: delete what a full run did not save.
    #[serde(default)]
    pub track_deletes: bool,
    /// Syncs, deprecated: `full` or `incremental`.
    #[serde(default)]
    pub sync_type: Option<String>,
    /// Documentation of the scopes that it needs.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// On-events: which one.
    #[serde(default)]
    pub event: Option<String>,
    /// Syncs: the webhook types that `onWebhook` wants.
    #[serde(default)]
    pub webhook_subscriptions: Vec<String>,
    /// Requests that only read although their method can write, as `POST /crm/v3/objects/contacts/search`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preview_reads: Vec<String>,
    /// Actions: run also where the integration enforces its schema and the connection's configuration does not fit it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub runs_unconfigured: bool,
    /// Configs: what `config.ts` says beside the schema, which is `metadata`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigDefinition>,
    /// Deprecated HTTP endpoints `{method, path, group?}`.
    #[serde(default)]
    pub endpoints: Vec<Value>,
    /// Syncs: names of the models that it saves.
    #[serde(default)]
    pub models: Vec<String>,
    /// What its runs may use, as the author wrote it ([`Limits::read`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Value>,
    /// Name of the input's schema in `json_schema`.
    #[serde(default)]
    pub input: Option<String>,
    /// Name of the output's schema in `json_schema`.
    #[serde(default)]
    pub output: Option<String>,
    /// Name of the metadata's schema in `json_schema`.
    #[serde(default)]
    pub metadata: Option<String>,
    /// Name of the checkpoint's schema in `json_schema`.
    #[serde(default)]
    pub checkpoint: Option<String>,
    /// JSON Schema (draft 7) with every named schema under `definitions`.
    #[serde(default)]
    pub json_schema: Option<Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Definition {
    /// What its runs may use. What cannot be read, which no deployment lets through, counts as not declared.
    pub fn limits(&self) -> Limits {
        self.limits.as_ref().and_then(|declared| Limits::read(declared, self.kind).ok()).unwrap_or_default()
    }
}

/// One function of a deployment: its definition, its source and the modules that it runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeployedFunction {
    /// What it says of itself.
    #[serde(flatten)]
    pub definition: Definition,
    /// Names of its modules in [`Deployment::modules`]: the entry first, then the chunks that it imports.
    pub modules: Vec<String>,
    /// The TypeScript that it was written in.
    pub source: Source,
    /// Hash of every file that the function reaches, where the bundler knows it. What functions share is cut into modules
    /// anew when one comes or goes, so the modules of a function that did not change may differ; this does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Hash>,
}

/// The TypeScript file of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Path from the project's root, `hubspot/syncs/contacts.ts`.
    pub path: String,
    /// Its text.
    pub code: String,
}

/// Modules of Node that functions can import, each also with `node:` before it: what the runtime has, and what the
/// bundler leaves as an import.
pub const NODE_MODULES: [&str; 19] = [
    "assert",
    "assert/strict",
    "buffer",
    "crypto",
    "events",
    "path",
    "path/posix",
    "process",
    "punycode",
    "querystring",
    "stream",
    "stream/promises",
    "string_decoder",
    "timers",
    "timers/promises",
    "url",
    "util",
    "util/types",
    "zlib",
];

/// A JavaScript module as the bundler made it. Its name holds a hash of its content.
///
/// One whose name ends in `.cjs` is CommonJS when it is sent, and an ES module of the same name from then on.
///
/// [`Deployment::modules`] is a flat folder: a module imports another as `./<name>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Its text.
    pub code: String,
    /// Source map (JSON text) back to the TypeScript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
}

/// What `bespoke deploy` sends: functions with the modules they share.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// How far functions that are absent here are deleted.
    #[serde(default)]
    pub scope: DeployScope,
    /// Where the functions come from.
    #[serde(default)]
    pub origin: Origin,
    /// Kinds that the deployment says nothing about: none of these is deleted.
    #[serde(default)]
    pub untouched: Vec<FunctionKind>,
    /// Deploy also a configuration that connections do not fit whose integration enforces it.
    #[serde(default)]
    pub allow_invalid: bool,
    /// The functions.
    pub functions: Vec<DeployedFunction>,
    /// Modules by name.
    pub modules: BTreeMap<String, Module>,
}

/// Which deployed functions a deployment replaces: those in scope and absent from it are deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "integration")]
pub enum DeployScope {
    /// Every function of the environment.
    #[default]
    All,
    /// Every function of one integration.
    Integration(String),
    /// Only the functions named in the deployment: nothing is deleted.
    Named,
}

/// A function as the server holds it.
#[derive(Clone, Debug)]
pub struct Function {
    /// Row id. A changed function gets a new row; runs keep pointing at the one that they ran.
    pub id: FunctionId,
    /// The environment that it belongs to.
    pub environment: EnvironmentId,
    /// What it says of itself.
    pub definition: Definition,
    /// The version shown: the author's, else counted by the server.
    pub version: String,
    /// Its modules, entry first.
    pub modules: Vec<ModuleRef>,
    /// Where it comes from.
    pub origin: Origin,
    /// Hash of everything that makes it what it is ([`fingerprint`]): a deployment with the same one changes nothing.
    pub fingerprint: Hash,
    /// Whether it may run.
    pub enabled: bool,
    /// When this version was deployed.
    pub deployed_at: Timestamp,
}

/// A stored module: the name other modules import it by, and its hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModuleRef {
    /// Name in the deployment, e.g. `hubspot-contacts-1a2b3c.js`.
    pub name: String,
    /// Hash of the name and the code ([`Module::hash`]).
    pub hash: Hash,
}

/// A BLAKE3 hash; 64 hexadecimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of a file: where it is and what is in it.
    pub fn of_file(path: &str, text: &str) -> Self {
        hash_of([path.as_bytes(), text.as_bytes()])
    }

    /// The hash of some hashes, in their order.
    pub fn of_all(hashes: impl IntoIterator<Item = Self>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for hash in hashes {
            hasher.update(&hash.0);
        }
        Self(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        blake3::Hash::from_hex(text.as_bytes())
            .map(|hash| Self(*hash.as_bytes()))
            .map_err(serde::de::Error::custom)
    }
}

impl Module {
    /// What the module is stored and cached under: its code and its name, because the name is part of the bytecode.
    ///
    /// The source map is left out: it says where the code came from, not what it does, and the newest one is kept.
    pub fn hash(&self, name: &str) -> Hash {
        hash_of([name.as_bytes(), self.code.as_bytes()])
    }
}

/// The hash of everything that makes a function what it is: its definition, its modules, its source and its origin.
pub fn fingerprint(definition: &Definition, modules: &[ModuleRef], source: &Source, origin: Origin) -> Hash {
    let json = serde_json::to_vec(&(definition, modules, source, origin))
        .expect("plain data with text keys is JSON");
    hash_of([json.as_slice()])
}

/// The hash of what a function is made of where that is known better than by its modules ([`DeployedFunction::content`]).
pub fn content_fingerprint(definition: &Definition, content: Hash, source: &Source, origin: Origin) -> Hash {
    let json = serde_json::to_vec(&(definition, content, source, origin))
        .expect("plain data with text keys is JSON");
    hash_of([b"content", json.as_slice()])
}

/// Hash of some byte strings, each with its length, so that no two lists run together.
fn hash_of<const N: usize>(parts: [&[u8]; N]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    Hash(*hasher.finalize().as_bytes())
}

/// The version after `previous`, for functions whose author states none: `1`, `2`, …; after an author's `1.4.0` comes `1.4.1`.
pub fn next_version(previous: Option<&str>) -> String {
    let Some(previous) = previous else { return "1".to_owned() };
    let (head, last) = previous.rsplit_once('.').map_or(("", previous), |(head, last)| (head, last));
    match last.parse::<u64>() {
        Ok(number) if head.is_empty() => (number + 1).to_string(),
        Ok(number) => format!("{head}.{}", number + 1),
        Err(_) => "1".to_owned(),
    }
}

/// What a deployment would change, shown before it does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployPlan {
    /// Functions that are not there yet.
    pub new: Vec<PlannedFunction>,
    /// Functions whose code or definition differs.
    pub changed: Vec<PlannedFunction>,
    /// Functions that stay as they are.
    pub unchanged: Vec<PlannedFunction>,
    /// Functions in scope that the deployment lacks.
    pub deleted: Vec<PlannedFunction>,
    /// Where functions would declare configuration that no value fits.
    #[serde(default)]
    pub conflicts: Vec<PlannedConflict>,
    /// What changed configurations do to the connections of their integrations.
    #[serde(default)]
    pub migrations: Vec<PlannedMigration>,
}

/// What a changed `config.ts` does to the connections of its integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedMigration {
    /// The integration's `unique_key`.
    pub integration: String,
    /// How strictly its configuration is checked.
    pub mode: Mode,
    /// The version that is deployed; `None` where none is.
    pub from: Option<i64>,
    /// The version in the deployment.
    pub to: i64,
    /// Connections that fit as they are.
    pub valid: u64,
    /// Connections that `migrate` makes fit.
    pub fixed: u64,
    /// Connections that fitted and would no longer.
    pub broken: u64,
    /// Connections that do not fit what is deployed either.
    pub invalid_already: u64,
    /// The first few of those that are fixed, broken and invalid already.
    pub examples: Vec<ConnectionMigration>,
}

/// A place in the configuration of an integration where functions contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedConflict {
    /// The integration's `unique_key`.
    pub integration: String,
    /// Where, and who declares what.
    #[serde(flatten)]
    pub conflict: Conflict,
}

/// A line of a [`DeployPlan`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFunction {
    /// The integration's `unique_key`.
    pub integration: String,
    /// Sync, action or on-event.
    pub kind: FunctionKind,
    /// Its name.
    pub name: String,
    /// The version that is deployed, or will be.
    pub version: String,
    /// How many connections of its integration there are.
    pub connections: u64,
}

impl DeployPlan {
    /// Whether deploying would change nothing.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.changed.is_empty() && self.deleted.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_counted_on_from_what_was_there() {
        for (previous, next) in [
            (None, "1"),
            (Some("1"), "2"),
            (Some("9"), "10"),
            (Some("1.4.0"), "1.4.1"),
            (Some("beta"), "1"),
            (Some(""), "1"),
        ] {
            assert_eq!(next_version(previous), next, "{previous:?}");
        }
    }

    #[test]
    fn a_module_is_its_name_and_its_code() {
        let module =
            |code: &str, map: Option<&str>| Module { code: code.to_owned(), map: map.map(str::to_owned) };
        let hash = module("1", None).hash("a.js");
        assert_eq!(hash, module("1", Some("{}")).hash("a.js"), "a map is no part of it");
        assert_ne!(hash, module("1", None).hash("b.js"));
        assert_ne!(module("b", None).hash("a"), module("", None).hash("ab"));
        let text = serde_json::to_string(&hash).unwrap();
        assert_eq!((text.len(), serde_json::from_str::<Hash>(&text).unwrap()), (66, hash));
    }
}
