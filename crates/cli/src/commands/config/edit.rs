//! `bespoke config edit`: a configuration in the user's editor.

use super::{
    changes,
    server::{self, Current, Place},
};
use crate::{
    args::config::ConfigWrite,
    failure::{Failure, Result, chain},
    output, settings,
};
use anyhow::Context as _;
use serde_json::Value;
use std::{fmt::Write as _, fs, path::Path, process::Command};
use tempfile::TempPath;

/// Begins the lines at the top that are for the reader only.
const COMMENT: &str = "//";

/// Lets the user edit until the server takes it, or the user gives up. What it was, and what it is; nothing where nothing
/// was changed.
pub(super) async fn edit(place: &Place, write: &ConfigWrite) -> Result<Option<(Current, Current)>> {
    let current = place.read().await?;
    let file = draft(&place.connection)?;
    let outline = place.outline().await?;
    let mut text = format!("{:#}\n", current.document());
    let mut problem: Option<String> = None;
    loop {
        fs::write(&file, format!("{}{text}", head(problem.as_deref(), &outline)))
            .with_context(|| format!("{} cannot be written", file.display()))?;
        open(&file)?;
        let read = fs::read_to_string(&file);
        let read = read.with_context(|| format!("{} cannot be read", file.display()))?;
        let edited = without_head(&read);
        match problem {
            _ if edited.trim().is_empty() => return Ok(None),
            None if edited == text => return Ok(None),
            Some(problem) if edited == text => return Err(kept(file, &problem)),
            _ => {}
        }
        text = edited.to_owned();
        let document = match serde_json::from_str::<Value>(&text) {
            Ok(document) if document.is_object() => document,
            Ok(_) => {
                problem = Some("A configuration is a JSON object".to_owned());
                continue;
            }
            Err(error) => {
                problem = Some(syntax(&error, outline.len()));
                continue;
            }
        };
        if document == current.document() {
            return Ok(None);
        }
        match place.write(&current, &document, write, false).await {
            Ok(written) => return Ok(Some((current, written))),
            Err(failure) if server::is_conflict(&failure) => {
                return Err(conflict(place, &current, file).await);
            }
            Err(failure) => match server::refusal(&failure) {
                Some(refusal) if refusal.is_of_content() => problem = Some(refusal.to_string()),
                _ => {
                    let Failure::Other(error) = failure else { return Err(failure) };
                    return Err(kept(file, &chain(&error)));
                }
            },
        }
    }
}

/// A new file that only this user can read, named for the connection.
fn draft(connection: &str) -> Result<TempPath> {
    let name: String = connection.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let file = tempfile::Builder::new().prefix(&format!("bespoke-{name}-")).suffix(".json").tempfile();
    Ok(file.context("a file for the editor cannot be made")?.into_temp_path())
}

/// The lines above the draft.
fn head(problem: Option<&str>, outline: &[String]) -> String {
    let mut text = String::new();
    let given_up = "Save to try again, or leave it as it is to give up.";
    let problem = problem.into_iter().flat_map(|problem| problem.lines().chain([given_up]));
    for line in problem.chain(outline.iter().map(String::as_str)) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{COMMENT} {line}");
    }
    text
}

fn without_head(text: &str) -> &str {
    let mut rest = text;
    while rest.trim_start().starts_with(COMMENT) {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest
}

/// A syntax error, with the line that it has below a head with so many lines of outline.
fn syntax(error: &serde_json::Error, outline: usize) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    // This line and the one that says what to do.
    format!("Not JSON: {what}, line {} column {}", error.line() + 2 + outline, error.column())
}

fn open(file: &Path) -> Result {
    let editor = settings::editor();
    // It may have arguments, as in `code --wait`.
    let script = format!("{editor} \"$1\"");
    let status = Command::new("sh").args(["-c", &script, "sh"]).arg(file).status();
    let status = status.with_context(|| format!("the editor `{editor}` cannot be started"))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::usage(format!("the editor `{editor}` ended with {status}; nothing was written")))
}

/// Says where the draft is left.
fn kept(file: TempPath, why: &str) -> Failure {
    let place = file.keep().map_or_else(|error| error.to_string(), |path| path.display().to_string());
    Failure::Other(anyhow::anyhow!("{why}; nothing was written. Your draft is in {place}"))
}

async fn conflict(place: &Place, known: &Current, file: TempPath) -> Failure {
    match place.read().await {
        Ok(now) => {
            output::line(format!("Meanwhile, in revision {}:", now.revision));
            changes::print(&known.document(), &now.document());
            let why = "somebody else has changed the configuration while you were editing";
            kept(file, why)
        }
        Err(failure) => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_stands_above_the_draft_and_counts_its_own_lines() {
        let error = serde_json::from_str::<Value>("{\n  \"a\": \n}").unwrap_err();
        let text = format!("{}{{}}\n", head(Some(&syntax(&error, 1)), &["id  text".to_owned()]));
        assert!(text.starts_with("// Not JSON: expected value, line 6 column 1\n// Save"), "{text}");
        assert_eq!(without_head(&text), "{}\n");
        assert_eq!(without_head("{ \"a\": \"// no comment\" }"), "{ \"a\": \"// no comment\" }");
        assert_eq!(head(None, &[]), "");
    }
}
