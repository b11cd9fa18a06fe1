//! The part of the launcher that stays outside of the namespaces and waits.
//!
//! The first process of a namespace of processes cannot be the one that makes it. So the launcher
//! starts `init` inside, directly or through `bwrap`, and stands in for the command: it passes
//! signals on, and ends as the command has ended as soon as `init` says so through a pipe. What the
//! command has left in the background goes on without it, below `init`.
//!
//! `bwrap` stays as well for as long as anything runs inside, and would hold the streams of the
//! command open. So it gets none, and the command's come to `init` under other numbers.
//!
//! There are two pipes. Through one `init` tells the ending; when it ends without a word, that end is
//! closed. Through the other it is told of signals; when this process is killed, that end is closed,
//! and `init` takes everything inside with it.

use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitCode, ExitStatus, Stdio};

use nix::sys::signal::{SigSet, Signal as NixSignal, raise};
use nix::sys::signalfd::SignalFd;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, FdFlags, fcntl_setfd};

use super::mounts::View;
use super::{ARGUMENT, FAILED, Task, bubblewrap, namespaces};
use crate::error::LaunchError;
use crate::policy::{Policy, VARIABLE};
use crate::protected;
use crate::rung::Rung;

/// Signals that are passed on to the command, other than those that a terminal sends to all of its
/// programs at once.
const PASSED_ON: [NixSignal; 8] = [
    NixSignal::SIGHUP,
    NixSignal::SIGINT,
    NixSignal::SIGQUIT,
    NixSignal::SIGTERM,
    NixSignal::SIGUSR1,
    NixSignal::SIGUSR2,
    NixSignal::SIGALRM,
    NixSignal::SIGWINCH,
];

/// How often `bwrap` is started.
const MAX_ATTEMPTS: u32 = 10;

/// How much of what `bwrap` says is passed on, in bytes.
const MAX_COMPLAINT: u64 = 4096;

/// `si_code` of a signal that a process has sent, and not the kernel.
const SENT_BY_A_PROCESS: i32 = 0;

/// How the command has ended, in the two bytes that `init` writes into the pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With this exit code.
    Code(u8),
    /// By this signal.
    Signal(u8),
}

impl Ending {
    pub(super) fn to_bytes(self) -> [u8; 2] {
        match self {
            Self::Code(code) => [0, code],
            Self::Signal(number) => [1, number],
        }
    }

    fn from_bytes(bytes: [u8; 2]) -> Self {
        match bytes {
            [0, code] => Self::Code(code),
            [_, number] => Self::Signal(number),
        }
    }
}

/// Starts `init` in namespaces, and waits for the command.
///
/// `bwrap` fails when a place that it is to cover has gone meanwhile, as sockets do. Then it is
/// started anew, with a new look at the disk.
pub(super) fn run(policy: &Policy, task: &Task) -> Result<ExitCode, LaunchError> {
    protected::make_missing_hooks(&policy.writable);
    let mut attempts = 1;
    loop {
        let view = View::find(policy);
        match attempt(policy, &view, task)? {
            Outcome::Ended(Ending::Code(code)) => return Ok(ExitCode::from(code)),
            Outcome::Ended(Ending::Signal(number)) => return Ok(die_of(number)),
            // Only what `bwrap` says itself proves that the command has not run.
            Outcome::NotStarted(complaint)
                if attempts < MAX_ATTEMPTS
                    && complaint.starts_with("bwrap: ")
                    && view.is_outdated(&complaint) =>
            {
                attempts += 1;
            }
            Outcome::NotStarted(complaint) => return Err(LaunchError::Call(complaint)),
            Outcome::Complained => return Ok(ExitCode::from(FAILED)),
        }
    }
}

/// What has come of starting `init`.
enum Outcome {
    /// The command has ended.
    Ended(Ending),
    /// `init` has given up, and said why.
    Complained,
    /// What was to make the namespaces has given up, and says why.
    NotStarted(String),
}

fn attempt(policy: &Policy, view: &View, task: &Task) -> Result<Outcome, LaunchError> {
    let pipe = || std::io::pipe().map_err(LaunchError::step("make a pipe"));
    let (endings, telling) = pipe()?;
    let (heeding, signals) = pipe()?;
    let mut child = start(policy, view, task, (&heeding, &telling))?;
    drop((heeding, telling));
    let complaints = child.stderr.take();
    if let Some(ending) = wait(endings, signals)? {
        return Ok(Outcome::Ended(ending));
    }
    let status = child
        .wait()
        .map_err(LaunchError::step("wait for the command"))?;
    Ok(match status.code() {
        Some(code) if code == i32::from(FAILED) => Outcome::Complained,
        Some(_) => Outcome::NotStarted(complaint(complaints, status)),
        None => Outcome::Ended(Ending::Signal(9)),
    })
}

/// Returns what `bwrap` has said.
fn complaint(complaints: Option<ChildStderr>, status: ExitStatus) -> String {
    let mut text = Vec::new();
    if let Some(complaints) = complaints {
        let _ = complaints.take(MAX_COMPLAINT).read_to_end(&mut text);
    }
    match String::from_utf8_lossy(&text).trim() {
        "" => format!("the sandbox ended with {status}"),
        text => text.to_owned(),
    }
}

/// Starts `init`. It inherits its ends of the pipes under their numbers.
fn start(
    policy: &Policy,
    view: &View,
    task: &Task,
    (heeding, telling): (&PipeReader, &PipeWriter),
) -> Result<Child, LaunchError> {
    fcntl_setfd(heeding, FdFlags::empty())
        .and_then(|()| fcntl_setfd(telling, FdFlags::empty()))
        .map_err(LaunchError::step("pass the pipes on"))?;
    let mut files = vec![heeding.as_raw_fd(), telling.as_raw_fd()];
    // Held until the child has them.
    let mut streams = Vec::new();
    let mut command = match (policy.rung, &policy.bubblewrap) {
        (Rung::Bubblewrap, Some(programs)) => {
            streams = own_streams().map_err(LaunchError::step("pass the streams on"))?;
            files.extend(streams.iter().map(AsRawFd::as_raw_fd));
            let here = rustix::process::getcwd(Vec::new())
                .map_err(LaunchError::step("find the current folder"))?;
            let here = PathBuf::from(std::ffi::OsString::from_vec(here.into_bytes()));
            let mut command = Command::new(&programs.program);
            command
                .args(bubblewrap::arguments(policy, view, &here))
                .arg(&programs.launcher)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped());
            command
        }
        _ => {
            namespaces::enter()?;
            let mut command = Command::new("/proc/self/exe");
            command.arg0("loom");
            command
        }
    };
    let policy = Policy {
        view: Some(view.clone()),
        ..policy.clone()
    };
    let policy =
        serde_json::to_string(&policy).map_err(|error| LaunchError::Call(error.to_string()))?;
    command
        .args([ARGUMENT, "init"])
        .arg(numbers(&files))
        .arg(&task.program)
        .args(&task.arguments)
        .env(VARIABLE, policy);
    let child = command
        .spawn()
        .map_err(namespaces::refused("start a process in the namespaces"));
    drop(streams);
    child
}

/// Returns copies of the standard streams, which a child inherits.
fn own_streams() -> Result<Vec<OwnedFd>, Errno> {
    use rustix::stdio::{stderr, stdin, stdout};
    [stdin(), stdout(), stderr()]
        .map(rustix::io::dup)
        .into_iter()
        .collect()
}

/// Writes the numbers of file descriptors for `init`.
fn numbers(files: &[RawFd]) -> String {
    let numbers: Vec<String> = files.iter().map(ToString::to_string).collect();
    numbers.join(",")
}

/// Passes signals on until `init` tells how the command has ended. Returns `None` when it has ended
/// without telling.
fn wait(mut endings: PipeReader, mut to_init: PipeWriter) -> Result<Option<Ending>, LaunchError> {
    let step = "wait for the command";
    let passed_on: SigSet = PASSED_ON.into_iter().collect();
    let signals = passed_on
        .thread_block()
        .and_then(|()| SignalFd::new(&passed_on))
        .map_err(LaunchError::step(step))?;
    loop {
        let mut sources = [
            PollFd::new(&endings, PollFlags::IN),
            PollFd::new(&signals, PollFlags::IN),
        ];
        match poll(&mut sources, None) {
            Err(Errno::INTR) => continue,
            outcome => outcome.map_err(LaunchError::step(step))?,
        };
        let [told, signalled] = sources.map(|source| !source.revents().is_empty());
        if signalled {
            pass_on(&signals, &mut to_init);
        }
        if told {
            let mut bytes = [0; 2];
            if endings.read_exact(&mut bytes).is_ok() {
                return Ok(Some(Ending::from_bytes(bytes)));
            }
            // Another child must not inherit that they are blocked.
            let _ = passed_on.thread_unblock();
            return Ok(None);
        }
    }
}

/// Passes the next signal on. What the kernel sends comes from the terminal, and the command has
/// got it as well.
fn pass_on(signals: &SignalFd, to_init: &mut PipeWriter) {
    let Ok(Some(received)) = signals.read_signal() else {
        return;
    };
    if let (SENT_BY_A_PROCESS, Ok(number)) = (received.ssi_code, u8::try_from(received.ssi_signo)) {
        // It may have ended meanwhile.
        let _ = to_init.write_all(&[number]);
    }
}

/// Ends this process by the signal that has ended the command. Returns what shells say instead for
/// a signal that does not end it.
fn die_of(number: u8) -> ExitCode {
    if let Ok(signal) = NixSignal::try_from(i32::from(number)) {
        let signals: SigSet = [signal].into_iter().collect();
        let _ = signals.thread_unblock().and_then(|()| raise(signal));
    }
    ExitCode::from(number.saturating_add(128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_survive_the_pipe() {
        for ending in [Ending::Code(0), Ending::Code(255), Ending::Signal(9)] {
            assert_eq!(Ending::from_bytes(ending.to_bytes()), ending);
        }
    }
}
