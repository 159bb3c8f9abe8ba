//! Sessions in which end customers configure one connection. Only the hashes of their tokens are stored.

use crate::{
    Store,
    db::{Row, Value, params},
    environments,
    error::Result,
    vault,
};
use bespoke_core::{
    configure_session::{ConfigureSession, NewConfigureSession, SessionToken},
    id::{ConnectionId, EnvironmentId},
};

/// Sessions that have ended and are removed when another one begins.
const SWEPT: u32 = 100;
/// How many columns come before those of the environment.
const WIDTH: usize = 8;

impl Store {
    /// Makes a session of a connection; its token, which nobody can read again.
    /// [`crate::Error::NotFound`] where the connection does not exist.
    pub async fn create_configure_session(
        &self,
        environment: EnvironmentId,
        connection: ConnectionId,
        new: NewConfigureSession,
    ) -> Result<SessionToken> {
        let (token, now) = (SessionToken::new(vault::random()?), self.now());
        let hash = token.hash();
        self.db
            .write(move |tx| {
                let ended = tx.one_of(&format!(
                    "SELECT token_hash FROM configure_sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT {SWEPT}{}",
                    tx.skip_locked()
                ));
                tx.execute(&format!("DELETE FROM configure_sessions WHERE token_hash {ended}"), params![now])?;
                let allow = new.allow.as_ref().map(Value::json).transpose()?;
                let theme = new.theme.as_ref().map(Value::json).transpose()?;
                let made = tx.execute(
                    "INSERT INTO configure_sessions
                         (token_hash, id, environment_id, connection_id, created_at, expires_at, locale, theme, allow)
                     SELECT $3, $4, environment_id, id, $5, $6, $7, $8, $9 FROM connections
                     WHERE id = $2 AND environment_id = $1",
                    params![
                        environment,
                        connection,
                        &hash,
                        new.id,
                        now,
                        new.expires_at,
                        new.locale.as_deref(),
                        theme,
                        allow
                    ],
                )?;
                if made == 0 { Err(crate::Error::NotFound("the connection")) } else { Ok(()) }
            })
            .await?;
        Ok(token)
    }

    /// The session that a token with this hash opens, while it lasts.
    pub async fn configure_session(&self, hash: [u8; 32]) -> Result<Option<ConfigureSession>> {
        let now = self.now();
        let sql = format!(
            "SELECT configure_sessions.id, configure_sessions.expires_at, configure_sessions.locale,
                 configure_sessions.theme, configure_sessions.allow, connections.id, connections.connection_id,
                 integrations.unique_key, {}
             FROM configure_sessions JOIN connections ON connections.id = configure_sessions.connection_id
             JOIN integrations ON integrations.id = connections.integration_id
             JOIN environments ON environments.id = configure_sessions.environment_id
             WHERE configure_sessions.token_hash = $1 AND +configure_sessions.expires_at > $2",
            environments::columns()
        );
        self.db.look_up(move |tx| tx.query_opt(&sql, params![&hash, now], read)).await
    }
}

fn read(row: &Row<'_>) -> Result<ConfigureSession> {
    let theme = row.get::<Option<&str>>(3)?.is_some().then(|| row.json(3)).transpose()?;
    let allow = row.get::<Option<&str>>(4)?.is_some().then(|| row.json(4)).transpose()?;
    Ok(ConfigureSession {
        session: NewConfigureSession {
            id: row.get(0)?,
            expires_at: row.get(1)?,
            locale: row.get(2)?,
            theme,
            allow,
        },
        connection: row.get(5)?,
        connection_id: row.get(6)?,
        provider_config_key: row.get(7)?,
        environment: environments::read(row, WIDTH)?,
    })
}
