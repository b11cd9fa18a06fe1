//! The tool `glob`: finds files by name, newest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use ignore::WalkState;
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
use crate::walk::{PathPattern, Withheld, walk};
use crate::workspace::{Touch, Workspace, resource};

/// The most files that are returned.
const MAX_FILES: usize = 200;

/// Finds files for the model.
pub(crate) struct GlobTool {
    definition: ToolDefinition,
    max_output_bytes: usize,
    outputs: OutputStore,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// The pattern, such as `*.rs` or `src/**/*.{ts,tsx}`.
    pattern: String,
    /// Folder to look in, relative to the workspace or absolute. The workspace by default.
    path: Option<String>,
}

impl GlobTool {
    /// Makes the tool.
    pub(crate) fn new(limits: ToolLimits, outputs: OutputStore) -> Self {
        Self {
            definition: definition::<Arguments>("glob", include_str!("glob.md"), ToolAccess::Read),
            max_output_bytes: limits.max_output_bytes,
            outputs,
        }
    }
}

impl Tool for GlobTool {
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
            let withheld = Withheld::default();
            let noted = withheld.clone();
            let found = run_blocking(move |cancellation| {
                find(&workspace, &arguments, &noted, cancellation)
            })
            .await?;
            let mut report = found.report(self.max_output_bytes);
            withheld.append_to(&mut report);
            Ok(ToolOutput::completed(report))
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

/// The newest files that match, and how many match at all. The greatest entry of the heap is the
/// oldest file; of two of the same age, the one whose path comes later.
#[derive(Default)]
struct Found {
    newest: BinaryHeap<(Reverse<SystemTime>, PathBuf)>,
    count: usize,
}

impl Found {
    fn push(&mut self, path: PathBuf, modified: SystemTime) {
        self.count += 1;
        self.newest.push((Reverse(modified), path));
        if self.newest.len() > MAX_FILES {
            self.newest.pop();
        }
    }

    fn report(self, max_bytes: usize) -> String {
        if self.count == 0 {
            return "No files match.".to_owned();
        }
        let mut text = String::new();
        let mut shown = 0;
        for (_, path) in self.newest.into_sorted_vec() {
            let path = path.display().to_string();
            if shown > 0 && text.len() + path.len() > max_bytes {
                break;
            }
            text.push_str(&path);
            text.push('\n');
            shown += 1;
        }
        if shown < self.count {
            text.push_str(&format!(
                "(the newest {shown} of {} files; narrow the pattern down or give a path)\n",
                self.count
            ));
        }
        text.truncate(text.trim_end().len());
        text
    }
}

fn find(
    workspace: &Workspace,
    arguments: &Arguments,
    withheld: &Withheld,
    cancellation: &Cancellation,
) -> Result<Found, ToolError> {
    let start = workspace.resolve(arguments.path.as_deref().unwrap_or("."), Touch::Read)?;
    require(workspace, &start, "look in")?;
    let pattern = PathPattern::parse("pattern", &arguments.pattern, workspace)?;
    let found = Mutex::new(Found::default());
    let walk = walk(workspace, &start, withheld);
    walk.build_parallel().run(|| {
        let (found, pattern, start) = (&found, &pattern, &start);
        Box::new(move |entry| {
            if cancellation.is_cancelled() {
                return WalkState::Quit;
            }
            let Ok(entry) = entry else {
                return WalkState::Continue;
            };
            let path = entry.path();
            let from_start = path.strip_prefix(&start.absolute).unwrap_or(path);
            let from_workspace = path.strip_prefix(workspace.root()).unwrap_or(path);
            let is_folder = entry.file_type().is_none_or(|kind| kind.is_dir());
            if is_folder || !pattern.matches(from_start, from_workspace) {
                return WalkState::Continue;
            }
            // A file that vanishes meanwhile was not there.
            if let Some(modified) = entry.metadata().ok().and_then(|data| data.modified().ok()) {
                found
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(from_workspace.to_owned(), modified);
            }
            WalkState::Continue
        })
    });
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}
