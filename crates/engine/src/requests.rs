//! Requests to a provider for a customer: the API's `/proxy` and what functions ask for.
//!
//! Here a connection's name becomes everything that [`crate::proxy`] needs: provider, integration settings, credentials.

use crate::{
    Engine, Error, Resource, Result,
    credentials::Need,
    http::{self, Body, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, redact},
    logs::{ERROR_BODY, HttpCall, LogScope},
    proxy::{self, Params, Prepared, ProxyRequest, ProxyResponse},
};
use bespoke_core::{
    auth::{Credentials, oauth2},
    connection::Connection,
    id::EnvironmentId,
    retry::Wishes,
};
use bespoke_runtime::host::{Http, Redirect, Refusal, Reply, UncontrolledFetch};
use bespoke_store::Access;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue, value::to_raw_value};
use std::sync::Arc;
use url::Url;

/// A request that a caller of the API wants made for a customer.
#[derive(Debug)]
pub struct ProxyCall {
    /// The integration's `unique_key`.
    pub provider_config_key: String,
    /// The connection.
    pub connection_id: String,
    /// The method.
    pub method: Method,
    /// Path and query at the provider, or a full URL below its base URL.
    pub endpoint: String,
    /// The caller's headers for the provider.
    pub headers: HeaderMap,
    /// The body's type where `headers` has none.
    pub content_type: Option<HeaderValue>,
    /// The body.
    pub body: Body,
    /// When to ask again.
    pub retry: Wishes,
    /// What stands in for the provider's base URL.
    pub base_url_override: Option<String>,
    /// Unpack compressed answers.
    pub decompress: bool,
    /// Keep credentials when the provider redirects elsewhere.
    pub forward_headers_on_redirect: Option<bool>,
}

impl Engine {
    /// Makes a request for a customer. The answer is the provider's, whatever its status.
    pub async fn proxy(
        self: &Arc<Self>,
        environment: EnvironmentId,
        call: ProxyCall,
    ) -> Result<ProxyResponse> {
        let (connection, access) =
            self.connection_with_access(environment, &call.provider_config_key, &call.connection_id).await?;
        self.count_proxy_call(environment, &connection.provider_config_key);
        let provider = connection.provider.clone();
        let secrets = self.secret_values(&connection, connection.metadata.as_ref());
        let mut request = self.request_to(&provider, connection, access, call.method, call.endpoint).await?;
        request.headers = call.headers;
        request.content_type = call.content_type;
        request.body = call.body;
        request.retry = call.retry;
        request.base_url_override = call.base_url_override;
        request.decompress = call.decompress;
        request.forward_headers_on_redirect = call.forward_headers_on_redirect;
        let log = self.connection_log(&request.connection);
        log.secrets.add_values(&secrets);
        let (mut answer, mut sent) = self.send(request, &log).await;
        if let Ok(answer) = &mut answer
            && sent.is_refused()
        {
            sent.read_start(&answer.response.peek(ERROR_BODY).await);
        }
        sent.log(&log, self.now());
        answer
    }

    /// Makes a request that a function asked for. `provider` is the function's own, also where it names another
    /// connection (functions.md §2.1).
    pub(crate) async fn request_for_run(
        self: &Arc<Self>,
        connection: &Connection,
        provider: &str,
        request: Http,
        body: Bytes,
        log: &LogScope,
    ) -> Result<Reply, Refusal> {
        let method: Method =
            request.method.to_uppercase().parse().map_err(|_| refused("invalid_method", "not a method"))?;
        let headers = headers(&request.headers)?;
        let (params, retry) = (params(request.params.as_deref()), wishes(&request));
        let unusable = |error| match error {
            Error::CredentialsUnusable(unusable) => refused(unusable.reason.code(), unusable.reason),
            error => refused("failed_to_get_connection", error),
        };
        let access = self.store.connection_access(connection.environment, connection.id).await;
        let access =
            access.map_err(Error::from).and_then(|found| found.ok_or(Error::NotFound(Resource::Connection)));
        let mut outgoing = self
            .request_to(provider, connection.clone(), access.map_err(unusable)?, method, request.endpoint)
            .await
            .map_err(unusable)?;
        outgoing.params = params;
        outgoing.headers = headers;
        outgoing.body = if body.is_empty() { Body::Empty } else { Body::Bytes(body) };
        outgoing.retry = retry;
        outgoing.base_url_override = request.base_url_override;
        outgoing.decompress = request.decompress.unwrap_or(true);
        outgoing.forward_headers_on_redirect = request.forward_headers_on_redirect;
        let method = outgoing.method.clone();
        let asked = (outgoing.endpoint.clone(), outgoing.base_url_override.clone());
        let (answer, mut sent) = self.send(outgoing, log).await;
        let reply = match answer {
            Ok(answer) => self.reply(method, answer.response, &mut sent).await,
            Err(Error::Proxy(error)) => {
                let call =
                    json!({ "method": method.as_str(), "url": shown_url(&asked.0, asked.1.as_deref()) });
                Err(Refusal { payload: to_raw_value(&call).ok(), ..network(error) })
            }
            Err(error) => Err(refused("server_error", error)),
        };
        sent.log(log, self.now());
        reply
    }

    /// Makes a request that a function asked for, to anywhere that the operator's rules allow, without credentials.
    ///
    /// Refused with `url_not_allowed`, `too_many_redirects`, `invalid_redirect`, or the network's code.
    pub(crate) async fn fetch_for_run(
        &self,
        fetch: UncontrolledFetch,
        body: Bytes,
        log: &LogScope,
    ) -> Result<Reply, Refusal> {
        let url = Url::parse(&fetch.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| refused("url_not_allowed", "only http and https URLs can be fetched"))?;
        let method = fetch.method.as_deref().unwrap_or("GET").to_uppercase();
        let method: Method = method.parse().map_err(|_| refused("invalid_method", "not a method"))?;
        let mut sent = HttpCall::new(method.clone(), &fetch.url, Some(body.len() as u64), self.now());
        sent.sent_to(&url);
        let mut request = http::Request::new(method.clone(), url);
        request.headers = headers(&fetch.headers)?;
        request.body = if body.is_empty() { Body::Empty } else { Body::Bytes(body) };
        request.decompress = true;
        request.follow_redirects = fetch.redirect == Redirect::Follow;
        let reply = match self.proxy.client().send(request).await {
            Ok(response) => {
                sent.answered(response.status.as_u16(), &response.headers, 1);
                self.fetched(&fetch, method, response, &mut sent).await
            }
            Err(error) => {
                sent.failed(error.code(), &crate::error::chain(&error));
                Err(fetch_refused(&error))
            }
        };
        sent.log(log, self.now());
        reply
    }

    async fn fetched(
        &self,
        fetch: &UncontrolledFetch,
        method: Method,
        response: http::Response,
        sent: &mut HttpCall,
    ) -> Result<Reply, Refusal> {
        let elsewhere = response.status.is_redirection() && response.headers.contains_key(header::LOCATION);
        match fetch.redirect {
            Redirect::Follow if elsewhere => {
                Err(refused("invalid_redirect", "the answer redirects to what is no http or https URL"))
            }
            Redirect::Error if elsewhere => {
                Err(refused("unexpected_redirect", "the answer redirects elsewhere, which was not wanted"))
            }
            _ => self.reply(method, response, sent).await,
        }
    }

    /// A request with what the connection brings along, credentials that work included, and nothing else.
    async fn request_to(
        self: &Arc<Self>,
        provider: &str,
        connection: Connection,
        access: Access,
        method: Method,
        endpoint: String,
    ) -> Result<ProxyRequest> {
        let provider = Arc::clone(self.providers.get(provider).ok_or(Error::NotFound(Resource::Provider))?);
        let Access { credentials: stored, integration_config } = access;
        let credentials = self.fresh_credentials(&connection, stored, Need::Lasting).await?;
        let connection = Arc::new(self.with_open_secrets(connection));
        let mut request = ProxyRequest::get(provider, connection, Arc::new(credentials), endpoint);
        request.method = method;
        request.integration_config = integration_config;
        Ok(request)
    }

    /// Sends a request, and tells what the log is to have of it. Where the provider does not accept the token before its
    /// end, it is renewed and the request sent once more: some providers never say when a token ends, and any may take one
    /// back.
    async fn send(
        self: &Arc<Self>,
        request: ProxyRequest,
        log: &LogScope,
    ) -> (Result<ProxyResponse>, HttpCall) {
        let length = request.body.length();
        let mut sent = HttpCall::new(request.method.clone(), &request.endpoint, length, self.now());
        log.know(&request.credentials);
        let answer = self.send_renewing(request, log, &mut sent).await;
        if let Err(error) = &answer {
            let code = if let Error::Proxy(error) = error { error.code() } else { "server_error" };
            sent.failed(code, &crate::error::chain(error));
        }
        (answer, sent)
    }

    async fn send_renewing(
        self: &Arc<Self>,
        request: ProxyRequest,
        log: &LogScope,
        sent: &mut HttpCall,
    ) -> Result<ProxyResponse> {
        let has_own = request.headers.contains_key(header::AUTHORIZATION);
        let again =
            if oauth2::is_renewable(&request.credentials) && !has_own { request.replay() } else { None };
        let answer = self.send_once(request, sent).await?;
        let Some(mut again) = again.filter(|_| answer.response.status == StatusCode::UNAUTHORIZED) else {
            return Ok(answer);
        };
        let refused = Credentials::clone(&again.credentials);
        match self.fresh_credentials(&again.connection, refused, Need::Accepted).await {
            Ok(renewed) if renewed != *again.credentials => {
                log.know(&renewed);
                again.credentials = Arc::new(renewed);
                self.send_once(again, sent).await
            }
            // What the provider said is more to the point than that there is nothing better.
            Ok(_) | Err(Error::CredentialsUnusable(_)) => Ok(answer),
            Err(error) => Err(error),
        }
    }

    async fn send_once(&self, request: ProxyRequest, sent: &mut HttpCall) -> Result<ProxyResponse> {
        let prepared = Prepared::new(request)?;
        sent.sent_to(prepared.url());
        let answer = self.proxy.send_prepared(prepared).await?;
        sent.answered(answer.response.status.as_u16(), &answer.response.headers, answer.attempts);
        Ok(answer)
    }

    async fn reply(
        &self,
        method: Method,
        response: http::Response,
        sent: &mut HttpCall,
    ) -> Result<Reply, Refusal> {
        #[derive(Serialize)]
        struct Head<'a> {
            status: u16,
            status_text: &'a str,
            headers: Vec<(&'a str, String)>,
            url: &'a str,
            /// The same without secrets, for reports.
            shown_url: String,
            method: &'a str,
        }
        let head = Head {
            status: response.status.as_u16(),
            status_text: response.status.canonical_reason().unwrap_or_default(),
            headers: response
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            url: response.url.as_str(),
            shown_url: redact::url(&response.url),
            method: method.as_str(),
        };
        let head = to_raw_value(&head).map_err(|error| refused("server_error", error))?;
        // A run that reads more than half of its memory at once would fail for want of memory anyway.
        let body = match response.bytes(self.settings.run_memory / 2).await {
            Ok(body) => body,
            Err(error) => {
                sent.failed(error.code(), &crate::error::chain(&error));
                return Err(network(proxy::Error::Http(error)));
            }
        };
        sent.read(&body);
        Ok(Reply { head: Some(head), body })
    }
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let invalid = || refused("invalid_header", format!("the header `{name}` cannot be sent"));
        let key: HeaderName = name.parse().map_err(|_| invalid())?;
        headers.append(key, HeaderValue::from_str(value).map_err(|_| invalid())?);
    }
    Ok(headers)
}

fn params(given: Option<&RawValue>) -> Params {
    let value: Option<Value> = given.and_then(|raw| serde_json::from_str(raw.get()).ok());
    value.as_ref().map_or(Params::None, Params::from_json)
}

fn wishes(request: &Http) -> Wishes {
    let header: Value = request
        .retry_header
        .as_ref()
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default();
    let names = |key: &str| match &header[key] {
        Value::String(name) => vec![name.to_ascii_lowercase()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect(),
        _ => Vec::new(),
    };
    Wishes {
        retries: request.retries.unwrap_or(0),
        retry_on: request.retry_on.clone().unwrap_or_default(),
        at: names("at"),
        after: names("after"),
    }
}

fn refused(code: &str, message: impl std::fmt::Display) -> Refusal {
    Refusal::new(code, message.to_string())
}

/// What was asked, without secrets: the whole URL where the function gave one, else the endpoint.
fn shown_url(endpoint: &str, base: Option<&str>) -> String {
    const NOWHERE: &str = "http://provider.invalid";
    let based = base
        .filter(|base| !base.is_empty())
        .map(|base| format!("{}/{}", base.trim_end_matches('/'), endpoint.trim_start_matches('/')));
    let text = based.unwrap_or_else(|| endpoint.to_owned());
    match Url::parse(&text).or_else(|_| Url::parse(&format!("{NOWHERE}/{}", text.trim_start_matches('/')))) {
        Ok(url) => {
            let shown = redact::url(&url);
            shown.strip_prefix(NOWHERE).map_or_else(|| shown.clone(), str::to_owned)
        }
        Err(_) => String::new(),
    }
}

fn network(error: proxy::Error) -> Refusal {
    Refusal::new(error.code(), crate::error::chain(&error))
}

/// What a function sees where a request without credentials had no answer.
fn fetch_refused(error: &http::Error) -> Refusal {
    let code = match error {
        http::Error::Denied { .. } => "url_not_allowed",
        http::Error::BadUrl(_) => "invalid_redirect",
        http::Error::TooManyRedirects(_) => "too_many_redirects",
        other => other.code(),
    };
    Refusal::new(code, crate::error::chain(error))
}
