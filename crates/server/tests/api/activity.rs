//! `GET /activity`: what the overview shows.

use crate::{
    backend::Backend,
    fixtures::integration,
    policies::{self, deploy, function, work},
};
use bespoke_testkit::{
    app::{Options, TestApp},
    both,
    clock::ManualClock,
};
use serde_json::{Value, json};
use std::time::Duration;

async fn activity(app: &TestApp, query: &str) -> Value {
    app.dev().get(&format!("/activity{query}")).await.expect(200)["data"].take()
}

both! {
    async fn requests_through_the_proxy_are_counted_by_hour_and_integration(database) {
        let clock = ManualClock::default();
        let app = TestApp::with(database, Options { clock: Some(clock.clone()), ..Options::default() }).await;
        let backend = Backend::start().await;
        for key in ["one", "two"] {
            integration(&app.dev(), key, "test-none").await;
        }
        let body = json!({ "provider_config_key": "one", "connection_id": "acme", "credentials": {"type": "NONE"} });
        app.dev().post("/connections", body).await.expect(201);
        let call = async || {
            let call = app.dev().get("/proxy/x").header("base-url-override", &backend.url);
            let call = call.header("provider-config-key", "one").header("connection-id", "acme");
            assert_eq!(call.await.status, 200);
        };
        call().await;
        clock.advance(Duration::from_hours(2));
        call().await;
        call().await;

        let day = activity(&app, "").await;
        assert_eq!(day["figures"], json!({ "runs": 0, "failures": 0, "records_changed": 0, "proxy_calls": 3 }));
        let series = day["series"].as_array().unwrap();
        assert_eq!(series.len(), 24);
        assert_eq!((&series[23]["at"], &series[23]["proxy_calls"]), (&json!("2026-01-01T02:00:00.000Z"), &json!(2)));
        assert_eq!((&series[22]["proxy_calls"], &series[21]["proxy_calls"]), (&json!(0), &json!(1)));
        assert_eq!(day["integrations"][0]["provider_config_key"], "one");
        assert_eq!(activity(&app, "?provider_config_key=two").await["figures"]["proxy_calls"], 0);
        assert_eq!(activity(&app, "?period=7d").await["series"].as_array().unwrap().len(), 168);

        clock.advance(Duration::from_hours(24));
        assert_eq!(activity(&app, "").await["figures"]["proxy_calls"], 0);
        let month = activity(&app, "?period=30d").await;
        let days = month["series"].as_array().unwrap();
        assert_eq!((days.len(), &days[28]["proxy_calls"], &days[29]["proxy_calls"]), (30, &json!(3), &json!(0)));
        app.dev().get("/activity?period=1y").await.refused_at(400, "invalid_query_params", "period");
        assert_eq!(app.prod().get("/activity?period=30d").await.expect(200)["data"]["figures"]["proxy_calls"], 0);
    }
    async fn runs_are_counted_with_their_failures_their_records_and_how_long_they_took(database) {
        let (app, worker) = policies::app(database, &["a"]).await;
        let dev = app.dev();
        let sync = "await nango.batchSave([{ id: '1' }, { id: '2' }], 'Thing');";
        let more = json!({ "models": ["Thing"], "frequency": "every day", "auto_start": true });
        let functions =
            vec![function("sync", "things", sync, more), function("action", "fail", "throw new Error('no');", json!({}))];
        deploy(&dev, functions).await.expect(200);
        app.engine.enqueue_due_syncs().await.unwrap();
        work(&worker).await;
        let call = dev.post("/action/trigger", json!({ "action_name": "fail" }));
        call.header("provider-config-key", "none").header("connection-id", "a").await;

        let day = activity(&app, "").await;
        assert_eq!(day["figures"], json!({ "runs": 2, "failures": 1, "records_changed": 2, "proxy_calls": 0 }));
        let mut slowest: Vec<_> = day["slowest"].as_array().unwrap().iter().map(|function| {
            assert!(function["mean_ms"].is_number() && function["longest_ms"].is_number(), "{function}");
            (function["function"].as_str().unwrap(), function["runs"].clone(), function["failures"].clone())
        }).collect();
        slowest.sort_by_key(|(name, ..)| *name);
        assert_eq!(slowest, [("fail", json!(1), json!(1)), ("things", json!(1), json!(0))]);
    }
}
