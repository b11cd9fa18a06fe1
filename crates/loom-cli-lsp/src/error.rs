//! Why a language server is of no use.

use std::io;

/// Why a language server is of no use, for the person.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LspError {
    /// The program is there and cannot be started, or ends before it is ready. It is not tried
    /// again in this session.
    #[error(
        "the language server {server} cannot start, so there are no diagnostics from it: {reason}"
    )]
    NotStarted {
        /// Name of the server.
        server: String,
        /// What happened.
        reason: String,
    },
    /// It ended, or had to be ended. It starts again with the next edit.
    #[error("the language server {server} ended: {reason}")]
    Ended {
        /// Name of the server.
        server: String,
        /// What happened.
        reason: String,
    },
    /// It ended too often. It is not started again in this session.
    #[error("the language server {server} ended {times} times and is left alone now: {reason}")]
    GivenUp {
        /// Name of the server.
        server: String,
        /// How often it ended.
        times: u32,
        /// What happened the last time.
        reason: String,
    },
}

/// Why a connection is over.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ConnectionError {
    /// The server closed its output.
    #[error("it closed the connection")]
    Closed,
    /// The output cannot be read, or the input not be written.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// What it sent is not the protocol.
    #[error("it sent something else than the protocol: {0}")]
    Garbage(String),
    /// It sends faster than anything useful would be.
    #[error("it flooded the connection")]
    Flood,
    /// It does not take what it is sent.
    #[error("it does not read what it is sent")]
    Stuck,
    /// It answered a request with an error.
    #[error("it refused a request: {0}")]
    Refused(String),
}

impl From<io::Error> for ConnectionError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Broken(error.to_string()),
        }
    }
}
