//! What the agent knows of the files: their content as it last saw or wrote it.
//!
//! An edit rests on what the model believes a file to hold. When the file has changed since, the
//! edit is refused, so that somebody else's work is not undone by an agent that never saw it. A
//! file that was never read is not in here: then the exact text of an edit is the proof, and a file
//! that is to be overwritten as a whole must be read first.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The content of files as the agent last saw it, by absolute path.
#[derive(Debug, Default)]
pub(crate) struct SeenFiles {
    contents: Mutex<HashMap<PathBuf, u64>>,
}

impl SeenFiles {
    /// Remembers that the agent knows `content` to be in the file.
    pub(crate) fn record(&self, path: &Path, content: &[u8]) {
        self.contents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.to_owned(), fingerprint(content));
    }

    /// Forgets a file that is gone.
    pub(crate) fn forget(&self, path: &Path) {
        self.contents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(path);
    }

    /// Tells whether the agent has read or written the file.
    pub(crate) fn is_known(&self, path: &Path) -> bool {
        self.contents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(path)
    }

    /// Tells whether the agent knows the file with another content than `content`.
    pub(crate) fn is_outdated(&self, path: &Path, content: &[u8]) -> bool {
        self.contents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(path)
            .is_some_and(|&seen| seen != fingerprint(content))
    }
}

/// Returns a number that differs for contents that differ, but for one case in 2^64.
fn fingerprint(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}
