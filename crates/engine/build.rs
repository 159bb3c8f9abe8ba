//! Builds the crate again when a provider definition changes: `include_dir!` alone is not noticed by Cargo.

#[expect(clippy::print_stdout, reason = "this is how a build script talks to Cargo")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../providers");
}
