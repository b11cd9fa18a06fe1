//! What a scan returns: leaks, and what it left out.

use std::path::PathBuf;
use std::sync::Arc;

use loom_cli_git::Commit;
use loom_redact::Finding;

/// A secret in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Leak {
    /// The file: its path from the top of the repository, or as it was named where there is none.
    pub path: PathBuf,
    /// The commit that brought it in, when the history was looked through.
    pub commit: Option<Arc<Commit>>,
    /// What was found. Places are those of the text as UTF-8.
    pub finding: Finding,
    /// The line with `[REDACTED:rule]` in the place of each secret, cut where it is long; none when it was too far
    /// away from the finding.
    pub excerpt: Option<String>,
}

/// A file or a folder that was not looked through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Omission {
    /// Its path, as for a leak.
    pub path: PathBuf,
    /// Why.
    pub reason: Reason,
}

/// Why something was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Reason {
    /// It is larger than what is looked through.
    #[error("has {size} bytes, more than {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The largest size taken.
        limit: u64,
    },
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// It went away between being listed and being read.
    #[error("has vanished")]
    Vanished,
    /// Git's store does not have the content, as in a partial clone.
    #[error("is missing in git's store: {0}")]
    Missing(String),
}

/// The outcome of a scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// What was found and counts, in the order of paths, or of commits in the history.
    pub leaks: Vec<Leak>,
    /// What was not looked through, in the order of paths.
    pub omissions: Vec<Omission>,
    /// How many files or contents were looked through.
    pub files: u64,
    /// How many bytes they had.
    pub bytes: u64,
    /// How many binary files were passed over.
    pub binaries: u64,
    /// How many leaks do not count, as the baseline has them.
    pub known: u64,
    /// How many leaks do not count, as a comment on their line allows them.
    pub allowed: u64,
    /// How many leaks there are beyond those that are listed.
    pub unlisted: u64,
}
