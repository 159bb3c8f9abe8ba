//! A provider set up in an environment.

use crate::{
    id::{EnvironmentId, IntegrationId},
    time::Timestamp,
    validation::Mode,
};
use serde_json::{Map, Value};

/// A provider set up in an environment, addressed by its `unique_key` (`provider_config_key` on the wire).
#[derive(Clone, Debug)]
pub struct Integration {
    /// Row id.
    pub id: IntegrationId,
    /// The environment that it belongs to.
    pub environment: EnvironmentId,
    /// The key that customers chose; unique in the environment.
    pub unique_key: String,
    /// Name of the provider definition.
    pub provider: String,
    /// Name shown to people; the provider's own where it is not set.
    pub display_name: Option<String>,
    /// Whether inbound webhooks are forwarded to the backend.
    pub forward_webhooks: bool,
    /// Values for the provider's `integration_config`, e.g. a base URL.
    pub custom: Map<String, Value>,
    /// What happens when input, output or records of its functions are not what the functions declare.
    pub data_validation: Mode,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
