//! The tools that are part of the session itself: the list of what is to do, questions to the
//! person, the plan, and subagents.
//!
//! They are no [`Tool`](loom_cli_tools::Tool)s of the registry, because what they work on is the
//! session: they ask through the call's [`CallSite`](crate::inquiries::CallSite), and what they say
//! is drawn as more than the output of a tool.

mod ask_user;
mod present_plan;
mod todo_write;

use loom_cli_tools::definition;
use loom_common_core::{PermissionMode, ToolAccess, ToolCall, ToolDefinition, ToolOutput};

use crate::inquiries::{CallSite, Person};

pub(crate) use todo_write::todo_list;

/// Name of the tool that keeps the list of what is to do.
pub(crate) const TODO_WRITE: &str = "todo_write";
/// Name of the tool that asks the person.
pub(crate) const ASK_USER: &str = "ask_user";
/// Name of the tool that ends plan mode.
pub(crate) const PRESENT_PLAN: &str = "present_plan";

/// Returns what the model is told of the session's own tools, always in the same order.
pub(crate) fn definitions() -> Vec<ToolDefinition> {
    vec![
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
    ]
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

/// Runs `call` if it is one of the session's own tools.
pub(crate) async fn run(
    definition: &ToolDefinition,
    call: &ToolCall,
    mode: PermissionMode,
    person: &Person,
    site: &CallSite,
) -> SessionOutput {
    let arguments = match call.parse_arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            let text = format!(
                "The arguments of {} are not a JSON object: {error}. Make the call again.",
                call.name
            );
            return ToolOutput::failed(text).into();
        }
    };
    match definition.name.as_str() {
        TODO_WRITE => todo_write::run(definition, arguments).await.into(),
        ASK_USER => ask_user::run(definition, arguments, person, site)
            .await
            .into(),
        _ => present_plan::run(definition, arguments, mode, person, site).await,
    }
}
