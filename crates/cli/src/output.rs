//! Everything that commands print; nothing else prints. Results go to stdout, the rest to stderr.
//!
//! Colours are for terminals only; `anstream` takes them out everywhere else.

use crate::{
    failure::{Failure, chain},
    settings,
};
use anstyle::{AnsiColor, Style};
use bespoke_bundler::Diagnostic;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::{
    fmt::{Display, Write as _},
    fs,
    io::{IsTerminal as _, Write as _},
    path::Path,
};

/// For what went wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// For what is beside the point.
pub(crate) const QUIET: Style = Style::new().dimmed();
/// For what is new.
pub(crate) const NEW: Style = AnsiColor::Green.on_default();
/// For what changes.
pub(crate) const CHANGED: Style = AnsiColor::Yellow.on_default();
/// For what goes away.
pub(crate) const DELETED: Style = AnsiColor::Red.on_default();

/// Longest value that is shown, in characters.
const LONGEST: usize = 120;

/// Text in a style.
pub(crate) fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A line of the result. A reader that went away (`| head`) is no error.
pub(crate) fn line(text: impl Display) {
    let _ = writeln!(anstream::stdout().lock(), "{text}");
}

/// A line beside the result.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// A result as JSON.
pub(crate) fn json(value: &impl Serialize) {
    line(serde_json::to_string_pretty(value).unwrap_or_default());
}

/// One of several results as a line of JSON.
pub(crate) fn json_line(value: &impl Serialize) {
    line(serde_json::to_string(value).unwrap_or_default());
}

/// A result as a table that fits the terminal. A narrow one does without `dispensable` columns, the first of them first;
/// then texts are broken.
pub(crate) fn table<const N: usize>(
    headers: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    dispensable: &[&str],
) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headers);
    for row in rows {
        table.add_row(row);
    }
    if let Some(width) = settings::columns() {
        table.set_width(width);
    }
    leave_out(&mut table, headers, dispensable);
    for text in table.to_string().lines() {
        line(text.trim_end());
    }
}

fn leave_out<const N: usize>(table: &mut Table, headers: [&str; N], dispensable: &[&str]) {
    let Some(width) = table.width() else { return };
    // Each column has a blank on both sides.
    let mut widths: Vec<u32> =
        table.column_max_content_widths().iter().map(|width| u32::from(*width) + 2).collect();
    for least in dispensable {
        if widths.iter().sum::<u32>() <= u32::from(width) {
            break;
        }
        let place = headers.iter().position(|header| header == least);
        if let Some((place, column)) = place.and_then(|place| Some((place, table.column_mut(place)?))) {
            column.set_constraint(ColumnConstraint::Hidden);
            widths[place] = 0;
        }
    }
}

/// A text, or the beginning of a long one.
pub(crate) fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

/// `1 function`, `3 functions`
pub(crate) fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// Says on a terminal what goes on, until it is dropped. Nowhere else.
pub(crate) fn busy(what: impl Into<std::borrow::Cow<'static, str>>) -> Busy {
    let spinner = indicatif::ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    Busy(spinner)
}

/// Work that goes on.
pub(crate) struct Busy(indicatif::ProgressBar);

impl Busy {
    /// Says something else from now on.
    pub(crate) fn say(&self, what: String) {
        self.0.set_message(what);
    }

    /// Runs `print`, which prints lines, without the spinner in between.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A bar on the terminal for `length` pieces of work; nothing is shown elsewhere.
pub(crate) fn progress(length: u64, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{bar:32}} {{pos}}/{{len}} {what} {{eta}}"));
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Whether somebody can be asked.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks; no is the answer to a plain Enter.
pub(crate) fn confirm(question: &str) -> anyhow::Result<bool> {
    Ok(dialoguer::Confirm::new().with_prompt(question).default(false).interact()?)
}

/// Why the command ended badly; with `as_json` for machines too, as one line of the result.
pub(crate) fn failure(failure: &Failure, as_json: bool) {
    if as_json && let Some(error) = failure.to_json() {
        json_line(&error);
    }
    match failure {
        Failure::Project { root, diagnostics, consequence } => {
            for diagnostic in diagnostics {
                note(diagnostic_text(root, diagnostic));
            }
            note(styled(BAD, format!("{}; {consequence}", count(diagnostics.len(), "error", "errors"))));
        }
        // Said by the report already.
        Failure::Shown | Failure::Broken | Failure::Tests => {}
        Failure::Usage(error) | Failure::Deploy(error) | Failure::Function(error) | Failure::Other(error) => {
            note(format!("{} {}", styled(BAD, "error:"), chain(error)));
        }
    }
}

/// A problem in a file: where, what, and the line itself with a caret below.
fn diagnostic_text(root: &Path, diagnostic: &Diagnostic) -> String {
    let mut text = styled(BAD, diagnostic);
    let source = fs::read_to_string(root.join(&diagnostic.file)).unwrap_or_default();
    let number = diagnostic.line as usize;
    let Some(source_line) = number.checked_sub(1).and_then(|index| source.lines().nth(index)) else {
        text.push('\n');
        return text;
    };
    // A tab is as wide as the terminal likes; four blanks are as wide as four blanks.
    let before =
        utf16_prefix(source_line, diagnostic.column.saturating_sub(1) as usize).replace('\t', "    ");
    let shown = source_line.replace('\t', "    ");
    let margin = " ".repeat(number.to_string().len());
    let _ = write!(
        text,
        "\n{QUIET}{margin} |{QUIET:#}\n{QUIET}{number} |{QUIET:#} {shown}\n{QUIET}{margin} |{QUIET:#}"
    );
    if diagnostic.column > 0 {
        let _ = write!(text, " {}{}", " ".repeat(before.chars().count()), styled(BAD, "^"));
    }
    text.push('\n');
    text
}

/// The beginning of `line`, `units` UTF-16 units long.
fn utf16_prefix(line: &str, units: usize) -> &str {
    let mut left = units;
    for (index, character) in line.char_indices() {
        if left < character.len_utf16() {
            return &line[..index];
        }
        left -= character.len_utf16();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_its_line_and_a_caret() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.ts"), "let a = 1;\n\tlet 🚀 = ;\n").unwrap();
        let diagnostic = Diagnostic {
            file: "a.ts".to_owned(),
            line: 2,
            column: 11,
            kind: "PARSE_ERROR".to_owned(),
            message: "unexpected token".to_owned(),
        };
        let text = anstream::adapter::strip_str(&diagnostic_text(folder.path(), &diagnostic)).to_string();
        assert_eq!(text, "a.ts:2:11: unexpected token\n  |\n2 |     let 🚀 = ;\n  |             ^\n");
        let missing = Diagnostic { line: 9, ..diagnostic };
        let text = anstream::adapter::strip_str(&diagnostic_text(folder.path(), &missing)).to_string();
        assert_eq!(text, "a.ts:9:11: unexpected token\n");
    }
}
