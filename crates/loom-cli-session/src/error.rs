//! What can go wrong between a front end and its session.

/// Why a command did not reach its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The session has ended and takes no more commands. Trying again does not help.
    #[error("the session has ended")]
    Ended,
}
