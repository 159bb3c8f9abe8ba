//! `bespoke config infer`: a `config.ts` drafted from the configurations that are there.

use super::zod;
use crate::{
    args::ServerArgs,
    commands::{connect, url_path},
    failure::{Failure, Result},
    output::{self, count},
};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize, Serialize)]
struct Draft {
    documents: u64,
    schema: Value,
}

/// Prints the draft.
pub(super) async fn run(integration: &str, server: &ServerArgs) -> Result {
    let path = url_path(&["integrations", integration, "metadata", "schema", "draft"]);
    let draft: Draft = {
        let _busy = output::busy("Reading configurations");
        connect(server)?.ask(Method::GET, &path).await?
    };
    if server.json {
        output::json(&draft);
        return Ok(());
    }
    if draft.documents == 0 {
        return Err(Failure::usage(format!(
            "no connection of `{integration}` has a configuration to learn from"
        )));
    }
    let head = "import { createConfig } from 'bespoke';\nimport { z } from 'zod';\n";
    let schema = zod::expression(&draft.schema, 1);
    output::line(format!(
        "{head}\nexport default createConfig({{\n    version: 1,\n    schema: {schema},\n}});"
    ));
    let all =
        count(usize::try_from(draft.documents).unwrap_or(usize::MAX), "configuration", "configurations");
    output::note(format!("drafted from {all} of {integration}; it belongs into {integration}/config.ts"));
    Ok(())
}
