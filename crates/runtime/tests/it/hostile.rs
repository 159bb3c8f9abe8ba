//! What functions must not be able to do, and how they end when they try.

use crate::support::{Bench, TestHost, code, output};
use bespoke_runtime::{Kind, Limits};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Runs a script that must fail with `expected`, and soon.
async fn check(bench: &Bench, expected: &str, body: &str) {
    let start = Instant::now();
    let outcome = bench.script(body, json!(null)).await;
    assert_eq!(code(&outcome), expected, "{body}: {outcome:?}");
    assert!(start.elapsed() < Duration::from_secs(20), "{body}: {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_work_ends_at_the_cpu_limit() {
    let bench = Bench::new().cpu_ms(300);
    for body in [
        "while (true);",
        "while (true) { try { while (true); } catch {} finally { continue; } }",
        "while (true) await null;",
        "const again = () => { Promise.resolve().then(again); }; again(); await new Promise(() => {});",
        "const inner = async () => { while (true); }; while (true) { try { await inner(); } catch {} }",
        "/^(a+)+$/.test('a'.repeat(40) + 'b');",
        "new Array(2e5).fill(0).map((_, index) => 2e5 - index).sort(() => 0.5 - Math.random()); while (true);",
        "JSON.parse('{}', () => { while (true); });",
        "const trap = new Proxy({}, { get() { while (true); } }); trap.x;",
        "throw { get message() { while (true); }, get stack() { while (true); } };",
    ] {
        check(&bench, "execution_timeout", body).await;
    }
    assert_eq!(bench.runtime.process_ids().len(), 1, "none of these needed the process to be killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_ends_at_the_limit() {
    let mut bench = Bench::new();
    bench.limits.memory = 32 << 20;
    for body in [
        "const all = []; while (true) all.push(new Array(1000).fill({}));",
        "const all = []; let text = ''; while (true) all.push((text += 'x'.repeat(5000)).split('').join(''));",
        "const all = []; while (true) all.push(new Uint8Array(1 << 20));",
        "return 'x'.repeat(1 << 29).split('');",
        "const all = []; while (true) all.push('x'.repeat(1 << 16) + all.length);",
        "const map = new Map(); let n = 0; while (true) map.set(n++, { n });",
    ] {
        check(&bench, "function_runtime_out_of_memory", body).await;
    }
    // Here the engine itself has no memory to settle the promise; its job ends without a trace.
    let outcome =
        bench.script("const again = () => Promise.resolve().then(again); await again();", json!(null)).await;
    let codes = ["function_runtime_out_of_memory", "script_internal_error"];
    assert!(codes.contains(&code(&outcome)), "{outcome:?}");
    assert_eq!(bench.runtime.process_ids().len(), 1);
    assert_eq!(output(bench.script("return 1", json!(0)).await), json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn recursion_and_numbers_without_end_are_errors() {
    let mut bench = Bench::new().cpu_ms(2000);
    check(&bench, "script_internal_error", "const f = () => f() + 1; return f();").await;
    check(&bench, "script_internal_error", "const f = () => [0].forEach(f); return f();").await;
    check(
        &bench,
        "script_internal_error",
        "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return JSON.stringify(a);",
    )
    .await;
    bench.limits.stack = 64 << 20;
    check(&bench, "script_internal_error", "const f = () => f() + 1; return f();").await;
    let outcome = bench.script("let x = 2n; while (true) x = x * x;", json!(null)).await;
    assert!(
        ["script_internal_error", "execution_timeout", "function_runtime_out_of_memory"]
            .contains(&code(&outcome)),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_cannot_be_put_to_sleep() {
    let body = "return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);";
    check(&Bench::new(), "script_internal_error", body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_interrupted_is_killed_and_the_others_are_told() {
    let bench = Bench::new().cpu_ms(500);
    let wait = bench
        .compile(&[("wait.js", "export default () => new Promise((resolve) => setTimeout(resolve, 60000));")])
        .await;
    let neighbour =
        bench.runtime.run(bench.tenant, bench.prepare(Kind::Script, wait, &json!(0)), TestHost::silent());
    let bomb = "let a = [1]; for (let i = 0; i < 30; i++) a = [a, a]; return JSON.stringify(a).length;";
    let mut tight = Bench { runtime: bench.runtime.clone(), ..Bench::new().cpu_ms(500) };
    tight.limits.memory = 4 << 30;
    let ((), neighbour) = tokio::join!(check(&tight, "execution_timeout", bomb), neighbour);
    assert_eq!(code(&neighbour), "runner_lost");
    assert_eq!(output(bench.script("return 1", json!(0)).await), json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_nothing_fails_at_once_and_waiting_too_long_at_the_wall_limit() {
    let start = Instant::now();
    check(&Bench::new(), "script_internal_error", "await new Promise(() => {});").await;
    assert!(start.elapsed() < Duration::from_secs(10));
    let bench = Bench::new().wall_ms(200);
    check(&bench, "execution_timeout", "await new Promise((resolve) => setTimeout(resolve, 1e6));").await;
    check(&bench, "execution_timeout", "while (true);").await;
    assert_eq!(bench.runtime.process_ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_an_output_is_refused() {
    let bench = Bench::new();
    let outcome = bench.script("return 'x'.repeat(3 << 20)", json!(null)).await;
    let failure = outcome.result.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.status), ("script_output_too_large", 400));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_survives_into_the_next_run() {
    let bench = Bench::new();
    let pollute = "
        Object.prototype.polluted = 1; Array.prototype.push = () => 'stolen'; globalThis.left = 1;
        JSON.stringify = () => 'stolen'; Promise.prototype.then = null; return 1;";
    for _ in 0..6 {
        let _ = bench.script(pollute, json!(0)).await;
        let clean = "return [({}).polluted === undefined, [].push(1), typeof left, JSON.stringify([1])];";
        assert_eq!(output(bench.script(clean, json!(0)).await), json!([true, 1, "undefined", "[1]"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_way_from_text_to_code_and_no_object_of_the_host() {
    let bench = Bench::new();
    let body = "
        const attempts = {
            eval: () => eval('1'), indirect: () => (0, eval)('1'), Function: () => new Function('return 1')(),
            constructor: () => (() => {}).constructor('return 1')(),
            async: () => (async () => {}).constructor('return 1')(),
            generator: () => (function* () {}).constructor('return 1')(),
            error: () => new Error().constructor.constructor('return 1')(),
        };
        const failed = Object.entries(attempts).filter(([, attempt]) => { try { attempt(); return false; } catch { return true; } });
        return {
            failed: failed.length === Object.keys(attempts).length,
            found: ['require', 'module', 'native', 'std', 'os', 'bjson', 'Deno', 'Bun', 'Worker', 'XMLHttpRequest', 'WebAssembly', '__native']
                .filter((name) => name in globalThis && globalThis[name] !== undefined),
        };";
    assert_eq!(output(bench.script(body, json!(0)).await), json!({"failed": true, "found": []}));
    let keys = "return Reflect.ownKeys(globalThis).filter((key) => typeof key === 'symbol' && key !== Symbol.toStringTag).length;";
    assert_eq!(output(bench.script(keys, json!(0)).await), json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn throwing_nothing_is_not_running_out_of_memory() {
    let bench = Bench::new();
    for thrown in ["null", "undefined", "0", "''"] {
        let outcome = bench.script(&format!("throw {thrown};"), json!(0)).await;
        assert_eq!(code(&outcome), "script_internal_error", "{thrown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_ends_at_once() {
    let bench =
        Bench { limits: Limits { cpu: Duration::from_mins(1), ..Bench::new().limits }, ..Bench::new() };
    for body in [
        "while (true);",
        "await new Promise((resolve) => setTimeout(resolve, 60000));",
        "while (true) await null;",
    ] {
        let code_text = format!("export default async () => {{ {body} }};");
        let modules = bench.compile(&[("script.js", &code_text)]).await;
        let run = bench.prepare(Kind::Script, modules, &Value::Null);
        let cancel = run.cancel.clone();
        let stop = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            cancel.cancel();
            Instant::now()
        };
        let (outcome, stopped) = tokio::join!(bench.runtime.run(bench.tenant, run, TestHost::silent()), stop);
        assert_eq!(code(&outcome), "script_aborted");
        assert!(stopped.elapsed() < Duration::from_millis(900), "{body}: {:?}", stopped.elapsed());
    }
    assert_eq!(bench.runtime.process_ids().len(), 1);
}
