//! The HTTP client of a server's API.

use crate::settings::ClientSettings;
use anyhow::{Context as _, bail};
use eventsource_stream::Eventsource as _;
use futures_util::StreamExt as _;
use reqwest::Method;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{fmt, time::Duration};

/// A deployment compiles every function before it answers.
const TIMEOUT: Duration = Duration::from_mins(10);
/// A sync may run for a day.
const EVENTS_TIMEOUT: Duration = Duration::from_hours(24);
/// An action, or a stream of events, takes as long as it takes.
const FOR_EVER: Duration = Duration::from_hours(24 * 365);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks a server.
pub(crate) struct Client {
    http: reqwest::Client,
    settings: ClientSettings,
}

/// What the server said instead of doing it.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    status: u16,
    code: String,
    message: String,
    #[serde(rename = "errors", skip_serializing_if = "Vec::is_empty")]
    issues: Vec<Issue>,
    /// What a function threw, or what else there is to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Issue {
    #[serde(default)]
    path: Vec<String>,
    #[serde(default)]
    message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_of_function() {
            write!(f, "the function failed: {} ({})", self.message, self.code)?;
            return self.payload.iter().try_for_each(|payload| write_payload(f, payload));
        }
        write!(f, "the server refused: {} ({}, {})", self.message, self.code, self.status)?;
        // A lone one is often the message itself.
        let more = |issue: &&Issue| {
            self.issues.len() > 1 || !self.message.contains(issue.message.trim_end_matches('.'))
        };
        for Issue { path, message } in self.issues.iter().filter(more) {
            write!(f, "\n  {}: {message}", path.join("."))?;
        }
        Ok(())
    }
}

/// The lines of a function's error: what of its input is wrong, where it threw, or else the payload itself.
fn write_payload(f: &mut fmt::Formatter<'_>, payload: &Value) -> fmt::Result {
    let issues = Vec::<Issue>::deserialize(&payload["errors"]).unwrap_or_default();
    for Issue { path, message } in &issues {
        write!(f, "\n  {}: {message}", path.join("."))?;
    }
    let frames: Vec<&str> =
        payload["stacktrace"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for frame in &frames {
        write!(f, "\n  {}", frame.trim())?;
    }
    if issues.is_empty() && frames.is_empty() { write!(f, "\n  {payload}") } else { Ok(()) }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// What the server calls it, for programs.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// Whether what was sent is wrong, rather than who sent it or where to.
    pub(crate) fn is_of_content(&self) -> bool {
        matches!(self.status, 400 | 409 | 413 | 422)
    }

    /// Whether a function ran and failed, rather than that the server would not run it.
    pub(crate) fn is_of_function(&self) -> bool {
        self.code.contains("script_")
            || self.code.starts_with("function_runtime")
            || self.code == "execution_timeout"
    }
}

impl Client {
    /// A client for these settings. It connects to nothing yet.
    pub(crate) fn new(settings: ClientSettings) -> anyhow::Result<Self> {
        // The second time it fails, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .user_agent(concat!("bespoke-cli/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .build()
            .context("the HTTP client cannot be set up")?;
        Ok(Self { http, settings })
    }

    /// The server's address.
    pub(crate) fn host(&self) -> &str {
        &self.settings.host
    }

    /// Asks without a body.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str) -> anyhow::Result<T> {
        self.send(self.http.request(method, self.url(path))).await
    }

    /// Asks with a JSON body. Fails with a [`Refusal`] where the server says no.
    pub(crate) async fn ask_with<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.send(self.http.request(method, self.url(path)).json(body)).await
    }

    /// Asks with a JSON body and further headers, also for another content type. Fails with a [`Refusal`] where the server says no.
    pub(crate) async fn ask_for<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let request = self.http.request(method, self.url(path)).timeout(FOR_EVER);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request.json(body)).await
    }

    /// Gives the data of each event of a stream to `hear`, until the server ends it.
    pub(crate) async fn follow(&self, path: &str, mut hear: impl FnMut(&str)) -> anyhow::Result<()> {
        let request = self.http.get(self.url(path)).timeout(FOR_EVER);
        let response = self.accepted(request.header("accept", "text/event-stream")).await?;
        let mut events = response.bytes_stream().eventsource();
        while let Some(event) = events.next().await {
            let event = event.with_context(|| format!("the connection to {} broke", self.host()))?;
            hear(&event.data);
        }
        Ok(())
    }

    /// Asks with a JSON body for events, and gives each to `hear` as it comes: its name and its JSON. `false` from
    /// `hear` ends it early.
    pub(crate) async fn events(
        &self,
        path: &str,
        body: &impl Serialize,
        mut hear: impl FnMut(&str, &str) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let request = self.http.post(self.url(path)).json(body).timeout(EVENTS_TIMEOUT);
        let response = self.accepted(request.header("accept", "text/event-stream")).await?;
        let mut events = response.bytes_stream().eventsource();
        while let Some(event) = events.next().await {
            let event = event.with_context(|| format!("the answer of {} broke off", self.host()))?;
            if !hear(&event.event, &event.data)? {
                break;
            }
        }
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.settings.host)
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> anyhow::Result<T> {
        let host = self.host();
        let body = self.accepted(request).await?.bytes().await;
        let body = body.with_context(|| format!("the answer of {host} broke off"))?;
        serde_json::from_slice(&body)
            .with_context(|| format!("{host} is not a Bespoke server, or of another version"))
    }

    /// The answer to a request, if it is not a refusal.
    async fn accepted(&self, request: reqwest::RequestBuilder) -> anyhow::Result<reqwest::Response> {
        let host = self.host();
        let sent = request.bearer_auth(self.settings.key.expose()).send().await;
        let no_answer = |error: &reqwest::Error| {
            let hint = if error.is_connect() {
                " (is `bespoke serve` there? `--host` names another address)"
            } else {
                ""
            };
            format!("no answer from {host}{hint}")
        };
        let response = sent.map_err(|error| {
            let message = no_answer(&error);
            anyhow::Error::new(error.without_url()).context(message)
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.bytes().await.with_context(|| format!("the answer of {host} broke off"))?;
        #[derive(Deserialize)]
        struct Envelope {
            error: Body,
        }
        #[derive(Deserialize)]
        struct Body {
            code: String,
            #[serde(default)]
            message: String,
            #[serde(default)]
            errors: Vec<Issue>,
            payload: Option<Value>,
        }
        match serde_json::from_slice(&body) {
            Ok(Envelope { error: Body { code, message, errors, payload } }) => {
                bail!(Refusal {
                    status: status.as_u16(),
                    code,
                    message: message.trim_end_matches('.').to_owned(),
                    issues: errors,
                    payload
                })
            }
            Err(_) => bail!("{host} answered {status} and is not a Bespoke server"),
        }
    }
}
