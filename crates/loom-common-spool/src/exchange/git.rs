//! The runs of git that reach a remote.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use gix::ObjectId;

use super::ExchangeError;

/// The reference of a remote that names its ledger.
pub(super) const REFERENCE: &str = "refs/loom/ledger";

/// The most that is kept of what git prints, in bytes.
const MAX_OUTPUT: u64 = 64 * 1024;

/// What keeps git from asking, and its messages in English.
const VARIABLES: &[(&str, &str)] = &[
    ("GIT_ASKPASS", "false"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LANGUAGE", ""),
    ("LC_ALL", "C.UTF-8"),
    ("SSH_ASKPASS", "false"),
    ("SSH_ASKPASS_REQUIRE", "force"),
];

/// What a remote says when somebody else has changed the reference meanwhile.
const OVERTAKEN: &[&str] = &[
    "stale info",
    "fetch first",
    "cannot lock ref",
    "failed to update ref",
    "incorrect old value",
    "reference already exists",
];

/// A remote of git that may have a ledger.
#[derive(Clone, Debug)]
pub struct LedgerRemote {
    /// The git program, as `git`.
    pub program: PathBuf,
    /// The folder of the clone's git repository.
    pub git_dir: PathBuf,
    /// The remote's name or address.
    pub remote: String,
    /// How long each run of git may take.
    pub limit: Duration,
}

/// What came of a push.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    Done,
    /// The reference is not what it was any more.
    Overtaken,
    /// The remote does not take it, and why.
    Refused(String),
}

struct Output {
    succeeded: bool,
    stdout: String,
    stderr: String,
}

impl LedgerRemote {
    pub(super) fn name(&self) -> &str {
        &self.remote
    }

    /// Finds the commit of the remote's ledger.
    pub(super) fn find(&self) -> Result<Option<ObjectId>, ExchangeError> {
        let output = self.run("ls-remote", &["--", &self.remote, REFERENCE])?;
        output.check("ls-remote")?;
        Ok(output.stdout.lines().find_map(|line| {
            let (id, name) = line.split_once('\t')?;
            (name == REFERENCE).then(|| ObjectId::from_hex(id.as_bytes()).ok())?
        }))
    }

    /// Gets the remote's ledger. No reference is made for it.
    pub(super) fn fetch(&self) -> Result<(), ExchangeError> {
        let arguments = [
            "--quiet",
            "--no-tags",
            "--no-prune",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--no-recurse-submodules",
            "--",
            &self.remote,
            REFERENCE,
        ];
        self.run("fetch", &arguments)?.check("fetch")
    }

    /// Puts a commit in the place of the one that was found.
    pub(super) fn push(
        &self,
        new: ObjectId,
        found: Option<ObjectId>,
    ) -> Result<Pushed, ExchangeError> {
        let found = found.map(|id| id.to_string()).unwrap_or_default();
        let arguments = [
            "--porcelain",
            "--no-verify",
            "--no-recurse-submodules",
            "--no-signed",
            "--no-follow-tags",
            &format!("--force-with-lease={REFERENCE}:{found}"),
            "--",
            &self.remote,
            &format!("{new}:{REFERENCE}"),
        ];
        let output = self.run("push", &arguments)?;
        if output.succeeded {
            return Ok(Pushed::Done);
        }
        let Some(line) = output.stdout.lines().find(|line| line.starts_with('!')) else {
            output.check("push")?;
            return Ok(Pushed::Done);
        };
        // `!`, what was to be pushed where, and why it was not.
        let summary = line.rsplit('\t').next().unwrap_or_default();
        if OVERTAKEN.iter().any(|reason| summary.contains(reason)) {
            return Ok(Pushed::Overtaken);
        }
        Ok(Pushed::Refused(summary.to_owned()))
    }

    fn run(&self, command: &'static str, arguments: &[&str]) -> Result<Output, ExchangeError> {
        let mut child = Command::new(&self.program)
            .args(["-c", "core.fsmonitor=false", "--git-dir"])
            .arg(&self.git_dir)
            .arg(command)
            .args(arguments)
            .current_dir(existing(&self.git_dir))
            .envs(VARIABLES.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(ExchangeError::Run)?;
        let ended = self.wait(&mut child);
        if ended.is_none() {
            // It may be over by now.
            let _ = child.kill();
        }
        let status = child.wait().map_err(ExchangeError::Run)?;
        let [stdout, stderr] = ended.ok_or(ExchangeError::TimedOut {
            command,
            limit: self.limit,
        })?;
        Ok(Output {
            succeeded: status.success(),
            stdout,
            stderr,
        })
    }

    /// Reads what git prints until it ends; `None` when that takes too long.
    fn wait(&self, child: &mut Child) -> Option<[String; 2]> {
        let (sender, receiver) = mpsc::channel();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as _),
            child.stderr.take().map(|stream| Box::new(stream) as _),
        ];
        for (index, stream) in streams.into_iter().enumerate() {
            let sender = sender.clone();
            thread::spawn(move || {
                // Nobody listens any more once the time is over.
                let _ = sender.send((index, stream.map(beginning).unwrap_or_default()));
            });
        }
        let start = Instant::now();
        let mut texts = [String::new(), String::new()];
        for _ in 0..2 {
            let left = self.limit.checked_sub(start.elapsed())?;
            let (index, text) = receiver.recv_timeout(left).ok()?;
            if let Some(slot) = texts.get_mut(index) {
                *slot = text;
            }
        }
        Some(texts)
    }
}

/// Reads all, and keeps the beginning.
fn beginning(mut stream: impl Read) -> String {
    let mut kept = Vec::new();
    // What cannot be read is not there.
    let _ = stream.by_ref().take(MAX_OUTPUT).read_to_end(&mut kept);
    let _ = io::copy(&mut stream, &mut io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}

/// A folder to run in: not one that may be gone.
fn existing(git_dir: &Path) -> &Path {
    git_dir
        .parent()
        .filter(|path| path.is_dir())
        .unwrap_or(git_dir)
}

impl Output {
    fn check(&self, command: &'static str) -> Result<(), ExchangeError> {
        if self.succeeded {
            return Ok(());
        }
        let lines: Vec<_> = self.stderr.lines().map(str::trim).collect();
        let told = lines.iter().find_map(|line| {
            ["fatal: ", "error: "]
                .iter()
                .find_map(|start| line.strip_prefix(start))
        });
        let message = told.or(lines.last().copied()).unwrap_or("it says nothing");
        Err(ExchangeError::Git {
            command,
            message: message.to_owned(),
        })
    }
}
