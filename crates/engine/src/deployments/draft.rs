//! A deployment compared with what is deployed.

use crate::{Error, Result, configuration::schema};
use bespoke_core::{
    function::{
        Definition, DeployPlan, DeployScope, DeployedFunction, Deployment, FunctionKind, ModuleRef,
        PlannedConflict, PlannedFunction, content_fingerprint, fingerprint, next_version,
    },
    id::FunctionId,
};
use bespoke_store::{Deployed, NewFunction};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a deployment comes to.
#[derive(Debug)]
pub(super) struct Draft {
    /// For people.
    pub(super) plan: DeployPlan,
    /// Versions to make.
    pub(super) functions: Vec<NewFunction>,
    /// Functions to take out of service.
    pub(super) deleted: Vec<FunctionId>,
}

type Key<'a> = (&'a str, FunctionKind, &'a str);

fn key(definition: &Definition) -> Key<'_> {
    (&definition.integration, definition.kind, &definition.name)
}

/// [`Error::UnknownIntegrations`] where a function's integration does not exist.
pub(super) fn integrations_exist(deployed: &Deployed, deployment: &Deployment) -> Result<()> {
    let integrations = deployment.functions.iter().map(|function| &function.definition.integration);
    let unknown: BTreeSet<_> =
        integrations.filter(|key| !deployed.connections.contains_key(*key)).cloned().collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::UnknownIntegrations(unknown.into_iter().collect())) }
}

/// Compares a deployment whose integrations exist.
pub(super) fn draft(deployed: &Deployed, deployment: &Deployment) -> Draft {
    let current: HashMap<Key<'_>, _> =
        deployed.functions.iter().map(|function| (key(&function.definition), function)).collect();
    let planned = |definition: &Definition, version: &str| PlannedFunction {
        integration: definition.integration.clone(),
        kind: definition.kind,
        name: definition.name.clone(),
        version: version.to_owned(),
        connections: deployed.connections.get(&definition.integration).copied().unwrap_or_default(),
    };
    let mut draft = Draft { plan: DeployPlan::default(), functions: Vec::new(), deleted: Vec::new() };
    for function in &deployment.functions {
        let definition = &function.definition;
        let modules = module_refs(function, deployment);
        let fingerprint = match function.content {
            Some(content) => content_fingerprint(definition, content, &function.source, deployment.origin),
            None => fingerprint(definition, &modules, &function.source, deployment.origin),
        };
        let before = current.get(&key(definition));
        if let Some(before) = before.filter(|before| before.fingerprint == fingerprint) {
            draft.plan.unchanged.push(planned(definition, &before.version));
            continue;
        }
        let stated = definition.version.clone().filter(|version| !version.is_empty());
        let version = stated.unwrap_or_else(|| {
            let last = (definition.integration.clone(), definition.kind, definition.name.clone());
            next_version(deployed.last_versions.get(&last).map(String::as_str))
        });
        let lines = if before.is_some() { &mut draft.plan.changed } else { &mut draft.plan.new };
        lines.push(planned(definition, &version));
        draft.functions.push(NewFunction {
            definition: definition.clone(),
            version,
            modules,
            source: function.source.clone(),
            fingerprint,
        });
    }
    let kept: HashSet<Key<'_>> =
        deployment.functions.iter().map(|function| key(&function.definition)).collect();
    for function in &deployed.functions {
        let definition = &function.definition;
        let in_scope = match &deployment.scope {
            DeployScope::All => true,
            DeployScope::Integration(integration) => *integration == definition.integration,
            DeployScope::Named => false,
        };
        // What was deployed by itself is no part of a project, so a project that lacks it says nothing about it.
        let in_scope = in_scope && !deployment.untouched.contains(&definition.kind);
        if in_scope && function.origin == deployment.origin && !kept.contains(&key(definition)) {
            draft.plan.deleted.push(planned(definition, &function.version));
            draft.deleted.push(function.id);
        }
    }
    draft.plan.conflicts = conflicts(deployed, deployment, &draft);
    draft
}

/// Where the functions that there would be contradict each other, in the integrations that change.
fn conflicts(deployed: &Deployed, deployment: &Deployment, draft: &Draft) -> Vec<PlannedConflict> {
    let plan = &draft.plan;
    let changes = plan.new.iter().chain(&plan.changed).chain(&plan.deleted);
    let integrations: BTreeSet<&str> = changes.map(|line| line.integration.as_str()).collect();
    let sent: Vec<&Definition> = deployment.functions.iter().map(|function| &function.definition).collect();
    let stay = deployed.functions.iter().filter(|function| {
        let is_replaced = sent.iter().any(|sent| key(sent) == key(&function.definition));
        !is_replaced && !draft.deleted.contains(&function.id)
    });
    let all: Vec<&Definition> =
        stay.map(|function| &function.definition).chain(sent.iter().copied()).collect();
    let conflicts = integrations.into_iter().flat_map(|integration| {
        let functions: Vec<_> =
            all.iter().copied().filter(|definition| definition.integration == integration).collect();
        // Where there is a `config.ts`, nothing else counts.
        if functions.iter().any(|definition| definition.kind == FunctionKind::Config) {
            return Vec::new();
        }
        let conflicts = schema::combine(functions).map(|(_, conflicts)| conflicts).unwrap_or_default();
        let planned = |conflict| PlannedConflict { integration: integration.to_owned(), conflict };
        conflicts.into_iter().map(planned).collect::<Vec<_>>()
    });
    conflicts.collect()
}

fn module_refs(function: &DeployedFunction, deployment: &Deployment) -> Vec<ModuleRef> {
    let hash = |name: &String| deployment.modules.get(name).map(|module| module.hash(name));
    let found =
        function.modules.iter().filter_map(|name| Some(ModuleRef { name: name.clone(), hash: hash(name)? }));
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bespoke_core::{
        function::{Function, Module, Origin, Source},
        id::EnvironmentId,
        time::Timestamp,
    };
    use std::collections::BTreeMap;

    fn function(name: &str, code: &str) -> DeployedFunction {
        let definition = serde_json::json!({ "integration": "hubspot", "kind": "action", "name": name });
        DeployedFunction {
            definition: serde_json::from_value(definition).unwrap(),
            modules: vec![format!("{name}.js")],
            source: Source { path: format!("hubspot/actions/{name}.ts"), code: code.to_owned() },
            content: None,
        }
    }

    fn deployment(scope: DeployScope, functions: Vec<DeployedFunction>) -> Deployment {
        let modules = functions
            .iter()
            .map(|function| {
                (function.modules[0].clone(), Module { code: function.source.code.clone(), map: None })
            })
            .collect::<BTreeMap<_, _>>();
        Deployment {
            scope,
            origin: Origin::Repo,
            untouched: Vec::new(),
            allow_invalid: false,
            functions,
            modules,
        }
    }

    /// What is there after `functions` were deployed to an empty environment.
    fn after(functions: Vec<DeployedFunction>) -> Deployed {
        let empty = Deployed {
            functions: Vec::new(),
            last_versions: HashMap::new(),
            connections: [("hubspot".to_owned(), 3)].into(),
        };
        let drafted = draft(&empty, &deployment(DeployScope::All, functions));
        let functions = drafted.functions.into_iter().zip(1..).map(|(new, id)| Function {
            id: FunctionId(id),
            environment: EnvironmentId(1),
            definition: new.definition,
            version: new.version,
            modules: new.modules,
            origin: Origin::Repo,
            fingerprint: new.fingerprint,
            enabled: true,
            deployed_at: Timestamp(0),
        });
        let functions: Vec<_> = functions.collect();
        let last_versions = functions
            .iter()
            .map(|function| {
                let Definition { integration, kind, name, .. } = &function.definition;
                ((integration.clone(), *kind, name.clone()), function.version.clone())
            })
            .collect();
        Deployed { functions, last_versions, ..empty }
    }

    fn names(lines: &[PlannedFunction]) -> Vec<String> {
        lines.iter().map(|line| format!("{}@{}", line.name, line.version)).collect()
    }

    #[test]
    fn only_what_differs_is_written() {
        let deployed = after(vec![function("a", "1"), function("b", "1"), function("c", "1")]);
        let new = vec![function("a", "1"), function("b", "2"), function("d", "1")];
        let draft = draft(&deployed, &deployment(DeployScope::All, new));
        assert_eq!(names(&draft.plan.unchanged), ["a@1"]);
        assert_eq!(names(&draft.plan.changed), ["b@2"]);
        assert_eq!(names(&draft.plan.new), ["d@1"]);
        assert_eq!(names(&draft.plan.deleted), ["c@1"]);
        assert_eq!(draft.plan.new[0].connections, 3);
        assert_eq!(draft.functions.len(), 2);
        assert_eq!(draft.deleted, [FunctionId(3)]);
    }

    #[test]
    fn the_scope_limits_what_is_deleted() {
        let deployed = after(vec![function("a", "1"), function("b", "1")]);
        let deleted =
            |scope| draft(&deployed, &deployment(scope, vec![function("a", "1")])).plan.deleted.len();
        assert_eq!(deleted(DeployScope::All), 1);
        assert_eq!(deleted(DeployScope::Integration("hubspot".to_owned())), 1);
        assert_eq!(deleted(DeployScope::Integration("zendesk".to_owned())), 0);
        assert_eq!(deleted(DeployScope::Named), 0);
    }

    #[test]
    fn an_authors_version_wins_and_counting_goes_on_from_it() {
        let mut stated = function("a", "1");
        stated.definition.version = Some("2.0.0".to_owned());
        let deployed = after(vec![stated]);
        let draft = draft(&deployed, &deployment(DeployScope::All, vec![function("a", "2")]));
        assert_eq!(names(&draft.plan.changed), ["a@2.0.1"]);
    }

    #[test]
    fn integrations_must_exist() {
        let mut elsewhere = function("a", "1");
        "zendesk".clone_into(&mut elsewhere.definition.integration);
        let deployment = deployment(DeployScope::All, vec![elsewhere]);
        let error = integrations_exist(&after(Vec::new()), &deployment).unwrap_err();
        assert!(matches!(&error, Error::UnknownIntegrations(keys) if *keys == ["zendesk"]), "{error}");
    }
}
