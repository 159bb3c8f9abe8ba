//! Lanes: only so many runs of a connection at once, and in their order. Fences: who lost a run changes nothing.

use crate::fixtures::World;
use bespoke_core::{
    record::read_batch,
    run::{RunKind, RunState},
    time::Clock as _,
};
use bespoke_store::{
    Claim, Error, FindConnections, Finish, Keyed, KeyedRequest, Lane, NewRun, NewWebhookEvent, Routed,
    WebhookItem, Writer,
};
use bespoke_testkit::both;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(60);
const NODE: Uuid = Uuid::from_u128(7);

impl World {
    async fn queue_in(&self, lane: &Lane, connection: bespoke_core::id::ConnectionId) -> Uuid {
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
            input: None,
            lane: Some(lane.clone()),
            now,
        };
        assert!(self.store.enqueue_run(run).await.unwrap());
        // So that the order is that of time.
        self.clock.advance(Duration::from_millis(1));
        id
    }

    /// Routes an event of the provider to a connection: this many elements, each of which the webhook syncs handle.
    async fn hear(&self, connection_id: &str, elements: usize, runs: usize) {
        let event = NewWebhookEvent {
            environment: self.environment,
            integration: self.integration.id,
            delivery_id: None,
            request: "{}".to_owned(),
            payload: "{}".to_owned(),
        };
        self.store.receive_webhook(event).await.unwrap();
        let item = WebhookItem {
            finds: vec![FindConnections::Named(vec![connection_id.to_owned()])],
            types: vec!["created".to_owned()],
            payload: serde_json::Value::Null,
        };
        let event = self.store.unrouted_webhooks(1).await.unwrap().remove(0);
        let routed = self.store.route_webhook(event, vec![item; elements]).await.unwrap();
        assert_eq!(routed, Routed::Done(runs));
    }

    async fn claimed(&self) -> Vec<Claim> {
        self.store.claim_runs(NODE, 100, LEASE).await.unwrap()
    }

    async fn end(&self, claim: &Claim) {
        assert!(self.store.finish_run(claim, Finish::succeeded(None, Default::default())).await.unwrap());
    }
}

fn writer(claim: &Claim) -> Writer {
    Writer::new(claim.run.id, 1)
}

fn ids(claims: &[Claim]) -> Vec<Uuid> {
    claims.iter().map(|claim| claim.run.id).collect()
}

both! {
    async fn a_lane_lets_its_runs_go_on_one_after_the_other(database) {
        let world = World::new(&database).await;
        let (a, b) = (world.connect("a").await.id, world.connect("b").await.id);
        let lane = Lane::of_connection(a);
        let first = world.queue_in(&lane, a).await;
        let second = world.queue_in(&lane, a).await;
        let third = world.queue_in(&lane, a).await;
        let elsewhere = world.queue_in(&Lane::of_connection(b), b).await;
        let claims = world.claimed().await;
        assert_eq!(ids(&claims), [first, elsewhere], "another connection does not wait");
        assert!(world.claimed().await.is_empty());
        assert_eq!(world.store.next_run_at().await.unwrap(), None, "nobody is woken for a run that may not start");
        // A run that is tried again keeps its place.
        let later = world.clock.now().after(Duration::from_secs(3));
        assert!(world.store.finish_run(&claims[0], Finish { counts: true, ..Finish::again(later) }).await.unwrap());
        assert!(world.claimed().await.is_empty());
        world.clock.advance(Duration::from_secs(3));
        let again = world.claimed().await;
        assert_eq!(ids(&again), [first]);
        world.end(&again[0]).await;
        let claims = world.claimed().await;
        assert_eq!(ids(&claims), [second]);
        // A lost node's run is put back and keeps its place too.
        world.clock.advance(LEASE * 2);
        assert_eq!(world.store.rescue_runs("{}".to_owned()).await.unwrap(), 2);
        let claims: Vec<Claim> = world.claimed().await.into_iter().filter(|claim| claim.run.id != elsewhere).collect();
        assert_eq!(ids(&claims), [second]);
        world.end(&claims[0]).await;
        assert_eq!(ids(&world.claimed().await), [third]);
    }

    async fn what_webhooks_start_goes_on_in_the_order_of_their_events_whatever_ends_the_one_before(database) {
        let world = World::new(&database).await;
        for name in ["alpha", "beta", "gamma"] {
            world.deploy_webhook_sync(name).await;
        }
        world.connect("a").await;
        world.connect("b").await;
        world.hear("a", 2, 6).await;
        // The clock of the node that routes the second event is behind: the events' order counts, not the clocks'.
        world.clock.set(world.clock.now().before(Duration::from_secs(60)));
        world.hear("a", 1, 3).await;
        world.clock.advance(Duration::from_secs(60));
        world.hear("b", 1, 3).await;
        let environment = world.environment;
        let mut order = Vec::new();
        for number in 0..12 {
            let mut claims = world.claimed().await;
            claims.sort_by_key(|claim| claim.run.connection);
            assert!(number > 0 || claims.len() == 2, "connections do not wait for each other");
            if claims.len() == 2 {
                world.end(&claims.pop().unwrap()).await;
            }
            let Some(claim) = claims.pop() else { break };
            order.push(claim.run.function_name.clone());
            match number % 4 {
                0 => world.end(&claim).await,
                // Cancelled while it goes on: its node can no longer end it, and the next one goes on at once.
                1 => {
                    assert!(world.store.cancel_run(environment, claim.run.id).await.unwrap());
                    assert!(!world.store.cancel_run(environment, claim.run.id).await.unwrap());
                    assert!(!world.store.finish_run(&claim, Finish::again(world.clock.now())).await.unwrap());
                }
                2 => assert!(world.store.finish_run(&claim, Finish::failed("{}".to_owned())).await.unwrap()),
                _ => {
                    // Lost with its node: it is put back, and nobody overtakes it.
                    world.clock.advance(LEASE * 2);
                    assert_eq!(world.store.rescue_runs("{}".to_owned()).await.unwrap(), 1);
                    let again = world.claimed().await;
                    assert_eq!(ids(&again), [claim.run.id]);
                    world.end(&again[0]).await;
                }
            }
        }
        assert_eq!(order, ["alpha", "beta", "gamma", "alpha", "beta", "gamma", "alpha", "beta", "gamma"]);
        assert!(world.claimed().await.is_empty());
    }

    async fn a_run_that_is_cancelled_makes_room_in_its_lane(database) {
        let world = World::new(&database).await;
        let a = world.connect("a").await.id;
        let lane = Lane::of_connection(a);
        let mut queued = Vec::new();
        for _ in 0..4 {
            queued.push(world.queue_in(&lane, a).await);
        }
        let cancel = async |id| world.store.cancel_run(world.environment, id).await.unwrap();
        // One that waits leaves the others where they are; the one that may go on next makes room.
        assert!(cancel(queued[1]).await);
        assert_eq!(ids(&world.claimed().await), [queued[0]]);
        assert!(world.claimed().await.is_empty());
        assert!(cancel(queued[0]).await);
        assert!(cancel(queued[2]).await);
        assert_eq!(ids(&world.claimed().await), [queued[3]]);
        let other = world.store.create_environment("prod", Uuid::from_u128(9)).await.unwrap().id;
        assert!(!world.store.cancel_run(other, queued[3]).await.unwrap());
        assert!(!cancel(world.ids.next()).await);
    }

    async fn a_wide_lane_holds_queued_runs_and_guests(database) {
        let world = World::new(&database).await;
        let connection = world.connect("a").await.id;
        let lane = Lane::of_action(connection, "echo", 2);
        let guest = world.ids.next();
        assert!(world.store.enter_lane(guest, connection, lane.clone(), LEASE).await.unwrap());
        let first = world.queue_in(&lane, connection).await;
        let second = world.queue_in(&lane, connection).await;
        assert_eq!(ids(&world.claimed().await), [first]);
        let late = world.ids.next();
        assert!(!world.store.enter_lane(late, connection, lane.clone(), LEASE).await.unwrap());
        world.store.leave_lane(guest).await.unwrap();
        world.store.leave_lane(guest).await.unwrap();
        let claims = world.claimed().await;
        assert_eq!(ids(&claims), [second]);
        world.end(&claims[0]).await;
        assert!(world.store.enter_lane(late, connection, lane.clone(), LEASE).await.unwrap());
        // A guest whose node is gone gives its place back; one that is kept does not.
        let third = world.queue_in(&lane, connection).await;
        world.clock.advance(LEASE.saturating_sub(Duration::from_secs(1)));
        world.store.stay_in_lanes(vec![late], LEASE).await.unwrap();
        world.store.extend_leases(NODE, LEASE).await.unwrap();
        world.clock.advance(Duration::from_secs(2));
        assert_eq!(world.store.free_lanes().await.unwrap(), 0);
        world.clock.advance(LEASE);
        world.store.extend_leases(NODE, LEASE).await.unwrap();
        assert_eq!(world.store.free_lanes().await.unwrap(), 1);
        let claims = world.claimed().await;
        assert_eq!(ids(&claims), [third]);
    }

    async fn many_nodes_never_fill_a_lane_beyond_its_width(database) {
        let world = World::new(&database).await;
        let connection = world.connect("a").await.id;
        let lane = Lane::of_action(connection, "echo", 3);
        for _ in 0..60 {
            world.queue_in(&lane, connection).await;
        }
        let going = Arc::new(Mutex::new((0_i32, 0_i32)));
        let nodes = (1..=4_u128).map(|node| {
            let (store, going, ids, lane) = (world.store.clone(), Arc::clone(&going), world.ids.clone(), lane.clone());
            tokio::spawn(async move {
                let enter = || {
                    let mut going = going.lock().unwrap();
                    going.0 += 1;
                    going.1 = going.1.max(going.0);
                };
                let mut done = 0;
                loop {
                    let guest = ids.next();
                    if store.enter_lane(guest, connection, lane.clone(), LEASE).await.unwrap() {
                        enter();
                        going.lock().unwrap().0 -= 1;
                        store.leave_lane(guest).await.unwrap();
                    }
                    let claims = store.claim_runs(Uuid::from_u128(node), 2, LEASE).await.unwrap();
                    if claims.is_empty() && store.next_run_at().await.unwrap().is_none() {
                        return done;
                    }
                    for _ in &claims {
                        enter();
                    }
                    for claim in claims {
                        going.lock().unwrap().0 -= 1;
                        let ended = store.finish_run(&claim, Finish::succeeded(None, HashMap::new().into_iter().collect())).await;
                        assert!(ended.unwrap());
                        done += 1;
                    }
                }
            })
        });
        let mut done = 0;
        for node in nodes.collect::<Vec<_>>() {
            done += node.await.unwrap();
        }
        // Nodes leave when there is nothing for them at the moment; the rest is done by whoever stayed.
        while let [claim, ..] = &world.claimed().await[..] {
            world.end(claim).await;
            done += 1;
        }
        assert_eq!(done, 60);
        assert!(going.lock().unwrap().1 <= 3, "{:?}", going.lock().unwrap());
    }

    async fn a_run_that_was_cancelled_saves_nothing_more(database) {
        let world = World::new(&database).await;
        world.deploy_sync("contacts", "every hour", true).await;
        let connection = world.connect("a").await.id;
        world.store.enqueue_due_syncs(&world.ids, 10).await.unwrap();
        let claim = world.claimed().await.remove(0);
        let set = world.store.record_set(world.environment, connection, "Contact", "base").await.unwrap();
        let set = set.fenced(Some(claim.fence()));
        let batch = |id: u32| read_batch(format!(r#"[{{"id":{id}}}]"#).as_bytes()).unwrap();
        assert_eq!(world.store.save_records(set, batch(1), writer(&claim)).await.unwrap().counts.added, 1);
        world.store.pause_syncs(world.environment, vec![claim.run.sync.unwrap()]).await.unwrap();
        assert_eq!(world.store.run(world.environment, claim.run.id).await.unwrap().unwrap().state, RunState::Cancelled);
        let refused = [
            world.store.save_records(set, batch(2), writer(&claim)).await.map(|saved| saved.counts),
            world.store.update_records(set, batch(1), writer(&claim)).await.map(|saved| saved.counts),
            world.store.delete_records(set, batch(1), writer(&claim)).await,
        ];
        for result in refused {
            assert!(matches!(result, Err(Error::Conflict(_))), "{result:?}");
        }
        // Who takes the run up again is another holder, even on the same node.
        world.store.start_syncs(world.environment, vec![claim.run.sync.unwrap()], &world.ids).await.unwrap();
        let first = world.claimed().await.remove(0);
        world.clock.advance(LEASE * 2);
        world.store.rescue_runs("{}".to_owned()).await.unwrap();
        let second = world.claimed().await.remove(0);
        let plain = world.store.record_set(world.environment, connection, "Contact", "base").await.unwrap();
        let old = world.store.save_records(plain.fenced(Some(first.fence())), batch(3), writer(&first)).await;
        assert!(matches!(old, Err(Error::Conflict(_))));
        world.store.save_records(plain.fenced(Some(second.fence())), batch(3), writer(&second)).await.unwrap();
    }

    async fn an_idempotency_key_belongs_to_one_request_for_its_time(database) {
        let world = World::new(&database).await;
        let (store, environment) = (&world.store, world.environment);
        let keep = Duration::from_secs(24 * 3_600);
        let request = |operation: &'static str, key: &str, content: u8| KeyedRequest {
            operation, key: key.to_owned(), fingerprint: [content; 32], run: NODE, busy: LEASE, keep,
        };
        let begin = async |request| store.begin_keyed(environment, request).await.unwrap();
        assert_eq!(begin(request("action", "k", 1)).await, Keyed::First);
        assert_eq!(begin(request("sync", "k", 2)).await, Keyed::First);
        assert_eq!(begin(request("action", "k", 2)).await, Keyed::Reused);
        assert_eq!(begin(request("action", "k", 1)).await, Keyed::Again { run: NODE, outcome: None, busy: true });
        world.clock.advance(LEASE);
        assert_eq!(begin(request("action", "k", 1)).await, Keyed::Again { run: NODE, outcome: None, busy: false });
        store.keep_outcome(environment, "action", "k", "7".to_owned()).await.unwrap();
        let known = Keyed::Again { run: NODE, outcome: Some("7".to_owned()), busy: false };
        assert_eq!(begin(request("action", "k", 1)).await, known);
        let other = store.create_environment("prod", Uuid::from_u128(9)).await.unwrap().id;
        assert_eq!(store.begin_keyed(other, request("action", "k", 9)).await.unwrap(), Keyed::First);
        world.clock.advance(keep);
        assert_eq!(begin(request("action", "k", 3)).await, Keyed::First, "an old key is as good as new");
        assert_eq!(store.prune_idempotency_keys(keep).await.unwrap(), 1);
        assert_eq!(begin(request("action", "k", 3)).await, Keyed::Again { run: NODE, outcome: None, busy: true });
        // The same key from many at once: one is the first.
        let racers = (0..8_u128).map(|number| {
            let (store, request) = (store.clone(), KeyedRequest { run: Uuid::from_u128(number), ..request("action", "race", 1) });
            tokio::spawn(async move { store.begin_keyed(environment, request).await.unwrap() })
        });
        let mut firsts = 0;
        for racer in racers.collect::<Vec<_>>() {
            firsts += u32::from(racer.await.unwrap() == Keyed::First);
        }
        assert_eq!(firsts, 1);
    }
}
