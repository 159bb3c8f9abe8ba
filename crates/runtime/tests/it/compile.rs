//! Compilation in a runner.

use crate::support::Bench;
use bespoke_runtime::{Error, SourceModule};

#[tokio::test(flavor = "multi_thread")]
async fn a_syntax_error_names_its_place() {
    let bench = Bench::new();
    let modules = vec![
        SourceModule { name: "good.js".into(), code: "export default 1;".into() },
        SourceModule { name: "bad.js".into(), code: "const a = 1;\nconst b = {;\n".into() },
    ];
    let Err(Error::Compile(error)) = bench.runtime.compile(bench.tenant, modules).await else {
        panic!("it compiled");
    };
    assert_eq!((error.module.as_str(), error.line), ("bad.js", 2), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_the_runtimes_modules_are_refused() {
    let bench = Bench::new();
    for name in ["buffer", "crypto", "bespoke:prelude", "bespoke:native"] {
        let modules = vec![SourceModule { name: name.into(), code: "export default 1;".into() }];
        assert!(
            matches!(bench.runtime.compile(bench.tenant, modules).await, Err(Error::Compile(_))),
            "{name}"
        );
    }
}
