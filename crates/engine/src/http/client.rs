//! Sends requests.

use super::{
    Body, BodyStream, Error, HeaderMap, HeaderName, Method, OutboundPolicy, StatusCode, header, redact,
    redirect, resolver::GuardedResolver,
};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, Once, PoisonError},
    time::Duration,
};
use url::Url;

/// How long connecting may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// What we say we are, where neither the provider nor the caller says otherwise.
const USER_AGENT: &str = concat!("bespoke/", env!("CARGO_PKG_VERSION"));

/// A request to the outside.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to; http or https.
    pub url: Url,
    /// Headers. `Host`, `Content-Length` and connection headers are set by the client.
    pub headers: HeaderMap,
    /// What is sent.
    pub body: Body,
    /// Ask for a compressed answer and unpack it; otherwise the answer's bytes are as the other side sent them.
    pub decompress: bool,
    /// Headers that hold credentials besides `Authorization` and `Cookie`: dropped when a redirect leaves the origin.
    pub credential_headers: Vec<HeaderName>,
    /// Keep credentials when a redirect leaves the origin.
    pub forward_credentials: bool,
    /// Follow redirects; otherwise the answer that redirects is the answer.
    pub follow_redirects: bool,
    /// How long the whole exchange may take, the answer's body included. `None` = as long as it takes.
    pub timeout: Option<Duration>,
}

impl Request {
    /// A request with a method and a URL and nothing else.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::Empty,
            decompress: false,
            credential_headers: Vec::new(),
            forward_credentials: false,
            follow_redirects: true,
            timeout: None,
        }
    }
}

/// An answer whose body is still on its way.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers; without `Content-Encoding` and `Content-Length` where the body was unpacked.
    pub headers: HeaderMap,
    /// Where it came from, after redirects.
    pub url: Url,
    /// The body.
    pub body: BodyStream<Error>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {} {:?}", self.status, redact::url(&self.url), redact::headers(&self.headers))
    }
}

impl Response {
    /// The whole body, at most `limit` bytes.
    pub async fn bytes(mut self, limit: usize) -> Result<Bytes, Error> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.body.try_next().await? {
            if whole.len() + chunk.len() > limit {
                return Err(Error::TooLarge { limit });
            }
            // Most answers are one chunk: it is handed on without a copy.
            if whole.is_empty() {
                whole = chunk.try_into_mut().unwrap_or_else(|chunk| BytesMut::from(&chunk[..]));
            } else {
                whole.extend_from_slice(&chunk);
            }
        }
        Ok(whole.freeze())
    }

    /// The beginning of the body, about `limit` bytes where it has more. The body still is whole afterwards.
    pub async fn peek(&mut self, limit: usize) -> Bytes {
        let mut seen = Vec::new();
        let mut start = BytesMut::new();
        while start.len() < limit {
            let Some(chunk) = self.body.next().await else { break };
            if let Ok(bytes) = &chunk {
                start.extend_from_slice(bytes);
            }
            let failed = chunk.is_err();
            seen.push(chunk);
            if failed {
                break;
            }
        }
        let rest = std::mem::replace(&mut self.body, stream::empty().boxed());
        self.body = stream::iter(seen).chain(rest).boxed();
        start.freeze()
    }
}

/// The client. Cloning it is cheap and shares its connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    policy: Arc<OutboundPolicy>,
    /// By port (0 for those that no rule names) and by whether answers are unpacked: reqwest and its resolver know these per client only.
    clients: Mutex<HashMap<(u16, bool), reqwest::Client>>,
}

impl Client {
    /// A client that reaches what the policy allows. It connects to nothing yet.
    pub fn new(policy: OutboundPolicy) -> Self {
        static TLS: Once = Once::new();
        // An error means that the program has already chosen, which is as good.
        TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        Self(Arc::new(Inner { policy: Arc::new(policy), clients: Mutex::default() }))
    }

    /// Sends a request and gives the answer, whatever its status. Redirects are followed, five at most, where the body can be sent again.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let mut request = request;
        for hop in 0..=redirect::MOST {
            let replayable = request.body.is_replayable();
            let response = self.send_once(&mut request, hop > 0).await?;
            let next = redirect::next(&request.method, &request.url, response.status, &response.headers);
            let Some(next) = next.filter(|_| request.follow_redirects) else { return Ok(response) };
            if next.with_body && !replayable {
                return Ok(response);
            }
            redirect::strip(
                &mut request.headers,
                &request.url,
                &next,
                &request.credential_headers,
                request.forward_credentials,
            );
            if !next.with_body {
                request.body = Body::Empty;
            }
            request.url = next.url;
            request.method = next.method;
        }
        Err(Error::TooManyRedirects(redirect::MOST))
    }

    async fn send_once(&self, request: &mut Request, redirected: bool) -> Result<Response, Error> {
        let url = &request.url;
        let host = url.host_str().unwrap_or_default().to_owned();
        if !matches!(url.scheme(), "http" | "https") || host.is_empty() {
            return Err(Error::BadUrl(redact::url(url)));
        }
        if !self.0.policy.allows_url(url) {
            return Err(Error::Denied { host, redirected });
        }
        let client = self.client(url.port_or_known_default().unwrap_or_default(), request.decompress)?;
        let mut builder =
            client.request(request.method.clone(), url.clone()).headers(request.headers.clone());
        builder = match request.body.take_to_send() {
            Body::Empty => builder,
            Body::Bytes(bytes) => builder.body(bytes),
            Body::Stream { stream, length } => {
                let sized = length.map(|length| (header::CONTENT_LENGTH, length.into()));
                builder.headers(sized.into_iter().collect()).body(reqwest::Body::wrap_stream(stream))
            }
        };
        if let Some(timeout) = request.timeout {
            builder = builder.timeout(timeout);
        }
        let answer = builder.send().await.map_err(|error| Error::from_client(error, &host, redirected))?;
        tracing::debug!(method = %request.method, url = redact::url(url), status = answer.status().as_u16(), "asked {host}");
        Ok(Response {
            status: answer.status(),
            headers: answer.headers().clone(),
            url: answer.url().clone(),
            body: answer
                .bytes_stream()
                .map_err(move |error| Error::from_client(error, &host, redirected))
                .boxed(),
        })
    }

    fn client(&self, port: u16, decompress: bool) -> Result<reqwest::Client, Error> {
        let port = if self.0.policy.names_port(port) { port } else { 0 };
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&(port, decompress)) {
            return Ok(client.clone());
        }
        let client = self.builder(port, decompress).build().or_else(|error| {
            tracing::warn!(%error, "the system's certificates cannot be used; Mozilla's list, built in, stands in for them");
            self.builder(port, decompress).tls_backend_preconfigured(built_in_roots()).build()
        });
        let client = client.map_err(Error::Setup)?;
        clients.insert((port, decompress), client.clone());
        Ok(client)
    }

    fn builder(&self, port: u16, decompress: bool) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            // Through the environment's proxy the guard would check the proxy's address instead of the target's.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .dns_resolver(GuardedResolver { policy: Arc::clone(&self.0.policy), port })
            .gzip(decompress)
            .brotli(decompress)
            .deflate(decompress)
            .zstd(decompress)
    }
}

/// TLS for machines without certificates of their own, as slim containers are.
fn built_in_roots() -> rustls::ClientConfig {
    let roots: rustls::RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let mut tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    tls
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("policy", &self.0.policy).finish_non_exhaustive()
    }
}
