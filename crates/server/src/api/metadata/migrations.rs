//! What a version of the schema is to each connection of an integration.

use crate::{
    api::integrations::found,
    auth::{Key, scope},
    error::{ApiError, Result},
    extract::{Json, NoQuery, Path},
    state::AppState,
};
use axum::extract::State;
use bespoke_core::{configuration::ConnectionMigration, function::Deployment, id::ConnectionId};
use bespoke_engine::migrations::{Migration, MigrationPage, VersionCursor};
use serde::{Deserialize, Serialize};

/// Connections of a page where no limit is given, and at most.
const LIMITS: [u32; 2] = [50, 200];

/// What to migrate, or to try.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"dry_run": true, "limit": 50}))]
pub struct MigrateMetadata {
    /// Only tell what would come of it.
    #[serde(default)]
    dry_run: bool,
    /// A deployment, as for `POST /deployments`, whose `config.ts` is tried instead of the deployed one; only with `dry_run`.
    #[schema(value_type = Option<Object>)]
    deployment: Option<Deployment>,
    /// How many connections, 1 to 200; 50 unless given.
    limit: Option<u32>,
    /// Goes on behind the page that this cursor came with.
    cursor: Option<String>,
}

/// Some connections and what came of them, or would come.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"connections": [{"connection_id": "acme", "outcome": "fixed", "schema_version": 1,
    "diff": [{"op": "add", "path": "/fieldMapping/label", "value": "name"}], "problems": []}], "next_cursor": null}))]
pub struct MigratedPage {
    /// `connection_id`; `outcome`: `valid`, `fixed`, `broken` or `invalid_already`; the `schema_version` before; `diff` (JSON
    /// Patch); `problems`.
    #[schema(value_type = Vec<Object>)]
    connections: Vec<ConnectionMigration>,
    /// The cursor to go on with; null at the end.
    next_cursor: Option<String>,
}

/// Migrates the next connections of an integration that are of an older version than its deployed `config.ts`, which the
/// server does by itself, too; or tells with `dry_run` what would come of each. With a `deployment` it tells of all
/// connections what its `config.ts` would be to them.
#[utoipa::path(post, path = "/integrations/{unique_key}/metadata/migrate", tag = "metadata", request_body = MigrateMetadata,
    params(("unique_key" = String, Path)),
    responses((status = 200, body = MigratedPage), (status = 400), (status = 404)))]
pub async fn migrate_metadata(
    State(app): State<AppState>,
    key: Key<scope::Deploy>,
    Path(unique_key): Path<String>,
    _: NoQuery,
    Json(body): Json<MigrateMetadata>,
) -> Result<axum::Json<MigratedPage>> {
    let migrated = app.engine.migrate_metadata(key.environment.id, &unique_key, body.read()?).await;
    Ok(axum::Json(found(&unique_key, migrated)?.into()))
}

impl MigrateMetadata {
    fn read(self) -> Result<Migration> {
        if self.deployment.is_some() && !self.dry_run {
            return Err(ApiError::body("custom", &["dry_run"], "What is not deployed can only be tried"));
        }
        let [usual, most] = LIMITS;
        let limit = self.limit.unwrap_or(usual);
        if !(1..=most).contains(&limit) {
            return Err(ApiError::body("custom", &["limit"], "Must be 1 to 200"));
        }
        let behind = match self.cursor.as_deref().map(read_cursor) {
            None => VersionCursor::default(),
            Some(Some(cursor)) => cursor,
            Some(None) => {
                return Err(ApiError::body(
                    "invalid_format",
                    &["cursor"],
                    "Must be a cursor that this API gave",
                ));
            }
        };
        Ok(Migration { deployment: self.deployment, is_dry_run: self.dry_run, behind, limit })
    }
}

impl From<MigrationPage> for MigratedPage {
    fn from(page: MigrationPage) -> Self {
        let next_cursor = page.next.map(|next| format!("{}.{}", next.version, next.connection.0));
        Self { connections: page.connections, next_cursor }
    }
}

fn read_cursor(text: &str) -> Option<VersionCursor> {
    let (version, connection) = text.split_once('.')?;
    Some(VersionCursor { version: version.parse().ok()?, connection: ConnectionId(connection.parse().ok()?) })
}
