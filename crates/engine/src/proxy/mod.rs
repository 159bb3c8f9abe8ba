//! One request to a provider on behalf of a connection.
//!
//! Both the HTTP API's `/proxy` and the `get`, `post`, … of functions end here, so both build URLs, add credentials and retry alike.
//! The rules are in http-api.md §8.2 and functions.md §2.1.

mod body;
mod error;
mod headers;
mod names;
mod params;
mod url;

pub use error::Error;
pub(crate) use names::Lookup;
pub use params::Params;
pub(crate) use url::filled as filled_url;

use crate::{
    http::{self, Body, Client, HeaderMap, HeaderValue, Method, Response},
    sleep::Sleeper,
};
use bespoke_core::{
    auth::Credentials,
    connection::Connection,
    provider::Provider,
    retry::{self, Wishes},
    time::Clock,
};
use serde_json::{Map, Value};
use std::{fmt, sync::Arc, time::Duration};

/// How much of a failed answer is read to find the wait in it, for providers that tell it there.
const PEEK_BYTES: usize = 64 * 1024;

/// A request to a provider, before anything is filled in.
#[derive(Debug)]
pub struct ProxyRequest {
    /// The provider of the integration.
    pub provider: Arc<Provider>,
    /// The integration's own settings; `baseUrl` counts where the provider declares any.
    pub integration_config: Map<String, Value>,
    /// Whose account is asked.
    pub connection: Arc<Connection>,
    /// The account's credentials, fresh.
    pub credentials: Arc<Credentials>,
    /// The method.
    pub method: Method,
    /// What is appended to the base URL: a path with or without query, or a full URL below the base URL.
    pub endpoint: String,
    /// The query, besides what the endpoint has.
    pub params: Params,
    /// The caller's headers. They override those of the provider, credentials included.
    pub headers: HeaderMap,
    /// The body's type where no header says another.
    pub content_type: Option<HeaderValue>,
    /// The body. It is sent with POST, PUT, PATCH and DELETE only.
    pub body: Body,
    /// When to ask again.
    pub retry: Wishes,
    /// What stands in for the provider's base URL; empty counts as none.
    pub base_url_override: Option<String>,
    /// Unpack compressed answers.
    pub decompress: bool,
    /// Keep credentials when the provider redirects elsewhere; the provider's own rule where `None`.
    pub forward_headers_on_redirect: Option<bool>,
    /// How long one attempt may take, the answer's body included.
    pub timeout: Option<Duration>,
}

impl ProxyRequest {
    /// A GET of an endpoint with nothing else.
    pub fn get(
        provider: Arc<Provider>,
        connection: Arc<Connection>,
        credentials: Arc<Credentials>,
        endpoint: impl Into<String>,
    ) -> Self {
        Self {
            provider,
            integration_config: Map::new(),
            connection,
            credentials,
            method: Method::GET,
            endpoint: endpoint.into(),
            params: Params::None,
            headers: HeaderMap::new(),
            content_type: None,
            body: Body::Empty,
            retry: Wishes::default(),
            base_url_override: None,
            decompress: false,
            forward_headers_on_redirect: None,
            timeout: None,
        }
    }

    /// The same request once more; `None` where its body streams.
    pub(crate) fn replay(&self) -> Option<Self> {
        let body = match &self.body {
            Body::Empty => Body::Empty,
            Body::Bytes(bytes) => Body::Bytes(bytes.clone()),
            Body::Stream { .. } => return None,
        };
        Some(Self {
            provider: Arc::clone(&self.provider),
            integration_config: self.integration_config.clone(),
            connection: Arc::clone(&self.connection),
            credentials: Arc::clone(&self.credentials),
            method: self.method.clone(),
            endpoint: self.endpoint.clone(),
            params: self.params.clone(),
            headers: self.headers.clone(),
            content_type: self.content_type.clone(),
            body,
            retry: self.retry.clone(),
            base_url_override: self.base_url_override.clone(),
            decompress: self.decompress,
            forward_headers_on_redirect: self.forward_headers_on_redirect,
            timeout: self.timeout,
        })
    }
}

/// A provider's answer.
#[derive(Debug)]
pub struct ProxyResponse {
    /// The answer, whatever its status; its body is still on its way.
    pub response: Response,
    /// How often the provider was asked, 1 or more.
    pub attempts: u32,
}

/// Sends requests to providers. Cloning it is cheap.
#[derive(Clone)]
pub struct Proxy {
    client: Client,
    clock: Arc<dyn Clock>,
    sleeper: Arc<dyn Sleeper>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Proxy {
    /// A proxy over the outbound client. `clock` reads `Retry-After` dates, `sleeper` waits between attempts.
    pub fn new(client: Client, clock: Arc<dyn Clock>, sleeper: Arc<dyn Sleeper>) -> Self {
        Self { client, clock, sleeper }
    }

    /// The outbound client.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// What waits.
    pub(crate) fn sleeper(&self) -> &dyn Sleeper {
        &*self.sleeper
    }

    /// Sends a request, again where the rules say so, and gives the last answer whatever its status.
    ///
    /// An error means that there is no answer: the request could not be built, its target may not be reached, or the network failed.
    pub async fn send(&self, request: ProxyRequest) -> Result<ProxyResponse, Error> {
        self.send_prepared(Prepared::new(request)?).await
    }

    /// The same for a request that is built already.
    pub(crate) async fn send_prepared(&self, request: Prepared) -> Result<ProxyResponse, Error> {
        let Prepared { request: mut prepared, provider, retry: wishes, overridden } = request;
        let rules = &provider.definition.proxy.retry;
        let replayable = prepared.body.is_replayable();
        let mut attempt = 0;
        loop {
            let result = self.client.send(copy(&mut prepared)).await;
            let wait = match result {
                Ok(mut response) => {
                    let wait =
                        self.wait_after(&mut response, &wishes, rules, attempt).await.filter(|_| replayable);
                    let Some(wait) = wait else {
                        return Ok(ProxyResponse { response, attempts: attempt + 1 });
                    };
                    tracing::debug!(
                        status = response.status.as_u16(),
                        wait_ms = wait.as_millis(),
                        "asking again"
                    );
                    wait
                }
                Err(error) => {
                    let wait =
                        retry::after_failure(&wishes, attempt).filter(|_| replayable && error.is_retryable());
                    let Some(wait) = wait else { return Err(Error::from_http(error, overridden)) };
                    tracing::debug!(code = error.code(), wait_ms = wait.as_millis(), "asking again");
                    wait
                }
            };
            self.sleeper.sleep(wait).await;
            attempt += 1;
        }
    }

    async fn wait_after(
        &self,
        response: &mut Response,
        wishes: &Wishes,
        rules: &bespoke_core::provider::Retry,
        attempt: u32,
    ) -> Option<Duration> {
        let status = response.status.as_u16();
        let looks_into_body = status >= 400 && !rules.in_body.is_empty() && attempt < wishes.retries;
        let body = if looks_into_body { Some(response.peek(PEEK_BYTES).await) } else { None };
        let header = |name: &str| Some(response.headers.get(name)?.to_str().ok()?.to_owned());
        let answer = retry::Answer { status, header: &header, body: body.as_deref() };
        retry::after_answer(wishes, rules, &answer, attempt, self.clock.now())
    }
}

/// A request with everything filled in that does not change between attempts.
pub(crate) struct Prepared {
    request: http::Request,
    provider: Arc<Provider>,
    retry: Wishes,
    overridden: bool,
}

impl Prepared {
    /// Fills in everything.
    pub(crate) fn new(request: ProxyRequest) -> Result<Self, Error> {
        let provider = Arc::clone(&request.provider);
        let retry = request.retry.clone();
        let overridden = request.base_url_override.as_ref().is_some_and(|base| !base.is_empty());
        Ok(Self { request: prepare(request)?, provider, retry, overridden })
    }

    /// Where it goes.
    pub(crate) fn url(&self) -> &::url::Url {
        &self.request.url
    }
}

/// Fills in everything that does not change between attempts.
fn prepare(request: ProxyRequest) -> Result<http::Request, Error> {
    let ProxyRequest { provider, connection, credentials, method, body, headers, content_type, .. } = request;
    let names = Lookup::new(&provider, &connection, &credentials);
    let url = url::build(&url::Parts {
        provider: &provider,
        integration_config: &request.integration_config,
        base_url_override: request.base_url_override.as_deref(),
        endpoint: &request.endpoint,
        params: &request.params,
        names: &names,
    })?;
    let headers = headers::assemble(&provider, &credentials, &names, headers, content_type)?;
    let sends_body = matches!(method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE);
    let body = if sends_body { body::merge(body, &provider, &names)? } else { Body::Empty };
    let definition = &provider.definition.proxy;
    Ok(http::Request {
        method,
        url,
        headers: headers.all,
        body,
        decompress: request.decompress || definition.decompress,
        credential_headers: headers.credentials,
        forward_credentials: request
            .forward_headers_on_redirect
            .unwrap_or(definition.forward_headers_on_redirect),
        follow_redirects: true,
        timeout: request.timeout,
    })
}

/// The request for one attempt. A streamed body goes with the first.
fn copy(prepared: &mut http::Request) -> http::Request {
    http::Request {
        method: prepared.method.clone(),
        url: prepared.url.clone(),
        headers: prepared.headers.clone(),
        body: prepared.body.take_to_send(),
        decompress: prepared.decompress,
        credential_headers: prepared.credential_headers.clone(),
        forward_credentials: prepared.forward_credentials,
        follow_redirects: true,
        timeout: prepared.timeout,
    }
}

#[cfg(test)]
mod tests;
