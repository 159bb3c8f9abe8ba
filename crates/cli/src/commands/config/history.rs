//! `bespoke config history`: the revisions of a configuration as a table.

use super::{
    path,
    server::{Place, Revision},
};
use crate::{commands::short_time, failure::Result, output};
use bespoke_core::time::Clock as _;
use bespoke_server::system::SystemClock;
use serde::Deserialize;

/// Changes of a revision that are named.
const NAMED: usize = 3;
/// Revisions that the server gives at once.
const PAGE: usize = 100;

/// The newest revisions, at most `limit`.
pub(super) async fn read(place: &Place, limit: usize) -> Result<Vec<Revision>> {
    #[derive(Deserialize)]
    struct Page {
        revisions: Vec<Revision>,
        next_cursor: Option<String>,
    }
    let mut all: Vec<Revision> = Vec::new();
    let mut cursor = None;
    while all.len() < limit {
        let count = (limit - all.len()).min(PAGE);
        let query = [("limit", Some(count.to_string())), ("cursor", cursor)];
        let page: Page = place.ask("/revisions", &query).await?;
        all.extend(page.revisions);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(all)
}

/// Prints them.
pub(super) fn print(revisions: &[Revision]) {
    let today = SystemClock.now().millis_zulu();
    let rows = revisions.iter().map(|revision| {
        [
            revision.number.to_string(),
            short_time(&revision.created_at, &today),
            who(revision),
            revision.source.clone(),
            what(revision),
            revision.reason.clone().unwrap_or_default(),
        ]
    });
    output::table(["revision", "when (UTC)", "who", "by", "what changed", "reason"], rows, &["by", "who"]);
}

fn who(revision: &Revision) -> String {
    let text = |name: &str| revision.actor[name].as_str().unwrap_or_default();
    match text("type") {
        "api_key" => format!("key {}", text("name")),
        "function" => format!("{}/{}", text("provider_config_key"), text("name")),
        "system" => "bespoke".to_owned(),
        other => other.to_owned(),
    }
}

/// The first places that changed.
fn what(Revision { number, patch, .. }: &Revision) -> String {
    if patch.is_empty() {
        let what = if *number == 1 { "empty" } else { "the order of keys" };
        return what.to_owned();
    }
    let named = patch.iter().take(NAMED).map(|operation| {
        let text = |name: &str| operation[name].as_str().unwrap_or_default();
        let sign = match text("op") {
            "add" => "+",
            "remove" => "-",
            _ => "~",
        };
        format!("{sign} {}", path::of_pointer(text("path")))
    });
    let mut lines: Vec<String> = named.collect();
    if patch.len() > NAMED {
        lines.push(format!("and {} more", patch.len() - NAMED));
    }
    lines.join("\n")
}
