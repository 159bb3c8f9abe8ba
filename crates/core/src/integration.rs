//! A provider set up in an environment.

use crate::{
    id::{EnvironmentId, IntegrationId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::str::FromStr;

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
    pub data_validation: DataValidation,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What happens when data is not what a function's schemas declare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataValidation {
    /// Nothing: it is not looked at.
    Off,
    /// It is logged, once for each version of a function and place in the data.
    #[default]
    Warn,
    /// It is refused: an action fails, a batch of records is not saved.
    Enforce,
}

impl DataValidation {
    /// Every mode; the database's CHECK repeats this list.
    pub const ALL: [Self; 3] = [Self::Off, Self::Warn, Self::Enforce];

    /// The word in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }
}

impl FromStr for DataValidation {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(())
    }
}
