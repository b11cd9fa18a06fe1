//! The tool `edit_file`: replaces text in a file, or makes a new one.
//!
//! The [edit engine](crate::edit) decides what the new content is, the memory of [seen
//! files](crate::seen) whether the agent knows the old one, and [`replace_file`] writes it.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{
    ChangeKind, FileChange, ToolAccess, ToolContext, ToolDefinition, ToolOutput,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use similar::TextDiff;
use tokio::sync::Mutex;

use crate::arguments::{answer, definition};
use crate::blocking::{Cancellation, run_blocking};
use crate::content::{MAX_EDITABLE_BYTES, Sniffed, sniff};
use crate::edit::{self, Edit, Edited};
use crate::error::{ToolError, describe};
use crate::missing::missing;
use crate::replace_file::{ReplaceError, Target, replace_file};
use crate::seen::SeenFiles;
use crate::setup::ToolLimits;
use crate::tool::Tool;
use crate::walk::VERSION_CONTROL;
use crate::workspace::{Workspace, WorkspacePath};

/// How long the shortest diff is searched for; after that a longer one will do.
const DIFF_TIME: Duration = Duration::from_millis(500);

/// Edits files for the model.
pub(crate) struct EditFileTool {
    definition: ToolDefinition,
    max_output_bytes: usize,
    seen: Arc<SeenFiles>,
    /// Held while a file is being changed, also by a call that nobody waits for any more.
    writing: Arc<Mutex<()>>,
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
    /// Makes the tool. It asks `seen` what the agent knows, and records there what it writes.
    pub(crate) fn new(limits: ToolLimits, seen: Arc<SeenFiles>) -> Self {
        Self {
            definition: definition::<Arguments>(
                "edit_file",
                include_str!("edit_file.md"),
                ToolAccess::Write,
            ),
            max_output_bytes: limits.max_output_bytes,
            seen,
            writing: Arc::default(),
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
            let workspace = Workspace::new(&context.workspace);
            let seen = Arc::clone(&self.seen);
            let writing = Arc::clone(&self.writing).lock_owned().await;
            let change = run_blocking(move |cancellation| {
                let _writing = writing;
                let path = workspace.resolve(&arguments.file_path)?;
                change(&workspace, &path, &arguments, &seen, cancellation)
            })
            .await?;
            Ok(change.into_output(self.max_output_bytes))
        })
        .boxed()
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        self.writing.lock().map(drop).boxed()
    }
}

/// What an edit did.
struct Change {
    summary: String,
    change: FileChange,
}

impl Change {
    fn into_output(self, max_output_bytes: usize) -> ToolOutput {
        let room = max_output_bytes.saturating_sub(self.summary.len());
        let shown = self.change.diff.floor_char_boundary(room);
        let (shown, left_out) = self.change.diff.split_at(shown);
        let mut text = format!("{}\n{shown}", self.summary);
        if !left_out.is_empty() {
            text.push_str(&format!(
                "\n… {} bytes of the diff left out …",
                left_out.len()
            ));
        }
        let mut output = ToolOutput::completed(text.trim_end());
        output.changes.push(self.change);
        output
    }
}

fn change(
    workspace: &Workspace,
    path: &WorkspacePath,
    arguments: &Arguments,
    seen: &SeenFiles,
    cancellation: &Cancellation,
) -> Result<Change, ToolError> {
    if is_version_control(&path.relative) {
        return Err(ToolError::Edit(format!(
            "{} belongs to version control, whose settings and hooks can run commands: it is \
             changed with the version control's own commands only. Nothing was changed.",
            path.shown()
        )));
    }
    match workspace.open(path) {
        Ok(file) => change_existing(workspace, path, file, arguments, seen, cancellation),
        Err(error)
            if error.kind() == io::ErrorKind::NotFound && arguments.old_string.is_empty() =>
        {
            create(workspace, path, arguments, seen, cancellation)
        }
        Err(error) => Err(missing(workspace, path, "edit", error)),
    }
}

/// Tells whether a file, given from the workspace, lies in the data of a version control system, or
/// is the file that stands for its folder in a worktree. Where the workspace itself lies does not
/// count: some keep their worktrees below such a folder.
fn is_version_control(path: &Path) -> bool {
    path.iter()
        .any(|name| VERSION_CONTROL.iter().any(|folder| name == *folder))
}

fn create(
    workspace: &Workspace,
    path: &WorkspacePath,
    arguments: &Arguments,
    seen: &SeenFiles,
    cancellation: &Cancellation,
) -> Result<Change, ToolError> {
    if cancellation.is_cancelled() {
        return Err(not_written(path, "the call was cancelled"));
    }
    let folder = workspace.create_parent(path).map_err(|error| {
        not_written(
            path,
            &format!("its folder cannot be made: {}", describe(&error)),
        )
    })?;
    let content = &arguments.new_string;
    write(&folder, path, Target::Absent, content)?;
    seen.record(&path.absolute, content.as_bytes());
    let lines = match content.lines().count() {
        1 => "1 line".to_owned(),
        count => format!("{count} lines"),
    };
    Ok(Change {
        summary: format!("Made {}: {lines}.", path.shown()),
        change: FileChange {
            path: path.shown(),
            kind: ChangeKind::Added,
            diff: diff("", content),
        },
    })
}

fn change_existing(
    workspace: &Workspace,
    path: &WorkspacePath,
    file: File,
    arguments: &Arguments,
    seen: &SeenFiles,
    cancellation: &Cancellation,
) -> Result<Change, ToolError> {
    let (metadata, old) = read_editable(path, file)?;
    if seen.is_outdated(&path.absolute, old.as_bytes()) {
        return Err(ToolError::ChangedOnDisk { path: path.shown() });
    }
    let edited = if arguments.old_string.is_empty() {
        if !old.trim().is_empty() {
            return Err(ToolError::Edit(format!(
                "{} exists and is not empty. To change it, give the text to replace as \
                 old_string; read the file first if need be. Nothing was changed.",
                path.shown()
            )));
        }
        Edited {
            content: arguments.new_string.clone(),
            places: 1,
            is_respaced: false,
        }
    } else {
        let edit = Edit {
            old: &arguments.old_string,
            new: &arguments.new_string,
            replace_all: arguments.replace_all.unwrap_or(false),
        };
        edit::apply(&old, edit)
            .map_err(|why| ToolError::Edit(format!("{}: {why}", path.shown())))?
    };
    if cancellation.is_cancelled() {
        return Err(not_written(path, "the call was cancelled"));
    }
    let folder = workspace
        .open_parent(path)
        .map_err(|error| not_written(path, &describe(&error)))?;
    write(&folder, path, Target::Known(&metadata), &edited.content)?;
    seen.record(&path.absolute, edited.content.as_bytes());
    Ok(Change {
        summary: summary(path, &edited),
        change: FileChange {
            path: path.shown(),
            kind: ChangeKind::Modified,
            diff: diff(&old, &edited.content),
        },
    })
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

/// Reads the whole of a file that can be edited.
fn read_editable(path: &WorkspacePath, file: File) -> Result<(Metadata, String), ToolError> {
    let unreadable = |source| ToolError::io("read", &path.relative, source);
    let wrong_kind = |reason: &str| ToolError::WrongKind {
        path: path.shown(),
        reason: reason.to_owned(),
    };
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(wrong_kind("is a folder; only files can be edited."));
    }
    if !metadata.is_file() {
        return Err(wrong_kind(
            "is a device, a pipe or a socket; only files can be edited.",
        ));
    }
    if metadata.permissions().mode() & 0o222 == 0 {
        return Err(not_written(
            path,
            "the file is read-only (if it should be changed all the same, `chmod u+w` it first)",
        ));
    }
    if metadata.len() > MAX_EDITABLE_BYTES {
        return Err(wrong_kind(
            "is too large for this tool; edit it with a command.",
        ));
    }
    let mut content = Vec::new();
    file.take(MAX_EDITABLE_BYTES)
        .read_to_end(&mut content)
        .map_err(unreadable)?;
    if sniff(&content) != Sniffed::Text {
        return Err(wrong_kind("is not text; this tool edits text only."));
    }
    let text = String::from_utf8(content).map_err(|_| {
        wrong_kind(
            "holds bytes that are not UTF-8, and this tool would not keep them. Edit it with a \
             command, such as sed or perl, or convert it with iconv.",
        )
    })?;
    Ok((metadata, text))
}

fn write(
    folder: &File,
    path: &WorkspacePath,
    target: Target<'_>,
    content: &str,
) -> Result<(), ToolError> {
    let Some(name) = path.relative.file_name() else {
        return Err(not_written(path, "it is a folder"));
    };
    replace_file(folder, name, target, |file| {
        file.write_all(content.as_bytes())
    })
    .map_err(|error| match error {
        ReplaceError::Create(error) => not_written(
            path,
            &format!("no file can be made in its folder: {}", describe(&error)),
        ),
        ReplaceError::Write(error) => not_written(path, &describe(&error)),
        ReplaceError::Rename(error) => not_written(path, &describe_rename(&error)),
        ReplaceError::Changed => ToolError::ChangedOnDisk { path: path.shown() },
    })
}

/// Returns why the new file could not take the place of the old one.
fn describe_rename(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ResourceBusy => "the file is a mount point, as in some containers, and \
             cannot be replaced (edit it with a command that writes into it, such as `cp COPY FILE`)"
            .to_owned(),
        _ => describe(error),
    }
}

fn not_written(path: &WorkspacePath, reason: &str) -> ToolError {
    ToolError::NotWritten {
        path: path.shown(),
        reason: reason.to_owned(),
    }
}

/// Returns the unified diff, without a header.
fn diff(old: &str, new: &str) -> String {
    TextDiff::configure()
        .timeout(DIFF_TIME)
        .diff_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .to_string()
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_mount_point_that_cannot_be_replaced_is_named_as_the_cause() {
        let told = describe_rename(&Errno::BUSY.into());
        assert!(told.contains("is a mount point"), "{told}");
        assert_eq!(describe_rename(&Errno::ACCESS.into()), "permission denied");
    }
}
