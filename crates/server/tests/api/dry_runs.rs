//! `POST /dry-runs`: functions really run, the provider is really asked, and nothing is written.

use axum::{Router, body::Bytes, http::Method, http::Uri};
use bespoke_testkit::{
    app::{Answer, Client, Options, TestApp},
    both,
    database::Database,
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::task::JoinHandle;

/// Saves what the CRM lists under the key that the metadata names; tries to write to the CRM where the metadata says so.
const CONTACTS: &str = "
export default {
    type: 'sync',
    exec: async (nango) => {
        const { field, create } = await nango.getMetadata();
        const { data } = await nango.get({ endpoint: '/contacts', params: { key: 'secret' } });
        await nango.batchSave(data.map((row) => ({ id: row.id, value: row[field] })), 'Contact');
        await nango.log('saved', { count: data.length });
        await nango.batchUpdate([{ id: '1', extra: true }], 'Contact');
        await nango.batchDelete([{ id: '2' }], 'Contact');
        await nango.updateMetadata({ seen: data.length });
        if (create) await nango.post({ endpoint: '/contacts', data: { name: 'new' } });
        await nango.setMetadata({ ...(await nango.getMetadata()), last: true });
    },
    onWebhook: async (nango, payload) => {
        await nango.batchSave([{ id: payload.id, value: 'from a webhook' }], 'Contact');
    },
};";

const SEARCH: &str = "
export default {
    type: 'action',
    exec: async (nango, input) => {
        const found = await nango.post({ endpoint: `/contacts/${input.kind}/search`, data: { all: true } });
        let other;
        try {
            other = await nango.triggerAction('crm', 'acme', 'search', {});
        } catch (error) {
            other = error.code;
        }
        const connection = await nango.getConnection();
        await nango.setMetadata({ only: 'here' });
        return [found.data, other, connection.metadata, (await nango.getConnection()).metadata, await nango.getMetadata()];
    },
};";

/// Saves one contact of two and deletes what it did not save; goes on from a checkpoint.
const TRACKS: &str = "
export default {
    type: 'sync',
    exec: async (nango) => {
        const page = (await nango.getCheckpoint())?.page ?? 0;
        if (await nango.tryAcquireLock({ key: 'one', ttlMs: 1000 })) await nango.log('locked');
        await nango.trackDeletesStart('Contact');
        await nango.batchSave([{ id: 'kept', page }], 'Contact');
        const { deletedKeys } = await nango.trackDeletesEnd('Contact');
        const found = await nango.getRecordsByIds(['kept', 'gone'], 'Contact');
        let listed = 0;
        for await (const record of nango.listRecords('Contact')) listed += record.id === 'kept' ? 1 : 10;
        await nango.log('done', { deletedKeys, kept: found.get('kept')?.page, action: found.get('gone')?._nango_metadata.last_action, listed });
        await nango.saveCheckpoint({ page: page + 1 });
    },
};";

/// The CRM: notes what it is asked, lists three contacts and answers everything else with an echo.
struct Crm {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Drop for Crm {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Crm {
    async fn start() -> Self {
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&seen);
        let answer = move |method: Method, uri: Uri, body: Bytes| {
            noted.lock().unwrap().push(format!("{method} {}", uri.path()));
            let rows = json!([{ "id": "1", "a": 1, "b": 10 }, { "id": "2", "a": 2, "b": 20 }, { "id": "3", "a": 3, "b": 3 }]);
            let echo = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let body = if method == Method::GET { rows } else { json!({ "echo": echo }) };
            async move { axum::Json(body) }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, server }
    }

    /// What it was asked since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

/// A server that runs functions, with the integration `crm` and its connection `acme`.
async fn start(database: Database) -> (TestApp, Crm) {
    let crm = Crm::start().await;
    let options = Options {
        functions: true,
        background: true,
        settings: vec![("BESPOKE_OUTBOUND_ALLOW", crm.url.replace("http://", ""))],
        ..Options::default()
    };
    let app = TestApp::with(database, options).await;
    let dev = app.dev();
    crate::fixtures::integration(&dev, "crm", "test-none").await;
    let connection = json!({
        "provider_config_key": "crm", "connection_id": "acme", "credentials": { "type": "NONE" },
        "connection_config": { "base_url": crm.url }, "metadata": { "field": "a" },
    });
    dev.post("/connections", connection).await.expect(201);
    (app, crm)
}

fn function(kind: &str, name: &str) -> Value {
    json!({
        "integration": "crm", "kind": kind, "name": name, "modules": ["entry-1.js"], "frequency": "every hour",
        "models": if kind == "sync" { json!(["Contact"]) } else { json!([]) },
        "source": { "path": format!("crm/{kind}s/{name}.ts"), "code": "…" },
    })
}

/// A deployment of one function with this code.
fn draft(kind: &str, name: &str, code: &str) -> Value {
    json!({ "scope": { "kind": "named" }, "functions": [function(kind, name)], "modules": { "entry-1.js": { "code": code } } })
}

async fn dry_run(dev: &Client, body: Value) -> Value {
    let mut all = json!({ "connection_id": "acme" });
    all.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    dev.post("/dry-runs", all).await.expect(200)
}

async fn records(dev: &Client) -> Vec<Value> {
    let call = dev.get("/records?model=Contact").header("provider-config-key", "crm");
    let answer: Answer = call.header("connection-id", "acme").await;
    answer.expect(200)["records"].as_array().unwrap().clone()
}

async fn stored_metadata(dev: &Client) -> Value {
    dev.get("/connections/acme?provider_config_key=crm").await.expect(200)["metadata"].clone()
}

/// Runs the deployed sync for real. What it counted.
async fn real_run(dev: &Client) -> Value {
    let body = json!({ "syncs": ["contacts"], "provider_config_key": "crm", "connection_id": "acme" });
    dev.post("/sync/trigger", body).await.expect(200);
    for _ in 0..2_000 {
        let path = "/sync/status?syncs=contacts&provider_config_key=crm&connection_id=acme";
        let sync = dev.get(path).await.expect(200)["syncs"][0].clone();
        if sync["status"] != "RUNNING" && !sync["finishedAt"].is_null() {
            return sync["latestResult"]["Contact"].clone();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the sync did not end");
}

both! {
    async fn a_dry_run_counts_as_a_real_one_and_writes_nothing(database) {
        let (app, crm) = start(database).await;
        let dev = app.dev();
        let draft = draft("sync", "contacts", CONTACTS);
        let first = dry_run(&dev, json!({ "draft": draft })).await;
        assert_eq!(first["succeeded"], true, "{first}");
        assert_eq!(first["counts"]["Contact"], json!({ "added": 3, "updated": 1, "deleted": 1, "unchanged": 0 }));
        let changes = &first["records"][0];
        assert_eq!(changes["counts"], json!({ "added": 2, "changed": 0, "removed": 0, "unchanged": 0 }));
        assert_eq!(changes["changes"][0], json!({ "id": "1", "change": "added", "before": null, "after": { "id": "1", "value": 1, "extra": true } }));
        assert_eq!(first["logs"][0]["message"], "saved");
        assert_eq!(first["logs"][0]["meta"], json!({ "count": 3 }));
        let metadata = json!({ "before": { "field": "a" }, "after": { "field": "a", "seen": 3, "last": true } });
        assert_eq!(first["metadata"], metadata);
        let call = &first["calls"][0];
        assert_eq!((&call["method"], &call["status"]), (&json!("GET"), &json!(200)));
        assert!(call["url"].as_str().unwrap().ends_with("/contacts?key=[secret]"), "{call}");
        assert_eq!(crm.asked(), ["GET /contacts"]);

        // Nothing is there: no record, not even a set for them, no metadata, no function, no run.
        assert_eq!(records(&dev).await, [] as [Value; 0]);
        assert_eq!(stored_metadata(&dev).await, json!({ "field": "a" }));
        let environment = app.engine.environment("dev").await.unwrap().id;
        let connection = app.engine.connection(environment, "crm", "acme").await.unwrap();
        assert_eq!(connection.metadata_revision, 1);
        assert_eq!(app.store.find_record_set(environment, connection.id, "Contact", "base").await.unwrap(), None);
        dev.get("/integrations/crm/functions").await.expect(200)["pagination"]["total"].as_u64().filter(|total| *total == 0).unwrap();

        dev.post("/deployments", draft.clone()).await.expect(200);
        let real = real_run(&dev).await;
        assert_eq!(real, json!({ "added": 3, "updated": 1, "deleted": 1 }), "as the dry run said");
        let before = records(&dev).await;
        assert_eq!(before.len(), 3);

        // Again, deployed this time, and with a configuration that is only tried out.
        let deployed = json!({ "integration": "crm", "kind": "sync", "name": "contacts" });
        let again = dry_run(&dev, json!({ "function": deployed, "metadata": { "field": "b" } })).await;
        let counts = json!({ "added": 1, "updated": 2, "deleted": 1, "unchanged": 1 });
        assert_eq!(again["counts"]["Contact"], counts, "{again}");
        let changes = &again["records"][0];
        assert_eq!(changes["counts"], json!({ "added": 0, "changed": 1, "removed": 0, "unchanged": 1 }));
        assert_eq!(changes["changes"][0]["before"], json!({ "id": "1", "value": 1, "extra": true }));
        assert_eq!(changes["changes"][0]["after"], json!({ "id": "1", "value": 10, "extra": true }));
        assert_eq!(records(&dev).await, before, "no record, and no time of one, has changed");

        dev.patch("/connections/metadata", json!({ "provider_config_key": "crm", "connection_id": "acme", "metadata": { "field": "b" } })).await.expect(200);
        let real = real_run(&dev).await;
        assert_eq!(real, json!({ "added": 1, "updated": 2, "deleted": 1 }), "as the dry run said");
    }

    async fn writes_to_the_provider_are_refused_unless_they_are_allowed(database) {
        let (app, crm) = start(database).await;
        let dev = app.dev();
        let contacts = draft("sync", "contacts", CONTACTS);
        let metadata = json!({ "field": "a", "create": true });
        let refused = dry_run(&dev, json!({ "draft": contacts, "metadata": metadata })).await;
        assert_eq!(refused["succeeded"], false);
        assert_eq!(refused["error"]["code"], "dry_run_write_refused", "{refused}");
        assert_eq!(refused["blocked_calls"], json!([{ "method": "POST", "url": "/contacts", "body_bytes": 14 }]));
        assert_eq!(refused["counts"]["Contact"]["added"], 3, "what was done until then is told");
        assert_eq!(crm.asked(), ["GET /contacts"]);
        let sent = dry_run(&dev, json!({ "draft": contacts, "metadata": metadata, "allow_writes": true })).await;
        assert_eq!((&sent["succeeded"], &sent["blocked_calls"]), (&json!(true), &json!([])));
        assert_eq!(crm.asked(), ["GET /contacts", "POST /contacts"]);

        let search = draft("action", "search", SEARCH);
        let input = json!({ "kind": "people" });
        let body = json!({ "draft": search, "input": input, "allow": ["POST /contacts/*/search"], "record": true });
        let found = dry_run(&dev, body).await;
        let output = json!([{ "echo": { "all": true } }, "dry_run_trigger_refused", { "field": "a" }, { "only": "here" }, { "only": "here" }]);
        assert_eq!(found["output"], output, "{found}");
        assert_eq!(found["refused"][0], json!({ "what": "trigger_action", "integration": "crm", "connection_id": "acme", "names": ["search"] }));
        assert_eq!(found["metadata"]["after"], json!({ "only": "here" }));
        assert_eq!(crm.asked(), ["POST /contacts/people/search"]);
        let exchange = &found["fixture"]["api"]["post"]["/contacts/people/search"];
        assert_eq!((&exchange["request"]["data"], &exchange["response"]), (&json!({ "all": true }), &json!({ "echo": { "all": true } })));
        assert_eq!((&found["fixture"]["input"], &found["fixture"]["output"]), (&input, &output));
        assert_eq!(found["fixture"]["run"], json!({ "connection_id": "acme", "environment": "dev", "provider": "test-none" }));
        assert_eq!(stored_metadata(&dev).await, json!({ "field": "a" }));
    }

    async fn webhooks_are_tried_out_with_a_payload(database) {
        let (app, crm) = start(database).await;
        let contacts = draft("sync", "contacts", CONTACTS);
        let report = dry_run(&app.dev(), json!({ "draft": contacts, "payload": { "id": "9" } })).await;
        assert_eq!(report["records"][0]["changes"][0]["after"], json!({ "id": "9", "value": "from a webhook" }), "{report}");
        assert_eq!(crm.asked(), [] as [&str; 0]);
        let of_variant = dry_run(&app.dev(), json!({ "draft": contacts, "variant": "other" })).await;
        assert_eq!(of_variant["function"]["variant"], "other");
    }

    async fn deletions_checkpoints_and_locks_are_only_tried_out(database) {
        let (app, _crm) = start(database).await;
        let dev = app.dev();
        let seed = "export default { type: 'sync', exec: async (nango) => { await nango.batchSave([{ id: 'gone' }, { id: 'kept', page: 0 }], 'Contact'); } };";
        dev.post("/deployments", draft("sync", "contacts", seed)).await.expect(200);
        real_run(&dev).await;
        let before = records(&dev).await;
        assert_eq!(before.len(), 2);

        let tracks = draft("sync", "contacts", TRACKS);
        let first = dry_run(&dev, json!({ "draft": tracks })).await;
        assert_eq!(first["counts"]["Contact"], json!({ "added": 0, "updated": 0, "deleted": 1, "unchanged": 1 }), "{first}");
        assert_eq!(first["records"][0]["changes"], json!([{ "id": "gone", "change": "removed", "before": { "id": "gone" }, "after": null }]));
        assert_eq!(first["logs"][0]["message"], "locked");
        assert_eq!(first["logs"][1]["meta"], json!({ "deletedKeys": ["gone"], "kept": 0, "action": "DELETED", "listed": 11 }));
        assert_eq!(first["checkpoint"], json!({ "before": null, "after": { "page": 1 } }));
        let second = dry_run(&dev, json!({ "draft": tracks, "checkpoint": { "page": 7 } })).await;
        assert_eq!(second["checkpoint"], json!({ "before": { "page": 7 }, "after": { "page": 8 } }), "{second}");
        assert_eq!(second["counts"]["Contact"]["updated"], 1);
        assert_eq!(records(&dev).await, before);
        let wrong = json!({ "draft": tracks, "checkpoint": { "page": null }, "connection_id": "acme" });
        dev.post("/dry-runs", wrong).await.refused_at(400, "invalid_body", "checkpoint");

        dev.post("/deployments", tracks).await.expect(200);
        assert_eq!(real_run(&dev).await["deleted"], 1, "as the dry run said");
    }

    async fn data_is_checked_as_strictly_as_in_a_real_run(database) {
        let (app, _crm) = start(database).await;
        let dev = app.dev();
        let schemas = json!({ "definitions": {
            "In": { "type": "object", "properties": { "name": { "type": "string" } } },
            "Out": { "type": "number" },
            "Contact": { "type": "object", "properties": { "id": { "type": "string" }, "email": { "type": "string" } }, "required": ["email"] },
            "Progress": { "type": "object", "properties": { "page": { "type": "number" } } },
        } });
        let with = |kind: &str, code: &str, more: Value| {
            let mut draft = draft(kind, "checked", code);
            let function = draft["functions"][0].as_object_mut().unwrap();
            function.extend(more.as_object().unwrap().clone());
            function.insert("json_schema".to_owned(), schemas.clone());
            draft
        };
        let action = with("action", "export default { type: 'action', exec: async () => 'text' };", json!({ "input": "In", "output": "Out" }));
        let saves = "export default { type: 'sync', exec: async (nango) => {
            await nango.batchSave([{ id: '1', email: 4711 }, { id: '2' }, { id: '3', email: false }], 'Contact');
            await nango.saveCheckpoint({ page: 'one' });
        } };";
        let sync = with("sync", saves, json!({ "models": ["Contact"], "checkpoint": "Progress" }));
        dev.post("/deployments", action.clone()).await.expect(200);
        let deployed = json!({ "integration": "crm", "kind": "action", "name": "checked" });
        // Each run tells all of it, however often it was told.
        for body in [json!({ "draft": action }), json!({ "function": deployed }), json!({ "function": deployed })] {
            let mut body = body;
            body["input"] = json!({ "name": 4711 });
            let report = dry_run(&dev, body).await;
            assert_eq!((&report["succeeded"], &report["output"]), (&json!(true), &json!("text")), "{report}");
            assert_eq!(report["warnings"], json!([
                "The input does not fit the schema In at /name: expected string, found number",
                "The output does not fit the schema Out at the top: expected number, found string",
            ]));
        }
        let report = dry_run(&dev, json!({ "draft": sync })).await;
        assert_eq!(report["warnings"], json!([
            "The record does not fit the schema Contact at /email: expected string, found number",
            "The checkpoint does not fit the schema Progress at /page: expected number, found string",
        ]), "{report}");
        assert_eq!(report["checkpoint"]["after"], json!({ "page": "one" }));

        dev.patch("/integrations/crm", json!({ "data_validation": "enforce" })).await.expect(200);
        for (body, code) in [
            (json!({ "draft": action, "input": { "name": 4711 } }), "invalid_action_input"),
            (json!({ "draft": action, "input": { "name": "Ada" } }), "invalid_action_output"),
            (json!({ "draft": sync }), "invalid_sync_record"),
        ] {
            let report = dry_run(&dev, body).await;
            assert_eq!((&report["succeeded"], &report["error"]["code"]), (&json!(false), &json!(code)), "{report}");
            assert_eq!((&report["output"], &report["warnings"], &report["counts"]), (&json!(null), &json!([]), &json!({})), "{report}");
        }
        dev.patch("/integrations/crm", json!({ "data_validation": "off" })).await.expect(200);
        assert_eq!(dry_run(&dev, json!({ "draft": sync })).await["warnings"], json!([]));
    }

    async fn events_come_while_it_runs_and_the_report_comes_last(database) {
        let (app, _crm) = start(database).await;
        let body = json!({ "connection_id": "acme", "draft": draft("sync", "contacts", CONTACTS), "metadata": { "field": "a", "create": true } });
        let answer = app.dev().post("/dry-runs", body).header("accept", "text/event-stream").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream"));
        let text = answer.text();
        let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
        // The log has a way of its own, so a line may come a little later than what follows it.
        assert!(names.contains(&"log"));
        let others: Vec<&str> = names.into_iter().filter(|name| *name != "log").collect();
        assert_eq!(others, ["call", "batch", "batch", "batch", "blocked_call", "report"]);
        let report = text.lines().rfind(|line| line.starts_with("data: ")).unwrap();
        let report: Value = serde_json::from_str(&report["data: ".len()..]).unwrap();
        assert_eq!(report["error"]["code"], "dry_run_write_refused");

        let unknown = json!({ "connection_id": "nobody", "draft": draft("sync", "contacts", CONTACTS) });
        let refused = app.dev().post("/dry-runs", unknown).header("accept", "text/event-stream").await;
        refused.refused(404, "unknown_connection");
    }

    async fn what_cannot_be_run_is_refused_by_its_place(database) {
        let (app, _crm) = start(database).await;
        let dev = app.dev();
        let action = draft("action", "search", SEARCH);
        let post = |body: Value| {
            let mut all = json!({ "connection_id": "acme" });
            all.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
            dev.post("/dry-runs", all)
        };
        post(json!({})).await.refused_at(400, "invalid_body", "function");
        post(json!({ "draft": action, "payload": {} })).await.refused_at(400, "invalid_body", "payload");
        post(json!({ "draft": action, "variant": "x" })).await.refused_at(400, "invalid_body", "variant");
        post(json!({ "draft": action, "metadata": [] })).await.refused_at(400, "invalid_body", "metadata");
        post(json!({ "draft": action, "allow": ["POST"] })).await.refused_at(400, "invalid_body", "allow.0");
        post(json!({ "draft": { "functions": [], "modules": {} } })).await.refused_at(400, "invalid_body", "draft.functions");
        let broken = draft("action", "search", "export default {");
        post(json!({ "draft": broken })).await.refused_at(400, "invalid_body", "draft.functions.0.modules");
        let gone = json!({ "integration": "crm", "kind": "action", "name": "gone" });
        post(json!({ "function": gone })).await.refused(404, "not_found");
    }

    async fn a_preview_shows_what_another_configuration_would_change(database) {
        let (app, crm) = start(database).await;
        let dev = app.dev();
        let mut deployment = draft("sync", "contacts", CONTACTS);
        dev.post("/deployments", deployment.clone()).await.expect(200);
        real_run(&dev).await;
        dev.put("/connections/acme/metadata?provider_config_key=crm", json!({ "field": "a" })).await.expect(200);
        let before = records(&dev).await;
        crm.asked();
        let path = "/connections/acme/metadata/preview?provider_config_key=crm";
        let preview = async |body: Value| dev.post(path, body).await.expect(200);

        let patched = preview(json!({ "sync": "contacts", "patch": { "field": "b" } })).await;
        assert_eq!(patched["succeeded"], true, "{patched}");
        assert_eq!(patched["counts"], json!({ "added": 0, "changed": 1, "removed": 0, "unchanged": 1 }));
        let record = json!({ "model": "Contact", "id": "1", "change": "changed",
            "before": { "id": "1", "value": 1, "extra": true }, "after": { "id": "1", "value": 10, "extra": true } });
        assert_eq!(patched["records"], json!([record]));
        assert_eq!((patched["calls"].as_array().unwrap().len(), crm.asked()), (1, vec!["GET /contacts".to_owned()]));
        let operations = json!([{ "op": "replace", "path": "/field", "value": "b" }]);
        assert_eq!(preview(json!({ "sync": "contacts", "patch": operations })).await["records"], patched["records"]);
        let whole = preview(json!({ "sync": "contacts", "metadata": { "field": "b" } })).await;
        assert_eq!(whole["records"], patched["records"]);
        assert_eq!(preview(json!({ "sync": "contacts", "revision": 1 })).await["counts"]["changed"], 0);
        assert_eq!(records(&dev).await, before);
        assert_eq!(stored_metadata(&dev).await, json!({ "field": "a" }));

        // What writes is not sent, unless the function says that it reads.
        let creates = json!({ "sync": "contacts", "patch": { "create": true } });
        crm.asked();
        let blocked = preview(creates.clone()).await;
        assert_eq!(blocked["error"]["code"], "dry_run_write_refused", "{blocked}");
        assert_eq!(blocked["blocked_calls"][0]["url"], "/contacts");
        assert_eq!(crm.asked(), ["GET /contacts"]);
        deployment["functions"][0]["preview_reads"] = json!(["contacts"]);
        dev.post("/deployments", deployment.clone()).await.refused_at(400, "invalid_body", "functions.0.preview_reads");
        deployment["functions"][0]["preview_reads"] = json!(["POST /contacts"]);
        dev.post("/deployments", deployment).await.expect(200);
        assert_eq!(preview(creates).await["succeeded"], true);
        assert_eq!(crm.asked(), ["GET /contacts", "POST /contacts"]);

        // It stops at its limits, and says so.
        let stopped = preview(json!({ "sync": "contacts", "limits": { "records": 2 } })).await;
        assert_eq!(stopped["error"]["code"], "preview_limit_reached", "{stopped}");
        assert!(stopped["error"]["message"].as_str().unwrap().contains("2 records"), "{stopped}");
        assert_eq!(preview(json!({ "sync": "contacts", "limits": { "calls": 1 } })).await["succeeded"], true);

        let streamed = dev.post(path, json!({ "sync": "contacts", "revision": 1 })).header("accept", "text/event-stream").await;
        assert!(streamed.text().contains("event: call\n") && streamed.text().contains("event: result\n"), "{}", streamed.text());
        let post = |body: Value| dev.post(path, body);
        post(json!({})).await.refused_at(400, "invalid_body", "sync");
        post(json!({ "sync": "contacts", "patch": {}, "revision": 1 })).await.refused_at(400, "invalid_body", "metadata");
        post(json!({ "sync": "contacts", "limits": { "calls": 0 } })).await.refused_at(400, "invalid_body", "limits.calls");
        post(json!({ "sync": "contacts", "revision": 99 })).await.refused(404, "unknown_revision");
        post(json!({ "sync": "gone" })).await.refused(404, "not_found");
        let failing = json!({ "sync": "contacts", "patch": [{ "op": "test", "path": "/field", "value": "z" }] });
        post(failing).await.refused(409, "patch_failed");
    }
}
