//! Rows of either database, and reading columns out of them.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};

use crate::DbError;

/// One row of a result.
#[derive(Debug)]
pub struct Row(pub(crate) RowOf);

pub(crate) enum RowOf {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl std::fmt::Debug for RowOf {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("_")
    }
}

impl Row {
    /// Reads the column of that name.
    ///
    /// # Errors
    ///
    /// [`DbError::Column`] when there is no such column or it does not hold a `T`.
    pub fn get<T: ColumnValue>(&self, column: &'static str) -> Result<T, DbError> {
        let value = match &self.0 {
            RowOf::Sqlite(row) => row.try_get(column),
            RowOf::Postgres(row) => row.try_get(column),
        };
        value.map_err(|source| DbError::Column { column, source })
    }
}

/// A type that a column of either database can be read as.
pub trait ColumnValue:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl<T> ColumnValue for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

/// A type that is read from a row.
pub trait FromRow: Sized {
    /// Reads the row.
    ///
    /// # Errors
    ///
    /// [`DbError::Column`] when a column is missing or holds something else.
    fn from_row(row: &Row) -> Result<Self, DbError>;
}
