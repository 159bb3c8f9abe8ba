//! What well-behaved functions do.

use crate::support::{Bench, TestHost, code, output, reply};
use bespoke_runtime::host::{Reply, Request};
use bespoke_runtime::{Kind, Limits};
use futures_util::future::{FutureExt, join_all};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn an_action_awaits_the_host_and_returns_json() {
    let bench = Bench::new();
    let host = TestHost::new(|call| {
        let Request::Http(http) = call.request else { panic!("another call: {:?}", call.request) };
        assert_eq!((http.method.as_str(), http.endpoint.as_str()), ("POST", "/issues"));
        let sent: Value = serde_json::from_slice(&call.body).unwrap();
        async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            reply(
                json!({"status": 201, "status_text": "Created", "headers": [["content-type", "application/json"]],
                    "url": "https://api.test/issues", "method": "POST"}),
                json!({"id": 7, "echo": sent}).to_string(),
            )
        }
        .boxed()
    });
    let body = "
        const response = await nango.post({ endpoint: '/issues', data: { title: input.title } });
        await nango.log('created', { level: 'info' });
        return { status: response.status, data: response.data };";
    let outcome = bench.action(body, json!({"title": "héllo \u{1f600} \"x\"\n"}), &host).await;
    assert!(outcome.cpu > Duration::ZERO);
    assert_eq!(
        output(outcome),
        json!({"status": 201, "data": {"id": 7, "echo": {"title": "héllo \u{1f600} \"x\"\n"}}})
    );
    assert!(host.lines().iter().any(|line| line.contains("created")), "{:?}", host.lines());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_saves_a_hundred_thousand_records_in_pages() {
    let bench = Bench { limits: Limits { memory: 128 << 20, ..Bench::new().limits }, ..Bench::new() };
    let saved = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&saved);
    let host = TestHost::new(move |call| {
        let Request::SaveRecords(model) = call.request else { panic!("another call: {:?}", call.request) };
        assert_eq!(model.model, "Issue");
        let records: Vec<Value> = serde_json::from_slice(&call.body).unwrap();
        counter.fetch_add(records.len(), Ordering::Relaxed);
        async move { reply(json!({"added": records.len(), "updated": 0, "deleted": 0, "unchanged": 0}), "") }
            .boxed()
    });
    let code = "export default { type: 'sync', exec: async (nango) => {
        for (let page = 0; page < 100; page += 1) {
            const records = [];
            for (let index = 0; index < 1000; index += 1) {
                records.push({ id: String(page * 1000 + index), title: 'Issue number ' + index, labels: ['a', 'b'], body: 'x'.repeat(100) });
            }
            await nango.batchSave(records, 'Issue');
        }
    } };";
    let modules = bench.compile(&[("sync.js", code)]).await;
    let run = bench.prepare(Kind::Sync, modules, &Value::Null);
    assert_eq!(output(bench.runtime.run(bench.tenant, run, host).await), json!(true));
    assert_eq!(saved.load(Ordering::Relaxed), 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_runs_share_one_process() {
    let bench = Bench::new();
    let host = TestHost::new(|call| {
        async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(Reply { head: Some(serde_json::value::to_raw_value(&call.request).unwrap()), body: call.body })
        }
        .boxed()
    });
    let code = "export default { type: 'action', exec: async (nango, input) => {
        await nango.setMetadata({ number: input });
        return input * 2;
    } };";
    let modules = bench.compile(&[("action.js", code)]).await;
    let runs = (0..32).map(|number| {
        let run = bench.prepare(Kind::Action, modules.clone(), &json!(number));
        bench.runtime.run(bench.tenant, run, host.clone())
    });
    for (number, outcome) in join_all(runs).await.into_iter().enumerate() {
        assert_eq!(output(outcome), json!(number * 2));
    }
    assert_eq!(bench.runtime.process_ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_can_make_more_calls_than_travel_at_once_and_its_log_keeps_its_order() {
    let bench = Bench::new();
    let open = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (Arc::clone(&open), Arc::clone(&most));
    let host = TestHost::new(move |_| {
        let now = Arc::clone(&now);
        peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            reply(json!({"status": 200, "status_text": "", "headers": [], "url": "", "method": "GET"}), "")
        }
        .boxed()
    });
    let body = "
        const all = await Promise.all(Array.from({ length: 1000 }, (_, index) => nango.get({ endpoint: '/' + index })));
        for (let line = 0; line < 3000; line += 1) await nango.log('line ' + line);
        return all.length;";
    assert_eq!(output(bench.action(body, json!({}), &host).await), json!(1000));
    assert!(most.load(Ordering::SeqCst) <= 128, "{most:?}");
    let lines: Vec<_> = host.lines().into_iter().filter(|line| line.contains("line ")).collect();
    let expected: Vec<_> = (0..3000).map(|line| format!("info: line {line}")).collect();
    assert_eq!(lines, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_travel_both_ways() {
    let bench = Bench::new();
    let host = TestHost::new(|call| {
        let size = call.body.len();
        async move { reply(json!({"size": size}), vec![b'y'; 8 << 20]) }.boxed()
    });
    // The prelude's own calls parse what they get; the size is what counts here.
    let body = "
        const text = 'é'.repeat(4 << 20);
        try { await nango.setMetadata({ text }); } catch (error) { return { failed: String(error) }; }
        return { done: true };";
    assert_eq!(output(bench.action(body, json!({}), &host).await), json!({"done": true}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_is_thrown_and_thrown_errors_become_failures() {
    let bench = Bench::new();
    let outcome = bench
        .action("await nango.getMetadata(); await nango.setMetadata({});", json!({}), &TestHost::silent())
        .await;
    assert_eq!(outcome.result.unwrap_err().status, 500);
    let outcome =
        bench.action("throw new nango.ActionError({ reason: 'no' })", json!({}), &TestHost::silent()).await;
    let failure = outcome.result.unwrap_err();
    assert_eq!(failure.code, "action_script_runtime_error");
    assert_eq!(serde_json::from_str::<Value>(failure.payload.get()).unwrap(), json!({"reason": "no"}));
    let outcome =
        bench.script("const f = () => { throw new TypeError('boom') }; await null; f();", json!(1)).await;
    let failure = outcome.result.unwrap_err();
    assert_eq!(failure.code, "script_internal_error");
    assert!(failure.message.contains("boom"), "{failure:?}");
    assert!(failure.stack.as_deref().unwrap_or_default().contains("script.js:1:"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_import_each_other_and_the_builtins_and_nothing_else() {
    let bench = Bench::new();
    let modules = bench
        .compile(&[
            (
                "github/actions/entry.js",
                "import { twice } from '../../chunk.js'; import { createHash } from 'node:crypto'; import * as url from 'url';
                 import { Buffer as Imported } from 'buffer';
                 export default async (input) => [twice(input), createHash('sha256').update('abc').digest('hex').slice(0, 8),
                    typeof url.URL, Imported === Buffer, Buffer.from('é').toString('base64')];",
            ),
            ("chunk.js", "export const twice = (value) => value * 2;"),
        ])
        .await;
    let run = bench.prepare(Kind::Script, modules, &json!(21));
    let outcome = bench.runtime.run(bench.tenant, run, TestHost::silent()).await;
    assert_eq!(output(outcome), json!([42, "ba7816bf", "function", true, "w6k="]));

    for name in ["fs", "node:fs", "bespoke:prelude", "bespoke:native", "./other.js", "/etc/passwd"] {
        let outcome = bench.script(&format!("await import('{name}')"), json!(1)).await;
        assert_eq!(code(&outcome), "script_internal_error");
    }
    let modules = bench.compile(&[("entry.js", "import './other.js'; export default () => 1;")]).await;
    let run = bench.prepare(Kind::Script, modules, &json!(1));
    let failure = bench.runtime.run(bench.tenant, run, TestHost::silent()).await.result.unwrap_err();
    assert!(failure.message.contains("./other.js"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_fire_in_order_and_do_not_use_cpu_time() {
    let bench = Bench::new().cpu_ms(200);
    let body = "
        const seen = [];
        const wait = (ms, name) => new Promise((resolve) => setTimeout(() => { seen.push(name); resolve(); }, ms));
        const never = setTimeout(() => seen.push('never'), 10); clearTimeout(never);
        await Promise.all([wait(300, 'c'), wait(20, 'a'), wait(100, 'b')]);
        return seen;";
    assert_eq!(output(bench.script(body, json!(0)).await), json!(["a", "b", "c"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejections_that_nobody_handles_are_logged_and_do_not_end_the_run() {
    let bench = Bench::new();
    let host = TestHost::silent();
    let body = "
        Promise.reject(new Error('lost'));
        const late = Promise.reject(new Error('handled in the same turn')); late.catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 5));
        return 'done';";
    assert_eq!(output(bench.action(body, json!({}), &host).await), json!("done"));
    let lines = host.lines();
    assert_eq!(lines.iter().filter(|line| line.contains("lost")).count(), 1, "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("same turn")), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strings_with_half_characters_do_no_harm() {
    let bench = Bench::new();
    let body = "return [new TextEncoder().encode('a\\ud83d').length, '\\ud83d'.length, Buffer.from('\\udc00').toString('hex')];";
    assert_eq!(output(bench.script(body, json!(0)).await), json!([4, 1, "efbfbd"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_run_has_fresh_modules_and_the_right_time() {
    let bench = Bench::new();
    let host = TestHost::silent();
    for (module, is_ahead) in
        [("let count = 0; const time = 0;", true), ("let count = 0; const time = Date.now();", false)]
    {
        let code = format!(
            "{module} console.assert(true); const own = Date; let fresh = true; globalThis.kept ??= 0;
             export default () => [count += 1, globalThis.kept += 1, new Date().getTime() - time, Date === own,
                Object.getOwnPropertyDescriptor(globalThis, 'Date').value === Date, typeof performance.now()];"
        );
        // The second form of the module reads the clock by naming it, the first one only if `own` stays.
        let code = if is_ahead {
            code.replace("const own = Date;", "").replace("Date === own", "true")
        } else {
            code
        };
        let modules = bench.compile(&[("module.js", &code)]).await;
        for _ in 0..8 {
            let run = bench.prepare(Kind::Script, modules.clone(), &json!(0));
            let value = output(bench.runtime.run(bench.tenant, run, host.clone()).await);
            assert_eq!((&value[0], &value[1]), (&json!(1), &json!(1)), "{value}");
            assert_eq!(
                (&value[3], &value[4], &value[5]),
                (&json!(true), &json!(true), &json!("number")),
                "{value}"
            );
            assert!(is_ahead || value[2].as_i64().unwrap() < 90, "{value}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// All runs of a function start from one image of an engine, which must not make their chance the same.
#[tokio::test(flavor = "multi_thread")]
async fn runs_draw_different_random_numbers() {
    let bench = Bench::new();
    let host = TestHost::silent();
    for module in [
        "export default () => [Math.random(), crypto.randomUUID()];",
        "const drawn = [Math.random(), crypto.randomUUID()]; export default () => drawn;",
    ] {
        let modules = bench.compile(&[("module.js", module)]).await;
        let mut seen = std::collections::HashSet::new();
        for _ in 0..6 {
            let run = bench.prepare(Kind::Script, modules.clone(), &json!(0));
            let value = output(bench.runtime.run(bench.tenant, run, host.clone()).await);
            assert!((0.0..1.0).contains(&value[0].as_f64().unwrap()), "{value}");
            assert!(
                seen.insert(value[0].to_string()) && seen.insert(value[1].to_string()),
                "{module}: {value}"
            );
            // So that the next run finds an engine that has been put back.
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

/// What a run opens, defines, leaves behind or fails with is gone for the next run, which may get the same engine.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_is_put_back_after_whatever_a_run_did() {
    let mut bench = Bench::new().cpu_ms(300).wall_ms(1000);
    bench.limits.memory = 24 << 20;
    let host = TestHost::silent();
    let code = "
        import { createHash } from 'crypto';
        const cache = new Map();
        export default async (input) => {
            const found = [cache.size, 'left' in globalThis, typeof Map.prototype.stolen, Object.keys(Buffer).includes('left')];
            cache.set('key', 'value');
            globalThis.left = 1; Map.prototype.stolen = 1; Buffer.left = 1;
            setTimeout(() => cache.set('late', 1), 60000);
            void Promise.reject(new Error('nobody listens'));
            createHash('sha256').update('x').digest('hex');
            if (input === 1) throw new Error('thrown');
            if (input === 2) while (true);
            if (input === 3) { const held = []; while (true) held.push(new Array(1000).fill(held)); }
            if (input === 4) await new Promise(() => {});
            if (input === 5) (function deeper() { deeper(); })();
            if (input === 6) delete globalThis.Map;
            return found;
        };";
    let modules = bench.compile(&[("module.js", code)]).await;
    for round in 0..24 {
        let run = bench.prepare(
            Kind::Script,
            modules.clone(),
            &json!(if round % 2 == 0 { 0 } else { round / 2 % 7 }),
        );
        let outcome = bench.runtime.run(bench.tenant, run, host.clone()).await;
        if round % 2 == 0 {
            assert_eq!(output(outcome), json!([0, false, "undefined", false]), "round {round}");
        }
    }
}

/// Prints what a run costs; asserts only that it is not out of all proportion.
#[tokio::test(flavor = "multi_thread")]
async fn a_round_trip_is_short() {
    let bench = Bench::new();
    let host = TestHost::new(|_| async { reply(json!({}), "") }.boxed());
    for (name, body) in
        [("without a call", "input"), ("with one call", "(await nango.setMetadata({}), input)")]
    {
        let code = format!("export default {{ type: 'action', exec: async (nango, input) => {body} }};");
        let modules = bench.compile(&[("action.js", &code)]).await;
        let mut times = Vec::new();
        for number in 0..200 {
            let run = bench.prepare(Kind::Action, modules.clone(), &json!(number));
            let start = Instant::now();
            let outcome = bench.runtime.run(bench.tenant, run, host.clone()).await;
            times.push((start.elapsed(), outcome.cpu));
            output(outcome);
        }
        times.sort();
        let (p50, p99) = (times[100], times[198]);
        println!("run {name}: p50 {:?} (cpu {:?}), p99 {:?}", p50.0, p50.1, p99.0);
        assert!(p50.0 < Duration::from_millis(50), "{p50:?}");
    }
}
