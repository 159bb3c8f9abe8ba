//! `bespoke openapi`: the contract of the HTTP API.

use crate::{failure::Result, output};
use anyhow::Context as _;

/// Prints the OpenAPI document.
pub(crate) fn run() -> Result {
    let document = bespoke_server::router::openapi_document();
    output::line(document.to_pretty_json().context("the document is not JSON")?);
    Ok(())
}
