//! What functions read of their configuration: noted with each run, and compared with what all customers set.

use crate::policies::{act, app, deploy, function, work};
use bespoke_engine::worker::Worker;
use bespoke_testkit::{app::Client, both};
use serde_json::{Value, json};
use std::sync::Arc;

const FLEET: &str = "/integrations/none/metadata/fleet";

async fn set(client: &Client, id: &str, document: Value) -> Value {
    client.put(&format!("/connections/{id}/metadata?provider_config_key=none"), document).await.expect(200)
}

/// Runs the sync `things` of the connection `a`.
async fn run_sync(client: &Client, worker: &Arc<Worker>) {
    let body = json!({"provider_config_key": "none", "connection_id": "a", "syncs": ["things"]});
    client.post("/sync/trigger", body).await.expect(200);
    work(worker).await;
}

/// The configuration of the newest run of a function.
async fn configuration(client: &Client, function: &str) -> Value {
    let runs = client.get(&format!("/runs?function={function}&limit=1")).await.expect(200);
    let id = runs["runs"][0]["id"].as_str().unwrap().to_owned();
    client.get(&format!("/runs/{id}")).await.expect(200)["configuration"].take()
}

both! {
    async fn a_run_tells_its_revision_and_the_paths_that_it_read(database) {
        let (app, worker) = app(database, &["a"]).await;
        let dev = app.dev();
        dev.put("/integrations/none/metadata/defaults", json!({"limit": 50})).await.expect(200);
        set(&dev, "a", json!({"filter": "all", "fieldMapping": {"internal_id": "cf_1", "more": 1}, "list": [{"x": 1}]})).await;
        deploy(&dev, vec![
            function("action", "read", "const metadata = await nango.getMetadata();
                console.log(metadata.list);
                return [metadata.fieldMapping.internal_id, metadata.limit, metadata.none?.at.all, metadata.list[0].x, structuredClone(metadata.fieldMapping)];", json!({})),
            function("action", "nothing", "await nango.getMetadata(); return input;", json!({})),
            function("action", "fail", "const { filter } = await nango.getMetadata(); throw new Error(filter);", json!({})),
            function("action", "spin", "const { filter } = await nango.getMetadata(); for (;;);", json!({"limits": {"timeout": "1s"}})),
            function("action", "probe", "const metadata = await nango.getMetadata(); for (let n = 0; n < 2000; n += 1) metadata[`k${n}`]; return metadata.limit;", json!({})),
            function("sync", "things", "const { filter } = await nango.getMetadata(); await nango.batchSave([{ id: filter }], 'Thing');", json!({"models": ["Thing"], "frequency": "every day"})),
        ]).await.expect(200);
        let answer = act(&dev, "read", json!(1), &[]).await.expect(200);
        assert_eq!(answer, json!(["cf_1", 50, null, 1, {"internal_id": "cf_1", "more": 1}]));
        assert_eq!(configuration(&dev, "read").await,
            json!({"revision": 2, "paths_read": ["/fieldMapping/internal_id", "/fieldMapping/more", "/limit", "/list", "/none"], "paths_cut": false}));
        act(&dev, "nothing", json!(1), &[]).await.expect(200);
        assert_eq!(configuration(&dev, "nothing").await, json!({"revision": 2, "paths_read": [], "paths_cut": false}));
        for failing in ["fail", "spin"] {
            act(&dev, failing, json!(1), &[]).await.refused(500, if failing == "fail" { "script_internal_error" } else { "execution_timeout" });
            assert_eq!(configuration(&dev, failing).await["paths_read"], json!(["/filter"]), "{failing}");
        }
        assert_eq!(act(&dev, "probe", json!(1), &[]).await.expect(200), 50);
        let probed = configuration(&dev, "probe").await;
        assert_eq!((probed["paths_read"].as_array().unwrap().len(), &probed["paths_cut"]), (500, &json!(true)));

        run_sync(&dev, &worker).await;
        assert_eq!(configuration(&dev, "things").await, json!({"revision": 2, "paths_read": ["/filter"], "paths_cut": false}));
    }

    async fn a_record_tells_the_revision_that_it_comes_from(database) {
        let (app, worker) = app(database, &["a"]).await;
        let dev = app.dev();
        let exec = "const { ids, title } = await nango.getMetadata();
            await nango.batchSave(ids.map((id) => ({ id, title: id === 'same' ? 'same' : title })), 'Thing');
            await nango.deleteRecordsFromPreviousExecutions('Thing');";
        set(&dev, "a", json!({"ids": ["same", "one", "two"], "title": "first"})).await;
        deploy(&dev, vec![function("sync", "things", exec, json!({"models": ["Thing"], "frequency": "every day"}))]).await.expect(200);
        run_sync(&dev, &worker).await;
        set(&dev, "a", json!({"ids": ["same", "one", "new"], "title": "second"})).await;
        run_sync(&dev, &worker).await;
        let list = |more: &str| dev.get(&format!("/records?model=Thing{more}")).header("Provider-Config-Key", "none").header("Connection-Id", "a");
        let told = list("&include_revision=true").await.expect(200);
        let told: Value = told["records"].as_array().unwrap().iter()
            .map(|record| (record["id"].as_str().unwrap().to_owned(), record["_nango_metadata"]["metadata_revision"].clone())).collect();
        assert_eq!(told, json!({"same": 2, "one": 3, "new": 3, "two": 3}));
        // Nothing more unless it is asked for.
        let plain = list("").await.expect(200);
        let keys: Vec<_> = plain["records"][0]["_nango_metadata"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["first_seen_at", "last_modified_at", "last_action", "deleted_at", "pruned_at", "cursor"]);
        list("&include_revision=maybe").await.refused(400, "invalid_query_params");
    }

    async fn the_fleet_tells_what_nobody_reads_and_what_nobody_sets(database) {
        let (app, _) = app(database, &["a", "b"]).await;
        let dev = app.dev();
        assert_eq!(dev.get(FLEET).await.expect(200)["reads"], json!({"runs": 0, "unread": [], "missing": [], "cut": false}));
        dev.put("/integrations/none/metadata/defaults", json!({"limit": 50, "region": "eu"})).await.expect(200);
        set(&dev, "a", json!({"fieldMaping": {"id": "cf_1"}, "filter": "all"})).await;
        set(&dev, "b", json!({"fieldMapping": {"id": "cf_2"}, "filter": "all", "limit": 7})).await;
        deploy(&dev, vec![
            function("action", "read", "const { fieldMapping, limit, nothing } = await nango.getMetadata(); return [fieldMapping?.id, limit];", json!({})),
            function("action", "other", "return (await nango.getMetadata()).filter", json!({})),
        ]).await.expect(200);
        for id in ["a", "b"] {
            act(&dev, "read", json!(1), &[("Connection-Id", id)]).await.expect(200);
        }
        let report = dev.get(FLEET).await.expect(200);
        assert_eq!(report["reads"], json!({"runs": 2, "unread": ["/filter", "/fieldMaping/id"], "missing": ["/nothing"], "cut": false}));
        act(&dev, "other", json!(1), &[]).await.expect(200);
        assert_eq!(dev.get(FLEET).await.expect(200)["reads"]["unread"], json!(["/fieldMaping/id"]));
        // Of the newest run only; and only below a path.
        assert_eq!(dev.get(&format!("{FLEET}?runs=1")).await.expect(200)["reads"]["runs"], 1);
        assert_eq!(dev.get(&format!("{FLEET}?path=/fieldMaping")).await.expect(200)["reads"]["unread"], json!(["/fieldMaping/id"]));
        assert_eq!(dev.get(&format!("{FLEET}?path=/filter")).await.expect(200)["reads"], json!({"runs": 3, "unread": [], "missing": [], "cut": false}));
        for wrong in ["runs=0", "runs=10001", "runs=many"] {
            dev.get(&format!("{FLEET}?{wrong}")).await.refused(400, "invalid_query_params");
        }
    }
}
