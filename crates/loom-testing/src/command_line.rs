//! A hermetic command line: `loom` as a user runs it, but nothing of this machine gets in and
//! nothing is left behind.
//!
//! A [`CommandLine`] is a user with an empty home. Its processes see only the variables listed in
//! `environment`, all XDG folders lie inside the temporary home, and the server that `loom` starts
//! by itself is pointed at the [`FakeModel`]. Whatever was started with that home is found by it in
//! `/proc` and ended on drop, the shared server first and kindly.
//!
//! Everything here blocks, with an upper bound ([`deadline::LIMIT`]), so a hang fails the test and
//! shows what the process printed. The fake model runs on its own thread and is not held up.

mod invocation;
mod output;
mod running;
mod terminal;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;

pub use invocation::Invocation;
pub use output::Output;
pub use running::Running;
pub use terminal::Terminal;

use crate::FakeModel;
use crate::environment;
use crate::process::ProcessHandle;

#[cfg(doc)]
use crate::deadline;

/// How long the server may take to stop before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// A user with an empty home, who runs commands.
#[derive(Debug)]
pub struct CommandLine {
    home: TempDir,
    variables: BTreeMap<OsString, OsString>,
}

/// What a server that `loom` started says about itself in its state file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LocalServer {
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub url: String,
    /// The token that its clients must show.
    pub token: String,
    /// Its version.
    pub version: String,
}

impl CommandLine {
    /// A new user, whose server has no model to talk to.
    ///
    /// # Panics
    ///
    /// When the home cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("loom-home-")
            .tempdir()
            .expect("a temporary folder can be made");
        for folder in ["run", "tmp", "project"] {
            std::fs::create_dir(home.path().join(folder)).expect("a folder can be made");
        }
        let variables = environment::hermetic(home.path()).into_iter().collect();
        Self { home, variables }
    }

    /// A new user, whose server talks to this model as to Anthropic and as to OpenAI.
    #[must_use]
    pub fn with_model(model: &FakeModel) -> Self {
        let key = model.api_key();
        let mut command_line = Self::new();
        command_line.set_env("LOOM_SERVER_ANTHROPIC_BASE_URL", model.url());
        command_line.set_env("LOOM_SERVER_ANTHROPIC_API_KEY", &key);
        command_line.set_env("LOOM_SERVER_OPENAI_BASE_URL", model.openai_base_url());
        command_line.set_env("LOOM_SERVER_OPENAI_API_KEY", &key);
        command_line
    }

    /// Sets a variable for everything that is started from now on. A server that runs already keeps
    /// its own.
    pub fn set_env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
        self.variables
            .insert(name.as_ref().to_owned(), value.as_ref().to_owned());
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// `$XDG_CONFIG_HOME`
    #[must_use]
    pub fn config_home(&self) -> PathBuf {
        self.home().join(".config")
    }

    /// `$XDG_DATA_HOME`
    #[must_use]
    pub fn data_home(&self) -> PathBuf {
        self.home().join(".local/share")
    }

    /// `$XDG_STATE_HOME`
    #[must_use]
    pub fn state_home(&self) -> PathBuf {
        self.home().join(".local/state")
    }

    /// The empty folder in which commands run unless told otherwise.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.home().join("project")
    }

    /// `loom` with these arguments, to be run.
    ///
    /// # Panics
    ///
    /// When it was not built.
    pub fn loom(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Invocation {
        self.program(built_program("loom"), arguments)
    }

    /// `loom-server` with these arguments, to be run.
    ///
    /// # Panics
    ///
    /// When it was not built.
    pub fn loom_server(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Invocation {
        self.program(built_program("loom-server"), arguments)
    }

    /// Any program with these arguments, to be run in the same environment.
    pub fn program(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Invocation {
        let arguments = arguments
            .into_iter()
            .map(|argument| argument.as_ref().to_owned());
        Invocation::new(
            program.as_ref(),
            arguments.collect(),
            self.variables.clone(),
            self.work(),
        )
    }

    /// The server that `loom` has started by itself, if its state file is there.
    ///
    /// # Panics
    ///
    /// When the file cannot be read or understood.
    #[must_use]
    pub fn local_server(&self) -> Option<LocalServer> {
        let path = self.state_home().join("loom/server.json");
        let json = match std::fs::read(&path) {
            Ok(json) => json,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => panic!("cannot read {}: {error}", path.display()),
        };
        let server = serde_json::from_slice(&json);
        Some(server.unwrap_or_else(|error| panic!("cannot understand {}: {error}", path.display())))
    }

    /// Everything that was started here and runs still: process id and arguments of each.
    #[must_use]
    pub fn processes(&self) -> Vec<String> {
        ProcessHandle::with_home(self.home())
            .iter()
            .map(ProcessHandle::describe)
            .collect()
    }
}

impl Default for CommandLine {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for CommandLine {
    fn drop(&mut self) {
        let is_server = |process: &ProcessHandle| {
            let program = process.program();
            program.is_some_and(|program| program.file_name() == Some("loom-server".as_ref()))
        };
        // What is about to end may start something still, so one look is not enough.
        for _ in 0..10 {
            let (servers, others): (Vec<_>, Vec<_>) = ProcessHandle::with_home(self.home())
                .into_iter()
                .partition(is_server);
            if servers.is_empty() && others.is_empty() {
                return;
            }
            for server in servers {
                server.stop(STOP_PATIENCE);
            }
            for process in others {
                process.kill();
            }
        }
    }
}

/// A program of this workspace, in the folder where cargo has put the test that runs.
fn built_program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let deps = test.parent().expect("a program stands in a folder");
    let folder = if deps.ends_with("deps") {
        deps.parent().unwrap_or(deps)
    } else {
        deps
    };
    let program = folder.join(name);
    assert!(
        program.is_file(),
        "{} is not there: build it with `cargo build --package loom-cli --package loom-server`",
        program.display()
    );
    program
}

#[cfg(test)]
mod tests {
    #[test]
    #[should_panic(expected = "no-such-program is not there: build it with `cargo build")]
    fn a_program_that_was_not_built_says_how_to_build_it() {
        super::built_program("no-such-program");
    }
}
