//! Which functions are tested, and with which fixtures.

use crate::failure::{Failure, Result};
use bespoke_bundler::{FunctionFile, Project};
use bespoke_core::function::FunctionKind;
use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

/// How fixtures end.
const SUFFIX: &str = ".test.json";

/// What the command line names.
#[derive(Debug)]
pub(super) struct Targets {
    /// The project.
    pub(super) root: PathBuf,
    /// What is meant of it; all where there are none.
    names: Vec<Target>,
}

#[derive(Debug)]
enum Target {
    /// A file or folder, from the project's root.
    Path(PathBuf),
    /// An integration, a function, or `integration/function`.
    Name(String),
}

/// A function and one of its fixtures.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) file: FunctionFile,
    /// From the project's root.
    pub(super) fixture: String,
}

/// What there is to do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) cases: Vec<Case>,
    /// Functions without a fixture: their files.
    pub(super) untested: Vec<String>,
    /// Fixtures without a function.
    pub(super) orphans: Vec<String>,
}

/// Finds the project and what is meant of it.
pub(super) fn targets(given: &[String]) -> Result<Targets> {
    let mut root = None;
    let mut names = Vec::new();
    for target in given {
        let path = Path::new(target);
        match path.canonicalize() {
            Ok(path) => {
                let found = root_of(&path).ok_or_else(|| no_project(&path))?;
                if root.as_ref().is_some_and(|root| *root != found) {
                    return Err(Failure::usage("all files and folders must be of one project"));
                }
                let below = path.strip_prefix(&found).unwrap_or(Path::new("")).to_owned();
                root = Some(found);
                if below.as_os_str().is_empty() {
                    continue;
                }
                names.push(Target::Path(below));
            }
            Err(_) => names.push(Target::Name(target.clone())),
        }
    }
    let here = || Path::new(".").canonicalize().map_err(|error| Failure::usage(error.to_string()));
    let root = if let Some(root) = root {
        root
    } else {
        let here = here()?;
        root_of(&here).ok_or_else(|| no_project(&here))?
    };
    Ok(Targets { root, names })
}

/// The nearest folder from here up that has an `index.ts` and is not an integration's.
fn root_of(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|folder| folder.join("index.ts").is_file()).map(Path::to_owned)
}

fn no_project(path: &Path) -> Failure {
    Failure::usage(format!(
        "`{}` is in no project: no folder above it has an index.ts; `bespoke init` makes one",
        path.display()
    ))
}

impl Targets {
    fn matches(&self, file: &FunctionFile, fixture: Option<&str>) -> bool {
        self.names.is_empty() || self.names.iter().any(|target| target.matches(file, fixture))
    }
}

impl Target {
    fn matches(&self, file: &FunctionFile, fixture: Option<&str>) -> bool {
        match self {
            Self::Path(path) => {
                Path::new(&file.path).starts_with(path)
                    || fixture.is_some_and(|fixture| Path::new(fixture).starts_with(path))
            }
            Self::Name(name) => {
                *name == file.integration
                    || *name == file.name
                    || *name == format!("{}/{}", file.integration, file.name)
                    || *name == file.path
                    || Some(name.as_str()) == file.path.strip_suffix(".ts")
            }
        }
    }
}

/// The cases of the project that `targets` means.
pub(super) fn plan(project: &Project, targets: &Targets) -> Result<Plan> {
    let mut by_integration: BTreeMap<&str, Vec<&FunctionFile>> = BTreeMap::new();
    for file in &project.functions {
        by_integration.entry(&file.integration).or_default().push(file);
    }
    let mut plan = Plan::default();
    let mut tested = HashSet::new();
    for (integration, files) in &by_integration {
        for fixture in fixtures(project.root(), integration) {
            let Some(file) = function_of(project.root(), &fixture, files) else {
                plan.orphans.push(fixture);
                continue;
            };
            tested.insert(&file.path);
            if targets.matches(file, Some(&fixture)) {
                plan.cases.push(Case { file: file.clone(), fixture });
            }
        }
    }
    let untested = project
        .functions
        .iter()
        .filter(|file| file.kind != FunctionKind::Config && !tested.contains(&file.path));
    plan.untested =
        untested.filter(|file| targets.matches(file, None)).map(|file| file.path.clone()).collect();
    if !targets.names.is_empty() {
        plan.orphans.clear();
    }
    if plan.cases.is_empty() && plan.untested.is_empty() {
        return Err(Failure::usage(format!(
            "the project in `{}` has no such function",
            targets.root.display()
        )));
    }
    Ok(plan)
}

/// The fixtures of an integration, from the project's root, by name.
fn fixtures(root: &Path, integration: &str) -> Vec<String> {
    // An integration without tests has no such folder.
    let Ok(entries) = fs::read_dir(root.join(integration).join("tests")) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(SUFFIX)).collect();
    names.sort();
    names.into_iter().map(|name| format!("{integration}/tests/{name}")).collect()
}

/// The function that a fixture is of: `<function>.test.json`, or with more after the function's name for further cases. Where
/// a sync and an action share the name, the content decides.
fn function_of<'a>(root: &Path, fixture: &str, files: &[&'a FunctionFile]) -> Option<&'a FunctionFile> {
    let stem = Path::new(fixture).file_name()?.to_str()?.strip_suffix(SUFFIX)?;
    let integration = &files.first()?.integration;
    let without = stem.strip_prefix(integration.as_str()).and_then(|rest| rest.strip_prefix('-'));
    let named = |stem: &str| {
        let fits = |file: &&&FunctionFile| {
            if file.kind == FunctionKind::Config {
                return false;
            }
            let rest = stem.strip_prefix(file.name.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
        };
        let longest = files.iter().filter(fits).map(|file| file.name.len()).max()?;
        let all = files.iter().filter(fits).filter(|file| file.name.len() == longest);
        Some(all.copied().collect::<Vec<_>>())
    };
    let candidates = named(stem).or_else(|| named(without?))?;
    match candidates.as_slice() {
        [one] => Some(one),
        several => {
            let text = fs::read_to_string(root.join(fixture)).unwrap_or_default();
            let kind = if text.contains("\"batchSave\"") { FunctionKind::Sync } else { FunctionKind::Action };
            several.iter().find(|file| file.kind == kind).copied()
        }
    }
}

/// The cases, integration by integration; those of one function follow each other.
pub(super) fn by_integration(cases: Vec<Case>) -> Vec<Vec<Case>> {
    let mut groups: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for case in cases {
        groups.entry(case.file.integration.clone()).or_default().push(case);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    // The largest first, so that no processor is left with it at the end.
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    for group in &mut groups {
        group.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kind: FunctionKind, name: &str) -> FunctionFile {
        let path = format!("crm/{}/{name}.ts", kind.folder());
        FunctionFile { integration: "crm".into(), kind, name: name.into(), path }
    }

    #[test]
    fn a_fixture_belongs_to_the_function_with_the_longest_name() {
        let files = [
            file(FunctionKind::Action, "get"),
            file(FunctionKind::Action, "get-contact"),
            file(FunctionKind::Sync, "deals"),
        ];
        let files: Vec<_> = files.iter().collect();
        let name = |fixture: &str| {
            let found = function_of(Path::new("/nowhere"), &format!("crm/tests/{fixture}.test.json"), &files);
            found.map(|file| file.name.as_str())
        };
        assert_eq!(name("get"), Some("get"));
        assert_eq!(name("get-contact"), Some("get-contact"));
        assert_eq!(name("get-contact.empty"), Some("get-contact"));
        assert_eq!(name("get-contact-empty"), Some("get-contact"));
        assert_eq!(name("crm-deals"), Some("deals"));
        assert_eq!(name("get-contacts"), Some("get"));
        assert_eq!(name("other"), None);
    }
}
