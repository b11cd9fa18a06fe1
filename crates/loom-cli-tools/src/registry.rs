//! The set of tools that a session works with.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{Resource, ToolAccess, ToolCall, ToolContext, ToolDefinition, ToolOutput};
use serde_json::error::Category;

use crate::arguments::shape;
use crate::bash::BashTool;
use crate::edit_file::EditFileTool;
use crate::glob::GlobTool;
use crate::grep::GrepTool;
use crate::list_files::ListFilesTool;
use crate::read_file::ReadFileTool;
use crate::seen::SeenFiles;
use crate::tool::Tool;

/// How much a tool may take and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolLimits {
    /// How long a command may run when its call does not say.
    pub bash_timeout: Duration,
    /// How many bytes of text one call may give to the model.
    pub max_output_bytes: usize,
}

impl Default for ToolLimits {
    /// Two minutes, and 30,000 bytes: below ten thousand tokens.
    fn default() -> Self {
        Self {
            bash_timeout: Duration::from_secs(120),
            max_output_bytes: 30_000,
        }
    }
}

/// The tools of a session, under their names.
pub struct ToolRegistry {
    tools: Vec<Box<dyn Tool>>,
}

impl ToolRegistry {
    /// Makes a registry of `tools`, in this order. Of two tools with the same name the first wins.
    pub fn new(tools: Vec<Box<dyn Tool>>) -> Self {
        Self { tools }
    }

    /// Makes the registry of Loom's own tools.
    ///
    /// `environment` is what commands inherit, but for Loom's own secrets and the keys of model
    /// providers. The registry remembers the files that were read through it, so each session has
    /// its own.
    pub fn builtin(
        limits: ToolLimits,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let seen = Arc::new(SeenFiles::default());
        Self::new(vec![
            Box::new(ReadFileTool::new(limits, Arc::clone(&seen))),
            Box::new(ListFilesTool::new(limits)),
            Box::new(GlobTool::new(limits)),
            Box::new(GrepTool::new(limits)),
            Box::new(EditFileTool::new(limits, seen)),
            Box::new(BashTool::new(limits, environment)),
        ])
    }

    /// Returns what the model is told about the tools, always in the same order.
    pub fn definitions(&self) -> Vec<ToolDefinition> {
        self.tools
            .iter()
            .map(|tool| tool.definition().clone())
            .collect()
    }

    /// Returns the names of the tools, always in the same order.
    pub fn names(&self) -> Vec<String> {
        self.tools
            .iter()
            .map(|tool| tool.definition().name.clone())
            .collect()
    }

    /// Returns what the tool `name` can touch, or `None` when there is no such tool.
    pub fn access(&self, name: &str) -> Option<ToolAccess> {
        self.get(name).map(|tool| tool.definition().access)
    }

    /// Returns what `call` touches outside its tool; nothing when it cannot run.
    pub fn resources(&self, call: &ToolCall, workspace: &Path) -> Vec<Resource> {
        let tool = self.get(&call.name).zip(call.parse_arguments().ok());
        tool.map(|(tool, arguments)| tool.resources(&arguments, workspace))
            .unwrap_or_default()
    }

    /// Does what `call` asks. Whatever goes wrong becomes a failed output that helps the model to
    /// mend its call. Dropping the future cancels the call.
    pub fn run<'a>(
        &'a self,
        call: &ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        let Some(tool) = self.get(&call.name) else {
            let text = format!(
                "There is no tool {:?}. The tools are: {}.",
                call.name,
                self.names().join(", ")
            );
            return futures::future::ready(ToolOutput::failed(text)).boxed();
        };
        match call.parse_arguments() {
            Ok(arguments) => tool.run(arguments, context),
            Err(error) => {
                let output = unparsable(tool.definition(), &call.arguments, &error);
                futures::future::ready(output).boxed()
            }
        }
    }

    /// Waits until nothing of the calls that were cancelled is under way any more.
    pub async fn settled(&self) {
        for tool in &self.tools {
            tool.settled().await;
        }
    }

    fn get(&self, name: &str) -> Option<&dyn Tool> {
        self.tools
            .iter()
            .find(|tool| tool.definition().name == name)
            .map(AsRef::as_ref)
    }
}

impl std::fmt::Debug for ToolRegistry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("ToolRegistry")
            .field(&self.names())
            .finish()
    }
}

/// Makes the output for arguments that are not a JSON object.
fn unparsable(
    definition: &ToolDefinition,
    arguments: &str,
    error: &serde_json::Error,
) -> ToolOutput {
    let advice = match error.classify() {
        Category::Eof => {
            "The text ends too early: perhaps the answer was cut off. Make the call again, in \
             smaller pieces if it was long."
        }
        Category::Data => "The arguments go into an object, each under its name.",
        Category::Syntax | Category::Io => {
            "Inside strings, quotes and backslashes are escaped with a backslash and line ends \
             are written \\n. Make the call again."
        }
    };
    ToolOutput::failed(format!(
        "The arguments of {} are not a JSON object: {error}.\nNear the error: {}\n{advice}\nExpected: {}",
        definition.name,
        near(arguments, error.line(), error.column()),
        shape(definition)
    ))
}

/// Returns the text around a place given by line and column, both from 1, column in bytes.
fn near(text: &str, line: usize, column: usize) -> String {
    const AROUND: usize = 60;
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let start = line.floor_char_boundary(column.saturating_sub(AROUND));
    let end = line.ceil_char_boundary((column + AROUND).min(line.len()));
    line.get(start..end).unwrap_or_default().to_owned()
}
