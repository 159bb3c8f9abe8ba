//! Why a request has no answer.

use super::resolver::{Denied, Unresolved};
use std::{error::Error as StdError, io};

/// Why a request has no answer, or an answer no end. No message holds a URL's query, which may be secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The host is private and the operator does not allow it.
    #[error("`{host}` may not be reached: it is not a public address")]
    Denied {
        /// The host.
        host: String,
        /// The provider redirected there.
        redirected: bool,
    },
    /// The URL is none that can be asked.
    #[error("`{0}` is no http or https URL")]
    BadUrl(String),
    /// There were more redirects than are followed.
    #[error("there were more than {0} redirects")]
    TooManyRedirects(usize),
    /// The answer was to be kept in memory and is too large for that.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The most that was allowed, in bytes.
        limit: usize,
    },
    /// The network or the other side failed.
    #[error("the request to `{host}` failed: {failure}")]
    Failed {
        /// The host.
        host: String,
        /// In which way.
        failure: Failure,
        /// What the client says.
        #[source]
        source: reqwest::Error,
    },
    /// The client could not be set up, for want of the system's certificates for example.
    #[error("the HTTP client could not be set up")]
    Setup(#[source] reqwest::Error),
}

/// Ways for the network to fail. The codes are those that Node.js programs know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The name does not exist.
    NameNotFound,
    /// The name server did not answer.
    NameTemporary,
    /// Nobody listens there.
    Refused,
    /// The connection broke.
    Reset,
    /// It took too long.
    TimedOut,
    /// No way leads there.
    Unreachable,
    /// The other side's certificate is not valid.
    Certificate,
    /// The other side speaks no proper HTTP or TLS.
    Protocol,
}

impl Failure {
    /// The code, `ECONNREFUSED`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NameNotFound => "ENOTFOUND",
            Self::NameTemporary => "EAI_AGAIN",
            Self::Refused => "ECONNREFUSED",
            Self::Reset => "ECONNRESET",
            Self::TimedOut => "ETIMEDOUT",
            Self::Unreachable => "EHOSTUNREACH",
            Self::Certificate => "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            Self::Protocol => "EPROTO",
        }
    }

    /// Whether asking again may help.
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::NameTemporary | Self::Refused | Self::Reset | Self::TimedOut | Self::Unreachable => true,
            Self::NameNotFound | Self::Certificate | Self::Protocol => false,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl Error {
    /// A code for programs: Node's for the network, ours for what we refuse.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Denied { redirected: false, .. } => "destination_not_allowed",
            Self::Denied { redirected: true, .. } => "proxy_redirect_to_denied_host",
            Self::BadUrl(_) => "ERR_INVALID_URL",
            Self::TooManyRedirects(_) => "ERR_FR_TOO_MANY_REDIRECTS",
            Self::TooLarge { .. } => "response_too_large",
            Self::Failed { failure, .. } => failure.code(),
            Self::Setup(_) => "http_client_setup",
        }
    }

    /// Whether asking again may help.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Failed { failure, .. } if failure.is_retryable())
    }

    /// Sorts what the client says. `redirected` tells whether the provider sent us to `host`.
    pub(super) fn from_client(source: reqwest::Error, host: &str, redirected: bool) -> Self {
        let source = source.without_url();
        if causes(&source).any(<dyn StdError>::is::<Denied>) {
            return Self::Denied { host: host.to_owned(), redirected };
        }
        Self::Failed { host: host.to_owned(), failure: classify(&source), source }
    }
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| {
        let error: &'a (dyn StdError + 'static) = *error;
        // An io::Error made from another error names the inner one's source as its own and so skips it.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

fn classify(error: &reqwest::Error) -> Failure {
    for cause in causes(error) {
        if let Some(unresolved) = cause.downcast_ref::<Unresolved>() {
            return if unresolved.is_temporary() { Failure::NameTemporary } else { Failure::NameNotFound };
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return match tls {
                rustls::Error::InvalidCertificate(_) => Failure::Certificate,
                _ => Failure::Protocol,
            };
        }
        if let Some(http) = cause.downcast_ref::<hyper::Error>() {
            if http.is_parse() {
                return Failure::Protocol;
            }
            if http.is_incomplete_message() || http.is_closed() || http.is_canceled() {
                return Failure::Reset;
            }
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::ConnectionRefused => return Failure::Refused,
                io::ErrorKind::TimedOut => return Failure::TimedOut,
                io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                    return Failure::Unreachable;
                }
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => return Failure::Reset,
                _ => {}
            }
        }
    }
    if error.is_timeout() {
        Failure::TimedOut
    } else if error.is_decode() {
        Failure::Protocol
    } else {
        Failure::Reset
    }
}
