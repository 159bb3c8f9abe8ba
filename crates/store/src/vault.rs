//! Seals secrets before they are written: AES-256-GCM, bound to the row that they belong to.
//!
//! A sealed value is `version (1 byte) | key id (4) | nonce (12) | ciphertext and tag`. The associated data are the header
//! and the [`Place`], so a value that is copied to another row, column or customer does not open.
//!
//! Nonces are random. One key is good for about 2³² values; rotate before that, by putting a new key first.

use crate::error::{Error, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bespoke_core::secret::Secret;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest,
    rand::{SecureRandom as _, SystemRandom},
};
use std::{
    fmt::{self, Display, Write as _},
    sync::Arc,
};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

const VERSION: u8 = 1;
const ID_BYTES: usize = 4;
const HEADER: usize = 1 + ID_BYTES;

/// An encryption key. Its id comes from the key itself, so there is nothing to number or to mix up.
#[derive(Clone)]
pub struct Key {
    id: [u8; ID_BYTES],
    bytes: Secret<[u8; KEY_BYTES]>,
}

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"bespoke vault key id\0");
        context.update(&bytes);
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&context.finish().as_ref()[..ID_BYTES]);
        Self { id, bytes: Secret::new(bytes) }
    }

    /// Reads a key from base64. [`Error::Refused`] where it is not 32 bytes; the text never has the key.
    pub fn from_base64(text: &str) -> Result<Self> {
        let bytes = Secret::new(
            STANDARD
                .decode(text.trim())
                .map_err(|_| Error::Refused("the encryption key is not base64".to_owned()))?,
        );
        let bytes: [u8; KEY_BYTES] = bytes.expose().as_slice().try_into().map_err(|_| {
            Error::Refused(format!("the encryption key has {} bytes, not {KEY_BYTES}", bytes.expose().len()))
        })?;
        Ok(Self::new(bytes))
    }

    /// A new random key.
    pub fn random() -> Result<Self> {
        Ok(Self::new(random()?))
    }

    /// The text that [`Key::from_base64`] reads: for the key file only.
    pub fn to_base64(&self) -> Secret<String> {
        Secret::new(STANDARD.encode(self.bytes.expose()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", hex(self.id))
    }
}

/// Where a sealed value is kept. It opens at that place only.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Table and column, e.g. `connections.credentials`.
    pub(crate) column: &'static str,
    /// What identifies the row and never changes, e.g. its id.
    pub(crate) row: &'a dyn Display,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.column, self.row)
    }
}

/// Seals and opens. Clones share the keys.
#[derive(Clone)]
pub(crate) struct Vault {
    /// The first one seals, all open.
    keys: Arc<[([u8; ID_BYTES], LessSafeKey)]>,
    random: SystemRandom,
}

impl Vault {
    /// A vault that seals with the first key and opens with any. [`Error::Refused`] without a key.
    pub(crate) fn new(keys: &[Key]) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::Refused("an encryption key is needed".to_owned()));
        }
        let keys = keys
            .iter()
            .map(|key| {
                let unbound = UnboundKey::new(&AES_256_GCM, key.bytes.expose())
                    .map_err(|_| Error::failed("the cipher did not take the key"))?;
                Ok((key.id, LessSafeKey::new(unbound)))
            })
            .collect::<Result<_>>()?;
        Ok(Self { keys, random: SystemRandom::new() })
    }

    /// Seals `plain` for `place`.
    pub(crate) fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        let (id, key) = &self.keys[0];
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| Error::failed("the system gave no random bytes"))?;
        let mut sealed = Vec::with_capacity(HEADER + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let associated = Aad::from(associated(&sealed[..HEADER], place));
        let tag = key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                associated,
                &mut sealed[HEADER + NONCE_LEN..],
            )
            .map_err(|_| Error::Refused("the value is too large to be encrypted".to_owned()))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what was sealed for `place`. [`Error::Corrupt`] where it was sealed for another place, was changed, or was
    /// sealed with a key that this vault does not have.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>> {
        let corrupt = |why: &str| Error::Corrupt(format!("the sealed {place} {why}"));
        let (header, rest) = sealed.split_at_checked(HEADER).ok_or_else(|| corrupt("is cut off"))?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(|| corrupt("is cut off"))?;
        if header[0] != VERSION {
            return Err(corrupt("has a format that this version does not know"));
        }
        let (_, key) =
            self.keys.iter().find(|(id, _)| id == &header[1..]).ok_or_else(|| {
                corrupt(&format!("was encrypted with another key (id {})", hex(&header[1..])))
            })?;
        let mut text = rest.to_vec();
        let length = key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(associated(header, place)),
                &mut text,
            )
            .map_err(|_| corrupt("was changed, or belongs to another row"))?
            .len();
        text.truncate(length);
        Ok(Secret::new(text))
    }

    /// Opens a text. See [`Vault::open`].
    pub(crate) fn open_text(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret<String>> {
        let plain = self.open(place, sealed)?;
        let text = std::str::from_utf8(plain.expose())
            .map_err(|_| Error::Corrupt(format!("the sealed {place} is not a text")))?;
        Ok(Secret::new(text.to_owned()))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::failed("the system gave no random bytes"))?;
    Ok(bytes)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

/// Header, column and row; the 0 keeps `a` + `bc` apart from `ab` + `c`, as a column's name has none.
fn associated(header: &[u8], place: Place<'_>) -> Vec<u8> {
    let mut bytes = header.to_vec();
    bytes.extend_from_slice(place.column.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(place.row.to_string().as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place<'a>(column: &'static str, row: &'a dyn Display) -> Place<'a> {
        Place { column, row }
    }

    #[test]
    fn opens_at_its_own_place_only() {
        let vault = Vault::new(&[Key::new([7; 32])]).unwrap();
        let sealed = vault.seal(place("connections.credentials", &1), b"token").unwrap();
        assert!(!sealed.windows(5).any(|window| window == b"token"));
        let open = |column, row: &dyn Display| vault.open(place(column, row), &sealed);
        assert_eq!(open("connections.credentials", &1).unwrap().expose(), b"token");
        assert!(matches!(open("connections.credentials", &2), Err(Error::Corrupt(_))), "another row");
        assert!(matches!(open("integrations.credentials", &1), Err(Error::Corrupt(_))), "another column");
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let vault = Vault::new(&[Key::new([7; 32])]).unwrap();
        let sealed = vault.seal(place("t.c", &1), b"token").unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(vault.open(place("t.c", &1), &changed).is_err(), "byte {index}");
            assert!(vault.open(place("t.c", &1), &sealed[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn the_same_value_is_never_sealed_alike() {
        let vault = Vault::new(&[Key::new([7; 32])]).unwrap();
        let seal = || vault.seal(place("t.c", &1), b"token").unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn an_old_key_opens_and_a_foreign_one_is_named() {
        let (old, new) = (Key::new([1; 32]), Key::new([2; 32]));
        let sealed = Vault::new(std::slice::from_ref(&old)).unwrap().seal(place("t.c", &1), b"x").unwrap();
        let rotated = Vault::new(&[new.clone(), old.clone()]).unwrap();
        assert_eq!(rotated.open(place("t.c", &1), &sealed).unwrap().expose(), b"x");
        assert_eq!(rotated.seal(place("t.c", &1), b"x").unwrap()[1..5], new.id);
        let error = Vault::new(&[new]).unwrap().open(place("t.c", &1), &sealed).unwrap_err().to_string();
        assert!(error.contains(&hex(old.id)), "{error}");
    }

    #[test]
    fn keys_are_read_from_base64_and_not_printed() {
        let key = Key::new([9; 32]);
        let text = key.to_base64();
        assert_eq!(Key::from_base64(text.expose()).unwrap().id, key.id);
        assert!(!format!("{key:?}").contains(text.expose().as_str()));
        assert!(matches!(Key::from_base64("not base64!"), Err(Error::Refused(_))));
        assert!(matches!(Key::from_base64("c2hvcnQ="), Err(Error::Refused(_))));
    }
}
