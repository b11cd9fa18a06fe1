//! What can go wrong with git.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why git did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no `git` on the search path. Trying again helps once it is installed.
    #[error("git is not installed, or not on the search path")]
    Missing,
    /// Git could not be started or listened to. Trying again may help.
    #[error("git cannot be run: {0}")]
    Run(#[source] io::Error),
    /// It took too long and was ended: something hangs, such as a hook or a network drive. Trying again
    /// may help.
    #[error("`git {command}` was not done after {} s, and was ended", limit.as_secs())]
    TimedOut {
        /// The name of git's command.
        command: String,
        /// How long it had.
        limit: Duration,
    },
    /// It printed more than is taken. Trying again does not help.
    #[error("`git {command}` printed more than {limit} bytes")]
    TooMuchOutput {
        /// The name of git's command.
        command: String,
        /// How much is taken.
        limit: usize,
    },
    /// Another git holds a lock, or left it behind. Trying again helps when the other is done.
    #[error("another git is at work in this repository, or left its lock behind: {}", lock.display())]
    Locked {
        /// The file that is the lock.
        lock: PathBuf,
    },
    /// The folder belongs to somebody else, and git does not trust it. Trying again does not help.
    #[error("git does not use this repository, as somebody else owns it: {message}")]
    NotTrusted {
        /// What git says, with how to trust it.
        message: String,
    },
    /// Git refused, for a reason that it gives. Whether trying again helps depends on that.
    #[error("`git {command}` failed: {message}")]
    Failed {
        /// The name of git's command.
        command: String,
        /// Its exit code; none when a signal ended it.
        code: Option<i32>,
        /// What it printed to standard error, or what is known instead.
        message: String,
    },
    /// Git printed what cannot be read. Trying again does not help.
    #[error("`git {command}` printed what Loom cannot read: {what}")]
    Unreadable {
        /// The name of git's command.
        command: String,
        /// What was not understood.
        what: String,
    },
}

impl GitError {
    /// Makes the error for a command that ended with a failure.
    pub(crate) fn failed(command: &str, code: Option<i32>, stderr: &str) -> Self {
        if let Some(lock) = lock(stderr) {
            return Self::Locked { lock };
        }
        let message = stderr.trim().trim_start_matches("fatal: ").to_owned();
        if message.contains("detected dubious ownership") {
            return Self::NotTrusted { message };
        }
        Self::Failed {
            command: command.to_owned(),
            code,
            message: match (message.is_empty(), code) {
                (false, _) => message,
                (true, Some(code)) => format!("exit code {code}"),
                (true, None) => "it was ended by a signal".to_owned(),
            },
        }
    }
}

/// Returns the lock that git could not take, from its message
/// `Unable to create '/path/index.lock': File exists.`
fn lock(stderr: &str) -> Option<PathBuf> {
    let (_, rest) = stderr.split_once("Unable to create '")?;
    let (path, reason) = rest.split_once("': ")?;
    (path.ends_with(".lock") && reason.starts_with("File exists")).then(|| path.into())
}
