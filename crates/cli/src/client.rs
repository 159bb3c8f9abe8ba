//! The HTTP client of a server's API.

use crate::settings::ClientSettings;
use anyhow::{Context as _, bail};
use eventsource_stream::Eventsource as _;
use futures_util::StreamExt as _;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
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
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: String,
    message: String,
    issues: Vec<Issue>,
}

#[derive(Debug, Deserialize)]
struct Issue {
    #[serde(default)]
    path: Vec<String>,
    #[serde(default)]
    message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server refused: {} ({}, {})", self.message, self.code, self.status.as_u16())?;
        for Issue { path, message } in &self.issues {
            write!(f, "\n  {}: {message}", path.join("."))?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
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

    /// Asks with a JSON body and further headers. Fails with a [`Refusal`] where the server says no.
    pub(crate) async fn ask_for<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let request = self.http.request(method, self.url(path)).timeout(FOR_EVER).json(body);
        self.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
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
        let response =
            sent.map_err(reqwest::Error::without_url).with_context(|| format!("no answer from {host}"))?;
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
        }
        match serde_json::from_slice(&body) {
            Ok(Envelope { error: Body { code, message, errors } }) => {
                bail!(Refusal {
                    status,
                    code,
                    message: message.trim_end_matches('.').to_owned(),
                    issues: errors
                })
            }
            Err(_) => bail!("{host} answered {status} and is not a Bespoke server"),
        }
    }
}
