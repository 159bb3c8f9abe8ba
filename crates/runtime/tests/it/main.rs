//! Runs functions in real runner processes: what they can do, what they cannot, and what happens around them.
#![allow(clippy::unwrap_used, missing_docs)]

mod compile;
mod escapes;
mod hostile;
mod node;
mod processes;
mod runs;
mod sandbox;
mod support;
