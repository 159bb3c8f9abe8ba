//! The bundler on real projects: what it makes is run with Node, what it refuses is read as an author would.
#![allow(clippy::unwrap_used)]

mod bundles;
mod definitions;
mod example;
mod projects;
mod refusals;

use bespoke_bundler::{Bundle, Diagnostic, Project, Selection};
use bespoke_core::function::Module;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// The folder of the fixture projects, with the packages that they use.
fn fixtures() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    assert!(
        folder.join("node_modules/zod").is_dir(),
        "the fixtures' packages are missing: run `make test`, or `npm ci` in {}",
        folder.display()
    );
    folder
}

/// The fixture project that most tests use.
fn shop() -> Project {
    Project::read(&fixtures().join("shop")).unwrap()
}

/// A project of the given files in a folder of its own, with the fixtures' packages.
fn project_folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::os::unix::fs::symlink(fixtures().join("node_modules"), folder.path().join("node_modules")).unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The bundle of a project of the given files.
fn bundle_of(files: &[(&str, &str)]) -> Result<Bundle, Vec<Diagnostic>> {
    let folder = project_folder(files);
    bespoke_bundler::bundle(&Project::read(folder.path())?, &Selection::default())
}

/// Runs the body of an async function over `subject`, the namespace of the first of `modules`, and returns what it returns as JSON.
fn run_with_node(modules: &[(&str, &Module)], body: &str) -> String {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    fs::write(folder.path().join("package.json"), r#"{"type":"module"}"#).unwrap();
    for (name, module) in modules {
        fs::write(folder.path().join(name), &module.code).unwrap();
    }
    let entry = modules[0].0;
    let program = format!(
        "const subject = await import('./{entry}');\nconst result = await (async () => {{ {body} }})();\nconsole.log(JSON.stringify(result));"
    );
    fs::write(folder.path().join("run.js"), program).unwrap();
    let output = Command::new("node").arg("run.js").current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Runs `body` over a function of `bundle`, with exactly the modules that the bundle says it needs.
fn run_function(bundle: &Bundle, name: &str, body: &str) -> String {
    let function = bundle.functions.iter().find(|function| function.file.name == name).unwrap();
    let modules =
        function.modules.iter().map(|name| (name.as_str(), &bundle.modules[name])).collect::<Vec<_>>();
    run_with_node(&modules, body)
}
