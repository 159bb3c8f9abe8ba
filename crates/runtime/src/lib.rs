//! Runs functions: customers' JavaScript, in runner processes that can be killed.
//!
//! The parent (the server) holds a [`Runtime`]. It starts runner processes – the same program with a hidden
//! subcommand that calls [`runner_main`] – and speaks length-prefixed frames with them over a socket pair. A process
//! belongs to one environment; in it every run has its own operating-system thread and its own QuickJS engine with
//! limits on memory, stack and CPU time. A function can do nothing by itself: whatever it asks for is a [`host::Call`]
//! that the parent answers.
//!
//! This crate knows nothing of HTTP, of the database, or of what a connection is.
//!
//! In reading order: what the parent offers ([`limits`], [`host`], [`error`], `supervisor`, `process`,
//! `task`, `drive`), what
//! both sides say (`protocol`), and what happens in the child (`runner`, `worker`, `isolate`, `arena`, `ops`, `sandbox`).
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod arena;
mod builtins;
pub mod commonjs;
mod compile;
mod definitions;
mod drive;
mod error;
pub mod host;
mod isolate;
mod limits;
mod locales;
mod modules;
mod ops;
mod process;
mod protocol;
mod run;
mod runner;
mod sandbox;
mod stack;
mod state;
mod supervisor;
mod task;
mod wire;
mod worker;

pub use compile::{Bytecode, ENGINE_VERSION, SourceModule};
pub use error::{CompileError, Error, Failure, code};
pub use host::Host;
pub use limits::Limits;
pub use process::Module;
pub use run::{Kind, Outcome, Run};
pub use runner::runner_main;
pub use stack::SourceMaps;
pub use supervisor::{Options, Runtime};
