//! Functions, their versions and modules, and the deployments that bring them.

use bespoke_core::{
    function::{Definition, FunctionKind, Hash, Module, ModuleRef, Origin, Source, fingerprint},
    id::EnvironmentId,
};
use bespoke_store::{DeployChanges, Error, NewFunction, NewIntegration, Store, StoredBytecode, StoredModule};
use bespoke_testkit::{both, clock::ManualClock};
use serde_json::{Map, json};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

const ENGINE: &str = "engine-1";
const LEASE: Duration = Duration::from_mins(1);

async fn environment(store: &Store) -> EnvironmentId {
    let environment = store.create_environment("dev", Uuid::from_u128(1)).await.unwrap();
    let hubspot = NewIntegration {
        unique_key: "hubspot".to_owned(),
        provider: "hubspot".to_owned(),
        display_name: None,
        forward_webhooks: true,
        custom: Map::new(),
        data_validation: Default::default(),
        credentials: None,
    };
    store.create_integration(environment.id, hubspot).await.unwrap();
    environment.id
}

fn module(code: &str, map: Option<&str>) -> (Module, Hash) {
    let module = Module { code: code.to_owned(), map: map.map(str::to_owned) };
    let hash = module.hash("a.js");
    (module, hash)
}

fn action(name: &str, version: &str, code: &str) -> NewFunction {
    let definition = json!({ "integration": "hubspot", "kind": "action", "name": name });
    let definition: Definition = serde_json::from_value(definition).unwrap();
    let modules = vec![ModuleRef { name: "a.js".to_owned(), hash: module(code, None).1 }];
    let source = Source { path: format!("hubspot/actions/{name}.ts"), code: format!("// {code}") };
    let fingerprint = fingerprint(&definition, &modules, &source, Origin::Repo);
    NewFunction { definition, version: version.to_owned(), modules, source, fingerprint }
}

fn changes(holder: u128, functions: Vec<NewFunction>, codes: &[&str]) -> DeployChanges {
    let stored = |code: &&str| {
        let (module, hash) = module(code, Some("{}"));
        StoredModule { hash, code: module.code, map: module.map }
    };
    let compiled =
        |code: &&str| StoredBytecode { hash: module(code, None).1, bytecode: code.as_bytes().to_vec() };
    DeployChanges {
        holder: Uuid::from_u128(holder),
        origin: Origin::Repo,
        modules: codes.iter().map(stored).collect(),
        engine_version: ENGINE,
        bytecode: codes.iter().map(compiled).collect(),
        functions,
        deleted: Vec::new(),
    }
}

async fn deploy(
    store: &Store,
    environment: EnvironmentId,
    changes: DeployChanges,
) -> Vec<bespoke_core::function::Function> {
    assert!(store.begin_deployment(environment, changes.holder, LEASE).await.unwrap());
    store.commit_deployment(environment, changes).await.unwrap()
}

both! {
    async fn a_changed_function_gets_a_new_row_and_the_old_one_stays(database) {
        let store = database.store().await;
        let dev = environment(&store).await;
        let first = deploy(&store, dev, changes(1, vec![action("a", "1", "1"), action("b", "1", "1")], &["1"])).await;
        assert!(store.set_function_enabled(dev, first[0].id, false).await.unwrap());
        let second = deploy(&store, dev, changes(2, vec![action("a", "2", "2")], &["2"])).await;

        let current = store.functions(dev, None).await.unwrap();
        let shown: Vec<_> = current.iter().map(|f| (f.definition.name.as_str(), f.version.as_str(), f.enabled)).collect();
        assert_eq!(shown, [("a", "2", false), ("b", "1", true)], "switched off, it stays off");
        assert_eq!(current[0].fingerprint, action("a", "2", "2").fingerprint);
        assert_eq!(store.functions(dev, Some("hubspot")).await.unwrap().len(), 2);
        assert!(store.functions(dev, Some("zendesk")).await.unwrap().is_empty());

        let found = store.function(dev, "hubspot", FunctionKind::Action, "a").await.unwrap().unwrap();
        assert_eq!(found.id, second[0].id);
        assert!(store.function(dev, "hubspot", FunctionKind::Sync, "a").await.unwrap().is_none());
        let old = store.function_by_row(dev, first[0].id).await.unwrap().unwrap();
        assert_eq!(old.version, "1");
        assert_eq!(store.function_source(dev, old.id).await.unwrap().unwrap().code, "// 1");
        assert_eq!(store.function_source(dev, found.id).await.unwrap().unwrap().path, "hubspot/actions/a.ts");
        assert!(!store.set_function_enabled(dev, old.id, true).await.unwrap(), "only the current version");

        let elsewhere = store.create_environment("prod", Uuid::from_u128(2)).await.unwrap().id;
        assert!(store.functions(elsewhere, None).await.unwrap().is_empty());
        assert!(store.function_by_row(elsewhere, found.id).await.unwrap().is_none());
    }

    async fn a_deleted_function_is_gone_and_its_versions_are_remembered(database) {
        let store = database.store().await;
        let dev = environment(&store).await;
        let made = deploy(&store, dev, changes(1, vec![action("a", "7", "1")], &["1"])).await;
        let mut without = changes(2, Vec::new(), &[]);
        without.deleted = vec![made[0].id];
        deploy(&store, dev, without).await;
        assert!(store.function(dev, "hubspot", FunctionKind::Action, "a").await.unwrap().is_none());
        assert!(!store.delete_function(dev, made[0].id).await.unwrap());
        let deployed = store.deployed(dev).await.unwrap();
        assert!(deployed.functions.is_empty());
        assert_eq!(deployed.last_versions[&("hubspot".to_owned(), FunctionKind::Action, "a".to_owned())], "7");
        assert_eq!(deployed.connections["hubspot"], 0);
    }

    async fn one_deployment_at_a_time_until_its_lease_ends(database) {
        let clock = ManualClock::default();
        let store = database.store_at(Arc::new(clock.clone())).await;
        let dev = environment(&store).await;
        let [first, second] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        assert!(store.begin_deployment(dev, first, LEASE).await.unwrap());
        assert!(!store.begin_deployment(dev, second, LEASE).await.unwrap());
        clock.advance(LEASE);
        assert!(store.begin_deployment(dev, second, LEASE).await.unwrap(), "the first one crashed");
        let late = store.commit_deployment(dev, changes(1, vec![action("a", "1", "1")], &["1"])).await.unwrap_err();
        assert!(matches!(late, Error::Conflict(_)), "{late:?}");
        assert!(store.functions(dev, None).await.unwrap().is_empty());
        store.abandon_deployment(dev, first).await.unwrap();
        assert!(!store.begin_deployment(dev, first, LEASE).await.unwrap(), "only the holder gives it back");
        store.abandon_deployment(dev, second).await.unwrap();
        assert!(store.begin_deployment(dev, first, LEASE).await.unwrap());
    }

    async fn a_deployment_is_written_whole_or_not_at_all(database) {
        let store = database.store().await;
        let dev = environment(&store).await;
        let mut elsewhere = action("b", "1", "1");
        "zendesk".clone_into(&mut elsewhere.definition.integration);
        let broken = changes(1, vec![action("a", "1", "1"), elsewhere], &["1"]);
        assert!(store.begin_deployment(dev, broken.holder, LEASE).await.unwrap());
        let error = store.commit_deployment(dev, broken).await.unwrap_err();
        assert!(matches!(error, Error::NotFound("the integration")), "{error:?}");
        assert!(store.functions(dev, None).await.unwrap().is_empty());
        let hashes = vec![module("1", None).1];
        assert!(store.compiled_modules(dev, ENGINE, hashes).await.unwrap().is_empty());
    }

    async fn bytecode_belongs_to_one_version_of_the_engine(database) {
        let store = database.store().await;
        let dev = environment(&store).await;
        deploy(&store, dev, changes(1, vec![action("a", "1", "1")], &["1", "2"])).await;
        let hashes: Vec<_> = ["2", "1"].map(|code| module(code, None).1).into();
        assert_eq!(store.compiled_modules(dev, ENGINE, hashes.clone()).await.unwrap().len(), 2);
        assert!(store.compiled_modules(dev, "engine-2", hashes.clone()).await.unwrap().is_empty());

        let loaded = store.load_modules(dev, ENGINE, hashes.clone()).await.unwrap();
        let shown: Vec<_> = loaded.iter().map(|m| (m.module.code.as_str(), m.bytecode.as_deref())).collect();
        assert_eq!(shown, [("2", Some(b"2".as_slice())), ("1", Some(b"1".as_slice()))]);
        assert!(store.load_modules(dev, "engine-2", hashes.clone()).await.unwrap()[0].bytecode.is_none());
        let again = vec![StoredBytecode { hash: hashes[0], bytecode: b"x".to_vec() }];
        store.save_bytecode(dev, "engine-2", again).await.unwrap();
        let loaded = store.load_modules(dev, "engine-2", hashes).await.unwrap();
        assert_eq!(loaded[0].bytecode.as_deref(), Some(b"x".as_slice()));
        let missing = store.load_modules(dev, ENGINE, vec![Hash([0; 32])]).await.unwrap_err();
        assert!(matches!(missing, Error::Corrupt(_)), "{missing:?}");
    }
}
