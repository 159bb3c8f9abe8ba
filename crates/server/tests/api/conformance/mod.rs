//! Cases as data: functions, what is done with them, and what must come of it. Every `.yaml` file below this folder is
//! deployed to a real server, run in the real runtime, and run on both databases.
//!
//! To add a case, add a file; [`case::Case`] says what one may hold. `BESPOKE_CASE=checkpoints/` runs those whose path
//! holds that text.

mod case;
mod world;

use bespoke_testkit::both;
use case::Case;
use std::{
    fs,
    path::{Path, PathBuf},
};
use world::World;

/// The cases with their names, in order.
fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/conformance");
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.sort();
    #[expect(clippy::disallowed_methods, reason = "a developer's choice of cases")]
    let wanted = std::env::var("BESPOKE_CASE").unwrap_or_default();
    let named = files.iter().map(|file| {
        let name = file.strip_prefix(&folder).unwrap().with_extension("");
        (name.to_string_lossy().into_owned(), file)
    });
    named
        .filter(|(name, _)| name.contains(&wanted))
        .map(|(name, file)| {
            let text = fs::read_to_string(file).unwrap();
            let case = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, case)
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
}

both! {
    async fn every_case_holds(database) {
        let world = World::new(database).await;
        let mut failed = Vec::new();
        for (name, case) in cases() {
            if let Err(problem) = world.play(&case).await {
                failed.push(format!("{name}: {problem}"));
            }
        }
        assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
    }
}
