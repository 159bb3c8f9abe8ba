//! Harness shared by the tests of all crates.

#[cfg(feature = "app")]
pub mod app;
pub mod clock;
pub mod database;
#[cfg(feature = "app")]
pub mod runner;
