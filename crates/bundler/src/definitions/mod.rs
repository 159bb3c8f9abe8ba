//! What functions say of themselves: description, frequency, models, schemas.
//!
//! A definition is the value of a program, so it is read by running one: [`bundle`] makes a module that imports every
//! function and whose default export, a function, returns their definitions as JSON; the function runtime runs it;
//! [`read`] takes the JSON, judges it and gives [`Definition`]s or the problems, each in its TypeScript file.

mod check;

use crate::{
    Diagnostic, FunctionFile, Project, Selection,
    build::{Entry, Splitting, build},
    plugin::VirtualModules,
    threads::with_big_stacks,
};
use bespoke_core::function::{Definition, Module};
use serde::Deserialize;
use std::{fmt::Write, fs, path::Path};

/// The virtual module that the program begins with.
const ENTRY: &str = "bespoke:definitions";

/// The virtual module that does the reading.
const DESCRIBE: &str = "bespoke:describe";

/// Functions whose definitions one program reads in [`programs`]: the schemas of all of them are in memory at once.
const PART: usize = 400;

/// Makes the program that returns the definitions of the functions that `selection` means: its modules by name, the entry first.
///
/// Its entry's default export is a function without arguments. It returns an array for [`read`].
pub fn bundle(project: &Project, selection: &Selection) -> Result<Vec<(String, Module)>, Vec<Diagnostic>> {
    bundle_files(project, &project.select(selection).collect::<Vec<_>>())
}

/// The same for projects of any size: programs whose arrays, one after the other, are the array for [`read`].
pub fn programs<'a>(
    project: &'a Project,
    selection: &'a Selection,
) -> impl Iterator<Item = Result<Vec<(String, Module)>, Vec<Diagnostic>>> + 'a {
    let files: Vec<_> = project.select(selection).collect();
    let parts: Vec<Vec<_>> = files.chunks(PART).map(<[_]>::to_vec).collect();
    parts.into_iter().map(|files| bundle_files(project, &files))
}

fn bundle_files(
    project: &Project,
    files: &[&FunctionFile],
) -> Result<Vec<(String, Module)>, Vec<Diagnostic>> {
    let entry = Entry { name: "definitions".to_owned(), import: ENTRY.to_owned() };
    let virtual_modules = VirtualModules {
        modules: [
            (ENTRY.to_owned(), program(project, files)),
            (DESCRIBE.to_owned(), include_str!("../js/definitions.js").to_owned()),
        ]
        .into(),
        ..VirtualModules::default()
    };
    let chunks = with_big_stacks(|runtime| {
        build(runtime, &project.root, vec![entry], virtual_modules, Splitting::Single)
    })?;
    Ok(chunks.into_iter().map(|chunk| (chunk.name, chunk.module)).collect())
}

/// The text of the entry.
fn program(project: &Project, files: &[&FunctionFile]) -> String {
    let mut imports = format!("import {{ describe }} from '{DESCRIBE}';\n");
    let to_json_schema = match zod_package(&project.root) {
        Some(package) => {
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(imports, "import {{ toJSONSchema }} from '{package}';");
            "toJSONSchema"
        }
        None => "undefined",
    };
    let mut functions = String::new();
    for (index, file) in files.iter().enumerate() {
        // A namespace, so that a missing default export is our error and not the bundler's about this text.
        let path = project.root.join(&file.path);
        let _ = writeln!(imports, "import * as exports{index} from {};", quoted(&path.to_string_lossy()));
        let (integration, name) = (quoted(&file.integration), quoted(&file.name));
        let _ = writeln!(
            functions,
            "    {{ integration: {integration}, name: {name}, exports: exports{index} }},"
        );
    }
    format!("{imports}export default () => describe({to_json_schema}, [\n{functions}]);\n")
}

/// `text` as a JavaScript string literal.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What the zod 4 that the project has installed is imported as, by the version that its package states.
fn zod_package(root: &Path) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Package {
        version: String,
    }
    let package = root.ancestors().find_map(|folder| {
        let text = fs::read_to_string(folder.join("node_modules/zod/package.json")).ok()?;
        serde_json::from_str::<Package>(&text).ok()
    })?;
    let mut parts = package.version.split('.').map_while(|part| part.parse::<u32>().ok());
    match (parts.next()?, parts.next()?) {
        (4.., _) => Some("zod"),
        // zod 4 was first shipped inside zod 3.
        (3, 25..) => Some("zod/v4"),
        _ => None,
    }
}

/// One element of what the program returns.
#[derive(Deserialize)]
struct Described {
    problems: Vec<Problem>,
    /// `sync`, `action` or `onEvent`; absent when there is no function at all.
    #[serde(default, rename = "type")]
    kind: String,
    /// The fields of a [`Definition`], without what the path says.
    #[serde(flatten)]
    fields: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Problem {
    property: String,
    message: String,
}

/// Reads what the program of [`bundle`] returned for the same project and selection.
///
/// Definitions are in the order of the selected functions.
pub fn read(
    project: &Project,
    selection: &Selection,
    json: &str,
) -> Result<Vec<Definition>, Vec<Diagnostic>> {
    let files: Vec<_> = project.select(selection).collect();
    let unreadable = |message: String| vec![Diagnostic::of_file(".", "DEFINITIONS", message)];
    let described: Vec<Described> = serde_json::from_str(json)
        .map_err(|error| unreadable(format!("the functions' definitions cannot be read: {error}")))?;
    if described.len() != files.len() {
        return Err(unreadable(format!("{} definitions came back of {}", described.len(), files.len())));
    }

    let mut definitions = Vec::new();
    let mut problems = Vec::new();
    for (file, described) in files.iter().zip(described) {
        let mut report = check::Report::new(project, file, &mut problems);
        for Problem { property, message } in described.problems {
            report.problem(&property, "INVALID_DEFINITION", message);
        }
        if described.kind.is_empty() || !report.kind_fits_folder(&described.kind) {
            continue;
        }
        match definition(file, described.fields) {
            Ok(definition) => {
                report.check(&definition);
                definitions.push(definition);
            }
            Err(error) => report.problem("default", "INVALID_DEFINITION", error.to_string()),
        }
    }
    check::duplicate_models(project, &definitions, &files, &mut problems);
    if problems.is_empty() { Ok(definitions) } else { Err(problems) }
}

fn definition(
    file: &FunctionFile,
    mut fields: serde_json::Map<String, serde_json::Value>,
) -> Result<Definition, serde_json::Error> {
    fields.insert("integration".to_owned(), file.integration.clone().into());
    fields.insert("kind".to_owned(), file.kind.as_str().into());
    fields.insert("name".to_owned(), file.name.clone().into());
    serde_json::from_value(fields.into())
}
