//! Runner processes: how many, whose, and what happens when one goes away.

use crate::support::{Bench, TestHost, code, options, output};
use bespoke_core::id::EnvironmentId;
use bespoke_runtime::{Error, Kind, Options, SourceModule};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

const WAIT: &str = "export default (ms) => new Promise((resolve) => setTimeout(() => resolve(ms), ms));";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_runner_loses_its_runs_and_nothing_else() {
    let bench = Bench::new();
    let modules = bench.compile(&[("wait.js", WAIT)]).await;
    let run = || {
        let run = bench.prepare(Kind::Script, modules.clone(), &json!(60_000));
        bench.runtime.run(bench.tenant, run, TestHost::silent())
    };
    let kill = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let pids = bench.runtime.process_ids();
        assert_eq!(pids.len(), 1);
        Command::new("kill").args(["-KILL", &pids[0].to_string()]).status().unwrap();
    };
    let (first, second, ()) = tokio::join!(run(), run(), kill);
    assert_eq!((code(&first), code(&second)), ("runner_lost", "runner_lost"));
    assert_eq!(output(bench.script("return 1", json!(0)).await), json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_given_up_frees_its_place() {
    let bench = Bench::with(Options { max_runners: 1, runs_per_runner: 1, ..options() });
    let modules = bench.compile(&[("wait.js", WAIT)]).await;
    for _ in 0..3 {
        let run = bench.prepare(Kind::Script, modules.clone(), &json!(60_000));
        let given_up = bench.runtime.run(bench.tenant, run, TestHost::silent());
        assert!(tokio::time::timeout(Duration::from_millis(50), given_up).await.is_err());
    }
    assert_eq!(output(bench.script("return 1", json!(0)).await), json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn environments_have_processes_of_their_own_and_take_turns() {
    let one = Bench::with(Options { max_runners: 1, runs_per_runner: 2, ..options() });
    let two = Bench { runtime: one.runtime.clone(), tenant: EnvironmentId(2), ..Bench::new() };
    let (first, second) = (one.compile(&[("wait.js", WAIT)]).await, two.compile(&[("wait.js", WAIT)]).await);
    // The first environment always has a run that waits; the second gets its turn all the same.
    let busy = async {
        for _ in 0..10 {
            let run = || {
                let run = one.prepare(Kind::Script, first.clone(), &json!(30));
                one.runtime.run(one.tenant, run, TestHost::silent())
            };
            let (a, b, c) = tokio::join!(run(), run(), run());
            for outcome in [a, b, c] {
                assert_eq!(output(outcome), json!(30));
            }
        }
    };
    let other = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let run = two.prepare(Kind::Script, second, &json!(1));
        let outcome = two.runtime.run(two.tenant, run, TestHost::silent());
        output(tokio::time::timeout(Duration::from_secs(5), outcome).await.unwrap())
    };
    let ((), other) = tokio::join!(busy, other);
    assert_eq!(other, json!(1));
    assert_eq!(one.runtime.process_ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_process_ends_and_the_next_run_starts_another() {
    let bench = Bench::with(Options { idle: Duration::from_millis(100), ..options() });
    assert_eq!(output(bench.script("return 1", json!(0)).await), json!(1));
    let gone = async {
        while !bench.runtime.process_ids().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.unwrap();
    assert_eq!(output(bench.script("return 2", json!(0)).await), json!(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_no_runner_is_an_error_and_not_a_hang() {
    let bench = Bench::with(Options { program: "/nonexistent/runner".into(), ..options() });
    let modules = vec![SourceModule { name: "a.js".into(), code: "export default 1".into() }];
    assert!(matches!(bench.runtime.compile(bench.tenant, modules.clone()).await, Err(Error::Start(_))));
    let bench = Bench::with(Options { program: "/bin/true".into(), ..options() });
    assert!(matches!(bench.runtime.compile(bench.tenant, modules).await, Err(Error::RunnerLost)));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_shutdown_nothing_runs() {
    let bench = Bench::new();
    let modules = bench.compile(&[("wait.js", WAIT)]).await;
    let run = bench.prepare(Kind::Script, modules.clone(), &json!(60_000));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        bench.runtime.shutdown().await;
    };
    let (outcome, ()) = tokio::join!(bench.runtime.run(bench.tenant, run, TestHost::silent()), stop);
    assert_eq!(code(&outcome), "runner_lost");
    let run = bench.prepare(Kind::Script, modules, &Value::Null);
    assert_eq!(code(&bench.runtime.run(bench.tenant, run, TestHost::silent()).await), "runner_lost");
    assert!(bench.runtime.process_ids().is_empty());
}
