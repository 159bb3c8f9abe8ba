//! Credentials that work: a token near its end is renewed before it is used, by one process at a time on all nodes.
//!
//! What is asked and what the answer means is in [`bespoke_core::auth::oauth2`]; here it is sent, once. Within the process
//! those who want the same token wait for each other; between nodes a lease in the database decides.

use crate::{
    Engine, Error, Resource, Result,
    http::{Body, HeaderMap, HeaderName, HeaderValue, Method, Request, header},
    proxy::{Lookup, filled_url},
};
use bespoke_core::{
    auth::{
        Credentials,
        oauth2::{self, TokenRequest},
    },
    connection::Connection,
    id::ConnectionId,
    log::{Level, LogKind},
    provider::Provider,
};
use bespoke_store::{RefreshOutcome, RefreshState};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use tokio::sync::OwnedMutexGuard;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// How long a token endpoint may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a lease lasts: longer than everything that is done under it, so that only a node which died loses it.
const LEASE: Duration = Duration::from_secs(90);
/// The first wait for another node; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// How long a renewed token is not doubted, whatever the provider answers: some refuse a request with 401 for other reasons.
const TRUST: Duration = Duration::from_mins(5);
/// How often the outcome is written, a second apart, where the database does not answer.
const WRITES: u32 = 5;
/// Bytes that an answer with a token may have.
const MAX_ANSWER: usize = 1024 * 1024;

/// Why there are no credentials that work, and whose.
#[derive(Debug)]
pub struct Unusable {
    /// Why.
    pub reason: Reason,
    /// The connection.
    pub connection: Connection,
}

/// Why there are no credentials that work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The provider gave no new token, or could not be asked: the text says why.
    Refused(String),
    /// That was so a moment ago, so it is not tried now.
    Backoff,
    /// That was so for days, so it is not tried any more unless someone insists.
    Exhausted,
}

impl Reason {
    /// The code of http-api.md §2.5.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refresh_token_external_error",
            Self::Backoff => "connection_refresh_backoff",
            Self::Exhausted => "connection_refresh_exhausted",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "The credentials could not be renewed: {why}."),
            Self::Backoff => {
                f.write_str("Renewing the credentials failed a moment ago; it is tried again shortly.")
            }
            Self::Exhausted => {
                f.write_str("Renewing the credentials failed for days; the customer must connect again.")
            }
        }
    }
}

/// When credentials are good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// When they are not near their end.
    Lasting,
    /// When they are newer than those that the provider has just answered 401 to.
    Accepted,
    /// When they are newer than those that the caller has seen: someone insists.
    New,
}

/// What is being renewed in this process.
#[derive(Default)]
pub(crate) struct Renewals {
    /// Renewals go on without their callers: the answer may hold the only copy of the next refresh token.
    pub(crate) tasks: TaskTracker,
    turns: Mutex<HashMap<ConnectionId, Weak<tokio::sync::Mutex<()>>>>,
}

impl Renewals {
    /// Waits until nobody else in this process renews the credentials of this connection.
    async fn turn(&self, connection: ConnectionId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(turn) = turns.get(&connection).and_then(Weak::upgrade) {
                turn
            } else {
                turns.retain(|_, turn| turn.strong_count() > 0);
                let turn = Arc::default();
                turns.insert(connection, Arc::downgrade(&turn));
                turn
            }
        };
        turn.lock_owned().await
    }
}

impl Engine {
    /// Credentials that serve the need, given those that are stored: these, or new ones, or those by which another has
    /// replaced them meanwhile.
    ///
    /// Where a token near its end cannot be renewed it does until it ends. Costs no look into the database while nothing is
    /// near its end. Fails with [`Error::CredentialsUnusable`].
    pub(crate) async fn fresh_credentials(
        self: &Arc<Self>,
        connection: &Connection,
        stored: Credentials,
        need: Need,
    ) -> Result<Credentials> {
        let Some(provider) = self.providers.get(&connection.provider) else { return Ok(stored) };
        let is_wanted = need != Need::Lasting || oauth2::is_due(&provider.definition, &stored, self.now());
        if !is_wanted || !oauth2::is_renewable(&stored) {
            return Ok(stored);
        }
        let renewal = Renewal {
            engine: Arc::clone(self),
            provider: Arc::clone(provider),
            connection: self.with_open_secrets(connection.clone()),
            seen: stored.clone(),
            need,
        };
        let renewed = self.renewals.tasks.spawn(renewal.run()).await.map_err(|_| Error::Stopping)?;
        match renewed {
            Err(Error::CredentialsUnusable(_))
                if need == Need::Lasting && oauth2::is_valid(&stored, self.now()) =>
            {
                Ok(stored)
            }
            other => other,
        }
    }
}

/// Renewing the credentials of one connection.
struct Renewal {
    engine: Arc<Engine>,
    provider: Arc<Provider>,
    connection: Connection,
    /// The credentials that are not good enough.
    seen: Credentials,
    /// What would be.
    need: Need,
}

/// Why the provider gave no token.
enum Failed {
    /// It was asked, or would have been.
    Refused(String),
    /// We could not get so far.
    Engine(Error),
}

impl From<bespoke_store::Error> for Failed {
    fn from(error: bespoke_store::Error) -> Self {
        Self::Engine(error.into())
    }
}

fn refused(error: &(dyn std::error::Error + 'static)) -> Failed {
    Failed::Refused(crate::error::chain(error))
}

impl Renewal {
    async fn run(self) -> Result<Credentials> {
        let engine = &self.engine;
        let (environment, id) = (self.connection.environment, self.connection.id);
        let _turn = engine.renewals.turn(id).await;
        let (mut wait, mut waited) = (FIRST_WAIT, Duration::ZERO);
        loop {
            let state = engine.store.refresh_state(environment, id).await?;
            let state = state.ok_or(Error::NotFound(Resource::Connection))?;
            if let Some(settled) = self.settled(&state) {
                return settled;
            }
            let lease = engine.ids.next();
            if let Some(state) = engine.store.lease_refresh(environment, id, lease, LEASE).await? {
                return self.under_lease(lease, state).await;
            }
            // Another node is at it. Its lease ends even if that node has died.
            if waited > LEASE {
                return Err(self.unusable(Reason::Backoff));
            }
            engine.proxy.sleeper().sleep(wait).await;
            waited += wait;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// What there is to say without asking the provider; `None` where it is to be asked.
    fn settled(&self, state: &RefreshState) -> Option<Result<Credentials>> {
        let (now, stored) = (self.engine.now(), &state.credentials);
        let is_wanted = match self.need {
            Need::Lasting => oauth2::is_due(&self.provider.definition, stored, now),
            Need::Accepted => {
                *stored == self.seen
                    && state.renewed_at.is_none_or(|renewed_at| now.since(renewed_at) >= TRUST)
            }
            Need::New => *stored == self.seen,
        };
        if !is_wanted || !oauth2::is_renewable(stored) {
            Some(Ok(stored.clone()))
        } else if state.failures.is_exhausted() && self.need != Need::New {
            Some(Err(self.unusable(Reason::Exhausted)))
        } else if state.failures.is_cooling(now) {
            Some(Err(self.unusable(Reason::Backoff)))
        } else {
            None
        }
    }

    async fn under_lease(&self, lease: Uuid, state: RefreshState) -> Result<Credentials> {
        if let Some(settled) = self.settled(&state) {
            self.finish(lease, RefreshOutcome::Unneeded).await?;
            return settled;
        }
        match self.ask(&state.credentials).await {
            Ok(renewed) => {
                if self.finish(lease, RefreshOutcome::Renewed(Box::new(renewed.clone()))).await? {
                    return Ok(renewed);
                }
                // The connection was authorised anew meanwhile, or a write whose answer was lost did succeed.
                let Connection { environment, id, .. } = self.connection;
                let stored = self.engine.store.connection_credentials(environment, id).await?;
                stored.ok_or(Error::NotFound(Resource::Connection))
            }
            Err(Failed::Refused(why)) => {
                let Connection { provider_config_key, connection_id, .. } = &self.connection;
                tracing::warn!(
                    integration = provider_config_key,
                    connection = connection_id,
                    reason = why,
                    "the credentials of a connection could not be renewed"
                );
                let log = self.engine.connection_log(&self.connection);
                log.know(&self.seen);
                log.know(&state.credentials);
                let message = format!("the credentials could not be renewed: {why}");
                log.line(LogKind::Event, Level::Error, &message, None);
                let failures = state.failures.and_one(self.engine.now());
                self.finish(lease, RefreshOutcome::Failed(failures)).await?;
                Err(self.unusable(Reason::Refused(why)))
            }
            Err(Failed::Engine(error)) => {
                self.finish(lease, RefreshOutcome::Unneeded).await?;
                Err(error)
            }
        }
    }

    /// Writes the outcome. It insists: a refresh token that is not written down is lost, and the customer with it.
    async fn finish(&self, lease: Uuid, outcome: RefreshOutcome) -> Result<bool> {
        use bespoke_store::Error::{Busy, Unavailable};
        let Connection { environment, id, .. } = self.connection;
        for _ in 1..WRITES {
            match self.engine.store.finish_refresh(environment, id, lease, outcome.clone()).await {
                Err(Busy(_) | Unavailable(_)) => {
                    self.engine.proxy.sleeper().sleep(Duration::from_secs(1)).await;
                }
                written => return Ok(written?),
            }
        }
        Ok(self.engine.store.finish_refresh(environment, id, lease, outcome).await?)
    }

    /// Asks the provider for new credentials.
    async fn ask(&self, stored: &Credentials) -> Result<Credentials, Failed> {
        let Connection { environment, integration, .. } = self.connection;
        let integration = self.engine.store.integration_credentials(environment, integration).await?;
        let client = oauth2::Client::of(stored, integration.as_ref());
        let asked_at = self.engine.now();
        let request = self.request(stored, &client)?;
        let answer = self.engine.proxy.client().send(request).await.map_err(|error| refused(&error))?;
        let status = answer.status.as_u16();
        let body = answer.bytes(MAX_ANSWER).await.map_err(|error| refused(&error))?;
        oauth2::renewed(&self.provider.definition, stored, status, &body, asked_at)
            .map_err(|error| refused(&error))
    }

    fn request(&self, stored: &Credentials, client: &oauth2::Client) -> Result<Request, Failed> {
        let names = Lookup::new(&self.provider, &self.connection, stored);
        let find = |name: &str| match (name, client) {
            ("client_id" | "clientId", oauth2::Client { id: Some(text), .. })
            | ("client_secret" | "clientSecret", oauth2::Client { secret: Some(text), .. }) => {
                Some(text.expose().clone())
            }
            _ => names.find(name),
        };
        let config = &self.connection.connection_config;
        let TokenRequest { url, headers, content_type, body } =
            oauth2::renewal(&self.provider.definition, stored, client, config, &find)
                .map_err(|error| refused(&error))?;
        let url = filled_url(url, &names).map_err(|error| refused(&error))?;
        let mut all = HeaderMap::new();
        for (name, value) in &headers {
            let cannot =
                || Failed::Refused(format!("the header `{name}` of the token request cannot be sent"));
            let key: HeaderName = name.to_lowercase().parse().map_err(|_| cannot())?;
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| cannot())?;
            value.set_sensitive(true);
            all.insert(key, value);
        }
        all.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let mut request = Request::new(Method::POST, url);
        request.credential_headers = all.keys().cloned().collect();
        request.headers = all;
        request.body = Body::Bytes(body.expose().clone().into());
        request.decompress = true;
        request.timeout = Some(TIMEOUT);
        Ok(request)
    }

    fn unusable(&self, reason: Reason) -> Error {
        Error::CredentialsUnusable(Box::new(Unusable { reason, connection: self.connection.clone() }))
    }
}
