//! Texts that open something for whoever has them: sessions, invitations and other links. Only their hashes are stored.

use crate::secret::Secret;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// How many characters the text of a token has.
const LENGTH: usize = 43;

/// A random text of 256 bits.
#[derive(Clone, Debug)]
pub struct Token(Secret<String>);

impl Token {
    /// The token of 32 random bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Reads a token; `None` where the text cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == LENGTH
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        fits.then(|| Self(text.into()))
    }

    /// The text, which fits into a URL and a cookie as it is.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored of it. It has 256 random bits, so a plain fast hash is enough.
    pub fn hash(&self) -> [u8; 32] {
        *blake3::hash(self.0.expose().as_bytes()).as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_nothing_else_is_one() {
        let token = Token::from_random([255; 32]);
        assert_eq!(Token::parse(token.expose()).unwrap().hash(), token.hash());
        assert!(Token::parse("").is_none() && Token::parse(&"é".repeat(43)).is_none());
        assert_eq!(format!("{token:?}"), "Token([secret])");
    }
}
