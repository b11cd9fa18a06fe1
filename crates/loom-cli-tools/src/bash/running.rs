//! A shell at work, with all that it starts.
//!
//! The command runs in a session of its own, without a terminal, so that nothing can stop to ask a
//! question. Both of its outputs are one pipe, which keeps them in order.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::process::Command;
use tokio::time::{Instant, sleep_until, timeout};

use super::processes::ProcessTree;

/// How long the output may go on after the shell has ended: a moment for what it did not wait for.
const AFTERMATH: Duration = Duration::from_millis(250);

/// How long a command has to end by itself when its time is up.
const GRACE: Duration = Duration::from_secs(2);

/// The same when the call is dropped, which blocks a thread: enough to take a lock file away.
const DROP_GRACE: Duration = Duration::from_millis(300);

/// Bytes that are taken from the pipe at once: as many as it holds.
const PIECE: usize = 64 * 1024;

/// A shell at work. Dropping it ends it with all that it started.
pub(super) struct Running {
    child: Box<dyn ChildWrapper>,
    /// What is killed with it; `None` when nothing is.
    tree: Option<ProcessTree>,
    /// `None` once nothing holds the other end any more.
    reader: Option<pipe::Receiver>,
}

/// What to start.
pub(super) struct Launch<'a> {
    /// The program, looked for in the `PATH` of its environment.
    pub(super) program: &'a OsStr,
    pub(super) arguments: &'a [OsString],
    pub(super) folder: &'a Path,
    /// All variables.
    pub(super) environment: Vec<(OsString, OsString)>,
    /// The variable that marks the processes.
    pub(super) mark: (&'static str, String),
}

impl Running {
    /// Starts a command with both of its outputs on one pipe.
    pub(super) fn start(launch: Launch<'_>) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(launch.program);
        command
            .args(launch.arguments)
            .current_dir(launch.folder)
            .env_clear()
            .envs(launch.environment)
            .env(launch.mark.0, &launch.mark.1)
            .stdin(Stdio::null())
            .stdout(Stdio::from(writer.try_clone()?))
            .stderr(Stdio::from(writer))
            .kill_on_drop(true);
        // The command is dropped here, and with it our copies of the pipe's writing end.
        let child = CommandWrap::from(command)
            .wrap(ProcessSession)
            .spawn()?
            .into_inner();
        let tree = child
            .id()
            .map(|leader| ProcessTree::new(leader, &launch.mark));
        let reader = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
        Ok(Self {
            child,
            tree,
            reader: Some(reader),
        })
    }

    /// Takes the output until the shell ends. Returns `None` when time is up before.
    pub(super) async fn follow(
        &mut self,
        deadline: Option<Instant>,
        mut take: impl FnMut(&[u8]),
    ) -> Option<io::Result<ExitStatus>> {
        let mut piece = vec![0; PIECE];
        let mut time_is_up = pin!(until(deadline));
        loop {
            tokio::select! {
                // In this order, for a flood of output must hide neither of the other two.
                biased;
                status = self.child.wait() => {
                    self.tree = self.tree.take().map(ProcessTree::without_leader);
                    return Some(status);
                }
                () = &mut time_is_up => return None,
                count = read(&mut self.reader, &mut piece) => match count {
                    0 => self.reader = None,
                    count => take(&piece[..count]),
                },
            }
        }
    }

    /// Takes what comes after the shell has ended, for a moment. Returns whether there may be more:
    /// something that it did not wait for still holds the pipe.
    pub(super) async fn drain(&mut self, take: impl FnMut(&[u8])) -> bool {
        !self
            .read_to_end(Some(Instant::now() + AFTERMATH), take)
            .await
    }

    /// Takes the output to its end. Returns `false` when time is up before.
    pub(super) async fn read_to_end(
        &mut self,
        deadline: Option<Instant>,
        mut take: impl FnMut(&[u8]),
    ) -> bool {
        let mut piece = vec![0; PIECE];
        let mut time_is_up = pin!(until(deadline));
        while self.reader.is_some() {
            tokio::select! {
                biased;
                () = &mut time_is_up => return false,
                count = read(&mut self.reader, &mut piece) => match count {
                    0 => self.reader = None,
                    count => take(&piece[..count]),
                },
            }
        }
        true
    }

    /// Ends the command and all that it started.
    pub(super) async fn kill(&mut self) {
        if let Some(tree) = self.tree.clone() {
            // Should it panic, the drop tries again.
            let killed = tokio::task::spawn_blocking(move || tree.kill(GRACE)).await;
            // Not even SIGKILL ends a process that hangs in the kernel, on a dead disk for one.
            let _ = timeout(GRACE, self.child.wait()).await;
            if killed.is_ok() {
                self.tree = None;
            }
        }
    }

    /// Leaves alone what the shell has left behind.
    pub(super) fn let_go(mut self) {
        self.tree = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(tree) = &self.tree {
            tree.kill(DROP_GRACE);
        }
    }
}

/// Waits for a moment that may never come.
pub(super) async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Takes the next piece of output. Returns 0 at its end; never returns when there is no reader.
async fn read(reader: &mut Option<pipe::Receiver>, piece: &mut [u8]) -> usize {
    match reader {
        // A pipe that cannot be read any more has nothing more to say.
        Some(reader) => reader.read(piece).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}
