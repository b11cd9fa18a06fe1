//! The tool `apply_patch`: changes several files by a patch, all of them or none.
//!
//! The [patch engine](crate::edit::patch) finds the places, the [editor](crate::editing) writes the
//! files. The operations are done one after the other on drafts, so that a patch may change a file
//! twice; what does not fit is collected, so that the model hears of all of it at once.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{
    ChangeKind, FileChange, Resource, ToolAccess, ToolContext, ToolDefinition, ToolOutput,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{answer, definition};
use crate::edit::patch::{self, Operation};
use crate::editing::{Drafts, Editor};
use crate::error::ToolError;
use crate::tool::Tool;

/// Applies patches for the model.
pub(crate) struct ApplyPatchTool {
    definition: ToolDefinition,
    editor: Editor,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// The whole patch, from `*** Begin Patch` to `*** End Patch`.
    input: String,
}

impl ApplyPatchTool {
    /// Makes the tool.
    pub(crate) fn new(editor: Editor) -> Self {
        Self {
            definition: definition::<Arguments>(
                "apply_patch",
                include_str!("apply_patch.md"),
                ToolAccess::Write,
            ),
            editor,
        }
    }
}

impl Tool for ApplyPatchTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(&self.definition, arguments, async |arguments: Arguments| {
            let applied = self.editor.edit(context, move |drafts| {
                let operations = patch::parse(&arguments.input)
                    .map_err(|error| ToolError::Edit(format!("{error}. Nothing was changed.")))?;
                apply(drafts, &operations)
            });
            let (respaced, changes) = applied.await?;
            Ok(self.report(&respaced, changes))
        })
        .boxed()
    }

    fn resources(&self, arguments: &Map<String, Value>, workspace: &Path) -> Vec<Resource> {
        let patch = arguments.get("input").and_then(Value::as_str);
        let operations = patch.and_then(|patch| patch::parse(patch).ok());
        let mut resources: Vec<Resource> = Vec::new();
        for path in operations.iter().flatten().flat_map(paths) {
            let resource = self.editor.resource(path, workspace);
            resources.extend(resource.filter(|resource| !resources.contains(resource)));
        }
        resources
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        self.editor.settled()
    }
}

impl ApplyPatchTool {
    /// Makes the output. The model knows what it has changed; it is shown only what was not done as
    /// it stands in the patch.
    fn report(&self, respaced: &[Respaced], changes: Vec<FileChange>) -> ToolOutput {
        let mut summary = String::from("Applied the patch:");
        for FileChange { path, kind, .. } in &changes {
            let kind = match kind {
                ChangeKind::Added => 'A',
                ChangeKind::Modified => 'M',
                ChangeKind::Deleted => 'D',
            };
            let _ = write!(summary, "\n{kind} {path}");
        }
        if changes.is_empty() {
            summary.push_str("\n(it changes nothing: the files are like that already)");
        }
        if respaced.is_empty() {
            return ToolOutput {
                changes,
                ..ToolOutput::completed(summary)
            };
        }
        for Respaced { path, hunks } in respaced {
            let hunks: Vec<String> = hunks.iter().map(usize::to_string).collect();
            let _ = write!(
                summary,
                "\n{path}, hunk {}: the lines differ from the file in white space; the only place \
                 that can be meant was changed, and new lines were given the file's indentation.",
                hunks.join(", ")
            );
        }
        summary.push_str(" Check it:");
        let shown = changes
            .iter()
            .filter(|change| respaced.iter().any(|respaced| respaced.path == change.path))
            .cloned()
            .collect();
        ToolOutput {
            changes,
            ..self.editor.output(&summary, shown)
        }
    }
}

/// Hunks of a file that were found only with white space normalized.
struct Respaced {
    path: String,
    hunks: Vec<usize>,
}

/// Returns the paths that an operation touches.
fn paths(operation: &Operation) -> Vec<&str> {
    match operation {
        Operation::Add { path, .. } | Operation::Delete { path } => vec![path],
        Operation::Update { path, to, .. } => std::iter::once(path)
            .chain(to)
            .map(String::as_str)
            .collect(),
    }
}

/// Does the operations on drafts.
fn apply(drafts: &mut Drafts<'_>, operations: &[Operation]) -> Result<Vec<Respaced>, ToolError> {
    let mut respaced = Vec::new();
    let mut problems = Vec::new();
    for operation in operations {
        match operate(drafts, operation) {
            Ok(found) => respaced.extend(found),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        return Ok(respaced);
    }
    let mut text = String::from("The patch does not fit, and nothing was changed.");
    for problem in problems {
        let _ = write!(text, "\n\n{problem}");
    }
    Err(ToolError::Edit(text))
}

/// Does one operation on drafts. Returns what does not fit, if something does not.
fn operate(
    drafts: &mut Drafts<'_>,
    operation: &Operation,
) -> Result<Option<Respaced>, Vec<String>> {
    let problem = |error: ToolError| vec![error.to_string()];
    match operation {
        Operation::Add { path, content } => {
            let draft = drafts.open(path).map_err(problem)?;
            if draft.content.is_some() {
                return Err(vec![format!(
                    "{}: it exists already. To change it, use `*** Update File:`; to replace it, \
                     delete it first in the same patch.",
                    draft.path.shown()
                )]);
            }
            draft.content = Some(Arc::new(content.clone()));
            Ok(None)
        }
        Operation::Delete { path } => {
            let (draft, _) = drafts.open_existing(path).map_err(problem)?;
            draft.content = None;
            Ok(None)
        }
        Operation::Update { path, to, hunks } => {
            let (draft, content) = drafts.open_existing(path).map_err(problem)?;
            let shown = draft.path.shown();
            let patched = patch::apply(&content, hunks).map_err(|misfits| {
                misfits
                    .into_iter()
                    .map(|misfit| format!("{shown}, {misfit}"))
                    .collect::<Vec<_>>()
            })?;
            draft.content = Some(Arc::new(patched.content));
            let mut shown = shown;
            if let Some(to) = to {
                shown = drafts.rename(path, to).map_err(problem)?;
            }
            Ok((!patched.respaced.is_empty()).then_some(Respaced {
                path: shown,
                hunks: patched.respaced,
            }))
        }
    }
}
