//! The tool `write_file`: gives a file its whole content.
//!
//! Overwriting throws away what nobody may have seen, so a file that exists must have been read,
//! and must not have changed since. Models write plain line ends and no byte order mark, as that is
//! how they are shown files: a file whose lines end in `\r\n`, or that starts with the mark, keeps
//! that. So do its permissions. A last line without an end is written as it is given.

use std::path::Path;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{Resource, ToolAccess, ToolContext, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{answer, definition};
use crate::edit;
use crate::edit_file::made;
use crate::editing::{Drafts, Editor};
use crate::error::ToolError;
use crate::tool::Tool;

/// Writes whole files for the model.
pub(crate) struct WriteFileTool {
    definition: ToolDefinition,
    editor: Editor,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// Path of the file, relative to the workspace or absolute.
    file_path: String,
    /// The whole content.
    content: String,
}

impl WriteFileTool {
    /// Makes the tool.
    pub(crate) fn new(editor: Editor) -> Self {
        Self {
            definition: definition::<Arguments>(
                "write_file",
                include_str!("write_file.md"),
                ToolAccess::Write,
            ),
            editor,
        }
    }
}

impl Tool for WriteFileTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(&self.definition, arguments, async |arguments: Arguments| {
            let written = self
                .editor
                .edit(context, move |drafts| write(drafts, &arguments));
            let (written, changes) = written.await?;
            Ok(match written {
                // The model knows each line of a new file.
                Written::New(summary) => ToolOutput {
                    changes,
                    ..ToolOutput::completed(summary)
                },
                Written::Over(summary) => self.editor.output(&summary, changes),
            })
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

/// What was written, as a sentence.
enum Written {
    New(String),
    Over(String),
}

/// Changes the draft.
fn write(drafts: &mut Drafts<'_>, arguments: &Arguments) -> Result<Written, ToolError> {
    let path = drafts.open(&arguments.file_path)?.path.clone();
    let is_seen = drafts.is_seen(&path);
    let draft = drafts.open(&arguments.file_path)?;
    let path = path.shown();
    let Some(old) = &draft.content else {
        draft.content = Some(Arc::new(arguments.content.clone()));
        return Ok(Written::New(made(&path, &arguments.content)));
    };
    if !is_seen && !old.trim().is_empty() {
        return Err(ToolError::Edit(format!(
            "{path} exists, and you have not read it. Read it first, so that nothing is lost that \
             should stay; or change a part of it instead. Nothing was changed."
        )));
    }
    let new = edit::rewrite(old, &arguments.content);
    if new == **old {
        return Ok(Written::Over(format!(
            "{path} has this content already; nothing was changed."
        )));
    }
    draft.content = Some(Arc::new(new));
    Ok(Written::Over(format!("Wrote {path}.")))
}
