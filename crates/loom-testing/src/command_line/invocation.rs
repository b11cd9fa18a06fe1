//! A command before it runs.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::output::Output;
use super::running::Running;
use super::terminal::Terminal;

/// A program with its arguments, environment, folder and input, from
/// [`CommandLine::loom`](super::CommandLine::loom).
#[derive(Debug, Clone)]
pub struct Invocation {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) variables: BTreeMap<OsString, OsString>,
    pub(super) folder: PathBuf,
    pub(super) input: Input,
}

/// What a command reads.
#[derive(Debug, Clone, Default)]
pub(super) enum Input {
    /// Nothing.
    #[default]
    None,
    /// This, and then the end.
    Text(Vec<u8>),
    /// What the test says while it runs.
    Open,
}

impl Invocation {
    pub(super) fn new(
        program: &OsStr,
        arguments: Vec<OsString>,
        variables: BTreeMap<OsString, OsString>,
        folder: PathBuf,
    ) -> Self {
        Self {
            program: program.to_owned(),
            arguments,
            variables,
            folder,
            input: Input::None,
        }
    }

    /// Sets a variable for this command.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables
            .insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Takes a variable away from this command.
    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.variables.remove(name.as_ref());
        self
    }

    /// Runs the command in this folder.
    #[must_use]
    pub fn current_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = folder.as_ref().to_owned();
        self
    }

    /// Gives the command this standard input; without it there is none.
    #[must_use]
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Input::Text(input.into());
        self
    }

    /// Lets the test write lines to the command's standard input while it runs
    /// ([`Running::write_line`]).
    #[must_use]
    pub fn open_stdin(mut self) -> Self {
        self.input = Input::Open;
        self
    }

    /// Runs the command to its end, whatever its exit code.
    ///
    /// # Panics
    ///
    /// When it cannot be started, or does not end within
    /// [`deadline::LIMIT`](crate::deadline::LIMIT).
    #[must_use]
    pub fn run(self) -> Output {
        self.spawn().wait()
    }

    /// Starts the command.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(self) -> Running {
        Running::start(self)
    }

    /// Returns the command for a test that talks to it in its own way. Its standard input, output and
    /// error are the test's to set.
    #[must_use]
    pub fn into_command(self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.variables)
            .current_dir(&self.folder)
            .process_group(0);
        command
    }

    /// Starts the command on a terminal of 40 rows and 120 columns, with `TERM=xterm-256color`.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn spawn_on_terminal(self) -> Terminal {
        Terminal::start(self)
    }

    /// The command as one would type it, for messages.
    pub(super) fn describe(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        let quoted: Vec<_> = words
            .map(|word| {
                let word = word.to_string_lossy();
                let is_plain = |letter: char| letter.is_alphanumeric() || "-_./=:".contains(letter);
                if !word.is_empty() && word.chars().all(is_plain) {
                    word.into_owned()
                } else {
                    format!("'{}'", word.replace('\'', r"'\''"))
                }
            })
            .collect();
        quoted.join(" ")
    }
}
