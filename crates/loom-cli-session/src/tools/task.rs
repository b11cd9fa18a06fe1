//! `task`: a subagent with its own conversation, tools and budget, under the person's same rules.
//!
//! A subagent is a session like any other whose front end is the call: its items are drawn below the
//! call, its questions are asked as the call's, its last message is the call's output. It is driven
//! inside the call's own future, so what stops the call stops the subagent with all that it runs.

use futures::stream::{FuturesUnordered, StreamExt};
use loom_cli_tools::{ToolError, answer};
use loom_common_core::stream::{StreamError, ThreadEvent};
use loom_common_core::{Message, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::inquiries::CallSite;
use crate::operations::Report;
use crate::session::Session;

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Arguments {
    /// What it is about, in three to six words.
    #[expect(dead_code, reason = "for the person, who sees the arguments")]
    description: String,
    /// The task, with all that the subagent must know.
    prompt: String,
    /// What the subagent may do.
    #[serde(default)]
    kind: SubagentKind,
}

/// What a subagent may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubagentKind {
    /// Read and search only.
    #[default]
    Explore,
    /// All that the agent itself may.
    General,
}

pub(super) async fn run(
    definition: &ToolDefinition,
    arguments: Map<String, Value>,
    site: &CallSite,
    start: impl AsyncFnOnce(SubagentKind) -> Result<(Session, BoxFuture<'static, ()>), String>,
) -> ToolOutput {
    todo!()
}
