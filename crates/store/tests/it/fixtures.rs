//! What tests of customers' data need first: an environment with an integration, its connections and its syncs.

use bespoke_core::{
    auth::Credentials,
    connection::Connection,
    function::{Definition, Hash, Origin, Source},
    id::{EnvironmentId, IdSource},
    integration::Integration,
    revision::{Actor, Provenance, Source as RevisionSource},
};
use bespoke_store::{
    Announcement, ConnectionChange, DeployChanges, NewFunction, NewIntegration, SaveConnection, Store,
};
use bespoke_testkit::{clock::ManualClock, database::Database};
use serde_json::{Map, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use uuid::Uuid;

pub(crate) const CRM: &str = "crm";

/// An environment with the integration `crm`.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: ManualClock,
    pub(crate) ids: IdSource,
    pub(crate) environment: EnvironmentId,
    pub(crate) integration: Integration,
}

impl World {
    pub(crate) async fn new(database: &Database) -> Self {
        let clock = ManualClock::default();
        let store = database.store_at(Arc::new(clock.clone())).await;
        let environment = store.create_environment("dev", Uuid::from_u128(1)).await.unwrap().id;
        let integration = NewIntegration {
            unique_key: CRM.to_owned(),
            provider: "unauthenticated".to_owned(),
            display_name: None,
            forward_webhooks: false,
            custom: Map::new(),
            data_validation: Default::default(),
            credentials: None,
        };
        let integration = store.create_integration(environment, integration).await.unwrap();
        let next = AtomicU64::new(1_000);
        let ids = IdSource::new(move || Uuid::from_u128(next.fetch_add(1, Ordering::SeqCst).into()));
        Self { store, clock, ids, environment, integration }
    }

    pub(crate) async fn connect(&self, connection_id: &str) -> Connection {
        let save = SaveConnection {
            provider_config_key: CRM.to_owned(),
            connection_id: connection_id.to_owned(),
            credentials: Credentials::from_json(json!({ "type": "NONE" })).unwrap(),
            metadata: None,
            judge: None,
            first_metadata: None,
            first_version: None,
            provenance: by_system(),
            change: ConnectionChange::default(),
            announcement: Announcement::AtOnce,
        };
        self.store.save_connection(self.environment, save).await.unwrap().0
    }

    /// Deploys a sync, or a new version of it.
    pub(crate) async fn deploy_sync(&self, name: &str, frequency: &str, auto_start: bool) {
        let definition = json!({
            "integration": CRM, "kind": "sync", "name": name, "frequency": frequency, "auto_start": auto_start,
            "models": ["Contact"],
        });
        let definition: Definition = serde_json::from_value(definition).unwrap();
        let id = self.ids.next();
        let function = NewFunction {
            definition,
            version: id.to_string(),
            modules: Vec::new(),
            source: Source { path: format!("crm/syncs/{name}.ts"), code: String::new() },
            fingerprint: Hash([0; 32]),
        };
        self.commit(DeployChanges { functions: vec![function], ..self.nothing() }).await;
    }

    /// Deploys a sync that subscribes to webhooks of the type `created`.
    pub(crate) async fn deploy_webhook_sync(&self, name: &str) {
        let definition = json!({
            "integration": CRM, "kind": "sync", "name": name, "frequency": "every day", "models": ["Contact"],
            "webhook_subscriptions": ["created"],
        });
        let function = NewFunction {
            definition: serde_json::from_value(definition).unwrap(),
            version: "1".to_owned(),
            modules: Vec::new(),
            source: Source { path: format!("crm/syncs/{name}.ts"), code: String::new() },
            fingerprint: Hash([1; 32]),
        };
        self.commit(DeployChanges { functions: vec![function], ..self.nothing() }).await;
    }

    /// Takes a sync out of service.
    pub(crate) async fn delete_sync(&self, name: &str) {
        let functions = self.store.functions(self.environment, Some(CRM)).await.unwrap();
        let id = functions.iter().find(|function| function.definition.name == name).unwrap().id;
        self.commit(DeployChanges { deleted: vec![id], ..self.nothing() }).await;
    }

    fn nothing(&self) -> DeployChanges {
        DeployChanges {
            holder: self.ids.next(),
            origin: Origin::Repo,
            modules: Vec::new(),
            engine_version: "1",
            bytecode: Vec::new(),
            functions: Vec::new(),
            deleted: Vec::new(),
        }
    }

    async fn commit(&self, changes: DeployChanges) {
        let minute = Duration::from_secs(60);
        assert!(self.store.begin_deployment(self.environment, changes.holder, minute).await.unwrap());
        self.store.commit_deployment(self.environment, changes).await.unwrap();
    }
}

/// Where the writes of these tests come from.
pub(crate) fn by_system() -> Provenance {
    Provenance::of(Actor::System, RevisionSource::Api)
}
