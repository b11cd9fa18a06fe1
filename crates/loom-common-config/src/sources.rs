//! What a configuration is put together from.

use std::fmt;
use std::path::PathBuf;

use crate::Environment;

/// Where values may come from, the lowest layer first.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// Configuration files; a later one wins.
    pub files: &'a [ConfigFile],
    /// Environment variables.
    pub environment: &'a Environment,
    /// Command line arguments.
    pub arguments: &'a Arguments,
}

impl Default for Sources<'_> {
    /// Nothing at all.
    fn default() -> Self {
        const NO_VARIABLES: &Environment = &Environment::new();
        const NO_ARGUMENTS: &Arguments = &Arguments::new();
        Self {
            files: &[],
            environment: NO_VARIABLES,
            arguments: NO_ARGUMENTS,
        }
    }
}

/// A configuration file that may or must exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    pub(crate) path: PathBuf,
    pub(crate) required: bool,
}

impl ConfigFile {
    /// A file that somebody asked for: it is an error when it does not exist.
    pub fn required(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            required: true,
        }
    }

    /// A file in its usual place, which may not exist.
    pub fn optional(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            required: false,
        }
    }
}

/// The command line arguments that set keys, as text.
///
/// The program parses its command line as it likes and hands over what was given, by flag. (It must
/// not let its parser read environment variables: they would show up as arguments.)
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    pub(crate) values: Vec<(&'static str, String)>,
}

impl Arguments {
    /// No arguments.
    pub const fn new() -> Self {
        Self { values: Vec::new() }
    }

    /// Adds the value of a flag, if it was given; several values of a list are joined by commas.
    #[must_use]
    pub fn with(mut self, flag: &'static str, value: Option<impl ToString>) -> Self {
        self.values
            .extend(value.map(|value| (flag, value.to_string())));
        self
    }
}

impl fmt::Debug for Arguments {
    /// Lists flags only: values may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.values.iter().map(|(flag, _)| flag))
            .finish()
    }
}
