//! How much happened: sums by hour, integration and function.
//!
//! Nodes count in memory and add their sums now and then, so a run costs no statement here. What a list has to look at
//! grows with the hours and the functions, never with the runs.

use crate::{Store, db::Row, db::params, error::Result};
use bespoke_core::{activity::Activity, id::EnvironmentId, time::Timestamp};
use std::{collections::BTreeMap, time::Duration};

/// What a sum is of. Sorted, so that two nodes take the rows in the same order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityKey {
    /// The environment.
    pub environment: EnvironmentId,
    /// When the hour began.
    pub hour: Timestamp,
    /// The integration's key.
    pub provider_config_key: String,
    /// The function's name; empty for what no function did.
    pub function: String,
}

/// The sums of a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivitySums {
    /// By hour; an hour without anything is left out.
    pub hours: BTreeMap<Timestamp, Activity>,
    /// By the integration's key and the function's name, which is empty for what no function did.
    pub functions: BTreeMap<(String, String), Activity>,
}

const SUMS: &str = "CAST(sum(runs) AS BIGINT), CAST(sum(failures) AS BIGINT), CAST(sum(records_changed) AS BIGINT), \
     CAST(sum(proxy_calls) AS BIGINT), CAST(sum(run_time) AS BIGINT), max(longest_run)";

impl Store {
    /// Adds to the sums, all or nothing.
    pub async fn add_activity(&self, sums: BTreeMap<ActivityKey, Activity>) -> Result<()> {
        self.db
            .write(move |tx| {
                for (key, activity) in &sums {
                    tx.execute(
                        "INSERT INTO activity (environment_id, hour, provider_config_key, function, runs, failures,
                                               records_changed, proxy_calls, run_time, longest_run)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                         ON CONFLICT (environment_id, hour, provider_config_key, function) DO UPDATE SET
                            runs = activity.runs + excluded.runs,
                            failures = activity.failures + excluded.failures,
                            records_changed = activity.records_changed + excluded.records_changed,
                            proxy_calls = activity.proxy_calls + excluded.proxy_calls,
                            run_time = activity.run_time + excluded.run_time,
                            longest_run = CASE WHEN activity.longest_run < excluded.longest_run
                                               THEN excluded.longest_run ELSE activity.longest_run END",
                        params![
                            key.environment,
                            key.hour,
                            &key.provider_config_key,
                            &key.function,
                            activity.runs.cast_signed(),
                            activity.failures.cast_signed(),
                            activity.records_changed.cast_signed(),
                            activity.proxy_calls.cast_signed(),
                            micros(activity.run_time),
                            micros(activity.longest_run)
                        ],
                    )?;
                }
                Ok(())
            })
            .await
    }

    /// The sums of an environment since the hour that begins at `from`, of one integration or of all.
    pub async fn activity(
        &self,
        environment: EnvironmentId,
        from: Timestamp,
        provider_config_key: Option<String>,
    ) -> Result<ActivitySums> {
        self.db
            .read(move |tx| {
                let mut given = params![environment, from].to_vec();
                let mut filter = "environment_id = $1 AND hour >= $2".to_owned();
                if let Some(key) = &provider_config_key {
                    filter.push_str(" AND provider_config_key = $3");
                    given.push(key.into());
                }
                let hours = format!("SELECT {SUMS}, hour FROM activity WHERE {filter} GROUP BY hour");
                let hours = tx.query(&hours, &given, |row| Ok((row.get(6)?, read(row)?)))?;
                let functions = format!(
                    "SELECT {SUMS}, provider_config_key, function FROM activity WHERE {filter}
                     GROUP BY provider_config_key, function"
                );
                let functions =
                    tx.query(&functions, &given, |row| Ok(((row.get(6)?, row.get(7)?), read(row)?)))?;
                Ok(ActivitySums {
                    hours: hours.into_iter().collect(),
                    functions: functions.into_iter().collect(),
                })
            })
            .await
    }

    /// Forgets hours that began longer ago than `keep`.
    pub async fn prune_activity(&self, keep: Duration) -> Result<u64> {
        let before = self.now().before(keep);
        self.db.write(move |tx| tx.execute("DELETE FROM activity WHERE hour < $1", params![before])).await
    }
}

fn read(row: &Row<'_>) -> Result<Activity> {
    let count = |index| row.get::<i64>(index).map(i64::cast_unsigned);
    Ok(Activity {
        runs: count(0)?,
        failures: count(1)?,
        records_changed: count(2)?,
        proxy_calls: count(3)?,
        run_time: Duration::from_micros(count(4)?),
        longest_run: Duration::from_micros(count(5)?),
    })
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
