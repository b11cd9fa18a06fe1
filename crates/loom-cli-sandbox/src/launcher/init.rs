//! The first process inside of the namespaces.
//!
//! It sets up what needs rights, gives the rights up, confines itself, and starts the command, which
//! inherits all that. Then it is what the first process has to be: it waits for every process that
//! loses its parent, tells the one outside how the command has ended, and stays for what the command
//! has left in the background. When it ends, the kernel ends all the others.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitCode};

use nix::sys::signal::{SigSet, Signal as NixSignal};
use nix::sys::signalfd::SignalFd;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process};

use super::bridge::Bridge;
use super::filter::{self, Closed, Sockets};
use super::outer::{Ending, PASSED_ON};
use super::rules::{self, Allowed, Mounts};
use super::{Task, loopback, namespaces, not_started, privileges};
use crate::error::LaunchError;
use crate::policy::{NetworkRoute, Policy};
use crate::rung::Rung;

/// Confines this process, runs the command and waits for all. `pipe` is the number of the file
/// descriptor through which the one outside is told.
pub(super) fn run(policy: &Policy, pipe: &str, task: &Task) -> Result<ExitCode, LaunchError> {
    let pipe = take(pipe)?;
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
            tell(&pipe, Ending::Code(not_started(&task.program, &error)));
            return Ok(ExitCode::SUCCESS);
        }
    };
    attend(&child, pipe, bridge).map_err(LaunchError::step("wait for the command"))?;
    Ok(ExitCode::SUCCESS)
}

/// Takes the pipe in a way in which the command does not inherit it.
fn take(number: &str) -> Result<File, LaunchError> {
    let wrong = || LaunchError::Call("the pipe is missing".to_owned());
    let raw: i32 = number.parse().map_err(|_| wrong())?;
    let pipe = File::options()
        .write(true)
        .open(format!("/proc/self/fd/{raw}"))
        .map_err(LaunchError::step("open the pipe"))?;
    nix::unistd::close(raw).map_err(|_| wrong())?;
    Ok(pipe)
}

/// Tells the one outside how the command has ended. If that one is gone nobody wants to know.
fn tell(mut pipe: &File, ending: Ending) {
    let _ = pipe.write_all(&ending.to_bytes());
}

/// Waits until no process is left inside.
fn attend(command: &Child, pipe: File, bridge: Option<Bridge>) -> Result<(), Errno> {
    let command = i32::try_from(command.id()).ok().and_then(Pid::from_raw);
    let mut signals: SigSet = PASSED_ON.into_iter().collect();
    signals.add(NixSignal::SIGCHLD);
    // Blocked only now, as the command would have inherited it. What came before is looked for
    // below, before the first wait.
    let signals = signals
        .thread_block()
        .and_then(|()| SignalFd::new(&signals))
        .map_err(|error| Errno::from_raw_os_error(error as i32))?;
    if let Some(bridge) = bridge {
        bridge.serve();
    }
    close_streams();
    let mut pipe = Some(pipe);
    loop {
        match reap(command) {
            Reaped::Command(ending) => {
                if let Some(pipe) = pipe.take() {
                    tell(&pipe, ending);
                }
                continue;
            }
            Reaped::Last => return Ok(()),
            Reaped::None => {}
        }
        let mut sources = vec![PollFd::new(&signals, PollFlags::IN)];
        // Of a pipe that is only written, what is told unasked is that nobody reads any more.
        sources.extend(
            pipe.iter()
                .map(|pipe| PollFd::new(pipe, PollFlags::empty())),
        );
        match poll(&mut sources, None) {
            Err(Errno::INTR) => continue,
            outcome => outcome?,
        };
        let is_abandoned = sources
            .get(1)
            .is_some_and(|pipe| !pipe.revents().is_empty());
        let is_signalled = !sources[0].revents().is_empty();
        if is_abandoned {
            return Ok(());
        }
        if is_signalled && let Ok(Some(received)) = signals.read_signal() {
            let signal = i32::try_from(received.ssi_signo)
                .ok()
                .and_then(Signal::from_named_raw)
                .filter(|signal| *signal != Signal::CHILD);
            if let (Some(signal), Some(command), true) = (signal, command, pipe.is_some()) {
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
    let _ = rustix::stdio::dup2_stdin(&null);
    let _ = rustix::stdio::dup2_stdout(&null);
    let _ = rustix::stdio::dup2_stderr(&null);
}
