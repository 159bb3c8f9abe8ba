//! The HTTP API: routes, wire shapes, the error table, settings. It holds no SQL and takes no decisions.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod config;
pub mod router;
pub mod state;

pub mod api;
pub mod auth;
pub mod cookies;
pub mod cross_site;
pub mod dashboard;
pub mod error;
pub mod extract;
pub mod normalize;
pub mod openapi;
pub mod provenance;
pub mod serve;
pub mod system;
pub mod visitor;
