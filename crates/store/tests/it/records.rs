//! Records: what counts as a change, in which order changes are read, and that nobody misses one.

use crate::fixtures::{CRM, World};
use bespoke_core::{
    record::{Action, Cursor, NewRecord, Record, StoredVersion, read_batch},
    sync::Counts,
    time::Timestamp,
};
use bespoke_store::{Error, RecordSet, RecordsQuery, Store, Writer};
use bespoke_testkit::both;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::Duration};
use uuid::Uuid;

const RUN: Uuid = Uuid::from_u128(9);

fn batch(records: Value) -> Vec<NewRecord> {
    read_batch(records.to_string().as_bytes()).unwrap()
}

fn query(limit: u32) -> RecordsQuery {
    RecordsQuery {
        after: None,
        modified_since: None,
        actions: vec![],
        external_ids: vec![],
        metadata_revision: None,
        with_revision: false,
        limit,
    }
}

async fn save(store: &Store, set: RecordSet, records: Value) -> Counts {
    store.save_records(set, batch(records), Writer::new(RUN, 1)).await.unwrap().counts
}

async fn all(store: &Store, set: RecordSet) -> Vec<Record> {
    store.records_page(set, query(10_000)).await.unwrap().records
}

async fn one(store: &Store, set: RecordSet, id: &str) -> Record {
    let query = RecordsQuery { external_ids: vec![id.to_owned()], ..query(2) };
    store.records_page(set, query).await.unwrap().records.pop().unwrap()
}

fn payload(record: &Record) -> Value {
    serde_json::from_str(record.payload.as_ref().unwrap()).unwrap()
}

fn counts(added: u64, updated: u64, deleted: u64, unchanged: u64) -> Counts {
    Counts { added, updated, deleted, unchanged }
}

impl World {
    async fn set(&self) -> RecordSet {
        let connection = self.connect("acme").await;
        self.store.record_set(self.environment, connection.id, "Contact", "base").await.unwrap()
    }

    async fn live(&self) -> u64 {
        let counts = self.store.record_counts(self.environment, self.integration.id, None).await.unwrap();
        counts.iter().map(|count| count.live).sum()
    }
}

both! {
    async fn only_what_differs_counts_as_a_change(database) {
        let world = World::new(&database).await;
        let (store, set) = (&world.store, world.set().await);
        let second = Duration::from_secs(1);

        let three = json!([{ "id": "1", "name": "Ann", "age": 1 }, { "id": 2, "name": "Bob" }, { "id": "3" }]);
        assert_eq!(save(store, set, three.clone()).await, counts(3, 0, 0, 0));
        let before = all(store, set).await;
        assert!(before.iter().all(|record| record.last_action() == Action::Added));
        world.clock.advance(second);
        assert_eq!(save(store, set, three).await, counts(0, 0, 0, 3));
        let reordered = json!([{ "age": 1, "id": "1", "name": "Ann" }, { "id": 2, "name": "Bo" }, { "id": "4" }]);
        assert_eq!(save(store, set, reordered).await, counts(1, 1, 0, 1));
        assert_eq!(world.live().await, 4);
        let after = one(store, set, "1").await;
        assert_eq!((after.updated_at, after.id), (before.iter().find(|r| r.external_id == "1").unwrap().updated_at, after.id));
        assert_eq!(after.payload.as_deref(), Some(r#"{"id":"1","name":"Ann","age":1}"#));
        assert_eq!(one(store, set, "2").await.last_action(), Action::Updated);

        world.clock.advance(second);
        let gone = batch(json!([{ "id": "1" }, { "id": "3" }, { "id": "unknown" }]));
        assert_eq!(store.delete_records(set, gone.clone(), Writer::new(RUN, 1)).await.unwrap(), counts(0, 0, 2, 0));
        assert_eq!(store.delete_records(set, gone, Writer::new(RUN, 1)).await.unwrap(), counts(0, 0, 0, 0));
        assert_eq!(world.live().await, 2);
        let deleted = one(store, set, "1").await;
        assert_eq!((deleted.last_action(), deleted.deleted_at), (Action::Deleted, Some(deleted.updated_at)));
        assert_eq!(payload(&deleted), json!({ "id": "1", "name": "Ann", "age": 1 }), "the last content stays");

        world.clock.advance(second);
        assert_eq!(save(store, set, json!([{ "id": "1", "name": "Ann", "age": 1 }])).await, counts(1, 0, 0, 0));
        let back = one(store, set, "1").await;
        assert_eq!((back.last_action(), back.deleted_at, back.id), (Action::Added, None, deleted.id));
        assert!(back.created_at > deleted.updated_at);
        assert_eq!(world.live().await, 3);
    }

    async fn what_a_record_was_is_kept_with_who_made_it_so(database) {
        let world = World::new(&database).await;
        let (store, set) = (&world.store, world.set().await);
        let second = Duration::from_secs(1);
        let of = async |id: &str| store.record_versions(set, id).await.unwrap();
        let save = async |records: Value, run: u128, revision: i64| {
            world.clock.advance(second);
            store.save_records(set, batch(records), Writer::new(Uuid::from_u128(run), revision)).await.unwrap();
        };
        let told = |versions: &[StoredVersion]| -> Vec<(Action, u128, Option<i64>, Option<String>)> {
            let one = |version: &StoredVersion| (version.action, version.run.unwrap().as_u128(), version.metadata_revision, version.payload.clone());
            versions.iter().map(one).collect()
        };
        save(json!([{ "id": "1", "v": 1 }, { "id": "2" }]), 1, 1).await;
        save(json!([{ "id": "1", "v": 2 }, { "id": "2" }, { "id": "3" }]), 2, 4).await;
        assert_eq!((of("2").await.len(), of("3").await.len(), of("nobody").await), (1, 1, vec![]), "nothing happened to them since");
        world.clock.advance(second);
        store.delete_records(set, batch(json!([{ "id": "1" }])), Writer::new(Uuid::from_u128(3), 4)).await.unwrap();
        save(json!([{ "id": "1", "v": 3 }]), 4, 5).await;
        let text = |v: u32| Some(format!(r#"{{"id":"1","v":{v}}}"#));
        let versions = of("1").await;
        assert_eq!(
            told(&versions),
            [
                (Action::Added, 4, Some(5), text(3)),
                (Action::Deleted, 3, Some(4), text(2)),
                (Action::Updated, 2, Some(4), None),
                (Action::Added, 1, Some(1), text(1)),
            ],
            "the one without content has that of the deletion after it"
        );
        assert!(versions.is_sorted_by(|newer, older| newer.changed_at > older.changed_at));

        let yielding = Writer { yields_after: Some(Timestamp(0)), ..Writer::new(RUN, 1) };
        store.save_records(set, batch(json!([{ "id": "1", "v": 9 }])), yielding).await.unwrap();
        assert_eq!(of("1").await, versions, "nothing was changed");

        for v in 0..30 {
            save(json!([{ "id": "3", "v": v }]), 5, 5).await;
        }
        let last: Vec<_> = of("3").await.into_iter().map(|version| version.payload.unwrap()).collect();
        let expected: Vec<_> = (19..30).rev().map(|v| json!({ "id": "3", "v": v }).to_string()).collect();
        assert_eq!(last, expected, "ten besides what it is");
    }

    async fn what_records_were_goes_when_they_go(database) {
        let world = World::new(&database).await;
        let (store, set) = (&world.store, world.set().await);
        let minute = Duration::from_secs(60);
        let of = async |id: &str| store.record_versions(set, id).await.unwrap().len();
        for v in 0..4 {
            world.clock.advance(minute);
            save(store, set, json!([{ "id": "1", "v": v }, { "id": "2", "v": v }, { "id": "3", "v": v }])).await;
        }
        assert_eq!(store.prune_record_versions(minute * 2).await.unwrap(), 0);
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(store.prune_record_versions(minute * 2).await.unwrap(), 3, "those that were replaced first");
        assert_eq!(of("1").await, 3);
        let first = one(store, set, "1").await;
        assert_eq!(store.prune_records(set, first.cursor(), 1).await.unwrap().count, 1);
        let pruned = all(store, set).await.into_iter().find(|record| record.payload.is_none()).unwrap().external_id;
        let kept = if pruned == "2" { "3" } else { "2" };
        assert_eq!((of(&pruned).await, of(kept).await), (1, 3), "its earlier contents too");
        store.clear_records(set).await.unwrap();
        save(store, set, json!([{ "id": kept }])).await;
        assert_eq!(of(kept).await, 1);
        save(store, set, json!([{ "id": kept, "v": 1 }])).await;
        assert!(store.delete_connection(world.environment, CRM, "acme").await.unwrap());
        while store.remove_orphaned_records().await.unwrap() {}
        world.clock.advance(minute * 60);
        assert_eq!(store.prune_record_versions(Duration::from_secs(1)).await.unwrap(), 0, "nothing is left to prune");
    }

    async fn an_update_merges_into_what_is_there(database) {
        let world = World::new(&database).await;
        let (store, set) = (&world.store, world.set().await);
        let first = json!([{ "id": "1", "a": { "x": 1, "y": [1, 2] }, "b": null }, { "id": "2" }, { "id": "3" }]);
        save(store, set, first).await;
        store.delete_records(set, batch(json!([{ "id": "2" }])), Writer::new(RUN, 1)).await.unwrap();
        let parts = json!([{ "id": "1", "a": { "y": [3], "z": true } }, { "id": "2", "a": 1 }, { "id": "3" }, { "id": "4" }]);
        let merged = json!([{ "id": "1", "a": { "x": 1, "y": [3], "z": true }, "b": null }]);
        assert_eq!(store.update_records(set, batch(parts.clone()), Writer::new(RUN, 1)).await.unwrap().counts, counts(0, 1, 0, 1));
        assert_eq!(payload(&one(store, set, "1").await), merged[0]);
        assert_eq!(store.update_records(set, batch(parts), Writer::new(RUN, 1)).await.unwrap().counts, counts(0, 0, 0, 2));
        assert_eq!(save(store, set, merged).await, counts(0, 0, 0, 1), "the hash is of the whole record");
        assert_eq!(all(store, set).await.len(), 3);
        assert_eq!(one(store, set, "2").await.last_action(), Action::Deleted);
    }

    async fn a_page_holds_what_was_asked_for(database) {
        let world = World::new(&database).await;
        let (store, set) = (&world.store, world.set().await);
        let second = Duration::from_secs(1);
        save(store, set, json!([{ "id": "a" }, { "id": "b" }, { "id": "c" }])).await;
        world.clock.advance(second);
        save(store, set, json!([{ "id": "b", "v": 2 }, { "id": "c", "v": 2 }])).await;
        world.clock.advance(second);
        store.delete_records(set, batch(json!([{ "id": "c" }])), Writer::new(RUN, 1)).await.unwrap();

        let ids = async |query: RecordsQuery| {
            let page = store.records_page(set, query).await.unwrap();
            let ids: Vec<_> = page.records.iter().map(|record| record.external_id.clone()).collect();
            (ids.join(""), page.has_more)
        };
        let found = |text: &str| (text.to_owned(), false);
        assert_eq!(ids(query(10)).await, found("abc"), "oldest change first");
        use Action::{Added, Deleted, Updated};
        for (actions, expected) in [
            (vec![Added], "a"),
            (vec![Updated], "b"),
            (vec![Deleted], "c"),
            (vec![Added, Updated], "ab"),
            (vec![Added, Deleted], "ac"),
            (vec![Updated, Deleted], "bc"),
            (vec![Added, Updated, Deleted], "abc"),
        ] {
            assert_eq!(ids(RecordsQuery { actions, ..query(10) }).await, found(expected));
        }
        let external_ids = vec!["c".to_owned(), "a".to_owned(), "x".to_owned()];
        assert_eq!(ids(RecordsQuery { external_ids: external_ids.clone(), ..query(10) }).await, found("ac"));
        assert_eq!(ids(RecordsQuery { external_ids, actions: vec![Deleted], ..query(10) }).await, found("c"));

        let b = one(store, set, "b").await;
        let since = |modified_since, after| RecordsQuery { modified_since, after, ..query(10) };
        assert_eq!(ids(since(Some(b.updated_at), None)).await, found("bc"), "the time is inclusive");
        assert_eq!(ids(since(None, Some(b.cursor()))).await, found("c"), "the cursor is exclusive");
        assert_eq!(ids(since(Some(b.updated_at), Some(b.cursor()))).await, found("c"));
        assert_eq!(ids(query(2)).await, ("ab".to_owned(), true));
        assert_eq!(ids(query(3)).await, found("abc"));
    }

    async fn sets_do_not_see_each_other(database) {
        let world = World::new(&database).await;
        let (store, base) = (&world.store, world.set().await);
        let acme = world.connect("acme").await;
        let variant = store.record_set(world.environment, acme.id, "Contact", "v").await.unwrap();
        let other = world.connect("other").await;
        let others = store.record_set(world.environment, other.id, "Contact", "base").await.unwrap();
        save(store, base, json!([{ "id": "1", "of": "base" }])).await;
        save(store, variant, json!([{ "id": "1", "of": "variant" }, { "id": "2" }])).await;
        assert_eq!(all(store, base).await.len(), 1);
        assert_eq!(all(store, variant).await.len(), 2);
        assert!(all(store, others).await.is_empty());
        assert_ne!(one(store, base, "1").await.id, one(store, variant, "1").await.id);
        assert_eq!(store.record_set(world.environment, acme.id, "Contact", "base").await.unwrap(), base);
        let elsewhere = store.create_environment("prod", Uuid::from_u128(2)).await.unwrap().id;
        assert_eq!(store.find_record_set(elsewhere, acme.id, "Contact", "base").await.unwrap(), None);
        assert_eq!(store.find_record_set(world.environment, acme.id, "Deal", "base").await.unwrap(), None);
    }

    async fn pruning_empties_payloads_and_moves_nothing(database) {
        let world = World::new(&database).await;
        let (store, set) = (&world.store, world.set().await);
        for id in ["a", "b", "c", "d"] {
            save(store, set, json!([{ "id": id, "v": 1 }])).await;
        }
        let before = all(store, set).await;
        let until = before[2].cursor();
        let pruned = store.prune_records(set, until, 2).await.unwrap();
        assert_eq!((pruned.count, pruned.has_more), (2, true));
        let pruned = store.prune_records(set, until, 2).await.unwrap();
        assert_eq!((pruned.count, pruned.has_more), (1, false));
        assert_eq!(store.prune_records(set, until, 2).await.unwrap().count, 0);
        let after = all(store, set).await;
        assert!(after.iter().map(Record::cursor).eq(before.iter().map(Record::cursor)));
        let payloads: Vec<_> = after.iter().map(|record| (record.payload.is_some(), record.pruned_at.is_some())).collect();
        assert_eq!(payloads, [(false, true), (false, true), (false, true), (true, false)]);
        assert_eq!(store.update_records(set, batch(json!([{ "id": "a", "w": 1 }])), Writer::new(RUN, 1)).await.unwrap().counts, counts(0, 0, 0, 0));

        world.clock.advance(Duration::from_secs(1));
        let again = json!([{ "id": "b", "v": 1 }, { "id": "c", "v": 2 }]);
        assert_eq!(save(store, set, again).await, counts(0, 1, 0, 1));
        let b = one(store, set, "b").await;
        assert_eq!((b.cursor(), b.pruned_at, payload(&b)), (before[1].cursor(), None, json!({ "id": "b", "v": 1 })));
        assert_eq!(one(store, set, "c").await.last_action(), Action::Updated);
        assert_eq!(store.prune_records(set, until, 10).await.unwrap().count, 1, "what came back is pruned again");
        assert_eq!(world.live().await, 4);
    }

    async fn any_number_of_records_is_saved_and_cleared(database) {
        let world = World::new(&database).await;
        let (store, set) = (&world.store, world.set().await);
        let records = |version: u64, count: u64| json!((0..count).map(|id| json!({ "id": id + 1, "v": version })).collect::<Vec<_>>());
        assert_eq!(save(store, set, records(1, 1_367)).await, counts(1_367, 0, 0, 0));
        assert_eq!(save(store, set, records(2, 367)).await, counts(0, 367, 0, 0));
        assert_eq!(save(store, set, records(2, 1_367)).await, counts(0, 1_000, 0, 367));
        assert_eq!(save(store, set, json!([])).await, counts(0, 0, 0, 0));
        assert_eq!(store.delete_records(set, batch(records(0, 361)), Writer::new(RUN, 1)).await.unwrap(), counts(0, 0, 361, 0));
        assert_eq!(save(store, set, records(3, 11_000)).await, counts(9_994, 1_006, 0, 0));
        assert_eq!(world.live().await, 11_000);
        let last = all(store, set).await.last().unwrap().cursor();
        assert_eq!(store.clear_records(set).await.unwrap(), 11_000);
        assert_eq!((world.live().await, all(store, set).await.len()), (0, 0));
        save(store, set, records(3, 1)).await;
        assert!(all(store, set).await[0].cursor() > last, "a cursor from before sees what comes now");
    }

    async fn records_go_with_their_connection(database) {
        let world = World::new(&database).await;
        let (store, set) = (&world.store, world.set().await);
        save(store, set, json!([{ "id": "1" }])).await;
        assert!(!store.remove_orphaned_records().await.unwrap());
        assert!(store.delete_connection(world.environment, CRM, "acme").await.unwrap());
        let late = store.save_records(set, batch(json!([{ "id": "2" }])), Writer::new(RUN, 1)).await;
        assert!(matches!(late, Err(Error::NotFound(_))), "a run that still goes on writes nothing");
        assert!(store.remove_orphaned_records().await.unwrap());
        assert!(!store.remove_orphaned_records().await.unwrap());
        assert!(all(store, set).await.is_empty());
        let set = world.set().await;
        assert!(all(store, set).await.is_empty());
    }

    /// Eight writers change the same records, on two nodes; the clock stands still.
    async fn a_reader_misses_no_change_and_sees_none_twice(database) {
        let world = World::new(&database).await;
        let set = world.set().await;
        let nodes = [world.store.clone(), database.store_at(Arc::new(world.clock.clone())).await];
        let writers: Vec<_> = (0..8_usize)
            .map(|writer| {
                let store = nodes[writer % 2].clone();
                tokio::spawn(async move {
                    for round in 0..12 {
                        let records: Vec<_> =
                            (0..15).map(|n| json!({ "id": (writer * 7 + n * 3 + round) % 40 + 1, "by": writer, "round": round })).collect();
                        save(&store, set, json!(records)).await;
                        if round % 5 == 4 {
                            let ids = json!([{ "id": writer + 1 }, { "id": round + 20 }]);
                            store.delete_records(set, batch(ids), Writer::new(RUN, 1)).await.unwrap();
                        }
                    }
                })
            })
            .collect();

        let mut seen: HashMap<String, Cursor> = HashMap::new();
        let mut after = None;
        loop {
            let finished = writers.iter().all(tokio::task::JoinHandle::is_finished);
            let page = nodes[1].records_page(set, RecordsQuery { after, ..query(7) }).await.unwrap();
            for record in &page.records {
                assert!(after < Some(record.cursor()), "changes are read in order");
                after = Some(record.cursor());
                seen.insert(record.external_id.clone(), record.cursor());
            }
            if finished && page.records.is_empty() {
                break;
            }
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let stored: HashMap<_, _> =
            all(&world.store, set).await.iter().map(|record| (record.external_id.clone(), record.cursor())).collect();
        assert_eq!(stored.len(), 40);
        assert_eq!(seen, stored, "the last change of every record was read");
        let live = all(&world.store, set).await.iter().filter(|record| record.deleted_at.is_none()).count();
        assert_eq!(world.live().await, live as u64);
    }
}
