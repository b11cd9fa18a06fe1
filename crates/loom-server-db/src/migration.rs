//! Steps that bring the schema to where the program needs it.
//!
//! Each step runs once, in the order of its version, together with a row in `_sqlx_migrations`
//! that records it. A lock lets only one process at a time do this: on PostgreSQL an advisory
//! lock, on SQLite the write lock of one transaction around all steps.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, MigrationType, Migrator};
use sqlx::{Connection, PgConnection, SqlSafeStr, SqliteConnection};

use crate::{DbError, Dialect};

/// One step of the schema. Once released it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    version: i64,
    description: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

impl Migration {
    /// Makes a step whose SQL is the same text on both databases.
    pub const fn portable(version: i64, description: &'static str, sql: &'static str) -> Self {
        Self {
            version,
            description,
            sqlite: sql,
            postgres: sql,
        }
    }

    fn for_dialect(&self, dialect: Dialect) -> sqlx::migrate::Migration {
        let sql = match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        };
        sqlx::migrate::Migration::new(
            self.version,
            Cow::Borrowed(self.description),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    }
}

pub(crate) async fn migrate_sqlite(
    connection: &mut SqliteConnection,
    migrations: &[Migration],
) -> Result<(), DbError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    migrator(Dialect::Sqlite, migrations)
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(|error| migrate_error(error, migrations))?;
    transaction.commit().await?;
    Ok(())
}

pub(crate) async fn migrate_postgres(
    connection: &mut PgConnection,
    migrations: &[Migration],
) -> Result<(), DbError> {
    migrator(Dialect::Postgres, migrations)
        .run_direct(None, connection, false)
        .await
        .map_err(|error| migrate_error(error, migrations))
}

fn migrator(dialect: Dialect, migrations: &[Migration]) -> Migrator {
    Migrator::with_migrations(
        migrations
            .iter()
            .map(|migration| migration.for_dialect(dialect))
            .collect(),
    )
}

fn migrate_error(error: MigrateError, migrations: &[Migration]) -> DbError {
    match error {
        MigrateError::VersionMissing(database) => DbError::NewerSchema {
            database,
            program: migrations
                .iter()
                .map(|migration| migration.version)
                .max()
                .unwrap_or(0),
        },
        MigrateError::VersionMismatch(version) => DbError::MigrationChanged { version },
        MigrateError::ExecuteMigration(error, version) => match DbError::from(error) {
            DbError::Query { source } => DbError::Migration { version, source },
            known => known,
        },
        MigrateError::Execute(error) => DbError::from(error),
        other => DbError::from(sqlx::Error::Migrate(Box::new(other))),
    }
}
