//! Snapshots of a workspace's folder, and what can be done with them.

mod backend;
mod catalog;
mod changes;
mod content;
mod folder;
mod index;
mod locked;
mod object;
mod objects;
mod pack;
mod prune;
mod reader;
mod restore;
mod revert;
mod rules;
mod scan;
mod take;
mod version;
mod worktree;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::changes::{Change, ChangeKind};
pub use self::content::LineCounts;
pub use self::locked::LockedStore;
pub use self::prune::Pruned;
pub use self::reader::SnapshotReader;
pub use self::restore::{KeepReason, Kept, Restored, Restoring};
pub use self::revert::{Reverted, Target};
pub use self::version::FileVersion;

use self::folder::StoreFolder;
use self::object::ObjectId;
use self::objects::Objects;
use crate::SpoolError;

/// The name of a snapshot: the hash of all that is in it, so equal folders have equal names. It is
/// written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SnapshotId(ObjectId);

impl fmt::Display for SnapshotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for SnapshotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SnapshotId({self})")
    }
}

impl From<SnapshotId> for String {
    fn from(id: SnapshotId) -> Self {
        id.to_string()
    }
}

impl FromStr for SnapshotId {
    type Err = ParseSnapshotIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut id = [0; ObjectId::LENGTH];
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if text.len() != 2 * ObjectId::LENGTH || !is_hex {
            return Err(ParseSnapshotIdError(text.to_owned()));
        }
        for (place, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * place..][..2], 16)
                .map_err(|_| ParseSnapshotIdError(text.to_owned()))?;
        }
        Ok(Self(ObjectId(id)))
    }
}

impl TryFrom<String> for SnapshotId {
    type Error = ParseSnapshotIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A text that is not the name of a snapshot. Trying again does not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a snapshot: it has 64 hexadecimal digits")]
pub struct ParseSnapshotIdError(String);

/// A snapshot that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub id: SnapshotId,
    /// Files and links in it.
    pub files: u64,
    /// What is not in it, or only by name: the first hundred by path.
    pub skipped: Vec<Skipped>,
    /// How many more there are.
    pub skipped_more: usize,
    /// Set when the store was damaged and all earlier snapshots are lost: where the damaged store
    /// lies now.
    pub began_anew: Option<PathBuf>,
}

/// Something in the folder whose content a snapshot does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Relative to the workspace, with `/`; what is not UTF-8 in it is replaced.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
}

/// Why a snapshot does not hold the content of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its name, or where it links to, is not UTF-8.
    NotUtf8,
    /// The file has this many bytes, more than [`SnapshotLimits::file_bytes`].
    TooLarge(u64),
    /// It could not be read, for what the system said. Of a folder the snapshot holds what was
    /// in it when it could be read last.
    Unreadable(String),
}

impl fmt::Display for SkipReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => formatter.write_str("its name is not UTF-8"),
            Self::TooLarge(bytes) => write!(formatter, "it is too large ({} MiB)", bytes >> 20),
            Self::Unreadable(reason) => write!(formatter, "it cannot be read: {reason}"),
        }
    }
}

/// What a store is not to grow over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotLimits {
    /// Files in a snapshot. A folder with more is no workspace (a home folder, a whole disk).
    pub files: u64,
    /// Bytes of a file whose content is kept.
    pub file_bytes: u64,
    /// Bytes of all objects, compressed. Beyond that the oldest snapshots go.
    pub store_bytes: u64,
    /// For how long a snapshot is kept.
    pub age: Duration,
}

impl Default for SnapshotLimits {
    /// 300,000 files of at most 32 MiB, in a store of at most 4 GiB, for 30 days.
    fn default() -> Self {
        Self {
            files: 300_000,
            file_bytes: 32 << 20,
            store_bytes: 4 << 30,
            age: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

/// How a store works.
#[derive(Clone, Debug)]
pub struct SnapshotSettings {
    /// What it is not to grow over.
    pub limits: SnapshotLimits,
    /// The person's own file of patterns that git ignores (`core.excludesFile`).
    pub personal_ignores: Option<PathBuf>,
    /// How long to wait for another process that is writing.
    pub lock_limit: Duration,
}

impl Default for SnapshotSettings {
    /// The default limits, no personal file, 20 seconds.
    fn default() -> Self {
        Self {
            limits: SnapshotLimits::default(),
            personal_ignores: None,
            lock_limit: Duration::from_secs(20),
        }
    }
}

/// Snapshots of one workspace.
///
/// All operations block: they read and write files.
#[derive(Clone, Debug)]
pub struct SnapshotStore {
    folder: StoreFolder,
    workspace: PathBuf,
    settings: SnapshotSettings,
}

impl SnapshotStore {
    /// Opens the store in `folder`, which is made when it is missing, for the files of
    /// `workspace`.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Io`] or [`SpoolError::DiskFull`] when the folder cannot be made.
    pub fn open(
        folder: &Path,
        workspace: &Path,
        settings: SnapshotSettings,
    ) -> Result<Self, SpoolError> {
        let workspace = workspace
            .canonicalize()
            .map_err(|source| SpoolError::io("open the workspace", workspace, source))?;
        Ok(Self {
            folder: StoreFolder::open(folder)?,
            workspace,
            settings,
        })
    }

    /// Returns the folder whose snapshots these are: absolute, without symbolic links.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Takes the right to write, which one process at a time has. It is given back on drop.
    ///
    /// A store that was found damaged is moved aside, and a new one is begun.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Busy`] when another process does not give it back in time,
    /// [`SpoolError::Newer`] when a newer version has written here.
    pub fn lock(&self) -> Result<LockedStore<'_>, SpoolError> {
        LockedStore::new(self)
    }

    /// Opens what the store holds now, to read. What a writer does later does not change it.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Damaged`], [`SpoolError::Newer`] or [`SpoolError::Io`] when it cannot be read.
    pub fn reader(&self) -> Result<SnapshotReader, SpoolError> {
        let objects = self.noting_damage(Objects::open(&self.folder))?;
        Ok(SnapshotReader::new(self.folder.clone(), objects))
    }

    /// Remembers damage that was found in reading, for the next writer.
    fn noting_damage<T>(&self, result: Result<T, SpoolError>) -> Result<T, SpoolError> {
        result.inspect_err(|error| self.folder.note_damage(error))
    }
}
