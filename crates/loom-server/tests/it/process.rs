//! The program with an environment of its own: an empty home, and nothing else but what the test
//! sets.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use loom_server::StateFile;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A home for the program.
pub(crate) struct Home {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What a finished program has left.
#[derive(Debug, PartialEq)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A serving program. Killed when dropped, so that a test which fails leaves none behind.
pub(crate) struct Serving {
    child: Child,
    stdout: BufReader<ChildStdout>,
    log: PathBuf,
    pub(crate) url: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            variables: Vec::new(),
        }
    }

    /// Sets a variable of the environment.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn state_file(&self) -> PathBuf {
        self.path().join("server.json")
    }

    pub(crate) fn read_state(&self) -> StateFile {
        serde_json::from_slice(&std::fs::read(self.state_file()).unwrap()).unwrap()
    }

    fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loom-server"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.path())
            .envs(self.variables.iter().cloned())
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Finished {
        let output = self.command(arguments).output().unwrap();
        // The home and the ports are another in each run.
        let home = self.path().to_str().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(home, "HOME");
        Finished {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Runs a command that must succeed, and returns what it prints.
    pub(crate) fn output_of(&self, arguments: &[&str]) -> String {
        let finished = self.run(arguments);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        finished.stdout
    }

    /// Starts a server on a free port, and waits until it listens.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Serving {
        let log = self.path().join("log");
        let mut child = self
            .command(&[&["serve", "--port", "0"], arguments].concat())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let Some(url) = line.trim_end().strip_prefix("listening on ") else {
            let log = std::fs::read_to_string(&log).unwrap();
            panic!("the server does not listen but prints {line:?}, and logs:\n{log}");
        };
        Serving {
            child,
            stdout,
            log,
            url: url.to_owned(),
        }
    }

    /// Starts a server that writes a state file.
    pub(crate) fn serve_with_state(&self) -> Serving {
        self.serve(&["--state-file", self.state_file().to_str().unwrap()])
    }
}

impl Serving {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end, and returns what the server has printed since it listened.
    pub(crate) fn wait(mut self) -> Finished {
        let code = self.child.wait().unwrap().code();
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).unwrap();
        Finished {
            code,
            stdout,
            stderr: std::fs::read_to_string(&self.log).unwrap(),
        }
    }

    /// Ends the server in the orderly way.
    pub(crate) fn stop(self) -> Finished {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Asks with this token, and returns the status.
    pub(crate) async fn status(&self, path: &str, token: &str) -> u16 {
        let request = loom_common_http::new_client().get(format!("{}{path}", self.url));
        let response = request.bearer_auth(token).send().await.unwrap();
        response.status().as_u16()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
