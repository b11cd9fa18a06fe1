//! Where the database is.

use std::path::PathBuf;

use loom_common_secret::SecretString;

use crate::DbError;

/// Where the database is.
#[derive(Clone, Debug)]
pub enum DatabaseAddress {
    /// A SQLite file. Made when it does not exist; its folder must.
    Sqlite(PathBuf),
    /// The URL of a PostgreSQL database, such as `postgres://user:password@host:5432/loom`, in
    /// the form of libpq: a `host` parameter that is a folder names a Unix socket.
    Postgres(SecretString),
}

impl DatabaseAddress {
    /// Reads a database URL: `postgres://…`, `postgresql://…`, or `sqlite:` and a path.
    ///
    /// # Errors
    ///
    /// [`DbError::Address`] for any other text. What follows the scheme is checked when the
    /// database is opened.
    pub fn from_url(url: &SecretString) -> Result<Self, DbError> {
        let text = url.expose();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.clone()));
        }
        match text
            .strip_prefix("sqlite://")
            .or_else(|| text.strip_prefix("sqlite:"))
        {
            Some("") => Err(DbError::Address {
                reason: "no path follows `sqlite:`".to_owned(),
            }),
            Some(path) => Ok(Self::Sqlite(PathBuf::from(path))),
            None => Err(DbError::Address {
                reason: "it begins with neither `postgres://` nor `sqlite:`".to_owned(),
            }),
        }
    }
}
