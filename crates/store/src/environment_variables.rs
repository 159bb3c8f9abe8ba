//! Environment variables: what functions read with `getEnvironmentVariables()`. The values are sealed.

use crate::{Store, db::params, error::Result, vault::Place};
use bespoke_core::{id::EnvironmentId, secret::Secret};

/// Where the value of a variable is sealed to: a renamed or copied row does not open.
fn sealed<R>(environment: EnvironmentId, name: &str, work: impl FnOnce(Place<'_>) -> R) -> R {
    let row = format!("{environment}/{name}");
    work(Place { column: "environment_variables.value", row: &row })
}

impl Store {
    /// Sets a variable, new or not.
    pub async fn set_environment_variable(
        &self,
        environment: EnvironmentId,
        name: &str,
        value: &Secret<String>,
    ) -> Result<()> {
        let value = sealed(environment, name, |place| self.vault.seal(place, value.expose().as_bytes()))?;
        let name = name.to_owned();
        self.db
            .write(move |tx| {
                tx.execute(
                    "INSERT INTO environment_variables (environment_id, name, value) VALUES ($1, $2, $3)
                     ON CONFLICT (environment_id, name) DO UPDATE SET value = excluded.value",
                    params![environment, &name, &value],
                )
                .map(drop)
            })
            .await
    }

    /// Removes a variable; false where it was not there.
    pub async fn unset_environment_variable(&self, environment: EnvironmentId, name: &str) -> Result<bool> {
        let name = name.to_owned();
        self.db
            .write(move |tx| {
                let removed = tx.execute(
                    "DELETE FROM environment_variables WHERE environment_id = $1 AND name = $2",
                    params![environment, &name],
                )?;
                Ok(removed == 1)
            })
            .await
    }

    /// All variables of an environment, by name.
    pub async fn environment_variables(
        &self,
        environment: EnvironmentId,
    ) -> Result<Vec<(String, Secret<String>)>> {
        let rows: Vec<(String, Vec<u8>)> = self
            .db
            .read(move |tx| {
                tx.query(
                    "SELECT name, value FROM environment_variables WHERE environment_id = $1",
                    params![environment],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
            })
            .await?;
        let mut variables = rows
            .into_iter()
            .map(|(name, value)| {
                let value = sealed(environment, &name, |place| self.vault.open_text(place, &value))?;
                Ok((name, value))
            })
            .collect::<Result<Vec<_>>>()?;
        // Here and not in SQL: the databases sort texts differently.
        variables.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(variables)
    }
}
