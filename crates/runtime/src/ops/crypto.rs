//! `native.hash`, `native.hmac`, `native.randomBytes`, `native.random` and `native.timingSafeEqual`.

use crate::ops::bytes;
use crate::state::State;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use rquickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Result};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
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
    )
}

fn unknown(ctx: &Ctx<'_>, algorithm: &str) -> rquickjs::Error {
    Exception::throw_message(ctx, &format!("Digest method not supported: {algorithm}"))
}

fn hash(algorithm: &str, data: &[u8]) -> Option<Vec<u8>> {
    Some(match normalized(algorithm).as_str() {
        "md5" => Md5::digest(data).to_vec(),
        "sha1" => Sha1::digest(data).to_vec(),
        "sha224" => Sha224::digest(data).to_vec(),
        "sha256" => Sha256::digest(data).to_vec(),
        "sha384" => Sha384::digest(data).to_vec(),
        "sha512" => Sha512::digest(data).to_vec(),
        _ => return None,
    })
}

fn hmac(algorithm: &str, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    fn code<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
        mac.update(data);
        Some(mac.finalize().into_bytes().to_vec())
    }
    match normalized(algorithm).as_str() {
        "md5" => code::<Hmac<Md5>>(key, data),
        "sha1" => code::<Hmac<Sha1>>(key, data),
        "sha224" => code::<Hmac<Sha224>>(key, data),
        "sha256" => code::<Hmac<Sha256>>(key, data),
        "sha384" => code::<Hmac<Sha384>>(key, data),
        "sha512" => code::<Hmac<Sha512>>(key, data),
        _ => None,
    }
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
