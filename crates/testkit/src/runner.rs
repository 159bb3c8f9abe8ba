//! Test binaries that are their own runner: `CARGO_BIN_EXE_…` is known only to the tests of the crate that has the program.

use std::{ffi::OsString, path::PathBuf};

/// The name of the test that [`crate::runner_process!`] makes.
const NAME: &str = "runner_process";

/// The test binary that asks.
pub(crate) fn program() -> PathBuf {
    std::env::current_exe().expect("a program knows where it is")
}

/// What makes it a runner: the test of this name and nothing else.
pub(crate) fn arguments() -> Vec<OsString> {
    [NAME, "--exact", "--test-threads=1", "--nocapture", "--quiet"].map(OsString::from).to_vec()
}

/// Whether this process was started with [`arguments`].
pub fn is_runner() -> bool {
    std::env::args_os().skip(1).eq(arguments())
}

/// At the root of a test binary: lets it be the runner of its own functions. Among the other tests it does nothing.
#[macro_export]
macro_rules! runner_process {
    () => {
        #[test]
        #[allow(clippy::exit, reason = "the test harness must not go on in a runner")]
        fn runner_process() {
            if $crate::runner::is_runner() {
                std::process::exit(i32::from($crate::runner::main() != std::process::ExitCode::SUCCESS));
            }
        }
    };
}

pub use bespoke_runtime::runner_main as main;
