//! The runner's end of the socket: one writer shared by all threads, one reader.

use crate::protocol::{FromRunner, PREFIX, ToRunner, encode, lengths};
use bytes::Bytes;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};

/// Bodies up to this size are copied behind their head, to be written in one system call.
const SMALL_BODY: usize = 16 << 10;

/// Writes frames. Each is written whole, under a lock.
#[derive(Debug)]
pub(crate) struct Writer(Mutex<(UnixStream, Vec<u8>)>);

impl Writer {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self(Mutex::new((stream, Vec::new())))
    }

    /// Writes a frame; waits while the parent is slow. An error means that the parent is gone.
    pub(crate) fn send(&self, head: &FromRunner, body: &[u8]) -> io::Result<()> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (stream, buffer) = &mut *guard;
        encode(head, body.len(), buffer)?;
        if body.len() <= SMALL_BODY {
            buffer.extend_from_slice(body);
            stream.write_all(buffer)
        } else {
            stream.write_all(buffer)?;
            stream.write_all(body)
        }
    }
}

/// Reads frames.
#[derive(Debug)]
pub(crate) struct Reader(BufReader<UnixStream>);

impl Reader {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self(BufReader::with_capacity(64 << 10, stream))
    }

    /// The next frame; `None` when the parent has closed its end.
    pub(crate) fn next(&mut self) -> io::Result<Option<(ToRunner, Bytes)>> {
        let mut prefix = [0; PREFIX];
        match self.0.read_exact(&mut prefix) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let (head_length, body_length) = lengths(prefix)?;
        let mut head = vec![0; head_length];
        self.0.read_exact(&mut head)?;
        let mut body = vec![0; body_length];
        self.0.read_exact(&mut body)?;
        Ok(Some((serde_json::from_slice(&head)?, body.into())))
    }
}
