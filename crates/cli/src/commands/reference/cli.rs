//! The page about the commands, from the definitions that parse them.

use super::cell;
use crate::{args::Arguments, failure::EXIT_CODES, output::line};
use clap::{Arg, Command, CommandFactory as _};

/// Prints the page.
pub(super) fn page() {
    let mut program = Arguments::command();
    program.build();
    line("# Commands of `bespoke`\n");
    line(
        "Results go to stdout, everything else to stderr. Colours and progress are for terminals only. `--json` prints results for machines.\n",
    );
    line("| exit code | meaning |\n|---|---|");
    for (code, meaning) in EXIT_CODES {
        line(format!("| {code} | {} |", cell(meaning)));
    }
    for command in shown(&program) {
        section(command, &format!("bespoke {}", command.get_name()));
    }
}

fn section(command: &Command, name: &str) {
    line(format!("\n## `{name}`\n"));
    line(command.get_about().map(ToString::to_string).unwrap_or_default());
    let mut words = vec![name.to_owned()];
    let positionals = command.get_positionals().filter(|argument| !argument.is_hide_set());
    words.extend(positionals.map(|argument| {
        if argument.is_required_set() { place(argument) } else { format!("[{}]", place(argument)) }
    }));
    if options(command).next().is_some() {
        words.push("[OPTIONS]".to_owned());
    }
    if shown(command).next().is_some() {
        words.push("<COMMAND>".to_owned());
    } else {
        line(format!("\n```\n{}\n```", words.join(" ")));
    }
    let arguments: Vec<&Arg> = command.get_positionals().chain(options(command)).collect();
    if !arguments.is_empty() {
        line("\n| | |\n|---|---|");
        for argument in arguments {
            line(format!("| {} | {} |", spelled(argument), meaning(argument)));
        }
    }
    if name == "bespoke serve" {
        line("\n[Settings](settings.md) are environment variables.");
    } else if let Some(help) = command.get_after_help() {
        line(format!("\n```text\n{help}\n```"));
    }
    for inner in shown(command) {
        section(inner, &format!("{name} {}", inner.get_name()));
    }
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help")
}

fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    let common = ["help", "version"];
    command.get_arguments().filter(move |argument| {
        !argument.is_positional() && !common.contains(&argument.get_id().as_str()) && !argument.is_hide_set()
    })
}

fn spelled(argument: &Arg) -> String {
    if argument.is_positional() {
        return format!("`{}`", cell(&place(argument)));
    }
    let long = argument.get_long().map(|long| format!("--{long}"));
    let short = argument.get_short().map(|short| format!("-{short}"));
    let names: Vec<_> = [short, long].into_iter().flatten().collect();
    let takes = argument.get_action().takes_values();
    let value = if takes { format!(" {}", place(argument)) } else { String::new() };
    format!("`{}{}`", names.join("`, `"), cell(&value))
}

fn place(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    let name = names.first().map_or_else(|| argument.get_id().as_str().to_uppercase(), ToString::to_string);
    format!("<{name}>")
}

fn meaning(argument: &Arg) -> String {
    let mut text = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let values: Vec<_> = argument
        .get_possible_values()
        .iter()
        .filter(|_| argument.get_action().takes_values())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !values.is_empty() {
        text.push_str(&format!(" One of {}.", values.join(", ")));
    }
    let defaults: Vec<_> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if argument.get_action().takes_values() && !defaults.is_empty() {
        text.push_str(&format!(" Default: `{}`.", defaults.join(" ")));
    }
    cell(&text)
}
