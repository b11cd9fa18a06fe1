//! What can go wrong with the store, and what a person can do about it.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::error::DatabaseError;

use crate::id::{ParseThreadIdError, ThreadId};

/// An error of the thread store. Whatever it is, what was stored before is still stored.
#[derive(Debug, thiserror::Error)]
pub enum ThreadStoreError {
    /// The text is not a thread's name or a part of one. Trying again does not help.
    #[error(transparent)]
    InvalidId(#[from] ParseThreadIdError),

    /// There is no such thread; it may have been deleted. Trying again does not help.
    #[error("there is no thread `{0}`")]
    NotFound(String),

    /// Several threads have names that begin or end like this. Trying again does not help.
    #[error("`{text}` stands for several threads: {}", names(.candidates, *.more))]
    Ambiguous {
        /// What was asked for.
        text: String,
        /// The threads that it could stand for, the latest first.
        candidates: Vec<ThreadId>,
        /// Whether there are more than these.
        more: bool,
    },

    /// A thread of this name is there already. Trying again does not help.
    #[error("there is a thread {0} already")]
    Exists(ThreadId),

    /// Another session has added to the thread meanwhile; the entry was not stored, and theirs are
    /// untouched. Trying again does not help.
    #[error("another session has continued thread {id}: it has {found} messages, not {expected}")]
    Conflict {
        /// The thread.
        id: ThreadId,
        /// How many entries of its log the caller knew of.
        expected: u64,
        /// How many entries there are.
        found: u64,
    },

    /// An entry would not come back from the store as it is, or cannot be read. When storing: it
    /// was not stored. When loading: a newer version of Loom wrote it, or the file is damaged.
    /// Trying again does not help.
    #[error("message {seq} of thread {id} cannot be read: {source}")]
    Unreadable {
        /// The thread.
        id: ThreadId,
        /// Place of the entry in the thread, from 0.
        seq: u64,
        /// Where and why.
        source: serde_json::Error,
    },

    /// A newer version of Loom has changed the file's schema. Trying again does not help.
    #[error(
        "{} was written by a newer version of loom (schema {found}; this one knows {known})",
        .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Number of the file's latest migration.
        found: i64,
        /// Number of the latest migration that this version has.
        known: i64,
    },

    /// The file is something else than Loom's threads; it was not changed. Trying again does not
    /// help.
    #[error("{} does not hold loom's threads", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },

    /// The file is damaged. Trying again does not help.
    #[error("{} is damaged: {message}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        message: String,
    },

    /// The disk is full, or the user's part of it. Trying again helps once there is room.
    #[error("no room left on the disk for {}", .path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: BoxedError,
    },

    /// The folder or the file may not be written. Trying again does not help.
    #[error("{} cannot be written: {source}", .path.display())]
    ReadOnly {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: BoxedError,
    },

    /// Another process has held the file's lock for too long. Trying again helps when it is done.
    #[error("{} is locked by another process", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: BoxedError,
    },

    /// Reading, writing or opening failed in another way: the disk, the network of a mounted
    /// folder, a lack of memory or open files. Trying again may help.
    #[error("{}: {source}", .path.display())]
    Failed {
        /// The file or folder.
        path: PathBuf,
        /// What the system or SQLite said.
        source: BoxedError,
    },
}

/// The error beneath an error of the store.
pub type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// Primary result codes of SQLite (<https://www.sqlite.org/rescode.html>).
mod code {
    pub(super) const PERM: i32 = 3;
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const PROTOCOL: i32 = 15;
    pub(super) const NOTADB: i32 = 26;
}

impl ThreadStoreError {
    /// Says what a person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::InvalidId(_) | Self::NotFound(_) => {
                "`loom threads list` shows the threads there are".to_owned()
            }
            Self::Ambiguous { .. } => {
                "give more of the id, from its beginning or its end".to_owned()
            }
            Self::Exists(_) => "start again: each new thread gets a new id".to_owned(),
            Self::Conflict { id, .. } => format!(
                "`loom --resume {id}` continues from the newest message; or start a new thread"
            ),
            Self::Unreadable { .. } => {
                "update loom, if a newer version has continued this thread".to_owned()
            }
            Self::Newer { .. } => "use the newer loom, or update this one".to_owned(),
            Self::Foreign { path } => format!(
                "move {} somewhere else; loom then makes a new file in its place",
                path.display()
            ),
            Self::Damaged { path, .. } => format!(
                "move {}* somewhere else; loom then makes a new file in its place, and \
                 `sqlite3 FILE .recover` gets out of the old one what can still be read",
                path.display()
            ),
            Self::DiskFull { .. } => {
                "make room on the disk; what was stored before is safe".to_owned()
            }
            Self::ReadOnly { path, .. } => {
                format!("make {} and its folder writable", path.display())
            }
            Self::Locked { .. } => {
                "end the other process that has it open, or try again later".to_owned()
            }
            Self::Failed { path, .. } => format!(
                "check that {} is a file on a disk that works and has room left",
                path.display()
            ),
        }
    }

    /// Sorts an error of SQLite by what it means for the file at `path`.
    pub(crate) fn from_sqlx(path: &Path, error: sqlx::Error) -> Self {
        let path = path.to_owned();
        let error = match error {
            sqlx::Error::Database(error) => error,
            sqlx::Error::Io(error) => return Self::from_io(&path, error),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                let message = error.to_string();
                return Self::Damaged { path, message };
            }
            // Another task of this process has waited for a lock all the while.
            sqlx::Error::PoolTimedOut => {
                let source = error.into();
                return Self::Locked { path, source };
            }
            error => {
                let source = error.into();
                return Self::Failed { path, source };
            }
        };
        let code = primary_code(error.as_ref());
        let source = error.into_error();
        match code {
            Some(code::BUSY | code::LOCKED | code::PROTOCOL) => Self::Locked { path, source },
            Some(code::READONLY | code::PERM) => Self::ReadOnly { path, source },
            Some(code::FULL) => Self::DiskFull { path, source },
            Some(code::CORRUPT) => Self::Damaged {
                path,
                message: source.to_string(),
            },
            Some(code::NOTADB) => Self::Foreign { path },
            _ => Self::Failed { path, source },
        }
    }

    /// Sorts an error of the file system.
    pub(crate) fn from_io(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        let kind = error.kind();
        let source = error.into();
        match kind {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path, source }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, source }
            }
            _ => Self::Failed { path, source },
        }
    }
}

/// Returns SQLite's result code without the bits of the extended one.
fn primary_code(error: &dyn DatabaseError) -> Option<i32> {
    let extended: i32 = error.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// Lists the candidates of an ambiguous name.
fn names(candidates: &[ThreadId], more: bool) -> String {
    let mut names = candidates
        .iter()
        .map(ThreadId::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    if more {
        names.push_str(", …");
    }
    names
}

#[cfg(test)]
mod tests;
