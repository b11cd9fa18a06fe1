//! What can go wrong with the sandbox.

use std::io;
use std::path::PathBuf;

/// Why there is no sandbox, or why a command cannot run in it.
///
/// That the kernel refuses a rung is no error: see [`Status`](crate::Status).
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// No rung works on this machine, and a command was to be confined. Trying again does not help;
    /// running it outside, with the person's consent, does.
    #[error("no sandbox works on this machine: {reasons}")]
    NoRung {
        /// Why each rung does not work.
        reasons: String,
    },
    /// A folder that commands are to work in is not there or cannot be read. Trying again helps
    /// once it is.
    #[error("the sandbox cannot use {path}: {source}", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A path that the sandbox has to know is not valid UTF-8. Trying again does not help.
    #[error("the sandbox cannot use {path}: its name is not valid UTF-8", path = path.display())]
    NotUnicode {
        /// The path.
        path: PathBuf,
    },
    /// The private folder for temporary files cannot be made. Trying again helps once there is
    /// room.
    #[error("cannot make a folder for temporary files: {0}")]
    Temporary(#[source] io::Error),
    /// The proxy for allowed hosts cannot listen. Trying again may help.
    #[error("cannot start the sandbox's proxy: {0}")]
    Proxy(#[source] io::Error),
    /// A pattern for hosts makes no sense. Trying again does not help.
    #[error("`{pattern}` is no host: {reason}")]
    HostPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// Why the launcher gives up before the command runs; it fails closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LaunchError {
    /// Loom was called in a way that only the launcher's other half does.
    #[error("{0}")]
    Call(String),
    /// The kernel or the machine's settings refuse a step.
    #[error("cannot {step}: {source}")]
    Step {
        /// What was to be done.
        step: String,
        /// What the system says.
        source: io::Error,
    },
    /// Landlock is needed, but not there.
    #[error("{0}")]
    Landlock(String),
}

impl LaunchError {
    /// Returns a function that says which step an error of the system stopped.
    pub(crate) fn step<E: Into<io::Error>>(step: impl Into<String>) -> impl FnOnce(E) -> Self {
        let step = step.into();
        move |source| Self::Step {
            step,
            source: source.into(),
        }
    }
}
