//! API keys. Only their hashes are stored.

use crate::{
    Store,
    db::{Row, Value, params},
    environments,
    error::Result,
};
use bespoke_core::{
    environment::{ApiKey, Environment},
    id::{ApiKeyId, EnvironmentId},
    time::Timestamp,
};

const COLUMNS: &str = "api_keys.id, api_keys.environment_id, api_keys.display_name, api_keys.scopes, \
                       api_keys.created_at, api_keys.last_used_at, api_keys.revoked_at, api_keys.expires_at";
/// How many [`COLUMNS`] there are.
const WIDTH: usize = 8;

/// A key to be stored.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Name for people.
    pub display_name: String,
    /// Hash of the secret ([`bespoke_core::environment::SecretKey::hash`]).
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Vec<String>,
    /// From when on it opens nothing.
    pub expires_at: Option<Timestamp>,
}

fn read(row: &Row<'_>) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.get(0)?,
        environment: row.get(1)?,
        display_name: row.get(2)?,
        scopes: row.json(3)?,
        created_at: row.get(4)?,
        last_used_at: row.get(5)?,
        revoked_at: row.get(6)?,
        expires_at: row.get(7)?,
    })
}

impl Store {
    /// Stores a key. [`crate::Error::Conflict`] where a key with this hash is there already, revoked or not.
    pub async fn create_api_key(&self, environment: EnvironmentId, key: NewApiKey) -> Result<ApiKey> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let id: ApiKeyId = tx
                    .query_one(
                        "INSERT INTO api_keys (environment_id, display_name, key_hash, scopes, created_at, expires_at)
                         VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
                        params![
                            environment,
                            &key.display_name,
                            &key.hash,
                            Value::json(&key.scopes)?,
                            now,
                            key.expires_at
                        ],
                        |row| row.get(0),
                    )
                    .map_err(|error| error.about("the API key"))?;
                Ok(ApiKey {
                    id,
                    environment,
                    display_name: key.display_name,
                    scopes: key.scopes,
                    created_at: now,
                    last_used_at: None,
                    revoked_at: None,
                    expires_at: key.expires_at,
                })
            })
            .await
    }

    /// The key with this hash, if it is neither revoked nor expired, and the environment that it opens.
    pub async fn api_key_by_hash(&self, hash: [u8; 32]) -> Result<Option<(ApiKey, Environment)>> {
        let now = self.now();
        self.db
            .look_up(move |tx| {
                tx.query_opt(
                    &format!(
                        "SELECT {COLUMNS}, {} FROM api_keys
                         JOIN environments ON environments.id = api_keys.environment_id
                         WHERE api_keys.key_hash = $1 AND api_keys.revoked_at IS NULL
                           AND (api_keys.expires_at IS NULL OR api_keys.expires_at > $2)",
                        environments::columns()
                    ),
                    params![&hash, now],
                    |row| Ok((read(row)?, environments::read(row, WIDTH)?)),
                )
            })
            .await
    }

    /// The keys of an environment, oldest first, revoked ones included.
    pub async fn api_keys(&self, environment: EnvironmentId) -> Result<Vec<ApiKey>> {
        self.db
            .read(move |tx| {
                tx.query(
                    &format!("SELECT {COLUMNS} FROM api_keys WHERE environment_id = $1 ORDER BY id"),
                    params![environment],
                    read,
                )
            })
            .await
    }

    /// Revokes a key: it opens nothing any more. False where there is no such key in this environment, or it was
    /// revoked before.
    pub async fn revoke_api_key(&self, environment: EnvironmentId, id: ApiKeyId) -> Result<bool> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let changed = tx.execute(
                    "UPDATE api_keys SET revoked_at = $1
                     WHERE environment_id = $2 AND id = $3 AND revoked_at IS NULL",
                    params![now, environment, id],
                )?;
                Ok(changed == 1)
            })
            .await
    }

    /// Notes when keys were used last. Callers gather them and write now and then, not at every request.
    pub async fn touch_api_keys(&self, used: Vec<(ApiKeyId, Timestamp)>) -> Result<()> {
        self.db
            .write(move |tx| {
                for (id, at) in used {
                    tx.execute(
                        "UPDATE api_keys SET last_used_at = $1
                         WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)",
                        params![at, id],
                    )?;
                }
                Ok(())
            })
            .await
    }
}
