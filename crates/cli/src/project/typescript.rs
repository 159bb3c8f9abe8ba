//! The project's own TypeScript: what it says of the types.

use bespoke_bundler::Diagnostic;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// What came of checking the types.
#[derive(Debug)]
pub(crate) enum Checked {
    /// TypeScript found these.
    Done(Vec<Diagnostic>),
    /// There was nothing to check them with, and why.
    Skipped(String),
}

/// Checks the types of the project at `root` with the compiler in its `node_modules`.
pub(crate) fn check(root: &Path) -> Checked {
    if !root.join("tsconfig.json").is_file() {
        return Checked::Skipped("there is no tsconfig.json".to_owned());
    }
    let Some(compiler) = compiler(root) else {
        return Checked::Skipped("TypeScript is not installed in node_modules".to_owned());
    };
    let mut command = Command::new("node");
    command.arg(compiler).args(["--noEmit", "--pretty", "false", "--project", "tsconfig.json"]);
    match command.current_dir(root).stdin(Stdio::null()).output() {
        Err(error) => Checked::Skipped(format!("node cannot be run: {error}")),
        Ok(Output { status, stdout, stderr }) => {
            let text = String::from_utf8_lossy(&stdout);
            let problems: Vec<_> = diagnostics(&text);
            if problems.is_empty() && !status.success() {
                let said = format!("{text}{}", String::from_utf8_lossy(&stderr));
                let message = format!("TypeScript ended with {status}: {}", said.trim());
                return Checked::Done(vec![of_project(message)]);
            }
            Checked::Done(problems)
        }
    }
}

/// The script of the compiler, which a project may share with the folders above it.
fn compiler(root: &Path) -> Option<PathBuf> {
    let root = root.canonicalize().ok()?;
    root.ancestors()
        .map(|folder| folder.join("node_modules/typescript/bin/tsc"))
        .find(|script| script.is_file())
}

/// Reads `crm/syncs/a.ts(3,14): error TS2322: Type …`; indented lines go on with the one before.
fn diagnostics(text: &str) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for line in text.lines() {
        if line.starts_with(' ') {
            if let Some(last) = found.last_mut() {
                last.message.push('\n');
                last.message.push_str(line);
            }
        } else if let Some(diagnostic) = diagnostic(line) {
            found.push(diagnostic);
        }
    }
    found
}

fn diagnostic(line: &str) -> Option<Diagnostic> {
    if let Some(message) = line.strip_prefix("error ") {
        return Some(of_project(message.to_owned()));
    }
    let (place, message) = line.split_once(": error ")?;
    let (file, position) = place.strip_suffix(')')?.rsplit_once('(')?;
    let (row, column) = position.split_once(',')?;
    let (kind, _) = message.split_once(':')?;
    Some(Diagnostic {
        file: file.to_owned(),
        line: row.parse().ok()?,
        column: column.parse().ok()?,
        kind: kind.to_owned(),
        message: message.to_owned(),
    })
}

fn of_project(message: String) -> Diagnostic {
    Diagnostic {
        file: "tsconfig.json".to_owned(),
        line: 0,
        column: 0,
        kind: "TYPESCRIPT".to_owned(),
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_typescript_says_is_read() {
        let text = "crm/syncs/a.ts(3,14): error TS2322: Type 'number' is not assignable.\n  Because.\nerror TS18003: No inputs.\nnoise\n";
        let found = diagnostics(text);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].file.as_str(), found[0].line, found[0].column), ("crm/syncs/a.ts", 3, 14));
        assert_eq!(found[0].message, "TS2322: Type 'number' is not assignable.\n  Because.");
        assert_eq!(found[1].message, "TS18003: No inputs.");
    }
}
