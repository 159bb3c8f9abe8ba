//! Syncs: where they come from, when they run, and that they never overlap.

use crate::fixtures::{CRM, World};
use bespoke_core::{
    run::RunState,
    sync::{Counts, Status, Sync, TriggerOptions},
    time::{Clock, Timestamp},
};
use bespoke_store::{Claim, Finish};
use bespoke_testkit::both;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use uuid::Uuid;

const TOKEN: Uuid = Uuid::from_u128(77);
const LEASE: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);

impl World {
    async fn syncs(&self) -> Vec<Sync> {
        self.store.syncs(self.environment, self.integration.id, None).await.unwrap()
    }

    async fn sync(&self) -> Sync {
        let mut syncs = self.syncs().await;
        assert_eq!(syncs.len(), 1);
        syncs.remove(0)
    }

    async fn enqueue_due(&self) -> u32 {
        self.store.enqueue_due_syncs(&self.ids, 100).await.unwrap()
    }

    async fn claim(&self) -> Vec<Claim> {
        self.store.claim_runs(TOKEN, 100, LEASE).await.unwrap()
    }

    async fn claim_one(&self) -> Claim {
        let mut claims = self.claim().await;
        assert_eq!(claims.len(), 1);
        claims.remove(0)
    }

    async fn succeed(&self, claim: &Claim) {
        let result = BTreeMap::from([("Contact".to_owned(), Counts { added: 2, ..Counts::default() })]);
        assert!(self.store.finish_run(claim, Finish::succeeded(None, result)).await.unwrap());
    }

    async fn trigger(&self, sync: &Sync, options: TriggerOptions) {
        self.store.trigger_syncs(self.environment, vec![sync.id], options, &self.ids).await.unwrap();
    }

    fn status(&self, sync: &Sync) -> Status {
        sync.status(self.clock.now())
    }
}

both! {
    async fn a_connection_and_a_function_make_a_sync_whichever_comes_first(database) {
        let world = World::new(&database).await;
        world.connect("early").await;
        world.deploy_sync("contacts", "every hour", true).await;
        world.deploy_sync("deals", "every day", false).await;
        world.connect("late").await;
        let syncs = world.syncs().await;
        let shown: Vec<_> = syncs.iter().map(|sync| (sync.connection_id.as_str(), sync.name.as_str(), sync.started)).collect();
        assert_eq!(shown, [("early", "contacts", true), ("early", "deals", false), ("late", "contacts", true), ("late", "deals", false)]);
        assert!(syncs.iter().all(|sync| sync.next_run_at == sync.started.then_some(world.clock.now())));
        assert_eq!(world.store.sync(world.environment, syncs[0].id).await.unwrap().unwrap().name, "contacts");
        let late = world.store.syncs(world.environment, world.integration.id, Some("late")).await.unwrap();
        assert_eq!(late.len(), 2);

        world.delete_sync("deals").await;
        assert_eq!(world.syncs().await.len(), 2);
        world.deploy_sync("deals", "every day", false).await;
        assert!(world.syncs().await.iter().map(|sync| sync.id).eq(syncs.iter().map(|sync| sync.id)), "ids stay");
        world.store.delete_connection(world.environment, CRM, "early").await.unwrap();
        assert_eq!(world.syncs().await.len(), 2);
    }

    async fn many_connections_get_their_syncs(database) {
        let world = World::new(&database).await;
        for number in 0..223 {
            world.connect(&format!("customer-{number}")).await;
        }
        world.deploy_sync("contacts", "every hour", true).await;
        assert_eq!(world.syncs().await.len(), 223);
        assert_eq!(world.enqueue_due().await, 100);
        assert_eq!(world.enqueue_due().await, 100);
        assert_eq!(world.enqueue_due().await, 23);
        assert_eq!(world.enqueue_due().await, 0);
    }

    async fn slots_lie_on_a_grid_and_missed_ones_are_skipped(database) {
        let world = World::new(&database).await;
        let start = world.clock.now();
        let minute = |count: u32| start.after(MINUTE * count);
        world.deploy_sync("contacts", "every 10 minutes", true).await;
        world.connect("acme").await;
        assert_eq!(world.store.next_due_sync().await.unwrap(), Some(start), "the first run is at once");
        assert_eq!(world.enqueue_due().await, 1);
        assert_eq!((world.store.next_due_sync().await.unwrap(), world.enqueue_due().await), (None, 0));

        let claim = world.claim_one().await;
        let sync = world.sync().await;
        assert_eq!(claim.run.sync, Some(sync.id));
        assert_eq!((world.status(&sync), sync.last_run.unwrap().state), (Status::Running, RunState::Running));
        world.clock.set(minute(3));
        world.succeed(&claim).await;
        let sync = world.sync().await;
        assert_eq!((sync.next_run_at, sync.last_success_started_at), (Some(minute(10)), Some(start)));
        let run = sync.last_run.as_ref().unwrap();
        assert_eq!((run.state, run.finished_at, run.result["Contact"].added), (RunState::Succeeded, Some(minute(3)), 2));
        assert_eq!(world.status(&sync), Status::Success);

        world.clock.set(minute(10));
        assert_eq!(world.enqueue_due().await, 1);
        world.clock.set(minute(12));
        let claim = world.claim_one().await;
        world.clock.set(minute(47));
        assert!(world.store.finish_run(&claim, Finish::failed("{}".to_owned())).await.unwrap());
        let sync = world.sync().await;
        assert_eq!((sync.next_run_at, sync.last_success_started_at), (Some(minute(50)), Some(start)));
        assert_eq!(world.status(&sync), Status::Error);
    }

    async fn a_lost_run_is_taken_up_again_and_the_sync_does_not_overlap(database) {
        let world = World::new(&database).await;
        world.deploy_sync("contacts", "every minute", true).await;
        world.connect("acme").await;
        world.enqueue_due().await;
        let lost = world.claim_one().await;
        world.clock.advance(MINUTE * 5);
        assert_eq!(world.enqueue_due().await, 0, "the schedule waits for the run");
        assert_eq!(world.store.rescue_runs("{}".to_owned()).await.unwrap(), 1);
        assert_eq!(world.enqueue_due().await, 0);
        let again = world.claim_one().await;
        assert_eq!(again.run.id, lost.run.id);
        assert!(!world.store.finish_run(&lost, Finish::succeeded(None, BTreeMap::new())).await.unwrap());
        assert_eq!(world.sync().await.next_run_at, None);
        world.succeed(&again).await;
        assert!(world.sync().await.next_run_at.is_some());
    }

    async fn a_trigger_runs_once_however_often_it_comes(database) {
        let world = World::new(&database).await;
        world.deploy_sync("contacts", "every hour", false).await;
        world.connect("acme").await;
        let sync = world.sync().await;
        assert_eq!((world.status(&sync), world.enqueue_due().await), (Status::Paused, 0));
        world.trigger(&sync, TriggerOptions::default()).await;
        assert_eq!(world.status(&world.sync().await), Status::Running);
        world.trigger(&sync, TriggerOptions::default()).await;
        let claim = world.claim_one().await;
        assert_eq!(claim.run.input, None);
        world.trigger(&sync, TriggerOptions::default()).await;
        assert!(world.claim().await.is_empty());
        world.succeed(&claim).await;
        let sync = world.sync().await;
        assert_eq!((world.status(&sync), sync.next_run_at), (Status::Paused, None), "it is still off");
        let elsewhere = world.store.create_environment("prod", Uuid::from_u128(2)).await.unwrap().id;
        world.store.trigger_syncs(elsewhere, vec![sync.id], TriggerOptions::default(), &world.ids).await.unwrap();
        assert!(world.claim().await.is_empty(), "another environment's key triggers nothing");
    }

    async fn starting_over_replaces_the_run_that_goes_on(database) {
        let world = World::new(&database).await;
        world.deploy_sync("contacts", "every hour", true).await;
        world.connect("acme").await;
        world.enqueue_due().await;
        world.succeed(&world.claim_one().await).await;
        let sync = world.sync().await;
        assert!(sync.last_success_started_at.is_some());
        world.trigger(&sync, TriggerOptions::default()).await;
        let old = world.claim_one().await;
        let afresh = TriggerOptions { reset: true, empty_cache: true };
        world.trigger(&sync, afresh).await;
        assert_eq!(world.sync().await.last_success_started_at, None);
        assert!(!world.store.finish_run(&old, Finish::succeeded(None, BTreeMap::new())).await.unwrap());
        let new = world.claim_one().await;
        assert_ne!(new.run.id, old.run.id);
        assert_eq!(serde_json::from_str::<TriggerOptions>(&new.run.input.unwrap()).unwrap(), afresh);
        let run = world.store.run(world.environment, old.run.id).await.unwrap().unwrap();
        assert_eq!(run.state, RunState::Cancelled);
    }

    async fn a_pause_cancels_and_a_start_runs_at_once(database) {
        let world = World::new(&database).await;
        let (environment, store) = (world.environment, &world.store);
        world.deploy_sync("contacts", "every hour", true).await;
        world.connect("acme").await;
        world.enqueue_due().await;
        let running = world.claim_one().await;
        let id = world.sync().await.id;
        store.pause_syncs(environment, vec![id]).await.unwrap();
        let sync = world.sync().await;
        assert_eq!((world.status(&sync), sync.next_run_at), (Status::Paused, None));
        assert!(store.extend_leases(TOKEN, LEASE).await.unwrap().is_empty(), "the node hears of it");
        assert!(!store.finish_run(&running, Finish::succeeded(None, BTreeMap::new())).await.unwrap());
        store.pause_syncs(environment, vec![id]).await.unwrap();
        world.clock.advance(MINUTE * 600);
        assert_eq!(world.enqueue_due().await, 0);

        store.start_syncs(environment, vec![id, Uuid::from_u128(404)], &world.ids).await.unwrap();
        let claim = world.claim_one().await;
        store.start_syncs(environment, vec![id], &world.ids).await.unwrap();
        world.succeed(&claim).await;
        assert!(world.sync().await.next_run_at.is_some());
        store.start_syncs(environment, vec![id], &world.ids).await.unwrap();
        assert!(world.claim().await.is_empty(), "it was on already");
    }

    async fn a_connection_has_its_own_frequency_or_the_functions(database) {
        let world = World::new(&database).await;
        let start = world.clock.now();
        let minute = |count: u32| Some(start.after(MINUTE * count));
        world.deploy_sync("contacts", "every hour", true).await;
        world.connect("acme").await;
        world.enqueue_due().await;
        world.succeed(&world.claim_one().await).await;
        world.clock.advance(MINUTE * 7);
        let next = async || world.sync().await.next_run_at;
        let set = async |frequency: Option<&str>| {
            let id = world.sync().await.id;
            world.store.set_sync_frequency(world.environment, id, frequency.map(str::to_owned)).await.unwrap()
        };
        assert_eq!(next().await, minute(60));
        world.deploy_sync("contacts", "every 20 minutes", true).await;
        assert_eq!(next().await, minute(20), "a new version brings its frequency");
        assert!(set(Some("every 5 minutes")).await);
        assert_eq!(next().await, minute(10));
        world.deploy_sync("contacts", "every 30 minutes", true).await;
        assert_eq!(next().await, minute(10), "the connection's own stays");
        assert!(set(None).await);
        assert_eq!((next().await, world.sync().await.default_frequency.as_str()), (minute(30), "every 30 minutes"));
        let unknown = Uuid::from_u128(404);
        assert!(!world.store.set_sync_frequency(world.environment, unknown, None).await.unwrap());
        world.store.pause_syncs(world.environment, vec![world.sync().await.id]).await.unwrap();
        assert!(set(Some("every minute")).await);
        assert_eq!(next().await, None);
    }

    /// Two nodes look for due syncs at once.
    async fn a_due_sync_is_queued_once(database) {
        let world = World::new(&database).await;
        let node = database.store_at(Arc::new(world.clock.clone())).await;
        for number in 0..60 {
            world.connect(&format!("customer-{number}")).await;
        }
        world.deploy_sync("contacts", "every hour", true).await;
        let enqueue = |store: bespoke_store::Store| {
            let ids = world.ids.clone();
            async move {
                let mut total = 0;
                loop {
                    match store.enqueue_due_syncs(&ids, 7).await.unwrap() {
                        0 => return total,
                        queued => total += queued,
                    }
                }
            }
        };
        let (one, other) = tokio::join!(enqueue(world.store.clone()), enqueue(node));
        assert_eq!(one + other, 60);
        let claims = world.claim().await;
        let mut syncs: Vec<_> = claims.iter().map(|claim| claim.run.sync).collect();
        syncs.sort_unstable();
        syncs.dedup();
        assert_eq!((claims.len(), syncs.len()), (60, 60));
        assert_eq!(world.store.next_due_sync().await.unwrap(), None::<Timestamp>);
    }
}
