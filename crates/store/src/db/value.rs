//! Values into and out of statements, the same for both databases.

use crate::error::{Error, Result};
use bespoke_core::{
    id::{ApiKeyId, ConnectionId, EnvironmentId, FunctionId, IntegrationId, RecordSetId},
    time::Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};
use std::borrow::Cow;
use uuid::Uuid;

/// A parameter of a statement, or a column of a row. Texts and bytes are borrowed where that is possible.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// SQL `NULL`, of any type.
    Null,
    /// `BOOLEAN`; 0 or 1 in SQLite.
    Bool(bool),
    /// `BIGINT`, `INTEGER`.
    Int(i64),
    /// `DOUBLE PRECISION`.
    Real(f64),
    /// `TEXT`; also JSON and UUIDs.
    Text(Cow<'a, str>),
    /// `BYTEA`; `BLOB` in SQLite.
    Blob(Cow<'a, [u8]>),
}

impl Value<'_> {
    /// The JSON text of `value`.
    pub(crate) fn json(value: &impl Serialize) -> Result<Value<'static>> {
        let text = serde_json::to_string(value).map_err(|error| Error::failed(error.to_string()))?;
        Ok(Value::Text(Cow::Owned(text)))
    }

    /// What it is, for messages. Never the content: it may be a secret.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Real(_) => "a real number",
            Self::Text(_) => "a text",
            Self::Blob(_) => "bytes",
        }
    }
}

/// `params![a, b]`: the parameters `$1`, `$2` of a statement, of any types that [`Value`] can be made from.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Value::from($value)),*] as &[$crate::db::Value<'_>] };
}
pub(crate) use params;

macro_rules! value_from {
    ($($type:ty: |$name:ident| $value:expr),+ $(,)?) => {$(
        impl<'a> From<$type> for Value<'a> {
            fn from($name: $type) -> Self { $value }
        }
    )+};
}

value_from! {
    bool: |value| Self::Bool(value),
    i64: |value| Self::Int(value),
    i32: |value| Self::Int(value.into()),
    u32: |value| Self::Int(value.into()),
    u16: |value| Self::Int(value.into()),
    f64: |value| Self::Real(value),
    &'a str: |value| Self::Text(Cow::Borrowed(value)),
    &'a String: |value| Self::Text(Cow::Borrowed(value)),
    String: |value| Self::Text(Cow::Owned(value)),
    Cow<'a, str>: |value| Self::Text(value),
    &'a [u8]: |value| Self::Blob(Cow::Borrowed(value)),
    &'a Vec<u8>: |value| Self::Blob(Cow::Borrowed(value)),
    Vec<u8>: |value| Self::Blob(Cow::Owned(value)),
    Timestamp: |value| Self::Int(value.0),
    Uuid: |value| Self::Text(Cow::Owned(value.to_string())),
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Blob(Cow::Borrowed(value))
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A type that a column can be read as.
pub(crate) trait FromValue<'r>: Sized {
    /// Reads it; [`Error::Corrupt`] where the column holds something else.
    fn from_value(value: Value<'r>) -> Result<Self>;
}

fn unexpected<T>(value: &Value<'_>, wanted: &str) -> Result<T> {
    Err(Error::Corrupt(format!("a column is {}, not {wanted}", value.kind())))
}

impl FromValue<'_> for i64 {
    fn from_value(value: Value<'_>) -> Result<Self> {
        match value {
            Value::Int(number) => Ok(number),
            Value::Bool(flag) => Ok(flag.into()),
            other => unexpected(&other, "an integer"),
        }
    }
}

macro_rules! narrower_integers {
    ($($type:ty),+) => {$(
        impl FromValue<'_> for $type {
            fn from_value(value: Value<'_>) -> Result<Self> {
                let number = i64::from_value(value)?;
                Self::try_from(number)
                    .map_err(|_| Error::Corrupt(format!("{number} does not fit {}", stringify!($type))))
            }
        }
    )+};
}
narrower_integers!(i32, u16, u32, u64, usize);

impl FromValue<'_> for bool {
    fn from_value(value: Value<'_>) -> Result<Self> {
        match value {
            Value::Bool(flag) => Ok(flag),
            Value::Int(number) => Ok(number != 0),
            other => unexpected(&other, "a boolean"),
        }
    }
}

impl FromValue<'_> for f64 {
    fn from_value(value: Value<'_>) -> Result<Self> {
        match value {
            Value::Real(number) => Ok(number),
            Value::Int(number) => Ok(number as Self),
            other => unexpected(&other, "a number"),
        }
    }
}

impl<'r> FromValue<'r> for Cow<'r, str> {
    fn from_value(value: Value<'r>) -> Result<Self> {
        match value {
            Value::Text(text) => Ok(text),
            other => unexpected(&other, "a text"),
        }
    }
}

impl<'r> FromValue<'r> for &'r str {
    fn from_value(value: Value<'r>) -> Result<Self> {
        match value {
            Value::Text(Cow::Borrowed(text)) => Ok(text),
            other => unexpected(&other, "a borrowed text"),
        }
    }
}

impl FromValue<'_> for String {
    fn from_value(value: Value<'_>) -> Result<Self> {
        Cow::<str>::from_value(value).map(Cow::into_owned)
    }
}

impl<'r> FromValue<'r> for &'r [u8] {
    fn from_value(value: Value<'r>) -> Result<Self> {
        match value {
            Value::Blob(Cow::Borrowed(bytes)) => Ok(bytes),
            other => unexpected(&other, "borrowed bytes"),
        }
    }
}

impl FromValue<'_> for Vec<u8> {
    fn from_value(value: Value<'_>) -> Result<Self> {
        match value {
            Value::Blob(bytes) => Ok(bytes.into_owned()),
            other => unexpected(&other, "bytes"),
        }
    }
}

impl<const N: usize> FromValue<'_> for [u8; N] {
    fn from_value(value: Value<'_>) -> Result<Self> {
        match value {
            Value::Blob(bytes) => bytes
                .as_ref()
                .try_into()
                .map_err(|_| Error::Corrupt(format!("a column has {} bytes, not {N}", bytes.len()))),
            other => unexpected(&other, "bytes"),
        }
    }
}

impl FromValue<'_> for Timestamp {
    fn from_value(value: Value<'_>) -> Result<Self> {
        i64::from_value(value).map(Self)
    }
}

impl FromValue<'_> for Uuid {
    fn from_value(value: Value<'_>) -> Result<Self> {
        let text = Cow::<str>::from_value(value)?;
        Self::try_parse(&text).map_err(|_| Error::Corrupt("a column is not a UUID".to_owned()))
    }
}

impl<'r, T: FromValue<'r>> FromValue<'r> for Option<T> {
    fn from_value(value: Value<'r>) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}

macro_rules! id_values {
    ($($id:ident),+ $(,)?) => {$(
        impl From<$id> for Value<'_> {
            fn from(id: $id) -> Self { Self::Int(id.0) }
        }
        impl FromValue<'_> for $id {
            fn from_value(value: Value<'_>) -> Result<Self> { i64::from_value(value).map(Self) }
        }
    )+};
}
id_values!(EnvironmentId, ApiKeyId, IntegrationId, ConnectionId, FunctionId, RecordSetId);

/// One row of a result, read by position from 0.
pub(crate) enum Row<'r> {
    /// A row that SQLite stands on.
    Sqlite(&'r rusqlite::Row<'r>),
    /// A row that PostgreSQL sent.
    Postgres(&'r postgres::Row),
}

impl<'r> Row<'r> {
    /// The column at `index`. [`Error::Corrupt`] where it is of another type.
    pub(crate) fn get<T: FromValue<'r>>(&self, index: usize) -> Result<T> {
        T::from_value(self.value(index)?)
    }

    /// The column at `index`, a JSON text, read as `T`.
    pub(crate) fn json<T: DeserializeOwned>(&self, index: usize) -> Result<T> {
        let text: Cow<'_, str> = self.get(index)?;
        serde_json::from_str(&text)
            .map_err(|error| Error::Corrupt(format!("a column is not the JSON expected: {error}")))
    }

    fn value(&self, index: usize) -> Result<Value<'r>> {
        match self {
            Self::Sqlite(row) => super::sqlite::column(row, index),
            Self::Postgres(row) => super::postgres_types::column(row, index),
        }
    }
}
