//! What the official CLI is told; it takes every list apart, so all of them are always there.

use bespoke_core::{
    function::{Definition, DeployPlan, Function, FunctionKind, PlannedFunction},
    integration::Integration,
};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// What a deployment would change.
#[derive(Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Confirmation {
    /// Syncs that are not there yet.
    new_syncs: Vec<SyncLine>,
    /// Syncs that differ.
    updated_syncs: Vec<SyncLine>,
    /// Syncs that the deployment lacks.
    deleted_syncs: Vec<SyncLine>,
    /// Actions that are not there yet.
    new_actions: Vec<ActionLine>,
    /// Actions that differ.
    updated_actions: Vec<ActionLine>,
    /// Actions that the deployment lacks.
    deleted_actions: Vec<ActionLine>,
    /// Models that syncs with connections no longer have. Their records stay.
    deleted_models: Vec<String>,
    /// On-event functions that are not there yet.
    new_on_event_scripts: Vec<EventLine>,
    /// On-event functions that differ.
    updated_on_event_scripts: Vec<EventLine>,
    /// On-event functions that the deployment lacks.
    deleted_on_event_scripts: Vec<EventLine>,
}

/// A sync.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SyncLine {
    /// Its number, where it is deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    /// Its name.
    name: String,
    /// Its integration.
    #[serde(rename = "providerConfigKey")]
    provider_config_key: String,
    /// Whether its schedules start by themselves.
    auto_start: bool,
    /// How many connections its integration has.
    connections: u64,
    /// Whether it may run.
    enabled: bool,
}

/// An action.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ActionLine {
    /// Its number, where it is deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    /// Its name.
    name: String,
    /// Its integration.
    #[serde(rename = "providerConfigKey")]
    provider_config_key: String,
}

/// An on-event function.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct EventLine {
    /// Its name.
    name: String,
    /// Its integration.
    #[serde(rename = "providerConfigKey")]
    provider_config_key: String,
    /// Which event.
    event: String,
}

/// A function that is deployed.
#[derive(Serialize, utoipa::ToSchema)]
pub struct DeployedScript {
    /// Its number; another one for each version.
    id: i64,
    /// Its name.
    name: String,
    /// The same.
    #[serde(rename = "syncName")]
    sync_name: String,
    /// Its integration.
    #[serde(rename = "providerConfigKey")]
    provider_config_key: String,
    /// `sync`, `action` or `on-event`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The version.
    version: String,
    /// Syncs: what it saves; actions: the name of what it answers.
    models: Vec<String>,
    /// Syncs: how often.
    #[schema(value_type = Option<String>)]
    runs: Value,
    /// The name of the schema of what it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    /// When this version was deployed.
    last_deployed: String,
}

type Key<'a> = (&'a str, FunctionKind, &'a str);

fn key(definition: &Definition) -> Key<'_> {
    (&definition.integration, definition.kind, &definition.name)
}

fn by_key(current: &[(Integration, Vec<Function>)]) -> HashMap<Key<'_>, &Function> {
    let functions = current.iter().flat_map(|(_, functions)| functions);
    functions.map(|function| (key(&function.definition), function)).collect()
}

impl Confirmation {
    /// `plan` for the functions `wanted`, where `current` is deployed.
    pub(super) fn new(
        plan: &DeployPlan,
        wanted: &[Definition],
        current: &[(Integration, Vec<Function>)],
    ) -> Self {
        let current = by_key(current);
        let wanted: HashMap<Key<'_>, &Definition> =
            wanted.iter().map(|definition| (key(definition), definition)).collect();
        let mut told = Self::default();
        let mut deleted_models = BTreeSet::new();
        let parts: [(&[PlannedFunction], _, _, _); 3] = [
            (&plan.new, &mut told.new_syncs, &mut told.new_actions, &mut told.new_on_event_scripts),
            (
                &plan.changed,
                &mut told.updated_syncs,
                &mut told.updated_actions,
                &mut told.updated_on_event_scripts,
            ),
            (
                &plan.deleted,
                &mut told.deleted_syncs,
                &mut told.deleted_actions,
                &mut told.deleted_on_event_scripts,
            ),
        ];
        for (lines, syncs, actions, events) in parts {
            for line in lines {
                let at = (line.integration.as_str(), line.kind, line.name.as_str());
                let before = current.get(&at).copied();
                let after = wanted.get(&at).copied();
                let Some(definition) = after.or(before.map(|function| &function.definition)) else {
                    continue;
                };
                match line.kind {
                    FunctionKind::Sync => syncs.push(sync_line(line, definition, before)),
                    FunctionKind::Action => actions.push(ActionLine {
                        id: before.map(|function| function.id.0),
                        name: line.name.clone(),
                        provider_config_key: line.integration.clone(),
                    }),
                    FunctionKind::Config => {}
                    FunctionKind::OnEvent => events.push(EventLine {
                        name: line.name.clone(),
                        provider_config_key: line.integration.clone(),
                        event: definition.event.clone().unwrap_or_default(),
                    }),
                }
                if let (Some(before), Some(after)) = (before, after)
                    && line.connections > 0
                {
                    let gone = before.definition.models.iter().filter(|model| !after.models.contains(model));
                    deleted_models.extend(gone.cloned());
                }
            }
        }
        told.deleted_models = deleted_models.into_iter().collect();
        told
    }
}

fn sync_line(line: &PlannedFunction, definition: &Definition, before: Option<&Function>) -> SyncLine {
    SyncLine {
        id: before.map(|function| function.id.0),
        name: line.name.clone(),
        provider_config_key: line.integration.clone(),
        auto_start: definition.auto_start,
        connections: line.connections,
        enabled: before.is_none_or(|function| function.enabled),
    }
}

/// The functions `wanted` as they are deployed now.
pub(super) fn deployed(
    wanted: &[Definition],
    current: &[(Integration, Vec<Function>)],
) -> Vec<DeployedScript> {
    let current = by_key(current);
    let deployed = wanted.iter().filter_map(|definition| current.get(&key(definition)).copied());
    deployed
        .map(|function| {
            let Definition { integration, kind, name, frequency, input, metadata, output, models, .. } =
                &function.definition;
            let is_action = *kind == FunctionKind::Action;
            DeployedScript {
                id: function.id.0,
                name: name.clone(),
                sync_name: name.clone(),
                provider_config_key: integration.clone(),
                kind: kind.as_str(),
                version: function.version.clone(),
                models: if is_action { output.iter().cloned().collect() } else { models.clone() },
                runs: frequency.clone().into(),
                input: if is_action { input.clone() } else { metadata.clone() },
                last_deployed: function.deployed_at.millis_zulu(),
            }
        })
        .collect()
}
