//! The tool `list_files`: a folder as a tree.
//!
//! A tree that is too long is cut in depth before it is cut in length, as the names near the top
//! say most about a project: the tree is taken one level deeper at a time, while it fits.

use std::num::NonZeroUsize;
use std::path::Path;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use ignore::DirEntry;
use loom_common_core::{Resource, ToolAccess, ToolContext, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{answer, definition};
use crate::blocking::{Cancellation, run_blocking};
use crate::error::ToolError;
use crate::missing::require;
use crate::outputs::OutputStore;
use crate::setup::ToolLimits;
use crate::tool::Tool;
use crate::walk::{Withheld, walk};
use crate::workspace::{Touch, Workspace, WorkspacePath, resource};

/// Levels that are shown when the call does not say.
const DEFAULT_DEPTH: usize = 2;

/// The most entries of a tree.
const MAX_ENTRIES: usize = 1000;

/// Lists folders for the model.
pub(crate) struct ListFilesTool {
    definition: ToolDefinition,
    max_output_bytes: usize,
    outputs: OutputStore,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// The folder, relative to the workspace or absolute. The workspace by default.
    path: Option<String>,
    /// How many levels to show. 2 by default.
    #[schemars(range(min = 1))]
    depth: Option<NonZeroUsize>,
}

impl ListFilesTool {
    /// Makes the tool.
    pub(crate) fn new(limits: ToolLimits, outputs: OutputStore) -> Self {
        Self {
            definition: definition::<Arguments>(
                "list_files",
                include_str!("list_files.md"),
                ToolAccess::Read,
            ),
            max_output_bytes: limits.max_output_bytes,
            outputs,
        }
    }
}

impl Tool for ListFilesTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(&self.definition, arguments, async |arguments: Arguments| {
            let workspace = Workspace::of(context, &self.outputs);
            let max_bytes = self.max_output_bytes;
            run_blocking(move |cancellation| list(&workspace, &arguments, max_bytes, cancellation))
                .await
                .map(ToolOutput::completed)
        })
        .boxed()
    }

    fn resources(&self, arguments: &Map<String, Value>, workspace: &Path) -> Vec<Resource> {
        let path = arguments.get("path").and_then(Value::as_str).unwrap_or(".");
        resource(path, workspace, &self.outputs, Touch::Read)
            .into_iter()
            .collect()
    }
}

fn list(
    workspace: &Workspace,
    arguments: &Arguments,
    max_bytes: usize,
    cancellation: &Cancellation,
) -> Result<String, ToolError> {
    let start = workspace.resolve(arguments.path.as_deref().unwrap_or("."), Touch::Read)?;
    let metadata = require(workspace, &start, "list")?;
    if !metadata.is_dir() {
        return Err(ToolError::WrongKind {
            path: start.shown(),
            reason: "is not a folder. Use read_file.".to_owned(),
        });
    }
    let wanted = arguments.depth.map_or(DEFAULT_DEPTH, NonZeroUsize::get);
    let mut tree = Tree::take(workspace, &start, 1, max_bytes, cancellation);
    let mut depth = 1;
    while depth < wanted && tree.is_whole() && tree.has_deeper {
        let deeper = Tree::take(workspace, &start, depth + 1, max_bytes, cancellation);
        if !deeper.is_whole() {
            break;
        }
        tree = deeper;
        depth += 1;
    }
    if cancellation.is_cancelled() {
        return Err(ToolError::Io {
            action: format!("list {}", start.shown()),
            source: std::io::ErrorKind::Interrupted.into(),
        });
    }
    let withheld = tree.withheld.clone();
    let mut report = tree.report(&start, depth, wanted);
    withheld.append_to(&mut report);
    Ok(report)
}

/// The upper levels of a folder.
#[derive(Default)]
struct Tree {
    text: String,
    /// Entries that did not fit.
    left_out: usize,
    /// Whether there is a folder on the lowest level.
    has_deeper: bool,
    withheld: Withheld,
}

impl Tree {
    fn take(
        workspace: &Workspace,
        start: &WorkspacePath,
        depth: usize,
        max_bytes: usize,
        cancellation: &Cancellation,
    ) -> Self {
        let mut tree = Self::default();
        let mut count = 0;
        let entries = walk(workspace, start, &tree.withheld)
            .max_depth(Some(depth))
            .sort_by_file_name(Ord::cmp)
            .build();
        // What cannot be read is as good as not there.
        for entry in entries.flatten().filter(|entry| entry.depth() > 0) {
            if cancellation.is_cancelled() || (tree.left_out > 0 && depth > 1) {
                break;
            }
            let line = line(&entry);
            count += 1;
            if count > MAX_ENTRIES || tree.text.len() + line.len() > max_bytes {
                tree.left_out += 1;
                continue;
            }
            tree.has_deeper |= entry.depth() == depth && is_folder(&entry);
            tree.text.push_str(&line);
        }
        tree
    }

    fn is_whole(&self) -> bool {
        self.left_out == 0
    }

    fn report(mut self, start: &WorkspacePath, depth: usize, wanted: usize) -> String {
        if self.text.is_empty() {
            return format!(
                "{} is empty, or git ignores all that is in it.",
                start.shown()
            );
        }
        let mut text = format!("{}/\n", start.shown());
        text.push_str(&self.text);
        if self.left_out > 0 {
            text.push_str(&format!(
                "({} more entries; find them with glob)\n",
                self.left_out
            ));
            self.has_deeper = false;
        } else if self.has_deeper && depth < wanted {
            text.push_str(&format!(
                "(down to level {depth}; more would be too long, so list the folder of interest)\n"
            ));
        } else if self.has_deeper {
            text.push_str(&format!("(down to level {depth})\n"));
        }
        text.pop();
        text
    }
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

/// Returns the line of an entry, indented by its level.
fn line(entry: &DirEntry) -> String {
    let indent = "  ".repeat(entry.depth());
    let name = entry.file_name().to_string_lossy();
    // A name may hold a line end; then it is shown escaped.
    let name = name.replace('\n', "\\n");
    if is_folder(entry) {
        return format!("{indent}{name}/\n");
    }
    match entry.path().read_link() {
        Ok(target) if entry.path_is_symlink() => {
            format!("{indent}{name} -> {}\n", target.display())
        }
        _ => format!("{indent}{name}\n"),
    }
}
