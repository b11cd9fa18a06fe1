//! The tools that are part of the session itself: the list of what is to do, questions to the
//! person, the plan, and subagents.
//!
//! They are no [`Tool`](loom_cli_tools::Tool)s of the registry, because what they work on is the
//! session: they ask through the call's [`CallSite`](crate::inquiries::CallSite), and what they say
//! is drawn as more than the output of a tool.

mod ask_user;
mod present_plan;
mod task;
mod todo_write;

use loom_cli_tools::definition;
use loom_common_core::{PermissionMode, ToolAccess, ToolCall, ToolDefinition, ToolOutput};

use crate::begin;
use crate::calls::ToolRunner;
use crate::inquiries::CallSite;
use crate::subagents::Subagents;

pub use task::SUBAGENT_KINDS;
pub(crate) use task::{Subagent, SubagentKind};
pub use todo_write::todo_list;

/// Name of the tool that keeps the list of what is to do.
pub(crate) const TODO_WRITE: &str = "todo_write";
/// Name of the tool that asks the person.
pub(crate) const ASK_USER: &str = "ask_user";
/// Name of the tool that ends plan mode.
pub(crate) const PRESENT_PLAN: &str = "present_plan";
/// Name of the tool that hands work to a subagent.
pub(crate) const TASK: &str = "task";

/// Returns the session's own tools that a subagent has.
pub(crate) fn of_subagents() -> Vec<ToolDefinition> {
    let mut definitions = definitions(None);
    definitions.retain(|definition| definition.name == TODO_WRITE);
    definitions
}

/// Returns what the model is told of the session's own tools, always in the same order. Without
/// subagents there is no tool to call one.
pub(crate) fn definitions(subagents: Option<&Subagents>) -> Vec<ToolDefinition> {
    let mut definitions = vec![
        definition::<todo_write::Arguments>(
            TODO_WRITE,
            include_str!("tools/todo_write.md"),
            ToolAccess::Read,
        ),
        definition::<ask_user::Arguments>(
            ASK_USER,
            include_str!("tools/ask_user.md"),
            ToolAccess::Read,
        ),
        definition::<present_plan::Arguments>(
            PRESENT_PLAN,
            include_str!("tools/present_plan.md"),
            ToolAccess::Read,
        ),
    ];
    definitions.extend(subagents.map(|subagents| task::tool(&subagents.definitions)));
    definitions
}

/// What came of a call of one of the session's own tools.
pub(crate) struct SessionOutput {
    /// What the model sees.
    pub(crate) output: ToolOutput,
    /// The mode that the person has set by their answer.
    pub(crate) mode: Option<PermissionMode>,
}

impl From<ToolOutput> for SessionOutput {
    fn from(output: ToolOutput) -> Self {
        Self { output, mode: None }
    }
}

/// Runs a call of one of the session's own tools.
pub(crate) async fn run(
    definition: &ToolDefinition,
    call: &ToolCall,
    runner: &ToolRunner,
    site: &CallSite,
) -> SessionOutput {
    // A call that does not parse never comes here.
    let arguments = call.parse_arguments().unwrap_or_default();
    let person = runner.person.get();
    match definition.name.as_str() {
        TODO_WRITE => todo_write::run(definition, arguments).await.into(),
        ASK_USER => ask_user::run(definition, arguments, &person, site)
            .await
            .into(),
        PRESENT_PLAN => {
            let mode = runner.mode.get();
            present_plan::run(definition, arguments, mode, &person, site).await
        }
        _ => task::run(definition, arguments, site, async |kind: String| {
            begin::subagent(runner, &kind).await
        })
        .await
        .into(),
    }
}
