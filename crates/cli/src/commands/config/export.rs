//! `bespoke config export`: the configurations of an environment as files.

use super::{files::ConfigFile, server::Place};
use crate::{
    args::config::ConfigFiles,
    client::Client,
    commands::{connect, query_string},
    failure::{Failure, Result},
    output::{self, CHANGED, NEW, count, styled},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use std::{path::Path, sync::Arc};

/// Connections that are listed at once.
const PAGE: usize = 500;
/// Requests at once.
pub(super) const AT_ONCE: usize = 8;

/// What became of a file.
enum Exported {
    Written,
    Unchanged,
    /// It has changes that are not on the server.
    Kept(String),
}

/// Writes the files.
pub(super) async fn run(args: &ConfigFiles, connections: &[String], force: bool) -> Result {
    let client = Arc::new(connect(&args.server)?);
    let places = places(&client, args.integration.as_deref(), connections).await?;
    let bar = output::progress(places.len() as u64, "connections");
    let exported: Vec<Exported> = stream::iter(&places)
        .map(async |place| {
            let exported = export(&args.folder, place, force).await;
            bar.inc(1);
            exported
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    bar.finish_and_clear();
    let mut written = 0;
    let mut kept = Vec::new();
    for one in exported {
        match one {
            Exported::Written => written += 1,
            Exported::Unchanged => {}
            Exported::Kept(name) => kept.push(name),
        }
    }
    if args.server.json {
        output::json(&json!({ "connections": places.len(), "written": written, "kept": kept }));
    } else {
        for name in &kept {
            output::line(format!(
                "{} {name} has changes that are not on the server; --force overwrites them",
                styled(CHANGED, "kept:")
            ));
        }
        let all = count(places.len(), "configuration", "configurations");
        let folder = args.folder.display();
        output::line(format!("{} in {folder}: {written} written", styled(NEW, all)));
    }
    if kept.is_empty() { Ok(()) } else { Err(Failure::Broken) }
}

async fn places(
    client: &Arc<Client>,
    integration: Option<&str>,
    connections: &[String],
) -> Result<Vec<Place>> {
    #[derive(Deserialize)]
    struct Page {
        connections: Vec<Listed>,
    }
    #[derive(Deserialize)]
    struct Listed {
        connection_id: String,
        provider_config_key: String,
    }
    let mut found = Vec::new();
    for page in 0.. {
        let query = query_string(&[
            ("integrationId", integration.map(str::to_owned)),
            ("limit", Some(PAGE.to_string())),
            ("page", Some(page.to_string())),
        ]);
        let listed: Page = client.ask(Method::GET, &format!("/connections?{query}")).await?;
        let is_last = listed.connections.len() < PAGE;
        found.extend(listed.connections.into_iter().map(|one| Place {
            client: Arc::clone(client),
            integration: one.provider_config_key,
            connection: one.connection_id,
        }));
        if is_last {
            break;
        }
    }
    if let Some(missing) = connections.iter().find(|id| found.iter().all(|place| place.connection != **id)) {
        return Err(Failure::usage(format!("there is no connection `{missing}`")));
    }
    found.retain(|place| connections.is_empty() || connections.contains(&place.connection));
    Ok(found)
}

async fn export(folder: &Path, place: &Place, force: bool) -> Result<Exported> {
    // One that is deleted meanwhile has nothing to export.
    let Some(current) = place.read_if_there().await? else { return Ok(Exported::Unchanged) };
    let now = ConfigFile {
        integration: place.integration.clone(),
        connection: place.connection.clone(),
        revision: current.revision,
        metadata: current.document(),
    };
    let path = now.path(folder);
    match ConfigFile::read(&path)? {
        Some(file) if file == now => return Ok(Exported::Unchanged),
        Some(file) if !force && file.metadata != now.metadata && is_edited(&file, place).await? => {
            return Ok(Exported::Kept(path.display().to_string()));
        }
        _ => {}
    }
    now.write(&path)?;
    Ok(Exported::Written)
}

/// Whether the file is not what its revision was.
pub(super) async fn is_edited(file: &ConfigFile, place: &Place) -> Result<bool> {
    let was = if file.revision < 1 { json!({}) } else { place.revision(file.revision).await?.metadata };
    Ok(was != file.metadata)
}
