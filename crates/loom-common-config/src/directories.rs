//! The folders where Loom keeps its files, by the XDG base directory specification.
//!
//! Each kind of file has its own variable and its own default below `HOME`; a relative path in one of
//! the variables is ignored, as the specification demands. Nothing is created here. A folder is looked
//! up only when asked for, so a service without `HOME` runs as long as it is told where its files go.

use std::path::{Path, PathBuf};

use crate::{Environment, Error};

/// Name of Loom's own folder below each base directory.
const APPLICATION: &str = "loom";

/// Finds Loom's folders from the environment.
///
/// See the [XDG base directory specification](https://specifications.freedesktop.org/basedir-spec/latest/).
#[derive(Debug, Clone, Copy)]
pub struct Directories<'a> {
    environment: &'a Environment,
}

impl<'a> Directories<'a> {
    /// Looks for folders in this environment.
    pub fn new(environment: &'a Environment) -> Self {
        Self { environment }
    }

    /// Configuration files, written by people: `$XDG_CONFIG_HOME/loom` or `~/.config/loom`.
    ///
    /// # Errors
    ///
    /// [`Error::NoHome`] when neither variable is set.
    pub fn config(&self) -> Result<PathBuf, Error> {
        self.base("XDG_CONFIG_HOME", ".config")
    }

    /// Data worth a backup: `$LOOM_DATA_DIR` itself, `$XDG_DATA_HOME/loom` or `~/.local/share/loom`.
    ///
    /// # Errors
    ///
    /// [`Error::NoHome`] when no variable is set, [`Error::RelativeDirectory`] for a relative
    /// `LOOM_DATA_DIR`.
    pub fn data(&self) -> Result<PathBuf, Error> {
        match self.own("LOOM_DATA_DIR")? {
            Some(path) => Ok(path),
            None => self.base("XDG_DATA_HOME", ".local/share"),
        }
    }

    /// State worth keeping between runs but not moving to another machine, such as logs and history:
    /// `$LOOM_STATE_DIR` itself, `$XDG_STATE_HOME/loom` or `~/.local/state/loom`.
    ///
    /// # Errors
    ///
    /// [`Error::NoHome`] when no variable is set, [`Error::RelativeDirectory`] for a relative
    /// `LOOM_STATE_DIR`.
    pub fn state(&self) -> Result<PathBuf, Error> {
        match self.own("LOOM_STATE_DIR")? {
            Some(path) => Ok(path),
            None => self.base("XDG_STATE_HOME", ".local/state"),
        }
    }

    /// Files that can be made again: `$XDG_CACHE_HOME/loom` or `~/.cache/loom`.
    ///
    /// # Errors
    ///
    /// [`Error::NoHome`] when neither variable is set.
    pub fn cache(&self) -> Result<PathBuf, Error> {
        self.base("XDG_CACHE_HOME", ".cache")
    }

    /// Sockets and the like, gone after logout: `$XDG_RUNTIME_DIR/loom`; there is no default.
    pub fn runtime(&self) -> Option<PathBuf> {
        Some(self.absolute("XDG_RUNTIME_DIR")?.join(APPLICATION))
    }

    fn base(&self, variable: &'static str, below_home: &str) -> Result<PathBuf, Error> {
        if let Some(path) = self.absolute(variable) {
            return Ok(path.join(APPLICATION));
        }
        let home = self.absolute("HOME").ok_or(Error::NoHome { variable })?;
        Ok(home.join(below_home).join(APPLICATION))
    }

    fn absolute(&self, variable: &str) -> Option<&'a Path> {
        self.environment
            .get(variable)
            .map(Path::new)
            .filter(|path| path.is_absolute())
    }

    /// Reads one of Loom's own variables, in which a relative path is a mistake worth telling: each
    /// program would take it from the folder that it happens to run in.
    fn own(&self, variable: &'static str) -> Result<Option<PathBuf>, Error> {
        match self.environment.get(variable).map(Path::new) {
            Some(path) if path.is_relative() => Err(Error::RelativeDirectory {
                variable,
                path: path.to_owned(),
            }),
            path => Ok(path.map(Path::to_owned)),
        }
    }
}
