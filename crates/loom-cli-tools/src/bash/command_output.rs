//! The tool `command_output`: what a command in the background has printed since the last time.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{ToolAccess, ToolContext, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::shell::Shell;
use super::{MAX_TIMEOUT, with_note};
use crate::arguments::{answer, definition};
use crate::tool::Tool;

/// Tells the model about commands in the background.
pub(crate) struct CommandOutputTool {
    definition: ToolDefinition,
    shell: Arc<Shell>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// Id of the command, as bash gave it. Without it all commands are listed.
    command_id: Option<String>,
    /// How long to wait for the command to end, in milliseconds. Not at all by default.
    wait_ms: Option<u64>,
}

impl CommandOutputTool {
    /// Makes the tool.
    pub(crate) fn new(shell: Arc<Shell>) -> Self {
        Self {
            definition: definition::<Arguments>(
                "command_output",
                include_str!("command_output.md"),
                ToolAccess::Read,
            ),
            shell,
        }
    }
}

impl Tool for CommandOutputTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        _context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(&self.definition, arguments, async |arguments: Arguments| {
            let jobs = self.shell.jobs();
            let Some(id) = arguments.command_id else {
                return Ok(ToolOutput::completed(jobs.list()));
            };
            let job = jobs.get(&id)?;
            let wait = Duration::from_millis(arguments.wait_ms.unwrap_or(0)).min(MAX_TIMEOUT);
            // That it did not end in time is told below.
            let _ = timeout(wait, job.ended()).await;
            let ending = job.ending();
            let mut text = job.take_output();
            if text.is_empty() {
                text.push_str("(no new output)");
            }
            let state = match ending {
                Some(ending) => {
                    jobs.mark_told(&job);
                    ending.describe()
                }
                None => job.age(),
            };
            Ok(ToolOutput::completed(with_note(
                text,
                &format!("({state})"),
            )))
        })
        .boxed()
    }
}
