//! Credentials on trial: written, because the functions that judge them use them, and taken back unless somebody says that
//! they are accepted.
//!
//! What was there before is kept in a row of its own until then. Whoever judges extends the trial's time; when that is over
//! its node is gone, and [`Store::lapse_trials`] puts everything back as if it had been rejected. The token is the fence: a
//! later trial of the same connection takes the place of an earlier one, whose outcome counts no more.
//!
//! The connection is locked before the trial's row.

use super::{Announcement, ConnectionChange, SaveConnection, announce, by_row, delete, refresh, save_in};
use crate::{
    Store,
    connection_lookups::{self, Part},
    db::{Tx, params},
    error::{Error, Result},
    integrations, lanes,
};
use bespoke_core::{
    connection::Connection,
    id::{ConnectionId, EnvironmentId},
    time::Timestamp,
    webhook::AuthOperation,
};
use std::time::Duration;
use uuid::Uuid;

/// A connection whose new credentials are on trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The connection with its new credentials.
    pub connection: Connection,
    token: Uuid,
}

/// What was there before: the sealed credentials and the config. `None` where the connection is new.
type Before = Option<(Vec<u8>, String)>;

impl Store {
    /// Writes what is to be judged: a whole new connection, or the credentials and the config of one that is there. It
    /// lapses after `lease`. [`Error::NotFound`] where the integration is not there.
    pub async fn begin_trial(
        &self,
        environment: EnvironmentId,
        save: SaveConnection,
        token: Uuid,
        lease: Duration,
    ) -> Result<Trial> {
        let (vault, now) = (self.vault.clone(), self.now());
        self.db
            .write(move |tx| {
                let before = before(tx, environment, &save)?;
                let save = SaveConnection { announcement: Announcement::Later, ..save.clone() };
                let save = if before.is_some() { credentials_of(save) } else { save };
                let (connection, _) = save_in(tx, &vault, environment, &save, now)?;
                let (credentials, config) = before.unzip();
                // Where one goes on already, what was before it stays what comes back.
                tx.execute(
                    "INSERT INTO connection_trials (connection_id, token, leased_until, credentials, connection_config)
                     VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (connection_id) DO UPDATE SET token = excluded.token, leased_until = excluded.leased_until",
                    params![connection.id, token, now.after(lease), credentials.as_deref(), config.as_deref()],
                )?;
                Ok(Trial { connection, token })
            })
            .await
    }

    /// Gives a trial time until `lease` from now.
    pub async fn extend_trial(&self, trial: &Trial, lease: Duration) -> Result<()> {
        let (id, token, until) = (trial.connection.id, trial.token, self.now().after(lease));
        self.db
            .write(move |tx| {
                tx.execute(
                    "UPDATE connection_trials SET leased_until = $3 WHERE connection_id = $1 AND token = $2",
                    params![id, token, until],
                )
                .map(drop)
            })
            .await
    }

    /// Keeps what was on trial, with the rest of `save`, and tells others of it. [`Error::Conflict`] where the trial has
    /// lapsed or another one took its place; then nothing is written.
    pub async fn accept_trial(&self, trial: &Trial, save: SaveConnection) -> Result<Connection> {
        let (vault, now) = (self.vault.clone(), self.now());
        let (environment, id, token) = (trial.connection.environment, trial.connection.id, trial.token);
        self.db
            .write(move |tx| {
                let before = end(tx, id, token)?.ok_or_else(|| Error::Conflict("the connection".into()))?;
                if before.is_some() {
                    return Ok(save_in(tx, &vault, environment, &save, now)?.0);
                }
                let connection = by_row(tx, environment, id)?.ok_or(Error::NotFound("the connection"))?;
                announce::announce(tx, &connection, AuthOperation::Creation, &save.credentials, now)?;
                Ok(connection)
            })
            .await
    }

    /// Puts back what was there before; a new connection is deleted. Where the trial has lapsed, that was done.
    pub async fn reject_trial(&self, trial: &Trial) -> Result<()> {
        let (id, token, now) = (trial.connection.id, trial.token, self.now());
        self.db.write(move |tx| reject(tx, id, token, now)).await
    }

    /// Rejects the trials that nobody extends any more: their nodes are gone. Some at a time; how many it were.
    pub async fn lapse_trials(&self) -> Result<usize> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let mut lapsed: Vec<(ConnectionId, Uuid)> = tx.query(
                    "SELECT connection_id, token FROM connection_trials WHERE leased_until <= $1
                     ORDER BY leased_until LIMIT 100",
                    params![now],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?;
                lapsed.sort_unstable();
                for (connection, token) in &lapsed {
                    reject(tx, *connection, *token, now)?;
                }
                Ok(lapsed.len())
            })
            .await
    }
}

/// What the connection has that is about to be tried; locks it.
fn before(tx: &mut Tx, environment: EnvironmentId, save: &SaveConnection) -> Result<Before> {
    let integration = integrations::find(tx, environment, &save.provider_config_key)?
        .ok_or(Error::NotFound("the integration"))?;
    let sql = format!(
        "SELECT credentials, connection_config FROM connections WHERE integration_id = $1 AND connection_id = $2{}",
        tx.for_update()
    );
    tx.query_opt(&sql, params![integration.id, &save.connection_id], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The credentials and the config that they need, and nothing else.
fn credentials_of(save: SaveConnection) -> SaveConnection {
    let change =
        ConnectionChange { connection_config: save.change.connection_config, ..ConnectionChange::default() };
    SaveConnection { metadata: None, first_metadata: None, change, ..save }
}

/// Ends a trial; what was before it, or `None` where it is not this one's turn any more.
fn end(tx: &mut Tx, connection: ConnectionId, token: Uuid) -> Result<Option<Before>> {
    lanes::lock(tx, connection)?;
    tx.query_opt(
        "DELETE FROM connection_trials WHERE connection_id = $1 AND token = $2
         RETURNING credentials, connection_config",
        params![connection, token],
        |row| Ok(row.get::<Option<Vec<u8>>>(0)?.zip(row.get::<Option<String>>(1)?)),
    )
}

fn reject(tx: &mut Tx, connection: ConnectionId, token: Uuid, now: Timestamp) -> Result<()> {
    match end(tx, connection, token)? {
        None => Ok(()),
        Some(None) => delete(tx, connection, now),
        Some(Some((credentials, config))) => {
            tx.execute(
                "UPDATE connections SET credentials = $2, connection_config = $3, updated_at = $4 WHERE id = $1",
                params![connection, &credentials, &config, now],
            )?;
            refresh::forget(tx, connection)?;
            connection_lookups::index(tx, connection, Part::Config)
        }
    }
}
