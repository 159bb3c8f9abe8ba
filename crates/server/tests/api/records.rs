//! http-api.md §11: reading and pruning records.

use crate::fixtures::connections;
use bespoke_core::record::{Cursor, read_batch};
use bespoke_store::{RecordSet, Writer};
use bespoke_testkit::{
    app::{Answer, Client, Options, TestApp, time},
    both,
    clock::ManualClock,
    database::Database,
};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const RUN: Uuid = Uuid::from_u128(9);

/// A server whose clock the test moves, with a connection and what a sync would have saved for it.
struct Saved {
    app: TestApp,
    clock: ManualClock,
    set: RecordSet,
}

impl Saved {
    async fn new(database: Database) -> Self {
        let clock = ManualClock::default();
        let app = TestApp::with(database, Options { clock: Some(clock.clone()), ..Options::default() }).await;
        connections(&app.dev(), &["acme", "other"]).await;
        let environment = app.engine.environment("dev").await.unwrap().id;
        let connection = app.engine.connection(environment, "none", "acme").await.unwrap();
        let set = app.store.record_set(environment, connection.id, "Contact", "base").await.unwrap();
        Self { app, clock, set }
    }

    async fn save(&self, records: Value) {
        let records = read_batch(records.to_string().as_bytes()).unwrap();
        self.app.store.save_records(self.set, records, Writer::new(RUN, 1)).await.unwrap();
    }

    async fn delete(&self, records: Value) {
        let records = read_batch(records.to_string().as_bytes()).unwrap();
        self.app.store.delete_records(self.set, records, Writer::new(RUN, 1)).await.unwrap();
    }

    async fn get(&self, query: &str) -> Answer {
        list(&self.app.dev(), query).await
    }

    async fn ids(&self, query: &str) -> String {
        let page = self.get(query).await.expect(200);
        let records = page["records"].as_array().unwrap();
        records.iter().map(|record| record["id"].as_str().unwrap()).collect::<Vec<_>>().join("")
    }

    async fn prune(&self, body: Value) -> Answer {
        let dev = self.app.dev();
        dev.patch("/records/prune", body)
            .header("Provider-Config-Key", "none")
            .header("Connection-Id", "acme")
            .await
    }
}

async fn list(client: &Client, query: &str) -> Answer {
    let path = format!("/records/?{query}");
    client.get(&path).header("Provider-Config-Key", "none").header("Connection-Id", "acme").await
}

both! {
    async fn a_record_comes_as_it_was_saved_with_its_history(database) {
        let saved = Saved::new(database).await;
        let (add, second) = (saved.clock.clone(), Duration::from_secs(1));
        saved.save(json!([{ "id": "1", "z": 1.0, "a": null, "_nango_metadata": {} }])).await;
        add.advance(second);
        saved.save(json!([{ "id": 2, "nested": { "k": [] } }, { "id": "1", "z": 2 }])).await;
        add.advance(second);
        saved.delete(json!([{ "id": "1" }])).await;

        let answer = saved.get("model=Contact").await;
        assert!(answer.header("content-type").starts_with("application/json"));
        assert!(answer.text().contains(r#"{"id":2,"nested":{"k":[]},"_nango_metadata":{"#), "{}", answer.text());
        let page = answer.expect(200);
        assert_eq!(page["next_cursor"], Value::Null);
        let [added, deleted] = page["records"].as_array().unwrap().as_slice() else { panic!("{page}") };
        let metadata = &added["_nango_metadata"];
        assert_eq!(metadata["first_seen_at"], "2026-01-01T00:00:01.000000+00:00");
        assert_eq!(metadata["last_modified_at"], metadata["first_seen_at"]);
        assert_eq!((&metadata["last_action"], &metadata["deleted_at"], &metadata["pruned_at"]), (&json!("ADDED"), &Value::Null, &Value::Null));
        let metadata = &deleted["_nango_metadata"];
        assert_eq!((&deleted["z"], &metadata["last_action"]), (&json!(2), &json!("DELETED")));
        assert_eq!(metadata["first_seen_at"], "2026-01-01T00:00:00.000000+00:00");
        assert_eq!(metadata["deleted_at"], "2026-01-01T00:00:02.000000+00:00");
        assert_eq!(time(&metadata["last_modified_at"]), time(&metadata["deleted_at"]));
        let cursor = Cursor::decode(metadata["cursor"].as_str().unwrap()).unwrap();
        assert_eq!(cursor.updated_at, time(&metadata["last_modified_at"]));
    }

    async fn pages_follow_each_other_by_cursor(database) {
        let saved = Saved::new(database).await;
        for id in ["a", "b", "c", "d", "e"] {
            saved.save(json!([{ "id": id }])).await;
        }
        let mut ids = String::new();
        let mut query = "model=Contact&limit=2".to_owned();
        let mut pages = 0;
        loop {
            let page = saved.get(&query).await.expect(200);
            pages += 1;
            let records = page["records"].as_array().unwrap();
            ids.extend(records.iter().map(|record| record["id"].as_str().unwrap()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            assert_eq!(records.last().unwrap()["_nango_metadata"]["cursor"], cursor);
            query = format!("model=Contact&limit=2&cursor={}", cursor.replace('=', "%3D").replace('+', "%2B"));
        }
        assert_eq!((ids.as_str(), pages), ("abcde", 3));
    }

    async fn filters_select_what_they_say(database) {
        let saved = Saved::new(database).await;
        saved.save(json!([{ "id": "a" }, { "id": "b" }, { "id": "c" }])).await;
        saved.clock.advance(Duration::from_secs(1));
        saved.save(json!([{ "id": "b", "v": 2 }])).await;
        saved.clock.advance(Duration::from_secs(1));
        saved.delete(json!([{ "id": "c" }])).await;
        for (filter, expected) in [
            ("added", "a"),
            ("UPDATED", "b"),
            ("deleted", "c"),
            ("added,updated", "ab"),
            ("added,deleted", "ac"),
            ("updated,deleted", "bc"),
            ("added,updated,deleted", "abc"),
        ] {
            assert_eq!(saved.ids(&format!("model=Contact&filter={filter}")).await, expected, "{filter}");
        }
        assert_eq!(saved.ids("model=Contact&ids=a&ids=c&ids=nobody").await, "ac");
        assert_eq!(saved.ids("model=Contact&ids=b").await, "b");
        assert_eq!(saved.ids("model=Contact&modified_after=2026-01-01T00:00:01.000Z").await, "bc");
        assert_eq!(saved.ids("model=Contact&delta=2026-01-01T00:00:02Z&modified_after=2026-01-01T00:00:00Z").await, "c");
        assert_eq!(saved.ids("model=Contact&variant=base").await, "abc");
        assert_eq!(saved.ids("model=Contact&variant=other").await, "");
        assert_eq!(saved.ids("model=Unknown").await, "", "an unknown model has no records");
    }

    async fn what_happened_to_a_record_is_told_field_by_field(database) {
        let saved = Saved::new(database).await;
        let versions = async |query: &str| {
            let dev = saved.app.dev();
            let call = dev.get(&format!("/records/versions?model=Contact&{query}"));
            call.header("Provider-Config-Key", "none").header("Connection-Id", "acme").await
        };
        saved.save(json!([{ "id": "1", "email": "a@x.example", "address": { "city": "Rome", "zip": "1" } }])).await;
        saved.clock.advance(Duration::from_secs(1));
        saved.save(json!([{ "id": "1", "email": "b@x.example", "address": { "city": "Oslo", "zip": "1" }, "new": null }])).await;
        saved.clock.advance(Duration::from_secs(1));
        saved.delete(json!([{ "id": "1" }])).await;
        let told = versions("id=1").await.expect(200)["data"].take();
        let [deleted, updated, added] = told.as_array().unwrap().as_slice() else { panic!("{told}") };
        assert_eq!(
            *updated,
            json!({ "changed_at": "2026-01-01T00:00:01.000Z", "action": "UPDATED", "run_id": RUN, "metadata_revision": 1, "changes": [
                { "path": "/email", "before": "a@x.example", "after": "b@x.example" },
                { "path": "/address/city", "before": "Rome", "after": "Oslo" },
                { "path": "/new", "after": null },
            ] })
        );
        assert_eq!((&deleted["action"], &deleted["changes"]), (&json!("DELETED"), &json!([])));
        assert_eq!((&added["action"], &added["changes"][0]), (&json!("ADDED"), &json!({ "path": "/id", "after": "1" })));
        assert_eq!(versions("id=2").await.expect(200), json!({ "data": [] }));
        assert_eq!(versions("id=1&variant=other").await.expect(200), json!({ "data": [] }));
        versions("").await.refused_at(400, "invalid_query_params", "id");

        // Longer ago than runs are kept.
        saved.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
        saved.app.engine.tidy().await.unwrap();
        let rest = versions("id=1").await.expect(200)["data"].take();
        assert_eq!((rest.as_array().unwrap().len(), &rest[0]), (1, deleted));
    }

    async fn the_records_that_a_revision_made_are_found(database) {
        let saved = Saved::new(database).await;
        let metadata = async |document: Value| {
            let path = "/connections/acme/metadata?provider_config_key=none";
            saved.app.dev().put(path, document).await.expect(200)["revision"].as_i64().unwrap()
        };
        let ids = async |query: &str| {
            let mut ids: Vec<char> = saved.ids(&format!("model=Contact&metadata_revision={query}")).await.chars().collect();
            ids.sort_unstable();
            ids.into_iter().collect::<String>()
        };
        let save = async |records: Value, revision: i64| {
            let records = read_batch(records.to_string().as_bytes()).unwrap();
            saved.app.store.save_records(saved.set, records, Writer::new(RUN, revision)).await.unwrap();
        };
        let first = metadata(json!({ "a": 1 })).await;
        save(json!([{ "id": "a" }, { "id": "b" }, { "id": "c" }]), first).await;
        saved.clock.advance(Duration::from_secs(600));
        let second = metadata(json!({ "a": 2 })).await;
        save(json!([{ "id": "b", "v": 1 }, { "id": "d" }]), second).await;
        // A run that began before goes on with what it had.
        save(json!([{ "id": "e" }]), first).await;
        assert_eq!(ids(&format!("{first}")).await, "ace");
        assert_eq!(ids(&format!("{second}")).await, "bd");
        assert_eq!(ids(&format!("{second}&ids=a&ids=b")).await, "b");
        assert_eq!(ids(&format!("{second}&filter=added")).await, "d");
        assert_eq!(ids("77").await, "");
        saved.get("model=Contact&metadata_revision=x").await.refused_at(400, "invalid_query_params", "metadata_revision");
    }

    async fn a_request_that_is_wrong_says_where(database) {
        let saved = Saved::new(database).await;
        for (query, path) in [
            ("", "model"),
            ("model=contact", "model"),
            ("model=Contact&limit=0", "limit"),
            ("model=Contact&limit=10001", "limit"),
            ("model=Contact&filter=new", "filter"),
            ("model=Contact&cursor=nonsense", "cursor"),
            ("model=Contact&modified_after=2026-01-01T00:00:00%2B00:00", "modified_after"),
            ("model=Contact&delta=2020-01-01T00:00:00Z", "delta"),
            ("model=Contact&unknown=1", ""),
        ] {
            saved.get(query).await.refused_at(400, "invalid_query_params", path);
        }
        let answer = saved.app.dev().get("/records?model=Contact").header("Connection-Id", "acme").await;
        answer.refused_at(400, "invalid_headers", "provider-config-key");
        let dev = saved.app.dev();
        let unknown = dev.get("/records?model=Contact").header("Provider-Config-Key", "none").header("Connection-Id", "x");
        unknown.await.refused(400, "unknown_connection");
        list(&saved.app.prod(), "model=Contact").await.refused(400, "unknown_connection");
    }

    async fn pruned_records_keep_their_id_and_place(database) {
        let saved = Saved::new(database).await;
        for id in ["a", "b", "c"] {
            saved.save(json!([{ "id": id, "v": 1 }])).await;
        }
        let before = saved.get("model=Contact").await.expect(200);
        let cursor = before["records"][1]["_nango_metadata"]["cursor"].clone();
        let pruned = saved.prune(json!({ "model": "Contact", "until_cursor": cursor, "limit": 1 })).await;
        assert_eq!(pruned.expect(200), json!({ "count": 1, "has_more": true }));
        let pruned = saved.prune(json!({ "model": "Contact", "variant": "base", "until_cursor": cursor })).await;
        assert_eq!(pruned.expect(200), json!({ "count": 1, "has_more": false }));
        let after = saved.get("model=Contact").await.expect(200);
        let [a, b, c] = after["records"].as_array().unwrap().as_slice() else { panic!("{after}") };
        assert_eq!((a.as_object().unwrap().len(), &a["id"]), (2, &json!("a")));
        assert!(b["_nango_metadata"]["pruned_at"].is_string());
        assert_eq!((&b["_nango_metadata"]["cursor"], c), (&cursor, &before["records"][2]));

        let unknown = saved.prune(json!({ "model": "Unknown", "until_cursor": cursor })).await;
        assert_eq!(unknown.expect(200), json!({ "count": 0, "has_more": false }));
        let wrong = saved.prune(json!({ "model": "Contact", "until_cursor": "nonsense" })).await;
        wrong.refused_at(400, "invalid_body", "until_cursor");
        let wrong = saved.prune(json!({ "model": "Contact", "until_cursor": cursor, "limit": 0 })).await;
        wrong.refused_at(400, "invalid_body", "limit");
        saved.prune(json!({ "model": "Contact" })).await.refused_at(400, "invalid_body", "until_cursor");
        saved.prune(json!({ "model": "Contact", "until_cursor": cursor, "x": 1 })).await.refused(400, "invalid_body");
    }
}
