//! The outbox, and the log of it: what the backend is told. Rows are written in the transaction of the change that they
//! tell of, so nothing that happened is left out: each is delivered at least once. What is delivered, or never will be,
//! stays for a while, so that people can see it and send it again.
//!
//! Whoever sends a row takes it up for some time; after that time anybody may. The attempt's number is the fence.

use crate::{
    Store,
    db::{Row, Tx, Value, params},
    error::{Error, Result},
};
use bespoke_core::{
    id::EnvironmentId,
    time::Timestamp,
    webhook::{DeliveryState, Texts},
};
use std::time::Duration;

/// Woken when there is something to send.
pub const DELIVERIES: &str = "webhooks.deliveries";
/// How many rows one transaction deletes.
const PRUNED_AT_ONCE: u32 = 2_000;

/// A request to the backend.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Row id.
    pub id: i64,
    /// The environment whose backend it is.
    pub environment: EnvironmentId,
    /// Where to.
    pub url: String,
    /// Headers besides those that every delivery has.
    pub headers: Texts,
    /// JSON.
    pub body: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// When it was put into the outbox.
    pub created_at: Timestamp,
}

/// What came of an attempt to deliver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The status, where the backend answered.
    pub status: Option<u16>,
    /// Why it counts as failed.
    pub error: Option<String>,
    /// The start of what a failed one was answered.
    pub body: Option<String>,
}

/// A delivery as lists show it.
#[derive(Clone, Debug)]
pub struct ListedDelivery {
    /// Row id: a later one is larger.
    pub id: i64,
    /// What became of it.
    pub state: DeliveryState,
    /// What it tells of: the `type` of the body.
    pub kind: String,
    /// The integration's key, as it was.
    pub provider_config_key: Option<String>,
    /// The connection, as it was.
    pub connection_id: Option<String>,
    /// Where to.
    pub url: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, while it is pending.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was put into the outbox.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub finished_at: Option<Timestamp>,
    /// The last status.
    pub response_status: Option<u16>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// A delivery with what was sent.
#[derive(Clone, Debug)]
pub struct WholeDelivery {
    /// What lists show.
    pub listed: ListedDelivery,
    /// What is sent, as JSON text.
    pub body: String,
    /// The start of the last answer that was a failure.
    pub response_body: Option<String>,
}

/// What a body tells of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// The `type` of the body.
    pub(crate) kind: &'static str,
    /// The integration's key.
    pub(crate) provider_config_key: &'a str,
    /// The connection, where it is about one.
    pub(crate) connection_id: Option<&'a str>,
}

/// Puts a body into the outbox, once for each URL.
pub(crate) fn queue(
    tx: &mut Tx,
    environment: EnvironmentId,
    urls: &[&str],
    subject: Subject<'_>,
    (headers, body): (&Texts, &str),
    now: Timestamp,
) -> Result<()> {
    let Subject { kind, provider_config_key, connection_id } = subject;
    for &url in urls {
        tx.execute(
            "INSERT INTO webhook_deliveries (environment_id, state, kind, provider_config_key, connection_id, url, attempt,
                                             due_at, created_at, headers, body)
             VALUES ($1, 'pending', $2, $3, $4, $5, 0, $6, $6, $7, $8)",
            params![
                environment,
                kind,
                provider_config_key,
                connection_id,
                url,
                now,
                Value::json(headers)?,
                body
            ],
        )?;
    }
    if !urls.is_empty() {
        tx.wake(DELIVERIES);
    }
    Ok(())
}

const LISTED: &str = "id, state, kind, provider_config_key, connection_id, url, attempt, due_at, created_at, finished_at, \
     response_status, error";

fn listed(row: &Row<'_>) -> Result<ListedDelivery> {
    let state: String = row.get(1)?;
    let state = DeliveryState::parse(&state)
        .ok_or_else(|| Error::Corrupt(format!("there is no state {state} of deliveries")))?;
    let due_at: Timestamp = row.get(7)?;
    Ok(ListedDelivery {
        id: row.get(0)?,
        state,
        kind: row.get(2)?,
        provider_config_key: row.get(3)?,
        connection_id: row.get(4)?,
        url: row.get(5)?,
        attempts: row.get(6)?,
        next_attempt_at: (state == DeliveryState::Pending).then_some(due_at),
        created_at: row.get(8)?,
        finished_at: row.get(9)?,
        response_status: row.get(10)?,
        error: row.get(11)?,
    })
}

impl Store {
    /// Takes up to `limit` due deliveries, oldest first, for this long.
    pub async fn claim_deliveries(&self, limit: u32, lease: Duration) -> Result<Vec<Delivery>> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let due = tx.one_of(&format!(
                    "SELECT id FROM webhook_deliveries WHERE state = 'pending' AND due_at <= $1
                     ORDER BY due_at, id LIMIT $3{}",
                    tx.skip_locked()
                ));
                let sql = format!(
                    "UPDATE webhook_deliveries SET due_at = $2, attempt = attempt + 1 WHERE id {due}
                     RETURNING id, environment_id, url, headers, body, attempt, created_at"
                );
                let mut claimed = tx.query(&sql, params![now, now.after(lease), limit], |row| {
                    Ok(Delivery {
                        id: row.get(0)?,
                        environment: row.get(1)?,
                        url: row.get(2)?,
                        headers: row.json(3)?,
                        body: row.get(4)?,
                        attempt: row.get(5)?,
                        created_at: row.get(6)?,
                    })
                })?;
                claimed.sort_by_key(|delivery| delivery.id);
                Ok(claimed)
            })
            .await
    }

    /// When the next delivery is due; `None` where there is none.
    pub async fn next_delivery_at(&self) -> Result<Option<Timestamp>> {
        self.db
            .read(|tx| {
                tx.value_opt(
                    "SELECT due_at FROM webhook_deliveries WHERE state = 'pending' ORDER BY due_at, id LIMIT 1",
                    &[],
                )
            })
            .await
    }

    /// The backend has it, or never will where the reply has an error: it leaves the outbox and stays in the log. Nothing
    /// happens where another has taken it up meanwhile.
    pub async fn finish_delivery(&self, delivery: &Delivery, reply: Reply) -> Result<()> {
        let (id, attempt, now) = (delivery.id, delivery.attempt, self.now());
        let state = if reply.error.is_some() { DeliveryState::Failed } else { DeliveryState::Delivered };
        self.db
            .write(move |tx| {
                let Reply { status, error, body } = &reply;
                let (error, body) = (error.as_deref(), body.as_deref());
                tx.execute(
                    "UPDATE webhook_deliveries
                     SET state = $3, finished_at = $4, response_status = $5, error = $6, response_body = $7
                     WHERE id = $1 AND attempt = $2 AND state = 'pending'",
                    params![id, attempt, state.as_str(), now, *status, error, body],
                )
                .map(drop)
            })
            .await
    }

    /// It is to be sent again at `at`. Nothing happens where another has taken it up meanwhile.
    pub async fn defer_delivery(&self, delivery: &Delivery, reply: Reply, at: Timestamp) -> Result<()> {
        let (id, attempt) = (delivery.id, delivery.attempt);
        self.db
            .write(move |tx| {
                let Reply { status, error, body } = &reply;
                let (error, body) = (error.as_deref(), body.as_deref());
                tx.execute(
                    "UPDATE webhook_deliveries
                     SET due_at = $3, response_status = $4, error = $5, response_body = $6
                     WHERE id = $1 AND attempt = $2 AND state = 'pending'",
                    params![id, attempt, at, *status, error, body],
                )?;
                tx.wake(DELIVERIES);
                Ok(())
            })
            .await
    }

    /// The deliveries of an environment in this state, or in any, newest first, before the one with the id `before`.
    pub async fn deliveries(
        &self,
        environment: EnvironmentId,
        state: Option<DeliveryState>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ListedDelivery>> {
        self.db
            .read(move |tx| {
                // The state stands in the text: a parameter would not choose the index of what is not delivered.
                let state = state.map_or(String::new(), |state| format!(" AND state = '{}'", state.as_str()));
                let sql = format!(
                    "SELECT {LISTED} FROM webhook_deliveries WHERE environment_id = $1 AND id < $2{state}
                     ORDER BY id DESC LIMIT $3"
                );
                tx.query(&sql, params![environment, before.unwrap_or(i64::MAX), limit], listed)
            })
            .await
    }

    /// A delivery of an environment with what was sent.
    pub async fn delivery(&self, environment: EnvironmentId, id: i64) -> Result<Option<WholeDelivery>> {
        self.db
            .read(move |tx| {
                let sql = format!(
                    "SELECT {LISTED}, response_body, body FROM webhook_deliveries WHERE id = $1 AND environment_id = $2"
                );
                tx.query_opt(&sql, params![id, environment], |row| {
                    Ok(WholeDelivery {
                        listed: listed(row)?,
                        response_body: row.get(12)?,
                        body: row.get(13)?,
                    })
                })
            })
            .await
    }

    /// Lets a delivery be sent to `url` now, as often as a new one. False where it is not there.
    pub async fn replay_delivery(&self, environment: EnvironmentId, id: i64, url: String) -> Result<bool> {
        let now = self.now();
        self.db
            .write(move |tx| {
                // While it is pending somebody may be sending it: then the attempt goes on counting, as it is the fence.
                let found = tx.execute(
                    "UPDATE webhook_deliveries
                     SET attempt = CASE WHEN state = 'pending' THEN attempt ELSE 0 END,
                         state = 'pending', finished_at = NULL, due_at = $3, url = $4
                     WHERE id = $1 AND environment_id = $2",
                    params![id, environment, now, &url],
                )?;
                tx.wake(DELIVERIES);
                Ok(found > 0)
            })
            .await
    }

    /// Forgets what was delivered or given up longer ago than `keep`, some at a time. How many it were.
    pub async fn prune_deliveries(&self, keep: Duration) -> Result<u64> {
        let before = self.now().before(keep);
        self.db
            .write(move |tx| {
                let old = tx.one_of(
                    "SELECT id FROM webhook_deliveries WHERE finished_at < $1 ORDER BY finished_at LIMIT $2",
                );
                tx.execute(
                    &format!("DELETE FROM webhook_deliveries WHERE id {old}"),
                    params![before, PRUNED_AT_ONCE],
                )
            })
            .await
    }
}
