//! The `bespoke` binary: the server, and the commands that talk to one.
//!
//! It reads top to bottom: arguments, one command, one exit code (`failure::EXIT_CODES` is the table).

mod args;
mod client;
mod commands;
mod failure;
mod node;
mod output;
mod project;
mod settings;

use args::{Arguments, Command};
use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;

/// A request makes and drops some hundred small things on whichever thread has a turn: less CPU than with glibc's.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    // What goes wrong with the arguments themselves ends here, with code 2.
    let (Arguments { command }, as_json) = args::parse();
    let result = match command {
        Command::Serve(args) => commands::serve::run(args),
        Command::Init(args) => commands::init::run(args),
        Command::Create(args) => commands::create::run(args),
        Command::Compile(args) => commands::compile::run(args),
        Command::Dryrun(args) => commands::dryrun::run(args),
        Command::Dev(args) => commands::dev::run(args),
        Command::Deploy(args) => commands::deploy::run(args),
        Command::Config(args) => commands::config::run(args),
        Command::Preview(args) => commands::preview::run(args),
        Command::Keys(args) => commands::keys::run(args),
        Command::Members(args) => commands::members::run(args),
        Command::Env(args) => commands::env::run(args),
        Command::Logs(args) => commands::logs::run(args),
        Command::Runs(args) => commands::runs::run(args),
        Command::Trigger(args) => commands::trigger::run(args),
        Command::Webhooks(args) => commands::webhooks::run(args),
        Command::Test(args) => commands::test::run(args),
        Command::Completions { shell } => {
            commands::completions::run(shell);
            Ok(())
        }
        Command::Openapi => commands::openapi::run(),
        Command::Reference(args) => commands::reference::run(args),
        Command::Runner(_) => return bespoke_runtime::runner_main(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::failure(&failure, as_json);
            failure.exit_code()
        }
    }
}
