//! `bespoke init`: a new project that compiles and deploys at once.

use crate::{
    args::InitArgs,
    failure::{Failure, Result},
    output,
    project::{init, types},
};
use serde::Serialize;
use std::{fs, path::Path, process::Command, process::Stdio};

#[derive(Serialize)]
struct Made {
    folder: String,
    files: Vec<String>,
    installed: bool,
}

/// Makes the project of `args`.
pub(crate) fn run(args: InitArgs) -> Result {
    let root = args.folder.as_path();
    let files = init::files();
    let there: Vec<_> = files
        .iter()
        .filter(|(path, _)| root.join(path).exists())
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !there.is_empty() {
        let message = format!("`{}` has {} already; nothing was written", root.display(), there.join(", "));
        return Err(Failure::usage(message));
    }
    for (path, text) in &files {
        init::write_new(&root.join(path), text)?;
    }
    types::write(root)?;
    let installed = !args.no_install && install(root);
    let folder = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned()).display().to_string();
    if args.json {
        let files = files.iter().map(|(path, _)| path.display().to_string()).collect();
        output::json(&Made { folder, files, installed });
        return Ok(());
    }
    output::line(format!("Made a project with a sync, an action and a fixture of each in {folder}."));
    output::line("\nNext:");
    if root != Path::new(".") {
        output::line(format!("  cd {}", root.display()));
    }
    if !installed {
        output::line("  npm install            # zod, and TypeScript for the types");
    }
    output::line("  bespoke compile        # bundle everything, check the types");
    output::line("  cp .env.example .env   # which server, and its key; the README says the rest");
    Ok(())
}

/// Installs the packages where npm is there. A failure is told, and is not ours.
fn install(root: &Path) -> bool {
    let busy = output::busy("Installing zod and TypeScript with npm");
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(root);
    let ended = npm.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    drop(busy);
    match ended {
        Ok(status) if status.success() => true,
        Ok(status) => {
            output::note(format!("`npm install` ended with {status}; run it yourself to see why"));
            false
        }
        Err(_) => false,
    }
}
