//! `bespoke completions`: what a shell needs to complete command lines.

use crate::{args::Arguments, output};
use clap::CommandFactory as _;
use clap_complete::Shell;

/// Prints the script for `shell`.
pub(crate) fn run(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "bespoke", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end());
}
