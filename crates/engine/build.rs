//! Builds the crate again when a provider definition changes: `include_dir!` alone is not noticed by Cargo.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../providers");
}
