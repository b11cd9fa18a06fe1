//! Errors of opening a path, with names that come near when there is nothing at it.

use std::io;

use crate::error::ToolError;
use crate::workspace::{Workspace, WorkspacePath};

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
    ToolError::Missing {
        path: path.shown(),
        workspace: workspace.root().display().to_string(),
        suggestion: String::new(),
    }
}
