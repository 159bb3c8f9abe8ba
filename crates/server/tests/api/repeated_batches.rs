//! A batch that comes again as it was is not read again; whatever happens to its records meanwhile is noticed.

use crate::policies::{app, deploy, function, work};
use bespoke_engine::worker::Worker;
use bespoke_testkit::{app::Client, both};
use serde_json::{Value, json};
use std::sync::Arc;

/// Saves the same two batches in each run, but for what the metadata says otherwise.
const EXEC: &str = "const { remove, change, rest } = await nango.getMetadata();
    if (remove) return void await nango.batchDelete([{ id: remove }], 'Thing');
    if (change) return void await nango.batchUpdate([{ id: change, v: 'other' }], 'Thing');
    await nango.batchSave([{ id: '1', v: 'a' }, { id: '2', v: 'b' }], 'Thing');
    if (!rest) await nango.batchSave([{ id: '3', v: 'c' }], 'Thing');
    if (rest) await nango.deleteRecordsFromPreviousExecutions('Thing');";

/// Runs the sync with this metadata; what it did: added, updated, deleted.
async fn run(dev: &Client, worker: &Arc<Worker>, metadata: Value, more: Value) -> [u64; 3] {
    dev.put("/connections/a/metadata?provider_config_key=none", metadata).await.expect(200);
    let mut body = json!({ "provider_config_key": "none", "connection_id": "a", "syncs": ["things"] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    dev.post("/sync/trigger", body).await.expect(200);
    work(worker).await;
    let runs = dev.get("/runs?function=things&limit=1").await.expect(200);
    assert_eq!(runs["runs"][0]["status"], "succeeded", "{runs}");
    let counts = &runs["runs"][0]["counts"]["Thing"];
    ["added", "updated", "deleted"].map(|name| counts[name].as_u64().unwrap_or_default())
}

async fn things(dev: &Client) -> Vec<(String, Value)> {
    let call = dev.get("/records?model=Thing&filter=added,updated").header("Provider-Config-Key", "none");
    let page = call.header("Connection-Id", "a").await.expect(200);
    let mut things: Vec<(String, Value)> = page["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| (record["id"].as_str().unwrap().to_owned(), record["v"].clone()))
        .collect();
    things.sort_by(|one, other| one.0.cmp(&other.0));
    things
}

both! {
    async fn whatever_happened_to_the_records_of_a_batch_it_leaves_them_as_they_came(database) {
        let (app, worker) = app(database, &["a"]).await;
        let dev = app.dev();
        let more = json!({ "models": ["Thing"], "frequency": "every day", "auto_start": false });
        deploy(&dev, vec![function("sync", "things", EXEC, more)]).await.expect(200);
        let all = [("1".to_owned(), json!("a")), ("2".to_owned(), json!("b")), ("3".to_owned(), json!("c"))];

        assert_eq!(run(&dev, &worker, json!({}), json!({})).await, [3, 0, 0]);
        for _ in 0..2 {
            assert_eq!(run(&dev, &worker, json!({}), json!({})).await, [0, 0, 0]);
        }
        assert_eq!(run(&dev, &worker, json!({ "change": "2" }), json!({})).await, [0, 1, 0]);
        assert_eq!(run(&dev, &worker, json!({}), json!({})).await, [0, 1, 0]);
        assert_eq!(run(&dev, &worker, json!({ "remove": "1" }), json!({})).await, [0, 0, 1]);
        assert_eq!(run(&dev, &worker, json!({}), json!({})).await, [1, 0, 0]);
        assert_eq!(things(&dev).await, all);

        // What a run saved counts as seen, although it was not read.
        assert_eq!(run(&dev, &worker, json!({ "rest": true }), json!({})).await, [0, 0, 1]);
        assert_eq!(run(&dev, &worker, json!({}), json!({})).await, [1, 0, 0]);

        // A payload that the backend has taken over comes again, also where two prunes end at the same time of change.
        let cursors = dev.get("/records?model=Thing&filter=added,updated").header("Provider-Config-Key", "none").header("Connection-Id", "a").await.expect(200);
        let last = cursors["records"][2]["_nango_metadata"]["cursor"].clone();
        for limit in [1, 2] {
            let prune = json!({ "model": "Thing", "until_cursor": last, "limit": limit });
            dev.patch("/records/prune", prune).header("Provider-Config-Key", "none").header("Connection-Id", "a").await.expect(200);
            run(&dev, &worker, json!({}), json!({})).await;
            assert_eq!(things(&dev).await, all);
        }

        // Thrown away and saved anew.
        let anew = json!({ "opts": { "reset": true, "emptyCache": true } });
        assert_eq!(run(&dev, &worker, json!({}), anew).await, [3, 0, 0]);
        assert_eq!(things(&dev).await, all);
    }
}
