//! Signing in to the dashboard, and what a session opens.

use crate::{Engine, Error, Resource, Result, attempts::Attempts, error::chain, passwords};
use bespoke_core::{
    secret::Secret,
    time::Timestamp,
    token::Token,
    user::{self, Session, SignedIn, User},
};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::time::Duration;
use uuid::Uuid;

/// A session ends when it was not used for so long,
const IDLE: Duration = Duration::from_hours(30 * 24);
/// and so long after the sign-in in any case.
const LONGEST: Duration = Duration::from_hours(90 * 24);
/// How exact the time is that a session was used last: a request is not worth a write each time.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);
/// How much of what a browser calls itself is kept.
const USER_AGENT_CHARACTERS: usize = 300;

/// Who asks, as far as it can be seen from outside.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// The network address.
    pub address: String,
    /// What the browser calls itself.
    pub user_agent: String,
}

/// A session made just now: the only time that its token is seen.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// What the cookie carries.
    pub token: Token,
    /// The session, its user and what they may do.
    pub signed_in: SignedIn,
}

/// Guesses at passwords.
pub(crate) struct SignInAttempts {
    accounts: Attempts,
    addresses: Attempts,
}

impl Default for SignInAttempts {
    fn default() -> Self {
        Self {
            // Short: whoever guesses at an account makes its owner wait too.
            accounts: Attempts::new(5, Duration::from_secs(60)),
            // Longer, and later: many people may share an address.
            addresses: Attempts::new(20, Duration::from_secs(15 * 60)),
        }
    }
}

impl SignInAttempts {
    /// Lets an attempt through, or says how long to wait.
    fn begin(&self, account: &str, address: &str, now: Timestamp) -> Result<()> {
        let waits = [self.accounts.wait(account, now), self.addresses.wait(address, now)];
        if let Some(wait) = waits.into_iter().flatten().max() {
            let part = u64::from(wait.subsec_nanos() > 0);
            return Err(Error::TooManyAttempts(wait.as_secs() + part));
        }
        self.accounts.begin(account, now);
        self.addresses.begin(address, now);
        Ok(())
    }

    fn succeed(&self, account: &str, address: &str) {
        self.accounts.succeed(account);
        self.addresses.succeed(address);
    }
}

/// A new random token.
pub(crate) fn new_token() -> Result<Token> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Damaged("the system gave no random bytes"))?;
    Ok(Token::from_random(bytes))
}

impl Engine {
    /// Signs a user in by their password.
    ///
    /// [`Error::WrongCredentials`] whether the address or the password is wrong, after the same time;
    /// [`Error::TooManyAttempts`] after too many of these.
    pub async fn sign_in(
        &self,
        email: &str,
        password: Secret<String>,
        visitor: Visitor,
    ) -> Result<NewSession> {
        let email = user::email(email).ok_or(Error::WrongCredentials)?;
        let user = self.prove(&email, password, &visitor.address).await?;
        self.open_session(user, visitor).await
    }

    /// The user with this address and password.
    pub(crate) async fn prove(&self, email: &str, password: Secret<String>, address: &str) -> Result<User> {
        self.sign_ins.begin(email, address, self.now())?;
        let known = self.store.user_by_email(email).await?;
        let hash = known.as_ref().and_then(|known| known.password.clone());
        if !passwords::verify(password, hash).await? {
            return Err(Error::WrongCredentials);
        }
        self.sign_ins.succeed(email, address);
        known.map(|known| known.user).ok_or(Error::WrongCredentials)
    }

    /// Makes a session for a user who has proved who they are.
    pub(crate) async fn open_session(&self, user: User, visitor: Visitor) -> Result<NewSession> {
        let (token, now) = (new_token()?, self.now());
        let session = Session {
            id: self.ids.next(),
            created_at: now,
            last_used_at: now,
            expires_at: end(now, now),
            user_agent: visitor.user_agent.chars().take(USER_AGENT_CHARACTERS).collect(),
            address: visitor.address,
        };
        self.store.create_session(user.id, token.hash(), session.clone()).await?;
        let roles = self.store.roles_of(user.id).await?;
        Ok(NewSession { token, signed_in: SignedIn { session, user, roles } })
    }

    /// The session that this token opens, with its user and what they may do now; `None` where it has ended.
    ///
    /// It is looked up each time: a session that was ended, and a role that was taken away, hold no longer from that
    /// moment on, on every node.
    pub async fn session(&self, token: &Token) -> Result<Option<SignedIn>> {
        let Some(mut found) = self.store.session_by_hash(token.hash()).await? else { return Ok(None) };
        let (now, session) = (self.now(), &mut found.session);
        if now.since(session.last_used_at) >= USE_NOTED_EVERY {
            session.last_used_at = now;
            session.expires_at = end(session.created_at, now);
            let touched = self.store.touch_session(found.user.id, session.id, now, session.expires_at).await;
            // Not worth refusing a request.
            if let Err(error) = touched {
                tracing::warn!(error = chain(&error), "the use of a session could not be noted");
            }
        }
        Ok(Some(found))
    }

    /// The sessions of a user, the one that was used last first.
    pub async fn sessions(&self, user: Uuid) -> Result<Vec<Session>> {
        Ok(self.store.sessions(user).await?)
    }

    /// Ends a session of a user. [`Error::NotFound`] where they have none with this id.
    pub async fn end_session(&self, user: Uuid, id: Uuid) -> Result<()> {
        let ended = self.store.end_session(user, id).await?;
        if ended { Ok(()) } else { Err(Error::NotFound(Resource::Session)) }
    }

    /// Changes the password of a signed-in user, who has to know the current one where they have one. Their other
    /// sessions end.
    pub async fn change_password(
        &self,
        signed_in: &SignedIn,
        current: Secret<String>,
        new: Secret<String>,
        address: &str,
    ) -> Result<()> {
        passwords::check(&new, "new")?;
        let SignedIn { session, user, .. } = signed_in;
        self.prove(&user.email, current, address).await?;
        let hash = passwords::hash(new).await?;
        Ok(self.store.set_password(user.id, hash, Some(session.id)).await?)
    }
}

/// When a session ends that began at `begun` and is used at `now`.
fn end(begun: Timestamp, now: Timestamp) -> Timestamp {
    now.after(IDLE).min(begun.after(LONGEST))
}
