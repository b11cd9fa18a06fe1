//! What is to be brought into a commit: of each file a step, from one version to another.
//!
//! A step and not a content, because what a commit gets is not what lies in the working tree: the person's
//! own changes in the same file stay out. The step is taken from the version that the last commit has.

use std::fmt;
use std::path::PathBuf;

/// A step of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The path from the top of the working tree.
    pub path: PathBuf,
    /// Where the file was before the change; none when it is where it was, or is new.
    pub moved_from: Option<PathBuf>,
    /// The file without the change, as it would lie in the working tree; none when there would be none.
    pub without: Option<Version>,
    /// The file with the change; none when it is deleted.
    pub with: Option<Version>,
}

/// What lies at a path of the working tree.
#[derive(Clone, PartialEq, Eq)]
pub enum Version {
    /// A file.
    File {
        /// What is in it, line ends and all as they are on the disk.
        bytes: Vec<u8>,
        /// Whether its owner may execute it.
        is_executable: bool,
    },
    /// A symbolic link.
    Link {
        /// What it leads to, as it is written.
        target: Vec<u8>,
    },
}

impl fmt::Debug for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, content) = match self {
            Self::File {
                bytes,
                is_executable: true,
            } => ("program", bytes),
            Self::File { bytes, .. } => ("file", bytes),
            Self::Link { target } => ("link", target),
        };
        write!(formatter, "{kind} of {} bytes", content.len())
    }
}

/// A file that was left out of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The path from the top of the working tree.
    pub path: PathBuf,
    /// Why.
    pub reason: LeftOutReason,
}

/// Why a file was left out of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOutReason {
    /// Changes of the person that are not committed are in the same lines, or in what has no lines.
    Inseparable,
    /// What the person has staged of it is in the same lines.
    Staged,
    /// Git does not track it yet, so that all of it would be committed.
    Untracked,
    /// It is in a submodule, or in another repository below this one.
    Elsewhere,
    /// Git was told to overlook what changes in it (`--skip-worktree`, `--assume-unchanged`).
    Overlooked,
    /// Git does not track it, and its rules ignore it.
    Ignored,
    /// It would be larger in the repository than what is taken.
    TooLarge,
}

impl fmt::Display for LeftOutReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Inseparable => "your own uncommitted changes are in the same place",
            Self::Staged => "what you have staged of it is in the same place",
            Self::Untracked => "it holds work of yours that git does not track yet",
            Self::Elsewhere => "it is in another repository",
            Self::Overlooked => "git was told to overlook changes of it",
            Self::Ignored => "git ignores it",
            Self::TooLarge => "it is too large",
        })
    }
}
