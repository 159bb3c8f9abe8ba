//! What providers send: checked, stored, answered; then routed to connections and run (http-api.md §14, functions.md §6).
//!
//! Anybody can send something to these addresses. Nothing of it is believed before [`verify`] has agreed, where the
//! provider's definition says how, and nothing is stored before that.

mod route;
mod verify;

use crate::{Allowance, Engine, Error, RateLimit, Resource, Result};
use bespoke_core::{
    environment::Environment,
    id::IntegrationId,
    integration::Integration,
    log::Level,
    provider::webhook::{Handshake, Place, Request, Webhook, is_findable},
    webhook::{Texts, is_forwarded},
};
use bespoke_store::NewWebhookEvent;
use bytes::Bytes;
use serde_json::{Value, json, value::RawValue};
use url::form_urlencoded;
use uuid::Uuid;
use verify::Signed;

/// The longest answer of a handshake, in bytes.
const MAX_ECHO: usize = 4_096;
/// Bytes of a body for which a webhook counts once; a longer one counts several times.
const UNIT: usize = 16 * 1024;

/// What may be written for those who send webhooks: anybody can send, and the disk is everybody's.
pub(crate) struct Limits {
    stored: RateLimit<IntegrationId>,
    /// Apart, so that who knows no secret does not use up what the provider may send.
    refused: RateLimit<IntegrationId>,
}

impl Limits {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { stored: RateLimit::new(per_minute), refused: RateLimit::new(per_minute) }
    }
}

/// A request of a provider.
#[derive(Clone, Debug)]
pub struct InboundWebhook {
    /// The environment's UUID.
    pub environment: Uuid,
    /// The integration's key.
    pub provider_config_key: String,
    /// The address that it was sent to, as the provider knows it.
    pub url: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The query as it came, without its question mark.
    pub query: String,
    /// The body as it came.
    pub body: Bytes,
}

/// What a provider is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookAnswer {
    /// It is stored, or was already.
    Stored,
    /// There was nothing in it.
    Nothing,
    /// Its own value, as plain text.
    Text(String),
    /// Its own value, in a JSON object.
    Json(Value),
    /// Its own value, in a header.
    Header(String, String),
}

impl Engine {
    /// Takes a provider's request. What comes after it is answered happens by [`Engine::route_webhooks`].
    ///
    /// Fails with [`Error::NotFound`] (environment, integration), [`Error::WebhookRefused`] and [`Error::TooManyWebhooks`].
    pub async fn receive_webhook(&self, inbound: InboundWebhook) -> Result<WebhookAnswer> {
        let environment = self.store.environment_by_uuid(inbound.environment).await?;
        let environment = environment.ok_or(Error::NotFound(Resource::Environment))?;
        let key = &inbound.provider_config_key;
        let integration = self.store.integration_by_key(environment.id, key).await?;
        let integration = integration.ok_or(Error::NotFound(Resource::Integration))?;
        let rules = self.webhook_rules(&integration.provider);
        let texts: Texts =
            inbound.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let query: Texts = form_urlencoded::parse(inbound.query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
            .collect();
        let payload = payload(texts.get("content-type").and_then(Value::as_str), &inbound.body);
        let body = payload.value();
        let request = Request { headers: &texts, query: &query, body: &body };
        if let Some(answer) = rules.handshake.iter().find_map(|handshake| answer(handshake, &request)) {
            return Ok(answer);
        }
        if inbound.body.is_empty() && rules.verify.is_none() {
            return Ok(WebhookAnswer::Nothing);
        }
        let signed = Signed { url: &inbound.url, body: &inbound.body, request, now: self.now() };
        self.verify_webhook(&rules, &integration, &environment, &signed).await?;
        let units = u32::try_from(inbound.body.len().div_ceil(UNIT).max(1)).unwrap_or(u32::MAX);
        let allowance = self.webhook_limits.stored.take_many(integration.id, units, self.now());
        if allowance.exceeded {
            return Err(self.too_many_webhooks(&integration, &environment, allowance));
        }
        let event = NewWebhookEvent {
            environment: environment.id,
            integration: integration.id,
            delivery_id: rules.delivery_id.as_ref().and_then(|place| delivery_id(place, &request)),
            request: kept(&rules, texts.clone(), query.clone()),
            payload: payload.0,
        };
        self.store.receive_webhook(event).await?;
        Ok(WebhookAnswer::Stored)
    }

    /// What is known of the webhooks of a provider.
    fn webhook_rules(&self, provider: &str) -> Webhook {
        let declared = self.providers.get(provider).and_then(|provider| provider.definition.webhook.clone());
        declared.unwrap_or_else(Webhook::generic)
    }

    async fn verify_webhook(
        &self,
        rules: &Webhook,
        integration: &Integration,
        environment: &Environment,
        signed: &Signed<'_>,
    ) -> Result<()> {
        let Some(how) = &rules.verify else { return Ok(()) };
        let credentials = self.store.integration_credentials(environment.id, integration.id).await?;
        let secret = |names: &[String]| {
            let of = |name: &String| {
                let stored = credentials.as_ref().and_then(|json| json.0.get(name));
                stored.or_else(|| integration.custom.get(name)).and_then(Value::as_str).map(str::to_owned)
            };
            names.iter().filter_map(of).find(|secret| !secret.is_empty())
        };
        verify::verify(how, signed, &secret).map_err(|problem| {
            let allowance = self.webhook_limits.refused.take(integration.id, self.now());
            if allowance.exceeded {
                return self.too_many_webhooks(integration, environment, allowance);
            }
            let message = format!("a webhook was refused: {problem}");
            self.log_event(environment.id, Some(&integration.unique_key), Level::Warn, &message, None);
            let (environment, integration) = (&environment.name, &integration.unique_key);
            tracing::warn!(environment, integration, "a webhook for {integration} was refused: {problem}");
            Error::WebhookRefused(problem)
        })
    }
}

impl Engine {
    fn too_many_webhooks(
        &self,
        integration: &Integration,
        environment: &Environment,
        allowance: Allowance,
    ) -> Error {
        let (environment, integration) = (&environment.name, &integration.unique_key);
        tracing::debug!(environment, integration, "too many webhooks for {integration} came within a minute");
        Error::TooManyWebhooks(allowance.wait(self.now()))
    }
}

/// A body as JSON text.
struct Payload(String);

impl Payload {
    fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

/// The body as JSON: as it came, a form as an object of texts, anything else as one text.
fn payload(content_type: Option<&str>, body: &Bytes) -> Payload {
    let is_form = content_type
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
    if is_form {
        let fields: Texts = form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
            .collect();
        return Payload(Value::Object(fields).to_string());
    }
    match std::str::from_utf8(body) {
        Ok("") => Payload("null".to_owned()),
        // A value as well: where it is nested too deep it is a text to us.
        Ok(text) if serde_json::from_str::<Value>(text).is_ok() => {
            match serde_json::from_str::<&RawValue>(text) {
                Ok(raw) => Payload(raw.get().to_owned()),
                Err(_) => Payload(Value::from(text).to_string()),
            }
        }
        _ => Payload(Value::from(String::from_utf8_lossy(body)).to_string()),
    }
}

fn answer(handshake: &Handshake, request: &Request<'_>) -> Option<WebhookAnswer> {
    let told = handshake.when.text(request)?;
    if handshake.equals.as_ref().is_some_and(|wanted| *wanted != told) {
        return None;
    }
    let echo = match &handshake.echo {
        Some(place) => place.text(request)?,
        None => told,
    };
    if echo.len() > MAX_ECHO {
        return None;
    }
    Some(match (&handshake.json, &handshake.header) {
        (Some(name), _) => WebhookAnswer::Json(json!({ name: echo })),
        (None, Some(name)) => WebhookAnswer::Header(name.clone(), echo),
        (None, None) => WebhookAnswer::Text(echo),
    })
}

fn delivery_id(place: &Place, request: &Request<'_>) -> Option<String> {
    place.text(request).filter(|id| is_findable(id))
}

/// The headers and the query as they are stored: without what proves who sent it, which nobody needs any more.
fn kept(rules: &Webhook, mut headers: Texts, mut query: Texts) -> String {
    headers.retain(|name, _| is_forwarded(name));
    let token = rules.verify.as_ref().and_then(|how| how.token.as_ref());
    match token.map(|token| &token.place) {
        Some(Place::Header(name)) => drop(headers.shift_remove(name)),
        Some(Place::Query(name)) => drop(query.shift_remove(name)),
        Some(Place::Body(_)) | None => {}
    }
    json!({ "headers": headers, "query": query }).to_string()
}
