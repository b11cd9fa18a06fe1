//! A folder, a person, and the three programs: `loom spool` inside of this process with a clock and
//! randomness of the test, `jj` and `git` as processes.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs;
use std::io::empty;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use jiff::{SignedDuration, Zoned};
use loom_cli_spool::{Console, SpoolArguments, SpoolCommandError, Terminal};
use loom_common_config::Environment;
use loom_common_spool::repository::Surroundings;
use loom_testing::CommandLine;
use serde_json::Value;

/// What a command printed, and how it ended.
pub(crate) struct Printed {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) error: Option<SpoolCommandError>,
}

pub(crate) struct Scene {
    user: CommandLine,
    /// Where commands run.
    pub(crate) folder: PathBuf,
    commands: Cell<u64>,
    /// Whose randomness it is.
    pub(crate) person: u64,
    pub(crate) terminal: Terminal,
    pub(crate) patience: Duration,
}

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    arguments: SpoolArguments,
}

/// Settings that all programs read.
const SETTINGS: &str = "\
[user]
name = \"Ada Example\"
email = \"ada@example.org\"
[ui]
color = \"never\"
paginate = \"never\"
";

const QUIET: Terminal = Terminal {
    interactive: false,
    output: false,
    messages: false,
    width: 80,
};

impl Scene {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let user = CommandLine::new();
        let settings = user.config_home().join("jj/config.toml");
        fs::create_dir_all(settings.parent().unwrap()).unwrap();
        fs::write(settings, SETTINGS).unwrap();
        Self {
            folder: user.work(),
            user,
            commands: Cell::new(0),
            person: 0,
            terminal: QUIET,
            patience: Duration::from_secs(20),
        }
    }

    /// A folder with a repository beside git.
    pub(crate) fn wound() -> Self {
        let scene = Self::new();
        scene.spool("wind").ok();
        scene
    }

    /// What loom is told of the world. Each command runs a minute after the last one.
    pub(crate) fn surroundings(&self, words: &[String]) -> Surroundings {
        let number = self.commands.get() + 1;
        self.commands.set(number);
        let begin: Zoned = "2026-01-01T00:00:00[UTC]".parse().unwrap();
        let minutes = i64::try_from(number).unwrap();
        let command = ["loom", "spool"].iter().map(ToString::to_string);
        Surroundings {
            folder: self.folder.clone(),
            home: Some(self.user.home().to_owned()),
            configuration: Some(self.user.config_home()),
            system_configuration: None,
            environment: Default::default(),
            hostname: "host".to_owned(),
            username: "ada".to_owned(),
            now: begin + SignedDuration::from_mins(minutes),
            // The engine takes half of it, so neighbours would have the same stitches.
            seed: (self.person << 32) + (number << 8),
            command: command.chain(words.iter().cloned()).collect(),
            patience: self.patience,
            settings: Vec::new(),
        }
    }

    /// Runs `loom spool` with the words of a line.
    pub(crate) fn spool(&self, line: &str) -> Printed {
        self.spool_with(line, &[])
    }

    /// Runs `loom spool` with variables.
    pub(crate) fn spool_with(&self, line: &str, variables: &[(&str, &str)]) -> Printed {
        let words = shlex::split(line).unwrap();
        let program = std::iter::once("spool".to_owned()).chain(words.iter().cloned());
        let arguments = match Program::try_parse_from(program) {
            Ok(program) => program.arguments,
            Err(error) => panic!("`{line}` is not understood: {error}"),
        };
        let environment: Environment = variables.iter().copied().collect();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let outcome = loom_cli_spool::run(
            &arguments,
            Console {
                surroundings: self.surroundings(&words),
                environment: &environment,
                input: &mut empty(),
                output: &mut stdout,
                messages: &mut stderr,
                terminal: self.terminal,
            },
        );
        let text = |bytes| self.without_home(&String::from_utf8(bytes).unwrap());
        Printed {
            stdout: text(stdout),
            stderr: text(stderr),
            error: outcome.err(),
        }
    }

    /// Runs command lines and writes down what a person would see.
    pub(crate) fn transcript(&self, lines: &[&str]) -> String {
        let mut text = String::new();
        for line in lines {
            text += &self.entry(line);
        }
        text
    }

    /// Runs a command line and writes down what a person would see.
    pub(crate) fn entry(&self, line: &str) -> String {
        let printed = self.spool(line);
        let end = match &printed.error {
            None => String::new(),
            Some(error) => {
                let code = if error.is_usage() { 2 } else { 1 };
                let hint = error.hint();
                let hint = hint.map_or_else(String::new, |hint| format!("hint: {hint}\n"));
                self.without_home(&format!("error: {error}\n{hint}(exit code {code})\n"))
            }
        };
        format!(
            "$ spool {line}\n{}{}{end}\n",
            printed.stdout, printed.stderr
        )
    }

    /// Runs `loom spool … --json`, and returns the documents.
    pub(crate) fn json(&self, line: &str) -> Vec<Value> {
        let printed = self.spool(&format!("{line} --json")).ok();
        let documents = printed.stdout.lines();
        documents
            .map(|document| serde_json::from_str(document).unwrap())
            .collect()
    }

    /// Runs the real `jj`, and returns what it printed.
    pub(crate) fn jj(&self, arguments: &[&str]) -> String {
        self.program(&jj(), arguments)
    }

    /// Runs the real `git`, and returns what it printed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.program(Path::new("git"), arguments)
    }

    /// Runs the real `git` with something to read.
    pub(crate) fn git_reading(&self, arguments: &[&str], input: &str) -> String {
        let git = self.user.program("git", arguments).stdin(input);
        let output = git.current_dir(&self.folder).run();
        output.assert_success();
        output.stdout
    }

    fn program(&self, program: &Path, arguments: &[&str]) -> String {
        let output = self
            .user
            .program(program, arguments)
            .current_dir(&self.folder)
            .run();
        output.assert_success();
        output.stdout
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.join(path)).unwrap()
    }

    pub(crate) fn home(&self) -> &Path {
        self.user.home()
    }

    fn without_home(&self, text: &str) -> String {
        text.replace(&self.user.home().display().to_string(), "~")
    }
}

impl Printed {
    /// Returns it when the command did what it was asked.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        if let Some(error) = &self.error {
            panic!("{error}\n{:?}\n{}", error.hint(), self.stderr);
        }
        self
    }

    /// Returns the error that is expected.
    #[track_caller]
    pub(crate) fn refused(self) -> SpoolCommandError {
        match self.error {
            Some(error) => error,
            None => panic!("it went well:\n{}{}", self.stdout, self.stderr),
        }
    }
}

/// The `jj` that `cargo xtask test` has built.
pub(crate) fn jj() -> PathBuf {
    let named = std::env::vars_os().find(|(name, _)| name == "LOOM_TEST_JJ");
    let usual = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools/jj/bin/jj");
    let path = PathBuf::from(named.map_or_else(|| OsString::from(usual), |(_, path)| path));
    assert!(
        path.is_file(),
        "{} is not there; `cargo xtask test` builds it",
        path.display()
    );
    path
}
