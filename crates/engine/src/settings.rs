//! What the engine can be told.

use std::time::Duration;

/// Limits of runs, and how many there are at once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Memory of one run in bytes.
    pub run_memory: usize,
    /// Processor time of one run; waiting does not count.
    pub run_cpu: Duration,
    /// Time that an action may take.
    pub action_timeout: Duration,
    /// Time that a sync may take.
    pub sync_timeout: Duration,
    /// Time that an on-event function may take.
    pub on_event_timeout: Duration,
    /// How long an action waits for its turn where only so many of it go on at once for a connection.
    pub start_timeout: Duration,
    /// Queued runs that this node executes at once.
    pub workers: usize,
    /// How long ended runs are kept.
    pub run_retention: Duration,
    /// How long lines of the log are kept.
    pub log_retention: Duration,
    /// Successful requests of one run of a sync that are kept in the log before only every hundredth is.
    pub log_requests: u64,
    /// Webhooks that an integration takes on this node per minute.
    pub webhook_limit: u32,
    /// How long a node may be silent before its runs are taken up by another.
    pub lease: Duration,
    /// Where people can sign in besides by password.
    pub oidc: Option<crate::oidc::Issuer>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            run_memory: 256 * 1024 * 1024,
            run_cpu: Duration::from_secs(300),
            action_timeout: Duration::from_secs(15 * 60),
            sync_timeout: Duration::from_secs(24 * 60 * 60),
            on_event_timeout: Duration::from_secs(5 * 60),
            start_timeout: Duration::from_secs(30),
            workers: 32,
            run_retention: Duration::from_secs(30 * 24 * 60 * 60),
            log_retention: Duration::from_secs(14 * 24 * 60 * 60),
            log_requests: 1_000,
            webhook_limit: 3_000,
            lease: Duration::from_secs(30),
            oidc: None,
        }
    }
}
