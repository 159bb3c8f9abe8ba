//! A project of functions on disk: which there are, by its `index.ts`.

use crate::Diagnostic;
use bespoke_core::function::FunctionKind;
use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::{Path, PathBuf},
};

/// The file that lists a project's functions.
const INDEX: &str = "index.ts";

/// The server takes no longer name.
const MAX_NAME_CHARACTERS: usize = 255;

/// A folder with an `index.ts` that imports every function to deploy.
#[derive(Clone, Debug)]
pub struct Project {
    pub(crate) root: PathBuf,
    /// The functions, in the order of `index.ts`.
    pub functions: Vec<FunctionFile>,
}

/// A function's file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionFile {
    /// The integration's `unique_key`: the first folder.
    pub integration: String,
    /// By the folder below it: `syncs`, `actions` or `on-events`; `config.ts` is in none.
    pub kind: FunctionKind,
    /// The file's base name.
    pub name: String,
    /// From the project's root, with `/` between folders: `hubspot/syncs/contacts.ts`.
    pub path: String,
}

/// Which functions of a project are meant. The default is all of them.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only those of this integration.
    pub integration: Option<String>,
    /// Only those of this kind.
    pub kind: Option<FunctionKind>,
    /// Only those of this name.
    pub name: Option<String>,
    /// Only those in these files, as [`FunctionFile::path`] has them.
    pub files: Option<BTreeSet<String>>,
}

impl Selection {
    /// Whether `file` is one of them.
    pub fn matches(&self, file: &FunctionFile) -> bool {
        self.integration.as_ref().is_none_or(|integration| *integration == file.integration)
            && self.kind.is_none_or(|kind| kind == file.kind)
            && self.name.as_ref().is_none_or(|name| *name == file.name)
            && self.files.as_ref().is_none_or(|files| files.contains(&file.path))
    }
}

impl Project {
    /// Reads the project at `root`: every line `import './<integration>/<syncs|actions|on-events>/<name>.js'` of its
    /// `index.ts` is a function.
    ///
    /// The `config.ts` of an integration with functions belongs to the project without a line of its own.
    ///
    /// All problems are reported at once: a line of another form, a file that is missing, a function named twice.
    pub fn read(root: &Path) -> Result<Self, Vec<Diagnostic>> {
        let fail = |message: String| vec![Diagnostic::of_file(INDEX, "PROJECT", message)];
        // The bundler reports real paths; ours must be of the same kind to be comparable.
        let root = root
            .canonicalize()
            .map_err(|error| fail(format!("the folder `{}` cannot be read: {error}", root.display())))?;
        let index = fs::read_to_string(root.join(INDEX)).map_err(|error| {
            fail(format!("a project lists its functions in `{}`: {error}", root.join(INDEX).display()))
        })?;

        let mut functions = Vec::new();
        let mut problems = Vec::new();
        let mut seen = HashSet::new();
        for (number, line) in (1..).zip(index.lines()) {
            let Some(specifier) = imported(line) else { continue };
            let column = line.find(specifier).map_or(0, |bytes| 1 + bytes as u32);
            let mut problem = |kind: &str, message: String| {
                problems.push(Diagnostic::of_file(INDEX, kind, message).at(number, column));
            };
            match FunctionFile::from_specifier(specifier) {
                Err(message) => problem("PROJECT", message),
                Ok(file) if !root.join(&file.path).is_file() => {
                    problem("FILE_NOT_FOUND", format!("`{}` does not exist", file.path));
                }
                Ok(file) if !seen.insert(file.path.clone()) => {
                    problem("DUPLICATE", format!("`{}` is imported twice", file.path));
                }
                Ok(file) => functions.push(file),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        functions.extend(configurations(&root, &functions));
        if functions.is_empty() {
            return Err(fail(
                "it imports no function; expected lines such as \
                 `import './hubspot/syncs/contacts.js'`"
                    .to_owned(),
            ));
        }
        Ok(Self { root, functions })
    }

    /// The project's folder: absolute, without symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The functions that `selection` means, in the order of `index.ts`.
    pub fn select<'a>(&'a self, selection: &'a Selection) -> impl Iterator<Item = &'a FunctionFile> {
        self.functions.iter().filter(|file| selection.matches(file))
    }
}

/// The configurations of the functions' integrations that no line names. A `config.ts` that makes none is the author's own.
fn configurations(root: &Path, functions: &[FunctionFile]) -> Vec<FunctionFile> {
    let mut found: Vec<FunctionFile> = Vec::new();
    for file in functions {
        let config = FunctionFile::config(&file.integration);
        if functions.contains(&config) || found.contains(&config) {
            continue;
        }
        let text = fs::read_to_string(root.join(&config.path)).unwrap_or_default();
        if text.contains("createConfig") {
            found.push(config);
        }
    }
    found
}

/// The relative path that a line imports for its effect alone: `import './a/syncs/b.js';`.
///
/// Only such lines, at the start of a line, name functions; every other is left to the author.
fn imported(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("import")?.trim_start();
    let quote = rest.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    let (specifier, _) = rest[1..].split_once(quote)?;
    specifier.starts_with("./").then_some(specifier)
}

impl FunctionFile {
    fn from_specifier(specifier: &str) -> Result<Self, String> {
        let path = specifier.trim_start_matches("./");
        let stem = path.strip_suffix(".js").or_else(|| path.strip_suffix(".ts")).unwrap_or(path);
        if let Some(integration) = stem.strip_suffix("/config").filter(|rest| !rest.contains('/')) {
            return Ok(Self::config(integration));
        }
        let mut parts = stem.split('/');
        let (Some(integration), Some(folder), Some(name), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(format!(
                "`{specifier}` is not `./<integration>/<syncs|actions|on-events>/<name>.js`"
            ));
        };
        let Some(kind) = FunctionKind::RUNNING.into_iter().find(|kind| kind.folder() == folder) else {
            return Err(format!("`{folder}` in `{specifier}` is not one of `syncs`, `actions`, `on-events`"));
        };
        if integration.is_empty() || integration == ".." {
            return Err(format!("`{specifier}` names no integration"));
        }
        let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
        if name.is_empty() || name.len() > MAX_NAME_CHARACTERS || !name.chars().all(allowed) {
            return Err(format!(
                "`{name}` is not a function name: up to {MAX_NAME_CHARACTERS} of letters, digits, `_` and `-`"
            ));
        }
        Ok(Self {
            integration: integration.to_owned(),
            kind,
            name: name.to_owned(),
            path: format!("{integration}/{folder}/{name}.ts"),
        })
    }

    fn config(integration: &str) -> Self {
        Self {
            integration: integration.to_owned(),
            kind: FunctionKind::Config,
            name: FunctionKind::CONFIG.to_owned(),
            path: format!("{integration}/config.ts"),
        }
    }

    /// A name for the function's bundle that no other function of the project has.
    pub(crate) fn entry_name(&self) -> String {
        format!("{}_{}", self.integration, self.kind.place(&self.name).replace('/', "_"))
    }
}
