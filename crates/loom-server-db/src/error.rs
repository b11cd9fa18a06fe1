//! What can go wrong with the database.

use sqlx::error::{DatabaseError, ErrorKind};

/// An error of the database. Messages never hold a password or a bound value.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database URL cannot be read. Trying again does not help.
    #[error("the database URL is not valid: {reason}")]
    Address {
        /// What is wrong with it, without quoting it: it may hold a password.
        reason: String,
    },
    /// The SQLite file cannot be made, opened, read or written: no folder, no permission, a failing
    /// disk. Trying again does not help.
    #[error("the database file cannot be used: {reason}")]
    File {
        /// What the system says, with the path where the file is opened.
        reason: String,
    },
    /// The database does not answer, or answers that it cannot now. Trying again later helps.
    #[error("the database is not available: {reason}")]
    Unavailable {
        /// What was seen.
        reason: String,
    },
    /// The database refuses this user, or does not exist. Trying again does not help.
    #[error("the database refuses the connection: {reason}")]
    Refused {
        /// What the database says.
        reason: String,
    },
    /// Another writer was in the way for too long. Trying again helps.
    #[error("the database is busy: {reason}")]
    Busy {
        /// What the database says.
        reason: String,
    },
    /// The disk, or the quota, is full. Nothing was changed. Trying again helps once there is
    /// space.
    #[error("the disk of the database is full")]
    DiskFull,
    /// The file, or the database, cannot be written. Trying again does not help.
    #[error("the database cannot be written: {reason}")]
    ReadOnly {
        /// What the database says.
        reason: String,
    },
    /// The file is not a database, or it is damaged. Trying again does not help.
    #[error("the database is damaged: {reason}")]
    Damaged {
        /// What the database says.
        reason: String,
    },
    /// A value that must be unique is there already. Trying again does not help.
    #[error("a unique value exists already: {reason}")]
    Unique {
        /// What the database says.
        reason: String,
    },
    /// Another rule of the schema was broken: a foreign key, a check, a null. A defect in the
    /// program or a row that was deleted meanwhile. Trying again does not help.
    #[error("a rule of the database was broken: {reason}")]
    Constraint {
        /// What the database says.
        reason: String,
    },
    /// A newer program has migrated the database. Trying again does not help.
    #[error(
        "the database has schema version {database}, and this program knows versions up to {program}"
    )]
    NewerSchema {
        /// The version that this program does not know.
        database: i64,
        /// The newest version that it knows.
        program: i64,
    },
    /// A migration was applied in another form than this program has. Trying again does not help.
    #[error("migration {version} of the database differs from that of this program")]
    MigrationChanged {
        /// Version of the migration.
        version: i64,
    },
    /// A migration failed; the database is as it was before it. Trying again does not help.
    #[error("migration {version} of the database failed: {source}")]
    Migration {
        /// Version of the migration.
        version: i64,
        /// What the database says.
        source: sqlx::Error,
    },
    /// A column is missing or of another type: a defect in the program. Trying again does not
    /// help.
    #[error("cannot read column {column}: {source}")]
    Column {
        /// Name of the column.
        column: &'static str,
        /// What is wrong with it.
        source: sqlx::Error,
    },
    /// A column holds a value that this program does not know: a defect, or a row that a newer
    /// program has written. Trying again does not help.
    #[error("column {column} holds a value that this program does not know")]
    UnknownValue {
        /// Name of the column.
        column: &'static str,
    },
    /// Anything else, such as SQL that the database does not take: a defect in the program.
    /// Trying again does not help.
    #[error("a database query failed: {source}")]
    Query {
        /// What the database says.
        source: sqlx::Error,
    },
}

impl DbError {
    /// Tells whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::Busy { .. } | Self::DiskFull
        )
    }

    /// Returns what the operator can do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Address { .. } => Some(
                "use postgres://USER@HOST/NAME or sqlite:/PATH, or leave DATABASE_URL unset to \
                 keep a SQLite file in the data folder",
            ),
            Self::File { .. } => Some(
                "check the data folder: it must exist, and this user must be able to write there",
            ),
            Self::Unavailable { .. } => {
                Some("check that the database server runs and that DATABASE_URL names it")
            }
            Self::Refused { .. } => {
                Some("check the user, the password and the name of the database in DATABASE_URL")
            }
            Self::Busy { .. } => {
                Some("check whether another program holds the database file open for writing")
            }
            Self::DiskFull => Some("free some space on the disk that holds the database"),
            Self::ReadOnly { .. } => {
                Some("check that this user may write the database and its folder")
            }
            Self::Damaged { .. } => Some("restore the file from a backup, or move it away"),
            Self::NewerSchema { .. } => {
                Some("update loom-server: a newer version of it has used this database")
            }
            Self::MigrationChanged { .. } => {
                Some("use a released loom-server: this database was made by a different build")
            }
            Self::Unique { .. }
            | Self::Constraint { .. }
            | Self::Migration { .. }
            | Self::Column { .. }
            | Self::UnknownValue { .. }
            | Self::Query { .. } => None,
        }
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(source) => match from_database(source.as_ref()) {
                Some(known) => known,
                None => Self::Query {
                    source: sqlx::Error::Database(source),
                },
            },
            sqlx::Error::Io(source) => Self::Unavailable {
                reason: source.to_string(),
            },
            sqlx::Error::Tls(source) => Self::Unavailable {
                reason: format!("TLS: {source}"),
            },
            sqlx::Error::PoolTimedOut => Self::Unavailable {
                reason: "no connection became free in time".to_owned(),
            },
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Unavailable {
                reason: "it was closed".to_owned(),
            },
            sqlx::Error::Configuration(source) => Self::Address {
                reason: source.to_string(),
            },
            source => Self::Query { source },
        }
    }
}

fn from_database(error: &dyn DatabaseError) -> Option<DbError> {
    let reason = error.message().to_owned();
    match error.kind() {
        ErrorKind::UniqueViolation => return Some(DbError::Unique { reason }),
        ErrorKind::ForeignKeyViolation
        | ErrorKind::NotNullViolation
        | ErrorKind::CheckViolation
        | ErrorKind::ExclusionViolation => return Some(DbError::Constraint { reason }),
        _ => {}
    }
    let code = error.code()?;
    if error
        .try_downcast_ref::<sqlx::sqlite::SqliteError>()
        .is_some()
    {
        return from_sqlite(code.parse().ok()?, reason);
    }
    from_sqlstate(&code, reason)
}

/// Names a result code of SQLite (<https://sqlite.org/rescode.html>). The low byte of an extended
/// code is the primary code.
fn from_sqlite(code: i32, reason: String) -> Option<DbError> {
    Some(match code & 0xff {
        5 | 6 => DbError::Busy { reason },
        8 => DbError::ReadOnly { reason },
        // An I/O error, and a file that cannot be opened.
        10 | 14 => DbError::File { reason },
        11 | 26 => DbError::Damaged { reason },
        13 => DbError::DiskFull,
        19 => DbError::Constraint { reason },
        _ => return None,
    })
}

/// Names a SQLSTATE of PostgreSQL (its manual, appendix A).
fn from_sqlstate(code: &str, reason: String) -> Option<DbError> {
    Some(match code {
        "53100" => DbError::DiskFull,
        "25006" => DbError::ReadOnly { reason },
        // Serialization failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => DbError::Busy { reason },
        // Invalid authorization, database does not exist.
        "28000" | "28P01" | "3D000" => DbError::Refused { reason },
        // Shutting down or starting, too many connections, and the class of lost connections.
        "57P01" | "57P02" | "57P03" | "53300" => DbError::Unavailable { reason },
        code if code.starts_with("08") => DbError::Unavailable { reason },
        _ => return None,
    })
}
