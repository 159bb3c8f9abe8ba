//! Fills the tables: enough rows for a scan to be seen, none that the databases have counted.

use crate::fixtures::World;
use bespoke_store::NewIntegration;
use bespoke_testkit::database::Database;
use serde_json::Map;
use uuid::Uuid;

/// The tables, without those of which there is one row or few.
pub(super) const BIG: [&str; 14] = [
    "bytecode",
    "connection_lookups",
    "connection_tags",
    "connections",
    "credential_refreshes",
    "logs",
    "modules",
    "record_sets",
    "record_versions",
    "records",
    "runs",
    "syncs",
    "webhook_deliveries",
    "webhook_events",
];

/// Keeps the server from counting any table by itself, however long the test takes on a slow machine.
const WITHOUT_STATISTICS: &str = "DO $$ DECLARE name regclass; BEGIN
    FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', name);
    END LOOP; END $$";

/// Of both environments, one after the other.
const INTEGRATIONS: u32 = 100;
/// 2026-01-01, when the world's clock stands still.
const NOW: i64 = 1_767_225_600_000_000;

/// Two environments with, together: 100 integrations; 5,000 connections with tags, metadata and a sync each; 20,000 runs, nearly all of
/// them ended; 40,000 lines of the log; 20,000 records in one set and 20,000 in ten others; 2,000 modules, 500 functions, 50 keys and variables.
pub(super) async fn fill(database: &Database, world: &World) {
    let store = &world.store;
    let prod = store.create_environment("prod", Uuid::from_u128(2)).await.unwrap().id;
    let mut first = None;
    for number in 0..INTEGRATIONS {
        let integration = NewIntegration {
            unique_key: format!("big-{number}"),
            provider: "unauthenticated".to_owned(),
            display_name: None,
            forward_webhooks: false,
            custom: Map::new(),
            data_validation: Default::default(),
            credentials: None,
        };
        let environment = if number % 2 == 1 { world.environment } else { prod };
        let made = store.create_integration(environment, integration).await.unwrap().id;
        first.get_or_insert(made.0);
    }
    let bytes = if database.is_postgres() { "BYTEA" } else { "BLOB" };
    let environment = format!("CASE WHEN i % 2 = 1 THEN {} ELSE {} END", world.environment.0, prod.0);
    let integration = format!("{} + i % {INTEGRATIONS}", first.unwrap());
    let uuid = |number: &str| {
        format!("'00000000-0000-4000-8000-' || substr(CAST(1000000000000 + {number} AS TEXT), 2)")
    };
    let sync = uuid("c.id");
    let mut statements = Vec::new();
    if database.is_postgres() {
        statements.push(WITHOUT_STATISTICS.to_owned());
    }
    statements.extend([
        rows(
            5_000,
            "connections (environment_id, integration_id, connection_id, created_at, updated_at, end_user_id,
                 end_user_organization_id, tags, connection_config, search_text, metadata)",
            &format!(
                "{environment}, {integration}, 'customer-' || i, {NOW} - i, {NOW} - i, 'user-' || i, 'organization-' || (i / 10),
                 '{{\"plan\":\"pro\"}}', '{{}}', 'customer-' || i, '{{\"schedule\":{{\"contacts\":\"every hour\"}}}}'"
            ),
        ),
        "INSERT INTO connection_tags (environment_id, key, value, created_at, connection)
         SELECT environment_id, 'plan', 'pro', created_at, id FROM connections".to_owned(),
        "INSERT INTO connection_tags (environment_id, key, value, created_at, connection)
         SELECT environment_id, 'number', connection_id, created_at, id FROM connections".to_owned(),
        format!(
            "INSERT INTO syncs (id, environment_id, connection_id, integration_id, name, variant, started,
                 default_frequency, anchor, next_run_at)
             SELECT {sync}, environment_id, id, integration_id, 'contacts', 'base', TRUE, 'every hour', {NOW},
                 CASE WHEN id % 1000 = 0 THEN {NOW} - 1 ELSE {NOW} + 3600000000 END
             FROM connections c"
        ),
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4)
             INSERT INTO runs (id, environment_id, kind, connection_id, integration_id, function_name, sync_id, state, run_at, take_ups,
                 attempt, max_attempts, lease_token, leased_until, created_at, started_at, finished_at)
             SELECT {id}, c.environment_id, 'sync', c.id, c.integration_id, 'contacts', {sync},
                 CASE WHEN {queued} THEN 'queued' WHEN {running} THEN 'running' ELSE 'succeeded' END,
                 {NOW} - i, 1, 1, 1, CASE WHEN {running} THEN {sync} END, CASE WHEN {running} THEN {NOW} + 1 END,
                 {NOW} - i, {NOW} - i, CASE WHEN {queued} OR {running} THEN NULL ELSE {NOW} - i END
             FROM connections c, n",
            id = uuid("c.id * 4 + i"),
            queued = "(i = 4 AND c.id % 1000 = 1)",
            running = "(i = 4 AND c.id % 1000 = 2)",
        ),
        "INSERT INTO record_sets (environment_id, connection_id, model, variant, last_change, live, pruned_to)
         SELECT environment_id, id, 'Contact', 'base', 0, 0, 0 FROM connections".to_owned(),
        rows(
            40_000,
            "records (set_id, external_id, id, hash, ordinal, created_at, updated_at, run_id, payload)",
            &format!(
                "CASE WHEN i % 2 = 1 THEN 1 ELSE 2 + (i / 2) % 10 END, 'record-' || i, CAST('0123456789' || (100000 + i) AS {bytes}),
                 CAST('0123456789012345' AS {bytes}), i, {NOW} - i, {NOW} - i, CAST('0123456789012345' AS {bytes}),
                 '{{\"id\":\"record\",\"name\":\"Ann\"}}'"
            ),
        ),
        rows(
            20_000,
            "record_versions (set_id, external_id, slot, number, changed_at, replaced_at, action, payload)",
            &format!("CASE WHEN i % 2 = 1 THEN 1 ELSE 2 + (i / 2) % 10 END, 'record-' || i, 0, 0, {NOW} - i, {NOW} - i, 'ADDED', '{{}}'"),
        ),
        "INSERT INTO connection_lookups (integration_id, path, value, connection)
         SELECT integration_id, 'metadata.account', connection_id, id FROM connections".to_owned(),
        rows(
            5_000,
            "webhook_events (environment_id, integration_id, delivery_id, received_at, routed, request, payload)",
            &format!("{environment}, {integration}, 'delivery-' || i, {NOW} - i, (i % 1000 <> 0), '{{}}', '{{}}'"),
        ),
        rows(
            5_000,
            "webhook_deliveries (environment_id, state, kind, url, attempt, due_at, created_at, finished_at, headers, body)",
            &format!(
                "{environment}, CASE WHEN i % 10 = 0 THEN 'pending' WHEN i % 10 = 1 THEN 'failed' ELSE 'delivered' END,
                 'sync', 'https://example.com', 1, {NOW} + i, {NOW}, CASE WHEN i % 10 = 0 THEN NULL ELSE {NOW} END,
                 '{{}}', '{{}}'"
            ),
        ),
        rows(
            20_000,
            "activity (environment_id, hour, provider_config_key, function, runs, failures, records_changed, proxy_calls,
                       run_time, longest_run)",
            &format!("{environment}, {NOW} - (i % 200) * 3600000000, 'big-' || (i / 200), 'contacts', 1, 0, 1, 0, 1, 1"),
        ),
        rows(
            40_000,
            &format!(
                "logs (id, environment_id, kind, level, provider_config_key, connection_id, function, run_id, status,
                     message, meta{})",
                if database.is_postgres() { ", words" } else { "" }
            ),
            &format!(
                "({NOW} - i) * 1024, {environment}, CASE WHEN i % 20 = 0 THEN 'log' ELSE 'http' END,
                 CASE WHEN i % 50 = 0 THEN 'error' ELSE 'info' END, 'big-' || (i % {INTEGRATIONS}), 'customer-' || (i % 5000),
                 CASE WHEN i % 2 = 0 THEN 'contacts' END, CASE WHEN i % 2 = 0 THEN 'run-' || (i / 10) END, 200,
                 'GET https://crm.example', NULL{}",
                if database.is_postgres() { ", array_to_tsvector(ARRAY['get', 'item' || i])" } else { "" }
            ),
        ),
        "INSERT INTO checkpoints (environment_id, connection_id, key, version, value)
         SELECT environment_id, id, 'action:' || id, 1, '{}' FROM connections".to_owned(),
        rows(2_000, "locks (environment_id, key, owner, expires_at)", &format!("{environment}, 'lock ' || i, 'run ' || i, {NOW} + i")),
        rows(2_000, "record_sightings (set_id, chunk, bits)", &format!("i % 10 + 1, i, CAST('bits' AS {bytes})")),
        "INSERT INTO credential_refreshes (connection) SELECT id FROM connections".to_owned(),
        rows(
            2_000,
            "modules (environment_id, hash, code)",
            &format!("{environment}, CAST('module ' || i AS {bytes}), 'export default 1'"),
        ),
        "INSERT INTO bytecode (environment_id, hash, engine_version, bytecode)
         SELECT environment_id, hash, '1', hash FROM modules".to_owned(),
        rows(
            500,
            "functions (environment_id, integration_id, kind, name, version, origin, fingerprint, enabled, is_current,
                 deployed_at, modules, definition, source_path, source_code)",
            &format!(
                "{environment}, {integration}, 'action', 'f' || (i / 10), '1', 'repo',
                 CAST('01234567890123456789012345678901' AS {bytes}), TRUE, (i % 10 >= 8), {NOW}, '[]',
                 '{{\"integration\":\"big-1\",\"kind\":\"action\",\"name\":\"f' || (i / 10) || '\"}}', 'f.ts', ''"
            ),
        ),
        rows(
            50,
            "api_keys (environment_id, display_name, key_hash, scopes, created_at)",
            &format!("{environment}, 'key', CAST('key ' || i AS {bytes}), '[]', {NOW}"),
        ),
        rows(
            2_000,
            "users (id, email, name, created_at)",
            &format!("'00000000-0000-4000-8001-' || CAST(100000000000 + i AS TEXT), 'user-' || i || '@example.com', 'User', {NOW}"),
        ),
        "INSERT INTO user_roles (environment_id, user_id, role) SELECT environments.id, users.id, 'viewer'
         FROM users, environments WHERE users.id LIKE '%5' AND environments.id = 1".to_owned(),
        rows(
            2_000,
            "sessions (id, user_id, token_hash, created_at, last_used_at, expires_at, user_agent, address)",
            &format!("'00000000-0000-4000-8002-' || CAST(100000000000 + i AS TEXT), '00000000-0000-4000-8001-' || CAST(100000000000 + i AS TEXT), CAST('session ' || i AS {bytes}), {NOW}, {NOW}, {NOW} * 2 + i, '', ''"),
        ),
        rows(
            2_000,
            "invites (id, environment_id, email, role, created_at, expires_at, token_hash)",
            &format!("'00000000-0000-4000-8003-' || CAST(100000000000 + i AS TEXT), {environment}, 'guest-' || i, 'viewer', {NOW}, {NOW} * 2 + i, CAST('invite ' || i AS {bytes})"),
        ),
        rows(
            2_000,
            "one_time_tokens (token_hash, kind, expires_at, user_id, body)",
            &format!("CAST('token ' || i AS {bytes}), 'reset', {NOW} * 2 + i, '00000000-0000-4000-8001-' || CAST(100000000000 + i AS TEXT), '{{}}'"),
        ),
    ]);
    let url = database.url().to_owned();
    tokio::task::spawn_blocking(move || run(&url, &statements)).await.unwrap();
    for number in 0..50 {
        store
            .set_environment_variable(world.environment, &format!("V{number}"), &"value".into())
            .await
            .unwrap();
    }
}

/// Inserts `values` for each `i` from 1 to `count`.
fn rows(count: u32, into: &str, values: &str) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO {into} SELECT {values} FROM n"
    )
}

fn run(url: &str, statements: &[String]) {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let mut connection = rusqlite::Connection::open(path).unwrap();
        let transaction = connection.transaction().unwrap();
        for statement in statements {
            transaction.execute_batch(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        transaction.commit().unwrap();
    } else {
        let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
        for statement in statements {
            client.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        }
    }
}
