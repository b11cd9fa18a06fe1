//! The first process inside of the namespaces.
//!
//! It sets up what needs rights, gives the rights up, confines itself, and starts the command, which
//! inherits all that. Then it is what the first process has to be: it waits for every process that
//! loses its parent, tells the one outside how the command has ended, and stays for what the command
//! has left in the background. When it ends, the kernel ends all the others.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitCode};

use nix::sys::signal::{SigSet, Signal as NixSignal};
use nix::sys::signalfd::SignalFd;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, PidfdGetfdFlags, Signal, WaitOptions, WaitStatus, getpid, kill_process,
    pidfd_getfd, pidfd_open,
};

use super::bridge::Bridge;
use super::filter::{self, Closed, Sockets};
use super::outer::Ending;
use super::rules::{self, Allowed, Mounts};
use super::{Task, loopback, namespaces, not_started, privileges};
use crate::error::LaunchError;
use crate::policy::{NetworkRoute, Policy};
use crate::rung::Rung;

/// What leads to the one outside.
struct Outside {
    /// Where the numbers of signals for the command come from.
    signals: File,
    /// Where the ending of the command is told, once.
    ending: Option<File>,
}

/// Confines this process, runs the command and waits for all. `files` are the numbers of the file
/// descriptors of the two pipes, and of the standard streams if they are not where they belong.
pub(super) fn run(policy: &Policy, files: &str, task: &Task) -> Result<ExitCode, LaunchError> {
    let wrong = || LaunchError::Call("a file for init is missing".to_owned());
    let mut files = files
        .split(',')
        .map(|number| take(number.parse().map_err(|_| wrong())?))
        .collect::<Result<Vec<OwnedFd>, _>>()?
        .into_iter();
    let (Some(signals), Some(ending)) = (files.next(), files.next()) else {
        return Err(wrong());
    };
    let mut outside = Outside {
        signals: File::from(signals),
        ending: Some(File::from(ending)),
    };
    if let (Some(input), Some(output), Some(error)) = (files.next(), files.next(), files.next()) {
        use_as_streams(&input, &output, &error).map_err(LaunchError::step("take the streams"))?;
    }
    let view = policy.view.as_ref();
    let view = view.ok_or_else(|| LaunchError::Call("the view is missing".to_owned()))?;
    if policy.rung == Rung::Namespaces {
        loopback::turn_on().map_err(namespaces::refused("turn the loopback interface on"))?;
        view.mount(policy, rules::is_available())?;
    }
    // Bound before the command starts, which may ask for it at once.
    let bridge = match &policy.network {
        NetworkRoute::Off => None,
        NetworkRoute::Proxy { socket, port } => {
            let bridge = Bridge::bind(*port, socket.clone());
            Some(bridge.map_err(LaunchError::step("listen for the proxy"))?)
        }
    };
    privileges::drop_capabilities()?;
    privileges::limit_resources(0)?;
    let landlock = rules::restrict(&Allowed {
        writable: &policy.writable,
        hidden: &view.hidden,
        mounts: Mounts::Own,
        port: None,
    })?;
    filter::install(Closed {
        sockets: Sockets::OwnNetwork,
        outside_is_reachable: false,
        truncating_is_free: false,
    })?;
    let child = match task.command(policy, landlock).spawn() {
        Ok(child) => child,
        Err(error) => {
            outside.tell(Ending::Code(not_started(&task.program, &error)));
            return Ok(ExitCode::SUCCESS);
        }
    };
    attend(&child, outside, bridge).map_err(LaunchError::step("wait for the command"))?;
    Ok(ExitCode::SUCCESS)
}

/// Takes a file that was inherited under its number in a way in which the command does not inherit
/// it: a copy through a handle of this process, which is what owns it from here on.
fn take(number: RawFd) -> Result<OwnedFd, LaunchError> {
    let step = "take an inherited file";
    let this = pidfd_open(getpid(), PidfdFlags::empty()).map_err(LaunchError::step(step))?;
    let file =
        pidfd_getfd(&this, number, PidfdGetfdFlags::empty()).map_err(LaunchError::step(step))?;
    nix::unistd::close(number).map_err(LaunchError::step(step))?;
    Ok(file)
}

/// Makes these files the standard streams.
fn use_as_streams(input: &OwnedFd, output: &OwnedFd, error: &OwnedFd) -> Result<(), Errno> {
    rustix::stdio::dup2_stdin(input)?;
    rustix::stdio::dup2_stdout(output)?;
    rustix::stdio::dup2_stderr(error)
}

impl Outside {
    /// Tells how the command has ended, the first time.
    fn tell(&mut self, ending: Ending) {
        if let Some(mut pipe) = self.ending.take() {
            // If the one outside is gone nobody wants to know.
            let _ = pipe.write_all(&ending.to_bytes());
        }
    }

    /// Tells whether the one outside still waits for the command.
    fn is_waiting(&self) -> bool {
        self.ending.is_some()
    }

    /// Takes the next signal for the command, or `None` when the one outside is gone.
    fn next_signal(&mut self) -> Option<Option<Signal>> {
        let mut number = [0];
        match self.signals.read(&mut number) {
            Ok(1) => Some(Signal::from_named_raw(number[0].into())),
            _ => None,
        }
    }
}

/// Waits until no process is left inside, or the one outside is gone before it was told.
fn attend(command: &Child, mut outside: Outside, bridge: Option<Bridge>) -> Result<(), Errno> {
    let command = i32::try_from(command.id()).ok().and_then(Pid::from_raw);
    // Blocked only now, as the command would have inherited it. Who has ended before is looked for
    // ahead of the first wait.
    let ended: SigSet = [NixSignal::SIGCHLD].into_iter().collect();
    let ended = ended
        .thread_block()
        .and_then(|()| SignalFd::new(&ended))
        .map_err(|error| Errno::from_raw_os_error(error as i32))?;
    if let Some(bridge) = bridge {
        bridge.serve();
    }
    close_streams();
    loop {
        match reap(command) {
            Reaped::Command(ending) => {
                outside.tell(ending);
                continue;
            }
            Reaped::Last => return Ok(()),
            Reaped::None => {}
        }
        let mut sources = vec![PollFd::new(&ended, PollFlags::IN)];
        if outside.is_waiting() {
            sources.push(PollFd::new(&outside.signals, PollFlags::IN));
        }
        match poll(&mut sources, None) {
            Err(Errno::INTR) => continue,
            outcome => outcome?,
        };
        let is_ready =
            |source: Option<&PollFd<'_>>| source.is_some_and(|source| !source.revents().is_empty());
        let (has_ended, is_told) = (is_ready(sources.first()), is_ready(sources.get(1)));
        if has_ended {
            // Who it was is found by waiting.
            let _ = ended.read_signal();
        }
        if is_told {
            let Some(signal) = outside.next_signal() else {
                return Ok(());
            };
            if let (Some(signal), Some(command)) = (signal, command) {
                // It may have ended meanwhile.
                let _ = kill_process(command, signal);
            }
        }
    }
}

/// What waiting without blocking has come to.
enum Reaped {
    /// The command has ended.
    Command(Ending),
    /// No process is left.
    Last,
    /// All those that are left run.
    None,
}

/// Waits for processes that have ended.
fn reap(command: Option<Pid>) -> Reaped {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((process, status))) if Some(process) == command => {
                return Reaped::Command(ending(status));
            }
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return Reaped::None,
            Err(_) => return Reaped::Last,
        }
    }
}

fn ending(status: WaitStatus) -> Ending {
    let status = std::process::ExitStatus::from_raw(status.as_raw());
    let byte = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
    match (status.code(), status.signal()) {
        (None, Some(signal)) => Ending::Signal(byte(signal)),
        (code, _) => Ending::Code(byte(code.unwrap_or(0))),
    }
}

/// Lets go of the streams, so that who reads the output sees its end when the command is done.
fn close_streams() {
    let Ok(null) = File::options().read(true).write(true).open("/dev/null") else {
        return;
    };
    let null = OwnedFd::from(null);
    let _ = use_as_streams(&null, &null, &null);
}
