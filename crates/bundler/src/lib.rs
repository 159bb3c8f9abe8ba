//! TypeScript project in, one set of JavaScript modules per function out.
//!
//! The only crate that knows the bundler (`rolldown`). It reads a project ([`Project`]), bundles its functions
//! ([`bundle()`]) and makes the program that reads their definitions ([`definitions`]). It must not know who runs
//! the modules or where they are sent.
//!
//! Everything public is a plain blocking function over plain data: `rolldown` is generic to the top, and what is
//! generic is compiled in the crate that calls it (measured: 55 s instead of 1.6 s for each change of the caller).
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod build;
mod bundle;
pub mod definitions;
mod diagnostic;
mod plugin;
mod project;
mod source_map;
mod threads;

pub use bundle::{Bundle, BundledFunction, bundle};
pub use diagnostic::Diagnostic;
pub use project::{FunctionFile, Project, Selection};
pub use source_map::{Location, locate};
