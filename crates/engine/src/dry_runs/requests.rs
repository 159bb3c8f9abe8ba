//! Requests of a dry run: those that read are sent and kept for the report, the others are not sent.

use super::{
    host::{DryHost, MAX_KEPT},
    report::{BlockedCall, Event, HttpCall, millis},
    writes,
};
use crate::run::{Answer, refusal};
use bespoke_core::connection::Connection;
use bespoke_runtime::host::{Http, Refusal, Reply, UncontrolledFetch};
use bytes::Bytes;
use serde::Deserialize;
use std::time::Instant;

/// A request on its way.
struct Asked {
    at_ms: u64,
    begin: Instant,
    method: String,
    place: String,
    sent: usize,
}

impl DryHost {
    pub(super) async fn http(&self, request: Http, body: Bytes) -> Answer {
        if !self.0.options.allowed.allows(&request) {
            return Err(self.block(writes::method(&request), writes::place(&request), body.len()));
        }
        self.use_call()?;
        let connection = self.connection_of(&request).await?;
        let (at_ms, begin, sent) = (self.elapsed(), Instant::now(), body.len());
        let (method, place) = (request.method.to_ascii_uppercase(), writes::place(&request));
        let provider = &self.0.connection.provider;
        let answer = self.0.engine.request_for_run(&connection, provider, request, body, &self.0.log).await;
        self.answered(Asked { at_ms, begin, method, place, sent }, &answer);
        answer
    }

    pub(super) async fn fetch(&self, request: UncontrolledFetch, body: Bytes) -> Answer {
        let method = request.method.as_deref().unwrap_or("GET").to_ascii_uppercase();
        let place = request.url.split(['?', '#']).next().unwrap_or_default().to_owned();
        if !self.0.options.allowed.permits(&writes::effective(&method, &request.headers), &place) {
            return Err(self.block(method, place, body.len()));
        }
        self.use_call()?;
        let asked = Asked { at_ms: self.elapsed(), begin: Instant::now(), method, place, sent: body.len() };
        let answer = self.0.engine.fetch_for_run(request, body, &self.0.log).await;
        self.answered(asked, &answer);
        answer
    }

    /// Keeps and tells how a request went.
    fn answered(&self, asked: Asked, answer: &Answer) {
        let mut call = HttpCall {
            at_ms: asked.at_ms,
            method: asked.method,
            url: self.hide(&asked.place).into_owned(),
            status: None,
            error: None,
            duration_ms: millis(asked.begin.elapsed()),
            sent_bytes: asked.sent,
            received_bytes: 0,
        };
        match answer {
            Ok(reply) => {
                let head = AnswerHead::read(reply);
                call.status = Some(head.status);
                call.url = head
                    .url
                    .parse()
                    .map_or_else(|_| head.url.clone(), |url| self.0.log.secrets.hide_in_url(&url));
                call.received_bytes = reply.body.len();
            }
            Err(refusal) => call.error = Some(refusal.message.clone()),
        }
        self.tell(|| Event::Call(call.clone()));
        let mut seen = self.seen();
        if seen.calls.len() < MAX_KEPT { seen.calls.push(call) } else { seen.left_out += 1 }
    }

    /// The connection whose credentials a request gets.
    async fn connection_of(&self, request: &Http) -> Result<Connection, Refusal> {
        let own = &self.0.connection;
        let key = request.provider_config_key.as_ref().unwrap_or(&own.provider_config_key);
        let id = request.connection_id.as_ref().unwrap_or(&own.connection_id);
        if (key, id) == (&own.provider_config_key, &own.connection_id) {
            return Ok(own.clone());
        }
        self.0.engine.connection(own.environment, key, id).await.map_err(refusal)
    }

    fn block(&self, method: String, url: String, body_bytes: usize) -> Refusal {
        let mut message = format!(
            "A dry run writes nothing, so {method} {url} was not sent. Where it only reads, say so in the \
             function: `previewReads: ['{method} {url}']`"
        );
        // Nobody can allow it for a preview.
        message.push_str(&if self.0.options.afresh {
            ".".to_owned()
        } else {
            format!(", or allow it once: `--allow '{method} {url}'`.")
        });
        let blocked = BlockedCall { method, url, body_bytes };
        self.tell(|| Event::BlockedCall(blocked.clone()));
        let mut seen = self.seen();
        if seen.blocked.len() < MAX_KEPT {
            seen.blocked.push(blocked);
        } else {
            seen.left_out += 1;
        }
        Refusal::new("dry_run_write_refused", message)
    }
}

/// The structured part of an answer to a request.
#[derive(Deserialize)]
struct AnswerHead {
    status: u16,
    url: String,
}

impl AnswerHead {
    fn read(reply: &Reply) -> Self {
        let head = reply.head.as_ref().and_then(|head| serde_json::from_str(head.get()).ok());
        head.unwrap_or(Self { status: 0, url: String::new() })
    }
}
