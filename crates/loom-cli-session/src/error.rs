//! What can go wrong when a session starts.

use loom_common_thread::ThreadStoreError;

/// Why a session could not start, or ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The thread store refused. Whether trying again helps is for the source to say.
    #[error(transparent)]
    Storage(#[from] ThreadStoreError),
    /// The session has ended and takes no more commands. Trying again does not help.
    #[error("the session has ended")]
    Ended,
}
