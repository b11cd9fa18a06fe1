//! What a tool call looks like in an editor: a title, a kind that picks its icon, and the places that
//! it touches, so that the editor can follow.

use std::path::{Path, PathBuf};

use agent_client_protocol::v1::schema::{ToolCallLocation, ToolKind};
use serde_json::Value;

/// Longest title, in characters.
const MAX_TITLE: usize = 120;

/// Arguments that say most about a call of a tool that is not known here, the best first.
const TELLING: [&str; 7] = [
    "command",
    "path",
    "url",
    "query",
    "pattern",
    "name",
    "description",
];

/// Arguments that name a file or folder.
const PATHS: [&str; 3] = ["file_path", "notebook_path", "path"];

/// How a call is shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Face {
    pub(crate) title: String,
    pub(crate) kind: ToolKind,
    pub(crate) locations: Vec<ToolCallLocation>,
}

/// Returns how a call of the tool `name` is shown. Paths are relative to `folder`.
pub(crate) fn face(name: &str, arguments: &Value, folder: &Path) -> Face {
    let text = |field: &str| arguments.get(field).and_then(Value::as_str);
    let path = PATHS.iter().find_map(|field| text(field));
    let file = path.unwrap_or("…");
    let (title, kind) = match name {
        "read_file" => (format!("Read {file}"), ToolKind::Read),
        "view_image" => (format!("Look at {file}"), ToolKind::Read),
        "write_file" => (format!("Write {file}"), ToolKind::Edit),
        "edit_file" | "edit_notebook" => (format!("Edit {file}"), ToolKind::Edit),
        "apply_patch" => ("Apply a patch".to_owned(), ToolKind::Edit),
        "bash" => (code(text("command").unwrap_or("…")), ToolKind::Execute),
        "command_output" => ("Look at a command's output".to_owned(), ToolKind::Execute),
        "command_stop" => ("Stop a command".to_owned(), ToolKind::Execute),
        "grep" => (
            searched("Search for", text("pattern"), path),
            ToolKind::Search,
        ),
        "glob" => (searched("Find", text("pattern"), path), ToolKind::Search),
        "list_files" => (
            format!("List {}", path.unwrap_or("the folder")),
            ToolKind::Search,
        ),
        "web_fetch" => (
            format!("Fetch {}", text("url").unwrap_or("a page")),
            ToolKind::Fetch,
        ),
        "web_search" => (
            searched("Search the web for", text("query"), None),
            ToolKind::Fetch,
        ),
        "task" => (
            format!("Subagent: {}", text("description").unwrap_or("a task")),
            ToolKind::Think,
        ),
        "todo_write" => ("Plan the work".to_owned(), ToolKind::Think),
        "present_plan" => ("Present a plan".to_owned(), ToolKind::SwitchMode),
        "ask_user" => (
            text("question").unwrap_or("A question").to_owned(),
            ToolKind::Other,
        ),
        "read_mcp_resource" | "list_mcp_resources" | "tool_search" => {
            (other(name, arguments), ToolKind::Search)
        }
        _ => (other(name, arguments), ToolKind::Other),
    };
    let locations = match (kind, path) {
        (ToolKind::Read | ToolKind::Edit, Some(path)) => {
            let line = arguments.get("offset").and_then(Value::as_u64);
            let line = line.and_then(|line| u32::try_from(line.max(1)).ok());
            vec![ToolCallLocation::new(absolute(folder, path)).line(line)]
        }
        _ => Vec::new(),
    };
    Face {
        title: one_line(&title),
        kind,
        locations,
    }
}

/// Returns a path of a tool's as an absolute one.
pub(crate) fn absolute(folder: &Path, path: &str) -> PathBuf {
    folder.join(path)
}

fn searched(what: &str, pattern: Option<&str>, path: Option<&str>) -> String {
    let pattern = code(pattern.unwrap_or("…"));
    match path {
        Some(path) => format!("{what} {pattern} in {path}"),
        None => format!("{what} {pattern}"),
    }
}

/// Titles are Markdown to most editors.
fn code(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.contains('`') {
        true => format!("`` {text} ``"),
        false => format!("`{text}`"),
    }
}

/// Names the tool of a server as that server calls it.
fn other(name: &str, arguments: &Value) -> String {
    let called = match name
        .strip_prefix("mcp__")
        .and_then(|rest| rest.split_once("__"))
    {
        Some((server, tool)) => format!("{server}: {tool}"),
        None => name.to_owned(),
    };
    let telling = |field: &&str| arguments.get(*field)?.as_str();
    match TELLING.iter().find_map(telling) {
        Some(subject) => format!("{called} {subject}"),
        None => called,
    }
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_TITLE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_are_named_for_people_with_a_kind_and_places() {
        let titles = [
            ("read_file", json!({"file_path": "a.rs", "offset": 7})),
            ("edit_notebook", json!({"notebook_path": "n.ipynb"})),
            ("bash", json!({"command": "echo `date`\n  now"})),
            ("grep", json!({"pattern": "fn main", "path": "src"})),
            ("list_files", json!({})),
            ("web_search", json!({"query": "rust"})),
            ("task", json!({"description": "look around"})),
            ("mcp__issues__get_issue", json!({"name": "X-1"})),
            ("unheard_of", json!("not an object")),
        ]
        .map(|(name, arguments)| {
            let face = face(name, &arguments, Path::new("/work"));
            (face.title, face.kind)
        });
        assert_eq!(
            titles,
            [
                ("Read a.rs".to_owned(), ToolKind::Read),
                ("Edit n.ipynb".to_owned(), ToolKind::Edit),
                ("`` echo `date` now ``".to_owned(), ToolKind::Execute),
                ("Search for `fn main` in src".to_owned(), ToolKind::Search),
                ("List the folder".to_owned(), ToolKind::Search),
                ("Search the web for `rust`".to_owned(), ToolKind::Fetch),
                ("Subagent: look around".to_owned(), ToolKind::Think),
                ("issues: get_issue X-1".to_owned(), ToolKind::Other),
                ("unheard_of".to_owned(), ToolKind::Other),
            ]
        );
        let read = face(
            "read_file",
            &json!({"file_path": "a.rs", "offset": 7}),
            Path::new("/work"),
        );
        assert_eq!(
            read.locations,
            [ToolCallLocation::new("/work/a.rs").line(7)]
        );
        let long = face("bash", &json!({"command": "x".repeat(500)}), Path::new("/"));
        assert_eq!(long.title.chars().count(), MAX_TITLE + 1);
    }
}
