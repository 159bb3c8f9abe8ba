//! Environments, the keys that open them, and their variables.

use crate::{Engine, Error, Resource, Result, error::chain};
use bespoke_core::{
    environment::{ApiKey, Environment, FIRST, SecretKey},
    id::ApiKeyId,
    time::Timestamp,
};
use bespoke_store::NewApiKey;
use std::{collections::BTreeMap, time::Duration};

/// A key made just now: the only time that its secret is seen.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The environment that it opens.
    pub environment: Environment,
    /// The key.
    pub key: ApiKey,
    /// Its secret.
    pub secret: SecretKey,
}

/// A key that may do some things, or for some time.
#[derive(Clone, Debug)]
pub struct LimitedKey {
    /// Name for people.
    pub display_name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// From when on it opens nothing.
    pub expires_at: Option<Timestamp>,
}

/// What a key that opens everything in its environment is granted.
const EVERYTHING: &str = "environment:*";

/// How exact the time is that a key was used last: a request is not worth a write each time.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

impl Engine {
    /// The key with this secret and its environment; `None` where there is none or it was revoked.
    ///
    /// It is looked up each time: a revoked key opens nothing from that moment on, whoever revoked it.
    pub async fn authenticate(&self, secret: &SecretKey) -> Result<Option<(ApiKey, Environment)>> {
        let Some((key, environment)) = self.store.api_key_by_hash(secret.hash()).await? else {
            return Ok(None);
        };
        let now = self.now();
        if key.last_used_at.is_none_or(|last| now.since(last) >= USE_NOTED_EVERY) {
            // Not worth refusing a request.
            if let Err(error) = self.store.touch_api_keys(vec![(key.id, now)]).await {
                tracing::warn!(error = chain(&error), "the use of a key could not be noted");
            }
        }
        Ok(Some((key, environment)))
    }

    /// Makes the first environments where they are missing, and sees that each has a key: the preset one, or a new one
    /// where it has none. Returns the keys made just now.
    ///
    /// Fails with [`Error::NotFound`] when a preset key names an environment that does not exist, and with
    /// [`Error::Conflict`] when a preset key was revoked or belongs to another environment.
    pub async fn prepare_environments(&self, preset: &BTreeMap<String, SecretKey>) -> Result<Vec<NewKey>> {
        for name in FIRST {
            if self.store.environment_by_name(name).await?.is_none() {
                self.store.create_environment(name, self.ids.next()).await?;
            }
        }
        let mut made = Vec::new();
        for (name, secret) in preset {
            let environment = self.environment(name).await?;
            match self.store.api_key_by_hash(secret.hash()).await? {
                Some((_, owner)) if owner.id == environment.id => {}
                Some(_) => return Err(Error::Conflict(Resource::ApiKey)),
                None => match self.store_key(environment, "preset", secret.clone()).await {
                    Err(Error::Store(bespoke_store::Error::Conflict(_))) => {
                        return Err(Error::Conflict(Resource::ApiKey));
                    }
                    stored => made.push(stored?),
                },
            }
        }
        for environment in self.store.environments().await? {
            // Connections may have URLs of their own, which want a signing key too.
            self.webhook_settings(environment.id).await?;
            if self.store.api_keys(environment.id).await?.is_empty() {
                let secret = SecretKey::from_uuid(self.ids.next());
                made.push(self.store_key(environment, "default", secret).await?);
            }
        }
        Ok(made)
    }

    /// The environment with this name.
    pub async fn environment(&self, name: &str) -> Result<Environment> {
        self.store.environment_by_name(name).await?.ok_or(Error::NotFound(Resource::Environment))
    }

    /// Makes a key that opens everything in an environment.
    pub async fn create_api_key(&self, environment: &str, display_name: &str) -> Result<NewKey> {
        let environment = self.environment(environment).await?;
        self.store_key(environment, display_name, SecretKey::from_uuid(self.ids.next())).await
    }

    /// Makes a key of an environment with these scopes, which opens nothing any more from `expires_at` on.
    pub async fn create_limited_api_key(&self, environment: &Environment, key: LimitedKey) -> Result<NewKey> {
        let LimitedKey { display_name, scopes, expires_at } = key;
        let display_name = display_name.trim().to_owned();
        if display_name.is_empty() || display_name.chars().count() > 255 {
            return Err(Error::invalid(&["display_name"], "too_small", "Must have 1 to 255 characters"));
        }
        if expires_at.is_some_and(|end| end <= self.now()) {
            return Err(Error::invalid(&["expires_at"], "too_small", "Must be in the future"));
        }
        let secret = SecretKey::from_uuid(self.ids.next());
        let new = NewApiKey { display_name, hash: secret.hash(), scopes, expires_at };
        let key = self.store.create_api_key(environment.id, new).await?;
        Ok(NewKey { environment: environment.clone(), key, secret })
    }

    /// The keys of an environment, oldest first, revoked ones included.
    pub async fn api_keys(&self, environment: &str) -> Result<Vec<ApiKey>> {
        let environment = self.environment(environment).await?;
        Ok(self.store.api_keys(environment.id).await?)
    }

    /// Revokes a key of an environment: it opens nothing any more.
    ///
    /// [`Error::NotFound`] where the environment has no such key, or it was revoked before.
    pub async fn revoke_api_key(&self, environment: &str, id: ApiKeyId) -> Result<()> {
        let environment = self.environment(environment).await?;
        let revoked = self.store.revoke_api_key(environment.id, id).await?;
        if revoked { Ok(()) } else { Err(Error::NotFound(Resource::ApiKey)) }
    }

    async fn store_key(
        &self,
        environment: Environment,
        display_name: &str,
        secret: SecretKey,
    ) -> Result<NewKey> {
        let scopes = vec![EVERYTHING.to_owned()];
        let new = NewApiKey {
            display_name: display_name.to_owned(),
            hash: secret.hash(),
            scopes,
            expires_at: None,
        };
        let key = self.store.create_api_key(environment.id, new).await?;
        Ok(NewKey { environment, key, secret })
    }
}
