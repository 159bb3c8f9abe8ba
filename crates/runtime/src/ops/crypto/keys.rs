//! Keys for signatures: read from PEM, DER and JWK, kept by the JavaScript side as DER, PKCS#8 or SPKI.

use crate::ops::bytes;
use ed25519_dalek as ed25519;
use p256::elliptic_curve::sec1::ToSec1Point;
use pkcs8::der::Decode;
use pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rquickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Result};
use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey, EncodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BoxedUint, RsaPrivateKey, RsaPublicKey};

/// A key that signs.
pub(super) enum Private {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    P521(p521::SecretKey),
    Ed25519(ed25519::SigningKey),
}

/// A key that verifies.
pub(super) enum Public {
    Rsa(RsaPublicKey),
    P256(p256::PublicKey),
    P384(p384::PublicKey),
    P521(p521::PublicKey),
    Ed25519(ed25519::VerifyingKey),
}

/// What was read.
pub(super) enum Key {
    Private(Private),
    Public(Public),
}

type Der = std::result::Result<Vec<u8>, &'static str>;

const UNREADABLE: &str = "ERR_OSSL_UNSUPPORTED: the key cannot be read: there are RSA, P-256, P-384, P-521 and Ed25519 keys, as PKCS#8, PKCS#1, SEC1 or SPKI";
const PASSPHRASE: &str =
    "ERR_MISSING_PASSPHRASE: the key is encrypted; it needs its passphrase, and a PKCS#8 form";

impl Private {
    /// Reads PKCS#8.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        None.or_else(|| Some(Self::Rsa(Box::new(RsaPrivateKey::from_pkcs8_der(der).ok()?))))
            .or_else(|| Some(Self::P256(p256::SecretKey::from_pkcs8_der(der).ok()?)))
            .or_else(|| Some(Self::P384(p384::SecretKey::from_pkcs8_der(der).ok()?)))
            .or_else(|| Some(Self::P521(p521::SecretKey::from_pkcs8_der(der).ok()?)))
            .or_else(|| Some(Self::Ed25519(ed25519::SigningKey::from_pkcs8_der(der).ok()?)))
    }

    fn from_sec1(der: &[u8]) -> Option<Self> {
        None.or_else(|| Some(Self::P256(p256::SecretKey::from_sec1_der(der).ok()?)))
            .or_else(|| Some(Self::P384(p384::SecretKey::from_sec1_der(der).ok()?)))
            .or_else(|| Some(Self::P521(p521::SecretKey::from_sec1_der(der).ok()?)))
    }

    fn to_der(&self) -> Der {
        match self {
            Self::Rsa(key) => key.to_pkcs8_der(),
            Self::P256(key) => key.to_pkcs8_der(),
            Self::P384(key) => key.to_pkcs8_der(),
            Self::P521(key) => key.to_pkcs8_der(),
            Self::Ed25519(key) => key.to_pkcs8_der(),
        }
        .map(|document| document.as_bytes().to_vec())
        .map_err(|_| UNREADABLE)
    }

    pub(super) fn public(&self) -> Public {
        match self {
            Self::Rsa(key) => Public::Rsa(key.to_public_key()),
            Self::P256(key) => Public::P256(key.public_key()),
            Self::P384(key) => Public::P384(key.public_key()),
            Self::P521(key) => Public::P521(key.public_key()),
            Self::Ed25519(key) => Public::Ed25519(key.verifying_key()),
        }
    }
}

impl Public {
    /// Reads SPKI.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        None.or_else(|| Some(Self::Rsa(RsaPublicKey::from_public_key_der(der).ok()?)))
            .or_else(|| Some(Self::P256(p256::PublicKey::from_public_key_der(der).ok()?)))
            .or_else(|| Some(Self::P384(p384::PublicKey::from_public_key_der(der).ok()?)))
            .or_else(|| Some(Self::P521(p521::PublicKey::from_public_key_der(der).ok()?)))
            .or_else(|| Some(Self::Ed25519(ed25519::VerifyingKey::from_public_key_der(der).ok()?)))
    }

    fn to_der(&self) -> Der {
        match self {
            Self::Rsa(key) => key.to_public_key_der(),
            Self::P256(key) => key.to_public_key_der(),
            Self::P384(key) => key.to_public_key_der(),
            Self::P521(key) => key.to_public_key_der(),
            Self::Ed25519(key) => key.to_public_key_der(),
        }
        .map(|document| document.as_bytes().to_vec())
        .map_err(|_| UNREADABLE)
    }

    /// Kind, curve and bits of the modulus, as Node names them.
    fn facts(&self) -> (&'static str, &'static str, u32) {
        match self {
            Self::Rsa(key) => ("rsa", "", key.n().bits()),
            Self::P256(_) => ("ec", "prime256v1", 0),
            Self::P384(_) => ("ec", "secp384r1", 0),
            Self::P521(_) => ("ec", "secp521r1", 0),
            Self::Ed25519(_) => ("ed25519", "", 0),
        }
    }
}

/// A private key from the JavaScript side, which has its PKCS#8.
pub(super) fn private(ctx: &Ctx<'_>, der: &ArrayBuffer<'_>) -> Result<Private> {
    let der = bytes::copy(ctx, der)?;
    Private::from_der(&der).ok_or_else(|| Exception::throw_message(ctx, UNREADABLE))
}

/// A public key from the JavaScript side, which has its SPKI.
pub(super) fn public(ctx: &Ctx<'_>, der: &ArrayBuffer<'_>) -> Result<Public> {
    let der = bytes::copy(ctx, der)?;
    Public::from_der(&der).ok_or_else(|| Exception::throw_message(ctx, UNREADABLE))
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "readKey",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, key: ArrayBuffer<'js>, passphrase: Option<String>| {
            let key = read(&bytes::copy(&ctx, &key)?, passphrase.as_deref())
                .map_err(|why| Exception::throw_message(&ctx, why))?;
            described(&ctx, &key)
        })?,
    )?;
    native.set(
        "publicKey",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, der: ArrayBuffer<'js>| {
            described(&ctx, &Key::Public(private(&ctx, &der)?.public()))
        })?,
    )?;
    native.set(
        "exportKey",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, der: ArrayBuffer<'js>, is_private: bool, form: String| {
                let exported = if is_private {
                    export_private(&private(&ctx, &der)?, &form)
                } else {
                    export_public(&public(&ctx, &der)?, &form)
                };
                bytes::buffer(&ctx, &exported.map_err(|why| Exception::throw_message(&ctx, why))?)
            },
        )?,
    )?;
    native.set(
        "rsaNumbers",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, der: ArrayBuffer<'js>, is_private: bool| {
            rsa_numbers(&ctx, &der, is_private)
        })?,
    )?;
    native.set(
        "rsaKey",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, numbers: Vec<ArrayBuffer<'js>>| {
            let numbers: Vec<_> =
                numbers.iter().map(|number| bytes::copy(&ctx, number)).collect::<Result<_>>()?;
            let key = rsa_key(&numbers).ok_or_else(|| Exception::throw_message(&ctx, UNREADABLE))?;
            described(&ctx, &key)
        })?,
    )
}

/// `{isPrivate, kind, curve, bits, der}`.
fn described<'js>(ctx: &Ctx<'js>, key: &Key) -> Result<Object<'js>> {
    let (is_private, facts, der) = match key {
        Key::Private(key) => (true, key.public().facts(), key.to_der()),
        Key::Public(key) => (false, key.facts(), key.to_der()),
    };
    let der = der.map_err(|why| Exception::throw_message(ctx, why))?;
    let described = Object::new(ctx.clone())?;
    described.set("isPrivate", is_private)?;
    described.set("kind", facts.0)?;
    described.set("curve", facts.1)?;
    described.set("bits", facts.2)?;
    described.set("der", bytes::buffer(ctx, &der)?)?;
    Ok(described)
}

/// Reads a key in any form that there is: what it is shows in its bytes.
fn read(key: &[u8], passphrase: Option<&str>) -> std::result::Result<Key, &'static str> {
    let text = std::str::from_utf8(key).ok().map(str::trim).filter(|text| text.starts_with("-----BEGIN"));
    let Some(text) = text else { return read_der(key, passphrase) };
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(PASSPHRASE);
    }
    let text = text.replace('\r', "");
    let (label, document) = pkcs8::SecretDocument::from_pem(&text).map_err(|_| UNREADABLE)?;
    let der = document.as_bytes();
    let private = |key: Option<Private>| key.map(Key::Private);
    let public = |key: Option<Public>| key.map(Key::Public);
    match label {
        "ENCRYPTED PRIVATE KEY" => return decrypt(der, passphrase),
        "PRIVATE KEY" => private(Private::from_der(der)),
        "RSA PRIVATE KEY" => private(rsa_private(der)),
        "EC PRIVATE KEY" => private(Private::from_sec1(der)),
        "PUBLIC KEY" => public(Public::from_der(der)),
        "RSA PUBLIC KEY" => public(RsaPublicKey::from_pkcs1_der(der).ok().map(Public::Rsa)),
        _ => None,
    }
    .ok_or(UNREADABLE)
}

fn read_der(der: &[u8], passphrase: Option<&str>) -> std::result::Result<Key, &'static str> {
    if pkcs8::EncryptedPrivateKeyInfoRef::from_der(der).is_ok() {
        return decrypt(der, passphrase);
    }
    let private = Private::from_der(der).or_else(|| rsa_private(der)).or_else(|| Private::from_sec1(der));
    let public =
        || Public::from_der(der).or_else(|| Some(Public::Rsa(RsaPublicKey::from_pkcs1_der(der).ok()?)));
    private.map(Key::Private).or_else(|| public().map(Key::Public)).ok_or(UNREADABLE)
}

fn rsa_private(der: &[u8]) -> Option<Private> {
    Some(Private::Rsa(Box::new(RsaPrivateKey::from_pkcs1_der(der).ok()?)))
}

fn decrypt(der: &[u8], passphrase: Option<&str>) -> std::result::Result<Key, &'static str> {
    let passphrase = passphrase.ok_or(PASSPHRASE)?;
    let sealed = pkcs8::EncryptedPrivateKeyInfoRef::from_der(der).map_err(|_| UNREADABLE)?;
    let open = sealed.decrypt(passphrase).map_err(|_| "ERR_OSSL_BAD_DECRYPT: bad decrypt")?;
    Private::from_der(open.as_bytes()).map(Key::Private).ok_or(UNREADABLE)
}

const FORM: &str = "ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS: the key has no such form";

fn export_private(key: &Private, form: &str) -> Der {
    match (form, key) {
        ("pkcs8", key) => key.to_der(),
        ("pkcs1", Private::Rsa(key)) => {
            key.to_pkcs1_der().map(|document| document.as_bytes().to_vec()).map_err(|_| UNREADABLE)
        }
        ("sec1", Private::P256(key)) => sec1(key.to_sec1_der()),
        ("sec1", Private::P384(key)) => sec1(key.to_sec1_der()),
        ("sec1", Private::P521(key)) => sec1(key.to_sec1_der()),
        // The secret number alone, for JWK.
        ("raw", Private::P256(key)) => Ok(key.to_bytes().to_vec()),
        ("raw", Private::P384(key)) => Ok(key.to_bytes().to_vec()),
        ("raw", Private::P521(key)) => Ok(key.to_bytes().to_vec()),
        ("raw", Private::Ed25519(key)) => Ok(key.to_bytes().to_vec()),
        _ => Err(FORM),
    }
}

fn sec1<D: AsRef<[u8]>, E>(document: std::result::Result<D, E>) -> Der {
    document.map(|document| document.as_ref().to_vec()).map_err(|_| UNREADABLE)
}

fn export_public(key: &Public, form: &str) -> Der {
    match (form, key) {
        ("spki", key) => key.to_der(),
        ("pkcs1", Public::Rsa(key)) => {
            key.to_pkcs1_der().map(|document| document.as_bytes().to_vec()).map_err(|_| UNREADABLE)
        }
        // The point, not compressed: 4, x, y.
        ("raw", Public::P256(key)) => Ok(key.to_sec1_point(false).as_bytes().to_vec()),
        ("raw", Public::P384(key)) => Ok(key.to_sec1_point(false).as_bytes().to_vec()),
        ("raw", Public::P521(key)) => Ok(key.to_sec1_point(false).as_bytes().to_vec()),
        ("raw", Public::Ed25519(key)) => Ok(key.to_bytes().to_vec()),
        _ => Err(FORM),
    }
}

/// The numbers of an RSA key in the order of JWK: n, e and, of a private one, d, p, q, dp, dq, qi.
fn rsa_numbers<'js>(
    ctx: &Ctx<'js>,
    der: &ArrayBuffer<'js>,
    is_private: bool,
) -> Result<Vec<ArrayBuffer<'js>>> {
    let wrong = || Exception::throw_message(ctx, FORM);
    let numbers: Vec<Box<[u8]>> = if is_private {
        let Private::Rsa(key) = private(ctx, der)? else { return Err(wrong()) };
        let [p, q] = key.primes() else { return Err(wrong()) };
        let (dp, dq) = (key.dp().ok_or_else(wrong)?, key.dq().ok_or_else(wrong)?);
        let qi = key.crt_coefficient().ok_or_else(wrong)?;
        [key.n().as_ref(), key.e(), key.d(), p.as_ref(), q.as_ref(), dp, dq, &qi].map(trimmed).into()
    } else {
        let Public::Rsa(key) = public(ctx, der)? else { return Err(wrong()) };
        [key.n().as_ref(), key.e()].map(trimmed).into()
    };
    numbers.iter().map(|number| bytes::buffer(ctx, number)).collect()
}

fn trimmed(number: &BoxedUint) -> Box<[u8]> {
    number.to_be_bytes_trimmed_vartime()
}

/// An RSA key from n, e and, for a private one, d, p, q.
fn rsa_key(numbers: &[Vec<u8>]) -> Option<Key> {
    let number = |bytes: &Vec<u8>| BoxedUint::from_be_slice_vartime(bytes);
    match numbers {
        [modulus, exponent] => {
            RsaPublicKey::new(number(modulus), number(exponent)).ok().map(Public::Rsa).map(Key::Public)
        }
        [modulus, exponent, secret, first, second] => {
            let primes = vec![number(first), number(second)];
            let key =
                RsaPrivateKey::from_components(number(modulus), number(exponent), number(secret), primes)
                    .ok()?;
            Some(Key::Private(Private::Rsa(Box::new(key))))
        }
        _ => None,
    }
}
