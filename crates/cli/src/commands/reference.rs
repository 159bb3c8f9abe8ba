//! `bespoke reference`: pages of the documentation that are made from tables in the code.

mod cli;

use crate::{
    args::{Page, ReferenceArgs},
    failure::Result,
    output,
};
use anyhow::Context as _;
use bespoke_engine::providers::Catalogue;
use bespoke_server::{config::SETTINGS, error::Code};

/// Prints a page as Markdown.
pub(crate) fn run(args: ReferenceArgs) -> Result {
    match args.page {
        Page::Cli => cli::page(),
        Page::Settings => settings(),
        Page::Errors => errors(),
        Page::Providers => providers()?,
    }
    Ok(())
}

fn providers() -> Result {
    let catalogue = Catalogue::load(&[]).context("the shipped providers cannot be read")?;
    output::line("# Shipped providers\n");
    output::line("`BESPOKE_PROVIDERS` adds others and overrides these.\n");
    output::line("| name | provider | auth mode | base URL |\n|---|---|---|---|");
    for provider in catalogue.all() {
        let definition = &provider.definition;
        output::line(format!(
            "| `{}` | {} | {} | {} |",
            provider.name,
            cell(&definition.display_name),
            definition.auth_mode.name(),
            provider.base_url().map(|url| format!("`{}`", cell(url))).unwrap_or_default()
        ));
    }
    Ok(())
}

fn settings() {
    output::line("# Settings of `bespoke serve`\n");
    output::line("Environment variables. One that is misspelt or cannot be read stops the start.\n");
    output::line("| variable | meaning | default |\n|---|---|---|");
    for setting in SETTINGS {
        output::line(format!(
            "| `{}` | {} | {} |",
            setting.name,
            cell(setting.meaning),
            cell(setting.default)
        ));
    }
}

fn errors() {
    output::line("# Errors of the HTTP API\n");
    output::line(
        "`{\"error\": {\"code\", \"message\", \"errors\"?, \"payload\"?, \"upstream\"?}}`. Some endpoints answer a code with another status.\n",
    );
    output::line("| code | status | meaning |\n|---|---|---|");
    for code in Code::ALL {
        output::line(format!("| `{}` | {} | {} |", code.as_str(), code.status(), cell(code.meaning())));
    }
}

/// Text as the cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
