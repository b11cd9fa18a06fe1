//! `todo_write`: the list of what is to do. The conversation holds it: the newest call is the list.

use loom_cli_tools::{ToolError, answer};
use loom_common_core::stream::{TodoEntry, TodoStatus};
use loom_common_core::{ToolCall, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// More than a person reads.
const MAX_ENTRIES: usize = 100;

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Arguments {
    /// All entries, in the order in which they are to be done.
    todos: Vec<Todo>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Todo {
    /// What is to do, in a few words.
    content: String,
    /// How far it is.
    status: TodoStatus,
}

pub(super) async fn run(definition: &ToolDefinition, arguments: Map<String, Value>) -> ToolOutput {
    answer(definition, arguments, async |arguments: Arguments| {
        let todos = arguments.todos;
        if todos.len() > MAX_ENTRIES {
            return Err(ToolError::Failed(format!(
                "{} entries are too many; keep to {MAX_ENTRIES}.",
                todos.len()
            )));
        }
        let open = todos
            .iter()
            .filter(|todo| todo.status != TodoStatus::Completed)
            .count();
        let next = todos
            .iter()
            .find(|todo| todo.status == TodoStatus::InProgress)
            .or_else(|| todos.iter().find(|todo| todo.status == TodoStatus::Pending));
        Ok(ToolOutput::completed(match next {
            None => "The list is kept. All of it is done.".to_owned(),
            Some(next) => format!(
                "The list is kept: {open} of {} open. Go on with: {}",
                todos.len(),
                next.content
            ),
        }))
    })
    .await
}

/// Returns the list that `call` has written; none if it is no such call.
pub fn todo_list(call: &ToolCall) -> Option<Vec<TodoEntry>> {
    if call.name != super::TODO_WRITE {
        return None;
    }
    let arguments: Arguments = serde_json::from_str(&call.arguments).ok()?;
    let entry = |todo: Todo| TodoEntry {
        text: todo.content,
        status: todo.status,
    };
    Some(arguments.todos.into_iter().map(entry).collect())
}
