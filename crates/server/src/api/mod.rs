//! The handlers: one file per noun, which is one tag of the OpenAPI document.
//!
//! A handler takes things out of the request, calls the engine once and shapes the answer.

pub mod actions;
pub mod activity;
pub mod configuration;
pub mod configure;
pub mod configure_settings;
pub mod connections;
pub mod deployments;
pub mod dry_runs;
pub mod environment_variables;
pub mod fleet;
pub mod functions;
pub mod health;
pub mod integrations;
pub mod keys;
pub mod logs;
pub mod members;
pub mod metadata;
pub mod oidc;
pub mod providers;
pub mod proxy;
pub mod records;
pub mod retention;
pub mod runs;
pub mod scripts_config;
pub mod session;
pub mod sync_deploy;
pub mod sync_variants;
pub mod syncs;
pub mod webhook_deliveries;
pub mod webhook_settings;
pub mod webhooks;
