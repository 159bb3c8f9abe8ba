//! `bespoke config plan` and `apply`: what files would change, and that done.

use super::{
    changes,
    export::{AT_ONCE, is_edited},
    files::{self, ConfigFile},
    server::{self, Current, Place},
};
use crate::{
    args::config::{ConfigFiles, ConfigWrite},
    client::Client,
    commands::connect,
    failure::{Failure, Result},
    output::{self, BAD, CHANGED, NEW, QUIET, count, styled},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use serde_json::Value;
use std::{path::PathBuf, sync::Arc};

/// A file, and what is on the server.
struct Planned {
    path: PathBuf,
    file: ConfigFile,
    place: Place,
    outcome: Outcome,
}

enum Outcome {
    /// Both say the same.
    Unchanged,
    /// Nobody has changed the file; the server is further on.
    Behind(Current),
    /// The file is another revision to be. The second is what it would be.
    Changed(Current, Current),
    /// Somebody else has changed it since the file was written.
    Conflict(Current),
    /// The server would not take it; why.
    Refused(Current, String),
    /// There is no such connection.
    Missing,
}

/// An entry of a plan, for machines.
#[derive(Serialize)]
struct Entry<'a> {
    file: String,
    provider_config_key: &'a str,
    connection_id: &'a str,
    outcome: &'static str,
    revision: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<Value>,
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    problems: &'a [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Prints the plan.
pub(super) async fn show(args: &ConfigFiles) -> Result {
    let plan = plan(args).await?;
    if args.server.json {
        output::json(&plan.iter().map(entry).collect::<Result<Vec<_>>>()?);
    } else {
        print(&plan, args);
    }
    if plan.iter().any(Planned::is_refused) { Err(Failure::Broken) } else { Ok(()) }
}

/// Prints the plan, asks, and does it.
pub(super) async fn apply(args: &ConfigFiles, yes: bool, write: &ConfigWrite) -> Result {
    let plan = plan(args).await?;
    if !args.server.json {
        print(&plan, args);
    }
    let refused = plan.iter().filter(|planned| planned.is_refused()).count();
    if refused > 0 {
        let refused = count(refused, "file", "files");
        return Err(anyhow::anyhow!("{refused} cannot be applied; nothing was written").into());
    }
    let changed = plan.iter().filter(|planned| planned.is_changed()).count();
    if changed > 0 && !yes {
        if !output::can_ask() {
            return Err(Failure::usage("nobody can be asked here: add --yes; nothing was written"));
        }
        if !output::confirm(&format!("Write {}?", count(changed, "configuration", "configurations")))? {
            output::note("Nothing was written.");
            return Ok(());
        }
    }
    let mut written = Vec::new();
    for planned in &plan {
        if let Some(current) =
            planned.write(write).await.map_err(|failure| stopped(failure, planned, &written))?
        {
            written.push(format!("{} has revision {}", planned.place.name(), current.revision));
            if !args.server.json {
                output::line(format!("{} revision {}", planned.place.name(), styled(NEW, current.revision)));
            }
        }
    }
    if args.server.json {
        output::json(&plan.iter().map(entry).collect::<Result<Vec<_>>>()?);
    }
    Ok(())
}

impl Planned {
    fn is_changed(&self) -> bool {
        matches!(self.outcome, Outcome::Changed(..))
    }

    fn is_refused(&self) -> bool {
        matches!(self.outcome, Outcome::Conflict(_) | Outcome::Refused(..) | Outcome::Missing)
    }

    /// Writes it, if it is to be, and its file with the new revision.
    async fn write(&self, write: &ConfigWrite) -> Result<Option<Current>> {
        let Outcome::Changed(current, _) = &self.outcome else { return Ok(None) };
        let written = self.place.write(current, &self.file.metadata, write, false).await?;
        let file = ConfigFile { revision: written.revision, ..self.file.clone() };
        file.write(&self.path)?;
        Ok(Some(written))
    }
}

async fn plan(args: &ConfigFiles) -> Result<Vec<Planned>> {
    let client = Arc::new(connect(&args.server)?);
    let mut files = files::all(&args.folder)?;
    files.retain(|(_, file)| args.integration.as_ref().is_none_or(|key| *key == file.integration));
    let bar = output::progress(files.len() as u64, "files");
    let planned = stream::iter(files).map(async |(path, file)| {
        let planned = planned(&client, path, file).await;
        bar.inc(1);
        planned
    });
    let planned = planned.buffered(AT_ONCE).try_collect().await;
    bar.finish_and_clear();
    planned
}

async fn planned(client: &Arc<Client>, path: PathBuf, file: ConfigFile) -> Result<Planned> {
    let place = Place {
        client: Arc::clone(client),
        integration: file.integration.clone(),
        connection: file.connection.clone(),
    };
    let outcome = match place.read_if_there().await? {
        None => Outcome::Missing,
        Some(current) if current.document() == file.metadata => Outcome::Unchanged,
        Some(current) if current.revision == file.revision => changed(&place, current, &file).await?,
        Some(current) if is_edited(&file, &place).await? => Outcome::Conflict(current),
        Some(current) => Outcome::Behind(current),
    };
    Ok(Planned { path, file, place, outcome })
}

async fn changed(place: &Place, current: Current, file: &ConfigFile) -> Result<Outcome> {
    match place.write(&current, &file.metadata, &ConfigWrite::default(), true).await {
        Ok(after) => Ok(Outcome::Changed(current, after)),
        Err(failure) => match server::refusal(&failure) {
            Some(refusal) if refusal.is_of_content() => Ok(Outcome::Refused(current, refusal.to_string())),
            _ => Err(failure),
        },
    }
}

fn print(plan: &[Planned], args: &ConfigFiles) {
    let (mut unchanged, mut behind) = (0, 0);
    for Planned { path, file, place, outcome } in plan {
        let name = place.name();
        match outcome {
            Outcome::Unchanged => unchanged += 1,
            Outcome::Behind(_) => behind += 1,
            Outcome::Changed(current, after) => {
                output::line(format!("{} of revision {}", styled(CHANGED, name), current.revision));
                changes::print(&current.document(), &file.metadata);
                server::note_problems(after.problems());
            }
            Outcome::Conflict(current) => {
                let numbers = format!("revision {} → {}", file.revision, current.revision);
                output::line(format!(
                    "{} {name}: somebody else has changed it, {numbers}. The file against what is there now:",
                    styled(BAD, "conflict:")
                ));
                changes::print(&current.document(), &file.metadata);
            }
            Outcome::Refused(current, why) => {
                output::line(format!("{} {name}: {why}", styled(BAD, "refused:")));
                changes::print(&current.document(), &file.metadata);
            }
            Outcome::Missing => {
                output::line(format!(
                    "{} {name}: there is no such connection ({})",
                    styled(BAD, "missing:"),
                    path.display()
                ));
            }
        }
    }
    let changed = plan.iter().filter(|planned| planned.is_changed()).count();
    let refused = plan.iter().filter(|planned| planned.is_refused()).count();
    let env = &args.server.env;
    output::line(format!(
        "{env}: {changed} to change, {refused} refused, {unchanged} the same, {behind} older than the server's"
    ));
    if behind + refused > 0 {
        output::note(styled(
            QUIET,
            "`bespoke config export` brings newer ones here; it keeps files that you changed.",
        ));
    }
}

fn entry(planned: &Planned) -> Result<Entry<'_>> {
    let Planned { path, file, outcome, .. } = planned;
    let (word, current, problems, error) = match outcome {
        Outcome::Unchanged => ("unchanged", None, &[][..], None),
        Outcome::Behind(current) => ("behind", Some(current), &[][..], None),
        Outcome::Changed(current, after) => ("changed", Some(current), after.problems(), None),
        Outcome::Conflict(current) => ("conflict", Some(current), &[][..], None),
        Outcome::Refused(current, why) => ("refused", Some(current), &[][..], Some(why.as_str())),
        Outcome::Missing => ("missing", None, &[][..], None),
    };
    let patch = current.map(|current| current.patch_to(&file.metadata)).transpose()?;
    Ok(Entry {
        file: path.display().to_string(),
        provider_config_key: &file.integration,
        connection_id: &file.connection,
        outcome: word,
        revision: current.map_or(file.revision, |current| current.revision),
        patch: patch.and_then(|patch| serde_json::to_value(patch).ok()),
        problems,
        error,
    })
}

/// What had been written when it stopped.
fn stopped(failure: Failure, at: &Planned, written: &[String]) -> Failure {
    let Failure::Other(error) = failure else { return failure };
    let before = if written.is_empty() { "nothing was written".to_owned() } else { written.join(", ") };
    Failure::Other(error.context(format!("stopped at {}; before it: {before}", at.place.name())))
}
