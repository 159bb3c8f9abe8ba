//! The built-in modules and globals against Node's own: every case of `tests/node/*.js` runs in both and must come out equal.

use crate::support::{Bench, TestHost};
use bespoke_runtime::Kind;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node")
}

const ENTRY: &str =
    "import cases from './cases.js'; import { run } from './driver.js'; export default () => run(cases);";

/// The results of a file of cases in Node, by name.
fn in_node(file: &Path) -> Map<String, Value> {
    let program = format!(
        "const [{{ default: cases }}, {{ run }}] = await Promise.all([import({file}), import({driver})]);\
         process.stdout.write(JSON.stringify(await run(cases)));",
        file = json!(file),
        driver = json!(folder().join("driver.js")),
    );
    let output = Command::new("node")
        .args([
            "--no-warnings",
            "--experimental-default-type=module",
            "--input-type=module",
            "--eval",
            &program,
        ])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TZ", "UTC")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn in_the_runtime(bench: &Bench, file: &Path) -> Map<String, Value> {
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let (cases, driver) = (read(file), read(&folder().join("driver.js")));
    let modules = bench.compile(&[("entry.js", ENTRY), ("cases.js", &cases), ("driver.js", &driver)]).await;
    let run = bench.prepare(Kind::Script, modules, &Value::Null);
    let outcome = bench.runtime.run(bench.tenant, run, TestHost::silent()).await;
    let output = outcome.result.unwrap_or_else(|failure| panic!("{}: {failure:?}", file.display()));
    serde_json::from_slice(&output).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_and_globals_do_what_nodes_do() {
    let mut bench = Bench::new();
    // The tables of many languages at once.
    bench.limits.memory = 512 << 20;
    bench.limits.cpu = std::time::Duration::from_mins(1);
    bench.limits.wall = std::time::Duration::from_mins(3);
    let mut files: Vec<_> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut different = Vec::new();
    let mut count = 0;
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        if name == "driver" {
            continue;
        }
        let (expected, found) = (in_node(&file), in_the_runtime(&bench, &file).await);
        for (case, expected) in &expected {
            count += 1;
            if found.get(case) != Some(expected) {
                let found = found.get(case).map(ToString::to_string).unwrap_or_default();
                different.push(format!("{name}: {case}\n  Node: {expected}\n  here: {found}"));
            }
        }
    }
    assert!(different.is_empty(), "{} of {count} differ:\n{}", different.len(), different.join("\n"));
    assert!(count > 350, "the cases are there: {count}");
}
