//! What is wrong with a file that somebody wrote for the agent.

use std::io;
use std::path::{Path, PathBuf};

use loom_common_core::picture::PictureError;

/// What is wrong with a file that somebody wrote for the agent. The rest is used; trying again
/// helps once the file is mended.
#[derive(Debug, thiserror::Error)]
pub enum InstructionError {
    /// The system does not let the file or folder be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is a folder, a device, a pipe or a socket.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// It holds something else than text.
    #[error("{} is not text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// It is a picture that no provider takes.
    #[error("{} {error}", path.display())]
    BadPicture {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: PictureError,
    },
    /// Something of a project leads out of it, by itself or through a symbolic link.
    #[error("{} leads out of {}, and what a project brings along stays inside", path.display(), root.display())]
    Outside {
        /// The path.
        path: PathBuf,
        /// The project.
        root: PathBuf,
    },
    /// There is nothing where a file is named.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// A file is too long, and its end was left out.
    #[error("{left_out} bytes at the end of {} were left out: it is too long", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// How many bytes.
        left_out: u64,
    },
    /// Some bytes of a file are not UTF-8.
    #[error("some bytes of {} are not UTF-8 and are shown as \u{fffd}", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// A file was left out, as there is more already than is taken.
    #[error("{} was left out: {reason}", path.display())]
    LeftOut {
        /// The file or folder.
        path: PathBuf,
        /// What the limit is.
        reason: String,
    },
    /// A file that another one or a command wants to show the model may not be read by the rules of
    /// permission, or would be asked for.
    #[error("{} is not shown to the model: the rules of permission withhold it", path.display())]
    Withheld {
        /// The file.
        path: PathBuf,
    },
    /// A command, an agent or a skill cannot be used as it is.
    #[error("{}: {reason}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what becomes of it.
        reason: String,
    },
}

impl InstructionError {
    /// Makes an [`InstructionError::Unreadable`].
    pub(crate) fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable {
            path: path.to_owned(),
            source,
        }
    }
}
