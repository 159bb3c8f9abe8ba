//! The types of `bespoke` that authors' editors read, in `.bespoke/types` of a project: always those of this program.

use crate::failure::Result;
use anyhow::Context as _;
use include_dir::{Dir, include_dir};
use std::{fs, path::Path};

/// Where they are in a project.
const FOLDER: &str = ".bespoke/types";
const INDEX: &str = include_str!("../../../../packages/bespoke/index.d.ts");
static TYPES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../packages/bespoke/types");

/// Writes the types into the project at `root`. Whether anything was different.
pub(crate) fn write(root: &Path) -> Result<bool> {
    let folder = root.join(FOLDER);
    let mut changed = false;
    let inside = TYPES.files().map(|file| (Path::new("types").join(file.path()), file.contents()));
    for (path, text) in inside.chain([("index.d.ts".into(), INDEX.as_bytes())]) {
        let path = folder.join(path);
        if fs::read(&path).is_ok_and(|there| there == text) {
            continue;
        }
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.with_context(|| format!("{} cannot be written", path.display()))?;
        changed = true;
    }
    Ok(changed)
}

/// Brings them up to date where `bespoke init` has put them; other projects get theirs otherwise.
pub(crate) fn refresh(root: &Path) -> Result {
    if root.join(FOLDER).is_dir() {
        write(root)?;
    }
    Ok(())
}
