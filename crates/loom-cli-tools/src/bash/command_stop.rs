//! The tool `command_stop`: ends a command in the background.
//!
//! It counts as a reading tool, as far as permission goes: it ends only what the session itself was
//! permitted to start.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{ToolAccess, ToolContext, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::shell::Shell;
use super::with_note;
use crate::arguments::{answer, definition};
use crate::tool::Tool;

/// Ends commands in the background for the model.
pub(crate) struct CommandStopTool {
    definition: ToolDefinition,
    shell: Arc<Shell>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// Id of the command, as bash gave it.
    command_id: String,
}

impl CommandStopTool {
    /// Makes the tool.
    pub(crate) fn new(shell: Arc<Shell>) -> Self {
        Self {
            definition: definition::<Arguments>(
                "command_stop",
                include_str!("command_stop.md"),
                ToolAccess::Read,
            ),
            shell,
        }
    }
}

impl Tool for CommandStopTool {
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
            let job = jobs.get(&arguments.command_id)?;
            job.stop();
            job.ended().await;
            jobs.mark_told(&job);
            let ending = job.ending().map(|ending| ending.describe());
            let note = format!("({})", ending.unwrap_or_default());
            Ok(ToolOutput::completed(with_note(job.take_output(), &note)))
        })
        .boxed()
    }
}
