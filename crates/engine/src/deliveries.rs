//! Sends what is in the outbox to the backends, signed, until they have it (http-api.md §15.1).
//!
//! At least once: a node that dies after the backend has answered leaves a row that is sent again.

use crate::{
    Engine, Error, Resource, Result,
    error::chain,
    http::{Body, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, redact},
};
use bespoke_core::{id::EnvironmentId, secret::Secret, time::Timestamp, webhook::DeliveryState};
use bespoke_store::{DELIVERIES, Delivery, Reply};
pub use bespoke_store::{ListedDelivery, WholeDelivery};
use bytes::Bytes;
use ring::{digest, hmac};
use std::{fmt::Write as _, sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

/// How long a backend may take to answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// After this long another may send what one has taken up.
const LEASE: Duration = Duration::from_secs(60);
/// Waits before a delivery is tried again; after the last one it is given up.
const WAITS: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(6 * 60 * 60),
];
/// Requests to backends at once, of this node.
const AT_ONCE: usize = 50;
/// The outbox is looked at this often though nobody wakes us.
const POLL: Duration = Duration::from_secs(5);

/// What is kept of an answer that is a failure, in bytes.
const REPLY: usize = 4 * 1024;

/// What became of an attempt.
enum Outcome {
    /// The backend has it.
    Accepted,
    /// Trying again will not help.
    Refused,
    /// Trying again may help.
    Failed,
}

/// A page of deliveries to ask for.
#[derive(Clone, Copy, Debug)]
pub struct DeliveriesQuery {
    /// Only in this state.
    pub state: Option<DeliveryState>,
    /// Only those before the one with this id.
    pub before: Option<i64>,
    /// How many at most.
    pub limit: u32,
}

impl Engine {
    /// Sends everything that is due and waits for the answers. How many it were.
    pub async fn deliver_due(&self) -> Result<usize> {
        let mut sent = 0;
        loop {
            let due = self.store.claim_deliveries(AT_ONCE as u32, LEASE).await?;
            if due.is_empty() {
                return Ok(sent);
            }
            sent += due.len();
            futures_util::future::join_all(due.iter().map(|delivery| self.deliver(delivery))).await;
        }
    }

    /// Sends what is due until `stop`. A backend that does not answer holds up nobody but itself.
    pub(crate) async fn keep_delivering(self: Arc<Self>, stop: CancellationToken) {
        let (slots, tasks) = (Arc::new(Semaphore::new(AT_ONCE)), TaskTracker::new());
        let mut woken = self.store.listen(DELIVERIES);
        while !stop.is_cancelled() {
            let wait = self.start_due(&slots, &tasks).await.unwrap_or_else(|error| {
                tracing::error!(error = chain(&error), "the outbox of webhooks could not be read");
                POLL
            });
            tokio::select! {
                () = stop.cancelled() => {}
                () = woken.woken() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        tasks.close();
        // What gets no answer by then is sent again after its lease.
        let _ = tokio::time::timeout(TIMEOUT, tasks.wait()).await;
    }

    /// Starts what is due, as far as there are slots. How long there will be nothing to do by the clock.
    async fn start_due(self: &Arc<Self>, slots: &Arc<Semaphore>, tasks: &TaskTracker) -> Result<Duration> {
        loop {
            let free = slots.available_permits();
            let due = match free {
                0 => Vec::new(),
                free => self.store.claim_deliveries(free as u32, LEASE).await?,
            };
            if due.is_empty() {
                let next = self.store.next_delivery_at().await?;
                let wait = next.map_or(POLL, |at| at.since(self.now()).min(POLL));
                return Ok(if free == 0 { Duration::from_millis(100) } else { wait });
            }
            for delivery in due {
                let Ok(permit) = Arc::clone(slots).acquire_owned().await else { return Ok(POLL) };
                let engine = Arc::clone(self);
                tasks.spawn(async move {
                    engine.deliver(&delivery).await;
                    drop(permit);
                });
            }
        }
    }

    async fn deliver(&self, delivery: &Delivery) {
        let (outcome, reply) = self.attempt(delivery).await;
        let wait = WAITS.get(delivery.attempt as usize - 1).copied();
        let problem = reply.error.clone().unwrap_or_default();
        let kept = match (&outcome, wait) {
            (Outcome::Failed, Some(wait)) => {
                report(delivery, &problem, "; it is tried again");
                self.store.defer_delivery(delivery, reply, self.now().after(wait)).await
            }
            (Outcome::Failed | Outcome::Refused, _) => {
                report(delivery, &problem, " for good");
                self.store.finish_delivery(delivery, reply).await
            }
            (Outcome::Accepted, _) => self.store.finish_delivery(delivery, reply).await,
        };
        if let Err(error) = kept {
            tracing::error!(error = chain(&error), "what became of a webhook could not be kept");
        }
    }

    async fn attempt(&self, delivery: &Delivery) -> (Outcome, Reply) {
        let without_answer =
            |outcome, problem: String| (outcome, Reply { error: Some(problem), ..Reply::default() });
        let Ok(url) = Url::parse(&delivery.url) else {
            return without_answer(Outcome::Refused, "it is no URL".to_owned());
        };
        let key = match self.store.webhook_settings(delivery.environment).await {
            Ok(Some(settings)) => settings.signing_key,
            Ok(None) => {
                return without_answer(Outcome::Refused, "the environment has no signing key".to_owned());
            }
            Err(error) => return without_answer(Outcome::Failed, chain(&error)),
        };
        let mut request = Request::new(Method::POST, url);
        for (name, value) in &delivery.headers {
            let value = value.as_str().and_then(|text| HeaderValue::from_str(text).ok());
            if let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), value) {
                request.headers.insert(name, value);
            }
        }
        sign(&mut request, &key, &delivery.body);
        request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.body = Body::Bytes(Bytes::from(delivery.body.clone()));
        request.timeout = Some(TIMEOUT);
        match self.proxy.client().send(request).await {
            Ok(answer) => judged(answer).await,
            Err(error @ crate::http::Error::Denied { .. }) => {
                without_answer(Outcome::Refused, format!("{error}; BESPOKE_OUTBOUND_ALLOW can permit it"))
            }
            Err(error) => without_answer(Outcome::Failed, chain(&error)),
        }
    }

    /// What the backend of an environment was told, newest first.
    pub async fn deliveries(
        &self,
        environment: EnvironmentId,
        query: DeliveriesQuery,
    ) -> Result<Vec<ListedDelivery>> {
        let DeliveriesQuery { state, before, limit } = query;
        Ok(self.store.deliveries(environment, state, before, limit).await?)
    }

    /// One of them with what was sent.
    pub async fn delivery(&self, environment: EnvironmentId, id: i64) -> Result<WholeDelivery> {
        let found = self.store.delivery(environment, id).await?;
        found.ok_or(Error::NotFound(Resource::Delivery))
    }

    /// Sends one of them again, or at once where it waits: to where it went, or to where such go now if nothing goes there
    /// any more. [`Error::Invalid`] where nothing goes anywhere.
    pub async fn replay_delivery(&self, environment: EnvironmentId, id: i64) -> Result<WholeDelivery> {
        let delivery = self.delivery(environment, id).await?.listed;
        let own = match (&delivery.provider_config_key, &delivery.connection_id) {
            (Some(key), Some(connection_id)) => {
                self.store.connection(environment, key, connection_id).await?
            }
            _ => None,
        };
        let settings = self.webhook_settings(environment).await?;
        let urls =
            settings.urls(own.as_ref().and_then(|connection| connection.webhook_url_override.as_deref()));
        let same = urls.iter().find(|url| **url == delivery.url);
        let Some(url) = same.or(urls.first()) else {
            let message = "Must be set before anything can be sent again";
            return Err(Error::invalid(&["primary_url"], "required", message));
        };
        if !self.store.replay_delivery(environment, id, (*url).to_owned()).await? {
            return Err(Error::NotFound(Resource::Delivery));
        }
        self.delivery(environment, id).await
    }
}

/// What an answer means.
async fn judged(mut answer: Response) -> (Outcome, Reply) {
    let status = Some(answer.status.as_u16());
    let outcome = match answer.status {
        status if status.is_success() => {
            return (Outcome::Accepted, Reply { status: Some(status.as_u16()), ..Reply::default() });
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Outcome::Failed,
        status if status.is_server_error() => Outcome::Failed,
        _ => Outcome::Refused,
    };
    let start = answer.peek(REPLY).await;
    let text = String::from_utf8_lossy(&start[..start.len().min(REPLY)]).replace('\0', "");
    let error = format!("it answered {}", answer.status.as_u16());
    (outcome, Reply { status, error: Some(error), body: (!text.is_empty()).then_some(text) })
}

/// Both signatures: the HMAC of the body, and the older hash of key and body.
fn sign(request: &mut Request, key: &Secret<String>, body: &str) {
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes()), body.as_bytes());
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(key.expose().as_bytes());
    hash.update(body.as_bytes());
    for (name, bytes) in
        [("x-nango-hmac-sha256", mac.as_ref()), ("x-nango-signature", hash.finish().as_ref())]
    {
        if let Ok(value) = HeaderValue::from_str(&hex(bytes)) {
            request.headers.insert(HeaderName::from_static(name), value);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

fn report(delivery: &Delivery, problem: &str, then: &str) {
    let url = Url::parse(&delivery.url).map(|url| redact::url(&url)).unwrap_or_default();
    let queued = Timestamp::millis_zulu(delivery.created_at);
    let attempt = delivery.attempt;
    tracing::warn!(url, attempt, queued, "the webhook to {url} failed{then}: {problem}");
}
