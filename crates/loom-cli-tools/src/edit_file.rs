//! The tool `edit_file`: replaces text in a file, or makes a new one.
//!
//! The [edit engine](crate::edit) decides what the new content is, the [editor](crate::editing)
//! writes it.

use std::path::Path;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{Resource, ToolAccess, ToolContext, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{answer, definition};
use crate::edit::{self, Edit, Edited};
use crate::editing::{Drafts, Editor};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::workspace::WorkspacePath;

/// Edits files for the model.
pub(crate) struct EditFileTool {
    definition: ToolDefinition,
    editor: Editor,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// Path of the file, relative to the workspace or absolute.
    file_path: String,
    /// The text to replace; empty to make a new file.
    old_string: String,
    /// The text to put in its place.
    new_string: String,
    /// Replace every place where `old_string` is, not the only one. False by default.
    replace_all: Option<bool>,
}

impl EditFileTool {
    /// Makes the tool.
    pub(crate) fn new(editor: Editor) -> Self {
        Self {
            definition: definition::<Arguments>(
                "edit_file",
                include_str!("edit_file.md"),
                ToolAccess::Write,
            ),
            editor,
        }
    }
}

impl Tool for EditFileTool {
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
        let path = arguments.get("file_path").and_then(Value::as_str);
        path.and_then(|path| self.editor.resource(path, workspace))
            .into_iter()
            .collect()
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        self.editor.settled()
    }
}

/// Changes the draft, and returns what was done as a sentence.
fn edit(drafts: &mut Drafts<'_>, arguments: &Arguments) -> Result<String, ToolError> {
    if arguments.old_string.is_empty() {
        return fill(drafts, arguments);
    }
    let (draft, old) = drafts.open_existing(&arguments.file_path)?;
    let edit = Edit {
        old: &arguments.old_string,
        new: &arguments.new_string,
        replace_all: arguments.replace_all.unwrap_or(false),
    };
    let edited = edit::apply(&old, edit)
        .map_err(|why| ToolError::Edit(format!("{}: {why}", draft.path.shown())))?;
    let summary = summary(&draft.path, &edited);
    draft.content = Some(Arc::new(edited.content));
    Ok(summary)
}

/// Gives a file content that has none.
fn fill(drafts: &mut Drafts<'_>, arguments: &Arguments) -> Result<String, ToolError> {
    let draft = drafts.open(&arguments.file_path)?;
    let path = draft.path.shown();
    let summary = match &draft.content {
        None => made(&path, &arguments.new_string),
        Some(old) if old.trim().is_empty() => format!("Edited {path}."),
        Some(_) => {
            return Err(ToolError::Edit(format!(
                "{path} exists and is not empty. To change it, give the text to replace as \
                 old_string; read the file first if need be. Nothing was changed."
            )));
        }
    };
    draft.content = Some(Arc::new(arguments.new_string.clone()));
    Ok(summary)
}

/// Says that a file was made.
pub(crate) fn made(path: &str, content: &str) -> String {
    match content.lines().count() {
        1 => format!("Made {path}: 1 line."),
        count => format!("Made {path}: {count} lines."),
    }
}

fn summary(path: &WorkspacePath, edited: &Edited) -> String {
    let path = path.shown();
    match edited {
        Edited {
            is_respaced: true, ..
        } => format!(
            "Edited {path}. old_string differs from the file in white space; the only place that \
             can be meant was changed, and new_string was given the file's indentation. Check it:"
        ),
        Edited { places: 1, .. } => format!("Edited {path}."),
        Edited { places, .. } => format!("Edited {path} in {places} places."),
    }
}
