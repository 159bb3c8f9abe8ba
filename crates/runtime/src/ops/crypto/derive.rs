//! `native.pbkdf2`, `native.scrypt` and `native.hkdf`: keys from passwords and from other keys.

use super::{hmac, unknown, with_hash};
use crate::ops::bytes;
use ::hkdf::Hkdf;
use rquickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Result};

/// Work that one call may do. It cannot be interrupted, so it must end before anybody takes the process for stuck: rounds
/// of a hash for `pbkdf2`, bytes that are mixed for `scrypt`.
const MAX_ROUNDS: u64 = 20_000_000;
const MAX_MIXED: u64 = 4 << 30;

/// Bytes that one call gives at most.
const MAX_OUTPUT: usize = 1 << 20;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "pbkdf2",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             hash: String,
             password: ArrayBuffer<'js>,
             salt: ArrayBuffer<'js>,
             rounds: u32,
             length: usize| {
                let (password, salt) = (bytes::copy(&ctx, &password)?, bytes::copy(&ctx, &salt)?);
                let size = hmac(&hash, &[], &[]).ok_or_else(|| unknown(&ctx, &hash))?.len();
                let work = u64::from(rounds) * length.div_ceil(size) as u64;
                check(&ctx, length, work <= MAX_ROUNDS)?;
                let mut key = vec![0; length];
                with_hash!(hash.as_str(), D => ::pbkdf2::pbkdf2_hmac::<D>(&password, &salt, rounds, &mut key))
                    .ok_or_else(|| unknown(&ctx, &hash))?;
                bytes::buffer(&ctx, &key)
            },
        )?,
    )?;
    native.set(
        "scrypt",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             password: ArrayBuffer<'js>,
             salt: ArrayBuffer<'js>,
             cost: u32,
             block: u32,
             parallel: u32,
             length: usize| {
                let (password, salt) = (bytes::copy(&ctx, &password)?, bytes::copy(&ctx, &salt)?);
                let mixed = 128_u64
                    .saturating_mul(cost.into())
                    .saturating_mul(block.into())
                    .saturating_mul(parallel.into());
                check(&ctx, length, mixed <= MAX_MIXED)?;
                let invalid = || {
                    Exception::throw_range(&ctx, "ERR_CRYPTO_INVALID_SCRYPT_PARAMS: Invalid scrypt params")
                };
                if !cost.is_power_of_two() || cost < 2 {
                    return Err(invalid());
                }
                let params = ::scrypt::Params::new(cost.trailing_zeros() as u8, block, parallel)
                    .map_err(|_| invalid())?;
                let mut key = vec![0; length];
                if length > 0 {
                    ::scrypt::scrypt(&password, &salt, &params, &mut key).map_err(|_| invalid())?;
                }
                bytes::buffer(&ctx, &key)
            },
        )?,
    )?;
    native.set(
        "hkdf",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             hash: String,
             key: ArrayBuffer<'js>,
             salt: ArrayBuffer<'js>,
             info: ArrayBuffer<'js>,
             length: usize| {
                let (key, salt) = (bytes::copy(&ctx, &key)?, bytes::copy(&ctx, &salt)?);
                let info = bytes::copy(&ctx, &info)?;
                check(&ctx, length, true)?;
                let mut derived = vec![0; length];
                with_hash!(hash.as_str(), D => Hkdf::<D>::new(Some(&salt), &key).expand(&info, &mut derived))
                    .ok_or_else(|| unknown(&ctx, &hash))?
                    .map_err(|_| {
                        Exception::throw_range(&ctx, "ERR_CRYPTO_INVALID_KEYLEN: Invalid key length")
                    })?;
                bytes::buffer(&ctx, &derived)
            },
        )?,
    )
}

fn check(ctx: &Ctx<'_>, length: usize, is_bearable: bool) -> Result<()> {
    if length > MAX_OUTPUT || !is_bearable {
        return Err(Exception::throw_range(ctx, "a function may not derive keys with so much work"));
    }
    Ok(())
}
