//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// The layer that set a value, and the place in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// Nothing set it.
    Default,
    /// A configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// Line of the value, from 1.
        line: usize,
        /// Column of the value in characters, from 1.
        column: usize,
    },
    /// An environment variable, or the file that one names.
    Environment {
        /// The variable: one of the key's names, or such a name with `_FILE`.
        variable: String,
    },
    /// An argument on the command line.
    Argument {
        /// The flag, with its dashes.
        flag: &'static str,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Environment { variable } => write!(f, "environment {variable}"),
            Self::Argument { flag } => write!(f, "argument {flag}"),
        }
    }
}
