//! The rules between crates, as ARCHITECTURE.md gives them: who may depend on whom, and who may name which library.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// The arrows between our crates. A new one needs its reason in the commit.
const ARROWS: [(&str, &[&str]); 9] = [
    ("bespoke-core", &[]),
    ("bespoke-store", &["bespoke-core"]),
    ("bespoke-runtime", &["bespoke-core"]),
    ("bespoke-bundler", &["bespoke-core"]),
    ("bespoke-fixtures", &["bespoke-core", "bespoke-runtime"]),
    ("bespoke-engine", &["bespoke-core", "bespoke-fixtures", "bespoke-runtime", "bespoke-store"]),
    ("bespoke-server", &["bespoke-core", "bespoke-engine"]),
    (
        "bespoke",
        &[
            "bespoke-bundler",
            "bespoke-core",
            "bespoke-engine",
            "bespoke-fixtures",
            "bespoke-runtime",
            "bespoke-server",
            "bespoke-store",
        ],
    ),
    (
        "bespoke-testkit",
        &["bespoke-core", "bespoke-engine", "bespoke-runtime", "bespoke-server", "bespoke-store"],
    ),
];

/// Libraries that have one door. Test dependencies do not count.
const DOORS: [(&str, &[&str]); 7] = [
    ("rusqlite", &["bespoke-store", "bespoke-testkit"]),
    ("postgres", &["bespoke-store", "bespoke-testkit"]),
    ("rquickjs", &["bespoke-runtime"]),
    ("rolldown", &["bespoke-bundler"]),
    ("axum", &["bespoke-server"]),
    ("reqwest", &["bespoke-engine", "bespoke", "bespoke-testkit"]),
    ("clap", &["bespoke"]),
];

/// What `core` must not know: it does no I/O.
const NOT_IN_CORE: [&str; 4] = ["tokio", "reqwest", "tracing", "rusqlite"];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let normal = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|one| one["kind"].is_null()).map(|one| text(&one["name"])).collect()
    };
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (text(&package["name"]), normal(package)))
        .collect()
}

#[test]
fn crates_depend_on_each_other_only_along_the_arrows() {
    let dependencies = dependencies();
    let known: BTreeSet<_> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(dependencies.keys().cloned().collect::<BTreeSet<_>>(), known);
    for (name, allowed) in ARROWS {
        let ours = dependencies[name].iter().filter(|dependency| known.contains(*dependency));
        for dependency in ours {
            assert!(allowed.contains(&dependency.as_str()), "{name} may not depend on {dependency}");
        }
    }
}

#[test]
fn each_library_has_one_door() {
    let dependencies = dependencies();
    for (library, doors) in DOORS {
        for (name, _) in dependencies.iter().filter(|(_, all)| all.contains(library)) {
            assert!(
                doors.contains(&name.as_str()),
                "{name} may not name {library}: its door is {}",
                doors[0]
            );
        }
    }
    for library in NOT_IN_CORE {
        assert!(!dependencies["bespoke-core"].contains(library), "core does no I/O: {library}");
    }
}
