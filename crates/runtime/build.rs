//! Says what to do where the embedded JavaScript was not built, instead of an error for each file that is missing.

use std::path::Path;

fn main() {
    // Not `env!`: with a target folder that checkouts share, this program may have been compiled in another one.
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let js = Path::new(&folder).join("js");
    println!("cargo::rerun-if-changed={}", js.join("modules.js").display());
    println!("cargo::rerun-if-changed={}", js.join("dist").display());
    let list = std::fs::read_to_string(js.join("modules.js")).expect("it is part of the sources");
    let files = list.lines().filter_map(|line| {
        let (_, file) = line.trim().split_once(": '")?;
        Some(format!("{}.js", file.strip_suffix("',")?))
    });
    let others = ["prelude.js", "locales.bin"].map(str::to_owned);
    let missing = files.chain(others).find(|file| !js.join("dist").join(file).is_file());
    if let Some(missing) = missing {
        println!(
            "cargo::error=crates/runtime/js/dist/{missing} is missing: run `cd crates/runtime/js && npm ci && npm run build`"
        );
    }
}
