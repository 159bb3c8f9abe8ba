//! What providers sent. An event is stored before its provider is answered, and routed to connections afterwards: the runs
//! that it makes, and what is forwarded to the backend, are written in one transaction with the note that it is routed.
//!
//! Events of one integration are routed in the order in which they came.

use crate::{
    Store,
    db::{Tx, params},
    error::{Error, Result},
    lanes::{self, Lane},
    notices,
    runs::{self, NewRun},
    webhook_deliveries::{self, Subject},
    webhook_settings,
};
use bespoke_core::{
    function::Definition,
    id::{ConnectionId, EnvironmentId, IntegrationId},
    run::RunKind,
    sync::{BASE_VARIANT, id_of},
    time::Timestamp,
    webhook::{self, Texts},
};
use serde_json::Value as Json;
use std::{collections::BTreeSet, time::Duration};
use uuid::Uuid;

/// The `type` of what providers sent.
const FORWARD: &str = "forward";

/// How often a webhook function is tried.
const MAX_ATTEMPTS: u32 = 5;

/// Woken when a provider has sent something.
pub const RECEIVED: &str = "webhooks.received";

/// What a provider sent, to be stored.
#[derive(Clone, Debug)]
pub struct NewWebhookEvent {
    /// The environment.
    pub environment: EnvironmentId,
    /// The integration.
    pub integration: IntegrationId,
    /// The provider's own name for it, where it has one.
    pub delivery_id: Option<String>,
    /// Headers and query as JSON text, without secrets.
    pub request: String,
    /// The body as JSON text.
    pub payload: String,
}

/// What a provider sent, not routed yet.
#[derive(Clone, Debug)]
pub struct WebhookEvent {
    /// Row id; a later event has a greater one.
    pub id: i64,
    /// The environment.
    pub environment: EnvironmentId,
    /// The integration.
    pub integration: IntegrationId,
    /// The integration's key.
    pub provider_config_key: String,
    /// Its provider.
    pub provider: String,
    /// Whether the backend is to have it too.
    pub is_forwarded: bool,
    /// Headers and query as JSON text.
    pub request: String,
    /// The body as JSON text.
    pub payload: String,
}

/// A way to find connections.
#[derive(Clone, Debug)]
pub enum FindConnections {
    /// Those of these ids.
    Named(Vec<String>),
    /// Those that have one of these values at a path.
    At(String, Vec<String>),
    /// All of the integration.
    All,
}

/// One part of an event: whom it is for and what it is about.
#[derive(Clone, Debug)]
pub struct WebhookItem {
    /// Ways to find the connections, the first that finds any counts.
    pub finds: Vec<FindConnections>,
    /// What subscriptions are compared with.
    pub types: Vec<String>,
    /// What the backend is sent.
    pub payload: Json,
}

/// How routing an event went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routed {
    /// It made this many runs.
    Done(usize),
    /// An earlier event of the integration comes first.
    Waits,
}

impl Store {
    /// Stores what a provider sent. False where it is a delivery that is stored already.
    pub async fn receive_webhook(&self, event: NewWebhookEvent) -> Result<bool> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let stored = tx.execute(
                    "INSERT INTO webhook_events (environment_id, integration_id, delivery_id, received_at, routed,
                                                 request, payload)
                     VALUES ($1, $2, $3, $4, FALSE, $5, $6)
                     ON CONFLICT (integration_id, delivery_id) WHERE delivery_id IS NOT NULL DO NOTHING",
                    params![
                        event.environment,
                        event.integration,
                        event.delivery_id.as_deref(),
                        now,
                        &event.request,
                        &event.payload
                    ],
                )?;
                tx.wake(RECEIVED);
                Ok(stored > 0)
            })
            .await
    }

    /// The oldest events that are not routed yet.
    pub async fn unrouted_webhooks(&self, limit: u32) -> Result<Vec<WebhookEvent>> {
        self.db
            .read(move |tx| {
                tx.query(
                    "SELECT e.id, e.environment_id, e.integration_id, integrations.unique_key, integrations.provider,
                            integrations.forward_webhooks, e.request, e.payload
                     FROM (SELECT * FROM webhook_events WHERE NOT routed ORDER BY id LIMIT $1) e
                     JOIN integrations ON integrations.id = e.integration_id ORDER BY e.id",
                    params![limit],
                    |row| {
                        Ok(WebhookEvent {
                            id: row.get(0)?,
                            environment: row.get(1)?,
                            integration: row.get(2)?,
                            provider_config_key: row.get(3)?,
                            provider: row.get(4)?,
                            is_forwarded: row.get(5)?,
                            request: row.get(6)?,
                            payload: row.get(7)?,
                        })
                    },
                )
            })
            .await
    }

    /// Makes the runs of an event, and the messages to the backend.
    pub async fn route_webhook(&self, event: WebhookEvent, items: Vec<WebhookItem>) -> Result<Routed> {
        let now = self.now();
        self.db.write(move |tx| route(tx, &event, &items, now)).await
    }

    /// What a webhook run is for: the payload of its event as JSON text, and which element of it. `None` where the event
    /// is gone.
    pub async fn webhook_payload(
        &self,
        environment: EnvironmentId,
        run: Uuid,
    ) -> Result<Option<(String, usize)>> {
        self.db
            .read(move |tx| {
                tx.query_opt(
                    "SELECT webhook_events.payload, runs.event_item FROM runs
                     JOIN webhook_events ON webhook_events.id = runs.event_id
                     WHERE runs.id = $2 AND runs.environment_id = $1",
                    params![environment, run],
                    |row| Ok((row.get(0)?, usize::try_from(row.get::<i64>(1)?).unwrap_or_default())),
                )
            })
            .await
    }

    /// Deletes events that came longer ago than `keep`, a thousand at a time. How many it were.
    pub async fn prune_webhook_events(&self, keep: Duration) -> Result<u64> {
        let before = self.now().before(keep);
        self.db
            .write(move |tx| {
                let old = tx.one_of(
                    "SELECT id FROM webhook_events WHERE received_at < $1 ORDER BY received_at LIMIT 1000",
                );
                tx.execute(&format!("DELETE FROM webhook_events WHERE id {old}"), params![before])
            })
            .await
    }
}

fn route(tx: &mut Tx, event: &WebhookEvent, items: &[WebhookItem], now: Timestamp) -> Result<Routed> {
    let sql = format!("SELECT routed FROM webhook_events WHERE id = $1{}", tx.for_update());
    if tx.value_opt::<bool>(&sql, params![event.id])? != Some(false) {
        return Ok(Routed::Done(0));
    }
    let earlier: Option<i64> = tx.value_opt(
        "SELECT 1 FROM webhook_events WHERE integration_id = $1 AND id < $2 AND NOT routed LIMIT 1",
        params![event.integration, event.id],
    )?;
    if earlier.is_some() {
        return Ok(Routed::Waits);
    }
    let functions = subscribers(tx, event)?;
    let found =
        items.iter().map(|item| find(tx, event.integration, &item.finds)).collect::<Result<Vec<_>>>()?;
    let all: BTreeSet<ConnectionId> = found.iter().flatten().copied().collect();
    let mut locked = BTreeSet::new();
    for &connection in &all {
        if lanes::lock(tx, connection)? {
            locked.insert(connection);
        }
    }
    let mut runs = 0;
    for ((number, item), connections) in (0..).zip(items).zip(&found) {
        let wanting = functions.iter().filter(|function| wants(function, &item.types)).collect::<Vec<_>>();
        for &connection in connections.iter().filter(|connection| locked.contains(connection)) {
            for function in &wanting {
                let part = Part { event, item: number, connection, now };
                runs += usize::from(enqueue(tx, &part, &function.name)?);
            }
        }
    }
    if event.is_forwarded {
        forward(tx, event, items.iter().zip(&found), now)?;
    }
    tx.execute("UPDATE webhook_events SET routed = TRUE WHERE id = $1", params![event.id])?;
    // Another node may wait for this one.
    tx.wake(RECEIVED);
    Ok(Routed::Done(runs))
}

/// What of an event a connection gets.
struct Part<'a> {
    event: &'a WebhookEvent,
    /// Which element of it.
    item: i64,
    connection: ConnectionId,
    now: Timestamp,
}

/// Queues the run of a sync's `onWebhook`; the connection is locked. False where the sync is not there.
fn enqueue(tx: &mut Tx, part: &Part<'_>, function_name: &str) -> Result<bool> {
    let Part { event, item, connection, now } = *part;
    let sync = id_of(connection, function_name, BASE_VARIANT);
    if tx.value_opt::<i64>("SELECT 1 FROM syncs WHERE id = $1", params![sync])?.is_none() {
        return Ok(false);
    }
    let name = format!("webhook:{}:{item}:{connection}:{function_name}", event.id);
    let run = NewRun {
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
        environment: event.environment,
        kind: RunKind::Webhook,
        connection,
        function_name: function_name.to_owned(),
        sync: None,
        run_at: now,
        max_attempts: MAX_ATTEMPTS,
        input: None,
        lane: Some(Lane::of_webhooks(connection)),
        now,
    };
    runs::enqueue_for_event(tx, &run, Some((event.id, item)))
}

/// The syncs of the integration that subscribe to webhooks.
fn subscribers(tx: &mut Tx, event: &WebhookEvent) -> Result<Vec<Definition>> {
    let mut functions: Vec<Definition> = tx.query(
        "SELECT definition FROM functions
         WHERE environment_id = $1 AND integration_id = $2 AND kind = 'sync' AND is_current AND enabled",
        params![event.environment, event.integration],
        |row| row.json(0),
    )?;
    functions.retain(|function| !function.webhook_subscriptions.is_empty());
    functions.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(functions)
}

fn wants(function: &Definition, types: &[String]) -> bool {
    function.webhook_subscriptions.iter().any(|wanted| wanted == "*" || types.contains(wanted))
}

/// The connections that the first way which finds any finds, in order.
fn find(tx: &mut Tx, integration: IntegrationId, finds: &[FindConnections]) -> Result<Vec<ConnectionId>> {
    for way in finds {
        let mut found: Vec<ConnectionId> = Vec::new();
        match way {
            FindConnections::Named(names) => {
                for name in names {
                    found.extend(tx.value_opt::<ConnectionId>(
                        "SELECT id FROM connections WHERE connection_id = $2 AND integration_id = $1",
                        params![integration, name],
                    )?);
                }
            }
            FindConnections::At(path, values) => {
                for value in values {
                    found.extend(tx.query(
                        "SELECT connection FROM connection_lookups
                         WHERE integration_id = $1 AND path = $2 AND value = $3",
                        params![integration, path, value],
                        |row| row.get::<ConnectionId>(0),
                    )?);
                }
            }
            FindConnections::All => {
                found = tx.query(
                    "SELECT id FROM connections WHERE integration_id = $1",
                    params![integration],
                    |row| row.get(0),
                )?;
            }
        }
        if !found.is_empty() {
            found.sort_unstable();
            found.dedup();
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Tells the backend: for each connection what is for it, or everything at once where none was found.
fn forward<'a>(
    tx: &mut Tx,
    event: &WebhookEvent,
    items: impl Iterator<Item = (&'a WebhookItem, &'a Vec<ConnectionId>)>,
    now: Timestamp,
) -> Result<()> {
    let request: Json = serde_json::from_str(&event.request)
        .map_err(|_| Error::Corrupt("the request of a webhook is not JSON".to_owned()))?;
    let mut headers: Texts = request["headers"].as_object().cloned().unwrap_or_default();
    headers.retain(|name, _| webhook::is_forwarded(name));
    let mut found_any = false;
    for (item, connections) in items {
        for &connection in connections {
            found_any = true;
            let Some(audience) = notices::audience(tx, connection)? else { continue };
            let id = &audience.connection_id;
            let body =
                webhook::forward(&event.provider, &event.provider_config_key, id, item.payload.clone());
            let (urls, subject) = (audience.urls(), audience.subject(FORWARD));
            webhook_deliveries::queue(tx, event.environment, &urls, subject, (&headers, &body), now)?;
        }
    }
    if found_any {
        return Ok(());
    }
    let settings = tx.query_opt(
        &format!("SELECT {} FROM webhook_settings WHERE environment_id = $1", webhook_settings::COLUMNS),
        params![event.environment],
        |row| webhook_settings::read(row, 0),
    )?;
    let Some(settings) = settings else { return Ok(()) };
    let payload = serde_json::from_str(&event.payload)
        .map_err(|_| Error::Corrupt("the payload of a webhook is not JSON".to_owned()))?;
    let body = webhook::sorted(payload);
    let subject =
        Subject { kind: FORWARD, provider_config_key: &event.provider_config_key, connection_id: None };
    webhook_deliveries::queue(tx, event.environment, &settings.urls(None), subject, (&headers, &body), now)
}
