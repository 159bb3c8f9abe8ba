//! Which files of a project change, as they change.

use crate::failure::Result;
use anyhow::Context as _;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

/// Editors save in several steps: what comes within this time belongs together.
const TOGETHER: Duration = Duration::from_millis(40);

/// The changes of a project's files.
pub(super) struct Changes {
    root: PathBuf,
    events: Receiver<notify::Result<Event>>,
    /// Watches as long as it is there.
    _watcher: RecommendedWatcher,
}

impl Changes {
    /// Watches the project in `folder` from now on.
    pub(super) fn watch(folder: &Path) -> Result<Self> {
        let unwatchable = || format!("the folder `{}` cannot be watched", folder.display());
        let root = folder.canonicalize().with_context(unwatchable)?;
        let (sender, events) = channel();
        let mut watcher = notify::recommended_watcher(sender).with_context(unwatchable)?;
        watcher.watch(&root, RecursiveMode::Recursive).with_context(unwatchable)?;
        Ok(Self { root, events, _watcher: watcher })
    }

    /// Waits until sources change: their paths from the root, with `/` between folders. `None` when nothing is watched
    /// any more.
    pub(super) fn next(&mut self) -> Option<BTreeSet<String>> {
        loop {
            let mut files = self.files(self.events.recv().ok()?);
            while let Ok(event) = self.events.recv_timeout(TOGETHER) {
                files.extend(self.files(event));
            }
            if !files.is_empty() {
                return Some(files);
            }
        }
    }

    fn files(&self, event: notify::Result<Event>) -> BTreeSet<String> {
        // What the watcher could not tell is told by the next save.
        let Ok(event) = event else { return BTreeSet::new() };
        if matches!(event.kind, EventKind::Access(_)) {
            return BTreeSet::new();
        }
        let paths = event.paths.iter().filter_map(|path| path.strip_prefix(&self.root).ok());
        paths.filter(|path| is_source(path)).map(|path| path.to_string_lossy().replace('\\', "/")).collect()
    }
}

/// Whether a file can be part of a function: not of a package, and of no hidden folder.
fn is_source(path: &Path) -> bool {
    let elsewhere = path.components().any(|part| match part {
        Component::Normal(name) => name == "node_modules" || name.to_string_lossy().starts_with('.'),
        _ => true,
    });
    let is_code = path
        .extension()
        .is_some_and(|extension| ["ts", "mts", "js", "mjs", "json"].iter().any(|known| extension == *known));
    let is_fixture = path.to_string_lossy().ends_with(".test.json");
    !elsewhere && is_code && !is_fixture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sources_count() {
        for source in ["index.ts", "crm/syncs/a.ts", "shared/x.json"] {
            assert!(is_source(Path::new(source)), "{source}");
        }
        for other in [
            "node_modules/zod/index.js",
            ".git/x.ts",
            "a.ts~",
            "README.md",
            ".bespoke/types/index.d.ts",
            "crm/tests/a.test.json",
        ] {
            assert!(!is_source(Path::new(other)), "{other}");
        }
    }
}
