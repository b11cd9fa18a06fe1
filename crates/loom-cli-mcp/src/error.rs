//! What can go wrong, in words that say what to do.

use std::io;
use std::path::PathBuf;

/// An error of the client of tool servers.
#[derive(Debug, thiserror::Error)]
pub enum McpError {
    /// A file of ours or the person's cannot be read. Trying again helps once the cause is gone.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written; it has its old content. Trying again helps once the cause is gone.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what it should. Somebody has to mend it.
    #[error("{} {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as the end of a sentence.
        problem: String,
    },
    /// The definition of a server cannot be used. Somebody has to mend it.
    #[error("the server `{name}` cannot be used: {problem}")]
    Definition {
        /// The server.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// There is no server of this name.
    #[error("there is no server `{name}`{}", listed(known))]
    UnknownServer {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// No server that is ready has a prompt of this name.
    #[error("no connected server has the prompt /{name}")]
    UnknownPrompt {
        /// The name that was asked for.
        name: String,
    },
    /// There is a server of this name already.
    #[error("there is a server `{name}` in {} already", path.display())]
    Exists {
        /// The name.
        name: String,
        /// The file that defines it.
        path: PathBuf,
    },
    /// The server is not there, or not yet. Trying again may help.
    #[error("the server `{name}` is not available: {reason}")]
    Unavailable {
        /// The server.
        name: String,
        /// Why, with what to do about it.
        reason: String,
    },
    /// The server wants the person to log in.
    #[error("the server `{name}` wants a login")]
    LoginRequired {
        /// The server.
        name: String,
    },
    /// The server refused, or its answer cannot be used. The same request fails again.
    #[error("the server `{name}` {problem}")]
    Refused {
        /// The server.
        name: String,
        /// What it answered, as the end of a sentence.
        problem: String,
    },
    /// Logging in did not work out. Trying again may help.
    #[error("cannot log in to `{name}`: {problem}")]
    Login {
        /// The server.
        name: String,
        /// What went wrong.
        problem: String,
    },
}

impl McpError {
    /// Returns what the person can do about it, where the message alone does not say.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::LoginRequired { name } => Some(format!("`loom mcp login {name}` logs in")),
            Self::UnknownServer { .. } => Some("`loom mcp list` shows the servers".to_owned()),
            Self::Exists { name, .. } => Some(format!(
                "`loom mcp remove {name}` removes it; or take another name"
            )),
            Self::Definition { .. } => {
                Some("`loom mcp list` says where the server is defined".to_owned())
            }
            _ => None,
        }
    }
}

fn listed(known: &[String]) -> String {
    match known {
        [] => "; none is configured".to_owned(),
        known => format!("; there are: {}", known.join(", ")),
    }
}
