//! The commands, one file each.

pub(crate) mod compile;
pub(crate) mod completions;
pub(crate) mod create;
pub(crate) mod deploy;
pub(crate) mod dev;
pub(crate) mod dryrun;
pub(crate) mod env;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod openapi;
pub(crate) mod reference;
pub(crate) mod serve;
pub(crate) mod test;
pub(crate) mod webhooks;

use anyhow::Context as _;
use std::future::Future;

/// Runs what a command has to wait for.
fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    Ok(runtime.context("the threads of this program cannot be started")?.block_on(work))
}
