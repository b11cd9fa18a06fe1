//! What can go wrong with rules.

use std::io;
use std::path::PathBuf;

use crate::rule::RuleError;

/// Rules that cannot be used or kept.
///
/// A file with one rule that is wrong is wrong as a whole: nobody may believe in a rule that does not count.
#[derive(Debug, thiserror::Error)]
pub enum PermissionError {
    /// A file exists but cannot be read. Trying again may help.
    #[error("cannot read the permission rules in {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why; also when it is not UTF-8 or longer than 1 MiB.
        source: io::Error,
    },

    /// A file is not TOML. Trying again does not help.
    #[error("{}:{line}: not valid TOML: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the parser expected.
        message: String,
    },

    /// A file has a key that files of its kind do not have, or one of the wrong type. Trying again does
    /// not help.
    #[error("{}:{line}: `{key}` {problem}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// A file has a rule that is none. Trying again does not help.
    #[error("{}:{line}: {source}", path.display())]
    Rule {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        source: RuleError,
    },

    /// A rule could not be remembered; the file is as it was. Trying again may help.
    #[error("cannot remember the rule in {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// There is no file for rules of this scope. Trying again does not help.
    #[error("there is no file to remember the rule in")]
    NoFile,
}

impl PermissionError {
    /// Says what to do, where that does not follow from the message.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Read { .. } => Some("make the file readable, or remove it"),
            Self::Syntax { .. } | Self::Key { .. } | Self::Rule { .. } => {
                Some("mend the file, or remove it; until then none of its rules would count")
            }
            Self::Write { .. } => Some("remember it for this session, or mend the file"),
            Self::NoFile => Some("remember it for this session"),
        }
    }
}
