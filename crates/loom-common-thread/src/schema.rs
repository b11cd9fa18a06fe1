//! Opening the file: its permissions, its connection, and its schema.
//!
//! Several processes may open a file that does not exist yet, at the same moment. SQLite's lock
//! decides who makes the schema: what the file is gets read once without the lock, which is all
//! that a file in use costs, and once more under it before anything is changed. A file that is
//! not Loom's, or that a newer Loom has changed, is left as it was.
//!
//! Migrations only add (tables, columns that may be empty, indexes, triggers). So a process that
//! has the file open while a newer version migrates it can go on storing its messages.

use std::cmp::Ordering;
use std::io;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqlSafeStr, SqliteConnection};
use tokio::time::Instant;

use crate::error::ThreadStoreError;

/// Marks the file as Loom's threads; the first migration sets it.
const APPLICATION_ID: i64 = 1_282_364_520;

/// How long to wait for another process's lock. A message takes well below a millisecond.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Pause before opening is tried again where SQLite does not wait by itself.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// The log of changes shrinks to this size, in bytes, whenever it has been written back.
const LOG_LIMIT: &str = "4194304";

/// Opens the file at `path`, and makes it and its folder where they are missing. This and every
/// use of it waits for another process's lock for `lock_wait`.
pub(crate) async fn open(path: &Path, lock_wait: Duration) -> Result<SqlitePool, ThreadStoreError> {
    create_private(path).await?;
    // One connection: a process has one conversation at a time, and SQLite has one writer.
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|connection, _| {
            Box::pin(async move {
                // A transaction that was dropped is being rolled back; the answer to the ping
                // comes after that. One that SQLite ended by itself, as on a full disk, cannot be
                // rolled back, and sqlx goes on counting it: then the connection is closed, and
                // the next use makes a new one.
                if connection.is_in_transaction() {
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        })
        .connect_lazy_with(connect_options(path).busy_timeout(lock_wait));
    let migrator = migrator();
    let deadline = Instant::now() + lock_wait;
    loop {
        match prepare(&pool, path, &migrator).await {
            Ok(()) => return Ok(pool),
            Err(ThreadStoreError::Locked { .. }) if Instant::now() < deadline => {
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            Err(error) => {
                pool.close().await;
                return Err(error);
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
    // A file that is there is not even opened: closing it again would give up all locks that
    // this process has on it (fcntl(2), "Advisory record locking"), SQLite's among them.
    let created = tokio::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .await;
    match created {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(ThreadStoreError::from_io(path, error))
        }
        _ => Ok(()),
    }
}

/// Returns what every connection is set to.
fn connect_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        // Rows come from SQLite's thread: fewer waits for each other with long lists.
        .row_buffer_size(1024)
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
async fn prepare(
    pool: &SqlitePool,
    path: &Path,
    migrator: &Migrator,
) -> Result<(), ThreadStoreError> {
    let sqlite = |error| ThreadStoreError::from_sqlx(path, error);
    let mut connection = pool.acquire().await.map_err(sqlite)?;
    match inspect(&mut connection, path, migrator).await? {
        Contents::Current => return Ok(()),
        Contents::Older => {}
        // The mode stays with the file. SQLite cannot change it inside a transaction, and gives
        // up at once where another process is changing it.
        Contents::Nothing => {
            sqlx::query("PRAGMA journal_mode = WAL")
                .execute(&mut *connection)
                .await
                .map_err(sqlite)?;
        }
    }
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(sqlite)?;
    if let Contents::Current = inspect(&mut transaction, path, migrator).await? {
        return Ok(());
    }
    // `Migrator::run` is this, behind a trait that makes the future `!Send`.
    migrator
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                sqlite(error)
            }
            error => ThreadStoreError::Failed {
                path: path.to_owned(),
                source: error.into(),
            },
        })?;
    transaction.commit().await.map_err(sqlite)
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
) -> Result<Contents, ThreadStoreError> {
    let sqlite = |error| ThreadStoreError::from_sqlx(path, error);
    let (application_id, tables): (i64, i64) = sqlx::query_as(
        "SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(sqlite)?;
    if (application_id, tables) == (0, 0) {
        return Ok(Contents::Nothing);
    }
    if application_id != APPLICATION_ID {
        return Err(ThreadStoreError::Foreign {
            path: path.to_owned(),
        });
    }
    let found: i64 = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(&mut *connection)
        .await
        .map_err(sqlite)?;
    let known = migrator.iter().map(|migration| migration.version).max();
    let known = known.unwrap_or(0);
    match found.cmp(&known) {
        Ordering::Greater => Err(ThreadStoreError::Newer {
            path: path.to_owned(),
            found,
            known,
        }),
        Ordering::Less => Ok(Contents::Older),
        Ordering::Equal => Ok(Contents::Current),
    }
}

#[cfg(test)]
mod tests;
