//! Use cases: one module per noun. The only outbound HTTP, and no word of inbound HTTP.
//!
//! Start reading at [`run`]: executing a function for a customer is what everything else exists for.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod attempts;
pub mod error;
mod failures;
mod passwords;
pub mod settings;

pub mod actions;
pub mod activity;
pub mod configuration;
pub mod configure;
pub mod configure_settings;
pub mod connections;
pub mod credentials;
pub mod deliveries;
pub mod deployments;
pub mod dry_runs;
pub mod environment_variables;
pub mod environments;
mod fields;
pub mod fleet;
pub mod functions;
pub mod http;
pub mod idempotency;
pub mod integrations;
mod lanes;
pub mod logs;
pub mod metadata;
pub mod migrations;
pub mod oidc;
pub mod on_events;
pub mod preview;
pub mod promotion;
pub mod providers;
pub mod proxy;
mod rate_limit;
pub mod reads;
pub mod records;
pub mod requests;
pub mod schema_draft;
pub mod schemas;
pub mod sessions;
pub mod sleep;
mod stored_batches;
pub mod syncs;
pub mod users;
pub mod webhook_settings;
pub mod webhooks;

pub mod background;
pub mod maintenance;
mod run;
pub mod worker;

use bespoke_core::{
    id::IdSource,
    time::{Clock, Timestamp},
};
use bespoke_runtime::Runtime;
use bespoke_store::Store;
use credentials::Renewals;
use functions::LoadedFunctions;
use logs::Logs;
use providers::Catalogue;
use proxy::Proxy;
use std::sync::{Arc, OnceLock};
use tokio_util::task::TaskTracker;

pub use bespoke_runtime::Failure;
pub use bespoke_store::ConnectionFilter;
pub use connections::{ConnectionShape, ImportConnection, TimeStyle, UpdateConnection};
pub use error::{Error, Resource, Result};
pub use idempotency::KeyProblem;
pub use integrations::{CreateIntegration, ListedIntegration, UpdateIntegration};
pub use rate_limit::{Allowance, RateLimit};
pub use settings::Settings;
pub use webhook_settings::UpdateWebhookSettings;

/// The use cases of the product over its parts. Shared as an `Arc`.
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) runtime: Runtime,
    pub(crate) providers: Catalogue,
    pub(crate) proxy: Proxy,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) settings: Settings,
    /// What lies below connections' metadata.
    pub(crate) configurations: configuration::Configurations,
    pub(crate) loaded: LoadedFunctions,
    /// Batches of records that are stored as they came.
    pub(crate) stored_batches: stored_batches::StoredBatches,
    /// Actions whose callers wait, or have gone away.
    pub(crate) actions: TaskTracker,
    /// Actions in lanes whose callers wait.
    pub(crate) guests: lanes::Guests,
    /// Credentials that are being renewed, whether the callers wait or have gone away.
    pub(crate) renewals: Renewals,
    public_url: OnceLock<String>,
    /// What providers may send.
    pub(crate) webhook_limits: webhooks::Limits,
    /// What is known of all connections of an integration.
    pub(crate) fleets: fleet::Indexes,
    /// What customers may choose from.
    pub(crate) options: configure::OptionsCache,
    /// Where lines of the log, and runs that nobody queued, are handed in.
    pub(crate) logs: Logs,
    /// What happened and is not in the database yet.
    pub(crate) counted: activity::Counted,
    /// Guesses at passwords.
    pub(crate) sign_ins: sessions::SignInAttempts,
}

/// What an [`Engine`] is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Store,
    /// Where functions run.
    pub runtime: Runtime,
    /// The known providers.
    pub providers: Catalogue,
    /// Sends requests to providers.
    pub proxy: Proxy,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: IdSource,
    /// Limits and the like.
    pub settings: Settings,
}

impl Engine {
    /// An engine over `parts`. Nothing runs by itself until [`Engine::start`].
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { store, runtime, providers, proxy, clock, ids, settings } = parts;
        let loaded = LoadedFunctions::default();
        let logs = Logs::new(store.clone(), Arc::clone(&clock), &ids);
        let actions = TaskTracker::new();
        let webhook_limits = webhooks::Limits::new(settings.webhook_limit);
        Arc::new(Self {
            store,
            runtime,
            providers,
            proxy,
            clock,
            ids,
            settings,
            configurations: configuration::Configurations::default(),
            stored_batches: stored_batches::StoredBatches::default(),
            loaded,
            actions,
            guests: lanes::Guests::default(),
            renewals: Renewals::default(),
            public_url: OnceLock::new(),
            webhook_limits,
            fleets: fleet::Indexes::default(),
            options: configure::OptionsCache::default(),
            logs,
            counted: activity::Counted::default(),
            sign_ins: Default::default(),
        })
    }

    /// Says where the server is reached from outside, without a slash at the end: known once it listens. Only the first
    /// time counts.
    pub fn is_reached_at(&self, public_url: &str) {
        let _ = self.public_url.set(public_url.to_owned());
    }

    /// Where the server is reached from outside; empty where nothing listens.
    pub fn public_url(&self) -> &str {
        self.public_url.get().map_or("", String::as_str)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Limits and the like.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A new id.
    pub fn new_id(&self) -> uuid::Uuid {
        self.ids.next()
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<()> {
        Ok(self.store.ping().await?)
    }
}
