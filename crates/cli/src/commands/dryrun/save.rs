//! Saving a dry run as a fixture of the project.

use crate::{
    failure::{Failure, Result},
    output,
};
use anyhow::Context as _;
use bespoke_bundler::{FunctionFile, Project};
use bespoke_engine::dry_runs::report::DryRunReport;
use serde_json::Value;
use std::fs;

/// Writes `fixture` where `bespoke test` finds it; `case` tells several fixtures of a function apart.
pub(super) fn save(
    project: &Project,
    file: &FunctionFile,
    case: &str,
    fixture: Option<Value>,
    report: &DryRunReport,
) -> Result {
    let Some(fixture) = fixture else {
        if report.succeeded {
            return Err(Failure::Other(anyhow::anyhow!(
                "the server made no fixture of the run; nothing was saved"
            )));
        }
        output::note("A run that failed is no fixture: nothing was saved.");
        return Ok(());
    };
    let stem = if case.is_empty() { file.name.clone() } else { format!("{}.{case}", file.name) };
    let path = bespoke_fixtures::path_of(project.root(), &file.integration, &stem);
    let is_new = !path.exists();
    let written = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = written.and_then(|()| fs::write(&path, bespoke_fixtures::text(&fixture)));
    written.with_context(|| format!("{} cannot be written", path.display()))?;
    let shown = path.strip_prefix(project.root()).unwrap_or(&path).display();
    let word = if is_new { "Saved" } else { "Replaced" };
    output::note(format!("{word} {shown}; `bespoke test {}/{}` plays it.", file.integration, file.name));
    Ok(())
}
