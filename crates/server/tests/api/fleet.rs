//! All customers of an integration at once: what their configurations have in common, and changes of many.

use crate::fixtures::{connections, metadata};
use bespoke_testkit::{
    app::{Client, TestApp},
    both,
};
use serde_json::{Value, json};

const FLEET: &str = "/integrations/none/metadata/fleet";
const BULK: &str = "/integrations/none/metadata/bulk";

async fn set(client: &Client, id: &str, document: Value) {
    client.put(&format!("/connections/{id}/metadata?provider_config_key=none"), document).await.expect(200);
}

/// 20 connections, of which `c19` has another filter than the rest.
async fn fleet(client: &Client) {
    let ids: Vec<String> = (0..20).map(|number| format!("c{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    connections(client, &ids).await;
    for id in &ids {
        let filter = if *id == "c19" { json!("all") } else { json!("active") };
        set(client, id, json!({"filter": filter, "map": {"name": id}})).await;
    }
}

both! {
    async fn a_schema_is_drafted_from_what_is_there(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        fleet(&dev).await;
        let draft = dev.get("/integrations/none/metadata/schema/draft").await.expect(200);
        assert_eq!(draft["documents"], 20);
        assert_eq!(draft["schema"]["properties"]["filter"], json!({ "type": "string", "enum": ["active", "all"] }));
        assert_eq!(draft["schema"]["required"], json!(["filter", "map"]));
        dev.get("/integrations/gone/metadata/schema/draft").await.refused(404, "not_found");
    }

    async fn the_fleet_tells_what_is_usual_and_who_deviates(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        fleet(&dev).await;
        let report = dev.get(FLEET).await.expect(200);
        assert_eq!((&report["connections"], &report["with_metadata"], &report["paths_cut"]), (&json!(20), &json!(20), &json!(false)));
        let filter = &report["paths"][0];
        assert_eq!(filter["path"], "/filter");
        assert_eq!(filter["values"], json!([{"value": "active", "count": 19}, {"value": "all", "count": 1}]));
        assert_eq!(filter["deviants"], json!([{"connection_id": "c19", "value": "all"}]));
        assert_eq!((&report["paths"][1]["path"], &report["paths"][1]["distinct"]), (&json!("/map/name"), &json!(20)));

        let one = dev.get(&format!("{FLEET}?path=/map&where[path]=/filter&where[is]=all")).await.expect(200);
        assert_eq!((&one["connections"], one["paths"].as_array().unwrap().len()), (&json!(1), 1));
        assert_eq!(dev.get(&format!("{FLEET}?where[path]=/filter&where[set]=false")).await.expect(200)["connections"], 0);
        dev.patch("/connections/c3?provider_config_key=none", json!({"tags": {"plan": "pro"}})).await.expect(200);
        assert_eq!(dev.get(&format!("{FLEET}?tags[plan]=pro")).await.expect(200)["connections"], 1);
        dev.get(&format!("{FLEET}?where[path]=filter&where[is]=1")).await.refused(400, "invalid_query_params");
        dev.get(&format!("{FLEET}?where[path]=/filter")).await.refused(400, "invalid_query_params");
        dev.get("/integrations/other/metadata/fleet").await.refused(400, "unknown_provider_config");
    }

    async fn many_are_changed_with_a_dry_run_first(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        fleet(&dev).await;
        let body = |dry_run: bool| json!({"where": {"path": "/filter", "is": "all"}, "merge_patch": {"filter": "active"},
            "reason": "ticket 42", "dry_run": dry_run});
        let tried = dev.post(BULK, body(true)).await.expect(200);
        let diff = json!([{"op": "replace", "path": "/filter", "value": "active"}]);
        assert_eq!(tried, json!({"matched": 1, "changed": 1, "unchanged": 0, "failed": 0, "stopped": false,
            "results": [{"connection_id": "c19", "outcome": "changed", "revision": 3, "diff": diff}]}));
        assert_eq!(metadata(&dev, "c19").await["filter"], "all");
        assert_eq!(dev.post(BULK, body(false)).await.expect(200), tried);
        assert_eq!(metadata(&dev, "c19").await["filter"], "active");
        let revisions = dev.get("/connections/c19/metadata/revisions?provider_config_key=none&limit=1").await.expect(200);
        let newest = &revisions["revisions"][0];
        assert_eq!((&newest["source"], &newest["reason"]), (&json!("bulk"), &json!("ticket 42")));
        let again = json!({"connection_ids": ["c1", "c19", "nobody"], "merge_patch": {"filter": "active"}});
        let again = dev.post(BULK, again).await.expect(200);
        assert_eq!((&again["matched"], &again["unchanged"]), (&json!(2), &json!(2)));
    }

    async fn a_bulk_change_stops_after_the_batch_in_which_one_fails(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        fleet(&dev).await;
        let ids: Vec<String> = (0..20).map(|number| format!("c{number}")).collect();
        set(&dev, "c4", json!({"other": true})).await;
        let patch = json!([{"op": "test", "path": "/filter", "value": "active"}, {"op": "add", "path": "/new", "value": 1}]);
        let body = json!({"connection_ids": ids, "json_patch": patch, "batch_size": 3});
        let report = dev.post(BULK, body).await.expect(200);
        let told = ["matched", "changed", "failed", "stopped"].map(|name| report[name].clone());
        assert_eq!(told, [json!(20), json!(5), json!(1), json!(true)]);
        let failed = &report["results"][4];
        assert_eq!((&failed["connection_id"], &failed["error"]["code"]), (&json!("c4"), &json!("patch_failed")));
        assert_eq!(metadata(&dev, "c5").await["new"], 1);
        assert!(metadata(&dev, "c6").await.get("new").is_none());

        dev.post(BULK, json!({"merge_patch": {}})).await.refused(400, "invalid_body");
        dev.post(BULK, json!({"connection_ids": ["a"]})).await.refused(400, "invalid_body");
        dev.post(BULK, json!({"connection_ids": ["a"], "merge_patch": [1]})).await.refused_at(400, "invalid_body", "merge_patch");
        dev.post(BULK, json!({"connection_ids": ["a"], "json_patch": {}})).await.refused_at(400, "invalid_body", "json_patch");
    }
}
