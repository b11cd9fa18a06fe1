//! The tool `edit_notebook`: replaces, inserts or deletes a cell of a Jupyter notebook.
//!
//! The [notebook](crate::notebook) knows how to change a cell and leave the rest as it is; the
//! [editor](crate::editing) writes it. A cell is named by its id or number and not by what it
//! holds, so the notebook must have been read.

use std::path::Path;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{Resource, ToolAccess, ToolContext, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{answer, definition};
use crate::editing::{Drafts, Editor};
use crate::error::ToolError;
use crate::notebook::{CellChange, CellType, Notebook};
use crate::tool::Tool;

/// Edits notebooks for the model.
pub(crate) struct EditNotebookTool {
    definition: ToolDefinition,
    editor: Editor,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// Path of the notebook, relative to the workspace or absolute.
    notebook_path: String,
    /// Id or number of the cell. For `insert` the new cell goes after it, or before all without.
    cell_id: Option<String>,
    /// The whole new source of the cell. Not for `delete`.
    new_source: Option<String>,
    /// What the cell is. As it was by default; for `insert`, code.
    cell_type: Option<CellType>,
    /// What to do. `replace` by default.
    edit_mode: Option<EditMode>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum EditMode {
    Replace,
    Insert,
    Delete,
}

impl EditNotebookTool {
    /// Makes the tool.
    pub(crate) fn new(editor: Editor) -> Self {
        Self {
            definition: definition::<Arguments>(
                "edit_notebook",
                include_str!("edit_notebook.md"),
                ToolAccess::Write,
            ),
            editor,
        }
    }
}

impl Tool for EditNotebookTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(&self.definition, arguments, async |arguments: Arguments| {
            let edited = self
                .editor
                .edit(context, move |drafts| edit(drafts, &arguments));
            let (summary, changes) = edited.await?;
            Ok(self.editor.output(&summary, changes))
        })
        .boxed()
    }

    fn resources(&self, arguments: &Map<String, Value>, workspace: &Path) -> Vec<Resource> {
        let path = arguments.get("notebook_path").and_then(Value::as_str);
        path.and_then(|path| self.editor.resource(path, workspace))
            .into_iter()
            .collect()
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        self.editor.settled()
    }
}

fn edit(drafts: &mut Drafts<'_>, arguments: &Arguments) -> Result<String, ToolError> {
    let change = change(arguments)?;
    let (draft, old) = drafts.open_existing(&arguments.notebook_path)?;
    let path = draft.path.clone();
    if !drafts.is_seen(&path) {
        return Err(ToolError::Edit(format!(
            "{} must be read before its cells are changed. Nothing was changed.",
            path.shown()
        )));
    }
    let unfit =
        |why: String| ToolError::Edit(format!("{} {why} Nothing was changed.", path.shown()));
    let notebook = Notebook::parse(&old).map_err(unfit)?;
    let (content, done) = notebook.change(&change).map_err(unfit)?;
    drafts.open(&arguments.notebook_path)?.content = Some(Arc::new(content));
    Ok(format!("In {}: {done}.", path.shown()))
}

/// Returns what the arguments ask for.
fn change(arguments: &Arguments) -> Result<CellChange<'_>, ToolError> {
    let missing = |name: &str, mode: &str| {
        ToolError::Arguments(format!("`{name}` is missing; `{mode}` needs it."))
    };
    let cell = arguments.cell_id.as_deref();
    let source = arguments.new_source.as_deref();
    match arguments.edit_mode.unwrap_or(EditMode::Replace) {
        EditMode::Replace => Ok(CellChange::Replace {
            cell: cell.ok_or_else(|| missing("cell_id", "replace"))?,
            source: source.ok_or_else(|| missing("new_source", "replace"))?,
            kind: arguments.cell_type,
        }),
        EditMode::Insert => Ok(CellChange::Insert {
            after: cell,
            source: source.ok_or_else(|| missing("new_source", "insert"))?,
            kind: arguments.cell_type.unwrap_or(CellType::Code),
        }),
        EditMode::Delete => Ok(CellChange::Delete {
            cell: cell.ok_or_else(|| missing("cell_id", "delete"))?,
        }),
    }
}
