//! Loom's tools under the names and with the arguments that hooks written for Claude Code know.
//!
//! A patch is the one tool without a counterpart. It is shown as one call for each file that it
//! touches, so that a hook which guards or formats files sees every one of them.

use std::path::Path;

use loom_common_core::{PermissionMode, ToolOutput};
use serde_json::{Map, Value, json};

use crate::event::ToolUse;

/// A tool of Loom's and its counterpart.
struct Counterpart {
    loom: &'static str,
    claude: &'static str,
    /// Other names that matchers may know it by.
    aliases: &'static [&'static str],
    /// The argument that is a path, by Loom's name.
    path: Option<&'static str>,
    /// Arguments with another name: Loom's, Claude's.
    renamed: &'static [(&'static str, &'static str)],
}

/// Makes the entry of a tool whose arguments are called the same.
const fn tool(loom: &'static str, claude: &'static str) -> Counterpart {
    Counterpart {
        loom,
        claude,
        aliases: &[],
        path: None,
        renamed: &[],
    }
}

const PATCH: &str = "apply_patch";

const COUNTERPARTS: &[Counterpart] = &[
    Counterpart {
        renamed: &[("timeout_ms", "timeout")],
        ..tool("bash", "Bash")
    },
    Counterpart {
        path: Some("file_path"),
        ..tool("read_file", "Read")
    },
    Counterpart {
        path: Some("file_path"),
        ..tool("view_image", "Read")
    },
    Counterpart {
        path: Some("file_path"),
        aliases: &["MultiEdit"],
        ..tool("edit_file", "Edit")
    },
    Counterpart {
        path: Some("file_path"),
        ..tool("write_file", "Write")
    },
    Counterpart {
        aliases: &["Write", "MultiEdit"],
        ..tool(PATCH, "Edit")
    },
    Counterpart {
        path: Some("notebook_path"),
        ..tool("edit_notebook", "NotebookEdit")
    },
    Counterpart {
        path: Some("path"),
        ..tool("list_files", "LS")
    },
    Counterpart {
        path: Some("path"),
        ..tool("glob", "Glob")
    },
    Counterpart {
        path: Some("path"),
        renamed: &[
            ("context", "-C"),
            ("before_context", "-B"),
            ("after_context", "-A"),
            ("case_insensitive", "-i"),
        ],
        ..tool("grep", "Grep")
    },
    Counterpart {
        renamed: &[("command_id", "bash_id")],
        ..tool("command_output", "BashOutput")
    },
    Counterpart {
        renamed: &[("command_id", "shell_id")],
        ..tool("command_stop", "KillShell")
    },
    tool("web_fetch", "WebFetch"),
    tool("web_search", "WebSearch"),
    tool("todo_write", "TodoWrite"),
    tool("ask_user", "AskUserQuestion"),
    tool("present_plan", "ExitPlanMode"),
    Counterpart {
        aliases: &["Agent"],
        ..tool("task", "Task")
    },
];

fn counterpart(loom: &str) -> Option<&'static Counterpart> {
    COUNTERPARTS.iter().find(|tool| tool.loom == loom)
}

/// A call as a hook sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShownCall {
    pub(crate) tool_name: String,
    pub(crate) tool_input: Map<String, Value>,
}

/// Returns Loom's tools that are known by a name of Claude Code's, or by their own.
pub fn tools_known_as(name: &str) -> Vec<&'static str> {
    let tools = COUNTERPARTS.iter().map(|tool| tool.loom);
    tools.filter(|loom| names(loom).contains(&name)).collect()
}

/// Returns the names by which a matcher can know the tool: Loom's and all others.
pub(crate) fn names(loom: &str) -> Vec<&str> {
    let mut names = vec![loom];
    if let Some(tool) = counterpart(loom) {
        names.push(tool.claude);
        names.extend(tool.aliases);
    }
    names
}

/// Returns the call as hooks see it: one, or for a patch one for each file.
pub(crate) fn shown(call: &ToolUse<'_>, workspace: &Path) -> Vec<ShownCall> {
    if call.name == PATCH {
        let files = patched(call.arguments, workspace);
        if !files.is_empty() {
            return files;
        }
    }
    let Some(tool) = counterpart(call.name) else {
        return vec![ShownCall {
            tool_name: call.name.to_owned(),
            tool_input: call.arguments.clone(),
        }];
    };
    let tool_input = call
        .arguments
        .iter()
        .map(|(name, value)| {
            let renamed = tool.renamed.iter().find(|(loom, _)| loom == name);
            let value = match value.as_str() {
                Some(path) if tool.path == Some(name) => absolute(workspace, path),
                _ => value.clone(),
            };
            (
                renamed
                    .map_or(name.as_str(), |(_, claude)| claude)
                    .to_owned(),
                value,
            )
        })
        .collect();
    vec![ShownCall {
        tool_name: tool.claude.to_owned(),
        tool_input,
    }]
}

/// Tells whether hooks can change the arguments of the tool: what they see of a patch is not what
/// is run.
pub(crate) fn is_changeable(loom: &str) -> bool {
    loom != PATCH
}

/// Turns the arguments that a hook returned into those of Loom's tool.
pub(crate) fn arguments(loom: &str, input: Map<String, Value>) -> Map<String, Value> {
    let renamed = counterpart(loom).map_or(&[][..], |tool| tool.renamed);
    input
        .into_iter()
        .map(|(name, value)| {
            let ours = renamed.iter().find(|(_, claude)| *claude == name);
            (ours.map_or(name, |(loom, _)| (*loom).to_owned()), value)
        })
        .collect()
}

/// Returns what a tool that did its work gave back, as hooks see it.
pub(crate) fn response(call: &ShownCall, output: &ToolOutput) -> Value {
    let text = output.text();
    if call.tool_name == "Bash" {
        return json!({"stdout": text, "stderr": "", "interrupted": false, "success": true});
    }
    match call.tool_input.get("file_path") {
        Some(path) => json!({"filePath": path, "success": true, "content": text}),
        None => json!({"success": true, "content": text}),
    }
}

/// Returns what Claude Code calls a mode.
pub(crate) fn mode(mode: PermissionMode) -> &'static str {
    match mode {
        PermissionMode::Plan => "plan",
        PermissionMode::Ask => "default",
        PermissionMode::Auto => "auto",
        PermissionMode::Full => "bypassPermissions",
    }
}

/// Returns one call for each file that a patch names.
fn patched(arguments: &Map<String, Value>, workspace: &Path) -> Vec<ShownCall> {
    let Some(patch) = arguments
        .values()
        .filter_map(Value::as_str)
        .find(|text| text.contains("*** Begin Patch"))
    else {
        return Vec::new();
    };
    patch
        .lines()
        .filter_map(|line| {
            let (what, path) = line.trim_end().strip_prefix("*** ")?.split_once(": ")?;
            let tool_name = match what {
                "Add File" => "Write",
                "Update File" | "Delete File" | "Move to" => "Edit",
                _ => return None,
            };
            let tool_input = [
                ("file_path".to_owned(), absolute(workspace, path)),
                ("patch".to_owned(), Value::from(patch)),
            ];
            Some(ShownCall {
                tool_name: tool_name.to_owned(),
                tool_input: tool_input.into_iter().collect(),
            })
        })
        .collect()
}

/// Returns a path from the root of the file system, as hooks expect it.
fn absolute(workspace: &Path, path: &str) -> Value {
    Value::from(workspace.join(path).to_string_lossy())
}
