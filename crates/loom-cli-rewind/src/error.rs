//! What can go wrong with points.

use std::io;
use std::path::{Path, PathBuf};

use loom_common_spool::SpoolError;
use loom_common_thread::ThreadId;

/// Why a point was not recorded, listed or gone back to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewindError {
    /// No snapshot could be taken or read. Whether trying again helps stands with the inner error.
    #[error(transparent)]
    Snapshot(#[from] SpoolError),
    /// The list of points could not be read or written. Trying again helps once the cause is gone.
    #[error("cannot {action} the list of points {path}: {source}", path = path.display())]
    Points {
        /// What was to be done, as in `cannot read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The thread has no point of this number. Trying again does not help.
    #[error(
        "thread {thread} has no point {number} in this folder\n  hint: `loom rewind {thread} \
         --list` shows its points"
    )]
    UnknownPoint {
        /// The thread.
        thread: ThreadId,
        /// The number that was given.
        number: u64,
    },
    /// The files of the point are not kept any more: it is too old, or the store of snapshots was
    /// begun anew. Trying again does not help; another point may do.
    #[error(
        "the files of point {number} are not kept any more\n  hint: `loom rewind --list` shows \
         which points can be gone back to"
    )]
    Expired {
        /// The number of the point.
        number: u64,
    },
    /// Points are not recorded any more in this process, because the folder has too much in it.
    /// Trying again helps in a new session, after what is not source is named in `.gitignore`.
    #[error("undo is off in this session: {reason}")]
    Off {
        /// What was found the first time.
        reason: String,
    },
    /// The work panicked: a defect of Loom. Trying again may help.
    #[error("internal error while working on snapshots: {0}")]
    Broken(String),
}

impl RewindError {
    pub(crate) fn points(action: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Snapshot(SpoolError::DiskFull {
                path: path.to_owned(),
            }),
            _ => Self::Points {
                action,
                path: path.to_owned(),
                source,
            },
        }
    }
}
