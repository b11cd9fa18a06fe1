//! What can go wrong with a store of snapshots.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jj_lib::backend::BackendError;

/// Why a snapshot was not taken, read or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// A file or folder of the store, or the workspace itself, could not be used. Trying again
    /// helps once the cause is gone.
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io {
        /// What was to be done, as in `cannot read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk that holds the store is full, or the user's part of it. The store is as it was
    /// before. Trying again helps once there is room.
    #[error(
        "the disk is full: no room for a snapshot in {path}\n  hint: make room, or delete this \
         folder: it holds nothing but what undoing needs",
        path = path.display()
    )]
    DiskFull {
        /// The folder or file that could not grow.
        path: PathBuf,
    },
    /// Another process has been using the store for too long. Trying again helps later.
    #[error(
        "another process is busy with the snapshots in {path}, for more than {seconds} s",
        path = path.display(), seconds = waited.as_secs()
    )]
    Busy {
        /// The folder of the store.
        path: PathBuf,
        /// How long this process has waited.
        waited: Duration,
    },
    /// The workspace holds more than a store is meant for. Trying again does not help before
    /// something is deleted or ignored.
    #[error(
        "{workspace} has too much in it for snapshots: more than {limit} that is not ignored\n  \
         hint: name what is not source in .gitignore, or work in a smaller folder",
        workspace = workspace.display()
    )]
    TooLarge {
        /// The folder.
        workspace: PathBuf,
        /// The limit that it is over, as in `300000 files`.
        limit: String,
    },
    /// The store is not what was written: a disk error, a crash of the machine, or somebody else
    /// wrote there. The next snapshot moves it aside and begins anew; trying to read what is in it
    /// again does not help.
    #[error("the snapshots in {path} are damaged: {reason}", path = path.display())]
    Damaged {
        /// The folder of the store.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The snapshot is not in the store any more: it was too old, or the store was begun anew.
    /// Trying again does not help.
    #[error("the snapshot {0} is not kept any more")]
    Gone(crate::SnapshotId),
    /// A newer version of Loom has written the store. A newer program can read it.
    #[error(
        "the snapshots in {path} were written by a newer version of Loom\n  hint: use that \
         version, or delete this folder",
        path = path.display()
    )]
    Newer {
        /// The folder of the store.
        path: PathBuf,
    },
}

impl SpoolError {
    /// Wraps what the system said about a file of the store or the workspace.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            // `FileTooLarge` comes from a limit of the user or of the file system.
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::DiskFull {
                path: path.to_owned(),
            },
            _ => Self::Io {
                action,
                path: path.to_owned(),
                source,
            },
        }
    }

    /// Makes the error for a store in `folder` that is not as it was written.
    pub(crate) fn damaged(folder: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged {
            path: folder.to_owned(),
            reason: reason.into(),
        }
    }

    /// Takes back out what went through Jujutsu's interfaces as a [`BackendError`].
    pub(crate) fn from_backend(folder: &Path, error: BackendError) -> Self {
        match error {
            BackendError::Other(source)
            | BackendError::ObjectNotFound { source, .. }
            | BackendError::ReadObject { source, .. } => match source.downcast::<Self>() {
                Ok(error) => *error,
                Err(source) => Self::damaged(folder, source.to_string()),
            },
            error => Self::damaged(folder, error.to_string()),
        }
    }
}
