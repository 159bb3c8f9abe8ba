//! Sign-ins of users at browsers, and other texts that open something once.

use crate::{
    Store,
    db::{Row, params},
    error::Result,
    users,
};
use bespoke_core::{
    time::Timestamp,
    user::{Session, SignedIn},
};
use uuid::Uuid;

const COLUMNS: &str = "sessions.id, sessions.created_at, sessions.last_used_at, sessions.expires_at, \
                       sessions.user_agent, sessions.address";
/// How many [`COLUMNS`] there are.
const WIDTH: usize = 6;

fn read(row: &Row<'_>) -> Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        created_at: row.get(1)?,
        last_used_at: row.get(2)?,
        expires_at: row.get(3)?,
        user_agent: row.get(4)?,
        address: row.get(5)?,
    })
}

/// What a text opens that can be used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// The first administrator may be made.
    Setup,
    /// A user may choose another password.
    Reset,
    /// A sign-in at an issuer has begun.
    Oidc,
}

impl TokenKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Reset => "reset",
            Self::Oidc => "oidc",
        }
    }
}

/// A text to be used once, of which the hash is stored.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it opens.
    pub kind: TokenKind,
    /// Its hash.
    pub hash: [u8; 32],
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// Whom it is for.
    pub user: Option<Uuid>,
    /// What belongs to it, as JSON.
    pub body: String,
}

/// What was stored with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// Whom it is for.
    pub user: Option<Uuid>,
    /// What belongs to it, as JSON.
    pub body: String,
}

impl Store {
    /// Keeps a session of a user.
    pub async fn create_session(&self, user: Uuid, token_hash: [u8; 32], session: Session) -> Result<()> {
        self.db
            .write(move |tx| {
                let Session { id, created_at, last_used_at, expires_at, user_agent, address } = session;
                tx.execute(
                    "INSERT INTO sessions (id, user_id, token_hash, created_at, last_used_at, expires_at,
                         user_agent, address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    params![
                        id,
                        user,
                        &token_hash,
                        created_at,
                        last_used_at,
                        expires_at,
                        &user_agent,
                        &address
                    ],
                )?;
                tx.execute("UPDATE users SET last_seen_at = $2 WHERE id = $1", params![user, created_at])?;
                Ok(())
            })
            .await
    }

    /// The session with this hash where it has not ended, with its user and their roles.
    pub async fn session_by_hash(&self, token_hash: [u8; 32]) -> Result<Option<SignedIn>> {
        let now = self.now();
        self.db
            .look_up(move |tx| {
                let found = tx.query_opt(
                    &format!(
                        "SELECT {COLUMNS}, {} FROM sessions JOIN users ON users.id = sessions.user_id
                         WHERE sessions.token_hash = $1 AND sessions.expires_at > $2",
                        users::columns()
                    ),
                    params![&token_hash, now],
                    |row| Ok((read(row)?, users::read(row, WIDTH)?)),
                )?;
                let Some((session, user)) = found else { return Ok(None) };
                let roles = users::roles_of(tx, user.id)?;
                Ok(Some(SignedIn { session, user, roles }))
            })
            .await
    }

    /// Notes that a session was used at `at` and when it ends now.
    pub async fn touch_session(
        &self,
        user: Uuid,
        id: Uuid,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<()> {
        self.db
            .write(move |tx| {
                tx.execute(
                    "UPDATE sessions SET last_used_at = $2, expires_at = $3 WHERE id = $1",
                    params![id, at, expires_at],
                )?;
                tx.execute("UPDATE users SET last_seen_at = $2 WHERE id = $1", params![user, at])?;
                Ok(())
            })
            .await
    }

    /// The sessions of a user that have not ended, the one that was used last first.
    pub async fn sessions(&self, user: Uuid) -> Result<Vec<Session>> {
        let now = self.now();
        self.db
            .read(move |tx| {
                let sql = format!("SELECT {COLUMNS} FROM sessions WHERE user_id = $1 AND expires_at > $2");
                let mut sessions = tx.query(&sql, params![user, now], read)?;
                sessions.sort_by_key(|session| std::cmp::Reverse(session.last_used_at));
                Ok(sessions)
            })
            .await
    }

    /// Ends a session of a user. False where they have none with this id.
    pub async fn end_session(&self, user: Uuid, id: Uuid) -> Result<bool> {
        self.db
            .write(move |tx| {
                let sql = "DELETE FROM sessions WHERE user_id = $1 AND id = $2";
                Ok(tx.execute(sql, params![user, id])? == 1)
            })
            .await
    }

    /// Keeps the hash of a text that can be used once.
    pub async fn create_one_time_token(&self, new: NewToken) -> Result<()> {
        self.db
            .write(move |tx| {
                tx.execute(
                    "INSERT INTO one_time_tokens (token_hash, kind, expires_at, user_id, body)
                     VALUES ($1, $2, $3, $4, $5)",
                    params![&new.hash, new.kind.as_str(), new.expires_at, new.user, &new.body],
                )?;
                Ok(())
            })
            .await
    }

    /// What was stored with a token that holds.
    pub async fn one_time_token(&self, kind: TokenKind, hash: [u8; 32]) -> Result<Option<StoredToken>> {
        let now = self.now();
        self.db
            .look_up(move |tx| {
                tx.query_opt(
                    "SELECT expires_at, user_id, body FROM one_time_tokens
                     WHERE token_hash = $1 AND kind = $2 AND expires_at > $3",
                    params![&hash, kind.as_str(), now],
                    |row| Ok(StoredToken { expires_at: row.get(0)?, user: row.get(1)?, body: row.get(2)? }),
                )
            })
            .await
    }

    /// Uses a token up. `None` where it was used or does not hold any more.
    pub async fn take_one_time_token(&self, kind: TokenKind, hash: [u8; 32]) -> Result<Option<StoredToken>> {
        let now = self.now();
        self.db
            .write(move |tx| {
                tx.query_opt(
                    "DELETE FROM one_time_tokens WHERE token_hash = $1 AND kind = $2 AND expires_at > $3
                     RETURNING expires_at, user_id, body",
                    params![&hash, kind.as_str(), now],
                    |row| Ok(StoredToken { expires_at: row.get(0)?, user: row.get(1)?, body: row.get(2)? }),
                )
            })
            .await
    }

    /// Deletes sessions, invitations and texts that have ended.
    pub async fn prune_sign_ins(&self) -> Result<()> {
        let now = self.now();
        self.db
            .write(move |tx| {
                tx.execute("DELETE FROM sessions WHERE expires_at <= $1", params![now])?;
                tx.execute("DELETE FROM invites WHERE expires_at <= $1", params![now])?;
                tx.execute("DELETE FROM one_time_tokens WHERE expires_at <= $1", params![now])?;
                Ok(())
            })
            .await
    }
}
