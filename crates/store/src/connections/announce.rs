//! Telling others of connections: the functions that wait for new ones, and the backend.

use crate::{
    db::{Tx, params},
    error::Result,
    notices,
    runs::{self, NewRun},
};
use bespoke_core::{
    auth::Credentials,
    connection::Connection,
    function::{AFTER_CREATION, Definition},
    run::RunKind,
    time::Timestamp,
    webhook::AuthOperation,
};
use uuid::Uuid;

/// How often a function that waits for new connections is tried.
const MAX_ATTEMPTS: u32 = 3;

/// Queues the functions that wait for new connections, and tells the backend.
pub(super) fn announce(
    tx: &mut Tx,
    connection: &Connection,
    operation: AuthOperation,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<()> {
    if operation == AuthOperation::Creation {
        queue_functions(tx, connection, now)?;
    }
    let shape = credentials.to_json();
    let auth_mode = shape["type"].as_str().unwrap_or_default();
    notices::connection_authorised(tx, connection, operation, auth_mode, now)
}

fn queue_functions(tx: &mut Tx, connection: &Connection, now: Timestamp) -> Result<()> {
    let functions: Vec<Definition> = tx.query(
        "SELECT definition FROM functions
         WHERE environment_id = $1 AND integration_id = $2 AND kind = 'on-event' AND is_current AND enabled",
        params![connection.environment, connection.integration],
        |row| row.json(0),
    )?;
    for function in functions.iter().filter(|function| function.event.as_deref() == Some(AFTER_CREATION)) {
        let name = format!("{AFTER_CREATION}:{}:{}", connection.id, function.name);
        let run = NewRun {
            // A connection is made once, and ids of rows are never used again.
            id: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
            environment: connection.environment,
            kind: RunKind::OnEvent,
            connection: connection.id,
            function_name: function.name.clone(),
            sync: None,
            run_at: now,
            max_attempts: MAX_ATTEMPTS,
            input: None,
            lane: None,
            now,
        };
        runs::enqueue(tx, &run)?;
    }
    Ok(())
}
