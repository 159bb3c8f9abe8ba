//! A request to a provider as the log has it.

use super::LogScope;
use crate::http::{HeaderMap, Method, header};
use bespoke_core::{
    log::{HttpDetail, Level, LogKind},
    time::Timestamp,
};
use std::fmt;
use url::Url;

/// Bytes of the body of an answer that is an error, of which the log has the beginning.
pub(crate) const ERROR_BODY: usize = 2_048;

/// A request that is under way, or over.
#[derive(Debug)]
pub(crate) struct HttpCall {
    method: Method,
    target: Target,
    status: Option<u16>,
    started: Timestamp,
    detail: HttpDetail,
}

/// Where a request goes.
#[derive(Debug)]
enum Target {
    Url(Url),
    /// What could not be made a URL.
    Endpoint(String),
}

impl HttpCall {
    /// A request of this method to what the caller named; [`Self::sent_to`] tells better.
    pub(crate) fn new(
        method: Method,
        endpoint: &str,
        request_bytes: Option<u64>,
        started: Timestamp,
    ) -> Self {
        let detail = HttpDetail { request_bytes, ..HttpDetail::default() };
        Self { method, target: Target::Endpoint(endpoint.to_owned()), status: None, started, detail }
    }

    /// Where it really goes.
    pub(crate) fn sent_to(&mut self, url: &Url) {
        self.target = Target::Url(url.clone());
    }

    /// It was answered.
    pub(crate) fn answered(&mut self, status: u16, headers: &HeaderMap, attempts: u32) {
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        self.status = Some(status);
        self.detail.response_bytes = length;
        self.detail.attempts += attempts;
        self.detail.error_code = None;
    }

    /// It was not answered, or the answer broke off.
    pub(crate) fn failed(&mut self, code: &str, why: &impl fmt::Display) {
        self.detail.error_code = Some(code.to_owned());
        self.detail.error_body = Some(why.to_string());
    }

    /// Whether the answer was an error, whose body is worth keeping.
    pub(crate) fn is_refused(&self) -> bool {
        self.status.is_some_and(|status| status >= 400)
    }

    /// The answer's body has come.
    pub(crate) fn read(&mut self, body: &[u8]) {
        self.detail.response_bytes = Some(body.len() as u64);
        self.read_start(body);
    }

    /// The beginning of the answer's body has come; what matters of it is kept.
    pub(crate) fn read_start(&mut self, body: &[u8]) {
        if self.is_refused() && !body.is_empty() {
            let start = &body[..body.len().min(ERROR_BODY)];
            self.detail.error_body = Some(String::from_utf8_lossy(start).replace('\0', "\u{fffd}"));
        }
    }

    /// Hands it in as a line.
    pub(crate) fn log(mut self, scope: &LogScope, now: Timestamp) {
        let is_bad = self.is_refused() || self.detail.error_code.is_some();
        if !is_bad && !scope.keeps_success() {
            return;
        }
        self.detail.duration_ms = now.since(self.started).as_millis() as u64;
        if let Some(body) = &mut self.detail.error_body {
            *body = scope.hide(body).into_owned();
        }
        let target = match &self.target {
            Target::Url(url) => scope.secrets.hide_in_url(url),
            Target::Endpoint(endpoint) => scope.hide(endpoint).into_owned(),
        };
        let level = if is_bad { Level::Error } else { Level::Info };
        let meta = serde_json::to_string(&self.detail).ok();
        scope.add(LogKind::Http, level, self.status, format!("{} {target}", self.method), meta);
    }
}
