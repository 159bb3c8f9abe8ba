//! The outbox: what the backend is to be told. Rows are written in the transaction of the change that they tell of, so
//! nothing that happened is left out, and deleted once the backend has them: each is delivered at least once.
//!
//! Whoever sends a row takes it up for some time; after that time anybody may. The attempt's number is the fence.

use crate::{
    Store,
    db::{Tx, Value, params},
    error::Result,
};
use bespoke_core::{id::EnvironmentId, time::Timestamp, webhook::Texts};
use std::time::Duration;

/// Woken when there is something to send.
pub const DELIVERIES: &str = "webhooks.deliveries";

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

/// Puts a body into the outbox, once for each URL.
pub(crate) fn queue(
    tx: &mut Tx,
    environment: EnvironmentId,
    urls: &[&str],
    (headers, body): (&Texts, &str),
    now: Timestamp,
) -> Result<()> {
    for &url in urls {
        tx.execute(
            "INSERT INTO webhook_deliveries (environment_id, url, attempt, due_at, created_at, headers, body)
             VALUES ($1, $2, 0, $3, $3, $4, $5)",
            params![environment, url, now, Value::json(headers)?, body],
        )?;
    }
    if !urls.is_empty() {
        tx.wake(DELIVERIES);
    }
    Ok(())
}

impl Store {
    /// Takes up to `limit` due deliveries, oldest first, for this long.
    pub async fn claim_deliveries(&self, limit: u32, lease: Duration) -> Result<Vec<Delivery>> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let due = tx.one_of(&format!(
                    "SELECT id FROM webhook_deliveries WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3{}",
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
            .read(|tx| tx.value_opt("SELECT due_at FROM webhook_deliveries ORDER BY due_at, id LIMIT 1", &[]))
            .await
    }

    /// The backend has it, or never will: it leaves the outbox. Nothing happens where another has taken it up meanwhile.
    pub async fn finish_delivery(&self, delivery: &Delivery) -> Result<()> {
        let (id, attempt) = (delivery.id, delivery.attempt);
        self.db
            .write(move |tx| {
                let sql = "DELETE FROM webhook_deliveries WHERE id = $1 AND attempt = $2";
                tx.execute(sql, params![id, attempt]).map(drop)
            })
            .await
    }

    /// It is to be sent again at `at`. Nothing happens where another has taken it up meanwhile.
    pub async fn defer_delivery(&self, delivery: &Delivery, at: Timestamp) -> Result<()> {
        let (id, attempt) = (delivery.id, delivery.attempt);
        self.db
            .write(move |tx| {
                let sql = "UPDATE webhook_deliveries SET due_at = $3 WHERE id = $1 AND attempt = $2";
                tx.execute(sql, params![id, attempt, at])?;
                tx.wake(DELIVERIES);
                Ok(())
            })
            .await
    }
}
