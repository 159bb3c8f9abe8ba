//! Passwords: hashed slowly on purpose (argon2id), off the threads that answer requests and only a few at once.

use crate::{Error, Result};
use argon2::{Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _};
use bespoke_core::secret::Secret;
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;

/// Fewest characters of a password.
const SHORTEST: usize = 10;
/// Most bytes of a password: hashing a longer one would only cost time.
const LONGEST: usize = 1_024;

/// Each of them takes 19 MiB and one processor.
static AT_ONCE: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(4)));

/// The hash of no password at all. Those who are not known are compared with it, so that they take as long as others.
static NOBODYS: LazyLock<String> = LazyLock::new(|| hash_now("").unwrap_or_default());

/// Refuses a password that is too short, or absurdly long.
pub(crate) fn check(password: &Secret<String>, field: &str) -> Result<()> {
    if password.expose().chars().count() < SHORTEST {
        return Err(Error::invalid(
            &[field],
            "too_small",
            format!("Must have at least {SHORTEST} characters"),
        ));
    }
    if password.expose().len() > LONGEST {
        return Err(Error::invalid(&[field], "too_big", format!("Must have at most {LONGEST} bytes")));
    }
    Ok(())
}

/// The hash to store of a password.
pub(crate) async fn hash(password: Secret<String>) -> Result<Secret<String>> {
    slowly(move || hash_now(password.expose()).map(Secret::new)).await
}

/// Whether `password` is the one that `hash` was made of. Takes as long where there is no hash.
pub(crate) async fn verify(password: Secret<String>, hash: Option<Secret<String>>) -> Result<bool> {
    if password.expose().len() > LONGEST {
        return Ok(false);
    }
    slowly(move || {
        let known = hash.is_some();
        let hash = hash.as_ref().map_or_else(|| NOBODYS.as_str(), |hash| hash.expose().as_str());
        let hash = PasswordHash::new(hash).map_err(|_| Error::Damaged("a password's hash"))?;
        Ok(Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok() && known)
    })
    .await
}

fn hash_now(password: &str) -> Result<String> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|_| Error::Damaged("the system gave no random bytes"))?;
    Ok(hash.to_string())
}

async fn slowly<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let permit = Arc::clone(&AT_ONCE).acquire_owned().await.map_err(|_| Error::Stopping)?;
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    done.await.map_err(|_| Error::Stopping)?
}
