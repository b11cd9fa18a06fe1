//! One hook at work: a process that reads its input, is listened to, and ends in time with all that
//! it started.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use loom_cli_tools::{ProcessTree, new_mark};
use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::timeout;

use crate::configuration::Hook;

/// What is kept of each output.
const MAX_OUTPUT: usize = 256 * 1024;

/// How long outputs are listened to after the hook has ended: a moment for what it left behind.
const AFTERMATH: Duration = Duration::from_millis(250);

/// How long a hook has to end by itself when its time is up.
const GRACE: Duration = Duration::from_millis(500);

/// How long a killed hook is waited for. One that hangs in the kernel is left.
const BURIAL: Duration = Duration::from_secs(2);

/// How a hook ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By itself.
    Exited {
        /// Its exit code; none when a signal ended it.
        code: Option<i32>,
        stdout: Captured,
        stderr: Captured,
    },
    /// It was killed as its time was up.
    TimedOut,
    /// It could not be started, or not be followed.
    NotRun(io::Error),
}

/// What a hook printed.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    bytes: Vec<u8>,
    /// Whether there was more than is kept.
    pub(crate) is_cut: bool,
}

impl Captured {
    /// Returns the text, without white space around it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).trim().to_owned()
    }

    /// Takes all that comes, and keeps the start.
    async fn fill(&mut self, source: &mut Option<impl AsyncRead + Unpin>) {
        let Some(source) = source else { return };
        let mut piece = vec![0; 16 * 1024];
        // A pipe that cannot be read any more has nothing more to say.
        while let Ok(count @ 1..) = source.read(&mut piece).await {
            let room = (MAX_OUTPUT - self.bytes.len()).min(count);
            self.bytes.extend_from_slice(&piece[..room]);
            self.is_cut |= room < count;
        }
    }
}

/// Runs a hook. When the future is dropped, the hook is killed with all that it started.
pub(crate) async fn run(
    hook: &Hook,
    folder: &Path,
    environment: &[(OsString, OsString)],
    input: &[u8],
) -> Ended {
    match start(hook, folder, environment) {
        Ok((child, tree)) => follow(child, tree, hook.timeout, input).await,
        Err(error) => Ended::NotRun(error),
    }
}

fn start(
    hook: &Hook,
    folder: &Path,
    environment: &[(OsString, OsString)],
) -> io::Result<(Box<dyn ChildWrapper>, Tree)> {
    let spawn = |program: &str, args: &[String]| {
        let mark = new_mark();
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(folder)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env(mark.0, &mark.1)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = CommandWrap::from(command)
            .wrap(ProcessSession)
            .spawn()?
            .into_inner();
        let tree = child.id().map(|leader| ProcessTree::new(leader, &mark));
        Ok((child, Tree(tree)))
    };
    if let Some(args) = &hook.args {
        return spawn(&hook.command, args);
    }
    let line = ["-c".to_owned(), hook.command.clone()];
    match spawn("bash", &line) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => spawn("sh", &line),
        started => started,
    }
}

async fn follow(
    mut child: Box<dyn ChildWrapper>,
    mut tree: Tree,
    limit: Duration,
    input: &[u8],
) -> Ended {
    let mut stdin = child.stdin().take();
    let mut streams = (child.stdout().take(), child.stderr().take());
    let (mut stdout, mut stderr) = (Captured::default(), Captured::default());
    let status = {
        let mut talking = pin!(async {
            tokio::join!(
                async {
                    if let Some(mut stdin) = stdin.take() {
                        // A hook need not read what it is given.
                        let _ = stdin.write_all(input).await;
                    }
                },
                stdout.fill(&mut streams.0),
                stderr.fill(&mut streams.1),
            )
        });
        let mut is_silent = false;
        let ended = timeout(limit, async {
            loop {
                tokio::select! {
                    status = child.wait() => return status,
                    _ = &mut talking, if !is_silent => is_silent = true,
                }
            }
        })
        .await;
        if ended.is_ok() {
            tree.forget();
            if !is_silent {
                let _ = timeout(AFTERMATH, talking).await;
            }
        }
        ended
    };
    match status {
        Ok(Ok(status)) => exited(status, stdout, stderr),
        Ok(Err(error)) => Ended::NotRun(error),
        Err(_) => {
            tree.kill().await;
            let _ = timeout(BURIAL, child.wait()).await;
            Ended::TimedOut
        }
    }
}

fn exited(status: ExitStatus, stdout: Captured, stderr: Captured) -> Ended {
    Ended::Exited {
        code: status.code(),
        stdout,
        stderr,
    }
}

/// All that a hook started, killed when dropped.
struct Tree(Option<ProcessTree>);

impl Tree {
    async fn kill(&mut self) {
        if let Some(tree) = self.0.clone() {
            // Should it panic, the drop tries again.
            if tokio::task::spawn_blocking(move || tree.kill(GRACE))
                .await
                .is_ok()
            {
                self.forget();
            }
        }
    }

    /// Forgets the processes once their leader was waited for: its number may be another's from
    /// then on.
    fn forget(&mut self) {
        self.0 = None;
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if let Some(tree) = &self.0 {
            tree.kill(Duration::ZERO);
        }
    }
}
