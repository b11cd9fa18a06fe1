//! What all tools that edit files share: drafts of files, written together or not at all.
//!
//! A call opens [drafts](Drafts) of the files that it is about, changes their content in memory,
//! and only when all of that has worked are they [written](commit). So the edits of a patch either
//! all fit or change nothing. Edits of a session come one after the other: what one has read is
//! still there when it writes, as far as the session itself goes. For everybody else there is the
//! memory of [seen files](SeenFiles): what has changed since the agent saw it is not overwritten.

mod commit;
mod draft;
mod staged;

use std::path::Path;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{FileChange, Resource, ToolContext, ToolOutput};
use tokio::sync::Mutex;

use crate::blocking::run_blocking;
use crate::error::ToolError;
use crate::outputs::OutputStore;
use crate::seen::SeenFiles;
use crate::workspace::{Touch, Workspace, resource};
pub(crate) use draft::Drafts;

/// Edits files for the tools of a session. Clones share what is known and wait for each other.
#[derive(Clone)]
pub(crate) struct Editor {
    max_output_bytes: usize,
    outputs: OutputStore,
    seen: Arc<SeenFiles>,
    /// Held while files are being changed, also by a call that nobody waits for any more.
    writing: Arc<Mutex<()>>,
}

impl Editor {
    /// Makes an editor that asks `seen` what the agent knows, and records there what it writes.
    pub(crate) fn new(max_output_bytes: usize, outputs: OutputStore, seen: Arc<SeenFiles>) -> Self {
        Self {
            max_output_bytes,
            outputs,
            seen,
            writing: Arc::default(),
        }
    }

    /// Lets `plan` change drafts of files, writes them, and returns what `plan` returned with the
    /// changes.
    ///
    /// # Errors
    ///
    /// What `plan` returns, or why the drafts could not be written. Nothing was changed then, but
    /// for [`ToolError::NotUndone`].
    pub(crate) async fn edit<T: Send + 'static>(
        &self,
        context: &ToolContext,
        plan: impl FnOnce(&mut Drafts<'_>) -> Result<T, ToolError> + Send + 'static,
    ) -> Result<(T, Vec<FileChange>), ToolError> {
        let workspace = Workspace::of(context, &self.outputs);
        let seen = Arc::clone(&self.seen);
        let writing = Arc::clone(&self.writing).lock_owned().await;
        run_blocking(move |cancellation| {
            let _writing = writing;
            let mut drafts = Drafts::new(&workspace, &seen);
            let planned = plan(&mut drafts)?;
            let changes = drafts.commit(cancellation)?;
            Ok((planned, changes))
        })
        .await
    }

    /// Makes the output of an edit: what was done, and the differences as far as there is room.
    pub(crate) fn output(&self, summary: &str, changes: Vec<FileChange>) -> ToolOutput {
        let diff: String = changes.iter().map(|change| change.diff.as_str()).collect();
        let room = self.max_output_bytes.saturating_sub(summary.len());
        let (shown, left_out) = diff.split_at(diff.floor_char_boundary(room));
        let mut text = format!("{summary}\n{shown}");
        if !left_out.is_empty() {
            text.push_str(&format!(
                "\n… {} bytes of the diff left out …",
                left_out.len()
            ));
        }
        let mut output = ToolOutput::completed(text.trim_end());
        output.changes = changes;
        output
    }

    /// Returns what an edit of the file `given` touches.
    pub(crate) fn resource(&self, given: &str, workspace: &Path) -> Option<Resource> {
        resource(given, workspace, &self.outputs, Touch::Write)
    }

    /// Waits until no cancelled call is writing any more.
    pub(crate) fn settled(&self) -> BoxFuture<'_, ()> {
        self.writing.lock().map(drop).boxed()
    }
}
