//! Errors of opening a path, with names that come near when there is nothing at it.

use std::fs::Metadata;
use std::io;

use ignore::Walk;
use similar::get_close_matches;

use crate::error::ToolError;
use crate::walk::{Withheld, walk};
use crate::workspace::{Workspace, WorkspacePath};

/// How many names are suggested.
const SUGGESTIONS: usize = 3;

/// How many entries of the workspace are looked at for a suggestion.
const MAX_ENTRIES: usize = 50_000;

/// How alike two names must be, between 0 and 1.
const LIKENESS: f32 = 0.6;

/// Returns what is known of the file or folder at `path`.
///
/// # Errors
///
/// As [`missing`], when there is nothing, or nothing that may be looked at.
pub(crate) fn require(
    workspace: &Workspace,
    path: &WorkspacePath,
    verb: &str,
) -> Result<Metadata, ToolError> {
    path.absolute
        .symlink_metadata()
        .map_err(|source| missing(workspace, path, verb, source))
}

/// Turns the failure to open `path` into the error that helps most.
pub(crate) fn missing(
    workspace: &Workspace,
    path: &WorkspacePath,
    verb: &str,
    source: io::Error,
) -> ToolError {
    if source.kind() != io::ErrorKind::NotFound {
        return ToolError::io(verb, &path.relative, source);
    }
    let near = names_near(workspace, path);
    let suggestion = if near.is_empty() {
        " Find files with glob or list_files.".to_owned()
    } else {
        format!(" Did you mean {}?", near.join(" or "))
    };
    ToolError::Missing {
        path: path.shown(),
        workspace: workspace.root().display().to_string(),
        suggestion,
    }
}

/// Returns the paths with the same file name elsewhere; if there are none, the names in the same
/// folder that look like it.
fn names_near(workspace: &Workspace, path: &WorkspacePath) -> Vec<String> {
    let Some(name) = path.relative.file_name().and_then(|name| name.to_str()) else {
        return Vec::new();
    };
    let Ok(top) = workspace.locate(".") else {
        return Vec::new();
    };
    let shown = |entry: &ignore::DirEntry| {
        let path = entry.path();
        let path = path.strip_prefix(workspace.root()).unwrap_or(path);
        path.display().to_string()
    };
    let withheld = Withheld::default();
    let everywhere: Walk = walk(workspace, &top, &withheld)
        .sort_by_file_name(Ord::cmp)
        .build();
    let namesakes: Vec<String> = everywhere
        .flatten()
        .take(MAX_ENTRIES)
        .filter(|entry| {
            entry
                .file_name()
                .to_str()
                .is_some_and(|other| other.eq_ignore_ascii_case(name))
        })
        .map(|entry| shown(&entry))
        .take(SUGGESTIONS)
        .collect();
    if !namesakes.is_empty() {
        return namesakes;
    }
    let Some(folder) = path.relative.parent().and_then(|folder| folder.to_str()) else {
        return Vec::new();
    };
    let folder = if folder.is_empty() { "." } else { folder };
    let Ok(folder) = workspace.locate(folder) else {
        return Vec::new();
    };
    let siblings: Vec<String> = walk(workspace, &folder, &withheld)
        .max_depth(Some(1))
        .build()
        .flatten()
        .take(MAX_ENTRIES)
        .filter(|entry| entry.depth() == 1)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let siblings: Vec<&str> = siblings.iter().map(String::as_str).collect();
    get_close_matches(name, &siblings, SUGGESTIONS, LIKENESS)
        .into_iter()
        .map(|name| folder.relative.join(name).display().to_string())
        .collect()
}
