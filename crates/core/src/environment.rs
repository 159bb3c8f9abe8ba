//! Environments and the keys that open them.

use crate::{
    id::{ApiKeyId, EnvironmentId},
    secret::Secret,
    time::Timestamp,
};
use uuid::Uuid;

/// The environments that a first start makes.
pub const FIRST: [&str; 2] = ["dev", "prod"];

/// `dev`, `prod`, …: own keys, integrations and connections; nothing crosses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Row id.
    pub id: EnvironmentId,
    /// Its id in webhook URLs.
    pub uuid: Uuid,
    /// Its name: `^[a-z0-9_-]+$`, at most 255 characters.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key of an environment, without the secret: only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Row id.
    pub id: ApiKeyId,
    /// The environment that it opens.
    pub environment: EnvironmentId,
    /// Name for people.
    pub display_name: String,
    /// What it may do, e.g. `environment:*`.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last; noted now and then, not at every request.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked; a revoked key opens nothing.
    pub revoked_at: Option<Timestamp>,
    /// From when on it opens nothing, where that was decided when it was made.
    pub expires_at: Option<Timestamp>,
}

/// The secret of an API key: a UUID v4 (http-api.md §0).
#[derive(Clone, Debug)]
pub struct SecretKey(Secret<String>);

impl SecretKey {
    /// Reads a key. `None` where it is not a UUID v4 in its usual text form.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let uuid =
            Uuid::try_parse(text).ok().filter(|uuid| text.len() == 36 && uuid.get_version_num() == 4)?;
        Some(Self(Secret::new(uuid.to_string())))
    }

    /// The key of a fresh random UUID.
    pub fn from_uuid(uuid: Uuid) -> Self {
        Self(Secret::new(uuid.to_string()))
    }

    /// The text that clients send, shown once.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored of it. A key has 122 random bits, so a plain fast hash is enough.
    pub fn hash(&self) -> [u8; 32] {
        *blake3::hash(self.0.expose().as_bytes()).as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_uuid_v4_in_any_case() {
        let key = SecretKey::parse("6F1C1C1E-7A49-4F5C-9F5E-0123456789AB").unwrap();
        assert_eq!(key.hash(), SecretKey::parse("6f1c1c1e-7a49-4f5c-9f5e-0123456789ab").unwrap().hash());
        assert!(SecretKey::parse("6f1c1c1e-7a49-1f5c-9f5e-0123456789ab").is_none(), "version 1");
        assert!(SecretKey::parse("6f1c1c1e7a494f5c9f5e0123456789ab").is_none());
        assert!(SecretKey::parse("secret").is_none());
        assert_eq!(format!("{key:?}"), "SecretKey([secret])");
    }
}
