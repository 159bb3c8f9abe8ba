//! What new projects and new functions begin with.

use crate::{
    args::NewKind,
    failure::{Failure, Result},
};
use anyhow::Context as _;
use bespoke_core::function::FunctionKind;
use include_dir::{Dir, DirEntry, include_dir};
use std::{
    fs,
    path::{Path, PathBuf},
};

static PROJECT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/project");

/// The files of a new project, with their paths from its root.
pub(crate) fn files() -> Vec<(PathBuf, &'static [u8])> {
    fn walk(folder: &'static Dir<'static>, found: &mut Vec<(PathBuf, &'static [u8])>) {
        for entry in folder.entries() {
            match entry {
                DirEntry::Dir(folder) => walk(folder, found),
                DirEntry::File(file) => found.push((target(file.path()), file.contents())),
            }
        }
    }
    let mut found = Vec::new();
    walk(&PROJECT, &mut found);
    found.sort();
    found
}

/// Files whose name begins with a dot lie here without it, so that they mean nothing to this repository's own tools.
fn target(path: &Path) -> PathBuf {
    match path.to_str() {
        Some("gitignore") => ".gitignore".into(),
        Some("env.example") => ".env.example".into(),
        _ => path.to_owned(),
    }
}

/// Writes a file that is not there yet.
pub(crate) fn write_new(path: &Path, text: &[u8]) -> Result {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    Ok(written.with_context(|| format!("{} cannot be written", path.display()))?)
}

/// The text of a new function, and what it is once it is there.
pub(crate) fn function(kind: NewKind, integration: &str, name: &str) -> (FunctionKind, String) {
    let (kind, template) = match kind {
        NewKind::Sync => (FunctionKind::Sync, include_str!("../../templates/functions/sync.ts")),
        NewKind::Action => (FunctionKind::Action, include_str!("../../templates/functions/action.ts")),
        NewKind::OnEvent => (FunctionKind::OnEvent, include_str!("../../templates/functions/on-event.ts")),
        NewKind::Webhook => (FunctionKind::Sync, include_str!("../../templates/functions/webhook.ts")),
    };
    let words = capitalised(&name.replace(['-', '_'], " "));
    let text = template.replace("__MODEL__", &model(name)).replace("__NAME__", &words);
    (kind, text.replace("__INTEGRATION__", integration))
}

/// `open-deals` saves the model `OpenDeals`.
fn model(name: &str) -> String {
    let words = name.split(|character: char| !character.is_ascii_alphanumeric());
    let model: String = words.map(capitalised).collect();
    // A model's name has two characters and begins with a letter.
    if model.len() > 1 && model.starts_with(|first: char| first.is_ascii_uppercase()) {
        model
    } else {
        format!("Model{model}")
    }
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}

/// Adds the import of a function to the text of `index.ts`, which is sorted where it was sorted before.
pub(crate) fn with_import(index: &str, path: &str) -> String {
    let line = format!("import './{}.js';", path.trim_end_matches(".ts"));
    if index
        .lines()
        .any(|there| there.trim_end().trim_end_matches(';').replace('"', "'") == line.trim_end_matches(';'))
    {
        return index.to_owned();
    }
    let mut lines: Vec<&str> = index.lines().collect();
    let sorted = lines.is_sorted();
    let place = if sorted { lines.partition_point(|there| *there < line.as_str()) } else { lines.len() };
    lines.insert(place, &line);
    lines.join("\n") + "\n"
}

/// Reads `<integration>/<name>`.
pub(crate) fn parse_name(text: &str) -> Result<(&str, &str)> {
    let word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    let parts = text.split_once('/').filter(|(integration, name)| {
        !integration.is_empty() && !integration.starts_with('.') && !integration.contains('\\') && word(name)
    });
    parts.ok_or_else(|| {
        Failure::usage(format!(
            "`{text}` is not `<integration>/<name>`; a name has letters, digits, `_` and `-`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_finds_its_place() {
        let sorted = "import './a/syncs/x.js';\nimport './c/syncs/x.js';\n";
        let expected = "import './a/syncs/x.js';\nimport './b/syncs/y.js';\nimport './c/syncs/x.js';\n";
        assert_eq!(with_import(sorted, "b/syncs/y.ts"), expected);
        assert_eq!(with_import(expected, "b/syncs/y.ts"), expected);
        assert_eq!(with_import("", "b/syncs/y.ts"), "import './b/syncs/y.js';\n");
        let unsorted = "import './c/syncs/x.js';\nimport './a/syncs/x.js';\n";
        assert!(
            with_import(unsorted, "b/syncs/y.ts").ends_with("a/syncs/x.js';\nimport './b/syncs/y.js';\n")
        );
    }

    #[test]
    fn models_are_named_after_their_sync() {
        for (name, expected) in
            [("open-deals", "OpenDeals"), ("contacts", "Contacts"), ("x", "ModelX"), ("2fa", "Model2fa")]
        {
            assert_eq!(model(name), expected);
        }
        assert!(parse_name("crm/open-deals").is_ok());
        for bad in ["crm", "/x", "crm/", "crm/a b", "../x", "crm/a/b"] {
            assert!(parse_name(bad).is_err(), "{bad}");
        }
    }
}
