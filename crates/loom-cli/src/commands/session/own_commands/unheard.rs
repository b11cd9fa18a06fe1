//! Why something that was said is not handed to the session.

use std::fmt;

use loom_cli_mcp::McpError;
use loom_common_core::stream::StreamError;

/// Why something that was said is not handed to the session.
#[derive(Debug)]
pub(crate) enum Unheard {
    /// There is no command of this name, and no path either. Saying it in other words helps.
    Unknown {
        name: String,
        /// The names that may be meant.
        near: Vec<String>,
    },
    /// A command of Loom's own that only the prompt of a terminal has.
    OfTerminal { name: String },
    /// A server of tools did not make its prompt. Whether trying again helps, the server knows.
    Prompt { name: String, error: McpError },
    /// It was stopped before it was understood. Saying it again helps.
    Stopped,
}

impl fmt::Display for Unheard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, near } if near.is_empty() => {
                write!(formatter, "no command /{name}")
            }
            Self::Unknown { name, near } => {
                write!(
                    formatter,
                    "no command /{name}; perhaps /{}",
                    near.join(", /")
                )
            }
            Self::OfTerminal { name } => {
                write!(formatter, "/{name} is for the prompt of a terminal")
            }
            Self::Prompt { name, error } => {
                write!(formatter, "there is no prompt of /{name}: {error}")
            }
            Self::Stopped => formatter.write_str("this was stopped before the agent knew of it"),
        }
    }
}

impl Unheard {
    /// Returns the stable name of the reason, for programs.
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown_command",
            Self::OfTerminal { .. } => "command_of_terminal",
            Self::Prompt { .. } => "prompt_failed",
            Self::Stopped => "cancelled",
        }
    }

    /// Returns what whoever said it can do about it.
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unknown { .. } => {
                "a text that begins with a slash and a word names a command; begin it with another \
                 word if none is meant"
            }
            Self::OfTerminal { .. } => {
                "elsewhere there are options, or other lines of input, for what it does"
            }
            Self::Prompt { error, .. } => return error.hint(),
            Self::Stopped => "say it again if it is still wanted",
        };
        Some(hint.to_owned())
    }
}

impl From<Unheard> for StreamError {
    fn from(unheard: Unheard) -> Self {
        Self {
            code: unheard.code().to_owned(),
            message: unheard.to_string(),
            hint: unheard.hint(),
        }
    }
}
