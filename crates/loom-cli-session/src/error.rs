//! What can go wrong between a front end and its session.

/// Why a session did not do what a front end wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The session has ended and takes no more commands. Trying again does not help.
    #[error("the session has ended")]
    Ended,
    /// The thread could not be taken back to a point; the text says why, and whether trying again
    /// helps. With it nothing has changed, unless it says so.
    #[error("not restored: {0}")]
    NotRestored(String),
}
