//! Every statement of the store is served by an index, in the order that it needs; on PostgreSQL also while there are no
//! statistics, as in the minutes after a migration or the first load.
//!
//! The test fills the tables, uses every function of the store, and asks the database how it executes the statements
//! that came by. A new function of the store is used in `tour.rs`, else the test tells its name.

mod explain;
mod fill;
mod statements;
mod tour;

use crate::fixtures::World;
use bespoke_testkit::{both, database::Database};
use explain::{Kind, Plan};

/// What is otherwise a complaint: part of the statement, the indexes that it may use so, and why.
const ALLOWED: &[(&str, Kind, &[&str], &str)] = &[
    (" page JOIN ", Kind::Wide, &["connections_by_age", "connections_of_integration"], "a page, in order"),
    ("UNION ALL", Kind::Sort, &[""], "a page of each integration"),
    ("GROUP BY provider_config_key, function", Kind::Sort, &[""], "the hours of a period, however much ran"),
    ("json_each($5)", Kind::Sort, &[""], "no more than the ids that were asked for"),
    ("json_each($6)", Kind::Sort, &[""], "no more than the ids that were asked for"),
    ("r.id = k.value", Kind::Sort, &[""], "no more than the runs whose lines were looked at"),
    (
        "SELECT connections.created_at, connections.id FROM connections",
        Kind::Wide,
        &["connections_by_age", "connections_of_integration"],
        "a page, in order",
    ),
    (
        "SELECT count(*) FROM connections",
        Kind::Wide,
        &["connections_by_age", "connections_by_connection_id"],
        "counts them, of the index alone",
    ),
    ("FROM records r WHERE r.set_id = s.id", Kind::Wide, &["records_deleted"], "counts those in the index"),
    (
        "SELECT connection FROM credential_refreshes",
        Kind::Whole,
        &["credential_refreshes_failed"],
        "what failed",
    ),
    ("failed_at IS NOT NULL", Kind::Wide, &["syncs_failed"], "what failed"),
    ("SELECT 1 FROM connections", Kind::Wide, &["connections_of_integration"], "the first one"),
    ("ORDER BY next_run_at, id LIMIT 1", Kind::Whole, &["syncs_due"], "the first one"),
    ("WHERE NOT routed ORDER BY id LIMIT", Kind::Whole, &["webhook_events_to_route"], "the first ones"),
    ("ORDER BY due_at, id LIMIT 1", Kind::Whole, &["webhook_deliveries_due"], "the first one"),
    ("ORDER BY run_at, id LIMIT 1", Kind::Whole, &["runs_due"], "the first one"),
    ("WHERE connection_id IS NULL LIMIT 1", Kind::Whole, &["record_sets_to_remove"], "the first one"),
    ("SELECT external_id FROM records", Kind::Wide, &["records_pkey"], "a batch"),
    ("SELECT external_id FROM record_versions", Kind::Wide, &["record_versions_pkey"], "a batch"),
    ("DELETE FROM record_versions", Kind::Wide, &["record_versions_pkey"], "less than a batch is left"),
    ("DELETE FROM records", Kind::Wide, &["records_by_change", "records_pkey"], "less than a batch is left"),
    ("lease_token = $1 RETURNING id", Kind::Whole, &["runs_leased"], "the index holds what is running"),
    (
        "SELECT count(*) FROM connections",
        Kind::Wide,
        &["connections_of_integration"],
        "counts them, once a deployment",
    ),
    (
        "integration_id = $2 ORDER BY id",
        Kind::Wide,
        &["connections_of_integration"],
        "each gets a sync of the new function",
    ),
    ("integration_id = $2 ORDER BY id", Kind::Sort, &[""], "each gets a sync of the new function"),
    ("AND c.integration_id = $2", Kind::Wide, &["connections_of_integration"], "each is shown"),
    ("syncs.integration_id = $2", Kind::Wide, &["syncs_of_function"], "each is shown"),
    (
        "SELECT id FROM connections WHERE integration_id = $1",
        Kind::Wide,
        &["connections_of_integration"],
        "each is deleted",
    ),
    (
        "SELECT id, connection_id, metadata FROM connections",
        Kind::Sort,
        &[""],
        "the rows that are to be locked",
    ),
    ("DELETE FROM connections", Kind::Wide, &["connections_of_integration"], "each is deleted"),
    ("DELETE FROM integrations", Kind::Wide, &["connections_of_integration"], "each is deleted"),
    ("DELETE FROM integrations", Kind::Wide, &["syncs_of_function"], "each is deleted"),
    ("DELETE FROM integrations", Kind::Wide, &["connection_lookups_pkey"], "each is deleted"),
    ("DELETE FROM integrations", Kind::Wide, &["webhook_events_of_integration"], "each is deleted"),
    ("DELETE FROM webhook_events", Kind::Wide, &["webhook_events_of_integration"], "each is deleted"),
    ("DELETE FROM connection_lookups", Kind::Wide, &["connection_lookups_pkey"], "each is deleted"),
    (
        "FROM (SELECT * FROM metadata_revisions",
        Kind::Wide,
        &["metadata_revisions_pkey"],
        "all are checked, by steps",
    ),
    (
        "FROM (SELECT * FROM metadata_revisions",
        Kind::Whole,
        &["metadata_revisions_pkey"],
        "all are checked, by steps",
    ),
    (
        "SELECT created_at, id, metadata_revision",
        Kind::Wide,
        &["connections_of_integration"],
        "a page, in order",
    ),
    ("DELETE FROM syncs", Kind::Wide, &["syncs_of_function"], "each is deleted"),
    ("SELECT 1 FROM users LIMIT 1", Kind::Whole, &["users_pkey", "users", ""], "the first one"),
    (" newest WHERE", Kind::Wide, &["runs_of_integration"], "the newest runs only"),
    (" newest GROUP BY", Kind::Sort, &[""], "the newest runs only"),
    (" newest WHERE", Kind::Sort, &[""], "the newest runs only"),
];

/// What an idle node asks the database again and again, and the indexes that may be touched for it, as SQLite and as
/// PostgreSQL tell. The partial ones hold only what is scheduled, queued or running.
const IDLE: &[(&str, &[&str])] = &[
    ("SELECT next_run_at FROM syncs", &["syncs_due"]),
    ("FROM syncs WHERE next_run_at <= $1", &["syncs_due", "syncs_pkey"]),
    ("SELECT run_at FROM runs", &["runs_due"]),
    ("FROM webhook_events WHERE NOT routed", &["webhook_events_to_route"]),
    ("SELECT due_at FROM webhook_deliveries", &["webhook_deliveries_due"]),
    (
        "FROM webhook_deliveries WHERE state = 'pending' AND due_at <= $1",
        &["webhook_deliveries_due", "webhook_deliveries_pkey"],
    ),
    ("FROM runs WHERE state = 'queued' AND NOT parked AND run_at <= $3", &["runs_due", "runs_pkey"]),
    ("UPDATE runs SET leased_until = $2 WHERE state = 'running' AND lease_token = $1", &["runs_leased"]),
    ("lease_token FROM runs WHERE state = 'running' AND leased_until < $1", &["runs_leased"]),
];

both! {
    async fn every_statement_is_served_by_an_index(database) {
        statements::record();
        let world = World::new(&database).await;
        fill::fill(&database, &world).await;
        tour::tour(&world).await;
        let statements = statements::of(&database);
        if !database.is_postgres() {
            return check("filled", database.url(), statements).await;
        }
        let empty = Database::postgres().await.unwrap();
        check("empty", empty.url(), statements.clone()).await;
        assert_eq!(statistics(database.url()).await, 0);
        check("filled", database.url(), statements.clone()).await;
        database.administer("VACUUM ANALYZE");
        assert!(statistics(database.url()).await > 50);
        check("counted", database.url(), statements).await;
    }
}

async fn statistics(url: &str) -> i64 {
    let url = url.to_owned();
    tokio::task::spawn_blocking(move || explain::statistics(&url)).await.unwrap()
}

async fn check(state: &str, url: &str, statements: Vec<String>) {
    let url = url.to_owned();
    let plans = tokio::task::spawn_blocking(move || explain::explain(&url, statements)).await.unwrap();
    let complaints: Vec<String> = plans.iter().flat_map(complaints).collect();
    assert!(complaints.is_empty(), "{state}, {} complaints\n\n{}", complaints.len(), complaints.join("\n\n"));
    for (statement, indexes) in IDLE {
        let found: Vec<&Plan> = plans.iter().filter(|plan| plan.statement.contains(statement)).collect();
        assert!(!found.is_empty(), "nobody ran {statement}");
        for plan in found {
            let mut used: Vec<&str> = plan.accesses.iter().map(|access| access.index.as_str()).collect();
            used.sort_unstable();
            assert_eq!(used, *indexes, "{state}: {}\n{}", plan.statement, plan.text);
        }
    }
}

fn complaints(plan: &Plan) -> Vec<String> {
    let is_allowed = |problem: &(Kind, String)| {
        ALLOWED.iter().any(|(fragment, kind, indexes, _)| {
            plan.statement.contains(fragment) && *kind == problem.0 && indexes.contains(&problem.1.as_str())
        })
    };
    let problems = plan.problems().into_iter().filter(|problem| !is_allowed(problem));
    problems.map(|(kind, index)| format!("{kind:?} {index}: {}\n{}", plan.statement, plan.text)).collect()
}
