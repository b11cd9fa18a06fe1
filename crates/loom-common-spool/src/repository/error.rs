//! What can go wrong with a repository.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jj_lib::backend::BackendError;
use jj_lib::signing::SignError;

use super::id::{KnotId, OperationId};

/// Why a repository could not be opened, read or changed.
///
/// Nothing is lost whichever it is: what is written becomes visible in one last step, and what was
/// visible before stays in the tension log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// There is no repository here or above. Trying again helps once one was wound.
    #[error("there is no spool in {} or above", folder.display())]
    NotFound {
        /// Where it was looked for.
        folder: PathBuf,
        /// Whether git has a repository here, on top of which a spool can be wound.
        git: bool,
    },
    /// A repository is to be made where one is. Trying again does not help.
    #[error("there is a spool in {} already", folder.display())]
    Exists {
        /// The folder of the shuttle.
        folder: PathBuf,
    },
    /// A spool cannot be wound here as asked. Trying again helps after what `hint` says.
    #[error("a spool cannot be wound in {}: {reason}", folder.display())]
    CannotWind {
        /// The folder of the shuttle.
        folder: PathBuf,
        /// Why.
        reason: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// A program that knows more than this one has written the repository. Trying again helps with
    /// a newer Loom.
    #[error("the repository has parts that this version of Loom does not know: {what}")]
    Newer {
        /// What is not known.
        what: String,
    },
    /// What is stored cannot be read: a disk error, a crash of the machine, or somebody else wrote
    /// there. Trying again does not help.
    #[error("the repository cannot be read: {reason}")]
    Damaged {
        /// What cannot be read, and why.
        reason: String,
    },
    /// A file or folder could not be used. Trying again helps once the cause is gone.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was to be done, as in `cannot read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk is full, or the user's part of it. Trying again helps once there is room.
    #[error("the disk is full: {reason}")]
    DiskFull {
        /// What could not be written.
        reason: String,
    },
    /// Another process has been at work in the repository for too long. Trying again helps later.
    #[error("another process is at work in this repository, for more than {} s", waited.as_secs())]
    Busy {
        /// The file that is locked.
        lock: PathBuf,
        /// How long this process has waited.
        waited: Duration,
    },
    /// A git holds a lock of the git repository, or left it behind. Trying again helps when it is
    /// done.
    #[error("git is at work in this repository, or left its lock behind: {}", lock.display())]
    GitLocked {
        /// The file that is the lock.
        lock: PathBuf,
    },
    /// A setting has a value that cannot be used. Trying again helps once it is mended.
    #[error("{message}")]
    Setting {
        /// Which setting, where it stands, and what is wrong with it.
        message: String,
    },
    /// Another workspace changed what lies in this shuttle, and its files were not brought up to
    /// date. Trying again helps after [`update_stale`](super::Repository::update_stale).
    #[error("the shuttle is stale: it was not brought up to date since operation {operation:.12}")]
    Stale {
        /// The operation that the files belong to.
        operation: OperationId,
    },
    /// The operation that the shuttle's files belong to is not in the tension log any more. Trying
    /// again helps after [`update_stale`](super::Repository::update_stale).
    #[error("the operation that the shuttle belongs to cannot be read")]
    ShuttleLost,
    /// The operation that the shuttle's files belong to stands beside the one that was loaded.
    /// Trying again does not help.
    #[error(
        "the shuttle belongs to operation {shuttle:.12}, which stands beside operation {loaded:.12}"
    )]
    ShuttleBeside {
        /// The operation that the files belong to.
        shuttle: OperationId,
        /// The operation that was loaded.
        loaded: OperationId,
    },
    /// Another process changed the shuttle meanwhile. Trying again helps.
    #[error("another process changed the shuttle meanwhile")]
    ShuttleMoved,
    /// The workspace has no shuttle in this view: it was forgotten. Trying again does not help.
    #[error("nothing lies in the shuttle of workspace `{workspace}`")]
    NoShuttle {
        /// The workspace.
        workspace: String,
    },
    /// A change was asked of a view of the past. Trying again does not help.
    #[error("this is a view of operation {operation:.12}, which cannot be changed")]
    ReadOnly {
        /// The operation that is looked at.
        operation: OperationId,
    },
    /// An expression for stitches, paths or operations was not understood, or names what is not
    /// there. Trying again does not help.
    #[error("{message}")]
    Expression {
        /// The expression.
        expression: String,
        /// What is wrong with it, with the place.
        message: String,
        /// What may have been meant.
        hint: Option<String>,
    },
    /// An expression for one stitch names none. Trying again does not help.
    #[error("`{expression}` names no stitch")]
    NoStitch {
        /// The expression.
        expression: String,
    },
    /// An expression for one stitch names several. Trying again does not help.
    #[error("`{expression}` names more than one stitch")]
    ManyStitches {
        /// The expression.
        expression: String,
        /// The first few of them.
        knots: Vec<KnotId>,
    },
    /// A stitch may not be changed: it is the root, or shared with others. Trying again does not
    /// help.
    #[error("knot {knot:.12} is immutable")]
    Immutable {
        /// The stitch.
        knot: KnotId,
        /// Whether it is the root of all stitches.
        root: bool,
    },
    /// A stitch would become its own ancestor. Trying again does not help.
    #[error("knot {knot:.12} would be both an ancestor and a descendant")]
    Loop {
        /// The stitch.
        knot: KnotId,
    },
    /// What was asked makes no sense for these stitches, pins or paths. Trying again does not help.
    #[error("{message}")]
    Refused {
        /// Why.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// Git could not be run, or did not do what it was asked. Whether trying again helps depends on
    /// what it says.
    #[error("{message}")]
    Git {
        /// What git said.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A stitch could not be signed. Nothing was written. Trying again helps once the program that
    /// signs works, or its key is unlocked.
    #[error("{message}")]
    Signing {
        /// What was done, and why it could not be signed.
        message: String,
    },
    /// Something else went wrong below. Whether trying again helps depends on the message.
    #[error("{message}")]
    Other {
        /// What was done, and each cause below it.
        message: String,
    },
}

impl RepositoryError {
    /// Returns what the person can do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NotFound { git: true, .. } => {
                "git has a repository here; `loom spool wind` puts a spool on top of it"
            }
            Self::NotFound { git: false, .. } => "`loom spool wind` makes one",
            Self::CannotWind { hint, .. } => hint,
            Self::Newer { .. } => "use a newer version of Loom, or `jj`",
            Self::Damaged { .. } => {
                "the git repository below may still be whole: look at it with `git log --all`, \
                 move `.jj` aside, and wind a new spool on top"
            }
            Self::DiskFull { .. } => "make room and try again; nothing was lost",
            Self::Busy { lock, .. } => {
                return Some(format!(
                    "wait for the other program, or see which one holds {}",
                    lock.display()
                ));
            }
            Self::GitLocked { .. } => {
                "wait for git; when no git is running, delete the file and try again"
            }
            Self::Stale { .. } | Self::ShuttleLost => {
                "`loom spool workspace update-stale` brings it up to date and keeps your edits"
            }
            Self::ShuttleBeside { .. } => {
                "`jj op integrate` takes the shuttle's operation into the tension log"
            }
            Self::ShuttleMoved => "try again",
            Self::ReadOnly { .. } => "leave the operation out",
            Self::NoStitch { .. } => "`loom spool trace -r 'all()'` shows all stitches",
            Self::ManyStitches { knots, .. } => {
                let knots: Vec<_> = knots.iter().map(|knot| format!("{knot:.12}")).collect();
                return Some(format!(
                    "it names {}; name one of them, or use `latest(…)`",
                    knots.join(", ")
                ));
            }
            Self::Immutable { root: true, .. } => "make a stitch on top of it instead",
            Self::Immutable { root: false, .. } => {
                "immutable stitches are shared with others; make a stitch on top of it, or see the \
                 setting `revset-aliases.\"immutable_heads()\"`"
            }
            Self::Expression { hint, .. } | Self::Refused { hint, .. } | Self::Git { hint, .. } => {
                return hint.clone();
            }
            Self::Signing { .. } => {
                "unlock the key and try again, or see the settings `signing.backend` and \
                 `signing.behavior`"
            }
            Self::NoShuttle { .. } => "`unpick` what forgot the workspace",
            Self::Exists { .. }
            | Self::Io { .. }
            | Self::Setting { .. }
            | Self::Loop { .. }
            | Self::Other { .. } => return None,
        };
        Some(text.to_owned())
    }

    /// Wraps what the system said about a file.
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        if is_full(&source) {
            return Self::DiskFull {
                reason: format!("cannot {action} {}", path.display()),
            };
        }
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// Refuses what makes no sense, with nothing to hint at.
    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::Refused {
            message: message.into(),
            hint: None,
        }
    }

    /// Makes the error for whatever went wrong while something was done: `action`, as in `write
    /// the stitch`.
    ///
    /// Only the chain of causes is common to the errors below, so that is what is looked through
    /// for what has a variant of its own.
    pub(super) fn from_cause(action: &str, error: &(dyn Error + 'static)) -> Self {
        let message = format!("cannot {action}: {}", chain(error));
        let mut damaged = false;
        for cause in causes(error) {
            if let Some(io) = cause.downcast_ref::<io::Error>() {
                if is_full(io) {
                    return Self::DiskFull { reason: message };
                }
            } else if cause.is::<SignError>() {
                return Self::Signing { message };
            } else if let Some(
                BackendError::ObjectNotFound { .. } | BackendError::ReadObject { .. },
            ) = cause.downcast_ref::<BackendError>()
            {
                damaged = true;
            }
        }
        // Git's own locks are told by the text alone.
        if let Some(lock) = git_lock(&message) {
            return Self::GitLocked { lock };
        }
        if damaged {
            return Self::Damaged { reason: message };
        }
        Self::Other { message }
    }
}

/// Reads an error and its causes, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Writes an error with its causes, leaving out what repeats.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// Finds the lock file of git that a message is about.
fn git_lock(message: &str) -> Option<PathBuf> {
    if !message.contains("lock") {
        return None;
    }
    message
        .split(|letter: char| letter.is_whitespace() || "'\"`,;()".contains(letter))
        .map(|word| word.trim_end_matches([':', '.']))
        .find(|word| word.ends_with(".lock") && word.contains(".git"))
        .map(PathBuf::from)
}
