//! Why hooks could not be read, or trust not be remembered.

use std::io;
use std::path::PathBuf;

/// Why hooks could not be read, or trust not be remembered.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// A file of hooks is there and cannot be read; none of its hooks run. Trying again helps
    /// once the cause is gone.
    #[error("cannot read the hooks in {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of hooks is not a JSON object of the right shape; none of its hooks run. Trying
    /// again fails until it is mended.
    #[error("cannot read the hooks in {}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// One entry of a file cannot be used; the others run. Trying again fails until it is mended.
    #[error("{} in {}: {reason}", place, path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The entry, such as `hooks.PreToolUse[0]`.
        place: String,
        /// What is wrong with it, and what becomes of it.
        reason: String,
    },
    /// The file of trusted hooks cannot be read; no hook of a project is trusted until it can.
    #[error("cannot read which hooks are trusted, so none of a project's run: {}: {reason}", path.display())]
    TrustUnreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Trust could not be stored; the hooks stay untrusted. Trying again helps once the cause is
    /// gone.
    #[error("cannot remember in {} that the hooks are trusted: {source}", path.display())]
    TrustNotStored {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
