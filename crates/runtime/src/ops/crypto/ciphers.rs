//! `native.cipher` and `native.gcm`: blocks and streams without padding (which the JavaScript side adds), and GCM as a whole.

use crate::ops::bytes;
use aes::cipher::{
    Block, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit, StreamCipher, StreamCipherSeek,
};
use aes::{Aes128, Aes192, Aes256};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{AesGcm, Nonce, Tag};
use des::TdesEde3;
use rquickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Result};

/// Why nothing was encrypted or decrypted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Unknown,
    KeyLength,
    IvLength,
    DataLength,
    Inauthentic,
}

impl Refused {
    fn throw(self, ctx: &Ctx<'_>) -> rquickjs::Error {
        match self {
            Self::Unknown => Exception::throw_message(ctx, "ERR_CRYPTO_UNKNOWN_CIPHER: Unknown cipher"),
            Self::KeyLength => Exception::throw_range(ctx, "ERR_CRYPTO_INVALID_KEYLEN: Invalid key length"),
            Self::IvLength => {
                Exception::throw_type(ctx, "ERR_CRYPTO_INVALID_IV: Invalid initialization vector")
            }
            Self::DataLength => {
                Exception::throw_message(ctx, "ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH: wrong final block length")
            }
            Self::Inauthentic => {
                Exception::throw_message(ctx, "Unsupported state or unable to authenticate data")
            }
        }
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "cipher",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             name: String,
             encrypt: bool,
             key: ArrayBuffer<'js>,
             iv: ArrayBuffer<'js>,
             data: ArrayBuffer<'js>,
             offset: f64| {
                let (key, iv) = (bytes::copy(&ctx, &key)?, bytes::copy(&ctx, &iv)?);
                let mut data = bytes::copy(&ctx, &data)?;
                apply(&name, encrypt, &key, &iv, &mut data, offset as u64)
                    .map_err(|refused| refused.throw(&ctx))?;
                bytes::buffer(&ctx, &data)
            },
        )?,
    )?;
    native.set(
        "gcm",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             encrypt: bool,
             key: ArrayBuffer<'js>,
             iv: ArrayBuffer<'js>,
             aad: ArrayBuffer<'js>,
             data: ArrayBuffer<'js>| {
                let (key, iv) = (bytes::copy(&ctx, &key)?, bytes::copy(&ctx, &iv)?);
                let (aad, data) = (bytes::copy(&ctx, &aad)?, bytes::copy(&ctx, &data)?);
                let done = gcm(encrypt, &key, &iv, &aad, data).map_err(|refused| refused.throw(&ctx))?;
                bytes::buffer(&ctx, &done)
            },
        )?,
    )
}

/// Encrypts or decrypts whole blocks in place; for `ctr`, any bytes, of which the first is number `offset` of the stream.
fn apply(
    name: &str,
    encrypt: bool,
    key: &[u8],
    iv: &[u8],
    data: &mut [u8],
    offset: u64,
) -> std::result::Result<(), Refused> {
    match name {
        "aes-128-cbc" => cbc::<Aes128>(encrypt, key, iv, data),
        "aes-192-cbc" => cbc::<Aes192>(encrypt, key, iv, data),
        "aes-256-cbc" => cbc::<Aes256>(encrypt, key, iv, data),
        "des-ede3-cbc" => cbc::<TdesEde3>(encrypt, key, iv, data),
        "aes-128-ecb" => ecb::<Aes128>(encrypt, key, iv, data),
        "aes-192-ecb" => ecb::<Aes192>(encrypt, key, iv, data),
        "aes-256-ecb" => ecb::<Aes256>(encrypt, key, iv, data),
        "des-ede3-ecb" => ecb::<TdesEde3>(encrypt, key, iv, data),
        "aes-128-ctr" => stream::<ctr::Ctr128BE<Aes128>>(key, iv, data, offset),
        "aes-192-ctr" => stream::<ctr::Ctr128BE<Aes192>>(key, iv, data, offset),
        "aes-256-ctr" => stream::<ctr::Ctr128BE<Aes256>>(key, iv, data, offset),
        _ => Err(Refused::Unknown),
    }
}

fn cbc<C>(encrypt: bool, key: &[u8], iv: &[u8], data: &mut [u8]) -> std::result::Result<(), Refused>
where
    C: aes::cipher::BlockCipherEncrypt + aes::cipher::BlockCipherDecrypt + KeyInit,
{
    if key.len() != C::key_size() {
        return Err(Refused::KeyLength);
    }
    let (blocks, rest) = Block::<C>::slice_as_chunks_mut(data);
    if !rest.is_empty() {
        return Err(Refused::DataLength);
    }
    if encrypt {
        let mut mode = cbc::Encryptor::<C>::new_from_slices(key, iv).map_err(|_| Refused::IvLength)?;
        mode.encrypt_blocks(blocks);
    } else {
        let mut mode = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| Refused::IvLength)?;
        mode.decrypt_blocks(blocks);
    }
    Ok(())
}

fn ecb<C>(encrypt: bool, key: &[u8], iv: &[u8], data: &mut [u8]) -> std::result::Result<(), Refused>
where
    C: aes::cipher::BlockCipherEncrypt + aes::cipher::BlockCipherDecrypt + KeyInit,
{
    if !iv.is_empty() {
        return Err(Refused::IvLength);
    }
    let (blocks, rest) = Block::<C>::slice_as_chunks_mut(data);
    if !rest.is_empty() {
        return Err(Refused::DataLength);
    }
    if encrypt {
        let mut mode = ecb::Encryptor::<C>::new_from_slice(key).map_err(|_| Refused::KeyLength)?;
        mode.encrypt_blocks(blocks);
    } else {
        let mut mode = ecb::Decryptor::<C>::new_from_slice(key).map_err(|_| Refused::KeyLength)?;
        mode.decrypt_blocks(blocks);
    }
    Ok(())
}

fn stream<S>(key: &[u8], iv: &[u8], data: &mut [u8], offset: u64) -> std::result::Result<(), Refused>
where
    S: KeyIvInit + StreamCipher + StreamCipherSeek,
{
    if key.len() != S::key_size() {
        return Err(Refused::KeyLength);
    }
    let mut stream = S::new_from_slices(key, iv).map_err(|_| Refused::IvLength)?;
    stream.try_seek(offset).map_err(|_| Refused::DataLength)?;
    stream.try_apply_keystream(data).map_err(|_| Refused::DataLength)
}

/// Length of an authentication tag, bytes.
const TAG: usize = 16;

/// Encrypts and appends the tag; or decrypts what ends with its tag.
fn gcm(
    encrypt: bool,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    data: Vec<u8>,
) -> std::result::Result<Vec<u8>, Refused> {
    macro_rules! with_nonce {
        ($aes:ty) => {
            match iv.len() {
                12 => gcm_with::<AesGcm<$aes, aes_gcm::aead::consts::U12>>(encrypt, key, iv, aad, data),
                16 => gcm_with::<AesGcm<$aes, aes_gcm::aead::consts::U16>>(encrypt, key, iv, aad, data),
                _ => Err(Refused::IvLength),
            }
        };
    }
    match key.len() {
        16 => with_nonce!(Aes128),
        24 => with_nonce!(Aes192),
        32 => with_nonce!(Aes256),
        _ => Err(Refused::KeyLength),
    }
}

fn gcm_with<A>(
    encrypt: bool,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    mut data: Vec<u8>,
) -> std::result::Result<Vec<u8>, Refused>
where
    A: AeadInOut + KeyInit,
{
    let cipher = A::new_from_slice(key).map_err(|_| Refused::KeyLength)?;
    let nonce: &Nonce<A::NonceSize> = iv.try_into().map_err(|_| Refused::IvLength)?;
    if encrypt {
        let tag = cipher
            .encrypt_inout_detached(nonce, aad, data.as_mut_slice().into())
            .map_err(|_| Refused::DataLength)?;
        data.extend_from_slice(&tag);
    } else {
        let tag = data.split_off(data.len().checked_sub(TAG).ok_or(Refused::Inauthentic)?);
        let tag: &Tag<A::TagSize> = tag.as_slice().try_into().map_err(|_| Refused::Inauthentic)?;
        cipher
            .decrypt_inout_detached(nonce, aad, data.as_mut_slice().into(), tag)
            .map_err(|_| Refused::Inauthentic)?;
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encrypted_is_decrypted_and_a_changed_byte_is_noticed() {
        for (name, key, iv) in [
            ("aes-256-cbc", 32, 16),
            ("aes-128-ecb", 16, 0),
            ("aes-192-ctr", 24, 16),
            ("des-ede3-cbc", 24, 8),
        ] {
            let (key, iv) = (vec![7; key], vec![9; iv]);
            let mut data = b"sixteen bytes!!!".repeat(3);
            apply(name, true, &key, &iv, &mut data, 0).unwrap();
            assert_ne!(data, b"sixteen bytes!!!".repeat(3), "{name}");
            apply(name, false, &key, &iv, &mut data, 0).unwrap();
            assert_eq!(data, b"sixteen bytes!!!".repeat(3), "{name}");
            assert_eq!(apply(name, true, &key[1..], &iv, &mut data, 0), Err(Refused::KeyLength), "{name}");
        }
        let mut sealed = gcm(true, &[1; 32], &[2; 12], b"with", b"secret".to_vec()).unwrap();
        assert_eq!(gcm(false, &[1; 32], &[2; 12], b"with", sealed.clone()).unwrap(), b"secret");
        sealed[0] ^= 1;
        assert_eq!(gcm(false, &[1; 32], &[2; 12], b"with", sealed), Err(Refused::Inauthentic));
    }
}
