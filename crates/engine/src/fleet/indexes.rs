//! The indexes of the fleets that are asked for, in memory: made at the first question, brought up to date at each, and
//! forgotten when nobody has asked for a while.
//!
//! To be up to date costs one walk over an index of the database, which has the newest revision of every connection, and
//! the documents that have another revision than the one that is known. Nothing is written for it, and no order of
//! changes is relied on, which on PostgreSQL is not the order in which they are seen.

use super::READ;
use crate::{Engine, Result, configuration::Configuration};
use bespoke_core::{
    document::Document,
    fleet::FleetIndex,
    id::{ConnectionId, EnvironmentId, IntegrationId},
    integration::Integration,
    time::Timestamp,
};
use bespoke_store::FleetCursor;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Memory for all indexes, in bytes. Beyond it those that were asked for least lately go.
const MAX_BYTES: usize = 256 << 20;
/// How long an index that nobody asks for is kept.
const IDLE: Duration = Duration::from_secs(15 * 60);

/// What is known of the connections of an integration, under one configuration of it.
#[derive(Default)]
pub(crate) struct KnownFleet {
    pub(super) index: FleetIndex,
    configuration: Arc<Configuration>,
}

/// The indexes by integration.
#[derive(Default)]
pub(crate) struct Indexes(Mutex<HashMap<IntegrationId, Kept>>);

struct Kept {
    /// Whoever asks has it alone: those who come at the same time have to wait for the same documents anyway.
    fleet: Arc<AsyncMutex<KnownFleet>>,
    used_at: Timestamp,
    bytes: usize,
}

impl Indexes {
    fn get(&self, integration: IntegrationId, now: Timestamp) -> Arc<AsyncMutex<KnownFleet>> {
        let new = || Kept { fleet: Arc::default(), used_at: now, bytes: 0 };
        let mut all = self.locked();
        let kept = all.entry(integration).or_insert_with(new);
        kept.used_at = now;
        Arc::clone(&kept.fleet)
    }

    /// Whether somebody asked for this index lately, even where it had to make room since. It stays that long again.
    fn is_in_use(&self, integration: IntegrationId, now: Timestamp) -> bool {
        self.locked().get_mut(&integration).map(|kept| kept.used_at = now).is_some()
    }

    /// Notes how large an index is now; others may have to make room for it, and the last one itself.
    fn has_grown(&self, integration: IntegrationId, bytes: usize) {
        let mut all = self.locked();
        if let Some(kept) = all.get_mut(&integration) {
            kept.bytes = bytes;
        }
        while all.values().map(|kept| kept.bytes).sum::<usize>() > MAX_BYTES {
            let large = all.iter_mut().filter(|(_, kept)| kept.bytes > 0);
            let Some((_, oldest)) = large.min_by_key(|(id, kept)| (**id == integration, kept.used_at)) else {
                break;
            };
            oldest.fleet = Arc::default();
            oldest.bytes = 0;
        }
    }

    /// Forgets the indexes that nobody has asked for lately.
    pub(crate) fn forget_idle(&self, now: Timestamp) {
        self.locked().retain(|_, kept| now.since(kept.used_at) < IDLE);
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<IntegrationId, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Begins to read the connections of these integrations where nobody has asked about all of them lately: whoever opens
    /// the list asks next who is in trouble. Only reads, so nothing has to wait for it at a stop.
    pub(super) fn get_to_know_fleets(self: &Arc<Self>, environment: EnvironmentId, asked: Vec<Integration>) {
        let is_new = |integration: &Integration| !self.fleets.is_in_use(integration.id, self.now());
        let new: Vec<_> = asked.into_iter().filter(is_new).collect();
        if new.is_empty() {
            return;
        }
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            for integration in new {
                if let Err(error) = engine.known_fleet(environment, &integration).await {
                    // Whoever asks gets this error, or none.
                    tracing::debug!(integration = integration.unique_key, %error, "could not read ahead");
                    return;
                }
            }
        });
    }

    /// What is known of an integration's connections, as of now. Another schema or other defaults make it read all
    /// documents anew, to say which of them fit.
    pub(super) async fn known_fleet(
        &self,
        environment: EnvironmentId,
        integration: &Integration,
    ) -> Result<OwnedMutexGuard<KnownFleet>> {
        let configuration = self.configuration(environment, &integration.unique_key).await?;
        let mut known = self.fleets.get(integration.id, self.now()).lock_owned().await;
        if !known.configuration.judges_as(&configuration) {
            *known = KnownFleet { index: FleetIndex::default(), configuration };
        }
        let mut revisions = Vec::with_capacity(known.index.len());
        let mut cursor = Some(FleetCursor::default());
        while let Some(from) = cursor {
            let (page, next) = self.store.fleet_revisions(environment, integration.id, from).await?;
            revisions.extend(page);
            cursor = next;
        }
        let outdated = known.index.compare(&revisions);
        for some in outdated.chunks(READ) {
            self.read_into(&mut known, environment, integration.id, some).await?;
        }
        if !outdated.is_empty() {
            self.fleets.has_grown(integration.id, known.index.bytes());
        }
        Ok(known)
    }

    async fn read_into(
        &self,
        known: &mut KnownFleet,
        environment: EnvironmentId,
        integration: IntegrationId,
        ids: &[ConnectionId],
    ) -> Result<()> {
        let KnownFleet { index, configuration } = known;
        for member in self.store.fleet_members(environment, integration, ids.to_vec()).await? {
            let document = member.metadata.map(Document::from_stored);
            let invalid = configuration.invalid_paths(document.as_ref());
            let seen = (member.revision, document.as_ref().map(Document::as_str));
            index.put(member.id, &member.connection_id, seen, &invalid);
        }
        // Hundreds of documents were read meanwhile: others have their turn.
        tokio::task::yield_now().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asks_for_goes_and_what_is_too_large_makes_room() {
        let (indexes, now) = (Indexes::default(), Timestamp(0));
        let later = |minutes: i64| Timestamp(minutes * 60_000_000);
        let has = |id: i64| indexes.locked().get(&IntegrationId(id)).is_some_and(|kept| kept.bytes > 0);
        for id in 1..=3 {
            indexes.get(IntegrationId(id), later(id));
            indexes.has_grown(IntegrationId(id), MAX_BYTES / 3);
        }
        indexes.get(IntegrationId(1), later(4));
        indexes.has_grown(IntegrationId(3), MAX_BYTES / 2);
        assert!(has(1) && !has(2) && has(3), "that which was asked for first went");
        assert!(
            indexes.is_in_use(IntegrationId(2), later(4)),
            "and is not made again before it is asked for"
        );
        indexes.forget_idle(later(18));
        assert!(has(1) && !has(3), "nobody asked for a quarter of an hour");
        indexes.has_grown(IntegrationId(1), MAX_BYTES + 1);
        assert!(!has(1), "what is larger than all memory is made for each question");
        indexes.forget_idle(now);
    }
}
