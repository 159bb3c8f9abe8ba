//! Waiting, as something that tests can do without.

use futures_util::future::BoxFuture;
use std::time::Duration;

/// Waits. It goes with [`bespoke_core::time::Clock`], which only tells the time because `core` is not asynchronous.
pub trait Sleeper: Send + Sync + 'static {
    /// Ends after this long.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Waits for real.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioSleeper;

impl Sleeper for TokioSleeper {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
