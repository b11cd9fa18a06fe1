//! The process of a server: its start, its standard error output, and its end.
//!
//! A task owns the process. It waits for the end, by itself or on demand, and then ends everything
//! that the process left behind: package runners such as `npx` start the real server as a child,
//! and a server that crashed may have started more. When the task is dropped with the runtime, the
//! process is ended on the spot.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use loom_cli_tools::{ProcessTree, new_mark};
use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::log::ServerLog;

/// How long a server has to end by itself once its standard input is closed. Many do not, and the
/// person waits for the end of the session meanwhile.
const CLOSE_GRACE: Duration = Duration::from_millis(300);

/// How long it has to end once it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// The same when the runtime is gone, which blocks a thread.
const DROP_GRACE: Duration = Duration::from_millis(300);

/// How many bytes a line of the standard error output may have before it is cut into two.
const MAX_STDERR_LINE: u64 = 4096;

/// After how many bytes of the standard error output there is a pause: a server that floods it is
/// slowed down by its full pipe, and does not keep a processor of ours busy.
const STDERR_BURST: usize = 256 * 1024;

/// How long the pause is.
const PAUSE: Duration = Duration::from_millis(50);

/// How a server is started.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) command: String,
    pub(crate) args: Vec<String>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) folder: PathBuf,
}

/// The process of a server. Dropping it ends the process.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    ended: watch::Receiver<bool>,
    end: CancellationToken,
    _end_on_drop: DropGuard,
}

impl ServerProcess {
    /// Starts a server.
    ///
    /// # Errors
    ///
    /// When the system cannot start the program.
    pub(crate) fn start(
        launch: &Launch,
        log: &Arc<ServerLog>,
    ) -> io::Result<(Self, ChildStdout, ChildStdin)> {
        let mark = new_mark();
        let mut command = Command::new(&launch.command);
        command
            .args(&launch.args)
            .current_dir(&launch.folder)
            .env_clear()
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .env(mark.0, &mark.1)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = CommandWrap::from(command)
            .wrap(ProcessSession)
            .spawn()?
            .into_inner();
        let tree = child.id().map(|leader| ProcessTree::new(leader, &mark));
        let missing = || io::Error::other("the process has no pipes");
        let stdout = child.stdout().take().ok_or_else(missing)?;
        let stdin = child.stdin().take().ok_or_else(missing)?;
        let stderr = child.stderr().take().ok_or_else(missing)?;

        let end = CancellationToken::new();
        let (has_ended, ended) = watch::channel(false);
        tokio::spawn(follow_stderr(stderr, Arc::clone(log)));
        let running = Running { child, tree };
        tokio::spawn(running.follow(end.clone(), Arc::clone(log), has_ended));
        let process = Self {
            ended,
            _end_on_drop: end.clone().drop_guard(),
            end,
        };
        Ok((process, stdout, stdin))
    }

    /// Ends the process, and waits until it is gone with all that it started. Its standard input
    /// should be closed by now.
    pub(crate) async fn close(&mut self) {
        self.end.cancel();
        // An error means that the task is gone, and the process with it.
        let _ = self.ended.wait_for(|&has_ended| has_ended).await;
    }

    /// Returns what becomes true when the process has ended with all that it started.
    pub(crate) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.clone()
    }
}

/// A process, until it was waited for.
struct Running {
    child: Box<dyn ChildWrapper>,
    tree: Option<ProcessTree>,
}

impl Running {
    /// Waits for the end of the process, or ends it when `end` says so, and ends what is left.
    async fn follow(
        mut self,
        end: CancellationToken,
        log: Arc<ServerLog>,
        has_ended: watch::Sender<bool>,
    ) {
        tokio::select! {
            _ = self.child.wait() => {}
            () = end.cancelled() => {
                // Its standard input is closed, which most take for the end.
                let _ = timeout(CLOSE_GRACE, self.child.wait()).await;
            }
        }
        if let Ok(Some(status)) = self.child.try_wait() {
            log.ended(describe(status));
        }
        // Also what a process leaves behind that ended by itself.
        self.end_tree().await;
        // Not even SIGKILL ends a process that hangs in the kernel.
        let _ = timeout(GRACE, self.child.wait()).await;
        let _ = has_ended.send(true);
    }

    async fn end_tree(&mut self) {
        if let Some(tree) = self.tree.clone() {
            let ended = tokio::task::spawn_blocking(move || tree.kill(GRACE)).await;
            if ended.is_ok() {
                self.tree = None;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(tree) = &self.tree {
            tree.kill(DROP_GRACE);
        }
    }
}

async fn follow_stderr(stderr: ChildStderr, log: Arc<ServerLog>) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    let mut since_pause = 0;
    loop {
        if since_pause > STDERR_BURST {
            since_pause = 0;
            tokio::time::sleep(PAUSE).await;
        }
        line.clear();
        let read = (&mut reader)
            .take(MAX_STDERR_LINE)
            .read_until(b'\n', &mut line)
            .await;
        match read {
            Ok(0) | Err(_) => return,
            Ok(bytes) => {
                since_pause += bytes;
                log.line(&String::from_utf8_lossy(&line));
            }
        }
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => format!("ended with {status}"),
    }
}
