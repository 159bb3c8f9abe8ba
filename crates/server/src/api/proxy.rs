//! The proxy: any request to a provider, with the customer's credentials added. Bodies stream both ways.

use crate::{
    auth::{Key, scope},
    error::{ApiError, Code, Issue, Result},
    extract::ConnectionHeaders,
    state::AppState,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::any,
};
use bespoke_core::retry::Wishes;
use bespoke_engine::{Error, Resource, http, requests::ProxyCall};
use futures_util::{StreamExt as _, TryStreamExt as _};

/// Everything below this goes to the provider.
const PREFIX: &str = "/proxy";
/// Headers so named go to the provider without this prefix; no others do.
const FORWARDED: &str = "nango-proxy-";

/// A body up to this size is kept so that it can be sent again, where retries are asked for; a larger one streams, once.
const REPLAYABLE_BYTES: u64 = 8 * 1024 * 1024;

/// Headers of one hop: they belong to a connection, not to the answer.
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The route, for every method.
pub fn router() -> Router<AppState> {
    Router::new().route("/proxy/{*endpoint}", any(proxy))
}

/// Sends a request to the provider of a connection and answers what it answers: status, headers and body.
#[utoipa::path(method(get, post, put, patch, delete, head), path = "/proxy/{endpoint}", operation_id = "proxy", tag = "proxy",
    params(("endpoint" = String, Path, description = "Path at the provider; may hold slashes."),
           ("Provider-Config-Key" = String, Header), ("Connection-Id" = String, Header),
           ("Retries" = Option<u32>, Header, description = "How often to ask again."),
           ("Retry-On" = Option<String>, Header, description = "Further statuses to ask again on, with commas between."),
           ("Base-Url-Override" = Option<String>, Header, description = "Instead of the provider's base URL."),
           ("Decompress" = Option<bool>, Header, description = "Unpack compressed answers."),
           ("Forward-Headers-On-Redirect" = Option<bool>, Header, description = "Keep credentials on redirects to elsewhere.")),
    responses((status = "default", description = "The provider's answer as it is")))]
pub async fn proxy(
    State(app): State<AppState>,
    key: Key<scope::Proxy>,
    connection: ConnectionHeaders,
    request: Request,
) -> Result<Response> {
    let call = call(connection, request).await?;
    let answer = app.engine.proxy(key.environment.id, call).await.map_err(not_sent)?;
    let response = answer.response;
    let mut headers = response.headers;
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    let body = Body::from_stream(response.body.map_err(std::io::Error::other));
    Ok((response.status, headers, body).into_response())
}

async fn call(connection: ConnectionHeaders, request: Request) -> Result<ProxyCall> {
    let (parts, body) = request.into_parts();
    let options = Options::read(&parts.headers)?;
    let endpoint = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let length =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let has_body =
        length != Some(0) && (length.is_some() || parts.headers.contains_key(header::TRANSFER_ENCODING));
    Ok(ProxyCall {
        provider_config_key: connection.provider_config_key,
        connection_id: connection.connection_id,
        method: parts.method,
        endpoint: endpoint.strip_prefix(PREFIX).unwrap_or(endpoint).to_owned(),
        headers: forwarded(&parts.headers),
        content_type: parts.headers.get(header::CONTENT_TYPE).cloned(),
        body: match length {
            _ if !has_body => http::Body::Empty,
            Some(length) if options.retry.retries > 0 && length <= REPLAYABLE_BYTES => http::Body::Bytes(
                axum::body::to_bytes(body, REPLAYABLE_BYTES as usize)
                    .await
                    .map_err(|_| ApiError::new(Code::InvalidBody).message("The body could not be read."))?,
            ),
            length => {
                let stream = body.into_data_stream().map_err(std::io::Error::other).boxed();
                http::Body::Stream { stream, length }
            }
        },
        retry: options.retry,
        base_url_override: options.base_url_override,
        decompress: options.decompress,
        forward_headers_on_redirect: options.forward_headers_on_redirect,
    })
}

fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let named = |(name, value): (&HeaderName, &HeaderValue)| {
        let name: HeaderName = name.as_str().strip_prefix(FORWARDED)?.parse().ok()?;
        Some((name, value.clone()))
    };
    let mut forwarded: HeaderMap = headers.iter().filter_map(named).collect();
    // Clients ask for a form without knowing its boundary; only the request's own content type has it.
    let is_form =
        |value: &HeaderValue| value.as_bytes().to_ascii_lowercase().starts_with(b"multipart/form-data");
    let has_boundary = |value: &HeaderValue| {
        value.as_bytes().to_ascii_lowercase().windows(9).any(|part| part == b"boundary=")
    };
    if let Some(own) = headers.get(header::CONTENT_TYPE).filter(|own| is_form(own) && has_boundary(own))
        && forwarded.get(header::CONTENT_TYPE).is_some_and(|asked| is_form(asked) && !has_boundary(asked))
    {
        forwarded.insert(header::CONTENT_TYPE, own.clone());
    }
    forwarded
}

/// What the headers of http-api.md §8.1 ask for.
#[derive(Default)]
struct Options {
    retry: Wishes,
    base_url_override: Option<String>,
    decompress: bool,
    forward_headers_on_redirect: Option<bool>,
}

impl Options {
    fn read(headers: &HeaderMap) -> Result<Self> {
        let mut issues = Vec::new();
        let text = |name: &'static str| match headers.get(name).map(HeaderValue::to_str) {
            Some(Ok(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let (retries, retry_on) = (text("retries"), text("retry-on"));
        let (base_url, decompress) = (text("base-url-override"), text("decompress"));
        let forward = text("forward-headers-on-redirect");
        let mut problem =
            |name: &'static str, message: &str| issues.push(Issue::new("invalid_format", [name], message));
        let mut options = Self::default();
        match retries.map(str::parse) {
            None => {}
            Some(Ok(count)) => options.retry.retries = count,
            Some(Err(_)) => problem("retries", "Must be a whole number"),
        }
        match retry_on.map(|list| list.split(',').map(|status| status.trim().parse()).collect()) {
            None => {}
            Some(Ok(statuses)) => options.retry.retry_on = statuses,
            Some(Err(_)) => problem("retry-on", "Must be statuses with commas between"),
        }
        match base_url.map(|url| (url, url::Url::parse(url))) {
            None => {}
            Some((url, Ok(_))) => options.base_url_override = Some(url.to_owned()),
            Some((_, Err(_))) => problem("base-url-override", "Must be a URL"),
        }
        let mut flag = |name, value: Option<&str>| match value {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => {
                problem(name, "Must be `true` or `false`");
                None
            }
        };
        options.decompress = flag("decompress", decompress).unwrap_or(false);
        options.forward_headers_on_redirect = flag("forward-headers-on-redirect", forward);
        if issues.is_empty() { Ok(options) } else { Err(ApiError::new(Code::InvalidHeaders).issues(issues)) }
    }
}

fn not_sent(error: Error) -> ApiError {
    match error {
        Error::NotFound(Resource::Integration) => ApiError::new(Code::UnknownProviderConfig).status(404),
        // Yes, this code and status: clients know it so (http-api.md §18.1).
        Error::NotFound(Resource::Connection) => ApiError::new(Code::ServerError)
            .status(400)
            .message("No connection has this id at this integration."),
        other => other.into(),
    }
}
