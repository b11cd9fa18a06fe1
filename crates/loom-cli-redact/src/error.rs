//! What can go wrong besides single files.

use std::io;
use std::path::PathBuf;

use loom_cli_git::GitError;
use loom_redact::RuleError;

/// Why something could not be looked through or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedactError {
    /// A rule file says what cannot be. Trying again does not help.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// A file cannot be read or written. Whether trying again helps depends on the reason.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried: `read`, `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A rule file or a baseline is none, such as a folder, or is far too large. Trying again does not help.
    #[error("cannot use {}: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// Somebody else has changed the file while it was redacted, so it was left alone. Trying again helps.
    #[error("{} has changed meanwhile and was left alone", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Standard input or output failed. Trying again may help.
    #[error("cannot go on: {0}")]
    Stream(#[source] io::Error),
    /// Git could not tell what is in the repository. See there whether trying again helps.
    #[error(transparent)]
    Git(#[from] GitError),
    /// There is a hook which is not Loom's where one is kept already. Trying again does not help.
    #[error("there are two hooks already: {} and {}", hook.display(), kept.display())]
    HookTaken {
        /// The hook that git runs.
        hook: PathBuf,
        /// The one that was kept when Loom's was installed.
        kept: PathBuf,
    },
    /// The hook is not Loom's, or there is none. Trying again does not help.
    #[error("{} is not a hook of Loom", hook.display())]
    NotOurHook {
        /// Where the hook would be.
        hook: PathBuf,
    },
    /// The scan was stopped from outside. Trying again helps.
    #[error("stopped")]
    Stopped,
}

impl RedactError {
    /// Makes the error for a file that could not be read.
    pub(crate) fn reading(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            action: "read",
            path,
            source,
        }
    }

    /// Makes the error for a file that could not be written.
    pub(crate) fn writing(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            action: "write",
            path,
            source,
        }
    }

    /// Returns what a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Rules(RuleError::Regex { .. }) => Some(
                "the syntax is that of Go's regular expressions (RE2): no look-around, no back-references",
            ),
            Self::Rules(_) => {
                Some("the format is that of gitleaks; docs/secrets.md has an example")
            }
            Self::HookTaken { .. } => Some(
                "make one of the two, or call `loom secrets scan --staged` in the hook yourself",
            ),
            Self::NotOurHook { .. } => Some("`loom secrets install-hook` installs one"),
            Self::Changed { .. } => Some("run it again when nobody writes to the file"),
            Self::Git(GitError::Missing) => Some("install git, or scan the working tree only"),
            Self::Git(GitError::Failed { command, .. }) if command == "log" => {
                Some("name commits as git does, such as `main`, `v1.0..HEAD`")
            }
            _ => None,
        }
    }
}
