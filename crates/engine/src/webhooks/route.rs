//! From what a provider sent to the runs that handle it.

use super::Payload;
use crate::{Engine, Result, error::chain};
use bespoke_core::{
    id::EnvironmentId,
    integration::Integration,
    provider::webhook::{Find, Request, Target, Webhook, is_findable},
};
use bespoke_store::{FindConnections, RECEIVED, Routed, WebhookEvent, WebhookItem};
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Events that are read at once.
const BATCH: u32 = 20;
/// Values of one event that connections are looked for by, at most.
const MAX_VALUES: usize = 1_000;
/// Events are looked for this often though nobody wakes us.
const POLL: Duration = Duration::from_secs(5);

impl Engine {
    /// Routes every stored event whose turn it is. How many runs that made.
    pub async fn route_webhooks(&self) -> Result<usize> {
        let mut runs = 0;
        loop {
            let mut progress = false;
            for event in self.store.unrouted_webhooks(BATCH).await? {
                let items = items(&self.webhook_rules(&event.provider), &event);
                if let Routed::Done(made) = self.store.route_webhook(event, items).await? {
                    progress = true;
                    runs += made;
                }
            }
            if !progress {
                return Ok(runs);
            }
        }
    }

    /// Routes what comes until `stop`.
    pub(crate) async fn keep_routing(self: Arc<Self>, stop: CancellationToken) {
        let mut received = self.store.listen(RECEIVED);
        while !stop.is_cancelled() {
            if let Err(error) = self.route_webhooks().await {
                tracing::error!(error = chain(&error), "webhooks could not be routed");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = received.woken() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Gives every integration the paths that its provider's webhooks find connections by, and indexes connections where
    /// these have changed.
    pub async fn prepare_webhooks(&self) -> Result<()> {
        for stored in self.store.webhook_paths().await? {
            let paths = self.declared_paths(&stored.provider);
            if stored.paths != paths || stored.indexed != paths {
                self.store.set_webhook_paths(stored.integration, paths).await?;
            }
        }
        Ok(())
    }

    /// The same for a new integration.
    pub(crate) async fn prepare_webhooks_of(&self, integration: &Integration) -> Result<()> {
        match self.declared_paths(&integration.provider) {
            None => Ok(()),
            paths => Ok(self.store.set_webhook_paths(integration.id, paths).await?),
        }
    }

    /// The JSON text of the list of paths; `None` where there are none.
    fn declared_paths(&self, provider: &str) -> Option<String> {
        let paths = self.webhook_rules(provider).paths();
        (!paths.is_empty()).then(|| Value::from(paths).to_string())
    }

    /// What a webhook run is for, as JSON text. `None` where it is gone.
    pub(crate) async fn webhook_input(
        &self,
        environment: EnvironmentId,
        provider: &str,
        run: Uuid,
    ) -> Result<Option<String>> {
        let Some((payload, item)) = self.store.webhook_payload(environment, run).await? else {
            return Ok(None);
        };
        let Some(each) = self.webhook_rules(provider).each else { return Ok(Some(payload)) };
        let whole = Payload(payload).value();
        let elements = each.elements(&whole);
        Ok(Some(elements.get(item).unwrap_or(&whole).to_string()))
    }
}

/// The parts of an event, each with whom it is for.
fn items(rules: &Webhook, event: &WebhookEvent) -> Vec<WebhookItem> {
    let whole: Value = serde_json::from_str(&event.payload).unwrap_or_default();
    let stored: Value = serde_json::from_str(&event.request).unwrap_or_default();
    let (headers, query) = (texts(&stored["headers"]), texts(&stored["query"]));
    let elements = rules.each.as_ref().map_or(&[][..], |each| each.elements(&whole));
    let bodies = if elements.is_empty() { std::slice::from_ref(&whole) } else { elements };
    bodies.iter().map(|body| item(rules, &Request { headers: &headers, query: &query, body })).collect()
}

fn texts(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn item(rules: &Webhook, request: &Request<'_>) -> WebhookItem {
    WebhookItem {
        finds: rules.connection.iter().filter_map(|find| way(find, request)).collect(),
        types: rules.types.iter().flat_map(|place| place.texts(request)).collect(),
        payload: request.body.clone(),
    }
}

/// A way to find connections; `None` where the request does not have the value.
fn way(find: &Find, request: &Request<'_>) -> Option<FindConnections> {
    let mut values = find.from.as_ref().map(|place| place.texts(request)).unwrap_or_default();
    for value in &mut values {
        if let Some(start) = value.strip_suffix(find.strip_suffix.as_str()) {
            *value = start.to_owned();
        }
    }
    values.retain(|value| is_findable(value));
    values.sort_unstable();
    values.dedup();
    values.truncate(MAX_VALUES);
    match &find.to {
        Target::All => Some(FindConnections::All),
        _ if values.is_empty() => None,
        Target::ConnectionId => Some(FindConnections::Named(values)),
        Target::Path(path) => Some(FindConnections::At(path.clone(), values)),
    }
}
