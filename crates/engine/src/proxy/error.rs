//! Why a provider could not be asked.

use crate::http;
use bespoke_core::{auth::UnsupportedAuth, template};

/// Why there is no answer of the provider.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is neither an endpoint nor a base URL.
    #[error("an endpoint or a base URL is needed")]
    MissingUrl,
    /// The provider has no base URL and the caller gave none.
    #[error("the provider `{0}` has no base URL; give one")]
    UnsupportedProvider(String),
    /// Text parameters were given although the endpoint has a query.
    #[error("the endpoint already has a query, so params must be an object")]
    InvalidQuery,
    /// Something that a template needs is missing, or the template cannot be read.
    #[error("`{text}` cannot be filled in")]
    Template {
        /// The template.
        text: String,
        /// What is missing.
        #[source]
        source: template::Error,
    },
    /// A value would have changed the host that is asked.
    #[error("the values of this connection make no valid host of `{0}`")]
    InvalidHost(String),
    /// The result is not a URL, or lies outside the base URL.
    #[error("`{0}` is not below the base URL; use a base URL override to reach it")]
    OutsideBaseUrl(String),
    /// The result is not a URL.
    #[error("`{0}` is not a URL")]
    InvalidUrl(String),
    /// A header's value cannot be sent.
    #[error("the header `{0}` has a value that cannot be sent")]
    InvalidHeader(String),
    /// Requests with these credentials are not supported.
    #[error(transparent)]
    UnsupportedAuth(#[from] UnsupportedAuth),
    /// The base URL override may not be reached.
    #[error("the base URL override is not allowed: `{0}` is not a public address")]
    OverrideNotAllowed(String),
    /// The client failed.
    #[error(transparent)]
    Http(http::Error),
}

impl Error {
    /// The code of http-api.md §8.3, or Node's for a failure of the network.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingUrl => "missing_api_url",
            Self::UnsupportedProvider(_) => "unsupported_provider",
            Self::InvalidQuery => "invalid_query_params",
            Self::Template { .. } => "missing_template_value",
            Self::InvalidHost(_) => "invalid_host",
            Self::OutsideBaseUrl(_) => "endpoint_outside_base_url",
            Self::InvalidUrl(_) => "invalid_url",
            Self::InvalidHeader(_) => "invalid_header",
            Self::UnsupportedAuth(_) => "unsupported_auth",
            Self::OverrideNotAllowed(_) => "base_url_override_not_allowed",
            Self::Http(error) => error.code(),
        }
    }

    /// Whether the network or the other side failed, as opposed to a request that cannot be sent.
    pub fn is_network(&self) -> bool {
        matches!(
            self,
            Self::Http(http::Error::Failed { .. } | http::Error::TooManyRedirects(_) | http::Error::Setup(_))
        )
    }

    pub(super) fn template(text: &str) -> impl FnOnce(template::Error) -> Self {
        let text = text.to_owned();
        move |source| Self::Template { text, source }
    }

    pub(super) fn from_http(error: http::Error, overridden: bool) -> Self {
        match error {
            http::Error::Denied { host, redirected: false } if overridden => Self::OverrideNotAllowed(host),
            other => Self::Http(other),
        }
    }
}
