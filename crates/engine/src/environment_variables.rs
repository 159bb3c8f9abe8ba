//! Environment variables: what functions read with `getEnvironmentVariables()`.

use crate::{Engine, Error, Result};
use bespoke_core::{id::EnvironmentId, secret::Secret};

/// Characters of a name.
const MAX_NAME: usize = 255;
/// Bytes of a value.
const MAX_VALUE: usize = 64 * 1024;

impl Engine {
    /// All variables of an environment, by name.
    pub async fn environment_variables(
        &self,
        environment: EnvironmentId,
    ) -> Result<Vec<(String, Secret<String>)>> {
        Ok(self.store.environment_variables(environment).await?)
    }

    /// Sets a variable, new or not. Fails with [`Error::Invalid`] where the name is no identifier or the value too large.
    pub async fn set_environment_variable(
        &self,
        environment: EnvironmentId,
        name: &str,
        value: &Secret<String>,
    ) -> Result<()> {
        let mut characters = name.chars();
        let begins = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
        if !begins
            || !characters.all(|one| one.is_ascii_alphanumeric() || one == '_')
            || name.len() > MAX_NAME
        {
            let message =
                format!("Must be letters, digits and _, no digit first, {MAX_NAME} characters at most");
            return Err(Error::invalid(&["name"], "invalid_format", message));
        }
        if value.expose().len() > MAX_VALUE {
            return Err(Error::invalid(
                &["value"],
                "too_big",
                format!("Must have at most {MAX_VALUE} bytes"),
            ));
        }
        Ok(self.store.set_environment_variable(environment, name, value).await?)
    }

    /// Removes a variable; false where it was not there.
    pub async fn unset_environment_variable(&self, environment: EnvironmentId, name: &str) -> Result<bool> {
        Ok(self.store.unset_environment_variable(environment, name).await?)
    }
}
