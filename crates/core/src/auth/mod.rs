//! How a connection proves who it is: auth modes, credentials, and what they put on a request.

mod credentials;
pub mod oauth2;
mod request;

pub use credentials::*;
pub use request::{Authorization, UnsupportedAuth};

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a provider wants to be convinced. The names on the wire are those of http-api.md §4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuthMode {
    /// OAuth 1.0a, each request signed.
    #[serde(rename = "OAUTH1")]
    OAuth1,
    /// OAuth 2 authorization code.
    #[serde(rename = "OAUTH2")]
    OAuth2,
    /// OAuth 2 client credentials.
    #[serde(rename = "OAUTH2_CC")]
    OAuth2Cc,
    /// User name and password.
    Basic,
    /// A key or personal token.
    ApiKey,
    /// A provider's own flow.
    Custom,
    /// An installed app that signs for its tokens, as GitHub Apps.
    App,
    /// Nothing.
    None,
    /// Token-based: OAuth 1 with tokens made by hand, as NetSuite.
    Tba,
    /// A token signed by us.
    Jwt,
    /// bill.com's session.
    Bill,
    /// Credentials exchanged for a token.
    TwoStep,
    /// A signed token from user name and password.
    Signature,
    /// OAuth 2 of an MCP server, registered beforehand.
    #[serde(rename = "MCP_OAUTH2")]
    McpOAuth2,
    /// OAuth 2 of any MCP server.
    #[serde(rename = "MCP_OAUTH2_GENERIC")]
    McpOAuth2Generic,
    /// A plug-in installed at the customer.
    InstallPlugin,
    /// AWS signature, version 4.
    #[serde(rename = "AWS_SIGV4")]
    AwsSigV4,
}

impl AuthMode {
    /// All modes, in the order of http-api.md.
    pub const ALL: [Self; 17] = [
        Self::OAuth1,
        Self::OAuth2,
        Self::OAuth2Cc,
        Self::Basic,
        Self::ApiKey,
        Self::Custom,
        Self::App,
        Self::None,
        Self::Tba,
        Self::Jwt,
        Self::Bill,
        Self::TwoStep,
        Self::Signature,
        Self::McpOAuth2,
        Self::McpOAuth2Generic,
        Self::InstallPlugin,
        Self::AwsSigV4,
    ];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OAuth1 => "OAUTH1",
            Self::OAuth2 => "OAUTH2",
            Self::OAuth2Cc => "OAUTH2_CC",
            Self::Basic => "BASIC",
            Self::ApiKey => "API_KEY",
            Self::Custom => "CUSTOM",
            Self::App => "APP",
            Self::None => "NONE",
            Self::Tba => "TBA",
            Self::Jwt => "JWT",
            Self::Bill => "BILL",
            Self::TwoStep => "TWO_STEP",
            Self::Signature => "SIGNATURE",
            Self::McpOAuth2 => "MCP_OAUTH2",
            Self::McpOAuth2Generic => "MCP_OAUTH2_GENERIC",
            Self::InstallPlugin => "INSTALL_PLUGIN",
            Self::AwsSigV4 => "AWS_SIGV4",
        }
    }

    /// The mode of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// The credential fields that templates may name without the provider declaring them.
    pub const fn credential_fields(self) -> &'static [&'static str] {
        match self {
            Self::Basic | Self::Signature | Self::InstallPlugin => &["username", "password"],
            Self::ApiKey => &["apiKey"],
            Self::OAuth2 | Self::App | Self::McpOAuth2 | Self::McpOAuth2Generic => &["access_token"],
            Self::OAuth2Cc => &["token", "client_id", "client_secret"],
            Self::Bill => &["username", "password", "organization_id", "dev_key", "session_id", "user_id"],
            Self::AwsSigV4 => &["region", "service"],
            Self::Jwt | Self::TwoStep => &["token"],
            Self::OAuth1 | Self::Tba | Self::Custom | Self::None => &[],
        }
    }
}

impl fmt::Display for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_has_one_name_everywhere() {
        for mode in AuthMode::ALL {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
            assert_eq!(AuthMode::named(mode.name()), Some(mode));
        }
        assert_eq!(AuthMode::named("oauth2"), None);
    }
}
