//! `bespoke reference`: pages of the documentation that are made from tables in the code.

use crate::{
    args::{Page, ReferenceArgs},
    output,
};
use bespoke_server::{config::SETTINGS, error::Code};

/// Prints a page as Markdown.
pub(crate) fn run(args: ReferenceArgs) {
    match args.page {
        Page::Settings => settings(),
        Page::Errors => errors(),
    }
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
    output::line(
        "| `BESPOKE_SECRET_KEY_<ENV>` | A secret key (UUID v4) to have from the start, e.g. `BESPOKE_SECRET_KEY_DEV`. | none |",
    );
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
