//! What can go wrong with a ledger.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a ledger could not be read, written or merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// A file of the ledger could not be used. Trying again helps once the cause is gone.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was to be done, as in `cannot read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has been using the ledger for too long. Trying again helps later.
    #[error("another process is busy with the ledger, for more than {} s", waited.as_secs())]
    Busy {
        /// How long this process has waited.
        waited: Duration,
    },
    /// A newer version of Loom has written the ledger. A newer program can read it.
    #[error("the ledger was written by a newer version of Loom (format {format})")]
    Newer {
        /// The format that it says it has.
        format: u64,
    },
    /// The bytes are no ledger, or not as they were written. Trying again helps when somebody
    /// has written it anew.
    #[error("the ledger is damaged: {0}")]
    Damaged(String),
    /// There is more in it than a ledger may hold. Trying again does not help before somebody
    /// began it anew.
    #[error("the ledger is too large: {bytes} bytes, of which {limit} may be")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The most that is read.
        limit: u64,
    },
    /// Two documents have different changes under one name: a copied or restored disk wrote on.
    /// Handled by [`LockedLedger::receive`](super::LockedLedger::receive).
    #[error("the ledger contradicts another: {0}")]
    Contradiction(String),
    /// A name that nothing can have: empty, too long, or with spaces. Trying again does not help.
    #[error("`{name}` cannot be the name of a {kind}: {reason}")]
    Name {
        /// What it was to name.
        kind: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl LedgerError {
    /// Returns what the person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Newer { .. } => Some("use a newer version of Loom"),
            Self::Busy { .. } => Some("wait for the other program and try again"),
            Self::TooLarge { .. } | Self::Damaged(_) => Some(
                "if it is a remote's, `git push REMOTE :refs/loom/ledger` deletes it there; the next \
                 exchange makes a new one",
            ),
            Self::Io { .. } | Self::Contradiction(_) | Self::Name { .. } => None,
        }
    }

    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

impl From<automerge::AutomergeError> for LedgerError {
    fn from(error: automerge::AutomergeError) -> Self {
        use automerge::AutomergeError as E;
        match error {
            E::DuplicateSeqNumber(..) | E::DuplicateActorId(_) => {
                Self::Contradiction(error.to_string())
            }
            error => Self::Damaged(error.to_string()),
        }
    }
}
