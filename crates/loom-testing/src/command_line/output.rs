//! What a command has left: exit code and output, with assertions that show everything when they
//! fail.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use serde_json::Value;

/// A command that has ended. Its `Display` form shows command, folder, end and output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Everything it wrote to standard output; what is no UTF-8 is replaced.
    pub stdout: String,
    /// Everything it wrote to standard error.
    pub stderr: String,
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
    command: String,
    folder: PathBuf,
}

impl Output {
    pub(super) fn new(
        command: String,
        folder: PathBuf,
        status: ExitStatus,
        stdout: &[u8],
        stderr: &[u8],
    ) -> Self {
        Self {
            stdout: String::from_utf8_lossy(stdout).into_owned(),
            stderr: String::from_utf8_lossy(stderr).into_owned(),
            code: status.code(),
            signal: status.signal(),
            command,
            folder,
        }
    }

    /// Asserts that the command did what it should: exit code 0.
    ///
    /// # Panics
    ///
    /// When the exit code is another.
    #[track_caller]
    pub fn assert_success(&self) -> &Self {
        self.assert_code(0)
    }

    /// Asserts the exit code.
    ///
    /// # Panics
    ///
    /// When the exit code is another, or a signal ended the command.
    #[track_caller]
    pub fn assert_code(&self, code: i32) -> &Self {
        assert!(
            self.code == Some(code),
            "the exit code is not {code}:\n{self}"
        );
        self
    }

    /// The lines of standard output, each a JSON value.
    ///
    /// # Panics
    ///
    /// When a line is none.
    #[must_use]
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let lines = self.stdout.lines().enumerate();
        lines
            .map(|(index, line)| match serde_json::from_str(line) {
                Ok(value) => value,
                Err(error) => panic!(
                    "line {} of standard output is no JSON ({error}):\n{self}",
                    index + 1
                ),
            })
            .collect()
    }

    /// Standard output as one JSON value.
    ///
    /// # Panics
    ///
    /// When it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("standard output is no JSON ({error}):\n{self}"),
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match (self.code, self.signal) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "unknown end".to_owned(),
        };
        Transcript {
            command: &self.command,
            folder: &self.folder,
            state: &end,
            stdout: &self.stdout,
            stderr: &self.stderr,
        }
        .fmt(formatter)
    }
}

/// A command with what it printed, for messages.
pub(super) struct Transcript<'a> {
    pub(super) command: &'a str,
    pub(super) folder: &'a Path,
    pub(super) state: &'a str,
    pub(super) stdout: &'a str,
    pub(super) stderr: &'a str,
}

impl fmt::Display for Transcript<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "command: {}", self.command)?;
        writeln!(formatter, "folder:  {}", self.folder.display())?;
        for (index, entry) in listing(self.folder).into_iter().enumerate() {
            writeln!(
                formatter,
                "{}{entry}",
                if index == 0 { "files:   " } else { "         " }
            )?;
        }
        writeln!(formatter, "end:     {}", self.state)?;
        for (name, text) in [
            ("standard output", self.stdout),
            ("standard error", self.stderr),
        ] {
            writeln!(formatter, "--- {name} ---")?;
            formatter.write_str(text)?;
            if !text.is_empty() && !text.ends_with('\n') {
                writeln!(formatter)?;
            }
        }
        Ok(())
    }
}

/// The names in a folder, sorted, folders marked, and no more than a screen of them.
fn listing(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| {
            let slash = if entry.path().is_dir() { "/" } else { "" };
            format!("{}{slash}", entry.file_name().to_string_lossy())
        })
        .collect();
    names.sort_unstable();
    names.truncate(20);
    names
}
