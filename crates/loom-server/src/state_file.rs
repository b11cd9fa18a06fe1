//! The file by which `loom` finds a server that it has started.

use std::io;
use std::path::{Path, PathBuf};

use loom_common_file::Access;
use serde::{Deserialize, Serialize};

use crate::StartError;

/// What the state file holds, as JSON. Only the owner can read the file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateFile {
    /// Process id of the server.
    pub pid: u32,
    /// Where it listens, such as `http://127.0.0.1:8080`.
    pub url: String,
    /// An access token for it. It is good until the next server with a state file starts on the
    /// same database.
    pub token: String,
    /// Version of the server.
    pub version: String,
    /// Commit that the server was built from.
    pub commit: String,
}

impl std::fmt::Debug for StateFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("StateFile")
            .field("pid", &self.pid)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// A written state file. Dropping it removes the file, unless another server has written its own
/// there meanwhile.
#[derive(Debug)]
pub(crate) struct WrittenStateFile {
    path: PathBuf,
    content: StateFile,
}

impl WrittenStateFile {
    /// Writes the file in one step: whoever reads it sees all of it or what was there before.
    pub(crate) fn write(path: &Path, content: StateFile) -> Result<Self, StartError> {
        write(path, &content).map_err(|source| StartError::StateFile {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            content,
        })
    }
}

impl Drop for WrittenStateFile {
    fn drop(&mut self) {
        let is_own = std::fs::read(&self.path)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<StateFile>(&bytes).ok())
            .is_some_and(|found| found == self.content);
        if !is_own {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the state file");
        }
    }
}

fn write(path: &Path, content: &StateFile) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(content)?;
    bytes.push(b'\n');
    loom_common_file::replace(path, bytes, Access::Private)
}
