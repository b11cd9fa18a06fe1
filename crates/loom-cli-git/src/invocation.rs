//! One run of git: what it is given, and what it prints within its limits.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use rustix::process::{Pid, Signal, test_kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::error::GitError;
use crate::program::Git;

/// How long git may take where nothing else is said. A status of a large repository on a cold disk takes
/// seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a git that is read while it runs may say nothing. Looking through a long history for what few
/// commits have takes minutes.
const SILENCE: Duration = Duration::from_secs(300);

/// The most that git may print where all of it is taken, in bytes.
const MAX_OUTPUT: usize = 64 * 1024 * 1024;

/// How long what a program has printed is waited for after its end: what it has left running may hold the
/// output open for hours.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// How long what is ended in good order has after each signal, before a harder one.
const GRACE: Duration = Duration::from_secs(5);

/// How long it is waited between two looks at whether something is over that nobody tells.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// The most of git's messages that is kept, in bytes.
const MAX_MESSAGES: u64 = 64 * 1024;

/// A run of git that has not begun.
pub(crate) struct Invocation<'a> {
    git: &'a Git,
    folder: &'a Path,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    settings: Vec<OsString>,
    input: Vec<u8>,
    limit: Duration,
    answers: &'a [i32],
    has_open_input: bool,
}

impl<'a> Invocation<'a> {
    pub(crate) fn new(
        git: &'a Git,
        folder: &'a Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Self {
        Self {
            git,
            folder,
            arguments: arguments
                .into_iter()
                .map(|argument| argument.as_ref().to_owned())
                .collect(),
            variables: Vec::new(),
            settings: Vec::new(),
            input: Vec::new(),
            limit: LIMIT,
            answers: &[0],
            has_open_input: false,
        }
    }

    /// Sets a variable of the environment.
    pub(crate) fn variable(
        mut self,
        name: impl Into<OsString>,
        value: impl Into<OsString>,
    ) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Sets a setting of git, ahead of those of the person.
    pub(crate) fn setting(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let mut setting = OsString::from(name);
        setting.push("=");
        setting.push(value);
        self.settings.extend(["-c".into(), setting]);
        self
    }

    /// Takes paths for paths, whatever they look like.
    pub(crate) fn literal(mut self) -> Self {
        self.settings.push("--literal-pathspecs".into());
        self
    }

    /// Gives git this to read.
    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Gives git so much time.
    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Uses this index instead of the repository's own, if there is one.
    pub(crate) fn indexed(self, index: Option<&Path>) -> Self {
        match index {
            Some(index) => self.variable("GIT_INDEX_FILE", index),
            None => self,
        }
    }

    /// Takes no locks, so that what the person does at the same time cannot fail.
    pub(crate) fn reading(self) -> Self {
        self.variable("GIT_OPTIONAL_LOCKS", "0")
    }

    /// Takes these exit codes for answers rather than failures.
    pub(crate) fn answering_with(mut self, codes: &'a [i32]) -> Self {
        self.answers = codes;
        self
    }

    /// Runs git to its end.
    pub(crate) async fn run(self) -> Result<Output, GitError> {
        let command = self.name();
        let limit = self.limit;
        match timeout(limit, self.finish()).await {
            Ok(ended) => ended,
            // Dropping the run has ended it.
            Err(_) => Err(GitError::TimedOut { command, limit }),
        }
    }

    /// Runs git to its end and returns what it printed, which is text.
    pub(crate) async fn text(self) -> Result<String, GitError> {
        let command = self.name();
        let output = self.run().await?;
        String::from_utf8(output.stdout).map_err(|_| GitError::Unreadable {
            command,
            what: "it is not UTF-8".to_owned(),
        })
    }

    /// Starts git, to be read while it runs and for as long as that takes.
    pub(crate) fn stream(self) -> Result<GitStream, GitError> {
        Ok(GitStream::of(self.start(Ending::AtOnce)?, self.name()))
    }

    /// Starts git, to be asked and read while it runs. It ends when its input is closed.
    pub(crate) fn converse(mut self) -> Result<(GitStream, ChildStdin), GitError> {
        self.has_open_input = true;
        let mut child = self.start(Ending::AtOnce)?;
        let input = child.stdin();
        let input = input.ok_or_else(|| GitError::Run(io::ErrorKind::BrokenPipe.into()))?;
        Ok((GitStream::of(child, self.name()), input))
    }

    /// Runs a git that may start a program of the person, and returns how that ended and what it printed to
    /// standard error. What it leaves running is left alone, also while it holds the output open.
    ///
    /// It is ended as Ctrl-C would do it: such a program may have put files aside that it has to put back, and
    /// git has locks to give back.
    pub(crate) async fn attended(self) -> Result<Attended, GitError> {
        let command = self.name();
        let limit = self.limit;
        let attending = async {
            let mut child = self.start(Ending::InGoodOrder)?;
            let mut messages = tokio::spawn(beginning(child.stderr()));
            let stdout = child.stdout();
            let status = tokio::select! {
                status = child.wait() => status?,
                // Nobody has to wait because nobody reads.
                () = drain(stdout) => child.wait().await?,
            };
            let stderr = match timeout(LAST_WORDS, &mut messages).await {
                Ok(stderr) => stderr.unwrap_or_default(),
                Err(_) => {
                    messages.abort();
                    Vec::new()
                }
            };
            child.let_go();
            Ok(Attended {
                code: status.code(),
                messages: String::from_utf8_lossy(&stderr).trim().to_owned(),
            })
        };
        match timeout(limit, attending).await {
            Ok(ended) => ended,
            Err(_) => Err(GitError::TimedOut { command, limit }),
        }
    }

    async fn finish(self) -> Result<Output, GitError> {
        let command = self.name();
        let mut child = self.start(Ending::AtOnce)?;
        let mut stdin = child.stdin();
        let streams = (child.stdout(), child.stderr());
        let feeding = async {
            if let Some(mut stdin) = stdin.take() {
                // Git need not read what it is given; that it failed is told by its end.
                let _ = stdin.write_all(&self.input).await;
            }
            Ok(())
        };
        let (_, stdout, stderr) = tokio::try_join!(feeding, whole(streams.0, &command), async {
            Ok(beginning(streams.1).await)
        },)?;
        let status = child.wait().await?;
        let code = status.code();
        if !code.is_some_and(|code| self.answers.contains(&code)) {
            let message = String::from_utf8_lossy(&stderr);
            return Err(GitError::failed(&command, code, &message));
        }
        Ok(Output {
            stdout,
            succeeded: status.success(),
        })
    }

    fn start(&self, ending: Ending) -> Result<Child, GitError> {
        let mut command = Command::new("git");
        command
            .arg("--no-pager")
            // Paths are bytes: no quotes around them where they are not separated by NUL.
            .args(["-c", "core.quotePath=false"])
            .args(&self.settings)
            .args(&self.arguments)
            .current_dir(self.folder)
            .env_clear()
            .envs(self.git.environment())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(if self.input.is_empty() && !self.has_open_input {
                Stdio::null()
            } else {
                Stdio::piped()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(ending == Ending::AtOnce);
        // A session of its own: no terminal to ask on, and one process group to end.
        let child = CommandWrap::from(command)
            .wrap(ProcessSession)
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound if self.folder.is_dir() => GitError::Missing,
                _ => GitError::Run(error),
            })?;
        Ok(Child {
            process: Some(child),
            ending,
        })
    }

    /// Returns the name of git's command.
    fn name(&self) -> String {
        self.arguments
            .iter()
            .find(|argument| !argument.to_string_lossy().starts_with('-'))
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }
}

/// What git printed to standard output, having ended well.
pub(crate) struct Output {
    pub(crate) stdout: Vec<u8>,
    /// Whether the exit code is 0.
    pub(crate) succeeded: bool,
}

/// How a program of the person ended that git has started.
pub(crate) struct Attended {
    /// Its exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it printed to standard error, without white space around it.
    pub(crate) messages: String,
}

/// How a git that is not wanted any more is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// By force: it only reads, or writes where nobody looks.
    AtOnce,
    /// As by Ctrl-C, with time to put in order what it has begun.
    InGoodOrder,
}

/// A git that runs. It is ended with what it started when dropped, unless it was let go.
struct Child {
    process: Option<Box<dyn ChildWrapper>>,
    ending: Ending,
}

impl Child {
    fn stdin(&mut self) -> Option<ChildStdin> {
        self.process.as_mut()?.stdin().take()
    }

    fn stdout(&mut self) -> Option<ChildStdout> {
        self.process.as_mut()?.stdout().take()
    }

    fn stderr(&mut self) -> Option<ChildStderr> {
        self.process.as_mut()?.stderr().take()
    }

    async fn wait(&mut self) -> Result<ExitStatus, GitError> {
        let process = self.process.as_mut();
        let process = process.ok_or_else(|| GitError::Run(io::ErrorKind::NotFound.into()))?;
        process.wait().await.map_err(GitError::Run)
    }

    /// It has ended, and what it has left running may stay.
    fn let_go(&mut self) {
        self.process = None;
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may be over.
        let Some(mut process) = self.process.take() else {
            return;
        };
        if self.ending == Ending::AtOnce {
            let _ = process.start_kill();
            return;
        }
        let _ = process.signal(Signal::INT.as_raw());
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                for signal in [Signal::TERM, Signal::KILL] {
                    if timeout(GRACE, gone(&mut process)).await.is_ok() {
                        return;
                    }
                    let _ = process.signal(signal.as_raw());
                }
            });
        }
    }
}

/// Waits until nothing of a process group is left: a program that git has started may end after git.
async fn gone(process: &mut Box<dyn ChildWrapper>) {
    let group = process.id().and_then(|id| i32::try_from(id).ok());
    let group = group.and_then(Pid::from_raw);
    let _ = process.wait().await;
    while group.is_some_and(|group| test_kill_process_group(group).is_ok()) {
        tokio::time::sleep(PAUSE).await;
    }
}

/// What a git prints while it runs. Dropped before the end, it ends that git.
pub(crate) struct GitStream {
    stdout: Option<ChildStdout>,
    /// Reads git's messages meanwhile: a git that nobody listens to waits.
    messages: JoinHandle<Vec<u8>>,
    child: Child,
    command: String,
}

impl GitStream {
    fn of(mut child: Child, command: String) -> Self {
        Self {
            stdout: child.stdout(),
            messages: tokio::spawn(beginning(child.stderr())),
            child,
            command,
        }
    }

    /// Returns more of what git prints; nothing at the end.
    ///
    /// # Errors
    ///
    /// [`GitError::Run`], and [`GitError::TimedOut`] when it has said nothing for long.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, GitError> {
        let Some(stdout) = &mut self.stdout else {
            return Ok(0);
        };
        match timeout(SILENCE, stdout.read(buffer)).await {
            Ok(read) => read.map_err(GitError::Run),
            Err(_) => Err(GitError::TimedOut {
                command: self.command.clone(),
                limit: SILENCE,
            }),
        }
    }

    /// Waits for git's end.
    ///
    /// # Errors
    ///
    /// What git says if it failed.
    pub(crate) async fn finish(mut self) -> Result<(), GitError> {
        drop(self.stdout.take());
        let stderr = self.messages.await.unwrap_or_default();
        let status = self.child.wait().await?;
        if status.success() {
            return Ok(());
        }
        let message = String::from_utf8_lossy(&stderr);
        Err(GitError::failed(&self.command, status.code(), &message))
    }
}

/// Reads what git prints to standard output.
async fn whole(source: Option<impl AsyncRead + Unpin>, command: &str) -> Result<Vec<u8>, GitError> {
    let mut bytes = Vec::new();
    if let Some(source) = source {
        let mut source = source.take(MAX_OUTPUT as u64 + 1);
        source
            .read_to_end(&mut bytes)
            .await
            .map_err(GitError::Run)?;
    }
    if bytes.len() > MAX_OUTPUT {
        return Err(GitError::TooMuchOutput {
            command: command.to_owned(),
            limit: MAX_OUTPUT,
        });
    }
    Ok(bytes)
}

/// Reads git's messages, and keeps the first. One that cannot be read says nothing.
async fn beginning(source: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    if let Some(mut source) = source {
        let _ = (&mut source)
            .take(MAX_MESSAGES)
            .read_to_end(&mut kept)
            .await;
        let _ = tokio::io::copy(&mut source, &mut tokio::io::sink()).await;
    }
    kept
}

/// Reads to the end what nobody wants to know, and then waits for ever: the end of an output is not that of
/// the program.
async fn drain(source: Option<impl AsyncRead + Unpin>) {
    if let Some(mut source) = source {
        let _ = tokio::io::copy(&mut source, &mut tokio::io::sink()).await;
    }
    std::future::pending().await
}
