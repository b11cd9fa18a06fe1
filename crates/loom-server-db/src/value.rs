//! Values that can be bound to a placeholder on both databases.

use std::fmt;

use uuid::Uuid;

/// A value for a placeholder. Each variant keeps its type when it is null, because PostgreSQL
/// wants to know.
///
/// `Debug` shows the type but not the value: values are what must not get into a log.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `BOOLEAN`
    Bool(Option<bool>),
    /// `BIGINT`
    Int(Option<i64>),
    /// `TEXT`
    Text(Option<String>),
    /// `BYTEA`
    Bytes(Option<Vec<u8>>),
    /// `UUID`
    Uuid(Option<Uuid>),
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Bool(_) => "Bool(_)",
            Self::Int(_) => "Int(_)",
            Self::Text(_) => "Text(_)",
            Self::Bytes(_) => "Bytes(_)",
            Self::Uuid(_) => "Uuid(_)",
        })
    }
}

/// Makes `From<T>` and `From<Option<T>>` for a variant.
macro_rules! value_from {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(Some(value.into()))
            }
        }

        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map(Into::into))
            }
        }
    )*};
}

value_from! {
    bool => Bool,
    i64 => Int,
    String => Text,
    &str => Text,
    Vec<u8> => Bytes,
    &[u8] => Bytes,
    Uuid => Uuid,
}
