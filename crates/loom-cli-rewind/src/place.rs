//! Where the snapshots of a workspace lie: a folder of its own for each, below the state folder.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use loom_common_file::Access;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Characters of the workspace's name that are part of the folder's.
const MAX_NAME: usize = 40;

/// The use of a folder is written down when it was this long ago: a day, in milliseconds.
const DAY: i64 = 24 * 3600 * 1000;

/// Which workspace a folder is for.
#[derive(Serialize, Deserialize)]
struct Owner {
    /// For people who look into the folder.
    workspace: String,
    /// When it was used last, or up to a day before.
    used: Timestamp,
}

/// Returns the folder for a workspace, whose path is absolute and without symbolic links.
pub(crate) fn folder_for(root: &Path, workspace: &Path) -> PathBuf {
    let name: String = workspace
        .file_name()
        .unwrap_or(OsStr::new("root"))
        .to_string_lossy()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .take(MAX_NAME)
        .collect();
    let hash = Sha256::digest(workspace.as_os_str().as_bytes());
    let digits: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    root.join(format!("{name}-{digits}"))
}

/// Writes down that a folder is used.
pub(crate) fn note_use(folder: &Path, workspace: &Path, now: Timestamp) -> io::Result<()> {
    let path = folder.join("workspace.json");
    let is_fresh = |owner: Owner| now.as_millisecond() - owner.used.as_millisecond() < DAY;
    if read_owner(folder).is_some_and(is_fresh) {
        return Ok(());
    }
    let owner = Owner {
        workspace: workspace.display().to_string(),
        used: now,
    };
    loom_common_file::replace(&path, serde_json::to_vec(&owner)?, Access::Private)
}

/// Deletes the folders of workspaces that were not used for longer than `age`.
pub(crate) fn delete_unused(root: &Path, own: &Path, age: Duration, now: Timestamp) {
    let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    let oldest = now.as_millisecond().saturating_sub(age).saturating_sub(DAY);
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let folder = entry.path();
        let is_unused = |owner: Owner| owner.used.as_millisecond() < oldest;
        if folder != own && read_owner(&folder).is_some_and(is_unused) {
            // What cannot be deleted now is deleted another time.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

fn read_owner(folder: &Path) -> Option<Owner> {
    let bytes = fs::read(folder.join("workspace.json")).ok()?;
    serde_json::from_slice(&bytes).ok()
}
