//! The engine against real servers on loopback.
#![allow(clippy::unwrap_used)]

mod http;
mod proxy;
mod upstream;
