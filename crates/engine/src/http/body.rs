//! Bodies of requests and answers.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use std::fmt;

/// A body as it comes in; an error ends it.
pub type BodyStream<E> = BoxStream<'static, Result<Bytes, E>>;

/// What a request carries.
#[derive(Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// Bytes in memory; they can be sent again.
    Bytes(Bytes),
    /// Bytes that are passed on as they come; they can be sent once.
    Stream {
        /// The bytes.
        stream: BodyStream<std::io::Error>,
        /// How many there are, where that is known; sent as `Content-Length`.
        length: Option<u64>,
    },
}

impl Body {
    /// A copy to send while the original is kept for another try; a stream moves and leaves nothing behind.
    pub(crate) fn take_to_send(&mut self) -> Self {
        match self {
            Self::Empty => Self::Empty,
            Self::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Self::Stream { .. } => std::mem::take(self),
        }
    }

    /// How many bytes it has, where that is known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Stream { length, .. } => *length,
        }
    }

    /// Whether it can be sent again.
    pub fn is_replayable(&self) -> bool {
        !matches!(self, Self::Stream { .. })
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Stream { length: Some(length), .. } => write!(f, "stream of {length} bytes"),
            Self::Stream { length: None, .. } => f.write_str("stream"),
        }
    }
}
