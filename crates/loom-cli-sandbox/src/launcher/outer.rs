//! The part of the launcher that stays outside of the namespaces and waits.
//!
//! The first process of a namespace of processes cannot be the one that makes it. So the launcher
//! starts `init` inside, directly or through `bwrap`, and stands in for the command: it passes
//! signals on, and ends as the command has ended as soon as `init` says so through a pipe. What the
//! command has left in the background goes on without it, below `init`.
//!
//! The pipe tells both ways: when `init` ends without a word, its end is closed, and when this
//! process is killed, `init` sees that and takes everything inside with it.

use std::io::{PipeReader, PipeWriter, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode};

use nix::sys::signal::{SigSet, Signal as NixSignal, raise};
use nix::sys::signalfd::SignalFd;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};

use super::mounts::View;
use super::{ARGUMENT, FAILED, Task, bubblewrap, namespaces};
use crate::error::LaunchError;
use crate::policy::{Policy, VARIABLE};
use crate::protected;
use crate::rung::Rung;

/// Signals that are passed on to the command, other than those that a terminal sends to all of its
/// programs at once.
pub(super) const PASSED_ON: [NixSignal; 8] = [
    NixSignal::SIGHUP,
    NixSignal::SIGINT,
    NixSignal::SIGQUIT,
    NixSignal::SIGTERM,
    NixSignal::SIGUSR1,
    NixSignal::SIGUSR2,
    NixSignal::SIGALRM,
    NixSignal::SIGWINCH,
];

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
pub(super) fn run(policy: &Policy, task: &Task) -> Result<ExitCode, LaunchError> {
    protected::make_missing_hooks(&policy.writable);
    let view = View::find(policy);
    let (reader, writer) = std::io::pipe().map_err(LaunchError::step("make a pipe"))?;
    let mut child = start(policy, view, task, &writer)?;
    drop(writer);
    match wait(&child, reader)? {
        Some(Ending::Code(code)) => Ok(ExitCode::from(code)),
        Some(Ending::Signal(number)) => Ok(die_of(number)),
        None => {
            let status = child
                .wait()
                .map_err(LaunchError::step("wait for the command"))?;
            // It has said why.
            match status.code() {
                Some(code) if code == i32::from(FAILED) => Ok(ExitCode::from(FAILED)),
                _ if status.signal().is_some() => Ok(die_of(9)),
                _ => Err(LaunchError::Call(format!(
                    "the sandbox ended with {status}"
                ))),
            }
        }
    }
}

/// Starts `init`. It inherits the writing end of the pipe under its number.
fn start(
    policy: &Policy,
    view: View,
    task: &Task,
    writer: &PipeWriter,
) -> Result<Child, LaunchError> {
    fcntl_setfd(writer, FdFlags::empty()).map_err(LaunchError::step("pass the pipe on"))?;
    let mut command = match (policy.rung, &policy.bubblewrap) {
        (Rung::Bubblewrap, Some(programs)) => {
            let here = rustix::process::getcwd(Vec::new())
                .map_err(LaunchError::step("find the current folder"))?;
            let here = PathBuf::from(std::ffi::OsString::from_vec(here.into_bytes()));
            let mut command = Command::new(&programs.program);
            command
                .args(bubblewrap::arguments(policy, &view, &here))
                .arg(&programs.launcher);
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
        view: Some(view),
        ..policy.clone()
    };
    let policy =
        serde_json::to_string(&policy).map_err(|error| LaunchError::Call(error.to_string()))?;
    command
        .args([ARGUMENT, "init"])
        .arg(writer.as_raw_fd().to_string())
        .arg(&task.program)
        .args(&task.arguments)
        .env(VARIABLE, policy);
    command
        .spawn()
        .map_err(namespaces::refused("start a process in the namespaces"))
}

/// Passes signals on until `init` tells how the command has ended. Returns `None` when it has ended
/// without telling.
fn wait(init: &Child, mut reader: PipeReader) -> Result<Option<Ending>, LaunchError> {
    let step = "wait for the command";
    let signals: SigSet = PASSED_ON.into_iter().collect();
    signals
        .thread_block()
        .and_then(|()| SignalFd::new(&signals))
        .map_err(LaunchError::step(step))
        .and_then(|signals| {
            let mut bytes = [0; 2];
            loop {
                let mut sources = [
                    PollFd::new(&reader, PollFlags::IN),
                    PollFd::new(&signals, PollFlags::IN),
                ];
                match poll(&mut sources, None) {
                    Err(Errno::INTR) => continue,
                    outcome => outcome.map_err(LaunchError::step(step))?,
                };
                let [told, signalled] = sources.map(|source| !source.revents().is_empty());
                if signalled {
                    pass_on(&signals, init);
                }
                if told {
                    return Ok(reader
                        .read_exact(&mut bytes)
                        .is_ok()
                        .then(|| Ending::from_bytes(bytes)));
                }
            }
        })
}

/// Passes the next signal on. What the kernel sends comes from the terminal, and the command has
/// got it as well.
fn pass_on(signals: &SignalFd, init: &Child) {
    let Ok(Some(received)) = signals.read_signal() else {
        return;
    };
    let signal = i32::try_from(received.ssi_signo)
        .ok()
        .and_then(Signal::from_named_raw);
    let init = i32::try_from(init.id()).ok().and_then(Pid::from_raw);
    if let (SENT_BY_A_PROCESS, Some(signal), Some(init)) = (received.ssi_code, signal, init) {
        // It may have ended meanwhile.
        let _ = kill_process(init, signal);
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
