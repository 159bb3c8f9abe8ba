//! Harness shared by the tests of all crates.

pub mod clock;
pub mod database;
