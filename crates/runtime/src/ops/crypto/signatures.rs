//! `native.sign`, `native.verify`, `native.rsaEncrypt` and `native.rsaDecrypt`.

use super::keys::{Private, Public, private, public};
use super::{hash, unknown, with_hash};
use crate::ops::bytes;
use ed25519_dalek::{Signer, Verifier};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use rquickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Result};
use rsa::{Oaep, Pkcs1v15Encrypt, Pkcs1v15Sign, Pss};

/// How a signature is made, beside its key.
struct Scheme {
    /// Empty for Ed25519, which has its own.
    hash: String,
    is_pss: bool,
    /// Bytes of salt; none: as many as the hash has.
    salt: Option<usize>,
    /// ECDSA: the two numbers side by side, as in JWT, instead of DER.
    is_flat: bool,
}

impl Scheme {
    fn new(hash: String, padding: &str, salt: i32, is_flat: bool) -> Self {
        Self { hash, is_pss: padding == "pss", salt: usize::try_from(salt).ok(), is_flat }
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "sign",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             der: ArrayBuffer<'js>,
             data: ArrayBuffer<'js>,
             hash: String,
             padding: String,
             salt: i32,
             flat: bool| {
                let key = private(&ctx, &der)?;
                let data = bytes::copy(&ctx, &data)?;
                let scheme = Scheme::new(hash, &padding, salt, flat);
                let signature = sign(&key, &data, &scheme).ok_or_else(|| {
                    Exception::throw_message(&ctx, "the data cannot be signed with this key")
                })?;
                bytes::buffer(&ctx, &signature)
            },
        )?,
    )?;
    native.set(
        "verify",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             der: ArrayBuffer<'js>,
             data: ArrayBuffer<'js>,
             signature: ArrayBuffer<'js>,
             hash: String,
             how: Object<'js>| {
                let key = public(&ctx, &der)?;
                let (data, signature) = (bytes::copy(&ctx, &data)?, bytes::copy(&ctx, &signature)?);
                // One argument, because the engine takes seven at most.
                let padding: String = how.get("padding")?;
                let scheme = Scheme::new(hash, &padding, how.get("salt")?, how.get("flat")?);
                Ok::<bool, rquickjs::Error>(verify(&key, &data, &signature, &scheme).is_some())
            },
        )?,
    )?;
    native.set(
        "rsaEncrypt",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, der: ArrayBuffer<'js>, data: ArrayBuffer<'js>, oaep: Option<String>| {
                let Public::Rsa(key) = public(&ctx, &der)? else { return Err(not_rsa(&ctx)) };
                let data = bytes::copy(&ctx, &data)?;
                let mut random = UnwrapErr(SysRng);
                let encrypted = match oaep {
                    Some(hash) => with_hash!(&hash, D => key.encrypt(&mut random, Oaep::<D>::new(), &data))
                        .ok_or_else(|| unknown(&ctx, &hash))?,
                    None => key.encrypt(&mut random, Pkcs1v15Encrypt, &data),
                };
                let encrypted = encrypted.map_err(|_| {
                    Exception::throw_message(
                        &ctx,
                        "ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_KEY_SIZE: data too large for key size",
                    )
                })?;
                bytes::buffer(&ctx, &encrypted)
            },
        )?,
    )?;
    native.set(
        "rsaDecrypt",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, der: ArrayBuffer<'js>, data: ArrayBuffer<'js>, oaep: Option<String>| {
                let Private::Rsa(key) = private(&ctx, &der)? else { return Err(not_rsa(&ctx)) };
                let data = bytes::copy(&ctx, &data)?;
                let mut random = UnwrapErr(SysRng);
                let decrypted = match oaep {
                    Some(hash) => {
                        with_hash!(&hash, D => key.decrypt_blinded(&mut random, Oaep::<D>::new(), &data))
                            .ok_or_else(|| unknown(&ctx, &hash))?
                    }
                    None => key.decrypt_blinded(&mut random, Pkcs1v15Encrypt, &data),
                };
                let decrypted = decrypted.map_err(|_| {
                    Exception::throw_message(
                        &ctx,
                        "ERR_OSSL_RSA_OAEP_DECODING_ERROR: the data cannot be decrypted",
                    )
                })?;
                bytes::buffer(&ctx, &decrypted)
            },
        )?,
    )
}

fn not_rsa(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_message(ctx, "ERR_CRYPTO_INCOMPATIBLE_KEY: an RSA key is needed")
}

fn sign(key: &Private, data: &[u8], scheme: &Scheme) -> Option<Vec<u8>> {
    if let Private::Ed25519(key) = key {
        return Some(key.sign(data).to_bytes().to_vec());
    }
    let hashed = hash(&scheme.hash, data)?;
    macro_rules! ecdsa {
        ($curve:ident, $key:expr) => {{
            let signer = $curve::ecdsa::SigningKey::from($key.clone());
            let signature: $curve::ecdsa::Signature = signer.sign_prehash(&hashed).ok()?;
            Some(if scheme.is_flat {
                signature.to_bytes().to_vec()
            } else {
                signature.to_der().as_bytes().to_vec()
            })
        }};
    }
    match key {
        Private::Rsa(key) => {
            let mut random = UnwrapErr(SysRng);
            if scheme.is_pss {
                let salt = scheme.salt.unwrap_or(hashed.len());
                with_hash!(&scheme.hash, D => key.sign_with_rng(&mut random, Pss::<D>::new_blinded_with_salt(salt), &hashed))?
                    .ok()
            } else {
                let padding = with_hash!(&scheme.hash, D => Pkcs1v15Sign::new::<D>())?;
                key.sign_with_rng(&mut random, padding, &hashed).ok()
            }
        }
        Private::P256(key) => ecdsa!(p256, key),
        Private::P384(key) => ecdsa!(p384, key),
        Private::P521(key) => ecdsa!(p521, key),
        Private::Ed25519(_) => None,
    }
}

/// Of a signature whose salt may have any length.
fn any_salt<D: ::md5::Digest>() -> Pss<D> {
    Pss { blinded: false, digest: D::new(), salt_len: None }
}

fn verify(key: &Public, data: &[u8], signature: &[u8], scheme: &Scheme) -> Option<()> {
    if let Public::Ed25519(key) = key {
        return key.verify(data, &ed25519_dalek::Signature::from_slice(signature).ok()?).ok();
    }
    let hashed = hash(&scheme.hash, data)?;
    macro_rules! ecdsa {
        ($curve:ident, $key:expr) => {{
            let signature = if scheme.is_flat {
                $curve::ecdsa::Signature::from_slice(signature).ok()?
            } else {
                $curve::ecdsa::Signature::from_der(signature).ok()?
            };
            $curve::ecdsa::VerifyingKey::from($key.clone()).verify_prehash(&hashed, &signature).ok()
        }};
    }
    match key {
        Public::Rsa(key) if scheme.is_pss => {
            let verified = match scheme.salt {
                Some(salt) => {
                    with_hash!(&scheme.hash, D => key.verify(Pss::<D>::new_with_salt(salt), &hashed, signature))
                }
                None => with_hash!(&scheme.hash, D => key.verify(any_salt::<D>(), &hashed, signature)),
            };
            verified?.ok()
        }
        Public::Rsa(key) => {
            key.verify(with_hash!(&scheme.hash, D => Pkcs1v15Sign::new::<D>())?, &hashed, signature).ok()
        }
        Public::P256(key) => ecdsa!(p256, key),
        Public::P384(key) => ecdsa!(p384, key),
        Public::P521(key) => ecdsa!(p521, key),
        Public::Ed25519(_) => None,
    }
}
