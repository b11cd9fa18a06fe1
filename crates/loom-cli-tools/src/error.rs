//! Why a tool could not do what it was asked to do.
//!
//! The reader of these messages is the model: each says what happened and, where it is not plain,
//! what to do next. They end up in a failed [`ToolOutput`](loom_common_core::ToolOutput).

use std::io;
use std::path::Path;

/// Why a tool could not do what it was asked to do.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The arguments do not have the tool's shape, or have values that it cannot use. The same
    /// call fails again.
    #[error("{0}")]
    Arguments(String),
    /// What the tool reaches did not do it. The message says whether trying again helps.
    #[error("{0}")]
    Failed(String),
    /// A path leads out of the workspace, by itself or through a symbolic link. The same call
    /// fails again.
    #[error(
        "{path} is outside of the workspace, and the file tools stay inside of it. \
         The workspace is {workspace}; name a path in it, relative or absolute."
    )]
    OutsideWorkspace {
        /// The path as it was given.
        path: String,
        /// The workspace folder.
        workspace: String,
    },
    /// A path leads elsewhere than it did when permission was given. The same call asks anew.
    #[error(
        "{path} now leads to {target}, and that was not permitted: something on the way was replaced \
         meanwhile. Nothing was touched."
    )]
    NotPermitted {
        /// The path as it was given.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// A path cannot be one, whatever the disk holds. The same call fails again.
    #[error("{path}: {reason}. Paths are relative to the workspace {workspace}, or absolute.")]
    BadPath {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
        /// The workspace folder.
        workspace: String,
    },
    /// There is nothing at the path. Trying again helps only if something makes it meanwhile.
    #[error("{path} does not exist in the workspace {workspace}.{suggestion}")]
    Missing {
        /// The path relative to the workspace.
        path: String,
        /// The workspace folder.
        workspace: String,
        /// Names that come near, as a sentence with a leading space, or nothing.
        suggestion: String,
    },
    /// The path holds something else than the tool works with. The same call fails again.
    #[error("{path} {reason}")]
    WrongKind {
        /// The path relative to the workspace.
        path: String,
        /// What it is, and what to do.
        reason: String,
    },
    /// The system refused to read or to start something. Trying again seldom helps.
    #[error("cannot {action}: {}", describe(.source))]
    Io {
        /// What was to be done, with its object.
        action: String,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused to write; the file has its old content. Trying again helps once the
    /// cause is gone.
    #[error("cannot write {path}: {reason}. Nothing was changed.")]
    NotWritten {
        /// The path relative to the workspace.
        path: String,
        /// What stood in the way.
        reason: String,
    },
    /// The system refused to write one of several files, and then to undo what was done to others.
    /// Trying again does not mend it.
    #[error(
        "cannot write {path}: {reason}. The change of several files was broken off, and these could \
         not be given their old content back: {left}. It is beside them, in files whose names start \
         with `.loom-`."
    )]
    NotUndone {
        /// The path relative to the workspace.
        path: String,
        /// What stood in the way.
        reason: String,
        /// The files that are not as they were.
        left: String,
    },
    /// The file changed between reading and editing. Reading it again and editing anew helps.
    #[error(
        "{path} has changed on disk since you last read it, so nothing was written. \
         Read it again, then make the edit against its present content."
    )]
    ChangedOnDisk {
        /// The path relative to the workspace.
        path: String,
    },
    /// The edit does not fit the file. The same call fails again.
    #[error("{0}")]
    Edit(String),
    /// The tool itself broke. Trying again seldom helps.
    #[error("the tool broke down: {0}. This is a fault in Loom, not in the call.")]
    Broken(String),
}

impl ToolError {
    /// Makes an [`ToolError::Io`] for doing `verb` to `path`.
    pub(crate) fn io(verb: &str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            action: format!("{verb} {}", path.display()),
            source,
        }
    }
}

/// Returns what the system said in few words, with what it means where the words are poor.
pub(crate) fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "the disk quota is used up".to_owned(),
        io::ErrorKind::FileTooLarge => "the file would pass the size limit".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::NotADirectory => "a part of the path is a file, not a folder".to_owned(),
        io::ErrorKind::InvalidFilename => "the name is not valid here".to_owned(),
        _ => error.to_string(),
    }
}
