//! One customer's account at an integration.

use crate::{
    document::Document,
    id::{ConnectionId, EnvironmentId, IntegrationId},
    time::Timestamp,
    validation::Mode,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One customer's account at an integration, without its credentials (those leave the store only when asked for).
///
/// Addressed by the pair (`provider_config_key`, `connection_id`) inside one environment.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Row id.
    pub id: ConnectionId,
    /// The environment that it belongs to.
    pub environment: EnvironmentId,
    /// The integration's row id.
    pub integration: IntegrationId,
    /// The integration's `unique_key`.
    pub provider_config_key: String,
    /// The integration's provider.
    pub provider: String,
    /// The integration's mode of checking data.
    pub data_validation: Mode,
    /// The id that the customer's backend knows.
    pub connection_id: String,
    /// The per-customer configuration as it was stored; `None` when never set.
    pub metadata: Option<Document>,
    /// How often the metadata was written: 0 when never set, then 1, 2, 3, ….
    pub metadata_revision: i64,
    /// The version of the schema that the metadata is of: the last one that it was written for and fitted; 0 where it never was
    /// judged.
    pub metadata_schema_version: i64,
    /// Values for the provider's `connection_config`, e.g. a subdomain.
    pub connection_config: Map<String, Value>,
    /// Tags: lower-case key to text.
    pub tags: Map<String, Value>,
    /// The customer's user who made the connection.
    pub end_user: Option<EndUser>,
    /// Where this connection's webhooks go instead of the environment's URL.
    pub webhook_url_override: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When its credentials were last fetched.
    pub last_fetched_at: Option<Timestamp>,
}

/// The person at the customer's who made a connection (http-api.md §4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndUser {
    /// The backend's id of that person.
    pub id: String,
    /// Name to show.
    pub display_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Tags of that person.
    pub tags: Option<Map<String, Value>>,
    /// The customer that the person belongs to.
    pub organization: Option<Organization>,
}

/// The customer that an end user belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// The backend's id of that customer.
    pub id: String,
    /// Name to show.
    pub display_name: Option<String>,
}
