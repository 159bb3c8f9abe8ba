//! Uses every function of the store that has statements, in every form that its statements have.

use crate::fixtures::{CRM, World, by_system};
use bespoke_core::{
    activity::{Activity, HOUR},
    auth::{Credentials, SecretJson},
    configure_session::NewConfigureSession,
    connection::{EndUser, Organization},
    document::{Document, Write},
    effect::Effect,
    function::{Definition, FunctionKind, Hash, Origin, Source},
    log::{Level, LogId, LogKind, LogLine, LogOrigin},
    promotion::{Fold, Promotion},
    record::{Action, read_batch},
    role::Role,
    run::{RunKind, RunState},
    sealed::SecretPaths,
    sync::{SyncName, TriggerOptions},
    time::{Clock as _, Timestamp},
    user::Session,
    validation::Mode,
    webhook::{DeliveryState, WebhookSettings},
};
use bespoke_store::{
    ActivityKey, Announcement, ConnectionChange, ConnectionFilter, DeployChanges, DirectRun, Effects,
    FindConnections, Finish, IntegrationChange, Keyed, KeyedRequest, Lane, LogQuery, MemberChange,
    MetadataChange, NewApiKey, NewFunction, NewIntegration, NewInvite, NewRun, NewToken, NewUser, NewVariant,
    NewWebhookEvent, Order, RecordsQuery, RefreshOutcome, Reply, Routed, RunsQuery, SaveConnection,
    StoredBytecode, StoredModule, TokenKind, VerifiedRevisions, VersionCursor, WebhookItem, Window, Writer,
};
use serde_json::{Map, Value, json};
use std::{fs, path::Path, sync::Arc, time::Duration};
use uuid::Uuid;

const MINUTE: Duration = Duration::from_secs(60);
const NODE: Uuid = Uuid::from_u128(5);
const ENGINE: &str = "1";

pub(super) async fn tour(world: &World) {
    every_function_is_on_the_tour();
    environments(world).await;
    integrations(world).await;
    functions(world).await;
    connections(world).await;
    syncs(world).await;
    runs(world).await;
    logs(world).await;
    run_lists(world).await;
    records(world).await;
    webhooks(world).await;
    revisions(world).await;
    activity(world).await;
    function_state(world).await;
    accounts(world).await;
    ends(world).await;
}

/// Fails where the store has a function that the tour leaves out.
fn every_function_is_on_the_tour() {
    /// These have no statements, or are used by the fixtures.
    const ELSEWHERE: [&str; 3] = ["open", "notify", "woken"];
    fn names(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                names(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let starts = text.split("\n    pub async fn ").skip(1);
            found.extend(starts.map(|start| start.split(['(', '<']).next().unwrap().to_owned()));
        }
    }
    let mut functions = Vec::new();
    names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut functions);
    let here = include_str!("tour.rs");
    functions.retain(|name| !here.contains(&format!(".{name}(")) && !ELSEWHERE.contains(&name.as_str()));
    assert!(functions.is_empty(), "not on the tour: {functions:?}");
}

async fn environments(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    store.ping().await.unwrap();
    let made = store.create_environment("tour", Uuid::from_u128(4)).await.unwrap();
    assert_eq!(store.environments().await.unwrap().len(), 3);
    store.environment(made.id).await.unwrap().unwrap();
    store.environment_by_name("tour").await.unwrap().unwrap();
    store.environment_by_uuid(made.uuid).await.unwrap().unwrap();
    store.set_configure_origins(made.id, vec!["https://app.example.com".to_owned()]).await.unwrap();
    assert_eq!(store.configure_origins(made.id).await.unwrap(), ["https://app.example.com"]);
    let settings = WebhookSettings {
        primary_url: Some("https://example.com/hook".to_owned()),
        on_sync_completion_always: true,
        ..WebhookSettings::new("key".into())
    };
    store.create_webhook_settings(made.id, settings.clone()).await.unwrap();
    store.set_webhook_settings(environment, settings).await.unwrap();
    store.webhook_settings(environment).await.unwrap().unwrap();
    store.set_environment_variable(environment, "NAME", &"value".into()).await.unwrap();
    assert!(store.environment_variables(environment).await.unwrap().len() > 50);
    assert!(store.unset_environment_variable(environment, "NAME").await.unwrap());
    let key =
        NewApiKey { display_name: "key".to_owned(), hash: [1; 32], scopes: Vec::new(), expires_at: None };
    let key = store.create_api_key(environment, key).await.unwrap();
    store.api_key_by_hash([1; 32]).await.unwrap().unwrap();
    store.touch_api_keys(vec![(key.id, world.clock.now())]).await.unwrap();
    assert!(store.api_keys(environment).await.unwrap().len() > 20);
    assert!(store.revoke_api_key(environment, key.id).await.unwrap());
}

async fn integrations(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    let new = NewIntegration {
        unique_key: "hubspot".to_owned(),
        provider: "hubspot".to_owned(),
        display_name: None,
        forward_webhooks: true,
        custom: Map::new(),
        data_validation: Default::default(),
        credentials: Some(SecretJson(json!({}))),
    };
    let id = store.create_integration(environment, new).await.unwrap().id;
    assert!(store.integrations(environment).await.unwrap().len() > 50);
    store.integration_by_key(environment, "hubspot").await.unwrap().unwrap();
    store.integration_credentials(environment, id).await.unwrap().unwrap();
    assert!(!store.has_connections(environment, id).await.unwrap());
    let change = IntegrationChange {
        unique_key: Some("pipedrive".to_owned()),
        credentials: Some(SecretJson(json!({}))),
        ..IntegrationChange::default()
    };
    store.update_integration(environment, "hubspot", change).await.unwrap();
    let schema = Some((Document::empty(), 1));
    store.set_metadata_schema(environment, "pipedrive", Some(Mode::Enforce), schema).await.unwrap();
    let defaults = Write::Replace(Document::parse(r#"{"a":1}"#).unwrap());
    store.write_metadata_defaults(environment, "pipedrive", defaults).await.unwrap().unwrap();
    assert!(store.configuration(environment, "pipedrive").await.unwrap().unwrap().defaults.is_some());
    let mut secrets = SecretPaths::default();
    secrets.insert(vec![Some("token".to_owned())]);
    store.set_metadata_secrets(environment, "pipedrive", secrets.clone()).await.unwrap();
    let open = store.integrations_with_open_secrets().await.unwrap();
    store.secrets_are_sealed(open[0].1, secrets).await.unwrap();
    assert!(store.integrations_with_open_secrets().await.unwrap().is_empty());
}

async fn functions(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    world.deploy_sync("contacts", "every hour", true).await;
    world.connect("early").await;
    world.deploy_sync("contacts", "every day", true).await;
    world.deploy_sync("deals", "every day", true).await;
    world.delete_sync("deals").await;
    let hash = Hash([3; 32]);
    let definition = json!({ "integration": CRM, "kind": "action", "name": "echo" });
    let definition: Definition = serde_json::from_value(definition).unwrap();
    let source = Source { path: "crm/actions/echo.ts".to_owned(), code: String::new() };
    let version = "1".to_owned();
    let changes = DeployChanges {
        holder: NODE,
        origin: Origin::Repo,
        modules: vec![StoredModule { hash, code: "export default 1".to_owned(), map: None }],
        engine_version: ENGINE,
        bytecode: vec![StoredBytecode { hash, bytecode: vec![1] }],
        functions: vec![NewFunction { definition, version, modules: Vec::new(), source, fingerprint: hash }],
        deleted: Vec::new(),
    };
    assert!(
        !store.function_versions(environment, CRM, FunctionKind::Sync, "contacts").await.unwrap().is_empty()
    );
    assert!(store.begin_deployment(environment, NODE, MINUTE).await.unwrap());
    store.abandon_deployment(environment, NODE).await.unwrap();
    assert!(store.begin_deployment(environment, NODE, MINUTE).await.unwrap());
    assert!(store.deployed(environment).await.unwrap().functions.len() > 50);
    store.commit_deployment(environment, changes).await.unwrap();
    assert!(store.functions(environment, None).await.unwrap().len() > 50);
    assert_eq!(store.functions(environment, Some(CRM)).await.unwrap().len(), 2);
    let echo = store.function(environment, CRM, FunctionKind::Action, "echo").await.unwrap().unwrap();
    assert!(store.on_event_functions(environment, CRM).await.unwrap().is_empty());
    assert!(store.disabled_syncs(environment, world.integration.id).await.unwrap().is_empty());
    store.function_by_row(environment, echo.id).await.unwrap().unwrap();
    store.function_source(environment, echo.id).await.unwrap().unwrap();
    assert!(store.set_function_enabled(environment, echo.id, true).await.unwrap());
    assert_eq!(store.compiled_modules(environment, ENGINE, vec![hash]).await.unwrap().len(), 1);
    assert_eq!(store.load_modules(environment, ENGINE, vec![hash]).await.unwrap().len(), 1);
    assert!(store.configured_integrations().await.unwrap().is_empty());
    let versions =
        store.metadata_by_version(environment, world.integration.id, 1, VersionCursor::default(), 5);
    assert!(!versions.await.unwrap().is_empty());
    assert!(!store.outdated_connections(environment, world.integration.id, 1).await.unwrap().is_empty());
    let compiled = vec![StoredBytecode { hash, bytecode: vec![2] }];
    store.save_bytecode(environment, "2", compiled).await.unwrap();
}

async fn connections(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    let organization = Organization { id: "organization".to_owned(), display_name: None };
    let end_user = EndUser {
        id: "user".to_owned(),
        display_name: None,
        email: None,
        tags: None,
        organization: Some(organization),
    };
    let tags = json!({ "plan": "pro", "region": "eu" });
    let change = ConnectionChange {
        tags: tags.as_object().cloned(),
        end_user: Some(end_user),
        ..ConnectionChange::default()
    };
    let credentials = Credentials::from_json(json!({ "type": "NONE" })).unwrap();
    let save = SaveConnection {
        provider_config_key: CRM.to_owned(),
        connection_id: "acme".to_owned(),
        credentials: credentials.clone(),
        metadata: Some(Document::empty()),
        judge: None,
        first_metadata: None,
        first_version: None,
        provenance: by_system(),
        change: change.clone(),
        announcement: Announcement::AtOnce,
    };
    let id = store.save_connection(environment, save.clone()).await.unwrap().0.id;
    store.save_connection(environment, save.clone()).await.unwrap();
    let begin = async |save: &SaveConnection| {
        store.begin_trial(environment, save.clone(), NODE, MINUTE).await.unwrap()
    };
    let new = SaveConnection { connection_id: "tried".to_owned(), ..save.clone() };
    store.reject_trial(&begin(&new).await).await.unwrap();
    store.accept_trial(&begin(&new).await, new).await.unwrap();
    assert!(store.delete_connection(environment, CRM, "tried").await.unwrap());
    store.reject_trial(&begin(&save).await).await.unwrap();
    let trial = begin(&save).await;
    store.extend_trial(&trial, MINUTE).await.unwrap();
    assert_eq!(store.lapse_trials().await.unwrap(), 0);
    store.accept_trial(&trial, save).await.unwrap();
    store.connection(environment, CRM, "acme").await.unwrap().unwrap();
    store.connection_with_access(environment, CRM, "acme").await.unwrap().unwrap();
    store.connection_by_row(environment, id).await.unwrap().unwrap();
    store.connection_credentials(environment, id).await.unwrap().unwrap();
    store.connection_access(environment, id).await.unwrap().unwrap();
    store.update_connection(environment, id, change).await.unwrap();
    let outcomes = [RefreshOutcome::Renewed(credentials.into()), RefreshOutcome::Failed(Default::default())];
    for outcome in outcomes {
        store.lease_refresh(environment, id, NODE, MINUTE).await.unwrap().unwrap();
        assert!(store.finish_refresh(environment, id, NODE, outcome).await.unwrap());
    }
    store.refresh_state(environment, id).await.unwrap().unwrap();
    store.touch_connection(environment, id).await.unwrap();
    for names in [vec!["acme".to_owned()], vec!["acme".to_owned(), "early".to_owned()]] {
        store
            .write_metadata(
                environment,
                CRM,
                names,
                MetadataChange::new(Write::Merge(Document::empty()), by_system()),
            )
            .await
            .unwrap();
    }
    for filter in filters() {
        let found = store.connections(environment, filter.clone(), 10, 0).await.unwrap();
        assert!(!found.is_empty(), "{filter:?}");
        let places = store.connection_places(environment, filter.clone(), None, 10).await.unwrap();
        let found: Vec<_> =
            found.into_iter().map(|connection| (connection.created_at, connection.id)).collect();
        assert_eq!(places.iter().map(|place| (place.created_at, place.id)).collect::<Vec<_>>(), found);
        store.connection_places(environment, filter, places.last().copied(), 10).await.unwrap();
    }
    assert_eq!(store.connections_health(environment, vec![id]).await.unwrap().len(), 1);
    for integration in [None, Some(world.integration.id)] {
        let found =
            store.places_of_connections(environment, integration, Some("acm"), vec![id]).await.unwrap();
        assert_eq!(found.len(), 1);
    }
    assert!(store.connection_count(environment).await.unwrap() > 50);
    assert!(store.connection_count_of(environment, world.integration.id).await.unwrap() > 1);
    store.unauthorised_connections(environment).await.unwrap();
    store.failing_connections(environment).await.unwrap();
    store.record_models(environment, id).await.unwrap();
    merged_pages(world).await;
    let session = NewConfigureSession {
        id: NODE,
        allow: Some(vec!["/a".to_owned()]),
        locale: None,
        theme: None,
        expires_at: world.clock.now().after(MINUTE),
    };
    let token = store.create_configure_session(environment, id, session).await.unwrap();
    store.configure_session(token.hash()).await.unwrap().unwrap();
}

/// The pages of the merged lists of two integrations are one list.
async fn merged_pages(world: &World) {
    let integrations = Some(vec![CRM.to_owned(), "big-1".to_owned()]);
    let filter = ConnectionFilter { integrations, ..ConnectionFilter::default() };
    let page = async |limit, offset| {
        let found = world.store.connections(world.environment, filter.clone(), limit, offset).await.unwrap();
        found.into_iter().map(|connection| (connection.created_at, connection.id)).collect::<Vec<_>>()
    };
    let all = page(100, 0).await;
    assert_eq!(all.len(), 52);
    assert!(all.is_sorted_by(|newer, older| newer > older));
    assert_eq!([page(7, 0).await, page(30, 7).await, page(100, 37).await].concat(), all);
}

/// Every combination of the filters, each of which finds `acme`.
fn filters() -> impl Iterator<Item = ConnectionFilter> {
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    (0..64_u32).flat_map(move |bits| {
        let given = |bit: u32, value: &str| (bits >> bit & 1 == 1).then(|| value.to_owned());
        let filter = ConnectionFilter {
            connection_id: given(0, "acme"),
            search: given(1, "acm"),
            end_user_id: given(2, "user"),
            organization_id: given(3, "organization"),
            integrations: given(4, CRM).map(|key| vec![key]),
            tags: given(5, "pro").map(|value| tag("plan", &value)).into_iter().collect(),
        };
        let mut more = vec![filter.clone()];
        if let Some(one) = &filter.integrations {
            let integrations = Some([one.clone(), vec!["big-1".to_owned()]].concat());
            more.push(ConnectionFilter { integrations, ..filter.clone() });
        }
        if !filter.tags.is_empty() {
            let tags = [filter.tags.clone(), vec![tag("region", "eu")]].concat();
            more.push(ConnectionFilter { tags, ..filter });
        }
        more
    })
}

async fn syncs(world: &World) {
    let (store, environment, ids) = (&world.store, world.environment, &world.ids);
    assert!(!store.syncs(environment, world.integration.id, None).await.unwrap().is_empty());
    let syncs = store.syncs(environment, world.integration.id, Some("acme")).await.unwrap();
    let id = syncs[0].id;
    store.sync(environment, id).await.unwrap().unwrap();
    store.pause_syncs(environment, vec![id]).await.unwrap();
    store.start_syncs(environment, vec![id], ids).await.unwrap();
    let afresh = TriggerOptions { reset: true, empty_cache: true };
    store.trigger_syncs(environment, vec![id], afresh, ids).await.unwrap();
    store.pause_syncs(environment, vec![id]).await.unwrap();
    store.start_syncs(environment, vec![id], ids).await.unwrap();
    assert!(store.set_sync_frequency(environment, id, Some("every 5 minutes".to_owned())).await.unwrap());
    store.next_due_sync().await.unwrap().unwrap();
    assert!(store.enqueue_due_syncs(ids, 100).await.unwrap() > 0);
    let eu = SyncName { name: syncs[0].name.clone(), variant: "eu".to_owned() };
    let made = store.create_sync_variant(environment, syncs[0].connection, &eu).await.unwrap();
    assert!(matches!(made, NewVariant::Made(_)));
    assert!(store.delete_sync_variant(environment, syncs[0].connection, &eu).await.unwrap());
}

async fn runs(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    let now = world.clock.now();
    let connection = store.connection(environment, CRM, "acme").await.unwrap().unwrap().id;
    let function = store.function(environment, CRM, FunctionKind::Action, "echo").await.unwrap().unwrap().id;
    let new = || NewRun {
        id: world.ids.next(),
        environment,
        kind: RunKind::Action,
        connection,
        function_name: "echo".to_owned(),
        sync: None,
        run_at: now,
        max_attempts: 1,
        input: None,
        lane: None,
        now,
    };
    assert!(store.enqueue_run(new()).await.unwrap());
    store.next_run_at().await.unwrap().unwrap();
    let claims = store.claim_runs(NODE, 100, MINUTE).await.unwrap();
    assert!(claims.iter().any(|claim| claim.run.sync.is_some()));
    assert!(!store.extend_leases(NODE, MINUTE).await.unwrap().is_empty());
    for claim in &claims {
        store.begin_run(claim, function, 1).await.unwrap();
    }
    let (first, others) = claims.split_first().unwrap();
    assert!(store.finish_run(first, Finish::again(now)).await.unwrap());
    store.reads_of_run(environment, first.run.id).await.unwrap();
    for claim in others {
        assert!(store.finish_run(claim, Finish::succeeded(None, Default::default())).await.unwrap());
    }
    let integration = store.integration_by_key(environment, CRM).await.unwrap().unwrap().id;
    store.reads_of_integration(environment, integration, 100).await.unwrap();
    store.claim_runs(NODE, 100, MINUTE).await.unwrap();
    store.expire_leases().await.unwrap();
    assert!(store.rescue_runs("{}".to_owned()).await.unwrap() > 0);
    let lane = Lane::of_connection(connection);
    let guest = world.ids.next();
    assert!(store.enter_lane(guest, connection, lane.clone(), MINUTE).await.unwrap());
    let waiting = NewRun { lane: Some(lane), ..new() };
    assert!(store.enqueue_run(waiting).await.unwrap());
    store.stay_in_lanes(vec![guest], MINUTE).await.unwrap();
    store.leave_lane(guest).await.unwrap();
    assert_eq!(store.free_lanes().await.unwrap(), 0);
    let mut held = store.claim_runs(NODE, 100, MINUTE).await.unwrap();
    held.retain(|claim| claim.run.sync.is_none());
    let set = store.record_set(environment, connection, "Contact", "base").await.unwrap();
    let batch = read_batch(br#"[{ "id": 1 }]"#).unwrap();
    let fenced = set.fenced(Some(held[0].fence()));
    store.save_records(fenced, batch.clone(), Writer::new(NODE, 1)).await.unwrap();
    store.last_change(fenced).await.unwrap();
    store.delete_records(fenced, batch, Writer::new(NODE, 1)).await.unwrap();
    assert!(store.cancel_run(environment, held[0].run.id).await.unwrap());
    for claim in &held[1..] {
        assert!(store.finish_run(claim, Finish::succeeded(None, Default::default())).await.unwrap());
    }
    keys(world).await;
    let run = new();
    let id = run.id;
    let finish = Finish::failed("{}".to_owned());
    let direct = DirectRun { run, function, finish, metadata_revision: 1, finished_at: now };
    store.write_logs(Vec::new(), vec![direct]).await.unwrap();
    store.run(environment, id).await.unwrap().unwrap();
    store.checkpoint_of_run(environment, id).await.unwrap();
    store.prune_runs(MINUTE).await.unwrap();
}

async fn keys(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    let request = KeyedRequest {
        operation: "action",
        key: "one".to_owned(),
        fingerprint: [1; 32],
        run: NODE,
        busy: MINUTE,
        keep: MINUTE,
    };
    assert_eq!(store.begin_keyed(environment, request.clone()).await.unwrap(), Keyed::First);
    let other = KeyedRequest { fingerprint: [2; 32], ..request.clone() };
    assert_eq!(store.begin_keyed(environment, other).await.unwrap(), Keyed::Reused);
    store.keep_outcome(environment, "action", "one", "{}".to_owned()).await.unwrap();
    let known = Keyed::Again { run: NODE, outcome: Some("{}".to_owned()), busy: true };
    assert_eq!(store.begin_keyed(environment, request.clone()).await.unwrap(), known);
    store.forget_keyed(environment, "action", "one").await.unwrap();
    assert_eq!(store.begin_keyed(environment, request).await.unwrap(), Keyed::First);
    store.prune_idempotency_keys(MINUTE).await.unwrap();
}

/// A line that all filters of [`logs`] match.
fn line(world: &World, number: i64) -> LogLine {
    let origin = LogOrigin {
        environment: world.environment,
        provider_config_key: Some(CRM.to_owned()),
        connection_id: Some("acme".to_owned()),
        function: Some("echo".to_owned()),
        run: Some(NODE),
    };
    LogLine {
        id: LogId(LogId::first_at(world.clock.now()).0 + number),
        origin: Arc::new(origin),
        kind: LogKind::Event,
        level: Level::Error,
        status: Some(404),
        message: "GET https://crm.example/contacts".to_owned(),
        meta: Some("{}".to_owned()),
    }
}

async fn logs(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    let lines: Vec<_> = (0..73).map(|number| line(world, number)).collect();
    store.write_logs(lines.clone(), Vec::new()).await.unwrap();
    // Every filter alone, each pair, and all.
    for bits in (0..1_024_u32).filter(|bits| bits.count_ones() <= 2 || *bits == 1_023) {
        let given = |bit: u32| bits >> bit & 1 == 1;
        let query = LogQuery {
            run: given(0).then_some(NODE),
            provider_config_key: given(1).then(|| CRM.to_owned()),
            connection_id: given(2).then(|| "acme".to_owned()),
            function: given(3).then(|| "echo".to_owned()),
            kind: given(4).then_some(LogKind::Event),
            level: given(5).then_some(Level::Warn),
            status: given(6).then_some(400..=499),
            words: if given(7) { vec!["contacts".to_owned(), "cr".to_owned()] } else { Vec::new() },
            after: if given(8) { lines[70].id } else { LogId::MIN },
            order: if given(9) { Order::OldestFirst } else { Order::NewestFirst },
            limit: 2,
            ..LogQuery::default()
        };
        assert_eq!(store.logs(environment, query.clone()).await.unwrap().len(), 2, "{query:?}");
    }
    world.clock.advance(MINUTE);
    assert!(store.prune_logs(Duration::from_secs(1)).await.unwrap() > 0);
    store.write_logs(vec![line(world, 0)], Vec::new()).await.unwrap();
}

async fn run_lists(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    for bits in (0..512_u32).filter(|bits| bits.count_ones() <= 2 || *bits == 511) {
        let given = |bit: u32| bits >> bit & 1 == 1;
        let query = RunsQuery {
            provider_config_key: given(0).then(|| "big-1".to_owned()),
            connection_id: given(1).then(|| "customer-1".to_owned()),
            function: given(2).then(|| "contacts".to_owned()),
            kind: given(3).then_some(RunKind::Sync),
            states: match (given(4), given(5)) {
                (true, true) => vec![RunState::Failed, RunState::Cancelled],
                (true, false) => vec![RunState::Succeeded],
                _ => Vec::new(),
            },
            unconfigured: given(5) && !given(4),
            // Each connection has its own: nobody asks without one.
            metadata_revision: (given(1) && given(8)).then_some(1),
            from: given(6).then_some(Timestamp(0)),
            to: None,
            words: if given(7) { vec!["contacts".to_owned()] } else { Vec::new() },
            after: None,
            limit: 3,
        };
        let runs = store.runs(environment, query.clone()).await.unwrap();
        let expects = query.words.is_empty()
            && !query.states.contains(&RunState::Failed)
            && !query.unconfigured
            && !given(8);
        assert!(!expects || !runs.is_empty(), "{query:?}");
        if let Some(run) = runs.first() {
            store.runs(environment, RunsQuery { after: Some(run.cursor()), ..query }).await.unwrap();
            assert_eq!(store.listed_run(environment, run.id).await.unwrap().unwrap().id, run.id);
        }
    }
}

async fn records(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    let connection = store.connection(environment, CRM, "acme").await.unwrap().unwrap().id;
    let set = store.record_set(environment, connection, "Contact", "base").await.unwrap();
    assert_eq!(store.find_record_set(environment, connection, "Contact", "base").await.unwrap(), Some(set));
    let batch = |version: u32, count: u32| {
        let records: Vec<Value> = (1..=count).map(|id| json!({ "id": id, "v": version })).collect();
        read_batch(json!(records).to_string().as_bytes()).unwrap()
    };
    for version in [1, 2] {
        store.save_records(set, batch(version, 311), Writer::new(NODE, 1)).await.unwrap();
    }
    store.update_records(set, batch(3, 10), Writer::new(NODE, 1)).await.unwrap();
    assert_eq!(store.delete_records(set, batch(0, 2), Writer::new(NODE, 1)).await.unwrap().deleted, 2);
    assert_eq!(store.stored_records(set, vec!["1".to_owned(), "none".to_owned()]).await.unwrap().len(), 1);
    let mut last = None;
    for bits in 0..16_u32 {
        let given = |bit: u32| bits >> bit & 1 == 1;
        let query = RecordsQuery {
            metadata_revision: given(3).then_some(1),
            after: last.filter(|_| given(0)),
            modified_since: None,
            actions: if given(1) { vec![Action::Updated, Action::Deleted] } else { Vec::new() },
            external_ids: if given(2) { vec!["1".to_owned(), "7".to_owned()] } else { Vec::new() },
            with_revision: true,
            limit: 5,
        };
        let page = store.records_page(set, query).await.unwrap();
        last = page.records.last().map(bespoke_core::record::Record::cursor).or(last);
    }
    for connection in [None, Some(connection)] {
        let counts = store.record_counts(environment, world.integration.id, connection).await.unwrap();
        assert!(counts.iter().any(|count| count.live == 309));
    }
    assert!(store.record_versions(set, "1").await.unwrap().len() > 2);
    while store.prune_record_versions(MINUTE).await.unwrap() > 0 {}
    assert!(store.prune_records(set, last.unwrap(), 2).await.unwrap().count > 0);
    // Pruned records come again.
    store.save_records(set, batch(2, 311), Writer::new(NODE, 1)).await.unwrap();
    store.open_window(set, "sync:contacts:base").await.unwrap();
    assert!(store.unseen_records(set, Window::Open).await.unwrap().is_some());
    store.save_records(set, batch(2, 300), Writer::new(NODE, 1)).await.unwrap();
    store.save_records(set, batch(2, 301), Writer::new(NODE, 1)).await.unwrap();
    store.update_records(set, batch(2, 3), Writer::new(NODE, 1)).await.unwrap();
    assert_eq!(store.delete_unseen(set, Window::Resync, Writer::new(NODE, 1)).await.unwrap(), None);
    let deleted = store.delete_unseen(set, Window::Open, Writer::new(NODE, 1)).await.unwrap().unwrap();
    assert_eq!(deleted.len(), 10);
    assert_eq!(store.delete_unseen(set, Window::Open, Writer::new(NODE, 1)).await.unwrap(), None);
    let since = store.last_changes(environment, connection, "base").await.unwrap()["Contact"];
    store
        .delete_unseen(set, Window::Run(since, Default::default()), Writer::new(NODE, 1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.clear_records(set).await.unwrap(), 311);
}

async fn webhooks(world: &World) {
    let (store, environment, integration) = (&world.store, world.environment, world.integration.id);
    let paths = store.webhook_paths().await.unwrap();
    assert!(paths.iter().any(|paths| paths.integration == integration && paths.indexed.is_none()));
    let declared = r#"["connection_config.shop","metadata.account"]"#;
    store.set_webhook_paths(integration, Some(declared.to_owned())).await.unwrap();
    let document = Document::parse(r#"{ "account": 7 }"#).unwrap();
    let names = vec!["acme".to_owned()];
    let change = MetadataChange::new(Write::Replace(document), by_system());
    store.write_metadata(environment, CRM, names.clone(), change).await.unwrap();
    for (effect, text) in [(Effect::Run, r#"{ "account": 8 }"#), (Effect::Resync, r#"{ "account": 7 }"#)] {
        let effects = Some(Effects::Asked(effect));
        let write = Write::Replace(Document::parse(text).unwrap());
        let change = MetadataChange { effects, ..MetadataChange::new(write, by_system()) };
        let written = store.write_metadata(environment, CRM, names.clone(), change).await.unwrap();
        assert!(!written[0].applied.syncs.is_empty());
    }
    world.deploy_webhook_sync("hooked").await;
    let event = NewWebhookEvent {
        environment,
        integration,
        delivery_id: Some("1".to_owned()),
        request: r#"{ "headers": { "x-event": "a" }, "query": {} }"#.to_owned(),
        payload: "{}".to_owned(),
    };
    assert!(store.receive_webhook(event.clone()).await.unwrap());
    assert!(!store.receive_webhook(event.clone()).await.unwrap());
    store.receive_webhook(NewWebhookEvent { delivery_id: None, ..event }).await.unwrap();
    let ways = [
        FindConnections::Named(vec!["nobody".to_owned()]),
        FindConnections::At("metadata.account".to_owned(), vec!["8".to_owned()]),
        FindConnections::At("metadata.account".to_owned(), vec!["7".to_owned()]),
        FindConnections::All,
    ];
    // The oldest are the other integrations'; those of this one are last.
    let unrouted = store.unrouted_webhooks(100).await.unwrap();
    let mut own = unrouted.into_iter().filter(|event| event.integration == integration);
    for (find, runs) in [(&ways[..3], 1), (&ways[..1], 0)] {
        let mut event = own.next().unwrap();
        event.is_forwarded = true;
        let item =
            WebhookItem { finds: find.to_vec(), types: vec!["created".to_owned()], payload: json!({}) };
        assert_eq!(store.route_webhook(event, vec![item]).await.unwrap(), Routed::Done(runs));
    }
    store
        .receive_webhook(NewWebhookEvent {
            environment,
            integration,
            delivery_id: None,
            request: "{}".to_owned(),
            payload: "{}".to_owned(),
        })
        .await
        .unwrap();
    let mut unrouted = store.unrouted_webhooks(100).await.unwrap();
    let last = unrouted.pop().unwrap();
    let item = WebhookItem { finds: ways[3..].to_vec(), types: Vec::new(), payload: json!({}) };
    store.route_webhook(last, vec![item]).await.unwrap();
    let claims = store.claim_runs(NODE, 100, MINUTE).await.unwrap();
    let claim = claims.iter().find(|claim| claim.run.kind == RunKind::Webhook).unwrap();
    store.webhook_payload(environment, claim.run.id).await.unwrap().unwrap();
    assert!(store.finish_run(claim, Finish::succeeded(None, Default::default())).await.unwrap());
    store.prune_webhook_events(MINUTE).await.unwrap();
    let deliveries = store.claim_deliveries(1, MINUTE).await.unwrap();
    store.next_delivery_at().await.unwrap().unwrap();
    let (delivery, reply) = (&deliveries[0], Reply::default());
    store.defer_delivery(delivery, reply.clone(), world.clock.now()).await.unwrap();
    store.finish_delivery(delivery, reply).await.unwrap();
    for state in DeliveryState::ALL.map(Some).into_iter().chain([None]) {
        store.deliveries(environment, state, None, 10).await.unwrap();
    }
    store.delivery(environment, delivery.id).await.unwrap().unwrap();
    assert!(store.replay_delivery(environment, delivery.id, delivery.url.clone()).await.unwrap());
    store.prune_deliveries(MINUTE).await.unwrap();
}

/// What happened, by hour.
async fn activity(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    let hour = world.clock.now().floor(HOUR);
    let (provider_config_key, function) = (CRM.to_owned(), "contacts".to_owned());
    let key = ActivityKey { environment, hour, provider_config_key, function };
    let sums = Activity { runs: 1, ..Activity::default() };
    store.add_activity([(key, sums)].into()).await.unwrap();
    store.activity(environment, hour, None).await.unwrap();
    assert_eq!(store.activity(environment, hour, Some(CRM.to_owned())).await.unwrap().hours[&hour], sums);
    store.prune_activity(MINUTE).await.unwrap();
}

/// Checkpoints and locks.
async fn function_state(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    let connection = store.connection(environment, CRM, "acme").await.unwrap().unwrap().id;
    let key = "sync:contacts:base";
    let write = async |version, value: Option<&str>| {
        store.write_checkpoint(environment, connection, key, version, value.map(str::to_owned)).await.unwrap()
    };
    assert!(write(store.checkpoint(environment, connection, key).await.unwrap().version, Some("{}")).await);
    assert!(!write(0, Some("{}")).await);
    assert!(write(store.checkpoint(environment, connection, key).await.unwrap().version, None).await);
    assert!(store.acquire_lock(environment, "a", NODE, MINUTE).await.unwrap());
    assert!(store.release_lock(environment, "a", NODE).await.unwrap());
    assert!(store.acquire_lock(environment, "b", NODE, MINUTE).await.unwrap());
    store.release_locks(environment, NODE).await.unwrap();
    store.remove_old_locks().await.unwrap();
}

/// People, their roles, sessions and links.
async fn accounts(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    let new = |number: u128| NewUser {
        id: Uuid::from_u128(number),
        email: format!("tour-{number}@example.com"),
        name: "Tour".to_owned(),
        subject: None,
        password: Some("hash".into()),
    };
    let token = |kind, number: u8, user| NewToken {
        kind,
        hash: [number; 32],
        expires_at: world.clock.now().after(MINUTE),
        user,
        body: "{}".to_owned(),
    };
    assert!(store.has_users().await.unwrap());
    store.create_one_time_token(token(TokenKind::Setup, 90, None)).await.unwrap();
    assert!(store.create_first_user([90; 32], new(90)).await.unwrap().is_none(), "the first one was there");
    let ada = store.create_user(new(91), vec![(environment, Role::Admin)]).await.unwrap();
    store.grant_roles(ada.id, vec![(environment, Role::Viewer)]).await.unwrap();
    assert_eq!(store.roles_of(ada.id).await.unwrap()[0].1, Role::Admin, "kept");
    store.set_subject(ada.id, "subject").await.unwrap();
    assert_eq!(store.user_by_subject("subject").await.unwrap().unwrap().user, ada);
    assert_eq!(store.user_by_email(&ada.email).await.unwrap().unwrap().user, ada);
    assert_eq!(store.user(ada.id).await.unwrap().unwrap().user, ada);
    assert!(store.members(environment).await.unwrap().len() > 100);

    let invite = |number: u8| NewInvite {
        id: Uuid::from_u128(number.into()),
        email: "tour-92@example.com".to_owned(),
        role: Role::Viewer,
        token_hash: [number; 32],
        expires_at: world.clock.now().after(MINUTE),
    };
    store.create_invite(environment, invite(92)).await.unwrap();
    store.create_invite(environment, invite(93)).await.unwrap();
    assert!(store.invitation([92; 32]).await.unwrap().is_none(), "replaced");
    assert_eq!(store.invitation([93; 32]).await.unwrap().unwrap().roles[0].2, Role::Viewer);
    assert_eq!(store.roles_offered("tour-92@example.com").await.unwrap().len(), 1);
    let bob = store.accept_invitation([93; 32], Some(new(92)), None).await.unwrap();
    store.delete_invites_of(&bob.email).await.unwrap();
    assert_eq!(store.set_role(environment, ada.id, Role::Viewer).await.unwrap(), MemberChange::LastAdmin);
    assert_eq!(store.set_role(environment, bob.id, Role::Admin).await.unwrap(), MemberChange::Done);
    assert_eq!(store.remove_member(environment, ada.id).await.unwrap(), MemberChange::Done);
    assert_eq!(store.remove_member(environment, ada.id).await.unwrap(), MemberChange::Nobody);

    let now = world.clock.now();
    let session = |number: u128| Session {
        id: Uuid::from_u128(number),
        created_at: now,
        last_used_at: now,
        expires_at: now.after(MINUTE),
        user_agent: String::new(),
        address: String::new(),
    };
    store.create_session(bob.id, [94; 32], session(94)).await.unwrap();
    store.create_session(bob.id, [95; 32], session(95)).await.unwrap();
    store.touch_session(bob.id, Uuid::from_u128(94), now, now.after(MINUTE)).await.unwrap();
    assert_eq!(store.session_by_hash([94; 32]).await.unwrap().unwrap().user.id, bob.id);
    store.set_password(bob.id, "other".into(), Some(Uuid::from_u128(94))).await.unwrap();
    assert_eq!(store.sessions(bob.id).await.unwrap(), [session(94)]);
    assert!(store.end_session(bob.id, Uuid::from_u128(94)).await.unwrap());
    store.set_password(bob.id, "third".into(), None).await.unwrap();

    store.create_one_time_token(token(TokenKind::Reset, 96, Some(bob.id))).await.unwrap();
    assert_eq!(store.one_time_token(TokenKind::Oidc, [96; 32]).await.unwrap(), None, "of another kind");
    assert!(store.one_time_token(TokenKind::Reset, [96; 32]).await.unwrap().is_some());
    assert!(store.take_one_time_token(TokenKind::Reset, [96; 32]).await.unwrap().is_some());
    assert!(store.take_one_time_token(TokenKind::Reset, [96; 32]).await.unwrap().is_none(), "once");
    store.prune_sign_ins().await.unwrap();
}

/// Takes away what the tour has made; last, since nothing is left then.
async fn ends(world: &World) {
    let (store, environment) = (&world.store, world.environment);
    let connection = store.connection(environment, CRM, "acme").await.unwrap().unwrap().id;
    let set = store.record_set(environment, connection, "Contact", "base").await.unwrap();
    store.save_records(set, read_batch(br#"[{ "id": "1" }]"#).unwrap(), Writer::new(NODE, 1)).await.unwrap();
    assert!(store.delete_connection(environment, CRM, "acme").await.unwrap());
    assert!(store.remove_orphaned_records().await.unwrap());
    let echo = store.function(environment, CRM, FunctionKind::Action, "echo").await.unwrap().unwrap();
    assert!(store.delete_function(environment, echo.id).await.unwrap());
    assert!(store.delete_integration(environment, CRM).await.unwrap());
}

async fn revisions(world: &World) {
    world.store.revision_usage(world.environment, "big-1", "customer-1", 1..=20).await.unwrap();
    let (store, environment, integration) = (&world.store, world.environment, world.integration.id);
    let (page, next) = store.fleet_revisions(environment, integration, Default::default()).await.unwrap();
    assert!(!page.is_empty() && next.is_none());
    let ids = page.iter().map(|(id, _)| *id).collect();
    assert_eq!(store.fleet_members(environment, integration, ids).await.unwrap().len(), page.len());
    let defaults = Write::Replace(Document::parse(r#"{"folded":0}"#).unwrap());
    store.write_metadata_defaults(environment, CRM, defaults).await.unwrap();
    let promotion = Promotion::new("/folded", json!(1), Fold::of_layers()).unwrap();
    let promoted = store.promote_metadata(environment, CRM, promotion, by_system()).await.unwrap();
    assert_eq!(promoted.effects.pinned.count, page.len());
    let names = vec!["acme".to_owned(), "nobody".to_owned()];
    assert_eq!(store.fleet_members_by_name(environment, integration, names).await.unwrap().len(), 1);
    let tags = ["plan", "number"].map(|key| (key.to_owned(), "pro".to_owned())).to_vec();
    assert!(store.connections_with_tags(environment, tags).await.unwrap().is_empty());
    assert!(
        !store.metadata_revisions(environment, CRM, "acme", i64::MAX, 20).await.unwrap().unwrap().is_empty()
    );
    store.metadata_revision(environment, CRM, "acme", 1).await.unwrap().unwrap();
    let mut verified = VerifiedRevisions::default();
    while store.verify_metadata_revisions(environment, &mut verified).await.unwrap() {}
    assert!(verified.broken.is_empty());
}
