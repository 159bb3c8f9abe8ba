//! What functions read of their customers' configurations, beside what is set in them.

use crate::{Engine, Result};
use bespoke_core::{
    configuration::is_within,
    fleet::FleetFacts,
    id::EnvironmentId,
    paths_read::{Mismatch, compare},
};

/// Runs that are looked at where nobody says how many.
pub const RUNS: u32 = 1_000;
/// Runs that can be looked at.
pub const MOST_RUNS: u32 = 10_000;

/// What the newest runs of an integration have read, compared with what connections set.
#[derive(Clone, Debug)]
pub struct ReadsOfFleet {
    /// Runs that told what they read.
    pub runs: u64,
    /// Where the two do not meet.
    pub mismatch: Mismatch,
    /// Some of the runs read more than is kept.
    pub is_cut: bool,
}

impl Engine {
    /// Compares what the connections of `facts` set with what the integration's newest `runs` runs have read; only at `path`
    /// and below, where one is given. Fails with [`crate::Error::NotFound`].
    pub async fn reads_of_fleet(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        facts: &FleetFacts,
        path: Option<&str>,
        runs: u32,
    ) -> Result<ReadsOfFleet> {
        // Actions that were answered a moment ago count.
        self.logs.flush().await;
        let integration = self.integration(environment, provider_config_key).await?.integration;
        let provider = self.providers.get(&integration.provider);
        let below = self.configuration(environment, provider_config_key).await?.leaves(None);
        let reads = self.store.reads_of_integration(environment, integration.id, runs).await?;
        let is_wanted = |found: &&str| is_within(found, path.unwrap_or_default());
        let set = facts.paths.iter().filter(|facts| facts.set > 0);
        let set: Vec<&str> = set.map(|facts| facts.path.as_str()).collect();
        let defaults: Vec<&str> = below.iter().map(|leaf| leaf.path.as_str()).collect();
        let read = reads.paths.iter().map(String::as_str).filter(is_wanted).collect();
        let mut mismatch = compare(&set, &defaults, &read);
        // Every request takes those, and who finds the connection of a webhook.
        let of_provider = provider.map(|provider| provider.metadata_paths()).unwrap_or_default();
        mismatch.unread.retain(|path| !of_provider.contains(path));
        Ok(ReadsOfFleet { runs: reads.runs, mismatch, is_cut: reads.is_cut })
    }
}
