//! What nearly all customers share becomes the default of their integration, and nothing changes for any of them.

use crate::fixtures::{connections, metadata};
use bespoke_testkit::{
    app::{Client, TestApp},
    both,
};
use serde_json::{Value, json};

const PROMOTE: &str = "/integrations/none/metadata/promote";
const DEFAULTS: &str = "/integrations/none/metadata/defaults";

async fn set(client: &Client, id: &str, document: Value) {
    client.put(&format!("/connections/{id}/metadata?provider_config_key=none"), document).await.expect(200);
}

async fn effective(client: &Client, id: &str) -> Value {
    client.get(&format!("/connections/{id}/metadata?provider_config_key=none")).await.expect(200)["effective"]
        .clone()
}

async fn newest(client: &Client, id: &str) -> Value {
    let path = format!("/connections/{id}/metadata/revisions?provider_config_key=none&limit=1");
    client.get(&path).await.expect(200)["revisions"][0].clone()
}

both! {
    async fn a_shared_value_becomes_the_default_and_is_removed_where_it_is_equal(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["a", "b", "c"]).await;
        set(&dev, "a", json!({"first": 1, "filter": {"status": "active"}, "last": 2})).await;
        set(&dev, "b", json!({"filter": {"status": "active", "limit": 5}})).await;
        set(&dev, "c", json!({"filter": {"status": ["open"]}})).await;
        let before = [effective(&dev, "a").await, effective(&dev, "b").await, effective(&dev, "c").await];
        let body = |dry_run: bool| json!({"path": "/filter/status", "value": "active", "dry_run": dry_run, "reason": "ticket 9"});
        let report = json!({"defaults": {"filter": {"status": "active"}}, "removed": 2, "pinned": 0, "kept": 1,
            "examples": {"removed": ["a", "b"], "pinned": [], "kept": ["c"]}});
        assert_eq!(dev.post(PROMOTE, body(true)).await.expect(200), report);
        assert_eq!(dev.get(DEFAULTS).await.expect(200), json!({"defaults": {}}));
        assert_eq!(dev.post(PROMOTE, body(false)).await.expect(200), report);
        assert_eq!(dev.get(DEFAULTS).await.expect(200)["defaults"], report["defaults"]);
        assert_eq!(metadata(&dev, "a").await, json!({"first": 1, "last": 2}));
        assert_eq!(metadata(&dev, "b").await, json!({"filter": {"limit": 5}}));
        assert_eq!([effective(&dev, "a").await, effective(&dev, "b").await, effective(&dev, "c").await], before);
        let revision = newest(&dev, "a").await;
        let told = ["revision", "source", "reason"].map(|name| revision[name].clone());
        assert_eq!(told, [json!(3), json!("promote"), json!("ticket 9")]);
        assert_eq!(newest(&dev, "c").await["revision"], 2);
        let again = dev.post(PROMOTE, body(false)).await.expect(200);
        assert_eq!((&again["removed"], &again["kept"]), (&json!(0), &json!(3)));
    }

    async fn who_relied_on_an_older_default_keeps_it_and_who_had_nothing_stops_the_promotion(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        connections(&dev, &["has", "relies", "empty"]).await;
        set(&dev, "has", json!({"limit": 50})).await;
        set(&dev, "relies", json!({"other": true})).await;
        let body = json!({"path": "/limit", "value": 50});
        let refused = dev.post(PROMOTE, body.clone()).await;
        refused.refused(409, "promotion_refused");
        assert_eq!(refused.json()["error"]["payload"], json!({"count": 2, "connection_ids": ["relies", "empty"]}));
        assert_eq!(metadata(&dev, "has").await, json!({"limit": 50}));
        dev.put(DEFAULTS, json!({"limit": 10})).await.expect(200);
        let report = dev.post(PROMOTE, body).await.expect(200);
        assert_eq!((&report["removed"], &report["pinned"], &report["kept"]), (&json!(1), &json!(2), &json!(0)));
        assert_eq!(metadata(&dev, "relies").await, json!({"other": true, "limit": 10}));
        assert_eq!(metadata(&dev, "empty").await, json!({"limit": 10}));
        assert_eq!(metadata(&dev, "has").await, json!({}));
        assert_eq!(effective(&dev, "has").await, json!({"limit": 50}));

        dev.post(PROMOTE, json!({"path": "limit", "value": 1})).await.refused_at(400, "invalid_body", "path");
        dev.post(PROMOTE, json!({"path": "/limit", "value": {}})).await.refused_at(400, "invalid_body", "value");
        dev.post(PROMOTE, json!({"path": "/limit"})).await.refused(400, "invalid_body");
    }

    async fn whatever_is_promoted_no_effective_configuration_changes(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        let ids = ["c0", "c1", "c2", "c3", "c4", "c5"];
        connections(&dev, &ids).await;
        let mut dice = Dice(20_261_122);
        let (mut done, mut refused) = (0, 0);
        for _ in 0..30 {
            for id in ids {
                set(&dev, id, dice.object(2)).await;
            }
            dev.put(DEFAULTS, dice.object(2)).await.expect(200);
            let mut before = Vec::new();
            for id in ids {
                before.push((effective(&dev, id).await, metadata(&dev, id).await));
            }
            let path = ["/a", "/b", "/a/a", "/b/a", "/a/b/a"][dice.roll(5)];
            let value = dice.leaf();
            let value = if value.is_object() { json!(null) } else { value };
            let answer = dev.post(PROMOTE, json!({"path": path, "value": value})).await;
            let is_done = answer.status == 200;
            *(if is_done { &mut done } else { &mut refused }) += 1;
            if !is_done {
                answer.refused(409, "promotion_refused");
            }
            for (id, (effective_before, own_before)) in ids.into_iter().zip(before) {
                assert_eq!(effective(&dev, id).await, effective_before, "{path} {value}");
                if !is_done {
                    assert_eq!(metadata(&dev, id).await, own_before);
                }
            }
        }
        assert!(done > 3 && refused > 3, "{done} done, {refused} refused");
        let verified = dev.get("/metadata/revisions/verify").await.expect(200);
        assert_eq!(verified["broken"], json!([]));
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn leaf(&mut self) -> Value {
        [json!(1), json!(2), json!(null), json!([1]), json!({})][self.roll(5)].clone()
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut object = json!({});
        for key in ["a", "b"] {
            match self.roll(4) {
                0 => {}
                1 | 2 if depth > 0 => object[key] = self.object(depth - 1),
                _ => object[key] = self.leaf(),
            }
        }
        object
    }
}
