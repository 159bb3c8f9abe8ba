//! `native.zlib` and `native.crc32`: deflate in its three wrappings, and brotli.

use crate::ops::bytes;
use crate::state::State;
use flate2::bufread::{DeflateDecoder, DeflateEncoder, GzDecoder, GzEncoder, ZlibDecoder, ZlibEncoder};
use flate2::{Compression, Crc};
use rquickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Result};
use std::io::{self, ErrorKind, Read};
use std::rc::Rc;

/// Bytes that are made before the clocks are looked at again.
const STEP: usize = 1 << 18;

/// What a buffer of a brotli encoder or decoder holds, bytes.
const BROTLI_BUFFER: usize = 1 << 16;

/// log2 of brotli's window.
const BROTLI_WINDOW: u32 = 22;

enum Stop {
    /// The run is over.
    Ended,
    TooLarge,
    Broken(io::Error),
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, state: &Rc<State>) -> Result<()> {
    let state = Rc::clone(state);
    native.set(
        "zlib",
        Function::new(
            ctx.clone(),
            move |ctx: Ctx<'js>, method: String, level: i32, data: ArrayBuffer<'js>, limit: f64| {
                let data = bytes::copy(&ctx, &data)?;
                let memory = state.assignment().map_or(STEP, |run| run.limits.memory);
                let done = convert(&method, level, &data, memory.min(limit as usize), &state);
                bytes::buffer(&ctx, &done.map_err(|stop| thrown(&ctx, &stop))?)
            },
        )?,
    )?;
    native.set(
        "crc32",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, data: ArrayBuffer<'js>| {
            let mut crc = Crc::new();
            crc.update(&bytes::copy(&ctx, &data)?);
            Ok::<u32, rquickjs::Error>(crc.sum())
        })?,
    )
}

/// Node's names for what can go wrong.
fn thrown(ctx: &Ctx<'_>, stop: &Stop) -> rquickjs::Error {
    match stop {
        Stop::Ended => Exception::throw_message(ctx, "interrupted"),
        Stop::TooLarge => Exception::throw_range(
            ctx,
            "ERR_BUFFER_TOO_LARGE: the output is larger than the function may have",
        ),
        Stop::Broken(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Exception::throw_message(ctx, "Z_BUF_ERROR: unexpected end of file")
        }
        Stop::Broken(_) => {
            Exception::throw_message(ctx, "Z_DATA_ERROR: incorrect header check or damaged data")
        }
    }
}

fn convert(
    method: &str,
    level: i32,
    data: &[u8],
    limit: usize,
    state: &State,
) -> std::result::Result<Vec<u8>, Stop> {
    let compression = || {
        u32::try_from(level).map_or_else(|_| Compression::default(), |level| Compression::new(level.min(9)))
    };
    let mut out = Vec::new();
    match method {
        "deflate" => read_all(ZlibEncoder::new(data, compression()), &mut out, limit, state)?,
        "deflateRaw" => read_all(DeflateEncoder::new(data, compression()), &mut out, limit, state)?,
        "gzip" => read_all(GzEncoder::new(data, compression()), &mut out, limit, state)?,
        "inflate" => read_all(ZlibDecoder::new(data), &mut out, limit, state)?,
        "inflateRaw" => read_all(DeflateDecoder::new(data), &mut out, limit, state)?,
        "gunzip" => gunzip(data, &mut out, limit, state)?,
        "unzip" if data.starts_with(&[0x1f, 0x8b]) => gunzip(data, &mut out, limit, state)?,
        "unzip" => read_all(ZlibDecoder::new(data), &mut out, limit, state)?,
        "brotliCompress" => {
            let quality = u32::try_from(level).unwrap_or(11).min(11);
            let encoder = brotli::CompressorReader::new(data, BROTLI_BUFFER, quality, BROTLI_WINDOW);
            read_all(encoder, &mut out, limit, state)?;
        }
        "brotliDecompress" => {
            read_all(brotli::Decompressor::new(data, BROTLI_BUFFER), &mut out, limit, state)?;
        }
        _ => return Err(Stop::Broken(ErrorKind::Unsupported.into())),
    }
    Ok(out)
}

/// All members of a file, one after another; what follows them is left alone, as Node does.
fn gunzip(data: &[u8], out: &mut Vec<u8>, limit: usize, state: &State) -> std::result::Result<(), Stop> {
    if data.len() > 1 && !data.starts_with(&[0x1f, 0x8b]) {
        return Err(Stop::Broken(ErrorKind::InvalidData.into()));
    }
    let mut rest = data;
    loop {
        let mut member = GzDecoder::new(rest);
        read_all(&mut member, out, limit, state)?;
        rest = member.into_inner();
        if !rest.starts_with(&[0x1f, 0x8b]) {
            return Ok(());
        }
    }
}

fn read_all(
    mut reader: impl Read,
    out: &mut Vec<u8>,
    limit: usize,
    state: &State,
) -> std::result::Result<(), Stop> {
    loop {
        let read = reader.by_ref().take(STEP as u64).read_to_end(out).map_err(Stop::Broken)?;
        if out.len() > limit {
            return Err(Stop::TooLarge);
        }
        if read == 0 {
            return Ok(());
        }
        if state.must_stop() {
            return Err(Stop::Ended);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_small_becomes_large_again_up_to_the_limit() {
        let state = State::default();
        let data = b"to be or not to be ".repeat(1000);
        for (there, back) in [
            ("deflate", "inflate"),
            ("deflateRaw", "inflateRaw"),
            ("gzip", "gunzip"),
            ("gzip", "unzip"),
            ("deflate", "unzip"),
            ("brotliCompress", "brotliDecompress"),
        ] {
            let small = convert(there, -1, &data, usize::MAX, &state).unwrap_or_default();
            assert!(!small.is_empty() && small.len() < 500, "{there}: {}", small.len());
            assert_eq!(convert(back, -1, &small, usize::MAX, &state).unwrap_or_default(), data, "{back}");
            assert!(matches!(convert(back, -1, &small, 1000, &state), Err(Stop::TooLarge)), "{back}");
            let cut = &small[..small.len() / 2];
            assert!(matches!(convert(back, -1, cut, usize::MAX, &state), Err(Stop::Broken(_))), "{back}");
        }
        let two = [convert("gzip", 9, b"a", 99, &state), convert("gzip", 1, b"b", 99, &state)];
        let mut two: Vec<u8> = two.into_iter().flat_map(std::result::Result::unwrap_or_default).collect();
        two.extend_from_slice(b"garbage");
        assert_eq!(convert("gunzip", -1, &two, 99, &state).unwrap_or_default(), b"ab");
    }
}
