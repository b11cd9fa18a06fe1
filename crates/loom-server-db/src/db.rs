//! The open database.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use loom_common_secret::SecretString;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, PgConnection, PgPool, SqlitePool};

use crate::migration::{migrate_postgres, migrate_sqlite};
use crate::query::Target;
use crate::transaction::TransactionOf;
use crate::{DatabaseAddress, DbError, FromRow, Migration, Query, Row, Transaction};

/// How long opening a database, or waiting for a free connection, may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a SQLite writer waits for a writer of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections that read SQLite at the same time. Each has a thread.
const SQLITE_READERS: u32 = 4;

/// Connections to PostgreSQL at the same time.
const POSTGRES_CONNECTIONS: u32 = 10;

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// The open database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Db(Pools);

#[derive(Clone, Debug)]
enum Pools {
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

impl Db {
    /// Opens the database and applies the migrations that it lacks.
    ///
    /// # Errors
    ///
    /// Any [`DbError`]; within [`CONNECT_TIMEOUT`] when the database cannot be reached.
    pub async fn open(
        address: &DatabaseAddress,
        migrations: &[Migration],
    ) -> Result<Self, DbError> {
        match address {
            DatabaseAddress::Sqlite(path) => Self::open_sqlite(path, migrations).await,
            DatabaseAddress::Postgres(url) => Self::open_postgres(url, migrations).await,
        }
    }

    async fn open_sqlite(path: &Path, migrations: &[Migration]) -> Result<Self, DbError> {
        create_private(path)?;
        let name_file = |error| match error {
            DbError::File { reason } => DbError::File {
                reason: format!("{}: {reason}", path.display()),
            },
            DbError::Damaged { reason } => DbError::Damaged {
                reason: format!("{}: {reason}", path.display()),
            },
            other => other,
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(CONNECT_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await
            .map_err(|error| name_file(error.into()))?;
        migrate_sqlite(&mut *writer.acquire().await?, migrations)
            .await
            .map_err(name_file)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(CONNECT_TIMEOUT)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(Self(Pools::Sqlite { writer, readers }))
    }

    async fn open_postgres(url: &SecretString, migrations: &[Migration]) -> Result<Self, DbError> {
        let options = PgConnectOptions::from_str(url.expose())?.application_name("loom-server");
        // Not through the pool: it tries again until its time is up, and then no longer says why.
        let mut connection = connect(&options).await?;
        migrate_postgres(&mut connection, migrations).await?;
        connection.close().await?;
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(CONNECT_TIMEOUT)
            .connect_lazy_with(options);
        Ok(Self(Pools::Postgres(pool)))
    }

    /// Tells which database it is.
    pub fn dialect(&self) -> Dialect {
        match self.0 {
            Pools::Sqlite { .. } => Dialect::Sqlite,
            Pools::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Starts a statement that only reads.
    pub fn read(&self, sql: &'static str) -> Query<'_> {
        let target = match &self.0 {
            Pools::Sqlite { readers, .. } => Target::SqlitePool(readers),
            Pools::Postgres(pool) => Target::PostgresPool(pool),
        };
        Query::new(target, sql)
    }

    /// Starts a statement that writes, on its own. It may return rows (`RETURNING`).
    pub fn write(&self, sql: &'static str) -> Query<'_> {
        let target = match &self.0 {
            Pools::Sqlite { writer, .. } => Target::SqlitePool(writer),
            Pools::Postgres(pool) => Target::PostgresPool(pool),
        };
        Query::new(target, sql)
    }

    /// Starts a transaction that writes. On SQLite no other writer runs until it ends, so it
    /// should not wait for anything but the database.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn begin(&self) -> Result<Transaction, DbError> {
        Ok(Transaction(match &self.0 {
            Pools::Sqlite { writer, .. } => {
                TransactionOf::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Pools::Postgres(pool) => TransactionOf::Postgres(pool.begin().await?),
        }))
    }

    /// Reads a row, to see whether the database works.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn ping(&self) -> Result<(), DbError> {
        struct Version;
        impl FromRow for Version {
            fn from_row(_: &Row) -> Result<Self, DbError> {
                Ok(Self)
            }
        }
        self.read("SELECT version FROM _sqlx_migrations LIMIT 1")
            .fetch_optional::<Version>()
            .await?;
        Ok(())
    }

    /// Closes all connections once their statements have ended. Later calls fail.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// Makes the file, when it does not exist, so that only its owner can read it. SQLite gives the
/// files beside it the same mode.
fn create_private(path: &Path) -> Result<(), DbError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| DbError::File {
            reason: format!("{}: {error}", path.display()),
        })
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, DbError> {
    let place = || match options.get_socket() {
        Some(socket) => format!("PostgreSQL in {}", socket.display()),
        None => format!(
            "PostgreSQL at {}:{}",
            options.get_host(),
            options.get_port()
        ),
    };
    match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(match DbError::from(error) {
            DbError::Unavailable { reason } => DbError::Unavailable {
                reason: format!("{}: {reason}", place()),
            },
            known => known,
        }),
        Err(_) => Err(DbError::Unavailable {
            reason: format!(
                "{}: no answer within {} s",
                place(),
                CONNECT_TIMEOUT.as_secs()
            ),
        }),
    }
}
