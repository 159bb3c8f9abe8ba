//! Connections: customers' accounts at integrations. The credentials are sealed to their row.
//!
//! The metadata is written in [`crate::metadata`] only.

mod announce;
mod list;
mod refresh;
mod trial;

pub use list::{ConnectionFilter, ConnectionHealth, ConnectionPlace};
pub use refresh::{RefreshOutcome, RefreshState};
pub use trial::Trial;

use crate::{
    Judge, MetadataChange, Store,
    connection_lookups::{self, Part},
    db::{Row, Tx, Value, params},
    error::{Error, Result},
    integrations, metadata, metadata_secrets, syncs,
    vault::{Place, Vault},
};
use bespoke_core::{
    auth::Credentials,
    connection::{Connection, EndUser},
    document::{Document, Write},
    id::{ConnectionId, EnvironmentId, IntegrationId},
    revision::Provenance,
    secret::Secret,
    time::Timestamp,
    webhook::AuthOperation,
};
use serde_json::{Map, Value as Json};
use std::fmt;

/// The columns of a connection, from `connections` joined with `integrations`.
const COLUMNS: &str = "connections.id, connections.environment_id, connections.integration_id, \
     integrations.unique_key, integrations.provider, connections.connection_id, connections.metadata, \
     connections.metadata_revision, connections.connection_config, connections.tags, connections.end_user, \
     connections.webhook_url_override, connections.created_at, connections.updated_at, connections.last_fetched_at, \
     integrations.data_validation, integrations.metadata_secrets, connections.metadata_schema_version";
/// How many [`COLUMNS`] there are.
const WIDTH: usize = 18;
const FROM: &str = "FROM connections JOIN integrations ON integrations.id = connections.integration_id";
/// Finds a connection by its names: environment, integration's key, connection's id.
const BY_NAMES: &str = "connections.integration_id = \
         (SELECT id FROM integrations WHERE environment_id = $1 AND unique_key = $2) \
     AND connections.connection_id = $3";

/// What to set of a connection; what is `None` stays, or is empty at first.
#[derive(Clone, Debug, Default)]
pub struct ConnectionChange {
    /// Values for the provider's `connection_config`, all of them.
    pub connection_config: Option<Map<String, Json>>,
    /// Tags, all of them: lower-case key to text.
    pub tags: Option<Map<String, Json>>,
    /// The customer's user.
    pub end_user: Option<EndUser>,
    /// Where the webhooks go instead; an empty text takes it back.
    pub webhook_url_override: Option<String>,
}

/// A connection to be made or, where it is there already, to be authorised anew.
#[derive(Clone, Debug)]
pub struct SaveConnection {
    /// The integration's key.
    pub provider_config_key: String,
    /// The id that the customer's backend knows.
    pub connection_id: String,
    /// What the provider gave.
    pub credentials: Credentials,
    /// The whole new metadata; `None` keeps what is stored.
    pub metadata: Option<Document>,
    /// Who has to accept that metadata.
    pub judge: Option<Judge>,
    /// The metadata of a new connection where none is given. Nobody chose it, so nobody judges it.
    pub first_metadata: Option<Document>,
    /// The version of the schema that such metadata is of.
    pub first_version: Option<i64>,
    /// Who makes it: for the revision of the metadata.
    pub provenance: Provenance,
    /// The rest.
    pub change: ConnectionChange,
    /// When others hear of it.
    pub announcement: Announcement,
}

/// When the functions that wait for new connections, and the backend, hear of a saved one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Announcement {
    /// With the write.
    #[default]
    AtOnce,
    /// Not before [`Store::accept_trial`]: someone has to agree first.
    Later,
}

fn read(row: &Row<'_>) -> Result<Connection> {
    let end_user: Option<String> = row.get(10)?;
    let metadata = row.get::<Option<String>>(6)?.map(Document::from_stored);
    let secrets = metadata_secrets::paths(row.get::<Option<&str>>(16)?)?;
    Ok(Connection {
        id: row.get(0)?,
        environment: row.get(1)?,
        integration: row.get(2)?,
        provider_config_key: row.get(3)?,
        provider: row.get(4)?,
        connection_id: row.get(5)?,
        metadata: metadata.map(|document| metadata_secrets::hidden(&secrets, document)),
        metadata_revision: row.get(7)?,
        connection_config: row.json(8)?,
        tags: row.json(9)?,
        end_user: end_user.map(|text| read_end_user(&text)).transpose()?,
        webhook_url_override: row.get(11)?,
        created_at: row.get(12)?,
        updated_at: row.get(13)?,
        last_fetched_at: row.get(14)?,
        data_validation: integrations::mode(row, 15)?,
        metadata_schema_version: row.get(17)?,
    })
}

fn read_end_user(text: &str) -> Result<EndUser> {
    serde_json::from_str(text)
        .map_err(|error| Error::Corrupt(format!("a column is not an end user: {error}")))
}

/// What credentials are sealed to. A connection keeps both names for life, and ids of integrations are never used again.
struct Identity<'a> {
    integration: IntegrationId,
    connection_id: &'a str,
}

impl fmt::Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.integration, self.connection_id)
    }
}

impl Identity<'_> {
    const COLUMN: &'static str = "connections.credentials";

    fn seal(&self, vault: &Vault, credentials: &Credentials) -> Result<Vec<u8>> {
        let plain = Secret::new(serde_json::to_vec(&credentials.to_json()).unwrap_or_default());
        vault.seal(Place { column: Self::COLUMN, row: self }, plain.expose())
    }

    fn open(&self, vault: &Vault, sealed: &[u8]) -> Result<Credentials> {
        let plain = vault.open(Place { column: Self::COLUMN, row: self }, sealed)?;
        let json = serde_json::from_slice(plain.expose())
            .map_err(|_| Error::Corrupt("the credentials of a connection are not JSON".to_owned()))?;
        Credentials::from_json(json).map_err(|error| {
            Error::Corrupt(format!("the credentials of a connection cannot be read: {error}"))
        })
    }
}

/// What a request for a connection needs besides it.
#[derive(Debug)]
pub struct Access {
    /// The connection's credentials as they are stored.
    pub credentials: Credentials,
    /// Its integration's values for the provider's `integration_config`.
    pub integration_config: Map<String, Json>,
}

impl Store {
    /// The connection of these names.
    pub async fn connection(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
    ) -> Result<Option<Connection>> {
        let (key, id) = (provider_config_key.to_owned(), connection_id.to_owned());
        self.db
            .look_up(move |tx| {
                tx.query_opt(
                    &format!("SELECT {COLUMNS} {FROM} WHERE {BY_NAMES}"),
                    params![environment, &key, &id],
                    read,
                )
            })
            .await
    }

    /// The connection of these names and what a request for it needs, in one look.
    pub async fn connection_with_access(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
    ) -> Result<Option<(Connection, Access)>> {
        let (key, id) = (provider_config_key.to_owned(), connection_id.to_owned());
        let found = self
            .db
            .look_up(move |tx| {
                tx.query_opt(
                    &format!("SELECT {COLUMNS}, connections.credentials, integrations.custom {FROM} WHERE {BY_NAMES}"),
                    params![environment, &key, &id],
                    |row| Ok((read(row)?, row.get::<Vec<u8>>(WIDTH)?, row.json(WIDTH + 1)?)),
                )
            })
            .await?;
        let Some((connection, sealed, integration_config)) = found else { return Ok(None) };
        let identity =
            Identity { integration: connection.integration, connection_id: &connection.connection_id };
        let credentials = identity.open(&self.vault, &sealed)?;
        Ok(Some((connection, Access { credentials, integration_config })))
    }

    /// The connection in this row.
    pub async fn connection_by_row(
        &self,
        environment: EnvironmentId,
        id: ConnectionId,
    ) -> Result<Option<Connection>> {
        self.db.look_up(move |tx| by_row(tx, environment, id)).await
    }

    /// What a request for a connection needs besides it, in one look. `None` where there is no such connection.
    pub async fn connection_access(
        &self,
        environment: EnvironmentId,
        id: ConnectionId,
    ) -> Result<Option<Access>> {
        let row = self
            .db
            .look_up(move |tx| {
                tx.query_opt(
                    "SELECT connections.integration_id, connections.connection_id, connections.credentials,
                            integrations.custom
                     FROM connections JOIN integrations ON integrations.id = connections.integration_id
                     WHERE connections.environment_id = $1 AND connections.id = $2",
                    params![environment, id],
                    |row| {
                        let integration: IntegrationId = row.get(0)?;
                        let (connection_id, sealed): (String, Vec<u8>) = (row.get(1)?, row.get(2)?);
                        Ok((integration, connection_id, sealed, row.json(3)?))
                    },
                )
            })
            .await?;
        let Some((integration, connection_id, sealed, integration_config)) = row else { return Ok(None) };
        let credentials =
            Identity { integration, connection_id: &connection_id }.open(&self.vault, &sealed)?;
        Ok(Some(Access { credentials, integration_config }))
    }

    /// The credentials of a connection; `None` where there is no such connection.
    pub async fn connection_credentials(
        &self,
        environment: EnvironmentId,
        id: ConnectionId,
    ) -> Result<Option<Credentials>> {
        let row: Option<(IntegrationId, String, Vec<u8>)> = self
            .db
            .look_up(move |tx| {
                tx.query_opt(
                    "SELECT integration_id, connection_id, credentials FROM connections
                     WHERE environment_id = $1 AND id = $2",
                    params![environment, id],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
            })
            .await?;
        let Some((integration, connection_id, sealed)) = row else { return Ok(None) };
        Identity { integration, connection_id: &connection_id }.open(&self.vault, &sealed).map(Some)
    }

    /// Makes a connection, or authorises the one that is there anew: what is not given stays as it is. True where it is
    /// new. [`Error::NotFound`] where the integration is not there.
    pub async fn save_connection(
        &self,
        environment: EnvironmentId,
        save: SaveConnection,
    ) -> Result<(Connection, bool)> {
        let (vault, now) = (self.vault.clone(), self.now());
        self.db.write(move |tx| save_in(tx, &vault, environment, &save, now)).await
    }

    /// Changes a connection. [`Error::NotFound`] where it is not there.
    pub async fn update_connection(
        &self,
        environment: EnvironmentId,
        id: ConnectionId,
        change: ConnectionChange,
    ) -> Result<()> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let connection = by_row(tx, environment, id)?.ok_or(Error::NotFound("the connection"))?;
                apply(tx, &connection, &change, now)
            })
            .await
    }

    /// Notes that the credentials of a connection were fetched now.
    pub async fn touch_connection(&self, environment: EnvironmentId, id: ConnectionId) -> Result<()> {
        let now = self.now();
        self.db
            .write(move |tx| {
                tx.execute(
                    "UPDATE connections SET last_fetched_at = $3 WHERE environment_id = $1 AND id = $2",
                    params![environment, id, now],
                )
                .map(drop)
            })
            .await
    }

    /// Deletes a connection and all that belongs to it; false where it was not there.
    pub async fn delete_connection(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
    ) -> Result<bool> {
        let (key, connection) = (provider_config_key.to_owned(), connection_id.to_owned());
        let now = self.now();
        self.db
            .write(move |tx| {
                let id: Option<ConnectionId> = tx.value_opt(
                    &format!("SELECT connections.id FROM connections WHERE {BY_NAMES}"),
                    params![environment, &key, &connection],
                )?;
                let Some(id) = id else { return Ok(false) };
                delete(tx, id, now)?;
                Ok(true)
            })
            .await
    }
}

fn by_row(tx: &mut Tx, environment: EnvironmentId, id: ConnectionId) -> Result<Option<Connection>> {
    tx.query_opt(
        &format!("SELECT {COLUMNS} {FROM} WHERE connections.id = $2 AND connections.environment_id = $1"),
        params![environment, id],
        read,
    )
}

fn delete(tx: &mut Tx, id: ConnectionId, now: Timestamp) -> Result<()> {
    syncs::delete_for_connection(tx, id, now)?;
    tx.execute("DELETE FROM connections WHERE id = $1", params![id]).map(drop)
}

/// Deletes the connections of an integration that is about to be deleted.
pub(crate) fn delete_of_integration(tx: &mut Tx, integration: IntegrationId, now: Timestamp) -> Result<()> {
    let ids: Vec<ConnectionId> =
        tx.query("SELECT id FROM connections WHERE integration_id = $1", params![integration], |row| {
            row.get(0)
        })?;
    ids.into_iter().try_for_each(|id| delete(tx, id, now))
}

fn save_in(
    tx: &mut Tx,
    vault: &Vault,
    environment: EnvironmentId,
    save: &SaveConnection,
    now: Timestamp,
) -> Result<(Connection, bool)> {
    let integration = integrations::find(tx, environment, &save.provider_config_key)?
        .ok_or(Error::NotFound("the integration"))?;
    let identity = Identity { integration: integration.id, connection_id: &save.connection_id };
    let sealed = identity.seal(vault, &save.credentials)?;
    let made: Option<ConnectionId> = tx.value_opt(
        "INSERT INTO connections (environment_id, integration_id, connection_id, connection_config, tags,
             search_text, credentials, created_at, updated_at)
         VALUES ($1, $2, $3, '{}', '{}', $4, $5, $6, $6)
         ON CONFLICT (integration_id, connection_id) DO NOTHING RETURNING id",
        params![
            environment,
            integration.id,
            &save.connection_id,
            save.connection_id.to_lowercase(),
            &sealed,
            now
        ],
    )?;
    let id = match made {
        Some(id) => id,
        None => tx
            .value_opt(
                "UPDATE connections SET credentials = $3 WHERE integration_id = $1 AND connection_id = $2
                 RETURNING id",
                params![integration.id, &save.connection_id, &sealed],
            )?
            // It was deleted between the two statements.
            .ok_or_else(|| Error::Conflict("the connection".into()))?,
    };
    refresh::forget(tx, id)?;
    let find = |tx: &mut Tx| by_row(tx, environment, id)?.ok_or(Error::NotFound("the connection"));
    let connection = find(tx)?;
    apply(tx, &connection, &save.change, now)?;
    let document = save.metadata.as_ref().or(save.first_metadata.as_ref().filter(|_| made.is_some()));
    if let Some(document) = document {
        let write = Write::Replace(document.clone());
        let first = || save.first_version.map(Judge::stamp);
        let judge = if save.metadata.is_some() { save.judge.clone() } else { first() };
        let change = MetadataChange { judge, ..MetadataChange::new(write, save.provenance.clone()) };
        metadata::write(tx, vault, &[id], &change, now)?;
    }
    if made.is_some() {
        syncs::create_for_connection(tx, environment, integration.id, id, now)?;
    }
    let connection = find(tx)?;
    if save.announcement == Announcement::AtOnce {
        let operation = if made.is_some() { AuthOperation::Creation } else { AuthOperation::Override };
        announce::announce(tx, &connection, operation, &save.credentials, now)?;
    }
    Ok((connection, made.is_some()))
}

/// Changes the row of a connection, and its tags.
fn apply(tx: &mut Tx, connection: &Connection, change: &ConnectionChange, now: Timestamp) -> Result<()> {
    let columns = Columns::new(&connection.connection_id, change)?;
    let changed = tx.execute(
        "UPDATE connections
         SET connection_config = COALESCE($2, connection_config), tags = COALESCE($3, tags),
             end_user = COALESCE($4, end_user), end_user_id = COALESCE($5, end_user_id),
             end_user_organization_id = CASE WHEN $4 IS NULL THEN end_user_organization_id ELSE $6 END,
             search_text = CASE WHEN $4 IS NULL THEN search_text ELSE $7 END,
             webhook_url_override = NULLIF(COALESCE($8, webhook_url_override), ''), updated_at = $9
         WHERE id = $1",
        &columns.params(connection.id, now),
    )?;
    if changed == 0 {
        return Err(Error::NotFound("the connection"));
    }
    if change.connection_config.is_some() {
        connection_lookups::index(tx, connection.id, Part::Config)?;
    }
    set_tags(tx, connection, change.tags.as_ref())
}

/// The columns that a [`ConnectionChange`] sets.
struct Columns<'a> {
    connection_config: Value<'a>,
    tags: Value<'a>,
    end_user: Value<'a>,
    end_user_id: Option<&'a str>,
    organization_id: Option<&'a str>,
    search_text: String,
    webhook_url_override: Option<&'a str>,
}

impl<'a> Columns<'a> {
    fn new(connection_id: &str, change: &'a ConnectionChange) -> Result<Self> {
        let json = |map: &Option<Map<String, Json>>| map.as_ref().map_or(Ok(Value::Null), Value::json);
        let user = change.end_user.as_ref();
        let texts = [
            Some(connection_id),
            user.and_then(|user| user.display_name.as_deref()),
            user.and_then(|user| user.email.as_deref()),
        ];
        Ok(Self {
            connection_config: json(&change.connection_config)?,
            tags: json(&change.tags)?,
            end_user: user.map_or(Ok(Value::Null), Value::json)?,
            end_user_id: user.map(|user| user.id.as_str()),
            organization_id: user
                .and_then(|user| user.organization.as_ref())
                .map(|organization| organization.id.as_str()),
            search_text: texts.into_iter().flatten().collect::<Vec<_>>().join("\n").to_lowercase(),
            webhook_url_override: change.webhook_url_override.as_deref(),
        })
    }

    /// As the `UPDATE` of [`apply`] numbers them.
    fn params(&self, id: ConnectionId, now: Timestamp) -> [Value<'_>; 9] {
        [
            id.into(),
            self.connection_config.clone(),
            self.tags.clone(),
            self.end_user.clone(),
            self.end_user_id.into(),
            self.organization_id.into(),
            Value::from(&self.search_text),
            self.webhook_url_override.into(),
            now.into(),
        ]
    }
}

fn set_tags(tx: &mut Tx, connection: &Connection, tags: Option<&Map<String, Json>>) -> Result<()> {
    let Some(tags) = tags else { return Ok(()) };
    tx.execute("DELETE FROM connection_tags WHERE connection = $1", params![connection.id])?;
    for (key, value) in tags {
        tx.execute(
            "INSERT INTO connection_tags (environment_id, key, value, created_at, connection)
             VALUES ($1, $2, $3, $4, $5)",
            params![
                connection.environment,
                key,
                value.as_str().unwrap_or_default(),
                connection.created_at,
                connection.id
            ],
        )?;
    }
    Ok(())
}
