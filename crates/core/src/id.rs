//! One registry of the ids that rows have in the database.
//!
//! They are integers (small indexes), never shown as a secret and never guessed by users: the API addresses things by
//! the names that customers chose. What the API shows as a UUID (runs, syncs) is a [`uuid::Uuid`].

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// An environment: `dev`, `prod`, …. Nothing crosses it.
    EnvironmentId,
    /// An API key of an environment.
    ApiKeyId,
    /// A provider set up in an environment.
    IntegrationId,
    /// One customer's account at an integration.
    ConnectionId,
    /// A deployed function: one version of it.
    FunctionId,
    /// The records of one model (and variant) of one connection.
    RecordSetId,
}

/// Makes the ids that are UUIDs. Handed its source of randomness once, at start; tests hand it a counted one.
#[derive(Clone)]
pub struct IdSource(std::sync::Arc<dyn Fn() -> Uuid + Send + Sync>);

impl IdSource {
    /// An id source over `next`, which must never return the same id twice.
    pub fn new(next: impl Fn() -> Uuid + Send + Sync + 'static) -> Self {
        Self(std::sync::Arc::new(next))
    }

    /// A new id.
    pub fn next(&self) -> Uuid {
        (self.0)()
    }
}

impl fmt::Debug for IdSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdSource")
    }
}
