//! How much happened: counted in memory as it happens, added to the database now and then.
//!
//! A node that dies takes along what it has counted in the last seconds: these are figures to look at, not to settle by.

use crate::{Engine, Result};
use bespoke_core::{
    activity::{Activity, HOUR},
    id::EnvironmentId,
    run::RunState,
    time::Timestamp,
};
use bespoke_store::{ActivityKey, Finish};
use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How long sums are kept: the longest period and the day that it begins in.
pub const KEEP: Duration = Duration::from_hours(24 * 31);
/// How many functions are named as the slowest.
const SLOWEST: usize = 10;
const DAY: Duration = Duration::from_hours(24);

/// How far back to look, up to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// The last 24 hours.
    Day,
    /// The last 7 days.
    Week,
    /// The last 30 days.
    Month,
}

impl Period {
    /// Every period.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// How many points it has, and how far apart they are.
    const fn points(self) -> (u32, Duration) {
        match self {
            Self::Day => (24, HOUR),
            Self::Week => (7 * 24, HOUR),
            Self::Month => (30, DAY),
        }
    }
}

/// What happened in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityReport {
    /// All of it.
    pub total: Activity,
    /// By hour or day, oldest first, also where nothing happened. Days are those of UTC.
    pub points: BTreeMap<Timestamp, Activity>,
    /// By integration, the busiest first.
    pub integrations: Vec<(String, Activity)>,
    /// By integration and function: those whose runs took longest on average, slowest first.
    pub slowest: Vec<((String, String), Activity)>,
}

/// What this node has counted and not added yet.
#[derive(Default)]
pub(crate) struct Counted(Mutex<BTreeMap<ActivityKey, Activity>>);

impl Counted {
    fn add(&self, key: ActivityKey, activity: Activity) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += activity;
    }

    fn take(&self) -> BTreeMap<ActivityKey, Activity> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Engine {
    /// A run has ended that began at `begun`. One that is tried again, or was cancelled, does not count.
    pub(crate) fn count_run(
        &self,
        environment: EnvironmentId,
        (provider_config_key, function): (&str, &str),
        finish: &Finish,
        begun: Timestamp,
    ) {
        if !matches!(finish.state, RunState::Succeeded | RunState::Failed) {
            return;
        }
        let took = self.now().since(begun);
        let activity = Activity {
            runs: 1,
            failures: u64::from(finish.state == RunState::Failed),
            records_changed: finish.result.values().map(|counts| counts.changed()).sum(),
            run_time: took,
            longest_run: took,
            ..Activity::default()
        };
        self.counted.add(self.activity_key(environment, provider_config_key, function), activity);
    }

    /// The backend has made a request through the proxy.
    pub(crate) fn count_proxy_call(&self, environment: EnvironmentId, provider_config_key: &str) {
        let activity = Activity { proxy_calls: 1, ..Activity::default() };
        self.counted.add(self.activity_key(environment, provider_config_key, ""), activity);
    }

    fn activity_key(&self, environment: EnvironmentId, key: &str, function: &str) -> ActivityKey {
        ActivityKey {
            environment,
            hour: self.now().floor(HOUR),
            provider_config_key: key.to_owned(),
            function: function.to_owned(),
        }
    }

    /// Adds what this node has counted. What the database does not take is counted further.
    pub async fn add_activity(&self) -> Result<()> {
        let counted = self.counted.take();
        if counted.is_empty() {
            return Ok(());
        }
        let added = self.store.add_activity(counted.clone()).await;
        if added.is_err() {
            for (key, activity) in counted {
                self.counted.add(key, activity);
            }
        }
        Ok(added?)
    }

    /// What happened in an environment, at one integration or at all; also at one that is gone since.
    pub async fn activity(
        &self,
        environment: EnvironmentId,
        period: Period,
        provider_config_key: Option<String>,
    ) -> Result<ActivityReport> {
        // Who has just let something run sees it, on this node.
        self.add_activity().await?;
        let (count, step) = period.points();
        let last = self.now().floor(step);
        let from = last.before(step * (count - 1));
        let sums = self.store.activity(environment, from, provider_config_key).await?;

        let mut points: BTreeMap<_, _> =
            (0..count).map(|index| (from.after(step * index), Activity::default())).collect();
        let mut total = Activity::default();
        for (hour, activity) in sums.hours {
            total += activity;
            if let Some(point) = points.get_mut(&hour.floor(step)) {
                *point += activity;
            }
        }
        let mut integrations: BTreeMap<String, Activity> = BTreeMap::new();
        for ((key, _), activity) in &sums.functions {
            *integrations.entry(key.clone()).or_default() += *activity;
        }
        let mut integrations: Vec<_> = integrations.into_iter().collect();
        integrations.sort_by_key(|(_, activity)| std::cmp::Reverse(activity.runs + activity.proxy_calls));
        let mut slowest: Vec<_> =
            sums.functions.into_iter().filter(|(_, activity)| activity.runs > 0).collect();
        slowest.sort_by_key(|(_, activity)| std::cmp::Reverse(activity.mean_run()));
        slowest.truncate(SLOWEST);
        Ok(ActivityReport { total, points, integrations, slowest })
    }
}
