//! Builds the crate again when the dashboard was built: new files are not noticed by Cargo.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Where it is missing it would count as changed each time. `make` touches this file when it makes the folder.
    if Path::new("../../dashboard/dist").exists() {
        println!("cargo::rerun-if-changed=../../dashboard/dist");
    }
}
