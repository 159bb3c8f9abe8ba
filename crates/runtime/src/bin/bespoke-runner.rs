//! The runner program of this crate's tests.

fn main() -> std::process::ExitCode {
    bespoke_runtime::runner_main()
}
