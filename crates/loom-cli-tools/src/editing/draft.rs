//! The files that a call is about, with the content that they are to have.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use loom_common_core::{ChangeKind, FileChange};
use similar::TextDiff;

use super::commit::{self, not_written};
use super::staged::Target;
use crate::blocking::Cancellation;
use crate::content::{MAX_EDITABLE_BYTES, Sniffed, sniff};
use crate::error::ToolError;
use crate::missing::missing;
use crate::seen::SeenFiles;
use crate::walk::VERSION_CONTROL;
use crate::workspace::{Touch, Workspace, WorkspacePath};

/// How long the shortest diff is searched for; after that a longer one will do.
const DIFF_TIME: Duration = Duration::from_millis(500);

/// The drafts of one call.
pub(crate) struct Drafts<'a> {
    workspace: &'a Workspace,
    seen: &'a SeenFiles,
    drafts: Vec<Draft>,
}

/// A file as it is, and as it is to be.
pub(crate) struct Draft {
    pub(crate) path: WorkspacePath,
    original: Option<Original>,
    /// What it is to hold; `None` when there is to be no file.
    pub(crate) content: Option<Arc<String>>,
    /// The permissions that it is to have if it is new; the usual ones without.
    mode: Option<u32>,
}

/// A file that is there.
struct Original {
    metadata: Metadata,
    content: Arc<String>,
}

impl Draft {
    /// Returns the content that the file has on disk, or `None` when there is no file.
    pub(crate) fn original(&self) -> Option<&str> {
        Some(&self.original.as_ref()?.content)
    }

    /// Returns the content that the file is to have.
    fn content(&self) -> Option<&str> {
        self.content.as_deref().map(String::as_str)
    }

    /// Returns what the file is replaced for.
    pub(super) fn target(&self) -> Target {
        match &self.original {
            Some(original) => Target::Known(Box::new(original.metadata.clone())),
            None => Target::Absent { mode: self.mode },
        }
    }

    /// Returns what the draft changes, or `None` when it changes nothing.
    fn change(&self) -> Option<FileChange> {
        let (old, new) = (self.original(), self.content());
        let kind = match (old, new) {
            (None, None) => return None,
            (Some(old), Some(new)) if old == new => return None,
            (Some(_), Some(_)) => ChangeKind::Modified,
            (None, Some(_)) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Deleted,
        };
        Some(FileChange {
            path: self.path.shown(),
            kind,
            diff: diff(old.unwrap_or_default(), new.unwrap_or_default()),
        })
    }

    /// Tells whether the file is to be another one than it is.
    pub(super) fn is_changed(&self) -> bool {
        self.original() != self.content()
    }
}

impl<'a> Drafts<'a> {
    pub(super) fn new(workspace: &'a Workspace, seen: &'a SeenFiles) -> Self {
        Self {
            workspace,
            seen,
            drafts: Vec::new(),
        }
    }

    /// Opens the draft of the file `given`, which may not exist. A file that was opened before is
    /// as the call has left it.
    ///
    /// # Errors
    ///
    /// When the call may not touch it, and when it is nothing that can be edited.
    pub(crate) fn open(&mut self, given: &str) -> Result<&mut Draft, ToolError> {
        let path = self.workspace.resolve(given, Touch::Write)?;
        let known = self.drafts.iter().position(|draft| draft.path == path);
        let index = match known {
            Some(index) => index,
            None => {
                self.drafts.push(self.read(path)?);
                self.drafts.len() - 1
            }
        };
        Ok(&mut self.drafts[index])
    }

    /// Opens the draft of the file `given`, which must have content.
    ///
    /// # Errors
    ///
    /// As [`Drafts::open`]; and when there is no such file, with names that come near.
    pub(crate) fn open_existing(
        &mut self,
        given: &str,
    ) -> Result<(&mut Draft, Arc<String>), ToolError> {
        let workspace = self.workspace;
        let draft = self.open(given)?;
        match draft.content.clone() {
            Some(content) => Ok((draft, content)),
            None => {
                let source = io::ErrorKind::NotFound.into();
                Err(missing(workspace, &draft.path, "edit", source))
            }
        }
    }

    /// Gives the file `from` the path `to`, and returns that as it is shown.
    ///
    /// # Errors
    ///
    /// As [`Drafts::open`]; and when there is a file at `to`.
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Result<String, ToolError> {
        let (old, content) = self.open_existing(from)?;
        let mode = old
            .original
            .as_ref()
            .map(|original| original.metadata.permissions().mode());
        let old_path = old.path.clone();
        let new = self.open(to)?;
        let shown = new.path.shown();
        if new.path == old_path {
            return Ok(shown);
        }
        if new.content.is_some() {
            return Err(ToolError::Edit(format!(
                "{shown}: it exists already, so {} cannot be moved there.",
                old_path.shown()
            )));
        }
        new.content = Some(content);
        new.mode = mode;
        self.open(from)?.content = None;
        Ok(shown)
    }

    /// Tells whether the agent has read or written the file of a draft.
    pub(crate) fn is_seen(&self, path: &WorkspacePath) -> bool {
        self.seen.is_known(&path.absolute)
    }

    /// Writes what has changed, all or nothing, and returns the changes in the order in which the
    /// drafts were opened.
    pub(super) fn commit(self, cancellation: &Cancellation) -> Result<Vec<FileChange>, ToolError> {
        let changed: Vec<&Draft> = self
            .drafts
            .iter()
            .filter(|draft| draft.is_changed())
            .collect();
        if let Some(first) = changed.first()
            && cancellation.is_cancelled()
        {
            return Err(not_written(&first.path, "the call was cancelled"));
        }
        commit::commit(self.workspace, &changed)?;
        for draft in &changed {
            match &draft.content {
                Some(content) => self.seen.record(&draft.path.absolute, content.as_bytes()),
                None => self.seen.forget(&draft.path.absolute),
            }
        }
        Ok(changed.into_iter().filter_map(Draft::change).collect())
    }

    fn read(&self, path: WorkspacePath) -> Result<Draft, ToolError> {
        if is_version_control(&path.relative) {
            return Err(ToolError::Edit(format!(
                "{} belongs to version control, whose settings and hooks can run commands: it is \
                 changed with the version control's own commands only. Nothing was changed.",
                path.shown()
            )));
        }
        let original = match self.workspace.open(&path) {
            Ok(file) => Some(read_editable(&path, file)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(missing(self.workspace, &path, "edit", error)),
        };
        if let Some(original) = &original
            && self
                .seen
                .is_outdated(&path.absolute, original.content.as_bytes())
        {
            return Err(ToolError::ChangedOnDisk { path: path.shown() });
        }
        Ok(Draft {
            content: original
                .as_ref()
                .map(|original| Arc::clone(&original.content)),
            original,
            mode: None,
            path,
        })
    }
}

/// Tells whether a file, given from the workspace, lies in the data of a version control system, or
/// is the file that stands for its folder in a worktree. Where the workspace itself lies does not
/// count: some keep their worktrees below such a folder.
fn is_version_control(path: &Path) -> bool {
    path.iter()
        .any(|name| VERSION_CONTROL.iter().any(|folder| name == *folder))
}

/// Reads the whole of a file that can be edited.
fn read_editable(path: &WorkspacePath, file: File) -> Result<Original, ToolError> {
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
    let content = String::from_utf8(content).map_err(|_| {
        wrong_kind(
            "holds bytes that are not UTF-8, and this tool would not keep them. Edit it with a \
             command, such as sed or perl, or convert it with iconv.",
        )
    })?;
    Ok(Original {
        metadata,
        content: Arc::new(content),
    })
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
