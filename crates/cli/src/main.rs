//! The `bespoke` binary: the server, and the commands that talk to one.
//!
//! It reads top to bottom: arguments, one command, one exit code. Exit codes:
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | something failed: the server, the database, the network |
//! | 2 | the command line or a setting is wrong; nothing was done |
//! | 10 | the project has errors; nothing was deployed |
//! | 11 | the deployment was refused or not confirmed; nothing was deployed |

mod args;
mod client;
mod commands;
mod failure;
mod node;
mod output;
mod settings;

use args::{Arguments, Command};
use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // What goes wrong with the arguments themselves ends here, with code 2.
    let Arguments { command } = Arguments::parse();
    let result = match command {
        Command::Serve(args) => commands::serve::run(args),
        Command::Deploy(args) => commands::deploy::run(args),
        Command::Keys(args) => commands::keys::run(args),
        Command::Env(args) => commands::env::run(args),
        Command::Webhooks(args) => commands::webhooks::run(args),
        Command::Openapi => commands::openapi::run(),
        Command::Reference(args) => commands::reference::run(args),
        Command::Runner(_) => return bespoke_runtime::runner_main(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::failure(&failure);
            failure.exit_code()
        }
    }
}
