//! [`Value`] to and from PostgreSQL's types. A parameter takes the type that the server has found for it.

use super::Value;
use crate::error::{Error, Result};
use postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use std::{borrow::Cow, error::Error as StdError};

type Failure = Box<dyn StdError + Sync + Send>;

impl ToSql for Value<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bool(flag) if *wanted == Type::BOOL => flag.to_sql(wanted, out),
            Self::Int(number) => match *wanted {
                Type::INT8 => number.to_sql(wanted, out),
                Type::INT4 => i32::try_from(*number)?.to_sql(wanted, out),
                Type::INT2 => i16::try_from(*number)?.to_sql(wanted, out),
                Type::FLOAT8 => (*number as f64).to_sql(wanted, out),
                _ => Err(mismatch(self, wanted)),
            },
            Self::Real(number) if *wanted == Type::FLOAT8 => number.to_sql(wanted, out),
            Self::Text(text) if <&str as ToSql>::accepts(wanted) => text.as_ref().to_sql(wanted, out),
            Self::Blob(bytes) if *wanted == Type::BYTEA => bytes.as_ref().to_sql(wanted, out),
            _ => Err(mismatch(self, wanted)),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn mismatch(value: &Value<'_>, wanted: &Type) -> Failure {
    format!("a parameter is {}, the statement wants {wanted}", value.kind()).into()
}

/// A column as it arrived.
struct Raw<'r>(Value<'r>);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(kind: &Type, raw: &'r [u8]) -> Result<Self, Failure> {
        Ok(Self(match *kind {
            Type::BOOL => Value::Bool(bool::from_sql(kind, raw)?),
            Type::INT2 => Value::Int(i16::from_sql(kind, raw)?.into()),
            Type::INT4 => Value::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Value::Int(i64::from_sql(kind, raw)?),
            Type::FLOAT4 => Value::Real(f32::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(kind, raw)?),
            Type::BYTEA => Value::Blob(Cow::Borrowed(raw)),
            Type::VOID => Value::Null,
            _ if <&str as FromSql<'_>>::accepts(kind) => {
                Value::Text(Cow::Borrowed(std::str::from_utf8(raw)?))
            }
            _ => return Err(format!("a column is {kind}, which needs a CAST in the statement").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Reads a column as it is.
pub(super) fn column(row: &postgres::Row, index: usize) -> Result<Value<'_>> {
    match row.try_get::<_, Raw<'_>>(index) {
        Ok(raw) => Ok(raw.0),
        Err(error) => Err(Error::Corrupt(error.to_string())),
    }
}
