//! `bespoke create`: a new function in a project.

use crate::{
    args::CreateArgs,
    failure::{Failure, Result},
    output,
    project::{init, no_project},
};
use anyhow::Context as _;
use serde_json::json;
use std::fs;

/// Makes the function of `args`.
pub(crate) fn run(args: CreateArgs) -> Result {
    let (integration, name) = init::parse_name(&args.function)?;
    let (root, index) = (args.project.as_path(), args.project.join("index.ts"));
    let imports = fs::read_to_string(&index).map_err(|_| no_project(root))?;
    let (kind, text) = init::function(args.kind, integration, name);
    let path = format!("{integration}/{}/{name}.ts", kind.folder());
    if root.join(&path).exists() {
        return Err(Failure::usage(format!("{path} exists already")));
    }
    init::write_new(&root.join(&path), text.as_bytes())?;
    fs::write(&index, init::with_import(&imports, &path))
        .with_context(|| format!("{} cannot be written", index.display()))?;
    if args.json {
        output::json(&json!({ "file": path, "kind": kind, "integration": integration, "name": name }));
    } else {
        output::line(format!("Made {path} and its line in index.ts. `bespoke compile` checks it."));
    }
    Ok(())
}
