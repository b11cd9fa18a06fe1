//! What can go wrong with git.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::repository::Operation;

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
    /// There is no working tree: the repository is bare. Trying again does not help.
    #[error("this repository has no working tree")]
    NoWorkTree,
    /// Somebody is in the middle of something that a commit would get into. Trying again helps when that is
    /// done.
    #[error("a {operation} is under way in this repository")]
    InTheMiddle {
        /// What it is.
        operation: Operation,
    },
    /// A file has conflicts that nobody has resolved. Trying again helps when somebody has.
    #[error("{} has conflicts that are not resolved", path.display())]
    Unmerged {
        /// The file, from the top of the working tree.
        path: PathBuf,
    },
    /// A hook refuses the commit, fails or hangs. Whether trying again helps depends on the hook.
    #[error("the hook {hook} refuses the commit: {message}")]
    Hook {
        /// The hook's name.
        hook: &'static str,
        /// The end of what it printed, or what is known instead.
        message: String,
    },
    /// The commit could not be signed: there is no key, or it asks for a passphrase. Trying again helps when the
    /// agent of the keys has the passphrase.
    #[error(
        "the commit could not be signed: {message}\n  hint: unlock the key, with `git commit` of your own \
         or its agent; nobody can be asked for a passphrase here"
    )]
    NotSigned {
        /// What the program that signs says.
        message: String,
    },
    /// The commit would hold more than what it is made for. Trying again does not help.
    #[error("a commit of this would change {} as well", path.display())]
    MoreThanAsked {
        /// The file, from the top of the working tree.
        path: PathBuf,
    },
    /// Git does not know whose commit it is. Trying again helps once it does.
    #[error(
        "git does not know who you are\n  hint: `git config --global user.name NAME` and `git config --global \
         user.email ADDRESS`"
    )]
    NoIdentity,
    /// The branch, or what is staged, was changed by somebody else each time. Trying again helps.
    #[error("somebody else is committing to this repository")]
    Moved,
    /// There can be no branch of this name. Trying again does not help.
    #[error("`{name}` is not the name of a branch")]
    NoBranchName {
        /// The name.
        name: String,
    },
    /// The branch is checked out in another working tree, which would not fit to it any more. Trying again
    /// helps when it is not.
    #[error("the branch {branch} is checked out in {}", folder.display())]
    CheckedOutElsewhere {
        /// The branch.
        branch: String,
        /// The other working tree.
        folder: PathBuf,
    },
    /// A file of the repository could not be written or read: the disk is full, or somebody may not. Nothing was
    /// committed. Trying again helps once the cause is gone.
    #[error("cannot {action}: {source}")]
    Files {
        /// What was to be done.
        action: &'static str,
        /// What the system said.
        source: io::Error,
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
    pub(crate) fn files(action: &'static str, source: io::Error) -> Self {
        Self::Files { action, source }
    }

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
