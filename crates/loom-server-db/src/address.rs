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
    /// Reads a database URL: `postgres://…`, `postgresql://…`, or `sqlite:` and an absolute path,
    /// which is taken as it stands, without percent-encoding.
    ///
    /// # Errors
    ///
    /// [`DbError::Address`] for any other text, for SQLite in memory, and for parameters behind a
    /// path: other programs take `?mode=ro` as one, and here it would name another file. What follows the scheme is checked when the
    /// database is opened.
    pub fn from_url(url: &SecretString) -> Result<Self, DbError> {
        let text = url.expose();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.clone()));
        }
        let path = text
            .strip_prefix("sqlite://")
            .or_else(|| text.strip_prefix("sqlite:"))
            .ok_or_else(|| refused("it begins with neither `postgres://` nor `sqlite:`"))?;
        if path.is_empty() {
            return Err(refused("no path follows `sqlite:`"));
        }
        if path.starts_with(":memory:") {
            return Err(refused("SQLite in memory would lose everything at the end"));
        }
        if path.contains('?') {
            return Err(refused("`sqlite:` takes no `?` parameters"));
        }
        let path = PathBuf::from(path);
        if !path.is_absolute() {
            return Err(refused("the path after `sqlite:` does not begin with `/`"));
        }
        Ok(Self::Sqlite(path))
    }
}

fn refused(reason: &str) -> DbError {
    DbError::Address {
        reason: reason.to_owned(),
    }
}
