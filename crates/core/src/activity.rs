//! How much happened in an environment: what the overview shows.

use std::{ops::AddAssign, time::Duration};

/// What is counted is summed up by the hour.
pub const HOUR: Duration = Duration::from_hours(1);

/// What is counted of a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Runs that ended, succeeded or failed.
    pub runs: u64,
    /// Those that failed.
    pub failures: u64,
    /// Records that they added, updated or deleted.
    pub records_changed: u64,
    /// Requests that the backend made through the proxy.
    pub proxy_calls: u64,
    /// What the runs took together.
    pub run_time: Duration,
    /// What the longest of them took.
    pub longest_run: Duration,
}

impl AddAssign for Activity {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.failures += other.failures;
        self.records_changed += other.records_changed;
        self.proxy_calls += other.proxy_calls;
        self.run_time += other.run_time;
        self.longest_run = self.longest_run.max(other.longest_run);
    }
}

impl Activity {
    /// What a run took on average; zero where there was none.
    pub fn mean_run(&self) -> Duration {
        u32::try_from(self.runs).ok().and_then(|runs| self.run_time.checked_div(runs)).unwrap_or_default()
    }
}
