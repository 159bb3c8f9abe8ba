//! The two places where the engine's memory and Rust's meet without the compiler's help.

use rquickjs::module::Declared;
use rquickjs::{ArrayBuffer, Ctx, Exception, Module, Result};

/// Declares a module from bytecode, which must be this crate's own.
pub(crate) fn load<'js>(ctx: &Ctx<'js>, bytecode: &[u8]) -> Result<Module<'js, Declared>> {
    #[expect(unsafe_code, reason = "rquickjs has no other way to load bytecode")]
    // SAFETY: bytecode is only ever what `compile` produced with the engine that is linked into this very program:
    // the embedded modules are compiled in this process, a run's modules come from the parent, which takes them from
    // `Runtime::compile` and keys its cache by `ENGINE_VERSION`. Functions and clients have no way to hand in bytecode.
    unsafe {
        Module::load(ctx.clone(), bytecode)
    }
}

/// Copies what a buffer holds. A detached buffer is an error that the caller's JavaScript sees.
pub(crate) fn copy(ctx: &Ctx<'_>, buffer: &ArrayBuffer<'_>) -> Result<Vec<u8>> {
    #[expect(unsafe_code, reason = "rquickjs has no safe way to read a buffer")]
    // SAFETY: the slice lives for this one copy, in which no JavaScript runs on the engine's only thread.
    let bytes = unsafe { buffer.as_bytes() }.map(<[u8]>::to_vec);
    bytes.ok_or_else(|| Exception::throw_type(ctx, "the ArrayBuffer is detached"))
}

/// A new buffer with these bytes. Its memory is the engine's, so that it counts towards the run's limit.
pub(crate) fn buffer<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<ArrayBuffer<'js>> {
    ArrayBuffer::new_copy(ctx.clone(), bytes)
}
