//! Ways out of the sandbox, as data: each file of `tests/escapes` is a list of attempts with what must come of them.
//!
//! Every attempt is a run of its own. After each one another run of the same function looks whether anything was left behind.

use crate::support::{Bench, TestHost};
use bespoke_runtime::Kind;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempt {
    name: String,
    /// The body of an async function of `input`, which is `"attack"` in the first run and `"look"` in the second.
    body: String,
    /// What the first run returns; with `error`, the code that it fails with.
    #[serde(default)]
    gives: Value,
    #[serde(default)]
    error: Option<String>,
    /// What the second run returns; the same as the first where it is left out.
    #[serde(default)]
    then: Option<Value>,
}

fn attempts() -> Vec<(String, Attempt)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/escapes");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .flat_map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let all: Vec<Attempt> =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            all.into_iter()
                .map(move |attempt| (file.file_stem().unwrap().to_string_lossy().into_owned(), attempt))
        })
        .collect()
}

/// What a run gave: its output, or `{"error": code}`.
async fn run(bench: &Bench, modules: &std::sync::Arc<[bespoke_runtime::Module]>, input: &str) -> Value {
    let run = bench.prepare(Kind::Script, modules.clone(), &json!(input));
    match bench.runtime.run(bench.tenant, run, TestHost::silent()).await.result {
        Ok(output) => serde_json::from_slice(&output).unwrap(),
        Err(failure) => json!({ "error": failure.code }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_gets_out_and_nothing_stays_behind() {
    let bench = Bench::new().cpu_ms(3000);
    let attempts = attempts();
    assert!(attempts.len() > 40, "the corpus is there: {}", attempts.len());
    let mut wrong = Vec::new();
    for (file, Attempt { name, body, gives, error, then }) in attempts {
        let code = format!("export default async (input) => {{ {body} }};");
        let modules = bench.compile(&[("script.js", &code)]).await;
        let expected = error.map_or(gives, |code| json!({ "error": code }));
        // Twice each: the second engine may have evaluated the modules ahead of its run.
        for (input, expected) in [
            ("attack", &expected),
            ("look", then.as_ref().unwrap_or(&expected)),
            ("attack", &expected),
            ("look", then.as_ref().unwrap_or(&expected)),
        ] {
            let found = run(&bench, &modules, input).await;
            if found != *expected {
                wrong.push(format!("{file}: {name} ({input})\n  expected {expected}\n  found    {found}"));
            }
        }
        // Another function in the same process sees the world as it was.
        let clean = bench
            .script(
                "return [Object.keys(Object.prototype), typeof globalThis.left, [1].map(String), JSON.stringify({a: 1}), 'x'.padEnd(2, 'y'), new URL('https://a/b').href, Buffer.from('a').toString('hex')]",
                json!(0),
            )
            .await;
        let clean: Value = serde_json::from_slice(&clean.result.unwrap()).unwrap();
        assert_eq!(
            clean,
            json!([[], "undefined", ["1"], "{\"a\":1}", "xy", "https://a/b", "61"]),
            "{file}: {name}"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
