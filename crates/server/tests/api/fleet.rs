//! All customers of an integration at once: what their configurations have in common, and changes of many.

use crate::fixtures::{connection, connections, metadata};
use bespoke_testkit::{
    app::{Client, Options, TestApp},
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

    async fn the_fleet_is_up_to_date_at_every_question_on_every_node(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        fleet(&dev).await;
        let mut other = None;
        if app.is_postgres() {
            other = Some(app.another_node(Options::default()).await);
        }
        let ask = other.as_ref().map_or_else(|| app.dev(), TestApp::dev);
        let count = async |question: &str| ask.get(&format!("{FLEET}?{question}")).await.expect(200)["connections"].clone();
        assert_eq!(count("where[path]=/filter&where[is]=active").await, 19);
        set(&dev, "c1", json!({"filter": "none", "list": [{"x": "y".repeat(300)}, 5]})).await;
        dev.delete("/connections/c2?provider_config_key=none").await.expect(200);
        connection(&dev, "new").await;
        let all = ask.get(FLEET).await.expect(200);
        assert_eq!((&all["connections"], &all["with_metadata"]), (&json!(20), &json!(20)));
        assert_eq!(all["paths"][0]["values"][0], json!({"value": "active", "count": 17}));
        assert_eq!(count("where[path]=/filter&where[is]=active").await, 17);
        assert_eq!(count("where[path]=/filter&where[set]=false").await, 1);
        // What the index does not hold, the documents do.
        assert_eq!(count("where[path]=/list/1&where[is]=5").await, 1);
        assert_eq!(count("where[path]=/map&where[is]={\"name\":\"c3\"}").await, 1);
        dev.patch("/connections/c3?provider_config_key=none", json!({"tags": {"plan": "pro", "eu": "1"}})).await.expect(200);
        dev.patch("/connections/c1?provider_config_key=none", json!({"tags": {"plan": "pro"}})).await.expect(200);
        assert_eq!(count("tags[plan]=pro").await, 2);
        assert_eq!(count("tags[plan]=pro&tags[eu]=1").await, 1);
        assert_eq!(count("tags[plan]=pro&where[path]=/filter&where[is_not]=active").await, 1);
    }

    async fn who_does_not_fit_the_schema_is_found_and_counted_where_it_does_not(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        fleet(&dev).await;
        let put = async |body: Value| dev.put("/integrations/none/metadata/schema", body).await.expect(200);
        let ask = async |question: &str| dev.get(&format!("{FLEET}?{question}")).await.expect(200);
        assert_eq!(ask("").await["invalid"], 0);
        let schema = json!({"type": "object", "required": ["limit"],
            "properties": {"filter": {"enum": ["active"]}, "limit": {"type": "integer"}}});
        put(json!({"schema": schema, "version": 1})).await;
        let report = ask("").await;
        let invalid = |report: &Value, path: &str| {
            let paths = report["paths"].as_array().unwrap().clone();
            paths.iter().find(|found| found["path"] == path).map(|found| (found["set"].clone(), found["invalid"].clone()))
        };
        assert_eq!(report["invalid"], 20);
        assert_eq!(invalid(&report, "/limit"), Some((json!(0), json!(20))));
        assert_eq!(invalid(&report, "/filter"), Some((json!(20), json!(1))));
        // A default is as good as a value of one's own.
        dev.put("/integrations/none/metadata/defaults", json!({"limit": 5})).await.expect(200);
        let report = ask("invalid=true").await;
        assert_eq!((&report["connections"], &report["connection_ids"]), (&json!(1), &json!(["c19"])));
        set(&dev, "c19", json!({"filter": "active"})).await;
        set(&dev, "c7", json!({"limit": "many"})).await;
        let report = ask("invalid=true&where[path]=/limit&where[set]=true").await;
        assert_eq!((&report["invalid"], &report["connection_ids"]), (&json!(1), &json!(["c7"])));
        put(json!({"mode": "off"})).await;
        let report = ask("invalid=true").await;
        assert_eq!((&report["connections"], invalid(&report, "/limit")), (&json!(0), None));
        dev.get(&format!("{FLEET}?invalid=perhaps")).await.refused(400, "invalid_query_params");
    }

    async fn connections_are_listed_with_how_they_go(database) {
        let app = TestApp::start(database).await;
        let dev = app.dev();
        fleet(&dev).await;
        let ask = async |question: &str| dev.get(&format!("/fleet/connections?{question}")).await.expect(200);
        let ids = |page: &Value| -> Vec<String> {
            let of = |one: &Value| one["connection_id"].as_str().unwrap().to_owned();
            page["data"].as_array().unwrap().iter().map(of).collect()
        };
        let first = ask("limit=8").await;
        assert_eq!((&first["matched"], &first["matched_is_exact"], &first["total"]), (&json!(20), &json!(true), &json!(20)));
        assert_eq!((&first["data"][0]["connection_id"], &first["data"][0]["own_values"]), (&json!("c19"), &json!(2)));
        let mut all = ids(&first);
        let mut next = first["next_cursor"].clone();
        while let Some(cursor) = next.as_str() {
            let page = ask(&format!("limit=8&cursor={cursor}")).await;
            all.extend(ids(&page));
            next = page["next_cursor"].clone();
        }
        assert_eq!(all, (0..20).rev().map(|number| format!("c{number}")).collect::<Vec<_>>());
        let found = ask("search=C1&integration=none&limit=3").await;
        assert_eq!((&found["matched"], ids(&found)), (&json!(11), vec!["c19".to_owned(), "c18".to_owned(), "c17".to_owned()]));
        let cursor = found["next_cursor"].as_str().unwrap().to_owned();
        let later = ask(&format!("search=C1&integration=none&limit=3&cursor={cursor}")).await;
        assert_eq!((&later["matched"], ids(&later).join(" ")), (&json!(11), "c16 c15 c14".to_owned()));
        assert_eq!(ids(&ask("where[path]=/filter&where[is]=all").await), ["c19"]);
        assert_eq!(ids(&ask("where[path]=/filter&where[is]=all&search=c3").await), [""; 0]);

        dev.patch("/connections/c3?provider_config_key=none", json!({"tags": {"plan": "pro"}})).await.expect(200);
        assert_eq!(ids(&ask("tags[plan]=pro").await), ["c3"]);
        assert_eq!(ids(&ask("tags[plan]=pro&where[path]=/map/name&where[is]=c4").await), [""; 0]);
        let schema = json!({"type": "object", "properties": {"filter": {"enum": ["active"]}}});
        dev.put("/integrations/none/metadata/schema", json!({"schema": schema, "version": 1})).await.expect(200);
        let invalid = ask("status=invalid").await;
        assert_eq!(ids(&invalid), ["c19"]);
        assert_eq!((&invalid["data"][0]["status"], &invalid["data"][0]["problems"]), (&json!("invalid"), &json!(1)));
        assert_eq!(ask("status=ok").await["matched"], 19);
        assert_eq!(ask("status=auth_error").await["matched"], 0);
        set(&dev, "c2", json!({"filter": "none"})).await;
        let worst = ask("sort=status&limit=3").await;
        assert_eq!(ids(&worst), ["c19", "c2", "c18"]);
        let cursor = worst["next_cursor"].as_str().unwrap().to_owned();
        assert_eq!(ids(&ask(&format!("sort=status&limit=2&cursor={cursor}")).await), ["c17", "c16"]);
        let sought = ask("sort=status&search=c1&limit=2").await;
        assert_eq!((&sought["matched"], ids(&sought).join(" ")), (&json!(11), "c19 c18".to_owned()));
        let cursor = sought["next_cursor"].as_str().unwrap().to_owned();
        assert_eq!(ids(&ask(&format!("sort=status&search=c1&limit=2&cursor={cursor}")).await), ["c17", "c16"]);
        for wrong in ["status=x", "sort=x", "cursor=x", "limit=0", "where[path]=x&where[is]=1"] {
            dev.get(&format!("/fleet/connections?{wrong}")).await.refused(400, "invalid_query_params");
        }
        dev.get("/fleet/connections?integration=gone").await.refused(400, "unknown_provider_config");
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
