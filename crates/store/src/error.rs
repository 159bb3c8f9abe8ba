//! What can go wrong in the store, by what a caller can do about it.

use bespoke_core::{document, id::ConnectionId};
use std::{borrow::Cow, fmt, sync::Arc};

/// Result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the store. It is cheap to clone: one failed commit answers many callers.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The named thing is not there. Nothing was changed.
    #[error("{0} does not exist")]
    NotFound(&'static str),
    /// The named thing exists already, or was changed by someone else in the meantime. Nothing was changed.
    #[error("{0} exists already or was changed by someone else")]
    Conflict(Cow<'static, str>),
    /// The database refused the values (a limit, a forbidden character). The text says which; asking again does not help.
    #[error("the database does not take this: {0}")]
    Refused(String),
    /// A document would have this many bytes, more than [`bespoke_core::document::MAX_BYTES`]. Nothing was changed.
    #[error("the document would have {0} bytes")]
    TooLarge(usize),
    /// A patch does not fit the document. The text says why. Nothing was changed.
    #[error("the document cannot be patched: {0}")]
    NotPatched(String),
    /// The judge of a write does not accept this document. Nothing was changed.
    #[error("the document is not accepted")]
    NotAccepted(document::Document),
    /// The judge of a write cannot tell of these documents. Nothing was changed.
    #[error("documents are to be judged elsewhere")]
    NotJudged(Vec<document::Document>),
    /// These connections have to be migrated before they are written. Nothing was changed.
    #[error("connections are to be migrated")]
    NotMigrated(Vec<ConnectionId>),
    /// Too much is going on (lock, deadlock, too many connections). Nothing was changed; asking again may help.
    #[error("the database is busy")]
    Busy(#[source] Cause),
    /// The database cannot be reached or written. A write of which the commit was under way may or may not have happened.
    #[error("the database is not available")]
    Unavailable(#[source] Cause),
    /// What is stored cannot be read: a damaged file, a foreign key of encryption, a value of another type.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
    /// A statement or a closure is wrong: a bug in this program. The source says which.
    #[error("a database operation failed")]
    Failed(#[source] Cause),
}

impl Error {
    /// The same error with the name of the thing, where it is a conflict that the database itself found.
    pub(crate) fn about(self, name: &'static str) -> Self {
        match self {
            Self::Conflict(_) => Self::Conflict(Cow::Borrowed(name)),
            other => other,
        }
    }

    /// A bug, told in words.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self::Failed(Cause::text(text))
    }
}

impl From<document::Error> for Error {
    fn from(error: document::Error) -> Self {
        match error {
            document::Error::TooLarge(bytes) => Self::TooLarge(bytes),
            document::Error::NotPatched(problem) => Self::NotPatched(problem),
            document::Error::NotAnObject => Self::Refused(error.to_string()),
        }
    }
}

/// The driver's own error, kept for logs only: no caller decides by it.
#[derive(Clone)]
pub struct Cause(Arc<dyn std::error::Error + Send + Sync>);

impl Cause {
    pub(crate) fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(text.into())))
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
