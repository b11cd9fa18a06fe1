//! What can be read from the tool calls of a conversation without a model: the to-do list, the
//! files, and the steps that were taken.

use std::collections::HashSet;
use std::sync::Arc;

use super::shorten::shorten;
use super::{Carried, TouchedFile};
use crate::message::{ContentBlock, Message, Role, ToolCall};
use crate::tool::ToolDefinition;

/// The tool whose last call holds the to-do list.
const TODO_TOOL: &str = "todo_write";

/// The tool that names its files within a patch.
const PATCH_TOOL: &str = "apply_patch";

/// Arguments of tools that name a file.
const FILE_ARGUMENTS: [&str; 2] = ["file_path", "notebook_path"];

/// Lines of a patch that name a file, by their beginning.
const PATCH_HEADERS: [&str; 4] = [
    "*** Add File: ",
    "*** Update File: ",
    "*** Delete File: ",
    "*** Move to: ",
];

/// The most files that are named; older ones are forgotten.
const MAX_FILES: usize = 60;

/// Length of one step's line, in bytes.
const STEP_BYTES: usize = 300;

/// Adds to `carried` what the calls of `conversation` have done.
pub(crate) fn collect(
    mut carried: Carried,
    conversation: &[Arc<Message>],
    tools: &[ToolDefinition],
) -> Carried {
    let failed = failed_calls(conversation);
    let calls = conversation
        .iter()
        .flat_map(|message| message.tool_calls())
        .filter(|call| !failed.contains(call.id.as_str()));
    for call in calls {
        if call.name == TODO_TOOL {
            carried.todo = Some(call.arguments.clone());
            continue;
        }
        let changed = tools
            .iter()
            .find(|tool| tool.name == call.name)
            .is_some_and(|tool| !tool.access.changes_nothing());
        for path in files_of(call) {
            touch(&mut carried.files, path, changed);
        }
    }
    let excess = carried.files.len().saturating_sub(MAX_FILES);
    carried.files.drain(..excess);
    carried
}

fn touch(files: &mut Vec<TouchedFile>, path: String, changed: bool) {
    let known = files.iter().position(|file| file.path == path);
    let before = known.map(|position| files.remove(position));
    files.push(TouchedFile {
        changed: changed || before.is_some_and(|before| before.changed),
        path,
    });
}

/// Returns the ids of calls whose result is an error.
fn failed_calls(conversation: &[Arc<Message>]) -> HashSet<&str> {
    conversation
        .iter()
        .flat_map(|message| message.results())
        .filter(|result| result.is_error)
        .map(|result| result.tool_use_id.as_str())
        .collect()
}

fn files_of(call: &ToolCall) -> Vec<String> {
    let Ok(arguments) = call.parse_arguments() else {
        return Vec::new();
    };
    if call.name == PATCH_TOOL {
        let lines = arguments
            .values()
            .filter_map(|value| value.as_str())
            .flat_map(str::lines);
        return lines
            .filter_map(|line| {
                let mut headers = PATCH_HEADERS.iter();
                headers.find_map(|header| line.strip_prefix(header))
            })
            .map(|path| path.trim().to_owned())
            .collect();
    }
    FILE_ARGUMENTS
        .iter()
        .filter_map(|name| arguments.get(*name)?.as_str())
        .map(str::to_owned)
        .collect()
}

/// Tells in one line each, and in at most `limit` bytes, what the model said and called, and
/// whether the calls succeeded: the first steps and the last.
pub(crate) fn outline(conversation: &[Arc<Message>], limit: usize) -> String {
    let failed = failed_calls(conversation);
    let mut steps = Vec::new();
    let answers = conversation
        .iter()
        .filter(|message| message.role == Role::Assistant);
    for block in answers.flat_map(|message| &message.content) {
        match block {
            ContentBlock::ToolUse(call) => {
                let verdict = match failed.contains(call.id.as_str()) {
                    true => "failed",
                    false => "done",
                };
                let arguments = one_line(&call.arguments);
                steps.push(format!("- {} {arguments}: {verdict}", call.name));
            }
            ContentBlock::Text { text, .. } => {
                steps.push(format!("- you said: {}", one_line(text)))
            }
            _ => {}
        }
    }
    shorten(&steps.join("\n"), limit).into_owned()
}

fn one_line(text: &str) -> String {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    shorten(&folded, STEP_BYTES).replace('\n', " ")
}
