//! What a write of metadata does to data: `apply=none|run|resync`.

use crate::{
    policies::{app, deploy, function, work},
    schema_versions::{config, deployment},
};
use bespoke_engine::worker::Worker;
use bespoke_store::Finish;
use bespoke_testkit::{
    app::{Client, TestApp},
    both,
    database::Database,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use uuid::Uuid;

/// Saves what the metadata says, one record after the other, and tells with each since when it looks.
const EXEC: &str = "const { ids, title, fail, wait } = await nango.getMetadata();
    const from = (await nango.getCheckpoint())?.at ?? 0;
    for (let at = from; at < ids.length; at += 1) {
        const since = nango.lastSyncDate ? 'last run' : 'the beginning';
        await nango.batchSave([{ id: ids[at], title: ids[at] === 'same' ? 'same' : `${title}, since ${since}` }], 'Thing');
        await nango.saveCheckpoint({ at: at + 1 });
        if (fail === ids[at]) throw new Error('on purpose');
        while (wait === ids[at] && from === 0) await new Promise((next) => setTimeout(next, 5));
    }
    await nango.clearCheckpoint();";

struct Synced {
    app: TestApp,
    dev: Client,
    worker: Arc<Worker>,
}

impl Synced {
    /// The connection `a`, whose sync has saved the records `same`, `one` and `two`.
    async fn new(database: Database, exec: &str) -> Self {
        let (app, worker) = app(database, &["a"]).await;
        let dev = app.dev();
        let synced = Self { app, dev, worker };
        synced.write("", json!({"ids": ["same", "one", "two"], "title": "old"})).await;
        let more = json!({"models": ["Thing"], "frequency": "every day", "auto_start": true});
        deploy(&synced.dev, vec![function("sync", "things", exec, more)]).await.expect(200);
        synced.run_due().await;
        assert_eq!(synced.live().await.len(), 3);
        synced
    }

    async fn write(&self, query: &str, document: Value) -> Value {
        let path = format!("/connections/a/metadata?provider_config_key=none{query}");
        self.dev.put(&path, document).await.expect(200)
    }

    /// Executes what is queued or due by now.
    async fn run_due(&self) {
        self.app.engine.enqueue_due_syncs().await.unwrap();
        work(&self.worker).await;
    }

    /// The records that are there: title by id.
    async fn live(&self) -> BTreeMap<String, String> {
        let call =
            self.dev.get("/records?model=Thing&filter=added,updated").header("Provider-Config-Key", "none");
        let page = call.header("Connection-Id", "a").await.expect(200);
        let text = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
        page["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| (text(record, "id"), text(record, "title")))
            .collect()
    }

    /// The ids of what is there.
    async fn ids(&self) -> Vec<String> {
        self.live().await.into_keys().collect()
    }

    async fn runs(&self, status: &str) -> Vec<Value> {
        self.dev.get(&format!("/runs?status={status}")).await.expect(200)["runs"].as_array().unwrap().clone()
    }
}

fn when(written: &Value) -> &Value {
    &written["applied"]["syncs"][0]["when"]
}

both! {
    async fn a_write_can_run_the_syncs_of_its_connection(database) {
        let synced = Synced::new(database, EXEC).await;
        let changed = json!({"ids": ["same", "one"], "title": "new"});
        let nothing = json!({"effect": "none", "syncs": []});
        for query in ["", "&apply=none"] {
            assert_eq!(synced.write(query, json!({"ids": ["same"], "title": query})).await["applied"], nothing);
        }
        // What would happen.
        let tried = synced.write("&apply=run&validate_only=true", changed.clone()).await;
        assert_eq!(tried["applied"], json!({"effect": "run", "syncs": [{"name": "things", "variant": "base", "when": "now", "run_id": null}]}));
        assert_eq!(synced.runs("queued").await.len(), 0);
        let written = synced.write("&apply=run", changed.clone()).await;
        let queued = synced.runs("queued").await;
        assert_eq!((queued.len(), when(&written)), (1, &json!("now")));
        assert_eq!(queued[0]["id"], written["applied"]["syncs"][0]["run_id"]);
        // One that waits is enough; and what is so already needs none.
        let again = synced.write("&apply=run", json!({"ids": ["same", "one"], "title": "newer"})).await;
        assert_eq!(queued[0]["id"], again["applied"]["syncs"][0]["run_id"]);
        synced.run_due().await;
        assert_eq!(synced.live().await["one"], "newer, since last run");
        assert_eq!(synced.ids().await, ["one", "same", "two"]);
        assert_eq!(synced.write("&apply=run", json!({"title": "newer", "ids": ["same", "one"]})).await["applied"], nothing);
        assert_eq!(synced.runs("queued").await.len(), 0);
        synced.dev.put("/connections/a/metadata?provider_config_key=none&apply=all", changed).await.refused(400, "invalid_query_params");
        assert_eq!(synced.dev.get("/connections/a/metadata?provider_config_key=none").await.expect(200).get("applied"), None);

        // A run that goes on has the configuration of before: another one follows it.
        synced.write("&apply=run", json!({"ids": ["x"], "title": "first"})).await;
        let claims = synced.app.store.claim_runs(Uuid::from_u128(1), 10, Duration::from_secs(60)).await.unwrap();
        let written = synced.write("&apply=run", json!({"ids": ["y"], "title": "second"})).await;
        assert_eq!(when(&written), "after_current_run");
        synced.run_due().await;
        assert!(!synced.ids().await.contains(&"y".to_owned()));
        let finish = Finish::succeeded(None, BTreeMap::default());
        assert!(synced.app.store.finish_run(&claims[0], finish).await.unwrap());
        synced.run_due().await;
        assert_eq!(synced.live().await["y"], "second, since last run");
        synced.run_due().await;
        assert_eq!(synced.runs("succeeded").await.len(), 4);
    }

    async fn a_resync_keeps_the_old_records_until_the_new_ones_are_there(database) {
        let synced = Synced::new(database, EXEC).await;
        let written = synced.write("&apply=resync", json!({"ids": ["same", "one", "new"], "title": "new"})).await;
        assert_eq!((&written["applied"]["effect"], when(&written)), (&json!("resync"), &json!("now")));
        assert_eq!(synced.ids().await, ["one", "same", "two"]);
        synced.run_due().await;
        let live = synced.live().await;
        assert_eq!(live["one"], "new, since the beginning");
        assert_eq!(synced.ids().await, ["new", "one", "same"]);
        let run = &synced.runs("succeeded").await[0];
        assert_eq!(run["counts"]["Thing"], json!({"added": 1, "updated": 1, "deleted": 1}));
        // The next one is as any other.
        synced.write("&apply=run", json!({"ids": ["more"], "title": "x"})).await;
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["more", "new", "one", "same"]);
        // And back.
        let path = "/connections/a/metadata/revisions/2/restore?provider_config_key=none&apply=resync";
        assert_eq!(when(&synced.dev.post(path, json!({})).await.expect(200)), "now");
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["one", "same", "two"]);
        assert_eq!(synced.live().await["two"], "old, since the beginning");
        // Many at once.
        let bulk = json!({"connection_ids": ["a"], "merge_patch": {"ids": ["same"]}, "apply": "resync"});
        let done = synced.dev.post("/integrations/none/metadata/bulk", bulk).await.expect(200);
        assert_eq!(when(&done["results"][0]), "now");
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["same"]);
    }

    async fn a_resync_that_fails_or_is_cancelled_deletes_nothing_and_is_owed(database) {
        let synced = Synced::new(database, EXEC).await;
        synced.write("&apply=resync", json!({"ids": ["same", "one", "new"], "title": "new", "fail": "same"})).await;
        synced.run_due().await;
        assert_eq!(synced.runs("failed").await.len(), 1);
        assert_eq!(synced.ids().await, ["one", "same", "two"]);
        // Cancelled by who has seen it, and taken up by the next run, whatever starts it: from where the failed one was.
        let queued = synced.write("&apply=run", json!({"ids": ["same", "one", "new"], "title": "new"})).await;
        let run = queued["applied"]["syncs"][0]["run_id"].as_str().unwrap();
        synced.dev.post(&format!("/runs/{run}/cancel"), json!({})).await.expect(200);
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["one", "same", "two"]);
        let trigger = json!({"provider_config_key": "none", "connection_id": "a", "syncs": ["things"]});
        synced.dev.post("/sync/trigger", trigger.clone()).await.expect(200);
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["new", "one", "same"]);
        // Also where somebody starts over by hand meanwhile.
        synced.write("&apply=resync", json!({"ids": ["same", "one"], "title": "x", "fail": "one"})).await;
        synced.run_due().await;
        synced.write("", json!({"ids": ["one"], "title": "y"})).await;
        let reset = json!({"provider_config_key": "none", "connection_id": "a", "syncs": ["things"], "opts": {"reset": true}});
        synced.dev.post("/sync/trigger", reset).await.expect(200);
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["one"]);
    }

    async fn a_connection_is_in_trouble_while_the_newest_run_of_a_sync_failed(database) {
        let synced = Synced::new(database, EXEC).await;
        let failing = async || {
            let page = synced.dev.get("/fleet/connections?status=sync_error").await.expect(200);
            page["data"].as_array().unwrap().clone()
        };
        assert!(failing().await.is_empty());
        synced.write("&apply=run", json!({"ids": ["same", "one"], "title": "new", "fail": "one"})).await;
        synced.run_due().await;
        let found = failing().await;
        assert_eq!((&found[0]["connection_id"], &found[0]["status"]), (&json!("a"), &json!("sync_error")));
        synced.write("&apply=resync", json!({"ids": ["same"], "title": "new"})).await;
        synced.run_due().await;
        assert!(failing().await.is_empty());
        let models = synced.dev.get("/records/models?provider_config_key=none&connection_id=a").await.expect(200);
        assert_eq!(models, json!({"data": [{"model": "Thing", "variant": "base", "count": 1, "deleted": 2}]}));
    }

    async fn a_resync_whose_node_dies_is_gone_on_with(database) {
        let synced = Synced::new(database, EXEC).await;
        synced.write("&apply=resync", json!({"ids": ["same", "one", "new"], "title": "new", "wait": "one"})).await;
        let dying = Worker::new(Arc::clone(&synced.app.engine));
        dying.run_due().await.unwrap();
        while synced.live().await["one"] != "new, since the beginning" {
            tokio::task::yield_now().await;
        }
        synced.app.store.expire_leases().await.unwrap();
        synced.app.store.rescue_runs("{}".to_owned()).await.unwrap();
        synced.run_due().await;
        dying.beat().await.unwrap();
        dying.idle().await;
        // What the first one saw counts: it was saved, or was so already.
        assert_eq!(synced.ids().await, ["new", "one", "same"]);
        assert_eq!(synced.runs("succeeded").await.len(), 2);
    }

    async fn a_function_that_tracks_what_is_gone_over_several_runs_ends_its_resync_itself(database) {
        let exec = "const { ids } = await nango.getMetadata();
            const at = (await nango.getCheckpoint())?.at ?? 0;
            if (at === 0) await nango.trackDeletesStart('Thing');
            for (const id of at === 0 ? ids.slice(0, 2) : ids.slice(2)) await nango.batchSave([{ id, title: 'x' }], 'Thing');
            if (at === 0 && ids.length > 2) return nango.saveCheckpoint({ at: 2 });
            await nango.trackDeletesEnd('Thing');
            await nango.clearCheckpoint();";
        let (app, worker) = app(database, &["a"]).await;
        let dev = app.dev();
        let synced = Synced { app, dev, worker };
        synced.write("", json!({"ids": ["a", "b", "c", "d"]})).await;
        let more = json!({"models": ["Thing"], "frequency": "every day", "auto_start": true});
        deploy(&synced.dev, vec![function("sync", "things", exec, more)]).await.expect(200);
        synced.run_due().await;
        let trigger = json!({"provider_config_key": "none", "connection_id": "a", "syncs": ["things"]});
        synced.dev.post("/sync/trigger", trigger.clone()).await.expect(200);
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["a", "b", "c", "d"]);
        synced.write("&apply=resync", json!({"ids": ["a", "b", "c"]})).await;
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["a", "b", "c", "d"]);
        synced.dev.post("/sync/trigger", trigger).await.expect(200);
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["a", "b", "c"]);
    }

    async fn a_sync_that_is_off_runs_when_it_is_asked_for(database) {
        let synced = Synced::new(database, EXEC).await;
        let paused = json!({"provider_config_key": "none", "connection_id": "a", "syncs": ["things"]});
        synced.dev.post("/sync/pause", paused).await.expect(200);
        let written = synced.write("&apply=run", json!({"ids": ["more"], "title": "new"})).await;
        assert_eq!(when(&written), "now");
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["more", "one", "same", "two"]);
        // That of a disabled function waits; of a re-sync it is known then.
        let disable = |enabled: bool| synced.dev.patch("/integrations/none/functions/things?type=sync", json!({"enabled": enabled}));
        disable(false).await.expect(200);
        assert_eq!(synced.write("&apply=run", json!({"ids": ["x"], "title": "new"})).await["applied"]["syncs"], json!([]));
        assert_eq!(when(&synced.write("&apply=resync", json!({"ids": ["one"], "title": "new"})).await), "once_started");
        disable(true).await.expect(200);
        let start = json!({"provider_config_key": "none", "connection_id": "a", "syncs": ["things"]});
        synced.dev.post("/sync/start", start).await.expect(200);
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["one"]);
    }

    async fn what_config_ts_says_of_a_path_counts_where_nobody_says_more(database) {
        let synced = Synced::new(database, EXEC).await;
        let rules = json!({"on_change": {"ids": "resync", "title": "run"}});
        let writes = function("action", "write", "await nango.updateMetadata(input); return null;", json!({}));
        let deployed = deployment(&[config(1, json!({"type": "object"}), "", rules), writes]);
        synced.dev.post("/deployments", deployed).await.expect(200);
        let tried = synced.write("&validate_only=true", json!({"ids": ["one"], "title": "old"})).await;
        assert_eq!((&tried["applied"]["effect"], when(&tried)), (&json!("resync"), &json!("now")));
        for (query, document, effect) in [
            ("", json!({"ids": ["same", "one", "two"], "title": "old", "other": 1}), "none"),
            ("&apply=none", json!({"ids": ["same", "one", "two"], "title": "x"}), "none"),
            ("", json!({"ids": ["same", "one", "two"], "title": "y"}), "run"),
        ] {
            assert_eq!(synced.write(query, document.clone()).await["applied"]["effect"], effect, "{document}");
        }
        synced.run_due().await;
        assert_eq!(synced.live().await["one"], "y, since last run");
        // On the compatible endpoints, too; but what functions write runs nothing.
        crate::policies::act(&synced.dev, "write", json!({"title": "z"}), &[]).await.expect(200);
        assert_eq!(synced.runs("queued").await.len(), 0);
        let body = json!({"provider_config_key": "none", "connection_id": "a", "metadata": {"ids": ["one"]}});
        synced.dev.patch("/connections/metadata", body.clone()).await.expect(200);
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["one"]);
        // Nobody asked for a sync that is off: it owes the re-sync.
        let paused = json!({"provider_config_key": "none", "connection_id": "a", "syncs": ["things"]});
        synced.dev.post("/sync/pause", paused.clone()).await.expect(200);
        let written = synced.write("", json!({"ids": ["two"], "title": "z"})).await;
        assert_eq!(when(&written), "once_started");
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["one"]);
        synced.dev.post("/sync/start", paused).await.expect(200);
        synced.run_due().await;
        assert_eq!(synced.ids().await, ["two"]);
    }
}
