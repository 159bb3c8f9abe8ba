//! Sessions of the configuration page: an end customer who sets values of one connection, and may do nothing else.

mod allowed;
mod choices;

pub use allowed::{Allowed, Hints};
pub use choices::{Choice, choices};

use crate::{
    environment::Environment,
    id::{ConnectionId, EnvironmentId},
    time::Timestamp,
    token::Token,
};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// How long a session lasts where nothing is said.
pub const LASTS: Duration = Duration::from_secs(30 * 60);
/// How long it can last.
pub const LASTS_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);
/// Begins a token.
const PREFIX: &str = "bcs_";

/// What opens a session: a token that people and secret scanners know by how it begins.
#[derive(Clone, Debug)]
pub struct SessionToken(Token);

impl SessionToken {
    /// The token of 256 random bits.
    pub fn new(random: [u8; 32]) -> Self {
        Self(Token::from_random(random))
    }

    /// Reads a token; `None` where the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        Token::parse(text.trim().strip_prefix(PREFIX)?).map(Self)
    }

    /// The text that the page sends, shown once.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", self.0.expose())
    }

    /// What is stored of it.
    pub fn hash(&self) -> [u8; 32] {
        self.0.hash()
    }
}

/// A session to be made.
#[derive(Clone, Debug)]
pub struct NewConfigureSession {
    /// Its id, for the history of what is written in it.
    pub id: Uuid,
    /// JSON pointers to what may be set; all that the schema shows where it is `None`.
    pub allow: Option<Vec<String>>,
    /// The language to show.
    pub locale: Option<String>,
    /// How the page looks, in the page's words.
    pub theme: Option<Value>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A session that goes on.
#[derive(Clone, Debug)]
pub struct ConfigureSession {
    /// What it was made with.
    pub session: NewConfigureSession,
    /// The environment.
    pub environment: Environment,
    /// The integration's key.
    pub provider_config_key: String,
    /// The connection's row.
    pub connection: ConnectionId,
    /// The connection's id.
    pub connection_id: String,
}

impl ConfigureSession {
    /// The environment's row.
    pub const fn environment_id(&self) -> EnvironmentId {
        self.environment.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_given_out_and_nothing_else_is_one() {
        let token = SessionToken::new([7; 32]);
        assert_eq!(SessionToken::parse(&token.expose()).unwrap().hash(), token.hash());
        for text in ["", "bcs_", "bcs_abc", "6f1c1c1e-7a49-4f5c-9f5e-0123456789ab", &token.expose()[4..]] {
            assert!(SessionToken::parse(text).is_none(), "{text}");
        }
        assert_eq!(format!("{token:?}"), "SessionToken(Token([secret]))");
    }
}
