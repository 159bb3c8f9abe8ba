//! What credentials put on a request when the provider's own headers say nothing.

use super::Credentials;
use crate::secret::Secret;
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What becomes of a request's `Authorization` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// This value, scheme included.
    Header(Secret<String>),
    /// None: the provider's definition places the credentials, or there are none.
    Nothing,
}

/// Requests with these credentials must be signed, which is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("requests with {0} credentials are not supported")]
pub struct UnsupportedAuth(pub &'static str);

impl Credentials {
    /// The `Authorization` header that a request carries by default.
    pub fn authorization(&self) -> Result<Authorization, UnsupportedAuth> {
        match self {
            Self::Basic(basic) => {
                let password = basic.password.as_ref().map_or("", |password| password.expose().as_str());
                let pair = Secret::new(format!("{}:{password}", basic.username.expose()));
                Ok(Authorization::Header(Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())))))
            }
            Self::OAuth1(_) | Self::Tba(_) | Self::AwsSigV4(_) => Err(UnsupportedAuth(self.type_name())),
            Self::OAuth2(_)
            | Self::OAuth2Cc(_)
            | Self::App(_)
            | Self::Jwt(_)
            | Self::TwoStep(_)
            | Self::Signature(_)
            | Self::ApiKey(_)
            | Self::Custom(_)
            | Self::Bill(_)
            | Self::Unauthenticated(_) => Ok(self.bearer_token().map_or(Authorization::Nothing, |token| {
                Authorization::Header(Secret::new(format!("Bearer {}", token.expose())))
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn each_kind_has_its_header() {
        let check = |json: Value, expected: Result<Option<&str>, &'static str>| {
            let credentials = Credentials::from_json(json).unwrap();
            let header = credentials.authorization().map(|authorization| match authorization {
                Authorization::Header(value) => Some(value.expose().clone()),
                Authorization::Nothing => None,
            });
            assert_eq!(header, expected.map(|text| text.map(str::to_owned)).map_err(UnsupportedAuth));
        };
        check(json!({"type": "BASIC", "username": "ann", "password": "p:w"}), Ok(Some("Basic YW5uOnA6dw==")));
        check(json!({"type": "BASIC", "username": "key"}), Ok(Some("Basic a2V5Og==")));
        check(json!({"type": "OAUTH2", "access_token": "t"}), Ok(Some("Bearer t")));
        check(json!({"type": "OAUTH2_CC", "token": "t"}), Ok(Some("Bearer t")));
        check(json!({"type": "TWO_STEP"}), Ok(None));
        check(json!({"type": "API_KEY", "apiKey": "k"}), Ok(None));
        check(json!({"type": "NONE"}), Ok(None));
        check(json!({"type": "TBA", "token_id": "i", "token_secret": "s"}), Err("TBA"));
    }
}
