//! What can be wrong with a configuration, in words that say where.

use std::io;
use std::path::PathBuf;

use crate::Origin;

/// A configuration that cannot be used.
///
/// Trying again helps with none of them but [`Error::NotEdited`]: somebody has to change the place that the message names.
/// [`Error::hint`] says how, where the message alone does not.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A configuration file exists but cannot be read, or one that was asked for does not exist.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A configuration file is not TOML. The message never repeats the line, which may hold a secret.
    #[error("{}:{line}:{column}: not valid TOML: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What the parser expected.
        message: String,
    },

    /// A configuration file sets a key that does not exist.
    #[error("{}:{line}:{column}: unknown key `{key}`", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The key, with the tables around it.
        key: String,
        /// The key that was probably meant.
        suggestion: Option<String>,
    },

    /// A value is of another type than the key.
    #[error("{origin}: `{key}` must be {expected}, not {found}")]
    WrongType {
        /// The key.
        key: String,
        /// What set it.
        origin: Origin,
        /// What the key takes.
        expected: String,
        /// What was given instead; only its type when the key is secret.
        found: String,
    },

    /// A value is of the right type but makes no sense for the key.
    #[error("{origin}: `{key}` is not usable: {message}")]
    InvalidValue {
        /// The key.
        key: String,
        /// What set it.
        origin: Origin,
        /// What is wrong with it; says nothing of the value when the key is secret.
        message: String,
    },

    /// A variable and its `_FILE` twin are both set.
    #[error("{variable} and {variable}_FILE are both set")]
    ConflictingVariables {
        /// The variable without `_FILE`.
        variable: String,
    },

    /// The file that a `_FILE` variable names cannot be read.
    #[error("cannot read {}, which {variable} names: {source}", path.display())]
    ReadValueFile {
        /// The variable, with `_FILE`.
        variable: String,
        /// The file.
        path: PathBuf,
        /// Why; also when it is not text or longer than 64 KiB.
        source: io::Error,
    },

    /// The file that a `_FILE` variable names holds nothing but white space.
    #[error("{}, which {variable} names, is empty", path.display())]
    EmptyValueFile {
        /// The variable, with `_FILE`.
        variable: String,
        /// The file.
        path: PathBuf,
    },

    /// A variable holds bytes that are not UTF-8.
    #[error("the environment variable {variable} is not valid UTF-8")]
    NotUnicode {
        /// The variable.
        variable: String,
    },

    /// A folder of the user is needed, but neither its variable nor `HOME` is set to an absolute path.
    #[error("cannot tell where the user's files are: neither {variable} nor HOME is set")]
    NoHome {
        /// The variable of the XDG specification for that folder.
        variable: &'static str,
    },

    /// One of Loom's own folder variables holds a relative path.
    #[error("{variable} must be an absolute path, not {}", path.display())]
    RelativeDirectory {
        /// The variable.
        variable: &'static str,
        /// The path.
        path: PathBuf,
    },

    /// A configuration file cannot be changed as the person wanted. Trying again helps when the disk
    /// was full; else somebody has to change the file by hand.
    #[error("cannot change the configuration file {}: {source}", path.display())]
    NotEdited {
        /// The file.
        path: PathBuf,
        /// Why; also when it is not TOML, or holds something else where a list should be.
        source: io::Error,
    },

    /// The program's own table of keys does not match its structs; a defect of the program.
    #[error("the declared configuration keys are wrong: {0}")]
    Declaration(String),
}

impl Error {
    /// Says what to do, where that does not follow from the message.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey {
                suggestion: Some(key),
                ..
            } => Some(format!("did you mean `{key}`?")),
            Self::ConflictingVariables { variable } => {
                Some(format!("unset {variable} or {variable}_FILE"))
            }
            Self::EmptyValueFile { variable, .. } => {
                Some(format!("write the value to the file, or unset {variable}"))
            }
            Self::NoHome { variable } => Some(format!("set HOME, or {variable}, to a folder")),
            Self::ReadFile { .. }
            | Self::Syntax { .. }
            | Self::UnknownKey { .. }
            | Self::WrongType { .. }
            | Self::InvalidValue { .. }
            | Self::ReadValueFile { .. }
            | Self::NotUnicode { .. }
            | Self::RelativeDirectory { .. }
            | Self::NotEdited { .. }
            | Self::Declaration(_) => None,
        }
    }
}
