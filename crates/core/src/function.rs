//! What a team deploys: syncs, actions and on-event functions, and the deployment that brings them.

use crate::{
    id::{EnvironmentId, FunctionId},
    time::Timestamp,
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
}

impl FunctionKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Sync, Self::Action, Self::OnEvent];

    /// `sync`, `action` or `on-event`: the word in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Action => "action",
            Self::OnEvent => "on-event",
        }
    }

    /// The folder below the integration that holds functions of this kind.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Sync => "syncs",
            Self::Action => "actions",
            Self::OnEvent => "on-events",
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

/// What a function says of itself: read from its `createSync`/`createAction`/`createOnEvent` object at deploy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// The integration's `unique_key`: the first folder of its path.
    pub integration: String,
    /// Sync, action or on-event.
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
    /// Deprecated HTTP endpoints `{method, path, group?}`.
    #[serde(default)]
    pub endpoints: Vec<Value>,
    /// Syncs: names of the models that it saves.
    #[serde(default)]
    pub models: Vec<String>,
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
}

/// The TypeScript file of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Path from the project's root, `hubspot/syncs/contacts.ts`.
    pub path: String,
    /// Its text.
    pub code: String,
}

/// A JavaScript module as the bundler made it. Its name holds a hash of its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// ES module text.
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
    /// Hashes (hex) of its modules, entry first, with the names they import each other by.
    pub modules: Vec<ModuleRef>,
    /// Whether it may run.
    pub enabled: bool,
    /// When this version was deployed.
    pub deployed_at: Timestamp,
}

/// A stored module: the name other modules import it by, and the hash (hex) of its content.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModuleRef {
    /// Name in the deployment, e.g. `hubspot-contacts-1a2b3c.js`.
    pub name: String,
    /// Content hash, hex.
    pub hash: String,
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
