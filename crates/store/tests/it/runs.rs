//! Runs: each is given to one worker, a lost one comes back, and nobody finishes what was taken from them.

use crate::fixtures::World;
use bespoke_core::{
    id::ConnectionId,
    run::{RunKind, RunState},
    time::Clock,
};
use bespoke_store::{Claim, Finish, MAX_TAKE_UPS, NewRun};
use bespoke_testkit::both;
use std::{collections::HashSet, time::Duration};
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(30);
const NODE: Uuid = Uuid::from_u128(1);
const OTHER_NODE: Uuid = Uuid::from_u128(2);

impl World {
    async fn queue(&self, connection: ConnectionId) -> Uuid {
        let (id, now) = (self.ids.next(), self.clock.now());
        let run = NewRun {
            id,
            environment: self.environment,
            kind: RunKind::Action,
            connection,
            function_name: "echo".to_owned(),
            sync: None,
            run_at: now,
            max_attempts: 3,
            input: Some(r#"{"a":1}"#.to_owned()),
            lane: None,
            now,
        };
        assert!(self.store.enqueue_run(run).await.unwrap());
        id
    }

    async fn take(&self, node: Uuid) -> Vec<Claim> {
        self.store.claim_runs(node, 100, LEASE).await.unwrap()
    }

    async fn state(&self, id: Uuid) -> RunState {
        self.store.run(self.environment, id).await.unwrap().unwrap().state
    }
}

both! {
    async fn a_run_goes_from_queued_to_done(database) {
        let world = World::new(&database).await;
        let connection = world.connect("a").await.id;
        let id = world.queue(connection).await;
        assert_eq!(world.store.next_run_at().await.unwrap(), Some(world.clock.now()));
        let claims = world.take(NODE).await;
        assert_eq!((claims.len(), claims[0].run.id, claims[0].take_up), (1, id, 1));
        assert_eq!(claims[0].run.input.as_deref(), Some(r#"{"a":1}"#));
        assert!(world.take(OTHER_NODE).await.is_empty(), "a run is given to one worker");
        assert_eq!(world.store.next_run_at().await.unwrap(), None);
        let finish = Finish::succeeded(Some("7".to_owned()), Default::default());
        assert!(world.store.finish_run(&claims[0], finish.clone()).await.unwrap());
        assert!(!world.store.finish_run(&claims[0], finish).await.unwrap(), "an end is final");
        let run = world.store.run(world.environment, id).await.unwrap().unwrap();
        assert_eq!((run.state, run.output.as_deref(), run.attempt), (RunState::Succeeded, Some("7"), 1));
        assert_eq!(run.finished_at, Some(world.clock.now()));
        let other = world.store.create_environment("prod", Uuid::from_u128(9)).await.unwrap().id;
        assert!(world.store.run(other, id).await.unwrap().is_none(), "another environment has no such run");
    }

    async fn eight_workers_never_share_a_run(database) {
        let world = World::new(&database).await;
        let connection = world.connect("a").await.id;
        for _ in 0..200 {
            world.queue(connection).await;
        }
        let workers = (0..8_u128).map(|worker| {
            let store = world.store.clone();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let claims = store.claim_runs(Uuid::from_u128(worker), 7, LEASE).await.unwrap();
                    if claims.is_empty() {
                        return taken;
                    }
                    taken.extend(claims.into_iter().map(|claim| claim.run.id));
                }
            })
        });
        let mut taken = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            taken.extend(worker.await.unwrap());
        }
        assert_eq!(taken.len(), 200);
        assert_eq!(taken.iter().collect::<HashSet<_>>().len(), 200);
    }

    async fn a_lost_run_is_taken_up_again_and_its_old_holder_is_fenced_off(database) {
        let world = World::new(&database).await;
        let id = world.queue(world.connect("a").await.id).await;
        let lost = world.take(NODE).await.remove(0);
        world.clock.advance(LEASE / 2);
        assert_eq!(world.store.extend_leases(NODE, LEASE).await.unwrap(), [id]);
        world.clock.advance(LEASE / 2 + Duration::from_secs(1));
        assert_eq!(world.store.rescue_runs("{}".to_owned()).await.unwrap(), 0, "the lease was extended");
        world.clock.advance(LEASE);
        assert_eq!(world.store.rescue_runs("{}".to_owned()).await.unwrap(), 1);
        assert!(world.store.extend_leases(NODE, LEASE).await.unwrap().is_empty(), "the old holder learns it");
        let again = world.take(NODE).await.remove(0);
        assert_eq!((again.run.id, again.take_up, again.run.attempt), (id, 2, 0));
        assert!(!world.store.finish_run(&lost, Finish::failed("{}".to_owned())).await.unwrap(), "same node, older take-up");
        assert!(world.store.finish_run(&again, Finish::succeeded(None, Default::default())).await.unwrap());
    }

    async fn a_run_that_is_lost_again_and_again_fails(database) {
        let world = World::new(&database).await;
        let id = world.queue(world.connect("a").await.id).await;
        for _ in 0..MAX_TAKE_UPS {
            assert_eq!(world.take(NODE).await.len(), 1);
            world.clock.advance(LEASE * 2);
            assert_eq!(world.store.rescue_runs(r#"{"code":"lost"}"#.to_owned()).await.unwrap(), 1);
        }
        assert!(world.take(NODE).await.is_empty());
        let run = world.store.run(world.environment, id).await.unwrap().unwrap();
        assert_eq!((run.state, run.error.as_deref()), (RunState::Failed, Some(r#"{"code":"lost"}"#)));
    }

    async fn a_run_that_is_put_back_waits_until_its_time(database) {
        let world = World::new(&database).await;
        let id = world.queue(world.connect("a").await.id).await;
        let claim = world.take(NODE).await.remove(0);
        let later = world.clock.now().after(Duration::from_secs(60));
        let again = Finish { counts: true, ..Finish::again(later) };
        assert!(world.store.finish_run(&claim, again).await.unwrap());
        assert_eq!(world.state(id).await, RunState::Queued);
        assert!(world.take(NODE).await.is_empty());
        assert_eq!(world.store.next_run_at().await.unwrap(), Some(later));
        world.clock.advance(Duration::from_secs(60));
        assert_eq!(world.take(NODE).await[0].run.attempt, 1);
    }

    async fn the_only_node_takes_up_what_its_earlier_life_left(database) {
        let world = World::new(&database).await;
        let id = world.queue(world.connect("a").await.id).await;
        world.take(NODE).await;
        world.store.expire_leases().await.unwrap();
        assert_eq!(world.store.rescue_runs("{}".to_owned()).await.unwrap(), 1);
        assert_eq!(world.state(id).await, RunState::Queued);
    }

    async fn old_runs_go_away_and_young_ones_stay(database) {
        let world = World::new(&database).await;
        let connection = world.connect("a").await.id;
        let old = world.queue(connection).await;
        let claim = world.take(NODE).await.remove(0);
        world.store.finish_run(&claim, Finish::succeeded(None, Default::default())).await.unwrap();
        world.clock.advance(Duration::from_secs(86_400));
        let young = world.queue(connection).await;
        assert_eq!(world.store.prune_runs(Duration::from_secs(3_600)).await.unwrap(), 1);
        assert!(world.store.run(world.environment, old).await.unwrap().is_none());
        assert_eq!(world.state(young).await, RunState::Queued);
    }
}

#[test]
fn the_databases_know_the_same_states_and_kinds() {
    let check = |column: &str, words: &[&str]| {
        let list = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
        format!("CHECK ({column} IN ({list}))")
    };
    for ddl in [
        include_str!("../../migrations/sqlite/0006_runs.sql"),
        include_str!("../../migrations/postgres/0006_runs.sql"),
    ] {
        assert!(ddl.contains(&check("state", &RunState::ALL.map(RunState::as_str))));
        assert!(ddl.contains(&check("kind", &RunKind::ALL.map(RunKind::as_str))));
    }
}
