//! The tool `bash`: runs a command and returns what it prints.
//!
//! The command runs in a session of its own, without a terminal, so that nothing can stop to ask a
//! question. Both of its outputs are one pipe, which keeps them in order; of a long output the
//! start and the end are kept ([`output`]). When time is up or the call is dropped, all that the
//! command started is killed ([`processes`]).

mod environment;
mod output;
pub(crate) mod processes;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{ToolAccess, ToolContext, ToolDefinition, ToolOutput};
use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::process::Command;
use tokio::time::{Instant, sleep_until, timeout};

use crate::arguments::{answer, definition};
use crate::error::ToolError;
use crate::setup::ToolLimits;
use crate::tool::Tool;
pub use environment::CommandEnvironment;
use output::Output;
use processes::{ProcessTree, new_mark};

/// The longest time-out that a call can ask for.
const MAX_TIMEOUT: Duration = Duration::from_secs(600);

/// How long the output may go on after the shell has ended: a moment for what it did not wait for.
const AFTERMATH: Duration = Duration::from_millis(250);

/// How long a command has to end by itself when its time is up.
const GRACE: Duration = Duration::from_secs(2);

/// The same when the call is dropped, which blocks a thread: enough to take a lock file away.
const DROP_GRACE: Duration = Duration::from_millis(300);

/// What the model is told of processes that outlive their shell.
const STILL_RUNNING: &str = "(something that the command put into the background is still \
    running; what it prints from now on is lost, so send the output of such things to a file)";

/// Bytes that are taken from the pipe at once: as many as it holds.
const PIECE: usize = 64 * 1024;

/// Runs commands for the model.
pub(crate) struct BashTool {
    definition: ToolDefinition,
    timeout: Duration,
    max_timeout: Duration,
    max_output_bytes: usize,
    environment: CommandEnvironment,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// The command, as for `bash -c`.
    command: String,
    /// Time-out in milliseconds.
    #[schemars(range(min = 1))]
    timeout_ms: Option<u64>,
    /// What the command does, in five to ten words, for the person who watches.
    #[serde(rename = "description")]
    _description: Option<String>,
}

impl BashTool {
    /// Makes the tool. Commands inherit `environment`.
    pub(crate) fn new(limits: ToolLimits, environment: CommandEnvironment) -> Self {
        let timeout = limits.bash_timeout;
        let max_timeout = MAX_TIMEOUT.max(timeout);
        let mut definition =
            definition::<Arguments>("bash", include_str!("bash.md"), ToolAccess::Execute);
        definition.input_schema["properties"]["timeout_ms"]["description"] = Value::from(format!(
            "Time-out in milliseconds. {} by default, {} at most.",
            timeout.as_millis(),
            max_timeout.as_millis()
        ));
        Self {
            definition,
            timeout,
            max_timeout,
            max_output_bytes: limits.max_output_bytes,
            environment,
        }
    }

    async fn execute(
        &self,
        arguments: Arguments,
        context: &ToolContext,
    ) -> Result<ToolOutput, ToolError> {
        let limit = arguments.timeout_ms.map_or(self.timeout, |milliseconds| {
            Duration::from_millis(milliseconds).min(self.max_timeout)
        });
        let deadline = Instant::now() + limit;
        let mut output = Output::new(self.max_output_bytes);
        let mut running =
            self.start(&arguments.command, context)
                .map_err(|source| ToolError::Io {
                    action: format!("start a shell in {}", context.workspace.display()),
                    source,
                })?;
        let ended = running.follow(deadline, &mut output, context).await;
        let status = match ended {
            Some(Ok(status)) => status,
            Some(Err(source)) => {
                return Err(ToolError::Io {
                    action: "follow the command".to_owned(),
                    source,
                });
            }
            None => {
                running.kill().await;
                running.drain(&mut output, context).await;
                let note = format!(
                    "(killed: it ran longer than its time-out of {} ms; give a larger \
                     timeout_ms, up to {}, or put it into the background)",
                    limit.as_millis(),
                    self.max_timeout.as_millis()
                );
                return Ok(ToolOutput::failed(with_note(output.finish(), &note)));
            }
        };
        let is_open = running.drain(&mut output, context).await;
        let mut text = output.finish();
        if is_open {
            running.keep_reading();
            text = with_note(text, STILL_RUNNING);
        }
        Ok(if status.success() {
            if text.is_empty() {
                text.push_str("(no output)");
            }
            ToolOutput::completed(text)
        } else {
            ToolOutput::failed(with_note(text, &describe_exit(status)))
        })
    }

    /// Starts `command` in the shell that there is.
    fn start(&self, command: &str, context: &ToolContext) -> io::Result<Running> {
        match self.start_in("bash", command, context) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.start_in("sh", command, context)
            }
            started => started,
        }
    }

    /// Starts `command` with both of its outputs on one pipe.
    fn start_in(&self, shell: &str, command: &str, context: &ToolContext) -> io::Result<Running> {
        let (reader, writer) = io::pipe()?;
        let mark = new_mark();
        let mut shell = Command::new(shell);
        shell
            .arg("-c")
            .arg(command)
            .current_dir(&context.workspace)
            .env_clear()
            .envs(self.environment.variables(context.confinement))
            .env(mark.0, &mark.1)
            .stdin(Stdio::null())
            .stdout(Stdio::from(writer.try_clone()?))
            .stderr(Stdio::from(writer))
            .kill_on_drop(true);
        // The command is dropped here, and with it our copies of the pipe's writing end.
        let child = CommandWrap::from(shell)
            .wrap(ProcessSession)
            .spawn()?
            .into_inner();
        let tree = child.id().map(|leader| ProcessTree::new(leader, &mark));
        let reader = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
        Ok(Running {
            child,
            tree,
            reader: Some(reader),
        })
    }
}

impl Tool for BashTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(&self.definition, arguments, async |arguments| {
            self.execute(arguments, context).await
        })
        .boxed()
    }
}

/// A command at work.
struct Running {
    child: Box<dyn ChildWrapper>,
    /// What is killed with it; `None` once the shell was waited for, as its process id may belong
    /// to another process from then on.
    tree: Option<ProcessTree>,
    /// `None` once nothing holds the other end any more.
    reader: Option<pipe::Receiver>,
}

impl Running {
    /// Takes the output until the shell ends. Returns `None` when time is up before.
    async fn follow(
        &mut self,
        deadline: Instant,
        output: &mut Output,
        context: &ToolContext,
    ) -> Option<io::Result<ExitStatus>> {
        let mut piece = vec![0; PIECE];
        let mut time_is_up = pin!(sleep_until(deadline));
        loop {
            tokio::select! {
                // In this order, for a flood of output must hide neither of the other two.
                biased;
                status = self.child.wait() => {
                    self.tree = None;
                    return Some(status);
                }
                () = &mut time_is_up => return None,
                count = read(&mut self.reader, &mut piece) => match count {
                    0 => self.reader = None,
                    count => output.push(&piece[..count], &context.progress),
                },
            }
        }
    }

    /// Takes what is left in the pipe. Returns whether something still holds it open.
    async fn drain(&mut self, output: &mut Output, context: &ToolContext) -> bool {
        let mut piece = vec![0; PIECE];
        let mut time_is_up = pin!(sleep_until(Instant::now() + AFTERMATH));
        while self.reader.is_some() {
            tokio::select! {
                biased;
                () = &mut time_is_up => return true,
                count = read(&mut self.reader, &mut piece) => match count {
                    0 => self.reader = None,
                    count => output.push(&piece[..count], &context.progress),
                },
            }
        }
        false
    }

    /// Ends the command and all that it started.
    async fn kill(&mut self) {
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

    /// Keeps reading, so that what runs in the background does not die of a broken pipe.
    fn keep_reading(&mut self) {
        let mut reader = self.reader.take();
        tokio::spawn(async move {
            let mut piece = vec![0; PIECE];
            while read(&mut reader, &mut piece).await > 0 {}
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(tree) = &self.tree {
            tree.kill(DROP_GRACE);
        }
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

/// Appends a note of ours to the output of a command.
fn with_note(mut output: String, note: &str) -> String {
    if !output.is_empty() {
        output.push('\n');
    }
    output.push_str(note);
    output
}

/// Returns how a command ended that did not succeed.
fn describe_exit(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("(exit code {code})"),
        (None, Some(signal)) => format!("(killed by signal {signal})"),
        (None, None) => format!("({status})"),
    }
}
