//! One statement on either database.

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool};

use crate::row::{Row, RowOf};
use crate::{DbError, FromRow, Value};

/// A statement and its parameters, ready to run.
#[derive(Debug)]
#[must_use = "a query does nothing until it is fetched or executed"]
pub struct Query<'a> {
    target: Target<'a>,
    sql: &'static str,
    values: Vec<Value>,
}

/// Where a statement runs.
#[derive(Debug)]
pub(crate) enum Target<'a> {
    SqlitePool(&'a SqlitePool),
    PostgresPool(&'a PgPool),
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// A connection for one statement: taken from a pool, or lent by a transaction.
enum Connection<'a> {
    PooledSqlite(PoolConnection<Sqlite>),
    PooledPostgres(PoolConnection<Postgres>),
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// A connection of a known database.
enum Session<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl<'a> Query<'a> {
    pub(crate) fn new(target: Target<'a>, sql: &'static str) -> Self {
        Self {
            target,
            sql,
            values: Vec::new(),
        }
    }

    /// Adds the value of the next placeholder, `$1` first.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs the statement and returns the number of rows that it changed.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn execute(self) -> Result<u64, DbError> {
        let mut connection = self.target.connect().await?;
        match connection.session() {
            Session::Sqlite(session) => {
                let done = sqlite(self.sql, self.values).execute(session).await?;
                Ok(done.rows_affected())
            }
            Session::Postgres(session) => {
                let done = postgres(self.sql, self.values).execute(session).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// Runs the statement and returns its first row, if there is one.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn fetch_optional<T: FromRow>(self) -> Result<Option<T>, DbError> {
        let mut connection = self.target.connect().await?;
        let row = match connection.session() {
            Session::Sqlite(session) => sqlite(self.sql, self.values)
                .fetch_optional(session)
                .await?
                .map(RowOf::Sqlite),
            Session::Postgres(session) => postgres(self.sql, self.values)
                .fetch_optional(session)
                .await?
                .map(RowOf::Postgres),
        };
        row.map(|row| T::from_row(&Row(row))).transpose()
    }

    /// Runs the statement and returns all its rows.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn fetch_all<T: FromRow>(self) -> Result<Vec<T>, DbError> {
        let mut connection = self.target.connect().await?;
        match connection.session() {
            Session::Sqlite(session) => sqlite(self.sql, self.values)
                .fetch_all(session)
                .await?
                .into_iter()
                .map(|row| T::from_row(&Row(RowOf::Sqlite(row))))
                .collect(),
            Session::Postgres(session) => postgres(self.sql, self.values)
                .fetch_all(session)
                .await?
                .into_iter()
                .map(|row| T::from_row(&Row(RowOf::Postgres(row))))
                .collect(),
        }
    }
}

impl<'a> Target<'a> {
    async fn connect(self) -> Result<Connection<'a>, DbError> {
        Ok(match self {
            Self::SqlitePool(pool) => Connection::PooledSqlite(pool.acquire().await?),
            Self::PostgresPool(pool) => Connection::PooledPostgres(pool.acquire().await?),
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        })
    }
}

impl Connection<'_> {
    fn session(&mut self) -> Session<'_> {
        match self {
            Self::PooledSqlite(connection) => Session::Sqlite(connection),
            Self::PooledPostgres(connection) => Session::Postgres(connection),
            Self::Sqlite(connection) => Session::Sqlite(connection),
            Self::Postgres(connection) => Session::Postgres(connection),
        }
    }
}

fn sqlite(
    sql: &'static str,
    values: Vec<Value>,
) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    values
        .into_iter()
        .fold(sqlx::query(sql), |query, value| match value {
            Value::Bool(value) => query.bind(value),
            Value::Int(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
            Value::Uuid(value) => query.bind(value),
        })
}

fn postgres(
    sql: &'static str,
    values: Vec<Value>,
) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    values
        .into_iter()
        .fold(sqlx::query(sql), |query, value| match value {
            Value::Bool(value) => query.bind(value),
            Value::Int(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
            Value::Uuid(value) => query.bind(value),
        })
}
