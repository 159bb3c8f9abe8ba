//! Idempotency keys: a request that is made again because its answer was lost does nothing twice.
//!
//! The first request with a key is noted before anything happens. The same request again gets the first one's answer; the
//! key for another request is refused. A request that failed before it did anything is forgotten, so that it can be put
//! right under the same key.

use crate::{Engine, Error, Failure, Result};
use bespoke_core::id::EnvironmentId;
use bespoke_store::{Keyed, KeyedRequest};
use bytes::Bytes;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{fmt, time::Duration};
use uuid::Uuid;

/// How long a key is kept.
pub const KEEP: Duration = Duration::from_secs(24 * 3_600);
/// What a request takes beside the function that it runs.
const SLACK: Duration = Duration::from_secs(60);

/// Why an idempotency key does not lead to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyProblem {
    /// It was used for another request.
    Reused,
    /// The first request with it goes on.
    Busy,
    /// The first request with it was cut off, and nobody knows how far it got.
    Interrupted,
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reused => "the idempotency key was used for another request",
            Self::Busy => "the first request with this idempotency key goes on",
            Self::Interrupted => {
                "the first request with this idempotency key was cut off; nobody knows how far it got"
            }
        })
    }
}

/// A request whose key is noted.
pub(crate) struct Begun<'a> {
    environment: EnvironmentId,
    operation: &'static str,
    key: &'a str,
}

/// How a request with a key begins.
pub(crate) enum Beginning<'a> {
    /// It is the first: [`Engine::end_keyed`] or [`Engine::forget_keyed`] ends it.
    First(Begun<'a>),
    /// It was made before.
    Again {
        /// The run that it asked for then.
        run: Uuid,
        /// What came of it, where that is known, and why not otherwise.
        outcome: Result<String, KeyProblem>,
    },
}

/// A request with a key.
pub(crate) struct Keying<'a> {
    /// Whose key it is.
    pub(crate) environment: EnvironmentId,
    /// What it asks for: a key may be used once for each.
    pub(crate) operation: &'static str,
    /// The caller's key.
    pub(crate) key: &'a str,
    /// Everything that makes the request what it is.
    pub(crate) request: &'a [&'a [u8]],
    /// The run that it asks for, if it is the first.
    pub(crate) run: Uuid,
    /// Time that the function may take.
    pub(crate) timeout: Duration,
}

impl Engine {
    /// Notes a request under its key. Fails with [`KeyProblem::Reused`].
    pub(crate) async fn begin_keyed<'a>(&self, keying: Keying<'a>) -> Result<Beginning<'a>> {
        let Keying { environment, operation, key, request, run, timeout } = keying;
        let keyed = KeyedRequest {
            operation,
            key: key.to_owned(),
            fingerprint: fingerprint(request),
            run,
            busy: timeout + SLACK,
            keep: KEEP,
        };
        match self.store.begin_keyed(environment, keyed).await? {
            Keyed::First => Ok(Beginning::First(Begun { environment, operation, key })),
            Keyed::Reused => Err(Error::IdempotencyKey(KeyProblem::Reused)),
            Keyed::Again { run, outcome, busy } => {
                let unknown = if busy { KeyProblem::Busy } else { KeyProblem::Interrupted };
                Ok(Beginning::Again { run, outcome: outcome.ok_or(unknown) })
            }
        }
    }

    /// Keeps what came of a request.
    pub(crate) async fn end_keyed(&self, begun: Begun<'_>, outcome: String) -> Result<()> {
        Ok(self.store.keep_outcome(begun.environment, begun.operation, begun.key, outcome).await?)
    }

    /// Forgets a request that did nothing.
    pub(crate) async fn forget_keyed(&self, begun: Begun<'_>) -> Result<()> {
        Ok(self.store.forget_keyed(begun.environment, begun.operation, begun.key).await?)
    }
}

/// What came of an action, as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Output(Box<RawValue>),
    Failure(Box<Failure>),
}

/// What came of an action as JSON text. `None` where it did not run.
pub(crate) fn kept(result: &Result<Bytes>) -> Option<String> {
    let outcome = match result {
        Ok(output) => {
            Outcome::Output(RawValue::from_string(String::from_utf8_lossy(output).into_owned()).ok()?)
        }
        Err(Error::Failed(failure)) => Outcome::Failure(failure.clone()),
        Err(_) => return None,
    };
    serde_json::to_string(&outcome).ok()
}

/// What [`kept`] wrote, as the result that it was.
pub(crate) fn replayed(outcome: &str) -> Result<Bytes> {
    match serde_json::from_str(outcome) {
        Ok(Outcome::Output(output)) => Ok(String::from(Box::<str>::from(output)).into()),
        Ok(Outcome::Failure(failure)) => Err(Error::Failed(failure)),
        Err(_) => Err(Error::Damaged("what came of a request with an idempotency key")),
    }
}

/// A hash of the parts, each with its length, so that no two lists run together.
fn fingerprint(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
