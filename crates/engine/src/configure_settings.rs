//! Where the page for end customers may be shown.

use crate::{Engine, Error, Result};
use bespoke_core::id::EnvironmentId;
use url::Url;
use uuid::Uuid;

/// How many origins an environment may name.
const MOST: usize = 50;

impl Engine {
    /// The origins whose pages may show the page for end customers of an environment.
    pub async fn configure_origins(&self, environment: EnvironmentId) -> Result<Vec<String>> {
        Ok(self.store.configure_origins(environment).await?)
    }

    /// The same of the environment with this UUID, or of all of them.
    pub async fn configure_origins_of(&self, environment: Option<Uuid>) -> Result<Vec<String>> {
        let mut origins = Vec::new();
        for one in self.store.environments().await? {
            if environment.is_none_or(|uuid| uuid == one.uuid) {
                origins.append(&mut self.store.configure_origins(one.id).await?);
            }
        }
        origins.sort_unstable();
        origins.dedup();
        Ok(origins)
    }

    /// Says which origins these are. Returns them in their usual spelling.
    pub async fn set_configure_origins(
        &self,
        environment: EnvironmentId,
        origins: Vec<String>,
    ) -> Result<Vec<String>> {
        let field = "allowed_origins";
        if origins.len() > MOST {
            return Err(Error::invalid(&[field], "too_big", format!("Must name at most {MOST} origins")));
        }
        let mut usual = Vec::new();
        for (index, text) in origins.iter().enumerate() {
            let origin = origin(text).ok_or_else(|| {
                let message = "Must be an origin such as https://app.example.com, without a path";
                Error::invalid(&[field, &index.to_string()], "invalid_format", message)
            })?;
            if !usual.contains(&origin) {
                usual.push(origin);
            }
        }
        self.store.set_configure_origins(environment, usual.clone()).await?;
        Ok(usual)
    }
}

/// An origin in its usual spelling, which a policy can name as it is.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    let is_origin = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let plain = url.host_str().is_some_and(|host| !host.contains(['*', ';', ',', ' ', '\'', '"']));
    (is_origin && plain).then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        assert_eq!(origin("https://App.example.com/").as_deref(), Some("https://app.example.com"));
        assert_eq!(origin("http://localhost:5173").as_deref(), Some("http://localhost:5173"));
        for wrong in [
            "app.example.com",
            "https://*.example.com",
            "https://a/b",
            "javascript:1",
            "https://a;b",
            "https://u@a",
            "*",
        ] {
            assert_eq!(origin(wrong), None, "{wrong}");
        }
    }
}
