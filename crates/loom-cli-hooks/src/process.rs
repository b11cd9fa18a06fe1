//! One hook at work: a process group that reads its input, is listened to and ends in time.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::timeout;

use crate::configuration::Hook;

/// What is kept of each output.
const MAX_OUTPUT: usize = 256 * 1024;

/// How long outputs are listened to after the hook has ended: a moment for what it left behind.
const AFTERMATH: Duration = Duration::from_millis(250);

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

/// Runs a hook. When the future is dropped, its process group is killed.
pub(crate) async fn run(
    hook: &Hook,
    folder: &Path,
    environment: &[(OsString, OsString)],
    input: &[u8],
) -> Ended {
    match start(hook, folder, environment) {
        Ok(child) => follow(child, hook.timeout, input).await,
        Err(error) => Ended::NotRun(error),
    }
}

fn start(
    hook: &Hook,
    folder: &Path,
    environment: &[(OsString, OsString)],
) -> io::Result<Box<dyn ChildWrapper>> {
    let spawn = |program: &str, args: &[String]| {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(folder)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = CommandWrap::from(command).wrap(ProcessSession).spawn()?;
        Ok(child.into_inner())
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

async fn follow(mut child: Box<dyn ChildWrapper>, limit: Duration, input: &[u8]) -> Ended {
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
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
            group.forget();
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
            group.kill();
            let _ = timeout(BURIAL, child.wait()).await;
            group.forget();
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

/// The process group of a hook, killed when dropped.
struct Group(Option<Pid>);

impl Group {
    fn kill(&self) {
        if let Some(leader) = self.0 {
            // It fails when all have ended, which is what is wanted.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    /// Forgets the group once its leader was waited for: the number may be another's from then on.
    fn forget(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
