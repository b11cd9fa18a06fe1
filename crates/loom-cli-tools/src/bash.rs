//! The tool `bash`: runs a command and returns what it prints.
//!
//! A call waits for its command ([`running`]) for a while. When that is over it gives the hand back
//! and the command goes on in the background ([`jobs`]), where `command_output` and `command_stop`
//! reach it. Of a long output the start and the end are shown, and the whole is kept in a file
//! ([`output`]). When a call is dropped before, all that its command started is killed
//! ([`processes`]); when the session ends, so is all that any command of it started.
//!
//! Where there is a sandbox commands run in it, unless this call was permitted to run outside.

mod command_output;
mod command_stop;
mod environment;
mod jobs;
mod output;
pub(crate) mod processes;
mod running;
mod shell;

use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{
    Confinement, Resource, ToolAccess, ToolContext, ToolDefinition, ToolOutput, ToolResultContent,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::arguments::{answer, definition};
use crate::error::ToolError;
use crate::outputs::OutputStore;
use crate::setup::ToolLimits;
use crate::tool::{CallOutcome, Tool};
pub(crate) use command_output::CommandOutputTool;
pub(crate) use command_stop::CommandStopTool;
pub use environment::{CommandEnvironment, is_secret_variable};
use jobs::{Ending, HardLimit, Job};
use output::Output;
use running::Running;
pub(crate) use shell::Shell;

/// The longest time that a call waits for a command.
const MAX_TIMEOUT: Duration = Duration::from_secs(600);

/// How long a command is waited for that is to run in the background: those that fail do so at once.
const FIRST_LOOK: Duration = Duration::from_millis(300);

/// Runs commands for the model.
pub(crate) struct BashTool {
    definition: ToolDefinition,
    timeout: Duration,
    max_timeout: Duration,
    max_output_bytes: usize,
    outputs: OutputStore,
    shell: Arc<Shell>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// The command, as for `bash -c`.
    command: String,
    /// How long to wait for the command.
    #[schemars(range(min = 1))]
    timeout_ms: Option<u64>,
    /// Give the hand back at once, and let the command run in the background. False by default.
    run_in_background: Option<bool>,
    /// Kill the command when it runs longer, in milliseconds. Not by default.
    #[schemars(range(min = 1))]
    kill_after_ms: Option<u64>,
    /// What the command does, in five to ten words, for the person who watches.
    #[serde(rename = "description")]
    _description: Option<String>,
    /// Ask for permission to run the command outside of the sandbox. False by default.
    #[serde(rename = "outside_sandbox")]
    _outside_sandbox: Option<bool>,
    /// Why it must run outside of the sandbox, for the person who decides.
    #[serde(rename = "reason")]
    _reason: Option<String>,
}

/// How far a command came while its call waited.
enum Progress {
    Ended(Ending),
    /// Its shell has ended, and something that it started goes on.
    LeftBehind(Ending),
    /// The time for waiting is over.
    GoesOn,
}

impl BashTool {
    /// Makes the tool. It starts commands in `shell`.
    pub(crate) fn new(limits: ToolLimits, outputs: OutputStore, shell: Arc<Shell>) -> Self {
        let timeout = limits.bash_timeout;
        let max_timeout = MAX_TIMEOUT.max(timeout);
        let mut definition =
            definition::<Arguments>("bash", include_str!("bash.md"), ToolAccess::Execute);
        let properties = &mut definition.input_schema["properties"];
        properties["timeout_ms"]["description"] = Value::from(format!(
            "How long to wait for the command, in milliseconds; after that it goes on in the \
             background. {} by default, {} at most.",
            timeout.as_millis(),
            max_timeout.as_millis()
        ));
        if shell.has_sandbox() {
            definition
                .description
                .push_str(&format!("\n\n{}", include_str!("bash/sandbox.md").trim()));
        } else if let Some(properties) = properties.as_object_mut() {
            properties.shift_remove("outside_sandbox");
            properties.shift_remove("reason");
        }
        Self {
            definition,
            timeout,
            max_timeout,
            max_output_bytes: limits.max_output_bytes,
            outputs,
            shell,
        }
    }

    async fn execute(
        &self,
        arguments: Arguments,
        context: &ToolContext,
        background: &mut Option<Arc<Job>>,
    ) -> Result<ToolOutput, ToolError> {
        let is_background = arguments.run_in_background.unwrap_or(false);
        let wait = match arguments.timeout_ms {
            _ if is_background => FIRST_LOOK,
            Some(milliseconds) => Duration::from_millis(milliseconds).min(self.max_timeout),
            None => self.timeout,
        };
        let now = Instant::now();
        let limit = arguments.kill_after_ms.map(Duration::from_millis);
        // A limit beyond what the clock can tell is none.
        let limit = limit.and_then(|after| {
            let at = now.checked_add(after)?;
            Some(HardLimit { after, at })
        });
        let spool = self.outputs.spool("bash");
        let output = Output::new(self.max_output_bytes, spool);
        let job = Job::new(&arguments.command, output, limit);
        let mut running = self.shell.start(&arguments.command, context)?;
        match follow(&mut running, &job, now + wait, context).await {
            Progress::Ended(ending) => {
                running.let_go();
                Ok(self.report(&job, &ending, context))
            }
            Progress::LeftBehind(ending) => {
                let id = self.shell.jobs().adopt(Arc::clone(&job), running)?;
                *background = Some(Arc::clone(&job));
                let mut output = self.report(&job, &ending, context);
                let note = format!(
                    "(something that the command put into the background is still running, as {id}: \
                     command_output has what it prints, command_stop ends it)"
                );
                output.content.push(ToolResultContent::text(note));
                Ok(output)
            }
            Progress::GoesOn => {
                let id = self.shell.jobs().adopt(Arc::clone(&job), running)?;
                *background = Some(Arc::clone(&job));
                let since = if is_background {
                    "runs in the background".to_owned()
                } else {
                    format!(
                        "is still running after {} ms and goes on in the background",
                        wait.as_millis()
                    )
                };
                let note = format!(
                    "(the command {since} as {id}; you are told when it ends. command_output has \
                     what it prints from now on and can wait for it, command_stop ends it)"
                );
                Ok(ToolOutput::completed(with_note(job.take_output(), &note)))
            }
        }
    }

    /// Makes the output of a command whose shell has ended.
    fn report(&self, job: &Job, ending: &Ending, context: &ToolContext) -> ToolOutput {
        let text = job.take_output();
        if let Ending::Exited(status) = ending
            && status.success()
        {
            return ToolOutput::completed(if text.is_empty() {
                "(no output)".to_owned()
            } else {
                text
            });
        }
        let denial = match ending {
            Ending::Exited(status) => self.explain(&text, *status, context),
            _ => None,
        };
        let mut text = with_note(text, &format!("({})", ending.describe()));
        if let Some(denial) = denial {
            text = with_note(text, &denial);
        }
        ToolOutput::failed(text)
    }

    /// Tells whether the sandbox has refused something to a command that failed.
    fn explain(&self, text: &str, status: ExitStatus, context: &ToolContext) -> Option<String> {
        let sandbox = self.shell.sandbox_of(context.confinement)?;
        let denial = sandbox.explain(text, status.code())?;
        Some(denial.for_model())
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
        let outcome = self.begin(arguments, context);
        outcome.map(|outcome| outcome.output).boxed()
    }

    fn begin<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, CallOutcome> {
        async move {
            let mut background = None;
            let output = answer(&self.definition, arguments, async |arguments| {
                self.execute(arguments, context, &mut background).await
            })
            .await;
            CallOutcome {
                output,
                background: background.map(|job| job.background_end().boxed()),
            }
        }
        .boxed()
    }

    fn resources(&self, arguments: &Map<String, Value>, _workspace: &Path) -> Vec<Resource> {
        let Some(line) = arguments.get("command").and_then(Value::as_str) else {
            return Vec::new();
        };
        let is_outside = match arguments.get("outside_sandbox") {
            Some(Value::Bool(is_outside)) => *is_outside,
            // As the reading of arguments mends it.
            Some(Value::String(text)) => text.trim().eq_ignore_ascii_case("true"),
            _ => false,
        };
        let confinement = if is_outside {
            Confinement::Free
        } else {
            self.shell.usual_confinement()
        };
        vec![Resource::Command {
            line: line.to_owned(),
            confinement,
        }]
    }

    fn take_notices(&self) -> Vec<String> {
        self.shell.jobs().take_notices()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        self.shell.shutdown().boxed()
    }
}

/// Follows a command until it ends, its own time is up, or nobody waits any longer.
async fn follow(
    running: &mut Running,
    job: &Job,
    deadline: Instant,
    context: &ToolContext,
) -> Progress {
    let take = |piece: &[u8]| job.push(piece, Some(&context.progress));
    let limit = job.deadline().filter(|limit| limit.at <= deadline);
    let until = limit.map_or(deadline, |limit| limit.at);
    match (running.follow(Some(until), take).await, limit) {
        (Some(status), _) => {
            let ending = Ending::of(status);
            if running.drain(take).await {
                Progress::LeftBehind(ending)
            } else {
                Progress::Ended(ending)
            }
        }
        (None, Some(limit)) => {
            running.kill().await;
            running.drain(take).await;
            Progress::Ended(Ending::TimedOut(limit.after))
        }
        (None, None) => Progress::GoesOn,
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
