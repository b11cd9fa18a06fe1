//! A snapshot of the environment variables, handed to whoever needs one.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

use crate::Error;

/// The environment variables that a program was started with, or those a test makes up.
///
/// An empty variable counts as unset: it is how scripts and service files "remove" one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// No variables.
    pub const fn new() -> Self {
        Self {
            variables: BTreeMap::new(),
        }
    }

    /// Takes a snapshot of this process's environment; only a program's `main` calls this.
    pub fn from_process() -> Self {
        std::env::vars_os().collect()
    }

    /// Looks a variable up.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns all variables, by name: what a program that is started inherits.
    pub fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
        self.variables.clone().into_iter()
    }

    /// Looks a variable up that must be text.
    ///
    /// # Errors
    ///
    /// [`Error::NotUnicode`] when it is not.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        self.get(name)
            .map(|value| {
                value.to_str().ok_or_else(|| Error::NotUnicode {
                    variable: name.to_owned(),
                })
            })
            .transpose()
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self {
            variables: variables.collect(),
        }
    }
}

impl fmt::Debug for Environment {
    /// Lists names only: values may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}
