//! How values lie in the columns of the database.
//!
//! What cannot be read back is an [`sqlx::Error::Decode`], which the store reports as a damaged
//! file.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use loom_common_core::{Entry, PermissionMode, Usage};
use serde::Deserialize;
use serde::de::Error as _;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::id::ThreadId;
use crate::thread::{GitMetadata, Thread};

/// Reads a row of the table of threads.
pub(crate) fn thread(row: &SqliteRow) -> Result<Thread, sqlx::Error> {
    let git: Option<String> = row.try_get("git")?;
    let permission_mode: StrDeserializer<'_, serde::de::value::Error> = row
        .try_get::<&str, _>("permission_mode")?
        .into_deserializer();
    Ok(Thread {
        id: id(row.try_get("id")?)?,
        title: row.try_get("title")?,
        cwd: path(row.try_get("cwd")?),
        provider: row.try_get("provider")?,
        model: row.try_get("model")?,
        permission_mode: PermissionMode::deserialize(permission_mode).map_err(decode_error)?,
        git: git
            .map(|git| serde_json::from_str(&git))
            .transpose()
            .map_err(decode_error)?,
        created_at: time(row.try_get("created_at")?)?,
        updated_at: time(row.try_get("updated_at")?)?,
        // The column is as old as the store, and entries were messages alone then.
        entry_count: count(row.try_get("message_count")?),
        usage: Usage {
            input_tokens: count(row.try_get("input_tokens")?),
            output_tokens: count(row.try_get("output_tokens")?),
            cache_read_tokens: count(row.try_get("cache_read_tokens")?),
            cache_write_tokens: count(row.try_get("cache_write_tokens")?),
        },
    })
}

/// Reads the name of a thread.
pub(crate) fn id(text: &str) -> Result<ThreadId, sqlx::Error> {
    text.parse().map_err(decode_error)
}

/// Writes an entry for the place `seq` as JSON that reads back as the same entry.
///
/// It is read back here and now: JSON nested too deeply can be written and not read, and a thread
/// with such an entry could never be loaded again. The same goes for a rewind that leads forwards.
pub(crate) fn entry_body(entry: &Entry, seq: u64) -> Result<String, serde_json::Error> {
    entry.check_at(seq).map_err(serde_json::Error::custom)?;
    let body = serde_json::to_string(entry)?;
    serde_json::from_str::<Entry>(&body)?;
    Ok(body)
}

/// Writes what git said as JSON.
pub(crate) fn git_json(git: &GitMetadata) -> Result<String, sqlx::Error> {
    serde_json::to_string(git).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

/// Returns the bytes of a path, which need not be UTF-8.
pub(crate) fn path_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

fn time(millis: i64) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_millisecond(millis).map_err(decode_error)
}

/// Turns a count into SQLite's integer, which ends at 2^63 - 1.
pub(crate) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Turns SQLite's integer into a count.
pub(crate) fn count(integer: i64) -> u64 {
    u64::try_from(integer).unwrap_or(0)
}

fn decode_error(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}
