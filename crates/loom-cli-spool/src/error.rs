//! What can go wrong with a command.

use std::io;
use std::path::PathBuf;

use loom_common_spool::repository::RepositoryError;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolCommandError {
    /// The repository cannot do it. Whether trying again helps is said there.
    #[error(transparent)]
    Repository(RepositoryError),
    /// The command makes no sense as it stands. Trying again does not help.
    #[error("{message}")]
    Usage {
        /// What makes no sense.
        message: String,
        /// What to say instead.
        hint: Option<String>,
    },
    /// A remote did not take some of the pins. Trying again helps after what `hint` says.
    #[error("{message}")]
    NotTaken {
        /// Which pins, and why.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A description is needed, and nobody is there who could write one in an editor. Trying again
    /// helps with a message.
    #[error("there is no description, and no terminal to ask for one")]
    NoDescription,
    /// The editor could not be run, or failed. Trying again helps once it works; what was written
    /// is kept in the file.
    #[error("the editor `{editor}` failed: {reason}")]
    Editor {
        /// The command line of the editor.
        editor: String,
        /// What went wrong.
        reason: String,
        /// The file with what was written, if there is one.
        kept: Option<PathBuf>,
    },
    /// What was printed could not be written, or the input not be read. Whether trying again helps
    /// depends on the cause.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was to be done, as in `write to standard output`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl From<RepositoryError> for SpoolCommandError {
    fn from(error: RepositoryError) -> Self {
        match error {
            // The place of the mistake is drawn below the expression.
            RepositoryError::Expression {
                expression,
                message,
                hint,
            } if message.trim_start().starts_with("-->") => Self::Usage {
                message: format!("`{expression}` is not understood:\n{message}"),
                hint,
            },
            error => Self::Repository(error),
        }
    }
}

impl SpoolCommandError {
    /// Returns what the person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Repository(error) => error.hint(),
            Self::Usage { hint, .. } => hint.clone(),
            Self::NotTaken { hint, .. } => Some(hint.clone()),
            Self::NoDescription => Some("give one with -m, or with --stdin".to_owned()),
            Self::Editor { kept, .. } => Some(match kept {
                Some(kept) => format!("what you wrote is in {}", kept.display()),
                None => "set EDITOR to an editor that is installed, or use -m".to_owned(),
            }),
            Self::Io { .. } => None,
        }
    }

    /// Tells whether the command itself makes no sense, whatever the repository holds.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Usage { .. }
                | Self::NoDescription
                | Self::Repository(RepositoryError::Expression { .. })
        )
    }

    /// Tells whether whoever reads the output has had enough of it.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }

    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// Wraps what the system said about standard input or output.
    pub(crate) fn io(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}
