//! The binary from outside: what it prints, how it ends, and what a server then does.
#![allow(clippy::unwrap_used)]

mod authoring;
mod config;
mod config_files;
mod credentials;
mod deploy;
mod documents;
mod env;
mod keys;
mod logs;
mod members;
mod preview;
mod serve;
mod support;
mod test;
mod webhooks;
