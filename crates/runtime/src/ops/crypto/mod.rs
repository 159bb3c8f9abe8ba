//! What the module `crypto` needs: hashes and random bytes here, the rest in the modules below.

mod ciphers;
mod derive;
mod keys;
mod signatures;

use crate::ops::bytes;
use crate::state::State;
use hmac::{Hmac, KeyInit, Mac};
use md5::Digest;
use rquickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Result};
use std::rc::Rc;
use subtle::ConstantTimeEq;

/// Random bytes that one call gives at most.
const MAX_RANDOM: usize = 1 << 20;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, state: &Rc<State>) -> Result<()> {
    native.set(
        "hash",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, algorithm: String, data: ArrayBuffer<'js>| {
            let digest =
                hash(&algorithm, &bytes::copy(&ctx, &data)?).ok_or_else(|| unknown(&ctx, &algorithm))?;
            bytes::buffer(&ctx, &digest)
        })?,
    )?;
    native.set(
        "hmac",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, algorithm: String, key: ArrayBuffer<'js>, data: ArrayBuffer<'js>| {
                let (key, data) = (bytes::copy(&ctx, &key)?, bytes::copy(&ctx, &data)?);
                let code = hmac(&algorithm, &key, &data).ok_or_else(|| unknown(&ctx, &algorithm))?;
                bytes::buffer(&ctx, &code)
            },
        )?,
    )?;
    let drawer = Rc::clone(state);
    native.set(
        "randomBytes",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, count: usize| {
            drawer.in_own_time();
            random(&ctx, count)
        })?,
    )?;
    let drawer = Rc::clone(state);
    native.set(
        "random",
        Function::new(ctx.clone(), move || {
            drawer.in_own_time();
            drawer.random.borrow_mut().f64()
        })?,
    )?;
    native.set(
        "timingSafeEqual",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, a: ArrayBuffer<'js>, b: ArrayBuffer<'js>| {
            let (a, b) = (bytes::copy(&ctx, &a)?, bytes::copy(&ctx, &b)?);
            Ok::<bool, rquickjs::Error>(a.ct_eq(&b).into())
        })?,
    )?;
    ciphers::install(ctx, native)?;
    derive::install(ctx, native)?;
    keys::install(ctx, native)?;
    signatures::install(ctx, native)
}

/// Evaluates an expression for the hash of a name: `with_hash!(name, D => …)`, `None` where there is no such hash.
macro_rules! with_hash {
    ($name:expr, $hash:ident => $body:expr) => {
        match $crate::ops::crypto::normalized($name).as_str() {
            "md5" => {
                type $hash = ::md5::Md5;
                Some($body)
            }
            "sha1" => {
                type $hash = ::sha1::Sha1;
                Some($body)
            }
            "sha224" => {
                type $hash = ::sha2::Sha224;
                Some($body)
            }
            "sha256" => {
                type $hash = ::sha2::Sha256;
                Some($body)
            }
            "sha384" => {
                type $hash = ::sha2::Sha384;
                Some($body)
            }
            "sha512" => {
                type $hash = ::sha2::Sha512;
                Some($body)
            }
            _ => None,
        }
    };
}
use with_hash;

fn unknown(ctx: &Ctx<'_>, algorithm: &str) -> rquickjs::Error {
    Exception::throw_message(ctx, &format!("Digest method not supported: {algorithm}"))
}

fn hash(algorithm: &str, data: &[u8]) -> Option<Vec<u8>> {
    with_hash!(algorithm, D => D::digest(data).to_vec())
}

fn hmac(algorithm: &str, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    with_hash!(algorithm, D => {
        let mut mac = <Hmac<D> as KeyInit>::new_from_slice(key).ok()?;
        mac.update(data);
        mac.finalize().into_bytes().to_vec()
    })
}

/// `SHA-256`, `sha256` and `RSA-SHA256` (Node's old name) are the same.
fn normalized(algorithm: &str) -> String {
    let name = algorithm.to_ascii_lowercase();
    name.strip_prefix("rsa-").unwrap_or(&name).replace('-', "")
}

fn random<'js>(ctx: &Ctx<'js>, count: usize) -> Result<ArrayBuffer<'js>> {
    if count > MAX_RANDOM {
        return Err(Exception::throw_range(ctx, "too many random bytes at once"));
    }
    let mut random = vec![0; count];
    getrandom::fill(&mut random).map_err(|error| Exception::throw_message(ctx, &error.to_string()))?;
    bytes::buffer(ctx, &random)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    #[test]
    fn digests_are_the_published_ones() {
        for (algorithm, expected) in [
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ] {
            assert_eq!(hex(&hash(algorithm, b"abc").unwrap()), expected);
        }
        assert!(hash("crc32", b"abc").is_none());
    }

    #[test]
    fn authentication_codes_are_the_published_ones() {
        let code = hmac("sha256", b"Jefe", b"what do ya want for nothing?").unwrap();
        assert_eq!(hex(&code), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
