//! What parent and runner say to each other, and how it is laid out in bytes.
//!
//! A frame is `u32 head length`, `u32 body length` (both little-endian), the head (JSON of [`ToRunner`] or
//! [`FromRunner`]), and the body (raw bytes: bytecode, records, HTTP bodies, which JSON would only slow down). Both
//! sides are the same build of the same program, so there are no versions. The runner is not trusted: the parent
//! checks sizes before it reads, and every name and number that it is told.

use crate::error::{CompileError, Failure};
use crate::host::Refusal;
use crate::limits::Limits;
use bespoke_core::{paths_read::PathsRead, time::Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::io;

/// Largest head of a frame, bytes.
pub(crate) const MAX_HEAD: usize = 16 << 20;

/// Largest body of a frame, bytes.
pub(crate) const MAX_BODY: usize = 256 << 20;

/// Bytes before the head.
pub(crate) const PREFIX: usize = 8;

/// Calls of one run that the runner lets travel at the same time. Further ones wait in the runner.
pub(crate) const CALLS_IN_FLIGHT: usize = 128;

/// A task's number: a run or a compilation, unique in its process.
pub(crate) type TaskId = u64;

/// Parent to runner.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToRunner {
    /// The first frame.
    Hello { address_space: u64 },
    /// Modules to keep under a number, for runs to come. Body: their bytecode, one after another.
    Load { bundle: u64, modules: Vec<ModuleHead> },
    /// Modules that no further run will name.
    Unload { bundle: u64 },
    /// A run. Body: context (`context_length` bytes of JSON), then input (JSON).
    Start {
        task: TaskId,
        bundle: u64,
        kind: String,
        limits: Limits,
        now: Option<Timestamp>,
        context_length: usize,
    },
    /// The answer to a call. Body: bulk data.
    Reply { task: TaskId, call: u32, result: Result<Option<Box<RawValue>>, Refusal> },
    /// Stop a run now.
    Cancel { task: TaskId },
    /// Compile modules. Body: their texts, one after another.
    Compile { task: TaskId, modules: Vec<ModuleHead> },
}

/// Runner to parent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FromRunner {
    /// A call that waits for its answer. `request` is a [`crate::host::Request`]. Body: bulk data.
    Call { task: TaskId, call: u32, request: Box<RawValue> },
    /// A call that waits for nothing.
    Notify { task: TaskId, request: Box<RawValue> },
    /// A run's end. Body: its output (JSON).
    Done { task: TaskId, cpu_micros: u64, reads: PathsRead },
    /// A run's end.
    Failed { task: TaskId, cpu_micros: u64, failure: Failure, reads: PathsRead },
    /// A run that is beyond its CPU limit in a part of the engine that cannot be interrupted, the thread that it is on,
    /// and the thread's CPU time when the run started.
    Stuck { task: TaskId, thread: i32, cpu_start_micros: u64 },
    /// Body: bytecode, one after another, of these lengths.
    Compiled { task: TaskId, lengths: Vec<usize> },
    /// What does not compile.
    Rejected { task: TaskId, error: CompileError },
}

/// One module in a frame's body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ModuleHead {
    pub(crate) name: String,
    pub(crate) length: usize,
}

/// Writes prefix and head to `buffer`, which is emptied first.
pub(crate) fn encode<T: Serialize>(head: &T, body_length: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    buffer.extend_from_slice(&[0; PREFIX]);
    serde_json::to_writer(&mut *buffer, head)?;
    let head_length = buffer.len() - PREFIX;
    if head_length > MAX_HEAD || body_length > MAX_BODY {
        return Err(too_large());
    }
    buffer[..4].copy_from_slice(&(head_length as u32).to_le_bytes());
    buffer[4..PREFIX].copy_from_slice(&(body_length as u32).to_le_bytes());
    Ok(())
}

/// The lengths of head and body, checked.
pub(crate) fn lengths(prefix: [u8; PREFIX]) -> io::Result<(usize, usize)> {
    let both = u64::from_le_bytes(prefix);
    let (head, body) = ((both & u64::from(u32::MAX)) as usize, (both >> 32) as usize);
    if head > MAX_HEAD || body > MAX_BODY {
        return Err(too_large());
    }
    Ok((head, body))
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a frame is larger than a frame may be")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_as_it_went() {
        let request =
            RawValue::from_string(r#"{"op":"log","args":{"level":"info","message":"é"}}"#.to_owned())
                .unwrap();
        let mut buffer = Vec::new();
        encode(&FromRunner::Call { task: 7, call: 3, request }, 5, &mut buffer).unwrap();
        let (head, body) = lengths(buffer[..PREFIX].try_into().unwrap()).unwrap();
        assert_eq!((head, body), (buffer.len() - PREFIX, 5));
        let FromRunner::Call { task: 7, call: 3, request } =
            serde_json::from_slice(&buffer[PREFIX..]).unwrap()
        else {
            panic!("another frame came back");
        };
        let crate::host::Request::Log(log) = serde_json::from_str(request.get()).unwrap() else {
            panic!("another request came back");
        };
        assert_eq!(log.message, "é");
    }

    #[test]
    fn lengths_beyond_the_limits_are_refused() {
        assert!(lengths([255; PREFIX]).is_err());
    }
}
