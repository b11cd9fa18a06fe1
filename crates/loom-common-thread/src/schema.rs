//! Opening the file: its permissions, its connection, and its schema.
//!
//! Several processes may open a file that does not exist yet, at the same moment. SQLite's lock
//! decides who makes the schema: what the file is gets read once without the lock, which is all
//! that a file in use costs, and once more under it before anything is changed. A file that is
//! not Loom's, or that a newer Loom has changed, is left as it was.
//!
//! Migrations only add (tables, columns that may be empty, indexes, triggers). So a process that
//! has the file open while a newer version migrates it can go on storing its messages.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqlSafeStr, SqliteConnection};
use tokio::time::Instant;

use crate::error::{ThreadStoreError, is_busy};

/// Marks the file as Loom's threads; the first migration sets it.
const APPLICATION_ID: i64 = 1_282_364_520;

/// How long to wait for another process's lock. A message takes well below a millisecond.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Pause before opening is tried again where SQLite does not wait by itself.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// The log of changes shrinks to this size, in bytes, whenever it has been written back.
const LOG_LIMIT: &str = "4194304";

/// Opens the file at `path`, and makes it and its folder where they are missing.
pub(crate) async fn open(path: &Path) -> Result<SqlitePool, ThreadStoreError> {
    create_private(path).await?;
    // One connection: a process has one conversation at a time, and SQLite has one writer.
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|connection, _| {
            Box::pin(async move {
                // SQLite ends a transaction by itself on a full disk, and sqlx goes on counting
                // it. Such a connection is closed; the next use makes a new one.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
        .connect_lazy_with(connect_options(path));
    let migrator = migrator();
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match prepare(&pool, path, &migrator).await {
            Ok(()) => return Ok(pool),
            Err(Failure::Sqlite(error)) if is_busy(&error) && Instant::now() < deadline => {
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            Err(failure) => {
                pool.close().await;
                return Err(match failure {
                    Failure::Sqlite(error) => ThreadStoreError::from_sqlx(path, error),
                    Failure::Store(error) => error,
                });
            }
        }
    }
}

/// Makes the folder and the file, readable by their owner alone. SQLite gives its two files
/// beside it the same permissions. What is there already keeps the permissions it has.
async fn create_private(path: &Path) -> Result<(), ThreadStoreError> {
    if let Some(folder) = path.parent() {
        tokio::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .await
            .map_err(|error| ThreadStoreError::from_io(folder, error))?;
    }
    tokio::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .await
        .map_err(|error| ThreadStoreError::from_io(path, error))?;
    Ok(())
}

/// Returns what every connection is set to.
fn connect_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(LOCK_WAIT)
        .foreign_keys(true)
        // With the write-ahead log, what is committed survives the end of the process in any
        // way. Only a crash of the whole machine can lose the last messages, and it damages
        // nothing; FULL would wait for the disk with every message.
        .synchronous(SqliteSynchronous::Normal)
        .pragma("journal_size_limit", LOG_LIMIT)
        // What is deleted is overwritten.
        .pragma("secure_delete", "ON")
}

/// Returns the schema's history, as this version knows it.
fn migrator() -> Migrator {
    Migrator::with_migrations(vec![Migration::new(
        1,
        "threads".into(),
        MigrationType::Simple,
        include_str!("../migrations/001_threads.sql").into_sql_str(),
        false,
    )])
}

/// Why the file is not ready.
enum Failure {
    /// SQLite said so; it may be another connection's lock.
    Sqlite(sqlx::Error),
    /// All else.
    Store(ThreadStoreError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<ThreadStoreError> for Failure {
    fn from(error: ThreadStoreError) -> Self {
        Self::Store(error)
    }
}

/// What the file holds.
enum Contents {
    /// Nothing yet.
    Nothing,
    /// Threads, in an older schema.
    Older,
    /// Threads, in this version's schema.
    Current,
}

/// Brings the file to this version's schema.
async fn prepare(pool: &SqlitePool, path: &Path, migrator: &Migrator) -> Result<(), Failure> {
    let mut connection = pool.acquire().await?;
    match inspect(&mut connection, path, migrator).await? {
        Contents::Current => return Ok(()),
        Contents::Older => {}
        // The mode stays with the file. SQLite cannot change it inside a transaction.
        Contents::Nothing => {
            sqlx::query("PRAGMA journal_mode = WAL")
                .execute(&mut *connection)
                .await?;
        }
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    if let Contents::Current = inspect(&mut transaction, path, migrator).await? {
        return Ok(());
    }
    match migrator.run(&mut *transaction).await {
        Ok(()) => {}
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
            return Err(error.into());
        }
        Err(error) => {
            return Err(Failure::Store(ThreadStoreError::Failed {
                path: path.to_owned(),
                source: error.into(),
            }));
        }
    }
    transaction.commit().await?;
    Ok(())
}

/// Finds out what the file holds, without changing it.
///
/// # Errors
///
/// When it holds something that this version must not touch.
async fn inspect(
    connection: &mut SqliteConnection,
    path: &Path,
    migrator: &Migrator,
) -> Result<Contents, Failure> {
    let (application_id, tables): (i64, i64) = sqlx::query_as(
        "SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id",
    )
    .fetch_one(&mut *connection)
    .await?;
    if (application_id, tables) == (0, 0) {
        return Ok(Contents::Nothing);
    }
    if application_id != APPLICATION_ID {
        return Err(Failure::Store(ThreadStoreError::Foreign {
            path: path.to_owned(),
        }));
    }
    let found: i64 = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(&mut *connection)
        .await?;
    let known = migrator.iter().map(|migration| migration.version).max();
    match known.unwrap_or(0) {
        known if found > known => Err(Failure::Store(ThreadStoreError::Newer {
            path: path.to_owned(),
            found,
            known,
        })),
        known if found < known => Ok(Contents::Older),
        _ => Ok(Contents::Current),
    }
}
