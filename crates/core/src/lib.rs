//! The words of the product and its pure rules.
//!
//! Nothing here does I/O, reads a clock or rolls dice: values in, values out.
//! Every other crate speaks in these types, so a noun has one shape from the database to the API.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod id;
pub mod secret;
pub mod time;

pub mod activity;
pub mod checkpoint;
pub mod configuration;
pub mod configure_session;
pub mod connection;
pub mod document;
pub mod effect;
pub mod environment;
pub mod fleet;
pub mod function;
pub mod integration;
pub mod limits;
pub mod log;
pub mod paths_read;
pub mod promotion;
pub mod record;
pub mod revision;
pub mod role;
pub mod run;
pub mod schedule;
pub mod schema_draft;
pub mod sealed;
pub mod sync;
pub mod tag;
pub mod token;
pub mod user;
pub mod validation;
pub mod webhook;

pub mod auth;
pub mod provider;
pub mod retry;
pub mod template;
