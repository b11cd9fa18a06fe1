//! What a tool is to the model, to the agent and to its runner.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::message::{ToolResult, ToolResultContent};

/// A tool as the model is told about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolDefinition {
    /// Name, unique among the tools of a request.
    pub name: String,
    /// What it does and how to use it well, for the model.
    pub description: String,
    /// JSON Schema of the arguments: an object.
    pub input_schema: Value,
    /// What the tool can touch. Decides about permission and about running side by side.
    #[serde(default)]
    pub access: ToolAccess,
}

/// What a tool can touch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ToolAccess {
    /// Reads only. Calls may run side by side.
    Read,
    /// Changes files of the workspace.
    Write,
    /// Can do anything that the person can.
    #[default]
    Execute,
    /// Sends something out to the network, such as the address of a page, and changes nothing
    /// here. Calls may run side by side.
    Network,
}

impl ToolAccess {
    /// Tells whether calls leave everything on this machine as it is, and so may run side by side.
    pub fn changes_nothing(self) -> bool {
        matches!(self, Self::Read | Self::Network)
    }
}

/// Something outside itself that a tool call touches: what rules of permission are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// A file or folder that is read: absolute, `.` and `..` resolved.
    Read(PathBuf),
    /// A file or folder that is made, changed or deleted: absolute, `.` and `..` resolved.
    Write(PathBuf),
    /// A line for the shell.
    Command {
        /// The line, of one or more commands.
        line: String,
        /// Where the model wants it to run.
        confinement: Confinement,
    },
    /// An address on the network.
    Url(String),
}

/// Whether what a tool starts is kept in the sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confinement {
    /// It runs in the sandbox.
    #[default]
    Sandboxed,
    /// It can do what the person can.
    Free,
}

/// How much the agent may do without asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PermissionMode {
    /// Reads only, and ends in a plan that the person approves.
    Plan,
    /// Reads; edits and commands ask.
    Ask,
    /// Reads, edits inside the workspace, and runs commands in the sandbox; what needs more asks.
    #[default]
    Auto,
    /// Everything, without asking and without a sandbox.
    Full,
}

impl fmt::Display for PermissionMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Plan => "plan",
            Self::Ask => "ask",
            Self::Auto => "auto",
            Self::Full => "full",
        })
    }
}

/// What a tool is given to work with, apart from its arguments.
///
/// A call is cancelled by dropping its future: a tool that has started something outside the
/// future (a process, a thread) ends it when it is dropped.
#[derive(Clone, Debug)]
pub struct ToolContext {
    /// The folder that the agent works in: absolute, with symbolic links resolved.
    pub workspace: PathBuf,
    /// Where output goes while the tool runs.
    pub progress: ProgressSink,
    /// Whether what the call starts is kept in the sandbox, as was decided for this call.
    pub confinement: Confinement,
    /// What the call may touch: the resources that its tool named for it before, now permitted.
    /// The tool touches no other path, even when a symbolic link has come to lead elsewhere since.
    /// Without it paths end at the workspace.
    pub permitted: Option<Vec<Resource>>,
    /// Which of the files and folders below a permitted folder may be read.
    pub readable: ReadFilter,
}

/// Tells which of the files and folders below a folder a call may read.
///
/// A call that searches a folder was judged by the folder; what is in it may be withheld all the
/// same. Of a folder that is withheld not even the names inside are told.
#[derive(Clone)]
pub struct ReadFilter(Arc<dyn Fn(&Path) -> bool + Send + Sync>);

impl ReadFilter {
    /// Makes a filter that lets those paths through, absolute and with symbolic links resolved, for
    /// which `admits` is true. It is asked for each file of a search, on several threads.
    pub fn new(admits: impl Fn(&Path) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(admits))
    }

    /// Makes a filter that lets everything through.
    pub fn everything() -> Self {
        Self::new(|_| true)
    }

    /// Tells whether the file or folder may be read.
    pub fn admits(&self, path: &Path) -> bool {
        (self.0)(path)
    }
}

impl fmt::Debug for ReadFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ReadFilter")
    }
}

/// Takes the output of a tool while it runs, piece by piece.
#[derive(Clone)]
pub struct ProgressSink(Arc<dyn Fn(&str) + Send + Sync>);

impl ProgressSink {
    /// Makes a sink that hands each piece to `receive`.
    pub fn new(receive: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(receive))
    }

    /// Makes a sink that drops everything.
    pub fn discard() -> Self {
        Self::new(|_| {})
    }

    /// Passes a piece on. Must not block.
    pub fn send(&self, piece: &str) {
        (self.0)(piece);
    }
}

impl fmt::Debug for ProgressSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProgressSink")
    }
}

/// How a tool call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// It did what it was asked to do.
    Completed,
    /// It could not; the output says why.
    Failed,
    /// It was not allowed to run.
    Denied,
    /// It was stopped before its end.
    Cancelled,
}

/// What a tool call came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolOutput {
    /// How it ended.
    pub status: ToolStatus,
    /// What the model sees.
    pub content: Vec<ToolResultContent>,
    /// The files that the call changed.
    pub changes: Vec<FileChange>,
}

impl ToolOutput {
    /// Makes the output of a call that succeeded and changed nothing.
    pub fn completed(text: impl Into<String>) -> Self {
        Self::with_status(ToolStatus::Completed, text)
    }

    /// Makes the output of a call that failed.
    pub fn failed(text: impl Into<String>) -> Self {
        Self::with_status(ToolStatus::Failed, text)
    }

    /// Makes the output of a call that was not allowed to run.
    pub fn denied(text: impl Into<String>) -> Self {
        Self::with_status(ToolStatus::Denied, text)
    }

    /// Makes the output of a call that was stopped.
    pub fn cancelled(text: impl Into<String>) -> Self {
        Self::with_status(ToolStatus::Cancelled, text)
    }

    fn with_status(status: ToolStatus, text: impl Into<String>) -> Self {
        Self {
            status,
            content: vec![ToolResultContent::text(text)],
            changes: Vec::new(),
        }
    }

    /// Returns the text parts, joined by line ends.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for part in &self.content {
            if let ToolResultContent::Text { text: part } = part {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(part);
            }
        }
        text
    }

    /// Turns the output into the block that answers the call `tool_use_id`.
    pub fn into_result(self, tool_use_id: impl Into<String>) -> ToolResult {
        ToolResult {
            tool_use_id: tool_use_id.into(),
            content: self.content,
            is_error: self.status != ToolStatus::Completed,
        }
    }
}

/// A file that a tool changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileChange {
    /// Path relative to the workspace.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Unified diff with three lines of context, without a header.
    pub diff: String,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It has other content.
    Modified,
    /// It is gone.
    Deleted,
}
