//! The store from outside, each test on both databases.
#![allow(clippy::unwrap_used)]

mod api_keys;
mod environment_variables;
mod environments;
mod fixtures;
mod functions;
mod lanes;
mod logs;
mod migrations;
mod plans;
mod records;
mod runs;
mod syncs;
