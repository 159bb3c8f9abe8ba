//! The stack that bundling needs.

use crate::Diagnostic;
use rayon::ThreadPoolBuilder;
use tokio::runtime::{Builder, Runtime};

/// The parser and the passes after it recurse with the nesting of the source: 3,000 nested brackets end the process
/// on a usual 2 MB stack. The memory is only reserved; what is not used costs nothing.
const STACK_BYTES: usize = 256 << 20;

/// Does `work` where all of the bundler runs on big stacks: its tasks on the thread of `work` (the runtime that it is given
/// has one thread), its parallel passes on the pool around it.
pub(crate) fn with_big_stacks<T: Send>(
    work: impl FnOnce(&Runtime) -> Result<T, Vec<Diagnostic>> + Send,
) -> Result<T, Vec<Diagnostic>> {
    let failed = |error: &dyn std::error::Error| {
        vec![Diagnostic::of_file(".", "SYSTEM", format!("the bundler's threads cannot be started: {error}"))]
    };
    let pool = ThreadPoolBuilder::new().stack_size(STACK_BYTES).build().map_err(|error| failed(&error))?;
    pool.install(|| {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_stack_size(STACK_BYTES)
            .build()
            .map_err(|error| failed(&error))?;
        work(&runtime)
    })
}
