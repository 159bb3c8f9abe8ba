//! The API from outside: real HTTP to a real server, each test on both databases.
#![allow(clippy::unwrap_used)]

mod activity;
mod authz;
mod backend;
mod configuration;
mod configure;
mod conformance;
mod connections;
mod dashboard;
mod deploy_fuzz;
mod deployments;
mod dry_runs;
mod effects;
mod environment_variables;
mod fixtures;
mod fleet;
mod functions;
mod inbound_webhooks;
mod integrations;
mod logs;
mod members;
mod metadata;
mod metadata_revisions;
mod oidc;
mod on_events;
mod outbound_webhooks;
mod people;
mod policies;
mod promotion;
mod providers;
mod reads;
mod records;
mod refresh;
mod repeated_batches;
mod runs;
mod schema_versions;
mod secrets;
mod sessions;
mod sync_deploy;
mod syncs;
mod transport;

bespoke_testkit::runner_process!();
