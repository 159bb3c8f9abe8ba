//! Renewing the credentials of a connection, by one process at a time on all nodes.
//!
//! The lease is a row, not a lock: nothing is held while the provider is asked. Its token is the fence: who lost it, because
//! it took too long or the connection was authorised anew meanwhile, writes nothing.

use super::{Identity, by_row};
use crate::{
    Store,
    db::{Row, Tx, params},
    error::{Error, Result},
    notices,
    vault::Vault,
};
use bespoke_core::{
    auth::{Credentials, oauth2::Failures},
    id::{ConnectionId, EnvironmentId, IntegrationId},
    time::Timestamp,
    webhook::AuthOperation,
};
use std::time::Duration;
use uuid::Uuid;

/// The credentials of a connection, and how renewing them went lately.
#[derive(Clone, Debug)]
pub struct RefreshState {
    /// The credentials as they are now.
    pub credentials: Credentials,
    /// When they were last renewed.
    pub renewed_at: Option<Timestamp>,
    /// The failures since then.
    pub failures: Failures,
}

/// What became of a lease.
#[derive(Clone, Debug)]
pub enum RefreshOutcome {
    /// There are new credentials.
    Renewed(Box<Credentials>),
    /// It failed; these are the failures now.
    Failed(Failures),
    /// Nothing was done.
    Unneeded,
}

/// A row as it is read, still sealed.
struct Sealed {
    integration: IntegrationId,
    connection_id: String,
    credentials: Vec<u8>,
    renewed_at: Option<Timestamp>,
    failures: Failures,
}

fn read(row: &Row<'_>) -> Result<Sealed> {
    let days: Option<i64> = row.get(4)?;
    Ok(Sealed {
        integration: row.get(0)?,
        connection_id: row.get(1)?,
        credentials: row.get(2)?,
        renewed_at: row.get(5)?,
        failures: Failures {
            last: row.get(3)?,
            days: days.and_then(|days| days.try_into().ok()).unwrap_or_default(),
        },
    })
}

fn find(tx: &mut Tx, environment: EnvironmentId, connection: ConnectionId) -> Result<Option<Sealed>> {
    tx.query_opt(
        "SELECT connections.integration_id, connections.connection_id, connections.credentials,
             credential_refreshes.failed_at, credential_refreshes.failed_days, credential_refreshes.renewed_at
         FROM connections LEFT JOIN credential_refreshes ON credential_refreshes.connection = connections.id
         WHERE connections.environment_id = $1 AND connections.id = $2",
        params![environment, connection],
        read,
    )
}

/// Writes new credentials; the failures before them do not matter any more.
fn replace(
    tx: &mut Tx,
    vault: &Vault,
    environment: EnvironmentId,
    connection: ConnectionId,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<()> {
    let found = find(tx, environment, connection)?.ok_or(Error::NotFound("the connection"))?;
    let identity = Identity { integration: found.integration, connection_id: &found.connection_id };
    let sealed = identity.seal(vault, credentials)?;
    tx.execute(
        "UPDATE connections SET credentials = $2, updated_at = $3 WHERE id = $1",
        params![connection, &sealed, now],
    )?;
    tx.execute(
        "UPDATE credential_refreshes SET renewed_at = $2, failed_at = NULL, failed_days = 0 WHERE connection = $1",
        params![connection, now],
    )
    .map(drop)
}

/// Tells the backend that the credentials cannot be renewed; once for each day on which that happens.
fn tell(
    tx: &mut Tx,
    vault: &Vault,
    environment: EnvironmentId,
    (id, sealed): (ConnectionId, &Sealed),
    now: Timestamp,
) -> Result<()> {
    let identity = Identity { integration: sealed.integration, connection_id: &sealed.connection_id };
    let shape = identity.open(vault, &sealed.credentials)?.to_json();
    let Some(connection) = by_row(tx, environment, id)? else { return Ok(()) };
    let auth_mode = shape["type"].as_str().unwrap_or_default();
    notices::connection_authorised(tx, &connection, AuthOperation::Refresh, auth_mode, now)
}

/// Forgets leases and failures: the connection has been authorised anew.
pub(super) fn forget(tx: &mut Tx, connection: ConnectionId) -> Result<()> {
    tx.execute("DELETE FROM credential_refreshes WHERE connection = $1", params![connection]).map(drop)
}

impl Store {
    /// The credentials of a connection and how renewing them went; `None` where there is no such connection.
    pub async fn refresh_state(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
    ) -> Result<Option<RefreshState>> {
        let found = self.db.read(move |tx| find(tx, environment, connection)).await?;
        found.map(|sealed| self.unseal_state(sealed)).transpose()
    }

    /// Takes the right to renew the credentials of a connection, under the token `lease` and for this long, and tells how
    /// they are now. `None` where another has it, or there is no such connection.
    pub async fn lease_refresh(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
        lease: Uuid,
        duration: Duration,
    ) -> Result<Option<RefreshState>> {
        let now = self.now();
        let found = self
            .db
            .write(move |tx| {
                let taken = tx.execute(
                    "INSERT INTO credential_refreshes (connection, lease, leased_until)
                     SELECT id, $3, $4 FROM connections WHERE environment_id = $1 AND id = $2
                     ON CONFLICT (connection) DO UPDATE SET lease = excluded.lease, leased_until = excluded.leased_until
                     WHERE credential_refreshes.leased_until IS NULL OR credential_refreshes.leased_until <= $5",
                    params![environment, connection, lease, now.after(duration), now],
                )?;
                // A statement of its own: it sees what the one who had the lease before has written.
                if taken == 1 { find(tx, environment, connection) } else { Ok(None) }
            })
            .await?;
        found.map(|sealed| self.unseal_state(sealed)).transpose()
    }

    /// Writes what became of a lease and gives it back. False, and nothing is written, where the lease was lost.
    pub async fn finish_refresh(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
        lease: Uuid,
        outcome: RefreshOutcome,
    ) -> Result<bool> {
        let (vault, now) = (self.vault.clone(), self.now());
        self.db
            .write(move |tx| {
                let is_mine = tx.execute(
                    "UPDATE credential_refreshes SET lease = NULL, leased_until = NULL WHERE connection = $1 AND lease = $2",
                    params![connection, lease],
                )? == 1;
                if !is_mine {
                    return Ok(false);
                }
                match &outcome {
                    RefreshOutcome::Unneeded => {}
                    RefreshOutcome::Failed(failures) => {
                        let Failures { last, days } = *failures;
                        let before = find(tx, environment, connection)?;
                        if let Some(before) = before.filter(|before| days > before.failures.days) {
                            tell(tx, &vault, environment, (connection, &before), now)?;
                        }
                        tx.execute(
                            "UPDATE credential_refreshes SET failed_at = $2, failed_days = $3 WHERE connection = $1",
                            params![connection, last, i64::from(days)],
                        )?;
                    }
                    RefreshOutcome::Renewed(credentials) => {
                        replace(tx, &vault, environment, connection, credentials, now)?;
                    }
                }
                Ok(true)
            })
            .await
    }

    fn unseal_state(&self, sealed: Sealed) -> Result<RefreshState> {
        let Sealed { integration, connection_id, credentials, renewed_at, failures } = sealed;
        let credentials =
            Identity { integration, connection_id: &connection_id }.open(&self.vault, &credentials)?;
        Ok(RefreshState { credentials, renewed_at, failures })
    }
}
