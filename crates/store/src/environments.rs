//! Environments.

use crate::{
    Store,
    db::{Row, Tx, Value, params},
    error::Result,
};
use bespoke_core::{environment::Environment, id::EnvironmentId};
use uuid::Uuid;

const COLUMNS: &str = "environments.id, environments.uuid, environments.name, environments.created_at";

/// Reads an environment from the [`COLUMNS`] that begin at `first`.
pub(crate) fn read(row: &Row<'_>, first: usize) -> Result<Environment> {
    Ok(Environment {
        id: row.get(first)?,
        uuid: row.get(first + 1)?,
        name: row.get(first + 2)?,
        created_at: row.get(first + 3)?,
    })
}

/// The columns that [`read`] reads.
pub(crate) fn columns() -> &'static str {
    COLUMNS
}

impl Store {
    /// Makes an environment. [`crate::Error::Conflict`] where the name or the UUID is taken.
    pub async fn create_environment(&self, name: &str, uuid: Uuid) -> Result<Environment> {
        let (name, now) = (name.to_owned(), self.now());
        self.db
            .write(move |tx| {
                let id: EnvironmentId = tx
                    .query_one(
                        "INSERT INTO environments (uuid, name, created_at) VALUES ($1, $2, $3) RETURNING id",
                        params![uuid, &name, now],
                        |row| row.get(0),
                    )
                    .map_err(|error| error.about("the environment"))?;
                Ok(Environment { id, uuid, name, created_at: now })
            })
            .await
    }

    /// All environments, oldest first.
    pub async fn environments(&self) -> Result<Vec<Environment>> {
        self.db
            .read(|tx| {
                tx.query(&format!("SELECT {COLUMNS} FROM environments ORDER BY id"), &[], |row| read(row, 0))
            })
            .await
    }

    /// The environment in this row.
    pub async fn environment(&self, id: EnvironmentId) -> Result<Option<Environment>> {
        self.db.look_up(move |tx| find(tx, "id", params![id])).await
    }

    /// The environment of this name.
    pub async fn environment_by_name(&self, name: &str) -> Result<Option<Environment>> {
        let name = name.to_owned();
        self.db.read(move |tx| find(tx, "name", params![&name])).await
    }

    /// The environment of this UUID.
    pub async fn environment_by_uuid(&self, uuid: Uuid) -> Result<Option<Environment>> {
        self.db.look_up(move |tx| find(tx, "uuid", params![uuid])).await
    }

    /// The origins whose pages may show the page for end customers of an environment.
    pub async fn configure_origins(&self, environment: EnvironmentId) -> Result<Vec<String>> {
        self.db
            .look_up(move |tx| {
                let sql = "SELECT configure_origins FROM environments WHERE id = $1";
                Ok(tx.query_opt(sql, params![environment], |row| row.json(0))?.unwrap_or_default())
            })
            .await
    }

    /// Says which origins these are.
    pub async fn set_configure_origins(
        &self,
        environment: EnvironmentId,
        origins: Vec<String>,
    ) -> Result<()> {
        self.db
            .write(move |tx| {
                let sql = "UPDATE environments SET configure_origins = $2 WHERE id = $1";
                tx.execute(sql, params![environment, Value::json(&origins)?]).map(drop)
            })
            .await
    }
}

fn find(tx: &mut Tx, column: &'static str, params: &[crate::db::Value<'_>]) -> Result<Option<Environment>> {
    tx.query_opt(&format!("SELECT {COLUMNS} FROM environments WHERE {column} = $1"), params, |row| {
        read(row, 0)
    })
}
